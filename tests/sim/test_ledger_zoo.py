"""The laws of a ledger bite: the right one keeps them, each planted bug breaks its own."""

import json
import subprocess
import sys
from collections import Counter
from importlib.resources import files

import pytest
from attrs import evolve

from conformance.zoo import ZOO, load
from contracts_dsl import ir
from contracts_dsl.check import check
from refimpl.application.records import RecordId, SealedRecord, WrappedKey
from refimpl.application.vault import MemoryVault
from refimpl.crypto.recipes import REHEARSAL, verifier
from refimpl.data import merkle
from refimpl.data.block import Block, make_block
from refimpl.data.ids import Digest, MemberId, Name, Nonce, Seconds
from refimpl.data.refusal import Refused
from refimpl.data.state_map import StateMap
from refimpl.data.transaction import COMMAND, DEPLOY, Transaction
from refimpl.node.ledger import Ledger
from refimpl.node.notary import Remembering
from refimpl.scenarios.cast import ALLIANCE, START
from refimpl.scenarios.package import library
from tests.unit.contract.test_time_in_a_block import CLOCK

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

    def order(self, signers, contract, action, instance=None, **arguments):
        listed = [{"name": name, "value": value} for name, value in sorted(arguments.items())]
        return self.signed(
            signers, COMMAND, {"action": action, "arguments": listed, "contract": contract, "instance": instance}
        )

    def block(self, *transactions, time=10):
        return make_block(self.ledger.tip, MemberId("city3-a"), Seconds(START + time), transactions)

    def opinion(self, block):
        return self.ledger.process(block.to_bytes(), Seconds(START + 10))

    def accepts(self, block):
        return self.opinion(block).refused is None

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


def no_licence_outlives_its_time(kind):
    """INV-S9.2: what has run out by the time of a block cannot be used in it."""
    chain = Chain(kind)
    alliance = files("contracts_dsl").joinpath("library", "alliance.yl").read_bytes()
    modules = check([("alliance.yl", alliance), ("clock.yl", CLOCK)]).modules
    package = {"modules": [ir.to_json(module) for module in modules]}
    chain.decide(chain.block(chain.signed(("city3-a", "city3-b", "city3-c"), DEPLOY, package)))
    chain.decide(chain.block(chain.order(("county2",), "Clock", "begin", owner="county2")))
    chain.decide(chain.block(chain.order(("county2",), "Clock", "move", instance=0, moment=START + 50)))
    (*_, receipt) = chain.decide(chain.block(chain.order(("county2",), "Clock", "act", instance=0), time=100))
    assert receipt["status"] == "refused"


def no_block_within_the_limits_of_the_chain_is_refused(kind):
    """INV-S5: what one node accepts, all do."""
    chain = Chain(kind)
    assert chain.accepts(chain.block(*(chain.order(("county2",), "Nothing", "begin") for _ in range(3))))


def no_block_from_another_time_is_timely(kind):
    """INV-S3: a block that is stamped ten years ahead is voted against."""
    chain = Chain(kind)
    assert chain.opinion(chain.block()).timely
    assert not chain.opinion(chain.block(time=315_360_000)).timely


def no_transaction_has_two_spellings(kind):
    """INV-S3: other bytes for the same contents are refused."""
    chain = Chain(kind)
    data = chain.order(("county2",), "Nothing", "begin").to_bytes()
    assert chain.ledger.check(data)
    for other in (data + b" ", data.replace(b":", b": ", 1), data.replace(b"{", b'{"body":1,', 1)):
        with pytest.raises(Refused):
            chain.ledger.check(other)


def no_two_lists_share_a_root(tree):
    """INV-S2: neither with a last leaf once more, nor with inner nodes in the place of leaves."""
    three = [b"1", b"2", b"3"]
    assert tree.root(three) != tree.root([*three, b"3"])
    leaves = [b"l" * 32, b"r" * 32]
    inner = tree.root(leaves[:1]) + tree.root(leaves[1:])
    assert tree.root([inner]) != tree.root(leaves)


def no_root_depends_on_the_run(digest):
    """INV-S5: two processes with other seeds of hashes come to one root."""
    root = "EMPTY.updated(rows).root" if digest is StateMap else f"{digest.__name__}.root(rows)"
    code = (f"from {digest.__module__} import *\n"
            "rows = {bytes([i]) * 32: bytes([i]) for i in range(1, 21)}\n"
            f"print({root}.hex())")  # fmt: skip
    seen = {subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True,
                           check=True).stdout for seed in "123"}  # fmt: skip
    assert len(seen) == 1


def no_erased_name_is_given_again(kind):
    """INV-S2: the name of an erased record is taken for ever."""
    vault, record, reader = kind(), RecordId(Name("r-1")), MemberId("county2")
    sealed, key = SealedRecord(record, reader, b"nonce", b"body"), WrappedKey(record, reader, b"key")
    vault.put(sealed, key)
    vault.erase(record)
    with pytest.raises(Refused):
        vault.put(sealed, key)


LAWS = {
    "D03": no_transaction_has_two_spellings,
    "D06": no_transaction_is_executed_twice,
    "D07": no_patient_is_referred_twice,
    "D08": no_licence_outlives_its_time,
    "D10": no_header_claims_another_state,
    "D13": no_block_within_the_limits_of_the_chain_is_refused,
    "T19": no_block_from_another_time_is_timely,
}
"""Bug of the ledger -> the law that it breaks."""
PARTS = {
    "D01": (no_two_lists_share_a_root, merkle),
    "D02": (no_two_lists_share_a_root, merkle),
    "D04": (no_root_depends_on_the_run, StateMap),
    "D16": (no_erased_name_is_given_again, MemoryVault),
}
"""Bug of a part of the ledger -> the law that it breaks, and the right part."""


@pytest.mark.clause("DAT-110", "DAT-099", "DAT-092", "INV-S4", "INV-S9")
@pytest.mark.parametrize("law", LAWS.values())
def test_the_right_ledger_keeps_every_law(law):
    law(Ledger)


@pytest.mark.parametrize("name", list(LAWS))
def test_a_planted_bug_of_the_ledger_breaks_its_law_and_no_other(name):
    for of, law in LAWS.items():
        if of == name:
            with pytest.raises((AssertionError, pytest.fail.Exception)):
                law(ZOO[name].make)
        else:
            law(ZOO[name].make)


@pytest.mark.clause("DAT-030", "DAT-040", "INV-S2", "INV-S5")
@pytest.mark.parametrize("name", list(PARTS))
def test_a_planted_part_breaks_its_law_and_the_right_one_keeps_it(name):
    law, right = PARTS[name]
    law(right)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        law(ZOO[name].make)


def test_every_bug_of_the_ledger_has_a_law():
    assert {*LAWS, *PARTS} == {name for name, entry in ZOO.items() if entry.of == "ledger"}
