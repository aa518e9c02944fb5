"""A source file and places in it.

A place is a pair of character offsets; lines, columns and display widths are computed only when a message is written.
This module must not know tokens, grammar or languages.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from unicodedata import east_asian_width

from attrs import frozen

Span = tuple[int, int]
"""Start and end offset in characters, end exclusive."""

NOWHERE: Span = (0, 0)


@frozen(slots=False)
class Source:
    """A text with the name it is shown under. Raises nothing; bytes become text in `lexer.read`."""

    name: str
    text: str

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """Offset of the first character of every line."""
        starts = [0]
        starts.extend(at + 1 for at, character in enumerate(self.text) if character == "\n")
        return tuple(starts)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1; columns count characters."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, without its end."""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] - 1 if number < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r")


def width(text: str) -> int:
    """Columns that a terminal gives a text: 2 for wide and full-width characters, else 1 (a tab is written as one)."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
