"""Planted bugs of Raft: each overrides one rule of `refimpl.consensus.raft.Raft`. Ids as in the corpus (R)."""

from collections.abc import Sequence

from conformance.zoo import mutant
from refimpl.consensus.interface import Begin, Step
from refimpl.consensus.raft import Memory, Raft
from refimpl.network.messages import Message


@mutant("R01", of="raft", breaks=("INV-S1",), tier="hard")
class OldEntriesCount(Raft):
    """A leader counts acknowledgements for an entry of an earlier term (Raft, figure 8)."""

    def counts(self, memory: Memory, ack: Message, made: int) -> bool:
        return True


@mutant("R02", of="raft", breaks=("INV-S1",), tier="hard")
class VoteNotKept(Raft):
    """Term and vote do not survive a crash (classical)."""

    def recover(self, state: Memory, begin: Begin, records: Sequence[Message]) -> Step:
        return super().recover(state, begin, [one for one in records if one.kind == "append"])
