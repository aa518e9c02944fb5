"""What the author of an engine calls from a test: `check_consensus(ENGINE)`.

Why: an engine that plugs in here is held to what it declares and to nothing else, by the same plans, the same judge and
the same shrinker as the engines of this project. One call says whether it keeps its word, or raises with the smallest
plan that shows it does not, told in sentences, and a line that replays it.

It must not know any engine; what is declared is all there is to know (spec/consensus.md, CON-001).
"""

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from attrs import frozen

from conformance.adapters.reference import EngineCluster
from conformance.adversary.generate import draw_plan
from conformance.checkers import classes, judge
from conformance.contract import Contract
from conformance.history import History, Violation
from conformance.plan import Plan
from conformance.report.story import report
from conformance.report.words import Language, word
from conformance.shrink import shrink
from conformance.targets import Target
from conformance.trace import trace_digest
from conformance.world import play

__all__ = ["BrokenPromise", "Kept", "assert_holds", "check_consensus"]

SIZES = (1, 4, 7)
"""Numbers of members for which the happy path is played."""
REPEATED = 5
"""One plan in so many is played again, with the nodes made in another order."""


class BrokenPromise(AssertionError):
    """An engine does not hold what it declares. `clause` names the law, `plan` the smallest plan that shows it."""

    def __init__(self, clause: str, plan: Plan, told: str) -> None:
        super().__init__(told)
        self.clause, self.plan = clause, plan


@frozen
class Kept:
    """What an engine was held to."""

    contract: Contract
    plans: int
    decisions: int
    """Heights decided, over all plans and correct nodes."""


def check_consensus(
    kind: Any, *, runs: int = 300, seed: int = 0, heights: int = 2, nodes: int = 4, language: Language = "en",
    progress: Callable[[int], None] = lambda done: None,
) -> Kept:  # fmt: skip
    """Hold an engine to its declaration under `runs` drawn plans; the same seed draws the same plans.

    `kind` is a `refimpl.consensus.interface.Kind`: a promise, readers of message bodies, and `make(member, notary)`.
    Raises `BrokenPromise` with the first law broken, its plan already shrunk; `progress` is told each plan.
    """
    contract = Contract.from_data(kind.promise.to_data())
    decisions = 0
    for number, plan in enumerate(plans(contract, Random(seed), runs, heights, nodes)):
        history = attempt(kind, plan)
        broken = judge(history)
        if broken:
            raise failure(kind, contract, plan, broken[0].clause, language)
        if number % REPEATED == 0:
            require_repeatable(kind, plan, history, language)
        decisions += len(history.decisions)
        progress(number + 1)
    return Kept(contract, runs + len(SIZES), decisions)


def assert_holds(clause: str, plan: Mapping[str, Any], zoo: str = "", *, language: Language = "en") -> None:
    """Raise `BrokenPromise` if the installed engine of a plan, or the planted bug `zoo`, breaks this law under it.

    The line that a report prints calls this; `plan` is the plan's JSON. Raises `PlanError` for what is no plan.
    """
    target, read = Target(zoo), Plan.from_data(plan)
    history = target.play(read, watched=True)
    broken = tuple(one for one in target.judge(history) if one.clause == clause)
    if broken:
        raise BrokenPromise(clause, read, "\n".join(["", *report(read, history, broken, language, "-")]))


def plans(contract: Contract, rng: Random, runs: int, heights: int, nodes: int) -> Iterator[Plan]:
    """The happy path for each size, then plans drawn within the contract."""
    for n in SIZES:
        yield Plan(engine=contract.engine, n=n, heights=heights + 1, links=contract.links, delta=contract.delta)
    for _ in range(runs):
        yield draw_plan(rng, contract, n=nodes, heights=heights)


def attempt(kind: Any, plan: Plan, *, watched: bool = False) -> History:
    """One run on fresh nodes."""
    return play(plan, EngineCluster(kind, plan), watched=watched)


def require_repeatable(kind: Any, plan: Plan, history: History, language: Language) -> None:
    """Raise `BrokenPromise` INV-S5 unless a second run, of nodes made in another order, is the same run."""
    again = play(plan, EngineCluster(kind, plan), backwards=True)
    if trace_digest(again) != trace_digest(history):
        told = word("repeats.not", language, clause="INV-S5", engine=plan.engine)
        raise BrokenPromise("INV-S5", plan, f"{told}\n  {plan.encode().decode().strip()}")


def failure(kind: Any, contract: Contract, plan: Plan, clause: str, language: Language) -> BrokenPromise:
    """The smallest plan that breaks the law, as a person reads it."""

    def fails(candidate: Plan) -> bool:
        return clause in classes(judge(attempt(kind, candidate)))

    shrunk = shrink(plan, fails, contract).plan
    history = attempt(kind, shrunk, watched=True)
    broken: tuple[Violation, ...] = tuple(one for one in judge(history) if one.clause == clause)
    replay = f"yilian replay PLAN.json    PLAN.json: {shrunk.encode().decode().strip()}"
    return BrokenPromise(clause, shrunk, "\n".join(["", *report(shrunk, history, broken, language, replay)]))
