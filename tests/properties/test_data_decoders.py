"""No bytes stop a decoder: each object of the ledger is read, or refused with a code of the wire; altered ones never
pass."""

import json
from collections.abc import Callable

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from refimpl.data.block import Block, Genesis, Header, check_block, make_block
from refimpl.data.certificate import Certificate
from refimpl.data.encoding import encode
from refimpl.data.ids import Digest, MemberId, Seconds
from refimpl.data.members import Membership
from refimpl.data.refusal import Refused
from refimpl.data.state_map import MapProof
from refimpl.data.transaction import Transaction, check_transaction
from tests.properties.test_data_encoding import VALUES
from tests.unit.data.founders import (
    CHANNEL,
    GENESIS,
    MEMBERS,
    SUITE,
    TIP,
    VERIFY,
    certificate,
    decision,
    key_of,
    transaction,
)

SENT = (transaction(0, ("m0", "clinic"), payload={"a": [1, "转诊"]}), transaction(1))
BLOCK = make_block(TIP, MemberId("m0"), Seconds(1005), SENT)
WRITTEN: dict[Callable, bytes] = {
    Transaction.from_bytes: SENT[0].to_bytes(),
    Block.from_bytes: BLOCK.to_bytes(),
    Header.from_bytes: BLOCK.header.to_bytes(),
    Genesis.from_bytes: GENESIS.to_bytes(),
    Certificate.from_bytes: certificate(decision(Digest(bytes(32))), ("m0", "m1", "m2")).to_bytes(),
}
READERS = st.sampled_from(sorted(WRITTEN, key=lambda reader: reader.__qualname__))


def read_or_refused(reader: Callable, data: object):
    try:
        return reader(data)
    except Refused as refused:
        assert refused.code.area == "wire"
        return None


@pytest.mark.clause("DAT-008", "DAT-013")
@given(READERS, st.binary(max_size=80))
def test_arbitrary_bytes_are_refused_by_every_decoder(reader, data):
    assert read_or_refused(reader, data) is None


@pytest.mark.clause("DAT-013")
@given(READERS, VALUES)
def test_arbitrary_values_are_refused_by_every_decoder(reader, value):
    assert read_or_refused(reader, encode(value)) is None
    for of_value in (Membership.from_value, MapProof.from_value):
        read_or_refused(of_value, value)


@pytest.mark.clause("DAT-013")
@given(READERS, st.data(), VALUES)
def test_a_lawful_object_with_one_part_replaced_is_read_or_refused(reader, data, value):
    """The replacement sits anywhere in the object: deeper than arbitrary values ever reach."""
    whole = json.loads(WRITTEN[reader])
    place = whole
    while True:
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(keys))
        if not place[key] or not isinstance(place[key], (dict, list)) or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = value
    read_or_refused(reader, encode(whole))


@given(READERS, st.data())
def test_a_flipped_bit_is_noticed_by_the_decoder_or_changes_the_object(reader, data):
    good = WRITTEN[reader]
    bit = data.draw(st.integers(0, 8 * len(good) - 1))
    flipped = bytearray(good)
    flipped[bit >> 3] ^= 1 << (bit & 7)
    found = read_or_refused(reader, bytes(flipped))
    assert found is None or found != reader(good)


@pytest.mark.clause("DAT-069", "DAT-094")
@given(st.data())
def test_a_flipped_bit_in_a_block_is_refused_by_the_checks_of_block_and_transactions(data):
    good = BLOCK.to_bytes()
    bit = data.draw(st.integers(0, 8 * len(good) - 1))
    flipped = bytearray(good)
    flipped[bit >> 3] ^= 1 << (bit & 7)
    try:
        block = Block.from_bytes(bytes(flipped))
    except Refused:
        return
    if evolve(block.header, time=BLOCK.header.time, proposer=BLOCK.header.proposer) == BLOCK.header:
        assert block.id != BLOCK.id or block != BLOCK
        if block.header != BLOCK.header:
            return  # another time or proposer is lawful by itself; the certificate tells it from the decided block
    with pytest.raises(Refused):
        check_block(block, TIP)
        for one in block.transactions:
            check_transaction(one, CHANNEL, SUITE, key_of, VERIFY)


@given(st.permutations(list(MEMBERS)))
def test_the_order_in_which_founders_are_named_does_not_show(members):
    assert Membership.of(members, SUITE).digest == MEMBERS.digest
