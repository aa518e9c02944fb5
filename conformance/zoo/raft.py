"""Planted bugs of Raft: each overrides one rule of `refimpl.consensus.raft.Raft`. Ids as in the corpus (R)."""

from collections.abc import Sequence

from conformance.zoo import mutant
from refimpl.consensus.interface import Begin, Step
from refimpl.consensus.raft import Memory, Raft
from refimpl.network.messages import Message


@mutant("R01", of="raft", breaks=("INV-S1",), tier="hard", witness={"n": 5, "gst": 400, "atoms": [
    {"k": "cut", "r": 0, "to_r": 2, "side": [0, 2]},
    {"k": "late", "r": 2, "ph": "append", "src": 4, "dst": 3},
    {"k": "cut", "r": 3, "to_r": 3, "side": [1]},
    {"k": "crash", "node": 2, "r": 3, "ph": "grant", "back": {"h": 1, "r": 4}}]})  # fmt: skip
class OldEntriesCount(Raft):
    """A leader counts acknowledgements for an entry of an earlier term (Raft, figure 8)."""

    def counts(self, memory: Memory, ack: Message, made: int) -> bool:
        return True


@mutant("R02", of="raft", breaks=("INV-S1",), tier="hard", witness={"n": 5, "gst": 400, "atoms": [
    {"k": "crash", "node": 2, "r": 2, "ph": "grant", "when": "after-send", "disk": "synced", "back": {"h": 1, "r": 2}},
    {"k": "late", "r": 2, "ph": "append", "src": 4, "dst": 0},
    {"k": "late", "r": 2, "ph": "candidate", "src": 4, "dst": 0},
    {"k": "late", "r": 2, "ph": "ack", "src": 1, "dst": 2},
    {"k": "swap", "r": 2, "ph": "append", "src": 4, "dst": 2},
    {"k": "late", "r": 2, "ph": "append", "src": 4, "dst": 3},
    {"k": "late", "r": 2, "ph": "candidate", "src": 4, "dst": 3}]})  # fmt: skip
class VoteNotKept(Raft):
    """Term and vote do not survive a crash (classical)."""

    def recover(self, state: Memory, begin: Begin, records: Sequence[Message]) -> Step:
        return super().recover(state, begin, [one for one in records if one.kind == "append"])
