"""Planted bugs of PBFT: each overrides one rule of `refimpl.consensus.pbft.Pbft`. Ids as in the corpus (P).

P01 to P03 and P14 are planted in `conformance.zoo.tendermint`; the first two here once more, with a letter added.
"""

from collections.abc import Sequence

from attrs import frozen

from conformance.zoo import mutant
from refimpl.consensus.heights import Log
from refimpl.consensus.interface import Begin, Notary, Step
from refimpl.consensus.pbft import Memory, Pbft
from refimpl.consensus.pbft_messages import Change, Proof, ViewChange
from refimpl.data.ids import Digest, Height, MemberId, Round
from refimpl.network.messages import Message


@mutant("P01b", of="pbft", breaks=("INV-S1", "INV-S6"), tier="easy", empty_breaks=("INV-S6", "INV-S7.2"),
        witness={"faulty": [0], "atoms": [{"k": "support", "r": 0, "src": 0, "to": [3], "value": "v1"}]})  # fmt: skip
class QuorumOf2f(Pbft):
    """Prepared or committed with 2f matching votes, not 2f + 1 (classical)."""

    def quorum(self, memory: Memory, weight: int) -> bool:
        return weight >= 2 * ((memory.validators.total - 1) // 3)


@mutant("P02b", of="pbft", breaks=("INV-S1", "INV-S6"), tier="easy", empty_breaks=("INV-S6",),
        witness={"faulty": [1], "atoms": [{"k": "cut", "r": 0, "to_r": 0, "side": [1, 3]},
    {"k": "support", "r": 0, "src": 1, "to": [0], "value": "v0"}]})  # fmt: skip
class CommitQuorumFPlus1(Pbft):
    """Decides on f + 1 commits (classical)."""

    def decides(self, memory: Memory, weight: int) -> bool:
        return memory.validators.has_correct(weight)


@frozen
class Credulous:
    """A notary that takes every message for its sender's."""

    honest: Notary

    def sign(self, message: Message) -> Message:
        """See `refimpl.consensus.interface.Notary`."""
        return self.honest.sign(message)

    def verify(self, message: Message) -> None:
        """Nothing is verified."""

    def value_of(self, payload: bytes) -> Digest:
        """See `refimpl.consensus.interface.Notary`."""
        return self.honest.value_of(payload)


@mutant("P04", of="pbft", breaks=("INV-S1", "INV-S6", "INV-S8.1", "INV-S7.2"), tier="medium",
        witness={"faulty": [0], "atoms": [
    {"k": "support", "r": 0, "src": 0, "to": [3], "value": "v1"},
    {"k": "inject", "r": 0, "ph": "prepare", "src": 0, "dst": 3, "value": "v1", "posing": 1},
    {"k": "inject", "r": 0, "ph": "commit", "src": 0, "dst": 3, "value": "v1", "posing": 1}]})  # fmt: skip
class VoterTakenFromTheField(Pbft):
    """A voter is whom the message names, not whose key signed it (classical)."""

    def __init__(self, member: MemberId, notary: Notary) -> None:
        super().__init__(member, Credulous(notary))


@mutant("P05", of="pbft", breaks=("INV-S1", "INV-V1.livelock", "INV-V1.deadlock", "INV-S7.2"), tier="medium",
        witness={"atoms": [
    {"k": "late", "r": 0, "ph": "prepare", "src": 2, "dst": 0},
    {"k": "late", "r": 0, "ph": "prepare", "src": 3, "dst": 0},
    {"k": "late", "r": 1, "ph": "preprepare", "src": 1, "dst": 0},
    {"k": "late", "r": 0, "ph": "prepare", "src": 0, "dst": 1},
    {"k": "late", "r": 0, "ph": "prepare", "src": 3, "dst": 1},
    {"k": "late", "r": 1, "ph": "preprepare", "src": 1, "dst": 2}]})  # fmt: skip
class PreparesOfAnyView(Pbft):
    """The view of a vote is not compared with the slot that it counts for (the ByzzFuzz mutation of views)."""

    def prepares_that_count(self, memory: Memory, view: Round) -> Log:
        return tuple(vote for log in memory.views.values() for vote in log.prepare)


@mutant("P06", of="pbft", breaks=("INV-S1", "INV-S6", "INV-S7.2"), tier="easy", witness={"faulty": [0], "atoms": [
    {"k": "support", "r": 0, "src": 0, "to": [3], "value": "v1"}]})  # fmt: skip
class DigestNotInTheKey(Pbft):
    """Votes are kept by view and height alone: a vote for one value counts for another (pbft-java)."""

    def votes_for(self, log: Log, value: Digest) -> dict[MemberId, Message]:
        return {vote.sender: vote for vote in log}


@mutant("P06b", of="pbft", breaks=("INV-S1", "INV-S3"), tier="medium", witness={"faulty": [0], "atoms": [
    {"k": "byz", "r": 0, "ph": "preprepare", "src": 0, "dst": 3, "act": {"payload": "v1"}}]})  # fmt: skip
class PayloadNotHashed(Pbft):
    """The digest of a pre-prepare is not held against its payload (pbft-java)."""

    def names(self, value: Digest, payload: bytes) -> bool:
        return True


@mutant("P07", of="pbft", breaks=("INV-S7.1", "INV-S1"), tier="easy", witness={"faulty": [1], "atoms": [
    {"k": "byz", "r": 1, "ph": "preprepare", "src": 1, "dst": 2, "act": {"value": "v0"}},
    {"k": "cut", "r": 0, "to_r": 1, "side": [1, 2]}]})  # fmt: skip
class SecondProposalPrepared(Pbft):
    """A second pre-prepare of a view with another digest takes the place of the first, and is prepared too
    (pbft-java)."""

    def may_prepare(self, memory: Memory, value: Digest) -> bool:
        spoken = memory.log(memory.round).prepare
        return not any(one.sender == self.member and one.body.value == value for one in spoken)  # type: ignore[attr-defined]  # votes


@mutant("P08", of="pbft", breaks=("INV-S1",), tier="medium", witness={"faulty": [1], "atoms": [
    {"k": "late", "r": 0, "ph": "commit", "src": 0, "dst": 1},
    {"k": "late", "r": 0, "ph": "commit", "src": 2, "dst": 1},
    {"k": "late", "r": 0, "ph": "commit", "src": 0, "dst": 2},
    {"k": "late", "r": 0, "ph": "commit", "src": 3, "dst": 2},
    {"k": "late", "r": 0, "ph": "commit", "src": 0, "dst": 3},
    {"k": "late", "r": 0, "ph": "commit", "src": 2, "dst": 3},
    {"k": "support", "r": 1, "src": 1, "to": [2, 3], "value": "v1"}]})  # fmt: skip
class BindingNotRecomputed(Pbft):
    """A backup does not compute from the view changes what the new view is bound to (classical)."""

    def permits(self, memory: Memory, value: Digest) -> bool:
        return True


@mutant("P09", of="pbft", breaks=("INV-S1",), tier="hard", witness={"atoms": [
    {"k": "late", "r": 0, "ph": "prepare", "src": 2, "dst": 0},
    {"k": "late", "r": 0, "ph": "prepare", "src": 3, "dst": 0},
    {"k": "late", "r": 0, "ph": "prepare", "src": 0, "dst": 1},
    {"k": "late", "r": 0, "ph": "prepare", "src": 2, "dst": 1},
    {"k": "late", "r": 0, "ph": "prepare", "src": 0, "dst": 2},
    {"k": "late", "r": 0, "ph": "prepare", "src": 3, "dst": 2},
    {"k": "late", "r": 1, "ph": "prepare", "src": 0, "dst": 3},
    {"k": "late", "r": 1, "ph": "prepare", "src": 2, "dst": 3},
    {"k": "late", "r": 1, "ph": "commit", "src": 0, "dst": 1},
    {"k": "late", "r": 1, "ph": "commit", "src": 0, "dst": 2},
    {"k": "late", "r": 1, "ph": "commit", "src": 1, "dst": 3}]})  # fmt: skip
class LowestCertificateBinds(Pbft):
    """A new view takes the prepared certificate of the lowest view, not of the highest (classical)."""

    def binding(self, changes: Sequence[Change]) -> Digest | None:
        proofs = [change.body.prepared for change in changes if change.body.prepared is not None]
        return min(proofs, key=lambda proof: proof.view).value if proofs else None


@mutant("P10", of="pbft", breaks=("INV-S1",), tier="easy", witness={"atoms": [
    {"k": "late", "r": 0, "ph": "prepare", "src": 0, "dst": 1},
    {"k": "late", "r": 0, "ph": "prepare", "src": 2, "dst": 1},
    {"k": "late", "r": 0, "ph": "commit", "src": 3, "dst": 0},
    {"k": "late", "r": 0, "ph": "commit", "src": 0, "dst": 1},
    {"k": "late", "r": 0, "ph": "commit", "src": 3, "dst": 2}]})  # fmt: skip
class NothingCarriedOver(Pbft):
    """A view change shows nothing of what was prepared (johnhenry/raijin#8)."""

    def claim(self, memory: Memory) -> ViewChange:
        return ViewChange(None)


@mutant("P11", of="pbft", breaks=("INV-S1",), tier="hard", witness={"faulty": [0], "atoms": [
    {"k": "late", "r": 0, "ph": "commit", "src": 1, "dst": 0},
    {"k": "late", "r": 0, "ph": "commit", "src": 2, "dst": 0},
    {"k": "late", "r": 0, "ph": "commit", "src": 2, "dst": 1},
    {"k": "late", "r": 0, "ph": "commit", "src": 3, "dst": 1},
    {"k": "late", "r": 0, "ph": "commit", "src": 1, "dst": 2},
    {"k": "late", "r": 0, "ph": "commit", "src": 3, "dst": 2},
    {"k": "inject", "r": 0, "ph": "preprepare", "src": 0, "dst": 1, "value": "v1"},
    {"k": "byz", "r": 1, "ph": "viewchange", "src": 0, "dst": 1, "act": {"value": "v1", "vr": 9}},
    {"k": "support", "r": 1, "src": 0, "to": [2], "value": "v1"}]})  # fmt: skip
class CertificatesNotVerified(Pbft):
    """The prepared certificates in view changes are not verified (classical)."""

    def verify_proof(self, memory: Memory, proof: Proof, height: Height, view: Round) -> None:
        return


@mutant("P13", of="pbft", breaks=("INV-V1.livelock", "INV-V1.deadlock"), tier="easy",
        witness={"delta": 6, "atoms": []})  # fmt: skip
class GapNotFilled(Pbft):
    """A height that no certificate binds is not left free in a new view: nothing may fill it (classical)."""

    def permits(self, memory: Memory, value: Digest) -> bool:
        entry = memory.entry
        if entry is None or (entry.height, entry.round) != (memory.height, memory.round):
            return True
        return self.binding(entry.body.changes) == value  # type: ignore[attr-defined]  # a view begins with a `newview`


@mutant("P17", of="pbft", breaks=("INV-S1",), tier="hard", witness={"atoms": [
    {"k": "late", "r": 0, "ph": "prepare", "src": 0, "dst": 3},
    {"k": "late", "r": 0, "ph": "prepare", "src": 1, "dst": 3},
    {"k": "late", "r": 0, "ph": "commit", "src": 1, "dst": 3},
    {"k": "crash", "node": 1, "r": 0, "ph": "commit", "back": {"h": 1, "r": 1}},
    {"k": "crash", "node": 2, "r": 0, "ph": "commit", "back": {"h": 1, "r": 1}}]})  # fmt: skip
class CertificateForgotten(Pbft):
    """What shows that a value was prepared is collected as garbage before the height is stable: a crash loses it
    (classical)."""

    def recover(self, state: Memory, begin: Begin, records: Sequence[Message]) -> Step:
        return super().recover(state, begin, [one for one in records if one.kind == "newview"])


@mutant("P18", of="pbft", breaks=("INV-V1.livelock", "INV-V3"), tier="easy",
        witness={"faulty": [0], "delta": 6, "atoms": [
    {"k": "support", "r": 1, "src": 0, "to": [1, 2, 3], "value": "v2", "vr": -1}]})  # fmt: skip
class TimeoutNotDoubled(Pbft):
    """The time-out does not double from view to view (Castro and Liskov)."""

    def timeout(self, memory: Memory) -> int:
        return self.promise.timeout[0]


@mutant("P26", of="pbft", breaks=("INV-V1.livelock",), tier="medium",
        witness={"faulty": [1], "gst": 1, "after": {"1": "silent"}, "atoms": [
    {"k": "inject", "r": 29, "ph": "viewchange", "src": 1, "dst": 3, "value": "nil", "at": {"h": 1, "r": 0}}
    ]})  # fmt: skip
class OneClaimIsEnough(Pbft):
    """A member follows the view that one peer claims, not one that f + 1 claim (FISCO-BCOS#2211)."""

    def joins(self, memory: Memory, weight: int) -> bool:
        return weight > 0
