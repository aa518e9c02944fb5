"""The application that consensus drives, in the shape of ABCI 2.0: info, check, prepare, process, finalize, commit,
query, snapshot.

Why this shape: the same ledger runs under the engines of this project and under another network's, and must come to the
same state. An engine never sees a transaction; this never sees a round. Prepare and process look at a copy; finalize
changes nothing that lasts; commit is the one step that does, in one piece.

It must not know any engine, nor the disk: what is to be written comes back as a list of writes.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import define, evolve, field, frozen

from refimpl.application.admission import MEMBERS, Rules, members_in
from refimpl.contract.draft import Draft
from refimpl.crypto.recipes import Verifier
from refimpl.data.block import Block, Genesis, Tip, check_block, check_drift, check_transactions, make_block, read_block
from refimpl.data.certificate import Certificate
from refimpl.data.encoding import decode, encode
from refimpl.data.ids import Digest, Height, MemberId, PublicKey, Seconds
from refimpl.data.limits import BLOCK_BYTES, BLOCK_TRANSACTIONS, POOL_TRANSACTIONS
from refimpl.data.refusal import Code, Refused
from refimpl.data.state_map import EMPTY, MapProof, StateMap
from refimpl.data.transaction import MEMBERSHIP, Transaction, check_transaction, read_transaction
from refimpl.node import keys
from refimpl.node.execution import Outcome, execute, next_nonce, open_genesis
from refimpl.node.ports import Write

__all__ = ["Ledger", "Opinion", "Result"]

_NEVER = -1
"""A nonce that no transaction has."""


@frozen
class Opinion:
    """What process thinks of a proposed block. `refused` is None where it is acceptable."""

    refused: Refused | None
    timely: bool
    closes: bool = False
    """Whether it changes the members, so that others decide what comes after it (CON-090)."""


@frozen
class Result:
    """What finalize gave, for commit to make last."""

    block: Block
    outcome: Outcome
    tip: Tip


@define
class Ledger:
    """One channel's chain and state, and the transactions that wait. `genesis` must have been checked."""

    genesis: Genesis
    verify: Verifier
    tip: Tip
    state: StateMap
    pool: dict[Digest, Transaction] = field(factory=dict)
    waits: bool = False
    """Whether this is a branch on which a change of the members is not decided."""
    _accepted: tuple[Block | None, Tip | None] = field(default=(None, None), init=False)
    """The block that was last found acceptable, and on which tip: it is not judged again when it is decided."""
    _branches: dict[Digest, "Ledger"] = field(factory=dict, init=False)
    """Block that is not decided -> this ledger as it would be after it."""

    @classmethod
    def open(cls, genesis: Genesis, verify: Verifier) -> tuple["Ledger", list[Write]]:
        """A new ledger, and the writes that make it last."""
        state, written = open_genesis(genesis)
        tip = Tip.of_genesis(genesis, state.root)
        writes: list[Write] = [(keys.GENESIS, genesis.to_bytes())]
        writes += _state_writes(written)
        return cls(genesis, verify, tip, state), [*writes, (keys.TIP, _tip_bytes(tip))]

    @classmethod
    def load(cls, disk: Mapping[str, bytes], verify: Verifier) -> "Ledger":
        """The ledger that these keys of a store hold; `store.corrupt` if they do not fit together."""
        genesis = Genesis.from_bytes(_stored(disk, keys.GENESIS))
        prefix = keys.STATE
        rows = {bytes.fromhex(key[len(prefix) :]): value for key, value in disk.items() if key.startswith(prefix)}
        state = EMPTY.updated(rows)
        tip = _read_tip(_stored(disk, keys.TIP), genesis)
        if tip.state_root != state.root:
            raise Refused(Code.STORE_CORRUPT, what=keys.STATE, expected=tip.state_root.hex(), got=state.root.hex())
        return cls(genesis, verify, _with_members(tip, state), state)

    def info(self) -> tuple[Height, Digest]:
        """The last committed height and the state root after it."""
        return self.tip.height, self.tip.state_root

    def check(self, data: bytes) -> Transaction:
        """A transaction as it may wait here; raises `wire.*`, `tx.*` (DAT-060 .. DAT-070). Changes nothing."""
        transaction = read_transaction(data)
        self._check(transaction)
        expected = next_nonce(Draft(self.state), transaction.sender)
        if transaction.nonce < expected:
            raise Refused(Code.TX_NONCE_USED, "/body/nonce", expected=expected, got=transaction.nonce)
        if len(self.pool) >= POOL_TRANSACTIONS:
            raise Refused(Code.TX_POOL_FULL, max=POOL_TRANSACTIONS)
        return transaction

    def admit(self, transaction: Transaction) -> bool:
        """Put a checked transaction among those that wait; False if it waits already."""
        if transaction.id in self.pool:
            return False
        self.pool[transaction.id] = transaction
        return True

    def prepare(self, proposer: MemberId, now: Seconds) -> Block:
        """The block this node would propose: what waits and fits, each sender's transactions in order."""
        return make_block(self.tip, proposer, now, () if self.waits else tuple(self._that_fit()))

    def process(self, data: bytes, now: Seconds) -> Opinion:
        """What this node thinks of a proposed block (DAT-085 .. DAT-099)."""
        try:
            block = self._judged(data)
        except Refused as refused:
            return Opinion(refused, timely=False)
        closes = self._closes(block)
        try:
            check_drift(block.header.time, now)
        except Refused:
            return Opinion(None, timely=False, closes=closes)
        return Opinion(None, timely=True, closes=closes)

    def beyond(self, ancestors: Iterable[bytes]) -> "Ledger":
        """This ledger as it would be after these blocks, in order; raises as `finalize` does. Changes nothing.

        The pool is shared: what waits is judged by the nonces of the branch.
        """
        ledger = self
        for data in ancestors:
            block = read_block(data)
            if block.id not in self._branches:
                self._branches[block.id] = ledger._grown(ledger.finalize(data))
            ledger = self._branches[block.id]
        return ledger

    def _grown(self, result: Result) -> "Ledger":
        """This ledger after a block that is not decided. Behind one that changes the members it waits (CON-090): what
        stands there is of the members before, and empty."""
        waits = self.waits or (self.rules.renews and MEMBERS in result.outcome.writes)
        tip = evolve(result.tip, members=self.tip.members, since=self.tip.since) if waits else result.tip
        return evolve(self, tip=tip, state=result.outcome.state, waits=waits)

    def _closes(self, block: Block) -> bool:
        """Whether an acceptable block changes the members; only one with such a transaction is executed to see."""
        if not self.rules.renews or all(one.kind != MEMBERSHIP for one in block.transactions):
            return False
        return MEMBERS in self.carry_out(block).writes

    @property
    def rules(self) -> Rules:
        """By what rules the members change."""
        return Rules.of(self.genesis)

    def finalize(self, data: bytes) -> Result:
        """Execute a decided block; raises `Refused` if it is not valid here, which a correct quorum excludes."""
        block = self._judged(data)
        outcome = self.carry_out(block)
        tip = self.tip.after(block, outcome.state.root, outcome.receipts_root)
        if MEMBERS in outcome.writes:
            tip = _with_members(tip, outcome.state)
        return Result(block, outcome, tip)

    def commit(self, result: Result, certificate: Certificate | None, proof: bytes | None = None) -> list[Write]:
        """Take the result as the state, drop what no longer waits, and say what to write, all of it or nothing.

        `proof` is the message of the block's maker, where there are no votes (DAT-122).
        """
        block, height = result.block, result.block.header.height
        self.tip, self.state = result.tip, result.outcome.state
        self._branches = {name: one for name, one in self._branches.items() if one.tip.height > height}
        draft = Draft(self.state)
        for transaction in block.transactions:
            self.pool.pop(transaction.id, None)
        stale = [tx.id for tx in self.pool.values() if tx.nonce < next_nonce(draft, tx.sender)]
        if MEMBERS in result.outcome.writes:
            self._branches = {}  # what stands on the change was of the members before (CON-090)
            stale += [tx.id for tx in self.pool.values() if tx.id not in stale and not self._still_holds(tx)]
        for identifier in stale:
            del self.pool[identifier]
        writes: list[Write] = [(keys.block(height), block.header.to_bytes())]
        writes += [(keys.transaction(height, i), tx.to_bytes()) for i, tx in enumerate(block.transactions)]
        writes += [(keys.receipt(height, i), data) for i, data in enumerate(result.outcome.receipts)]
        if certificate is not None:
            writes.append((keys.certificate(height), certificate.to_bytes()))
        if proof is not None:
            writes.append((keys.proof(height), proof))
        writes += _state_writes(result.outcome.writes)
        return [*writes, (keys.TIP, _tip_bytes(self.tip))]

    def query(self, key: bytes) -> tuple[bytes | None, MapProof]:
        """What the state holds under a key, or None, with the proof against the tip (DAT-046 .. DAT-048)."""
        return self.state.get(key), self.state.prove(key)

    def snapshot(self) -> list[Write]:
        """Genesis, state and tip, from which `load` makes this ledger again without its blocks (DAT-121)."""
        entries = [(keys.state(key), value) for key, value in self.state.items()]
        return [(keys.GENESIS, self.genesis.to_bytes()), *entries, (keys.TIP, self.tip_bytes())]

    def tip_bytes(self) -> bytes:
        """The tip as it is stored."""
        return _tip_bytes(self.tip)

    def has_ready(self) -> bool:
        """Whether something waits that may stand in the next block (NOD-062)."""
        return next(iter(self._that_fit()), None) is not None

    def next_deadline(self) -> Seconds | None:
        """The earliest second at which time itself acts on some instance."""
        for key in Draft(self.state).keys(b"timer/"):
            return Seconds(int(key.split(b"/")[1]))
        return None

    # --- inside ---

    def _key_of(self, member: MemberId) -> PublicKey | None:
        found = self.tip.members.get(member)
        return None if found is None else found.public

    def _check(self, transaction: Transaction) -> None:
        check_transaction(transaction, self.tip.channel, self.tip.suite, self._key_of, self.verify)

    def _still_holds(self, transaction: Transaction) -> bool:
        """Whether a transaction that waits is one of the members in force now (DAT-079)."""
        try:
            self._check(transaction)
        except Refused:
            return False
        return True

    def _judged(self, data: bytes) -> Block:
        """The block in `data`, which may stand on the tip; else raises what is wrong (DAT-085 .. DAT-095, DAT-099)."""
        block = read_block(data)
        accepted, on = self._accepted
        if accepted is not block or on is not self.tip:  # the same objects: equal values may have unequal bytes
            self.stands(block)
            self.may_be_executed(block)
            self._accepted = (block, self.tip)
        return block

    def stands(self, block: Block) -> None:
        """Raise unless the block continues the tip (DAT-085 .. DAT-095)."""
        check_block(block, self.tip)
        if self.waits and block.transactions:
            size, expected = len(block.transactions), "no transaction before the change of the members is decided"
            raise Refused(Code.BLOCK_WRONG_MEMBERSHIP, "/header/size", expected=expected, got=size)

    def may_be_executed(self, block: Block) -> None:
        """Raise unless every transaction is signed and takes its sender's next nonce in this state (DAT-099)."""
        draft = Draft(self.state)
        check_transactions(block, self._key_of, lambda sender: next_nonce(draft, sender), self.verify)

    def carry_out(self, block: Block) -> Outcome:
        """What executing the block gives, each transaction on what the one before it left (DAT-110)."""
        return execute(self.state, block, self.tip.members, self.rules)

    def _that_fit(self) -> Iterable[Transaction]:
        """What waits, in order of sender and nonce without gaps, up to the limits of a block."""
        draft, room, count = Draft(self.state), BLOCK_BYTES - 4096, 0
        waiting = sorted(self.pool.values(), key=lambda tx: (tx.sender, tx.nonce, tx.id))
        expected: dict[MemberId, int] = {}
        for transaction in waiting:
            due = expected.get(transaction.sender)
            if due is None:
                due = next_nonce(draft, transaction.sender)
            if transaction.nonce != due:
                continue
            size = len(transaction.to_bytes()) + 1
            if size > room or count == BLOCK_TRANSACTIONS:
                expected[transaction.sender] = _NEVER  # those behind it wait on, its equals in nonce included
                continue
            expected[transaction.sender] = due + 1
            room, count = room - size, count + 1
            yield transaction


def _state_writes(written: Mapping[bytes, bytes | None]) -> list[Write]:
    return [(keys.state(key), value) for key, value in sorted(written.items())]


def _with_members(tip: Tip, state: StateMap) -> Tip:
    """The tip with the members that the state names, if it names any (DAT-076)."""
    found = members_in(Draft(state))
    return tip if found is None else evolve(tip, members=found[0], since=found[1])


def _stored(disk: Mapping[str, bytes], key: str) -> bytes:
    if key not in disk:
        raise Refused(Code.STORE_CORRUPT, what=key, expected="a value", got="nothing")
    return disk[key]


def _tip_bytes(tip: Tip) -> bytes:
    """The tip as it is stored; channel and suite are the genesis's, members its own or the state's (DAT-076)."""
    return encode({
        "block": tip.block.hex(), "height": tip.height, "receipts_root": tip.receipts_root.hex(),
        "state_root": tip.state_root.hex(), "time": tip.time,
    })  # fmt: skip


def _read_tip(data: bytes, genesis: Genesis) -> Tip:
    """The stored tip; `store.corrupt` if it is none."""
    try:
        fields: Any = decode(data, BLOCK_BYTES)
        start = Tip.of_genesis(genesis, EMPTY.root)
        return evolve(
            start,
            height=Height(fields["height"]),
            block=Digest(bytes.fromhex(fields["block"])),
            time=Seconds(fields["time"]),
            state_root=Digest(bytes.fromhex(fields["state_root"])),
            receipts_root=Digest(bytes.fromhex(fields["receipts_root"])),
        )
    except (Refused, KeyError, TypeError, ValueError):
        raise Refused(Code.STORE_CORRUPT, what=keys.TIP, expected="a tip", got="something else") from None
