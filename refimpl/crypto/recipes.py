"""Digests and signatures as the ledger uses them: few recipes, no choices left to the caller.

Why recipes: a caller who can choose a hash, forget a domain tag or ignore a boolean will do so once. Here a digest
has a tag, a verification raises, and a signature covers the digest of tagged bytes and nothing else. Randomness is
passed in as secrets; the module draws none. It knows no member, no transaction and no network.
"""

import hmac
from collections.abc import Callable
from enum import StrEnum
from hashlib import sha256
from typing import Final, NewType

from refimpl.crypto import hazmat

__all__ = [
    "PRODUCTION",
    "REHEARSAL",
    "BadSignature",
    "Digest",
    "KeyPair",
    "PublicKey",
    "Signature",
    "Suite",
    "SuiteRefused",
    "Verifier",
    "WeakKey",
    "check_public_key",
    "digest",
    "key_for_tests",
    "keyed_digest",
    "sign",
    "verifier",
    "verify_or_raise",
]

Digest = NewType("Digest", bytes)
"""A SHA-256 value, 32 bytes."""

PublicKey = NewType("PublicKey", bytes)
"""A verification key, 32 bytes. One that stands in a membership has passed `check_public_key`."""

Signature = NewType("Signature", bytes)
"""A signature: 64 bytes in suite `intl`, 32 in suite `stub`."""


class Suite(StrEnum):
    """The closed list of cryptographic suites; every signed object names its own, and they are never mixed."""

    INTL = "intl"
    """Ed25519 and SHA-256."""
    GM = "gm"
    """SM2 and SM3; named in the format, not yet offered by this implementation."""
    STUB = "stub"
    """No secrecy at all, for rehearsals: whoever knows the public key can sign."""


PRODUCTION: Final = (Suite.INTL,)
"""The suites of a network that means it."""

REHEARSAL: Final = (Suite.INTL, Suite.STUB)
"""The suites of a test network; naming this tuple is the explicit permission that `stub` needs."""

SECRET_BYTES: Final = 32
SIGNATURE_BYTES: Final = {Suite.INTL: 64, Suite.STUB: 32}

_STUB_TAG: Final = "yilian/stub-sig/v1"
_TEST_KEY_TAG: Final = "yilian/test-key/v1"


class BadSignature(Exception):
    """A signature that does not fit key and message. Says nothing more: there is nothing more to know."""


class WeakKey(Exception):
    """A public key that must not be enrolled; `args[0]` says what was found."""


class SuiteRefused(Exception):
    """A suite that is not permitted here, or not offered at all; `args[0]` is its name."""


def digest(tag: str, data: bytes) -> Digest:
    """SHA-256 over the ASCII tag, one zero byte, and the data (DAT-020). No tag holds a zero byte: no pairs collide."""
    return Digest(sha256(tag.encode("ascii") + b"\x00" + data).digest())


def keyed_digest(tag: str, secret: bytes, data: bytes) -> Digest:
    """HMAC-SHA256 under `secret` over the ASCII tag, one zero byte, and the data: without the secret nobody can try
    what the data may be."""
    return Digest(hmac.digest(secret, tag.encode("ascii") + b"\x00" + data, sha256))


class KeyPair:
    """A signing key of one suite. It shows its public half only; the secret leaves it by no attribute."""

    __slots__ = ("_sign", "public", "suite")

    def __init__(self, suite: Suite, secret: bytes) -> None:
        """`secret` is 32 bytes; `SuiteRefused` for a suite that is not offered, `ValueError` for another length."""
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"a secret has {SECRET_BYTES} bytes, not {len(secret)}")
        self.suite = suite
        if suite is Suite.INTL:
            signer = hazmat.ed25519_signer(secret)
            self.public = PublicKey(hazmat.ed25519_public(signer))
            self._sign: Callable[[Digest], bytes] = lambda message: hazmat.ed25519_sign(signer, message)
        elif suite is Suite.STUB:
            self.public = PublicKey(secret)
            self._sign = lambda message: digest(_STUB_TAG, secret + message)
        else:
            raise SuiteRefused(suite.value)

    def __repr__(self) -> str:
        return f"<KeyPair {self.suite} {self.public.hex()[:8]}>"

    def __reduce__(self) -> str:
        raise TypeError("a key pair is not serialised")


def sign(key: KeyPair, message: Digest) -> Signature:
    """The signature of `key` over a tagged digest; equal input gives equal bytes."""
    return Signature(key._sign(message))


def verify_or_raise(suite: Suite, public: PublicKey, message: Digest, signature: bytes) -> None:
    """Return if `signature` is the one of `public` over `message` in `suite`, else raise `BadSignature`.

    The caller has already held `suite` against the network's: this function does not know which suites are permitted.
    """
    if suite is Suite.INTL:
        try:
            hazmat.ed25519_verify(public, message, signature)
        except hazmat.Broken:
            raise BadSignature from None
    elif suite is Suite.STUB:
        if signature != digest(_STUB_TAG, public + message):
            raise BadSignature
    else:
        raise SuiteRefused(suite.value)


Verifier = Callable[[PublicKey, Digest, bytes], None]
"""Verification in one fixed suite: returns, or raises `BadSignature`. May be memoised, or ideal in a simulation."""


def verifier(suite: Suite, permitted: tuple[Suite, ...] = PRODUCTION) -> Verifier:
    """The verification of `suite`; raises `SuiteRefused` unless it is among `permitted` (DAT-024)."""
    if suite not in permitted or suite not in SIGNATURE_BYTES:
        raise SuiteRefused(suite.value)
    return lambda public, message, signature: verify_or_raise(suite, public, message, signature)


def key_for_tests(suite: Suite, member: str) -> KeyPair:
    """The key that everybody knows of a member of a test network, so that a replay needs no key file (DAT-026)."""
    return KeyPair(suite, digest(_TEST_KEY_TAG, member.encode("ascii")))


# The curve of Ed25519 (RFC 8032, 5.1): -x^2 + y^2 = 1 + d x^2 y^2 over the integers modulo 2^255 - 19.
_PRIME: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _PRIME) % _PRIME

# The points of order 8 have this y or its negative; those of order 1, 2 and 4 have y = 1, -1 and 0.
_ORDER_EIGHT: Final = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER: Final = (0, 1, _PRIME - 1, _ORDER_EIGHT, _PRIME - _ORDER_EIGHT)


def check_public_key(suite: Suite, public: bytes) -> PublicKey:
    """`public` as a key fit for enrolment, or `WeakKey` (DAT-025).

    Refused in suite `intl`: wrong length, a coordinate that is not below the prime, no point of the curve, a point of
    small order (under the identity one signature fits every message). Suite `stub` asks for the length only.
    """
    if len(public) != SECRET_BYTES:
        raise WeakKey(f"{len(public)} bytes instead of {SECRET_BYTES}")
    if suite is Suite.INTL:
        y = int.from_bytes(public, "little") & (2**255 - 1)
        if y >= _PRIME:
            raise WeakKey("coordinate not below the prime")
        if y in _SMALL_ORDER:
            raise WeakKey("point of small order")
        x_squared = (y * y - 1) * pow(_D * y * y + 1, -1, _PRIME) % _PRIME
        if pow(x_squared, (_PRIME - 1) // 2, _PRIME) != 1:
            raise WeakKey("no point of the curve")
    elif suite is not Suite.STUB:
        raise SuiteRefused(suite.value)
    return PublicKey(public)
