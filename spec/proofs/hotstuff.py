"""Agreement of chained HotStuff, for every n, any tree of blocks and any number of views (INV-S1).

The model is that of M. Yin and others, "HotStuff: BFT consensus with linearity and responsiveness", PODC 2019,
algorithms 3 to 5, and of part 5 of spec/consensus.md. A block names its parent by the parent's certificate (`justify`);
a vote is for a block, at most one in a view, and only if `safeNode` allows it: the block extends the block the node is
locked on, or its certificate is of a later view than that. A certificate is a quorum of votes. A node that votes for
the third of three blocks in consecutive views has locked the first, also across a crash (CON-071); it may lock the head
of any certified two-chain it sees. A block is decided with all its ancestors when a certified block stands on a
certified block on it, in three consecutive views.

Abstracted: a block here is a proposal, that is a value with its view and its certificate (CON-060); blocks that could
ever be proposed all exist from the beginning, as a tree; leaders and the pacemaker (any block may be proposed in its
view, a node goes to a later view whenever it likes); payloads. A block whose view is not above its parent's is
malformed and never reaches a vote, and the blank blocks that fill skipped views in the paper are left out: "consecutive
views" takes their place. Votes of liars are over-approximated: every certificate counts the votes of correct nodes
only, and the actions are those of correct nodes. It must not know the code.
"""

from itertools import pairwise
from typing import NamedTuple

import voters
import z3
from blocks import GENESIS, TREE, Block, b, c, d, parent, within
from induction import Action, Definition, State, Story, Theory, Vocabulary, defining, instead, without
from induction import queries as asked
from queries import Query
from voters import Node, Order, Quorum, all_of_a_quorum, always, correct, exactly, n, one_of_every_quorum
from z3 import And, Const, Consts, Exists, ForAll, Function, Not, Or

TITLE = "agreement of chained HotStuff (INV-S1)"
SCOPE = "all n"
VIEWS = Order("view")
View, lt, le = VIEWS.sort, VIEWS.lt, VIEWS.le
n1, n2 = Consts("n1 n2", Node)
w = Const("w", View)
b1, b2, c1, c2, d1, d2, x = Consts("b1 b2 c1 c2 d1 d2 x", Block)
view = Function("view", Block, View)
LATER = always([b, c], within(b, c), b != c, lt(view(b), view(c)))
"""Views grow along a chain; a block in which they do not is malformed."""


class At(NamedTuple):
    """Where an action is taken: `lock` is the highest block the node is locked on."""

    node: z3.ExprRef
    block: z3.ExprRef
    parent: z3.ExprRef
    lock: z3.ExprRef


HERE = At(Const("N0", Node), *Consts("B0 P0 L0", Block))


def follow(one: z3.ExprRef, other: z3.ExprRef) -> z3.BoolRef:
    """A parent and its child in consecutive views."""
    return And(parent(one, other), VIEWS.next(view(one), view(other)))


def three_chain(one: z3.ExprRef, two: z3.ExprRef, three: z3.ExprRef) -> z3.BoolRef:
    """What decides `one` once all three are certified."""
    return And(follow(one, two), follow(two, three))


WORDS = Vocabulary(
    basic={"left": (Node, View), "vote": (Node, Block), "locked": (Node, Block),
           "decided": (Node, Block, Block, Block)},
    defined={
        "certified": Definition((Block,), ("vote",), lambda s, block:
                                Or(block == GENESIS, all_of_a_quorum(lambda node: s.vote(node, block)))),
        "dead": Definition((Block,), ("left", "vote"), lambda s, block: one_of_every_quorum(
            lambda node: And(s.left(node, view(block)), Not(s.vote(node, block))))),
    },
)  # fmt: skip
"""left(n, w): n will not vote in view w any more. dead(b): b can no longer be certified. decided names the chain."""


# --- actions: the steps of correct nodes ---


def leave(s: State, at: At) -> Action:
    """Go to the view of some block, whatever led to it: no vote in an earlier view follows (CON-064)."""
    return Action({}, s.after(left=lambda node, w_: And(node == at.node, lt(w_, view(at.block)))))


def vote(s: State, at: At) -> Action:
    """One vote a view, for a block with a certified parent, by safeNode (CON-061, CON-064, CON-065)."""
    unlocked = ForAll([b], Not(s.locked(at.node, b)))
    highest = And(s.locked(at.node, at.lock), always([b], s.locked(at.node, b), le(view(b), view(at.lock))))
    extends, later = within(at.lock, at.block), lt(view(at.lock), view(at.parent))
    guards = {
        "once a view": Not(s.left(at.node, view(at.block))),
        "a parent": parent(at.parent, at.block),
        "certified": s.certified(at.parent),
        "safeNode": Or(unlocked, And(highest, Or(extends, later))),
    }
    after = s.after(
        vote=exactly(at.node, at.block),
        left=lambda node, w_: And(node == at.node, le(w_, view(at.block))),
        locked=lambda node, block: And(node == at.node, three_chain(block, at.parent, at.block)),
    )
    forked = (three_chain(b, c, d), lt(view(d), view(at.block)), Not(within(b, at.block)))
    safe = always([b, c, d], correct(at.node), s.vote(at.node, d), *forked, s.dead(d))
    return Action(guards, after, {"the vote is safe": (safe, "")})


def lock(s: State, at: At) -> Action:
    """The head of a certified two-chain, wherever it was seen (CON-066)."""
    guards = {"two-chain": And(parent(at.block, at.parent), s.certified(at.parent))}
    return Action(guards, s.after(locked=exactly(at.node, at.block)))


def decide(s: State, at: At) -> Action:
    """A block with a certified child and grandchild, in consecutive views: here lock, parent and block (CON-067)."""
    chain = (at.lock, at.parent, at.block)
    guards = {"consecutive views": three_chain(*chain), "certified": s.certified(at.block)}
    return Action(guards, s.after(decided=exactly(at.node, *chain)))


# --- the proof ---


def invariant(s: State) -> dict[str, z3.BoolRef]:
    """Seven clauses about correct nodes; agreement follows from them."""
    forked = (s.vote(n, d), three_chain(b, c, d), s.vote(n, x), lt(view(d), view(x)), Not(within(b, x)))
    chain = And(three_chain(b, c, d), s.certified(d))
    return {
        "one_vote": always([n, b, c], correct(n), s.vote(n, b), s.vote(n, c), view(b) == view(c), b == c),
        "vote_left": always([n, b, w], correct(n), s.vote(n, b), le(w, view(b)), s.left(n, w)),
        "vote_justified": always([n, b, c], correct(n), s.vote(n, c), parent(b, c), s.certified(b)),
        "vote_locks": always([n, b, c, d], correct(n), s.vote(n, d), three_chain(b, c, d), s.locked(n, b)),
        "lock_certified": always([n, b], correct(n), s.locked(n, b), s.certified(b)),
        "vote_safe": always([n, b, c, d, x], correct(n), *forked, s.dead(d)),
        "decided_chain": always([n, b, c, d], correct(n), s.decided(n, b, c, d), chain),
    }


def lemmas(s: State) -> dict[str, tuple[z3.BoolRef, str]]:
    """Consequences of the invariant in one state."""
    forked = (three_chain(b, c, d), s.certified(x), lt(view(d), view(x)), Not(within(b, x)))
    return {
        "certified_unique": (always([b, c], s.certified(b), s.certified(c), view(b) == view(c), b == c),
                             "certified one_vote"),
        "certified_parent": (always([b, c], s.certified(c), parent(b, c), s.certified(b)), "certified vote_justified"),
        "certified_excludes": (always([b, c], s.certified(b), view(b) == view(c), b != c, s.dead(c)),
                               "certified dead one_vote vote_left"),
        "later_certified": (always([b, c, d, x], *forked, s.dead(d)), "certified dead vote_safe vote_left"),
        "certified_not_dead": (always([b], b != GENESIS, s.certified(b), Not(s.dead(b))), "certified dead"),
    }  # fmt: skip


def goals(s: State) -> dict[str, z3.BoolRef]:
    """INV-S1: of any two decided blocks one extends the other, and a tree has one path from genesis to a block."""
    both = And(correct(n1), correct(n2), s.decided(n1, b1, c1, d1), s.decided(n2, b2, c2, d2))
    return {"agreement": always([n1, n2, b1, b2, c1, c2, d1, d2], both, Or(within(b1, b2), within(b2, b1)))}


THEORY = Theory(
    WORDS, (*VIEWS.axioms, VIEWS.nothing_between, *TREE, LATER), voters.QUORUMS_MEET, invariant, lemmas, goals,
    {action.__name__: action for action in (leave, vote, lock, decide)}, HERE,
)  # fmt: skip


def queries() -> list[Query]:
    """Every question of the proof."""
    return asked(THEORY)


def _forget(s: State, at: At) -> Action:
    """CON-071 left out: who comes back is not locked."""
    return Action({}, s.changed(locked=lambda node, block: And(s.locked(node, block), node != at.node)))


def _without_locking(s: State, at: At) -> Action:
    right = vote(s, at)
    return right._replace(after=right.after.changed(locked=s.locked))


def _again(s: State, at: At) -> z3.BoolRef:
    voted = Exists([b], And(s.vote(at.node, b), view(b) == view(at.block)))
    return Or(Not(s.left(at.node, view(at.block))), voted)


MUTATIONS = {
    "H01: a chain of parents, views not consecutive": (
        lambda: asked(THEORY._replace(axioms=(*VIEWS.axioms, *TREE, LATER)), "vote"), "vote: the vote is safe"),
    "H03: a certificate of whatever view unlocks": (
        lambda: asked(without(THEORY, "vote", "safeNode"), "vote"), "vote: the vote is safe"),
    "H07: votes twice in a view": (
        lambda: asked(instead(THEORY, "vote", "once a view", _again), "vote"), "vote: dead grows"),
    "H09: the certificate is not the parent's": (
        lambda: asked(without(THEORY, "vote", "certified"), "vote"), "vote: the vote is safe"),
    "no lock is taken": (
        lambda: asked(THEORY._replace(actions={"vote": _without_locking}), "vote"), "vote keeps vote_locks"),
    "a lock forgotten in a crash": (
        lambda: asked(THEORY._replace(actions={"crash": _forget}), "crash"), "crash keeps vote_locks"),
    "P01: certified by fewer than a quorum": (
        lambda: asked(defining(THEORY, "certified", lambda s, block: Or(block == GENESIS, voters.all_of_a_few(
            lambda node: s.vote(node, block)))), "leave"), "lemma certified_unique"),
    "D12: quorums that need not meet": (lambda: asked(THEORY._replace(meet=()), "leave"), "lemma certified_unique"),
}  # fmt: skip
"""Bug of the corpus -> (the queries with it, the one that must then be refuted)."""
SPARE: set[tuple[str, str]] = set()
"""Guards that safety does not need: none."""


def story() -> Story:
    """Three correct nodes vote for three blocks and decide the first; one goes on."""
    nodes, quorum = Consts("n1 n2 n3", Node), Const("quorum", Quorum)
    first, second, third = blocks = Consts("first second third", Block)
    links = list(pairwise([GENESIS, *blocks]))
    cast = [*voters.only_these_are_correct(nodes, quorum), *[follow(below, block) for below, block in links]]
    steps = [
        *[("vote", At(node, block, below, GENESIS)) for below, block in links for node in nodes],
        ("lock", At(nodes[0], first, second, first)), ("leave", At(nodes[0], third, third, third)),
        *[("decide", At(node, third, second, first)) for node in nodes],
    ]  # fmt: skip
    return Story(cast, steps)
