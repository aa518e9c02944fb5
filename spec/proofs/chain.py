"""From agreement at one height to one chain for ever: agreement over all heights (INV-S1) and immutability across
crashes and recovery (INV-S2).

Agreement at a height speaks of one set of rules: who votes, with what weight, under which limits. What is in force at a
height follows from the chain below it (DAT-050, DAT-088, DAT-090), so two nodes with different pasts might judge by
different rules, and each height needs all before it. The proof is that induction, inside a system of nodes that write
decided blocks to disk, tell them to the world in order, lose their memory in a crash and come back from disk.

The one fact taken from the engines is theirs to prove (tendermint.py, pbft.py): at a height, under one set of rules, at
most one block is decided. Engines that decide a branch at once (hotstuff.py, streamlet.py) give it too: of a decided
block all ancestors are. Abstracted: how a block is decided or fetched; a write to disk is one step, as one transaction
of the store; heights are an order in which each but the first has one before it. It must not know the code.
"""

from typing import NamedTuple

import z3
from blocks import GENESIS, Block, b, c, parent
from induction import Action, State, Story, Theory, Vocabulary, without
from induction import queries as asked
from queries import Mutations, Query
from voters import Node, Order, Truth, always, correct, exactly, n
from z3 import And, Const, Consts, DeclareSort, Exists, ForAll, Function, Not, Or

TITLE = "one chain over all heights, for ever, across crashes (INV-S1, INV-S2)"
SCOPE = "all n"
HEIGHTS, Rules = Order("height"), DeclareSort("rules")
Height = HEIGHTS.sort
ZERO = Const("zero", Height)
h, low = Consts("h low", Height)
n1, n2 = Consts("n1 n2", Node)
rules, others = Consts("rules others", Rules)
after = Function("after", Block, Rules, Truth)
"""after(b, rules): what is in force at the height above b."""
decided = Function("decided", Height, Rules, Block, Truth)
"""decided(h, rules, b): voters under these rules decide b at h, at some time of the run."""

FACTS = (*HEIGHTS.axioms, HEIGHTS.nothing_between, ForAll([h], HEIGHTS.le(ZERO, h)))
ONE_SET_OF_RULES = always([b, rules, others], after(b, rules), after(b, others), rules == others)
"""INV-S5: what is in force follows from the chain."""
ONE_A_HEIGHT = always([h, rules, b, c], decided(h, rules, b), decided(h, rules, c), b == c)
"""INV-S1 for one height, as the engines have it."""


class At(NamedTuple):
    """Where an action is taken: a block, its height, the one below, the block there, and the rules after that."""

    node: z3.ExprRef
    height: z3.ExprRef
    block: z3.ExprRef
    lower: z3.ExprRef
    below: z3.ExprRef
    rules: z3.ExprRef


HERE = At(Const("N0", Node), Const("H0", Height), Const("B0", Block), Const("L0", Height), Const("P0", Block),
          Const("C0", Rules))  # fmt: skip
ROW = (Node, Height, Block)
WORDS = Vocabulary(
    basic={"disk": ROW, "written": (Node, Height), "memory": ROW, "told": ROW, "down": (Node,)}, defined={}
)
"""written(n, h): some block stands at h on the disk of n. told: what n has ever reported final. memory: what it would
report now."""


# --- actions: the steps of correct nodes ---


def _up(s: State, at: At) -> dict[str, z3.BoolRef]:
    return {"up": Not(s.down(at.node))}


def begin(s: State, at: At) -> Action:
    """The genesis is the block at height zero."""
    row = exactly(at.node, ZERO, GENESIS)
    return Action(_up(s, at), s.after(disk=row, written=exactly(at.node, ZERO)))


def write(s: State, at: At) -> Action:
    """A block decided under the rules that the own chain puts in force, onto the disk (CON-016, DAT-088, DAT-103)."""
    guards = {
        **_up(s, at),
        "next height": And(HEIGHTS.next(at.lower, at.height), s.disk(at.node, at.lower, at.below)),
        "linked": parent(at.below, at.block),
        "decided": decided(at.height, at.rules, at.block),
        "by the chain's rules": after(at.below, at.rules),
    }
    row = exactly(at.node, at.height, at.block)
    return Action(guards, s.after(disk=row, written=exactly(at.node, at.height)))


def tell(s: State, at: At) -> Action:
    """Report a block final, after those below it."""
    guards = {
        **_up(s, at),
        "on disk": s.disk(at.node, at.height, at.block),
        "in order": always([low, b], HEIGHTS.next(low, at.height), s.disk(at.node, low, b), s.told(at.node, low, b)),
    }
    row = exactly(at.node, at.height, at.block)
    return Action(guards, s.after(memory=row, told=row))


def crash(s: State, at: At) -> Action:
    """All memory is gone."""
    forgotten = s.changed(memory=lambda node, height, block: And(s.memory(node, height, block), node != at.node))
    return Action({}, forgotten.after(down=exactly(at.node)))


def recover(s: State, at: At) -> Action:
    """Memory is what the disk holds (CON-008)."""
    back = s.changed(down=lambda node: And(s.down(node), node != at.node))
    return Action({}, back.after(memory=lambda node, height, block: And(node == at.node, s.disk(node, height, block))))


# --- the proof ---


def invariant(s: State) -> dict[str, z3.BoolRef]:
    """Eleven clauses about correct nodes."""
    above = (s.disk(n, h, b), HEIGHTS.next(low, h), s.disk(n, low, c))
    both = (correct(n1), correct(n2), s.disk(n1, h, b), s.disk(n2, h, c))
    return {
        "genesis_first": always([n, b], correct(n), s.disk(n, ZERO, b), b == GENESIS),
        "disk_written": always([n, h, b], correct(n), s.disk(n, h, b), s.written(n, h)),
        "written_disk": always([n, h], correct(n), s.written(n, h), Exists([b], s.disk(n, h, b))),
        "no_gap": always([n, h, low], correct(n), s.written(n, h), HEIGHTS.next(low, h), s.written(n, low)),
        "ruled": always([n, h, low, b, c, rules], correct(n), *above, after(c, rules), decided(h, rules, b)),
        "linked": always([n, h, low, b, c], correct(n), *above, parent(c, b)),
        "one_chain": always([n1, n2, h, b, c], *both, b == c),
        "told_disk": always([n, h, b], correct(n), s.told(n, h, b), s.disk(n, h, b)),
        "told_in_order": always([n, h, low, b, c], correct(n), s.told(n, h, b), HEIGHTS.next(low, h), s.disk(n, low, c),
                                s.told(n, low, c)),
        "memory_disk": always([n, h, b], correct(n), s.memory(n, h, b), s.disk(n, h, b)),
        "told_kept": always([n, h, b], correct(n), s.told(n, h, b), Not(s.down(n)), s.memory(n, h, b)),
    }  # fmt: skip


def goals(s: State) -> dict[str, z3.BoolRef]:
    """INV-S1 and INV-S2, block by block."""
    both = (correct(n1), correct(n2), s.told(n1, h, b), s.told(n2, h, c))
    below = (correct(n), s.told(n, h, b), HEIGHTS.next(low, h))
    later = (correct(n), s.told(n, h, b), Not(s.down(n)))
    return {
        "one block at a height": always([n1, n2, h, b, c], *both, b == c),
        "a reported list has no gap": always([n, h, low, b], *below, Exists([c], And(s.told(n, low, c), parent(c, b)))),
        "what was reported is reported": always([n, h, b], *later, s.memory(n, h, b)),
        "and nothing else in its place": always([n, h, b, c], *later, s.memory(n, h, c), b == c),
    }


THEORY = Theory(
    WORDS, (*FACTS, ONE_SET_OF_RULES, ONE_A_HEIGHT), (), invariant, lambda _: {}, goals,
    {action.__name__: action for action in (begin, write, tell, crash, recover)}, HERE,
)  # fmt: skip


def queries() -> list[Query]:
    """Every question of the proof."""
    return asked(THEORY)


def _forgetful(s: State, at: At) -> Action:
    """Recovery that takes up less than the disk holds."""
    back = s.changed(down=lambda node: And(s.down(node), node != at.node))
    held = {"on disk": s.disk(at.node, at.height, at.block)}
    return Action(held, back.after(memory=exactly(at.node, at.height, at.block)))


def _erase(s: State, at: At) -> Action:
    """D16: the block is rewritten in place, where a tombstone above it is due."""

    def disk(node: z3.ExprRef, height: z3.ExprRef, block: z3.ExprRef) -> z3.BoolRef:
        here = And(node == at.node, height == at.height)
        return Or(And(here, block == at.block), And(Not(here), s.disk(node, height, block)))

    return Action({"written": s.written(at.node, at.height), "above": at.height != ZERO}, s.changed(disk=disk))


MUTATIONS: Mutations = {
    "D12: an engine that decides two blocks at a height": (
        lambda: asked(THEORY._replace(axioms=(*FACTS, ONE_SET_OF_RULES)), "write"), "write keeps ruled"),
    "D13: rules of a node's own, not the chain's": (
        lambda: asked(without(THEORY, "write", "by the chain's rules"), "write"), "write keeps ruled"),
    "D10: nodes that differ in what is in force": (
        lambda: asked(THEORY._replace(axioms=(*FACTS, ONE_A_HEIGHT)), "write"), "write keeps ruled"),
    "D16: a block erased by rewriting it": (
        lambda: asked(THEORY._replace(actions={"erase": _erase}), "erase"), "erase keeps ruled"),
    "a block on another block than the tip": (
        lambda: asked(without(THEORY, "write", "linked"), "write"), "write keeps linked"),
    "T14: told before it is on disk": (
        lambda: asked(without(THEORY, "tell", "on disk"), "tell"), "tell keeps told_disk"),
    "recovery takes up less than the disk holds": (
        lambda: asked(THEORY._replace(actions={"recover": _forgetful}), "recover"), "recover keeps told_kept"),
}  # fmt: skip
"""Bug of the corpus -> (the queries with it, the one that must then be refuted)."""
SPARE = {("begin", "up"), ("write", "up"), ("tell", "up")}
"""Guards that safety does not need: a node that is down does nothing; if it could, it would do no harm."""


def story() -> Story:
    """Two nodes write and tell two blocks; one crashes between the two and comes back."""
    one, other = nodes = Consts("n1 n2", Node)
    first, second = Consts("h1 h2", Height)
    block, top = Consts("b1 b2", Block)
    early, late = HERE.rules, Const("C1", Rules)
    cast = [
        *[correct(node) for node in nodes], HEIGHTS.next(ZERO, first), HEIGHTS.next(first, second),
        z3.Distinct(early, late), parent(GENESIS, block), parent(block, top), after(GENESIS, early), after(block, late),
        decided(first, early, block), decided(second, late, top),
    ]  # fmt: skip

    def at(node: z3.ExprRef) -> list[At]:
        return [
            At(node, ZERO, GENESIS, ZERO, GENESIS, early), At(node, first, block, ZERO, GENESIS, early),
            At(node, second, top, first, block, late),
        ]  # fmt: skip

    def grows(node: z3.ExprRef) -> list[tuple[str, At]]:
        zero, lower, upper = at(node)
        return [("begin", zero), ("tell", zero), ("write", lower), ("tell", lower), ("write", upper)]

    fall = [("crash", at(one)[0]), ("recover", at(one)[0]), ("tell", at(one)[2])]
    return Story(cast, [*grows(one), *fall, *grows(other), ("tell", at(other)[2])])
