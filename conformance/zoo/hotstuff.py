"""Planted bugs of chained HotStuff: each overrides one rule of `refimpl.consensus.hotstuff.HotStuff`. Ids as in the
corpus (H).
"""

from conformance.zoo import mutant
from refimpl.consensus.hotstuff import HotStuff, Memory
from refimpl.consensus.hotstuff_messages import Block, QuorumCertificate


@mutant("H01", of="hotstuff", breaks=("INV-S1",), tier="medium")
class AnyThreeBlocks(HotStuff):
    """A chain of three commits by parent links alone, whatever its views (relab/hotstuff#249)."""

    def consecutive(self, first: int, second: int, third: int) -> bool:
        return True


@mutant("H03", of="hotstuff", breaks=("INV-S1", "INV-S6", "INV-V1.livelock", "INV-V1.deadlock"), tier="medium")
class ViewNotSigned(HotStuff):
    """The view of a certificate is not covered by its signatures (relab/hotstuff#289)."""

    def verify_certificate(self, memory: Memory, proof: QuorumCertificate) -> None:
        self.require_quorum(memory, proof.votes)


@mutant("H05", of="hotstuff", breaks=("INV-V1.livelock", "INV-V1.deadlock"), tier="medium")
class NeverUnlocks(HotStuff):
    """safeNode lacks the half that keeps the protocol live: a later certificate does not unlock (classical)."""

    def unlocks(self, locked: QuorumCertificate, justify: QuorumCertificate) -> bool:
        return False


@mutant("H07", of="hotstuff", breaks=("INV-S7.1", "INV-S1"), tier="easy")
class VotesTwice(HotStuff):
    """The last view voted in is compared with `<=`: a view may be voted in twice (classical)."""

    def is_fresh(self, memory: Memory, view: int) -> bool:
        return view >= memory.voted


@mutant("H09", of="hotstuff", breaks=("INV-S1", "INV-S3", "INV-V1.livelock", "INV-V1.deadlock"), tier="medium")
class AnyParent(HotStuff):
    """A block whose parent is not the block of its certificate is accepted (relab/hotstuff#283)."""

    def fits(self, block: Block) -> bool:
        return True
