"""What a Consent says that grants cannot is refused by code and place, never passed over."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.application.fhir.consent import ConsentOnLedger, read_consent, write_consent
from refimpl.application.fhir.provisions import Grant
from refimpl.data.refusal import Refused
from tests.properties.fhir_consents import DAY, NOW, actor, consent, group, kind_of, label, moment, purpose

ROOT = {
    "type": "permit", "actor": [actor("Organization", "city3")], "purpose": [purpose("TREAT")],
    "period": {"end": moment(NOW + 30 * DAY)},
}  # fmt: skip
GOOD = consent(ROOT)
RULE = "/provision"
NOT, AMBIGUOUS, WRONG = "fhir.not_expressible", "fhir.ambiguous", "fhir.wrong_value"


def refusal(data):
    with pytest.raises(Refused) as caught:
        read_consent(data if isinstance(data, bytes) else json.dumps(data).encode(), NOW, kind_of)
    return caught.value


def rule(**more):
    return consent({name: value for name, value in (ROOT | more).items() if value is not ...})


def deny(**elements):
    return [{"type": "deny"} | elements]


def action(code):
    system = "http://terminology.hl7.org/CodeSystem/consentaction"
    return [{"coding": [{"system": system, "code": code}]}]


def data_of(meaning):
    return [{"meaning": meaning, "reference": {"reference": "Encounter/1"}}]


RESOURCE_TYPE = {"system": "http://hl7.org/fhir/resource-types", "code": "ImagingStudy"}
CUSTODIAN = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "CST"}]}
RELATED = {"type": "RelatedPerson", "identifier": {"system": "urn:yilian:pseudonym", "value": "patient1"}}


@pytest.mark.clause("APP-030", "APP-031", "APP-032", "APP-033", "APP-034", "APP-035", "APP-036")
@pytest.mark.parametrize(
    ("data", "code", "at"),
    [
        # not in force, not under our policy, not by the patient
        (GOOD | {"status": "inactive"}, WRONG, "/status"),
        (GOOD | {"scope": {"coding": [label("N")]}}, WRONG, "/scope"),
        (GOOD | {"dateTime": moment(NOW + 1)}, WRONG, "/dateTime"),
        (GOOD | {"policy": [{"uri": "http://example.org/other"}]}, NOT, "/policy/0/uri"),
        (GOOD | {"policy": []}, "fhir.missing", "/policy"),
        (GOOD | {"policyRule": {"text": "opt in"}}, NOT, "/policyRule"),
        (GOOD | {"verification": [{"verified": True}]}, NOT, "/verification"),
        (GOOD | {"performer": [RELATED]}, NOT, "/performer/0"),
        (GOOD | {"modifierExtension": [{"url": "urn:x"}]}, NOT, "/modifierExtension"),
        (GOOD | {"implicitRules": "http://example.org/rules"}, NOT, "/implicitRules"),
        (GOOD | {"decision": "permit"}, NOT, ""),
        # what a provision cannot say here
        (rule(type=...), "fhir.missing", RULE),
        (rule(data=data_of("instance")), NOT, RULE + "/data"),
        (rule(data=data_of("related")), NOT, RULE + "/data"),
        (rule(data=data_of("dependents")), NOT, RULE + "/data"),
        (rule(data=data_of("authoredby")), NOT, RULE + "/data"),
        (rule(provision=deny(data=data_of("authoredby"))), NOT, RULE + "/provision/0/data"),
        (rule(dataPeriod={"start": "2020"}), NOT, RULE + "/dataPeriod"),
        (rule(code=[{"text": "x"}]), NOT, RULE + "/code"),
        (rule(**{"class": [RESOURCE_TYPE]}), NOT, RULE + "/class/0"),
        (rule(securityLabel=[label("ETH")]), NOT, RULE + "/securityLabel/0"),
        (rule(action=action("disclose")), NOT, RULE + "/action"),
        (rule(provision=deny(action=action("use"))), NOT, RULE + "/provision/0/action"),
        (rule(actor=[actor("Organization", "city3") | {"role": CUSTODIAN}]), NOT, RULE + "/actor/0/role"),
        (rule(actor=[actor("RelatedPerson", "city3")]), WRONG, RULE + "/actor/0/reference/type"),
        (rule(actor=[]), "fhir.missing", RULE + "/actor"),
        # a person's name that is a hospital's, and the other way round; a member that no consent lets read
        (rule(actor=[actor("Practitioner", "city3")]), NOT, RULE + "/actor/0/reference"),
        (rule(actor=[actor("Organization", "gp")]), NOT, RULE + "/actor/0/reference"),
        (rule(actor=[actor("Organization", "city_hc")]), NOT, RULE + "/actor/0/reference"),
        (rule(purpose=[purpose("BTG")]), WRONG, RULE + "/purpose/0/code"),
        (rule(modifierExtension=[{"url": "urn:x"}]), NOT, RULE + "/modifierExtension"),
        (rule(_type={"extension": []}), NOT, RULE),
        # what grants cannot hold
        (rule(actor=...), NOT, RULE),
        (rule(purpose=...), NOT, RULE),
        (rule(purpose=[purpose("HRESCH")]), NOT, RULE),
        (rule(purpose=[purpose("ETREAT")]), NOT, RULE),
        (rule(purpose=[purpose("HPAYMT")]), NOT, RULE),
        (rule(period=...), NOT, RULE),
        (rule(period={"end": moment(NOW - 1)}), NOT, RULE),
        (rule(period={"end": moment(NOW)}), NOT, RULE),
        (rule(period={"end": moment(NOW + 1830 * DAY + 1)}), NOT, RULE),
        (rule(period={"start": moment(NOW + 1), "end": moment(NOW + DAY)}), NOT, RULE),
        (rule(securityLabel=[label("R")]), NOT, RULE),
        (rule(securityLabel=[label("N"), label("PSY")]), NOT, RULE),
        (rule(**{"class": [group("basic")]}), NOT, RULE),
        (rule(**{"class": [group("sensitive")]}), NOT, RULE),
        (rule(type="deny"), NOT, RULE),
        (rule(provision=deny()), NOT, RULE),
        (rule(provision=deny(actor=[actor("Practitioner", "city_doctor")])), NOT, RULE),
        (rule(provision=deny(period={"start": moment(NOW + DAY), "end": moment(NOW + 2 * DAY)})), NOT, RULE),
        # a denial is taken in its wide sense
        (rule(purpose=[purpose("COC")], provision=deny(purpose=[purpose("TREAT")])), NOT, RULE),
        (rule(provision=deny(securityLabel=[label("R")])), NOT, RULE),
        # R4 leaves it open
        (rule(provision=[{"type": "permit", "actor": [actor("Practitioner", "gp")]}], securityLabel=[label("N")]),
         AMBIGUOUS, RULE),
        (rule(provision=[*deny(securityLabel=[label("PSY")]), {"type": "permit", "securityLabel": [label("PSY")]}]),
         AMBIGUOUS, RULE),
    ],
)  # fmt: skip
def test_what_grants_cannot_say_is_refused_with_its_place(data, code, at):
    found = refusal(data)
    assert (found.code, found.at) == (code, at)


def test_the_good_consent_is_accepted_with_and_without_what_carries_no_rule():
    plain = read_consent(json.dumps(GOOD).encode(), NOW, kind_of)
    more = GOOD | {"id": "c-1", "text": {"status": "empty"}, "meta": {}, "organization": [], "extension": []}
    more["provision"] = ROOT | {"action": action("access"), "id": "p"}
    assert read_consent(json.dumps(more).encode(), NOW, kind_of) == plain
    assert plain.identifier == "c-1"


@pytest.mark.clause("APP-035")
def test_one_provision_or_actor_too_many_is_refused():
    at_most = rule(provision=deny(period={"start": moment(NOW + DAY)}) * 7)
    read_consent(json.dumps(at_most).encode(), NOW, kind_of)
    assert refusal(rule(provision=at_most["provision"]["provision"] + deny())).code == "fhir.too_large"
    sixteen = [actor("Organization", f"h{n}") for n in range(16)]
    assert len(read_consent(json.dumps(rule(actor=sixteen)).encode(), NOW, kind_of).grants) == 16
    assert refusal(rule(actor=[*sixteen, actor("Organization", "city3")])).at == RULE + "/actor/16"


def test_a_consent_within_a_bundle_names_members_and_patient_by_their_resources():
    hospital = {
        "resourceType": "Organization",
        "id": "o",
        "identifier": [{"system": "urn:x", "value": "1"}, {"system": "urn:yilian:member", "value": "city3"}],
    }
    person = {"resourceType": "Patient", "id": "p",
              "identifier": [{"system": "urn:yilian:pseudonym", "value": "patient1"}]}  # fmt: skip
    inner = rule(actor=[actor("Organization", "city3") | {"reference": {"reference": "Organization/o"}}])
    inner["patient"] = {"reference": "Patient/p"}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": one} for one in (inner, hospital, person)]}
    assert read_consent(json.dumps(bundle).encode(), NOW, kind_of) == read_consent(
        json.dumps(GOOD).encode(), NOW, kind_of
    )
    bundle["entry"].pop()
    assert refusal(bundle).at == "/entry/0/resource/patient/reference"


def leaves(value, path=""):
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from leaves(member, f"{path}/{key}")


FULL = json.loads(
    write_consent(ConsentOnLedger("C-1", "patient1", Grant("city3", ("clinical",), ("treatment",), NOW + DAY),
                                  "Organization", NOW, "active"))
)  # fmt: skip


@given(st.sampled_from([path for path in leaves(FULL) if path]),
       st.sampled_from([..., None, True, -1, 1.5, "", "Li Lei", [], {}, ["x"], [{}], {"Li Lei": 3}]))  # fmt: skip
@pytest.mark.clause("APP-013")
def test_any_single_defect_is_read_or_refused_by_code_and_never_quoted(pointer, value):
    data = json.loads(json.dumps(FULL))
    *parents, last = [int(step) if step.isdigit() else step for step in pointer.strip("/").split("/")]
    holder = data
    for step in parents:
        holder = holder[step]
    if value is ...:
        del holder[last]
    else:
        holder[last] = value
    try:
        read_consent(json.dumps(data).encode(), NOW, kind_of)
    except Refused as found:
        assert found.code.area == "fhir"
        assert "Li Lei" not in str(found)


def test_a_lone_surrogate_is_not_read_as_text():
    assert refusal(json.dumps(GOOD | {"id": "\ud800"}).encode()).code == "fhir.not_json"


@given(st.binary(max_size=100))
def test_arbitrary_bytes_are_refused_by_code(data):
    assert refusal(data).code.area == "fhir"


NO_MOMENTS = [
    "", "2026-13", "2026-02-30", "26", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00+15:00",
    "9999", "9999-12-31", "２０２６", "0001-01-01",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_MOMENTS)
def test_a_moment_that_does_not_exist_is_refused_where_it_stands(text):
    found = refusal(rule(period={"end": text}))
    assert (found.code, found.at) in [(WRONG, RULE + "/period/end"), (NOT, RULE)]


@pytest.mark.parametrize(("state", "status"), [("active", "active"), ("revoked", "inactive"), ("expired", "inactive")])
def test_a_grant_that_has_ended_is_written_as_inactive(state, status):
    grant = Grant("city3", ("clinical",), ("treatment",), NOW + DAY)
    written = json.loads(write_consent(ConsentOnLedger("C-1", "p", grant, "Organization", NOW, state)))
    assert written["status"] == status
