"""What members of chained HotStuff say: blocks that carry a certificate of their parent, votes, and the wish to go on.

Apart from the rules (`hotstuff`), so that bytes are read without them. It must not decide anything.
Source: spec/consensus.md, part 5 (CON-060 to CON-062).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from refimpl.data import ids, shape
from refimpl.data.ids import Digest, Height, MemberId, Round, Signature
from refimpl.data.limits import BLOCK_BYTES, MEMBERSHIP_MEMBERS
from refimpl.network.messages import READERS as SHARED
from refimpl.network.messages import Reader, read_vote

__all__ = ["NEWVIEW", "PROPOSE", "READERS", "VOTE", "Block", "NewView", "QuorumCertificate"]

PROPOSE, VOTE, NEWVIEW = "propose", "vote", "newview"


class QuorumCertificate(NamedTuple):
    """Votes of distinct members, in order of name, for one block in its view."""

    height: Height
    view: Round
    value: Digest
    votes: tuple[tuple[MemberId, Signature], ...]

    def to_data(self) -> dict[str, Any]:
        """`{height, value, view, votes: [{member, signature}]}`."""
        votes = [{"member": member, "signature": signature.hex()} for member, signature in self.votes]
        return {"height": self.height, "value": self.value.hex(), "view": self.view, "votes": votes}


class Block(NamedTuple):
    """Body of `propose`: a payload on top of `parent`, with the certificate of that parent, unless it is decided."""

    value: Digest
    payload: bytes
    parent: Digest
    justify: QuorumCertificate | None

    def to_data(self) -> dict[str, Any]:
        """`{justify, parent, payload, value}`; without `justify` on the first block of all."""
        data: dict[str, Any] = {"parent": self.parent.hex(), "payload": self.payload.hex(), "value": self.value.hex()}
        return data if self.justify is None else {**data, "justify": self.justify.to_data()}


class NewView(NamedTuple):
    """Body of `newview`: the highest certificate that its sender knows."""

    justify: QuorumCertificate | None

    def to_data(self) -> dict[str, Any]:
        """`{justify}`, or `{}` before there is any."""
        return {} if self.justify is None else {"justify": self.justify.to_data()}


def read_certificate(value: object, at: str) -> QuorumCertificate:
    """A quorum certificate, or `Refused(Code.WIRE_BAD_FIELD)`."""
    fields = shape.record(value, at, ("height", "value", "view", "votes"))
    votes = []
    for i, vote in enumerate(shape.items(fields["votes"], f"{at}/votes", MEMBERSHIP_MEMBERS)):
        here = f"{at}/votes/{i}"
        pair = shape.record(vote, here, ("member", "signature"))
        votes.append((ids.member_id(pair["member"], here), ids.signature_of_hex(pair["signature"], here)))
    height = Height(shape.integer(fields["height"], f"{at}/height", 1))
    view = ids.round_number(fields["view"], f"{at}/view")
    return QuorumCertificate(height, view, ids.digest_of_hex(fields["value"], f"{at}/value"), tuple(votes))


def read_block(body: object) -> Block:
    """The body of `propose`, or `Refused(Code.WIRE_BAD_FIELD)`."""
    fields = shape.record(body, "/body", ("parent", "payload", "value"), ("justify",))
    justify = read_certificate(fields["justify"], "/body/justify") if "justify" in fields else None
    return Block(
        ids.digest_of_hex(fields["value"], "/body/value"),
        shape.bytes_of_hex(fields["payload"], "/body/payload", most=BLOCK_BYTES),
        ids.digest_of_hex(fields["parent"], "/body/parent"),
        justify,
    )


def read_new_view(body: object) -> NewView:
    """The body of `newview`, or `Refused(Code.WIRE_BAD_FIELD)`."""
    fields = shape.record(body, "/body", (), ("justify",))
    return NewView(read_certificate(fields["justify"], "/body/justify") if fields else None)


READERS: Mapping[str, Reader] = {
    PROPOSE: read_block,
    VOTE: read_vote,
    NEWVIEW: read_new_view,
    "decided": SHARED["decided"],
    "sync": SHARED["sync"],
}
"""Kind of message -> reader of its body."""
