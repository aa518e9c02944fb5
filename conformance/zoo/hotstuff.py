"""Planted bugs of chained HotStuff: each overrides one rule of `refimpl.consensus.hotstuff.HotStuff`. Ids as in the
corpus (H).
"""

from contextlib import suppress

from conformance.zoo import mutant
from refimpl.consensus.hotstuff import HotStuff, Memory
from refimpl.consensus.hotstuff_messages import Block, QuorumCertificate
from refimpl.data.ids import Round
from refimpl.data.refusal import Refused


@mutant("H01", of="hotstuff", breaks=("INV-S1",), tier="hard", witness={"faulty": [1], "atoms": [
    {"k": "byz", "r": 1, "ph": "propose", "src": 1, "dst": 2, "act": {"value": "v1", "vr": -1}},
    {"k": "byz", "r": 1, "ph": "propose", "src": 1, "dst": 3, "act": {"value": "v1", "vr": -1}},
    {"k": "byz", "r": 5, "ph": "propose", "src": 1, "dst": 2, "act": {"value": "v1", "vr": 1}},
    {"k": "byz", "r": 5, "ph": "vote", "src": 1, "dst": 2, "act": {"value": "v1", "vr": 1}},
    {"k": "byz", "r": 5, "ph": "propose", "src": 1, "dst": 3, "act": {"value": "v1", "vr": 1}},
    {"k": "inject", "r": 1, "ph": "vote", "src": 1, "dst": 0, "value": "v1", "vr": -1},
    {"k": "late", "r": 3, "ph": "vote", "src": 0, "dst": 1},
    {"k": "late", "r": 3, "ph": "vote", "src": 2, "dst": 1},
    {"k": "late", "r": 3, "ph": "vote", "src": 0, "dst": 2},
    {"k": "late", "r": 3, "ph": "vote", "src": 1, "dst": 2},
    {"k": "late", "r": 3, "ph": "vote", "src": 0, "dst": 3},
    {"k": "late", "r": 3, "ph": "vote", "src": 1, "dst": 3},
    {"k": "cut", "r": 4, "to_r": 5, "side": [0]},
    {"k": "support", "r": 6, "src": 1, "to": [3], "value": "v2", "vr": 5}]})  # fmt: skip
class AnyThreeBlocks(HotStuff):
    """A chain of three commits by parent links alone, whatever its views (relab/hotstuff#249)."""

    def consecutive(self, first: int, second: int, third: int) -> bool:
        return True


@mutant("H03", of="hotstuff", breaks=("INV-S1", "INV-S6", "INV-V1.livelock", "INV-V1.deadlock", "INV-V4"),
        tier="hard", witness={"faulty": [1], "heights": 2, "atoms": [
    {"k": "byz", "r": 5, "ph": "propose", "src": 1, "dst": 2, "act": {"value": "v1.1", "vr": 4, "on": "v0@0"}},
    {"k": "byz", "r": 5, "ph": "vote", "src": 1, "dst": 2, "act": {"value": "v1.1", "vr": 4, "on": "v0@0"}},
    {"k": "byz", "r": 5, "ph": "propose", "src": 1, "dst": 3, "act": {"value": "v1.1", "vr": 4, "on": "v0@0"}},
    {"k": "inject", "r": 7, "ph": "vote", "src": 1, "dst": 2, "value": "v3", "vr": 6, "at": {"h": 1, "r": 8}},
    {"k": "late", "r": 3, "ph": "vote", "src": 0, "dst": 1},
    {"k": "late", "r": 3, "ph": "vote", "src": 2, "dst": 1},
    {"k": "late", "r": 3, "ph": "vote", "src": 0, "dst": 2},
    {"k": "late", "r": 3, "ph": "vote", "src": 1, "dst": 2},
    {"k": "late", "r": 3, "ph": "vote", "src": 0, "dst": 3},
    {"k": "late", "r": 3, "ph": "vote", "src": 1, "dst": 3},
    {"k": "cut", "r": 4, "to_r": 5, "side": [0]},
    {"k": "support", "r": 6, "src": 1, "to": [3], "value": "v2", "vr": 5}]})  # fmt: skip
class ViewNotSigned(HotStuff):
    """The view of a certificate is not covered by its signatures (relab/hotstuff#289)."""

    def verify_certificate(self, memory: Memory, proof: QuorumCertificate) -> None:
        signed = (Round(view) for view in range(proof.view) if self.holds(memory, proof._replace(view=Round(view))))
        super().verify_certificate(memory, proof._replace(view=next(signed, proof.view)))

    def holds(self, memory: Memory, proof: QuorumCertificate) -> bool:
        """Whether its votes are of the view that it names."""
        with suppress(Refused):
            super().verify_certificate(memory, proof)
            return True
        return False


@mutant("H05", of="hotstuff", breaks=("INV-V1.livelock", "INV-V1.deadlock"), tier="medium",
        witness={"faulty": [0], "heights": 2, "atoms": [
    {"k": "late", "r": 4, "ph": "propose", "src": 0, "dst": 2},
    {"k": "support", "r": 0, "src": 0, "to": [1, 2], "value": "v2"},
    {"k": "support", "r": 5, "src": 0, "to": [1, 3], "value": "v3"}]})  # fmt: skip
class NeverUnlocks(HotStuff):
    """safeNode lacks the half that keeps the protocol live: a later certificate does not unlock (classical)."""

    def unlocks(self, locked: QuorumCertificate, justify: QuorumCertificate) -> bool:
        return False


@mutant("H07", of="hotstuff", breaks=("INV-S7.1", "INV-S1"), tier="easy",
        witness={"faulty": [0], "delta": 6, "atoms": [
    {"k": "flood", "r": 0, "ph": "propose", "src": 0, "n": 10}]})  # fmt: skip
class VotesTwice(HotStuff):
    """The last view voted in is compared with `<=`: a view may be voted in twice (classical)."""

    def is_fresh(self, memory: Memory, view: int) -> bool:
        return view >= memory.voted


@mutant("H09", of="hotstuff", breaks=("INV-S1", "INV-S3", "INV-S6", "INV-V1.livelock", "INV-V1.deadlock"), tier="hard",
        witness={"faulty": [1], "gst": 600, "atoms": [
    {"k": "inject", "r": 1, "ph": "propose", "src": 1, "dst": 0, "value": "v1.1", "vr": 0},
    {"k": "late", "r": 3, "ph": "propose", "src": 3, "dst": 0},
    {"k": "inject", "r": 1, "ph": "propose", "src": 1, "dst": 2, "value": "v1.1", "vr": 0},
    {"k": "inject", "r": 1, "ph": "propose", "src": 1, "dst": 3, "value": "v1.1", "vr": 0},
    {"k": "late", "r": 2, "ph": "propose", "src": 2, "dst": 3},
    {"k": "late", "r": 4, "ph": "propose", "src": 0, "dst": 3},
    {"k": "support", "r": 5, "src": 1, "to": [0, 2, 3], "value": "v1", "vr": 1, "on": "v1@1"}]})  # fmt: skip
class AnyParent(HotStuff):
    """A block whose parent is not the block of its certificate is accepted (relab/hotstuff#283)."""

    def fits(self, block: Block) -> bool:
        return True
