"""The index of records and the chain of accesses: what the ledger keeps of what it does not hold.

A payload of kind `record` is one of `{entry: {commitment, custodian, kind, record}}`, signed by the custodian, and
`{access: {custodian, purpose, reader, record}}`, signed by the reader. An entry is written once; an access refers to
one. So every record that is offered and every access to it is on the chain, in order, and neither says what the record
says. A payload of kind `read` asks the ledger for fields of an instance: what it decided, allowed or denied, takes its
place in the same chain.

It must not know a record's content, its keys, or where it is kept.
"""

from typing import Any

from refimpl.application.records import record_id
from refimpl.contract import orders
from refimpl.contract.draft import Draft
from refimpl.data import ids, shape
from refimpl.data.ids import Digest, MemberId
from refimpl.data.limits import RECORD_KIND_BYTES
from refimpl.data.refusal import Code, Refused

__all__ = ["accesses", "committed", "decide_read", "write_record"]

_COUNT = b"accesses"


def _entry_key(custodian: str, record: str) -> bytes:
    return b"record/%s/%s" % (custodian.encode(), record.encode())


def _access_key(ordinal: int) -> bytes:
    return b"access/%010d" % ordinal


def write_record(draft: Draft, payload: object, signers: tuple[MemberId, ...], time: int) -> dict[str, Any]:
    """Carry out a payload of kind `record`; the event it makes.

    Raises `wire.bad_field`, `member.not_authorized` (not signed by custodian or reader), `tx.known` (the entry exists),
    `query.not_found` (an access to an unknown record) (APP-007, APP-008).
    """
    fields = shape.record(payload, "/payload", (), ("access", "entry"))
    if len(fields) != 1:
        raise Refused(Code.WIRE_BAD_FIELD, "/payload", expected="one of entry, access", got=f"{len(fields)} members")
    if "entry" in fields:
        return _enter(draft, fields["entry"], signers, time)
    return _access(draft, fields["access"], signers, time)


def _enter(draft: Draft, value: object, signers: tuple[MemberId, ...], time: int) -> dict[str, Any]:
    at = "/payload/entry"
    fields = shape.record(value, at, ("commitment", "custodian", "kind", "record"))
    custodian = ids.member_id(fields["custodian"], f"{at}/custodian")
    record = record_id(fields["record"], f"{at}/record")
    kind = shape.text(fields["kind"], f"{at}/kind", RECORD_KIND_BYTES)
    commitment = ids.digest_of_hex(fields["commitment"], f"{at}/commitment")
    _must_sign(custodian, signers)
    key = _entry_key(custodian, record)
    if draft.get(key) is not None:
        raise Refused(Code.TX_KNOWN, f"{at}/record", tx=record)
    draft.write(key, {"at": time, "commitment": commitment.hex(), "kind": kind})
    return {"custodian": custodian, "kind": "recorded", "record": record}


def _access(draft: Draft, value: object, signers: tuple[MemberId, ...], time: int) -> dict[str, Any]:
    at = "/payload/access"
    fields = shape.record(value, at, ("custodian", "purpose", "reader", "record"))
    custodian = ids.member_id(fields["custodian"], f"{at}/custodian")
    reader = ids.member_id(fields["reader"], f"{at}/reader")
    record = record_id(fields["record"], f"{at}/record")
    purpose = shape.text(fields["purpose"], f"{at}/purpose", RECORD_KIND_BYTES)
    _must_sign(reader, signers)
    if draft.get(_entry_key(custodian, record)) is None:
        raise Refused(Code.QUERY_NOT_FOUND, f"{at}/record", what="record")
    _append(draft, {"at": time, "custodian": custodian, "purpose": purpose, "reader": reader, "record": record})
    return {"kind": "accessed", "purpose": purpose, "reader": reader, "record": record}


def decide_read(
    draft: Draft, payload: object, signers: tuple[MemberId, ...], time: int
) -> tuple[list[orders.EventData], Code | None]:
    """Carry out a payload of kind `read`: its events, and the code where it is denied (CTR-D08 to CTR-D10).

    Raises `wire.bad_field` for a payload that is no request, `contract.unknown_name` for an unknown instance.
    """
    asked = orders.read_request(payload, signers)
    events, code = orders.read(draft, asked)
    told = None if code is None else code.value
    row = {"at": time, "code": told, "fields": list(asked.fields), "instance": asked.instance}
    _append(draft, {**row, "purpose": asked.purpose, "reader": asked.reader})
    return events, code


def _append(draft: Draft, row: dict[str, Any]) -> None:
    found = draft.read(_COUNT)
    ordinal = found if isinstance(found, int) else 0
    draft.write(_COUNT, ordinal + 1)
    draft.write(_access_key(ordinal), row)


def _must_sign(member: MemberId, signers: tuple[MemberId, ...]) -> None:
    if member not in signers:
        raise Refused(Code.MEMBER_NOT_AUTHORIZED, "/signers", member=member)


def committed(draft: Draft, custodian: str, record: str) -> Digest:
    """The commitment that the chain carries for a record, or `query.not_found`."""
    found: Any = draft.read(_entry_key(custodian, record))
    if found is None:
        raise Refused(Code.QUERY_NOT_FOUND, what="record")
    return Digest(bytes.fromhex(found["commitment"]))


def accesses(draft: Draft) -> list[dict[str, Any]]:
    """Every access, in order: those of a record have a member `record`, decided requests a member `instance`."""
    return [dict(row) for key in draft.keys(b"access/") if isinstance(row := draft.read(key), dict)]
