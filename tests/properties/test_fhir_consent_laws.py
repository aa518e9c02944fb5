"""A consent signed at a hospital opens on the ledger what it says: never more, and where it is accepted, never less."""

import json
from collections import Counter
from importlib.resources import files
from itertools import product

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from contracts_dsl import verify
from contracts_dsl.check import check
from contracts_dsl.decide import Request, decide
from contracts_dsl.host import Command
from contracts_dsl.interpret import advance, command
from contracts_dsl.memory import DirectoryNode, MemoryWorld
from refimpl.application.fhir.consent import ConsentOnLedger, read_consent, write_consent
from refimpl.application.fhir.provisions import Grant
from refimpl.data.refusal import Refused
from tests.properties.fhir_consents import (
    DAY,
    GROUP,
    NOW,
    PURPOSE,
    TURNS,
    actor,
    consent,
    consents,
    group,
    kind_of,
    label,
    moment,
    purpose,
    readings,
)

FOLDER = files("contracts_dsl").joinpath("library")
CHECKED = check((f"{n}.yl", FOLDER.joinpath(f"{n}.yl").read_bytes()) for n in ("alliance", "visit", "referral",
                                                                            "stepdown", "access"))  # fmt: skip
PROGRAM = verify.load(CHECKED.modules)
CAST = CHECKED.scenarios[0].cast
HOSPITAL = {"gp": "centre1", "county_doctor": "county2", "city_doctor": "city3", "city_nurse": "city3"}
READS = {purpose: code for code, purpose in PURPOSE.items()}


def done(world, signers, contract, action, **arguments):
    world.apply(advance(PROGRAM, world, world.now()))
    world.apply(command(PROGRAM, world, Command(contract, action, tuple(sorted(arguments.items())), signers, None)))


def ledger(grants):
    """A ledger on which patient1 has a record at lake2 and gave these grants."""
    world = MemoryWorld(time=NOW)
    for node in CAST:
        world.enrol(node.name, DirectoryNode(node.kind, dict(node.attributes), node.parent))
    done(world, ("lake2", "patient1"), "Visit", "open", holder="lake2", patient="patient1", number="V-1")
    done(world, ("lake2",), "HealthRecord", "register", custodian="lake2", patient="patient1", visit=0, number="R-1",
         digest="00" * 32)  # fmt: skip
    for one in grants:
        done(world, ("patient1",), "Consent", "grant", patient="patient1", grantee=one.grantee, scope=one.scope,
             purposes=one.purposes, expiry=one.expiry)  # fmt: skip
    return world


def opened(world, reader, aim):
    """The fields that the policy opens to a reader for a purpose."""
    asked = Request("HealthRecord", 1, tuple(GROUP), aim, (reader,))
    return {verdict.field for verdict in decide(PROGRAM, world, asked) if verdict.outcome == "allow"}


def moments_of(grants):
    ends = {one.expiry for one in grants}
    return sorted(at for at in {NOW, *TURNS, *ends, *(end + 1 for end in ends)} if at >= NOW)


def check_against(data, grants):
    """Every read of every reader, purpose, field and time that differs: the ledger's rules against the JSON."""
    with_grants, without = ledger(grants), ledger(())
    readers = [*HOSPITAL.items(), ("fund", "fund")]
    for at in moments_of(grants):
        for world in (with_grants, without):
            world.apply(advance(PROGRAM, world, at))
        for (reader, institution), (aim, code) in product(readers, READS.items()):
            found = opened(with_grants, reader, aim) - opened(without, reader, aim)
            said = {name: readings(data, (reader, institution, code, name, at)) for name in GROUP}
            assert all(said[name] == {True} for name in found), (reader, aim, at, found)
            if (reader == "fund") == (aim == "insurance") and aim in ("treatment", "referral", "insurance"):
                permitted = {name for name in GROUP if True in said[name] and GROUP[name] != "basic"}
                assert permitted <= found, (reader, aim, at, permitted)


def root(**more):
    rule = {"type": "permit", "actor": [actor("Organization", "city3")], "purpose": [purpose("TREAT")],
            "period": {"end": moment(NOW + 30 * DAY)}}  # fmt: skip
    return consent(rule | more)


@pytest.mark.clause("APP-034", "APP-035", "APP-036")
@pytest.mark.system("C7")
@settings(max_examples=80)
@given(consents)
@example(root())
@example(root(provision=[{"type": "deny", "period": {"start": moment(NOW + DAY)}}]))
def test_C7_a_consent_opens_on_the_ledger_what_every_reading_of_it_permits_and_no_more(data):
    try:
        found = read_consent(json.dumps(data).encode(), NOW, kind_of)
    except Refused as refused:
        assert refused.code.area == "fhir"
        event(str(refused.code))
        return
    event("accepted")
    check_against(data, found.grants)


def test_the_drawn_consents_are_accepted_often_enough_to_mean_something():
    tally: Counter[str] = Counter()

    @settings(max_examples=200, database=None, derandomize=True)
    @given(consents)
    def drawn(data):
        try:
            tally["several" if len(read_consent(json.dumps(data).encode(), NOW, kind_of).grants) > 1 else "one"] += 1
        except Refused as refused:
            tally[str(refused.code)] += 1

    drawn()
    assert tally["one"] >= 10
    assert tally["several"] >= 10
    assert tally["fhir.not_expressible"] >= 10
    assert tally["fhir.ambiguous"] >= 3


GRANTS = st.builds(
    Grant,
    grantee=st.sampled_from(["city3", "gp", "fund"]),
    scope=st.sampled_from([("clinical",), ("basic", "clinical"), ("clinical", "sensitive"),
                           ("basic", "clinical", "sensitive")]),
    purposes=st.sampled_from([("treatment",), ("referral",), ("referral", "treatment")]),
    expiry=st.integers(NOW + 1, NOW + 1830 * DAY),
)  # fmt: skip


@pytest.mark.clause("APP-037")
@given(GRANTS)
def test_a_grant_written_as_a_consent_reads_as_the_same_grant(grant):
    kind = "Practitioner" if grant.grantee == "gp" else "Organization"
    written = write_consent(ConsentOnLedger("C-1", "patient1", grant, kind, NOW, "active"))
    found = read_consent(written, NOW, kind_of)
    assert (found.identifier, found.patient, found.grants) == ("C-1", "patient1", (grant,))
    check_against(json.loads(written), found.grants)


def one_of(more):
    return read_consent(json.dumps(root(**more)).encode(), NOW, kind_of).grants


EVERYTHING = ("basic", "clinical", "sensitive")


@pytest.mark.clause("APP-031", "APP-032", "APP-033")
@pytest.mark.parametrize(
    ("more", "scope", "purposes", "expiry"),
    [
        ({}, EVERYTHING, ("treatment",), NOW + 30 * DAY),
        ({"purpose": [purpose("COC"), purpose("TREAT")]}, EVERYTHING, ("referral", "treatment"), NOW + 30 * DAY),
        ({"securityLabel": [label("N")]}, ("basic", "clinical"), ("treatment",), NOW + 30 * DAY),
        ({"class": [group("clinical")]}, ("clinical",), ("treatment",), NOW + 30 * DAY),
        (
            {"provision": [{"type": "deny", "securityLabel": [label("PSY"), label("GDIS"), label("HIV")]}]},
            ("basic", "clinical"), ("treatment",), NOW + 30 * DAY,
        ),
        (  # the exception ends what it does not begin with
            {"provision": [{"type": "deny", "period": {"start": moment(NOW + DAY)}}]},
            EVERYTHING, ("treatment",), NOW + DAY - 1,
        ),
        (  # a day ends at midnight in China, sixteen hours before it does at UTC: 2026-03-01T15:59:59Z
            {"period": {"end": "2026-03-01"}}, EVERYTHING, ("treatment",), 1_772_380_799,
        ),
    ],
)  # fmt: skip
def test_what_a_consent_names_becomes_the_arguments_of_one_grant(more, scope, purposes, expiry):
    assert one_of(more) == (Grant("city3", scope, purposes, expiry),)


def test_two_ends_become_two_grants():
    shorter = {"type": "deny", "securityLabel": [label("PSY"), label("GDIS"), label("HIV")],
               "period": {"start": moment(NOW + DAY)}}  # fmt: skip
    assert one_of({"provision": [shorter]}) == (
        Grant("city3", EVERYTHING, ("treatment",), NOW + DAY - 1),
        Grant("city3", ("basic", "clinical"), ("treatment",), NOW + 30 * DAY),
    )


@pytest.mark.clause("APP-036")
def test_sensitive_data_for_one_purpose_beside_clinical_data_for_another_stay_apart():
    base = root()["provision"]
    two = [base | {"class": [group("clinical")]}, base | {"purpose": [purpose("COC")]}]
    taken = read_consent(json.dumps(consent({"type": "deny", "provision": two})).encode(), NOW, kind_of)
    both = ledger(taken.grants)
    assert "hiv" in opened(both, "city_doctor", "referral")
    assert "hiv" not in opened(both, "city_doctor", "treatment")
    assert "labs" in opened(both, "city_doctor", "treatment")


@pytest.mark.clause("APP-036")
def test_sensitive_data_without_clinical_data_are_refused():
    """The policy opens them only beside clinical data for the same reader and purpose."""
    alone = root()["provision"] | {"class": [group("sensitive")]}
    with pytest.raises(Refused) as caught:
        read_consent(json.dumps(consent({"type": "deny", "provision": [alone]})).encode(), NOW, kind_of)
    assert caught.value.code == "fhir.not_expressible"
    assert not opened(ledger([Grant("city3", ("sensitive",), ("treatment",), NOW + DAY)]), "city_doctor", "treatment")
