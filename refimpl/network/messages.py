"""Consensus messages: one envelope for every engine, and its canonical bytes.

Why: a vote must mean the same to every node in every language, so the signed bytes are fixed here once and engines
only add their bodies. In memory a message is a tuple, because a simulation handles millions of them; channel and suite
are the same for all messages of a node, so they are added when a message becomes bytes and checked when it comes back.

It must not know how a message travels, who is in the set of members, or what a payload means.
Source: spec/network.md (NET-001 to NET-005).
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from attrs import frozen

from refimpl.crypto.recipes import digest
from refimpl.data import ids, shape
from refimpl.data.encoding import decode, encode
from refimpl.data.ids import ChannelId, Digest, Height, MemberId, Round, Signature, Suite
from refimpl.data.limits import BLOCK_BYTES, MEMBERSHIP_MEMBERS, NET_MESSAGE_BYTES
from refimpl.data.refusal import Code, Refused


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
        """`{value}`, and `{}` for nil (NET-005)."""
        return {} if self.value is None else {"value": self.value.hex()}


class Decided(NamedTuple):
    """Body of `decided`: what was decided at the message's height and round, and the votes that prove it."""

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


Reader = Callable[[object], Body]
"""Reads a body from decoded data, or raises `Refused(Code.WIRE_BAD_FIELD)`."""

_ENVELOPE = ("body", "channel", "from", "height", "kind", "round", "sig", "suite")


@frozen
class Codec:
    """Messages of one profile in one channel, to bytes and back."""

    profile: str
    """Name of the engine's profile without its major version, such as `tendermint`."""
    channel: ChannelId
    suite: Suite
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
            "suite": self.suite.value,
        }

    def signed_digest(self, message: Message) -> Digest:
        """What a signature covers: the envelope without `sig`, under the tag of profile and kind (NET-002)."""
        return digest(f"yilian/{self.profile}/{message.kind}/v1", encode(self.envelope(message)))

    def encode(self, message: Message) -> bytes:
        """Canonical bytes of a signed message (NET-001)."""
        return encode({**self.envelope(message), "sig": message.signature.hex()})

    def decode(self, data: bytes) -> Message:
        """The message in `data`.

        Raises `Refused`: `wire.*` for bytes or fields, then in this order `net.unknown_kind`, `net.wrong_channel` and
        `net.wrong_suite` (NET-003).
        """
        fields = shape.record(decode(data, NET_MESSAGE_BYTES), "", _ENVELOPE)
        kind = ids.name(fields["kind"], "/kind")
        height = ids.Height(shape.integer(fields["height"], "/height", 1))
        round_ = ids.round_number(fields["round"], "/round")
        sender = ids.member_id(fields["from"], "/from")
        signature = ids.signature_of_hex(fields["sig"], "/sig")
        channel, suite = ids.channel_id(fields["channel"], "/channel"), ids.suite(fields["suite"], "/suite")
        if kind not in self.readers:
            raise Refused(Code.NET_UNKNOWN_KIND, "/kind", expected=", ".join(sorted(self.readers)))
        body = self.readers[kind](fields["body"])
        if channel != self.channel:
            raise Refused(Code.NET_WRONG_CHANNEL, "/channel", expected=self.channel, got=channel)
        if suite != self.suite:
            raise Refused(Code.NET_WRONG_SUITE, "/suite", expected=self.suite, got=suite)
        return Message(kind, height, round_, sender, body, signature)


def carries_transaction(data: bytes) -> bool:
    """Whether these bytes are a transaction: its body begins with the channel, no message's does (NET-012)."""
    return data.startswith(b'{"body":{"channel":')


def read_proposal(body: object) -> Proposal:
    """The body of `propose`, or `Refused(Code.WIRE_BAD_FIELD)`."""
    fields = shape.record(body, "/body", ("payload", "valid_round", "value"))
    return Proposal(
        ids.digest_of_hex(fields["value"], "/body/value"),
        shape.bytes_of_hex(fields["payload"], "/body/payload", most=BLOCK_BYTES),
        shape.integer(fields["valid_round"], "/body/valid_round", -1),
    )


def read_vote(body: object) -> Vote:
    """The body of a vote, or `Refused(Code.WIRE_BAD_FIELD)`."""
    fields = shape.record(body, "/body", (), ("value",))
    return Vote(ids.digest_of_hex(fields["value"], "/body/value") if fields else None)


def read_decided(body: object) -> Decided:
    """The body of `decided`, or `Refused(Code.WIRE_BAD_FIELD)`."""
    fields = shape.record(body, "/body", ("payload", "value", "votes"))
    votes = []
    for i, vote in enumerate(shape.items(fields["votes"], "/body/votes", MEMBERSHIP_MEMBERS)):
        at = f"/body/votes/{i}"
        pair = shape.record(vote, at, ("member", "signature"))
        votes.append((ids.member_id(pair["member"], at), ids.signature_of_hex(pair["signature"], at)))
    return Decided(
        ids.digest_of_hex(fields["value"], "/body/value"),
        shape.bytes_of_hex(fields["payload"], "/body/payload", most=BLOCK_BYTES),
        tuple(votes),
    )


def read_sync(body: object) -> Sync:
    """The body of `sync`, or `Refused(Code.WIRE_BAD_FIELD)`."""
    shape.record(body, "/body", ())
    return Sync()


READERS: Mapping[str, Reader] = {
    "propose": read_proposal,
    "prevote": read_vote,
    "precommit": read_vote,
    "decided": read_decided,
    "sync": read_sync,
}
"""Kind of message -> reader of its body, for engines that propose and vote in two phases (NET-004)."""
