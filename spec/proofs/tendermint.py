"""Agreement of single-height Tendermint for every n, every round and every value (INV-S1 for one height).

The rules are those of part 3 of spec/consensus.md (E. Buchman, J. Kwon, Z. Milosevic, "The latest gossip on BFT
consensus", arXiv 1807.04938, algorithm 1). A *polka* is a quorum of prevotes for a value in a round. Correct nodes
have one state each; rounds may be skipped at will.

Abstracted: proposers (any value may be proposed), timers (a time-out may come at any moment), validity of values. Liars
are unconstrained: every guard counts the votes of correct nodes only, so the adversary may add any vote, to anyone, at
any time. That over-approximates the adversary, which is sound for safety. Every alternation of quantifiers runs
(round, value) -> quorum -> node, so each query is in a decidable fragment (EPR). It must not know the code; the code is
tied to the same rules by tests.
"""

from typing import NamedTuple

import voters
import z3
from induction import Action, Definition, State, Story, Theory, Vocabulary, without
from induction import queries as asked
from queries import Query
from voters import Node, Order, Relation, all_of_a_quorum, always, correct, exactly, n, one_of_every_quorum
from z3 import And, Const, Consts, DeclareSort, Exists, ForAll, Implies, Not, Or

TITLE = "agreement of single-height Tendermint (INV-S1)"
SCOPE = "all n"
ROUNDS = Order("round")
Round, Value, lt, le = ROUNDS.sort, DeclareSort("value"), ROUNDS.lt, ROUNDS.le
nil = Const("nil", Value)
n1, n2 = Consts("n1 n2", Node)
r, r1, r2 = Consts("r r1 r2", Round)
v, v1, v2 = Consts("v v1 v2", Value)


class At(NamedTuple):
    """Where an action is taken; `earlier` is the valid round of a proposal."""

    node: z3.ExprRef
    round: z3.ExprRef
    value: z3.ExprRef
    earlier: z3.ExprRef


HERE = At(Const("N0", Node), Const("R0", Round), Const("V0", Value), Const("VR0", Round))
VOTE = (Node, Round, Value)
WORDS = Vocabulary(
    basic={"left": (Node, Round), "prevote": VOTE, "precommit": VOTE, "decided": VOTE},
    defined={
        "polka": Definition((Round, Value), ("prevote",), lambda s, round_, value:
                            all_of_a_quorum(lambda node: s.prevote(node, round_, value))),
        "committed": Definition((Round, Value), ("precommit",), lambda s, round_, value:
                                all_of_a_quorum(lambda node: s.precommit(node, round_, value))),
        "nc": Definition((Round, Value), ("left", "precommit"), lambda s, round_, value: one_of_every_quorum(
            lambda node: And(s.left(node, round_), Not(s.precommit(node, round_, value))))),
    },
)  # fmt: skip
"""left(n, r): n is past round r. nc(r, v): v can no longer be chosen in r."""


# --- what a node knows of itself ---


def is_in(s: State, at: At) -> z3.BoolRef:
    """A correct node is in this round."""
    before = ForAll([r], Implies(lt(r, at.round), s.left(at.node, r)))
    return And(correct(at.node), Not(s.left(at.node, at.round)), before)


def has_not(said: Relation, at: At) -> z3.BoolRef:
    """It has not said this in the round."""
    return ForAll([v], Not(said(at.node, at.round, v)))


def unlocked(s: State, node: z3.ExprRef) -> z3.BoolRef:
    """lockedRound = -1."""
    return ForAll([r, v], Implies(s.precommit(node, r, v), v == nil))


def locked_by(s: State, node: z3.ExprRef, round_: z3.ExprRef) -> z3.BoolRef:
    """lockedRound <= round."""
    return ForAll([r, v], Implies(And(s.precommit(node, r, v), v != nil), le(r, round_)))


def locked_on(s: State, node: z3.ExprRef, value: z3.ExprRef) -> z3.BoolRef:
    """lockedValue = value."""
    return Exists([r1], And(s.precommit(node, r1, value), locked_by(s, node, r1)))


# --- actions ---


def start_round(s: State, at: At) -> Action:
    """Line 11, whatever led to it: rounds may be skipped at will (CON-017, CON-026)."""
    guards = {"correct": correct(at.node), "not left": Not(s.left(at.node, at.round))}
    return Action(guards, s.after(left=lambda node, round_: And(node == at.node, lt(round_, at.round))))


def _prevote(s: State, at: At, value: z3.ExprRef, why: dict[str, z3.BoolRef]) -> Action:
    fresh = {"in the round": is_in(s, at), "no prevote": has_not(s.prevote, at),
             "no precommit": has_not(s.precommit, at)}  # fmt: skip
    return Action({**fresh, **why}, s.after(prevote=exactly(at.node, at.round, value)))


def prevote_new(s: State, at: At) -> Action:
    """Line 22 (CON-012)."""
    held = Or(unlocked(s, at.node), locked_on(s, at.node, at.value))
    return _prevote(s, at, at.value, {"a value": at.value != nil, "lock": held})


def prevote_proven(s: State, at: At) -> Action:
    """Line 28 (CON-013)."""
    held = Or(locked_by(s, at.node, at.earlier), locked_on(s, at.node, at.value))
    proof = {"earlier": lt(at.earlier, at.round), "proof of lock": s.polka(at.earlier, at.value)}
    return _prevote(s, at, at.value, {"a value": at.value != nil, **proof, "lock": held})


def prevote_nil(s: State, at: At) -> Action:
    """Lines 26, 32, 57 (CON-026)."""
    return _prevote(s, at, nil, {})


def _precommit(s: State, at: At, value: z3.ExprRef, why: dict[str, z3.BoolRef]) -> Action:
    voted = {"in the round": is_in(s, at), "a prevote": Exists([v], s.prevote(at.node, at.round, v)),
             "no precommit": has_not(s.precommit, at)}  # fmt: skip
    return Action({**voted, **why}, s.after(precommit=exactly(at.node, at.round, value)))


def precommit_value(s: State, at: At) -> Action:
    """Line 36 (CON-015)."""
    return _precommit(s, at, at.value, {"a value": at.value != nil, "polka": s.polka(at.round, at.value)})


def precommit_nil(s: State, at: At) -> Action:
    """Lines 44, 61 (CON-025, CON-026)."""
    return _precommit(s, at, nil, {})


def decide(s: State, at: At) -> Action:
    """Line 49, in any round (CON-016)."""
    guards = {"a value": at.value != nil, "committed": s.committed(at.round, at.value)}
    return Action(guards, s.after(decided=exactly(at.node, at.round, at.value)))


# --- the proof ---


def in_order(s: State) -> dict[str, z3.BoolRef]:
    """Seven clauses about correct nodes that hold however many lie."""
    return {
        "one_prevote": always([n, r, v1, v2], correct(n), s.prevote(n, r, v1), s.prevote(n, r, v2), v1 == v2),
        "one_precommit": always([n, r, v1, v2], correct(n), s.precommit(n, r, v1), s.precommit(n, r, v2), v1 == v2),
        "prevote_left": always([n, r1, r2, v], correct(n), s.prevote(n, r2, v), lt(r1, r2), s.left(n, r1)),
        "precommit_left": always([n, r1, r2, v], correct(n), s.precommit(n, r2, v), lt(r1, r2), s.left(n, r1)),
        "left_closed": always([n, r1, r2], correct(n), s.left(n, r2), le(r1, r2), s.left(n, r1)),
        "precommit_polka": always([n, r, v], correct(n), s.precommit(n, r, v), v != nil, s.polka(r, v)),
        "decided_committed": always([n, r, v], correct(n), s.decided(n, r, v), And(v != nil, s.committed(r, v))),
    }


def invariant(s: State) -> dict[str, z3.BoolRef]:
    """An eighth, and agreement follows from them."""
    conflict = (s.precommit(n, r1, v1), s.prevote(n, r2, v2), lt(r1, r2), v1 != nil, v2 != nil, v1 != v2)
    return {**in_order(s), "lock_respected": always([n, r1, r2, v1, v2], correct(n), *conflict, s.nc(r1, v1))}


def lemmas(s: State) -> dict[str, tuple[z3.BoolRef, str]]:
    """Consequences of the invariant in one state."""
    conflict = (s.polka(r2, v2), lt(r1, r2), v1 != nil, v2 != nil, v1 != v2)
    return {
        "polka_unique": (always([r, v1, v2], s.polka(r, v1), s.polka(r, v2), v1 == v2), "polka one_prevote"),
        "later_polka": (always([r1, r2, v1, v2], *conflict, s.nc(r1, v1)), "polka nc lock_respected prevote_left"),
        "committed_polka": (always([r, v], s.committed(r, v), v != nil, s.polka(r, v)), "committed precommit_polka"),
        "committed_alive": (always([r, v], s.committed(r, v), Not(s.nc(r, v))), "committed nc"),
    }


def goals(s: State) -> dict[str, z3.BoolRef]:
    """INV-S1 for one height: no two correct nodes decide different values."""
    both = And(correct(n1), correct(n2), s.decided(n1, r1, v1), s.decided(n2, r2, v2))
    return {"agreement": always([n1, n2, r1, r2, v1, v2], both, v1 == v2)}


STEPS = (start_round, prevote_new, prevote_proven, prevote_nil, precommit_value, precommit_nil, decide)
ACTIONS = {action.__name__: action for action in STEPS}
THEORY = Theory(WORDS, ROUNDS.axioms, voters.QUORUMS_MEET, invariant, lemmas, goals, ACTIONS, HERE)


def queries() -> list[Query]:
    """Every question of the proof."""
    return asked(THEORY)


MUTATIONS = {
    "T01, T02: line 22 without the lock, or a lock forgotten": (
        lambda: asked(without(THEORY, "prevote_new", "lock"), "prevote_new"), "prevote_new keeps lock_respected"),
    "T03: line 28 without the lock": (
        lambda: asked(without(THEORY, "prevote_proven", "lock"), "prevote_proven"),
        "prevote_proven keeps lock_respected"),
    "P02: precommit without a polka": (
        lambda: asked(without(THEORY, "precommit_value", "polka"), "precommit_value"),
        "precommit_value keeps precommit_polka"),
    "D12: quorums that need not meet": (lambda: asked(THEORY._replace(meet=()), "decide"), "lemma polka_unique"),
}  # fmt: skip
"""Bug of the corpus -> (the queries with it, the one that must then be refuted)."""
SPARE = {
    ("start_round", "correct"), ("start_round", "not left"),
    *[(action, "no precommit") for action in ("prevote_new", "prevote_proven", "prevote_nil")],
    *[(action, "a value") for action in ("prevote_new", "prevote_proven", "precommit_value")],
    ("prevote_proven", "earlier"), ("precommit_value", "a prevote"), ("precommit_nil", "a prevote"),
}  # fmt: skip
"""Guards that safety does not need: they order the steps of a round and keep `nil` apart."""


def story() -> Story:
    """One node locks, the round fails, so does the next, and in the third all decide what was locked."""
    nodes, quorum = Consts("n1 n2 n3", Node), z3.Const("quorum", voters.Quorum)
    value, rounds = HERE.value, Consts("first second third", Round)
    first, second, third = [[At(node, round_, value, rounds[0]) for node in nodes] for round_ in rounds]
    cast = [
        *voters.only_these_are_correct(nodes, quorum), lt(rounds[0], rounds[1]), lt(rounds[1], rounds[2]),
        ForAll([r], Or(*[r == round_ for round_ in rounds])),
    ]  # fmt: skip
    steps = [
        *[("prevote_new", at) for at in first], ("precommit_value", first[0]), ("precommit_nil", first[1]),
        *[("start_round", at) for at in second],
        ("prevote_proven", second[0]), ("prevote_new", second[1]), ("prevote_nil", second[2]),
        *[("start_round", at) for at in third], *[("prevote_proven", at) for at in third],
        *[("precommit_value", at) for at in third], *[("decide", at) for at in third],
    ]  # fmt: skip
    return Story(cast, steps)
