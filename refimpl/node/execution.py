"""Execution: what a decided block does to the state, transaction by transaction, and the receipts that say so.

Here contract and application meet: a transaction's kind chooses who carries it out. A block first moves time (deadlines
fire on their own), then carries out each transaction on what the one before it left (DAT-110): never on the state
before the block, or one patient could be referred twice in it.

It must not know consensus: execution never asks how the order came about. Deterministic: a function of the state before
and the block alone.
"""

from typing import Any

from attrs import frozen

from refimpl.application import index
from refimpl.contract import directory, orders, packages
from refimpl.contract.draft import Draft
from refimpl.data import merkle
from refimpl.data.block import Block, Genesis
from refimpl.data.certificate import has_quorum
from refimpl.data.encoding import encode_known
from refimpl.data.ids import Digest, MemberId, Nonce
from refimpl.data.members import Membership
from refimpl.data.refusal import Code, Refused
from refimpl.data.state_map import EMPTY, StateMap
from refimpl.data.transaction import COMMAND, DEPLOY, DIRECTORY, READ, Transaction

__all__ = ["Outcome", "execute", "next_nonce", "open_genesis"]


@frozen
class Outcome:
    """What executing a block gave."""

    state: StateMap
    writes: dict[bytes, bytes | None]
    """State keys written by this block."""
    receipts: tuple[bytes, ...]
    """Canonical receipts: what time did (if anything), then one for each transaction."""
    receipts_root: Digest


def open_genesis(genesis: Genesis) -> tuple[StateMap, dict[bytes, bytes | None]]:
    """The state before block 1: the clock, the directory and the programs the founders agreed on.

    Raises `Refused` as the payloads do, located in the genesis.
    """
    draft = Draft(EMPTY)
    orders.begin(draft, genesis.time)
    for number, payload in enumerate(genesis.directory):
        directory.enrol(draft, packages.NOTHING, payload, f"/directory/{number}")
    return draft.commit(), draft.writes


def execute(state: StateMap, block: Block, members: Membership) -> Outcome:
    """Carry out a block whose transactions have been checked."""
    draft = Draft(state)
    time = block.header.time
    receipts: list[dict[str, Any]] = []
    _let_time_act(draft, time, receipts)
    for transaction in block.transactions:
        if orders.is_overdue(draft, time):
            _let_time_act(draft, time, receipts)
        receipts.append(_carry_out(draft, transaction, members, time))
    encoded = tuple(encode_known(receipt) for receipt in receipts)
    return Outcome(draft.commit(), draft.writes, encoded, merkle.root(encoded))


def _let_time_act(draft: Draft, time: int, receipts: list[dict[str, Any]]) -> None:
    """Advance to the block's time: at its beginning, and again where a transaction has set a clock into the past
    (DAT-110, CTR-S3). What time does belongs to no transaction."""
    elapsed = orders.advance(draft, time)
    if elapsed:
        receipts.append({"events": elapsed, "kind": "time"})


def next_nonce(draft: Draft, sender: MemberId) -> Nonce:
    """How many transactions of this sender were executed."""
    found = draft.read(_nonce_key(sender))
    return Nonce(found if isinstance(found, int) else 0)


def _nonce_key(sender: MemberId) -> bytes:
    return b"nonce/%s" % sender.encode()


def _carry_out(draft: Draft, transaction: Transaction, members: Membership, time: int) -> dict[str, Any]:
    """One transaction: all of it or nothing, but its nonce is used either way, and a denied read is kept (DAT-071)."""
    draft.write(_nonce_key(transaction.sender), transaction.nonce + 1)
    receipt: dict[str, Any] = {"kind": transaction.kind, "tx": transaction.id.hex()}
    draft.mark()
    try:
        if transaction.kind == READ:
            events, denied = index.decide_read(draft, transaction.payload, transaction.signers, time)
        else:
            events, denied = _dispatch(draft, transaction, members, time), None
    except Refused as refused:
        draft.undo()
        return {**receipt, "code": refused.code.value, "status": "refused"}
    if denied is not None:  # CTR-D09: who asked in vain is told of all the same
        return {**receipt, "code": denied.value, "events": events, "status": "refused"}
    return {**receipt, "events": events, "status": "applied"}


def _dispatch(draft: Draft, transaction: Transaction, members: Membership, time: int) -> list[dict[str, Any]]:
    """By kind, of those that are applied whole or not at all; the events it makes."""
    if transaction.kind == COMMAND:
        return orders.command(draft, transaction.payload, transaction.signers)
    if transaction.kind == DEPLOY:
        _must_be_approved(transaction, members)
        return orders.told(packages.deploy(draft, transaction.payload))
    if transaction.kind == DIRECTORY:
        _must_be_approved(transaction, members)
        directory.enrol(draft, packages.program_in(draft), transaction.payload, "/payload")
        return []
    return [index.write_record(draft, transaction.payload, transaction.signers, time)]


def _must_be_approved(transaction: Transaction, members: Membership) -> None:
    """Changing the rules or the directory takes the signatures of more than two thirds of the weight (DAT-072)."""
    found = [members.get(signer) for signer in transaction.signers]
    weight = sum(member.weight for member in found if member is not None)
    if not has_quorum(weight, members.total_weight):
        raise Refused(Code.MEMBER_TOO_FEW_APPROVALS, "/signers", signed=weight, total=members.total_weight)
