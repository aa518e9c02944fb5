"""One test put to one node, and the verdict: with repetition, shrinking, and the difference between a node that is
wrong, a node that is not the same twice, a node that cannot be talked to, and a kit that is wrong.

It must not start processes by itself (a `Bench` does), nor know what a test asks.
"""

import json
import traceback
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Protocol

from attrs import define, evolve, field

from conformance.checkers import classes, judge
from conformance.conform.catalogue import Test
from conformance.conform.session import Session
from conformance.conform.verdicts import (
    Broken,
    Differs,
    Failed,
    Failure,
    Inconclusive,
    Result,
    Unsupported,
    Verdict,
)
from conformance.door import Breach, Door, Hello, Stopped
from conformance.plan import Plan
from conformance.sentences import say
from conformance.shrink import Shrunk, shrink
from conformance.standard import Profile
from conformance.trace import trace_digest
from conformance.wire import canonical

__all__ = ["REPLAYS", "Bench", "Unusable", "examine"]

REPLAYS = 3
"""Runs that must agree before a failure is one."""
PURE = "NOD-051"
"""What a node breaks that is not the same three times, whatever was asked."""
SHRINKING = 400
"""Executions that a plan is shrunk by."""


class Opening(Protocol):
    """How a node is started, or reached: a fresh conversation each time."""

    def __call__(self, environment: Mapping[str, str] | None = None) -> Door:
        """Raises `Unstarted`."""
        ...


class Unusable(Exception):
    """The node broke the protocol: nothing more can be said of it. `args[0]` is the `Breach` or `Stopped`."""


@define
class Bench:
    """A node at hand: one process for many tests, a new one where a test cost it its life."""

    open: Opening
    restarts: bool
    """Whether a fresh process can be started beside the first."""
    profile: str = ""
    declared: Profile | None = None
    suite: str = "stub"
    effort: int = 1
    door: Door | None = None
    hello: Hello | None = None
    shrinking: int = SHRINKING
    """Executions that a plan may be shrunk by."""
    spent: int = field(default=0)
    """Messages of doors that are closed."""

    def ready(self) -> Door:
        """The door, opened anew if it must be; raises `Unstarted`, `Unusable`."""
        if self.door is None:
            self.door = self.open()
            try:
                self.hello = self.door.hello()
            except (Breach, Stopped) as end:
                self.drop()
                raise Unusable(end) from None
        return self.door

    def drop(self) -> None:
        """The process is of no use any more."""
        if self.door is not None:
            self.spent += self.door.messages
            self.door.close()
            self.door = None

    def session(self, test: Test | None = None) -> Session:
        """A session that begins with `reset`."""
        door = self.ready()
        door.reset()
        assert self.hello is not None
        made = Session(door, self.hello, self.profile, self.declared, self.suite, effort=self.effort)
        made.about = test.clauses[0] if test is not None else made.about
        made.reopen = self.open if self.restarts else None
        return made


def examine(bench: Bench, test: Test) -> Result:
    """The verdict of one test; raises `Unusable` and `Unstarted`."""
    before = bench.ready().messages + bench.spent
    result = _examined(bench, test)
    now = bench.spent + (bench.door.messages if bench.door is not None else 0)
    return evolve(result, messages=now - before)


def _examined(bench: Bench, test: Test) -> Result:
    base = Result(test.id, test.level, test.clauses, Verdict.PASS, test.binds, pack=test.pack)
    session = None
    try:
        session = bench.session(test)
        test.run(session)
    except Unsupported as unsupported:
        return evolve(base, verdict=Verdict.UNSUPPORTED, reason=unsupported.args[0])
    except Inconclusive as inconclusive:
        verdict, reason = Verdict.INCONCLUSIVE, inconclusive.args[0]
        return evolve(base, verdict=verdict, reason=reason, **_counts(session))
    except Broken as broken:
        return evolve(_broken(bench, test, base, broken), **_counts(session))
    except Failed as failed:
        return evolve(_failed(bench, test, base, failed), **_counts(session))
    except Stopped as stopped:
        return _stopped(bench, base, stopped)
    except Breach as breach:
        bench.drop()
        raise Unusable(breach) from None
    except AssertionError as error:
        return evolve(base, verdict=Verdict.HARNESS_ERROR, reason=_ours(error))
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError) as error:
        return evolve(base, verdict=Verdict.HARNESS_ERROR, reason=_ours(error))
    return evolve(base, **_counts(session))


def _counts(session: Session | None) -> dict[str, Any]:
    if session is None:
        return {}
    return {"runs": max(1, session.runs), "triggered": dict(sorted(session.triggered.items()))}


def _ours(error: BaseException) -> str:
    """An error of the kit: its kind and place."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.filename.rpartition('/')[2]}:{frame.lineno}: {str(error)[:200]}"


def _stopped(bench: Bench, base: Result, stopped: Stopped) -> Result:
    """No input stops a node (NOD-020); a node that stops for no input cannot be examined."""
    bench.drop()
    if not stopped.on_input:
        raise Unusable(stopped) from None
    why, detail = say(f"stopped.{stopped.why}"), stopped.detail
    actual = say("stopped.on.with" if detail else "stopped.on", why=why, op=stopped.op, detail=detail)
    failure = Failure("NOD-020", say("reply.any"), actual, request=stopped.request, words=stopped.words)
    return evolve(base, verdict=Verdict.FAIL, failure=failure)


# --- a step that is wrong ---


def fingerprint(door: Door | None) -> str:
    """What a node said since the last reset, as one digest; frames are not told apart by their numbers."""
    replies = [] if door is None else [canonical({**json.loads(reply), "id": 0}) for _, reply in door.record]
    return sha256(b"\n".join(replies)).hexdigest()


def _failed(bench: Bench, test: Test, base: Result, failed: Failed) -> Result:
    """The same three times, or not the same."""
    request, reply = failed.exchange
    failure = Failure(failed.clause, failed.expected, failed.actual, failed.at, request, reply, tuple(failed.diff))
    lines = tuple(bench.door.record) if bench.door is not None else ()
    if isinstance(failed, Differs):
        return evolve(base, verdict=failed.verdict, failure=failure, lines=lines)
    replays = [fingerprint(bench.door)]
    for _ in range(REPLAYS - 1):
        replays.append(_again(bench, test))
    failure = evolve(failure, replays=tuple(replays))
    if len(set(replays)) > 1:
        failure = evolve(failure, clause=PURE)
        return evolve(base, verdict=Verdict.NONDETERMINISTIC, failure=failure, lines=lines)
    return evolve(base, verdict=failed.verdict, failure=failure, lines=lines)


def _again(bench: Bench, test: Test) -> str:
    """The fingerprint of the test run once more; of no run at all where it ends in another way."""
    try:
        test.run(bench.session(test))
    except Failed:
        return fingerprint(bench.door)
    except (Unsupported, Inconclusive, Broken):
        return "another end"
    except (Stopped, Breach) as end:
        bench.drop()
        return f"{type(end).__name__}"
    return "passed"


# --- a run that breaks a law ---


def _broken(bench: Bench, test: Test, base: Result, broken: Broken) -> Result:
    """Three runs of the plan; if they are one run, the smallest plan that breaks the same law."""
    first = broken.violations[0]
    session = bench.session()
    replays = [trace_digest(broken.history), *(trace_digest(session.play(broken.plan)) for _ in range(REPLAYS - 1))]
    if len(set(replays)) > 1:
        expected, actual = say("same.run"), say("same.run.not")
        failure = Failure(PURE, expected, actual, plan=broken.plan, replays=tuple(replays))
        return evolve(base, verdict=Verdict.NONDETERMINISTIC, failure=failure)
    shrunk = smallest(session, broken.plan, first.clause, bench.shrinking)
    history = session.play(shrunk.plan, watched=True)
    violations = tuple(one for one in judge(history) if one.clause == first.clause) or (first,)
    failure = Failure(
        first.clause, violations[0].expected, violations[0].actual, plan=shrunk.plan, history=history,
        violations=violations, replays=tuple(replays),
        shrunk={"complete": shrunk.complete, "from": broken.plan.size, "runs": shrunk.executions,
                "to": shrunk.plan.size},
    )  # fmt: skip
    return evolve(base, verdict=Verdict.FAIL, failure=failure, lines=tuple(session.door.record))


def smallest(session: Session, plan: Plan, clause: str, budget: int) -> Shrunk:
    """The smallest plan found that breaks the same law of the same node."""

    def fails(candidate: Plan) -> bool:
        try:
            return clause in classes(judge(session.play(candidate)))
        except (Failed, Unsupported):
            return False

    return shrink(plan, fails, session.profile_of(plan).contract, budget)


