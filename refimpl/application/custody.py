"""The custodian's desk: what an institution does with the records it keeps, step by step beside the ledger.

A chart is sealed and kept first and registered on the chain after; it is erased in the vault first and told on the
chain after. So a crash between the two leaves something to be done, which `outstanding` names, and never something
untrue.

A reader gets a field only for a request that the ledger decided and allowed, for a while, and only after the custodian
has audited what is stored: every field is opened and held against its commitment, and the chart against the digest on
the chain. What leaves the desk is ciphertext and keys wrapped for that reader.

It must not know why a request was allowed: the ledger decided. It draws no randomness.
"""

import re
from collections.abc import Callable
from typing import Any, Final, Literal

from attrs import frozen

from refimpl.application.charts import Chart
from refimpl.application.records import RecordId, SealedRecord, WrappedKey, open_record, share_key
from refimpl.application.vault import Vault
from refimpl.application.view import View
from refimpl.contract.rows import Row
from refimpl.crypto.sealing import ReaderKey
from refimpl.data.ids import Digest, MemberId
from refimpl.data.refusal import Code, Refused

__all__ = ["RELEASE_SECONDS", "Custody", "Outstanding", "Release", "Released", "opened"]

RELEASE_SECONDS: Final = 900
"""How long after the block that allowed a request the custodian hands out keys for it (APP-018)."""

_RECORDS: Final = "HealthRecord"
"""The contract of the library whose instances are the charts' entries."""
_VERSION: Final = re.compile(r"\.v([2-9]|[1-9][0-9]+)$")


@frozen
class Released:
    """One field on its way to a reader."""

    field: str
    sealed: SealedRecord
    key: WrappedKey


@frozen
class Release:
    """What a custodian hands to one reader for one allowed request."""

    access: int
    """Place of the request in the chain of accesses."""
    chart: Chart
    fields: tuple[Released, ...]


@frozen
class Outstanding:
    """What was done in the vault and is not on the chain yet, after a crash or before its block."""

    record: RecordId
    what: Literal["register", "amend", "erase"]
    """`register`: the chart has no entry; `amend`: the entry has the digest of an earlier version; `erase`: the chart
    is destroyed, and the entry does not say so."""


@frozen
class Custody:
    """One custodian with its vault and the key under which it keeps what it holds."""

    custodian: MemberId
    own: ReaderKey
    vault: Vault

    def outstanding(self, view: View) -> list[Outstanding]:
        """What the chain does not know yet of this vault, by name (APP-019)."""
        entries = {row["number"]: row for row in view.rows(_RECORDS) if row["custodian"] == self.custodian}
        newest = {_VERSION.sub("", record): record for record in sorted(self.vault.charts(), key=_version)}
        left = [(record, self._differs(record, entries.get(number))) for number, record in sorted(newest.items())]
        return [Outstanding(record, what) for record, what in left if what is not None]

    def _differs(self, record: RecordId, entry: Row | None) -> Literal["register", "amend", "erase"] | None:
        try:
            digest = self.vault.chart(record).digest
        except Refused as refused:
            assert refused.code is Code.VAULT_ERASED
            return None if entry is None or entry.state == "erased" else "erase"
        if entry is None:
            return "register"
        return None if entry["digest"] == digest.hex() else "amend"

    def audit(self, record: RecordId, committed: Digest) -> Chart:
        """The chart, after every stored field was opened and held against the digest on the chain (APP-017).

        `access.broken_record` if anything differs; `vault.unknown`, `vault.erased`.
        """
        chart = self.vault.chart(record)
        if chart.digest != committed or chart.custodian != self.custodian:
            raise Refused(Code.ACCESS_BROKEN_RECORD, record=record)
        for number, part in enumerate(chart.parts):
            name = chart.name_of(number)
            open_record(self.vault.sealed(name), self.vault.key(name, self.custodian), self.own, part.commitment)
        return chart

    def release(self, view: View, access: int, public: bytes, seeds: Callable[[], bytes]) -> Release:
        """What the reader of an allowed request gets, under the reader's X25519 key `public` (APP-018).

        `query.not_found` for a request that the chain does not have or that is about no record, `vault.not_allowed`,
        `vault.too_late`, `vault.unknown` for a record that is not kept here, and what `audit` raises.
        `seeds` gives 32 fresh random bytes at each call.
        """
        row = self._allowed(view, access)
        committed = _committed(view.row(row["instance"]))
        chart = self.audit(self.vault.of_digest(committed), committed)
        granted = view.fields_of(row["instance"], row["fields"])
        listed = [part.field for part in chart.parts if part.field in granted]
        reader = MemberId(row["reader"])
        return Release(access, chart, tuple(self._released(chart, one, reader, public, seeds()) for one in listed))

    # --- inside ---

    def _allowed(self, view: View, access: int) -> dict[str, Any]:
        rows = view.accesses()
        if not 0 <= access < len(rows) or "instance" not in rows[access]:
            raise Refused(Code.QUERY_NOT_FOUND, what=f"request {access}")
        row = rows[access]
        if row["code"] is not None:
            raise Refused(Code.VAULT_NOT_ALLOWED, access=access, answer=row["code"])
        if view.now - row["at"] > RELEASE_SECONDS:
            raise Refused(Code.VAULT_TOO_LATE, access=access, seconds=view.now - row["at"], most=RELEASE_SECONDS)
        return row

    def _released(self, chart: Chart, field: str, reader: MemberId, public: bytes, seed: bytes) -> Released:
        name, _ = chart.part(field)
        held = self.vault.key(name, self.custodian)
        return Released(field, self.vault.sealed(name), share_key(held, self.own, reader, public, seed))


def _committed(row: Row) -> Digest:
    """The digest that an instance has of its chart."""
    found = row.values.get("digest")
    if not isinstance(found, str):
        raise Refused(Code.QUERY_NOT_FOUND, what=f"record of {row.contract} {row.id}")
    return Digest(bytes.fromhex(found))


def _version(record: RecordId) -> tuple[str, int]:
    """Name and version of a chart: `<number>` is the first, `<number>.v2` the second (APP-019)."""
    found = _VERSION.search(record)
    return _VERSION.sub("", record), int(found[1]) if found else 1


def opened(release: Release, own: ReaderKey, committed: Digest) -> dict[str, bytes]:
    """The fields that a reader was given, by name, held against the digest that stands on the chain (APP-004, APP-016).

    `access.broken_record` if the list is not the one committed to, or a field does not open or is not the listed one.
    """
    chart = release.chart
    if chart.digest != committed:
        raise Refused(Code.ACCESS_BROKEN_RECORD, record=chart.record)
    found: dict[str, bytes] = {}
    for given in release.fields:
        _, part = chart.part(given.field)
        found[given.field] = open_record(given.sealed, given.key, own, part.commitment)
    return found
