"""Claim in, ClaimResponse out: what a hospital asks an insurer to pay, box by box, and what came of it.

Amounts are whole fen from the text of the decimal to the text of the decimal; no float exists on the way. A line
without a trace code for each of its boxes is refused: without a code nothing is settled. The module must not know how
a claim is decided.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import field, frozen

from refimpl.application.fhir import terms
from refimpl.application.fhir.bundle import Bundle, Node
from refimpl.application.fhir.dispense import trace_codes
from refimpl.application.fhir.terms import Coding
from refimpl.data.refusal import Code

__all__ = ["ClaimDecision", "ClaimLine", "ClaimRequest", "read_claim", "write_claim_response"]

_CLAIM_TYPE: Final = "http://terminology.hl7.org/CodeSystem/claim-type"
_ADJUDICATION: Final = "http://terminology.hl7.org/CodeSystem/adjudication"
_PAYMENT: Final = "http://terminology.hl7.org/CodeSystem/ex-paymenttype"
_COUNTED: Final = ("factor", "detail", "udi")
"""Elements of a line that change what is paid, or for what, and have no place in the contract."""
OUTCOMES: Final[Mapping[str, str]] = {
    "review": "queued", "open_dispute": "queued", "paid": "complete", "rejected": "complete",
}  # fmt: skip
"""State of the contract `Claim` -> ClaimResponse.outcome."""


@frozen
class ClaimLine:
    """One drug: its boxes and what they cost."""

    drug: Coding = field(repr=False)
    traces: tuple[str, ...]
    """Trace code of each box; at least one."""
    price: int
    """Of one box, fen."""

    @property
    def net(self) -> int:
        """Of all boxes, fen."""
        return self.price * len(self.traces)


@frozen
class ClaimRequest:
    """What a Claim asks: one instance of the contract `Claim` for each box."""

    identifier: str
    patient: str = field(repr=False)
    hospital: str
    insurer: str
    diagnoses: tuple[Coding, ...] = field(repr=False)
    lines: tuple[ClaimLine, ...]

    @property
    def total(self) -> int:
        """Fen."""
        return sum(line.net for line in self.lines)


@frozen
class ClaimDecision:
    """How far a claim has come on the ledger."""

    identifier: str
    patient: str = field(repr=False)
    hospital: str
    insurer: str
    at: int
    """Seconds since 1970."""
    state: str
    """One of `OUTCOMES`."""
    amount: int
    """What was asked, fen."""
    by_insurer: int
    """What the insurer pays, fen; 0 unless `paid`."""
    by_patient: int
    """What the patient pays, fen; 0 unless `paid`."""
    reason: str | None
    """Code of the refusal, if it was rejected by the insurer."""


def read_claim(data: bytes) -> ClaimRequest:
    """The claim in a resource, or in a bundle with one; `Refused` with a code of area `fhir` and the place.

    The sums must be exact: unit price times boxes is the net of a line, the nets are the total (APP-040).
    """
    bundle = Bundle.holding(data, "Claim")
    node = bundle.only("Claim").node
    node.unmodified()
    node.get("status").one_of(("active",))
    node.get("use").one_of(("claim",))
    _check_without(node, ("related",))
    insurances = node.get("insurance").items()
    if len(insurances) != 1:
        raise node.get("insurance").refused(Code.FHIR_NOT_ONE, expected="one insurance", got=str(len(insurances)))
    lines = tuple(_line(line) for line in _some(node.get("item")))
    _check_once(node, lines)
    found = ClaimRequest(
        identifier=terms.own_number(node, terms.CLAIM),
        patient=terms.pseudonym(bundle, node.get("patient")),
        hospital=terms.party(bundle, node.get("provider"), "Organization").name,
        insurer=terms.party(bundle, node.get("insurer"), "Organization").name,
        diagnoses=tuple(_diagnosis(one) for one in node.get("diagnosis").items()) if node.find("diagnosis") else (),
        lines=lines,
    )
    if terms.fen(node.get("total")) != found.total:
        raise node.get("total").wrong_value("the sum of the lines")
    return found


def _check_without(node: Node, names: Iterable[str]) -> None:
    for name in names:
        if place := node.find(name):
            raise place.refused(Code.FHIR_NOT_EXPRESSIBLE, expected=f"no {name}", got="one")


def _some(node: Node) -> list[Node]:
    node.first()
    return node.items()


def _line(line: Node) -> ClaimLine:
    line.unmodified()
    _check_without(line, _COUNTED)
    codings = terms.concept_codings(line.get("productOrService"))
    if not codings:
        raise line.get("productOrService").refused(Code.FHIR_MISSING, expected="coding")
    made = ClaimLine(codings[0], trace_codes(line), terms.fen(line.get("unitPrice")))
    if line.get("quantity").get("value").hundredths(terms.MONEY_MAX) != 100 * len(made.traces):
        expected = "as many as there are trace codes"
        raise line.get("quantity").refused(Code.FHIR_NOT_EXPRESSIBLE, expected=expected, got="another quantity")
    if terms.fen(line.get("net")) != made.net:
        raise line.get("net").wrong_value("unit price times quantity")
    return made


def _check_once(node: Node, lines: tuple[ClaimLine, ...]) -> None:
    """One box stands in one line."""
    codes = [trace for line in lines for trace in line.traces]
    if len(set(codes)) < len(codes):
        raise node.get("item").refused(Code.FHIR_NOT_ONE, expected="each trace code once", got="one twice")


def _diagnosis(node: Node) -> Coding:
    codings = terms.concept_codings(node.get("diagnosisCodeableConcept"))
    if not codings:
        raise node.refused(Code.FHIR_MISSING, expected="coding")
    return codings[0]


def write_claim_response(decision: ClaimDecision) -> bytes:
    """The ClaimResponse of a claim on the ledger; ValueError if the shares of a paid claim are not its amount."""
    paid = decision.state == "paid"
    if decision.by_insurer + decision.by_patient != (decision.amount if paid else 0):
        raise ValueError("the shares of a paid claim are its amount, those of any other nothing")
    totals = [("submitted", decision.amount)]
    if OUTCOMES[decision.state] == "complete":
        totals += [("benefit", decision.by_insurer), ("copay", decision.by_patient)]
    kind = {"type": terms.concept(_PAYMENT, "complete"), "amount": terms.yuan(decision.by_insurer)}
    resource = terms.resource(
        "ClaimResponse",
        id=terms.id_of("claim-response", decision.identifier),
        identifier=[terms.number(terms.CLAIM, decision.identifier)],
        status="active",
        type=terms.concept(_CLAIM_TYPE, "pharmacy"),
        use="claim",
        patient=terms.patient(decision.patient),
        created=terms.instant(decision.at),
        insurer=terms.member("Organization", decision.insurer),
        requestor=terms.member("Organization", decision.hospital),
        request=terms.logical("Claim", terms.CLAIM, decision.identifier),
        outcome=OUTCOMES[decision.state],
        disposition=f"Claim.{decision.state}",
        total=[{"category": terms.concept(_ADJUDICATION, name), "amount": terms.yuan(fen)} for name, fen in totals],
        payment=kind if paid else None,
        processNote=_note(decision),
    )
    return terms.written(resource)


def _note(decision: ClaimDecision) -> list[dict[str, Any]] | None:
    """The insurer's code, which a ClaimResponse has no coded place for."""
    return [{"number": 1, "type": "print", "text": decision.reason}] if decision.reason else None
