"""A FHIR R4 bundle, as hospital systems hand it over, read as a referral: who refers whom, where to, for what, with
which records.

What a record *says* is never looked at: its bytes are cut out of the bundle as they stand and travel sealed
(re-encoding would turn `1.50` into `1.5`, and FHIR counts that precision). What a contract needs, such as the visit
number, is read and checked.

Refusals have codes of area `fhir` and a JSON pointer into the bundle; their values say what was expected and what
kind of thing came, never its content: a refusal may be logged, clinical text may not. The module knows no ledger, no
key and no disk.
"""

from collections.abc import Iterable
from typing import Final

from attrs import field, frozen

from refimpl.application.fhir.bundle import Bundle, Node, Resource, ResourceId
from refimpl.application.fhir.terms import ICD_10, Coding
from refimpl.data.refusal import Code

__all__ = ["ClinicalRecord", "ReferralRequest", "read_referral"]

REFERRAL: Final = "3457005"
"""SNOMED CT: patient referral."""
PRIORITIES: Final = ("routine", "urgent", "asap", "stat")
"""Value set request-priority of FHIR R4; the first is what is meant where nothing is said."""
RECORDS: Final = ("DiagnosticReport", "DocumentReference", "Observation", "Condition", "Procedure")
"""Resources that may be offered or returned as records."""


@frozen
class ClinicalRecord:
    """One record of the patient, as bytes."""

    id: ResourceId
    kind: str
    """Resource type of the record; one of `RECORDS`."""
    custodian: ResourceId
    """The organisation that provided the encounter in which the record was made, and that keeps it."""
    content: bytes = field(repr=False)
    """A JSON array: the resource, then the results it lists, each exactly as the bundle wrote it."""


@frozen
class ReferralRequest:
    """What a ServiceRequest and its Task say, with every reference resolved."""

    identifier: str
    """Business number of the referral, a `code` of the contract language."""
    visit: str
    """Number of the visit from which the patient is referred, likewise a `code`."""
    subject: ResourceId
    """The patient resource. Never put on a chain: the caller knows the patient's pseudonym."""
    origin: ResourceId
    receiver: ResourceId
    priority: str
    """One of `PRIORITIES`."""
    reason: Coding
    """The first ICD-10 code among the reasons, or else their first code."""
    offered: tuple[ClinicalRecord, ...]
    """What the origin lets the receiver see, in the order of the request; at least one."""
    returned: tuple[ClinicalRecord, ...]
    """What the receiver gives back when it has finished; empty while it has not."""


def read_referral(data: bytes) -> ReferralRequest:
    """The referral in a bundle; `Refused` with a code of area `fhir` and the place of what is wrong."""
    bundle = Bundle.read(data)
    order = bundle.only("ServiceRequest")
    request = order.node
    _check_order(request)
    patient = bundle.target(request.get("subject"), "Patient")
    encounter = bundle.target(request.get("encounter"), "Encounter")
    _check_patient(bundle, encounter.node, patient)
    receiver = bundle.target(request.get("performer").first(), "Organization")
    request.get("supportingInfo").first()
    priority = request.find("priority")
    return ReferralRequest(
        identifier=request.get("identifier").first().get("value").code(),
        visit=encounter.node.get("identifier").first().get("value").code(),
        subject=patient.node.id(),
        origin=bundle.target(request.get("requester"), "Organization").node.id(),
        receiver=receiver.node.id(),
        priority=priority.one_of(PRIORITIES) if priority else PRIORITIES[0],
        reason=_reason(request.get("reasonCode")),
        offered=_records(bundle, request.get("supportingInfo").items(), patient),
        returned=_returned(bundle, order, patient, receiver),
    )


def _check_order(request: Node) -> None:
    """A ServiceRequest is a referral if it is an order of that category and has not been withdrawn."""
    request.unmodified()
    forbidden = request.find("doNotPerform")
    if forbidden and forbidden.truth():
        raise forbidden.refused(Code.FHIR_WRONG_VALUE, expected="an order to perform", got="one not to")
    request.get("intent").one_of(("order", "original-order"))
    request.get("status").one_of(("active", "completed"))
    category = request.get("category")
    if REFERRAL not in (coding.get("code").text() for coding in _codings(category)):
        raise category.refused(Code.FHIR_WRONG_VALUE, expected=f"SNOMED CT {REFERRAL}, patient referral", got="others")


def _codings(concepts: Node) -> list[Node]:
    """The codings of a list of CodeableConcepts; a concept in words only has none."""
    found = [concept.find("coding") for concept in concepts.items()]
    return [coding for codings in found if codings for coding in codings.items()]


def _reason(reasons: Node) -> Coding:
    found = [Coding(coding.get("system").text(), coding.get("code").code()) for coding in _codings(reasons)]
    if not found:
        raise reasons.refused(Code.FHIR_MISSING, expected="coding")
    return next((coding for coding in found if coding.system == ICD_10), found[0])


def _check_patient(bundle: Bundle, node: Node, patient: Resource) -> None:
    """Nobody else's resource may slip into a patient's referral."""
    if bundle.target(node.get("subject"), "Patient") is not patient:
        raise node.get("subject").refused(Code.FHIR_OTHER_PATIENT, expected="the patient of the request", got="another")


def execution_of(bundle: Bundle) -> Node | None:
    """The Task that executes the request, if there is one: the one that is no part of another."""
    found = [one for one in bundle.all("Task") if one.node.find("partOf") is None]
    if len(found) > 1:
        raise found[1].node.refused(Code.FHIR_NOT_ONE, expected="one Task", got=str(len(found)))
    if found:
        found[0].node.unmodified()
    return found[0].node if found else None


def _returned(bundle: Bundle, order: Resource, patient: Resource, receiver: Resource) -> tuple[ClinicalRecord, ...]:
    """The outputs of the Task that executes the request, if there is one."""
    task = execution_of(bundle)
    if task is None:
        return ()
    for name, kind, meant in (("focus", "ServiceRequest", order), ("owner", "Organization", receiver)):
        if bundle.target(task.get(name), kind) is not meant:
            raise task.get(name).refused(Code.FHIR_WRONG_VALUE, expected=f"the {kind} of the request", got="another")
    if bundle.target(task.get("for"), "Patient") is not patient:
        raise task.get("for").refused(Code.FHIR_OTHER_PATIENT, expected="the patient of the request", got="another")
    outputs = task.find("output")
    return _records(bundle, [output.get("valueReference") for output in outputs.items()], patient) if outputs else ()


def _records(bundle: Bundle, references: Iterable[Node], patient: Resource) -> tuple[ClinicalRecord, ...]:
    """The records behind references, each with its results, all of the same patient."""
    return tuple(_record(bundle, bundle.target(reference, *RECORDS), patient) for reference in references)


def _record(bundle: Bundle, resource: Resource, patient: Resource) -> ClinicalRecord:
    results = resource.node.find("result") if resource.node.kind() == "DiagnosticReport" else None
    parts = [resource]
    if results:
        parts += [bundle.target(reference, "Observation") for reference in results.items()]
    for part in parts:
        _check_patient(bundle, part.node, patient)
    encounter = bundle.target(_encounter_of(resource.node), "Encounter").node
    return ClinicalRecord(
        id=resource.node.id(),
        kind=resource.node.kind(),
        custodian=bundle.target(encounter.get("serviceProvider"), "Organization").node.id(),
        content=b"[" + b",".join(part.content for part in parts) + b"]",
    )


def _encounter_of(node: Node) -> Node:
    """Where a record names its encounter: a document in its context, everything else at the top."""
    return node.get("context").get("encounter").first() if node.kind() == "DocumentReference" else node.get("encounter")
