"""The laws of a ledger bite: the right one keeps them, each planted bug breaks its own."""

import json
from collections import Counter

import pytest
from attrs import evolve

from conformance.zoo import ZOO, load
from refimpl.crypto.recipes import REHEARSAL, verifier
from refimpl.data.block import Block, make_block
from refimpl.data.ids import Digest, MemberId, Name, Nonce, Seconds
from refimpl.data.transaction import COMMAND, DEPLOY, Transaction
from refimpl.node.ledger import Ledger
from refimpl.node.notary import Remembering
from refimpl.scenarios.cast import ALLIANCE, START
from refimpl.scenarios.package import library

load()
KEYS, VERIFY = ALLIANCE.keys(), Remembering(verifier(ALLIANCE.suite, REHEARSAL))
ASKED = {
    "origin": "county2",
    "patient": "patient-7f3a",
    "regulator": "hill-hc",
    "upper": "city-hc",
    "evidence": "ab" * 32,
    "fee": 100,
}


class Chain:
    """One ledger of a kind, fed block by block."""

    def __init__(self, kind):
        self.ledger, _ = kind.open(ALLIANCE.genesis(), VERIFY)
        self.nonces = Counter()
        self.seen = []

    def signed(self, signers, kind, payload):
        sender, *others = map(MemberId, signers)
        self.nonces[sender] += 1
        names = (sender, *sorted(others))
        body = Transaction(ALLIANCE.suite, ALLIANCE.channel, Nonce(self.nonces[sender] - 1), names, Name(kind), payload)
        return body.signed(KEYS)

    def order(self, signers, contract, action, **arguments):
        listed = [{"name": name, "value": value} for name, value in sorted(arguments.items())]
        return self.signed(
            signers, COMMAND, {"action": action, "arguments": listed, "contract": contract, "instance": None}
        )

    def block(self, *transactions):
        return make_block(self.ledger.tip, MemberId("city3-a"), Seconds(START + 10), transactions)

    def accepts(self, block):
        return self.ledger.process(block.to_bytes(), Seconds(START + 10)).refused is None

    def decide(self, block):
        result = self.ledger.finalize(block.to_bytes())
        self.ledger.commit(result, None)
        self.seen += [one.id for one in block.transactions]
        return [json.loads(receipt) for receipt in result.outcome.receipts]

    def referrals(self):
        """A ledger on which a patient at the county hospital can be referred, and two requests to do so."""
        self.decide(self.block(self.signed(("city3-a", "city3-b", "city3-c"), DEPLOY, {"modules": library(
            ("alliance", "visit", "referral", "stepdown"))})))  # fmt: skip
        both = ("county2", "patient-7f3a")
        visit = {"holder": "county2", "patient": "patient-7f3a"}
        self.decide(self.block(self.order(both, "Visit", "open", number="V-1", **visit)))
        self.decide(self.block(self.order(both, "Visit", "open", number="V-2", **visit)))
        return [self.order(both, "Referral", "request", visit=number, receiver=to, **ASKED)
                for number, to in ((0, "city3-a"), (1, "city3-b"))]  # fmt: skip


def no_patient_is_referred_twice(kind):
    """INV-S9.1, within one block."""
    chain = Chain(kind)
    receipts = chain.decide(chain.block(*chain.referrals()))
    assert [receipt["status"] for receipt in receipts if receipt["kind"] == "command"] == ["applied", "refused"]


def no_transaction_is_executed_twice(kind):
    """INV-S4.1: a block with a transaction of an earlier one is not accepted."""
    chain = Chain(kind)
    first = chain.order(("county2",), "Nothing", "begin")
    chain.decide(chain.block(first))
    again = chain.block(first)
    assert not chain.accepts(again)


def no_header_claims_another_state(kind):
    """INV-S5: a block whose header has another state root is not accepted."""
    chain = Chain(kind)
    honest = chain.block()
    lying = Block(evolve(honest.header, state_root=Digest(b"\1" * 32)), ())
    assert chain.accepts(honest)
    assert not chain.accepts(lying)


LAWS = {
    "D06": no_transaction_is_executed_twice,
    "D07": no_patient_is_referred_twice,
    "D10": no_header_claims_another_state,
}


@pytest.mark.clause("DAT-110", "DAT-099", "DAT-092", "INV-S4", "INV-S9")
@pytest.mark.parametrize("law", LAWS.values())
def test_the_right_ledger_keeps_every_law(law):
    law(Ledger)


@pytest.mark.parametrize("name", [name for name, entry in ZOO.items() if entry.of == "ledger"])
def test_a_planted_bug_of_the_ledger_breaks_its_law_and_no_other(name):
    for of, law in LAWS.items():
        if of == name:
            with pytest.raises(AssertionError):
                law(ZOO[name].make)
        else:
            law(ZOO[name].make)
