"""Planted bugs of the ledger: a wrong ledger, or a wrong part of one, where the right one is expected.

Each overrides one rule of `refimpl.node.ledger.Ledger`, or stands where a tree, a digest or a vault stands. They are
hunted by laws over blocks, not by plans: what they get wrong needs no liar. Ids as in the corpus (D: ledger, hashing,
state machine; T19 is a rule of the ledger here).
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256

from attrs import evolve

from conformance.zoo import mutant
from refimpl.application.records import RecordId
from refimpl.application.vault import MemoryVault
from refimpl.data import merkle
from refimpl.data.block import Block, check_block
from refimpl.data.encoding import encode
from refimpl.data.ids import Digest, Seconds
from refimpl.data.refusal import Code, Refused
from refimpl.data.transaction import Transaction
from refimpl.node.execution import Outcome, execute
from refimpl.node.ledger import Ledger, Opinion


@mutant("D01", of="ledger", breaks=("INV-S2", "INV-S3"), tier="medium")
class LastLeafTwice:
    """An odd level of the tree doubles its last node, so two lists share a root (CVE-2012-2459)."""

    @staticmethod
    def root(leaves: Sequence[bytes]) -> Digest:
        """The root of these leaves."""
        level = [merkle.leaf_hash(leaf) for leaf in leaves]
        while len(level) > 1:
            level += level[-1:] * (len(level) % 2)
            level = [merkle.node_hash(*pair) for pair in zip(level[::2], level[1::2], strict=True)]
        return level[0]


@mutant("D02", of="ledger", breaks=("INV-S2", "INV-S3"), tier="medium")
class LeavesHashedAsNodes:
    """Leaves and inner nodes are hashed alike, so a leaf of 64 bytes is an inner node (CVE-2017-12842)."""

    @staticmethod
    def root(leaves: Sequence[bytes]) -> Digest:
        """The root of these leaves."""
        if len(leaves) == 1:
            return Digest(sha256(leaves[0]).digest())
        split = 1 << (len(leaves) - 1).bit_length() - 1
        left, right = LeavesHashedAsNodes.root(leaves[:split]), LeavesHashedAsNodes.root(leaves[split:])
        return Digest(sha256(left + right).digest())


@mutant("D03", of="ledger", breaks=("INV-S3", "INV-S4.1"), tier="medium", door=("DAT-001", "DAT-015"))
class AnySpelling(Ledger):
    """Bytes that are not canonical are read all the same, so one transaction has many spellings (classical)."""

    def check(self, data: bytes) -> Transaction:
        return super().check(encode(json.loads(data)))


@mutant("D04", of="ledger", breaks=("INV-S5",), tier="medium")
class OrderOfTheMap:
    """The state is hashed in the order in which a hash table happens to list it (classical)."""

    @staticmethod
    def root(rows: Mapping[bytes, bytes]) -> Digest:
        """The root of a state with these rows."""
        return merkle.root([key + b"=" + value for key, value in set(rows.items())])


@mutant("D06", of="ledger", breaks=("INV-S4.1",), tier="medium")
class NonceOfThePoolOnly(Ledger):
    """The nonce is checked when a transaction is admitted, not against the state the block stands on (classical)."""

    def may_be_executed(self, block: Block) -> None:
        for transaction in block.transactions:
            self._check(transaction)


@mutant("D07", of="ledger", breaks=("INV-S9.1",), tier="medium", door=("DAT-110",))
class DoubleReferral(Ledger):
    """Each transaction is carried out on the state before the block, so one patient is referred twice (the domain)."""

    def carry_out(self, block: Block) -> Outcome:
        if len(block.transactions) < 2:
            return super().carry_out(block)
        each = [evolve(block, transactions=(one,)) for one in block.transactions]
        alone = [execute(self.state, one, self.tip.members) for one in each]
        writes = {key: value for outcome in alone for key, value in outcome.writes.items()}
        receipts = tuple(outcome.receipts[-1] for outcome in alone)
        return Outcome(self.state.updated(writes), writes, receipts, merkle.root(receipts))


@mutant("D10", of="ledger", breaks=("INV-S5",), tier="medium", door=("DAT-092",))
class StateRootNotCompared(Ledger):
    """A follower does not hold the state root of a header against its own (classical)."""

    def stands(self, block: Block) -> None:
        try:
            check_block(block, self.tip)
        except Refused as refused:
            if refused.code is not Code.BLOCK_WRONG_STATE_ROOT:
                raise


@mutant("D08", of="ledger", breaks=("INV-S9.2",), tier="medium")
class JudgedWhenProposed(Ledger):
    """What may be done is judged at the time of the block before, not at that of execution (the domain)."""

    def carry_out(self, block: Block) -> Outcome:
        earlier = evolve(block.header, time=Seconds(self.tip.time))
        return execute(self.state, evolve(block, header=earlier), self.tip.members)


@mutant("D13", of="ledger", breaks=("INV-S5", "INV-S1"), tier="medium", door=("NOD-016",))
class LimitOfOnesOwn(Ledger):
    """A block is held against a limit of this node, not against the chain's (classical)."""

    def stands(self, block: Block) -> None:
        super().stands(block)
        if len(block.transactions) > 2:
            raise Refused(Code.WIRE_TOO_LARGE, "/transactions", max=2, got=len(block.transactions))


@mutant("D16", of="ledger", breaks=("INV-S2",), tier="medium")
class NoTombstone(MemoryVault):
    """Erasure takes the record out as if it had never been, so its name may be given to another (the domain)."""

    def _gone(self, record: RecordId) -> list[tuple[str, bytes | None]]:
        return [(key, None) for key, _ in super()._gone(record)]


@mutant("T19", of="ledger", breaks=("INV-S3",), tier="medium", door=("DAT-096",))
class AnyTime(Ledger):
    """The time of a proposed block is not held against the clock (proposer-based timestamps without bounds)."""

    def process(self, data: bytes, now: Seconds) -> Opinion:
        return evolve(super().process(data, now), timely=True)
