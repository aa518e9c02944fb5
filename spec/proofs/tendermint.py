"""Agreement of single-height Tendermint for every n, every round and every value (INV-S1 for one height).

The rules are those of part 3 of spec/consensus.md (arXiv 1807.04938, algorithm 1). Liars are unconstrained: every guard
counts the votes of correct nodes only, so the adversary may add any vote, to anyone, at any time, and any value may be
proposed. That over-approximates the adversary, which is sound for safety.

How the question is posed decides everything: `polka`, `committed` and `nc` ("v can no longer be chosen in r") are
relations with definitions; lemmas about one state come first; of each action it is shown that they only grow; and
consecution then needs no definition. Every alternation of quantifiers runs (round, value) -> quorum -> node, so each
query is in a decidable fragment (EPR).

It must not know the code; the code is tied to the same rules by tests.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import z3
from queries import Query
from z3 import And, Const, Consts, DeclareSort, Exists, ForAll, Function, Implies, Not, Or

Node, Round, Value, Quorum = (DeclareSort(name) for name in ("node", "round", "value", "quorum"))
Truth = z3.BoolSort()
member = Function("member", Node, Quorum, Truth)
correct = Function("correct", Node, Truth)
le = Function("le", Round, Round, Truth)
nil = Const("nil", Value)
n, n1, n2 = Consts("n n1 n2", Node)
r, r1, r2, r3 = Consts("r r1 r2 r3", Round)
v, v1, v2 = Consts("v v1 v2", Value)
q, q1, q2 = Consts("q q1 q2", Quorum)
THE_NODE, THE_ROUND, THE_VALUE, EARLIER = (
    Const("N0", Node), Const("R0", Round), Const("V0", Value), Const("VR0", Round))  # fmt: skip
Relation = Callable[..., z3.BoolRef]


def lt(a: z3.ExprRef, b: z3.ExprRef) -> z3.BoolRef:
    """Strictly earlier."""
    return And(le(a, b), a != b)


ROUNDS_ARE_ORDERED = (
    ForAll([r], le(r, r)),
    ForAll([r1, r2], Or(le(r1, r2), le(r2, r1))),
    ForAll([r1, r2], Implies(And(le(r1, r2), le(r2, r1)), r1 == r2)),
    ForAll([r1, r2, r3], Implies(And(le(r1, r2), le(r2, r3)), le(r1, r3))),
)
QUORUMS_MEET = (ForAll([q1, q2], Exists([n], And(correct(n), member(n, q1), member(n, q2)))),)
"""CON-002: the only fact used about numbers; its arithmetic is in quorums.py."""


def all_of_a_quorum(relation: Relation, round_: z3.ExprRef, value: z3.ExprRef) -> z3.BoolRef:
    """Every correct member of some quorum stands in the relation."""
    return Exists([q], ForAll([n], Implies(And(member(n, q), correct(n)), relation(n, round_, value))))


def cannot_be_chosen(left: Relation, precommit: Relation, round_: z3.ExprRef, value: z3.ExprRef) -> z3.BoolRef:
    """In every quorum some correct member has left the round without precommitting the value."""
    gone = And(member(n, q), correct(n), left(n, round_), Not(precommit(n, round_, value)))
    return ForAll([q], Exists([n], gone))


class State:
    """left(n, r): n is past round r. The last three relations are defined from the others."""

    def __init__(self) -> None:
        self.left: Relation = Function("left", Node, Round, Truth)
        self.prevote, self.precommit, self.decided = (
            Function(name, Node, Round, Value, Truth) for name in ("prevote", "precommit", "decided")
        )
        self.polka, self.committed, self.nc = (
            Function(name, Round, Value, Truth) for name in ("polka", "committed", "nc")
        )

    def definitions(self) -> list[z3.BoolRef]:
        """What `polka`, `committed` and `nc` mean."""
        return [
            ForAll([r, v], self.polka(r, v) == all_of_a_quorum(self.prevote, r, v)),
            ForAll([r, v], self.committed(r, v) == all_of_a_quorum(self.precommit, r, v)),
            ForAll([r, v], self.nc(r, v) == cannot_be_chosen(self.left, self.precommit, r, v)),
        ]

    def initial(self) -> list[z3.BoolRef]:
        """Nothing has happened."""
        silent = [ForAll([n, r, v], Not(said(n, r, v))) for said in (self.prevote, self.precommit, self.decided)]
        return [ForAll([n, r], Not(self.left(n, r))), *silent]

    def after(self, **added: Relation) -> "State":
        """The state in which these tuples have been added; what is defined follows."""
        new = State()
        for name in ("left", "prevote", "precommit", "decided"):
            old = getattr(self, name)
            setattr(new, name, _either(old, added[name]) if name in added else old)
        new.polka = partial(all_of_a_quorum, new.prevote) if "prevote" in added else self.polka
        new.committed = partial(all_of_a_quorum, new.precommit) if "precommit" in added else self.committed
        moved = "left" in added or "precommit" in added
        new.nc = partial(cannot_be_chosen, new.left, new.precommit) if moved else self.nc
        return new


def _either(old: Relation, new: Relation) -> Relation:
    return lambda *at: Or(old(*at), new(*at))


def exactly(*these: z3.ExprRef) -> Relation:
    """The relation that holds for one tuple."""
    return lambda *at: And(*[one == other for one, other in zip(at, these, strict=True)])


# --- what a node knows of itself ---


def is_in(s: State, node: z3.ExprRef, round_: z3.ExprRef) -> z3.BoolRef:
    """A correct node is in this round."""
    return And(correct(node), Not(s.left(node, round_)), ForAll([r], Implies(lt(r, round_), s.left(node, r))))


def has_not(said: Relation, node: z3.ExprRef, round_: z3.ExprRef) -> z3.BoolRef:
    """It has not said this in the round."""
    return ForAll([v], Not(said(node, round_, v)))


def unlocked(s: State, node: z3.ExprRef) -> z3.BoolRef:
    """lockedRound = -1."""
    return ForAll([r, v], Implies(s.precommit(node, r, v), v == nil))


def locked_by(s: State, node: z3.ExprRef, round_: z3.ExprRef) -> z3.BoolRef:
    """lockedRound <= round."""
    return ForAll([r, v], Implies(And(s.precommit(node, r, v), v != nil), le(r, round_)))


def locked_on(s: State, node: z3.ExprRef, value: z3.ExprRef) -> z3.BoolRef:
    """lockedValue = value."""
    return Exists([r1], And(s.precommit(node, r1, value), locked_by(s, node, r1)))


# --- actions: (guards, state after) ---

Action = tuple[list[z3.BoolRef], State]
VALUE = exactly(THE_NODE, THE_ROUND, THE_VALUE)


def start_round(s: State) -> Action:
    """Line 11, whatever led to it: rounds may be skipped at will."""
    return [correct(THE_NODE), Not(s.left(THE_NODE, THE_ROUND))], s.after(
        left=lambda node, round_: And(node == THE_NODE, lt(round_, THE_ROUND))
    )


def _fresh(s: State) -> list[z3.BoolRef]:
    silent = [has_not(said, THE_NODE, THE_ROUND) for said in (s.prevote, s.precommit)]
    return [is_in(s, THE_NODE, THE_ROUND), *silent]


def prevote_new(s: State, *, lock: bool = True) -> Action:
    """Line 22 (CON-012)."""
    held = [Or(unlocked(s, THE_NODE), locked_on(s, THE_NODE, THE_VALUE))] if lock else []
    return [*_fresh(s), nil != THE_VALUE, *held], s.after(prevote=VALUE)


def prevote_proven(s: State, *, lock: bool = True) -> Action:
    """Line 28 (CON-013)."""
    held = [Or(locked_by(s, THE_NODE, EARLIER), locked_on(s, THE_NODE, THE_VALUE))] if lock else []
    proof = [nil != THE_VALUE, lt(EARLIER, THE_ROUND), s.polka(EARLIER, THE_VALUE)]
    return [*_fresh(s), *proof, *held], s.after(prevote=VALUE)


def prevote_nil(s: State) -> Action:
    """Lines 26, 32, 57 (CON-026)."""
    return _fresh(s), s.after(prevote=exactly(THE_NODE, THE_ROUND, nil))


def _has_prevoted(s: State) -> list[z3.BoolRef]:
    return [
        is_in(s, THE_NODE, THE_ROUND),
        Exists([v], s.prevote(THE_NODE, THE_ROUND, v)),
        has_not(s.precommit, THE_NODE, THE_ROUND),
    ]


def precommit_value(s: State, *, polka: bool = True) -> Action:
    """Line 36 (CON-015)."""
    seen = [s.polka(THE_ROUND, THE_VALUE)] if polka else []
    return [*_has_prevoted(s), nil != THE_VALUE, *seen], s.after(precommit=VALUE)


def precommit_nil(s: State) -> Action:
    """Lines 44, 61 (CON-025, CON-026)."""
    return _has_prevoted(s), s.after(precommit=exactly(THE_NODE, THE_ROUND, nil))


def decide(s: State) -> Action:
    """Line 49, in any round (CON-016)."""
    return [correct(THE_NODE), nil != THE_VALUE, s.committed(THE_ROUND, THE_VALUE)], s.after(decided=VALUE)


ACTIONS: Mapping[str, Callable[[State], Action]] = {
    action.__name__: action
    for action in (start_round, prevote_new, prevote_proven, prevote_nil, precommit_value, precommit_nil, decide)
}


# --- the proof ---


def invariant(s: State) -> dict[str, z3.BoolRef]:
    """Eight clauses about correct nodes; agreement follows from them."""

    def always(names: Sequence[z3.ExprRef], *facts: z3.BoolRef) -> z3.BoolRef:
        return ForAll(list(names), Implies(And(correct(n), *facts[:-1]), facts[-1]))

    conflict = (v1 != nil, v2 != nil, v1 != v2)
    return {
        "one_prevote": always([n, r, v1, v2], s.prevote(n, r, v1), s.prevote(n, r, v2), v1 == v2),
        "one_precommit": always([n, r, v1, v2], s.precommit(n, r, v1), s.precommit(n, r, v2), v1 == v2),
        "prevote_left": always([n, r1, r2, v], s.prevote(n, r2, v), lt(r1, r2), s.left(n, r1)),
        "precommit_left": always([n, r1, r2, v], s.precommit(n, r2, v), lt(r1, r2), s.left(n, r1)),
        "left_closed": always([n, r1, r2], s.left(n, r2), le(r1, r2), s.left(n, r1)),
        "precommit_polka": always([n, r, v], s.precommit(n, r, v), v != nil, s.polka(r, v)),
        "decided_committed": always([n, r, v], s.decided(n, r, v), And(v != nil, s.committed(r, v))),
        "lock_respected": always(
            [n, r1, r2, v1, v2], s.precommit(n, r1, v1), s.prevote(n, r2, v2), lt(r1, r2), *conflict, s.nc(r1, v1)
        ),
    }


def agreement(s: State) -> z3.BoolRef:
    """INV-S1 for one height: no two correct nodes decide different values."""
    both = And(correct(n1), correct(n2), s.decided(n1, r1, v1), s.decided(n2, r2, v2))
    return ForAll([n1, n2, r1, r2, v1, v2], Implies(both, v1 == v2))


def lemmas(s: State) -> dict[str, tuple[z3.BoolRef, list[z3.BoolRef]]]:
    """Consequences of the invariant in one state: name -> (statement, what it needs)."""
    clauses, (polka, committed, nc) = invariant(s), s.definitions()
    conflict = And(s.polka(r2, v2), lt(r1, r2), v1 != nil, v2 != nil, v1 != v2)
    twice = And(s.polka(r, v1), s.polka(r, v2))
    return {
        "polka_unique": (ForAll([r, v1, v2], Implies(twice, v1 == v2)), [polka, clauses["one_prevote"]]),
        "later_polka": (ForAll([r1, r2, v1, v2], Implies(conflict, s.nc(r1, v1))),
                        [polka, nc, clauses["lock_respected"], clauses["prevote_left"]]),
        "committed_polka": (ForAll([r, v], Implies(And(s.committed(r, v), v != nil), s.polka(r, v))),
                            [committed, clauses["precommit_polka"]]),
        "committed_alive": (ForAll([r, v], Not(And(s.committed(r, v), s.nc(r, v)))), [committed, nc]),
    }  # fmt: skip


def queries(
    actions: Mapping[str, Callable[[State], Action]] = ACTIONS, meet: Sequence[Any] = QUORUMS_MEET
) -> list[Query]:
    """Every question of the proof, in order."""
    s = State()
    clauses, proven = invariant(s), lemmas(s)
    known = [*ROUNDS_ARE_ORDERED, *clauses.values(), *(statement for statement, _ in proven.values())]
    start = [*ROUNDS_ARE_ORDERED, *s.definitions(), *s.initial()]
    found = [Query(f"init => {name}", start, clause) for name, clause in clauses.items()]
    for name, (statement, needs) in proven.items():
        found.append(Query(f"lemma {name}", [*ROUNDS_ARE_ORDERED, *meet, *needs], statement))
    found.append(Query("invariant => agreement", known, agreement(s)))
    for name, action in actions.items():
        found += _consecution(s, name, action, known)
    return found


def _consecution(s: State, name: str, action: Callable[[State], Action], known: list[z3.BoolRef]) -> list[Query]:
    """An action keeps the invariant: what is defined only grows, and no more need be known of it."""
    guards, new = action(s)
    found, grown = [], []
    for defined in ("polka", "committed", "nc"):
        old, now = getattr(s, defined), getattr(new, defined)
        if now is old:
            continue
        grows = ForAll([r, v], Implies(old(r, v), now(r, v)))
        found.append(Query(f"{name}: {defined} grows", [*ROUNDS_ARE_ORDERED, *s.definitions(), *guards], grows))
        later = Function(f"{defined}_later", Round, Value, Truth)
        setattr(new, defined, later)
        grown.append(ForAll([r, v], Implies(old(r, v), later(r, v))))
    for clause, statement in invariant(new).items():
        found.append(Query(f"{name} keeps {clause}", [*known, *guards, *grown], statement))
    return found


def not_vacuous() -> list[tuple[str, list[z3.BoolRef]]]:
    """Each action can happen in a state that the invariant allows: name -> facts that must have a model."""
    s = State()
    base = [*ROUNDS_ARE_ORDERED, *QUORUMS_MEET, *s.definitions(), *invariant(s).values()]
    return [(name, [*base, *action(s)[0]]) for name, action in ACTIONS.items()]


MUTATIONS: Mapping[str, tuple[list[Query], str]] = {
    "T01: line 22 without the lock": (
        queries({"prevote_new": partial(prevote_new, lock=False)}), "prevote_new keeps lock_respected"),
    "T03: line 28 without the lock": (
        queries({"prevote_proven": partial(prevote_proven, lock=False)}), "prevote_proven keeps lock_respected"),
    "P02: precommit without a polka": (
        queries({"precommit_value": partial(precommit_value, polka=False)}), "precommit_value keeps precommit_polka"),
    "D12: quorums that need not meet": (queries({}, ()), "lemma polka_unique"),
}  # fmt: skip
"""Bug of the corpus -> (the queries with it, the first that must then fail)."""
