"""What is written of the ledger is valid FHIR, has the shapes that were promised, and reads as what it was."""

import json
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.application.fhir import read_referral, terms
from refimpl.application.fhir.audit import AccessDecision, AuditSource, write_audit
from refimpl.application.fhir.claim import OUTCOMES, ClaimDecision, write_claim_response
from refimpl.application.fhir.consent import ConsentOnLedger, write_consent
from refimpl.application.fhir.dispense import Dispense, read_dispense, write_dispense
from refimpl.application.fhir.document import Document, read_document, write_document
from refimpl.application.fhir.patient import Linking, write_patients
from refimpl.application.fhir.provenance import ROLES, Actor, RecordedAct, write_provenance
from refimpl.application.fhir.provisions import Grant
from refimpl.application.fhir.referral_state import STATUS, ReferralOnLedger, read_referral_state, write_referral
from refimpl.application.fhir.terms import ICD_10, Coding
from refimpl.application.records import IndexEntry, record_id
from refimpl.data.ids import MemberId
from refimpl.data.refusal import Refused
from tests.fhir_validity import NOW, valid
from tests.unit.application.test_fhir_claim import changed
from tests.unit.application.test_fhir_consent import leaves

TIMES = st.integers(0, terms.TIME_MAX)
CODES = st.from_regex(r"[A-Za-z0-9.:_-]{1,64}", fullmatch=True)
MEMBERS = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,63}", fullmatch=True).map(MemberId)
RECORDS = st.from_regex(r"[a-z0-9][a-z0-9._/-]{0,127}", fullmatch=True).map(record_id)
KINDS = st.sampled_from(["DiagnosticReport", "DocumentReference", "检查报告"])
DIGESTS = st.binary(min_size=32, max_size=32)
ENTRIES = st.builds(IndexEntry, record=RECORDS, kind=KINDS, custodian=MEMBERS, commitment=DIGESTS)
CODINGS = st.builds(Coding, system=st.sampled_from([ICD_10, terms.SNOMED]), code=CODES)


# --- referrals ---

# The index enters a record of a custodian once (APP-007).
SOME_ENTRIES = st.lists(ENTRIES, max_size=4, unique_by=lambda one: (one.custodian, one.record)).map(tuple)


def of_entries_that_are_one(made):
    entries = {(one.custodian, one.record): one for one in (*made.offered, *made.returned)}
    return all(one in entries.values() for one in (*made.offered, *made.returned))


STATES = st.sampled_from(sorted(STATUS)).map(lambda state: state.split("."))
REFERRALS = STATES.flatmap(
    lambda state: st.builds(
        ReferralOnLedger,
        contract=st.just(state[0]),
        state=st.just(state[1]),
        identifier=CODES,
        visit=CODES,
        patient=CODES,
        origin=MEMBERS,
        receiver=MEMBERS,
        commission=st.one_of(st.none(), MEMBERS),
        priority=st.sampled_from(["routine", "urgent", "asap", "stat"]),
        reason=CODINGS,
        why=st.one_of(st.none(), CODES),
        authored=TIMES,
        modified=TIMES,
        offered=SOME_ENTRIES.map(lambda drawn: drawn[:2]),
        returned=SOME_ENTRIES.map(lambda drawn: drawn[2:]),
    ).filter(of_entries_that_are_one)
)


@pytest.mark.clause("APP-038")
@given(REFERRALS)
def test_a_referral_written_as_FHIR_is_valid_and_reads_as_the_same_referral(referral):
    written = write_referral(referral)
    valid(written)
    assert read_referral_state(written) == referral


def referral(contract="Referral", state="reported", **more):
    entry = IndexEntry(record_id("report-1"), "DiagnosticReport", MemberId("county2"), bytes(32))
    letter = IndexEntry(record_id("letter-1"), "Composition", MemberId("city3"), bytes(range(32)))
    made = ReferralOnLedger(contract, "REF-1", "V-1", "patient1", "county2", "city3", "hill-hc", "urgent",
                            Coding(ICD_10, "I21.4"), state, None, NOW, NOW + 9, (entry,), (letter,))  # fmt: skip
    return attrs.evolve(made, **more)


def of_kind(data, kind):
    return [e["resource"] for e in json.loads(data)["entry"] if e["resource"]["resourceType"] == kind]


def test_a_referral_written_here_is_one_that_a_hospital_can_hand_in():
    """The reader of hospitals' bundles takes it: same numbers, same records, in the same order."""
    request = read_referral(write_referral(referral()))
    assert (request.identifier, request.visit, request.priority, request.reason) == (
        "REF-1", "V-1", "urgent", Coding(ICD_10, "I21.4")
    )  # fmt: skip
    assert [record.id for record in request.offered] == [terms.id_of("record", "county2", "report-1")]
    assert [record.custodian for record in request.returned] == [request.receiver]


@pytest.mark.clause("APP-038")
@pytest.mark.parametrize(
    ("state", "returned", "why", "execution", "approval", "order"),
    [
        ("requested", (), None, "draft", "requested", "active"),
        ("escalated", (), "late_approval", "draft", "requested", "active"),
        ("approved", (), None, "requested", "completed", "active"),
        ("booked", (), None, "accepted", "completed", "active"),
        ("arrival", (), None, "ready", "completed", "active"),
        ("treating", (), None, "in-progress", "completed", "active"),
        ("reported", (), "no_feedback", "on-hold", "completed", "active"),
        ("reported", None, None, "completed", "completed", "completed"),
        ("settled", None, None, "completed", "completed", "completed"),
        ("settled", (), "no_feedback", "failed", "completed", "revoked"),
        ("declined", (), "no-bed", "rejected", "completed", "revoked"),
        ("refused_by_regulator", (), "not-needed", "cancelled", "rejected", "revoked"),
        ("lapsed", (), "late_escalation", "cancelled", "failed", "revoked"),
    ],
)
def test_the_words_of_FHIR_for_each_state_of_a_referral(state, returned, why, execution, approval, order):
    made = referral(state=state, why=why)
    written = write_referral(made if returned is None else attrs.evolve(made, returned=returned))
    [request] = of_kind(written, "ServiceRequest")
    task, part = of_kind(written, "Task")
    assert (task["status"], part["status"], request["status"]) == (execution, approval, order)
    assert task["businessStatus"]["coding"][0]["code"] == f"Referral.{state}"
    assert part["partOf"] == [{"reference": f"urn:yilian:Task:{task['id']}"}]
    assert task.get("statusReason", {}).get("coding", [{}])[0].get("code") == why


@pytest.mark.clause("APP-038")
def test_every_state_of_the_contracts_has_its_word_and_no_other_has():
    from refimpl.scenarios.package import library

    modules = library(("alliance", "visit", "referral", "stepdown"))
    states = {
        f"{module['name']}.{state['name']}"
        for module in modules
        if module["name"] in ("Referral", "StepDown")
        for state in module["states"]
    }
    assert set(STATUS) == states


def test_a_status_that_contradicts_the_state_is_refused():
    written = write_referral(referral())
    forged = written.replace(b'"resourceType":"Task","status":"completed"', b'"resourceType":"Task","status":"failed"')
    assert forged != written
    with pytest.raises(Refused) as caught:
        read_referral_state(forged)
    assert caught.value.code == "fhir.wrong_value"
    assert caught.value.at.endswith("/status")


DOCUMENT = Document(referral().offered[0], "patient1", NOW)
WRITTEN = [(read_referral_state, write_referral(referral(why="late_approval"))),
           (read_document, write_document(DOCUMENT))]  # fmt: skip
PLACES = [(read, data, path) for read, data in WRITTEN for path in leaves(json.loads(data)) if path]
DEFECTS = [..., None, True, -1, 1.5, "", "Li Lei", [], {}, ["x"], [{}], {"Li Lei": 3}]


@pytest.mark.clause("APP-013")
@given(st.sampled_from(PLACES), st.sampled_from(DEFECTS))
def test_any_single_defect_of_what_was_written_is_read_or_refused_by_code_and_never_quoted(place, value):
    read, data, pointer = place
    try:
        read(changed(json.loads(data), pointer, value))
    except Refused as found:
        assert found.code.area == "fhir"
        assert "Li Lei" not in str(found)


# --- records ---


@pytest.mark.clause("APP-039")
@given(st.builds(Document, entry=ENTRIES, patient=CODES, at=TIMES))
def test_an_index_entry_written_as_a_document_is_valid_and_reads_as_the_same_entry(document):
    written = write_document(document)
    valid(written)
    assert read_document(written) == document
    [content] = json.loads(written)["content"]
    assert content["attachment"] == {
        "extension": [{"url": "urn:yilian:commitment", "valueString": document.entry.commitment.hex()}]
    }


@given(
    st.builds(
        RecordedAct, at=TIMES, tx=CODES, record=CODES, operation=st.sampled_from(["CREATE", "UPDATE", "DELETE"]),
        actors=st.lists(
            st.builds(Actor, name=CODES, kind=st.sampled_from(["Practitioner", "Organization", "Patient"]),
                      role=st.sampled_from(sorted(ROLES)), signature=st.one_of(st.none(), st.binary(min_size=1))),
            min_size=1, max_size=3,
        ).map(tuple),
    )
)  # fmt: skip
def test_every_recorded_act_is_a_valid_provenance_with_its_actors_and_signatures(act):
    made = valid(write_provenance(act))
    assert len(made.agent) == len(act.actors)
    assert len(made.signature or []) == sum(actor.signature is not None for actor in act.actors)


def test_an_act_of_nobody_is_none():
    with pytest.raises(ValueError, match="at least one actor"):
        write_provenance(RecordedAct(0, "t", "r", "CREATE", ()))


# --- access ---

DECISIONS = st.builds(
    AccessDecision, at=TIMES, reader=CODES, reader_kind=st.sampled_from(["Practitioner", "Organization", "Patient"]),
    institution=MEMBERS, patient=CODES, record=CODES, fields=st.lists(CODES, max_size=3).map(tuple),
    purpose=st.one_of(st.none(), st.sampled_from(sorted(terms.PURPOSES))), allowed=st.booleans(),
    rule=CODES, consent=st.one_of(st.none(), CODES), code=st.one_of(st.none(), CODES), tx=CODES,
)  # fmt: skip
SOURCE = AuditSource("node-1", "alliance")
DCM = "http://dicom.nema.org/resources/ontology/DCM"


def agents_of(event):
    return {agent["type"]["coding"][0]["code"]: agent for agent in event["agent"]}


def entities_of(event):
    return {entity["type"]["code"]: entity for entity in event["entity"]}


@pytest.mark.system("C5")
@pytest.mark.clause("APP-041")
@given(DECISIONS)
def test_C5_every_decision_permit_or_denial_has_its_event_in_the_shape_of_BALP(decision):
    """The fixed values of AuthZconsent and PatientRead, from the published profiles (IHE ITI BALP 1.1)."""
    decided, *read = [json.loads(one) for one in write_audit(decision, SOURCE) if valid(one)]
    assert (decided["type"]["system"], decided["type"]["code"], decided["action"]) == (DCM, "110113", "E")
    assert decided["outcome"] == ("0" if decision.allowed else "8")
    agents, entities = agents_of(decided), entities_of(decided)
    assert set(agents) == {"authserver", "110150", "IRCP", "PROV"}
    assert {code: agent["requestor"] for code, agent in agents.items()} == {
        "authserver": False, "110150": False, "IRCP": True, "PROV": False
    }  # fmt: skip
    assert [code for code, agent in agents.items() if "network" in agent] == ["110150"]
    assert decided["source"]["observer"] == agents["authserver"]["who"]  # val-audit-source
    assert (entities["1"]["role"]["code"], entities["1"]["what"]["type"]) == ("1", "Patient")
    by_consent = decision.consent is not None
    assert decided["subtype"][0]["code"] == ("AuthZ-Consent" if by_consent else "AuthZ-Role")
    assert ("profile" in decided.get("meta", {})) == by_consent
    assert set(entities) == ({"1", "Consent"} if by_consent else {"1", "2"})
    grounds = entities["Consent" if by_consent else "2"]["detail"]
    assert [one["valueString"] for one in grounds] == [decision.rule, decision.tx]
    assert len(read) == decision.allowed
    for event in read:
        assert (event["type"]["code"], event["subtype"][0]["code"], event["action"]) == ("rest", "read", "R")
        assert set(agents_of(event)) == {"110152", "110153", "IRCP"}
        found = entities_of(event)
        assert found["2"]["role"]["code"] == "4"
        assert found["2"]["what"]["identifier"]["value"] == decision.record
        assert found["1"]["what"]["identifier"]["value"] == decision.patient
        assert found["XrequestId"]["what"]["identifier"]["value"] == decision.tx


# --- patients ---

PAIRS = st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")).filter(lambda pair: pair[0] != pair[1])
LINKINGS = st.builds(lambda kind, pair: Linking(kind, *pair), st.sampled_from(["merged", "unmerged"]), PAIRS)


@pytest.mark.system("C2")
@given(st.lists(LINKINGS, min_size=1, max_size=6))
def test_C2_links_between_pseudonyms_are_mutual_and_end_with_the_merge(events):
    patients = {}
    for one in write_patients(events):
        valid(one)
        made = json.loads(one)
        patients[made["identifier"][0]["value"]] = made
    links = {
        (name, link["other"]["identifier"]["value"]): link["type"]
        for name, made in patients.items()
        for link in made["link"]
    }
    other_way = {"replaces": "replaced-by", "replaced-by": "replaces", "seealso": "seealso"}
    assert all(links[to, name] == other_way[kind] for (name, to), kind in links.items())
    last = {frozenset((event.kept, event.other)): event for event in events}
    for event in last.values():
        assert links[event.kept, event.other] == ("replaces" if event.kind == "merged" else "seealso")
    replaced = {event.other for event in last.values() if event.kind == "merged"}
    assert {name for name, made in patients.items() if not made["active"]} == replaced


def test_a_pseudonym_is_not_merged_with_itself():
    with pytest.raises(ValueError, match="itself"):
        write_patients([Linking("merged", "a", "a")])


# --- money and drugs ---


@pytest.mark.system("E6")
@pytest.mark.clause("APP-040")
@given(st.integers(0, terms.MONEY_MAX), st.sampled_from(sorted(OUTCOMES)), st.one_of(st.none(), CODES))
def test_E6_a_claim_response_is_exact_to_the_fen(amount, state, reason):
    share = amount * 7 // 10 if state == "paid" else 0
    rest = amount - share if state == "paid" else 0
    decision = ClaimDecision("K-1", "p", "city3", "fund", NOW, state, amount, share, rest, reason)
    written = write_claim_response(decision)
    made = valid(written)
    exact = json.loads(written, parse_float=Decimal)
    found = {one["category"]["coding"][0]["code"]: one["amount"] for one in exact["total"]}
    assert {name: int(money["value"] * 100) for name, money in found.items()} == {"submitted": amount} | (
        {"benefit": share, "copay": rest} if OUTCOMES[state] == "complete" else {}
    )
    assert b'"value":%d.%02d}' % divmod(amount, 100) in written
    assert ("payment" in exact) == (state == "paid")
    assert made.outcome == OUTCOMES[state]


def test_shares_that_are_not_the_amount_are_no_decision():
    with pytest.raises(ValueError, match="shares"):
        write_claim_response(ClaimDecision("K-1", "p", "city3", "fund", NOW, "paid", 100, 70, 29, None))
    with pytest.raises(ValueError, match="shares"):
        write_claim_response(ClaimDecision("K-1", "p", "city3", "fund", NOW, "review", 100, 70, 30, None))


@pytest.mark.system("E5")
@given(
    st.builds(
        Dispense, identifier=CODES, patient=CODES, hospital=MEMBERS, drug=CODINGS, at=TIMES,
        traces=st.lists(CODES, min_size=1, max_size=4, unique=True).map(tuple),
    )
)  # fmt: skip
def test_E5_a_dispense_is_valid_and_reads_as_the_same_boxes(dispense):
    written = write_dispense(dispense)
    valid(written)
    assert read_dispense(written) == dispense


def test_a_written_resource_has_one_form():
    grant = Grant("city3", ("clinical",), ("treatment",), NOW + 9)
    written = write_consent(ConsentOnLedger("C-1", "p", grant, "Organization", NOW, "active"))
    valid(written)
    assert (
        written == json.dumps(json.loads(written), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    )


def test_a_time_beyond_what_the_ledger_counts_is_not_written():
    assert terms.instant(terms.TIME_MAX) == "9999-12-31T23:59:59Z"
    for at in (-1, terms.TIME_MAX + 1):
        with pytest.raises(ValueError, match="a time from 0"):
            terms.instant(at)


def test_the_bounds_are_those_of_the_language():
    from contracts_dsl import limits

    assert (terms.TIME_MAX, terms.MONEY_MAX) == (limits.TIME_MAX, limits.MONEY_MAX)
