"""What a digest binds: a Merkle root its list (DAT-030, DAT-031, DAT-094), the id of a block all blocks before it
(DAT-083, DAT-088; INV-S2).

That no two inputs share a digest is false of every hash function, so it is not assumed. Instead the walk of collisions.py
is proved to find two different inputs with one digest wherever two different trees have one root, or two different
chains one tip: by induction over the tree or the chain, each case one query about byte strings and an uninterpreted hash
function of which only the length of its results is known (cf. R. Merkle, "A certified digital signature", CRYPTO 1989;
RFC 9162, section 2.1). That different lists have different trees is the other half: the list can be read off the tree.

Abstracted: a header is a digest of fixed length and the rest, written without ambiguity (DAT-008); that the code builds
the tree of DAT-031 is tested. It must not know the code.
"""

from collections.abc import Callable
from typing import NamedTuple

import z3
from queries import Mutations, Query
from z3 import And, Concat, Const, Consts, Function, Implies, Length, Not, Or, String, Strings, StringSort, StringVal

TITLE = "two lists with one root, two chains with one tip: here is the collision (DAT-030, DAT-088)"
DIGEST = 32
digest = Function("digest", StringSort(), StringSort())
LEAF, INNER = StringVal("\x00"), StringVal("\x01")


class Tree(NamedTuple):
    """One of the shapes a tree may have: what is hashed, and its subtrees' roots if it has any."""

    hashed: z3.ExprRef
    below: tuple[z3.ExprRef, ...] = ()


class Rules(NamedTuple):
    """How leaves and inner nodes are made into inputs, and what is known of a digest."""

    leaf: Callable[[z3.ExprRef], z3.ExprRef] = lambda data: Concat(LEAF, data)
    inner: Callable[[z3.ExprRef, z3.ExprRef], z3.ExprRef] = lambda one, other: Concat(INNER, one, other)
    header: Callable[[z3.ExprRef, z3.ExprRef], z3.ExprRef] = lambda previous, rest: Concat(previous, rest)
    fixed: bool = True
    """Whether all digests have one length."""

    def lengths(self, *digests: z3.ExprRef) -> list[z3.BoolRef]:
        """What is known of these digests."""
        return [Length(one) == DIGEST for one in digests] if self.fixed else []


RULES = Rules()


def collide(one: z3.ExprRef, other: z3.ExprRef) -> z3.BoolRef:
    """Two different inputs with one digest."""
    return And(one != other, digest(one) == digest(other))
