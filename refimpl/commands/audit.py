"""`yilian audit REGION --ledger FILE`: what a commission supervises, as lines, as data, or as a signed report.

With `--sign KEYFILE --as MEMBER --out FILE` the report carries a proof of every transaction that it lists, and is
signed; `--check REPORT` holds such a report against the members of the ledger. Exit 0; 1 for a report that does not
hold; 3 for files that are none.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from refimpl.application.audit import (
    Claim,
    Report,
    Supervised,
    as_data,
    prove_transaction,
    report,
    supervise,
    verify_report,
)
from refimpl.application.timeline import Language, moment_of
from refimpl.commands.verify import stored_in
from refimpl.commands.words import reader, tell
from refimpl.consensus.registry import find_engine
from refimpl.crypto.recipes import REHEARSAL, KeyPair, verifier
from refimpl.data.ids import MemberId, Name, member_id
from refimpl.node.archive import Archive
from refimpl.shell.files import read_file, write_file
from refimpl.shell.keyfile import read_secret

__all__ = ["SCHEMA", "command"]

SCHEMA: Final = "yilian/audit/v1"


@click.command("audit")
@click.argument("region")
@click.option("--ledger", required=True, type=click.Path(path_type=Path), help="账本文件 / the ledger's file")
@click.option("--sign", "key_file", type=click.Path(path_type=Path), help="密钥文件 / key file, 64 hex digits, 0600")
@click.option("--as", "auditor", help="签署的成员 / the member who signs")
@click.option("--out", type=click.Path(path_type=Path), help="签署的报告 / the signed report")
@click.option("--check", "checked", type=click.Path(path_type=Path), help="核验一份报告 / a report to check")
@click.option("--json", "as_json", is_flag=True, help=SCHEMA)
@click.pass_context
def command(
    context: click.Context, region: str, ledger: Path, key_file: Path | None, auditor: str | None, out: Path | None,
    checked: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """What a commission supervises; a signed report. / 卫健委监管本辖区的全部交易，导出签名报告。"""
    language = reader(context)
    if len({key_file is None, auditor is None, out is None}) > 1:
        raise click.UsageError(tell("audit.together", language), context)
    chain = Archive(stored_in(ledger))
    if checked is not None:
        _check(chain, read_file(checked))
    found = list(supervise(chain, region))
    if key_file is not None and out is not None and auditor is not None:
        key = KeyPair(chain.genesis.suite, read_secret(key_file))
        write_file(out, report(chain, region, member_id(auditor), key, _claims(chain, found)).to_bytes())
    if as_json:
        told = {"events": [as_data(one) for one in found], "region": region, "schema": SCHEMA,
                "checked": None if checked is None else str(checked)}  # fmt: skip
        click.echo(json.dumps(told, ensure_ascii=False, sort_keys=True))
        return
    for line in _lines(found, language):
        click.echo(line)
    if checked is not None:
        click.echo(tell("audit.holds", language, path=checked))


def _claims(chain: Archive, found: list[Supervised]) -> tuple[Claim, ...]:
    """A proof of each transaction that was found, once."""
    wanted = {one.tx for one in found if one.tx is not None}
    return tuple(
        prove_transaction(chain, height, index)
        for height in sorted({one.height for one in found})
        for index, transaction in enumerate(chain.transactions(height)) if transaction.id.hex() in wanted
    )  # fmt: skip


def _check(chain: Archive, data: bytes) -> None:
    genesis = chain.genesis
    promise = find_engine(genesis.engine).promise
    commits = (Name(promise.engine), Name(promise.commits))
    verify_report(Report.from_bytes(data), chain.members, commits, verifier(genesis.suite, REHEARSAL))


def _lines(found: list[Supervised], language: Language) -> Iterator[str]:
    for one in found:
        who = tell("and", language).join(MemberId(name) for name in one.signers) or tell("audit.time", language)
        what = str(one.body.get("action") or one.body.get("name") or one.kind)
        code = "" if one.code is None else tell("trace.code", language, code=one.code)
        place = {"contract": one.contract, "instance": one.instance}
        where = "" if one.instance is None else tell("audit.where", language, **place)
        told = tell("audit.line", language, who=who, what=what, where=where, height=one.height)
        yield f"{moment_of(one.at)}  {told}{code}"
