"""L1 and L2: members that change while the ledger runs, under one validator beside the kit's own ledger, and in a
network of five.

It must not know a node. What must come of each step is for `conformance.model` to say.
"""

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any

from attrs import define, evolve, field

from conformance.conform.catalogue import Test
from conformance.conform.order import LAWS as AGREED
from conformance.conform.order import happy
from conformance.conform.session import Session
from conformance.conform.solo import Solo, channel
from conformance.conform.verdicts import Failed
from conformance.model.genesis import entry, id_of, transaction
from conformance.plan import Atom, Change, Crash, Cut, Late
from conformance.sentences import say
from conformance.signing import public_of
from conformance.wire import canonical

__all__ = ["tests"]

Data = dict[str, Any]
LAWS = ("DAT-073", "DAT-074", "DAT-075", "DAT-076", "NOD-045")


@define
class Channel:
    """A channel of one validator under way: `solo` compares, this counts nonces and knows whose key is whose."""

    solo: Solo
    nonces: dict[str, int] = field(factory=dict)
    keys: dict[str, str] = field(factory=dict)
    """Member -> the name whose key it has, where that is not its own."""

    @classmethod
    def begin(cls, session: Session, *, is_open: bool = False) -> "Channel":
        """Just founded."""
        return cls(Solo(session, evolve(channel(suite=session.suite), is_open=is_open)).begin())

    def member(self, name: str, weight: int = 0, role: str = "member", key: str = "") -> Data:
        """An entry of a membership."""
        pub = public_of(self.solo.network.suite, key or name).hex()
        return {"member": name, "pub": pub, "role": role, "weight": weight}

    def hand_in(self, kind: str, payload: Any, signers: Sequence[str]) -> None:
        """A transaction, compared with what the kit's ledger makes of it: refused, or in a block with its receipt."""
        solo, sender = self.solo, signers[0]
        made = transaction(kind, payload, signers, self.nonces.get(sender, 0), solo.network.suite, keys=self.keys)
        reply = solo.submit(made)
        if reply.kind == "ok":
            self.nonces[sender] = self.nonces.get(sender, 0) + 1
            solo.compare_receipt(id_of(made))
        solo.compare_members()

    def change(self, *changes: Data, removed: Sequence[str] = (), evidence: int | None = None,
               by: Sequence[str] = ("m0",)) -> None:  # fmt: skip
        """A change of the members."""
        payload = {"changes": list(changes), "evidence": evidence, "removed": list(removed)}
        self.hand_in("membership", payload, by)

    def note(self, sender: str) -> None:
        """A record is entered by somebody, who must be in force with this key."""
        made = entry(sender, 0, f"r-{sender}-{len(self.solo.model.records)}")
        self.hand_in("record", made["body"]["payload"], (sender,))


def come_and_go(session: Session) -> None:
    """Who is admitted signs from the next height on; who is removed signs no more; the digest in headers follows."""
    it = Channel.begin(session)
    it.note("d1")  # not yet a member
    it.change(it.member("d1"), it.member("d2", role="auditor"), removed=["c7"])
    it.note("d1")
    it.note("c7")
    it.change(it.member("m0", 5, "validator"))
    it.change(removed=["d1", "d2"])
    it.note("d1")
    it.change(it.member("d1"))
    it.note("d1")
    it.solo.crash()
    it.solo.recover()
    it.solo.compare_members()
    it.note("d1")


def keys_change(session: Session) -> None:
    """A client's new key holds from the next height on, the old one no more, also for what waits."""
    it = Channel.begin(session)
    it.hand_in("record", None, ("c1",))
    waiting = transaction("record", None, ("c1",), 3, session.suite)
    it.solo.submit(waiting)
    it.change(it.member("c1", key="c1.next"))
    it.note("c1")
    it.keys["c1"] = "c1.next"
    it.note("c1")
    it.note("c1")
    it.note("c1")


def validator_key_changes(session: Session) -> None:
    """A validator whose key was replaced decides nothing with the old one, and goes on when it is given the new one."""
    it = Channel.begin(session)
    it.change(it.member("m0", 1, "validator", key="m0.next"))
    made = entry("c0", 0, "r0", session.suite)
    reply = session.ask("submit", node="a", now=it.solo.now * 1000, tx=canonical(made).hex())
    decided = [effect for effect in reply.value.get("effects", ()) if effect["effect"] == "decide"]
    if reply.kind != "ok" or decided:
        raise it.solo.failed("CON-093", say("key.waits"), say("block.count", count=len(decided)))
    it.solo.crash()
    it.keys["m0"] = "m0.next"
    it.solo.recover(key="m0.next")
    it.note("c0")
    it.change(it.member("d1"))


def refused(session: Session) -> None:
    """What may not come into force is refused by its code, and changes nothing."""
    it = Channel.begin(session)
    weak: Mapping[str, Any] = {**it.member("d1"), "pub": "00" * 31}
    payloads: tuple[Any, ...] = (
        None, {"changes": [], "evidence": None, "removed": []}, {"changes": [], "removed": ["c1"]},
        {"changes": [dict(weak)], "evidence": None, "removed": []},
        {"changes": [{**it.member("d1"), "role": "chief"}], "evidence": None, "removed": []},
        {"changes": [], "evidence": "0", "removed": ["c1"]}, {"changes": [], "evidence": None, "removed": ["C1"]},
    )  # fmt: skip
    for payload in payloads:
        it.hand_in("membership", payload, ("m0",))
    it.change(it.member("d1"), by=("c1",))
    it.change(it.member("d1"), it.member("d1"))
    it.change(it.member("c1", key="x"), removed=["c1"])
    it.change(it.member("d1", key="c1"))
    it.change(it.member("d1", 1))
    it.change(it.member("d1", 0, "validator"))
    it.change(removed=["m0"])
    it.change(it.member("d1"), evidence=0)
    it.change(it.member("m1", 1, "validator"))
    it.change(it.member("d1"), removed=["nobody"])
    it.change(*(it.member(f"p{number:03}") for number in range(120)))
    it.change(*(it.member(f"p{number:03}") for number in range(119)))


def open_channel(session: Session) -> None:
    """In an open channel a person comes by the signature of one member, and leaves by their own."""
    it = Channel.begin(session, is_open=True)
    it.change(it.member("person"), by=("c3",))
    it.note("person")
    it.change(it.member("person", key="other"), by=("c3",))
    it.change(it.member("d1", 0, "auditor"), by=("c3",))
    it.change(removed=["person"], by=("c3",))
    it.change(removed=["person"], by=("person",))
    it.note("person")
    it.change(removed=["m0"], by=("m0",))


CHANGES = (
    Change(h=0, weights=(1, 1, 1, 1, 0)), Change(h=1, weights=(1, 1, 1, 1, 2)), Change(h=2, weights=(0, 1, 1, 1, 2)),
    Change(h=3, weights=(0, 1, 2, 1, 2)),
)  # fmt: skip
"""A member joins, another leaves, a third weighs more."""


def in_a_network(session: Session) -> None:
    """Those in force decide, with their weights; who has left or is not admitted yet follows, and signs nothing."""
    contract = session.profile().contract
    history = session.hold(happy(contract, 5, 7, changes=CHANGES))
    seen = {decision.weights for decision in history.decisions}
    missing = [change.weights for change in CHANGES if change.weights not in seen]
    if history.why != "done" or missing:
        actual = say("members.unchanged", why=say(f"ended.{history.why}"), weights=str(missing))
        raise Failed("DAT-076", say("members.changed"), actual)


def under_faults(session: Session) -> None:
    """The same while one is cut off, comes back from a crash, or whoever proposes is heard late."""
    contract = session.profile().contract
    first, runs_on = contract.phases[0], contract.rounds == "run"

    def at(height: int) -> dict[str, int]:
        return {"h": 1, "r": height - 1} if runs_on else {"h": height, "r": 0}

    faults: list[tuple[Atom, ...]] = [
        (Cut(**at(2), to_r=at(2)["r"] + 1, side=(1,)),), (Cut(**at(1), to_r=1, side=(4,)),),
        tuple(Late(**at(2), ph=first, src=src, dst=dst) for src, dst in permutations(range(5), 2)),
    ]  # fmt: skip
    faults += [(Crash(node=node, **at(h), ph=ph, when="after-persist", disk="synced", back=at(h)),)
               for node, h in ((2, 2), (4, 3)) for ph in (contract.phases[1:2] or contract.phases)]  # fmt: skip
    session.hold_all((happy(contract, 5, 5, changes=CHANGES, atoms=atoms) for atoms in faults), "cut", "late")


def tests() -> list[Test]:
    """In the order of the file."""
    return [
        Test("L1.members.come-and-go", "L1", (*LAWS, "DAT-068", "DAT-090", "DAT-121"), come_and_go),
        Test("L1.members.keys-change", "L1", (*LAWS, "DAT-069", "DAT-079"), keys_change),
        Test("L1.members.validator-key-changes", "L1", (*LAWS, "CON-093"), validator_key_changes, ("crash",)),
        Test("L1.members.refused", "L1", (*LAWS, "DAT-072", "DAT-078"), refused, ("refusal",)),
        Test("L1.members.open-channel", "L1", (*LAWS, "DAT-077"), open_channel),
        Test("L2.members.in-a-network", "L2", ("DAT-076", "CON-091", "CON-093", *AGREED), in_a_network,
             needs=("profile", "renewal")),
        Test("L2.members.under-faults", "L2", ("DAT-076", "CON-091", "CON-094", "CON-008", *AGREED), under_faults,
             ("crash", "partition", "delay"), needs=("profile", "renewal")),
    ]  # fmt: skip
