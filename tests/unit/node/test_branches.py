"""Blocks on blocks that are not decided, and records that outlive a decision: what chained engines ask of a node."""

import pytest
from attrs import evolve

from refimpl.crypto.recipes import verifier
from refimpl.data.ids import Height, MemberId, Round, Seconds, Suite
from refimpl.data.limits import CONSENSUS_PAST
from refimpl.data.refusal import Code, Refused
from refimpl.node.ledger import Ledger
from tests.unit.data.founders import GENESIS, transaction
from tests.unit.node.test_machine import machine

LATER = Seconds(1010)
AUTHOR, OTHER = MemberId("m0"), MemberId("m1")


def opened():
    ledger, _ = Ledger.open(GENESIS, verifier(Suite.INTL))
    ledger.admit(ledger.check(transaction().to_bytes()))
    return ledger


@pytest.mark.clause("CON-029")
def test_a_branch_is_judged_as_if_its_blocks_were_decided_and_changes_nothing():
    ledger = opened()
    first = ledger.prepare(AUTHOR, LATER).to_bytes()
    second = ledger.beyond([first]).prepare(AUTHOR, LATER)
    assert second.header.height == 2
    assert second.transactions == (), "the transaction is in the first block already"
    assert ledger.info()[0] == 0
    assert ledger.beyond([first]).process(second.to_bytes(), LATER).refused is None
    refused = ledger.process(second.to_bytes(), LATER).refused
    assert refused is not None
    assert refused.code is Code.BLOCK_WRONG_HEIGHT
    ledger.commit(ledger.finalize(first), None)
    assert ledger.process(second.to_bytes(), LATER).refused is None


@pytest.mark.clause("CON-029")
def test_two_branches_do_not_see_each_other():
    ledger = opened()
    left, right = (ledger.prepare(who, LATER).to_bytes() for who in (AUTHOR, OTHER))
    on_left = ledger.beyond([left]).prepare(AUTHOR, LATER).to_bytes()
    assert ledger.beyond([left]).process(on_left, LATER).refused is None
    assert ledger.beyond([right]).process(on_left, LATER).refused is not None


@pytest.mark.clause("CON-029")
def test_an_ancestor_that_is_not_valid_is_refused():
    with pytest.raises(Refused):
        opened().beyond([b"no block"])


@pytest.mark.clause("CON-028")
@pytest.mark.parametrize(("rounds", "kept"), [("height", {"d"}), ("views", {"c", "d"}), ("run", {"c", "d"})])
def test_a_record_is_forgotten_once_a_decision_makes_it_needless(rounds, kept):
    node, _ = machine()
    node.engine.promise = evolve(node.engine.promise, rounds=rounds)
    places = {"a": (1, 0), "b": (1, 4), "c": (2, 5), "d": (3, 5)}
    node.records = {key: (Height(height), Round(round_)) for key, (height, round_) in places.items()}
    assert set(node._forget(Height(2))) == set(places) - kept
    assert set(node.records) == kept


@pytest.mark.clause("CON-028")
def test_where_finality_is_by_depth_a_record_binds_until_a_decision_so_many_heights_above():
    node, _ = machine()
    node.engine.promise = evolve(node.engine.promise, rounds="run", finality={"kind": "depth", "k": 6})
    places = {"below": (10, 3), "at": (11, 4), "tip": (10 + CONSENSUS_PAST, 9)}
    node.records = {key: (Height(height), Round(round_)) for key, (height, round_) in places.items()}
    assert node._forget(Height(10 + CONSENSUS_PAST)) == ["below"]


@pytest.mark.clause("NOD-062")
def test_what_does_not_fit_holds_up_its_equals_in_nonce(monkeypatch):
    ledger, _ = Ledger.open(GENESIS, verifier(Suite.INTL))
    large, small = (transaction(payload="x" * size) for size in (3_000, 1))
    while large.id > small.id:
        small = transaction(payload=small.payload + "x")
    for one in (large, small):
        ledger.admit(ledger.check(one.to_bytes()))
    assert ledger.prepare(AUTHOR, LATER).transactions == (large,)
    monkeypatch.setattr("refimpl.node.ledger.BLOCK_BYTES", 4096 + 2_000)
    assert ledger.prepare(AUTHOR, LATER).transactions == ()
