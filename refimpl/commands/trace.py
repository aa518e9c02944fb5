"""`yilian trace PATIENT|RECORD --ledger FILE`: who recorded, who saw, when and why, from a ledger's file.

A patient is a name in the channel, with all names that are linked to it; a record is the number of its entry, or
`custodian/number`. Exit 0 with the lines, 1 for a name that the ledger does not have, 3 if the file is no ledger. What
is told was recorded, not verified: `yilian verify` does that.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from refimpl.application.access_log import Entry, as_data, entries_of, records_of
from refimpl.application.fhir.audit import AccessDecision, AuditSource, write_audit
from refimpl.application.timeline import Language, moment_of
from refimpl.application.view import View, happenings
from refimpl.commands.verify import stored_in
from refimpl.commands.words import reader, tell
from refimpl.contract.rows import Row
from refimpl.data.ids import MemberId
from refimpl.data.refusal import Code, Refused
from refimpl.node.archive import Archive
from refimpl.shell.files import write_file

__all__ = ["SCHEMA", "command"]

SCHEMA: Final = "yilian/trace/v1"
_KINDS: Final = {"Clinician": "Practitioner", "Patient": "Patient"}
"""Kind of reader in the directory -> in an AuditEvent; whoever else reads is an organisation."""


@click.command("trace")
@click.argument("subject")
@click.option("--ledger", required=True, type=click.Path(path_type=Path), help="账本文件 / the ledger's file")
@click.option("--fhir", "bundle", type=click.Path(path_type=Path), help="AuditEvent (IHE BALP), Bundle")
@click.option("--json", "as_json", is_flag=True, help=SCHEMA)
@click.pass_context
def command(context: click.Context, subject: str, ledger: Path, bundle: Path | None, as_json: bool) -> None:
    """Who recorded and who saw, for a patient or a record. / 谁登记、谁查阅：按患者或病历追溯。"""
    chain = Archive(stored_in(ledger))
    view = View(chain.state(chain.height))
    records = _records(view, subject)
    entries = entries_of(happenings(chain), [row.id for row in records])
    if bundle is not None:
        write_file(bundle, _as_bundle(entries, view, {row.id: row for row in records}, chain.genesis.channel))
    if as_json:
        told = {"entries": [as_data(one) for one in entries], "records": [row.id for row in records],
                "schema": SCHEMA, "subject": subject}  # fmt: skip
        click.echo(json.dumps(told, ensure_ascii=False, sort_keys=True))
    else:
        for line in _lines(entries, reader(context)):
            click.echo(line)


def _records(view: View, subject: str) -> list[Row]:
    """What the name means: the records of a patient, or one record; `query.not_found`."""
    if view.kind(subject) == "Patient":
        return records_of(view, MemberId(subject))
    custodian, _, number = subject.rpartition("/")
    found = [
        row for row in view.rows("HealthRecord")
        if row["number"] == number and custodian in ("", row["custodian"])
    ]  # fmt: skip
    if not found:
        raise Refused(Code.QUERY_NOT_FOUND, what=subject)
    return found


def _lines(entries: list[Entry], language: Language) -> Iterator[str]:
    for one in entries:
        words = {"who": one.who, "contract": one.contract, "record": one.record, "height": one.height,
                 "what": tell("and", language).join(one.fields)}  # fmt: skip
        purpose = "" if one.purpose is None else tell("trace.purpose", language, purpose=one.purpose)
        beside = "" if not one.beside else tell("trace.beside", language, who=tell("and", language).join(one.beside))
        code = "" if one.code is None else tell("trace.code", language, code=one.code)
        yield f"{moment_of(one.at)}  {tell(f'trace.{one.act}', language, **words)}{purpose}{beside}{code}"


def _as_bundle(entries: list[Entry], view: View, records: dict[int, Row], channel: str) -> bytes:
    """The decisions among the lines, as AuditEvents."""
    source = AuditSource("ledger", channel)
    events = [event for one in entries if one.act in ("read", "denied")
              for event in write_audit(_decision(one, view, records[one.record]), source)]  # fmt: skip
    listed = b",".join(b'{"resource":' + event + b"}" for event in events)
    return b'{"entry":[' + listed + b'],"resourceType":"Bundle","type":"collection"}'


def _decision(one: Entry, view: View, row: Row) -> AccessDecision:
    kind = _KINDS.get(view.kind(one.who) or "", "Organization")
    hospital = view.attribute(one.who, "hospital")
    values: dict[str, Any] = dict(row.values)
    return AccessDecision(
        one.at, one.who, kind, hospital if isinstance(hospital, str) else one.who,
        str(values.get("patient") or values.get("resident") or ""),
        f"{values.get('custodian', row.contract)}/{values.get('number', row.id)}", one.fields, one.purpose,
        one.code is None, ", ".join(f"{field} {outcome}" for field, outcome in one.verdicts), None, one.code, one.tx,
    )  # fmt: skip
