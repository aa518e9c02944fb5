"""A hospital's bundle becomes a referral, or a refusal that names the place and quotes nothing."""

import base64
import copy
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.application.fhir import ICD_10, Coding, read_referral
from refimpl.application.fhir.bundle import Bundle
from refimpl.data.refusal import Refused

BUNDLE_FILE = Path(__file__).parents[3] / "refimpl/scenarios/referral/bundle.json"
BYTES = BUNDLE_FILE.read_bytes()
BUNDLE = json.loads(BYTES)


def index(kind, nth=0):
    """Position of the nth resource of a kind in the bundle."""
    return [n for n, entry in enumerate(BUNDLE["entry"]) if entry["resource"]["resourceType"] == kind][nth]


def changed(pointer, value, bundle=BUNDLE):
    """The bundle with the value at a JSON pointer replaced, or removed if the value is `...`."""
    bundle = copy.deepcopy(bundle)
    *parents, last = [int(step) if step.isdigit() else step for step in pointer.strip("/").split("/")]
    holder = bundle
    for step in parents:
        holder = holder[step]
    if value is ...:
        del holder[last]
    else:
        holder[last] = value
    return json.dumps(bundle).encode()


def refusal(data):
    with pytest.raises(Refused) as caught:
        read_referral(data)
    return caught.value


def test_the_scenarios_bundle_is_a_cardiac_referral_with_four_records_and_one_answer():
    referral = read_referral(BYTES)
    assert (referral.identifier, referral.visit, referral.priority) == (
        "REF-20220221-0001",
        "V-20220221-0001",
        "urgent",
    )
    assert referral.reason == Coding(ICD_10, "I21.4")
    assert [record.kind for record in referral.offered] == ["DiagnosticReport"] * 3 + ["DocumentReference"]
    assert {record.custodian for record in referral.offered} == {referral.origin}
    assert [record.custodian for record in referral.returned] == [referral.receiver]


@pytest.mark.clause("APP-010")
def test_a_record_keeps_the_bytes_of_the_bundle():
    [report, *_] = read_referral(BYTES).offered
    assert report.content.startswith(b"[{") and report.content.endswith(b"}]")
    parts = json.loads(report.content)
    assert [part["resourceType"] for part in parts] == ["DiagnosticReport"] + ["Observation"] * 9
    written = [resource.content for resource in Bundle.read(BYTES).resources]
    assert all(content in BYTES for content in written)
    assert (
        report.content == b"[" + b",".join(c for c in written if any(p["id"].encode() in c[:120] for p in parts)) + b"]"
    )


@pytest.mark.clause("APP-010")
def test_the_precision_of_a_number_survives():
    one_fifty = BYTES.replace(b'"value": 3.92,', b'"value": 3.920,')
    assert one_fifty != BYTES
    assert b'"value": 3.920,' in read_referral(one_fifty).offered[0].content


def test_no_record_shows_its_content_when_printed():
    printed = repr(read_referral(BYTES)) + repr(Bundle.read(BYTES))
    assert "myocardial" not in printed
    assert "Parisian" not in printed


REQUEST, TASK = f"/entry/{index('ServiceRequest')}/resource", f"/entry/{index('Task')}/resource"
NOTE = f"/entry/{index('DocumentReference')}/resource"
STRANGER = {"resourceType": "Patient", "id": "stranger"}


@pytest.mark.clause("APP-013")
@pytest.mark.parametrize(
    ("pointer", "value", "code", "at"),
    [
        ("/resourceType", "Patient", "fhir.wrong_kind", "/resourceType"),
        ("/resourceType", 7, "fhir.wrong_kind", "/resourceType"),
        ("/entry", ..., "fhir.missing", ""),
        ("/entry", {}, "fhir.wrong_kind", "/entry"),
        ("/entry", [], "fhir.missing", "/entry"),
        (REQUEST, ..., "fhir.missing", REQUEST.removesuffix("/resource")),
        (REQUEST, "text", "fhir.wrong_kind", REQUEST),
        (REQUEST + "/resourceType", "Observation", "fhir.missing", "/entry"),
        (REQUEST + "/resourceType", "no type", "fhir.wrong_value", REQUEST + "/resourceType"),
        (REQUEST + "/id", "a b", "fhir.wrong_value", REQUEST + "/id"),
        (REQUEST + "/intent", "plan", "fhir.wrong_value", REQUEST + "/intent"),
        (REQUEST + "/status", "revoked", "fhir.wrong_value", REQUEST + "/status"),
        (REQUEST + "/doNotPerform", True, "fhir.wrong_value", REQUEST + "/doNotPerform"),
        (REQUEST + "/doNotPerform", "no", "fhir.wrong_kind", REQUEST + "/doNotPerform"),
        (REQUEST + "/modifierExtension", [], "fhir.not_expressible", REQUEST + "/modifierExtension"),
        (REQUEST + "/implicitRules", "urn:x", "fhir.not_expressible", REQUEST + "/implicitRules"),
        (TASK + "/modifierExtension", [{}], "fhir.not_expressible", TASK + "/modifierExtension"),
        (REQUEST + "/category/0/coding/0/code", "1", "fhir.wrong_value", REQUEST + "/category"),
        (REQUEST + "/priority", "soon", "fhir.wrong_value", REQUEST + "/priority"),
        (REQUEST + "/subject", ..., "fhir.missing", REQUEST),
        (REQUEST + "/subject/reference", "urn:uuid:gone", "fhir.dangling", REQUEST + "/subject/reference"),
        (
            REQUEST + "/requester/reference",
            BUNDLE["entry"][0]["fullUrl"],
            "fhir.wrong_kind",
            REQUEST + "/requester/reference",
        ),
        (REQUEST + "/performer", [], "fhir.missing", REQUEST + "/performer"),
        (REQUEST + "/reasonCode", [], "fhir.missing", REQUEST + "/reasonCode"),
        (REQUEST + "/supportingInfo", [], "fhir.missing", REQUEST + "/supportingInfo"),
        (REQUEST + "/supportingInfo/0/reference", 5, "fhir.wrong_kind", REQUEST + "/supportingInfo/0/reference"),
        (REQUEST + "/identifier/0/value", "a number", "fhir.wrong_value", REQUEST + "/identifier/0/value"),
        (TASK + "/focus/reference", BUNDLE["entry"][0]["fullUrl"], "fhir.wrong_kind", TASK + "/focus/reference"),
        (TASK + "/owner/reference", BUNDLE["entry"][1]["fullUrl"], "fhir.wrong_value", TASK + "/owner"),
        (TASK + "/resourceType", "ServiceRequest", "fhir.not_one", TASK),
        (NOTE + "/context/encounter", [], "fhir.missing", NOTE + "/context/encounter"),
        ("/entry/1/fullUrl", BUNDLE["entry"][0]["fullUrl"], "fhir.not_one", "/entry/1"),
        ("/entry/1/fullUrl", None, "fhir.wrong_kind", "/entry/1/fullUrl"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(pointer, value, code, at):
    found = refusal(changed(pointer, value))
    assert (found.code, found.at) == (code, at)


@pytest.mark.clause("APP-011")
@pytest.mark.parametrize(
    "pointer", [NOTE + "/subject", TASK + "/for", f"/entry/{index('Observation')}/resource/subject"]
)
def test_another_patients_record_cannot_travel_with_the_referral(pointer):
    bundle = json.loads(changed(pointer, {"reference": "Patient/stranger"}))
    bundle["entry"].append({"resource": STRANGER})
    found = refusal(json.dumps(bundle).encode())
    assert (found.code, found.at) == ("fhir.other_patient", pointer)


def test_a_concept_in_words_only_is_passed_over_for_the_one_with_a_code():
    words = [{"text": "chest pain"}]
    reasons = words + BUNDLE["entry"][index("ServiceRequest")]["resource"]["reasonCode"]
    assert read_referral(changed(REQUEST + "/reasonCode", reasons)).reason == Coding(ICD_10, "I21.4")
    assert refusal(changed(REQUEST + "/reasonCode", words)).code == "fhir.missing"
    assert refusal(changed(REQUEST + "/category", words)).code == "fhir.wrong_value"


def test_a_reference_by_type_and_id_leads_to_the_same_resource():
    patient = "Patient/" + BUNDLE["entry"][0]["resource"]["id"]
    assert read_referral(changed(REQUEST + "/subject/reference", patient)) == read_referral(BYTES)


def test_an_order_that_says_it_is_to_be_performed_is_one():
    assert read_referral(changed(REQUEST + "/doNotPerform", False)) == read_referral(BYTES)


def test_the_commissions_approval_is_no_second_execution():
    bundle = copy.deepcopy(BUNDLE)
    part = {"resourceType": "Task", "id": "approval", "partOf": [{"reference": "urn:x"}], "status": "completed"}
    bundle["entry"].append({"resource": part})
    assert read_referral(json.dumps(bundle).encode()) == read_referral(BYTES)


def test_a_referral_not_yet_answered_returns_nothing():
    bundle = copy.deepcopy(BUNDLE)
    del bundle["entry"][index("Task")]
    assert read_referral(json.dumps(bundle).encode()).returned == ()


@pytest.mark.clause("APP-012")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"resourceType": "Bundle", "entry": NaN}',
        b'{"resourceType": "Patient", "resourceType": "Bundle", "entry": []}',
        b"[" * 100_000,
        b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient", "id": "p", "x": "\\ud800"}}]}',
    ],
)
def test_what_is_not_json_is_refused_as_that(data):
    assert refusal(data).code == "fhir.not_json"


def test_a_bundle_one_byte_too_large_is_refused(monkeypatch):
    monkeypatch.setattr("refimpl.application.fhir.bundle.FHIR_BUNDLE_BYTES", len(BYTES))
    read_referral(BYTES)
    assert refusal(BYTES + b"\n").code == "fhir.too_large"


def test_a_bundle_with_one_entry_too_many_is_refused(monkeypatch):
    monkeypatch.setattr("refimpl.application.fhir.bundle.FHIR_ENTRIES", len(BUNDLE["entry"]))
    read_referral(BYTES)
    monkeypatch.setattr("refimpl.application.fhir.bundle.FHIR_ENTRIES", len(BUNDLE["entry"]) - 1)
    assert (refusal(BYTES).code, refusal(BYTES).at) == ("fhir.too_large", "/entry")


def leaves(value, path=""):
    """Every (pointer, value) of a JSON tree, containers included."""
    yield path, value
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from leaves(member, f"{path}/{key}")


PLACES = [pointer for pointer, _ in leaves(BUNDLE) if pointer]
# What a refusal must never quote: names, numbers and dates of the patient, titles of what was found, lines of the
# notes.
TEXTS = {str(value) for _, value in leaves(BUNDLE) if isinstance(value, str)}
PRIVATE = {"Parisian", "Katy", "1852431", "1961", "yocardial"} | {text for text in TEXTS if text.count(" ") > 1}
PRIVATE |= {line.decode() for text in TEXTS if len(text) > 1000 for line in base64.b64decode(text).splitlines() if line}


def alike(entry):
    return entry["resource"]["resourceType"] in {"DiagnosticReport", "Observation"}


def small():
    """The bundle with one report of one result, so that every place of every kind can be tried in a second."""
    bundle = copy.deepcopy(BUNDLE)
    first = [n for n, e in enumerate(BUNDLE["entry"]) if n == index(e["resource"]["resourceType"], 0) or not alike(e)]
    bundle["entry"] = [bundle["entry"][n] for n in first]
    kept = {entry["fullUrl"] for entry in bundle["entry"]}
    for resource in (entry["resource"] for entry in bundle["entry"]):
        for name in {"result", "supportingInfo"} & resource.keys():
            resource[name] = [reference for reference in resource[name] if reference["reference"] in kept]
    return bundle


@pytest.mark.clause("APP-013")
@pytest.mark.parametrize("value", ["Katy Parisian, myocardial infarction", ["Katy"], {"reference": "Parisian"}])
def test_a_refusal_of_any_place_says_where_and_never_quotes_the_patient(value):
    bundle = small()
    assert len(read_referral(json.dumps(bundle).encode()).offered) == 2
    for place in [pointer for pointer, _ in leaves(bundle) if pointer]:
        try:
            read_referral(changed(place, value, bundle))
        except Refused as found:
            told = " ".join(map(str, found.values.values()))
            assert found.code.area == "fhir"
            assert not [word for word in PRIVATE if word in told], (place, told)


@given(st.sampled_from(PLACES), st.sampled_from([..., None, True, -1, 1.5, "", [], {}, ["x"], {"reference": 3}]))
def test_any_single_defect_is_read_or_refused_by_code(pointer, value):
    try:
        read_referral(changed(pointer, value))
    except Refused as found:
        assert found.code.area == "fhir"


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_by_code(data):
    assert refusal(data).code.area == "fhir"


@given(st.integers(0, len(BYTES) - 1), st.integers(0, 255))
def test_any_single_altered_byte_is_read_or_refused_by_code(place, byte):
    try:
        read_referral(BYTES[:place] + bytes([byte]) + BYTES[place + 1 :])
    except Refused as found:
        assert found.code.area == "fhir"


def test_the_bundle_is_the_one_whose_making_is_recorded():
    recorded = (BUNDLE_FILE.parent / "PROVENANCE.md").read_text(encoding="utf-8")
    assert hashlib.sha256(BYTES).hexdigest() in recorded
    assert f"{len(BYTES):,} bytes" in recorded
    assert len(BYTES) <= 60_000
