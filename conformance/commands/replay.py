"""A failure of a node, repeated: its plan, its test, or the very frames that were exchanged; or kept as a vector, or
packed for a dispute.

It must not shrink or search. Called by `yilian replay` for files of `yilian conform`, and for plans with `--cmd`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import click

from conformance.checkers import judge
from conformance.commands.dispute import dispute
from conformance.commands.promote import REFERENCE, promote
from conformance.conform.catalogue import tests
from conformance.conform.claims import Run
from conformance.conform.examine import Unusable, examine
from conformance.conform.verdicts import Result, Verdict
from conformance.declaration import from_data
from conformance.door import Breach, Door, Stopped, Unstarted
from conformance.drivers.levels import Settings, bench_of
from conformance.plan import Plan, PlanError
from conformance.report.results import REPLAY_SCHEMA, failure_data
from conformance.report.story import report
from conformance.report.verdicts import broken_off, result_lines
from conformance.report.words import Language, word
from conformance.sentences import say
from conformance.trace import trace_digest

__all__ = ["is_of_a_node", "keep", "replay_on"]

SCHEMA = "yilian/replayed/v1"
UNUSABLE = 3


def is_of_a_node(file: Path) -> bool:
    """Whether a file was kept by `yilian conform`."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("schema") == REPLAY_SCHEMA


def replay_on(file: Path, command: str, *, recorded: bool, as_json: bool, language: str) -> int:
    """Play a saved plan, test or exchange on a node; the exit status."""
    if not command:
        raise click.UsageError("--cmd COMMAND")
    spoken = cast(Language, language)
    saved = _read(file)
    profile = saved.get("profile", "tendermint/1")
    own = from_data(profile, saved["declared"], str(file)) if saved.get("declared") else None
    settings = Settings(command, profile=profile, suite=saved.get("suite", "stub"), declared=own)
    try:
        if recorded:
            return _lines(settings, saved, spoken)
        if saved.get("plan") is not None:
            return _plan(settings, saved, file, as_json=as_json, language=spoken)
        return _test(settings, saved, as_json=as_json, language=spoken)
    except (Unusable, Unstarted, Breach, Stopped) as end:
        for line in broken_off(end.args[0] if isinstance(end, Unusable) else end, spoken):
            click.echo(line, err=True)
        return UNUSABLE


def keep(file: Path, folder: Path | None, claim: Sequence[str], *, command: str, kit: str, language: str) -> int:
    """Make a kept failure a vector in a folder, or pack it with what the implementer claims; the exit status."""
    spoken, saved = cast(Language, language), _read(file)
    if saved.get("schema") != REPLAY_SCHEMA or not saved.get("clause"):
        expected = say("plan.kept-failure", schema=REPLAY_SCHEMA)
        raise PlanError("plan.malformed", "/schema", expected, saved.get("schema", say("plan.a-plan")))
    if claim:
        if not all(text.strip() for text in claim):
            raise click.BadParameter("--dispute: what do you claim? / 主张为空")
        click.echo(word("disputed", spoken, path=dispute(file, saved, claim, kit)))
        return 0
    assert folder is not None, "one of the two was asked for"
    try:
        click.echo(word("promoted", spoken, path=promote(file, saved, folder, command or REFERENCE), folder=folder))
    except (Unusable, Unstarted) as end:
        for line in broken_off(end.args[0] if isinstance(end, Unusable) else end, spoken):
            click.echo(line, err=True)
        return UNUSABLE
    return 0


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise click.BadParameter(f"{file}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise PlanError("plan.not_json", "", say("shape.one-json"), file) from None
    if not isinstance(found, dict):
        raise PlanError("plan.not_json", "", say("shape.one-json"), type(found).__name__)
    if found.get("schema") == REPLAY_SCHEMA or ("plan" in found and isinstance(found["plan"], dict)):
        return found
    return {"plan": found}


def _plan(settings: Settings, saved: dict[str, Any], file: Path, *, as_json: bool, language: Language) -> int:
    plan = Plan.from_data(saved["plan"])
    if "profile" not in saved:
        settings = Settings(settings.command, profile=f"{plan.engine}/1", suite=settings.suite)
    bench = bench_of(settings)
    try:
        history = bench.session().play(plan, watched=True)
    finally:
        bench.drop()
    broken = judge(history)
    if as_json:
        listed = [one.to_data() for one in broken]
        told = {"schema": SCHEMA, "trace": trace_digest(history), "violations": listed, "why": history.why}
        click.echo(json.dumps(told, ensure_ascii=False, sort_keys=True))
    else:
        for row in report(plan, history, broken, language, f"yilian replay {file} --cmd '{settings.command}'"):
            click.echo(row)
    return 1 if broken else 0


def _test(settings: Settings, saved: dict[str, Any], *, as_json: bool, language: Language) -> int:
    known = {test.id: test for test in tests()}
    name = str(saved.get("test"))
    if name not in known:
        raise PlanError("plan.malformed", "/test", say("plan.test"), name)
    bench = bench_of(settings)
    try:
        result: Result = examine(bench, known[name])
    finally:
        bench.drop()
    if as_json:
        failure = None if result.failure is None else failure_data(result.failure)
        told = {"failure": failure, "schema": SCHEMA, "test": name, "verdict": result.verdict.value}
        click.echo(json.dumps(told, ensure_ascii=False, sort_keys=True))
    else:
        run = Run(result.level, settings.profile, (), settings.suite, False, settings.command)
        for line in result_lines(result, run, language):
            click.echo(line)
    return 0 if result.verdict in (Verdict.PASS, Verdict.WEAK) else 1


def _lines(settings: Settings, saved: dict[str, Any], language: Language) -> int:
    """The requests as they were recorded, and the first reply that differs."""
    bench = bench_of(settings)
    door = bench.ready()
    try:
        for number, (request, reply) in enumerate(saved.get("lines", ()), 1):
            values = {"expected": {**json.loads(reply), "id": 0}, "actual": _again(door, json.loads(request))}
            if values["expected"] != values["actual"]:
                rows = [f"  {word(name, language)}  {json.dumps(value, ensure_ascii=False, sort_keys=True)}"
                        for name, value in values.items()]  # fmt: skip
                click.echo("\n".join([f"{number}  {request.rstrip()}", *rows]))
                return 1
    finally:
        bench.drop()
    click.echo(word("lines.same", language, count=len(saved.get("lines", ()))))
    return 0


def _again(door: Door, request: dict[str, Any]) -> dict[str, Any]:
    """One recorded request, and its reply without its number."""
    fields = {name: value for name, value in request.items() if name not in ("id", "op")}
    door.ask_many([(request["op"], fields)])
    return {**json.loads(door.record[-1][1]), "id": 0}
