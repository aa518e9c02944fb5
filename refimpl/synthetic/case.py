"""One patient's course as a FHIR bundle: referred up, treated, sent back, with consent, drugs, claim and operation.

The bundle is what a hospital's system would hand over, and every reader of `refimpl.application.fhir` takes it: the
referral, the consent, the claim, the dispense. It must not know how anything of it is decided on a ledger.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from attrs import define, field, frozen

from refimpl.application.fhir import terms
from refimpl.application.fhir.consent import ConsentOnLedger, write_consent
from refimpl.application.fhir.dispense import Dispense, write_dispense
from refimpl.application.fhir.provisions import Grant
from refimpl.application.fhir.referral import REFERRAL
from refimpl.application.fhir.terms import Coding
from refimpl.synthetic.diseases import DISEASES, Disease
from refimpl.synthetic.drugs import DRUGS, Drug, trace_code
from refimpl.synthetic.forms import Form, form_back, form_out
from refimpl.synthetic.institutions import Institution
from refimpl.synthetic.people import Person, person
from refimpl.synthetic.stream import Stream

__all__ = ["BEGIN", "INSURER", "Case", "case"]

BEGIN: Final = date(2026, 1, 5)
"""The first day on which anybody is referred."""
DAYS: Final = 180
INSURER: Final = "fund-1"
DRUG: Final = "urn:yilian:drug"
"""Code system: the first seven digits of a drug's trace codes."""
CREDIT_CODE: Final = "urn:yilian:credit-code"
_DAY_SECONDS: Final = 86_400
_LOINC: Final = "http://loinc.org"


@frozen
class Case:
    """What is written of one patient."""

    patient: Person
    bundle: bytes = field(repr=False)
    forms: tuple[Form, Form] = field(repr=False)
    """转出单, 回转单."""
    counts: Mapping[str, int]
    """Resources by type."""


def case(draws: Stream, number: int, everyone: tuple[Institution, ...]) -> Case:
    """The course of patient `number`, counted from 1."""
    return _Course(draws, number, everyone).case()


@define
class _Course:
    """A course under way: what was drawn first, and the resources in the order they are written."""

    draws: Stream
    number: int
    everyone: tuple[Institution, ...]
    made: list[dict[str, Any]] = field(factory=list)
    who: Person = field(init=False)
    why: Disease = field(init=False)
    origin: Institution = field(init=False)
    receiver: Institution = field(init=False)
    day: date = field(init=False)

    def case(self) -> Case:
        draws = self.draws
        self.who = person(draws.under("person"))
        self.why = draws.pick(DISEASES)
        self.origin = draws.pick([one for one in self.everyone if one.tier < 3])
        self.receiver = draws.pick([one for one in self.everyone if one.tier > self.origin.tier])
        self.day = BEGIN + timedelta(days=draws.below(DAYS))
        patient = self.add(_patient(self.who))
        places = {one: self.add(organization(one)) for one in (self.origin, self.receiver)}
        visit = self.add(self.encounter(patient, places[self.origin], "AMB", self.visit_number()))
        stay = self.add(self.encounter(patient, places[self.receiver], "IMP", None))
        measured, found = self.measured(patient, visit)
        out = form_out(draws.under("out"), self.who, self.why, self.origin, self.receiver, self.day)
        letter = self.add(self.letter(patient, visit, "转出单", out))
        back = form_back(draws.under("back"), self.who, self.why, self.origin, self.receiver, self.day, found)
        answers = [self.add(self.letter(patient, stay, "回转单", back))]
        if self.why.operation is not None:
            answers.append(self.add(self.operation(patient, stay, self.why.operation)))
        order = self.add(self.order(patient, visit, places, [measured, letter]))
        self.add(self.task(patient, order, places, answers))
        self.add(self.consent())
        for one in self.drugs():
            self.add(one)
        kinds = [one["resourceType"] for one in self.made]
        counts = {kind: kinds.count(kind) for kind in sorted(set(kinds))}
        return Case(self.who, lines(self.made), (out, back), counts)

    def add(self, resource: dict[str, Any]) -> dict[str, Any]:
        self.made.append(resource)
        return resource

    # --- names and times ---

    def visit_number(self) -> str:
        return f"V-{self.day:%Y%m%d}-{self.number:05}"

    def id(self, *names: str) -> str:
        return terms.id_of("synthetic", self.who.pseudonym, *names)

    def at(self, days: int) -> int:
        """Ten o'clock in China, so many days after the referral."""
        ten = datetime(self.day.year, self.day.month, self.day.day, 2, tzinfo=UTC) + timedelta(days=days)
        return (ten - datetime(1970, 1, 1, tzinfo=UTC)).days * _DAY_SECONDS + ten.hour * 3600

    # --- resources ---

    def encounter(
        self, patient: dict[str, Any], provider: dict[str, Any], kind: str, number: str | None
    ) -> dict[str, Any]:
        return terms.resource(
            "Encounter",
            id=self.id("encounter", provider["id"]),
            identifier=[terms.number(terms.VISIT, number)] if number is not None else None,
            status="finished",
            class_=terms.coded("http://terminology.hl7.org/CodeSystem/v3-ActCode", kind),
            subject=_to(patient),
            serviceProvider=_to(provider),
        )

    def measured(self, patient: dict[str, Any], visit: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """A report of one value, and the value in words."""
        measure = self.why.measure
        value = Decimal(self.draws.between(measure.least, measure.most)).scaleb(-2)
        code = terms.concept(_LOINC, measure.code, measure.title)
        shared = {"status": "final", "code": code, "subject": _to(patient), "encounter": _to(visit)}
        quantity = {"value": value, "unit": measure.unit, "system": "http://unitsofmeasure.org", "code": measure.unit}
        when = terms.instant(self.at(0))
        seen = self.add(terms.resource(
            "Observation", id=self.id("observation"), effectiveDateTime=when, valueQuantity=quantity, **shared
        ))  # fmt: skip
        report = terms.resource(
            "DiagnosticReport", id=self.id("report"), effectiveDateTime=when, result=[_to(seen)], **shared
        )
        return self.add(report), f"{measure.title} {value} {measure.unit}"

    def letter(self, patient: dict[str, Any], visit: dict[str, Any], title: str, form: Form) -> dict[str, Any]:
        """A form as a document."""
        content = json.dumps(form, ensure_ascii=False).encode()
        attachment = {
            "contentType": "application/json", "title": title, "data": base64.b64encode(content).decode("ascii"),
        }  # fmt: skip
        return terms.resource(
            "DocumentReference",
            id=self.id("document", title),
            status="current",
            type=terms.concept("urn:yilian:form", "out" if title == "转出单" else "back", title),
            subject=_to(patient),
            date=terms.instant(self.at(0)),
            content=[{"attachment": attachment}],
            context={"encounter": [_to(visit)]},
        )

    def operation(self, patient: dict[str, Any], stay: dict[str, Any], title: str) -> dict[str, Any]:
        """What was operated, by a team of three who sign as members of the receiver."""
        roles = (("surgeon", "304292004"), ("anaesthetist", "88189002"), ("nurse", "106292003"))
        return terms.resource(
            "Procedure",
            id=self.id("procedure"),
            status="completed",
            code={"text": title},
            subject=_to(patient),
            encounter=_to(stay),
            performedDateTime=terms.instant(self.at(2)),
            performer=[
                {
                    "function": terms.concept(terms.SNOMED, code),
                    "actor": terms.member("Practitioner", f"{self.receiver.member}.{role}"),
                }
                for role, code in roles
            ],
        )

    def order(
        self, patient: dict[str, Any], visit: dict[str, Any], places: Mapping[Institution, dict[str, Any]],
        offered: Iterable[dict[str, Any]],
    ) -> dict[str, Any]:  # fmt: skip
        return terms.resource(
            "ServiceRequest",
            id=self.id("order"),
            identifier=[terms.number(terms.REFERRAL, f"REF-{self.day:%Y%m%d}-{self.number:05}")],
            status="active",
            intent="order",
            category=[terms.concept(terms.SNOMED, REFERRAL)],
            priority=self.draws.pick(("routine", "routine", "urgent", "asap")),
            subject=_to(patient),
            encounter=_to(visit),
            authoredOn=terms.instant(self.at(0)),
            requester=_to(places[self.origin]),
            performer=[_to(places[self.receiver])],
            reasonCode=[terms.concept(terms.ICD_10, self.why.code, self.why.title)],
            supportingInfo=[_to(one) for one in offered],
        )

    def task(
        self, patient: dict[str, Any], order: dict[str, Any], places: Mapping[Institution, dict[str, Any]],
        answers: Iterable[dict[str, Any]],
    ) -> dict[str, Any]:  # fmt: skip
        kind = terms.concept(_LOINC, "18842-5", "Discharge summary")
        return terms.resource(
            "Task",
            id=self.id("task"),
            status="completed",
            intent="order",
            focus=_to(order),
            for_=_to(patient),
            authoredOn=terms.instant(self.at(0)),
            lastModified=terms.instant(self.at(20)),
            requester=_to(places[self.origin]),
            owner=_to(places[self.receiver]),
            output=[{"type": kind, "valueReference": _to(one)} for one in answers],
        )

    def consent(self) -> dict[str, Any]:
        """The receiver may read for treatment and referral, sensitive data too or not."""
        scope = ("clinical", "sensitive") if self.draws.chance(30) else ("clinical",)
        term = self.draws.pick((30, 90, 180)) * _DAY_SECONDS
        grant = Grant(self.receiver.member, scope, ("referral", "treatment"), self.at(0) + term)
        given = ConsentOnLedger(
            f"CON-{self.number:05}", self.who.pseudonym, grant, "Organization", self.at(0), "active"
        )
        return _value(write_consent(given))

    def drugs(self) -> list[dict[str, Any]]:
        """Boxes handed over by the receiver, and the claim for them."""
        drug = self.draws.pick(DRUGS)
        boxes = tuple(trace_code(self.draws.under(f"box{nth}"), drug) for nth in range(self.draws.between(1, 3)))
        given = Dispense(
            f"DIS-{self.number:05}", self.who.pseudonym, self.receiver.member, Coding(DRUG, drug.number), boxes,
            self.at(3),
        )  # fmt: skip
        return [_value(write_dispense(given)), self.claim(drug, boxes)]

    def claim(self, drug: Drug, boxes: tuple[str, ...]) -> dict[str, Any]:
        sum_of = terms.yuan(drug.price * len(boxes))
        line = {
            "sequence": 1,
            "productOrService": terms.concept(DRUG, drug.number, drug.title),
            "extension": [{"url": terms.TRACE, "valueString": code} for code in boxes],
            "quantity": {"value": len(boxes)},
            "unitPrice": terms.yuan(drug.price),
            "net": sum_of,
        }
        diagnosis = {
            "sequence": 1, "diagnosisCodeableConcept": terms.concept(terms.ICD_10, self.why.code, self.why.title),
        }  # fmt: skip
        return terms.resource(
            "Claim",
            id=self.id("claim"),
            identifier=[terms.number(terms.CLAIM, f"CLM-{self.number:05}")],
            status="active",
            use="claim",
            type=terms.concept("http://terminology.hl7.org/CodeSystem/claim-type", "pharmacy"),
            priority=terms.concept("http://terminology.hl7.org/CodeSystem/processpriority", "normal"),
            created=terms.instant(self.at(3)),
            patient=terms.patient(self.who.pseudonym),
            provider=terms.member("Organization", self.receiver.member),
            insurer=terms.member("Organization", INSURER),
            insurance=[{"sequence": 1, "focal": True, "coverage": {"display": "城乡居民基本医疗保险"}}],
            diagnosis=[diagnosis],
            item=[line],
            total=sum_of,
        )


def organization(one: Institution) -> dict[str, Any]:
    """An institution with its names, tier and district."""
    return terms.resource(
        "Organization",
        id=terms.id_of("member", one.member),
        identifier=[terms.number(terms.MEMBER, one.member), terms.number(CREDIT_CODE, one.code)],
        active=True,
        type=[terms.concept("urn:yilian:tier", str(one.tier))],
        name=one.title,
        address=[{"city": "清和市", "district": one.district, "country": "CN"}],
    )


def _patient(who: Person) -> dict[str, Any]:
    return terms.resource(
        "Patient",
        id=terms.id_of("patient", who.pseudonym),
        identifier=[terms.number(terms.PSEUDONYM, who.pseudonym)],
        active=True,
        name=[{"family": who.family, "given": [who.given], "text": who.family + who.given}],
        gender=who.gender,
        birthDate=who.born.isoformat(),
    )


def _to(resource: dict[str, Any]) -> dict[str, Any]:
    return {"reference": terms.address(resource)}


def _value(written: bytes) -> dict[str, Any]:
    """A written resource as a value again, its decimals as they are."""
    value: dict[str, Any] = json.loads(written, parse_float=Decimal)
    return value


def lines(resources: Iterable[dict[str, Any]]) -> bytes:
    """A collection, one entry a line, so that a person can read it and a tool compare it."""
    entries = [terms.written({"fullUrl": terms.address(one), "resource": one}) for one in resources]
    return b'{"resourceType":"Bundle","type":"collection","entry":[\n' + b",\n".join(entries) + b"\n]}\n"
