"""A chart: one record off the chain, sealed field by field, so that a reader gets the fields the rules allow and no
others.

Each field is a record of its own in the vault, with its own salt, key and commitment; the chart is the list of them,
and its digest stands on the chain. So one field can be shown, or erased, and the rest still proves that nothing was
added, dropped or changed. The list names fields and digests only: it may be shown to whoever may know that the chart
exists. It must not know what a field says, nor who may read it.
"""

from collections.abc import Callable, Mapping
from typing import Final

from attrs import frozen

from refimpl.application.records import (
    RecordId,
    SealedRecord,
    SealingSecrets,
    WrappedKey,
    record_id,
    seal_record,
    wrap_for,
)
from refimpl.crypto.recipes import digest
from refimpl.crypto.sealing import ReaderKey
from refimpl.data import shape
from refimpl.data.encoding import decode, encode
from refimpl.data.ids import Digest, MemberId, Name, digest_of_hex, member_id
from refimpl.data.limits import COMMAND_LISTED, COMMAND_TEXT_BYTES
from refimpl.data.refusal import Code, Refused

__all__ = ["Chart", "Part", "Sealed", "seal_chart"]

_TAG: Final = "yilian/chart/v1"
_BYTES: Final = 1 << 20


@frozen
class Part:
    """One field of a chart, as the list has it."""

    field: str
    commitment: Digest


@frozen
class Chart:
    """The list of a chart's fields, ascending by name."""

    record: RecordId
    custodian: MemberId
    parts: tuple[Part, ...]

    @property
    def digest(self) -> Digest:
        """What stands on the chain for the chart (APP-016)."""
        return digest(_TAG, self.to_bytes())

    def part(self, field: str) -> tuple[RecordId, Part]:
        """A field's name in the vault, and its entry; `query.not_found` if the chart has no such field."""
        for number, part in enumerate(self.parts):
            if part.field == field:
                return self.name_of(number), part
        raise Refused(Code.QUERY_NOT_FOUND, what=f"field {field}")

    def name_of(self, number: int) -> RecordId:
        """The name in the vault of the field at this place of the list (APP-016)."""
        return _place(self.record, number)

    def to_bytes(self) -> bytes:
        """The canonical bytes of the list (APP-016)."""
        rows = [{"commitment": part.commitment.hex(), "field": part.field} for part in self.parts]
        return encode({"custodian": self.custodian, "parts": rows, "record": self.record})

    @classmethod
    def from_bytes(cls, data: bytes) -> "Chart":
        """The chart whose list `data` is, or `wire.*`."""
        fields = shape.record(decode(data, _BYTES), "", ("custodian", "parts", "record"))
        parts = []
        for number, value in enumerate(shape.items(fields["parts"], "/parts", COMMAND_LISTED, least=1)):
            at = f"/parts/{number}"
            row = shape.record(value, at, ("commitment", "field"))
            name = shape.text(row["field"], f"{at}/field", COMMAND_TEXT_BYTES)
            parts.append(Part(name, digest_of_hex(row["commitment"], f"{at}/commitment")))
        names = [part.field for part in parts]
        if names != sorted(set(names)):
            raise Refused(Code.WIRE_BAD_FIELD, "/parts", expected="each field once, ascending", got="another list")
        return cls(record_id(fields["record"], "/record"), member_id(fields["custodian"], "/custodian"), tuple(parts))


Sealed = tuple[SealedRecord, WrappedKey]
"""A field as the vault keeps it: sealed, with the custodian's own key to it."""


def seal_chart(
    record: RecordId, custodian: MemberId, own: ReaderKey, fields: Mapping[str, bytes],
    secrets: Callable[[], SealingSecrets], seeds: Callable[[], bytes],
) -> tuple[Chart, tuple[Sealed, ...]]:  # fmt: skip
    """A chart of these fields, and each of them sealed for its custodian (APP-002, APP-016).

    `secrets` and `seeds` give fresh randomness at each call: one of each for every field.
    """
    parts: list[Part] = []
    sealed: list[Sealed] = []
    for number, name in enumerate(sorted(fields)):
        place = _place(record, number)
        kept, key, commitment = seal_record(place, custodian, fields[name], secrets())
        sealed.append((kept, wrap_for(key, place, custodian, own.public, seeds())))
        parts.append(Part(name, commitment))
    return Chart(record, custodian, tuple(parts)), tuple(sealed)


def _place(record: RecordId, number: int) -> RecordId:
    return RecordId(Name(f"{record}/{number:03d}"))
