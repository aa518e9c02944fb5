"""Seals: the digest by which a block of a longest chain is named, and the puzzle that some of them solve.

Why here: what a seal covers and how its leading zero bits are counted must be the same at every node, and whoever
verifies a chain counts them again without any engine. A search is bounded by its caller: it is a function of the puzzle
and of the number of attempts, never of chance (docs/adr/0011).

It must not know which engine asks, nor how many bits are enough. Source: spec/consensus.md, CON-120 and CON-150.
"""

from typing import Any, Final

from refimpl.crypto.recipes import Digest, digest
from refimpl.data.encoding import encode

__all__ = ["NONCE_MAX", "seal_fields", "seal_nonce", "solve", "zero_bits"]

NONCE_MAX: Final = 2**53 - 1
_NONCE_BYTES: Final = 8
_NONCE_TAG: Final = "yilian/nakamoto/nonce/v1"


def seal_fields(engine: str, fields: dict[str, Any]) -> Digest:
    """The digest over the canonical bytes of what a block says of itself, its payload named by its digest (CON-120)."""
    return digest(f"yilian/{engine}/seal/v1", encode(fields))


def seal_nonce(puzzle: Digest, nonce: int) -> Digest:
    """The digest over a puzzle and a nonce of at most `NONCE_MAX` (CON-150)."""
    return digest(_NONCE_TAG, puzzle + nonce.to_bytes(_NONCE_BYTES, "big"))


def zero_bits(value: Digest) -> int:
    """How many zero bits a digest begins with."""
    return 8 * len(value) - int.from_bytes(value, "big").bit_length()


def solve(puzzle: Digest, bits: int, attempts: int) -> int | None:
    """The least nonce below `attempts` whose seal begins with so many zero bits; None if there is none."""
    return next((nonce for nonce in range(attempts) if zero_bits(seal_nonce(puzzle, nonce)) >= bits), None)
