"""`spec/model/longest_chain.qnt` once more, in Python, to visit every state of some slots: every calm lottery, and
everything a liar can do with it.

It carries the weight that no proof here does: that a calm lottery keeps what lies k blocks deep, for every strategy of
the liar, as far as the slots go.
"""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from tests.spec.explore import holds

LIAR = -1
Block = tuple[int, int]
"""(slot, who mined it)."""
Chain = tuple[Block, ...]
Lot = tuple[tuple[int, ...], bool]
"""(correct winners, whether the liar won)."""
LOTS: tuple[Lot, ...] = tuple(product(((), (0,), (1,), (0, 1)), (False, True)))
MEMBERS = (0, 1)


class State(NamedTuple):
    """The lottery so far, every block there is as the chain that ends in it, what is held, what was reported."""

    lots: tuple[Lot, ...] = ()
    known: frozenset[Chain] = frozenset([()])
    tips: tuple[Chain, ...] = ((), ())
    told: tuple[Chain, ...] = ((), ())


def starts_with(chain: Chain, other: Chain) -> bool:
    """Whether the other is a beginning of the chain."""
    return chain[: len(other)] == other


class LongestChain:
    """The model for some slots and a depth; `calm` says whether the lottery is held to the assumption."""

    def __init__(self, slots: int, depth: int, *, calm: bool = True) -> None:
        self.slots, self.depth, self.calm = slots, depth, calm

    def initial(self) -> State:
        """Nothing is mined."""
        return State()

    def is_calm(self, lots: tuple[Lot, ...]) -> bool:
        """In every stretch up to the last slot with more than k blocks, the correct are ahead."""
        mined = alone = lies = 0
        for winners, liar in reversed(lots):
            mined, lies = mined + len(winners) + liar, lies + liar
            alone += len(winners) == 1 and not liar
            if mined > self.depth and alone <= lies:
                return False
        return True

    def successors(self, state: State) -> Iterator[tuple[tuple[Lot, Chain], State]]:
        """One slot: every lottery, every place for the liar's block, every choice among longest chains."""
        if len(state.lots) == self.slots:
            return
        for lot in LOTS:
            lots = (*state.lots, lot)
            if self.calm and not self.is_calm(lots):
                continue
            at = len(state.lots)
            fresh = {(*state.tips[m], (at, m)) for m in lot[0]}
            for base in state.known | fresh if lot[1] else [()]:
                known = state.known | fresh | ({(*base, (at, LIAR))} if lot[1] else set())
                yield from self.choices(state, (lot, base), known, max(map(len, fresh), default=0))

    def choices(
        self, state: State, did: tuple[Lot, Chain], known: frozenset[Chain], mined: int
    ) -> Iterator[tuple[tuple[Lot, Chain], State]]:
        """Every way in which the members may hold chains that are long enough."""
        lots = (*state.lots, did[0])
        options = [[c for c in known if len(c) >= max(len(state.tips[m]), mined)] for m in MEMBERS]
        for tips in product(*options):
            final = [tip[: max(0, len(tip) - self.depth)] for tip in tips]
            told = tuple(new if len(new) > len(old) else old for new, old in zip(final, state.told, strict=True))
            yield did, State(lots, frozenset(known), tips, told)

    def check(self, state: State) -> None:
        """Raise `Broken` unless what was reported agrees and stays."""
        one, other = state.told
        holds((
            ("toldAgrees", starts_with(one, other) or starts_with(other, one)),
            ("toldStays", all(starts_with(tip, told) for tip, told in zip(state.tips, state.told, strict=True))),
        ))  # fmt: skip
