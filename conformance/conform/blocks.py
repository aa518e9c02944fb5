"""L1 and L3: what stands in one block is carried out one after the other, and a block of a liar's making that breaks a
rule of the ledger is decided by nobody.

Why apart from the plans: a plan's values are lawful blocks, of which a liar shows different ones. Here a liar shows one
that no ledger may take. The kit writes and signs it; it must not know a protocol, nor which bugs are planted.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from conformance.checkers import judge
from conformance.conform.byzantine import must_speak
from conformance.conform.catalogue import Test
from conformance.conform.order import happy
from conformance.conform.session import Session, told
from conformance.conform.solo import Solo, channel
from conformance.conform.verdicts import Failed, Inconclusive
from conformance.contract import Contract
from conformance.foreign import Answered, ForeignCluster, ForeignReactor
from conformance.history import Said
from conformance.model.genesis import START, entry, id_of, transaction
from conformance.model.scripts import Script, Step, program, scripts
from conformance.plan import Plan, Support
from conformance.sentences import say
from conformance.wire import canonical, merkle_root, tagged
from conformance.world import play

__all__ = ["tests"]

Data = dict[str, Any]
DECADE = 315_360_000

# --- one block ---


def state_runs_on(session: Session) -> None:
    """The second of two transactions in a block stands on what the first one left."""
    solo = Solo(session, channel(suite=session.suite)).begin()
    made = [entry("c0", nonce, "the-same", session.suite) for nonce in (2, 1, 0)]
    for one in made:  # the last one to come is the first in the block
        solo.submit(one)
    for one in made:
        solo.compare_receipt(id_of(one))


def referred_twice(session: Session) -> None:
    """Two referrals of one patient in one block: the second finds the first."""
    script = next(one for one in scripts("referral") if one.name == "one-open-referral-a-patient")
    solo = Solo(session, channel(script, session.suite)).begin()
    opened, requests = of_action(script, "open"), of_action(script, "request")
    steps = [Step("deploy", ("m0",), {"modules": list(script.modules)}), *opened[:2],
             *(about_visit(request, number) for number, request in enumerate(requests[:2]))]  # fmt: skip
    made = [transaction(step.kind, step.payload, step.signers, max(0, number - 1), session.suite)
            for number, step in enumerate(steps)]  # fmt: skip
    *before, first, second = made
    for one in before:
        solo.submit(one)
    solo.silent = True
    solo.submit(second)
    solo.submit(first)
    found = [solo.query("receipt", tx_id=id_of(one))["status"] for one in (first, second)]
    if found != ["applied", "refused"]:
        raise solo.failed("INV-S9.1", say("statuses.one-each"), ", ".join(found), diff=solo.differs())
    solo.silent = False
    solo.compare_tip("DAT-110")
    solo.compare_receipts()


CLOCK = """
schema Rooms version 1;
party Clinic { open: bool; }
contract Clock version 1;
party owner: Clinic;
data due: time?;
start { owner may begin becomes on; }
state on {
  owner may move(moment: time) then { set due = moment; };
  owner may act;
  wait until due becomes over;
}
state over;
"""
"""A contract that only knows time."""


def judged_at_its_time(session: Session) -> None:
    """What has run out by the time of a block is not used in it, though nobody's clock has rung yet."""
    node = {"attributes": [{"name": "open", "value": True}], "kind": "Clinic", "name": "c0", "parent": None}
    solo = Solo(session, channel(suite=session.suite)).begin()
    solo.silent = True
    steps = [
        ("directory", {"nodes": [node]}, "m0", 0), ("deploy", {"modules": list(program(CLOCK))}, "m0", 1),
        ("command", clocked("begin", None, owner="c0"), "c0", 0),
        ("command", clocked("move", 0, moment=START + 50), "c0", 1), ("command", clocked("act", 0), "c0", 2),
    ]  # fmt: skip
    made = [transaction(kind, payload, (signer,), nonce, session.suite) for kind, payload, signer, nonce in steps]
    for one in made:
        solo.submit(one, START + 100 if one is made[-1] else START)
    found = solo.query("receipt", tx_id=id_of(made[-1]))
    if found["status"] != "refused":
        raise solo.failed("INV-S9.2", say("ran-out", seconds=50), json.dumps(dict(found)))
    solo.silent = False
    solo.compare_tip("DAT-110")
    solo.compare_receipts()


def clocked(action: str, instance: int | None, **arguments: Any) -> Data:
    """A command to the clock."""
    listed = [{"name": name, "value": value} for name, value in sorted(arguments.items())]
    return {"action": action, "arguments": listed, "contract": "Clock", "instance": instance}


def of_action(script: Script, action: str) -> list[Step]:
    """The commands of a script with this action."""
    return [step for step in script.steps if step.kind == "command" and step.payload["action"] == action]


def about_visit(request: Step, number: int) -> Step:
    """A request to refer the patient of this visit."""
    arguments = [{**one, "value": number} if one["name"] == "visit" else one for one in request.payload["arguments"]]
    return request._replace(payload={**request.payload, "arguments": arguments})


# --- a liar's block ---


def with_header(**members: Any) -> Callable[[Data, Sequence[bytes]], Data]:
    """The block with other members in its header."""
    return lambda block, below: {**block, "header": {**block["header"], **members}}


def later(block: Data, below: Sequence[bytes]) -> Data:
    """Ten years ahead."""
    return with_header(time=block["header"]["time"] + DECADE)(block, below)


def longer(block: Data, below: Sequence[bytes]) -> Data:
    """It says that there is one transaction more."""
    return with_header(size=block["header"]["size"] + 1)(block, below)


def with_transactions(block: Data, listed: Sequence[Any]) -> Data:
    """The block with these, its header as it must be for them."""
    root = merkle_root([canonical(one) for one in listed]).hex()
    header = {**block["header"], "size": len(listed), "transactions_root": root}
    return {"header": header, "transactions": list(listed)}


def repeated(block: Data, below: Sequence[bytes]) -> Data | None:
    """With a transaction that is in a block below; None if there is none."""
    old = [one for data in below for one in json.loads(data)["transactions"]]
    return with_transactions(block, [*old[-1:], *block["transactions"]]) if old else None


def doubled(block: Data, below: Sequence[bytes]) -> Data | None:
    """With its first transaction twice; None if it has none."""
    listed = block["transactions"]
    return with_transactions(block, [*listed[:1], *listed]) if listed else None


def forged(block: Data, below: Sequence[bytes]) -> Data | None:
    """With a transaction whose signature is none; None if it has no transaction."""
    listed = [{**one, "signatures": ["00" * 32 for _ in one["signatures"]]} for one in block["transactions"]]
    return with_transactions(block, listed) if listed else None


ZERO = "00" * 32
SPOILT: Mapping[str, tuple[str, Callable[[Data, Sequence[bytes]], Data | None]]] = {
    "another-channel": ("DAT-085", with_header(channel="region-2")),
    "another-below": ("DAT-088", with_header(previous=ZERO)),
    "another-membership": ("DAT-090", with_header(membership=ZERO)),
    "another-proposer": ("DAT-091", with_header(proposer="c0")),
    "another-state": ("DAT-092", with_header(state_root=ZERO)),
    "other-receipts": ("DAT-093", with_header(receipts_root=ZERO)),
    "another-size": ("DAT-094", longer),
    "transaction-doubled": ("DAT-095", doubled),
    "time-ahead": ("DAT-096", later),
    "transaction-repeated": ("INV-S4.1", repeated),
    "transaction-forged": ("DAT-099", forged),
}
"""What is wrong with a block -> what forbids it, and how it comes about: (lawful block, blocks below) -> block, or None
where it cannot be spoilt so."""


class Spoiler(ForeignReactor):
    """A liar whose variants are no lawful blocks."""

    cluster: "Spoilers"

    def block_anew(self, said: Said, tip: Mapping[str, Any], below: Sequence[bytes]) -> bytes:
        """See `ForeignReactor`: `v<i>.<k>` is spoilt, `v<i>` is not."""
        lawful = super().block_anew(said, tip, below)
        made = self.cluster.spoil(json.loads(lawful), below) if "." in said.value else None
        if made is None:
            return lawful
        self.cluster.spoilt.add(tagged("yilian/block/v1", canonical(made["header"])).hex())
        return canonical(made)


class Spoilers(ForeignCluster):
    """Instances of one node; the liars among them show blocks that are spoilt in one way."""

    def __init__(self, session: Session, plan: Plan, name: str) -> None:
        super().__init__(session.door, session.profile(), plan, session.suite)
        _, self.spoil = SPOILT[name]
        self.spoilt: set[str] = set()
        """Their ids."""

    def spawn(self, node: int, variant: int) -> Spoiler:
        """See `reactor.Cluster`."""
        return Spoiler(node, self, variant)


def spoiling(contract: Contract) -> Iterator[Plan]:
    """Plans in which a liar shows everybody spoilt blocks whenever it is its turn, and votes for them: at height 1 and,
    where there is something below, at height 2; where views run on through the whole run, the leaders of the first two.
    """
    runs_on = contract.rounds == "run"
    for number in (1, 2):
        h = 1 if runs_on else number
        liar = contract.proposer(h, number - 1 if runs_on else 0, 4)
        assert liar is not None, "lies are told where turns are fixed"
        others = tuple(node for node in range(4) if node != liar)
        atoms = tuple(Support(h=h, r=r, src=liar, to=others, value=f"v{liar}.1") for r in range(8)
                      if contract.proposer(h, r, 4) == liar)  # fmt: skip
        yield happy(contract, 4, 2, faulty=(liar,), atoms=atoms)


def decided_by_nobody(session: Session, name: str) -> None:
    """A block with one thing wrong is proposed, and is in no chain."""
    must_speak(session)
    clause, _ = SPOILT[name]
    shown = 0
    for plan in spoiling(session.profile().contract):
        cluster, [liar] = Spoilers(session, plan, name), plan.faulty
        session.runs += 1
        try:
            history = play(plan, cluster)
        except Answered as answered:
            raise told(answered) from None
        shown += len(cluster.spoilt)
        taken = [one for one in history.decisions if one.block.digest in cluster.spoilt and one.node != liar]
        if taken:
            member, height = cluster.names[taken[0].node], taken[0].height
            raise Failed(clause, say("spoilt.none", member=cluster.names[liar]),
                         say("spoilt.decided", member=member, height=height))  # fmt: skip
        for broken in judge(history):
            raise Failed(broken.clause, broken.expected, broken.actual)
    session.triggered["spoilt"] += shown
    if not shown:
        raise Inconclusive(say("spoilt.not", runs=session.runs))


def tests() -> list[Test]:
    """In the order of the file."""
    listed = [
        Test("L1.block.state-runs-on", "L1", ("DAT-110", "NOD-062", "APP-007"), state_runs_on, ("refusal",)),
        Test("L1.block.judged-at-its-time", "L1", ("INV-S9", "DAT-110", "CTR-S3"), judged_at_its_time, ("contracts",)),
        Test("L1.pack.referral.two-in-one-block", "L1", ("INV-S9", "DAT-110", "NOD-062"), referred_twice,
             ("contracts",), "referral"),
    ]  # fmt: skip
    return listed + [
        Test(f"L3.block.{name}", "L3", tuple(dict.fromkeys((clause.partition(".")[0], "DAT-099", "INV-S3"))),
             partial(decided_by_nobody, name=name), ("liar", "refusal"), needs=("profile",))
        for name, (clause, _) in SPOILT.items()
    ]  # fmt: skip
