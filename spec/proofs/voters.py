"""Nodes, sets of voters and ordered things, as relations: the words that the proofs of agreement share.

A quorum is a thing of its own with members; of its size only one fact is used, that two of them share a correct node
(CON-002), and its arithmetic is in quorums.py. What is ordered (rounds, views, heights) is a total order and no more,
so the proofs hold for any number of them. It must not know any protocol.
"""

from collections.abc import Callable, Sequence

import z3
from z3 import And, Const, Consts, DeclareSort, Exists, ForAll, Function, Implies, Or

Relation = Callable[..., z3.BoolRef]
Truth = z3.BoolSort()
Node, Quorum = DeclareSort("node"), DeclareSort("quorum")
member = Function("member", Node, Quorum, Truth)
correct = Function("correct", Node, Truth)
n = Const("n", Node)
q, q1, q2 = Consts("q q1 q2", Quorum)

QUORUMS_MEET = (ForAll([q1, q2], Exists([n], And(correct(n), member(n, q1), member(n, q2)))),)
"""CON-002: any two quorums share a correct node."""


Few = DeclareSort("few")
among = Function("among", Node, Few, Truth)
few = Const("few", Few)

A_FEW_HAVE_A_CORRECT = (ForAll([few], Exists([n], And(correct(n), among(n, few)))),)
"""CON-002: a set of more than a third of the weight has a correct member; two of them need not meet."""


class Order:
    """A sort with a total order: `le`, `lt`, and `next`, which with `nothing_between` holds of neighbours alone."""

    def __init__(self, name: str) -> None:
        self.sort = DeclareSort(name)
        self.le = Function(f"{name}_le", self.sort, self.sort, Truth)
        self.next = Function(f"{name}_next", self.sort, self.sort, Truth)
        a, b, c = Consts("a b c", self.sort)
        self.axioms = (
            ForAll([a], self.le(a, a)),
            ForAll([a, b], Or(self.le(a, b), self.le(b, a))),
            ForAll([a, b], Implies(And(self.le(a, b), self.le(b, a)), a == b)),
            ForAll([a, b, c], Implies(And(self.le(a, b), self.le(b, c)), self.le(a, c))),
            ForAll([a, b], Implies(self.next(a, b), self.lt(a, b))),
        )
        self.nothing_between = ForAll([a, b, c], Implies(And(self.next(a, b), self.lt(a, c)), self.le(b, c)))

    def lt(self, a: z3.ExprRef, b: z3.ExprRef) -> z3.BoolRef:
        """Strictly before."""
        return And(self.le(a, b), a != b)


def always(names: Sequence[z3.ExprRef], *facts: z3.BoolRef) -> z3.BoolRef:
    """For all these: the facts but the last imply the last."""
    return ForAll(list(names), Implies(And(*facts[:-1]), facts[-1]))


def exactly(*these: z3.ExprRef) -> Relation:
    """The relation that holds for one tuple."""
    return lambda *at: And(*[one == other for one, other in zip(at, these, strict=True)])


def all_of_a_quorum(says: Callable[[z3.ExprRef], z3.BoolRef]) -> z3.BoolRef:
    """Every correct member of some quorum says it; liars may have said anything."""
    return Exists([q], ForAll([n], Implies(And(member(n, q), correct(n)), says(n))))


def all_of_a_few(says: Callable[[z3.ExprRef], z3.BoolRef]) -> z3.BoolRef:
    """Every correct member of some set of more than a third says it."""
    return Exists([few], ForAll([n], Implies(And(among(n, few), correct(n)), says(n))))


def one_of_every_quorum(says: Callable[[z3.ExprRef], z3.BoolRef]) -> z3.BoolRef:
    """In every quorum some correct member says it."""
    return ForAll([q], Exists([n], And(member(n, q), correct(n), says(n))))


def only_these_are_correct(nodes: Sequence[z3.ExprRef], quorum: z3.ExprRef) -> list[z3.BoolRef]:
    """These nodes are the correct ones, all different, and this quorum is made of them."""
    named = Or(*[n == node for node in nodes])
    return [z3.Distinct(*nodes), ForAll([n], And(correct(n) == named, member(n, quorum) == named))]
