"""What a digest binds: a Merkle root its list (DAT-030, DAT-031, DAT-094), the id of a block all blocks before it
(DAT-083, DAT-088; INV-S2).

That no two inputs share a digest is false of every hash function, so it is not assumed. Instead the walk of
collisions.py is proved to find two different inputs with one digest wherever two different trees have one root, or two
different chains one tip: by induction over the tree or the chain, each case one query about byte strings and an
uninterpreted hash function of which only the length of its results is known (cf. R. Merkle, "A certified digital
signature", CRYPTO 1989; RFC 9162, section 2.1). That different lists have different trees is the other half: the list
can be read off the tree.

Abstracted: a header is a digest and the rest, written without ambiguity (DAT-008). That the code builds the tree of
DAT-031 is tested. It must not know the code.
"""

from collections.abc import Callable
from typing import NamedTuple

import z3
from queries import Mutations, Query
from z3 import (
    And,
    Bools,
    BoolVal,
    Concat,
    Consts,
    DeclareSort,
    Extract,
    Function,
    If,
    Implies,
    Int,
    Length,
    Not,
    SeqSort,
    Strings,
    StringSort,
    StringVal,
    Unit,
)

TITLE = "two lists with one root, two chains with one tip: here is the collision (DAT-030, DAT-088)"
SCOPE = "all"
LENGTH = 32
digest = Function("digest", StringSort(), StringSort())
Parts = tuple[z3.SeqRef, z3.SeqRef]
one, other, data, datum, rest, others = Strings("one other data datum rest others")
lefts, rights, belows = Strings("l1 l2"), Strings("r1 r2"), Strings("b1 b2")
"""The roots of left subtrees, of right subtrees, the ids of the blocks below; of either side."""
found_left, found_right, found_below = Strings("fl1 fl2"), Strings("fr1 fr2"), Strings("fb1 fb2")
"""What the walk comes back with from there."""
same_left, same_right, same_below = Bools("same_left same_right same_below")
LISTS = SeqSort(StringSort())


class Rules(NamedTuple):
    """How leaves, inner nodes and blocks are made into what is hashed, and whether all digests have one length."""

    leaf: Callable[[z3.SeqRef], z3.SeqRef] = lambda leaf: Concat(StringVal("\x00"), leaf)
    inner: Callable[[z3.SeqRef, z3.SeqRef], z3.SeqRef] = lambda left, right: Concat(StringVal("\x01"), left, right)
    header: Callable[[z3.SeqRef, z3.SeqRef], z3.SeqRef] = lambda previous, fields: Concat(previous, fields)
    fixed: bool = True


RULES = Rules()


def collide(pair: Parts) -> z3.BoolRef:
    """Two different inputs with one digest."""
    return And(pair[0] != pair[1], digest(pair[0]) == digest(pair[1]))


class Below(NamedTuple):
    """A part below on both sides: whether they are the same, their digests, and what the walk finds there."""

    same: z3.BoolRef
    digests: Parts
    found: Parts

    def hypothesis(self) -> z3.BoolRef:
        """By induction: parts that are not the same, with one digest, yield a collision."""
        return Implies(And(Not(self.same), self.digests[0] == self.digests[1]), collide(self.found))


def _walk(name: str, inputs: Parts, same: z3.BoolRef, *below: Below, fixed: bool = True) -> Query:
    """Where two sides are not the same and their digests are, the walk comes back with a collision: the inputs here if
    they differ, else what is found below at the first place that is not the same."""
    known = [Not(same), digest(inputs[0]) == digest(inputs[1]), *[part.hypothesis() for part in below]]
    known += [Length(one) == LENGTH for part in below for one in part.digests if fixed]
    found = inputs
    for part in reversed(below):
        found = If(part.same, found[0], part.found[0]), If(part.same, found[1], part.found[1])
    pair = If(inputs[0] != inputs[1], inputs[0], found[0]), If(inputs[0] != inputs[1], inputs[1], found[1])
    return Query(name, known, collide(pair))


LEFT, RIGHT = Below(same_left, lefts, found_left), Below(same_right, rights, found_right)
BELOW = Below(same_below, belows, found_below)


def trees(rules: Rules = RULES) -> list[Query]:
    """Two trees by their shapes: nothing, a leaf, an inner node."""
    leaves = rules.leaf(data), rules.leaf(datum)
    nodes = tuple(rules.inner(left, right) for left, right in zip(lefts, rights, strict=True))
    nothing, never = StringVal(""), BoolVal(False)
    return [
        _walk("the empty list and a leaf", (nothing, leaves[0]), never),
        _walk("the empty list and an inner node", (nothing, nodes[0]), never),
        _walk("two leaves", leaves, data == datum),
        _walk("a leaf and an inner node", (leaves[0], nodes[1]), never),
        _walk("two inner nodes", nodes, And(same_left, same_right), LEFT, RIGHT, fixed=rules.fixed),
    ]


def lists(*, doubled: bool = False) -> list[Query]:
    """The list is read off its tree: a leaf is a list of one, an inner node is both halves, one after the other."""
    whole, front, back = Consts("whole front back", LISTS)
    size, half = Length(whole), Int("half")
    split = [half > 0, half < size, front == Extract(whole, 0, half), back == Extract(whole, half, size - half)]
    odd = [size == 3, half == 2, front == Extract(whole, 0, 2), back == Concat(Unit(whole[2]), Unit(whole[2]))]
    tree, another = Consts("tree another", DeclareSort("tree"))
    read = Function("read", tree.sort(), LISTS)
    return [
        Query("one leaf is read back", [whole == Unit(data)], Unit(data) == whole),
        Query("two halves are read back", odd if doubled else split, Concat(front, back) == whole),
        Query("different lists have different trees", [read(tree) == front, read(another) == back, front != back],
              tree != another),
    ]  # fmt: skip


def chains(rules: Rules = RULES) -> list[Query]:
    """Two chains of one length, from the last block down; each block names the one below by its digest."""
    headers = rules.header(belows[0], rest), rules.header(belows[1], others)
    same = And(same_below, belows[0] == belows[1], rest == others)
    return [
        _walk("two first blocks", (one, other), one == other),
        _walk("two blocks on others", headers, same, BELOW, fixed=rules.fixed),
    ]


def queries() -> list[Query]:
    """Every question of the proof."""
    return [*trees(), *lists(), *chains()]


MUTATIONS: Mutations = {
    "D01: an odd level doubles its last leaf": (lambda: lists(doubled=True), "two halves are read back"),
    "D02: leaves and inner nodes hashed alike": (
        lambda: trees(Rules(inner=lambda left, right: Concat(StringVal("\x00"), left, right))),
        "a leaf and an inner node"),
    "the empty list hashed as a leaf": (
        lambda: trees(Rules(leaf=lambda leaf: leaf)), "the empty list and a leaf"),
    "digests of any length": (lambda: trees(Rules(fixed=False)), "two inner nodes"),
    "D03: a header that can be read in two ways": (lambda: chains(Rules(fixed=False)), "two blocks on others"),
    "a header that does not name the block before": (
        lambda: chains(Rules(header=lambda _previous, fields: fields)), "two blocks on others"),
}  # fmt: skip
"""Bug of the corpus -> (the queries with it, the one that must then be refuted)."""
