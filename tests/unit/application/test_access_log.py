"""Who recorded and who saw stands on the chain, for the patient, for the commission, and for whoever finds a leak."""

import pytest

from refimpl.application.access_log import as_data, suspects, trace_patient, trace_record
from refimpl.application.records import SALT_BYTES
from refimpl.crypto.sealing import open_sealed, unwrap_key
from refimpl.data.encoding import encode
from refimpl.data.ids import MemberId
from tests.unit.application.desk import CUSTODIAN, FIELDS, PATIENT, Desk

OTHER = MemberId("patient2")


@pytest.fixture(scope="module")
def told():
    """A record with a history: entered, read, refused, amended; and a record under the person's other name."""
    desk = Desk("identity")
    book = desk.book
    desk.chart = desk.seal("r-1")
    desk.entry = desk.register(desk.chart)
    book.ask("county-doctor", desk.entry, "labs", purpose="treatment")
    book.ask("city-doctor", desk.entry, "clinical", purpose="treatment")
    book.ask("city-doctor", desk.entry, "hiv", purpose="emergency")
    book.act(CUSTODIAN, "HealthRecord", "amend", desk.entry, d="ab" * 32)
    visit = book.act((CUSTODIAN, OTHER), "Visit", "open", holder=CUSTODIAN, patient=OTHER, number="V-2")
    kept = {"custodian": CUSTODIAN, "patient": OTHER, "visit": visit["events"][0]["instance"], "number": "r-9"}
    desk.second = book.act(CUSTODIAN, "HealthRecord", "register", **kept, digest="cd" * 32)["events"][0]["instance"]
    return desk


@pytest.mark.clause("APP-020")
def test_a_trace_says_who_recorded_who_saw_when_and_why_and_who_was_refused(told):
    trace = trace_record(told.book.chain, told.entry)
    assert [(one.act, one.who, one.purpose, one.code) for one in trace] == [
        ("recorded", CUSTODIAN, None, None), ("read", "county-doctor", "treatment", None),
        ("denied", "city-doctor", "treatment", "access.not_permitted"), ("read", "city-doctor", "emergency", None),
        ("changed", CUSTODIAN, None, None),
    ]  # fmt: skip
    assert trace[1].verdicts == (("labs", "allow"),)
    assert dict(trace[2].verdicts) == dict.fromkeys(("diagnosis", "labs", "imaging", "prescriptions"), "not_permitted")
    assert [one.height for one in trace] == sorted(one.height for one in trace)
    assert trace[0].fields == ("register",)
    assert encode(as_data(trace[1]))


@pytest.mark.clause("APP-015", "APP-020")
def test_a_patient_sees_the_records_under_all_names_for_as_long_as_they_are_linked(told):
    book = told.book
    assert {one.record for one in trace_patient(book.chain, PATIENT)} == {told.entry}
    linked = book.act(CUSTODIAN, "PatientLink", "link", registrar=CUSTODIAN, supervisor="hill-hc", kept=PATIENT,
                      other=OTHER, evidence="ef" * 32)["events"][0]["instance"]  # fmt: skip
    assert {one.record for one in trace_patient(book.chain, OTHER)} == {told.entry, told.second}
    assert trace_patient(book.chain, PATIENT) == trace_patient(book.chain, OTHER)
    book.act("hill-hc", "PatientLink", "unlink", linked, reason="two-people")
    assert {one.record for one in trace_patient(book.chain, OTHER)} == {told.second}


def salts_of(desk):
    """What the custodian alone can say: the salt of each field."""
    own, vault, found = desk.custody.own, desk.custody.vault, {}
    for part in desk.chart.parts:
        name, _ = desk.chart.part(part.field)
        sealed, held = vault.sealed(name), vault.key(name, CUSTODIAN)
        key = unwrap_key(own, held.wrapped, encode({"reader": CUSTODIAN, "record": name}))
        bound = encode({"custodian": CUSTODIAN, "record": name})
        found[part.field] = open_sealed(key, sealed.nonce, sealed.body, bound)[:SALT_BYTES]
    return found


@pytest.mark.clause("APP-020")
def test_a_leaked_copy_leads_to_those_who_were_let_at_it_before_and_to_nobody_else(told):
    trace, salts, late = trace_record(told.book.chain, told.entry), salts_of(told), told.book.now
    fields, seen = suspects(told.chart, salts, FIELDS["labs"], trace, late)
    assert (fields, [one.who for one in seen]) == (("labs",), ["county-doctor"])
    fields, seen = suspects(told.chart, salts, FIELDS["hiv"], trace, late)
    assert (fields, [one.who for one in seen]) == (("hiv",), ["city-doctor"])
    assert suspects(told.chart, salts, FIELDS["diagnosis"], trace, late) == (("diagnosis",), [])
    assert suspects(told.chart, salts, b"something else", trace, late) == ((), [])
    assert suspects(told.chart, salts, FIELDS["labs"], trace, trace[1].at - 1) == (("labs",), [])
    assert suspects(told.chart, {}, FIELDS["labs"], trace, late) == ((), [])
