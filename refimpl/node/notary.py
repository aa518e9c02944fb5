"""Real signatures for an engine, and the verdict on who may sign.

Verification is remembered by (key, digest, signature), bounded: a vote is seen several times on its way, and checking
it once costs a hundred times more than remembering. It must not decide what a message may say.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from refimpl.crypto.recipes import BadSignature, KeyPair, Verifier, digest, sign
from refimpl.data.block import read_block
from refimpl.data.ids import Digest, Height, MemberId, PublicKey, Signature
from refimpl.data.members import Membership, Role
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import Codec, Message

__all__ = ["MessageNotary", "Remembering", "Witness", "verify_message"]

_REMEMBERED: Final = 65_536
_KEPT: Final = 64
"""Memberships whose keys are kept, for those who are behind."""


class Remembering:
    """A verifier that remembers what it has accepted; what it refused is checked again."""

    def __init__(self, verify: Verifier) -> None:
        self._verify = verify
        self._known: dict[tuple[PublicKey, Digest, bytes], None] = {}
        self.checked = 0
        """How many signatures were really verified."""

    def __call__(self, public: PublicKey, message: Digest, signature: bytes) -> None:
        """Return, or raise `BadSignature`."""
        known = (public, message, signature)
        if known in self._known:
            return
        self.checked += 1
        self._verify(public, message, signature)
        if len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[known] = None


class _Keys(NamedTuple):
    """The keys in force from some height on, and ours."""

    since: Height
    public: Mapping[MemberId, PublicKey]
    own: KeyPair


class MessageNotary:
    """Signs the messages of one member and verifies everybody's; see `refimpl.consensus.interface.Notary`."""

    def __init__(self, codec: Codec, key: KeyPair, keys: Mapping[MemberId, PublicKey], verify: Verifier) -> None:
        self.codec = codec
        self.force: tuple[_Keys, ...] = (_Keys(Height(0), keys, key),)
        """Whose keys are in force from which height on, the last ones first."""
        self._verify = verify

    def renew(self, since: Height, members: Membership, member: MemberId, pairs: Sequence[KeyPair]) -> bool:
        """Take the keys of those who are in force from height `since` on, and as `member`'s that one of the pairs which
        is; False if none is, or if it does not validate."""
        own = members.get(member)
        mine = [pair for pair in pairs if own is not None and pair.public == own.public]
        key = mine[0] if mine else self.force[0].own
        before = tuple(one for one in self.force if 0 < one.since < since)
        self.force = (_Keys(since, {one.member: one.public for one in members}, key), *before)[:_KEPT]
        return bool(mine) and own is not None and own.role is Role.VALIDATOR

    def at(self, height: Height) -> "_Keys":
        """The keys in force at a height, or the earliest that are known here (CON-091)."""
        return next((one for one in self.force if one.since <= height), self.force[-1])

    def sign(self, message: Message) -> Message:
        """The message with this member's signature over suite, channel, height, round and kind, by the key that it has
        at that height."""
        own = self.at(message.height).own
        return message._replace(signature=Signature(sign(own, self.codec.signed_digest(message))))

    def verify(self, message: Message) -> None:
        """Raise `net.unknown_sender` or `net.bad_signature` unless `message.sender` signed exactly this, with the key
        that it has at the height of the message, or now: what is said of a past height asks for help and no more."""
        then, now = self.at(message.height), self.force[0]
        try:
            verify_message(self.codec, then.public, self._verify, message)
        except Refused:
            if then is now:
                raise
            verify_message(self.codec, now.public, self._verify, message)

    def value_of(self, payload: bytes) -> Digest:
        """See `value_of`."""
        return value_of(payload)


class Witness:
    """Reads what others signed and has no key: the notary of whoever audits."""

    def __init__(self, codec: Codec, verify: Verifier) -> None:
        self.codec = codec
        self.public: Mapping[MemberId, PublicKey] = {}
        """The keys of those who may speak at the height that is read."""
        self._verify = verify

    def sign(self, message: Message) -> Message:
        """The message as it is: nobody hears a witness."""
        return message

    def verify(self, message: Message) -> None:
        """Raise `net.unknown_sender` or `net.bad_signature` unless one of those who may speak signed exactly this."""
        verify_message(self.codec, self.public, self._verify, message)

    def value_of(self, payload: bytes) -> Digest:
        """See `value_of`."""
        return value_of(payload)


def value_of(payload: bytes) -> Digest:
    """The block's id, if the bytes are a block whose header binds its transactions; else a digest of no block."""
    try:
        block = read_block(payload)
    except Refused:
        return digest("yilian/no-block/v1", payload)
    if len(block.transactions) != block.header.size or block.root != block.header.transactions_root:
        return digest("yilian/no-block/v1", payload)
    return block.id


def verify_message(codec: Codec, keys: Mapping[MemberId, PublicKey], verify: Verifier, message: Message) -> None:
    """Raise `net.unknown_sender` or `net.bad_signature` unless the member it names signed this message (NET-002)."""
    public = keys.get(message.sender)
    if public is None:
        raise Refused(Code.NET_UNKNOWN_SENDER, "/from", sender=message.sender)
    try:
        verify(public, codec.signed_digest(message), message.signature)
    except BadSignature:
        raise Refused(Code.NET_BAD_SIGNATURE, "/sig", sender=message.sender) from None
