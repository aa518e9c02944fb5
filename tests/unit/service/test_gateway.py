"""What the service answers, member by member, and how it refuses."""

import json
import re

import jsonschema
import pytest

from refimpl.application.audit import Claim
from refimpl.data.encoding import encode
from refimpl.data.ids import Digest
from refimpl.data.state_map import MapProof, verify_presence
from refimpl.service.openapi import SCHEMAS, text
from refimpl.service.operations import OPERATIONS
from refimpl.service.requests import Asked
from tests.house.tree import ROOT
from tests.window import NOW, Window, working

REFERRAL, RECORD = 6, 4


@pytest.fixture(scope="module")
def window():
    return Window()


@pytest.fixture
def desk(tmp_path):
    node = working(tmp_path)
    node.begin()
    yield Window(node)
    node.close()


def fits(name, answer):
    components = {"schemas": dict(SCHEMAS)}
    schema = {"$ref": f"#/components/schemas/{name}", "components": components}
    jsonschema.validate(answer, schema, cls=jsonschema.Draft202012Validator)


PATHS = {
    "health": "/v1/health", "me": "/v1/me", "tip": "/v1/tip", "members": "/v1/members", "directory": "/v1/directory",
    "genesis": "/v1/genesis", "block": "/v1/blocks/3", "transaction_proof": "/v1/blocks/3/proofs/0",
    "state": f"/v1/state/{b'clock'.hex()}", "records": "/v1/patients/patient1/records",
    "patient_trace": "/v1/patients/patient1/trace", "record_trace": f"/v1/records/{RECORD}/trace",
    "audit": "/v1/regions/river-city/audit", "instances": "/v1/contracts/Referral/instances",
}  # fmt: skip


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.id in PATHS], ids=lambda one: one.id)
def test_every_answer_has_the_shape_that_the_standard_gives_it(window, operation):
    fits(operation.answer, window.told("city-hc", PATHS[operation.id]))


def test_the_description_in_the_standard_is_the_table_of_the_code():
    assert (ROOT / "spec" / "openapi.json").read_text(encoding="utf-8") == text()
    rest = {"metrics", "follow", "receipt", "submit"}
    assert {one.id for one in OPERATIONS} == PATHS.keys() | rest


def test_there_are_the_instances_that_these_tests_name(window):
    [referral] = window.told("city3", "/v1/contracts/Referral/instances")["instances"]
    [record] = window.told("patient1", "/v1/patients/patient1/records")["instances"]
    assert (referral["instance"], referral["state"], record["instance"]) == (REFERRAL, "requested", RECORD)
    assert record["values"]["custodian"] == "county2"


@pytest.mark.clause("APP-053")
@pytest.mark.parametrize(("path", "status", "code"), [
    ("/v1/nothing", 404, "query.unknown"), ("/v1/blocks/x", 400, "wire.bad_field"),
    ("/v1/blocks/999", 404, "query.not_found"), ("/v1/records/999/trace", 404, "query.not_found"),
])  # fmt: skip
def test_a_refusal_has_a_code_a_status_and_a_sentence_in_either_language(window, path, status, code):
    answer = window.ask("city-hc", path)
    told = json.loads(answer.body)
    assert (answer.status, told["code"]) == (status, code)
    fits("Refusal", told)
    bare = Asked("GET", path)
    headers = window.headers("city-hc", bare) | {"accept-language": "zh-CN,zh"}
    chinese = json.loads(window.gateway.answer(Asked("GET", path, "", headers), NOW).body)
    assert chinese["message"] != told["message"]
    assert any("\u4e00" <= one <= "\u9fff" for one in chinese["message"])
    assert not re.search("[a-z]{2,} [a-z]{2,}", chinese["message"])
    assert (chinese["at"], chinese["code"], chinese["values"]) == (told["at"], told["code"], told["values"])


@pytest.mark.clause("APP-053")
def test_a_wrong_method_is_told_the_right_one(window):
    answer = window.gateway.answer(Asked("DELETE", "/v1/tip"), NOW)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


@pytest.mark.clause("APP-054")
@pytest.mark.parametrize(("member", "seen"), [
    ("county2", True), ("city3", True), ("patient1", True), ("hill-hc", True), ("city-hc", True),
    ("centre1", False), ("patient2", False), ("gp", False), ("city-doctor", False),
])  # fmt: skip
def test_a_referral_is_seen_by_its_parties_and_the_commissions_of_their_regions(window, member, seen):
    assert bool(window.told(member, "/v1/contracts/Referral/instances")["instances"]) is seen
    key = f"/v1/state/{(b'instance/%010d' % REFERRAL).hex()}"
    assert window.ask(member, key).status == (200 if seen else 404)


@pytest.mark.clause("APP-054", "APP-055")
def test_what_is_not_given_and_what_is_not_there_are_answered_alike(window):
    for there, nowhere in (
        (f"/v1/records/{RECORD}/trace", "/v1/records/999/trace"),
        ("/v1/patients/patient1/trace", "/v1/patients/nobody/trace"),
        ("/v1/patients/patient1/records", "/v1/patients/nobody/records"),
        (f"/v1/state/{(b'instance/%010d' % REFERRAL).hex()}", f"/v1/state/{(b'instance/%010d' % 999).hex()}"),
        (f"/v1/state/{(b'access/%010d' % 0).hex()}", f"/v1/state/{(b'access/%010d' % 999).hex()}"),
    ):
        first, second = window.ask("patient2", there), window.ask("patient2", nowhere)
        assert (first.status, first.body) == (second.status, second.body)
        assert first.status == 404


@pytest.mark.clause("APP-055")
def test_a_patient_sees_who_recorded_who_saw_and_who_was_refused(window):
    told = window.told("patient1", "/v1/patients/patient1/trace")["entries"]
    assert [(one["act"], one["who"]) for one in told] == [
        ("recorded", "county2"), ("read", "city-doctor"), ("denied", "gp"),
    ]  # fmt: skip
    assert window.told("patient2", "/v1/patients/patient2/trace") == {"entries": [], "records": []}


@pytest.mark.clause("APP-056")
def test_every_member_gets_blocks_and_entries_with_proofs_that_hold(window):
    entry = window.told("gp", f"/v1/state/{b'node/city3'.hex()}", "height=4")
    verify_presence(Digest(bytes.fromhex(entry["state_root"])), b"node/city3", bytes.fromhex(entry["value"]),
                    MapProof.from_value(entry["way"]))  # fmt: skip
    claim = Claim.from_value(entry["claim"])
    assert claim.header.height == 5
    assert claim.header.state_root.hex() == entry["state_root"]
    assert window.told("gp", "/v1/blocks/5")["header"] == claim.header.to_value()
    assert window.told("gp", f"/v1/state/{b'node/nobody'.hex()}")["value"] is None


@pytest.mark.clause("APP-056")
def test_an_access_is_told_to_its_reader_and_to_those_whom_its_record_is_given(window):
    first = f"/v1/state/{(b'access/%010d' % 0).hex()}"
    answered = {one: window.ask(one, first).status for one in ("city-doctor", "patient1", "county2", "gp", "centre1")}
    assert answered == {"city-doctor": 200, "patient1": 200, "county2": 200, "gp": 404, "centre1": 404}


@pytest.mark.clause("APP-057")
def test_a_transaction_is_taken_from_a_signer_and_its_receipt_given_to_the_parties(desk):
    approved = desk.signed(("hill-hc",), "Referral", "approve", REFERRAL)
    assert desk.code("city3", "/v1/transactions", body=approved) == (403, "service.forbidden")
    answer = desk.ask("hill-hc", "/v1/transactions", body=approved)
    assert answer.status == 202
    path = f"/v1/transactions/{json.loads(answer.body)['tx']}"
    for member in ("hill-hc", "county2", "patient1"):
        told = desk.told(member, path)
        fits("Receipt", told)
        assert told["receipt"]["status"] == "applied"
    assert desk.code("gp", path) == (404, "query.not_found")
    assert desk.code("gp", "/v1/transactions/" + "0" * 64) == (404, "query.not_found")
    assert desk.told("county2", "/v1/contracts/Referral/instances")["instances"][0]["state"] == "approved"
    assert desk.code("hill-hc", "/v1/transactions", body=approved) == (409, "tx.nonce_used")


@pytest.mark.parametrize(("body", "status", "code"), [
    (b"", 400, "wire.not_canonical"), (b"{ }", 400, "wire.not_canonical"), (b"{}", 400, "wire.bad_field"),
    (b"[" * 600_000, 413, "wire.too_large"),
])  # fmt: skip
def test_what_is_no_transaction_is_refused_and_changes_nothing(desk, body, status, code):
    before = desk.node.ledger.tip
    assert desk.code("hill-hc", "/v1/transactions", body=body) == (status, code)
    assert desk.node.ledger.tip == before


def test_a_forged_transaction_is_refused(desk):
    forged = json.loads(desk.signed(("hill-hc",), "Referral", "approve", REFERRAL))
    forged["signatures"] = ["00" * 64]
    assert desk.code("hill-hc", "/v1/transactions", body=encode(forged)) == (422, "tx.bad_signature")


def test_a_ledger_that_is_only_shown_takes_nothing(window):
    signed = window.signed(("hill-hc",), "Referral", "approve", REFERRAL)
    assert window.code("hill-hc", "/v1/transactions", body=signed) == (409, "service.read_only")


@pytest.mark.clause("APP-058")
def test_a_commission_audits_its_region_and_those_below(window):
    hill, city = (window.told(who, "/v1/regions/hill/audit")["events"] for who in ("hill-hc", "city-hc"))
    assert hill == city
    assert {one["contract"] for one in hill} == {"Visit", "HealthRecord", "Referral", "Consent"}
    assert len(window.told("city-hc", "/v1/regions/river-city/audit")["events"]) > len(hill)
    for member, region in (("hill-hc", "river-city"), ("hill-hc", "lake"), ("hill-hc", "nowhere"), ("city3", "hill")):
        assert window.code(member, f"/v1/regions/{region}/audit") == (403, "service.forbidden")


def test_the_metrics_count_and_name_nobody(window):
    window.ask("patient1", "/v1/patients/patient1/records")
    page = window.gateway.answer(Asked("GET", "/v1/metrics"), NOW).body.decode()
    assert "yilian_height 10\n" in page
    assert 'yilian_answers_total{operation="records",status="200"}' in page
    assert not any(name in page for name in ("patient1", "county2", "city3"))
