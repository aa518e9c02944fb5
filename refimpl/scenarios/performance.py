"""A scenario played to its end on real nodes, and what it came to.

It must not know what a story is about, how its outcome is shown, nor where it is kept.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from attrs import frozen

from conformance.history import History, Violation
from conformance.plan import Plan
from conformance.sentences import say
from conformance.trace import trace_digest
from refimpl.scenarios import alliance, records, referral
from refimpl.scenarios.cast import Cast
from refimpl.scenarios.stage import Stage, Unanswered
from refimpl.scenarios.told import Told
from refimpl.shell.faults import Fault

__all__ = ["SCENARIOS", "Outcome", "find", "perform"]

class Story(Protocol):
    """A scenario: who takes part, what goes wrong by default, what it is given, and how it goes."""

    @property
    def TITLES(self) -> Mapping[str, Mapping[str, str]]:
        """Language -> name -> what people call it."""

    def cast(self) -> Cast:
        """Who takes part."""

    def plan(self) -> Plan:
        """The faults of the default run."""

    def bundle(self) -> bytes:
        """What hospital systems hand over; empty if nothing."""

    def play(self, stage: Stage, bundle: bytes, seed: int) -> dict[str, Any]:
        """Play it to its end, and say where everything stands."""


_TOLD: Final = (
    Told("supply", ("drug", "claim")),
    Told("reporting", ("reporting", "sharing")),
    Told("family", ("visit", "referral", "stepdown", "access", "family")),
    Told("surgery", ("surgery",)),
)

SCENARIOS: Final[Mapping[str, Story]] = {
    "referral": referral, "records": records, "alliance": alliance, **{story.name: story for story in _TOLD},
}  # fmt: skip
"""Name -> the story."""


@frozen
class Outcome:
    """What a run came to."""

    scenario: str
    seed: int
    stage: Stage
    final: dict[str, Any]
    """Where everything stands, as the story's clients see it; empty if the ledger stopped."""
    history: History
    violations: tuple[Violation, ...]

    @property
    def trace(self) -> str:
        """The digest of the run."""
        return trace_digest(self.history)


def find(scenario: str) -> Story:
    """The story of that name; raises `Fault` `scenario.unknown`."""
    if scenario not in SCENARIOS:
        raise Fault("scenario.unknown", name=scenario, known=", ".join(SCENARIOS))
    return SCENARIOS[scenario]


def perform(
    scenario: str, plan: Plan | None, bundle: bytes | None, seed: int, show: Callable[[int], None] = lambda height: None
) -> Outcome:
    """Play a scenario to its end; `None` takes the story's own plan or bundle; `show` is told each height.

    Raises `Fault` `scenario.unknown` and `scenario.other_plan`, and `Refused` `fhir.*` for a broken bundle.
    """
    story = find(scenario)
    cast = story.cast()
    chosen = story.plan() if plan is None else plan
    if chosen.n != len(cast.validators) or chosen.engine != cast.engine:
        raise Fault("scenario.other_plan", n=len(cast.validators), engine=cast.engine)
    stage = Stage(cast, chosen, show)
    try:
        final = story.play(stage, story.bundle() if bundle is None else bundle, seed)
        history, violations = stage.finish()
    except Unanswered:
        history, violations = stage.finish()
        stopped = Violation("INV-V1", stage.world.now, stage.honest, say("receipt.each"), say("receipt.late"))
        final, violations = {}, (*violations, stopped)
    return Outcome(scenario, seed, stage, final, history, violations)
