"""Who recorded, who saw, when and why: the chain of accesses, read for a patient, for a record, or for a leak.

Every recording and every request, also one that was denied, stands on the chain with its signers and its time; an
institution cannot look at a record without leaving that, nor take it away. From a leaked copy the investigation goes
the other way: whose record it is, which fields, and who was let at them before.

It must not know what a record says: a copy is compared by commitments only. Source: spec/application.md, APP-020.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from attrs import frozen

from refimpl.application.charts import Chart
from refimpl.application.identity import Link, same_person
from refimpl.application.records import commitment
from refimpl.application.view import Chain, Happening, View, happenings
from refimpl.contract.rows import Row
from refimpl.data.ids import MemberId

__all__ = ["Entry", "Suspect", "entries_of", "links_in", "records_of", "suspects", "trace_patient", "trace_record"]

_KEPT: Final = ("HealthRecord", "BasicFile", "MedicalFile", "Surgery", "OpenCopy")
"""The contracts of the library whose instances stand for something that can be read."""


@frozen
class Entry:
    """One line of a trace."""

    height: int
    at: int
    """Seconds since 1970."""
    act: Literal["recorded", "changed", "read", "denied"]
    who: str
    """Who recorded or asked to read."""
    record: int
    """The instance it is about."""
    contract: str
    fields: tuple[str, ...]
    """`read` and `denied`: the fields that were asked for; else the action's name alone."""
    purpose: str | None
    code: str | None
    """Why it was denied."""
    beside: tuple[str, ...]
    """Others who signed."""
    tx: str
    verdicts: tuple[tuple[str, str], ...]
    """(field, outcome) of a request."""


def links_in(view: View) -> list[Link]:
    """The links between names of one person that stand in this state."""
    rows = [row for row in view.rows("PatientLink") if row.state == "linked"]
    return [Link(MemberId(row["kept"]), MemberId(row["other"])) for row in rows]


def records_of(view: View, patient: MemberId) -> list[Row]:
    """What is kept of a patient, under all names of that person, in the order in which it was entered (APP-015)."""
    names = same_person(links_in(view), patient)
    rows = (row for contract in _KEPT for row in view.rows(contract))
    return sorted((row for row in rows if _patient_of(row) in names), key=lambda row: row.id)


def _patient_of(row: Row) -> str | None:
    return row.values.get("patient") or row.values.get("resident")  # type: ignore[return-value]  # a party is a text


def trace_patient(chain: Chain, patient: MemberId) -> list[Entry]:
    """Everything that happened to the records of a patient, in order."""
    wanted = {row.id for row in records_of(View(chain.state(chain.height)), patient)}
    return entries_of(happenings(chain), wanted)


def trace_record(chain: Chain, record: int) -> list[Entry]:
    """Everything that happened to one record, in order."""
    return entries_of(happenings(chain), {record})


def entries_of(events: Iterable[Happening], records: Iterable[int]) -> list[Entry]:
    """The lines of these records among the events of a chain, in order (APP-020)."""
    wanted = set(records)
    return [_entry(one) for one in events if one.tx is not None and one.event.get("instance") in wanted]


def _entry(one: Happening) -> Entry:
    event, body = one.event, one.event["body"]
    assert one.tx is not None
    if event["kind"] == "read":
        verdicts = tuple((field, outcome) for field, outcome in body["fields"])
        act: Literal["read", "denied"] = "read" if body["code"] is None else "denied"
        asked = tuple(field for field, _ in verdicts)
        return Entry(one.height, one.time, act, body["reader"], event["instance"], event["contract"], asked,
                     body["purpose"], one.code, tuple(body["signers"][1:]), one.tx, verdicts)  # fmt: skip
    act_: Literal["recorded", "changed"] = "recorded" if event["kind"] == "started" else "changed"
    return Entry(one.height, one.time, act_, one.signers[0], event["instance"], event["contract"],
                 (str(body.get("action", event["kind"])),), None, None, one.signers[1:], one.tx, ())  # fmt: skip


@frozen
class Suspect:
    """Somebody who was let at a field before a copy of it appeared."""

    who: str
    field: str
    entry: Entry


def suspects(
    chart: Chart, salts: Mapping[str, bytes], leaked: bytes, trace: Iterable[Entry], before: int
) -> tuple[tuple[str, ...], list[Suspect]]:
    """The fields of which `leaked` is a copy, and who was let at them up to second `before`, the last first.

    `salts` are the custodian's, by field: it alone can tell, and nobody can try all contents against the chain. The
    custodian, who kept the record, is always among those who had it, and is not listed.
    """
    fields = tuple(
        part.field for part in chart.parts
        if part.field in salts and commitment(salts[part.field], leaked) == part.commitment
    )  # fmt: skip
    seen = [
        Suspect(entry.who, field, entry) for entry in trace for field in fields
        if entry.act == "read" and entry.at <= before and (field, "allow") in entry.verdicts
    ]  # fmt: skip
    return fields, sorted(seen, key=lambda one: -one.entry.at)


def as_data(entry: Entry) -> dict[str, Any]:
    """A line of a trace as plain data."""
    return {
        "act": entry.act, "at": entry.at, "beside": list(entry.beside), "code": entry.code, "contract": entry.contract,
        "fields": list(entry.fields), "height": entry.height, "purpose": entry.purpose, "record": entry.record,
        "tx": entry.tx, "verdicts": [list(one) for one in entry.verdicts], "who": entry.who,
    }  # fmt: skip
