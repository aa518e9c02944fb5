"""DocumentReference in and out: what the chain knows of a record, and where its digest stands.

FHIR's `attachment.hash` is SHA-1 of the bytes, which anybody who guesses a short record can test; ours is the salted
commitment over the stored bytes, in an extension. The module must not know a record's content.
"""

from typing import Any

from attrs import field, frozen

from refimpl.application.fhir import terms
from refimpl.application.fhir.bundle import Bundle, Node
from refimpl.application.records import IndexEntry, record_id
from refimpl.data.ids import digest_of_hex, member_id
from refimpl.data.limits import RECORD_KIND_BYTES
from refimpl.data.refusal import Code

__all__ = ["Document", "document_resource", "read_document", "write_document"]


@frozen
class Document:
    """An index entry with the patient it is of."""

    entry: IndexEntry
    patient: str = field(repr=False)
    at: int
    """When it was entered, seconds since 1970."""


def write_document(document: Document) -> bytes:
    """The DocumentReference of an index entry."""
    return terms.written(document_resource(document))


def document_resource(document: Document, **more: Any) -> dict[str, Any]:
    """The same as a value, with elements that the reader of the whole needs; `subject` and `custodian` are by
    identifier unless given."""
    entry = document.entry
    digest = {"url": terms.COMMITMENT, "valueString": entry.commitment.hex()}  # APP-039
    fields: dict[str, Any] = {
        "id": terms.id_of("record", entry.custodian, entry.record),
        "identifier": [terms.number(terms.RECORD, f"{entry.custodian}/{entry.record}")],
        "status": "current",
        "type": terms.concept(terms.KIND, entry.kind),
        "subject": terms.patient(document.patient),
        "date": terms.instant(document.at),
        "custodian": terms.member("Organization", entry.custodian),
        "content": [{"attachment": {"extension": [digest]}}],
    }
    return terms.resource("DocumentReference", **(fields | more))


def read_document(data: bytes) -> Document:
    """The index entry that a DocumentReference of ours speaks of."""
    bundle = Bundle.holding(data, "DocumentReference")
    return document_of(bundle, bundle.only("DocumentReference").node)


def document_of(bundle: Bundle, node: Node) -> Document:
    """The same of a resource within a bundle."""
    node.unmodified()
    node.get("status").one_of(("current",))
    number = terms.identified(node, terms.RECORD)
    if number is None:
        raise node.refused(Code.FHIR_MISSING, expected=f"identifier of {terms.RECORD}")
    custodian, parted, record = number.text().partition("/")
    [kind, *_] = terms.concept_codings(node.get("type")) or [terms.Coding("", "")]
    if kind.system != terms.KIND or not 0 < len(kind.code.encode()) <= RECORD_KIND_BYTES:
        raise node.get("type").wrong_value(f"a code of {terms.KIND}")
    attachment = node.get("content").first().get("attachment")
    digest = _commitment(attachment)
    entry = IndexEntry(
        terms.as_written(number, record_id, record if parted else ""), kind.code,
        terms.as_written(number, member_id, custodian), terms.as_written(digest, digest_of_hex, digest.text()),
    )  # fmt: skip
    return Document(entry, terms.pseudonym(bundle, node.get("subject")), terms.stretch(node.get("date")).first)


def _commitment(attachment: Node) -> Node:
    extensions = attachment.get("extension").items()
    found = next((one for one in extensions if one.get("url").text() == terms.COMMITMENT), None)
    if found is None:
        raise attachment.refused(Code.FHIR_MISSING, expected=terms.COMMITMENT)
    return found.get("valueString")
