"""A hospital's claim becomes lines of boxes and whole fen, or a refusal; without a trace code nothing is settled."""

import copy
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.application.fhir.bundle import Bundle, Node
from refimpl.application.fhir.claim import ClaimLine, read_claim
from refimpl.application.fhir.dispense import read_dispense
from refimpl.application.fhir.terms import MONEY_MAX, Coding
from refimpl.data.refusal import Refused
from tests.fhir_validity import valid
from tests.unit.application.test_fhir_consent import leaves

DRUG = {"coding": [{"system": "urn:yilian:drug", "code": "8700001"}]}


def trace(*codes):
    return [{"url": "urn:yilian:trace", "valueString": code} for code in codes]


def money(text):
    return {"currency": "CNY", "value": Decimal(text)}


def member(name):
    return {"type": "Organization", "identifier": {"system": "urn:yilian:member", "value": name}}


def line(number, price, net, *codes):
    return {
        "sequence": number, "productOrService": DRUG, "extension": trace(*codes), "quantity": {"value": len(codes)},
        "unitPrice": money(price), "net": money(net),
    }  # fmt: skip


CLAIM = {
    "resourceType": "Claim", "id": "k-1", "status": "active", "use": "claim", "created": "2026-01-05",
    "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "pharmacy"}]},
    "priority": {"coding": [{"code": "normal"}]},
    "identifier": [{"system": "urn:yilian:claim", "value": "K-1"}],
    "patient": {"type": "Patient", "identifier": {"system": "urn:yilian:pseudonym", "value": "patient1"}},
    "provider": member("city3"), "insurer": member("fund"),
    "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "basic"}}],
    "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": {
        "coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "I10"}]}}],
    "item": [line(1, "33.35", "66.70", "83000001", "83000002"), line(2, "0.1", "0.1", "83000003")],
    "total": money("66.80"),
}  # fmt: skip
DISPENSE = {
    "resourceType": "MedicationDispense", "id": "d-1", "status": "completed", "medicationCodeableConcept": DRUG,
    "subject": CLAIM["patient"], "performer": [{"actor": member("city3")}], "quantity": {"value": 1},
    "whenHandedOver": "2026-01-05T10:00:00+08:00", "extension": trace("83000001"),
}  # fmt: skip


def text(value):
    """JSON in which a decimal stands as the number it is."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{text(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(text, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


def changed(resource, pointer, value):
    made = copy.deepcopy(resource)
    *parents, last = [int(step) if step.isdigit() else step for step in pointer.strip("/").split("/")]
    holder = made
    for step in parents:
        holder = holder[step]
    if value is ...:
        del holder[last]
    else:
        holder[last] = value
    return text(made).encode()


def refusal(read, data):
    with pytest.raises(Refused) as caught:
        read(data)
    return caught.value


@pytest.mark.system("E6")
@pytest.mark.clause("APP-040", "APP-042")
def test_E6_a_claim_is_read_box_by_box_in_whole_fen():
    data = text(CLAIM).encode()
    valid(data)
    found = read_claim(data)
    drug = Coding("urn:yilian:drug", "8700001")
    assert found.lines == (ClaimLine(drug, ("83000001", "83000002"), 3335), ClaimLine(drug, ("83000003",), 10))
    assert (found.total, found.hospital, found.insurer, found.patient) == (6680, "city3", "fund", "patient1")
    assert [one.code for one in found.diagnoses] == ["I10"]


WRONG, NOT, MISSING = "fhir.wrong_value", "fhir.not_expressible", "fhir.missing"
ITEM = "/item/0"


@pytest.mark.clause("APP-040", "APP-042")
@pytest.mark.parametrize(
    ("pointer", "value", "code", "at"),
    [
        ("/status", "cancelled", WRONG, "/status"),
        ("/use", "predetermination", WRONG, "/use"),
        ("/related", [{"claim": {"display": "x"}}], NOT, "/related"),
        ("/insurance", [], "fhir.not_one", "/insurance"),
        ("/item", [], MISSING, "/item"),
        (ITEM + "/extension", ..., MISSING, ITEM),
        (ITEM + "/extension", trace(), MISSING, ITEM),
        (ITEM + "/extension", trace("8", "8"), "fhir.not_one", ITEM + "/extension"),
        (ITEM + "/extension", trace("8300 0001", "8"), WRONG, ITEM + "/extension/0/valueString"),
        ("/item/1/extension", trace("83000001"), "fhir.not_one", "/item"),
        (ITEM + "/quantity/value", 3, NOT, ITEM + "/quantity"),
        (ITEM + "/quantity/value", Decimal("1.5"), NOT, ITEM + "/quantity"),
        (ITEM + "/factor", Decimal("0.9"), NOT, ITEM + "/factor"),
        (ITEM + "/detail", [{}], NOT, ITEM + "/detail"),
        (ITEM + "/net", money("66.71"), WRONG, ITEM + "/net"),
        (ITEM + "/unitPrice/value", Decimal("33.345"), WRONG, ITEM + "/unitPrice/value"),
        (ITEM + "/unitPrice/value", Decimal("-33.35"), WRONG, ITEM + "/unitPrice/value"),
        (ITEM + "/unitPrice/value", "33.35", "fhir.wrong_kind", ITEM + "/unitPrice/value"),
        (ITEM + "/unitPrice/currency", "USD", WRONG, ITEM + "/unitPrice/currency"),
        (ITEM + "/productOrService", {"text": "aspirin"}, MISSING, ITEM + "/productOrService"),
        ("/total", money("66.79"), WRONG, "/total"),
        ("/total/value", Decimal("1e999999"), WRONG, "/total/value"),
        ("/total/value", Decimal("1e-999999"), WRONG, "/total/value"),
        ("/total/value", Decimal("66.80" + "0" * 27), WRONG, "/total/value"),
        ("/modifierExtension", [{"url": "urn:x"}], NOT, "/modifierExtension"),
        ("/diagnosis/0/diagnosisCodeableConcept", {"text": "x"}, MISSING, "/diagnosis/0"),
    ],
)
def test_a_claim_that_is_not_exact_or_not_traced_is_refused_with_its_place(pointer, value, code, at):
    found = refusal(read_claim, changed(CLAIM, pointer, value))
    assert (found.code, found.at) == (code, at)


@pytest.mark.system("A9")
@pytest.mark.clause("APP-042")
@pytest.mark.parametrize(
    ("pointer", "value", "code", "at"),
    [
        ("/extension", ..., MISSING, ""),
        ("/status", "stopped", WRONG, "/status"),
        ("/quantity/value", Decimal("0.5"), NOT, "/quantity"),
        ("/medicationCodeableConcept", {"text": "x"}, MISSING, "/medicationCodeableConcept"),
        ("/performer", [], MISSING, "/performer"),
        ("/whenHandedOver", "today", WRONG, "/whenHandedOver"),
    ],
)
def test_A9_a_dispense_without_its_code_or_of_a_split_pack_is_refused(pointer, value, code, at):
    valid(text(DISPENSE).encode())
    assert read_dispense(text(DISPENSE).encode()).traces == ("83000001",)
    found = refusal(read_dispense, changed(DISPENSE, pointer, value))
    assert (found.code, found.at) == (code, at)


@pytest.mark.clause("APP-040")
@given(st.integers(0, MONEY_MAX), st.integers(0, 26))
def test_every_amount_is_read_to_the_fen_however_many_zeros_follow(fen, zeros):
    written = f"{fen // 100}.{fen % 100:02}" + "0" * zeros
    assert Node(json.loads(written, parse_float=Decimal), "").hundredths(MONEY_MAX) == fen


DEFECTS = [..., None, True, -1, Decimal("1.5"), "", "Li Lei", [], {}, ["x"], [{}], {"Li Lei": 3}]


@given(st.sampled_from([path for path in leaves(CLAIM) if path]), st.sampled_from(DEFECTS))
@pytest.mark.clause("APP-013")
def test_any_single_defect_of_a_claim_is_read_or_refused_by_code_and_never_quoted(pointer, value):
    try:
        read_claim(changed(CLAIM, pointer, value))
    except Refused as found:
        assert found.code.area == "fhir"
        assert "Li Lei" not in str(found)


@given(st.binary(max_size=100))
def test_arbitrary_bytes_are_neither_a_claim_nor_a_dispense(data):
    assert refusal(read_claim, data).code.area == "fhir"
    assert refusal(read_dispense, data).code.area == "fhir"


def test_another_resource_is_refused_by_its_type():
    found = refusal(read_claim, text(DISPENSE).encode())
    assert (found.code, found.at) == ("fhir.wrong_kind", "/resourceType")
    with pytest.raises(Refused):
        Bundle.holding(b" " * 17_000_000, "Claim")
