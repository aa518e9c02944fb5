"""The longest chain once more, with liars that copy themselves: a slot of a liar makes a block on each of two branches.

Where turns or stakes decide, a slot costs nothing, so a liar may fill it twice; where work decides it may not, and
this model is then the more dangerous one. What is enumerated here for a few slots is what CON-130 says of all: as
long as the slots are calm by the kit's own arithmetic, what lies k blocks deep is never undone, whatever liars show
to whom and whichever of equal branches a member holds.
"""

from collections.abc import Iterator
from itertools import combinations

from conformance.lottery import Slot, is_calm
from tests.spec.longest_chain_model import LIAR, LOTS, Chain, LongestChain, Lot, State


class Clones(LongestChain):
    """The model with a liar that fills its slot on up to `copies` branches, always later than what it stands on."""

    def __init__(self, slots: int, depth: int, *, copies: int = 2, calm: bool = True) -> None:
        super().__init__(slots, depth, calm=calm)
        self.copies = copies

    def is_calm(self, lots: tuple[Lot, ...]) -> bool:
        """CON-130, as the kit judges plans."""
        slots = [Slot(int(bool(winners)), int(liar), len(winners) == 1) for winners, liar in lots]
        return is_calm(slots, self.depth)

    def successors(self, state: State) -> Iterator[tuple[tuple[Lot, Chain], State]]:
        """One slot: every lottery, every pair of places for the liar's blocks, every choice among longest chains."""
        if len(state.lots) == self.slots:
            return
        for lot in LOTS:
            if self.calm and not self.is_calm((*state.lots, lot)):
                continue
            at = len(state.lots)
            fresh = {(*state.tips[m], (at, m)) for m in lot[0]}
            for bases in self.places(state, lot):
                known = state.known | fresh | {(*base, (at, LIAR)) for base in bases}
                yield from self.choices(state, (lot, sum(bases, ())), known, max(map(len, fresh), default=0))

    def places(self, state: State, lot: Lot) -> Iterator[tuple[Chain, ...]]:
        """The branches on which a liar that won fills its slot; more blocks only give it more to choose from."""
        most = min(self.copies, len(state.known)) if lot[1] else 0
        yield from combinations(sorted(state.known), most)
