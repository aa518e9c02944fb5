"""Proof of stake: every slot draws one member, each as often as its stake, by a draw that everybody can repeat.

The schedule is a function of the slot and of the stakes k blocks below, where all branches that can still win agree:
nothing that goes into a block moves it, so nobody can grind for luck. The price is told too: everybody knows ahead
whose slot comes. A member whose slot it is may make several blocks at no cost; what that is worth is counted in
CON-130.

It must not know what a payload means, who transports messages, what time it is, or how a signature is made.
Source: spec/consensus.md, part 11 (CON-160, CON-161).
"""

from functools import lru_cache
from itertools import accumulate

from refimpl.consensus import interface as api
from refimpl.consensus.interface import Validators
from refimpl.consensus.longest_chain import READERS, LongestChain, promise
from refimpl.data.ids import MemberId
from refimpl.data.seal import seal_fields

PROMISE = promise("stake", 12, turns="stake")


@lru_cache(maxsize=4096)
def drawn(slot: int) -> int:
    """The number that a slot draws (CON-161)."""
    return int.from_bytes(seal_fields("stake", {"slot": slot}), "big")


class Stake(LongestChain):
    """The engine of one member. Immutable; see `refimpl.consensus.interface.Engine`."""

    promise = PROMISE

    def turn(self, electorate: Validators, slot: int) -> MemberId | None:
        """The member in whose part of the stakes, laid end to end in order of name, the draw falls (CON-161)."""
        point = drawn(slot) % electorate.total
        ends = accumulate(electorate.weights[member] for member in electorate.members)
        return next(member for member, end in zip(electorate.members, ends, strict=True) if point < end)


ENGINE = api.Kind(PROMISE, READERS, Stake)
