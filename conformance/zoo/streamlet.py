"""Planted bugs of Streamlet: each overrides one rule of the engine. Ids as in the corpus (S)."""

from conformance.zoo import mutant
from refimpl.consensus.streamlet import Memory, Streamlet
from refimpl.consensus.tree import TreeBlock


@mutant("S01", of="streamlet", breaks=("INV-S1",), tier="hard")
class EpochsInsteadOfLength(Streamlet):
    """Votes compare the epochs of chains, not their length (twins-simulator, attack on Streamlet)."""

    def length(self, memory: Memory, block: TreeBlock) -> int:
        return block.round
