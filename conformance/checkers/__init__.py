"""Checkers: pure functions of a history, one file an invariant.

Why: the same judge serves the simulator, a foreign node and a recorded file. A checker shares no code with what it
judges. `CHECKERS` is their order in reports; `judge` runs those that a plan's tier allows.
"""

from collections.abc import Callable, Mapping

from conformance.checkers import (
    accountability,
    accusation,
    agreement,
    certificate,
    determinism,
    eligibility,
    growth,
    immutability,
    integrity,
    progress,
    quality,
    recording,
    step_rules,
    step_table,
    termination,
    validity,
)
from conformance.history import History, Violation

Checker = Callable[[History], tuple[Violation, ...]]

CHECKERS: Mapping[str, Checker] = {
    "INV-S1": agreement.check,
    "INV-S2": immutability.check,
    "INV-S3": lambda history: validity.check(history) or eligibility.check(history),
    "INV-S4": integrity.check,
    "INV-S5": determinism.check,
    "INV-S6": certificate.check,
    "INV-S7": lambda history: (*step_rules.check(history), *step_table.check(history), *recording.check(history)),
    "INV-A1": accountability.check,
    "INV-A2": accusation.check,
    "INV-V1": lambda history: (*termination.check(history), *growth.check(history), *quality.check(history)),
    "INV-V2": progress.check,
}
"""Invariant -> its checker, in the order of reports."""


WHOEVER_LIES = ("INV-S7", "INV-A1", "INV-A2")
"""What holds however many lie: the laws of the tier `accountability`."""


WORDLESS = tuple(name for name in CHECKERS if name not in ("INV-S6", "INV-S7", "INV-A1", "INV-A2"))
"""What can be judged where the kit cannot read what members say (NOD-065)."""


def judge(history: History) -> tuple[Violation, ...]:
    """Every violation in a history of the laws that its plan's tier is held to, in the order of `CHECKERS`."""
    names = WHOEVER_LIES if history.plan.tier == "accountability" else tuple(CHECKERS)
    names = WORDLESS if history.contract.opaque else names
    return tuple(violation for name in names for violation in CHECKERS[name](history))


def classes(violations: tuple[Violation, ...]) -> tuple[str, ...]:
    """The invariant classes of these violations, each once, in order."""
    return tuple(dict.fromkeys(violation.clause for violation in violations))
