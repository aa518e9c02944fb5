"""`yilian verify LEDGER`: the file of a node checked from its genesis by somebody who ran none of it.

Exit 0 if everything holds, 1 with the first thing that does not, 3 if the file is no ledger. It must not change the
file, nor judge anything itself.
"""

import json
import sys
from pathlib import Path

import click

from refimpl.node.verify import verify_ledger
from refimpl.shell.faults import FOUND
from refimpl.shell.messages import Language, say
from refimpl.shell.terminal import progress_on
from refimpl.store.sqlite import open_to_read

SCHEMA = "yilian/verify/v1"


@click.command("verify")
@click.argument("ledger", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help=SCHEMA)
@click.pass_context
def command(context: click.Context, ledger: Path, as_json: bool) -> None:
    """Check a ledger from its genesis. / 从创世块起核验账本。"""
    progress = progress_on(sys.stderr)
    store = open_to_read(ledger)
    try:
        stored = dict(store.items())
    finally:
        store.close()
    report = verify_ledger(stored, lambda height: progress.show(f"{height}"))
    progress.clear()
    finding = report.finding
    if as_json:
        found = None
        if finding is not None:
            found = {"clause": finding.clause, "code": finding.code, "expected": finding.expected, "got": finding.got,
                     "height": finding.height, "key": finding.key}  # fmt: skip
        data = {"finding": found, "height": report.height, "schema": SCHEMA, "state_root": report.state_root,
                "transactions": report.transactions}  # fmt: skip
        click.echo(json.dumps(data, sort_keys=True))
    else:
        language = Language(context.meta.get("yilian.language", "en"))
        if finding is None:
            click.echo(say("verify.holds", language, height=report.height, count=report.transactions, root=report.state_root))
        else:
            where = "-" if finding.height is None else finding.height
            click.echo(say("verify.broken", language, height=where, key=finding.key, clause=finding.clause, code=finding.code,
                           expected=finding.expected, got=finding.got))  # fmt: skip
    if finding is not None:
        context.exit(FOUND)
