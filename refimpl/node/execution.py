"""Execution: what a decided block does to the state, transaction by transaction, and the receipts that say so.

Here contract and application meet: a transaction's kind chooses who carries it out. A block first moves time (deadlines
fire on their own), then carries out each transaction on what the one before it left (DAT-110): never on the state
before the block, or one patient could be referred twice in it.

It must not know consensus: execution never asks how the order came about. Deterministic: a function of the state before
and the block alone.
"""

from typing import Any

from attrs import frozen

from refimpl.application import admission, index
from refimpl.application.admission import Rules, must_be_approved
from refimpl.contract import directory, orders, packages
from refimpl.contract.draft import Draft
from refimpl.data import merkle
from refimpl.data.block import Block, Genesis
from refimpl.data.encoding import encode_known
from refimpl.data.ids import Digest, Height, MemberId, Name, Nonce
from refimpl.data.members import Membership
from refimpl.data.refusal import Refused
from refimpl.data.state_map import EMPTY, StateMap
from refimpl.data.transaction import COMMAND, DEPLOY, DIRECTORY, MEMBERSHIP, READ, Transaction

__all__ = ["Outcome", "execute", "next_nonce", "open_genesis"]


_CLOSED = Rules(Name("tendermint"), is_open=False)


@frozen
class Setting:
    """What a transaction meets beside the state: who is in force, by what rules they change, and when it is."""

    members: Membership
    rules: Rules
    height: Height
    time: int


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


def execute(state: StateMap, block: Block, members: Membership, rules: Rules = _CLOSED) -> Outcome:
    """Carry out a block whose transactions have been checked. `members` are those in force at its height."""
    draft = Draft(state)
    time = block.header.time
    receipts: list[dict[str, Any]] = []
    _let_time_act(draft, time, receipts)
    for transaction in block.transactions:
        if orders.is_overdue(draft, time):
            _let_time_act(draft, time, receipts)
        receipts.append(_carry_out(draft, transaction, Setting(members, rules, block.header.height, time)))
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


def _carry_out(draft: Draft, transaction: Transaction, here: Setting) -> dict[str, Any]:
    """One transaction: all of it or nothing, but its nonce is used either way, and a denied read is kept (DAT-071)."""
    draft.write(_nonce_key(transaction.sender), transaction.nonce + 1)
    receipt: dict[str, Any] = {"kind": transaction.kind, "tx": transaction.id.hex()}
    draft.mark()
    try:
        if transaction.kind == READ:
            events, denied = index.decide_read(draft, transaction.payload, transaction.signers, here.time)
        else:
            events, denied = _dispatch(draft, transaction, here), None
    except Refused as refused:
        draft.undo()
        return {**receipt, "code": refused.code.value, "status": "refused"}
    if denied is not None:  # CTR-D09: who asked in vain is told of all the same
        return {**receipt, "code": denied.value, "events": events, "status": "refused"}
    return {**receipt, "events": events, "status": "applied"}


def _dispatch(draft: Draft, transaction: Transaction, here: Setting) -> list[dict[str, Any]]:
    """By kind, of those that are applied whole or not at all; the events it makes."""
    if transaction.kind == COMMAND:
        return orders.command(draft, transaction.payload, transaction.signers)
    if transaction.kind == MEMBERSHIP:
        return admission.change_members(draft, transaction, here.members, Height(here.height + 1), here.rules)
    if transaction.kind == DEPLOY:
        must_be_approved(transaction.signers, here.members)
        return orders.told(packages.deploy(draft, transaction.payload))
    if transaction.kind == DIRECTORY:
        must_be_approved(transaction.signers, here.members)
        directory.enrol(draft, packages.program_in(draft), transaction.payload, "/payload")
        return []
    return [index.write_record(draft, transaction.payload, transaction.signers, here.time)]
