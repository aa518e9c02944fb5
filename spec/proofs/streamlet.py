"""Agreement of Streamlet, for every n, any tree of blocks and any number of epochs (INV-S1).

The model is that of B. Chan and E. Shi, "Streamlet: textbook streamlined blockchains", AFT 2020, section 3, and of part
6 of spec/consensus.md. In an epoch a node votes at most once, for a block that stands on one of the longest notarised
chains it has seen; a quorum of votes in one epoch notarises. When three adjacent blocks were notarised in consecutive
epochs, the second of them is final with all its ancestors.

A little more is allowed than in the paper: a block may be proposed again, and so notarised, in a later epoch, and
epochs need not grow along a chain. Abstracted: leaders and clocks (any block may be proposed in any epoch, a node goes
to a later epoch whenever it likes), payloads; blocks that could ever be proposed all exist from the beginning, as a
tree. What a node has seen is kept as the least length it may still vote at (`due`), also across a crash (CON-085).
Votes of liars are over-approximated: every notarisation counts the votes of correct nodes only, and the actions are
those of correct nodes. It must not know the code.
"""

from itertools import pairwise
from typing import NamedTuple

import voters
import z3
from blocks import GENESIS, TREE, Block, b, c, d, parent, within
from induction import Action, Definition, State, Story, Theory, Vocabulary, defining, instead, without
from induction import queries as asked
from queries import Mutations, Query
from voters import Node, Order, Quorum, all_of_a_quorum, always, correct, exactly, n
from z3 import And, Const, Consts, Exists, Function, Not, Or

TITLE = "agreement of Streamlet (INV-S1)"
SCOPE = "all n"
EPOCHS, LENGTHS = Order("epoch"), Order("length")
Epoch, Length = EPOCHS.sort, LENGTHS.sort
n1, n2 = Consts("n1 n2", Node)
e, e1, e2, f, f1, f2 = Consts("e e1 e2 f f1 f2", Epoch)
k = Const("k", Length)
b1, b2, c1, c2, d1, d2, x = Consts("b1 b2 c1 c2 d1 d2 x", Block)
START = Const("start", Epoch)
length = Function("length", Block, Length)

SHAPE = (
    always([b, c], within(b, c), b != c, LENGTHS.lt(length(b), length(c))),
    always([b, c], parent(b, c), LENGTHS.next(length(b), length(c))),
)
"""Lengths grow along a chain, by one."""
BEFORE_ALL = z3.ForAll([e], EPOCHS.le(START, e))
"""The epoch of genesis; nobody votes in it."""


class At(NamedTuple):
    """Where an action is taken: a block in an epoch, its parent notarised in another, the block before in a third."""

    node: z3.ExprRef
    block: z3.ExprRef
    epoch: z3.ExprRef
    parent: z3.ExprRef
    earlier: z3.ExprRef
    first: z3.ExprRef
    earliest: z3.ExprRef


HERE = At(Const("N0", Node), Const("B0", Block), Const("E0", Epoch), Const("P0", Block), Const("PE0", Epoch),
          Const("F0", Block), Const("FE0", Epoch))  # fmt: skip


def _notarised(s: State, block: z3.ExprRef, epoch: z3.ExprRef) -> z3.BoolRef:
    genesis = And(block == GENESIS, epoch == START)
    return Or(genesis, all_of_a_quorum(lambda node: s.vote(node, block, epoch)))


WORDS = Vocabulary(
    basic={"left": (Node, Epoch), "vote": (Node, Block, Epoch), "due": (Node, Length),
           "decided": (Node, Block, Epoch, Block, Epoch, Block, Epoch)},
    defined={
        "notarised": Definition((Block, Epoch), ("vote",), _notarised),
        "backed": Definition((Block,), ("notarised",), lambda s, block: Exists([e], s.notarised(block, e))),
    },
)  # fmt: skip
"""left(n, e): n will not vote in epoch e any more. due(n, k): n has seen a notarised chain of length k - 1. backed(b):
b was notarised in some epoch. decided names the three blocks and their epochs."""


# --- actions: the steps of correct nodes ---


def leave(s: State, at: At) -> Action:
    """Go to an epoch: no vote in an earlier one follows (CON-080)."""
    return Action({}, s.after(left=lambda node, epoch: And(node == at.node, EPOCHS.lt(epoch, at.epoch))))


def see(s: State, at: At) -> Action:
    """A notarised block on which another could stand: votes from now on are for blocks at least that long."""
    guards = {"backed": s.backed(at.parent), "a parent": parent(at.parent, at.block)}
    return Action(guards, s.after(due=exactly(at.node, length(at.block))))


def vote(s: State, at: At) -> Action:
    """One vote an epoch, on a longest notarised chain that the node has seen (CON-082, CON-085)."""
    guards = {
        "once an epoch": Not(s.left(at.node, at.epoch)),
        "after the first": at.epoch != START,
        "a parent": parent(at.parent, at.block),
        "backed": s.backed(at.parent),
        "longest": always([k], s.due(at.node, k), LENGTHS.le(k, length(at.block))),
    }
    after = s.after(
        vote=exactly(at.node, at.block, at.epoch),
        left=lambda node, epoch: And(node == at.node, EPOCHS.le(epoch, at.epoch)),
        due=exactly(at.node, length(at.block)),
    )
    return Action(guards, after)


def three(s: State, *row: z3.ExprRef) -> z3.BoolRef:
    """Three adjacent blocks, notarised in three consecutive epochs (CON-083)."""
    (first, early), (second, middle), (third, late) = row[:2], row[2:4], row[4:]
    adjacent = And(parent(first, second), parent(second, third))
    consecutive = And(EPOCHS.next(early, middle), EPOCHS.next(middle, late))
    return And(adjacent, consecutive, s.notarised(first, early), s.notarised(second, middle), s.notarised(third, late))


def decide(s: State, at: At) -> Action:
    """The second of three is final (CON-084)."""
    row = (at.first, at.earliest, at.parent, at.earlier, at.block, at.epoch)
    return Action({"three": three(s, *row)}, s.after(decided=exactly(at.node, *row)))


# --- the proof ---


def invariant(s: State) -> dict[str, z3.BoolRef]:
    """Seven clauses about correct nodes; agreement follows from them."""
    twice = (s.vote(n, b, e1), s.vote(n, c, e2))
    below = (s.vote(n, c, e), within(b, c), b != c, s.backed(b))
    row = (x, e, b, e1, c, e2)
    return {
        "one_vote": always([n, b, c, e], correct(n), s.vote(n, b, e), s.vote(n, c, e), b == c),
        "vote_late": always([n, b, e], correct(n), s.vote(n, b, e), e != START),
        "vote_left": always([n, b, e, e1], correct(n), s.vote(n, b, e), EPOCHS.le(e1, e), s.left(n, e1)),
        "vote_due": always([n, b, e], correct(n), s.vote(n, b, e), s.due(n, length(b))),
        "votes_grow": always([n, b, c, e1, e2], correct(n), *twice, EPOCHS.lt(e1, e2),
                             LENGTHS.le(length(b), length(c))),
        "vote_backed": always([n, b, c, e], correct(n), *below),
        "decided_three": always([n, *row], correct(n), s.decided(n, *row), three(s, *row)),
    }  # fmt: skip


def lemmas(s: State) -> dict[str, tuple[z3.BoolRef, str]]:
    """Consequences of the invariant in one state."""
    both = (s.notarised(b, e1), s.notarised(c, e2))
    row = (b, e, c, e1, d, e2)
    return {
        "notarised_unique": (always([b, c, e], s.notarised(b, e), s.notarised(c, e), b == c),
                             "notarised one_vote vote_late"),
        "notarised_grow": (always([b, c, e1, e2], *both, EPOCHS.lt(e1, e2), LENGTHS.le(length(b), length(c))),
                           "notarised votes_grow"),
        "notarised_backed": (always([b, e], s.notarised(b, e), s.backed(b)), "backed"),
        "backed_below": (always([b, c], s.backed(c), within(b, c), s.backed(b)), "backed notarised vote_backed"),
        "alone_at_its_length": (always([x, *row], three(s, *row), s.backed(x), length(x) == length(c), x == c),
                                "backed notarised_unique notarised_grow"),
    }  # fmt: skip


def goals(s: State) -> dict[str, z3.BoolRef]:
    """INV-S1: the block that a decided chain holds at the length of another decided block is that block."""
    one, other = (b1, e1, c1, e, d1, e2), (b2, f1, c2, f, d2, f2)
    both = And(correct(n1), correct(n2), s.decided(n1, *one), s.decided(n2, *other))
    there = And(within(x, c2), length(x) == length(c1))
    return {"agreement": always([n1, n2, x, *one, *other], both, there, x == c1)}


THEORY = Theory(
    WORDS,
    (*EPOCHS.axioms, EPOCHS.nothing_between, BEFORE_ALL, *LENGTHS.axioms, *TREE, *SHAPE),
    voters.QUORUMS_MEET, invariant, lemmas, goals,
    {action.__name__: action for action in (leave, see, vote, decide)}, HERE,
)  # fmt: skip


def queries() -> list[Query]:
    """Every question of the proof."""
    return asked(THEORY)


def _forget(s: State, at: At) -> Action:
    """CON-085 left out: who comes back knows of no chain."""
    return Action({}, s.changed(due=lambda node, at_least: And(s.due(node, at_least), node != at.node)))


def _by_epoch(s: State, at: At) -> z3.BoolRef:
    before = And(s.vote(at.node, c, e), parent(b, c), s.notarised(b, e1))
    return always([b, c, e, e1], before, EPOCHS.le(e1, at.earlier))


MUTATIONS: Mutations = {
    "S01: epochs compared, not lengths": (
        lambda: asked(instead(THEORY, "vote", "longest", _by_epoch), "vote"), "vote keeps votes_grow"),
    "H01: epochs need not be consecutive": (
        lambda: asked(THEORY._replace(axioms=(*EPOCHS.axioms, BEFORE_ALL, *LENGTHS.axioms, *TREE, *SHAPE)), "decide"),
        "lemma alone_at_its_length"),
    "H07: votes twice in an epoch": (
        lambda: asked(without(THEORY, "vote", "once an epoch"), "vote"), "vote keeps one_vote"),
    "H09: a vote on a block that is not notarised": (
        lambda: asked(without(THEORY, "vote", "backed"), "vote"), "vote keeps vote_backed"),
    "votes of different epochs notarise together": (
        lambda: asked(defining(THEORY, "notarised", lambda s, block, epoch: Or(
            block == GENESIS, all_of_a_quorum(lambda node: Exists([e], s.vote(node, block, e))))), "leave"),
        "lemma notarised_unique"),
    "a longest chain forgotten in a crash": (
        lambda: asked(THEORY._replace(actions={"crash": _forget}), "crash"), "crash keeps vote_due"),
    "P01: notarised by fewer than a quorum": (
        lambda: asked(defining(THEORY, "notarised", lambda s, block, epoch: Or(
            And(block == GENESIS, epoch == START), voters.all_of_a_few(lambda node: s.vote(node, block, epoch)))),
            "leave"), "lemma notarised_unique"),
    "D12: quorums that need not meet": (lambda: asked(THEORY._replace(meet=()), "leave"), "lemma notarised_unique"),
}  # fmt: skip
"""Bug of the corpus -> (the queries with it, the one that must then be refuted)."""
SPARE = {("see", "backed"), ("see", "a parent")}
"""Guards that safety does not need: who thinks to have seen more votes for less."""


def story() -> Story:
    """Three correct nodes vote for three blocks, the second is final; one goes on."""
    nodes, quorum = Consts("n1 n2 n3", Node), Const("quorum", Quorum)
    blocks, epochs = Consts("first second third", Block), Consts("i ii iii", Epoch)
    links = list(pairwise([(GENESIS, START), *zip(blocks, epochs, strict=True)]))
    cast = [
        *voters.only_these_are_correct(nodes, quorum),
        *[And(parent(below, block), EPOCHS.next(early, late)) for (below, early), (block, late) in links],
    ]  # fmt: skip
    (first, early), (second, middle) = links[2]
    top = [At(node, second, middle, first, early, blocks[0], epochs[0]) for node in nodes]
    steps = [
        *[("vote", At(node, block, late, below, early, below, early))
          for (below, early), (block, late) in links for node in nodes],
        ("see", top[0]), ("leave", top[0]), *[("decide", at) for at in top],
    ]  # fmt: skip
    return Story(cast, steps)
