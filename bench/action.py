"""One action of a contract, the approval of a referral, against the same transition written by hand.

By hand means: the rules of this one clause as Python, over the same store, with the same writes and the same event.
"""

from functools import partial
from typing import Any

from bench.alliance import Alliance, full_ledger
from bench.measure import Contender, Contest, Method, Unequal
from contracts_dsl import interpret
from contracts_dsl.compile import Compiled
from contracts_dsl.host import Changes, Command, Event, Instance, Json, World
from refimpl.contract import orders
from refimpl.contract.draft import Draft
from refimpl.contract.packages import program_in
from refimpl.contract.world import LedgerWorld
from refimpl.data.encoding import decode_known, encode_known
from refimpl.data.transaction import Transaction

HOURS_48, DAYS_14 = 48 * 3_600, 14 * 86_400
ORIGIN, RECEIVER, PATIENT, REGULATOR, UPPER = range(5)


def by_hand(draft: Draft, payload: dict[str, Any], signers: tuple[str, ...]) -> list[dict[str, Any]]:
    """Approve a referral: guards, one instance, one clock stopped and one started, one event."""
    assert payload["contract"] == "Referral", "the one contract that is written here"
    assert payload["action"] == "approve", "and its one action"
    assert not payload["arguments"], "which has none"
    number, now = payload["instance"], decode_known(draft.get(b"clock") or b"0")
    key = b"instance/%010d" % number
    row = decode_known(draft.get(key) or b"null")
    values, begun = row["values"], row["entered"]
    if row["state"] != "requested" or values[REGULATOR] not in signers or begun + HOURS_48 < now:
        raise ValueError("refused")
    draft.put(b"timer/%012d/%010d/%03d" % (begun + HOURS_48, number, 0), None)
    draft.put(b"timer/%012d/%010d/%03d" % (now + DAYS_14, number, 2), b"1")
    row.update(state="approved", entered=now, closed=[], timers=[[now + DAYS_14, 2]])
    draft.put(key, encode_known(row))
    parties = tuple(sorted({values[place] for place in range(5)}))
    return [
        {
            "kind": "acted", "at": now, "contract": "Referral", "version": row["version"], "instance": number,
            "parties": parties, "directory": decode_known(draft.get(b"directory") or b"null"),
            "body": {"action": "approve", "by": list(signers), "arguments": [], "state": "requested", "clause": 0,
                     "to": "approved"},
        }
    ]  # fmt: skip


def changes_by_hand(world: World, order: Command) -> Changes:
    """The same as a function from a world to changes, as the interpreter is."""
    assert order.instance is not None, "an approval is of something"
    old, now = world.instance(order.instance), world.now()
    assert old is not None, "and of something that is there"
    begun, values = old.entered, old.values
    if old.state != "requested" or values[REGULATOR] not in order.signers or begun + HOURS_48 < now:
        raise ValueError("refused")
    new = Instance(
        old.id, "Referral", old.version, "approved", now, values, (), ((now + DAYS_14, 2),)
    )  # fmt: skip
    parties = tuple(sorted({value for value in values[:5] if isinstance(value, str)}))
    body: dict[str, Json] = {
        "action": "approve", "by": list(order.signers), "arguments": [], "state": "requested", "clause": 0,
        "to": "approved",
    }  # fmt: skip
    told = Event("acted", now, "Referral", old.version, old.id, parties, world.directory_digest(), body)
    return Changes(now, (new,), events=(told,))


def prepared(method: Method) -> tuple[Alliance, list[Transaction]]:
    """A full ledger with referrals that wait for approval, and the approvals."""
    alliance = Alliance.founded()
    visits = alliance.run(alliance.visits(method.size(40, 3), 0))
    held = alliance.run(alliance.requests(visits, 0))
    approvals = alliance.approvals(held)
    full_ledger(alliance, method.size(100_000, 500))
    return alliance, approvals


def runtime(method: Method) -> Contest:
    """The whole runtime: payload read, carried out, written into the draft of a block."""
    alliance, approvals = prepared(method)
    state = alliance.ledger.state

    def through(act: Any) -> tuple[Draft, list[Any]]:
        draft = Draft(state)
        return draft, [act(draft, one.payload, one.signers) for one in approvals]

    def prove() -> None:
        (ours, told), (theirs, told_by_hand) = through(orders.command), through(by_hand)
        if ours.writes != theirs.writes or told != told_by_hand:
            raise Unequal("writes or events differ")

    return Contest(
        "actions",
        (
            Contender("runtime, compiled", lambda: through(orders.command), len(approvals)),
            Contender("by hand, same store", lambda: through(by_hand), len(approvals)),
        ),
        "the rules of this one clause in Python, on the same store", prove, gate=0.25,
    )  # fmt: skip


def alone(method: Method, subject: str, gate: float) -> Contest:
    """The compiled form or the definitional interpreter alone: from a world and a command to changes."""
    alliance, approvals = prepared(method)
    draft = Draft(alliance.ledger.state)
    world, program = LedgerWorld(draft), program_in(draft)
    commands = [
        Command("Referral", "approve", (), one.signers, one.payload["instance"]) for one in approvals
    ]  # fmt: skip

    compiled = Compiled(program)
    ways = {
        "compiled": lambda order: compiled.command(world, order),
        "interpreter": lambda order: interpret.command(program, world, order),
    }
    act = ways[subject]

    def prove() -> None:
        for order in commands:
            if act(order) != changes_by_hand(world, order):
                raise Unequal("the changes differ")

    return Contest(
        "actions",
        (
            Contender(subject, lambda: [act(order) for order in commands], len(commands)),
            Contender("by hand", lambda: [changes_by_hand(world, c) for c in commands], len(commands)),
        ),
        "the same changes computed by Python written for this clause", prove, gate=gate,
    )  # fmt: skip


ITEMS = {
    "action.runtime": runtime,
    "action.compiled": partial(alone, subject="compiled", gate=0.25),
    "action.interpreter": partial(alone, subject="interpreter", gate=1 / 150),
}
