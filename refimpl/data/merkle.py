"""Merkle trees over lists, as RFC 9162 section 2.1 defines them: roots, proofs of inclusion, proofs of consistency.

Why this tree: an odd node is carried up, never doubled, and leaves and inner nodes are hashed under different
prefixes, so no two lists share a root. An auditor who holds a root can check that a transaction is in a block without
the block, and that a longer ledger continues a shorter one without either. The module hashes opaque bytes and knows
no transaction.
"""

from collections.abc import Sequence
from hashlib import sha256
from itertools import zip_longest

from attrs import frozen

from refimpl.data.ids import Digest
from refimpl.data.limits import PROOF_HASHES
from refimpl.data.refusal import Code, Refused

__all__ = ["EMPTY_ROOT", "Frontier", "Tree", "leaf_hash", "node_hash", "root", "verify_consistency", "verify_inclusion"]

EMPTY_ROOT = Digest(sha256(b"").digest())
"""The root of the list of no leaves (DAT-030)."""


def leaf_hash(leaf: bytes) -> Digest:
    """SHA-256 of 0x00 and the leaf (DAT-030)."""
    return Digest(sha256(b"\x00" + leaf).digest())


def node_hash(left: bytes, right: bytes) -> Digest:
    """SHA-256 of 0x01 and the hashes of both children (DAT-030)."""
    return Digest(sha256(b"\x01" + left + right).digest())


def root(leaves: Sequence[bytes]) -> Digest:
    """The root of the tree over `leaves`, n - 1 inner nodes for n leaves."""
    level = [leaf_hash(leaf) for leaf in leaves]
    while len(level) > 1:
        level = _parents(level)
    return level[0] if level else EMPTY_ROOT


def _parents(level: Sequence[Digest]) -> list[Digest]:
    """The level above: neighbours in pairs; a last one without neighbour is its own parent."""
    pairs = zip_longest(level[::2], level[1::2])
    return [left if right is None else node_hash(left, right) for left, right in pairs]


class Tree:
    """A tree whose levels are kept, for many proofs over one list. Immutable."""

    __slots__ = ("_levels",)

    def __init__(self, leaves: Sequence[bytes]) -> None:
        levels: list[list[Digest]] = [[leaf_hash(leaf) for leaf in leaves]]
        while len(levels[-1]) > 1:
            levels.append(_parents(levels[-1]))
        self._levels = levels

    def __len__(self) -> int:
        return len(self._levels[0])

    @property
    def root(self) -> Digest:
        """The root over all leaves."""
        return self._levels[-1][0] if len(self) else EMPTY_ROOT

    def inclusion(self, index: int) -> tuple[Digest, ...]:
        """The proof that leaf `index` (from 0) is in the tree: the siblings on its way up (RFC 9162, 2.1.3.1).

        `IndexError` if there is no such leaf.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        siblings = []
        for level in self._levels[:-1]:
            if index ^ 1 < len(level):
                siblings.append(level[index ^ 1])
            index >>= 1
        return tuple(siblings)

    def consistency(self, size: int) -> tuple[Digest, ...]:
        """The proof that this tree continues the one over its first `size` leaves (RFC 9162, 2.1.4.1).

        `IndexError` unless 0 < size <= len(self).
        """
        if not 0 < size <= len(self):
            raise IndexError(size)
        return tuple(self._subproof(size, 0, len(self)))

    def _subproof(self, size: int, low: int, high: int) -> list[Digest]:
        """SUBPROOF of the RFC for leaves low..high-1, the older tree ending at `size`; its own root is left out."""
        if size == high:
            return [] if low == 0 else [self._subtree(low, high)]
        middle = low + (1 << (high - low - 1).bit_length() - 1)
        if size <= middle:
            return [*self._subproof(size, low, middle), self._subtree(middle, high)]
        return [*self._subproof(size, middle, high), self._subtree(low, middle)]

    def _subtree(self, low: int, high: int) -> Digest:
        """The root over leaves low..high-1, where that is a node of this tree."""
        level = (high - low - 1).bit_length()
        return self._levels[level][low >> level]


@frozen
class Frontier:
    """What a growing list needs to know of itself: its size and the roots of its full subtrees, largest first.

    Appending costs less than two hashes on average, and the root as many as there are peaks less one.
    """

    size: int = 0
    peaks: tuple[Digest, ...] = ()

    def append(self, leaf: bytes) -> "Frontier":
        """The frontier after one more leaf."""
        peaks = [*self.peaks, leaf_hash(leaf)]
        size = self.size
        while size & 1:
            right = peaks.pop()
            peaks.append(node_hash(peaks.pop(), right))
            size >>= 1
        return Frontier(self.size + 1, tuple(peaks))

    @property
    def root(self) -> Digest:
        """The root over all leaves appended so far."""
        if not self.peaks:
            return EMPTY_ROOT
        *rest, last = self.peaks
        for peak in reversed(rest):
            last = node_hash(peak, last)
        return last


def verify_inclusion(trusted: Digest, size: int, index: int, leaf: bytes, proof: Sequence[Digest]) -> None:
    """Return if `proof` shows `leaf` at `index` of the list of `size` leaves with root `trusted` (RFC 9162, 2.1.3.2).

    Otherwise `wire.bad_proof`.
    """
    if not 0 <= index < size:
        raise _bad(f"an index below {size}", f"index {index}")
    last, found = size - 1, leaf_hash(leaf)
    for sibling in _bounded(proof):
        if last == 0:
            raise _bad("fewer hashes", f"{len(proof)} hashes")
        if index & 1 or index == last:
            found = node_hash(sibling, found)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        index, last = index >> 1, last >> 1
    if last != 0:
        raise _bad("more hashes", f"{len(proof)} hashes")
    if found != trusted:
        raise _bad(f"root {trusted.hex()}", f"root {found.hex()}")


def verify_consistency(older: Digest, older_size: int, newer: Digest, newer_size: int, proof: Sequence[Digest]) -> None:
    """Return if `proof` shows that the list with root `newer` begins with the one with root `older` (RFC 9162,
    2.1.4.2).

    Otherwise `wire.bad_proof`; sizes are those of the two lists, the older not empty.
    """
    if not 0 < older_size <= newer_size:
        raise _bad(f"a size in 1..{newer_size}", f"size {older_size}")
    if older_size == newer_size:
        if proof:
            raise _bad("no hashes", f"{len(proof)} hashes")
        if older != newer:
            raise _bad(f"root {older.hex()}", f"root {newer.hex()}")
        return
    hashes = list(_bounded(proof))
    if older_size & (older_size - 1) == 0:  # the older tree is a full subtree: its root is the first hash
        hashes.insert(0, older)
    if not hashes:
        raise _bad("more hashes", "0 hashes")
    _climb(older, older_size - 1, newer, newer_size - 1, hashes)


def _climb(older: Digest, first: int, newer: Digest, last: int, hashes: Sequence[Digest]) -> None:
    """Rebuild both roots from the right edge of the older tree upward; names as in the RFC: fn, sn, fr, sr."""
    while first & 1:
        first, last = first >> 1, last >> 1
    old_root = new_root = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise _bad("fewer hashes", f"{len(hashes)} hashes")
        if first & 1 or first == last:
            old_root, new_root = node_hash(sibling, old_root), node_hash(sibling, new_root)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            new_root = node_hash(new_root, sibling)
        first, last = first >> 1, last >> 1
    if last != 0:
        raise _bad("more hashes", f"{len(hashes)} hashes")
    if old_root != older:
        raise _bad(f"older root {older.hex()}", f"root {old_root.hex()}")
    if new_root != newer:
        raise _bad(f"newer root {newer.hex()}", f"root {new_root.hex()}")


def _bounded(proof: Sequence[Digest]) -> Sequence[Digest]:
    if len(proof) > PROOF_HASHES:
        raise _bad(f"at most {PROOF_HASHES} hashes", f"{len(proof)} hashes")
    return proof


def _bad(expected: str, got: str) -> Refused:
    return Refused(Code.WIRE_BAD_PROOF, expected=expected, got=got)
