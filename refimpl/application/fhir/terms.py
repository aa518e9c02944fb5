"""The names both worlds share: code systems, identifiers of members and patients, moments, and how a resource is
written down.

Why one file: the same URI written in two places becomes two URIs. What the ledger names (members, pseudonyms, records)
is referred to by identifier, since the ledger knows no resource of anybody's server. Written resources are canonical:
members sorted, no empty ones, amounts as exact decimals. It must not know any kind of resource.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec
from attrs import field, frozen

from refimpl.application.fhir.bundle import Bundle, Node
from refimpl.crypto.recipes import digest
from refimpl.data.refusal import Code, Refused

MEMBER: Final = "urn:yilian:member"
"""Identifier system: a node of the ledger's directory."""
PSEUDONYM: Final = "urn:yilian:pseudonym"
"""Identifier system: a patient as the channel knows the person."""
RECORD: Final = "urn:yilian:record"
"""Identifier system: `custodian/record`, a record of the index."""
TRANSACTION: Final = "urn:yilian:transaction"
"""Identifier system: a transaction's digest in hexadecimal."""
VISIT: Final = "urn:yilian:visit"
REFERRAL: Final = "urn:yilian:referral"
CONSENT: Final = "urn:yilian:consent"
CLAIM: Final = "urn:yilian:claim"
DISPENSE: Final = "urn:yilian:dispense"
GROUP: Final = "urn:yilian:group"
"""Code system: groups of fields of the policies, `basic clinical sensitive`."""
KIND: Final = "urn:yilian:record-kind"
"""Code system: kind of a record as its index entry has it."""
STATE: Final = "urn:yilian:state"
"""Code system: `Contract.state` of an instance."""
REASON: Final = "urn:yilian:reason"
"""Code system: why something was refused or went wrong, as the contract has it."""
POLICY: Final = "urn:yilian:policy:RecordAccess"
"""The policy under which a consent of ours stands."""

COMMITMENT: Final = "urn:yilian:commitment"
"""Extension of Attachment: the record's commitment in hexadecimal (APP-039)."""
TRACE: Final = "urn:yilian:trace"
"""Extension of Claim.item and MedicationDispense: the trace code of one box."""

ICD_10: Final = "http://hl7.org/fhir/sid/icd-10"
SNOMED: Final = "http://snomed.info/sct"
ACT_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
PARTICIPATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"

PURPOSES: Final = {
    "treatment": "TREAT", "referral": "COC", "emergency": "ETREAT", "insurance": "HPAYMT", "research": "HRESCH",
    "supervision": "HCOMPL",
}  # fmt: skip
"""Purpose of the policies -> code of v3-ActReason (APP-032)."""

TIME_MAX: Final = 253_402_300_799
"""The last second that a contract counts (spec/limits.toml)."""
MONEY_MAX: Final = 10_000_000_000_000
"""The largest amount of a contract, fen (spec/limits.toml)."""

_CHINA: Final = timezone(timedelta(hours=8))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d))?)?)?", re.ASCII
)
_WRITER: Final = msgspec.json.Encoder(order="sorted", decimal_format="number")


@frozen
class Coding:
    """A concept by the URI of its code system and its code; its title is left behind."""

    system: str
    code: str


@frozen
class Stretch:
    """The whole seconds since 1970 that a FHIR dateTime covers: `first` to `last`, both within."""

    first: int
    last: int


@frozen
class Party:
    """A member as a resource names it."""

    kind: str
    """`Organization` or `Practitioner`."""
    name: str = field(repr=False)
    """Its node in the directory."""


# --- reading ---


def stretch(node: Node) -> Stretch:
    """The seconds of a dateTime or instant; a date without a zone is that day at UTC+08:00 (APP-031)."""
    found = _MOMENT.fullmatch(node.text())
    if found is None:
        raise node.wrong_value("a FHIR dateTime")
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        if hour is not None:
            begun = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=_zone(zone))
            first = _seconds(begun)
            return Stretch(first + bool((fraction or "").strip(".0")), first)
        begun = datetime(int(year), int(month or 1), int(day or 1), tzinfo=_CHINA)
        after = _following(begun, month is not None, day is not None)
    except (ValueError, OverflowError):
        raise node.wrong_value("a FHIR dateTime") from None
    return Stretch(_seconds(begun), _seconds(after) - 1)


def _following(begun: datetime, by_month: object, by_day: object) -> datetime:
    """The beginning of the next day, month or year."""
    if by_day:
        return begun + timedelta(days=1)
    if by_month and begun.month < 12:
        return begun.replace(month=begun.month + 1)
    return begun.replace(year=begun.year + 1, month=1)


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 14 or minutes > 59:
        raise ValueError(text)
    return timezone((1 if text[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))


def _seconds(moment: datetime) -> int:
    passed = moment - _EPOCH
    return passed.days * 86_400 + passed.seconds


def concept_codings(concept: Node) -> list[Coding]:
    """The codings of a CodeableConcept; one in words only has none."""
    found = concept.find("coding")
    return [coding_of(one) for one in found.items()] if found else []


def coding_of(node: Node) -> Coding:
    """A Coding that names its system."""
    return Coding(node.get("system").text(), node.get("code").text())


def identified(holder: Node, system: str) -> Node | None:
    """The value of the identifier of one system, among a resource's; refuses two."""
    found = holder.find("identifier")
    mine = [one for one in found.items() if _system_of(one) == system] if found else []
    if len(mine) > 1:
        raise mine[1].refused(Code.FHIR_NOT_ONE, expected="one identifier of this system", got=str(len(mine)))
    return mine[0].get("value") if mine else None


def _system_of(identifier: Node) -> str:
    found = identifier.find("system")
    return found.text() if found else ""


def business_number(resource: Node, system: str) -> str:
    """A resource's own number in a system, a `code` of the contract language."""
    found = identified(resource, system)
    if found is None:
        raise resource.refused(Code.FHIR_MISSING, expected=f"identifier of {system}")
    return found.code()


def own_number(resource: Node, system: str) -> str:
    """A resource's own number in a system, or else its id."""
    found = identified(resource, system)
    return found.code() if found else str(resource.id())


def named(bundle: Bundle, reference: Node, system: str, *kinds: str) -> tuple[str, str]:
    """(type of resource, ledger's name) of what a Reference means: by an identifier of `system` in the reference, or
    by a literal reference to a resource of this bundle that bears one."""
    literal, logical = reference.find("reference"), reference.find("identifier")
    if literal is not None:
        resource = bundle.target(reference, *kinds).node
        return resource.kind(), business_number(resource, system)
    if logical is None:
        raise reference.refused(Code.FHIR_MISSING, expected="reference or identifier")
    if logical.get("system").text() != system:
        raise logical.get("system").wrong_value(system)
    return reference.get("type").one_of(kinds), logical.get("value").code()


def party(bundle: Bundle, reference: Node, *kinds: str) -> Party:
    """The member behind a Reference."""
    return Party(*named(bundle, reference, MEMBER, *kinds))


def pseudonym(bundle: Bundle, reference: Node) -> str:
    """The patient behind a Reference."""
    return named(bundle, reference, PSEUDONYM, "Patient")[1]


T = TypeVar("T")


def as_written(place: Node, read: Callable[[object], T], value: str) -> T:
    """A text as one of the ledger's types, refused at its place in the resource and without quoting it."""
    try:
        return read(value)
    except Refused as refused:
        raise place.wrong_value(str(refused.values["expected"])) from None


def fen(money: Node) -> int:
    """A Money in yuan as whole fen (APP-040)."""
    if money.get("currency").text() != "CNY":
        raise money.get("currency").wrong_value("CNY")
    return money.get("value").hundredths(MONEY_MAX)


# --- writing ---


def written(resource: Any) -> bytes:
    """The canonical bytes of a resource."""
    return _WRITER.encode(resource)


def resource(kind: str, **fields: Any) -> dict[str, Any]:
    """A resource with the fields that are there."""
    return {"resourceType": kind, **present(**fields)}


def present(**fields: Any) -> dict[str, Any]:
    """An element of the members that are neither None nor empty; `class_` and `for_` stand for the bare words."""
    return {name.rstrip("_"): value for name, value in fields.items() if value not in (None, "", (), [], {})}


def collection(resources: Iterable[dict[str, Any]]) -> bytes:
    """A Bundle of resources, each under the address that its id gives it."""
    entries = [{"fullUrl": address(one), "resource": one} for one in resources]
    return written(resource("Bundle", type="collection", entry=entries))


def id_of(*names: str) -> str:
    """A logical id from names of the ledger, which may hold characters that an id may not."""
    return digest("yilian/fhir-id/v1", "/".join(names).encode()).hex()[:32]


def address(resource: dict[str, Any]) -> str:
    """What a resource of a written bundle is referred to by: absolute, as fullUrl must be."""
    return f"urn:yilian:{resource['resourceType']}:{resource['id']}"


def instant(at: int) -> str:
    """A second as an instant in UTC; ValueError outside of what the ledger can count."""
    if not 0 <= at <= TIME_MAX:
        raise ValueError(f"a time from 0 to {TIME_MAX}, not {at}")
    moment = _EPOCH + timedelta(seconds=at)
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def coded(system: str, code: str, display: str | None = None) -> dict[str, Any]:
    """A Coding."""
    return present(system=system, code=code, display=display)


def concept(system: str, code: str, display: str | None = None) -> dict[str, Any]:
    """A CodeableConcept of one coding."""
    return {"coding": [coded(system, code, display)]}


def number(system: str, value: str) -> dict[str, Any]:
    """An Identifier."""
    return {"system": system, "value": value}


def logical(kind: str, system: str, value: str) -> dict[str, Any]:
    """A Reference by identifier."""
    return {"identifier": number(system, value), "type": kind}


def member(kind: str, name: str) -> dict[str, Any]:
    """A Reference to a member."""
    return logical(kind, MEMBER, name)


def patient(name: str) -> dict[str, Any]:
    """A Reference to a patient by pseudonym."""
    return logical("Patient", PSEUDONYM, name)


def yuan(amount: int) -> dict[str, Any]:
    """Whole fen as a Money: exactly two decimals, no float (APP-040)."""
    return {"currency": "CNY", "value": Decimal(amount).scaleb(-2)}
