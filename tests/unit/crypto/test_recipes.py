"""Digests are tagged, signatures cover digests only, weak keys stay outside, secrets do not show."""

import pickle
from hashlib import sha256

import pytest

from refimpl.crypto import recipes
from refimpl.crypto.recipes import (
    PRODUCTION,
    REHEARSAL,
    BadSignature,
    Digest,
    KeyPair,
    PublicKey,
    Suite,
    SuiteRefused,
    WeakKey,
    check_public_key,
    digest,
    key_for_tests,
    sign,
    verifier,
    verify_or_raise,
)

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
OFFERED = (Suite.INTL, Suite.STUB)


def of_coordinate(y: int, sign_bit: int = 0) -> bytes:
    return (y | sign_bit << 255).to_bytes(32, "little")


@pytest.mark.clause("DAT-020")
def test_a_digest_is_bound_to_its_tag():
    assert digest("yilian/tx/v1", b"abc") == sha256(b"yilian/tx/v1\x00abc").digest()
    assert digest("a", b"bc") != digest("ab", b"c")
    with pytest.raises(UnicodeEncodeError):
        digest("医联", b"")


@pytest.mark.clause("DAT-023")
def test_the_stub_suite_gives_its_check_value():
    key = KeyPair(Suite.STUB, bytes(32))
    expected = bytes.fromhex("06638e15ff2bdf593bb53536f9563b7eaae327857f5158cca90a0fd6e1db97fb")
    assert sign(key, Digest(b"abc")) == expected
    assert key.public == bytes(32)


@pytest.mark.clause("DAT-021", "DAT-022", "DAT-023")
@pytest.mark.parametrize("suite", OFFERED)
def test_a_signature_fits_one_key_one_message_and_itself_only(suite):
    key, other = key_for_tests(suite, "m0"), key_for_tests(suite, "m1")
    message = digest("yilian/tx/v1", b"abc")
    signature = sign(key, message)
    verify_or_raise(suite, key.public, message, signature)
    flipped = signature[:-1] + bytes([signature[-1] ^ 1])
    for public, text, written in (
        (other.public, message, signature),
        (key.public, digest("yilian/block/v1", b"abc"), signature),
        (key.public, message, flipped),
        (key.public, message, signature[:-1]),
        (key.public, message, signature + b"\x00"),
        (key.public, message, b""),
        (PublicKey(b"short"), message, signature),
    ):
        with pytest.raises(BadSignature):
            verify_or_raise(suite, public, text, written)


@pytest.mark.clause("DAT-022")
def test_ed25519_gives_the_bytes_of_the_rfc():
    """RFC 8032, 7.1, test 1: the empty message."""
    key = KeyPair(Suite.INTL, bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert key.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert sign(key, Digest(b"")).hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2465"
        "5141438e7a100b"
    )


@pytest.mark.clause("DAT-022")
def test_a_scalar_beyond_the_order_of_the_group_is_no_signature():
    key, message = key_for_tests(Suite.INTL, "m0"), digest("t", b"")
    signature = sign(key, message)
    shifted = int.from_bytes(signature[32:], "little") + ORDER
    with pytest.raises(BadSignature):
        verify_or_raise(Suite.INTL, key.public, message, signature[:32] + shifted.to_bytes(32, "little"))


@pytest.mark.clause("DAT-024")
def test_a_suite_verifies_only_where_it_is_permitted():
    verifier(Suite.INTL)
    verifier(Suite.STUB, REHEARSAL)
    with pytest.raises(SuiteRefused):
        verifier(Suite.STUB)
    for permitted in (PRODUCTION, REHEARSAL, tuple(Suite)):
        with pytest.raises(SuiteRefused):
            verifier(Suite.GM, permitted)
    with pytest.raises(SuiteRefused):
        KeyPair(Suite.GM, bytes(32))
    with pytest.raises(SuiteRefused):
        check_public_key(Suite.GM, bytes(32))
    with pytest.raises(SuiteRefused):
        verify_or_raise(Suite.GM, PublicKey(bytes(32)), digest("t", b""), b"")


def add(p: tuple[int, int], q: tuple[int, int]) -> tuple[int, int]:
    """The group law of RFC 8032, 5.1.4, in affine form: slow, and independent of what is tested."""
    (x1, y1), (x2, y2) = p, q
    d = -121665 * pow(121666, -1, PRIME)
    product = d * x1 * x2 * y1 * y2 % PRIME
    x3 = (x1 * y2 + x2 * y1) * pow(1 + product, -1, PRIME) % PRIME
    return x3, (y1 * y2 + x1 * x2) * pow(1 - product, -1, PRIME) % PRIME


def root(square: int) -> int | None:
    """A square root modulo the prime, or None."""
    candidate = pow(square, (PRIME + 3) // 8, PRIME)
    for factor in (1, pow(2, (PRIME - 1) // 4, PRIME)):
        if (candidate * factor) ** 2 % PRIME == square % PRIME:
            return candidate * factor % PRIME
    return None


@pytest.mark.clause("DAT-025")
def test_each_small_order_coordinate_is_of_a_point_whose_eightfold_is_the_identity():
    """The five coordinates are checked by the group law, not believed."""
    for y in recipes._SMALL_ORDER:
        d = -121665 * pow(121666, -1, PRIME)
        x = root((y * y - 1) * pow(d * y * y + 1, -1, PRIME))
        assert x is not None
        point = (x, y)
        for _ in range(3):
            point = add(point, point)
        assert point == (0, 1)
    assert len(set(recipes._SMALL_ORDER)) == 5


@pytest.mark.clause("DAT-025")
@pytest.mark.parametrize("y", recipes._SMALL_ORDER)
@pytest.mark.parametrize("sign_bit", [0, 1])
def test_a_small_order_key_is_refused(y, sign_bit):
    with pytest.raises(WeakKey, match="order"):
        check_public_key(Suite.INTL, of_coordinate(y, sign_bit))


@pytest.mark.clause("DAT-025")
def test_the_identity_would_verify_one_signature_for_every_message():
    """Why the check stands at enrolment: the library accepts this key."""
    identity = PublicKey(of_coordinate(1))
    signature = identity + bytes(32)
    for message in (digest("t", b"pay 1"), digest("t", b"pay 1000")):
        verify_or_raise(Suite.INTL, identity, message, signature)


@pytest.mark.clause("DAT-025")
def test_a_key_that_is_no_canonical_point_is_refused():
    for y in (PRIME, PRIME + 1, 2**255 - 1):
        for bit in (0, 1):
            with pytest.raises(WeakKey, match="prime"):
                check_public_key(Suite.INTL, of_coordinate(y, bit))
    with pytest.raises(WeakKey, match="curve"):
        check_public_key(Suite.INTL, of_coordinate(2))
    for length in (0, 31, 33):
        for suite in OFFERED:
            with pytest.raises(WeakKey, match="bytes"):
                check_public_key(suite, bytes(length))


@pytest.mark.clause("DAT-025", "DAT-026")
def test_honest_keys_are_enrolled():
    for number in range(50):
        key = key_for_tests(Suite.INTL, f"m{number}")
        assert check_public_key(Suite.INTL, key.public) == key.public
    assert check_public_key(Suite.STUB, bytes(32)) == bytes(32)


@pytest.mark.clause("DAT-026")
def test_the_key_of_a_test_member_follows_from_the_name():
    assert key_for_tests(Suite.STUB, "m0").public == digest("yilian/test-key/v1", b"m0")


@pytest.mark.parametrize("suite", OFFERED)
def test_a_key_pair_shows_no_secret_and_is_not_serialised(suite):
    secret = bytes(range(32))
    key = KeyPair(suite, secret)
    if suite is Suite.INTL:
        assert secret.hex() not in repr(key)
        assert repr(secret) not in repr(key)
    assert len(repr(key)) < 40
    assert not hasattr(key, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(key)
    with pytest.raises(ValueError, match="32 bytes"):
        KeyPair(suite, secret[1:])
