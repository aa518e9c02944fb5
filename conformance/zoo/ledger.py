"""Planted bugs of the ledger: a wrong ledger where the right one is expected.

Each overrides one rule of `refimpl.node.ledger.Ledger`. They are hunted by laws over blocks, not by plans: what they
get wrong needs no liar. Ids as in the corpus (D: ledger, hashing, state machine).
"""

from attrs import evolve

from conformance.zoo import mutant
from refimpl.data.block import Block, check_block
from refimpl.data.refusal import Code, Refused
from refimpl.node.execution import Outcome, execute
from refimpl.node.ledger import Ledger


@mutant("D06", of="ledger", breaks=("INV-S4.1",), tier="medium")
class NonceOfThePoolOnly(Ledger):
    """The nonce is checked when a transaction is admitted, not against the state the block stands on (classical)."""

    def may_be_executed(self, block: Block) -> None:
        for transaction in block.transactions:
            self._check(transaction)


@mutant("D07", of="ledger", breaks=("INV-S9.1",), tier="medium")
class DoubleReferral(Ledger):
    """Each transaction is carried out on the state before the block, so one patient is referred twice (the domain)."""

    def carry_out(self, block: Block) -> Outcome:
        each = [evolve(block, transactions=(one,)) for one in block.transactions]
        alone = [execute(self.state, one, self.tip.members) for one in each]
        writes = {key: value for outcome in alone for key, value in outcome.writes.items()}
        receipts = tuple(outcome.receipts[-1] for outcome in alone)
        whole = execute(self.state, evolve(block, transactions=()), self.tip.members)
        return evolve(whole, state=self.state.updated(writes), writes=writes, receipts=receipts)


@mutant("D10", of="ledger", breaks=("INV-S5",), tier="medium")
class StateRootNotCompared(Ledger):
    """A follower does not hold the state root of a header against its own (classical)."""

    def stands(self, block: Block) -> None:
        try:
            check_block(block, self.tip)
        except Refused as refused:
            if refused.code is not Code.BLOCK_WRONG_STATE_ROOT:
                raise
