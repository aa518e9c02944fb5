"""Each rule of the profile at its limit and one past it, and the spellings that other readers let pass."""

import pytest

from refimpl.data import ids, shape
from refimpl.data.encoding import decode, encode
from refimpl.data.refusal import Code, Refused, kind_of

MOST = 10_000_000


def code_of(act, *arguments) -> Code:
    with pytest.raises(Refused) as caught:
        act(*arguments)
    return caught.value.code


def nested(depth: int) -> list:
    value: list = []
    for _ in range(depth - 1):
        value = [value]
    return value


@pytest.mark.clause("DAT-003")
@pytest.mark.parametrize("sign", [1, -1])
def test_integers_end_at_2_to_the_53_minus_1(sign):
    edge = sign * (2**53 - 1)
    assert decode(encode(edge), MOST) == edge
    assert code_of(encode, edge + sign) is Code.WIRE_NOT_CANONICAL
    assert code_of(decode, str(edge + sign).encode(), MOST) is Code.WIRE_NOT_CANONICAL
    assert code_of(encode, [edge + sign]) is Code.WIRE_NOT_CANONICAL
    assert code_of(encode, {"a": edge + sign}) is Code.WIRE_NOT_CANONICAL


@pytest.mark.clause("DAT-007")
def test_nesting_ends_at_its_limit():
    assert decode(encode(nested(128)), MOST) == nested(128)
    assert code_of(encode, nested(129)) is Code.WIRE_NOT_CANONICAL
    for depth in (129, 1_000, 100_000):
        assert code_of(decode, b"[" * depth + b"]" * depth, MOST) is Code.WIRE_NOT_CANONICAL
        assert code_of(decode, b'{"a":' * depth + b"1" + b"}" * depth, MOST) is Code.WIRE_NOT_CANONICAL
    assert encode(nested(3), 3) == b"[[[]]]"
    assert code_of(encode, nested(4), 3) is Code.WIRE_NOT_CANONICAL
    assert encode("", 0) == b'""'
    assert code_of(encode, {}, 0) is Code.WIRE_NOT_CANONICAL


@pytest.mark.clause("DAT-009")
def test_size_ends_at_its_limit_and_is_judged_before_anything_else():
    assert decode(b'"abc"', 5) == "abc"
    assert code_of(decode, b'"abcd"', 5) is Code.WIRE_TOO_LARGE
    assert code_of(decode, b"\xff" * 6, 5) is Code.WIRE_TOO_LARGE


@pytest.mark.clause("DAT-001", "DAT-002", "DAT-003", "DAT-004", "DAT-005", "DAT-006", "DAT-008")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" 1",
        b"1\n",
        b"\xef\xbb\xbf1",
        b"1 1",
        b"[1, 2]",
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        '{"é":1}'.encode(),
        b'{"\\u0061":1}',
        b"1.0",
        b"1.5",
        b"1e2",
        b"1E2",
        b"-0",
        b"-0.0",
        b"01",
        b"+1",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e400",
        b"9" * 5000,
        b'"\\/"',
        b'"\\u0041"',
        b'"\\u000A"',
        b'"\\u000a"',
        b'"\\u007f"',
        b'"\x01"',
        b'"\\ud800"',
        b'"\\ud83d\\ude00"',
        b'"\xed\xa0\x80"',
        b'"\xff"',
        b'"',
        b"'a'",
        b"[1,]",
        b"nul",
        b"True",
        b"// a\n1",
        b'{"a":1}}',
    ],
)
def test_another_spelling_is_refused(data):
    assert code_of(decode, data, MOST) is Code.WIRE_NOT_CANONICAL


@pytest.mark.clause("DAT-006")
def test_texts_are_taken_as_they_come():
    composed, decomposed = "\u00e9", "e\u0301"
    assert encode(composed) != encode(decomposed)
    assert decode(encode(decomposed), MOST) == decomposed
    assert encode("\x7f\u2028\U0001f600/") == '"\x7f\u2028\U0001f600/"'.encode()
    assert code_of(encode, ["\udc00"]) is Code.WIRE_NOT_CANONICAL


@pytest.mark.clause("DAT-004", "DAT-005")
@pytest.mark.parametrize(
    "value", [1.0, float("nan"), b"a", {1: 1}, {"é": 1}, {b"a": 1}, {1, 2}, object(), ids.Suite.INTL]
)
def test_what_is_not_of_the_profile_is_not_written(value):
    for placed in (value, [value], {"a": value}, [[value]]):
        assert code_of(encode, placed) is Code.WIRE_NOT_CANONICAL


@pytest.mark.clause("DAT-010")
def test_a_member_is_named_in_64_plain_characters():
    for good in ("a", "0", "m0", "hospital-1.city", "a" * 64):
        assert ids.member_id(good) == good
    for bad in ("", "a" * 65, "A", "-a", ".a", "a_b", "a/b", "a b", "a\n", "é", "医", None, 1, ["a"]):
        assert code_of(ids.member_id, bad) is Code.WIRE_BAD_FIELD


@pytest.mark.clause("DAT-011")
def test_a_channel_is_named_in_128_plain_characters():
    for good in ("a", "region-1", "x/y_z.1", "a" * 128):
        assert ids.channel_id(good) == good
    for bad in ("", "a" * 129, "A", "/a", "_a", "a b", "a\n", None, 1):
        assert code_of(ids.channel_id, bad) is Code.WIRE_BAD_FIELD


@pytest.mark.clause("DAT-012")
def test_bytes_are_lowercase_hex_of_their_exact_length():
    assert ids.digest_of_hex("0a" * 32) == b"\x0a" * 32
    assert len(ids.signature_of_hex("00" * 64)) == 64
    assert len(ids.signature_of_hex("00" * 32)) == 32
    for read in (ids.digest_of_hex, ids.public_key_of_hex, ids.signature_of_hex):
        for bad in ("0A" * 32, "00" * 31, "00" * 33, "0" * 63, "zz" * 32, " " + "0" * 63, "", None, 0, b"00" * 32):
            assert code_of(read, bad) is Code.WIRE_BAD_FIELD


@pytest.mark.clause("DAT-013")
def test_a_record_has_its_fields_and_no_other():
    assert shape.record({"a": 1}, "", ("a",), ("b",)) == {"a": 1}
    assert shape.record({"a": 1, "b": 2}, "", ("a",), ("b",)) == {"a": 1, "b": 2}
    for bad in ({}, {"b": 1}, {"a": 1, "c": 1}, {"a": 1, "b": 1, "c": 1}, [], None, "a", 1):
        assert code_of(shape.record, bad, "", ("a",), ("b",)) is Code.WIRE_BAD_FIELD


@pytest.mark.clause("DAT-013")
def test_each_reader_refuses_another_type_and_what_is_one_past_its_range():
    assert shape.integer(5, "", 5, 5) == 5
    assert shape.text("é", "", 2) == "é"
    assert shape.items([1], "", 1, least=1) == [1]
    assert shape.boolean(True, "") is True
    assert shape.one_of("a", "", ("a",)) == "a"
    assert shape.bytes_of_hex("ff", "", most=1) == b"\xff"
    for act, arguments in (
        (shape.integer, (4, "", 5, 5)),
        (shape.integer, (6, "", 5, 5)),
        (shape.integer, (True, "", 0, 5)),
        (shape.integer, ("5", "", 0, 5)),
        (shape.integer, (5.0, "", 0, 5)),
        (shape.text, ("é", "", 1)),
        (shape.text, ("\ud800", "", 2)),
        (shape.text, (1, "", 2)),
        (shape.items, ([], "", 1, 1)),
        (shape.items, ([1, 2], "", 1, 1)),
        (shape.items, ({}, "", 1)),
        (shape.boolean, (1, "")),
        (shape.one_of, ("b", "", ("a",))),
        (shape.one_of, ([], "", ("a",))),
        (shape.bytes_of_hex, ("ffff", "", (), 1)),
    ):
        assert code_of(act, *arguments) is Code.WIRE_BAD_FIELD


def test_a_refusal_tells_the_kind_of_a_value_and_never_its_content():
    secret = "患者张三"
    with pytest.raises(Refused) as caught:
        ids.member_id(secret, "/body/signers/0")
    assert secret not in str(caught.value)
    assert caught.value.at == "/body/signers/0"
    assert caught.value.values["got"] == "text of length 4"
    told = [kind_of(value) for value in (None, True, 1, 2**60, "ab", b"abc", [1], (1, 2), {"a": 1}, 1.5)]
    assert told == [
        "null",
        "boolean",
        "integer 1",
        "integer beyond 2^53",
        "text of length 2",
        "bytes of length 3",
        "list of 1",
        "list of 2",
        "object of 1",
        "float",
    ]


def test_a_refusal_can_be_placed_under_a_pointer():
    inner = Refused(Code.TX_KNOWN, "/body", a=1)
    outer = inner.under("/transactions/3")
    assert (outer.code, outer.at, dict(outer.values)) == (Code.TX_KNOWN, "/transactions/3/body", {"a": 1})
    assert str(outer) == "tx.known at /transactions/3/body: a=1"
