"""A transaction: what one or several signers ask of the ledger, bound to one channel and to one place in the sender's
order.

The signed part is the *body*; its tagged digest is both what every signer signs and the transaction's id, so an id
cannot be changed by anybody who does not sign. The first signer is the sender, whose nonce orders their transactions.
What the payload means is for the contract layer and the application; here it is canonical data under a limit.
"""

from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from typing import Any, Final

from attrs import evolve, frozen

from refimpl.crypto.recipes import BadSignature, KeyPair, Verifier, digest, sign
from refimpl.data import shape
from refimpl.data.encoding import Value, decode, encode, encode_known
from refimpl.data.ids import (
    ChannelId,
    Digest,
    MemberId,
    Name,
    Nonce,
    PublicKey,
    Signature,
    Suite,
    channel_id,
    member_id,
    name,
    nonce,
    signature_of_hex,
    suite,
)
from refimpl.data.limits import (
    TRANSACTION_BYTES,
    TRANSACTION_DEPLOY_BYTES,
    TRANSACTION_DEPTH,
    TRANSACTION_SIGNERS,
)
from refimpl.data.refusal import Code, Refused

__all__ = [
    "COMMAND",
    "DEPLOY",
    "DIRECTORY",
    "KINDS",
    "MEMBERSHIP",
    "READ",
    "RECORD",
    "Transaction",
    "check_nonce",
    "check_transaction",
    "forget_transactions",
    "read_transaction",
]

COMMAND: Final = Name("command")
"""Start an instance of a contract, or act on one."""
DEPLOY: Final = Name("deploy")
"""Put a package of contracts, as IR, on the ledger."""
DIRECTORY: Final = Name("directory")
"""Enrol members, entities and attributes, or change them."""
RECORD: Final = Name("record")
"""Index a sealed record, or record an access to one: digests only."""
MEMBERSHIP: Final = Name("membership")
"""Admit members, change their role, weight or key, or remove them."""
READ: Final = Name("read")
"""Ask to read fields of an instance; the ledger decides by the policy in force."""
KINDS: Final = (COMMAND, DEPLOY, DIRECTORY, MEMBERSHIP, READ, RECORD)
"""Every kind of payload (DAT-065)."""

_TAG: Final = "yilian/tx/v1"


@frozen
class Transaction:
    """A transaction, signed or about to be. `signatures` answer to `signers` one by one; a draft has none."""

    suite: Suite
    channel: ChannelId
    nonce: Nonce
    signers: tuple[MemberId, ...]
    """The sender first, then the others in ascending order (DAT-061)."""
    kind: Name
    payload: Value
    signatures: tuple[Signature, ...] = ()

    @property
    def sender(self) -> MemberId:
        """The signer whose nonce this transaction takes."""
        return self.signers[0]

    @cached_property
    def id(self) -> Digest:
        """The digest of the body: what signers sign, and the name of the transaction (DAT-062)."""
        return digest(_TAG, self._body_bytes)

    @cached_property
    def _body_bytes(self) -> bytes:
        return encode(self._body(), TRANSACTION_DEPTH - 1)

    def _body(self) -> dict[str, Any]:
        return {
            "channel": self.channel,
            "kind": self.kind,
            "nonce": self.nonce,
            "payload": self.payload,
            "signers": list(self.signers),
            "suite": self.suite.value,
        }

    def signed(self, keys: Mapping[MemberId, KeyPair]) -> "Transaction":
        """The same body with the signature of every signer; `KeyError` for one without a key."""
        return evolve(self, signatures=tuple(sign(keys[signer], self.id) for signer in self.signers))

    def to_value(self) -> dict[str, Any]:
        """The canonical value (DAT-060)."""
        return {"body": self._body(), "signatures": [signature.hex() for signature in self.signatures]}

    def to_bytes(self) -> bytes:
        """The canonical bytes (DAT-060)."""
        return self._bytes

    @cached_property
    def _bytes(self) -> bytes:
        signatures = '","'.join([signature.hex() for signature in self.signatures])
        listed = f'"{signatures}"' if self.signatures else ""
        return b'{"body":%b,"signatures":[%b]}' % (self._body_bytes, listed.encode())

    @classmethod
    def from_bytes(cls, data: bytes) -> "Transaction":
        """The transaction in `data`; `wire.too_large`, `wire.not_canonical` or `wire.bad_field` (DAT-060, DAT-064)."""
        value = decode(data, TRANSACTION_DEPLOY_BYTES, TRANSACTION_DEPTH)
        _check_size(len(data), _kind_in(value), "")  # DAT-014: before any field is judged
        made = cls.from_value(value)
        object.__setattr__(made, "_body_bytes", encode_known(value["body"]))  # primes the cached property
        return made

    @classmethod
    def from_value(cls, value: object, at: str = "") -> "Transaction":
        """The transaction that `value` writes, or `wire.bad_field` (DAT-060, DAT-061)."""
        whole = shape.record(value, at, ("body", "signatures"))
        here = f"{at}/body"
        body = shape.record(whole["body"], here, ("channel", "kind", "nonce", "payload", "signers", "suite"))
        listed = shape.items(body["signers"], f"{here}/signers", TRANSACTION_SIGNERS, least=1)
        signers = tuple(member_id(one, f"{here}/signers/{number}") for number, one in enumerate(listed))
        _check_order(signers, f"{here}/signers")
        written = shape.items(whole["signatures"], f"{at}/signatures", len(signers), least=len(signers))
        return cls(
            suite(body["suite"], f"{here}/suite"),
            channel_id(body["channel"], f"{here}/channel"),
            nonce(body["nonce"], f"{here}/nonce"),
            signers,
            name(body["kind"], f"{here}/kind"),
            body["payload"],
            tuple(signature_of_hex(one, f"{at}/signatures/{number}") for number, one in enumerate(written)),
        )

    def check_size(self, size: int, at: str = "") -> None:
        """`wire.too_large` if `size` bytes are too many for a transaction of this kind (DAT-064)."""
        _check_size(size, self.kind, at)


def _check_size(size: int, kind: object, at: str) -> None:
    most = TRANSACTION_DEPLOY_BYTES if kind == DEPLOY else TRANSACTION_BYTES
    if size > most:
        raise Refused(Code.WIRE_TOO_LARGE, at, max=most, got=size)


def _kind_in(value: Value) -> object:
    """What stands where the kind of a transaction would, in whatever value this is."""
    body = value.get("body") if isinstance(value, dict) else None
    return body.get("kind") if isinstance(body, dict) else None


_REMEMBERED_BYTES: Final = 2048


def read_transaction(data: bytes) -> Transaction:
    """As `Transaction.from_bytes`, remembering small ones: each is met alone, and again in every block proposed."""
    return _remembered(data) if len(data) <= _REMEMBERED_BYTES else Transaction.from_bytes(data)


_remembered = lru_cache(maxsize=8192)(Transaction.from_bytes)
forget_transactions = _remembered.cache_clear
"""Forget them all: for whoever measures what the first reading costs."""


def _check_order(signers: tuple[MemberId, ...], at: str) -> None:
    """DAT-061: behind the sender the others ascend, nobody twice."""
    for number in range(1, len(signers)):
        ascending = number == 1 or signers[number - 1] < signers[number]
        if not ascending or signers[number] == signers[0]:
            raise Refused(
                Code.WIRE_BAD_FIELD, f"{at}/{number}", expected="distinct ascending signers", got="another order"
            )


def check_transaction(
    transaction: Transaction,
    channel: ChannelId,
    in_force: Suite,
    key_of: Callable[[MemberId], PublicKey | None],
    verify: Verifier,
) -> None:
    """Return if the transaction is one of this channel, signed by all its signers; else refuse (DAT-065 .. DAT-069).

    In this order: `tx.wrong_channel`, `tx.wrong_suite`, `tx.unknown_kind`, `tx.unknown_signer`, `tx.bad_signature`.
    `key_of` gives the key a signer has at the height of execution. The nonce is for `check_nonce`.
    """
    if transaction.channel != channel:
        raise Refused(Code.TX_WRONG_CHANNEL, "/body/channel", expected=channel, got=transaction.channel)
    if transaction.suite is not in_force:
        raise Refused(Code.TX_WRONG_SUITE, "/body/suite", expected=in_force.value, got=transaction.suite.value)
    if transaction.kind not in KINDS:
        raise Refused(Code.TX_UNKNOWN_KIND, "/body/kind", kinds=list(KINDS), got=transaction.kind)
    keys: list[PublicKey] = []
    for number, signer in enumerate(transaction.signers):
        public = key_of(signer)
        if public is None:
            raise Refused(Code.TX_UNKNOWN_SIGNER, f"/body/signers/{number}", signer=signer)
        keys.append(public)
    if len(transaction.signatures) != len(keys):
        raise Refused(Code.TX_BAD_SIGNATURE, "/signatures", signer=transaction.sender)
    for number, (public, signature) in enumerate(zip(keys, transaction.signatures, strict=True)):
        try:
            verify(public, transaction.id, signature)
        except BadSignature:
            signer = transaction.signers[number]
            raise Refused(Code.TX_BAD_SIGNATURE, f"/signatures/{number}", signer=signer) from None


def check_nonce(offered: Nonce, expected: Nonce) -> None:
    """Return if `offered` is the sender's next; else `tx.nonce_used` or `tx.nonce_gap` (DAT-070).

    `expected` counts the sender's transactions executed so far, those before this one in the same block included.
    """
    if offered < expected:
        raise Refused(Code.TX_NONCE_USED, "/body/nonce", expected=expected, got=offered)
    if offered > expected:
        raise Refused(Code.TX_NONCE_GAP, "/body/nonce", expected=expected, got=offered)
