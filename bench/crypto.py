"""Digests, signatures and seals against the bare library: what our recipes add to it."""

from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM
from cryptography.hazmat.primitives.hpke import Suite as Library

from bench.measure import Contender, Contest, Method, Unequal
from refimpl.crypto.recipes import Suite, digest, key_for_tests, sign, verifier
from refimpl.crypto.sealing import DataKey, ReaderKey, open_sealed, seal, unwrap_key, wrap_key

TAG = "yilian/tx/v1"
KILOBYTE = bytes(range(256)) * 4
SECRET, NONCE, SEED, INFO = bytes(range(32)), bytes(12), b"e" * 32, b"yilian"


def _equal(first: object, second: object) -> None:
    if first != second:
        raise Unequal(f"{type(first).__name__} and {type(second).__name__} differ")


def tagged_digest(method: Method) -> Contest:
    """A tagged digest of 400 bytes, the size of a transaction."""
    data, head = KILOBYTE[:400], TAG.encode() + b"\0"

    def ours() -> bytes:
        return digest(TAG, data)

    def bare() -> bytes:
        return sha256(head + data).digest()

    return Contest(
        "digests", (Contender("digest", ours), Contender("hashlib", bare)),
        "hashlib over the bytes already tagged", lambda: _equal(ours(), bare()), note="400 bytes",
    )  # fmt: skip


def ed25519_verify(method: Method) -> Contest:
    """One verification through our recipe."""
    key = key_for_tests(Suite.INTL, "hospital")
    message = digest(TAG, KILOBYTE)
    signature = sign(key, message)
    verify = verifier(Suite.INTL)
    held = Ed25519PublicKey.from_public_bytes(key.public)
    return Contest(
        "verifications",
        (
            Contender("verifier", lambda: verify(key.public, message, signature)),
            Contender("cryptography", lambda: held.verify(signature, message)),
        ),
        "the library with its key object held", lambda: held.verify(signature, message),
    )  # fmt: skip


def field_seal(method: Method) -> Contest:
    """A record of 1 KB sealed and opened again."""
    key, aead = DataKey(SECRET), AESGCM(SECRET)

    def ours() -> bytes:
        return open_sealed(key, NONCE, seal(key, NONCE, KILOBYTE, INFO), INFO)

    def bare() -> bytes:
        return aead.decrypt(NONCE, aead.encrypt(NONCE, KILOBYTE, INFO), INFO)

    def prove() -> None:
        _equal(seal(key, NONCE, KILOBYTE, INFO), aead.encrypt(NONCE, KILOBYTE, INFO))
        _equal(ours(), bare())

    return Contest(
        "records", (Contender("seal, open", ours), Contender("AESGCM", bare)),
        "the library's AES-256-GCM with its key object held", prove, gate=0.8, note="1 KB; same bytes",
    )  # fmt: skip


def key_wrap(method: Method) -> Contest:
    """A data key wrapped for a reader."""
    key, reader = DataKey(SECRET), ReaderKey(SEED)
    library = Library(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    public = X25519PublicKey.from_public_bytes(reader.public)

    def prove() -> None:
        _equal(library.decrypt(wrap_key(key, reader.public, INFO, SEED), reader._key, INFO), SECRET)
        unwrap_key(reader, library.encrypt(SECRET, public, INFO), INFO)

    return Contest(
        "keys",
        (
            Contender("wrap_key", lambda: wrap_key(key, reader.public, INFO, SEED)),
            Contender("HPKE of the library", lambda: library.encrypt(SECRET, public, INFO)),
        ),
        "HPKE as the library has it", prove, gate=0.8,
        note="each opens what the other wrapped; ours takes the ephemeral seed from the caller and derives it, "
        "the library draws it",
    )  # fmt: skip


ITEMS = {
    "crypto.digest": tagged_digest,
    "crypto.verify": ed25519_verify,
    "crypto.seal": field_seal,
    "crypto.wrap": key_wrap,
}
