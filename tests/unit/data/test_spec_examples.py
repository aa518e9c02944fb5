"""The worked examples of `spec/data.md` are what the code computes, and the smallest of them what a reader computes."""

from hashlib import sha256

import pytest

from tests.unit.data import examples

READ = examples.read()


@pytest.mark.parametrize("name", examples.OUTPUTS)
def test_each_example_of_the_text_is_what_the_code_computes(name):
    assert READ[name]["output"] == examples.OUTPUTS[name](READ[name]["input"])


def test_every_example_of_the_text_is_recomputed():
    assert READ.keys() == examples.OUTPUTS.keys()


@pytest.mark.clause("DAT-001", "DAT-002")
def test_the_canonical_example_is_sorted_and_without_blanks():
    assert READ["canonical"]["output"] == '{"a":"转诊 \\"1\\"\\n\\u0001","aa":{},"b":[1,-7,true,null]}'


@pytest.mark.clause("DAT-042", "DAT-043", "DAT-044")
def test_the_example_of_the_state_map_can_be_computed_by_hand():
    """Keys 61, 6162 and 62: 61 and 62 part at bit 6, 61 and 6162 at bit 9 (the second byte of 61 counts as zero)."""

    def leaf(key: bytes, value: bytes) -> bytes:
        return sha256(b"\x02" + bytes([len(key)]) + key + sha256(value).digest()).digest()

    low = sha256(b"\x03\x00\x09" + leaf(b"a", b"1") + leaf(b"ab", b"2")).digest()
    assert READ["state"]["output"]["root"] == sha256(b"\x03\x00\x06" + low + leaf(b"b", b"")).hexdigest()
