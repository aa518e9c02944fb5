"""ServiceRequest and Task out, and back in: how far a referral has come, as the ledger has it.

The order is one ServiceRequest; its execution by the receiver is a Task; the commission's approval is a Task of its
own, part of that one. The state of the contract stands word for word in `businessStatus`; `status` is FHIR's nearest
word, by the table here. The module must not know how a referral changes its state.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import field, frozen

from refimpl.application.fhir import terms
from refimpl.application.fhir.bundle import Bundle, Node, Resource
from refimpl.application.fhir.document import Document, document_of, document_resource
from refimpl.application.fhir.referral import PRIORITIES, REFERRAL, execution_of
from refimpl.application.fhir.terms import Coding
from refimpl.application.records import IndexEntry
from refimpl.data.refusal import Code

__all__ = ["STATUS", "ReferralOnLedger", "read_referral_state", "write_referral"]

STATUS: Final[Mapping[str, str]] = {
    "Referral.requested": "draft",
    "Referral.escalated": "draft",
    "Referral.approved": "requested",
    "Referral.booked": "accepted",
    "Referral.arrival": "ready",
    "Referral.treating": "in-progress",
    "Referral.reported": "completed",
    "Referral.settled": "completed",
    "Referral.declined": "rejected",
    "Referral.refused_by_regulator": "cancelled",
    "Referral.lapsed": "cancelled",
    "StepDown.offered": "requested",
    "StepDown.caring": "in-progress",
    "StepDown.closed": "completed",
    "StepDown.returned": "rejected",
}
"""`Contract.state` -> Task.status of the execution. `completed` demands a returned record: without one `reported` is
`on-hold`, and `settled` and `closed` are `failed` (APP-038)."""
_WITHOUT_RESULT: Final = {
    "Referral.reported": "on-hold", "Referral.settled": "failed", "StepDown.closed": "failed",
}  # fmt: skip
_APPROVAL: Final = {
    "Referral.requested": "requested", "Referral.escalated": "requested", "Referral.refused_by_regulator": "rejected",
}  # fmt: skip
"""`Contract.state` -> Task.status of the approval; all others: `completed`, or `failed` if it never came."""
_NEVER_APPROVED: Final = "late_escalation"
_OVER: Final = {"completed": "completed", "rejected": "revoked", "cancelled": "revoked", "failed": "revoked"}
_TASK: Final = "http://hl7.org/fhir/CodeSystem/task-code"
_UNKNOWN: Final = terms.coded("http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "UNK")
_SUMMARY: Final = terms.concept("http://loinc.org", "18842-5")


@frozen
class ReferralOnLedger:
    """An instance of `Referral` or `StepDown`, with what the index says of its records."""

    contract: str
    """`Referral` (up) or `StepDown` (down)."""
    identifier: str
    visit: str
    patient: str = field(repr=False)
    origin: str
    receiver: str
    commission: str | None
    """Who approves; None where nobody has to."""
    priority: str
    reason: Coding = field(repr=False)
    state: str
    why: str | None
    """The code of the refusal or the name of the breach that led to the state."""
    authored: int
    """Seconds since 1970, as is `modified`."""
    modified: int
    offered: tuple[IndexEntry, ...]
    returned: tuple[IndexEntry, ...]


def status_of(referral: ReferralOnLedger) -> str:
    """The Task.status of the execution; KeyError for a state that no contract has."""
    state = f"{referral.contract}.{referral.state}"
    return STATUS[state] if referral.returned else _WITHOUT_RESULT.get(state, STATUS[state])


# --- out ---


def write_referral(referral: ReferralOnLedger) -> bytes:
    """A bundle of the ServiceRequest, its Tasks, and what they refer to, records by their digests only."""
    patient = terms.resource(
        "Patient", id=terms.id_of("patient", referral.patient),
        identifier=[terms.number(terms.PSEUDONYM, referral.patient)],
    )  # fmt: skip
    entries = (*referral.offered, *referral.returned)
    names = dict.fromkeys((referral.origin, referral.receiver, *(entry.custodian for entry in entries)))
    if referral.commission is not None:
        names[referral.commission] = None
    members = {name: _organization(name) for name in names}
    visits = {name: _encounter(referral, patient, members[name]) for name in members}
    documents = {
        entry: document_resource(
            Document(entry, referral.patient, referral.authored), subject=_to(patient),
            custodian=_to(members[entry.custodian]), context={"encounter": [_to(visits[entry.custodian])]},
        )
        for entry in entries
    }  # fmt: skip
    order = _order(referral, patient, members, visits[referral.origin], [documents[one] for one in referral.offered])
    task = _execution(referral, order, patient, members, [documents[one] for one in referral.returned])
    tasks = [task]
    if referral.commission is not None:
        tasks.append(_approval(referral, order, task, members))
    return terms.collection([patient, *members.values(), *visits.values(), *documents.values(), order, *tasks])


def _to(resource: dict[str, Any]) -> dict[str, Any]:
    return {"reference": terms.address(resource)}


def _organization(name: str) -> dict[str, Any]:
    return terms.resource("Organization", id=terms.id_of("member", name), identifier=[terms.number(terms.MEMBER, name)])


def _encounter(referral: ReferralOnLedger, patient: dict[str, Any], provider: dict[str, Any]) -> dict[str, Any]:
    """The visit at the origin, which has the number, or the stay at another institution that made a record."""
    own = provider["id"] == terms.id_of("member", referral.origin)
    return terms.resource(
        "Encounter",
        id=terms.id_of("visit", referral.visit, provider["id"]),
        identifier=[terms.number(terms.VISIT, referral.visit)] if own else None,
        status="unknown",
        class_=_UNKNOWN,
        subject=_to(patient),
        serviceProvider=_to(provider),
    )


def _order(
    referral: ReferralOnLedger, patient: dict[str, Any], members: Mapping[str, dict[str, Any]],
    visit: dict[str, Any], offered: Sequence[dict[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    return terms.resource(
        "ServiceRequest",
        id=terms.id_of("referral", referral.identifier),
        identifier=[terms.number(terms.REFERRAL, referral.identifier)],
        status=_OVER.get(status_of(referral), "active"),
        intent="order",
        category=[terms.concept(terms.SNOMED, REFERRAL)],
        priority=referral.priority,
        subject=_to(patient),
        encounter=_to(visit),
        authoredOn=terms.instant(referral.authored),
        requester=_to(members[referral.origin]),
        performer=[_to(members[referral.receiver])],
        reasonCode=[terms.concept(referral.reason.system, referral.reason.code)],
        supportingInfo=[_to(one) for one in offered],
    )


def _execution(
    referral: ReferralOnLedger, order: dict[str, Any], patient: dict[str, Any],
    members: Mapping[str, dict[str, Any]], returned: Sequence[dict[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    return terms.resource(
        "Task",
        id=terms.id_of("task", referral.identifier),
        status=status_of(referral),
        statusReason=None if referral.why is None else terms.concept(terms.REASON, referral.why),
        businessStatus=terms.concept(terms.STATE, f"{referral.contract}.{referral.state}"),
        intent="order",
        priority=referral.priority,
        code=terms.concept(_TASK, "fulfill"),
        focus=_to(order),
        for_=_to(patient),
        authoredOn=terms.instant(referral.authored),
        lastModified=terms.instant(referral.modified),
        requester=_to(members[referral.origin]),
        owner=_to(members[referral.receiver]),
        output=[{"type": _SUMMARY, "valueReference": _to(one)} for one in returned],
    )


def _approval(
    referral: ReferralOnLedger, order: dict[str, Any], task: dict[str, Any], members: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    state = f"{referral.contract}.{referral.state}"
    status = "failed" if referral.why == _NEVER_APPROVED else _APPROVAL.get(state, "completed")
    assert referral.commission is not None
    return terms.resource(
        "Task",
        id=terms.id_of("approval", referral.identifier),
        partOf=[_to(task)],
        status=status,
        intent="order",
        code=terms.concept(_TASK, "approve"),
        focus=_to(order),
        for_=task["for"],
        authoredOn=terms.instant(referral.authored),
        requester=_to(members[referral.origin]),
        owner=_to(members[referral.commission]),
    )


# --- in ---


def read_referral_state(data: bytes) -> ReferralOnLedger:
    """The instance that `write_referral` wrote; refuses a Task whose `status` is not that of its `businessStatus`."""
    bundle = Bundle.read(data)
    order = bundle.only("ServiceRequest").node
    order.unmodified()
    task = execution_of(bundle)
    if task is None:
        raise order.refused(Code.FHIR_MISSING, expected="Task")
    contract, _, state = _own_code(task, "businessStatus", terms.STATE, tuple(STATUS)).partition(".")
    documents = [document_of(bundle, bundle.target(one, "DocumentReference").node) for one in _listed(order)]
    outputs = task.find("output")
    returned = [one.get("valueReference") for one in outputs.items()] if outputs else []
    reason = terms.concept_codings(order.get("reasonCode").first())
    if not reason:
        raise order.get("reasonCode").refused(Code.FHIR_MISSING, expected="coding")
    found = ReferralOnLedger(
        contract=contract,
        identifier=terms.business_number(order, terms.REFERRAL),
        visit=terms.business_number(bundle.target(order.get("encounter"), "Encounter").node, terms.VISIT),
        patient=terms.pseudonym(bundle, order.get("subject")),
        origin=terms.party(bundle, order.get("requester"), "Organization").name,
        receiver=terms.party(bundle, task.get("owner"), "Organization").name,
        commission=_commission(bundle),
        priority=order.get("priority").one_of(PRIORITIES),
        reason=reason[0],
        state=state,
        why=_own_code(task, "statusReason", terms.REASON) if task.find("statusReason") else None,
        authored=terms.stretch(order.get("authoredOn")).first,
        modified=terms.stretch(task.get("lastModified")).first,
        offered=tuple(one.entry for one in documents),
        returned=tuple(document_of(bundle, bundle.target(one, "DocumentReference").node).entry for one in returned),
    )
    expected = status_of(found)
    if task.get("status").text() != expected:
        raise task.get("status").wrong_value(expected)
    return found


def _listed(order: Node) -> list[Node]:
    found = order.find("supportingInfo")
    return found.items() if found else []


def _own_code(node: Node, name: str, system: str, allowed: Sequence[str] | None = None) -> str:
    """The code of our own system in a CodeableConcept."""
    place = node.get(name)
    coding = place.get("coding").first()
    if coding.get("system").text() != system:
        raise coding.get("system").wrong_value(system)
    return coding.get("code").one_of(allowed) if allowed else coding.get("code").code()


def _commission(bundle: Bundle) -> str | None:
    """Who owns the Task that is part of the execution."""
    parts: list[Resource] = [one for one in bundle.all("Task") if one.node.find("partOf")]
    if len(parts) > 1:
        raise parts[1].node.refused(Code.FHIR_NOT_ONE, expected="one approval", got=str(len(parts)))
    return terms.party(bundle, parts[0].node.get("owner"), "Organization").name if parts else None
