"""A tree of blocks, as relations: the words that the proofs about chained protocols share.

A block names its parent by digest, so all blocks that could ever be proposed form one tree from the start, and nobody
can change it. "b extends a" is a relation with the axioms of a tree rather than the closure of `parent`, which no
first-order proof could follow. It must not know views, epochs or votes.
"""

import z3
from voters import Truth, always
from z3 import And, Const, Consts, DeclareSort, ForAll, Function, Or

Block = DeclareSort("block")
GENESIS = Const("genesis", Block)
parent = Function("parent", Block, Block, Truth)
"""parent(p, b): b names p."""
within = Function("within", Block, Block, Truth)
"""within(a, b): b is a, or extends it."""
b, c, d = Consts("b c d", Block)

TREE: tuple[z3.BoolRef, ...] = (
    ForAll([b], within(b, b)),
    always([b, c, d], within(b, c), within(c, d), within(b, d)),
    always([b, c], within(b, c), within(c, b), b == c),
    always([b, c, d], within(b, d), within(c, d), Or(within(b, c), within(c, b))),
    always([b, c], parent(b, c), And(within(b, c), b != c)),
    always([b, c, d], parent(c, d), within(b, d), b != d, within(b, c)),
    ForAll([b], within(GENESIS, b)),
)
"""Blocks form a tree: what a block extends is one chain, its parent is next on it, and genesis is first."""
