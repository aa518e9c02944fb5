"""One person has one name in a channel, another in the next, and nobody finds the person from either."""

import hashlib
import hmac
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.application.identity import IndexKey, Link, person, pseudonym, same_person, temporary
from refimpl.data.ids import ChannelId, member_id
from refimpl.data.refusal import Refused

KEY = IndexKey(bytes(range(32)))
CARD = "2.16.156.10011.1.3"
CITY, SOUTH = ChannelId("river-city"), ChannelId("south")
NAMES = [member_id(f"p-{letter * 32}") for letter in "abcdef"]


@pytest.mark.clause("APP-014")
def test_a_pseudonym_is_the_keyed_digest_that_the_text_says():
    channel = hmac.digest(bytes(range(32)), b"yilian/index-key/v1\0river-city", hashlib.sha256)
    said = b'{"number":"11010519491231002X","system":"2.16.156.10011.1.3"}'
    expected = hmac.digest(channel, b"yilian/pseudonym/v1\0" + said, hashlib.sha256).hex()[:32]
    assert pseudonym(KEY, CITY, person(CARD, "110105-19491231 002x")) == f"p-{expected}"


@pytest.mark.clause("APP-014")
@given(st.text("0123456789X", min_size=1, max_size=18), st.text("0123456789X", min_size=1, max_size=18))
def test_names_differ_by_person_by_channel_and_by_key(one, other):
    first, second = person(CARD, one), person(CARD, other)
    assert (pseudonym(KEY, CITY, first) == pseudonym(KEY, CITY, second)) == (one == other)
    assert pseudonym(KEY, CITY, first) != pseudonym(KEY, SOUTH, first)
    assert pseudonym(KEY, CITY, first) != pseudonym(IndexKey(bytes(32)), CITY, first)
    assert member_id(pseudonym(KEY, CITY, first)).startswith("p-")


@pytest.mark.clause("APP-014")
@pytest.mark.parametrize(("system", "number"), [
    (CARD, ""), (CARD, "1" * 65), (CARD, "12;34"), (CARD, None), (CARD, "王"), ("", "1"), (7, "1"), ("a b", "1"),
])  # fmt: skip
def test_what_is_no_official_number_is_refused_and_not_repeated(system, number):
    with pytest.raises(Refused) as caught:
        person(system, number)
    assert caught.value.code == "wire.bad_field"
    assert "12;34" not in str(caught.value)


@pytest.mark.clause("APP-014")
def test_somebody_unknown_has_a_name_until_linked():
    assert temporary(bytes(16)) == "t-" + "0" * 32
    with pytest.raises(ValueError, match="16 random bytes"):
        temporary(bytes(15))


def test_neither_the_key_nor_the_number_shows():
    assert "11010519491231002X" not in repr(person(CARD, "11010519491231002X"))
    assert repr(KEY) == "<IndexKey>"
    with pytest.raises(TypeError):
        pickle.dumps(KEY)
    with pytest.raises(ValueError, match="32 bytes"):
        IndexKey(b"short")


links = st.lists(st.builds(Link, st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=8)


@pytest.mark.clause("APP-015")
@given(links, st.sampled_from(NAMES))
def test_whatever_links_reach_is_one_person_whoever_is_asked_for(standing, name):
    reached = same_person(standing, name)
    assert name in reached
    assert list(reached) == sorted(set(reached))
    assert all(same_person(standing, other) == reached for other in reached)
    assert all((link.kept in reached) == (link.other in reached) for link in standing)


@pytest.mark.clause("APP-015")
@given(links, st.sampled_from(NAMES))
def test_no_link_reaches_nobody_else(standing, name):
    own = [link for link in standing if name not in (link.kept, link.other)]
    assert same_person(own, name) == (name,)
