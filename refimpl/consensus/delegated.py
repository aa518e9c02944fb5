"""Delegated proof of stake: the members with the most stake entrusted to them take turns, in an order drawn each round.

After the engines of BitShares and EOS, without their early finality: what is final is what lies deep enough, as in the
rest of the family. Few delegates make a short round and a small club; the promise is therefore about the stake of all
members, of which a plan's liars may hold less than half, and about how the slots of the delegates then fall (CON-130).

It must not know what a payload means, who transports messages, what time it is, or how a signature is made.
Source: spec/consensus.md, part 12 (CON-165, CON-166).
"""

from functools import lru_cache

from refimpl.consensus import interface as api
from refimpl.consensus.interface import Validators
from refimpl.consensus.longest_chain import READERS, LongestChain, promise
from refimpl.data.ids import MemberId
from refimpl.data.seal import seal_fields

SEATS = 5
"""Delegates at most (CON-165)."""
PROMISE = promise("delegated", 10, turns="delegates")


@lru_cache(maxsize=4096)
def order(delegates: tuple[MemberId, ...], number: int) -> tuple[MemberId, ...]:
    """The delegates in the order in which they take the slots of one round (CON-166)."""
    return tuple(sorted(delegates, key=lambda name: seal_fields("delegated", {"from": name, "round": number})))


class Delegated(LongestChain):
    """The engine of one member. Immutable; see `refimpl.consensus.interface.Engine`."""

    promise = PROMISE

    def delegates(self, electorate: Validators) -> tuple[MemberId, ...]:
        """Those with the most stake, of equal ones the first by name (CON-165)."""
        ranked = sorted(electorate.members, key=lambda member: (-electorate.weights[member], member))
        return tuple(ranked[:SEATS])

    def turn(self, electorate: Validators, slot: int) -> MemberId | None:
        """Every delegate once a round (CON-166)."""
        delegates = self.delegates(electorate)
        return order(delegates, slot // len(delegates))[slot % len(delegates)]


ENGINE = api.Kind(PROMISE, READERS, Delegated)
