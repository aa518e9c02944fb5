"""Laws of the canonical encoding, with an independent implementation of RFC 8785 as the judge."""

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from refimpl.data.encoding import decode, encode
from refimpl.data.refusal import Code, Refused

MOST = 1_000_000
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
KEYS = st.text(st.characters(max_codepoint=127), max_size=8)
LEAVES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5))
WIDER = st.recursive(
    LEAVES | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)


@pytest.mark.clause("DAT-001", "DAT-002", "DAT-003", "DAT-006")
@given(VALUES)
def test_the_encoding_is_that_of_rfc_8785(value):
    assert encode(value) == rfc8785.dumps(value)


@pytest.mark.clause("DAT-008")
@given(VALUES)
def test_what_is_written_is_read_again(value):
    assert decode(encode(value), MOST) == value


@pytest.mark.clause("DAT-008")
@given(VALUES, st.sampled_from([{"indent": 1}, {"separators": (", ", ": ")}, {"ensure_ascii": True}, {}]))
def test_of_the_spellings_of_a_value_one_is_read(value, manner):
    spelled = json.dumps(value, **{"ensure_ascii": False, "separators": (",", ":"), **manner}).encode()
    if spelled == encode(value):
        assert decode(spelled, MOST) == value
    else:
        with pytest.raises(Refused) as caught:
            decode(spelled, MOST)
        assert caught.value.code is Code.WIRE_NOT_CANONICAL


@pytest.mark.clause("DAT-003", "DAT-004", "DAT-005", "DAT-006")
@given(WIDER)
def test_a_value_outside_the_profile_is_refused_and_one_inside_is_written(value):
    try:
        written = encode(value)
    except Refused as refused:
        assert refused.code is Code.WIRE_NOT_CANONICAL
        return
    assert written == rfc8785.dumps(value)
    assert decode(written, MOST) == value


@pytest.mark.clause("DAT-008")
@given(
    st.binary(max_size=60) | VALUES.map(encode).flatmap(lambda good: st.binary(max_size=3).map(lambda end: good + end))
)
def test_arbitrary_bytes_are_read_or_refused(data):
    try:
        assert encode(decode(data, MOST)) == data
    except Refused as refused:
        assert refused.code is Code.WIRE_NOT_CANONICAL
