"""Who may make a block in which slot, and whether that is fortunate enough for what lies k deep to stay final.

Why: of a longest chain nothing can be promised about every lottery. The plan says who wins where work decides; where
turns or stakes do, the schedule is computed here once more, by the kit's own code, from the law (CON-140, CON-161,
CON-165, CON-166). A run is held to agreement if its slots are calm (CON-130), and a plan that is not is out of the
model.

It must not ask an engine, and knows of a block only who may make it and when.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from conformance.plan import canonical

SEATS = 5
"""Delegates at most (CON-165)."""
SEALED = ("from", "parent", "value")
"""Beside height and slot, what the seal of every block is about (CON-120)."""


class Slot(NamedTuple):
    """What one slot is worth: to the correct members, to the liars, and whether one correct member has it alone."""

    gain: int
    """1 if a correct member can make a block, else 0."""
    loss: int
    """The most that the liars can add to one branch, in blocks of the first difficulty."""
    alone: bool

    @property
    def is_won(self) -> bool:
        """Whether anybody can make a block."""
        return self.gain > 0 or self.loss > 0


def member(node: int) -> str:
    """The name of node i in a simulation: names sort as nodes do."""
    return f"n{node:02d}"


@lru_cache(maxsize=8192)
def number(engine: str, fields: tuple[tuple[str, object], ...]) -> int:
    """The digest over a few fields as a number (CON-120)."""
    data = f"yilian/{engine}/seal/v1\0{canonical(dict(fields))}"
    return int.from_bytes(sha256(data.encode()).digest(), "big")


def turn_of(turns: str, slot: int, weights: Sequence[int], term: int = 1, names: Sequence[str] = ()) -> int | None:
    """The node whose slot it is, where a schedule says so; None where work does. Names are those of a simulation if
    none are given."""
    n = len(weights)
    called = names or [member(node) for node in range(n)]
    if turns == "round":
        return slot // term % n
    if turns == "stake":  # CON-161
        point = number("stake", (("slot", slot),)) % sum(weights)
        return next(node for node in range(n) if point < sum(weights[: node + 1]))
    if turns == "delegates":  # CON-165, CON-166
        delegates = sorted(range(n), key=lambda node: (-weights[node], node))[:SEATS]
        round_, place = divmod(slot, len(delegates))
        return sorted(delegates, key=lambda one: number("delegated", (("from", called[one]), ("round", round_))))[place]
    return None


def pivots(slots: Sequence[Slot]) -> list[int]:
    """The slots that settle everything below: one correct member alone, and in every stretch around it the correct
    members gain more than the liars (CON-130)."""
    heights = [0]
    for slot in slots:
        heights.append(heights[-1] + slot.gain - slot.loss)
    after, least = list[int](), heights[-1]
    for height in reversed(heights[1:]):
        least = min(least, height)
        after.append(least)
    found, most = list[int](), heights[0]
    for at, least in enumerate(reversed(after)):
        if slots[at].alone and least > most:
            found.append(at)
        most = max(most, heights[at + 1])
    return found


def is_calm(slots: Sequence[Slot], k: int) -> bool:
    """Whether every stretch with more than k slots that somebody won has a pivot in it (CON-130)."""
    settled, run = set(pivots(slots)), 0
    for at, slot in enumerate(slots):
        run = 0 if at in settled else run + slot.is_won
        if run > k:
            return False
    return True
