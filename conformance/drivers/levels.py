"""Drives a run over all its tests: one process of the node for many tests, or several side by side.

The order of results is that of the catalogue, whoever finished first. It must not judge.
"""

import os
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from attrs import evolve, frozen

from conformance.conform.catalogue import Test, tests
from conformance.conform.examine import Bench, examine
from conformance.conform.verdicts import VIOLATED, Result, Verdict
from conformance.door import Door, Guards, open_door
from conformance.drivers.workers import workers as side_by_side
from conformance.sentences import Sentence, say
from conformance.standard import Profile

__all__ = ["INTERRUPTED", "Settings", "bench_of", "examined"]


@frozen
class Settings:
    """How to reach the node, and how hard to look."""

    command: str = ""
    address: str = ""
    profile: str = ""
    suite: str = "stub"
    effort: int = 1
    patient: bool = False
    answer_seconds: float = 0
    """How long an answer may take; 0 for the limit of the protocol."""
    declared: Profile | None = None
    """What is declared of the profile, if it is the node's own."""


def bench_of(settings: Settings) -> Bench:
    """The node at hand; nothing is started yet."""
    guards = Guards(patient=settings.patient)
    if settings.answer_seconds:
        guards = evolve(guards, answer_seconds=settings.answer_seconds)

    def opened(environment: Any = None) -> Door:
        merged = None if environment is None else {**os.environ, **environment}
        return open_door(settings.command, settings.address, guards, merged)

    return Bench(opened, not settings.address, settings.profile, settings.declared, settings.suite, settings.effort)


OVER, STOPPED, INTERRUPTED = say("run.over"), say("run.stopped"), say("run.interrupted")
"""Why a test was not run."""
_AT_WORK: list[tuple[Bench, dict[str, Test]]] = []
"""In a worker: its bench and the catalogue."""


def _prepare(settings: Settings) -> None:
    _AT_WORK.append((bench_of(settings), {test.id: test for test in tests()}))


def _work(name: str) -> Result:
    bench, catalogue = _AT_WORK[0]
    return examine(bench, catalogue[name])


def _not_run(test: Test, reason: Sentence) -> Result:
    return Result(test.id, test.level, test.clauses, Verdict.INCONCLUSIVE, test.binds, runs=0, reason=reason,
                  pack=test.pack)  # fmt: skip


def examined(
    settings: Settings, listed: Sequence[Test], *, workers: int = 1, budget: float = 0,
    told: Callable[[Result], None] = lambda result: None, fail_fast: bool = False,
) -> list[Result]:  # fmt: skip
    """The verdict of every test, in the order given; `told` hears each as it comes. A budget is in seconds, 0 for none.
    An interruption ends the run: what was found is returned, what was not run says so.

    Raises `Unusable` and `Unstarted`."""
    deadline = time.monotonic() + budget if budget else float("inf")
    if workers <= 1 or settings.address:
        source = _one_by_one(settings, listed, deadline)
    else:
        source = _side_by_side(settings, listed, deadline, workers)
    found: dict[str, Result] = {}
    reason = STOPPED
    try:
        for result in source:
            found[result.test] = result
            told(result)
            if fail_fast and result.verdict in VIOLATED:
                break
    except KeyboardInterrupt:
        reason = INTERRUPTED
    finally:
        source.close()
    return [found.get(test.id) or _not_run(test, reason) for test in listed]


def _one_by_one(settings: Settings, listed: Sequence[Test], deadline: float) -> Generator[Result, None, None]:
    bench = bench_of(settings)
    try:
        for test in listed:
            yield _not_run(test, OVER) if time.monotonic() > deadline else examine(bench, test)
    finally:
        bench.drop()


def _side_by_side(
    settings: Settings, listed: Sequence[Test], deadline: float, workers: int
) -> Generator[Result, None, None]:
    """Tests are handed out one by one, so that a budget or an interruption ends the run soon."""
    with side_by_side(workers, _prepare, settings) as pool:
        waiting = list(listed)
        running: set[Future[Result]] = set()
        while waiting or running:
            late = waiting if time.monotonic() > deadline else []
            yield from (_not_run(test, OVER) for test in late)
            waiting = [] if late else waiting
            room = max(0, workers + 1 - len(running))
            running |= {pool.submit(_work, test.id) for test in waiting[:room]}
            waiting = waiting[room:]
            finished = wait(running, return_when=FIRST_COMPLETED).done if running else set()
            running -= finished
            yield from (future.result() for future in finished)


