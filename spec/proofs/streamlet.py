"""Agreement of Streamlet, for every n, any tree of blocks and any number of epochs (INV-S1).

The model is that of B. Chan and E. Shi, "Streamlet: textbook streamlined blockchains", AFT 2020, section 3. In an epoch
a node votes at most once, for a block of that epoch which extends one of the longest notarised chains it has seen; a
quorum of votes notarises. When three adjacent notarised blocks have consecutive epochs, the second of them is final
with all its ancestors.

Abstracted: leaders and clocks (any block may be proposed in its epoch, a node goes to a later epoch whenever it likes),
payloads; blocks that could ever be proposed all exist from the beginning, as a tree, with epochs that grow along it.
What a node has seen is kept as the least length it may still vote at (`due`). Votes of liars are over-approximated:
every notarisation counts the votes of correct nodes only, and the actions are those of correct nodes. It must not know
the code.
"""

from itertools import pairwise
from typing import NamedTuple

import voters
import z3
from blocks import GENESIS, TREE, Block, b, c, d, parent, within
from induction import Action, Definition, State, Story, Theory, Vocabulary, defining, instead, without
from induction import queries as asked
from queries import Query
from voters import Node, Order, Quorum, all_of_a_quorum, always, correct, exactly, n
from z3 import And, Const, Consts, Function, Not, Or

TITLE = "agreement of Streamlet (INV-S1)"
SCOPE = "all n"
EPOCHS, LENGTHS = Order("epoch"), Order("length")
Epoch, Length = EPOCHS.sort, LENGTHS.sort
n1, n2 = Consts("n1 n2", Node)
e = Const("e", Epoch)
k = Const("k", Length)
b1, b2, c1, c2, d1, d2, x = Consts("b1 b2 c1 c2 d1 d2 x", Block)
epoch, length = Function("epoch", Block, Epoch), Function("length", Block, Length)

SHAPE = (
    always([b, c], within(b, c), b != c, And(EPOCHS.lt(epoch(b), epoch(c)), LENGTHS.lt(length(b), length(c)))),
    always([b, c], parent(b, c), LENGTHS.next(length(b), length(c))),
)
"""Epochs grow along a chain, and lengths by one."""


class At(NamedTuple):
    """Where an action is taken; `first` is the block before the parent where three adjacent ones are meant."""

    node: z3.ExprRef
    block: z3.ExprRef
    parent: z3.ExprRef
    first: z3.ExprRef


HERE = At(Const("N0", Node), *Consts("B0 P0 F0", Block))


def follow(one: z3.ExprRef, other: z3.ExprRef) -> z3.BoolRef:
    """A parent and its child in consecutive epochs."""
    return And(parent(one, other), EPOCHS.next(epoch(one), epoch(other)))


WORDS = Vocabulary(
    basic={"left": (Node, Epoch), "vote": (Node, Block), "due": (Node, Length), "decided": (Node, Block, Block, Block)},
    defined={"notarised": Definition((Block,), ("vote",), lambda s, block:
                                     Or(block == GENESIS, all_of_a_quorum(lambda node: s.vote(node, block))))},
)  # fmt: skip
"""left(n, e): n will not vote in epoch e any more. due(n, k): n has seen a notarised chain of length k - 1."""


# --- actions: the steps of correct nodes ---


def leave(s: State, at: At) -> Action:
    """Go to the epoch of some block: no vote in an earlier epoch follows."""
    return Action({}, s.after(left=lambda node, e_: And(node == at.node, EPOCHS.lt(e_, epoch(at.block)))))


def see(s: State, at: At) -> Action:
    """A notarised block on which another could stand: votes from now on are for blocks at least that long."""
    guards = {"notarised": s.notarised(at.parent), "a parent": parent(at.parent, at.block)}
    return Action(guards, s.after(due=exactly(at.node, length(at.block))))


def vote(s: State, at: At) -> Action:
    """One vote an epoch, on a longest notarised chain that the node has seen."""
    guards = {
        "once an epoch": Not(s.left(at.node, epoch(at.block))),
        "a parent": parent(at.parent, at.block),
        "notarised": s.notarised(at.parent),
        "longest": always([k], s.due(at.node, k), LENGTHS.le(k, length(at.block))),
    }
    after = s.after(
        vote=exactly(at.node, at.block),
        left=lambda node, e_: And(node == at.node, EPOCHS.le(e_, epoch(at.block))),
        due=exactly(at.node, length(at.block)),
    )
    return Action(guards, after)


def decide(s: State, at: At) -> Action:
    """Three adjacent notarised blocks with consecutive epochs: the second is final."""
    guards = {
        "consecutive epochs": And(follow(at.first, at.parent), follow(at.parent, at.block)),
        "notarised": s.notarised(at.block),
    }
    return Action(guards, s.after(decided=exactly(at.node, at.first, at.parent, at.block)))


# --- the proof ---


def invariant(s: State) -> dict[str, z3.BoolRef]:
    """Six clauses about correct nodes; agreement follows from them."""
    twice = (s.vote(n, b), s.vote(n, c))
    chain = And(follow(b, c), follow(c, d), s.notarised(d))
    return {
        "one_vote": always([n, b, c], correct(n), *twice, epoch(b) == epoch(c), b == c),
        "vote_left": always([n, b, e], correct(n), s.vote(n, b), EPOCHS.le(e, epoch(b)), s.left(n, e)),
        "vote_due": always([n, b], correct(n), s.vote(n, b), s.due(n, length(b))),
        "votes_grow": always([n, b, c], correct(n), *twice, EPOCHS.lt(epoch(b), epoch(c)),
                             LENGTHS.le(length(b), length(c))),
        "vote_justified": always([n, b, c], correct(n), s.vote(n, c), within(b, c), b != c, s.notarised(b)),
        "decided_chain": always([n, b, c, d], correct(n), s.decided(n, b, c, d), chain),
    }  # fmt: skip


def lemmas(s: State) -> dict[str, tuple[z3.BoolRef, str]]:
    """Consequences of the invariant in one state."""
    both = (s.notarised(b), s.notarised(c))
    return {
        "notarised_unique": (always([b, c], *both, epoch(b) == epoch(c), b == c), "notarised one_vote"),
        "notarised_grow": (always([b, c], *both, EPOCHS.lt(epoch(b), epoch(c)), LENGTHS.le(length(b), length(c))),
                           "notarised votes_grow"),
        "notarised_below": (always([b, c], s.notarised(c), within(b, c), s.notarised(b)), "notarised vote_justified"),
    }  # fmt: skip


def goals(s: State) -> dict[str, z3.BoolRef]:
    """INV-S1: the block that a decided chain holds at the length of another decided block is that block."""
    both = And(correct(n1), correct(n2), s.decided(n1, b1, c1, d1), s.decided(n2, b2, c2, d2))
    there = And(within(x, c2), length(x) == length(c1))
    return {"agreement": always([n1, n2, b1, b2, c1, c2, d1, d2, x], both, there, x == c1)}


THEORY = Theory(
    WORDS,
    (*EPOCHS.axioms, EPOCHS.nothing_between, *LENGTHS.axioms, *TREE, *SHAPE),
    voters.QUORUMS_MEET, invariant, lemmas, goals,
    {action.__name__: action for action in (leave, see, vote, decide)}, HERE,
)  # fmt: skip


def queries() -> list[Query]:
    """Every question of the proof."""
    return asked(THEORY)


def _by_epoch(s: State, at: At) -> z3.BoolRef:
    return always([b, c], s.vote(at.node, c), parent(b, c), EPOCHS.le(epoch(b), epoch(at.parent)))


MUTATIONS = {
    "S01: epochs compared, not lengths": (
        lambda: asked(instead(THEORY, "vote", "longest", _by_epoch), "vote"), "vote keeps votes_grow"),
    "H01: epochs need not be consecutive": (
        lambda: asked(THEORY._replace(axioms=(*EPOCHS.axioms, *LENGTHS.axioms, *TREE, *SHAPE)), "decide"),
        "invariant => agreement"),
    "H07: votes twice in an epoch": (
        lambda: asked(without(THEORY, "vote", "once an epoch"), "vote"), "vote keeps one_vote"),
    "H09: a vote on a block that is not notarised": (
        lambda: asked(without(THEORY, "vote", "notarised"), "vote"), "vote keeps vote_justified"),
    "P01: notarised by fewer than a quorum": (
        lambda: asked(defining(THEORY, "notarised", lambda s, block: Or(block == GENESIS, voters.all_of_a_few(
            lambda node: s.vote(node, block)))), "leave"), "lemma notarised_unique"),
    "D12: quorums that need not meet": (lambda: asked(THEORY._replace(meet=()), "leave"), "lemma notarised_unique"),
}  # fmt: skip
"""Bug of the corpus -> (the queries with it, the one that must then be refuted)."""
SPARE = {("see", "notarised"), ("see", "a parent")}
"""Guards that safety does not need: who thinks to have seen more votes for less."""


def story() -> Story:
    """Three correct nodes vote for three blocks, the second is final; one goes on."""
    nodes, quorum = Consts("n1 n2 n3", Node), Const("quorum", Quorum)
    first, second, third = blocks = Consts("first second third", Block)
    links = list(pairwise([GENESIS, *blocks]))
    cast = [*voters.only_these_are_correct(nodes, quorum), *[follow(below, block) for below, block in links]]
    steps = [
        *[("vote", At(node, block, below, below)) for below, block in links for node in nodes],
        ("see", At(nodes[0], third, second, first)), ("leave", At(nodes[0], third, second, first)),
        *[("decide", At(node, third, second, first)) for node in nodes],
    ]  # fmt: skip
    return Story(cast, steps)
