"""What is sealed opens for its readers and for nobody else; the wrapping is the HPKE of RFC 9180, byte for byte."""

import pickle

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from refimpl.crypto import sealing
from refimpl.crypto.recipes import WeakKey
from refimpl.crypto.sealing import DataKey, ReaderKey, SealBroken, open_sealed, seal, unwrap_key, wrap_key

LIBRARY = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
KEY = DataKey(bytes(range(32)))
NONCE = bytes(12)


@pytest.mark.clause("DAT-027")
def test_a_sealed_record_opens_with_its_own_key_nonce_and_association_only():
    sealed = seal(KEY, NONCE, b"record", b"of m0")
    assert len(sealed) == len(b"record") + 16
    assert open_sealed(KEY, NONCE, sealed, b"of m0") == b"record"
    for arguments in (
        (DataKey(bytes(32)), NONCE, sealed, b"of m0"),
        (KEY, bytes(11) + b"\x01", sealed, b"of m0"),
        (KEY, bytes(7), sealed, b"of m0"),
        (KEY, NONCE, sealed, b"of m1"),
        (KEY, NONCE, sealed[:-1], b"of m0"),
        (KEY, NONCE, b"", b"of m0"),
        (KEY, NONCE, bytes([sealed[0] ^ 1]) + sealed[1:], b"of m0"),
    ):
        with pytest.raises(SealBroken):
            open_sealed(*arguments)
    with pytest.raises(ValueError, match="12 bytes"):
        seal(KEY, bytes(11), b"", b"")


@pytest.mark.clause("DAT-027")
def test_sealing_is_aes_256_gcm():
    """McGrew and Viega, The Galois/Counter Mode of Operation, test cases 13 and 14."""
    zero = DataKey(bytes(32))
    assert seal(zero, NONCE, b"", b"").hex() == "530f8afbc74536b9a963b4f1c4cb738b"
    expected = "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
    assert seal(zero, NONCE, bytes(16), b"").hex() == expected


@pytest.mark.clause("DAT-028")
def test_the_derivation_of_keys_gives_the_values_of_the_rfc():
    """RFC 9180, appendix A.2.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305, base mode."""
    point = bytes.fromhex("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a")
    ephemeral = ReaderKey(bytes.fromhex("909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b"))
    reader = ReaderKey(bytes.fromhex("1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df"))
    assert ephemeral.public == point
    assert reader.public.hex() == "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a"
    agreed = sealing.hazmat.x25519_shared(reader._key, point)
    aead, nonce = sealing._context(
        agreed, point, reader.public, bytes.fromhex("4f6465206f6e2061204772656369616e2055726e")
    )
    assert nonce.hex() == "5c4d98150661b848853b547f"
    sealed = aead.encrypt(nonce, b"Beauty is truth, truth beauty", b"Count-0")
    assert sealed.hex() == (
        "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28"
    )


@pytest.mark.clause("DAT-028")
@pytest.mark.parametrize("info", [b"", b"record 17 for m3", bytes(300)])
def test_an_independent_hpke_opens_what_is_wrapped_and_the_other_way_round(info):
    reader = ReaderKey(b"r" * 32)
    theirs = reader._key
    wrapped = wrap_key(KEY, reader.public, info, b"e" * 32)
    assert len(wrapped) == sealing.WRAPPED_BYTES
    assert LIBRARY.decrypt(wrapped, theirs, info) == bytes(range(32))
    made = LIBRARY.encrypt(bytes(range(32)), X25519PublicKey.from_public_bytes(reader.public), info)
    opened = unwrap_key(reader, made, info)
    assert open_sealed(opened, NONCE, seal(KEY, NONCE, b"x", b""), b"") == b"x"


@pytest.mark.clause("DAT-028")
def test_a_wrapped_key_opens_for_its_reader_and_purpose_only():
    reader = ReaderKey(b"r" * 32)
    wrapped = wrap_key(KEY, reader.public, b"info", b"e" * 32)
    for other, text, info in (
        (ReaderKey(b"s" * 32), wrapped, b"info"),
        (reader, wrapped, b"other"),
        (reader, wrapped[:-1], b"info"),
        (reader, wrapped + b"\x00", b"info"),
        (reader, bytes(32) + wrapped[32:], b"info"),
        (reader, wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"info"),
    ):
        with pytest.raises(SealBroken):
            unwrap_key(other, text, info)


def test_a_reader_of_small_order_is_refused():
    for point in (bytes(32), b"\x01" + bytes(31)):
        with pytest.raises(WeakKey):
            wrap_key(KEY, point, b"", b"e" * 32)


def test_equal_seeds_give_equal_bytes_and_other_seeds_others():
    reader = ReaderKey(b"r" * 32)
    assert wrap_key(KEY, reader.public, b"", b"e" * 32) == wrap_key(KEY, reader.public, b"", b"e" * 32)
    assert wrap_key(KEY, reader.public, b"", b"e" * 32) != wrap_key(KEY, reader.public, b"", b"f" * 32)


def test_keys_show_no_secret_and_are_not_serialised():
    reader = ReaderKey(b"r" * 32)
    for key in (KEY, reader):
        assert not hasattr(key, "__dict__")
        with pytest.raises(TypeError):
            pickle.dumps(key)
    assert repr(KEY) == "<DataKey>"
    assert repr(reader) == f"<ReaderKey {reader.public.hex()[:8]}>"
    for made, length in ((DataKey, 31), (DataKey, 33), (ReaderKey, 31)):
        with pytest.raises(ValueError, match="32 bytes"):
            made(bytes(length))
