"""Checkers: pure functions of a history, one file an invariant.

Why: the same judge serves the simulator, a foreign node and a recorded file. A checker shares no code with what it
judges. `CHECKERS` is their order in reports; `judge` runs those that a plan's tier allows.
"""

from collections.abc import Callable, Mapping

from conformance.checkers import (
    accusation,
    agreement,
    certificate,
    determinism,
    immutability,
    integrity,
    step_rules,
    termination,
    validity,
)
from conformance.history import History, Violation

Checker = Callable[[History], tuple[Violation, ...]]

CHECKERS: Mapping[str, Checker] = {
    "INV-S1": agreement.check,
    "INV-S2": immutability.check,
    "INV-S3": validity.check,
    "INV-S4": integrity.check,
    "INV-S5": determinism.check,
    "INV-S6": certificate.check,
    "INV-S7": step_rules.check,
    "INV-A2": accusation.check,
    "INV-V1": termination.check,
}
"""Invariant -> its checker, in the order of reports."""


def judge(history: History) -> tuple[Violation, ...]:
    """Every violation in a history, in the order of `CHECKERS`."""
    return tuple(violation for check in CHECKERS.values() for violation in check(history))


def classes(violations: tuple[Violation, ...]) -> tuple[str, ...]:
    """The invariant classes of these violations, each once, in order."""
    return tuple(dict.fromkeys(violation.clause for violation in violations))
