"""Blocks: a header that binds a list of transactions to its place in the chain, and the genesis from which the chain
starts.

A header carries the result of executing the *previous* block (state root, receipts root): the result of its own is
not known before it is ordered. It carries the number of transactions beside their root, so that a proof of inclusion
needs the header alone. What can be judged without executing is judged here; who was to propose, and whether a block
is agreed upon, is not.
"""

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any, Final

from attrs import evolve, frozen

from refimpl.crypto.recipes import PRODUCTION, SIGNATURE_BYTES, Verifier, digest
from refimpl.data import merkle, shape
from refimpl.data.encoding import Value, decode, encode, encode_known
from refimpl.data.ids import (
    ChannelId,
    Digest,
    Height,
    MemberId,
    Name,
    Nonce,
    PublicKey,
    Seconds,
    Suite,
    channel_id,
    digest_of_hex,
    height,
    member_id,
    name,
    seconds,
    suite,
)
from refimpl.data.limits import (
    BLOCK_BYTES,
    BLOCK_DRIFT_AHEAD_SECONDS,
    BLOCK_DRIFT_BEHIND_SECONDS,
    BLOCK_TRANSACTIONS,
)
from refimpl.data.members import Membership, Role
from refimpl.data.refusal import Code, Refused
from refimpl.data.transaction import Transaction, check_nonce, check_transaction, read_transaction

__all__ = [
    "Block",
    "Genesis",
    "Header",
    "Tip",
    "check_block",
    "check_drift",
    "check_transactions",
    "make_block",
    "read_block",
]

_BLOCK_TAG: Final = "yilian/block/v1"
_GENESIS_TAG: Final = "yilian/genesis/v1"
_GENESIS_FIELDS: Final = ("channel", "directory", "engine", "members", "parameters", "suite", "time")


@frozen
class Genesis:
    """Block 0: what the founders agree on before there is a ledger (DAT-080)."""

    channel: ChannelId
    suite: Suite
    time: Seconds
    engine: Name
    """The consensus profile, for example `tendermint` or `solo`."""
    members: Membership
    parameters: Value
    """Parameters of engine and application: an object, the same for every node."""
    directory: Value = ()
    """Payloads of kind `directory`, carried out before the first block: a list."""

    def to_bytes(self) -> bytes:
        """The canonical bytes."""
        return encode(
            {
                "channel": self.channel,
                "directory": list(self.directory),
                "engine": self.engine,
                "members": self.members.to_value(),
                "parameters": self.parameters,
                "suite": self.suite.value,
                "time": self.time,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Genesis":
        """The genesis in `data`, or `wire.too_large`, `wire.not_canonical`, `wire.bad_field`."""
        fields = shape.record(decode(data, BLOCK_BYTES), "", _GENESIS_FIELDS)
        if not isinstance(fields["parameters"], dict):
            raise Refused(Code.WIRE_BAD_FIELD, "/parameters", expected="object", got="another value")
        return cls(
            channel_id(fields["channel"], "/channel"),
            suite(fields["suite"], "/suite"),
            seconds(fields["time"], "/time"),
            name(fields["engine"], "/engine"),
            Membership.from_value(fields["members"], "/members"),
            fields["parameters"],
            tuple(shape.items(fields["directory"], "/directory", BLOCK_BYTES)),
        )

    def check(self, permitted: tuple[Suite, ...] = PRODUCTION) -> None:
        """Return if a ledger may start from this; else `block.bad_genesis` for a suite that is not `permitted`
        (DAT-024),
        or `member.*` as in `Membership.check` (DAT-081)."""
        if self.suite not in permitted or self.suite not in SIGNATURE_BYTES:
            allowed = ", ".join(permitted)
            raise Refused(Code.BLOCK_BAD_GENESIS, "/suite", expected=f"one of {allowed}", got=self.suite.value)
        self.members.check(self.suite, "/members")

    @cached_property
    def id(self) -> Digest:
        """The digest of the bytes: the `previous` of block 1."""
        return digest(_GENESIS_TAG, self.to_bytes())


@frozen
class Header:
    """The head of a block; its digest is the block's id (DAT-082, DAT-083)."""

    channel: ChannelId
    suite: Suite
    height: Height
    previous: Digest
    """Id of the block before, of the genesis for block 1."""
    time: Seconds
    """When the proposer says it is; never less than the block before."""
    proposer: MemberId
    membership: Digest
    """Digest of the members in force at this height."""
    state_root: Digest
    """Root of the state map after the block before."""
    receipts_root: Digest
    """Merkle root of the receipts of the block before."""
    transactions_root: Digest
    """Merkle root (RFC 9162) over the bytes of the transactions."""
    size: int
    """How many transactions there are."""

    def to_value(self) -> dict[str, Any]:
        """The canonical value (DAT-082)."""
        return {
            "channel": self.channel,
            "height": self.height,
            "membership": self.membership.hex(),
            "previous": self.previous.hex(),
            "proposer": self.proposer,
            "receipts_root": self.receipts_root.hex(),
            "size": self.size,
            "state_root": self.state_root.hex(),
            "suite": self.suite.value,
            "time": self.time,
            "transactions_root": self.transactions_root.hex(),
        }

    def to_bytes(self) -> bytes:
        """The canonical bytes."""
        return encode_known(self.to_value())

    @classmethod
    def from_bytes(cls, data: bytes) -> "Header":
        """The header in `data`, or `wire.too_large`, `wire.not_canonical`, `wire.bad_field`."""
        return cls.from_value(decode(data, BLOCK_BYTES))

    @classmethod
    def from_value(cls, value: object, at: str = "") -> "Header":
        """The header that `value` writes, or `wire.bad_field`."""
        fields = shape.record(value, at, _HEADER_FIELDS)
        return cls(
            channel_id(fields["channel"], f"{at}/channel"),
            suite(fields["suite"], f"{at}/suite"),
            height(fields["height"], f"{at}/height"),
            digest_of_hex(fields["previous"], f"{at}/previous"),
            seconds(fields["time"], f"{at}/time"),
            member_id(fields["proposer"], f"{at}/proposer"),
            digest_of_hex(fields["membership"], f"{at}/membership"),
            digest_of_hex(fields["state_root"], f"{at}/state_root"),
            digest_of_hex(fields["receipts_root"], f"{at}/receipts_root"),
            digest_of_hex(fields["transactions_root"], f"{at}/transactions_root"),
            shape.integer(fields["size"], f"{at}/size", 0, BLOCK_TRANSACTIONS),
        )

    @cached_property
    def id(self) -> Digest:
        """The digest of the header: the name of the block, and what votes are about (DAT-083)."""
        return digest(_BLOCK_TAG, self.to_bytes())


_HEADER_FIELDS: Final = (
    "channel",
    "height",
    "membership",
    "previous",
    "proposer",
    "receipts_root",
    "size",
    "state_root",
    "suite",
    "time",
    "transactions_root",
)


@frozen
class Block:
    """A header and its transactions."""

    header: Header
    transactions: tuple[Transaction, ...]

    @property
    def id(self) -> Digest:
        """The digest of the header."""
        return self.header.id

    @cached_property
    def leaves(self) -> tuple[bytes, ...]:
        """The canonical bytes of each transaction."""
        return tuple(transaction.to_bytes() for transaction in self.transactions)

    @cached_property
    def root(self) -> Digest:
        """The Merkle root over the transactions that are here, whatever the header says."""
        return merkle.root(self.leaves)

    def to_bytes(self) -> bytes:
        """The canonical bytes: transactions stand in them as values, not as text (DAT-084)."""
        return b'{"header":%b,"transactions":[%b]}' % (self.header.to_bytes(), b",".join(self.leaves))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Block":
        """The block in `data`, or `wire.too_large`, `wire.not_canonical`, `wire.bad_field` (DAT-084)."""
        fields = shape.record(decode(data, BLOCK_BYTES), "", ("header", "transactions"))
        listed = shape.items(fields["transactions"], "/transactions", BLOCK_TRANSACTIONS)
        header = Header.from_value(fields["header"], "/header")
        return cls(header, tuple(_listed(encode_known(one), number) for number, one in enumerate(listed)))


def _listed(data: bytes, number: int) -> Transaction:
    """A transaction of a block, which was probably met before."""
    try:
        return read_transaction(data)
    except Refused as refused:
        raise refused.under(f"/transactions/{number}") from None


@lru_cache(maxsize=8)
def read_block(data: bytes) -> Block:
    """As `Block.from_bytes`, remembering the last ones: engine, verdict and execution each ask for the same block."""
    return Block.from_bytes(data)


_FIRST: Final = Height(1)


@frozen
class Tip:
    """What a block must continue: the block before, and the result of executing it."""

    channel: ChannelId
    suite: Suite
    height: Height
    block: Digest
    time: Seconds
    state_root: Digest
    receipts_root: Digest
    members: Membership
    """The members in force at the height after this one."""
    since: Height = _FIRST
    """The first height at which they are in force."""

    @classmethod
    def of_genesis(cls, genesis: Genesis, state_root: Digest) -> "Tip":
        """The tip before block 1; `state_root` is what carrying out the genesis gave."""
        return cls(
            genesis.channel,
            genesis.suite,
            Height(0),
            genesis.id,
            genesis.time,
            state_root,
            merkle.EMPTY_ROOT,
            genesis.members,
        )

    def after(self, block: Block, state_root: Digest, receipts_root: Digest) -> "Tip":
        """The tip once `block` is decided and executed with these results, with the same members."""
        header = block.header
        return evolve(
            self, height=header.height, block=block.id, time=header.time, state_root=state_root,
            receipts_root=receipts_root,
        )  # fmt: skip


def make_block(tip: Tip, proposer: MemberId, now: Seconds, transactions: tuple[Transaction, ...]) -> Block:
    """The lawful block of `transactions` on `tip`; its time is `now`, or the tip's if that is later (DAT-097)."""
    header = Header(
        tip.channel,
        tip.suite,
        Height(tip.height + 1),
        tip.block,
        max(now, tip.time),
        proposer,
        tip.members.digest,
        tip.state_root,
        tip.receipts_root,
        merkle.root([transaction.to_bytes() for transaction in transactions]),
        len(transactions),
    )
    return Block(header, transactions)


def check_block(block: Block, tip: Tip) -> None:
    """Return if `block` may stand on `tip`, as far as that shows without executing or verifying a transaction.

    Otherwise the first of `block.*` that applies, in the order of the list (DAT-085 .. DAT-095). Sizes of
    transactions are refused as `wire.too_large`.
    """
    encoded = block.leaves
    for number, transaction in enumerate(block.transactions):
        transaction.check_size(len(encoded[number]), f"/transactions/{number}")
    header = block.header
    expected: tuple[tuple[Code, str, object, object], ...] = (
        (Code.BLOCK_WRONG_CHANNEL, "channel", tip.channel, header.channel),
        (Code.BLOCK_WRONG_SUITE, "suite", tip.suite.value, header.suite.value),
        (Code.BLOCK_WRONG_HEIGHT, "height", tip.height + 1, header.height),
        (Code.BLOCK_WRONG_PREVIOUS, "previous", tip.block.hex(), header.previous.hex()),
    )
    _compare(expected)
    if header.time < tip.time:
        raise Refused(Code.BLOCK_TIME_BACKWARDS, "/header/time", now=tip.time, t=header.time)
    _compare(((Code.BLOCK_WRONG_MEMBERSHIP, "membership", tip.members.digest.hex(), header.membership.hex()),))
    proposer = tip.members.get(header.proposer)
    if proposer is None or proposer.role is not Role.VALIDATOR:
        raise Refused(Code.BLOCK_WRONG_PROPOSER, "/header/proposer", expected="a validator", got=header.proposer)
    _compare(
        (
            (Code.BLOCK_WRONG_STATE_ROOT, "state_root", tip.state_root.hex(), header.state_root.hex()),
            (Code.BLOCK_WRONG_RECEIPTS_ROOT, "receipts_root", tip.receipts_root.hex(), header.receipts_root.hex()),
            (Code.BLOCK_WRONG_TRANSACTIONS_ROOT, "size", len(encoded), header.size),
            (
                Code.BLOCK_WRONG_TRANSACTIONS_ROOT,
                "transactions_root",
                block.root.hex(),
                header.transactions_root.hex(),
            ),
        )
    )
    first: dict[Digest, int] = {}
    for number, transaction in enumerate(block.transactions):
        if first.setdefault(transaction.id, number) != number:
            raise Refused(
                Code.BLOCK_DUPLICATE_TRANSACTION,
                f"/transactions/{number}",
                first=first[transaction.id],
                second=number,
            )


def _compare(facts: tuple[tuple[Code, str, object, object], ...]) -> None:
    """Refuse with the first of (code, field of the header, expected, found) that differ."""
    for code, field, expected, found in facts:
        if expected != found:
            raise Refused(code, f"/header/{field}", expected=expected, got=found)


def check_transactions(
    block: Block,
    key_of: Callable[[MemberId], PublicKey | None],
    next_nonce: Callable[[MemberId], Nonce],
    verify: Verifier,
) -> None:
    """Return if every transaction may stand in the block, by `check_transaction` and `check_nonce`; else
    `block.bad_transaction` with the number and the code of the first that may not (DAT-099).

    `key_of` and `next_nonce` tell of the state before the block; nonces taken within the block are counted here.
    """
    expected: dict[MemberId, Nonce] = {}
    for number, transaction in enumerate(block.transactions):
        sender = transaction.sender
        try:
            check_transaction(transaction, block.header.channel, block.header.suite, key_of, verify)
            if sender not in expected:
                expected[sender] = next_nonce(sender)
            check_nonce(transaction.nonce, expected[sender])
        except Refused as cause:
            at = f"/transactions/{number}{cause.at}"
            raise Refused(Code.BLOCK_BAD_TRANSACTION, at, number=number, cause=cause.code.value) from None
        expected[sender] = Nonce(transaction.nonce + 1)


def check_drift(time: Seconds, now: Seconds) -> None:
    """Return if a fresh proposal's `time` agrees well enough with this node's clock `now`, else `block.time_drift`.

    Only for a proposal that carries no votes of an earlier round, and never for a decided block (DAT-096).
    """
    if not now - BLOCK_DRIFT_BEHIND_SECONDS <= time <= now + BLOCK_DRIFT_AHEAD_SECONDS:
        raise Refused(
            Code.BLOCK_TIME_DRIFT,
            "/header/time",
            earliest=now - BLOCK_DRIFT_BEHIND_SECONDS,
            latest=now + BLOCK_DRIFT_AHEAD_SECONDS,
            got=time,
        )
