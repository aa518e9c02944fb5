"""The commission sees its area and no other, and whatever it says is proved by certificates or refused."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.application.audit import (
    Claim,
    Report,
    prove_receipt,
    prove_state,
    prove_transaction,
    report,
    supervise,
    verify_claim,
    verify_report,
)
from refimpl.crypto.recipes import key_for_tests, verifier
from refimpl.data.encoding import decode_known, encode
from refimpl.data.ids import MemberId, Name, Suite
from refimpl.data.refusal import Refused
from refimpl.node.archive import Archive
from refimpl.scenarios.referral import ORIGIN, PATIENT
from tests.unit.application.desk import Desk

COMMITS = (Name("tendermint"), Name("precommit"))
VERIFY = verifier(Suite.INTL)
AUDITOR = MemberId("hill-hc")


@pytest.fixture(scope="module")
def chain(played):
    """The referral's chain, with the certificates of four validators."""
    return Archive(played.stage.disk(0))


@pytest.fixture(scope="module")
def members(chain):
    return chain.genesis.members


def refused(code, call, *arguments):
    with pytest.raises(Refused) as caught:
        call(*arguments)
    assert caught.value.code == code


@pytest.mark.clause("APP-022")
def test_presence_and_absence_are_proved_by_a_header_and_its_votes(chain, members):
    present, absent = b"instance/%010d" % 0, b"instance/%010d" % 99
    claims = [
        prove_transaction(chain, 3, 0), prove_receipt(chain, 3, 0), prove_state(chain, chain.height - 1, present),
        prove_state(chain, chain.height - 1, absent),
    ]  # fmt: skip
    assert [claim.form for claim in claims] == ["transaction", "receipt", "present", "absent"]
    for claim in claims:
        verify_claim(claim, members, COMMITS, VERIFY)
        again = Claim.from_value(decode_known(encode(claim.to_value())))
        assert again == claim
        verify_claim(again, members, COMMITS, VERIFY)


@pytest.mark.clause("APP-022")
def test_what_the_next_header_does_not_say_yet_cannot_be_proved(chain):
    refused("query.not_found", prove_state, chain, chain.height, b"clock")
    refused("query.not_found", prove_receipt, chain, chain.height, 0)
    refused("query.not_found", prove_transaction, chain, chain.height + 1, 0)
    refused("query.not_found", prove_transaction, chain, 0, 0)
    refused("query.not_found", prove_transaction, chain, 3, 9)


@pytest.mark.clause("APP-022")
def test_a_claim_that_says_something_else_is_refused(chain, members):
    said = prove_state(chain, chain.height - 1, b"instance/%010d" % 0)
    nothing = prove_state(chain, chain.height - 1, b"instance/%010d" % 99)
    listed = prove_transaction(chain, 3, 0)
    wrong = [
        attrs.evolve(said, data=said.data + b" "), attrs.evolve(said, form="absent"),
        attrs.evolve(nothing, form="present"), attrs.evolve(nothing, key=said.key), attrs.evolve(said, way=None),
        attrs.evolve(listed, data=prove_transaction(chain, 4, 0).data), attrs.evolve(listed, form="receipt"),
        attrs.evolve(said, way=nothing.way),
    ]  # fmt: skip
    for claim in wrong:
        refused("wire.bad_proof", verify_claim, claim, members, COMMITS, VERIFY)
    refused("consensus.missing_certificate", verify_claim, attrs.evolve(said, certificate=None), members, COMMITS,
            VERIFY)  # fmt: skip
    other = attrs.evolve(said, header=attrs.evolve(said.header, state_root=bytes(32)))
    refused("consensus.wrong_block", verify_claim, other, members, COMMITS, VERIFY)
    fewer = type(members)(members.members[1:])
    refused("block.wrong_membership", verify_claim, said, fewer, COMMITS, VERIFY)
    assert said.certificate is not None
    alone = attrs.evolve(said, certificate=attrs.evolve(said.certificate, votes=said.certificate.votes[:2]))
    refused("consensus.no_quorum", verify_claim, alone, members, COMMITS, VERIFY)


@pytest.mark.clause("APP-022", "APP-023")
@given(st.data())
def test_no_bytes_stop_the_reader_of_claims_and_reports(data):
    spoilt = data.draw(st.recursive(st.none() | st.integers(-5, 5) | st.text("ab", max_size=4),
                                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                                        st.sampled_from(["body", "signature", "form", "header", "key"]), inner,
                                        max_size=3)))  # fmt: skip
    with pytest.raises(Refused):
        Claim.from_value(spoilt)
    with pytest.raises(Refused):
        Report.from_bytes(encode(spoilt))
    with pytest.raises(Refused):
        Report.from_bytes(data.draw(st.binary(max_size=40)))


@pytest.mark.clause("APP-023")
def test_a_report_stands_by_its_signature_and_its_claims(chain):
    claims = (prove_transaction(chain, 3, 0), prove_state(chain, chain.height - 1, b"clock"))
    made = report(chain, "hill", AUDITOR, key_for_tests(Suite.INTL, AUDITOR), claims)
    again = Report.from_bytes(made.to_bytes())
    assert again == made
    body = verify_report(again, chain.members, COMMITS, VERIFY)
    assert body["head"] == chain.header(chain.height).id.hex()
    assert {one["contract"] for one in body["findings"]} == {"", "Visit", "Referral", "StepDown", "Slot"}
    head = b'"auditor":"hill-hc","channel":"'
    altered = Report.from_bytes(made.to_bytes().replace(head + b"river", head + b"lover"))
    refused("tx.bad_signature", verify_report, altered, chain.members, COMMITS, VERIFY)
    stranger = attrs.evolve(made, auditor=MemberId("nobody"))
    refused("tx.unknown_signer", verify_report, stranger, chain.members, COMMITS, VERIFY)
    forged = attrs.evolve(claims[1], data=b"7")
    lie = report(chain, "hill", AUDITOR, key_for_tests(Suite.INTL, AUDITOR), (forged,))
    refused("wire.bad_proof", verify_report, lie, chain.members, COMMITS, VERIFY)
    refused("member.not_authorized", report, chain, "hill", AUDITOR, key_for_tests(Suite.INTL, "city-hc"))


@pytest.mark.clause("APP-021")
def test_a_commission_sees_what_touches_its_area_and_nothing_else(played, chain):
    hill = list(supervise(chain, "hill"))
    assert hill
    assert all({ORIGIN, PATIENT, "centre1"} & {*one.parties, *one.signers} or AUDITOR in one.parties for one in hill)
    assert {one.body["custodian"] for one in hill if one.kind == "recorded"} == {ORIGIN, "centre1"}
    assert not list(supervise(chain, "nowhere"))
    everything = list(supervise(chain, "north"))
    assert len(everything) >= len(hill)
    assert {one.kind for one in hill} >= {"started", "acted", "violation", "paid"}


@pytest.mark.clause("APP-021")
def test_a_clinician_is_of_the_area_of_the_hospital():
    desk = Desk()
    entry = desk.register(desk.seal("r-1"))
    desk.book.ask("city-doctor", entry, "hiv", purpose="emergency")
    seen_by = [one.body["reader"] for one in supervise(desk.book.chain, "river-city") if one.kind == "read"]
    assert seen_by == ["city-doctor"]  # who reads is supervised where they work, also in another area's record
    glass = [one for one in supervise(desk.book.chain, "river-city") if one.contract == "GlassAudit"]
    assert [one.kind for one in glass] == ["started"]
    assert any(one.kind == "read" and one.body["reader"] == "city-doctor" for one in supervise(desk.book.chain, "hill"))
