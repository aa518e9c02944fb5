"""Draws from a seed, the same on every machine and every Python: digests of a counter, no generator of a library.

Streams of different names are independent, so that one more draw for a patient changes no other patient.
"""

from collections.abc import Sequence
from typing import TypeVar

from attrs import define, field

from refimpl.crypto.recipes import digest

T = TypeVar("T")


@define
class Stream:
    """The draws that belong to a name."""

    name: str
    drawn: int = field(default=0, init=False)

    def under(self, name: str) -> "Stream":
        """The stream of a part."""
        return Stream(f"{self.name}/{name}")

    def bits(self) -> int:
        """The next 256 bits."""
        self.drawn += 1
        return int.from_bytes(digest("yilian/synthetic/v1", f"{self.name}#{self.drawn}".encode()), "big")

    def below(self, bound: int) -> int:
        """A whole number from 0 to `bound` - 1; the bias of one part in 2^200 is nobody's."""
        return self.bits() % bound

    def between(self, least: int, most: int) -> int:
        """A whole number from `least` to `most`."""
        return least + self.below(most - least + 1)

    def pick(self, values: Sequence[T]) -> T:
        """One of the values."""
        return values[self.below(len(values))]

    def digits(self, count: int) -> str:
        """Decimal digits."""
        return f"{self.below(10**count):0{count}}"

    def chance(self, percent: int) -> bool:
        """True that many times in a hundred."""
        return self.below(100) < percent
