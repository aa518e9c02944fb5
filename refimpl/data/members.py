"""The members of a channel at one height: who they are, which key they sign with, what their vote weighs.

A membership is canonical: sorted by name, names and keys distinct, weights on validators only. So it has one digest,
which every block header carries, and a verifier needs nothing but the membership to judge a certificate. How members
come and go is the application's affair; this module knows neither transactions nor votes.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from attrs import frozen

from refimpl.crypto.recipes import digest
from refimpl.data import shape
from refimpl.data.encoding import encode
from refimpl.data.ids import (
    Digest,
    MemberId,
    PublicKey,
    Suite,
    Weight,
    enrol_public_key,
    member_id,
    public_key_of_hex,
    weight,
)
from refimpl.data.limits import MEMBERSHIP_MEMBERS
from refimpl.data.refusal import Code, Refused

__all__ = ["Member", "Membership", "Role"]

_TAG: Final = "yilian/membership/v1"


class Role(StrEnum):
    """What a member does in the ledger."""

    VALIDATOR = "validator"
    """Orders and endorses blocks: a tier-3 hospital."""
    MEMBER = "member"
    """Submits transactions and follows: a hospital of another tier, an insurer, a pharmacy."""
    AUDITOR = "auditor"
    """Sees and supervises everything, votes on nothing: a health commission."""


@frozen
class Member:
    """One member; `weight` is positive for a validator and 0 for everybody else (DAT-052)."""

    member: MemberId
    public: PublicKey
    weight: Weight
    role: Role

    def to_value(self) -> dict[str, Any]:
        """The canonical value (DAT-050)."""
        return {
            "member": self.member,
            "pub": self.public.hex(),
            "role": self.role.value,
            "weight": self.weight,
        }

    @classmethod
    def from_value(cls, value: object, at: str = "") -> "Member":
        """The member that `value` writes, or `wire.bad_field`."""
        fields = shape.record(value, at, ("member", "pub", "role", "weight"))
        return cls(
            member_id(fields["member"], f"{at}/member"),
            public_key_of_hex(fields["pub"], f"{at}/pub"),
            weight(fields["weight"], f"{at}/weight"),
            Role(shape.one_of(fields["role"], f"{at}/role", tuple(Role))),
        )


@frozen
class Membership:
    """The members in force, in ascending order of their names."""

    members: tuple[Member, ...]

    @classmethod
    def of(cls, members: Sequence[Member], suite: Suite) -> "Membership":
        """A lawful membership of `members` in any order; refuses as `check` does."""
        made = cls(tuple(sorted(members, key=lambda one: one.member)))
        made.check(suite)
        return made

    @classmethod
    def from_value(cls, value: object, at: str = "") -> "Membership":
        """The membership that `value` writes, or `wire.bad_field`; names must ascend (DAT-050)."""
        parts = shape.items(value, at, MEMBERSHIP_MEMBERS, least=1)
        members = tuple(Member.from_value(part, f"{at}/{number}") for number, part in enumerate(parts))
        for number in range(1, len(members)):
            if members[number].member < members[number - 1].member:
                raise Refused(
                    Code.WIRE_BAD_FIELD, f"{at}/{number}/member", expected="ascending names", got="another order"
                )
        return cls(members)

    def to_value(self) -> list[dict[str, Any]]:
        """The canonical value (DAT-050)."""
        return [one.to_value() for one in self.members]

    def check(self, suite: Suite, at: str = "") -> None:
        """Return if this may be in force, else refuse: `member.weak_key`, `member.duplicate`, `member.duplicate_key`,
        `member.bad_weight`, `member.no_validator`, in this order (DAT-025, DAT-051 .. DAT-053)."""
        for number, one in enumerate(self.members):
            enrol_public_key(suite, one.public, f"{at}/{number}/pub")
        _check_distinct([one.member for one in self.members], Code.MEMBER_DUPLICATE, at)
        _check_distinct([one.public for one in self.members], Code.MEMBER_DUPLICATE_KEY, at)
        for number, one in enumerate(self.members):
            if (one.weight > 0) != (one.role is Role.VALIDATOR):
                raise Refused(Code.MEMBER_BAD_WEIGHT, f"{at}/{number}/weight", member=one.member, role=one.role.value)
        if not self.total_weight:
            raise Refused(Code.MEMBER_NO_VALIDATOR, at)

    @cached_property
    def digest(self) -> Digest:
        """The digest that block headers carry (DAT-054)."""
        return digest(_TAG, encode(self.to_value()))

    @cached_property
    def total_weight(self) -> int:
        """The weight of all validators together; an exact integer, possibly above 2^53."""
        return sum(one.weight for one in self.members)

    @cached_property
    def _by_name(self) -> dict[MemberId, Member]:
        return {one.member: one for one in self.members}

    def get(self, member: MemberId) -> Member | None:
        """The member of this name, or None."""
        return self._by_name.get(member)

    def validators(self) -> tuple[Member, ...]:
        """Those who vote, in ascending order of their names."""
        return tuple(one for one in self.members if one.role is Role.VALIDATOR)

    def __iter__(self) -> Iterator[Member]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)


def _check_distinct(values: Sequence[str | bytes], code: Code, at: str) -> None:
    first: dict[str | bytes, int] = {}
    for number, value in enumerate(values):
        if first.setdefault(value, number) != number:
            raise Refused(code, f"{at}/{number}", first=first[value], second=number)
