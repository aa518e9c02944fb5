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
    """The engine, or one of `APART`."""
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
    whole: Plan | None = None
    """The smallest plan known that shows it on whole nodes, where `witness` does not: those rest while nothing is
    handed in, go on after the heights of a plan, and make a block only once."""
    door: tuple[str, ...] = ()
    """Clauses which say of a process what `breaks` says of a history, where no checker of histories does."""

    @property
    def own(self) -> tuple[str, ...]:
        """What a process with this bug must be caught for."""
        return self.breaks + self.door


ZOO: dict[str, Entry] = {}
"""Id -> entry."""


APART = ("ledger", "members")
"""What no plan of an engine alone hunts: laws over blocks do, and plans with changes of the members."""

SURVIVORS: Mapping[str, str] = {}
"""Id -> why nothing kills it yet. This list may only shrink."""


NOT_HERE: Mapping[str, str] = {
    "H02": "votes and wishes go to everybody, each wish with the highest certificate (CON-068), so a lock is hidden "
           "from a leader for one view, and of the views of correct leaders between two liars' one more is lost; a "
           "liar that certifies its own block to hide it completes the three views before it. Written down and played: "
           "tests/sim/test_not_here.py; 4,224 plans of every profile broke nothing (2026-11-28)",
    "H11": "no timer is kept that two paths could double: it is a function of the view and of the highest certificate "
           "(CON-068), set anew by every certificate. Its nearest wrong line, a timer of the square, ends views later "
           "and within the declared bound: tests/sim/test_not_here.py; 4,224 plans broke nothing (2026-11-28)",
    "H12": "no aggregated certificates: the engine is chained HotStuff, not Fast-HotStuff (2026-11-28)",
    "P15": "one height is in progress at a time and one more is kept, so there is no window of sequence numbers to "
           "bound (ADR 0008); what is kept ahead is bounded by CON-022 (2026-11-28)",
    "P19": "a view that is wanted has no clock before a quorum wants it (CON-047), so no member runs ahead of "
           "the views that a quorum knows, and the clocks of those behind bring them to it: joining (CON-048) saves "
           "time, no more. Played without it: tests/sim/test_not_here.py; 4,000 plans broke nothing (2026-11-28)",
    "P21": "no fast path for reading: what is read is proved against a decided root (2026-11-28)",
    "P23": "what was executed is known from the state alone, by the sender's nonce; its wrong line is D06 (2026-11-28)",
    "P24": "nobody counts replies: an answer carries its proof (2026-11-28)",
    "R04": "the members of a Raft log do not change while it runs (2026-11-28)",
    "T16": "votes carry no extensions (2026-11-28)",
    "T18": "a height that a peer claims is a reason to ask, never a target to reach (CON-007) (2026-11-28)",
}  # fmt: skip
"""Id of the corpus -> why its wrong line cannot be written in these engines, or changes nothing there."""


def load() -> None:
    """Read every family, so that `ZOO` is whole."""
    for family in ("tendermint", "pbft", "hotstuff", "streamlet", "raft", "longest_chain", "ledger", "members"):
        importlib.import_module(f"conformance.zoo.{family}")


def mutant(
    name: str, *, of: str, breaks: tuple[str, ...], tier: str, witness: dict[str, Any] | None = None,
    empty_breaks: tuple[str, ...] = (), whole: dict[str, Any] | None = None, door: tuple[str, ...] = (),
) -> Callable[[type], type]:  # fmt: skip
    """Plant a class under an id; its docstring is the story."""

    def read(plan: dict[str, Any] | None) -> Plan | None:
        return None if plan is None else Plan.from_data({"plan": "yilian/plan/v1", "engine": of, "n": 4, **plan})

    def plant(cls: type) -> type:
        story = " ".join((cls.__doc__ or "").split())
        ZOO[name] = Entry(name, of, breaks, tier, cls, story, read(witness), empty_breaks, read(whole), door)
        return cls

    return plant
