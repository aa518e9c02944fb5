"""Messages as bytes: one spelling, one signature, and refusals in a decided order."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.crypto.recipes import Suite, digest, key_for_tests, verifier
from refimpl.data.ids import ChannelId, Digest, Height, MemberId, Round, Signature
from refimpl.data.limits import NET_MESSAGE_BYTES
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import READERS, Codec, Decided, Message, Proposal, Sync, Vote, carries_transaction
from refimpl.node.notary import MessageNotary, verify_message
from tests.unit.data.founders import transaction

CODEC = Codec("tendermint", ChannelId("region-1"), Suite.INTL, READERS)
ME = MemberId("m0")
KEY = key_for_tests(Suite.INTL, ME)
NOTARY = MessageNotary(CODEC, KEY, {ME: KEY.public}, verifier(Suite.INTL))
DIGESTS = st.binary(min_size=32, max_size=32).map(Digest)
SIGNATURES = st.binary(min_size=64, max_size=64).map(Signature)
BODIES = st.one_of(
    st.tuples(st.just("propose"), st.builds(Proposal, DIGESTS, st.binary(max_size=40), st.integers(-1, 50))),
    st.tuples(st.sampled_from(["prevote", "precommit"]), st.builds(Vote, st.none() | DIGESTS)),
    st.tuples(st.just("decided"), st.builds(Decided, DIGESTS, st.binary(max_size=40),
              st.lists(st.tuples(st.just(MemberId("m1")), SIGNATURES), max_size=3).map(tuple))),
    st.tuples(st.just("sync"), st.just(Sync())),
)  # fmt: skip
MESSAGES = st.builds(
    lambda body, h, r, sig: Message(body[0], Height(h), Round(r), ME, body[1], sig),
    BODIES, st.integers(1, 2**40), st.integers(0, 2**30), SIGNATURES,
)  # fmt: skip


@pytest.mark.clause("NET-001", "NET-004")
@given(MESSAGES)
def test_a_message_comes_back_from_its_bytes_and_has_one_spelling(message):
    data = CODEC.encode(message)
    assert CODEC.decode(data) == message
    assert json.dumps(json.loads(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == data
    assert not carries_transaction(data)


@pytest.mark.clause("NET-002")
@given(MESSAGES)
def test_a_signature_covers_everything_but_itself(message):
    signed = NOTARY.sign(message)
    NOTARY.verify(signed)
    value = json.loads(CODEC.encode(signed))
    del value["sig"]
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert CODEC.signed_digest(signed) == digest(f"yilian/tendermint/{message.kind}/v1", canonical)
    another = Vote(Digest(b"\1" * 32))
    others = [
        signed._replace(height=Height(message.height + 1)),
        signed._replace(round=Round(message.round + 1)),
        signed._replace(body=another if message.body != another else Sync()),
    ]
    for other in others:
        with pytest.raises(Refused) as refused:
            NOTARY.verify(other)
        assert refused.value.code is Code.NET_BAD_SIGNATURE


@pytest.mark.clause("NET-002")
def test_channel_and_suite_are_part_of_what_is_signed():
    signed = NOTARY.sign(Message("prevote", Height(1), Round(0), ME, Vote(None)))
    for codec in (Codec("tendermint", ChannelId("other"), Suite.INTL, READERS),
                  Codec("pbft", ChannelId("region-1"), Suite.INTL, READERS)):  # fmt: skip
        with pytest.raises(Refused):
            verify_message(codec, {ME: KEY.public}, verifier(Suite.INTL), signed)


GOOD = json.loads(CODEC.encode(Message("prevote", Height(1), Round(0), ME, Vote(None), Signature(bytes(64)))))


def code_of(value):
    data = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    with pytest.raises(Refused) as refused:
        CODEC.decode(data)
    return refused.value


@pytest.mark.clause("NET-001", "NET-003")
@pytest.mark.parametrize(
    ("change", "code", "at"),
    [
        ({"height": 0}, Code.WIRE_BAD_FIELD, "/height"),
        ({"height": True}, Code.WIRE_BAD_FIELD, "/height"),
        ({"round": -1}, Code.WIRE_BAD_FIELD, "/round"),
        ({"from": "Upper"}, Code.WIRE_BAD_FIELD, "/from"),
        ({"sig": "00"}, Code.WIRE_BAD_FIELD, "/sig"),
        ({"sig": "AB" * 64}, Code.WIRE_BAD_FIELD, "/sig"),
        ({"body": {"value": "00"}}, Code.WIRE_BAD_FIELD, "/body/value"),
        ({"body": {"values": []}}, Code.WIRE_BAD_FIELD, "/body"),
        ({"body": []}, Code.WIRE_BAD_FIELD, "/body"),
        ({"extra": 1}, Code.WIRE_BAD_FIELD, ""),
        ({"kind": "viewchange"}, Code.NET_UNKNOWN_KIND, "/kind"),
        ({"channel": "other"}, Code.NET_WRONG_CHANNEL, "/channel"),
        ({"suite": "gm"}, Code.NET_WRONG_SUITE, "/suite"),
        ({"kind": "viewchange", "channel": "other", "suite": "gm"}, Code.NET_UNKNOWN_KIND, "/kind"),
        ({"channel": "other", "suite": "gm"}, Code.NET_WRONG_CHANNEL, "/channel"),
    ],
)
def test_the_first_defect_in_the_decided_order_gives_the_code(change, code, at):
    refused = code_of({**GOOD, **change})
    assert (refused.code, refused.at) == (code, at)


@pytest.mark.clause("NET-003")
def test_a_sender_without_key_is_refused_before_its_signature_is_looked_at():
    stranger = Message("prevote", Height(1), Round(0), MemberId("x"), Vote(None), Signature(bytes(64)))
    with pytest.raises(Refused) as refused:
        NOTARY.verify(stranger)
    assert refused.value.code is Code.NET_UNKNOWN_SENDER


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_with_a_code(data):
    with pytest.raises(Refused):
        CODEC.decode(data)


@pytest.mark.clause("NET-001")
def test_a_message_over_the_limit_is_refused_unread():
    with pytest.raises(Refused) as refused:
        CODEC.decode(b" " * (NET_MESSAGE_BYTES + 1))
    assert refused.value.code is Code.WIRE_TOO_LARGE


@pytest.mark.clause("NET-012")
def test_a_transaction_is_told_from_a_message_by_its_first_bytes():
    assert carries_transaction(transaction(payload={"body": {}}).to_bytes())


@pytest.mark.clause("NET-005")
def test_nil_has_no_value_on_the_wire():
    data = json.loads(CODEC.encode(Message("prevote", Height(1), Round(0), ME, Vote(None), Signature(bytes(64)))))
    assert data["body"] == {}
