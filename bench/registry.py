"""Every item, by name, in the order in which the report has them. Preparing an item is left to whoever runs it."""

from collections.abc import Callable, Mapping
from importlib import import_module

from bench.measure import Contest, Count, Method

__all__ = ["Maker", "items"]

Maker = Callable[[Method], Contest | Count]
"""Prepares an item."""

FAMILIES = (
    "crypto", "codec", "state", "trees", "ledger", "records", "action", "policies", "language", "simulation", "store",
    "door", "startup",
)  # fmt: skip


def items(only: tuple[str, ...] = ()) -> Mapping[str, Maker]:
    """The items whose names begin with one of `only`, or all; families that are not asked for are not imported."""
    found: dict[str, Maker] = {}
    for family in FAMILIES:
        found.update(import_module(f"bench.{family}").ITEMS)
    return {name: make for name, make in found.items() if not only or name.startswith(only)}
