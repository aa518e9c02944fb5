"""Consensus messages: one envelope for every engine, and its canonical bytes.

Why: a vote must mean the same to every node in every language, so the signed bytes are fixed here once and engines
only add their bodies. In memory a message is a tuple, because a simulation handles millions of them; channel and suite
are the same for all messages of a node, so they are added when a message becomes bytes and checked when it comes back.

It must not know how a message travels, who is in the set of members, or what a payload means.
Source: spec/network.md (NET-001 to NET-006).
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from attrs import frozen

from refimpl.crypto.recipes import digest
from refimpl.data.encoding import decode, encode
from refimpl.data.ids import ChannelId, Digest, Height, MemberId, Round, Signature
from refimpl.data.refusal import Refused


class Body(Protocol):
    """What a kind of message says beside height, round and sender."""

    def to_data(self) -> dict[str, Any]:
        """The body as canonical data: ASCII keys, bytes as lowercase hex, absent members left out."""
        ...


class Message(NamedTuple):
    """One signed statement of one member about one (height, round)."""

    kind: str
    height: Height
    round: Round
    sender: MemberId
    body: Body
    signature: Signature = Signature(b"")

    def unsigned(self) -> "Message":
        """The same statement without its signature: two statements are the same iff these are equal."""
        return self._replace(signature=Signature(b"")) if self.signature else self


class Proposal(NamedTuple):
    """Body of `propose`: the payload, its digest, and the round of the proof of lock it rests on (-1: none)."""

    value: Digest
    payload: bytes
    valid_round: int

    def to_data(self) -> dict[str, Any]:
        """`{payload, valid_round, value}`."""
        return {"payload": self.payload.hex(), "valid_round": self.valid_round, "value": self.value.hex()}


class Vote(NamedTuple):
    """Body of `prevote` and `precommit`: a value, or None for nil. Nil is not a digest, so no value can pose as it."""

    value: Digest | None

    def to_data(self) -> dict[str, Any]:
        """`{value}`, and `{}` for nil (CON-003)."""
        return {} if self.value is None else {"value": self.value.hex()}


class Decided(NamedTuple):
    """Body of `decided`: what was decided at the message's height in the message's round, and the votes that prove it."""

    value: Digest
    payload: bytes
    votes: tuple[tuple[MemberId, Signature], ...]

    def to_data(self) -> dict[str, Any]:
        """`{payload, value, votes: [{member, signature}]}`."""
        votes = [{"member": member, "signature": signature.hex()} for member, signature in self.votes]
        return {"payload": self.payload.hex(), "value": self.value.hex(), "votes": votes}


class Sync(NamedTuple):
    """Body of `sync`: a member came back and lost what it had heard."""

    def to_data(self) -> dict[str, Any]:
        """`{}`."""
        return {}


Reader = Callable[[Mapping[str, Any]], Body]
"""Reads a body from decoded data, or raises `Refused("net.malformed")`."""

_ENVELOPE = frozenset({"body", "channel", "from", "height", "kind", "round", "sig", "suite"})


@frozen
class Codec:
    """Messages of one profile in one channel, to bytes and back."""

    profile: str
    """Name of the engine's profile without its major version, such as `tendermint`."""
    channel: ChannelId
    suite: str
    readers: Mapping[str, Reader]
    """Kind of message -> reader of its body."""

    def envelope(self, message: Message) -> dict[str, Any]:
        """The signed part of a message as data (NET-001)."""
        return {
            "body": message.body.to_data(),
            "channel": self.channel,
            "from": message.sender,
            "height": message.height,
            "kind": message.kind,
            "round": message.round,
            "suite": self.suite,
        }

    def signed_digest(self, message: Message) -> Digest:
        """What a signature covers: the envelope without `sig`, under the tag of profile and kind (NET-002)."""
        return digest(f"yilian/{self.profile}/{message.kind}/v1", encode(self.envelope(message)))

    def encode(self, message: Message) -> bytes:
        """Canonical bytes of a signed message (NET-001)."""
        return encode({**self.envelope(message), "sig": message.signature.hex()})

    def decode(self, data: bytes) -> Message:
        """The message in `data`.

        Raises `Refused`: `wire.*` if the bytes are not canonical, then in this order `net.malformed`,
        `net.wrong_channel`, `net.wrong_suite` and `net.unknown_kind` (NET-003).
        """
        fields = decode(data)
        if not isinstance(fields, dict) or fields.keys() != _ENVELOPE:
            raise Refused("net.malformed", {"expected": "the eight members of an envelope"})
        height, round_ = integer(fields, "height", 1), integer(fields, "round", 0)
        sender, kind = text(fields, "from"), text(fields, "kind")
        signature = octets(fields, "sig", 64)
        if fields["channel"] != self.channel:
            raise Refused("net.wrong_channel", {"expected": self.channel})
        if fields["suite"] != self.suite:
            raise Refused("net.wrong_suite", {"expected": self.suite})
        if kind not in self.readers:
            raise Refused("net.unknown_kind", {"expected": ", ".join(sorted(self.readers))})
        body = fields["body"]
        if not isinstance(body, dict):
            raise Refused("net.malformed", {"expected": "an object"}, at="/body")
        read = self.readers[kind](body)
        return Message(kind, Height(height), Round(round_), MemberId(sender), read, Signature(signature))


def integer(fields: Mapping[str, Any], name: str, least: int) -> int:
    """Member `name` as an integer of at least `least`, or `Refused("net.malformed")`."""
    value = fields.get(name)
    if type(value) is not int or value < least:
        raise Refused("net.malformed", {"expected": f"an integer of at least {least}"}, at=f"/{name}")
    return value


def text(fields: Mapping[str, Any], name: str) -> str:
    """Member `name` as text, or `Refused("net.malformed")`."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise Refused("net.malformed", {"expected": "text"}, at=f"/{name}")
    return value


def octets(fields: Mapping[str, Any], name: str, length: int | None = None) -> bytes:
    """Member `name`, lowercase hex, as bytes (`length` of them if given), or `Refused("net.malformed")`."""
    value = fields.get(name)
    expected = "lowercase hex" if length is None else f"{2 * length} digits of lowercase hex"
    if not isinstance(value, str) or value != value.lower() or not value.isascii():
        raise Refused("net.malformed", {"expected": expected}, at=f"/{name}")
    try:
        found = bytes.fromhex(value)
    except ValueError:
        raise Refused("net.malformed", {"expected": expected}, at=f"/{name}") from None
    if found.hex() != value or (length is not None and len(found) != length):
        raise Refused("net.malformed", {"expected": expected}, at=f"/{name}")
    return found


def read_proposal(fields: Mapping[str, Any]) -> Proposal:
    """The body of `propose`, or `Refused("net.malformed")`."""
    expect_members(fields, {"payload", "valid_round", "value"})
    return Proposal(Digest(octets(fields, "value", 32)), octets(fields, "payload"), integer(fields, "valid_round", -1))


def read_vote(fields: Mapping[str, Any]) -> Vote:
    """The body of a vote, or `Refused("net.malformed")`."""
    if not fields:
        return Vote(None)
    expect_members(fields, {"value"})
    return Vote(Digest(octets(fields, "value", 32)))


def read_decided(fields: Mapping[str, Any]) -> Decided:
    """The body of `decided`, or `Refused("net.malformed")`."""
    expect_members(fields, {"payload", "value", "votes"})
    votes = fields["votes"]
    if not isinstance(votes, list):
        raise Refused("net.malformed", {"expected": "a list"}, at="/body/votes")
    pairs = []
    for vote in votes:
        if not isinstance(vote, dict) or not isinstance(vote.get("member"), str):
            raise Refused("net.malformed", {"expected": "{member, signature}"}, at="/body/votes")
        expect_members(vote, {"member", "signature"})
        pairs.append((MemberId(vote["member"]), Signature(octets(vote, "signature", 64))))
    return Decided(Digest(octets(fields, "value", 32)), octets(fields, "payload"), tuple(pairs))


def read_sync(fields: Mapping[str, Any]) -> Sync:
    """The body of `sync`, or `Refused("net.malformed")`."""
    expect_members(fields, set())
    return Sync()


def expect_members(fields: Mapping[str, Any], names: set[str]) -> None:
    """Raise `Refused("net.malformed")` unless the members are exactly these."""
    if fields.keys() != names:
        raise Refused("net.malformed", {"expected": ", ".join(sorted(names)) or "no member"}, at="/body")
