"""A record off the chain: sealed for its readers, committed to on the chain, checked before it is believed.

The record's bytes follow a salt of 32 random bytes under one seal; the chain carries the digest of both together. So
whoever may open the record can check it, and once the keys are destroyed nobody can test a guess against the digest
that stays: the salt went with them. A record is bytes; what it says, who may see it and why are for others. The
module draws no randomness: the caller owes `SealingSecrets` that were never used before.
"""

from collections.abc import Sequence
from typing import Final, NewType

from attrs import field, frozen

from refimpl.crypto.recipes import WeakKey, digest
from refimpl.crypto.sealing import DataKey, ReaderKey, SealBroken, open_sealed, seal, unwrap_key, wrap_key
from refimpl.data.encoding import encode
from refimpl.data.ids import Digest, MemberId, Name, name
from refimpl.data.refusal import Code, Refused

__all__ = [
    "IndexEntry",
    "RecordId",
    "SealedRecord",
    "SealingSecrets",
    "WrappedKey",
    "commitment",
    "index_digest",
    "open_record",
    "record_id",
    "salt_of",
    "seal_record",
    "share_key",
    "wrap_for",
]

RecordId = NewType("RecordId", Name)
"""Name of a record, unique with its custodian and never used again."""

SALT_BYTES: Final = 32
_COMMITMENT_TAG: Final = "yilian/record/v1"
_INDEX_TAG: Final = "yilian/record-index/v1"


def record_id(value: object, at: str = "") -> RecordId:
    """A record's name from outside input, or `wire.bad_field`."""
    return RecordId(name(value, at))


@frozen
class SealingSecrets:
    """Randomness for sealing one record; drawn by the caller, used once."""

    data_key: bytes = field(repr=False)
    """32 bytes."""
    nonce: bytes = field(repr=False)
    """12 bytes."""
    salt: bytes = field(repr=False)
    """32 bytes."""


@frozen
class SealedRecord:
    """A record as its custodian stores it; gives nothing away without a key."""

    record: RecordId
    custodian: MemberId
    nonce: bytes = field(repr=False)
    body: bytes = field(repr=False)
    """Salt and content under the data key, with the tag that binds record and custodian."""


@frozen
class WrappedKey:
    """The data key of a record, for one reader only."""

    record: RecordId
    reader: MemberId
    wrapped: bytes = field(repr=False)


@frozen
class IndexEntry:
    """What the chain may know of a record: that it exists, of what kind, with whom, and the commitment to its bytes."""

    record: RecordId
    kind: str
    custodian: MemberId
    commitment: Digest


def commitment(salt: bytes, content: bytes) -> Digest:
    """The digest that stands on the chain for `content` (APP-001)."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return digest(_COMMITMENT_TAG, salt + content)


def index_digest(entries: Sequence[IndexEntry]) -> Digest:
    """One digest for the index entries that a referral offers, in their order (APP-006)."""
    rows = [
        {"commitment": e.commitment.hex(), "custodian": e.custodian, "kind": e.kind, "record": e.record}
        for e in entries
    ]
    return digest(_INDEX_TAG, encode(rows))


def seal_record(
    record: RecordId, custodian: MemberId, content: bytes, secrets: SealingSecrets
) -> tuple[SealedRecord, DataKey, Digest]:
    """The sealed record, the key that opens it, and the commitment for the chain (APP-001, APP-002).

    The key is for `wrap_for` at once, the custodian first, and then to be forgotten.
    """
    key = DataKey(secrets.data_key)
    body = seal(key, secrets.nonce, secrets.salt + content, _bound(record, custodian))
    return SealedRecord(record, custodian, secrets.nonce, body), key, commitment(secrets.salt, content)


def wrap_for(key: DataKey, record: RecordId, reader: MemberId, public: bytes, seed: bytes) -> WrappedKey:
    """The data key for a reader's X25519 public key (APP-003); `seed` is 32 random bytes used once.

    `member.weak_key` if the reader's key is of small order.
    """
    try:
        return WrappedKey(record, reader, wrap_key(key, public, _addressed(record, reader), seed))
    except WeakKey as weak:
        raise Refused(Code.MEMBER_WEAK_KEY, got=weak.args[0]) from None


def share_key(held: WrappedKey, own: ReaderKey, reader: MemberId, public: bytes, seed: bytes) -> WrappedKey:
    """A key that the owner of `own` holds, wrapped anew for another reader; `access.broken_record` if it does not
    open."""
    return wrap_for(_unwrapped(held, own), held.record, reader, public, seed)


def open_record(sealed: SealedRecord, held: WrappedKey, own: ReaderKey, committed: Digest) -> bytes:
    """The content, after the integrity check that precedes every read (APP-004).

    `access.broken_record` if the key is not for this reader or record, if the stored bytes were altered, or if they
    are not those that `committed`, the digest on the chain, speaks of.
    """
    salt, content = _opened(sealed, held, own)
    if commitment(salt, content) != committed:
        raise _broken(sealed.record)
    return content


def salt_of(sealed: SealedRecord, held: WrappedKey, own: ReaderKey) -> bytes:
    """The salt under the seal, with which its keeper can tell a copy of the record from anything else;
    `access.broken_record`."""
    return _opened(sealed, held, own)[0]


def _opened(sealed: SealedRecord, held: WrappedKey, own: ReaderKey) -> tuple[bytes, bytes]:
    """Salt and content."""
    try:
        opened = open_sealed(_unwrapped(held, own), sealed.nonce, sealed.body, _bound(sealed.record, sealed.custodian))
    except SealBroken:
        raise _broken(sealed.record) from None
    if len(opened) < SALT_BYTES:
        raise _broken(sealed.record)
    return opened[:SALT_BYTES], opened[SALT_BYTES:]


def _unwrapped(held: WrappedKey, own: ReaderKey) -> DataKey:
    try:
        return unwrap_key(own, held.wrapped, _addressed(held.record, held.reader))
    except SealBroken:
        raise _broken(held.record) from None


def _broken(record: RecordId) -> Refused:
    return Refused(Code.ACCESS_BROKEN_RECORD, record=record)


def _bound(record: RecordId, custodian: MemberId) -> bytes:
    """What the seal of a record covers besides its bytes."""
    return encode({"custodian": custodian, "record": record})


def _addressed(record: RecordId, reader: MemberId) -> bytes:
    """What a wrapped key is bound to."""
    return encode({"reader": reader, "record": record})
