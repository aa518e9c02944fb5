"""What members of PBFT say beside proposals and votes: that they leave a view, and why the next one may begin.

Apart from the rules (`pbft`), so that bytes are read without them. It must not decide anything.
Source: spec/consensus.md, part 4 (CON-040 to CON-043).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from refimpl.data import ids, shape
from refimpl.data.ids import Digest, MemberId, Round, Signature
from refimpl.data.limits import MEMBERSHIP_MEMBERS
from refimpl.network.messages import READERS as SHARED
from refimpl.network.messages import Reader, read_proposal, read_vote

__all__ = ["COMMIT", "NEWVIEW", "PREPARE", "PREPREPARE", "READERS", "VIEWCHANGE", "Change", "NewView", "Proof",
           "ViewChange"]  # fmt: skip

PREPREPARE, PREPARE, COMMIT = "preprepare", "prepare", "commit"
"""The three phases of a view; each is also the kind of the message that it sends."""
VIEWCHANGE, NEWVIEW = "viewchange", "newview"


class Proof(NamedTuple):
    """The `prepare` votes of distinct members, in order of name, that prepared a value in a view: a prepared
    certificate."""

    view: Round
    value: Digest
    votes: tuple[tuple[MemberId, Signature], ...]

    def to_data(self) -> dict[str, Any]:
        """`{value, view, votes: [{member, signature}]}`."""
        votes = [{"member": member, "signature": signature.hex()} for member, signature in self.votes]
        return {"value": self.value.hex(), "view": self.view, "votes": votes}


class ViewChange(NamedTuple):
    """Body of `viewchange`: what its sender has prepared at the height, in the latest view in which it did."""

    prepared: Proof | None

    def to_data(self) -> dict[str, Any]:
        """`{prepared}`, and `{}` where nothing is prepared: there is no value that stands for none (CON-041)."""
        return {} if self.prepared is None else {"prepared": self.prepared.to_data()}


class Change(NamedTuple):
    """A `viewchange` inside a `newview`, whose height and round it shares."""

    sender: MemberId
    body: ViewChange
    signature: Signature

    def to_data(self) -> dict[str, Any]:
        """`{body, from, sig}`."""
        return {"body": self.body.to_data(), "from": self.sender, "sig": self.signature.hex()}


class NewView(NamedTuple):
    """Body of `newview`: the view changes of a quorum, in order of name, from which everybody computes what binds."""

    changes: tuple[Change, ...]

    def to_data(self) -> dict[str, Any]:
        """`{changes: [{body, from, sig}]}`."""
        return {"changes": [change.to_data() for change in self.changes]}


def read_proof(value: object, at: str) -> Proof:
    """A prepared certificate, or `Refused(Code.WIRE_BAD_FIELD)`."""
    fields = shape.record(value, at, ("value", "view", "votes"))
    votes = []
    for i, vote in enumerate(shape.items(fields["votes"], f"{at}/votes", MEMBERSHIP_MEMBERS)):
        here = f"{at}/votes/{i}"
        pair = shape.record(vote, here, ("member", "signature"))
        votes.append((ids.member_id(pair["member"], here), ids.signature_of_hex(pair["signature"], here)))
    view = ids.round_number(fields["view"], f"{at}/view")
    return Proof(view, ids.digest_of_hex(fields["value"], f"{at}/value"), tuple(votes))


def read_view_change(body: object, at: str = "/body") -> ViewChange:
    """The body of `viewchange`, or `Refused(Code.WIRE_BAD_FIELD)`."""
    fields = shape.record(body, at, (), ("prepared",))
    return ViewChange(read_proof(fields["prepared"], f"{at}/prepared") if fields else None)


def read_new_view(body: object) -> NewView:
    """The body of `newview`, or `Refused(Code.WIRE_BAD_FIELD)`."""
    fields = shape.record(body, "/body", ("changes",))
    changes = []
    for i, change in enumerate(shape.items(fields["changes"], "/body/changes", MEMBERSHIP_MEMBERS)):
        at = f"/body/changes/{i}"
        parts = shape.record(change, at, ("body", "from", "sig"))
        sender, signature = ids.member_id(parts["from"], f"{at}/from"), ids.signature_of_hex(parts["sig"], f"{at}/sig")
        changes.append(Change(sender, read_view_change(parts["body"], f"{at}/body"), signature))
    return NewView(tuple(changes))


READERS: Mapping[str, Reader] = {
    PREPREPARE: read_proposal,
    PREPARE: read_vote,
    COMMIT: read_vote,
    VIEWCHANGE: read_view_change,
    NEWVIEW: read_new_view,
    "decided": SHARED["decided"],
    "sync": SHARED["sync"],
}
"""Kind of message -> reader of its body."""
