"""Verification of a whole ledger by somebody who ran none of it: every link, root, signature and result.

Why here: only the node knows both what is stored and what it must follow from. Everything is recomputed: a block is
judged as if it had just been proposed, its certificate against the members in force, where there is none its maker's
right to make it by the engine's own rules, its receipts and the state by executing it again. Nothing stored is
believed, so any changed byte of any stored value is found, and named by the clause it breaks.

It must not write, nor open a file: it is handed the keys and values, and hands back what it found.
"""

from collections.abc import Callable, Mapping
from typing import Final

from attrs import frozen

from refimpl.consensus.eligibility import Eligibility
from refimpl.consensus.interface import Kind, Validators
from refimpl.consensus.registry import find_engine
from refimpl.crypto.recipes import REHEARSAL, Verifier, verifier
from refimpl.data.block import Block, Genesis, Header, check_drift
from refimpl.data.certificate import Certificate, Decision, require_certificate, verify_certificate
from refimpl.data.ids import Height, Name, Seconds
from refimpl.data.members import Membership
from refimpl.data.refusal import Code, Refused
from refimpl.data.transaction import Transaction
from refimpl.network.messages import Codec, Message
from refimpl.node import keys
from refimpl.node.ledger import Ledger
from refimpl.node.notary import Witness, verify_message

__all__ = ["Finding", "Report", "verify_ledger"]


@frozen
class Finding:
    """The first thing that does not hold."""

    height: int | None
    """The block it is about; None for the genesis and for what belongs to no block."""
    key: str
    """What was being checked, as the store names it."""
    clause: str
    code: str
    expected: str
    got: str


@frozen
class Report:
    """What a verification came to. `finding` is None where all of it holds."""

    height: int
    """The last height that was verified."""
    state_root: str
    transactions: int
    finding: Finding | None


CLAUSES: Final[Mapping[Code, str]] = {
    Code.WIRE_TOO_LARGE: "DAT-009", Code.WIRE_NOT_CANONICAL: "DAT-008", Code.WIRE_BAD_FIELD: "DAT-013",
    Code.BLOCK_WRONG_CHANNEL: "DAT-085", Code.BLOCK_WRONG_SUITE: "DAT-086", Code.BLOCK_WRONG_HEIGHT: "DAT-087",
    Code.BLOCK_WRONG_PREVIOUS: "DAT-088", Code.BLOCK_TIME_BACKWARDS: "DAT-089", Code.BLOCK_WRONG_MEMBERSHIP: "DAT-090",
    Code.BLOCK_WRONG_PROPOSER: "DAT-091", Code.BLOCK_WRONG_STATE_ROOT: "DAT-092",
    Code.BLOCK_WRONG_RECEIPTS_ROOT: "DAT-093", Code.BLOCK_WRONG_TRANSACTIONS_ROOT: "DAT-094",
    Code.BLOCK_DUPLICATE_TRANSACTION: "DAT-095", Code.BLOCK_BAD_TRANSACTION: "DAT-099",
    Code.BLOCK_BAD_GENESIS: "DAT-081", Code.MEMBER_WEAK_KEY: "DAT-025", Code.MEMBER_DUPLICATE: "DAT-051",
    Code.MEMBER_DUPLICATE_KEY: "DAT-051", Code.MEMBER_BAD_WEIGHT: "DAT-052", Code.MEMBER_NO_VALIDATOR: "DAT-053",
    Code.MEMBER_BAD_ATTRIBUTE: "CTR-D01", Code.CONSENSUS_MISSING_CERTIFICATE: "DAT-106",
    Code.CONSENSUS_WRONG_CHANNEL: "DAT-102", Code.CONSENSUS_WRONG_SUITE: "DAT-102",
    Code.CONSENSUS_WRONG_HEIGHT: "DAT-102", Code.CONSENSUS_WRONG_BLOCK: "DAT-102", Code.CONSENSUS_WRONG_KIND: "DAT-102",
    Code.CONSENSUS_UNKNOWN_SIGNER: "DAT-103", Code.CONSENSUS_BAD_SIGNATURE: "DAT-104",
    Code.CONSENSUS_NO_QUORUM: "DAT-105", Code.CONSENSUS_UNKNOWN_ENGINE: "CON-001",
    Code.NET_BAD_SIGNATURE: "NET-002", Code.NET_UNKNOWN_SENDER: "NET-003", Code.NET_WRONG_CHANNEL: "NET-003",
    Code.NET_WRONG_SUITE: "NET-003", Code.NET_UNKNOWN_KIND: "NET-003",
    Code.BLOCK_TIME_DRIFT: "CON-121", Code.CONSENSUS_WRONG_SLOT: "CON-123", Code.CONSENSUS_NO_WORK: "CON-151",
    Code.CONSENSUS_WRONG_TARGET: "CON-154",
}  # fmt: skip
"""Refusal -> the clause of `spec/` that demands it, as far as a stored ledger can break it."""

OF_PROOFS: Final[Mapping[Code, str]] = {
    **CLAUSES, Code.WIRE_BAD_FIELD: "NET-001", Code.CONSENSUS_WRONG_HEIGHT: "CON-131",
    Code.CONSENSUS_WRONG_BLOCK: "CON-131", Code.CONSENSUS_WRONG_PROPOSER: "CON-131",
}  # fmt: skip
"""The same for what is wrong with the proof of a block."""

STORED: Final = "DAT-120"
"""The clause that says what a node keeps."""


class _Broken(Exception):
    """Something does not hold; `args[0]` is the finding."""


def verify_ledger(stored: Mapping[str, bytes], progress: Callable[[int], None] = lambda height: None) -> Report:
    """Check everything under these keys; `progress` is told each height that holds."""
    audit = _Audit(stored, progress)
    try:
        audit.run()
    except _Broken as broken:
        return audit.report(broken.args[0])
    return audit.report(None)


class _Audit:
    """One verification under way."""

    def __init__(self, stored: Mapping[str, bytes], progress: Callable[[int], None]) -> None:
        self.stored = stored
        self.progress = progress
        self.seen: set[str] = set()
        self.height = 0
        self.transactions = 0
        self.ledger: Ledger | None = None
        self.chain: _Chain | None = None
        """The proofs of the blocks, where finality is by depth."""
        self.force: dict[int, Membership] = {}
        """First height -> the members in force from it on."""

    def report(self, finding: Finding | None) -> Report:
        """The result so far."""
        root = "" if self.ledger is None else self.ledger.tip.state_root.hex()
        return Report(self.height, root, self.transactions, finding)

    def run(self) -> None:
        """Everything, in the order of the chain."""
        genesis, verify = self.genesis()
        while keys.block(self.height + 1) in self.stored:
            self.block(self.height + 1, verify)
            self.height += 1
            self.progress(self.height)
        self.state()
        self.records(genesis, verify)
        self.nothing_else()

    def genesis(self) -> tuple[Genesis, Verifier]:
        """The start of the chain, and how its suite verifies."""
        key = keys.GENESIS
        data = self.value(key, None)
        try:
            genesis = Genesis.from_bytes(data)
            genesis.check(REHEARSAL)
            kind = find_engine(genesis.engine)
            verify = verifier(genesis.suite, REHEARSAL)
            self.ledger, _ = Ledger.open(genesis, verify)
            if kind.promise.finality["kind"] == "depth":
                self.chain = _Chain(genesis, kind, verify)
            self.force[1] = genesis.members
        except Refused as refused:
            raise self.refused(refused, None, key) from None
        return genesis, verify

    def block(self, height: int, verify: Verifier) -> None:
        """One block: header, transactions, certificate or proof, and what executing it gives."""
        ledger = self.opened()
        key = keys.block(height)
        try:
            header = Header.from_bytes(self.value(key, height))
            listed = []
            for index in range(header.size):
                key = keys.transaction(height, index)
                listed.append(Transaction.from_bytes(self.value(key, height)))
            key = keys.block(height)
            result = ledger.finalize(Block(header, tuple(listed)).to_bytes())
            key = keys.certificate(height)
            certificate = self.certificate(height, header, verify)
            if self.chain is not None:
                key = keys.proof(height)
                self.chain.follow(self.proof(height), result.block, ledger.tip.members)
        except Refused as refused:
            raise self.refused(refused, height, key) from None
        for index, receipt in enumerate(result.outcome.receipts):
            self.expect(keys.receipt(height, index), receipt, height)
        self.transactions += header.size
        ledger.commit(result, certificate)
        self.force[ledger.tip.since] = ledger.tip.members

    def certificate(self, height: int, header: Header, verify: Verifier) -> Certificate | None:
        """The votes of a quorum for this block."""
        ledger = self.opened()
        key = keys.certificate(height)
        engine, promise = ledger.genesis.engine, find_engine(ledger.genesis.engine).promise
        if key not in self.stored:
            if promise.certificates:
                require_certificate(engine, None)
            return None
        certificate = Certificate.from_bytes(self.value(key, height))
        tip = ledger.tip
        decision = Decision(tip.channel, tip.suite, Height(height), header.id, engine, Name(promise.commits))
        verify_certificate(certificate, decision, tip.members, verify)
        return certificate

    def proof(self, height: int) -> bytes:
        """The message of the block's maker."""
        key = keys.proof(height)
        if key not in self.stored:
            missing = Code.CONSENSUS_MISSING_PROOF
            raise _Broken(Finding(height, key, "DAT-122", missing, "its maker's message", "nothing"))
        return self.value(key, height)

    def state(self) -> None:
        """Every entry of the state, and the tip, are what execution gave."""
        ledger = self.opened()
        for key, value in ledger.state.items():
            self.expect(keys.state(key), value, None)
        self.expect(keys.TIP, ledger.tip_bytes(), None)

    def records(self, genesis: Genesis, verify: Verifier) -> None:
        """What consensus left for the height under way is well formed and signed, and about that height."""
        engine = find_engine(genesis.engine)
        codec = Codec(genesis.engine, genesis.channel, genesis.suite, engine.readers)
        for key in [key for key in self.stored if key.startswith(keys.RECORD)]:
            try:
                message = codec.decode(self.value(key, None))
                self.record(codec, verify, message)
            except Refused as refused:
                raise self.refused(refused, None, key) from None
            height = message.height if engine.promise.rounds != "height" else self.height + 1
            expected = keys.record(height, message.round, message.kind, message.sender)
            if key != expected:
                raise _Broken(Finding(None, key, STORED, Code.STORE_CORRUPT, expected, key))

    def record(self, codec: Codec, verify: Verifier, message: Message) -> None:
        """Somebody in force at its height signed it, or, where rounds run on, somebody in force before that."""
        since = [first for first in sorted(self.force) if first <= message.height]
        for first in since[:-3:-1]:
            public = {one.member: one.public for one in self.force[first]}
            try:
                verify_message(codec, public, verify, message)
            except Refused:
                if first == since[-2:][0]:
                    raise
            else:
                return

    def nothing_else(self) -> None:
        """No key stands that nothing accounts for."""
        for key in sorted(set(self.stored) - self.seen):
            raise _Broken(Finding(None, key, STORED, Code.STORE_CORRUPT, "no such key", key))

    # --- one fact ---

    def opened(self) -> Ledger:
        """The ledger as re-executed so far."""
        assert self.ledger is not None, "the genesis is checked first"
        return self.ledger

    def value(self, key: str, height: int | None) -> bytes:
        """What stands under a key that must be there."""
        self.seen.add(key)
        if key not in self.stored:
            raise _Broken(Finding(height, key, STORED, Code.STORE_CORRUPT, "a value", "nothing"))
        return self.stored[key]

    def expect(self, key: str, expected: bytes, height: int | None) -> None:
        """A stored value is exactly what follows from the rest."""
        found = self.value(key, height)
        if found != expected:
            at = first_difference(expected, found)
            raise _Broken(Finding(height, key, STORED, Code.STORE_CORRUPT, shown(expected, at), shown(found, at)))

    def refused(self, refused: Refused, height: int | None, key: str) -> _Broken:
        """A refusal of the data layer as a finding."""
        values = refused.values
        least = values.get("least", values.get("earliest", "what the clause says"))
        expected = values.get("expected", values.get("max", least))
        got = values.get("got", values.get("cause", "something else"))
        clause = (OF_PROOFS if key.startswith(keys.PROOF) else CLAUSES).get(refused.code, STORED)
        return _Broken(Finding(height, key + refused.at, clause, refused.code, str(expected), str(got)))


class _Chain:
    """The proofs of a longest chain, from its genesis (CON-131)."""

    def __init__(self, genesis: Genesis, kind: Kind, verify: Verifier) -> None:
        said = {name: kind.readers[name] for name in kind.promise.phases}
        self.codec = Codec(genesis.engine, genesis.channel, genesis.suite, said)
        self.witness = Witness(self.codec, verify)
        self.eligibility = Eligibility(kind, self.witness, genesis.id)
        self.start, self.tick = genesis.time, kind.promise.delta

    def follow(self, data: bytes, block: Block, members: Membership) -> None:
        """Take the proof of the next block, at whose height these members are in force; raises what is wrong."""
        message = self.codec.decode(data)
        voters = members.validators()
        self.witness.public = {one.member: one.public for one in voters}
        validators = Validators.of({one.member: one.weight for one in voters})
        made_at = self.eligibility.follow(message, block.to_bytes(), validators)
        if made_at is not None:
            check_drift(block.header.time, Seconds(self.start + made_at * self.tick))


def first_difference(one: bytes, other: bytes) -> int:
    """Where two values part; the end of the shorter one if the longer only goes on."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(one), len(other)))


def shown(value: bytes, at: int) -> str:
    """Length of a stored value and, in hex, eight bytes from `at`; nothing on a ledger need be quoted in full."""
    return f"{len(value)} bytes, from byte {at}: {value[at : at + 8].hex() or 'nothing'}"
