"""The results of a run as data: what `--json` prints and `--out` keeps. Equal for two equal runs, but for `timing`.

It must not judge. Schema `yilian/conform/v1`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import asdict

from conformance.conform.claims import Claim, Run, adversary
from conformance.conform.verdicts import Failure, Result
from conformance.declaration import to_data
from conformance.door import Hello
from conformance.sentences import written
from conformance.standard import clauses, schema_digest

__all__ = ["REPLAY_SCHEMA", "SCHEMA", "as_data", "replay_file"]

SCHEMA: Final = "yilian/conform/v1"
REPLAY_SCHEMA: Final = "yilian/conform-replay/v1"
SPEC: Final = "1.0"


def as_data(
    kit: str, hello: Hello, run: Run, claim: Claim, results: Sequence[Result], wall_ms: int
) -> dict[str, Any]:
    """The object."""
    return {
        "adversary": adversary(results),
        "claim": {"below": claim.below or None, "blocking": list(claim.blocking), "holds": claim.holds,
                  "level": claim.level, "packs": list(claim.packs), "partial": list(claim.partial)},
        "kit": kit,
        "node": {"command": run.command, "hello": _listed(asdict(hello)), "name": hello.name,
                 "version": hello.version},
        "run": {"complete": run.complete, "level": run.level, "messages": sum(one.messages for one in results),
                "packs": list(run.packs), "profile": run.profile, "runs": sum(one.runs for one in results),
                "suite": run.suite},
        "schema": SCHEMA, "spec": SPEC, "tests": [_test(one) for one in results], "timing": {"wall_ms": wall_ms},
        "wire": schema_digest(),
    }  # fmt: skip


def _listed(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(inner) if isinstance(inner, tuple) else inner for name, inner in value.items()}


def _test(result: Result) -> dict[str, Any]:
    told: dict[str, Any] = {
        "clauses": list(result.clauses), "id": result.test, "level": result.level, "must": result.binds,
        "packs": [result.pack] if result.pack else [], "runs": result.runs, "triggered": dict(result.triggered),
        "verdict": result.verdict.value,
    }  # fmt: skip
    if result.reason:
        told |= written(reason=result.reason)
    if result.issue:
        told["issue"] = result.issue
    if result.failure is not None:
        told["failure"] = failure_data(result.failure)
    return told


def failure_data(failure: Failure) -> dict[str, Any]:
    """A failure as data; the text of its clause is quoted."""
    known = clauses().get(failure.clause.partition(".")[0])
    return {
        **written(expected=failure.expected, actual=failure.actual),
        "at": {"pointer": failure.at, "reply": failure.reply, "request": failure.request}, "clause": failure.clause,
        "diff": [dict(one) for one in failure.diff], "file": failure.file,
        "plan": None if failure.plan is None else failure.plan.to_data(),
        "replays": list(failure.replays), "shrunk": dict(failure.shrunk), "text": "" if known is None else known.text,
        "violations": [one.to_data() for one in failure.violations], "words": failure.words[-4000:],
    }  # fmt: skip


def replay_file(result: Result, run: Run) -> str:
    """What repeats a failure: the plan if there is one, the test, and the frames as they were, both ways."""
    failure = result.failure
    plan = None if failure is None or failure.plan is None else failure.plan.to_data()
    told = failure or Failure("", "", "")
    data = {
        **written(expected=told.expected, actual=told.actual), "clause": told.clause,
        "declared": None if run.declared is None else to_data(run.declared),
        "lines": [list(pair) for pair in result.lines], "node": run.node, "plan": plan, "profile": run.profile,
        "schema": REPLAY_SCHEMA, "suite": run.suite, "test": result.test, "verdict": result.verdict.value,
    }  # fmt: skip
    return json.dumps(data, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
