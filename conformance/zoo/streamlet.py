"""Planted bugs of Streamlet: each overrides one rule of the engine. Ids as in the corpus (S)."""

from conformance.zoo import mutant
from refimpl.consensus.streamlet import Memory, Streamlet
from refimpl.consensus.tree import TreeBlock

LATE = [{"k": "late", "r": 2, "ph": "vote", "src": src, "dst": dst} for src, dst in ((1, 2), (3, 2), (1, 3), (2, 3))]
BUILT = [
    {"k": "support", "r": 4, "src": 0, "to": [2, 3], "value": "v0", "on": "v0.1@3"},
    {"k": "support", "r": 5, "src": 0, "to": [2, 3], "value": "v0", "on": "v0.1@4"},
]


@mutant("S01", of="streamlet", breaks=("INV-S1",), tier="hard",
        witness={"faulty": [0], "gst": 400, "heights": 3, "atoms": [
    *LATE, *BUILT, {"k": "support", "r": 3, "src": 0, "to": [2, 3], "value": "v0", "vr": -1}]},
        whole={"faulty": [0], "gst": 400, "heights": 3, "atoms": [
    *LATE, *BUILT, {"k": "support", "r": 3, "src": 0, "to": [2, 3], "value": "v0.1", "vr": -1}]})  # fmt: skip
class EpochsInsteadOfLength(Streamlet):
    """A vote compares epochs, not lengths: any block of a later epoch than every notarised one will do
    (twins-simulator, attack on Streamlet)."""

    def deserves_vote(self, memory: Memory, block: TreeBlock) -> bool:
        return self.is_founded(memory, block) and block.round > max(memory.epochs.values(), default=-1)
