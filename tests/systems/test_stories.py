"""Rows that a story plays from end to end: drugs, claims, reports, loans, family doctors, surgery, records."""

import pytest

from refimpl.application.access_log import records_of, trace_patient
from refimpl.application.view import View, happenings
from refimpl.node.archive import Archive
from refimpl.node.machine import Machine
from refimpl.scenarios import records
from refimpl.scenarios.performance import SCENARIOS, perform
from tests.systems.test_data_security import disguises

STORIES = sorted(SCENARIOS)


def acts(outcome, contract):
    """What was done on instances of a contract, in order."""
    told = (event for _, _, receipt in outcome.stage.receipts() for event in receipt.get("events", ()))
    return [event["body"]["action"] for event in told
            if event.get("contract") == contract and event["kind"] in ("started", "acted")]  # fmt: skip


def breaches(outcome):
    """(who, what) of every breach."""
    told = (event for _, _, receipt in outcome.stage.receipts() for event in receipt.get("events", ()))
    return [(event["body"]["debtors"][0], event["body"]["name"]) for event in told if event["kind"] == "violation"]


def refusals(outcome):
    """Codes of what was refused, in order."""
    return [receipt["code"] for _, _, receipt in outcome.stage.receipts() if receipt.get("status") == "refused"]


@pytest.mark.parametrize("name", STORIES)
def test_every_story_ends_the_same_at_every_honest_node_while_one_lies(told, name):
    outcome = told(name)
    assert outcome.violations == ()
    assert outcome.history.triggered["byz"] > 10
    assert len({outcome.stage.ledger_of(node).tip.state_root for node in outcome.stage.honest}) == 1


@pytest.mark.system("A9", "E5")
def test_A9_E5_a_box_goes_from_hand_to_hand_and_is_sold_once(told):
    outcome = told("supply")
    first = ["produce", "produce", "ship", "receive", "deliver", "accept", "deliver", "accept", "dispense"]
    assert acts(outcome, "DrugBox") == [*first, "mark_paid", "recall"]
    assert refusals(outcome)[:3] == ["contract.duplicate_key", "contract.not_authorized", "contract.no_such_clause"]
    assert outcome.final["instances"]["DrugBox/1"] == "recalled"


@pytest.mark.system("E6")
def test_E6_a_claim_is_checked_and_paid_once_to_the_last_fen(told):
    outcome = told("supply")
    assert outcome.final["positions"] == {"insurance": -7_035, "peoples": 10_050, "wang": -3_015}
    assert acts(outcome, "Claim") == ["settle"]
    assert refusals(outcome)[3:] == ["contract.condition_false", "contract.where_false", "contract.no_such_clause"]


@pytest.mark.system("B3")
def test_B3_a_report_climbs_from_hospital_to_district_to_city_and_silence_climbs_by_itself(told):
    outcome = told("reporting")
    both = ["detect", "detect", "report", "report", "verify", "verify"]
    assert acts(outcome, "CaseReport") == [*both, "detect", "chase", "report", "verify"]
    assert breaches(outcome) == [("peoples", "late_report"), ("valleyhc", "late_verification")]
    assert all(outcome.final["instances"][f"CaseReport/{number}"] == "verified" for number in range(3))


@pytest.mark.system("B12")
def test_B12_resources_are_shared_reported_and_asked_for_under_one_ledger(told):
    outcome = told("reporting")
    assert acts(outcome, "Loan") == ["ask", "lend", "give_back", "confirm"]
    assert outcome.final["positions"] == {"peoples": 80_000, "seaside": -80_000}
    view = View(outcome.stage.ledger.state)
    assert sum(row["cases"] for row in view.rows("CaseReport")) == 12 + 9 + 2


@pytest.mark.system("D1", "E4")
def test_D1_E4_basic_data_is_written_by_the_resident_alone_and_read_by_the_family_doctor(told):
    outcome = told("family")
    events = [one for one in happenings(Archive(outcome.stage.disk(0))) if one.event.get("contract") == "BasicFile"]
    written = [one for one in events if one.event["kind"] in ("started", "acted")]
    assert {one.signers for one in written} == {("wang",)}
    reads = [(one.event["body"]["reader"], one.event["body"]["code"]) for one in events if one.event["kind"] == "read"]
    assert reads == [("zhou", None), ("sun", "not_permitted"), ("community", "not_permitted"), ("sun", None),
                     ("zhou", "not_permitted"), ("sun", "not_permitted")]  # fmt: skip


@pytest.mark.system("D2")
def test_D2_medical_data_is_read_and_updated_with_the_residents_signature_only(told):
    chain = Archive(told("family").stage.disk(0))
    files = [one for one in happenings(chain) if one.event.get("contract") == "MedicalFile"]
    reads = [(one.event["body"]["signers"], one.event["body"]["code"]) for one in files if one.event["kind"] == "read"]
    assert reads == [(["zhou"], "not_permitted"), (["zhou", "wang"], None)]
    assert all("wang" in one.signers for one in files if one.event["kind"] in ("started", "acted"))


@pytest.mark.system("D4")
def test_D4_third_parties_read_under_consent_until_it_is_withdrawn(told):
    chain = Archive(told("family").stage.disk(0))
    reads = [(one.event["body"]["reader"], one.event["body"]["code"]) for one in happenings(chain)
             if one.event.get("contract") == "HealthRecord" and one.event["kind"] == "read"]  # fmt: skip
    assert reads == [("insurance", "not_permitted"), ("insurance", None), ("insurance", "forbidden"),
                     ("insurance", "not_permitted")]  # fmt: skip


@pytest.mark.system("D5")
def test_D5_the_agreement_is_signed_by_both_renewed_by_both_and_neglect_has_a_name(told):
    outcome = told("family")
    assert acts(outcome, "FamilyDoctor") == ["sign", "reassign", "follow_up", "renew", "terminate"]
    assert breaches(outcome) == [("zhou", "missed_follow_up")]
    assert refusals(outcome)[:2] == ["contract.not_authorized", "contract.duplicate_key"]


@pytest.mark.system("E7")
def test_E7_who_signed_in_time_and_who_did_not_is_on_record_when_the_dispute_comes(told):
    outcome = told("surgery")
    assert outcome.final["instances"] == {"Surgery/0": "sealed", "Surgery/1": "closed"}
    assert breaches(outcome) == [("wu", "anaesthetist_unsigned")]
    reads = [(one.event["body"]["reader"], one.event["body"]["code"])
             for one in happenings(Archive(outcome.stage.disk(0))) if one.event["kind"] == "read"]  # fmt: skip
    assert reads == [("valleyhc", "not_permitted"), ("valleyhc", None)]


@pytest.mark.system("A1")
def test_A1_the_history_of_a_patient_comes_by_time_from_all_institutions_to_whom_the_rules_let_see(told):
    outcome = told("records")
    chain = Archive(outcome.stage.disk(0))
    trace = trace_patient(chain, records.PATIENT)
    assert [one.at for one in trace] == sorted(one.at for one in trace)
    assert [one.act for one in trace] == ["recorded", "denied", "read", "read", "denied", "changed", "read"]
    entry = View(chain.state(chain.height)).row(outcome.final["records of the person"][0])
    assert set(entry.values) == {"custodian", "patient", "visit", "number", "digest", "disease", "days_in"}


@pytest.mark.system("C2")
def test_C2_two_names_of_one_person_are_tied_and_neither_says_who_it_is(told):
    chain = Archive(told("records").stage.disk(0))
    view = View(chain.state(chain.height))
    by_each = [[row.id for row in records_of(view, name)] for name in (records.PATIENT, records.UNKNOWN)]
    assert by_each[0] == by_each[1] != []
    stored = b"".join(told("records").stage.disk(0).values())
    assert not [seen for seen in disguises("11010519491231002X") if seen in stored]


@pytest.mark.system("C5")
def test_C5_a_leak_leads_to_whoever_was_let_at_the_field(told):
    assert told("records").final["leaked"] == {"fields": ["labs"], "seen by": ["dr-sun"]}


@pytest.mark.system("C4", "D3")
def test_C4_D3_a_record_is_sealed_field_by_field_under_its_recorders_signature(told):
    outcome = told("records")
    chain = Archive(outcome.stage.disk(0))
    [recorded] = [one for one in trace_patient(chain, records.PATIENT) if one.act == "recorded"]
    assert recorded.who == records.COUNTY
    assert recorded.at == chain.header(recorded.height).time
    story = records.Story(outcome.stage, 0)
    chart, sealed = records.seal_chart(records.record_id("r-9"), records.COUNTY, story.custody.own, records.CONTENT,
                                       story.draw.secrets, story.draw)  # fmt: skip
    assert [part.field for part in chart.parts] == sorted(records.CONTENT)
    assert len({one.body for one, _ in sealed}) == len({one.wrapped for _, one in sealed}) == len(records.CONTENT)


@pytest.mark.system("C9")
def test_C9_a_copy_without_people_is_open_and_its_readers_are_on_record(told):
    outcome = told("records")
    assert outcome.final["open copy"] == {"rows": 20, "likeness": 10}
    reads = [one.event["body"] for one in happenings(Archive(outcome.stage.disk(0)))
             if one.event.get("contract") == "OpenCopy" and one.event["kind"] == "read"]  # fmt: skip
    assert [(read["reader"], read["purpose"], read["code"]) for read in reads] == [("scholar", "research", None)]


@pytest.mark.system("B7")
def test_B7_what_is_submitted_is_sealed_before_and_keys_go_to_those_concerned_only(told):
    final = told("records").final
    assert (final["in the emergency"], final["by consent"]) == (["hiv", "labs"], ["diagnosis"])
    assert (final["to be told"], final["after erasure"]) == (["erase"], "vault.erased")


@pytest.mark.system("A6", "C1")
@pytest.mark.parametrize("name", ["records", "referral"])
def test_A6_C1_nothing_that_travels_or_is_stored_says_what_a_record_says(monkeypatch, name):
    seen = []

    def listening(taken):
        def taking(machine, data, now):
            seen.append(data)
            return taken(machine, data, now)

        return taking

    for way in ("deliver", "submit"):
        monkeypatch.setattr(Machine, way, listening(getattr(Machine, way)))
    outcome = perform(name, None, None, 0)
    told = b"\0".join([*seen, *outcome.stage.disk(0).values(), repr(outcome.final).encode()])
    assert len(seen) > 100
    secrets = [text.decode() for text in records.CONTENT.values()] if name == "records" else ["Parisian", "1852431"]
    assert not [text for text in secrets if len(text) > 4 for one in disguises(text) if one in told]
