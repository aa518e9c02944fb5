"""Identifiers and quantities as types: a height is no round, a member no channel.

Each has a constructor that takes outside input and refuses it with `wire.bad_field`; inside the ledger the types
alone speak. Digest, public key and signature are the types of `crypto`, named here too so that a layer above needs
this module only.
"""

import re
from typing import Final, NewType

from refimpl.crypto.recipes import SIGNATURE_BYTES, Digest, PublicKey, Signature, Suite, WeakKey, check_public_key
from refimpl.data import shape
from refimpl.data.limits import IDENTIFIER_MEMBER_CHARS, IDENTIFIER_NAME_CHARS
from refimpl.data.refusal import Code, Refused

__all__ = [
    "NO_DIGEST",
    "ChannelId",
    "Digest",
    "Height",
    "MemberId",
    "Name",
    "Nonce",
    "PublicKey",
    "Round",
    "Seconds",
    "Signature",
    "Suite",
    "Weight",
    "channel_id",
    "digest_of_hex",
    "enrol_public_key",
    "height",
    "member_id",
    "name",
    "nonce",
    "public_key_of_hex",
    "round_number",
    "seconds",
    "signature_of_hex",
    "suite",
    "weight",
]

MemberId = NewType("MemberId", str)
"""A member of a channel: `[a-z0-9][a-z0-9.-]{0,63}`."""
ChannelId = NewType("ChannelId", str)
"""A ledger among named members; a `Name`."""
Name = NewType("Name", str)
"""Any other name in signed objects: `[a-z0-9][a-z0-9._/-]{0,127}`."""
Height = NewType("Height", int)
"""Position in the chain; the genesis block has 0."""
Round = NewType("Round", int)
"""Attempt within a height, from 0."""
Seconds = NewType("Seconds", int)
"""Whole seconds since 1970-01-01T00:00:00Z, without leap seconds."""
Nonce = NewType("Nonce", int)
"""How many transactions of a sender were executed before this one."""
Weight = NewType("Weight", int)
"""Voting weight of a member, 0 for one who does not validate."""

NO_DIGEST: Final = Digest(bytes(32))
"""Stands where there is nothing before: the previous block of the genesis block."""

_MEMBER: Final = re.compile(rf"[a-z0-9][a-z0-9.-]{{0,{IDENTIFIER_MEMBER_CHARS - 1}}}")
_NAME: Final = re.compile(rf"[a-z0-9][a-z0-9._/-]{{0,{IDENTIFIER_NAME_CHARS - 1}}}")

_MEMBER_IN_WORDS: Final = f"member {_MEMBER.pattern}"
_NAME_IN_WORDS: Final = f"name {_NAME.pattern}"
_SUITES: Final = {one.value: one for one in Suite}
_SUITE_NAMES: Final = tuple(_SUITES)
_SIGNATURE_LENGTHS: Final = sorted(SIGNATURE_BYTES.values())


def member_id(value: object, at: str = "") -> MemberId:
    """A member's name (DAT-010)."""
    return MemberId(shape.matching(value, at, _MEMBER, _MEMBER_IN_WORDS))


def name(value: object, at: str = "") -> Name:
    """A name in a signed object (DAT-011)."""
    return Name(shape.matching(value, at, _NAME, _NAME_IN_WORDS))


def channel_id(value: object, at: str = "") -> ChannelId:
    """A channel's name (DAT-011)."""
    return ChannelId(name(value, at))


def height(value: object, at: str = "") -> Height:
    """A height, 0 for genesis."""
    return Height(shape.integer(value, at))


def round_number(value: object, at: str = "") -> Round:
    """A round, from 0."""
    return Round(shape.integer(value, at))


def seconds(value: object, at: str = "") -> Seconds:
    """A time in whole seconds since 1970."""
    return Seconds(shape.integer(value, at))


def nonce(value: object, at: str = "") -> Nonce:
    """A sender's count of transactions."""
    return Nonce(shape.integer(value, at))


def weight(value: object, at: str = "") -> Weight:
    """A voting weight."""
    return Weight(shape.integer(value, at))


def suite(value: object, at: str = "") -> Suite:
    """A cryptographic suite by its name; whether it is permitted is for the network to say."""
    return _SUITES[shape.one_of(value, at, _SUITE_NAMES)]


def digest_of_hex(value: object, at: str = "") -> Digest:
    """A digest written as 64 lowercase hex digits (DAT-012)."""
    return Digest(shape.bytes_of_hex(value, at, (32,)))


def public_key_of_hex(value: object, at: str = "") -> PublicKey:
    """A public key as written; `enrol_public_key` says whether it may be a member's."""
    return PublicKey(shape.bytes_of_hex(value, at, (32,)))


def signature_of_hex(value: object, at: str = "") -> Signature:
    """A signature of any suite, by its length (DAT-012)."""
    return Signature(shape.bytes_of_hex(value, at, _SIGNATURE_LENGTHS))


def enrol_public_key(chosen: Suite, public: bytes, at: str = "") -> PublicKey:
    """`public` as the key of a member, or `member.weak_key` (DAT-025)."""
    try:
        return check_public_key(chosen, public)
    except WeakKey as weak:
        raise Refused(Code.MEMBER_WEAK_KEY, at, got=weak.args[0]) from None
