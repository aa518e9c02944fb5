"""Records that only the intended readers open: a data key seals the bytes, each reader gets the data key wrapped.

Two recipes. *Seal*: AES-256-GCM under a data key used for one record. *Wrap*: HPKE base mode (RFC 9180) with
DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20-Poly1305, single shot. HPKE is written out here, forty lines over
the library's X25519 and AEAD, because the library draws the ephemeral key itself and nothing in the core may draw
randomness: here it is derived from a seed that the caller passes in. Tests hold the bytes against the RFC's vectors
and the library.

The caller owes fresh randomness: a data key, an ephemeral seed, and a nonce that never repeats under its key. The
module knows no patient, no record and no policy.
"""

import hmac
from hashlib import sha256
from typing import Final

from refimpl.crypto import hazmat
from refimpl.crypto.recipes import WeakKey

__all__ = ["DataKey", "ReaderKey", "SealBroken", "open_sealed", "seal", "unwrap_key", "wrap_key"]

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
WRAPPED_BYTES: Final = 32 + KEY_BYTES + 16
"""Length of a wrapped data key: encapsulated point, ciphertext, tag."""


class SealBroken(Exception):
    """What was to be opened is not what was sealed, for another reader, or bound to another purpose."""


class DataKey:
    """The key of one sealed record. No attribute and no `repr` shows it; `wrap_key` alone passes it on."""

    __slots__ = ("_aead", "_secret")

    def __init__(self, secret: bytes) -> None:
        """`secret` is 32 random bytes."""
        if len(secret) != KEY_BYTES:
            raise ValueError(f"a data key has {KEY_BYTES} bytes, not {len(secret)}")
        self._secret = secret
        self._aead = hazmat.aes_gcm(secret)

    def __repr__(self) -> str:
        return "<DataKey>"

    def __reduce__(self) -> str:
        raise TypeError("a data key is not serialised")


class ReaderKey:
    """The X25519 key under which a reader receives data keys; it signs nothing. Shows its public half only."""

    __slots__ = ("_key", "public")

    def __init__(self, seed: bytes) -> None:
        """Derived from `seed`, at least 32 random bytes, as RFC 9180 section 7.1.3 says."""
        if len(seed) < KEY_BYTES:
            raise ValueError(f"a seed has at least {KEY_BYTES} bytes, not {len(seed)}")
        self._key = hazmat.x25519_key(_derived_secret(seed))
        self.public = hazmat.x25519_public(self._key)

    def __repr__(self) -> str:
        return f"<ReaderKey {self.public.hex()[:8]}>"

    def __reduce__(self) -> str:
        raise TypeError("a reader key is not serialised")


def seal(key: DataKey, nonce: bytes, data: bytes, associated: bytes) -> bytes:
    """`data` encrypted, with a 16-byte tag that also covers `associated` (what the record is, and whose).

    `nonce` has 12 bytes and is never used twice with `key`.
    """
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce has {NONCE_BYTES} bytes, not {len(nonce)}")
    return key._aead.encrypt(nonce, data, associated)


def open_sealed(key: DataKey, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
    """The data that was sealed, or `SealBroken` if any argument differs from those of the sealing."""
    try:
        return hazmat.opened(key._aead, nonce, sealed, associated)
    except hazmat.Broken:
        raise SealBroken from None


def wrap_key(key: DataKey, reader: bytes, info: bytes, seed: bytes) -> bytes:
    """`key` for the owner of the public key `reader`, bound to `info`: encapsulated point, then ciphertext.

    `seed` is 32 random bytes used for this wrapping only. `WeakKey` if `reader` is a point of small order.
    """
    ephemeral = ReaderKey(seed)
    try:
        agreed = hazmat.x25519_shared(ephemeral._key, reader)
    except hazmat.Broken:
        raise WeakKey("point of small order") from None
    aead, nonce = _context(agreed, ephemeral.public, reader, info)
    return ephemeral.public + aead.encrypt(nonce, key._secret, b"")


def unwrap_key(reader: ReaderKey, wrapped: bytes, info: bytes) -> DataKey:
    """The data key in `wrapped`, or `SealBroken` if it is for another reader, another `info`, or altered."""
    if len(wrapped) != WRAPPED_BYTES:
        raise SealBroken
    point, ciphertext = wrapped[:32], wrapped[32:]
    try:
        aead, nonce = _context(hazmat.x25519_shared(reader._key, point), point, reader.public, info)
        return DataKey(hazmat.opened(aead, nonce, ciphertext, b""))
    except hazmat.Broken:
        raise SealBroken from None


# HPKE, RFC 9180. The comments name the section and the function there.

_KEM: Final = b"KEM" + bytes([0x00, 0x20])  # DHKEM(X25519, HKDF-SHA256)
_HPKE: Final = b"HPKE" + bytes([0x00, 0x20, 0x00, 0x01, 0x00, 0x03])  # KEM, HKDF-SHA256, ChaCha20-Poly1305
_BASE: Final = b"\x00"


def _extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    """4. LabeledExtract."""
    return hmac.digest(salt, b"HPKE-v1" + suite + label + material, sha256)


def _expand(suite: bytes, secret: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """4. LabeledExpand, for at most 32 bytes: one block of HKDF-Expand (RFC 5869, 2.3)."""
    assert length <= sha256().digest_size
    labeled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(secret, labeled + b"\x01", sha256)[:length]


def _derived_secret(seed: bytes) -> bytes:
    """7.1.3 DeriveKeyPair, its secret half."""
    return _expand(_KEM, _extract(_KEM, b"", b"dkp_prk", seed), b"sk", b"", KEY_BYTES)


_NO_PSK: Final = _extract(_HPKE, b"", b"psk_id_hash", b"")


def _context(agreed: bytes, point: bytes, reader: bytes, info: bytes) -> tuple[hazmat.Aead, bytes]:
    """4.1 ExtractAndExpand and 5.1 KeySchedule in mode base: the cipher and the nonce of its only message."""
    shared = _expand(_KEM, _extract(_KEM, b"", b"eae_prk", agreed), b"shared_secret", point + reader, 32)
    schedule = _BASE + _NO_PSK + _extract(_HPKE, b"", b"info_hash", info)
    secret = _extract(_HPKE, shared, b"secret", b"")
    key = _expand(_HPKE, secret, b"key", schedule, 32)
    nonce = _expand(_HPKE, secret, b"base_nonce", schedule, NONCE_BYTES)
    return hazmat.chacha20_poly1305(key), nonce
