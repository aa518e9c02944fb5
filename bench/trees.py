"""Merkle trees against the fifteen lines that anybody would write."""

from hashlib import sha256
from unittest.mock import patch

from bench.measure import Contender, Contest, Count, Method, Unequal
from refimpl.data import merkle
from refimpl.data.merkle import Frontier, Tree, root, verify_inclusion


def fifteen_lines(leaves: list[bytes]) -> bytes:
    """The root as RFC 9162 defines it, level by level."""
    level = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        above = [
            sha256(b"\x01" + level[number] + level[number + 1]).digest() for number in range(0, len(level) - 1, 2)
        ]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def fifteen_lines_proof(leaves: list[bytes], index: int) -> list[bytes]:
    """A proof without kept levels: everything is hashed again."""
    level, proof = [sha256(b"\x00" + leaf).digest() for leaf in leaves], []
    while len(level) > 1:
        if index ^ 1 < len(level):
            proof.append(level[index ^ 1])
        above = [
            sha256(b"\x01" + level[number] + level[number + 1]).digest() for number in range(0, len(level) - 1, 2)
        ]
        level, index = above + level[len(level) - len(level) % 2 :], index // 2
    return proof


def build(method: Method) -> Contest:
    """The root over many leaves."""
    leaves = [b"leaf %d" % number for number in range(method.size(10_000, 101))]

    def prove() -> None:
        if root(leaves) != fifteen_lines(leaves) or Tree(leaves).root != root(leaves):
            raise Unequal("the roots differ")

    return Contest(
        "leaves",
        (
            Contender("merkle.root", lambda: root(leaves), len(leaves)),
            Contender("fifteen lines", lambda: fifteen_lines(leaves), len(leaves)),
            Contender("Tree, levels kept", lambda: Tree(leaves), len(leaves)),
        ),
        "fifteen lines of hashlib", prove, gate=0.7, counts={"leaves": len(leaves)},
    )  # fmt: skip


def proofs(method: Method) -> Contest:
    """Proofs of inclusion out of one tree."""
    leaves = [b"leaf %d" % number for number in range(method.size(10_000, 101))]
    tree = Tree(leaves)
    asked = range(0, len(leaves), 97)

    def prove() -> None:
        for index in list(asked)[:5]:
            if list(tree.inclusion(index)) != fifteen_lines_proof(leaves, index):
                raise Unequal("the proofs differ")
            verify_inclusion(tree.root, len(leaves), index, leaves[index], tree.inclusion(index))

    return Contest(
        "proofs",
        (
            Contender("Tree.inclusion", lambda: [tree.inclusion(index) for index in asked], len(asked)),
            Contender("fifteen lines", lambda: fifteen_lines_proof(leaves, 7)),
        ),
        "a proof that hashes everything again", prove, gate=0.7, note="levels are kept: a proof hashes nothing",
    )  # fmt: skip


def append(method: Method) -> Count:
    """Hashes for one more leaf, the root not asked for."""
    count, calls = method.size(10_000, 1_000), [0]

    def counting(*data: bytes) -> object:
        calls[0] += 1
        return sha256(*data)

    frontier = Frontier()
    with patch.object(merkle, "sha256", counting):
        for number in range(count):
            frontier = frontier.append(b"leaf %d" % number)
    return Count("hashes a leaf", {"appended": calls[0] / count}, {"appended": 2.0})


ITEMS = {"merkle.build": build, "merkle.proof": proofs, "merkle.append": append}
