"""AuditEvent out, in the shapes of IHE BALP 1.1: each access decision, permit and denial alike, and each read.

A decision is a security alert of the authorisation server, with the consent and the rule that decided; a read that was
permitted is a read of a patient's record beside it. Codes are those of the profiles `IHE.BasicAudit.AuthZconsent` and
`IHE.BasicAudit.PatientRead` (IHE ITI, Basic Audit Log Patterns). The profile of decisions demands a consent: a decision
by role alone has the same shape with the subtype `AuthZ-Role` and does not claim it.

The module takes what the access chain says and must not decide anything; no clinical text reaches it.
"""

from typing import Any, Final

from attrs import field, frozen

from refimpl.application.fhir import terms

__all__ = ["AccessDecision", "AuditSource", "write_audit"]

_DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_EVENT: Final = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_REST: Final = "http://hl7.org/fhir/restful-interaction"
_ENTITY: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"
_SOURCE: Final = "http://terminology.hl7.org/CodeSystem/security-source-type"
_BALP: Final = "https://profiles.ihe.net/ITI/BALP"
_PERMITTED, _DENIED = "0", "8"
"""Outcome of an AuditEvent: success; serious failure, as the profile's own example of a denial has it."""


@frozen
class AuditSource:
    """Who records: a node of a channel."""

    node: str
    channel: str


@frozen
class AccessDecision:
    """What the access chain says of one request to read."""

    at: int
    """Seconds since 1970."""
    reader: str
    reader_kind: str
    """`Practitioner`, `Organization` or `Patient`."""
    institution: str
    """For whom the reader acts; an organisation itself otherwise."""
    patient: str = field(repr=False)
    record: str
    """`custodian/record` of the index."""
    fields: tuple[str, ...]
    purpose: str | None
    """One of `terms.PURPOSES`; None where none was given."""
    allowed: bool
    rule: str
    """The rule of the policy that decided, or the permit that came nearest."""
    consent: str | None
    """Number of the consent that it asked for, if it asked for one."""
    code: str | None
    """Code of the refusal; None if `allowed`."""
    tx: str
    """Digest of the transaction, hexadecimal."""


def write_audit(decision: AccessDecision, source: AuditSource) -> tuple[bytes, ...]:
    """The event of the decision and, if it was allowed, that of the read."""
    events = [_decided(decision, source)]
    if decision.allowed:
        events.append(_read(decision, source))
    return tuple(terms.written(event) for event in events)


def _decided(decision: AccessDecision, source: AuditSource) -> dict[str, Any]:
    by_consent = decision.consent is not None
    server = terms.member("Device", source.node)
    agents = [
        {**_agent("http://terminology.hl7.org/CodeSystem/extra-security-role-type", "authserver"), "who": server},
        {**_agent(_DICOM, "110150"), "who": terms.member("Organization", decision.institution), **_network(source)},
        _user(decision),
        {
            **_agent("http://terminology.hl7.org/CodeSystem/v3-RoleClass", "PROV"),
            "who": terms.member("Organization", decision.institution),
        },
    ]
    grounds = [{"type": "rule", "valueString": decision.rule}, {"type": "transaction", "valueString": decision.tx}]
    if by_consent:
        entity = {
            "type": terms.coded("http://hl7.org/fhir/resource-types", "Consent"),
            "what": terms.logical("Consent", terms.CONSENT, str(decision.consent)),
            "detail": grounds,
        }
    else:
        entity = {"type": terms.coded(_ENTITY, "2"), "what": {"display": terms.POLICY}, "detail": grounds}
    return _event(
        decision, source.channel, "decision",
        meta={"profile": [f"{_BALP}/StructureDefinition/IHE.BasicAudit.AuthZconsent"]} if by_consent else None,
        type=terms.coded(_DICOM, "110113", "Security Alert"),
        subtype=[terms.coded(f"{_BALP}/CodeSystem/AuthZsubType", "AuthZ-Consent" if by_consent else "AuthZ-Role")],
        action="E",
        outcome=_PERMITTED if decision.allowed else _DENIED,
        outcomeDesc=decision.code,
        agent=agents,
        source={**_site(source), "type": [terms.coded(_SOURCE, "6", "Security Server")]},
        entity=[_patient(decision), entity],
    )  # fmt: skip


def _read(decision: AccessDecision, source: AuditSource) -> dict[str, Any]:
    """The custodian's node is where the data come from, the reader's institution where they go."""
    agents = [
        {**_agent(_DICOM, "110152"), "who": terms.member("Organization", decision.institution), **_network(source)},
        {**_agent(_DICOM, "110153"), "who": terms.member("Device", source.node), **_network(source)},
        _user(decision),
    ]
    data = {
        "type": terms.coded(_ENTITY, "2", "System Object"),
        "role": terms.coded(_ROLE, "4", "Domain Resource"),
        "what": terms.logical("DocumentReference", terms.RECORD, decision.record),
        "detail": [{"type": "field", "valueString": name} for name in decision.fields],
    }
    transaction = {
        "type": terms.coded(f"{_BALP}/CodeSystem/BasicAuditEntityType", "XrequestId"),
        "what": {"identifier": terms.number(terms.TRANSACTION, decision.tx)},
    }
    return _event(
        decision, source.channel, "read",
        meta={"profile": [f"{_BALP}/StructureDefinition/IHE.BasicAudit.PatientRead"]},
        type=terms.coded(_EVENT, "rest", "Restful Operation"),
        subtype=[terms.coded(_REST, "read", "read")],
        action="R",
        outcome=_PERMITTED,
        agent=agents,
        source={**_site(source), "type": [terms.coded(_SOURCE, "4", "Application Server")]},
        entity=[data, _patient(decision), transaction],
    )  # fmt: skip


def _event(decision: AccessDecision, channel: str, part: str, **fields: Any) -> dict[str, Any]:
    """What both events share."""
    why = [{"coding": [_reason(decision.purpose)]}] if decision.purpose is not None else None
    name = terms.id_of("audit", part, channel, decision.tx, decision.record, decision.reader)
    moment = terms.instant(decision.at)
    return terms.resource("AuditEvent", id=name, recorded=moment, purposeOfEvent=why, **fields)


def _reason(purpose: str) -> dict[str, Any]:
    return terms.coded(terms.ACT_REASON, terms.PURPOSES[purpose])


def _agent(system: str, code: str) -> dict[str, Any]:
    return {"type": terms.concept(system, code), "requestor": False}


def _user(decision: AccessDecision) -> dict[str, Any]:
    system = terms.PSEUDONYM if decision.reader_kind == "Patient" else terms.MEMBER
    why = [{"coding": [_reason(decision.purpose)]}] if decision.purpose is not None else None
    return terms.present(
        type=terms.concept(terms.PARTICIPATION, "IRCP"),
        who=terms.logical(decision.reader_kind, system, decision.reader),
        requestor=True,
        purposeOfUse=why,
    )


def _network(source: AuditSource) -> dict[str, Any]:
    """The ledger knows channels, no addresses: the channel as a URI (network type 5)."""
    return {"network": {"address": f"urn:yilian:channel:{source.channel}", "type": "5"}}


def _site(source: AuditSource) -> dict[str, Any]:
    return {"site": source.channel, "observer": terms.member("Device", source.node)}


def _patient(decision: AccessDecision) -> dict[str, Any]:
    return {
        "type": terms.coded(_ENTITY, "1", "Person"),
        "role": terms.coded(_ROLE, "1", "Patient"),
        "what": terms.patient(decision.patient),
    }
