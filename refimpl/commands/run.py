"""`yilian run [SCENARIO]`: a whole story on real nodes under a plan of faults, told as it is on an honest disk.

Data goes to stdout, progress to stderr; the ledger of one honest node and the file that replays the run are there at
the end, whole, or not at all. It must not know what a story is about.
"""

import json
import sys
from hashlib import sha256
from pathlib import Path

import click

from refimpl.commands.outcome import SCHEMA, as_data, page
from refimpl.commands.saved import Saved, read_saved
from refimpl.commands.words import reader, tell
from refimpl.scenarios.performance import Outcome, find, perform
from refimpl.shell.faults import FOUND
from refimpl.shell.files import delivered, read_file
from refimpl.shell.terminal import progress_on
from refimpl.store.sqlite import create

LEDGER = "ledger.sqlite"
REPLAY = "replay.json"


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
    find(scenario)
    plan = None if plan_file is None else read_saved(plan_file).plan
    bundle = None if bundle_file is None else read_file(bundle_file)
    progress = progress_on(sys.stderr)
    with delivered(folder / scenario) as scratch:
        try:
            outcome = perform(scenario, plan, bundle, seed, lambda height: progress.show(f"{scenario}: {height}"))
        finally:
            progress.clear()
        keep(outcome, bundle, scratch)
    ledger = folder / scenario / LEDGER
    language = reader(context)
    if as_json:
        click.echo(json.dumps(as_data(outcome, ledger), ensure_ascii=False, sort_keys=True))
    else:
        for line in page(outcome, language):
            click.echo(line)
        click.echo(tell("ledger", language, path=ledger))
        click.echo(tell("again", language, path=ledger.with_name(REPLAY)))
    if outcome.violations:
        context.exit(FOUND)


def keep(outcome: Outcome, bundle: bytes | None, folder: Path) -> None:
    """Write the ledger of the first honest node, and what replays the run."""
    store = create(folder / LEDGER)
    store.apply(sorted(outcome.stage.disk(outcome.stage.honest[0]).items()), sync=True)
    store.close()
    digest = None if bundle is None else sha256(bundle).hexdigest()
    saved = Saved(outcome.stage.plan, outcome.scenario, outcome.seed, digest, outcome.trace)
    (folder / REPLAY).write_bytes(saved.to_bytes())
