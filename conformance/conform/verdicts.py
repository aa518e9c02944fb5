"""Verdicts, and what a test raises to reach one. A test that returns has passed.

Why ten: a skip that counts as a pass, a refusal for the wrong reason, a fault that never happened, and a bug of the kit
are four different things, and none of them is a pass. It must not run anything.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from conformance.history import History, Violation
from conformance.plan import Plan
from conformance.sentences import Text

__all__ = ["Broken", "Failed", "Failure", "Inconclusive", "Result", "Unsupported", "Verdict", "Weak", "WrongReason"]


class Verdict(StrEnum):
    """What is known of one test."""

    PASS = "PASS"
    """All of it held, and the planned faults took effect."""
    WEAK = "WEAK"
    """A SHOULD does not hold."""
    FAIL = "FAIL"
    """A MUST does not hold, three times alike."""
    WRONG_REASON = "WRONG_REASON"
    """Refused as expected, with another code or at another stage."""
    NONDETERMINISTIC = "NONDETERMINISTIC"
    """Equal requests got unequal replies."""
    INCONCLUSIVE = "INCONCLUSIVE"
    """It held, but the fault never took effect, or the budget ran out."""
    UNSUPPORTED = "UNSUPPORTED"
    """The node does not have it yet, or the kit cannot speak its protocol."""
    XFAIL = "XFAIL"
    """Fails, as the file of known failures says."""
    XPASS = "XPASS"
    """Passes, though the file of known failures says it does not."""
    HARNESS_ERROR = "HARNESS_ERROR"
    """The kit broke its own rule."""


BLOCKING = frozenset({
    Verdict.FAIL, Verdict.WRONG_REASON, Verdict.NONDETERMINISTIC, Verdict.INCONCLUSIVE, Verdict.UNSUPPORTED,
    Verdict.XPASS,
})  # fmt: skip
"""Verdicts on a claimed MUST with which the claim does not hold."""
VIOLATED = frozenset({Verdict.FAIL, Verdict.WRONG_REASON, Verdict.NONDETERMINISTIC, Verdict.XPASS})
"""Verdicts that say something wrong was seen."""


class Failed(Exception):
    """A MUST does not hold: the clause, what was expected and what came; where the node is a ledger, the entries of the
    state that differ; and the exchange at which it was seen."""

    verdict = Verdict.FAIL

    def __init__(
        self, clause: str, expected: Text, actual: Text, *, diff: Sequence[Mapping[str, Any]] = (), at: str = "",
        exchange: tuple[str, str] = ("", ""),
    ) -> None:  # fmt: skip
        super().__init__(f"{clause}: expected {expected}, got {actual}")
        self.clause, self.expected, self.actual = clause, expected, actual
        self.diff, self.at, self.exchange = list(diff), at, exchange


class WrongReason(Failed):
    """Refused, with another code or at another stage than the law says."""

    verdict = Verdict.WRONG_REASON


class Weak(Failed):
    """A SHOULD does not hold."""

    verdict = Verdict.WEAK


class Differs(Failed):
    """Two runs of the same requests differ."""

    verdict = Verdict.NONDETERMINISTIC


class Broken(Exception):
    """A run under a plan broke an invariant."""

    def __init__(self, plan: Plan, history: History, violations: tuple[Violation, ...]) -> None:
        super().__init__(violations[0].clause)
        self.plan, self.history, self.violations = plan, history, violations


class Inconclusive(Exception):
    """Nothing was broken, and nothing was shown: `args[0]` says why."""


class Unsupported(Exception):
    """The node, or the kit, does not have what the test needs: `args[0]` names it."""


@frozen
class Failure:
    """What a person acts on."""

    clause: str
    expected: Text
    actual: Text
    at: str = ""
    """JSON pointer into the reply."""
    request: str = ""
    reply: str = ""
    """The first exchange that differs from what the law says."""
    diff: tuple[Mapping[str, Any], ...] = ()
    """Entries of the state: key, pointer, expected, actual; the first differing key first."""
    plan: Plan | None = None
    history: History | None = None
    violations: tuple[Violation, ...] = ()
    shrunk: Mapping[str, Any] = field(factory=dict)
    """`from` and `to` in size, `runs`, `complete`."""
    replays: tuple[str, ...] = ()
    """Digest of each of the three runs."""
    words: str = ""
    """What the process said last."""
    file: str = ""
    """The replay file."""


@frozen
class Result:
    """One test with its verdict."""

    test: str
    level: str
    clauses: tuple[str, ...]
    verdict: Verdict
    binds: bool = True
    """Whether it stands for a MUST."""
    runs: int = 1
    triggered: Mapping[str, int] = field(factory=dict)
    reason: Text = ""
    pack: str = ""
    failure: Failure | None = None
    lines: tuple[tuple[str, str], ...] = ()
    """The frames of the failing run, both ways."""
    messages: int = 0
    issue: str = ""
    """Of a known failure: where it is kept."""
