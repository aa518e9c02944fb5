"""Records enter the index once, by their custodian; every access is kept, by its reader, in order."""

import pytest

from refimpl.application.index import accesses, committed, write_record
from refimpl.contract.draft import Draft
from refimpl.data.ids import member_id
from refimpl.data.refusal import Refused
from refimpl.data.state_map import EMPTY

COUNTY, CITY = member_id("county2"), member_id("city3")
ENTRY = {"commitment": "ab" * 32, "custodian": "county2", "kind": "DiagnosticReport", "record": "v-1/report-1"}
ACCESS = {"custodian": "county2", "purpose": "referral", "reader": "city3", "record": "v-1/report-1"}


@pytest.fixture
def draft():
    draft = Draft(EMPTY)
    write_record(draft, {"entry": ENTRY}, (COUNTY,), 100)
    return draft


def refused(draft, payload, signers):
    """The code and place of a refusal, which must have changed nothing."""
    before = dict(draft.writes)
    with pytest.raises(Refused) as caught:
        write_record(draft, payload, signers, 200)
    assert draft.writes == before
    return caught.value.code.value, caught.value.at


@pytest.mark.clause("APP-007")
def test_an_entry_signed_by_its_custodian_stands_for_ever(draft):
    assert committed(draft, "county2", "v-1/report-1").hex() == ENTRY["commitment"]
    assert refused(draft, {"entry": ENTRY}, (COUNTY,)) == ("tx.known", "/payload/entry/record")
    other = ENTRY | {"commitment": "cd" * 32}
    assert refused(draft, {"entry": other}, (COUNTY,)) == ("tx.known", "/payload/entry/record")


@pytest.mark.clause("APP-007")
def test_nobody_enters_a_record_in_anothers_name(draft):
    assert refused(draft, {"entry": ENTRY | {"record": "v-1/other"}}, (CITY,)) == ("member.not_authorized", "/signers")


@pytest.mark.clause("APP-007")
def test_two_custodians_may_use_one_name_without_meeting(draft):
    write_record(draft, {"entry": ENTRY | {"custodian": "city3", "commitment": "cd" * 32}}, (CITY,), 100)
    assert committed(draft, "county2", "v-1/report-1").hex() == "ab" * 32
    assert committed(draft, "city3", "v-1/report-1").hex() == "cd" * 32


@pytest.mark.clause("APP-008")
def test_every_access_is_kept_in_order_and_by_whom(draft):
    for time in (200, 300):
        event = write_record(draft, {"access": ACCESS}, (CITY,), time)
        assert event == {"kind": "accessed", "purpose": "referral", "reader": "city3", "record": "v-1/report-1"}
    assert accesses(draft) == [ACCESS | {"at": 200}, ACCESS | {"at": 300}]


@pytest.mark.clause("APP-008")
def test_an_access_needs_the_readers_signature_and_an_entry(draft):
    assert refused(draft, {"access": ACCESS}, (COUNTY,)) == ("member.not_authorized", "/signers")
    assert refused(draft, {"access": ACCESS | {"record": "v-1/none"}}, (CITY,)) == (
        "query.not_found",
        "/payload/access/record",
    )
    assert accesses(draft) == []


@pytest.mark.clause("APP-007", "APP-008")
@pytest.mark.parametrize(
    "payload",
    [
        None,
        {},
        {"entry": ENTRY, "access": ACCESS},
        {"entry": ENTRY | {"note": "infarction"}},
        {"entry": {}},
        {"entry": ENTRY | {"commitment": "ab"}},
        {"entry": ENTRY | {"record": "V 1"}},
        {"entry": ENTRY | {"kind": "x" * 65}},
        {"access": ACCESS | {"reader": 7}},
        {"access": ACCESS | {"purpose": None}},
    ],
)
def test_a_payload_of_another_shape_is_refused_and_quotes_nothing(draft, payload):
    code, at = refused(draft, payload, (COUNTY, CITY))
    assert (code, at.startswith("/payload")) == ("wire.bad_field", True)
