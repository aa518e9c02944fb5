"""The method: calibrated samples, taken in turns, after all contenders have shown that they do equal work.

Why turns: a machine that is slow for a second is slow for everybody. A sample is long enough for the clock; a round is
one sample of each contender; what is compared is the median of the ratios within rounds. Nothing here asserts a time.

It must not know what is measured.
"""

import gc
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median
from time import perf_counter
from typing import Any, Final

from attrs import frozen

__all__ = ["FULL", "QUICK", "Contender", "Contest", "Count", "Method", "Unequal", "contest_result", "count_result"]


@frozen
class Method:
    """How long and how often."""

    sample: float
    """Least seconds of a sample."""
    rounds: int
    quick: bool = False
    """Whether loads are cut down as well: the shape of the result is then all that counts."""

    def size(self, full: int, quick: int) -> int:
        """How much of a load there is to be."""
        return quick if self.quick else full


FULL: Final = Method(0.080, 7)
QUICK: Final = Method(0.002, 2, quick=True)


class Unequal(Exception):
    """Contenders that do not do the same: nothing is compared."""


@frozen
class Contender:
    """Somebody's way to do `units` units of the work, each time `run` is called."""

    name: str
    run: Callable[[], object]
    units: int = 1


@frozen
class Contest:
    """One comparison: how fast `contenders[0]` is, as a part of `contenders[1]`; others run along."""

    unit: str
    """What is counted, in the plural: `transactions`, `bytes`."""
    contenders: tuple[Contender, ...]
    bound: str
    """What the second contender is, and why nothing is expected to beat it."""
    prove: Callable[[], None]
    """Raises `Unequal` unless the contenders do the same."""
    gate: float | None = None
    """Least ratio; None is a guide, reported and never failed."""
    note: str = ""
    counts: Mapping[str, Any] = {}
    """Facts beside the times: sizes, shares, counts."""
    absent: tuple[str, ...] = ()
    """Peers that are not installed here."""
    rounds: int | None = None
    """Fewer rounds, for loads of many seconds."""
    every_core: bool = False
    """Whether the load is several processes; all else keeps to one core."""


@frozen
class Count:
    """A gate by count: what was counted may not exceed what is allowed."""

    unit: str
    found: Mapping[str, float]
    allowed: Mapping[str, float]
    note: str = ""

    @property
    def held(self) -> bool:
        """Whether every count is within its limit."""
        return all(self.found[name] <= most for name, most in self.allowed.items())


def contest_result(contest: Contest, method: Method) -> dict[str, Any]:
    """Prove, warm up, calibrate, measure. Times are seconds for one unit."""
    contest.prove()
    rounds = min(contest.rounds or method.rounds, method.rounds)
    with _cores(contest):
        repeats = {one.name: _calibrated(one, method.sample) for one in contest.contenders}
        gc.collect()
        times: dict[str, list[float]] = {one.name: [] for one in contest.contenders}
        for _ in range(rounds):
            for one in contest.contenders:
                times[one.name].append(_sample(one, repeats[one.name]))
    subject, base = (times[one.name] for one in contest.contenders[:2])
    ratios = [slow / fast for fast, slow in zip(subject, base, strict=True)]
    held = None if contest.gate is None else median(ratios) >= contest.gate
    return {
        "unit": contest.unit,
        "rounds": rounds,
        "contenders": {name: _summary(taken) for name, taken in times.items()},
        "ratio": {
            "of": contest.contenders[0].name, "to": contest.contenders[1].name, "median": _short(median(ratios)),
            "minimum": _short(min(ratios)), "maximum": _short(max(ratios)),
        },
        "bound": contest.bound,
        "gate": contest.gate,
        "held": held,
        "counts": dict(contest.counts),
        "note": contest.note,
        "not_measured": list(contest.absent),
    }  # fmt: skip


def count_result(count: Count) -> dict[str, Any]:
    """A count in the same shape as a contest."""
    return {
        "unit": count.unit, "rounds": 1, "contenders": {}, "ratio": None, "bound": "a count, the same on every machine",
        "gate": dict(count.allowed), "held": count.held, "counts": dict(count.found), "note": count.note,
        "not_measured": [],
    }  # fmt: skip


def _summary(taken: list[float]) -> dict[str, float]:
    return {
        "median": _short(median(taken)), "minimum": _short(min(taken)), "maximum": _short(max(taken)),
        "per_second": _short(1 / median(taken)),
    }  # fmt: skip


def _short(number: float) -> float:
    """Four digits: more would claim more than was measured."""
    return float(f"{number:.4g}")


def _calibrated(one: Contender, least: float) -> int:
    """How often to run for a sample of at least `least` seconds; warms up on the way."""
    one.run()
    repeats = 1
    while True:
        began = perf_counter()
        for _ in range(repeats):
            one.run()
        taken = perf_counter() - began
        if taken >= least:
            return repeats
        repeats = max(repeats + 1, int(repeats * min(100.0, 1.1 * least / max(taken, 1e-9))))


def _sample(one: Contender, repeats: int) -> float:
    run = one.run
    began = perf_counter()
    for _ in range(repeats):
        run()
    return (perf_counter() - began) / (repeats * one.units)


@contextmanager
def _cores(contest: Contest) -> Iterator[None]:
    """Keep to one core where the system lets us choose, unless the load is several processes."""
    if contest.every_core or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
