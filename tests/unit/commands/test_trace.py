"""`yilian trace`: who recorded and who saw, by patient and by record, in both languages, as data and as FHIR."""

import json

import pytest

from refimpl.scenarios.records import PATIENT, UNKNOWN
from tests.unit.commands.endings import refused


@pytest.mark.parametrize(("language", "words"), [
    ("zh", ["county2登记HealthRecord 1", "dr-sun查阅HealthRecord 1的hiv、labs", "被拒", "目的：emergency", "会签："]),
    ("en", ["county2 recorded HealthRecord 1", "dr-sun read hiv, labs of", "was refused", "for emergency",
            "signed with"]),
])  # fmt: skip
def test_a_trace_says_who_recorded_who_saw_and_why(yilian, records_ledger, language, words):
    done = yilian("--lang", language, "trace", PATIENT, "--ledger", records_ledger)
    assert done.exit_code == 0
    assert all(word in done.stdout for word in words)
    assert len(done.stdout.splitlines()) == 7


def test_a_patient_by_any_name_and_a_record_by_its_number_are_the_same_trace(yilian, records_ledger):
    lines = {yilian("trace", subject, "--ledger", records_ledger).stdout
             for subject in (PATIENT, UNKNOWN, "r-1", "county2/r-1")}  # fmt: skip
    assert len(lines) == 1


def test_the_object_has_a_schema_and_every_verdict(yilian, records_ledger):
    told = json.loads(yilian("trace", "r-1", "--ledger", records_ledger, "--json").stdout)
    assert (told["schema"], told["subject"], told["records"]) == ("yilian/trace/v1", "r-1", [1])
    assert [one["act"] for one in told["entries"]].count("denied") == 2
    assert told["entries"][2]["verdicts"] == [["hiv", "allow"], ["labs", "allow"]]


def test_decisions_are_written_as_audit_events_of_ihe_balp(yilian, records_ledger, tmp_path):
    path = tmp_path / "audit.json"
    assert yilian("trace", PATIENT, "--ledger", records_ledger, "--fhir", path).exit_code == 0
    events = [entry["resource"] for entry in json.loads(path.read_text())["entry"]]
    assert {event["resourceType"] for event in events} == {"AuditEvent"}
    outcomes = [event["outcome"] for event in events]
    assert (outcomes.count("8"), len(events)) == (2, 8)  # five requests, two denied, three reads


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_name_that_the_ledger_does_not_have_is_a_finding(yilian, records_ledger, language):
    refused(yilian("--lang", language, "trace", "nobody", "--ledger", records_ledger), 1, "query.not_found", language)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_file_that_is_no_ledger_is_said_to_be_none(yilian, tmp_path, language):
    (tmp_path / "x").write_bytes(b"no ledger")
    done = yilian("--lang", language, "trace", "r-1", "--ledger", tmp_path / "x")
    refused(done, 3, "store.foreign", language)
