"""The zoo: planted bugs by id, each one wrong line.

Why: a suite is as good as the faults it finds. Each entry overrides one small method of the reference; nothing in the
reference knows of the zoo. `ZOO` maps ids to entries; `mutant` plants one. Sources: the corpus of published bugs and
classical mistakes, named in each docstring.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from conformance.plan import Plan


@frozen
class Entry:
    """One planted bug."""

    id: str
    of: str
    """The engine, or `ledger`."""
    breaks: tuple[str, ...]
    """The invariant classes it may break first."""
    tier: str
    """`easy`, `medium` or `hard`: by how many executions a search needs."""
    make: Any
    """The wrong engine, made like the right one; or the wrong part of a ledger."""
    story: str
    """What is wrong, in words."""
    witness: Plan | None = None
    """The smallest plan known that shows it."""
    empty_breaks: tuple[str, ...] = ()
    """What already the empty plan breaks."""


ZOO: dict[str, Entry] = {}
"""Id -> entry."""


SURVIVORS: Mapping[str, str] = {
    "H01": "needs a leader that hides a certificate and votes for a branch it does not know (2026-11-22)",
    "H03": "needs a certificate re-dated by a liar in a message of its own making (2026-11-22)",
    "H09": "needs a proposal with two parents of a liar's making (2026-11-22)",
    "R02": "needs five members, two candidates of one term and a crash between two requests (2026-11-22)",
    "S01": "needs the six epochs of the published scenario (2026-11-22)",
}
"""Id -> why nothing kills it yet. This list may only shrink."""


def load() -> None:
    """Read every family, so that `ZOO` is whole."""
    for family in ("tendermint", "pbft", "hotstuff", "streamlet", "raft", "longest_chain", "ledger"):
        importlib.import_module(f"conformance.zoo.{family}")


def mutant(
    name: str, *, of: str, breaks: tuple[str, ...], tier: str, witness: dict[str, Any] | None = None,
    empty_breaks: tuple[str, ...] = (),
) -> Callable[[type], type]:  # fmt: skip
    """Plant a class under an id; its docstring is the story."""

    def plant(cls: type) -> type:
        plan = None if witness is None else Plan.from_data({"plan": "yilian/plan/v1", "engine": of, "n": 4, **witness})
        ZOO[name] = Entry(name, of, breaks, tier, cls, " ".join((cls.__doc__ or "").split()), plan, empty_breaks)
        return cls

    return plant
