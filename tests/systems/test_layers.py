"""Rows about how it is built: the block, the layers and modules, and the commission's module of audit."""

import json

import pytest

from refimpl.application.audit import prove_receipt, prove_transaction, report, supervise, verify_report
from refimpl.crypto.recipes import key_for_tests, verifier
from refimpl.data import merkle
from refimpl.data.block import Block, check_drift
from refimpl.data.ids import MemberId, Name, Seconds, Suite
from refimpl.data.limits import BLOCK_DRIFT_AHEAD_SECONDS
from refimpl.data.refusal import Refused
from refimpl.node.archive import Archive
from tests.house.test_imports import LAYERS, ROOMS
from tests.house.tree import ROOT


@pytest.fixture(scope="module")
def chain(played):
    return Archive(played.stage.disk(0))


@pytest.mark.system("A4")
def test_A4_a_block_has_root_time_and_previous_hash_and_a_body_of_digests_and_process(chain):
    before = chain.genesis.id
    for height in range(1, chain.height + 1):
        header, listed = chain.header(height), chain.transactions(height)
        assert header.previous == before
        assert header.transactions_root == merkle.root(Block(header, listed).leaves)
        assert set(header.to_value()) == {"channel", "height", "membership", "previous", "proposer", "receipts_root",
                                          "size", "state_root", "suite", "time", "transactions_root"}  # fmt: skip
        before = header.id
    kinds = {tx.kind for height in range(1, chain.height + 1) for tx in chain.transactions(height)}
    assert kinds == {"command", "deploy", "record"}
    entries = [tx.payload["entry"] for height in range(1, chain.height + 1) for tx in chain.transactions(height)
               if tx.kind == "record" and "entry" in tx.payload]  # fmt: skip
    assert all(set(one) == {"commitment", "custodian", "kind", "record"} for one in entries)


@pytest.mark.system("A4")
def test_A4_a_time_that_drifts_is_not_accepted(played):
    ledger = played.stage.ledger
    proposed = ledger.prepare(MemberId("city3-a"), Seconds(ledger.tip.time))
    time = proposed.header.time
    latest = time - BLOCK_DRIFT_AHEAD_SECONDS
    for now, timely in ((time, True), (latest, True), (latest - 1, False)):
        opinion = ledger.process(proposed.to_bytes(), Seconds(now))
        assert (opinion.refused, opinion.timely) == (None, timely)
    with pytest.raises(Refused):
        check_drift(time, Seconds(latest - 1))


@pytest.mark.system("B4")
def test_B4_five_layers_stand_in_five_rooms_and_the_modules_in_theirs():
    assert [layer.rpartition(".")[2] for layer in LAYERS] == ["data", "network", "consensus", "contract", "application"]
    assert "refimpl.contract" not in ROOMS["refimpl.consensus"]
    assert "refimpl.consensus" not in ROOMS["refimpl.contract"]
    modules = {"ledger platform": "node/machine.py", "contracts": "contract/packages.py",
               "application": "application/access_log.py", "audit": "application/audit.py",
               "privacy": "application/custody.py"}  # fmt: skip
    assert all((ROOT / "refimpl" / place).is_file() for place in modules.values())


@pytest.mark.system("B8")
def test_B8_the_commission_traces_every_transaction_of_its_area_and_proves_what_it_says(chain):
    listed = list(supervise(chain, "north"))
    supervised = {one.tx for one in listed if one.tx is not None}
    told = {json.loads(data)["tx"] for height in range(1, chain.height + 1) for data in chain.receipts(height)
            if json.loads(data).get("events") and "tx" in json.loads(data)}  # fmt: skip
    assert supervised == told
    assert {one.kind for one in listed} >= {"recorded", "accessed", "started", "acted", "violation", "paid"}
    auditor = MemberId("city-hc")
    claims = (prove_transaction(chain, 2, 0), prove_receipt(chain, 2, 0))
    made = report(chain, "north", auditor, key_for_tests(Suite.INTL, auditor), claims)
    commits = (Name("tendermint"), Name("precommit"))
    body = verify_report(made, chain.members, commits, verifier(Suite.INTL))
    assert len(body["findings"]) == len(listed)
