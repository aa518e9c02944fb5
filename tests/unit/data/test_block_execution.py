"""What a decided block does with the payloads it carries: in order, all or nothing, and never by surprise."""

import pytest

from refimpl.data import merkle
from refimpl.data.block import make_block
from refimpl.data.encoding import decode, encode
from refimpl.data.ids import MemberId, Seconds
from refimpl.data.state_map import EMPTY
from refimpl.node.execution import Outcome, execute, open_genesis
from refimpl.node.ledger import Ledger
from refimpl.node.verify import verify_ledger
from refimpl.store.memory import MemoryStore
from tests.unit.data.founders import GENESIS, MEMBERS, TIP, VERIFY, certificate, decision, transaction

COMMISSION = {"nodes": [{"attributes": [], "kind": "commission", "name": "city", "parent": None}]}
MAJORITY = ("m0", "m1", "m2")


def carried_out(*transactions) -> Outcome:
    state, _ = open_genesis(GENESIS)
    return execute(state, make_block(TIP, MemberId("m0"), Seconds(1005), tuple(transactions)), MEMBERS)


def receipts(outcome: Outcome) -> list:
    return [decode(data, 10_000) for data in outcome.receipts]


@pytest.mark.clause("DAT-015", "DAT-071")
def test_a_refused_payload_takes_its_nonce_and_leaves_nothing_else():
    refused = carried_out(transaction(0, kind="command", payload={"no": "command"}))
    assert [receipt["status"] for receipt in receipts(refused)] == ["refused"]
    empty = carried_out()
    changed = set(refused.state.items()) ^ set(empty.state.items())
    assert {key for key, _ in changed} == {b"nonce/clinic"}
    assert refused.state.get(b"nonce/clinic") == b"1"


@pytest.mark.clause("DAT-072")
@pytest.mark.parametrize(
    ("signers", "status"),
    [(("m0", "m1"), "refused"), (("m0", "clinic", "commission", "m1"), "refused"), (MAJORITY, "applied")],
)
def test_the_directory_changes_by_more_than_two_thirds_of_the_weight(signers, status):
    outcome = carried_out(transaction(0, signers, "directory", COMMISSION))
    assert [receipt["status"] for receipt in receipts(outcome)] == [status]
    if status == "refused":
        assert receipts(outcome)[0]["code"] == "member.too_few_approvals"


@pytest.mark.clause("DAT-110")
def test_each_transaction_meets_the_state_that_the_one_before_it_left():
    district = {"nodes": [{"attributes": [], "kind": "commission", "name": "district", "parent": "city"}]}
    first = transaction(0, MAJORITY, "directory", COMMISSION)
    second = transaction(1, MAJORITY, "directory", district)
    assert [receipt["status"] for receipt in receipts(carried_out(first, second))] == ["applied", "applied"]
    early = transaction(0, MAJORITY, "directory", district)
    late = transaction(1, MAJORITY, "directory", COMMISSION)
    assert [receipt["status"] for receipt in receipts(carried_out(early, late))] == ["refused", "applied"]


@pytest.mark.clause("DAT-111")
def test_the_receipts_root_is_over_one_receipt_for_each_transaction():
    good, bad = transaction(0, MAJORITY, "directory", COMMISSION), transaction(0, kind="deploy")
    outcome = carried_out(good, bad)
    assert receipts(outcome) == [
        {"events": [], "kind": "directory", "status": "applied", "tx": good.id.hex()},
        {"code": "member.too_few_approvals", "kind": "deploy", "status": "refused", "tx": bad.id.hex()},
    ]
    assert outcome.receipts_root == merkle.root(outcome.receipts)
    assert [encode(receipt) for receipt in receipts(outcome)] == list(outcome.receipts)
    assert carried_out().receipts == ()


@pytest.mark.clause("DAT-110")
def test_what_is_written_is_what_changed():
    state, written = open_genesis(GENESIS)
    assert dict(state.items()) == {key: value for key, value in written.items() if value is not None}
    outcome = carried_out(transaction(0, MAJORITY, "directory", COMMISSION))
    assert state.updated(outcome.writes) == outcome.state
    assert EMPTY.updated(dict(outcome.state.items())).root == outcome.state.root


def ledger_of_two_blocks() -> dict[str, bytes]:
    """What a ledger keeps after a block with transactions and an empty one, each certified by three of four."""
    ledger, writes = Ledger.open(GENESIS, VERIFY)
    kept = MemoryStore()
    kept.apply(writes, sync=True)
    for sent in ((transaction(0, MAJORITY, "directory", COMMISSION), transaction(0)), ()):
        for one in sent:
            ledger.admit(ledger.check(one.to_bytes()))
        result = ledger.finalize(ledger.prepare(MemberId("m0"), Seconds(1005)).to_bytes())
        about = decision(result.block.id, result.block.header.height)
        kept.apply(ledger.commit(result, certificate(about, MAJORITY)), sync=True)
    return dict(kept.items())


@pytest.mark.clause("DAT-120")
def test_a_ledger_at_rest_holds_what_the_specification_lists():
    kept = ledger_of_two_blocks()
    listed = {"meta/genesis", "meta/tip", "tx/0000000001/0000", "tx/0000000001/0001"}
    listed |= {"receipt/0000000001/0000", "receipt/0000000001/0001"}
    listed |= {f"{room}/000000000{height}" for room in ("block", "cert") for height in (1, 2)}
    assert {key for key in kept if not key.startswith("state/")} == listed
    rows = {bytes.fromhex(key.removeprefix("state/")): kept[key] for key in kept if key.startswith("state/")}
    assert EMPTY.updated(rows).root.hex() == verify_ledger(kept).state_root


@pytest.mark.clause("DAT-120")
def test_a_ledger_with_a_key_too_many_or_too_few_is_not_accepted():
    kept = ledger_of_two_blocks()
    assert verify_ledger(kept).finding is None
    for key in kept:
        fewer = {other: value for other, value in kept.items() if other != key}
        assert verify_ledger(fewer).finding is not None, key
    for key in ("block/0000000004", "tx/0000000001/0002", "receipt/0000000002/0000", "state/00", "else"):
        assert verify_ledger(kept | {key: b"1"}).finding is not None


@pytest.mark.clause("DAT-008", "DAT-120")
def test_a_changed_byte_of_any_kept_value_is_found():
    kept = ledger_of_two_blocks()
    for key, value in kept.items():
        for place in {0, len(value) // 3, len(value) // 2, len(value) - 1}:
            changed = bytearray(value)
            changed[place] ^= 1
            finding = verify_ledger(kept | {key: bytes(changed)}).finding
            assert finding is not None, f"{key}, byte {place}"
