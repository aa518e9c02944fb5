"""From a hospital's paper through a ledger and back: what was signed is granted, and what is granted reads the same."""

import json
from datetime import UTC, datetime

import pytest
from attrs import evolve

from refimpl.application.fhir.consent import read_consent, write_consent
from refimpl.application.fhir.on_ledger import Order, consent_of, referral_of
from refimpl.application.fhir.referral_state import read_referral_state, write_referral
from refimpl.application.fhir.terms import ICD_10, Coding
from refimpl.application.records import IndexEntry, record_id
from refimpl.data.ids import MemberId
from tests.book import Book
from tests.fhir_validity import valid
from tests.properties.fhir_consents import actor, consent, label, purpose

DAY = 86_400


def moment(at):
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def book():
    made = Book("visit", "referral", "stepdown", "access")
    made.act(("county2", "patient1"), "Visit", "open", holder="county2", patient="patient1", number="V-1")
    return made


@pytest.mark.system("D4")
def test_D4_a_signed_consent_lets_exactly_its_reader_read_until_it_is_withdrawn(book):
    book.act("county2", "HealthRecord", "register", custodian="county2", patient="patient1", visit=0, number="R-1",
             digest="00" * 32)  # fmt: skip
    signed = consent({
        "type": "permit", "actor": [actor("Practitioner", "city-doctor")], "purpose": [purpose("TREAT")],
        "period": {"end": moment(book.now + 30 * DAY)}, "securityLabel": [label("N")],
    })  # fmt: skip
    asked = read_consent(json.dumps(signed).encode(), book.now, book.view.kind)
    [grant] = asked.grants
    at = book.now
    given = book.act(asked.patient, "Consent", "grant", patient=asked.patient, grantee=grant.grantee,
                     scope=list(grant.scope), purposes=list(grant.purposes), expiry=grant.expiry)  # fmt: skip
    assert given["status"] == "applied", given
    instance = given["events"][0]["instance"]

    assert book.ask("city-doctor", 1, "clinical", purpose="treatment")["status"] == "applied"
    assert book.ask("city-doctor", 1, "sensitive", purpose="treatment")["code"] == "access.forbidden"
    assert book.ask("city-doctor", 1, "clinical", purpose="referral")["code"] == "access.not_permitted"
    assert book.ask("city-nurse", 1, "clinical", purpose="treatment")["code"] == "access.not_permitted"

    written = write_consent(consent_of(book.view.row(instance), book.view, at))
    valid(written)
    assert read_consent(written, book.now, book.view.kind).grants == asked.grants

    book.act("patient1", "Consent", "revoke", instance)
    assert book.ask("city-doctor", 1, "clinical", purpose="treatment")["code"] == "access.not_permitted"
    withdrawn = write_consent(consent_of(book.view.row(instance), book.view, at))
    assert json.loads(withdrawn)["status"] == "inactive"


@pytest.mark.system("B9")
def test_B9_every_state_of_a_referral_under_way_is_written_and_read_as_it_stands(book):
    letter = IndexEntry(record_id("letter-1"), "DocumentReference", MemberId("county2"), bytes(32))
    answer = IndexEntry(record_id("answer-1"), "DocumentReference", MemberId("city3"), bytes(range(32)))
    order = Order("REF-1", "urgent", Coding(ICD_10, "I21.9"), book.now, (letter,))
    slot = book.act("city3", "Slot", "offer", hospital="city3", number="S-1", starts=book.now + 3 * DAY)
    begun = book.act(("county2", "patient1"), "Referral", "request", origin="county2", receiver="city3",
                     patient="patient1", regulator="hill-hc", upper="city-hc", visit=0, evidence="00" * 32,
                     fee=90_000)  # fmt: skip
    referral = begun["events"][0]["instance"]
    seen = []

    def look(returned=(), why=None):
        view = book.view
        made = referral_of(view.row(referral), view, evolve(order, returned=returned, why=why))
        written = write_referral(made)
        valid(written)
        assert read_referral_state(written) == made
        entries = [entry["resource"] for entry in json.loads(written)["entry"]]
        tasks = [one for one in entries if one["resourceType"] == "Task"]
        seen.append((made.state, tasks[0]["status"], tasks[1]["status"], made.commission))

    look()
    book.wait(49 * 3600)
    look(why="late_approval")
    book.act("city-hc", "Referral", "approve", referral)
    look()
    book.act("patient1", "Referral", "book", referral, choice=slot["events"][0]["instance"])
    look()
    book.act("city3", "Referral", "admit", referral)
    look()
    book.act("city3", "Referral", "report", referral, digest="11" * 32)
    look(returned=(answer,))
    book.act(("county2", "city3"), "Referral", "settle", referral)
    look(returned=(answer,))
    assert seen == [
        ("requested", "draft", "requested", "hill-hc"),
        ("escalated", "draft", "requested", "city-hc"),
        ("approved", "requested", "completed", "hill-hc"),
        ("booked", "accepted", "completed", "hill-hc"),
        ("treating", "in-progress", "completed", "hill-hc"),
        ("reported", "completed", "completed", "hill-hc"),
        ("settled", "completed", "completed", "hill-hc"),
    ]
