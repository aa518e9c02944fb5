"""Traces of the models played on the real thing, the whole abstract state compared after every step.

One function a model, from the states of a trace to the number of steps that were compared; each raises `Diverged` at
the first difference. Where a model has a second form in Python, the trace must be a path of that too. It must not know
how a trace was made.
"""

from collections.abc import Callable, Sequence

from refimpl.consensus import interface as api
from refimpl.consensus.tendermint import Tendermint as Engine
from refimpl.data.ids import Digest, MemberId, Round
from refimpl.data.refusal import Refused
from refimpl.network.messages import Decided, Message, Proposal, Vote
from tests.spec import access_ledger, chain_model, contract_ledger, longest_chain_model, membership_ledger
from tests.spec import tendermint_model as rounds
from tests.spec.chain_node import Site
from tests.spec.chain_walk import compare
from tests.spec.explore import Diverged
from tests.spec.itf import Row
from tests.spec.tendermint_engine import Cast, Seat, statements

Trace = Sequence[Row]


def tendermint(trace: Trace, make: type[Engine] = Engine) -> int:
    """Rounds of Tendermint on the engine; members are numbered so that the liar is the last."""
    correct = sorted(trace[0].local)
    n = len(correct) + 1
    shift = (correct[-1] + 1) % n  # one liar: the members go round behind it
    number = {p: (p - shift - 1) % n for p in range(n)}
    machine = rounds.Tendermint(n - 1, 1, len(trace[0].proposals) - 1, first=number[n - 1])
    cast = Cast(machine, make)
    seats, before = cast.seats(), machine.initial()
    for at, row in enumerate(trace):
        after, did = round_state(row, number), row.did
        if did.act == "refuse":
            check_refusal(cast, seats[number[did.p]], number, did)
        elif at:
            step = rounds.Did(did.act, number[did.p], did.r, did.v, did.vr)
            if not any(one.act == did.act and there == after for one, there in machine.steps_of(before, step.p)):
                raise Diverged(f"{step} is no step of the model in Python")
            seats = cast.take(seats, before, step, after)
            said = [one for p in machine.correct for one in statements(machine, before, after, p)]
            before = after if said == statements(machine, before, after, step.p) else before
        locals_ = tuple(cast.local(seat) for seat in seats)
        if (locals_, before) != (after.local, after):
            raise Diverged(f"step {at}, {did}: {locals_}; the model says {after}")
    return len(trace)


def round_state(row: Row, number: dict[int, int]) -> rounds.State:
    """A state of the trace as the model in Python has it."""
    correct = sorted(row.local, key=lambda p: number[p])
    locals_ = tuple(
        rounds.Local(
            one.round, one.step.lower(), one.lockedV, one.lockedR, one.validV, one.validR, one.decision
        )
        for one in (row.local[p] for p in correct)
    )  # fmt: skip
    shown = tuple(frozenset((one.v, one.vr) for one in row.proposals[r]) for r in sorted(row.proposals))
    prevotes, precommits = (
        tuple(tuple(votes[r][p] for p in correct) for r in sorted(votes)) for votes in (row.prevotes, row.precommits)
    )
    return rounds.State(locals_, shown, prevotes, precommits)


def check_refusal(cast: Cast, seat: Seat, number: dict[int, int], did: Row) -> None:
    """The engine refuses what the liar sends with the code of the model, and its memory is the one it had."""
    message = forged(cast, did.lie, number)
    before = repr(seat.memory)
    try:
        cast.engines[number[did.p]].step(seat.memory, api.Receive(message))
    except Refused as refused:
        if refused.code.value != did.code or repr(seat.memory) != before:
            raise Diverged(f"{did}: refused as {refused.code.value}") from refused
    else:
        raise Diverged(f"{did}: not refused")


def forged(cast: Cast, lie: Row, number: dict[int, int]) -> Message:
    """A message with the defects of a lie; the liar signs, or somebody's name stands under another's statement."""
    digest, payload = cast.digest["A"], b"A" if lie.named else b"B"
    assert digest is not None
    name = cast.names[number[lie.sender]] if lie.sender in number else MemberId("stranger")
    body: Proposal | Decided = Proposal(digest, payload, lie.vr)
    if lie.kind == "decided":
        votes = [Message("precommit", cast.height, Round(lie.r), one, Vote(digest)) for one in cast.names[: lie.voters]]
        body = Decided(digest, payload, tuple((one.sender, cast.book.enter(one).signature) for one in votes))
    message = Message(lie.kind, cast.height, Round(lie.r), name, body)
    signed = cast.book.enter(message)
    if lie.signed:
        return signed
    other = cast.book.enter(Message("prevote", cast.height, Round(lie.r), name, Vote(Digest(b"\x07" * 32))))
    return message._replace(signature=other.signature)


def chain(trace: Trace) -> int:
    """A node's disk with crashes, on the node."""
    machine = chain_model.Chain()
    site, before = Site.begin(), machine.initial()
    for at, row in enumerate(trace):
        after, about = chain_state(row), chain_model.Said(**row.did.about)
        if at:
            did = chain_model.Did(row.did.act, about, row.did.code)
            if (did.act, after) not in [(one.act, there) for one, there in machine.successors(before)]:
                raise Diverged(f"{did} is no step of the model in Python")
            site.take(did)
        compare(site, chain_model.Did(row.did.act, about, row.did.code), after)
        before = after
    return len(trace)


def chain_state(row: Row) -> chain_model.State:
    """A state of the trace as the model in Python has it."""
    disk, node = row.disk, row.node
    return chain_model.State(
        chain_model.Disk(disk.tip, disk.chain, said_in(disk.records), disk.whole),
        chain_model.Node(node.up, node.chain, node.round, said_in(node.said), node.lockR, node.lockV),
        tuple(chain_model.Effect(one.what, chain_model.Said(**one.about)) for one in row.pending),
        frozenset(said_in(tuple(row.wire))),
        frozenset((one.h, one.v) for one in row.told),
        tuple(row.agreed[h] for h in sorted(row.agreed)),
    )


def said_in(rows: tuple[Row, ...]) -> tuple[chain_model.Said, ...]:
    """Statements of a trace."""
    return tuple(chain_model.Said(**one) for one in rows)


def contract(trace: Trace) -> int:
    """Contracts in time, on the ledger's runtime."""
    replay = contract_ledger.Replay()
    return played(trace, replay.take, replay.state)


def access(trace: Trace) -> int:
    """Decisions, on the ledger's policies."""
    replay = access_ledger.Replay.begin()
    return played(trace, replay.take, replay.state)


def membership(trace: Trace) -> int:
    """Members who come and go, on the ledger."""
    replay = membership_ledger.Replay(trace[0].trusted)
    return played(trace, replay.take, replay.state)


def longest_chain(trace: Trace) -> int:
    """The longest chain, on the model in Python: there is no engine of this family yet."""
    machine = longest_chain_model.LongestChain(8, 2)
    before = machine.initial()
    for at, row in enumerate(trace):
        after = longest_chain_state(row)
        held = tuple(blocks(row.did.tips[m]) for m in longest_chain_model.MEMBERS)
        if held != after.tips:
            raise Diverged(f"step {at}, {row.did}: {after.tips}")
        if at and after not in [there for _, there in machine.successors(before)]:
            raise Diverged(f"step {at}, {row.did}: no step of the model in Python")
        before = after
    return len(trace)


def longest_chain_state(row: Row) -> longest_chain_model.State:
    """A state of the trace as the model in Python has it."""
    lots = tuple((tuple(sorted(lot.winners)), lot.liar) for lot in row.lots)
    tips, told = (tuple(blocks(held[m]) for m in longest_chain_model.MEMBERS) for held in (row.tip, row.told))
    return longest_chain_model.State(lots, frozenset(blocks(chain) for chain in row.known), tips, told)


def blocks(chain: tuple[Row, ...]) -> longest_chain_model.Chain:
    """A chain of the trace as the model in Python has it."""
    return tuple((block.slot, block.by) for block in chain)


def played(trace: Trace, take: Callable[[Row], str], state: Callable[[], Row]) -> int:
    """Take every step, and compare its code and every variable."""
    for at, row in enumerate(trace):
        code, got = take(row.did), state()
        if code != row.did.code:
            raise Diverged(f"step {at}, {row.did}: answered {code!r}")
        for name, have in got.items():
            if have != row[name]:
                raise Diverged(f"step {at}, {row.did}: {name} is {have}; the model says {row[name]}")
    return len(trace)


REPLAYS: dict[str, Callable[[Trace], int]] = {
    "tendermint": tendermint, "chain": chain, "contract": contract, "access": access,
    "membership": membership, "longest_chain": longest_chain,
}  # fmt: skip
"""Model -> how its traces are played."""
