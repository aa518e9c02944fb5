"""Certificates of the consortium: who vouches for a member's key, and until when.

The consortium's authority signs one certificate for each member; a chain admits the key by the signatures of its
members, so a certificate alone lets nobody in, and an admission without a certificate has no name behind it. A key is
revoked where it counts: once it does not stand in the membership, its certificate is worth nothing, and no list of
revoked ones has to be fetched.

It must not read a clock: the time of the block is passed in. Source: spec/application.md, APP-024 to APP-026.
"""

from typing import Final

from attrs import frozen

from refimpl.crypto.hazmat import Broken
from refimpl.crypto.hazmat_x509 import Authority, Parsed, issue, parse, verify_issued
from refimpl.crypto.recipes import digest
from refimpl.data.ids import Digest, MemberId, PublicKey, Suite, enrol_public_key, member_id
from refimpl.data.limits import CERTIFICATE_BYTES, CERTIFICATE_DAYS
from refimpl.data.members import Membership, Role
from refimpl.data.refusal import Code, Refused

__all__ = ["Identity", "certificate_digest", "check_in_force", "issue_authority", "issue_member", "read_authority",
           "read_member"]  # fmt: skip

_TAG: Final = "yilian/certificate/v1"
_DAY: Final = 86_400
_CONSTRAINTS, _USAGE = "2.5.29.19", "2.5.29.15"
_SERIAL_BITS: Final = 159


@frozen
class Identity:
    """What a certificate that was checked says."""

    member: MemberId
    consortium: str
    role: Role
    public: PublicKey
    not_after: int
    """Last second of its validity."""
    digest: Digest
    """What the admission contract has of it."""


def certificate_digest(der: bytes) -> Digest:
    """The digest by which an admission names a certificate (APP-025)."""
    return digest(_TAG, der)


def issue_authority(by: Authority, serial: int, valid: tuple[int, int]) -> bytes:
    """The authority's own certificate, in DER, signed by itself; `serial` is random and positive."""
    return issue(by, by.name, by.public, serial, valid, authority=True)


def issue_member(
    by: Authority, member: MemberId, role: Role, public: PublicKey, serial: int, valid: tuple[int, int]
) -> bytes:
    """A member's certificate in DER; `ValueError` for what `read_member` would refuse (APP-024)."""
    (_, consortium), *_ = by.name
    if not 0 <= valid[1] - valid[0] <= CERTIFICATE_DAYS * _DAY:
        raise ValueError(f"a certificate is valid for at most {CERTIFICATE_DAYS} days")
    subject = (("O", consortium), ("OU", role.value), ("CN", member))
    return issue(by, subject, public, serial, valid, authority=False)


def read_authority(der: bytes) -> Parsed:
    """The authority's certificate: signed by itself, and fit to issue; `member.bad_certificate` (APP-024)."""
    found = _parsed(der)
    _must_hold(
        (tuple(kind for kind, _ in found.subject) == ("O",), "O alone, the consortium"),
        (found.subject == found.issuer, "its own issuer"),
        (found.authority is True and found.path_length == 0, "an authority over members only"),
        (found.usages == ("key_cert_sign", "crl_sign"), "the usages of an authority"),
        (found.critical == (_USAGE, _CONSTRAINTS), "usage and constraints critical, nothing else"),
    )
    _must_be_signed(found, found.public)
    return found


def read_member(der: bytes, authority: Parsed, now: int) -> Identity:
    """Who is behind a certificate, at second `now` of the chain (APP-024).

    `member.bad_certificate` for anything but a member's certificate of this authority, `member.weak_key`, and
    `member.certificate_expired` outside its validity or the authority's.
    """
    found = _parsed(der)
    kinds = tuple(kind for kind, _ in found.subject)
    _must_hold((found.issuer == authority.subject, "issued by this authority"),
               (kinds == ("O", "OU", "CN"), "a subject of O, OU, CN"))  # fmt: skip
    _must_be_signed(found, authority.public)
    consortium, role, name = (value for _, value in found.subject)
    _must_hold(
        (consortium == authority.subject[0][1], "the consortium's name"),
        (role in tuple(Role), "a role in OU"),
        (found.authority is False, "somebody who issues nothing"),
        (found.usages == ("digital_signature",), "the usage of signing alone"),
        (found.critical == (_USAGE, _CONSTRAINTS), "usage and constraints critical, nothing else"),
        (found.serial > 0 and found.serial.bit_length() <= _SERIAL_BITS, "a positive serial number below 2^159"),
        (found.not_after - found.not_before <= CERTIFICATE_DAYS * _DAY, f"at most {CERTIFICATE_DAYS} days"),
    )
    for one in (authority, found):
        if not one.not_before <= now <= one.not_after:
            raise Refused(Code.MEMBER_CERTIFICATE_EXPIRED, since=one.not_before, until=one.not_after, now=now)
    public = enrol_public_key(Suite.INTL, found.public)
    try:
        member = member_id(name)
    except Refused:
        raise _bad("a member's name in CN") from None
    return Identity(member, consortium, Role(role), public, found.not_after, certificate_digest(der))


def check_in_force(identity: Identity, members: Membership) -> None:
    """Return if the membership has this member with this key and role, else `member.certificate_revoked` (APP-026)."""
    found = members.get(identity.member)
    if found is None or found.public != identity.public or found.role is not identity.role:
        raise Refused(Code.MEMBER_CERTIFICATE_REVOKED, member=identity.member)


def _parsed(der: bytes) -> Parsed:
    if len(der) > CERTIFICATE_BYTES:
        raise Refused(Code.WIRE_TOO_LARGE, max=CERTIFICATE_BYTES, got=len(der))
    try:
        return parse(der)
    except Broken:
        raise _bad("one X.509 v3 certificate in DER with Ed25519 keys") from None


def _must_be_signed(found: Parsed, public: bytes) -> None:
    try:
        verify_issued(found, public)
    except Broken:
        raise _bad("the authority's signature") from None


def _must_hold(*facts: tuple[bool, str]) -> None:
    for holds, expected in facts:
        if not holds:
            raise _bad(expected)


def _bad(expected: str) -> Refused:
    return Refused(Code.MEMBER_BAD_CERTIFICATE, expected=expected)
