"""Where two different lists have one Merkle root, or two different chains one tip: here are the inputs that collide.

Trees are those of DAT-030 and DAT-031 (RFC 9162, section 2.1), chains those of DAT-083 and DAT-088. Each function walks
down from where both sides agree and stops at the first pair of different inputs with one digest; binding.py proves that
it cannot come back without one. The hash function is given, so that a test can use one that is easy to break. It must
not know the code that makes roots.
"""

from collections.abc import Callable, Sequence

Hash = Callable[[bytes], bytes]
Tree = bytes | tuple["Tree", "Tree"] | None
"""A leaf, an inner node, or the tree of the empty list."""


def tree(leaves: Sequence[bytes]) -> Tree:
    """The tree over a list: the first half is the largest power of two below its length (DAT-031)."""
    if len(leaves) < 2:
        return leaves[0] if leaves else None
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return tree(leaves[:half]), tree(leaves[half:])


def hashed(of: Tree, digest: Hash) -> bytes:
    """What is hashed to give the root: 0x00 and the leaf, 0x01 and both roots, or nothing (DAT-030)."""
    if of is None:
        return b""
    if isinstance(of, bytes):
        return b"\x00" + of
    return b"\x01" + root(of[0], digest) + root(of[1], digest)


def root(of: Tree, digest: Hash) -> bytes:
    """The root of a tree."""
    return digest(hashed(of, digest))


def in_trees(one: Tree, other: Tree, digest: Hash) -> tuple[bytes, bytes]:
    """Two different inputs with one digest, given two different trees with one root."""
    first, second = hashed(one, digest), hashed(other, digest)
    if first != second:
        return first, second
    assert isinstance(one, tuple), "equal inputs of leaves are equal leaves"
    assert isinstance(other, tuple), "the first byte tells leaves from inner nodes"
    below = (one[0], other[0]) if one[0] != other[0] else (one[1], other[1])
    return in_trees(*below, digest)


Block = tuple[bytes, bytes]
"""The digest of the block before, and everything else in the header."""


def header(block: Block) -> bytes:
    """What is hashed to give the id of a block; the digest has one length."""
    return block[0] + block[1]


def in_chains(one: Sequence[Block], other: Sequence[Block], digest: Hash) -> tuple[bytes, bytes]:
    """Two different inputs with one digest, given two different chains of one length with one id of the last block."""
    first, second = header(one[-1]), header(other[-1])
    return (first, second) if first != second else in_chains(one[:-1], other[:-1], digest)
