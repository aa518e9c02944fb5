"""A transaction is bound to its channel, suite, signers and nonce; whatever is altered, it is refused with its code."""

import pytest
from attrs import evolve

from refimpl.crypto.recipes import digest, key_for_tests, sign
from refimpl.data.encoding import encode
from refimpl.data.ids import ChannelId, MemberId, Name, Nonce, Suite
from refimpl.data.refusal import Code
from refimpl.data.transaction import KINDS, Transaction, check_nonce, check_transaction
from tests.unit.data.founders import CHANNEL, KEYS, SUITE, VERIFY, code_of, key_of, refusal, transaction

SIGNED = transaction(3, ("m0", "clinic", "m1"), payload={"contract": "转诊", "action": "submit"})


def check(candidate: Transaction) -> None:
    check_transaction(candidate, CHANNEL, SUITE, key_of, VERIFY)


def read(value: object) -> Transaction:
    return Transaction.from_bytes(encode(value))


@pytest.mark.clause("DAT-060", "DAT-063")
def test_a_signed_transaction_is_written_read_and_accepted():
    assert Transaction.from_bytes(SIGNED.to_bytes()) == SIGNED
    check(SIGNED)
    assert SIGNED.sender == "m0"


@pytest.mark.clause("DAT-060")
def test_a_transaction_has_its_fields_and_no_other():
    value = SIGNED.to_value()
    body = value["body"]
    for bad in (
        None,
        [],
        {},
        {"body": body},
        {**value, "more": 1},
        {**value, "body": {**body, "more": 1}},
        *({**value, "body": {name: part for name, part in body.items() if name != gone}} for gone in body),
        {**value, "body": {**body, "channel": "A"}},
        {**value, "body": {**body, "kind": ""}},
        {**value, "body": {**body, "nonce": -1}},
        {**value, "body": {**body, "nonce": True}},
        {**value, "body": {**body, "suite": "md5"}},
        {**value, "signatures": value["signatures"][:2]},
        {**value, "signatures": [*value["signatures"], value["signatures"][0]]},
        {**value, "signatures": [*value["signatures"][:2], "00"]},
    ):
        assert code_of(read, bad) is Code.WIRE_BAD_FIELD


@pytest.mark.clause("DAT-061")
def test_signers_have_one_order_and_nobody_signs_twice():
    value = SIGNED.to_value()

    def with_signers(*names: str) -> object:
        signatures = [value["signatures"][0]] * len(names)
        return {"body": {**value["body"], "signers": list(names)}, "signatures": signatures}

    read(with_signers("z", "a", "b"))
    read(with_signers("z", *(f"a{number:02d}" for number in range(15))))
    for names in ((), ("z", "b", "a"), ("z", "a", "a"), ("z", "a", "z"), ("a", "a"), ("z", "A")):
        assert code_of(read, with_signers(*names)) is Code.WIRE_BAD_FIELD
    seventeen = ("z", *(f"a{number:02d}" for number in range(16)))
    assert code_of(read, with_signers(*seventeen)) is Code.WIRE_BAD_FIELD


@pytest.mark.clause("DAT-062")
def test_the_id_is_of_the_body_and_no_signature_changes_it():
    assert SIGNED.id == digest("yilian/tx/v1", encode(SIGNED.to_value()["body"]))
    assert evolve(SIGNED, signatures=()).id == SIGNED.id
    assert evolve(SIGNED, nonce=Nonce(4)).id != SIGNED.id
    assert evolve(SIGNED, payload=None).id != SIGNED.id


@pytest.mark.clause("DAT-064")
@pytest.mark.parametrize(("kind", "most"), [("command", 65536), ("record", 65536), ("deploy", 524288)])
def test_size_ends_at_the_limit_of_the_kind(kind, most):
    empty = len(transaction(kind=kind, payload="").to_bytes())
    largest = transaction(kind=kind, payload="x" * (most - empty)).to_bytes()
    assert len(largest) == most
    assert Transaction.from_bytes(largest).kind == kind
    larger = transaction(kind=kind, payload="x" * (most - empty + 1)).to_bytes()
    assert code_of(Transaction.from_bytes, larger) is Code.WIRE_TOO_LARGE


@pytest.mark.clause("DAT-064")
def test_nesting_ends_at_its_limit_so_that_a_block_can_hold_it():
    payload: object = 1
    for _ in range(118):
        payload = [payload]
    deepest = transaction(payload=payload)
    assert Transaction.from_bytes(deepest.to_bytes()) == deepest
    encode({"header": {}, "transactions": [deepest.to_value()]})
    assert code_of(lambda: transaction(payload=[payload])) is Code.WIRE_NOT_CANONICAL
    too_deep = deepest.to_value() | {"body": deepest.to_value()["body"] | {"payload": [payload]}}
    assert code_of(Transaction.from_bytes, encode(too_deep)) is Code.WIRE_NOT_CANONICAL


@pytest.mark.clause("DAT-065", "DAT-066", "DAT-067", "DAT-068")
def test_what_belongs_elsewhere_is_refused_by_its_code():
    for kind in KINDS:
        check(transaction(kind=kind))
    assert code_of(check, transaction(kind="gossip")) is Code.TX_UNKNOWN_KIND
    other = evolve(SIGNED, channel=ChannelId("region-2")).signed(KEYS)
    assert code_of(check, other) is Code.TX_WRONG_CHANNEL
    stub = {name: key_for_tests(Suite.STUB, name) for name in SIGNED.signers}
    assert code_of(check, evolve(SIGNED, suite=Suite.STUB).signed(stub)) is Code.TX_WRONG_SUITE
    stranger = MemberId("stranger")
    keys = KEYS | {stranger: key_for_tests(SUITE, stranger)}
    refused = refusal(check, evolve(SIGNED, signers=(MemberId("m0"), stranger)).signed(keys))
    assert (refused.code, refused.at) == (Code.TX_UNKNOWN_SIGNER, "/body/signers/1")


@pytest.mark.clause("DAT-063", "DAT-069")
def test_every_signer_signs_the_id_and_nobody_for_another():
    first, second, third = SIGNED.signatures
    other = transaction(4, ("m0", "clinic", "m1")).signatures
    untagged = sign(KEYS[MemberId("m0")], digest("yilian/block/v1", encode(SIGNED.to_value()["body"])))
    for signatures, place in (
        ((second, first, third), "/0"),
        ((first, first, third), "/1"),
        ((first, second, other[2]), "/2"),
        ((untagged, second, third), "/0"),
        ((first, second), ""),
        ((), ""),
    ):
        refused = refusal(check, evolve(SIGNED, signatures=signatures))
        assert (refused.code, refused.at) == (Code.TX_BAD_SIGNATURE, f"/signatures{place}")
    for changed in (
        evolve(SIGNED, nonce=Nonce(4)),
        evolve(SIGNED, kind=Name("record")),
        evolve(SIGNED, payload={"contract": "转诊", "action": "accept"}),
        evolve(SIGNED, signers=(MemberId("m0"), MemberId("clinic"), MemberId("m2"))),
    ):
        assert code_of(check, changed) is Code.TX_BAD_SIGNATURE


@pytest.mark.clause("DAT-014")
def test_of_several_defects_the_first_in_the_list_is_named():
    defects = {"channel": ChannelId("x"), "suite": Suite.STUB, "kind": Name("x"), "signers": (MemberId("x"),)}
    expected = [Code.TX_WRONG_CHANNEL, Code.TX_WRONG_SUITE, Code.TX_UNKNOWN_KIND, Code.TX_UNKNOWN_SIGNER]
    while defects:
        assert code_of(check, evolve(SIGNED, signatures=(), **defects)) is expected.pop(0)
        defects.pop(next(iter(defects)))
    assert code_of(check, evolve(SIGNED, signatures=())) is Code.TX_BAD_SIGNATURE


@pytest.mark.clause("DAT-070")
def test_a_nonce_is_the_next_of_its_sender():
    check_nonce(Nonce(0), Nonce(0))
    check_nonce(Nonce(7), Nonce(7))
    assert code_of(check_nonce, Nonce(6), Nonce(7)) is Code.TX_NONCE_USED
    assert code_of(check_nonce, Nonce(0), Nonce(1)) is Code.TX_NONCE_USED
    assert code_of(check_nonce, Nonce(8), Nonce(7)) is Code.TX_NONCE_GAP
