"""What may be a key in a store: the same for every store, so that a ledger moves from one to another unchanged."""

import re
from collections.abc import Sequence
from typing import Final

from refimpl.node.ports import Write

__all__ = ["KEY_CHARS", "check_keys"]

KEY_CHARS: Final = 1024
"""Longest key: `state/` and the hex of the longest state key take about half of it."""

_KEY: Final = re.compile(rf"[!-~]{{1,{KEY_CHARS}}}")


def check_keys(writes: Sequence[Write]) -> None:
    """`ValueError` for a key that is not 1..KEY_CHARS printable ASCII characters: keys are ours, not outside input."""
    for key, _ in writes:
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a key of a store: {len(key)} characters")
