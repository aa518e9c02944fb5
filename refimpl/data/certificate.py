"""Commit certificates: the signed votes of validators with more than two thirds of the weight, for one block at one
height.

Why it stands in the data layer: a ledger is checked years later by somebody who runs no consensus. A certificate and
the membership in force suffice; the profile that made the votes is named in it, for it is part of what the votes
sign. The module knows no round structure, no lock and no message but this one shape.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from attrs import frozen

from refimpl.crypto.recipes import BadSignature, Verifier, digest
from refimpl.data import shape
from refimpl.data.encoding import decode, encode
from refimpl.data.ids import (
    ChannelId,
    Digest,
    Height,
    MemberId,
    Name,
    Round,
    Signature,
    Suite,
    channel_id,
    digest_of_hex,
    height,
    member_id,
    name,
    round_number,
    signature_of_hex,
    suite,
)
from refimpl.data.limits import BLOCK_BYTES, MEMBERSHIP_MEMBERS
from refimpl.data.members import Membership, Role
from refimpl.data.refusal import Code, Refused

__all__ = ["Certificate", "Decision", "Vote", "has_quorum", "require_certificate", "verify_certificate", "vote_digest"]

UNCERTIFIED_ENGINES: Final = tuple(map(Name, ("authority", "delegated", "nakamoto", "raft", "solo", "stake")))
"""The profiles whose blocks stand without a certificate: one member, one leader, or a chain (DAT-106)."""

_FIELDS: Final = ("block", "channel", "height", "kind", "profile", "round", "signatures", "suite")


@frozen
class Vote:
    """One validator's signature under a certificate."""

    member: MemberId
    signature: Signature


@frozen
class Decision:
    """What a certificate must be about, as its verifier knows it from elsewhere."""

    channel: ChannelId
    suite: Suite
    height: Height
    block: Digest
    profile: Name
    """The consensus profile, for example `tendermint`."""
    kind: Name
    """The kind of vote that commits in this profile, for example `precommit`."""


@frozen
class Certificate:
    """The votes for `block`; their members ascend, nobody twice (DAT-100)."""

    channel: ChannelId
    suite: Suite
    height: Height
    round: Round
    block: Digest
    profile: Name
    kind: Name
    votes: tuple[Vote, ...]

    def to_value(self) -> dict[str, Any]:
        """The canonical value (DAT-100)."""
        return {
            "block": self.block.hex(),
            "channel": self.channel,
            "height": self.height,
            "kind": self.kind,
            "profile": self.profile,
            "round": self.round,
            "signatures": [{"member": vote.member, "signature": vote.signature.hex()} for vote in self.votes],
            "suite": self.suite.value,
        }

    def to_bytes(self) -> bytes:
        """The canonical bytes."""
        return encode(self.to_value())

    @classmethod
    def from_bytes(cls, data: bytes) -> "Certificate":
        """The certificate in `data`, or `wire.too_large`, `wire.not_canonical`, `wire.bad_field`."""
        return cls.from_value(decode(data, BLOCK_BYTES))

    @classmethod
    def from_value(cls, value: object, at: str = "") -> "Certificate":
        """The certificate that `value` writes, or `wire.bad_field` (DAT-100)."""
        fields = shape.record(value, at, _FIELDS)
        listed = shape.items(fields["signatures"], f"{at}/signatures", MEMBERSHIP_MEMBERS)
        votes = []
        for number, one in enumerate(listed):
            here = f"{at}/signatures/{number}"
            vote = shape.record(one, here, ("member", "signature"))
            signature = signature_of_hex(vote["signature"], f"{here}/signature")
            votes.append(Vote(member_id(vote["member"], f"{here}/member"), signature))
        _check_ascending(votes, at)
        return cls(
            channel_id(fields["channel"], f"{at}/channel"),
            suite(fields["suite"], f"{at}/suite"),
            height(fields["height"], f"{at}/height"),
            round_number(fields["round"], f"{at}/round"),
            digest_of_hex(fields["block"], f"{at}/block"),
            name(fields["profile"], f"{at}/profile"),
            name(fields["kind"], f"{at}/kind"),
            tuple(votes),
        )


def _check_ascending(votes: Sequence[Vote], at: str) -> None:
    for number in range(1, len(votes)):
        if votes[number - 1].member >= votes[number].member:
            here = f"{at}/signatures/{number}/member"
            raise Refused(Code.WIRE_BAD_FIELD, here, expected="distinct ascending members", got="another order")


def vote_digest(decision: Decision, round_: Round, member: MemberId) -> Digest:
    """What `member` signs when voting for `decision` in `round_`: the envelope of its message, all but the signature,
    under the tag of profile and kind (DAT-101)."""
    envelope = {
        "body": {"value": decision.block.hex()},
        "channel": decision.channel,
        "from": member,
        "height": decision.height,
        "kind": decision.kind,
        "round": round_,
        "suite": decision.suite.value,
    }
    return digest(vote_tag(decision.profile, decision.kind), encode(envelope))


@lru_cache(maxsize=64)
def vote_tag(profile: Name, kind: Name) -> str:
    """The domain tag of a profile's messages of one kind (DAT-101)."""
    return f"yilian/{profile}/{kind}/v1"


def has_quorum(weight: int, total: int) -> bool:
    """Whether `weight` is more than two thirds of `total`, in exact integers (DAT-105)."""
    return 3 * weight > 2 * total


def verify_certificate(certificate: Certificate, decision: Decision, members: Membership, verify: Verifier) -> None:
    """Return if `certificate` proves that the validators of `members` committed `decision`; else refuse.

    In this order: `wire.bad_field` (order of members), `consensus.wrong_channel`, `.wrong_suite`, `.wrong_height`,
    `.wrong_block`, `.wrong_kind`, `.unknown_signer`, `.bad_signature`, `.no_quorum` (DAT-100 .. DAT-105). `verify` is
    the verification of the channel's suite; every signature is checked, also those beyond the quorum.
    """
    _check_ascending(certificate.votes, "")
    facts: tuple[tuple[Code, str, object, object], ...] = (
        (Code.CONSENSUS_WRONG_CHANNEL, "channel", decision.channel, certificate.channel),
        (Code.CONSENSUS_WRONG_SUITE, "suite", decision.suite.value, certificate.suite.value),
        (Code.CONSENSUS_WRONG_HEIGHT, "height", decision.height, certificate.height),
        (Code.CONSENSUS_WRONG_BLOCK, "block", decision.block.hex(), certificate.block.hex()),
        (Code.CONSENSUS_WRONG_KIND, "profile", decision.profile, certificate.profile),
        (Code.CONSENSUS_WRONG_KIND, "kind", decision.kind, certificate.kind),
    )
    for code, field, expected, found in facts:
        if expected != found:
            raise Refused(code, f"/{field}", expected=expected, got=found)
    voters = []
    for number, vote in enumerate(certificate.votes):
        voter = members.get(vote.member)
        if voter is None or voter.role is not Role.VALIDATOR:
            raise Refused(Code.CONSENSUS_UNKNOWN_SIGNER, f"/signatures/{number}/member", signer=vote.member)
        voters.append(voter)
    for number, (voter, vote) in enumerate(zip(voters, certificate.votes, strict=True)):
        try:
            verify(voter.public, vote_digest(decision, certificate.round, vote.member), vote.signature)
        except BadSignature:
            here = f"/signatures/{number}/signature"
            raise Refused(Code.CONSENSUS_BAD_SIGNATURE, here, signer=vote.member) from None
    signed = sum(voter.weight for voter in voters)
    if not has_quorum(signed, members.total_weight):
        raise Refused(Code.CONSENSUS_NO_QUORUM, "/signatures", got=signed, total=members.total_weight)


def require_certificate(engine: Name, certificate: Certificate | None) -> None:
    """`consensus.missing_certificate` where a decided block has none, unless the channel's engine makes none
    (DAT-106)."""
    if certificate is None and engine not in UNCERTIFIED_ENGINES:
        raise Refused(Code.CONSENSUS_MISSING_CERTIFICATE, engine=engine)
