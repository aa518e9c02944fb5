"""Refusals of the shell itself: a file, an option, an extra. The ledger's refusals have their own class in the data
layer.

Why two: the shell can be imported without any layer, so that `yilian --version` starts at once. Both carry a code and
values, and `refimpl.shell.messages` says either in the reader's language.
"""

from typing import Final

FOUND: Final = 1
"""Exit status: findings, refused, failed or violated."""
USAGE: Final = 2
"""Exit status: the command was called wrongly, or an extra is missing."""
UNUSABLE: Final = 3
"""Exit status: what was given cannot be used, because it is unreadable or not of its kind."""
OURS: Final = 70
"""Exit status: an error of this program."""
INTERRUPTED: Final = 130
"""Exit status: stopped by the person."""


class Fault(Exception):
    """Something given to a command cannot be used: a code of `messages.SENTENCES` and the values of its sentence."""

    def __init__(self, code: str, *, status: int = UNUSABLE, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.values = values
