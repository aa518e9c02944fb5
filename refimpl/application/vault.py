"""Where a custodian keeps sealed records and the keys wrapped for their readers; and how a record is forgotten.

A vault holds nothing that opens anything: the reader's own key comes from the reader. Erasing destroys the record and
every wrapped key and leaves a tombstone, so that the name is never given again. What a vault cannot do, and does not
claim: take back what a reader has already read. It keeps its rows on a shelf, in memory or in a file, and every change
is one write of that shelf: a crash leaves the vault as it was before or as it is after.

It must not know the chain; the caller brings the commitment.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from refimpl.application.charts import Chart, Sealed
from refimpl.application.records import RecordId, SealedRecord, WrappedKey, open_record, record_id
from refimpl.crypto.sealing import NONCE_BYTES, ReaderKey
from refimpl.data.ids import Digest, MemberId, member_id
from refimpl.data.refusal import Code, Refused

__all__ = ["MemoryVault", "Shelf", "Vault", "read_record"]

Row = tuple[str, bytes | None]
"""A key of the shelf and its value; None takes it away."""


class Shelf(Protocol):
    """The part of `refimpl.node.ports.Store` that a vault needs, said again because this room stands below the node."""

    def get(self, key: str) -> bytes | None:
        """The value of a key, or None."""

    def items(self, prefix: str = "") -> Iterator[tuple[str, bytes]]:
        """Keys that begin with `prefix`, ascending, with their values."""

    def apply(self, writes: Sequence[Row], *, sync: bool) -> None:
        """All of `writes` or none; with `sync` durable on return."""

    def scrub(self) -> None:
        """Leave no byte of what was deleted on whatever the shelf stands on."""


class Vault:
    """The custodian's storage of sealed records, on a shelf. A refused call has changed nothing."""

    def __init__(self, shelf: Shelf) -> None:
        """A vault with what stands on the shelf already."""
        self._shelf = shelf

    def __repr__(self) -> str:
        return "<Vault>"

    def put(self, sealed: SealedRecord, own: WrappedKey) -> None:
        """Keep a new record with its first key, the custodian's; `vault.exists` if the name was ever used."""
        self._shelf.apply(self._new(sealed, own), sync=True)

    def put_chart(self, chart: Chart, sealed: Sequence[Sealed]) -> None:
        """Keep a new chart, all its fields in one piece; `vault.exists` if a name was ever used."""
        self._must_be_new(chart.record)
        rows: list[Row] = [(_list(chart.record), chart.to_bytes()), (_by_digest(chart.digest), chart.record.encode())]
        for kept, own in sealed:
            rows += self._new(kept, own)
        self._shelf.apply(rows, sync=True)

    def chart(self, record: RecordId) -> Chart:
        """The list of a chart's fields; `vault.unknown` or `vault.erased`."""
        found = self._shelf.get(_list(record))
        if found is None:
            raise Refused(Code.VAULT_UNKNOWN, record=record)
        if not found:
            raise Refused(Code.VAULT_ERASED, record=record)
        return Chart.from_bytes(found)

    def of_digest(self, digest: Digest) -> RecordId:
        """The name of the chart that was put here with this digest; `vault.unknown`."""
        found = self._shelf.get(_by_digest(digest))
        if found is None:
            raise Refused(Code.VAULT_UNKNOWN, record=digest.hex())
        return record_id(found.decode("latin-1"))

    def charts(self) -> list[RecordId]:
        """The charts that were ever put here, erased ones too, ascending."""
        return [record_id(key[len(_list("")) :]) for key, _ in self._shelf.items(_list(""))]

    def sealed(self, record: RecordId) -> SealedRecord:
        """The record; `vault.unknown` or `vault.erased`, and `wire.bad_field` for a row that was damaged."""
        custodian, _, body = self._of(record).partition(b"\n")
        kept_by = member_id(custodian.decode("latin-1"))
        return SealedRecord(record, kept_by, body[:NONCE_BYTES], body[NONCE_BYTES:])

    def key(self, record: RecordId, reader: MemberId) -> WrappedKey:
        """The reader's key to a record; `vault.unknown`, `vault.erased`, or `vault.no_key`."""
        self._of(record)
        found = self._shelf.get(_key(record, reader))
        if found is None:
            raise Refused(Code.VAULT_NO_KEY, record=record, reader=reader)
        return WrappedKey(record, reader, found)

    def grant(self, key: WrappedKey) -> None:
        """Keep a key for a further reader, replacing the reader's former one; `vault.unknown` or `vault.erased`."""
        self._of(key.record)
        self._shelf.apply([(_key(key.record, key.reader), key.wrapped)], sync=True)

    def withdraw(self, record: RecordId, reader: MemberId) -> None:
        """Destroy a reader's key; nothing happens if there is none. `vault.unknown` or `vault.erased`."""
        self._of(record)
        self._shelf.apply([(_key(record, reader), None)], sync=True)

    def erase(self, record: RecordId) -> None:
        """Destroy the record and all its keys (APP-005); again is no error. `vault.unknown`."""
        if self._shelf.get(_body(record)) is None:
            raise Refused(Code.VAULT_UNKNOWN, record=record)
        self._shelf.apply(self._gone(record), sync=True)
        self._shelf.scrub()

    def erase_chart(self, record: RecordId) -> None:
        """Destroy every field of a chart, all keys and the list, in one piece (APP-005); again is no error.
        `vault.unknown`."""
        listed = self._shelf.get(_list(record))
        if listed is None:
            raise Refused(Code.VAULT_UNKNOWN, record=record)
        if listed:
            chart = Chart.from_bytes(listed)
            rows: list[Row] = [(_list(record), b"")]
            for number in range(len(chart.parts)):
                rows += self._gone(chart.name_of(number))
            self._shelf.apply(rows, sync=True)
        self._shelf.scrub()  # also where a crash came between the two

    # --- inside ---

    def _new(self, sealed: SealedRecord, own: WrappedKey) -> list[Row]:
        self._must_be_new(sealed.record)
        assert own.record == sealed.record
        body = sealed.custodian.encode() + b"\n" + sealed.nonce + sealed.body
        return [(_body(sealed.record), body), (_key(sealed.record, own.reader), own.wrapped)]

    def _must_be_new(self, record: RecordId) -> None:
        if self._shelf.get(_body(record)) is not None or self._shelf.get(_list(record)) is not None:
            raise Refused(Code.VAULT_EXISTS, record=record)

    def _gone(self, record: RecordId) -> list[Row]:
        """An empty body is a tombstone."""
        keys: list[Row] = [(key, None) for key, _ in self._shelf.items(_key(record, ""))]
        return [(_body(record), b""), *keys]

    def _of(self, record: RecordId) -> bytes:
        found = self._shelf.get(_body(record))
        if found is None:
            raise Refused(Code.VAULT_UNKNOWN, record=record)
        if not found:
            raise Refused(Code.VAULT_ERASED, record=record)
        return found


# `|` stands in no name, so one record's rows are never another's.


def _list(record: str) -> str:
    return f"chart|{record}"


def _by_digest(digest: Digest) -> str:
    return f"digest|{digest.hex()}"


def _body(record: str) -> str:
    return f"sealed|{record}"


def _key(record: str, reader: str) -> str:
    return f"key|{record}|{reader}"


def read_record(vault: Vault, record: RecordId, reader: MemberId, own: ReaderKey, committed: Digest) -> bytes:
    """The content of a record for a reader who holds a key to it, checked against the commitment on the chain
    (APP-004).

    Refusals are those of `Vault.key` and of `open_record`.
    """
    return open_record(vault.sealed(record), vault.key(record, reader), own, committed)


class _Memory:
    """A shelf that ends with the process."""

    def __init__(self) -> None:
        self._rows: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self._rows.get(key)

    def items(self, prefix: str = "") -> Iterator[tuple[str, bytes]]:
        return iter(sorted((key, value) for key, value in self._rows.items() if key.startswith(prefix)))

    def apply(self, writes: Iterable[Row], *, sync: bool) -> None:
        for key, value in writes:
            if value is None:
                self._rows.pop(key, None)
            else:
                self._rows[key] = value

    def scrub(self) -> None:
        pass


class MemoryVault(Vault):
    """A vault in memory, for one run and for tests."""

    def __init__(self) -> None:
        """An empty vault."""
        super().__init__(_Memory())
