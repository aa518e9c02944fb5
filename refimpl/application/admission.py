"""Who is let in and who goes: members that change while the ledger runs.

A payload of kind `membership` is `{changes: [{member, pub, role, weight}], evidence, removed: [member]}`: who is added
or has another role, weight or key from the next height on, who is gone then, and the instance of a contract that gives
the reason, or null. Those in force approve (DAT-072); in an open channel somebody without a vote comes by the signature
of one member and goes by their own.

It must not know how blocks come about, nor what a contract means. Source: spec/data.md, part 7.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from refimpl.contract.draft import Draft
from refimpl.contract.world import LedgerWorld
from refimpl.data import ids, shape
from refimpl.data.block import Genesis
from refimpl.data.certificate import has_quorum
from refimpl.data.ids import Height, MemberId, Name, Suite
from refimpl.data.limits import MEMBERSHIP_MEMBERS
from refimpl.data.members import Member, Membership, Role
from refimpl.data.refusal import Code, Refused
from refimpl.data.transaction import Transaction

__all__ = ["MEMBERS", "Rules", "Wanted", "change_members", "members_in", "must_be_approved", "read_payload"]

MEMBERS: Final = b"members"
"""Where the members stand that a transaction brought into force; nothing stands there while they are the genesis's."""
_RENEWING: Final = frozenset({"hotstuff", "pbft", "solo", "streamlet", "tendermint"})
"""Engines whose validators may change while they run."""
_ALONE: Final = "solo"


@frozen
class Rules:
    """What the genesis says about changes of the members."""

    engine: Name
    is_open: bool
    """Whether persons come and go without the approval of a quorum (DAT-077)."""

    @property
    def renews(self) -> bool:
        """Whether validators may change while the engine runs (DAT-078)."""
        return self.engine in _RENEWING

    @classmethod
    def of(cls, genesis: Genesis) -> "Rules":
        """Those of a channel."""
        found = genesis.parameters.get("open") if isinstance(genesis.parameters, dict) else None
        return cls(genesis.engine, found is True)


@frozen
class Wanted:
    """A payload of kind `membership`, read."""

    changes: tuple[Member, ...]
    """Who is added, or has another role, weight or key."""
    evidence: int | None
    """The instance that gives the reason."""
    removed: tuple[MemberId, ...]
    """Who is gone."""
    places: Mapping[MemberId, str]
    """Name -> where the payload names it last."""


def members_in(draft: Draft) -> tuple[Membership, Height] | None:
    """The members that a transaction brought into force, and the first height at which they are; None while they are
    the genesis's (DAT-076)."""
    found: Any = draft.read(MEMBERS)
    return None if found is None else (Membership.from_value(found["members"]), Height(found["since"]))


def must_be_approved(signers: Sequence[MemberId], members: Membership) -> None:
    """Changing the rules, the directory or the members takes the signatures of more than two thirds of the weight
    (DAT-072): raises `member.too_few_approvals`."""
    found = [members.get(signer) for signer in signers]
    weight = sum(member.weight for member in found if member is not None)
    if not has_quorum(weight, members.total_weight):
        raise Refused(Code.MEMBER_TOO_FEW_APPROVALS, "/signers", signed=weight, total=members.total_weight)


def change_members(
    draft: Draft, transaction: Transaction, in_force: Membership, since: Height, rules: Rules
) -> list[dict[str, Any]]:
    """Carry out a transaction of kind `membership` and write who is in force from height `since` on; the event.

    `in_force` are the members at the height of execution: they approve. Raises `member.too_few_approvals` (DAT-072,
    DAT-077), `wire.bad_field` (DAT-073), `member.*` (DAT-074, DAT-075, DAT-078), `contract.unknown_name` (DAT-074),
    `consensus.not_alone` (DAT-078), `query.not_found` (DAT-074).
    """
    payload, signers = transaction.payload, transaction.signers
    before = members_in(draft)
    present = in_force if before is None else before[0]
    if not (rules.is_open and _is_free(payload, signers, present)):
        must_be_approved(signers, in_force)
    wanted = read_payload(payload)
    result = _applied(wanted, present)
    _must_be_lawful(wanted, result, transaction.suite)
    _must_suit_the_engine(wanted, present, result, rules)
    if wanted.evidence is not None and LedgerWorld(draft).instance(wanted.evidence) is None:
        raise Refused(Code.CONTRACT_UNKNOWN_NAME, "/payload/evidence", name=str(wanted.evidence))
    if rules.engine == _ALONE and len(result.validators()) != 1:
        raise Refused(Code.CONSENSUS_NOT_ALONE, "/payload", got=len(result.validators()))
    for number, name in enumerate(wanted.removed):
        if present.get(name) is None:
            raise Refused(Code.QUERY_NOT_FOUND, f"/payload/removed/{number}", what="member")
    draft.write(MEMBERS, {"members": result.to_value(), "since": since})
    changed = sorted(one.member for one in wanted.changes)
    removed = sorted(wanted.removed)
    return [{"changed": changed, "evidence": wanted.evidence, "kind": "membership", "removed": removed}]


def read_payload(payload: object) -> Wanted:
    """The payload, or `wire.bad_field` (DAT-073)."""
    fields = shape.record(payload, "/payload", ("changes", "evidence", "removed"))
    listed = shape.items(fields["changes"], "/payload/changes", MEMBERSHIP_MEMBERS)
    changes = tuple(Member.from_value(one, f"/payload/changes/{number}") for number, one in enumerate(listed))
    gone = shape.items(fields["removed"], "/payload/removed", MEMBERSHIP_MEMBERS)
    removed = tuple(ids.member_id(one, f"/payload/removed/{number}") for number, one in enumerate(gone))
    evidence = fields["evidence"]
    if not changes and not removed:
        raise Refused(Code.WIRE_BAD_FIELD, "/payload", expected="somebody to change or remove", got="nobody")
    places = {one.member: f"/payload/changes/{number}" for number, one in enumerate(changes)}
    places |= {name: f"/payload/removed/{number}" for number, name in enumerate(removed)}
    found = None if evidence is None else shape.integer(evidence, "/payload/evidence")
    return Wanted(changes, found, removed, places)


def _is_free(payload: object, signers: Sequence[MemberId], present: Membership) -> bool:
    """Whether an open channel asks no quorum for this: newcomers without a vote, and leaving by one's own signature."""
    try:
        wanted = read_payload(payload)
    except Refused:
        return False
    newcomers = all(one.role is Role.MEMBER and present.get(one.member) is None for one in wanted.changes)
    leaving = (present.get(name) for name in wanted.removed)
    own = all(one is not None and one.role is Role.MEMBER and one.member in signers for one in leaving)
    return newcomers and own


def _applied(wanted: Wanted, present: Membership) -> Membership:
    """The members with the changes made; raises `wire.bad_field` if they are too many."""
    kept = {one.member: one for one in present if one.member not in wanted.removed}
    kept |= {one.member: one for one in wanted.changes}
    if len(kept) > MEMBERSHIP_MEMBERS:
        expected = f"at most {MEMBERSHIP_MEMBERS} members then"
        raise Refused(Code.WIRE_BAD_FIELD, "/payload/changes", expected=expected, got=f"{len(kept)}")
    return Membership(tuple(kept[name] for name in sorted(kept)))


def _must_be_lawful(wanted: Wanted, result: Membership, suite: Suite) -> None:
    """Raise for what may not be in force, where the payload makes it so (DAT-025, DAT-051 to DAT-053)."""
    named = [*(one.member for one in wanted.changes), *wanted.removed]
    for number, one in enumerate(wanted.changes):
        ids.enrol_public_key(suite, one.public, f"/payload/changes/{number}/pub")
    for number, name in enumerate(named):
        if name in named[:number]:
            raise Refused(Code.MEMBER_DUPLICATE, wanted.places[name], first=named.index(name), second=number)
    try:
        result.check(suite)
    except Refused as refused:
        raise Refused(refused.code, _place(refused, wanted, result), **refused.values) from None


def _place(refused: Refused, wanted: Wanted, result: Membership) -> str:
    """Where the payload names the member whom a refusal of the whole membership is about."""
    if refused.code is Code.MEMBER_NO_VALIDATOR:
        return "/payload"
    number, _, field = refused.at.removeprefix("/").partition("/")
    numbers = [int(number), refused.values.get("first")]
    involved = [one.member for at, one in enumerate(result.members) if at in numbers and one.member in wanted.places]
    return f"{wanted.places[involved[-1]]}/{field or 'pub'}"


def _must_suit_the_engine(wanted: Wanted, present: Membership, result: Membership, rules: Rules) -> None:
    """Raise `member.not_authorized` for a change of the validators under an engine that keeps them (DAT-078)."""
    if rules.renews or present.validators() == result.validators():
        return
    before, after = set(present.validators()), set(result.validators())
    name = min(one.member for one in before ^ after)
    raise Refused(Code.MEMBER_NOT_AUTHORIZED, wanted.places[name], member=name)
