"""The primitives as the library gives them, under our names.

This is the only module of the reference that imports `cryptography`, so that an audit has one file to read and
another library needs one file rewritten. Nothing here decides anything: rules are in `recipes.py` and `sealing.py`,
the only callers.
"""

from typing import Protocol

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

__all__ = [
    "Aead",
    "Broken",
    "aes_gcm",
    "chacha20_poly1305",
    "ed25519_public",
    "ed25519_sign",
    "ed25519_signer",
    "ed25519_verify",
    "opened",
    "x25519_key",
    "x25519_public",
    "x25519_shared",
]


class Broken(Exception):
    """A primitive rejected its input: a signature or tag that does not fit, or a point that yields no secret."""


class Aead(Protocol):
    """Authenticated encryption under one key; nonces are 12 bytes and MUST NOT repeat under a key (RFC 5116)."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """The ciphertext with its 16-byte tag behind it."""
        ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """The plaintext; a tag that does not fit raises what `opened` turns into `Broken`."""
        ...


def ed25519_signer(secret: bytes) -> Ed25519PrivateKey:
    """The library's key object for a 32-byte seed (RFC 8032, 5.1.5); made once, used for many signatures."""
    return Ed25519PrivateKey.from_private_bytes(secret)


def ed25519_public(signer: Ed25519PrivateKey) -> bytes:
    """The 32-byte public key."""
    return signer.public_key().public_bytes_raw()


def ed25519_sign(signer: Ed25519PrivateKey, message: bytes) -> bytes:
    """The 64-byte signature; equal input gives equal bytes (RFC 8032, 5.1.6)."""
    return signer.sign(message)


def ed25519_verify(public: bytes, message: bytes, signature: bytes) -> None:
    """Return if the signature fits (cofactorless equation, S below the group order), else raise `Broken`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise Broken("signature") from None


def x25519_key(secret: bytes) -> X25519PrivateKey:
    """The library's key object for a 32-byte X25519 secret (RFC 7748). Keep it: making it computes the public key."""
    return X25519PrivateKey.from_private_bytes(secret)


def x25519_public(key: X25519PrivateKey) -> bytes:
    """The 32-byte public key."""
    return key.public_key().public_bytes_raw()


def x25519_shared(key: X25519PrivateKey, public: bytes) -> bytes:
    """The shared secret; `Broken` where the other side's point is of small order (RFC 7748, 6.1)."""
    try:
        return key.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise Broken("point") from None


def aes_gcm(key: bytes) -> Aead:
    """AES-256-GCM under a 32-byte key. Keep the object: making it costs more than a short encryption."""
    return AESGCM(key)


def chacha20_poly1305(key: bytes) -> Aead:
    """ChaCha20-Poly1305 (RFC 8439) under a 32-byte key."""
    return ChaCha20Poly1305(key)


def opened(aead: Aead, nonce: bytes, data: bytes, associated: bytes) -> bytes:
    """The plaintext of `data`, or `Broken` if key, nonce, data or associated data are not those of the sealing."""
    try:
        return aead.decrypt(nonce, data, associated)
    except (InvalidTag, ValueError):
        raise Broken("tag") from None
