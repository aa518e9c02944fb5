"""Consent in and out: what a patient signed at a hospital as arguments of the contract `Consent`, and back.

Every element of R4's provisions is either mapped or refused with its place; none is passed over, since what is passed
over makes a consent weaker or stronger than it was signed. How a tree of provisions becomes grants is decided in
`provisions.py`; this module knows the JSON, and must not know the ledger's rules.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import field, frozen

from refimpl.application.fhir import terms
from refimpl.application.fhir.bundle import Bundle, Node
from refimpl.application.fhir.provisions import DATA, FIELDS, Ambiguous, Grant, Provision, Unequal, grants_of
from refimpl.application.fhir.terms import Coding
from refimpl.data.limits import FHIR_ACTORS, FHIR_PROVISIONS
from refimpl.data.refusal import Code

__all__ = ["ConsentOnLedger", "ConsentRequest", "read_consent", "write_consent"]

SCOPE: Final = Coding("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")
CATEGORY: Final = Coding("http://loinc.org", "59284-0")
ACCESS: Final = Coding("http://terminology.hl7.org/CodeSystem/consentaction", "access")
RECIPIENT: Final = Coding(terms.PARTICIPATION, "IRCP")
CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
SENSITIVITY: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"

# What a consent may be made of: FHIR's own words that carry no rule, then those that are read.
_SILENT: Final = ("extension", "id", "language", "meta", "text")
_CONSENT: Final = (
    *_SILENT, "resourceType", "contained", "identifier", "status", "scope", "category", "patient", "dateTime",
    "performer", "organization", "sourceAttachment", "sourceReference", "policy", "provision",
)  # fmt: skip
_PROVISION: Final = (
    *_SILENT, "type", "period", "actor", "action", "securityLabel", "purpose", "class", "provision",
)  # fmt: skip
_CONSENT_REFUSED: Final = ("policyRule", "verification")
_PROVISION_REFUSED: Final = ("code", "data", "dataPeriod")
_BEFORE_ALL: Final = -(2**60)
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {"Organization": ("Hospital", "Insurer"), "Practitioner": ("Clinician",)}
"""Type of an actor -> what the directory must have it as. A grant is to a name: a person's name that is a hospital's on
the ledger would open the record to all of its clinicians."""

# Confidentiality from the least to the most: a label in a consent means itself and all below it (R4, securityLabel).
_LADDER: Final = ("U", "L", "M", "N", "R", "V")
_RUNGS: Final[Mapping[int, frozenset[str]]] = {
    _LADDER.index("N"): frozenset((*FIELDS["basic"], *FIELDS["clinical"])),
    _LADDER.index("R"): frozenset(FIELDS["sensitive"]),
}
"""Rung of the ladder -> the data that are labelled so."""
_LABELS: Final[Mapping[Coding, frozenset[str]]] = {
    Coding(SENSITIVITY, "PSY"): frozenset({"psychiatric"}),
    Coding(SENSITIVITY, "GDIS"): frozenset({"genetic"}),
    Coding(SENSITIVITY, "HIV"): frozenset({"hiv"}),
}
_OTHER_PURPOSES: Final = ("HMARKT", "HOPERAT", "PATRQT", "PUBHLTH")
"""Codes of v3-ActReason that no purpose of ours is, and that may be named: in a denial they take nothing away."""
_BELOW: Final = {"TREAT": ("COC", "ETREAT"), "HOPERAT": ("HCOMPL",)}
"""Codes that v3-ActReason puts under another; a denial of that one denies them."""
_NAMES: Final = {code: name for name, code in terms.PURPOSES.items()}


@frozen
class ConsentRequest:
    """What a Consent asks of the ledger: these grants, all of them, by this patient."""

    identifier: str
    """Business number of the consent, or else its id; a `code`."""
    patient: str = field(repr=False)
    """Pseudonym."""
    grants: tuple[Grant, ...]


@frozen
class ConsentOnLedger:
    """An instance of the contract `Consent`, to be written."""

    identifier: str
    patient: str = field(repr=False)
    grant: Grant
    grantee_kind: str
    """`Organization` or `Practitioner`."""
    at: int
    """When it was granted, seconds since 1970."""
    state: str
    """`active`, `revoked` or `expired`."""


# --- in ---


def read_consent(data: bytes, now: int, kind_of: Callable[[str], str | None]) -> ConsentRequest:
    """The grants that open from `now` on exactly what a Consent permits (APP-030 to APP-036).

    `data` is the resource, or a bundle with one; `kind_of` is the party type of a name in the directory, None if it has
    none. `Refused` with a code of area `fhir`: `fhir.not_expressible` where grants would open more or less,
    `fhir.ambiguous` where R4 leaves open what is permitted.
    """
    bundle = Bundle.holding(data, "Consent")
    node = bundle.only("Consent").node
    patient = _signed_by_patient(bundle, node, now)
    root = node.get("provision")
    tree = _Tree(bundle, kind_of)
    try:
        grants = grants_of(tree.provision(root), now)
    except Ambiguous:
        expected = "exceptions that only take from their parent, and no two beside each other that differ"
        raise root.refused(Code.FHIR_AMBIGUOUS, expected=expected) from None
    except Unequal as shape:
        raise root.refused(Code.FHIR_NOT_EXPRESSIBLE, expected=shape.expected, got=shape.got) from None
    return ConsentRequest(terms.own_number(node, terms.CONSENT), patient, grants)


def _signed_by_patient(bundle: Bundle, node: Node, now: int) -> str:
    """The patient of a consent that is in force, under our policy, and given by the patient."""
    node.unmodified()
    node.only_with(_CONSENT, _CONSENT_REFUSED)
    node.get("status").one_of(("active",))
    if SCOPE not in terms.concept_codings(node.get("scope")):
        raise node.get("scope").wrong_value(SCOPE.code)
    dated = node.find("dateTime")
    if dated and terms.stretch(dated).first > now:
        raise dated.wrong_value("a time that has come")
    for policy in node.get("policy").items():
        policy.only_with((*_SILENT, "uri"))
        if policy.get("uri").text() != terms.POLICY:  # APP-030
            raise policy.get("uri").refused(Code.FHIR_NOT_EXPRESSIBLE, expected=terms.POLICY, got="another policy")
    node.get("policy").first()
    patient = terms.pseudonym(bundle, node.get("patient"))
    performers = node.find("performer")
    for performer in performers.items() if performers else ():
        kind, name = terms.named(bundle, performer, terms.PSEUDONYM, "Patient", "RelatedPerson")
        if (kind, name) != ("Patient", patient):
            raise performer.refused(Code.FHIR_NOT_EXPRESSIBLE, expected="the patient alone", got="another performer")
    return patient


class _Tree:
    """Reads provisions, and counts what it has read."""

    def __init__(self, bundle: Bundle, kind_of: Callable[[str], str | None]) -> None:
        self._bundle = bundle
        self._kind_of = kind_of
        self._provisions = 0
        self._actors = 0

    def provision(self, node: Node) -> Provision:
        """A provision with all its exceptions."""
        self._provisions += 1
        if self._provisions > FHIR_PROVISIONS:
            raise node.refused(Code.FHIR_TOO_LARGE, max=FHIR_PROVISIONS, got=self._provisions)
        node.unmodified()
        node.only_with(_PROVISION, _PROVISION_REFUSED)
        permit = node.get("type").one_of(("permit", "deny")) == "permit"
        first, last = _period(node)
        people, organizations = self._readers(node)
        _check_actions(node)
        inner = node.find("provision")
        return Provision(
            permit, first, last, people, organizations, _purposes(node, permit=permit), _data(node, permit=permit),
            tuple(self.provision(one) for one in inner.items()) if inner else (),
        )  # fmt: skip

    def _readers(self, node: Node) -> tuple[frozenset[str] | None, frozenset[str] | None]:
        """Practitioners and organisations among the actors, all of them recipients."""
        found = node.find("actor")
        if found is None:
            return None, None
        found.first()
        named: dict[str, set[str]] = {"Practitioner": set(), "Organization": set()}
        for actor in found.items():
            self._actors += 1
            if self._actors > FHIR_ACTORS:
                raise actor.refused(Code.FHIR_TOO_LARGE, max=FHIR_ACTORS, got=self._actors)
            actor.unmodified()
            actor.only_with((*_SILENT, "role", "reference"))
            if RECIPIENT not in terms.concept_codings(actor.get("role")):
                expected = "IRCP, information recipient"
                raise actor.get("role").refused(Code.FHIR_NOT_EXPRESSIBLE, expected=expected, got="another role")
            party = terms.party(self._bundle, actor.get("reference"), *named)
            if self._kind_of(party.name) not in _KINDS[party.kind]:
                expected = f"a member that is a {' or '.join(_KINDS[party.kind])}"
                raise actor.get("reference").refused(Code.FHIR_NOT_EXPRESSIBLE, expected=expected, got="another")
            named[party.kind].add(party.name)
        return frozenset(named["Practitioner"]), frozenset(named["Organization"])


def _period(node: Node) -> tuple[int, int | None]:
    """First and last second of a provision (APP-031)."""
    found = node.find("period")
    if found is None:
        return _BEFORE_ALL, None
    found.only_with((*_SILENT, "start", "end"))
    start, end = found.find("start"), found.find("end")
    return terms.stretch(start).first if start else _BEFORE_ALL, terms.stretch(end).last if end else None


def _check_actions(node: Node) -> None:
    """The ledger decides of reading: a rule that is not about access has nothing to govern there."""
    found = node.find("action")
    if found is None:
        return
    found.first()
    named = [coding for concept in found.items() for coding in terms.concept_codings(concept)]
    if ACCESS not in named:
        raise found.refused(Code.FHIR_NOT_EXPRESSIBLE, expected="access among the actions", got="others")


def _purposes(node: Node, *, permit: bool) -> frozenset[str] | None:
    """Purposes of ours, and codes that are none of ours (APP-032)."""
    found = node.find("purpose")
    if found is None:
        return None
    found.first()
    named: set[str] = set()
    for purpose in found.items():
        if purpose.get("system").text() != terms.ACT_REASON:
            raise purpose.get("system").wrong_value(terms.ACT_REASON)
        code = purpose.get("code").one_of((*_NAMES, *_OTHER_PURPOSES))
        named |= {code} if permit else {code, *_BELOW.get(code, ())}
    return frozenset(_NAMES.get(code, code) for code in named)


def _data(node: Node, *, permit: bool) -> frozenset[str] | None:
    """Parts of the data that the labels and classes of a provision cover (APP-033)."""
    covered = frozenset(DATA)
    labels, classes = node.find("securityLabel"), node.find("class")
    if labels is not None:
        labels.first()
        covered &= frozenset().union(*(_labelled(label, permit=permit) for label in labels.items()))
    if classes is not None:
        classes.first()
        covered &= frozenset().union(*(_classed(one) for one in classes.items()))
    return None if labels is None and classes is None else covered


def _labelled(label: Node, *, permit: bool) -> frozenset[str]:
    """Ordinary data are normal (N), sensitive ones restricted (R). A permit for a label means data of that label, a
    denial data of that label or a lower one; where both mean different things, the narrow permit decides."""
    coding = terms.coding_of(label)
    if coding in _LABELS:
        return _LABELS[coding]
    if coding.system != CONFIDENTIALITY or coding.code not in _LADDER:
        raise label.refused(Code.FHIR_NOT_EXPRESSIBLE, expected="confidentiality, or PSY, GDIS, HIV", got="another")
    step = _LADDER.index(coding.code)
    covered = [rung for rung in _RUNGS if rung == step or (rung < step and not permit)]
    return frozenset().union(*(_RUNGS[rung] for rung in covered))


def _classed(one: Node) -> frozenset[str]:
    """A class is a group of ours, or cannot be told apart."""
    coding = terms.coding_of(one)
    if coding.system != terms.GROUP or coding.code not in FIELDS:
        expected = f"{terms.GROUP}: {', '.join(FIELDS)}"
        raise one.refused(Code.FHIR_NOT_EXPRESSIBLE, expected=expected, got="another class")
    return frozenset(FIELDS[coding.code])


# --- out ---


def write_consent(consent: ConsentOnLedger) -> bytes:
    """The Consent of an instance on the ledger, in the canonical form of `written`."""
    grant = consent.grant
    actor = {"reference": terms.member(consent.grantee_kind, grant.grantee), "role": _concept(RECIPIENT)}
    rule: dict[str, Any] = terms.present(
        type="permit",
        period={"start": terms.instant(consent.at), "end": terms.instant(grant.expiry)},
        actor=[actor],
        action=[_concept(ACCESS)],
        purpose=[terms.coded(terms.ACT_REASON, terms.PURPOSES[purpose]) for purpose in grant.purposes],
        class_=[terms.coded(terms.GROUP, group) for group in grant.scope],
    )
    resource = terms.resource(
        "Consent",
        id=terms.id_of("consent", consent.identifier),
        identifier=[terms.number(terms.CONSENT, consent.identifier)],
        status="active" if consent.state == "active" else "inactive",
        scope=_concept(SCOPE),
        category=[_concept(CATEGORY)],
        patient=terms.patient(consent.patient),
        dateTime=terms.instant(consent.at),
        performer=[terms.patient(consent.patient)],
        policy=[{"uri": terms.POLICY}],
        provision=rule,
    )
    return terms.written(resource)


def _concept(coding: Coding) -> dict[str, Any]:
    return terms.concept(coding.system, coding.code)
