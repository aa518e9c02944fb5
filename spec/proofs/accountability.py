"""Accountability of Tendermint: a fork is evidence against more than a third, and nobody correct is framed (INV-A2).

The record is every vote that was signed and seen; liars are explicit here, and up to two thirds of the weight may lie.
Evidence against a member is either of
- equivocation: two different prevotes, or two different precommits, in one round (CON-019);
- amnesia: a precommit for v in r and a prevote for another value w in a later round R, where the record holds no polka
  for w in any round from r on and below R, the only thing that could have excused it (lines 28 to 30 of algorithm 1 of
  E. Buchman, J. Kwon, Z. Milosevic, "The latest gossip on BFT consensus", arXiv 1807.04938).
Equivocation is proved by its two votes alone. Amnesia is judged on the logs of all correct nodes together, since the
excuse may lie in any of them. That a fork is evidence supposes such a record, and one correct node in each quorum; that
nobody is framed supposes nothing of the others, however many lie.

The first part is a statement about one state: among the rounds from r on with a polka for the other value there is a
first (rounds are whole numbers), and there the quorum of the polka and that of the first decision overlap in more than
a third. The second is an inductive invariant over the actions of tendermint.py and votes of liars. Abstracted:
proposals; weights (a set of more than a third is a thing with members, its arithmetic is in quorums.py). It must not
know the code.
"""

from collections.abc import Callable

import tendermint
import z3
from induction import Action, Definition, State, Story, Theory, Vocabulary, any_state, defining, without
from induction import queries as asked
from queries import Mutations, Query
from tendermint import HERE, ROUNDS, VOTE, At, Round, Value, le, lt, nil, r, r1, r2, v, v1, v2
from voters import Node, Quorum, Truth, always, among, correct, exactly, few, member, n, q, q1, q2
from z3 import And, Bool, Const, Consts, Exists, ForAll, Function, Implies, Not, Or

TITLE = "accountability of Tendermint: a fork accuses a third, nobody correct is framed (CON-019, INV-A2)"
SCOPE = "all n"
n1, n2 = Consts("n1 n2", Node)
r3 = Const("r3", Round)

OVERLAP = ForAll([q1, q2], Exists([few], ForAll([n], Implies(among(n, few), And(member(n, q1), member(n, q2))))))
"""CON-002: two quorums share a set of more than a third."""
NOT_ALL_LIE = ForAll([q], Exists([n], And(correct(n), member(n, q))))
"""Liars alone are no quorum."""


def _of_a_quorum(name: str) -> Definition:
    """Every member of some quorum, liar or not, is on record with this vote."""
    return Definition((Round, Value), (name,), lambda s, round_, value: Exists(
        [q], ForAll([n], Implies(member(n, q), getattr(s, name)(n, round_, value)))))  # fmt: skip


def _excuse(s: State, since: z3.ExprRef, before: z3.ExprRef, value: z3.ExprRef) -> z3.BoolRef:
    return Exists([r], And(le(since, r), lt(r, before), s.polka(r, value)))


WORDS = Vocabulary(
    basic={"left": (Node, Round), "prevote": VOTE, "precommit": VOTE, "decided": VOTE},
    defined={"polka": _of_a_quorum("prevote"), "committed": _of_a_quorum("precommit"),
             "excused": Definition((Round, Round, Value), ("polka",), _excuse)},
)  # fmt: skip
"""excused(r, R, w): whoever was locked in r may prevote w in R."""


# --- actions: those of correct nodes, and votes of liars ---


def _excused(action: str) -> Callable[[State, At], Action]:
    """A prevote for a value, of which it is shown that the record excuses it."""

    def excused(s: State, at: At) -> Action:
        right = tendermint.ACTIONS[action](s, at)
        locked = (s.precommit(at.node, r, v), lt(r, at.round), v != nil, v != at.value)
        excuse = always([r, v], correct(at.node), *locked, s.excused(r, at.round, at.value))
        return right._replace(stones={"the record excuses it": (excuse, "excused")})

    return excused


def lie_in_prevote(s: State, at: At) -> Action:
    """Any prevote of a liar, at any time."""
    return Action({"a liar": Not(correct(at.node))}, s.after(prevote=exactly(at.node, at.round, at.value)))


def lie_in_precommit(s: State, at: At) -> Action:
    """Any precommit of a liar, at any time."""
    return Action({"a liar": Not(correct(at.node))}, s.after(precommit=exactly(at.node, at.round, at.value)))


ACTIONS = {
    **tendermint.ACTIONS, "prevote_new": _excused("prevote_new"), "prevote_proven": _excused("prevote_proven"),
    "lie_in_prevote": lie_in_prevote, "lie_in_precommit": lie_in_precommit,
}  # fmt: skip


# --- the proof ---


def invariant(s: State) -> dict[str, z3.BoolRef]:
    """What correct nodes keep, however many lie."""
    conflict = (s.precommit(n, r1, v1), s.prevote(n, r2, v2), lt(r1, r2), v1 != nil, v2 != nil, v1 != v2)
    excused = always([n, r1, r2, v1, v2], correct(n), *conflict, s.excused(r1, r2, v2))
    return {**tendermint.in_order(s), "lock_excused": excused}


def lemmas(s: State) -> dict[str, tuple[z3.BoolRef, str]]:
    """Consequences of the invariant in one state."""
    precommitted = always([r, v], s.committed(r, v), v != nil, s.polka(r, v))
    return {"committed_polka": (precommitted, "committed precommit_polka")}


def equivocates(s: State, node: z3.ExprRef) -> z3.BoolRef:
    """Two votes of one kind in one round."""
    twice = [And(said(node, r, v1), said(node, r, v2)) for said in (s.prevote, s.precommit)]
    return Exists([r, v1, v2], And(v1 != v2, Or(*twice)))


def forgets(s: State, node: z3.ExprRef) -> z3.BoolRef:
    """A prevote against the own precommit, without an excuse on record."""
    votes = And(s.precommit(node, r1, v1), s.prevote(node, r2, v2), lt(r1, r2), v1 != nil, v2 != nil, v1 != v2)
    return Exists([r1, r2, v1, v2], And(votes, Not(s.excused(r1, r2, v2))))


def evidence(s: State, node: z3.ExprRef) -> z3.BoolRef:
    """What accuses a member."""
    return Or(equivocates(s, node), forgets(s, node))


def goals(s: State) -> dict[str, z3.BoolRef]:
    """INV-A2: in no reachable state does the record accuse a correct node."""
    return {"nobody correct is framed": always([n], correct(n), Not(evidence(s, n)))}


THEORY = Theory(WORDS, ROUNDS.axioms, (OVERLAP, NOT_ALL_LIE), invariant, lemmas, goals, ACTIONS, HERE)


ACCUSED = Function("accused", Node, Truth)
MANY = Bool("many")
"""More than a third are accused."""


def fork(theory: Theory, accuses: Callable[[State, z3.ExprRef], z3.BoolRef] = evidence) -> list[Query]:
    """INV-A1: two correct nodes decide differently, so all of some set of more than a third are accused."""
    s = any_state(theory.words)
    polka, committed, excused = map(s.definition, ("polka", "committed", "excused"))
    counted = [
        always([n], accuses(s, n), ACCUSED(n)),
        always([few], ForAll([n], Implies(among(n, few), ACCUSED(n))), MANY),
    ]
    two = (v1 != nil, v2 != nil, v1 != v2)
    after = (s.committed(r1, v1), s.polka(r2, v2), lt(r1, r2), Not(s.excused(r1, r2, v2)))
    steps = {
        "two quorums of precommits in a round accuse": (
            [committed], always([r, v1, v2], *two, s.committed(r, v1), s.committed(r, v2), MANY)),
        "two quorums of prevotes in a round accuse": (
            [polka], always([r, v1, v2], *two, s.polka(r, v1), s.polka(r, v2), MANY)),
        "a polka without excuse after a decision accuses": (
            [polka, committed], always([r1, r2, v1, v2], *two, *after, MANY)),
    }  # fmt: skip
    premises = [*theory.meet, *counted]
    found = [Query(name, [*premises, *known], goal) for name, (known, goal) in steps.items()]
    forked = And(correct(n1), correct(n2), s.decided(n1, r1, v1), s.decided(n2, r2, v2), v1 != v2, le(r1, r2))
    later = And(le(r1, r), s.polka(r, v2))
    first = Exists([r3], And(le(r1, r3), s.polka(r3, v2), ForAll([r], Implies(later, le(r3, r)))))
    known = [*theory.axioms, excused, theory.invariant(s)["decided_committed"], theory.lemmas(s)["committed_polka"][0]]
    goal = always([n1, n2, r1, r2, v1, v2], forked, Implies(Exists([r], later), first), MANY)
    found.append(Query("a fork accuses more than a third", [*known, *(goal for _, goal in steps.values())], goal))
    return found


def queries() -> list[Query]:
    """Every question of the proof."""
    return [*asked(THEORY), *fork(THEORY)]


def _excusing(since: Callable[..., z3.BoolRef], before: Callable[..., z3.BoolRef]) -> Theory:
    """The rule of evidence with another window for the excuse."""
    return defining(THEORY, "excused", lambda s, start, end, value: Exists(
        [r], And(since(start, r), before(r, end), s.polka(r, value))))  # fmt: skip


WINDOW = "prevote_proven: the record excuses it"
MUTATIONS: Mutations = {
    "equivocation alone is evidence": (
        lambda: fork(THEORY, accuses=equivocates), "a polka without excuse after a decision accuses"),
    "the round of the prevote excuses it too": (
        lambda: fork(_excusing(le, le)), "a fork accuses more than a third"),
    "an excuse must be later than the lock": (lambda: asked(_excusing(lt, lt), "prevote_proven"), WINDOW),
    "no excuse is heard": (lambda: asked(_excusing(le, lambda *_: z3.BoolVal(False)), "prevote_proven"), WINDOW),
    "T01: a node that forgets its lock is accused, as it should": (
        lambda: asked(without(THEORY, "prevote_new", "lock"), "prevote_new"), "prevote_new: the record excuses it"),
    "T03: a node that unlocks by an older proof is accused, as it should": (
        lambda: asked(without(THEORY, "prevote_proven", "lock"), "prevote_proven"), WINDOW),
    "P01: quorums that share less than a third": (
        lambda: fork(THEORY._replace(meet=(NOT_ALL_LIE,))), "two quorums of precommits in a round accuse"),
    "liars alone are a quorum": (
        lambda: asked(THEORY._replace(meet=(OVERLAP,)), "decide"), "lemma committed_polka"),
}  # fmt: skip
"""A rule changed -> (the queries with it, the one that must then be refuted)."""
SPARE = {
    ("start_round", "correct"), ("start_round", "not left"), ("prevote_nil", "no precommit"),
    ("precommit_value", "a prevote"), ("precommit_value", "a value"),
    ("precommit_nil", "in the round"), ("precommit_nil", "a prevote"),
}  # fmt: skip
"""Guards that no accusation rests on: they order the steps of a round and keep `nil` apart."""


def story() -> Story:
    """Two of four lie: one correct node decides in the first round, the other in the second, by forgotten locks."""
    one, other, liar, second_liar = nodes = Consts("n1 n2 n3 n4", Node)
    left, right = Consts("q1 q2", Quorum)
    first, second = Consts("first second", Round)
    value, another = Consts("value another", Value)
    members = {left: (one, liar, second_liar), right: (other, liar, second_liar)}
    here = HERE._replace(round=first, value=value, earlier=first)
    there = HERE._replace(round=second, value=another, earlier=first)
    cast = [
        z3.Distinct(*nodes), z3.Distinct(value, another, nil), lt(first, second),
        ForAll([n], correct(n) == Or(n == one, n == other)), ForAll([r], Or(r == first, r == second)),
        ForAll([q], Or(q == left, q == right)),
        *[ForAll([n], member(n, quorum) == Or(*[n == node for node in of])) for quorum, of in members.items()],
    ]  # fmt: skip

    def at(place: At, *names: tuple[str, z3.ExprRef]) -> list[tuple[str, At]]:
        return [(name, place._replace(node=node)) for name, node in names]

    lies = [(lie, node) for lie in ("lie_in_prevote", "lie_in_precommit") for node in (liar, second_liar)]
    steps = [
        *at(here, *lies, ("prevote_new", one), ("precommit_value", one), ("decide", one)),
        *at(here, ("prevote_nil", other), ("precommit_nil", other)),
        *at(there, ("start_round", one), ("start_round", other), *lies, ("prevote_new", other)),
        *at(there, ("precommit_value", other), ("decide", other)),
        ("prevote_proven", there._replace(node=one, value=value)),
    ]  # fmt: skip
    return Story(cast, steps)
