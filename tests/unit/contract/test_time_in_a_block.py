"""Time within one block: a clock that a transaction sets into the past has rung before the next one is carried out."""

import json
from importlib.resources import files

import pytest

from conformance.zoo.laws import CLOCK
from contracts_dsl import ir
from contracts_dsl.check import check
from refimpl.crypto.recipes import REHEARSAL, verifier
from refimpl.data.block import make_block
from refimpl.data.ids import MemberId, Name, Nonce, Seconds
from refimpl.data.transaction import COMMAND, DEPLOY, Transaction
from refimpl.node.ledger import Ledger
from refimpl.scenarios.cast import ALLIANCE, START


def signed(nonce, kind, payload, *signers):
    names = (MemberId(signers[0]), *sorted(map(MemberId, signers[1:])))
    return Transaction(ALLIANCE.suite, ALLIANCE.channel, Nonce(nonce), names, Name(kind), payload).signed(
        ALLIANCE.keys()
    )


def order(nonce, action, instance=0, **arguments):
    listed = [{"name": name, "value": value} for name, value in arguments.items()]
    payload = {"action": action, "arguments": listed, "contract": "Clock", "instance": instance}
    return signed(nonce, COMMAND, payload, "county2")


@pytest.mark.clause("DAT-110", "DAT-111", "CTR-S3")
def test_a_clock_set_into_the_past_rings_before_the_next_transaction_of_the_block():
    alliance = files("contracts_dsl").joinpath("library", "alliance.yl").read_bytes()
    checked = check([("alliance.yl", alliance), ("clock.yl", CLOCK)])
    assert not checked.errors
    ledger, _ = Ledger.open(ALLIANCE.genesis(), verifier(ALLIANCE.suite, REHEARSAL))

    def decide(time, *transactions):
        block = make_block(ledger.tip, MemberId("city3-a"), Seconds(START + time), transactions)
        result = ledger.finalize(block.to_bytes())
        ledger.commit(result, None)
        return [json.loads(receipt) for receipt in result.outcome.receipts]

    package = {"modules": [ir.to_json(module) for module in checked.modules]}
    decide(1, signed(0, DEPLOY, package, "city3-a", "city3-b", "city3-c"))
    decide(2, order(0, "begin", instance=None, owner="county2"))
    receipts = decide(100, order(1, "act"), order(2, "move", moment=START + 50), order(3, "act"))
    assert [receipt.get("status", receipt["kind"]) for receipt in receipts] == ["applied", "applied", "time", "refused"]
    (rang,) = receipts[2]["events"]
    assert (rang["kind"], rang["at"]) == ("elapsed", START + 50)
    assert receipts[3]["code"] == "contract.no_such_clause"
