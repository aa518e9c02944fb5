"""Laws of a ledger and of its parts, by the planted bug that breaks them: over blocks, where plans do not reach.

Why here: `yilian selfcheck` proves on anybody's machine that these laws bite, as the plans do for engines. Each is a
function of a kind of ledger, or of a part, that returns where the law holds and raises `AssertionError` where it does
not. It must not know which bugs are planted: entries name them, `LAWS` and `PARTS` say which law is whose.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from attrs import evolve

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

__all__ = ["CLOCK", "LAWS", "PARTS", "broken", "law_of"]

KEYS, VERIFY = ALLIANCE.keys(), Remembering(verifier(ALLIANCE.suite, REHEARSAL))
ASKED: dict[str, Any] = {
    "origin": "county2",
    "patient": "patient-7f3a",
    "regulator": "hill-hc",
    "upper": "city-hc",
    "evidence": "ab" * 32,
    "fee": 100,
}

CLOCK = b"""
contract Clock version 1;
party owner: Hospital;
data due: time?;
start { owner may begin becomes on; }
state on {
  owner may move(moment: time) then { set due = moment; };
  owner may act;
  wait until due becomes over;
}
state over;
"""
"""A contract that only knows time."""


def require_refusal(act: Callable[..., Any], *given: Any) -> None:
    """Nothing but a refusal may come of it."""
    try:
        act(*given)
    except Refused:
        return
    raise AssertionError(f"{act.__name__} was not refused")


class Chain:
    """One ledger of a kind, fed block by block."""

    def __init__(self, kind: type[Ledger]) -> None:
        self.ledger, _ = kind.open(ALLIANCE.genesis(), VERIFY)
        self.nonces: Counter[MemberId] = Counter()
        self.seen: list[Any] = []

    def signed(self, signers: Sequence[str], kind: str, payload: Any) -> Transaction:
        """A transaction of these, the first of them its sender."""
        sender, *others = map(MemberId, signers)
        self.nonces[sender] += 1
        names = (sender, *sorted(others))
        body = Transaction(ALLIANCE.suite, ALLIANCE.channel, Nonce(self.nonces[sender] - 1), names, Name(kind), payload)
        return body.signed(KEYS)

    def order(
        self, signers: Sequence[str], contract: str, action: str, instance: int | None = None, **arguments: Any
    ) -> Transaction:  # fmt: skip
        """A command."""
        listed = [{"name": name, "value": value} for name, value in sorted(arguments.items())]
        return self.signed(
            signers, COMMAND, {"action": action, "arguments": listed, "contract": contract, "instance": instance}
        )

    def block(self, *transactions: Transaction, time: int = 10) -> Block:
        """The next block."""
        return make_block(self.ledger.tip, MemberId("city3-a"), Seconds(START + time), transactions)

    def opinion(self, block: Block) -> Any:
        """What the ledger says of it."""
        return self.ledger.process(block.to_bytes(), Seconds(START + 10))

    def accepts(self, block: Block) -> bool:
        """Whether it is valid."""
        return self.opinion(block).refused is None

    def decide(self, block: Block) -> list[dict[str, Any]]:
        """Its receipts, once it is decided."""
        result = self.ledger.finalize(block.to_bytes())
        self.ledger.commit(result, None)
        self.seen += [one.id for one in block.transactions]
        return [json.loads(receipt) for receipt in result.outcome.receipts]

    def referrals(self) -> list[Transaction]:
        """A ledger on which a patient at the county hospital can be referred, and two requests to do so."""
        self.decide(self.block(self.signed(("city3-a", "city3-b", "city3-c"), DEPLOY, {"modules": library(
            ("alliance", "visit", "referral", "stepdown"))})))  # fmt: skip
        both = ("county2", "patient-7f3a")
        visit: dict[str, Any] = {"holder": "county2", "patient": "patient-7f3a"}
        self.decide(self.block(self.order(both, "Visit", "open", number="V-1", **visit)))
        self.decide(self.block(self.order(both, "Visit", "open", number="V-2", **visit)))
        return [self.order(both, "Referral", "request", visit=number, receiver=to, **ASKED)
                for number, to in ((0, "city3-a"), (1, "city3-b"))]  # fmt: skip


def no_patient_is_referred_twice(kind: Any) -> None:
    """INV-S9.1, within one block."""
    chain = Chain(kind)
    receipts = chain.decide(chain.block(*chain.referrals()))
    assert [receipt["status"] for receipt in receipts if receipt["kind"] == "command"] == ["applied", "refused"]


def no_transaction_is_executed_twice(kind: Any) -> None:
    """INV-S4.1: a block with a transaction of an earlier one is not accepted."""
    chain = Chain(kind)
    first = chain.order(("county2",), "Nothing", "begin")
    chain.decide(chain.block(first))
    again = chain.block(first)
    assert not chain.accepts(again)


def no_header_claims_another_state(kind: Any) -> None:
    """INV-S5: a block whose header has another state root is not accepted."""
    chain = Chain(kind)
    honest = chain.block()
    lying = Block(evolve(honest.header, state_root=Digest(b"\1" * 32)), ())
    assert chain.accepts(honest)
    assert not chain.accepts(lying)


def no_licence_outlives_its_time(kind: Any) -> None:
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


def no_block_within_the_limits_of_the_chain_is_refused(kind: Any) -> None:
    """INV-S5: what one node accepts, all do."""
    chain = Chain(kind)
    assert chain.accepts(chain.block(*(chain.order(("county2",), "Nothing", "begin") for _ in range(3))))


def no_block_from_another_time_is_timely(kind: Any) -> None:
    """INV-S3: a block that is stamped ten years ahead is voted against."""
    chain = Chain(kind)
    assert chain.opinion(chain.block()).timely
    assert not chain.opinion(chain.block(time=315_360_000)).timely


def no_transaction_has_two_spellings(kind: Any) -> None:
    """INV-S3: other bytes for the same contents are refused."""
    chain = Chain(kind)
    data = chain.order(("county2",), "Nothing", "begin").to_bytes()
    assert chain.ledger.check(data)
    for other in (data + b" ", data.replace(b":", b": ", 1), data.replace(b"{", b'{"body":1,', 1)):
        require_refusal(chain.ledger.check, other)


def no_two_lists_share_a_root(tree: Any) -> None:
    """INV-S2: neither with a last leaf once more, nor with inner nodes in the place of leaves."""
    three = [b"1", b"2", b"3"]
    assert tree.root(three) != tree.root([*three, b"3"])
    leaves = [b"l" * 32, b"r" * 32]
    inner = tree.root(leaves[:1]) + tree.root(leaves[1:])
    assert tree.root([inner]) != tree.root(leaves)


def no_root_depends_on_the_run(digest: Any) -> None:
    """INV-S5: two processes with other seeds of hashes come to one root."""
    root = "EMPTY.updated(rows).root" if digest is StateMap else f"{digest.__name__}.root(rows)"
    code = (f"from {digest.__module__} import *\n"
            "rows = {bytes([i]) * 32: bytes([i]) for i in range(1, 21)}\n"
            f"print({root}.hex())")  # fmt: skip
    seen = {subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True,
                           check=True).stdout for seed in "123"}  # fmt: skip
    assert len(seen) == 1


def no_erased_name_is_given_again(kind: Any) -> None:
    """INV-S2: the name of an erased record is taken for ever."""
    vault, record, reader = kind(), RecordId(Name("r-1")), MemberId("county2")
    sealed, key = SealedRecord(record, reader, b"nonce", b"body"), WrappedKey(record, reader, b"key")
    vault.put(sealed, key)
    vault.erase(record)
    require_refusal(vault.put, sealed, key)


LAWS: Mapping[str, Callable[[Any], None]] = {
    "D03": no_transaction_has_two_spellings,
    "D06": no_transaction_is_executed_twice,
    "D07": no_patient_is_referred_twice,
    "D08": no_licence_outlives_its_time,
    "D10": no_header_claims_another_state,
    "D13": no_block_within_the_limits_of_the_chain_is_refused,
    "T19": no_block_from_another_time_is_timely,
}
"""Bug of the ledger -> the law that it breaks."""
PARTS: Mapping[str, tuple[Callable[[Any], None], Any]] = {
    "D01": (no_two_lists_share_a_root, merkle),
    "D02": (no_two_lists_share_a_root, merkle),
    "D04": (no_root_depends_on_the_run, StateMap),
    "D16": (no_erased_name_is_given_again, MemoryVault),
}
"""Bug of a part of the ledger -> the law that it breaks, and the right part."""


def law_of(name: str) -> tuple[Callable[[Any], None], Any]:
    """The law that a planted bug breaks, and the right ledger or part."""
    return PARTS[name] if name in PARTS else (LAWS[name], Ledger)


def broken(name: str, made: Any) -> bool:
    """Whether the law of a planted bug holds for the right part and not for `made`."""
    law, right = law_of(name)
    law(right)
    try:
        law(made)
    except AssertionError:
        return True
    return False
