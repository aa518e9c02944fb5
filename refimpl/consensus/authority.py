"""Proof of authority: named sealers take turns, and what lies deep enough is final.

After the engines Clique and Aura of Ethereum clients. A sealer that lies can do what no miner can: copy itself, and
seal one slot twice, once for each branch (Ekparinya, Gramoli and Jourjon, "The attack of the clones against proof of
authority", NDSS 2020). So a clone is worth two members on two sides of a partition, and this engine promises nothing
where messages are late. And because turns go round, it promises less than half: with fewer liars than a third of the
sealers every run of turns is calm (CON-130) wherever they sit, with more there is a seating of which none is
(docs/adr/0011). It is here because it is simple and in use.

It must not know what a payload means, who transports messages, what time it is, or how a signature is made.
Source: spec/consensus.md, part 9 (CON-140 to CON-142).
"""

from itertools import islice

from refimpl.consensus import interface as api
from refimpl.consensus.interface import Validators
from refimpl.consensus.longest_chain import READERS, LongestChain, Memory, block_of, promise
from refimpl.data.ids import Digest, MemberId
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import Message

PROMISE = promise("authority", 8, threshold=(1, 3), turns="round")


class Authority(LongestChain):
    """The engine of one sealer. Immutable; see `refimpl.consensus.interface.Engine`."""

    promise = PROMISE

    def turn(self, electorate: Validators, slot: int) -> MemberId | None:
        """The sealers in order of name, one slot each, round after round (CON-140)."""
        return electorate.members[slot % len(electorate.members)]

    def depth(self, memory: Memory) -> int:
        """At least one round of turns (CON-141)."""
        promised = super().depth(memory)
        return max(promised, len(memory.validators.members)) if promised else 0

    def pause(self, electorate: Validators) -> int:
        """Blocks of others between two of one sealer: more than half of all take part in so many and one (CON-142)."""
        return len(electorate.members) // 2

    def sealed_recently(self, memory: Memory, parent: Digest, sealer: MemberId, electorate: Validators) -> bool:
        """Whether one of the last blocks of the branch is by this sealer already (CON-142)."""
        last = islice(self.downward(memory, parent), self.pause(electorate))
        return sealer in [message.sender for message in last]

    def may_mint(self, memory: Memory, parent: Digest, height: int) -> bool:
        """It is our turn, and we did not seal one of the last blocks."""
        electorate = self.electorate(memory, height)
        if electorate is None or not super().may_mint(memory, parent, height):
            return False
        return not self.sealed_recently(memory, parent, self.member, electorate)

    def verify_successor(self, memory: Memory, message: Message, electorate: Validators) -> None:
        """Raise `Refused` as every engine of the family does, and for a sealer that does not pause (CON-142)."""
        super().verify_successor(memory, message, electorate)
        if self.sealed_recently(memory, block_of(message).parent, message.sender, electorate):
            raise Refused(Code.CONSENSUS_WRONG_PROPOSER, "/from", got=message.sender)


ENGINE = api.Kind(PROMISE, READERS, Authority)
