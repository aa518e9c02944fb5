"""Where a custodian keeps sealed records and the keys wrapped for their readers; and how a record is forgotten.

A vault holds nothing that opens anything: the reader's own key comes from the reader. Erasing destroys the record and
every wrapped key and leaves a tombstone, so that the name is never given again. What a vault cannot do, and does not
claim: take back what a reader has already read. It must not know the chain; the caller brings the commitment.
"""

from typing import Protocol

from attrs import Factory, define, field

from refimpl.application.records import RecordId, SealedRecord, WrappedKey, open_record
from refimpl.crypto.sealing import ReaderKey
from refimpl.data.ids import Digest, MemberId
from refimpl.data.refusal import Code, Refused

__all__ = ["MemoryVault", "Vault", "read_record"]


class Vault(Protocol):
    """The custodian's storage of sealed records. A refused call has changed nothing."""

    def put(self, sealed: SealedRecord, own: WrappedKey) -> None:
        """Keep a new record with its first key, the custodian's; `vault.exists` if the name was ever used."""

    def sealed(self, record: RecordId) -> SealedRecord:
        """The record; `vault.unknown` or `vault.erased`."""

    def key(self, record: RecordId, reader: MemberId) -> WrappedKey:
        """The reader's key to a record; `vault.unknown`, `vault.erased`, or `vault.no_key`."""

    def grant(self, key: WrappedKey) -> None:
        """Keep a key for a further reader, replacing the reader's former one; `vault.unknown` or `vault.erased`."""

    def withdraw(self, record: RecordId, reader: MemberId) -> None:
        """Destroy a reader's key; nothing happens if there is none. `vault.unknown` or `vault.erased`."""

    def erase(self, record: RecordId) -> None:
        """Destroy the record and all its keys (APP-005); again is no error. `vault.unknown`."""


def read_record(vault: Vault, record: RecordId, reader: MemberId, own: ReaderKey, committed: Digest) -> bytes:
    """The content of a record for a reader who holds a key to it, checked against the commitment on the chain
    (APP-004).

    Refusals are those of `Vault.key` and of `open_record`.
    """
    return open_record(vault.sealed(record), vault.key(record, reader), own, committed)


@define
class _Kept:
    sealed: SealedRecord
    keys: dict[MemberId, WrappedKey]


@define
class MemoryVault:
    """A vault in memory, for one run and for tests."""

    _kept: dict[RecordId, _Kept | None] = field(default=Factory(dict), init=False, repr=False)
    """None is a tombstone."""

    def put(self, sealed: SealedRecord, own: WrappedKey) -> None:
        """See `Vault`."""
        if sealed.record in self._kept:
            raise Refused(Code.VAULT_EXISTS, record=sealed.record)
        assert own.record == sealed.record
        self._kept[sealed.record] = _Kept(sealed, {own.reader: own})

    def sealed(self, record: RecordId) -> SealedRecord:
        """See `Vault`."""
        return self._of(record).sealed

    def key(self, record: RecordId, reader: MemberId) -> WrappedKey:
        """See `Vault`."""
        found = self._of(record).keys.get(reader)
        if found is None:
            raise Refused(Code.VAULT_NO_KEY, record=record, reader=reader)
        return found

    def grant(self, key: WrappedKey) -> None:
        """See `Vault`."""
        self._of(key.record).keys[key.reader] = key

    def withdraw(self, record: RecordId, reader: MemberId) -> None:
        """See `Vault`."""
        self._of(record).keys.pop(reader, None)

    def erase(self, record: RecordId) -> None:
        """See `Vault`."""
        if record not in self._kept:
            raise Refused(Code.VAULT_UNKNOWN, record=record)
        self._kept[record] = None

    def _of(self, record: RecordId) -> _Kept:
        if record not in self._kept:
            raise Refused(Code.VAULT_UNKNOWN, record=record)
        found = self._kept[record]
        if found is None:
            raise Refused(Code.VAULT_ERASED, record=record)
        return found
