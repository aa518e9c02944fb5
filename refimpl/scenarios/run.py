"""`yilian run [SCENARIO]`: a whole story on real nodes under a plan of faults, told as it is on an honest disk.

Data goes to stdout, progress to stderr; the ledger of one honest node, the plan and what replays it are written at the
end, whole or not at all. It must not know what a story is about.
"""

import json
import shutil
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final, cast

import click
from attrs import frozen

from conformance.history import History, Violation
from conformance.plan import Plan, PlanError
from conformance.trace import trace_digest
from refimpl.application.timeline import Language, timeline
from refimpl.scenarios import referral
from refimpl.scenarios.referral.titles import TITLES
from refimpl.scenarios.stage import Stage, Unanswered
from refimpl.scenarios.words import tell
from refimpl.shell.faults import FOUND, Fault
from refimpl.shell.files import read_file, write_file
from refimpl.shell.terminal import progress_on
from refimpl.store.sqlite import create

SCENARIOS: Final = {"referral": referral}
"""Name -> the story's module."""
SCHEMA: Final = "yilian/run/v1"
REPLAY_SCHEMA: Final = "yilian/replay/v1"


@frozen
class Outcome:
    """What a run came to."""

    stage: Stage
    final: dict[str, Any]
    history: History
    violations: tuple[Violation, ...]

    @property
    def trace(self) -> str:
        """The digest of the run."""
        return trace_digest(self.history)


def perform(scenario: str, plan: Plan | None, bundle: bytes | None, seed: int) -> Outcome:
    """Play a scenario to its end. Raises `Fault` for what cannot be used, `Refused` for a broken bundle."""
    if scenario not in SCENARIOS:
        raise Fault("scenario.unknown", name=scenario, known=", ".join(SCENARIOS))
    story = SCENARIOS[scenario]
    chosen = story.plan() if plan is None else plan
    if chosen.n != len(story.cast().validators) or chosen.engine != story.cast().engine:
        raise Fault("scenario.other_plan", n=len(story.cast().validators), engine=story.cast().engine)
    progress = progress_on(sys.stderr)
    stage = Stage(story.cast(), chosen, lambda height: progress.show(f"{scenario}: {height}"))
    try:
        final = story.play(stage, story.bundle() if bundle is None else bundle, seed)
        history, violations = stage.finish()
    except Unanswered:
        history, violations = stage.finish()
        stopped = Violation("INV-V1", stage.world.now, stage.honest, "a receipt for every transaction", "none in time")
        final, violations = {}, (*violations, stopped)
    finally:
        progress.clear()
    return Outcome(stage, final, history, violations)


def read_plan(path: Path) -> Plan:
    """A plan, bare or inside a replay file; raises `Fault` `plan.*`."""
    try:
        data = read_file(path)
        value = json.loads(data)
        return Plan.from_data(value["plan"] if isinstance(value, dict) and value.get("schema") == REPLAY_SCHEMA else value)
    except PlanError as error:
        raise Fault(error.code, at=error.at or "/", expected=error.expected, found=str(error.found)[:80]) from None
    except (ValueError, KeyError, RecursionError):
        raise Fault("plan.not_json", at="/", expected="JSON", found=str(path)) from None


def save(outcome: Outcome, folder: Path, scenario: str, seed: int) -> Path:
    """The honest ledger and the replay file, in `folder`; nothing half-written is ever there under its name."""
    node = outcome.stage.honest[0]
    ledger = folder / "ledger.sqlite"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(mkdtemp(prefix=".run-", dir=folder))
    except OSError as error:
        raise Fault("file.unwritable", path=str(folder), reason=error.strerror or "") from None
    try:
        store = create(scratch / "ledger.sqlite")
        store.apply(sorted(outcome.stage.disk(node).items()), sync=True)
        store.close()
        (scratch / "ledger.sqlite").replace(ledger)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    replay = {"plan": outcome.stage.plan.to_data(), "scenario": scenario, "schema": REPLAY_SCHEMA, "seed": seed,
              "trace": outcome.trace}  # fmt: skip
    write_file(folder / "replay.json", (json.dumps(replay, sort_keys=True, indent=1) + "\n").encode())
    return ledger


def as_data(outcome: Outcome, scenario: str, seed: int, ledger: Path) -> dict[str, Any]:
    """The one object that `--json` prints."""
    tip = outcome.stage.ledger.tip
    return {
        "schema": SCHEMA, "scenario": scenario, "seed": seed, "height": tip.height, "app_hash": tip.state_root.hex(),
        "final_state": outcome.final, "nodes": list(outcome.stage.cluster.names),
        "byzantine": [outcome.stage.cluster.names[node] for node in outcome.stage.plan.faulty],
        "lies": dict(sorted(outcome.history.triggered.items())), "trace": outcome.trace,
        "violations": [violation.to_data() for violation in outcome.violations], "ledger": str(ledger),
    }  # fmt: skip


def show(outcome: Outcome, language: Language, ledger: Path) -> None:
    """The timeline, then where everything stands and what the honest nodes say of each other."""
    receipts = outcome.stage.receipts()
    happened = [(time, event) for _, time, receipt in receipts for event in receipt.get("events", [])]
    refused = [(time, receipt) for _, time, receipt in receipts if receipt.get("status") == "refused"]
    for line in timeline(happened, language, TITLES[language]):
        click.echo(f"{line.moment}  {line.text}  [{line.subject}]")
    for _, receipt in refused:
        click.echo(tell("refused", language, code=receipt["code"], tx=receipt["tx"][:8]))
    click.echo()
    names = outcome.stage.cluster.names
    titles = TITLES[language]
    for instance, state in outcome.final.get("instances", {}).items():
        contract, _, number = instance.partition("/")
        click.echo(tell("stands", language, what=f"{titles.get(contract, contract)} {number}", state=titles.get(state, state)))
    for member, fen in outcome.final.get("positions", {}).items():
        click.echo(tell("position", language, who=titles.get(member, member), amount=f"{fen / 100:+.2f}"))
    liars = ", ".join(names[node] for node in outcome.stage.plan.faulty) or "-"
    lies = ", ".join(f"{kind} {count}" for kind, count in sorted(outcome.history.triggered.items())) or "-"
    click.echo(tell("liars", language, who=liars, lies=lies))
    tip = outcome.stage.ledger.tip
    key = "broken" if outcome.violations else "agreed"
    honest = ", ".join(names[node] for node in outcome.stage.honest)
    click.echo(tell(key, language, who=honest, height=tip.height, root=tip.state_root.hex()))
    for violation in outcome.violations:
        click.echo(tell("violation", language, **violation._asdict()))
    click.echo(tell("ledger", language, path=ledger))
    click.echo(tell("again", language, path=ledger.with_name("replay.json")))


@click.command("run")
@click.argument("scenario", default="referral")
@click.option("--plan", "plan_file", type=click.Path(path_type=Path), help="JSON plan / 故障计划")
@click.option("--bundle", "bundle_file", type=click.Path(path_type=Path), help="FHIR R4 bundle / FHIR R4 数据包")
@click.option("--seed", default=0, show_default=True, help="seed of the story's keys / 随机种子")
@click.option("--out", "folder", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help=SCHEMA)
@click.pass_context
def command(
    context: click.Context, scenario: str, plan_file: Path | None, bundle_file: Path | None, seed: int, folder: Path,
    as_json: bool,
) -> None:  # fmt: skip
    """Run a scenario on four validators, one of them lying. / 在四个验证节点上运行场景，其中一个说谎。"""
    plan = None if plan_file is None else read_plan(plan_file)
    bundle = None if bundle_file is None else read_file(bundle_file)
    outcome = perform(scenario, plan, bundle, seed)
    ledger = save(outcome, folder / scenario, scenario, seed)
    if as_json:
        click.echo(json.dumps(as_data(outcome, scenario, seed, ledger), ensure_ascii=False, sort_keys=True))
    else:
        show(outcome, cast(Language, context.meta.get("yilian.language", "en")), ledger)
    if outcome.violations:
        context.exit(FOUND)
