"""`yilian replay FILE`: run a saved plan again, bit for bit: a scenario's, or one that exploration found.

It must not shrink or search: it repeats. It writes only what `--promote` and `--dispute` ask for.
"""

import json
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import click

from conformance.commands.replay import is_of_a_node, keep, replay_on
from conformance.history import Violation
from conformance.report.cone import focused
from conformance.report.story import mermaid, report
from conformance.report.svg import svg
from conformance.targets import Target
from conformance.trace import trace_digest
from refimpl import __version__
from refimpl.commands.outcome import page
from refimpl.commands.saved import Saved, read_saved
from refimpl.commands.words import reader, tell
from refimpl.scenarios.performance import Outcome, perform
from refimpl.shell.faults import FOUND, USAGE, Fault
from refimpl.shell.files import read_file
from refimpl.shell.terminal import progress_on

SCHEMA: Final = "yilian/replayed/v1"


@click.command("replay")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--bundle", "bundle_file", type=click.Path(path_type=Path), help="FHIR R4 bundle / FHIR R4 数据包")
@click.option("--zoo", default="", help="id of a planted fault / 植入缺陷编号")
@click.option("--cmd", "node", default="", help="play it on this node / 在该节点上重放")
@click.option("--lines", is_flag=True, help="with --cmd: the recorded requests only / 只重放已记录的请求")
@click.option("--promote", "folder", type=click.Path(path_type=Path, file_okay=False),
              help="a failure of a node becomes a vector there / 将失败存为测试向量")  # fmt: skip
@click.option("--dispute", "claim", multiple=True, help="pack it with what you claim instead / 附主张打包")
@click.option("--mermaid", "diagram", is_flag=True, help="sequence diagram / 时序图")
@click.option("--svg", "picture", is_flag=True, help="the same as a picture / 时序图（SVG）")
@click.option("--json", "as_json", is_flag=True, help=SCHEMA)
@click.pass_context
def command(
    context: click.Context, file: Path, bundle_file: Path | None, zoo: str, node: str, lines: bool,
    folder: Path | None, claim: tuple[str, ...], diagram: bool, picture: bool, as_json: bool,
) -> None:  # fmt: skip
    """Run a saved plan again, bit for bit. / 逐位重放已保存的计划。"""
    if folder is not None and claim:
        raise click.UsageError("--promote | --dispute")
    if folder is not None or claim:
        context.exit(keep(file, folder, claim, command=node, kit=__version__, language=str(reader(context))))
    if node or is_of_a_node(file):
        context.exit(replay_on(file, node, recorded=lines, as_json=as_json, language=str(reader(context))))
    saved = read_saved(file)
    language = reader(context)
    if saved.scenario:
        outcome = perform_again(saved, bundle_file)
        trace, violations, why = outcome.trace, outcome.violations, outcome.history.why
        rows = page(outcome, language)
    else:
        target = Target(zoo or saved.zoo)
        history = target.play(saved.plan, watched=True)
        trace, violations, why = trace_digest(history), target.judge(history), history.why
        rows = iter(report(saved.plan, history, violations, language, f"yilian replay {file}"))
        if diagram:
            rows = iter([mermaid(focused(history, violations), language).rstrip("\n")])
        if picture:
            rows = iter([svg(focused(history, violations), language).rstrip("\n")])
    if as_json:
        click.echo(json.dumps(as_data(saved, trace, violations, why), ensure_ascii=False, sort_keys=True))
    else:
        for line in rows:
            click.echo(line)
        if not violations and not (diagram or picture):
            click.echo(tell("clean", language))
        if saved.trace is not None:
            key = "same" if trace == saved.trace else "differs"
            click.echo(tell(key, language, trace=trace, recorded=saved.trace), err=diagram or picture)
    if violations or trace != (saved.trace or trace):
        context.exit(FOUND)


def perform_again(saved: Saved, bundle_file: Path | None) -> Outcome:
    """The scenario of a replay file once more; raises `Fault` `replay.other_bundle` unless its input is the same."""
    bundle = None if bundle_file is None else read_file(bundle_file)
    given = None if bundle is None else sha256(bundle).hexdigest()
    if given != saved.bundle:
        raise Fault("replay.other_bundle", status=USAGE, expected=saved.bundle or "own", found=given or "own")
    progress = progress_on(sys.stderr)
    try:
        return perform(saved.scenario, saved.plan, bundle, saved.seed, lambda height: progress.show(f"{height}"))
    finally:
        progress.clear()


def as_data(saved: Saved, trace: str, violations: Sequence[Violation], why: str) -> dict[str, Any]:
    """The one object that `--json` prints; `same` is null where no trace was recorded."""
    same = None if saved.trace is None else trace == saved.trace
    return {
        "schema": SCHEMA, "scenario": saved.scenario or None, "trace": trace, "recorded": saved.trace, "same": same,
        "violations": [violation.to_data() for violation in violations], "why": why, "zoo": saved.zoo or None,
    }  # fmt: skip
