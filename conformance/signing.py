"""Keys and signatures of the kit: `stub` by a hash, `intl` by Ed25519. The kit signs for clients and for liars only.

Written again from the text, so that a node and the kit share no error. It must not know what is signed.
Source: spec/data.md, DAT-020 to DAT-026.
"""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from conformance.wire import tagged

__all__ = ["holds", "public_of", "secret_of", "sign"]


def secret_of(member: str) -> bytes:
    """The secret that everybody knows of a member of a test network (DAT-026)."""
    return tagged("yilian/test-key/v1", member.encode())


@lru_cache(maxsize=1024)
def _signer(secret: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(secret)


@lru_cache(maxsize=1024)
def public_of(suite: str, member: str) -> bytes:
    """The public key of such a member."""
    secret = secret_of(member)
    return secret if suite == "stub" else _signer(secret).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def sign(suite: str, member: str, digest: bytes) -> bytes:
    """The member's signature over a tagged digest."""
    secret = secret_of(member)
    return tagged("yilian/stub-sig/v1", secret + digest) if suite == "stub" else _signer(secret).sign(digest)


@lru_cache(maxsize=65536)
def holds(suite: str, public: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether the signature is the key's over the digest."""
    if suite == "stub":
        return signature == tagged("yilian/stub-sig/v1", public + digest)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, digest)
    except (InvalidSignature, ValueError):
        return False
    return True
