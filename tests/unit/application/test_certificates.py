"""A certificate names a member for as long as the consortium vouches and the ledger has the key; nothing else does."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from refimpl.application.certificates import (
    certificate_digest,
    check_in_force,
    issue_authority,
    issue_member,
    read_authority,
    read_member,
)
from refimpl.crypto.hazmat_x509 import Authority
from refimpl.crypto.recipes import KeyPair
from refimpl.data.ids import MemberId, PublicKey, Suite, Weight
from refimpl.data.members import Member, Membership, Role
from refimpl.data.refusal import Refused

NOW, DAY = 1_767_225_600, 86_400
SECRET, OTHER = bytes(range(32)), bytes(range(32, 64))
KEY = KeyPair(Suite.INTL, bytes(range(1, 33)))
NAME = MemberId("county2")


def authority(secret=SECRET, name="River City Alliance"):
    return Authority((("O", name),), KeyPair(Suite.INTL, secret).public, lambda: secret)


CA = authority()
ROOT = read_authority(issue_authority(CA, 1, (NOW - DAY, NOW + 3000 * DAY)))
MEMBER = issue_member(CA, NAME, Role.MEMBER, KEY.public, 7, (NOW, NOW + 365 * DAY))


def refused(code, call, *arguments):
    with pytest.raises(Refused) as caught:
        call(*arguments)
    assert caught.value.code == code
    return caught.value


@pytest.mark.clause("APP-024", "APP-025")
def test_a_members_certificate_says_who_in_which_role_with_which_key_and_until_when():
    found = read_member(MEMBER, ROOT, NOW)
    assert (found.member, found.role, found.public) == (NAME, Role.MEMBER, KEY.public)
    assert (found.consortium, found.not_after) == ("River City Alliance", NOW + 365 * DAY)
    assert found.digest == certificate_digest(MEMBER)


@pytest.mark.clause("APP-024")
def test_the_first_and_the_last_second_are_within_and_their_neighbours_are_not():
    for now in (NOW, NOW + 365 * DAY):
        read_member(MEMBER, ROOT, now)
    for now in (NOW - 1, NOW + 365 * DAY + 1):
        refused("member.certificate_expired", read_member, MEMBER, ROOT, now)
    young = read_authority(issue_authority(CA, 2, (NOW + DAY, NOW + 2 * DAY)))
    refused("member.certificate_expired", read_member, MEMBER, young, NOW)


@pytest.mark.clause("APP-024")
def test_another_authority_even_of_the_same_name_vouches_for_nobody_here():
    namesake = read_authority(issue_authority(authority(OTHER), 1, (NOW - DAY, NOW + DAY)))
    refused("member.bad_certificate", read_member, MEMBER, namesake, NOW)
    stranger = read_authority(issue_authority(authority(OTHER, "Elsewhere"), 1, (NOW - DAY, NOW + DAY)))
    refused("member.bad_certificate", read_member, MEMBER, stranger, NOW)


def made(*, version=3, subject=None, issuer=CA.name, public=None, serial=7, days=365, constraints=True, usage=None,
         extra=None, authority=False, critical=True, secret=SECRET):  # fmt: skip
    """A certificate by the library, apart from ours, with one thing changed."""
    subject = subject if subject is not None else (("O", CA.name[0][1]), ("OU", "member"), ("CN", NAME))
    oids = {"O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME, "CN": NameOID.COMMON_NAME}
    named = [x509.Name([x509.NameAttribute(oids[kind], value) for kind, value in name]) for name in (subject, issuer)]
    builder = (
        x509.CertificateBuilder().subject_name(named[0]).issuer_name(named[1]).serial_number(serial)
        .public_key(public or Ed25519PublicKey.from_public_bytes(KEY.public))
        .not_valid_before(datetime.fromtimestamp(NOW, UTC))
        .not_valid_after(datetime.fromtimestamp(NOW + days * DAY, UTC))
    )  # fmt: skip
    if constraints:
        builder = builder.add_extension(x509.BasicConstraints(authority, 0 if authority else None), critical)
    flags = {name: name in (usage or ("digital_signature",)) for name in (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign")}  # fmt: skip
    builder = builder.add_extension(x509.KeyUsage(**flags, encipher_only=False, decipher_only=False), critical)
    if extra is not None:
        builder = builder.add_extension(extra, True)
    key = secret if not isinstance(secret, bytes) else Ed25519PrivateKey.from_private_bytes(secret)
    algorithm = hashes.SHA256() if isinstance(key, ec.EllipticCurvePrivateKey) else None
    return builder.sign(key, algorithm).public_bytes(Encoding.DER)


ALLIANCE = ("O", "River City Alliance")
WRONG = {
    "an issuer among members": made(authority=True),
    "who may sign others": made(usage=("digital_signature", "key_cert_sign")),
    "who may encrypt": made(usage=("key_encipherment",)),
    "without constraints": made(constraints=False),
    "not critical": made(critical=False),
    "an unknown critical extension": made(extra=x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])),
    "too long a life": made(days=826),
    "another consortium": made(subject=(("O", "Elsewhere"), ("OU", "member"), ("CN", NAME))),
    "no role": made(subject=(ALLIANCE, ("CN", NAME))),
    "an unknown role": made(subject=(ALLIANCE, ("OU", "king"), ("CN", NAME))),
    "two names": made(subject=(ALLIANCE, ("OU", "member"), ("CN", NAME), ("CN", "city3"))),
    "another order": made(subject=(("CN", NAME), ("OU", "member"), ALLIANCE)),
    "no member's name": made(subject=(ALLIANCE, ("OU", "member"), ("CN", "County Hospital"))),
    "another curve": made(public=ec.derive_private_key(5, ec.SECP256R1()).public_key()),
    "another signature": made(secret=ec.derive_private_key(5, ec.SECP256R1())),
    "signed by somebody else": made(secret=OTHER),
    "cut off": MEMBER[:-1], "with something behind": MEMBER + b"\0", "nothing": b"",
}  # fmt: skip


@pytest.mark.clause("APP-024")
@pytest.mark.parametrize("der", WRONG.values(), ids=WRONG)
def test_what_is_no_members_certificate_is_refused(der):
    refused("member.bad_certificate", read_member, der, ROOT, NOW)


ROOT_SIGNS = ("key_cert_sign", "crl_sign")
OWN = Ed25519PublicKey.from_public_bytes(CA.public)
LONGER = (ALLIANCE, ("CN", "root"))
ROOTS = {
    "not critical": made(subject=CA.name, authority=True, usage=ROOT_SIGNS, public=OWN, critical=False),
    "another usage": made(subject=CA.name, authority=True, usage=("key_cert_sign",), public=OWN),
    "no authority": made(subject=CA.name, usage=ROOT_SIGNS, public=OWN),
    "signed by another": made(subject=CA.name, authority=True, usage=ROOT_SIGNS, public=OWN, secret=OTHER),
    "issued by another": made(subject=CA.name, issuer=(("O", "Elsewhere"),), authority=True, usage=ROOT_SIGNS,
                              public=OWN),
    "a longer name": made(subject=LONGER, issuer=LONGER, authority=True, usage=ROOT_SIGNS, public=OWN),
}  # fmt: skip
"""Roots under the authority's own key, each with one thing wrong."""


@pytest.mark.clause("APP-024")
@pytest.mark.parametrize("der", ROOTS.values(), ids=ROOTS)
def test_what_is_no_authoritys_certificate_is_refused(der):
    refused("member.bad_certificate", read_authority, der)


@pytest.mark.clause("APP-024")
def test_the_same_root_with_nothing_wrong_is_read():
    assert read_authority(made(subject=CA.name, authority=True, usage=ROOT_SIGNS, public=OWN)).public == CA.public


@pytest.mark.clause("APP-024")
def test_the_one_made_by_hand_is_good_and_the_root_is_no_member():
    assert read_member(made(), ROOT, NOW).member == NAME
    refused("member.bad_certificate", read_member, ROOT.der, ROOT, NOW)
    refused("member.bad_certificate", read_authority, MEMBER)
    refused("wire.too_large", read_member, bytes(4097), ROOT, NOW)
    identity_point = Ed25519PublicKey.from_public_bytes(b"\1" + bytes(31))
    refused("member.weak_key", read_member, made(public=identity_point), ROOT, NOW)
    with pytest.raises(ValueError, match="825 days"):
        issue_member(CA, NAME, Role.MEMBER, KEY.public, 7, (NOW, NOW + 826 * DAY))


@pytest.mark.clause("APP-024")
@given(st.data())
def test_no_flipped_bit_and_no_bytes_are_believed(data):
    spoilt = bytearray(MEMBER)
    bit = data.draw(st.integers(0, 8 * len(MEMBER) - 1))
    spoilt[bit // 8] ^= 1 << bit % 8
    for der in (bytes(spoilt), data.draw(st.binary(max_size=200))):
        with pytest.raises(Refused):
            read_member(der, ROOT, NOW)


@pytest.mark.clause("APP-026")
def test_a_certificate_is_worth_nothing_once_key_or_role_has_left_the_membership():
    found = read_member(MEMBER, ROOT, NOW)
    chief = Member(MemberId("city3"), PublicKey(KeyPair(Suite.INTL, OTHER).public), Weight(1), Role.VALIDATOR)
    held = Member(NAME, KEY.public, Weight(0), Role.MEMBER)
    check_in_force(found, Membership((chief, held)))
    rotated = Member(NAME, KeyPair(Suite.INTL, bytes(32)).public, Weight(0), Role.MEMBER)
    promoted = Member(NAME, KEY.public, Weight(1), Role.VALIDATOR)
    for others in ((chief,), (chief, rotated), (chief, promoted)):
        refused("member.certificate_revoked", check_in_force, found, Membership(others))


def test_nothing_shows_the_authoritys_secret():
    assert SECRET.hex() not in repr(CA)
    assert "secret" not in repr(CA)
