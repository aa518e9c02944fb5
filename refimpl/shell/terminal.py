"""Manners at the terminal: colour only where wanted and never alone, progress only where somebody watches.

stdout carries data, stderr carries talk. `NO_COLOR`, `FORCE_COLOR` and `TERM=dumb` are obeyed (no-color.org). Wide
characters count two columns. Must not know what is shown.
"""

import unicodedata
from collections.abc import Mapping
from typing import Protocol, TextIO

import attrs


class Progress(Protocol):
    """Tells a waiting person how far a run has come."""

    def show(self, text: str) -> None:
        """Replace the line shown before by `text`."""

    def clear(self) -> None:
        """Take the line away, so that what follows starts on a clean one."""


@attrs.define
class LiveProgress:
    """One line on stderr, rewritten in place."""

    stream: TextIO
    _width: int = attrs.field(default=0, init=False)

    def show(self, text: str) -> None:
        """Replace the line shown before by `text`."""
        width = display_width(text)
        self.stream.write("\r" + text + " " * max(0, self._width - width))
        self.stream.flush()
        self._width = width

    def clear(self) -> None:
        """Blank the line and return to its start."""
        if self._width:
            self.stream.write("\r" + " " * self._width + "\r")
            self.stream.flush()
            self._width = 0


class NoProgress:
    """For pipes, logs and `--quiet`: says nothing."""

    def show(self, text: str) -> None:
        """Nothing is shown."""

    def clear(self) -> None:
        """There is nothing to take away."""


def progress_on(stream: TextIO) -> Progress:
    """Progress for whoever watches `stream`: live on a terminal, silent elsewhere."""
    return LiveProgress(stream) if stream.isatty() else NoProgress()


def colour_wanted(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether to colour what goes to `stream`: `NO_COLOR` beats `FORCE_COLOR` beats being a terminal that is not
    dumb."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"


def display_width(text: str) -> int:
    """Columns the text takes: East Asian wide and full-width characters two, combining marks none."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, width: int) -> str:
    """`text` with blanks to `width` columns; never cut."""
    return text + " " * max(0, width - display_width(text))
