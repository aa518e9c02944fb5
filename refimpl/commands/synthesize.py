"""`yilian synthesize --seed N --patients N --out DIR`: a made-up population as FHIR bundles and referral forms.

The folder appears whole or not at all, and one that has anything in it is left alone. It must not know what the files
say.
"""

import json
import sys
from pathlib import Path
from typing import Final

import click

from refimpl.commands.words import reader
from refimpl.shell.faults import Fault
from refimpl.shell.files import delivered, reason
from refimpl.shell.messages import Language, say
from refimpl.shell.terminal import progress_on
from refimpl.synthetic.population import PATIENTS_MAX, population

SCHEMA: Final = "yilian/synthesize/v1"
SEED_MAX: Final = 2**53 - 1


@click.command("synthesize")
@click.option("--seed", type=click.IntRange(0, SEED_MAX), default=0, show_default=True, help="seed / 随机种子")
@click.option(
    "--patients", type=click.IntRange(1, PATIENTS_MAX), default=10, show_default=True, help="patients / 患者数"
)
@click.option("--out", "folder", type=click.Path(path_type=Path), default=Path("synthetic"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help=SCHEMA)
@click.pass_context
def command(context: click.Context, seed: int, patients: int, folder: Path, as_json: bool) -> None:
    """Make up patients, referrals, consents, claims. / 生成虚构的患者、转诊、知情同意与理赔数据。"""
    check_free(folder)
    made = population(seed, patients)
    files = written = 0
    progress = progress_on(sys.stderr)
    with delivered(folder) as scratch:
        try:
            for file in made:
                (scratch / file.name).write_bytes(file.content)
                files, written = files + 1, written + len(file.content)
                progress.show(file.name)
        finally:
            progress.clear()
    if as_json:
        told = {**made.manifest(), "schema": SCHEMA, "folder": str(folder), "files": files, "bytes": written}
        click.echo(json.dumps(told, ensure_ascii=False, sort_keys=True))
        return
    values = {"patients": patients, "files": files, "bytes": written, "seed": seed, "folder": str(folder)}
    click.echo(say("synthesize.done", Language(reader(context)), **values))


def check_free(folder: Path) -> None:
    """Raise `Fault` `file.occupied` for a folder with something in it, or a file of that name."""
    try:
        occupied = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise Fault("file.unreadable", path=str(folder), reason=reason(error)) from None
    if occupied:
        raise Fault("file.occupied", path=str(folder))
