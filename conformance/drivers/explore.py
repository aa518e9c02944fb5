"""Exploration: many processes, each drawing plans by number from one seed, playing and judging them.

Why by number: plan i of seed s is the same on every machine and for any number of workers, so a campaign can be split,
resumed and merged. It uses no test library, prints nothing, and stops at once when asked, with what it has found.

It must not know any engine.
"""

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from functools import lru_cache
from random import Random

from attrs import frozen

from conformance.adversary.generate import draw_plan
from conformance.adversary.renewal import draw_renewal
from conformance.checkers import classes
from conformance.checkers.sometimes import events
from conformance.drivers.enumerate import ROUNDS, Enumeration
from conformance.drivers.workers import workers as side_by_side
from conformance.plan import Plan
from conformance.shrink import Shrunk, shrink
from conformance.targets import Target, contract
from conformance.trace import trace_digest

CHUNK = 250
"""Plans a worker plays between two reports."""
REPEATED = 50
"""One plan in so many is played again, with the nodes made in another order, before it is judged."""


@frozen
class Campaign:
    """What to explore. Plan i is a function of (seed, i) and of the rest."""

    engine: str
    seed: int
    runs: int
    first: int = 0
    nodes: int = 4
    liars: int | None = None
    heights: int = 2
    profile: str = ""
    zoo: str = ""
    tier: str = ""
    enumerated: str = ""
    """An enumeration of `conformance.drivers.enumerate` instead of drawn plans; `runs` is then at most its length."""
    rounds: int = ROUNDS
    """Rounds of an enumeration."""
    weights: tuple[int, ...] = ()
    members: bool = False
    """Whether members come and go; nodes, liars and heights are drawn then."""

    def plan(self, number: int) -> Plan:
        """Plan `number` of this campaign."""
        if self.enumerated:
            return enumeration(self.enumerated, self.engine, self.nodes, self.rounds).plan(number)
        rng = Random(f"{self.seed}/{number}")
        law = contract(self.engine)
        if self.members:
            return draw_renewal(rng, law, profile=self.profile)
        return draw_plan(rng, law, n=self.nodes, liars=self.liars, heights=self.heights, profile=self.profile,
                         tier=self.tier, weights=self.weights)  # fmt: skip


@lru_cache(maxsize=8)
def enumeration(name: str, engine: str, nodes: int, rounds: int) -> Enumeration:
    """The plans of a small scope for an engine."""
    return Enumeration.of(name, contract(engine), nodes, rounds)


@frozen
class Found:
    """A plan that breaks something."""

    number: int
    plan: Plan
    classes: tuple[str, ...]


@frozen
class Tally:
    """What a stretch of runs came to. Tallies add up in any order."""

    runs: int = 0
    heights: int = 0
    """Heights decided, over all runs and correct nodes."""
    triggered: Mapping[str, int] = {}
    """Runs in which each kind of atom took effect."""
    found: tuple[Found, ...] = ()
    sometimes: Mapping[str, int] = {}
    """Runs in which each event of `conformance.checkers.sometimes` happened (INV-V5)."""

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        found = sorted((*self.found, *other.found), key=lambda one: one.number)
        return Tally(self.runs + other.runs, self.heights + other.heights, added(self.triggered, other.triggered),
                     tuple(found), added(self.sometimes, other.sometimes))  # fmt: skip


def added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """Two tables of counts as one, in order of name."""
    return {name: one.get(name, 0) + other.get(name, 0) for name in sorted({*one, *other})}


def play_range(campaign: Campaign, first: int, count: int) -> Tally:
    """Plans `first` to `first + count - 1`, played and judged in this process.

    A run leaves no cycles behind, so the collector of cycles rests meanwhile.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _play_range(campaign, first, count)
    finally:
        if collecting:
            gc.enable()


def _play_range(campaign: Campaign, first: int, count: int) -> Tally:
    target = Target(campaign.zoo)
    heights, triggered, happened, found = 0, Counter[str](), Counter[str](), []
    for number in range(first, first + count):
        plan = campaign.plan(number)
        history = target.play(plan)
        if number % REPEATED == 0 and trace_digest(target.play(plan, backwards=True)) != trace_digest(history):
            found.append(Found(number, plan, ("INV-S5",)))
            continue  # no verdict on a run that is not the only one of its plan
        heights += len(history.decisions)
        triggered.update(history.triggered.keys())
        happened.update(events(history))
        broken = classes(target.judge(history))
        if broken:
            found.append(Found(number, plan, broken))
    return Tally(count, heights, triggered, tuple(found), happened)


def explore(campaign: Campaign, workers: int, tell: Callable[[Tally, float], None], stop_at: int = 0) -> Tally:
    """Play a campaign on `workers` processes; `tell` hears the tally and the seconds so far after each chunk.

    Stops early once `stop_at` plans that break something are found (0: never). KeyboardInterrupt ends it at once; what
    `tell` heard last is then all there is.
    """
    total, began = Tally(), time.monotonic()
    for tally in _tallies(campaign, workers):
        total = total.plus(tally)
        tell(total, time.monotonic() - began)
        if stop_at and len(total.found) >= stop_at:
            break
    return total


def _tallies(campaign: Campaign, workers: int) -> Iterator[Tally]:
    starts = range(campaign.first, campaign.first + campaign.runs, CHUNK)
    chunks = [(start, min(CHUNK, campaign.first + campaign.runs - start)) for start in starts]
    if workers == 1:
        yield from (play_range(campaign, start, count) for start, count in chunks)
        return
    with side_by_side(workers) as pool:
        yield from _as_completed(pool, campaign, chunks)


def _as_completed(pool: ProcessPoolExecutor, campaign: Campaign, chunks: Iterable[tuple[int, int]]) -> Iterator[Tally]:
    waiting: set[Future[Tally]] = {pool.submit(play_range, campaign, *chunk) for chunk in chunks}
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        yield from (future.result() for future in done)


def shrink_found(campaign: Campaign, found: Found, clause: str, budget: int) -> Shrunk | None:
    """The smallest plan that breaks this class under the kill rule; None if `found` does not."""
    target = Target(campaign.zoo)
    if not target.breaks(found.plan, clause):
        return None
    return shrink(found.plan, lambda plan: target.breaks(plan, clause), contract(campaign.engine), budget)
