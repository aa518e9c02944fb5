"""A membership has one canonical form, distinct names and keys, and weights on validators only."""

import pytest
from attrs import evolve

from refimpl.data.ids import MemberId, PublicKey, Suite
from refimpl.data.members import Membership, Role
from refimpl.data.refusal import Code
from tests.unit.data.founders import MEMBERS, SUITE, code_of, member, refusal


@pytest.mark.clause("DAT-050", "DAT-054")
def test_the_digest_is_of_the_members_and_not_of_the_order_in_which_they_were_named():
    assert Membership.of(list(MEMBERS)[::-1], SUITE) == MEMBERS
    assert Membership.of(list(MEMBERS)[::-1], SUITE).digest == MEMBERS.digest
    heavier = [evolve(one, weight=2) if one.weight else one for one in MEMBERS]
    assert Membership.of(heavier, SUITE).digest != MEMBERS.digest


@pytest.mark.clause("DAT-050")
def test_a_membership_is_written_and_read():
    assert Membership.from_value(MEMBERS.to_value()) == MEMBERS
    written = MEMBERS.to_value()
    for bad in (
        None,
        [],
        {},
        written[::-1],
        [{**written[0], "more": 1}],
        [{**written[0], "role": "king"}],
        [{**written[0], "weight": -1}],
        [{**written[0], "weight": 2**53}],
        [{**written[0], "weight": True}],
        [{**written[0], "pub": "00"}],
        [{**written[0], "member": "M0"}],
        [{**written[0], "member": f"a{number:03d}"} for number in range(129)],
    ):
        assert code_of(Membership.from_value, bad) is Code.WIRE_BAD_FIELD
    full = [{**written[0], "member": f"a{number:03d}"} for number in range(128)]
    assert len(Membership.from_value(full)) == 128


@pytest.mark.clause("DAT-051")
def test_nobody_is_named_twice_and_no_key_serves_two():
    twice = Membership((member("a"), member("a"), member("b")))
    assert code_of(twice.check, SUITE) is Code.MEMBER_DUPLICATE
    assert Membership.from_value(twice.to_value()) == twice, "reading leaves the judgement to the check"
    shared = Membership((member("a"), evolve(member("b"), public=member("a").public)))
    assert code_of(shared.check, SUITE) is Code.MEMBER_DUPLICATE_KEY


@pytest.mark.clause("DAT-052", "DAT-053")
def test_validators_weigh_something_and_others_nothing():
    for role, weight in ((Role.VALIDATOR, 0), (Role.MEMBER, 1), (Role.AUDITOR, 1)):
        assert code_of(Membership((member("a"), member("b", weight, role))).check, SUITE) is Code.MEMBER_BAD_WEIGHT
    for others in ((), (member("b", 0, Role.MEMBER),)):
        assert code_of(Membership(others).check, SUITE) is Code.MEMBER_NO_VALIDATOR
    Membership((member("a", 2**53 - 1),)).check(SUITE)


@pytest.mark.clause("DAT-014", "DAT-025")
def test_of_several_defects_the_first_in_the_list_is_named():
    weak = evolve(member("z", 0), public=PublicKey(bytes(32)))
    every = Membership((member("a"), member("a"), member("b", 1, Role.MEMBER), weak))
    refused = refusal(every.check, SUITE, "/members")
    assert (refused.code, refused.at) == (Code.MEMBER_WEAK_KEY, "/members/3/pub")
    without_weak = Membership(every.members[:3])
    assert code_of(without_weak.check, SUITE) is Code.MEMBER_DUPLICATE
    without_double = Membership(every.members[1:3])
    assert code_of(without_double.check, SUITE) is Code.MEMBER_BAD_WEIGHT


def test_the_total_weight_of_the_largest_membership_fits_a_signed_64_bit_integer_three_times():
    heaviest = Membership(tuple(member(f"a{number}", 2**53 - 1) for number in range(128)))
    assert 3 * heaviest.total_weight < 2**63
    assert heaviest.total_weight == 128 * (2**53 - 1)


def test_members_are_found_by_name():
    assert MEMBERS.get(MemberId("m1")) == member("m1")
    assert MEMBERS.get(MemberId("m9")) is None
    assert [one.member for one in MEMBERS.validators()] == ["m0", "m1", "m2", "m3"]
    assert MEMBERS.total_weight == 4
    assert Membership.of([member("a")], Suite.STUB).total_weight == 1
