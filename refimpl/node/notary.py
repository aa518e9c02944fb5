"""Real signatures for an engine, and the verdict on who may sign.

Verification is remembered by (key, digest, signature), bounded: a vote is seen several times on its way, and checking
it once costs a hundred times more than remembering. It must not decide what a message may say.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from refimpl.crypto.recipes import BadSignature, KeyPair, Verifier, digest, sign
from refimpl.data.block import read_block
from refimpl.data.ids import Digest, MemberId, PublicKey, Signature
from refimpl.data.members import Membership, Role
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import Codec, Message

__all__ = ["MessageNotary", "Remembering", "verify_message"]

_REMEMBERED: Final = 65_536


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


class MessageNotary:
    """Signs the messages of one member and verifies everybody's; see `refimpl.consensus.interface.Notary`."""

    def __init__(self, codec: Codec, key: KeyPair, keys: Mapping[MemberId, PublicKey], verify: Verifier) -> None:
        self.codec = codec
        self.key = key
        self.keys = keys
        self._verify = verify

    def renew(self, members: Membership, member: MemberId, pairs: Sequence[KeyPair]) -> bool:
        """Verify by the keys of these members from now on, and sign with that of the pairs which is `member`'s; False
        if none is, or if it does not validate."""
        self.keys = {one.member: one.public for one in members}
        own = members.get(member)
        if own is None:
            return False
        mine = [pair for pair in pairs if pair.public == own.public]
        self.key = mine[0] if mine else self.key
        return bool(mine) and own.role is Role.VALIDATOR

    def sign(self, message: Message) -> Message:
        """The message with this member's signature over suite, channel, height, round and kind."""
        return message._replace(signature=Signature(sign(self.key, self.codec.signed_digest(message))))

    def verify(self, message: Message) -> None:
        """Raise `net.unknown_sender` or `net.bad_signature` unless `message.sender` signed exactly this."""
        verify_message(self.codec, self.keys, self._verify, message)

    def value_of(self, payload: bytes) -> Digest:
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
