"""MedicationDispense in and out: which boxes a hospital gave to a patient.

A box is known by its trace code; a pack that was split has fewer pieces than its code promises and is refused, since
the contract `DrugBox` sells whole boxes. The module must not know who may dispense.
"""

from typing import Any

from attrs import field, frozen

from refimpl.application.fhir import terms
from refimpl.application.fhir.bundle import Bundle, Node
from refimpl.application.fhir.terms import Coding
from refimpl.data.refusal import Code

__all__ = ["Dispense", "read_dispense", "trace_codes", "write_dispense"]


@frozen
class Dispense:
    """One hand-over of boxes of one drug."""

    identifier: str
    patient: str = field(repr=False)
    hospital: str
    drug: Coding = field(repr=False)
    traces: tuple[str, ...]
    """Trace code of each box; at least one."""
    at: int
    """Seconds since 1970."""


def trace_codes(node: Node) -> tuple[str, ...]:
    """The trace codes among an element's extensions, `code`s each once; `fhir.missing` if there is none."""
    extensions = node.find("extension")
    mine = [one for one in extensions.items() if one.get("url").text() == terms.TRACE] if extensions else []
    if not mine:
        raise node.refused(Code.FHIR_MISSING, expected=terms.TRACE)
    codes = tuple(one.get("valueString").code() for one in mine)
    if len(set(codes)) < len(codes):
        raise node.get("extension").refused(Code.FHIR_NOT_ONE, expected="each trace code once", got="one twice")
    return codes


def traces_written(codes: tuple[str, ...]) -> list[dict[str, Any]]:
    """The extensions that carry trace codes."""
    return [{"url": terms.TRACE, "valueString": code} for code in codes]


def read_dispense(data: bytes) -> Dispense:
    """The dispense in a resource, or in a bundle with one; `Refused` with a code of area `fhir` and the place."""
    bundle = Bundle.holding(data, "MedicationDispense")
    node = bundle.only("MedicationDispense").node
    node.unmodified()
    node.get("status").one_of(("completed",))
    codings = terms.concept_codings(node.get("medicationCodeableConcept"))
    if not codings:
        raise node.get("medicationCodeableConcept").refused(Code.FHIR_MISSING, expected="coding")
    traces = trace_codes(node)
    if node.get("quantity").get("value").hundredths(terms.MONEY_MAX) != 100 * len(traces):
        expected = "as many as there are trace codes"
        raise node.get("quantity").refused(Code.FHIR_NOT_EXPRESSIBLE, expected=expected, got="another quantity")
    return Dispense(
        identifier=terms.own_number(node, terms.DISPENSE),
        patient=terms.pseudonym(bundle, node.get("subject")),
        hospital=terms.party(bundle, node.get("performer").first().get("actor"), "Organization").name,
        drug=codings[0],
        traces=traces,
        at=terms.stretch(node.get("whenHandedOver")).first,
    )


def write_dispense(dispense: Dispense) -> bytes:
    """The MedicationDispense of a dispense."""
    resource = terms.resource(
        "MedicationDispense",
        id=terms.id_of("dispense", dispense.identifier),
        extension=traces_written(dispense.traces),
        identifier=[terms.number(terms.DISPENSE, dispense.identifier)],
        status="completed",
        medicationCodeableConcept=terms.concept(dispense.drug.system, dispense.drug.code),
        subject=terms.patient(dispense.patient),
        performer=[{"actor": terms.member("Organization", dispense.hospital)}],
        quantity={"value": len(dispense.traces)},
        whenHandedOver=terms.instant(dispense.at),
    )
    return terms.written(resource)
