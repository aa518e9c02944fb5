"""Each rule of a block broken by itself gives its code; two broken at once give the earlier one; time has two
bounds."""

import pytest
from attrs import evolve

from refimpl.crypto.recipes import PRODUCTION, REHEARSAL, Suite
from refimpl.data import merkle
from refimpl.data.block import (
    Block,
    Genesis,
    Header,
    check_block,
    check_drift,
    check_transactions,
    make_block,
)
from refimpl.data.encoding import encode
from refimpl.data.ids import ChannelId, Digest, Height, MemberId, Nonce, PublicKey, Seconds
from refimpl.data.members import Membership
from refimpl.data.refusal import Code
from tests.unit.data.founders import GENESIS, MEMBERS, TIP, VERIFY, code_of, key_of, member, refusal, transaction

SENT = (transaction(0), transaction(1), transaction(0, ("m0", "clinic")))
BLOCK = make_block(TIP, MemberId("m0"), Seconds(1005), SENT)
OTHER = Digest(b"\x01" * 32)

BREAKS = {
    Code.BLOCK_WRONG_CHANNEL: {"channel": ChannelId("region-2")},
    Code.BLOCK_WRONG_SUITE: {"suite": Suite.STUB},
    Code.BLOCK_WRONG_HEIGHT: {"height": Height(2)},
    Code.BLOCK_WRONG_PREVIOUS: {"previous": OTHER},
    Code.BLOCK_TIME_BACKWARDS: {"time": Seconds(999)},
    Code.BLOCK_WRONG_MEMBERSHIP: {"membership": OTHER},
    Code.BLOCK_WRONG_PROPOSER: {"proposer": MemberId("clinic")},
    Code.BLOCK_WRONG_STATE_ROOT: {"state_root": OTHER},
    Code.BLOCK_WRONG_RECEIPTS_ROOT: {"receipts_root": OTHER},
    Code.BLOCK_WRONG_TRANSACTIONS_ROOT: {"transactions_root": OTHER},
}


def fresh(sender: MemberId) -> Nonce:
    return Nonce(0)


def broken(**fields) -> Block:
    return evolve(BLOCK, header=evolve(BLOCK.header, **fields))


def with_transactions(*transactions) -> Block:
    return make_block(TIP, MemberId("m0"), Seconds(1005), tuple(transactions))


@pytest.mark.clause("DAT-084", "DAT-097")
def test_a_proposed_block_is_lawful_and_is_written_and_read():
    check_block(BLOCK, TIP)
    check_transactions(BLOCK, key_of, fresh, VERIFY)
    assert Block.from_bytes(BLOCK.to_bytes()) == BLOCK
    assert make_block(TIP, MemberId("m0"), Seconds(5), ()).header.time == TIP.time
    assert make_block(TIP, MemberId("m0"), Seconds(5000), ()).header.time == 5000
    check_block(with_transactions(), TIP)


@pytest.mark.clause("DAT-083")
def test_the_id_is_of_the_header_and_every_field_is_in_it():
    ids = {BLOCK.id, *(broken(**fields).id for fields in BREAKS.values()), broken(size=4).id}
    assert len(ids) == len(BREAKS) + 2
    assert Header.from_bytes(BLOCK.header.to_bytes()).id == BLOCK.id


@pytest.mark.clause(
    "DAT-085", "DAT-086", "DAT-087", "DAT-088", "DAT-089", "DAT-090", "DAT-091", "DAT-092", "DAT-093", "DAT-094"
)
@pytest.mark.parametrize("code", BREAKS)
def test_each_broken_rule_has_its_code(code):
    refused = refusal(check_block, broken(**BREAKS[code]), TIP)
    assert refused.code is code
    assert refused.at == f"/header/{next(iter(BREAKS[code]))}"


@pytest.mark.clause("DAT-014")
def test_of_two_broken_rules_the_earlier_is_named():
    order = sorted(BREAKS, key=list(Code).index)
    assert order == list(BREAKS)
    for number, earlier in enumerate(order):
        for later in order[number + 1 :]:
            assert code_of(check_block, broken(**BREAKS[earlier] | BREAKS[later]), TIP) is earlier


@pytest.mark.clause("DAT-087")
def test_a_height_is_neither_repeated_nor_skipped():
    for height in (0, 2):
        assert code_of(check_block, broken(height=Height(height)), TIP) is Code.BLOCK_WRONG_HEIGHT


@pytest.mark.clause("DAT-089")
def test_an_equal_time_is_lawful_and_a_second_less_is_not():
    check_block(broken(time=TIP.time), TIP)
    assert code_of(check_block, broken(time=Seconds(TIP.time - 1)), TIP) is Code.BLOCK_TIME_BACKWARDS


@pytest.mark.clause("DAT-091")
def test_only_a_validator_in_force_proposes():
    for name in ("clinic", "commission", "stranger"):
        assert code_of(check_block, broken(proposer=MemberId(name)), TIP) is Code.BLOCK_WRONG_PROPOSER
    gone = evolve(TIP, members=Membership(tuple(one for one in MEMBERS if one.member != "m0")))
    fresh = make_block(gone, MemberId("m0"), Seconds(1005), ())
    assert code_of(check_block, fresh, gone) is Code.BLOCK_WRONG_PROPOSER


@pytest.mark.clause("DAT-094")
def test_the_header_binds_number_and_order_of_the_transactions():
    for sent in (SENT[:2], (SENT[1], SENT[0], SENT[2]), (*SENT, transaction(2)), ()):
        refused = code_of(check_block, evolve(BLOCK, transactions=sent), TIP)
        assert refused is Code.BLOCK_WRONG_TRANSACTIONS_ROOT
    assert code_of(check_block, broken(size=2), TIP) is Code.BLOCK_WRONG_TRANSACTIONS_ROOT
    resigned = evolve(SENT[0], signatures=SENT[1].signatures)
    changed = evolve(BLOCK, transactions=(resigned, *SENT[1:]))
    assert code_of(check_block, changed, TIP) is Code.BLOCK_WRONG_TRANSACTIONS_ROOT


@pytest.mark.clause("DAT-094")
def test_a_transaction_is_proved_from_the_header_alone():
    tree = merkle.Tree([one.to_bytes() for one in SENT])
    header = BLOCK.header
    for index, one in enumerate(SENT):
        merkle.verify_inclusion(header.transactions_root, header.size, index, one.to_bytes(), tree.inclusion(index))


@pytest.mark.clause("DAT-095")
def test_a_transaction_stands_once_in_a_block_whatever_its_signatures():
    resigned = evolve(SENT[0], signatures=SENT[1].signatures)
    for double in (SENT[0], resigned):
        refused = refusal(check_block, with_transactions(*SENT, double), TIP)
        assert (refused.code, refused.at) == (Code.BLOCK_DUPLICATE_TRANSACTION, "/transactions/3")


@pytest.mark.clause("DAT-099")
@pytest.mark.parametrize(
    ("bad", "place", "cause"),
    [
        (evolve(SENT[1], nonce=Nonce(9)), "/signatures/0", "tx.bad_signature"),
        (transaction(1, kind="gossip"), "/body/kind", "tx.unknown_kind"),
        (transaction(0, payload="another"), "/body/nonce", "tx.nonce_used"),
        (transaction(2), "/body/nonce", "tx.nonce_gap"),
    ],
)
def test_a_transaction_that_may_not_stand_in_a_block_is_named_with_its_cause(bad, place, cause):
    refused = refusal(check_transactions, with_transactions(SENT[0], bad), key_of, fresh, VERIFY)
    assert (refused.code, refused.at) == (Code.BLOCK_BAD_TRANSACTION, f"/transactions/1{place}")
    assert refused.values["cause"] == cause


@pytest.mark.clause("DAT-070", "DAT-099")
def test_one_nonce_is_taken_once_in_a_block_also_if_the_state_before_would_allow_both():
    twins = with_transactions(transaction(5, payload="one"), transaction(5, payload="two"))
    refused = refusal(check_transactions, twins, key_of, lambda sender: Nonce(5), VERIFY)
    assert refused.values["cause"] == "tx.nonce_used"
    check_transactions(with_transactions(transaction(5), transaction(6)), key_of, lambda sender: Nonce(5), VERIFY)


@pytest.mark.clause("DAT-064")
def test_a_block_is_no_way_around_the_size_of_a_transaction():
    large = transaction(payload="x" * 65536)
    refused = refusal(check_block, with_transactions(large), TIP)
    assert (refused.code, refused.at) == (Code.WIRE_TOO_LARGE, "/transactions/0")
    check_block(with_transactions(transaction(kind="deploy", payload="x" * 65536)), TIP)


@pytest.mark.clause("DAT-084")
def test_a_block_ends_at_1000_transactions_and_1_mebibyte():
    one = transaction().to_value()
    header = BLOCK.header.to_value()
    small = {"header": header, "transactions": [one] * 1000}
    assert len(Block.from_bytes(encode(small)).transactions) == 1000
    small["transactions"] = [one] * 1001
    assert code_of(Block.from_bytes, encode(small)) is Code.WIRE_BAD_FIELD
    padded = transaction(kind="deploy", payload="").to_value()
    room = 2**20 - len(encode({"header": header, "transactions": [padded] * 3}))
    for extra, lawful in ((0, True), (1, False)):
        parts = [padded | {"body": padded["body"] | {"payload": "x" * size}} for size in (room // 2, room // 2)]
        rest = padded | {"body": padded["body"] | {"payload": "x" * (room - room // 2 * 2 + extra)}}
        data = encode({"header": header, "transactions": [*parts, rest]})
        assert len(data) == 2**20 + extra
        if lawful:
            assert len(Block.from_bytes(data).transactions) == 3
        else:
            assert code_of(Block.from_bytes, data) is Code.WIRE_TOO_LARGE


@pytest.mark.clause("DAT-082", "DAT-084")
def test_a_block_has_its_fields_and_no_other():
    header = BLOCK.header.to_value()
    for bad in (
        None,
        {},
        {"header": header},
        {"header": header, "transactions": [], "more": 1},
        {"header": header, "transactions": {}},
        {"header": header, "transactions": [1]},
        *(
            {"header": {name: part for name, part in header.items() if name != gone}, "transactions": []}
            for gone in header
        ),
        {"header": {**header, "more": 1}, "transactions": []},
        {"header": {**header, "time": "1.5"}, "transactions": []},
        {"header": {**header, "height": -1}, "transactions": []},
        {"header": {**header, "size": 1001}, "transactions": []},
    ):
        assert code_of(Block.from_bytes, encode(bad)) is Code.WIRE_BAD_FIELD


@pytest.mark.clause("DAT-096")
def test_a_fresh_proposal_agrees_with_the_clock_within_10_seconds_ahead_and_60_behind():
    now = Seconds(10_000)
    for time in (9_940, 10_000, 10_010):
        check_drift(Seconds(time), now)
    for time in (9_939, 10_011, 0, 2**53 - 1):
        assert code_of(check_drift, Seconds(time), now) is Code.BLOCK_TIME_DRIFT


@pytest.mark.clause("DAT-080")
def test_the_genesis_is_written_and_read():
    assert Genesis.from_bytes(GENESIS.to_bytes()) == GENESIS
    enrolled = evolve(GENESIS, directory=({"kind": "entity"},))
    assert Genesis.from_bytes(enrolled.to_bytes()) == enrolled
    assert enrolled.id != GENESIS.id
    assert (TIP.height, TIP.block, TIP.receipts_root) == (0, GENESIS.id, merkle.EMPTY_ROOT)
    for field, bad in (("parameters", []), ("directory", {}), ("time", -1), ("engine", "A"), ("members", [])):
        value = {
            "channel": "region-1",
            "directory": [],
            "engine": "solo",
            "members": MEMBERS.to_value(),
            "parameters": {},
            "suite": "intl",
            "time": 0,
        }
        Genesis.from_bytes(encode(value))
        assert code_of(Genesis.from_bytes, encode({**value, field: bad})) is Code.WIRE_BAD_FIELD
        assert code_of(Genesis.from_bytes, encode({**value, "more": 1})) is Code.WIRE_BAD_FIELD


@pytest.mark.clause("DAT-024")
def test_a_rehearsal_starts_only_where_it_is_permitted():
    GENESIS.check()
    stub = evolve(GENESIS, suite=Suite.STUB)
    stub.check(REHEARSAL)
    assert code_of(stub.check) is Code.BLOCK_BAD_GENESIS
    assert code_of(stub.check, PRODUCTION) is Code.BLOCK_BAD_GENESIS
    assert code_of(evolve(GENESIS, suite=Suite.GM).check, REHEARSAL) is Code.BLOCK_BAD_GENESIS


@pytest.mark.clause("DAT-081")
def test_a_ledger_does_not_start_with_unlawful_members():
    for members, code in (
        ((evolve(member("a"), public=PublicKey(bytes(32))),), Code.MEMBER_WEAK_KEY),
        ((member("a"), member("a")), Code.MEMBER_DUPLICATE),
        ((member("a", 0),), Code.MEMBER_BAD_WEIGHT),
        ((), Code.MEMBER_NO_VALIDATOR),
    ):
        assert code_of(evolve(GENESIS, members=Membership(members)).check) is code


@pytest.mark.clause("DAT-015")
def test_a_tip_moves_by_lawful_blocks_only():
    before = (TIP.height, TIP.block, TIP.time)
    for fields in BREAKS.values():
        refusal(check_block, broken(**fields), TIP)
    assert (TIP.height, TIP.block, TIP.time) == before
    after = TIP.after(BLOCK, OTHER, OTHER)
    assert (after.height, after.block, after.time, after.state_root) == (1, BLOCK.id, 1005, OTHER)
    check_block(make_block(after, MemberId("m1"), Seconds(0), ()), after)
