"""A certificate convinces a stranger, or it is refused with the code of what is wrong with it."""

import pytest
from attrs import evolve

from refimpl.crypto.recipes import REHEARSAL, BadSignature, Signature, digest, verifier
from refimpl.data.certificate import (
    Certificate,
    Vote,
    has_quorum,
    require_certificate,
    verify_certificate,
    vote_digest,
)
from refimpl.data.encoding import encode
from refimpl.data.ids import ChannelId, Digest, Height, MemberId, Name, Round, Suite
from refimpl.data.members import Membership, Role
from refimpl.data.refusal import Code
from tests.unit.data.founders import MEMBERS, VERIFY, certificate, code_of, decision, member, refusal

BLOCK = Digest(b"\x07" * 32)
ABOUT = decision(BLOCK)
GOOD = certificate(ABOUT, ("m0", "m1", "m2"), 2)


def check(candidate: Certificate, members: Membership = MEMBERS) -> None:
    verify_certificate(candidate, ABOUT, members, VERIFY)


@pytest.mark.clause("DAT-100")
def test_a_certificate_is_written_read_and_accepted():
    check(GOOD)
    check(certificate(ABOUT, ("m0", "m1", "m2", "m3")))
    assert Certificate.from_bytes(GOOD.to_bytes()) == GOOD


@pytest.mark.clause("DAT-101")
def test_a_vote_signs_its_envelope_under_the_tag_of_profile_and_kind():
    envelope = (
        b'{"body":{"value":"%s"},"channel":"region-1","from":"m0","height":1,"kind":"precommit","round":2,'
        b'"suite":"intl"}' % BLOCK.hex().encode()
    )
    assert vote_digest(ABOUT, Round(2), MemberId("m0")) == digest("yilian/tendermint/precommit/v1", envelope)


@pytest.mark.clause("DAT-100")
def test_a_certificate_has_its_fields_and_one_order_of_members():
    value = GOOD.to_value()
    first, second, third = value["signatures"]
    for bad in (
        None,
        {},
        {**value, "more": 1},
        *({name: part for name, part in value.items() if name != gone} for gone in value),
        {**value, "signatures": [second, first, third]},
        {**value, "signatures": [first, first, third]},
        {**value, "signatures": [{**first, "more": 1}]},
        {**value, "signatures": [{"member": "m0"}]},
        {**value, "signatures": [{**first, "member": f"a{number:03d}"} for number in range(129)]},
        {**value, "round": -1},
        {**value, "kind": "PRECOMMIT"},
    ):
        assert code_of(Certificate.from_bytes, encode(bad)) is Code.WIRE_BAD_FIELD
    votes = (GOOD.votes[0], GOOD.votes[0], GOOD.votes[1])
    assert code_of(check, evolve(GOOD, votes=votes)) is Code.WIRE_BAD_FIELD, "also one that was never read from bytes"


@pytest.mark.clause("DAT-102")
def test_a_certificate_about_something_else_is_refused_by_what_differs():
    for fields, code in (
        ({"channel": ChannelId("region-2")}, Code.CONSENSUS_WRONG_CHANNEL),
        ({"suite": Suite.STUB}, Code.CONSENSUS_WRONG_SUITE),
        ({"height": Height(2)}, Code.CONSENSUS_WRONG_HEIGHT),
        ({"block": Digest(bytes(32))}, Code.CONSENSUS_WRONG_BLOCK),
        ({"profile": Name("pbft")}, Code.CONSENSUS_WRONG_KIND),
        ({"kind": Name("prevote")}, Code.CONSENSUS_WRONG_KIND),
    ):
        assert code_of(check, evolve(GOOD, **fields)) is code
        elsewhere = certificate(evolve(ABOUT, **fields), ("m0", "m1", "m2"))
        assert code_of(check, elsewhere) is code
        relabelled = evolve(elsewhere, **{name: getattr(GOOD, name) for name in fields})
        assert code_of(check, relabelled) is Code.CONSENSUS_BAD_SIGNATURE, "the field is under the signature"


@pytest.mark.clause("DAT-103")
def test_only_validators_in_force_certify():
    for stranger in ("clinic", "commission", "zed"):
        refused = refusal(check, certificate(ABOUT, sorted(["m0", "m1", "m2", stranger])))
        assert refused.code is Code.CONSENSUS_UNKNOWN_SIGNER
    left = Membership(tuple(one for one in MEMBERS if one.member != "m1"))
    assert code_of(check, GOOD, left) is Code.CONSENSUS_UNKNOWN_SIGNER


@pytest.mark.clause("DAT-104")
def test_one_bad_signature_spoils_a_certificate_that_would_do_without_it():
    full = certificate(ABOUT, ("m0", "m1", "m2", "m3"))
    for number in range(4):
        votes = list(full.votes)
        votes[number] = Vote(votes[number].member, Signature(bytes(64)))
        refused = refusal(check, evolve(full, votes=tuple(votes)))
        assert (refused.code, refused.at) == (Code.CONSENSUS_BAD_SIGNATURE, f"/signatures/{number}/signature")
    moved = evolve(GOOD, round=Round(3))
    assert code_of(check, moved) is Code.CONSENSUS_BAD_SIGNATURE


@pytest.mark.clause("DAT-105")
@pytest.mark.parametrize(("count", "needed"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5), (7, 5), (10, 7)])
def test_more_than_two_thirds_of_equal_members_are_needed(count, needed):
    members = Membership.of([member(f"m{number}") for number in range(count)], Suite.INTL)
    names = [one.member for one in members]
    check(certificate(ABOUT, names[:needed]), members)
    assert code_of(check, certificate(ABOUT, names[: needed - 1]), members) is Code.CONSENSUS_NO_QUORUM
    assert needed == 2 * count // 3 + 1


@pytest.mark.clause("DAT-105")
def test_weights_near_2_to_the_53_are_counted_exactly():
    """Two thirds to the unit: floating point, or 64 bits without care, would let the smaller one pass."""
    top = 2**53 - 1
    exact = Membership.of([member("a", top), member("b", top), member("c", top)], Suite.INTL)
    assert code_of(check, certificate(ABOUT, ("a", "b")), exact) is Code.CONSENSUS_NO_QUORUM
    lighter = Membership.of([member("a", top), member("b", top), member("c", top - 1)], Suite.INTL)
    check(certificate(ABOUT, ("a", "b")), lighter)
    assert not has_quorum(2 * top, 3 * top)
    assert has_quorum(2 * top + 1, 3 * top)
    assert not has_quorum(2 * 128 * top, 3 * 128 * top)
    assert not has_quorum(0, 0)


@pytest.mark.clause("DAT-105")
def test_an_auditor_adds_no_weight():
    mixed = Membership.of([member("a"), member("b"), member("z", 0, Role.AUDITOR)], Suite.INTL)
    check(certificate(ABOUT, ("a", "b")), mixed)
    assert code_of(check, certificate(ABOUT, ("a",)), mixed) is Code.CONSENSUS_NO_QUORUM
    assert code_of(check, evolve(GOOD, votes=())) is Code.CONSENSUS_NO_QUORUM


@pytest.mark.clause("DAT-014")
def test_of_several_defects_the_first_in_the_list_is_named():
    votes = (Vote(MemberId("clinic"), Signature(bytes(64))), Vote(MemberId("m0"), Signature(bytes(64))))
    assert code_of(check, evolve(GOOD, votes=votes, height=Height(9))) is Code.CONSENSUS_WRONG_HEIGHT
    assert code_of(check, evolve(GOOD, votes=votes)) is Code.CONSENSUS_UNKNOWN_SIGNER
    assert code_of(check, evolve(GOOD, votes=votes[1:])) is Code.CONSENSUS_BAD_SIGNATURE


def test_the_verification_may_be_another_one():
    """Memoised or ideal verification is passed in; the certificate is judged by it and by nothing else."""
    asked = []

    def ideal(public, message, signature):
        asked.append(message)
        if signature != b"\x01":
            raise BadSignature

    votes = tuple(Vote(MemberId(name), Signature(b"\x01")) for name in ("m0", "m1", "m2"))
    verify_certificate(evolve(GOOD, votes=votes), ABOUT, MEMBERS, ideal)
    assert asked == [vote_digest(ABOUT, Round(2), MemberId(name)) for name in ("m0", "m1", "m2")]
    about = evolve(ABOUT, suite=Suite.STUB)
    stubs = Membership.of(
        [evolve(one, public=digest("yilian/test-key/v1", one.member.encode())) for one in MEMBERS], Suite.STUB
    )
    verify_certificate(certificate(about, ("m0", "m1", "m2")), about, stubs, verifier(Suite.STUB, REHEARSAL))


@pytest.mark.clause("DAT-106")
def test_only_solo_decides_without_a_certificate():
    require_certificate(Name("solo"), None)
    require_certificate(Name("solo"), GOOD)
    require_certificate(Name("tendermint"), GOOD)
    assert code_of(require_certificate, Name("tendermint"), None) is Code.CONSENSUS_MISSING_CERTIFICATE
