"""`yilian replay FILE`: run a saved plan again, bit for bit: a scenario's, or one that exploration found.

It must not shrink or search: it repeats.
"""

import json
from pathlib import Path
from typing import Any, cast

import click

from conformance.checkers import judge
from conformance.plan import PlanError
from conformance.report.story import mermaid, report
from conformance.targets import Target
from conformance.trace import trace_digest
from refimpl.application.timeline import Language
from refimpl.scenarios.run import REPLAY_SCHEMA, as_data, perform, read_plan, save, show
from refimpl.scenarios.words import tell
from refimpl.shell.faults import FOUND, Fault
from refimpl.shell.files import read_file

SCHEMA = "yilian/replayed/v1"


def recorded(path: Path) -> dict[str, Any]:
    """The members of a replay file beside its plan; nothing for a bare plan."""
    value = json.loads(read_file(path))
    return value if isinstance(value, dict) and value.get("schema") == REPLAY_SCHEMA else {}


@click.command("replay")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--bug", default="", help="a planted bug by id / 植入缺陷编号")
@click.option("--mermaid", "diagram", is_flag=True, help="sequence diagram / 时序图")
@click.option("--out", "folder", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help=SCHEMA)
@click.pass_context
def command(context: click.Context, file: Path, bug: str, diagram: bool, folder: Path, as_json: bool) -> None:
    """Run a saved plan again, bit for bit. / 逐位重放已保存的计划。"""
    language = cast(Language, context.meta.get("yilian.language", "en"))
    plan = read_plan(file)
    kept = recorded(file)
    if "scenario" in kept:
        outcome = perform(str(kept["scenario"]), plan, None, int(kept.get("seed", 0)))
        ledger = save(outcome, folder / str(kept["scenario"]), str(kept["scenario"]), int(kept.get("seed", 0)))
        trace, violations = outcome.trace, outcome.violations
        if as_json:
            data = as_data(outcome, str(kept["scenario"]), int(kept.get("seed", 0)), ledger)
            click.echo(json.dumps({**data, "same": trace == kept.get("trace")}, ensure_ascii=False, sort_keys=True))
        else:
            show(outcome, language, ledger)
    else:
        target = Target(bug or str(kept.get("zoo", "")))
        try:
            history = target.play(plan, watched=True)
        except PlanError as error:
            raise Fault(error.code, at=error.at, expected=error.expected, found=str(error.found)) from None
        trace, violations = trace_digest(history), judge(history)
        if as_json:
            broken = [violation.to_data() for violation in violations]
            data = {"schema": SCHEMA, "trace": trace, "violations": broken, "why": history.why, "zoo": target.zoo}
            click.echo(json.dumps({**data, "same": trace == kept.get("trace", trace)}, ensure_ascii=False, sort_keys=True))
        elif diagram:
            click.echo(mermaid(history), nl=False)
        else:
            for row in report(plan, history, violations, language, f"yilian replay {file}"):
                click.echo(row)
            if not violations:
                click.echo(tell("clean", language))
    if not as_json and "trace" in kept:
        key = "same" if trace == kept["trace"] else "differs"
        click.echo(tell(key, language, trace=trace, recorded=kept["trace"]), err=key == "differs")
    if violations or trace != kept.get("trace", trace):
        context.exit(FOUND)
