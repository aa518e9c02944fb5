"""`yilian verify LEDGER`: the file of a node checked from its genesis by somebody who ran none of it.

Exit 0 if everything holds, 1 with the first thing that does not, 3 if the file is no ledger. It must not change the
file, nor judge anything itself.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

import click

from refimpl.node.verify import Report, verify_ledger
from refimpl.shell.faults import FOUND
from refimpl.shell.messages import Language, say
from refimpl.shell.refusals import in_words
from refimpl.shell.terminal import progress_on
from refimpl.store.sqlite import open_to_read

SCHEMA: Final = "yilian/verify/v1"


@click.command("verify")
@click.argument("ledger", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help=SCHEMA)
@click.pass_context
def command(context: click.Context, ledger: Path, as_json: bool) -> None:
    """Check a ledger from its genesis. / 从创世块起核验账本。"""
    progress = progress_on(sys.stderr)
    try:
        report = verify_ledger(stored_in(ledger), lambda height: progress.show(f"{height}"))
    finally:
        progress.clear()
    if as_json:
        click.echo(json.dumps(as_data(report), sort_keys=True))
    else:
        click.echo(sentence(report, Language(context.meta.get("yilian.language", "en"))))
    if report.finding is not None:
        context.exit(FOUND)


def stored_in(path: Path) -> dict[str, bytes]:
    """All keys and values of a ledger's file; raises `Refused` `store.*`."""
    store = open_to_read(path)
    try:
        return dict(store.items())
    finally:
        store.close()


def as_data(report: Report) -> dict[str, Any]:
    """The one object that `--json` prints."""
    finding = report.finding
    found = None
    if finding is not None:
        found = {"clause": finding.clause, "code": finding.code, "expected": finding.expected, "got": finding.got,
                 "height": finding.height, "key": finding.key}  # fmt: skip
    return {"finding": found, "height": report.height, "schema": SCHEMA, "state_root": report.state_root,
            "transactions": report.transactions}  # fmt: skip


def sentence(report: Report, language: Language) -> str:
    """The result in one line."""
    finding = report.finding
    if finding is None:
        values = {"height": report.height, "count": report.transactions, "root": report.state_root}
        return say("verify.holds", language, **values)
    where = "-" if finding.height is None else finding.height
    told = {name: in_words(finding.code, name, value, language)
            for name, value in (("expected", finding.expected), ("got", finding.got))}  # fmt: skip
    return say("verify.broken", language, height=where, key=finding.key, clause=finding.clause, code=finding.code,
               **told)  # fmt: skip
