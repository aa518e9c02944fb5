"""How a proof of safety is put together: a vocabulary, actions with named guards, an invariant, and the queries.

A state is named relations. Some are *defined* from the others ("there is a certificate for it"), and a proof stays
quick only if definitions are never unfolded where they are not needed. So: what follows within one state is proved
first (lemmas); of each action it is shown that what is defined only grows; what an action needs to know beyond that is
a *stone*, proved before it is stepped on; and consecution then uses relations alone. It must not know any protocol.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import z3
from queries import Query
from voters import Relation
from z3 import Const, ForAll, Function, Implies, Not, Or

Sorts = tuple[z3.SortRef, ...]


class Definition(NamedTuple):
    """A relation that follows from others: its sorts, those it is made of, its meaning (state, *terms)."""

    sorts: Sorts
    of: tuple[str, ...]
    meaning: Callable[..., z3.BoolRef]


class Vocabulary(NamedTuple):
    """The relations of a state; the basic ones are empty at the beginning."""

    basic: Mapping[str, Sorts]
    defined: Mapping[str, Definition]


class State:
    """Named relations, read as attributes."""

    def __init__(self, words: Vocabulary, relations: Mapping[str, Relation]) -> None:
        self.words, self.relations = words, dict(relations)

    def __getattr__(self, name: str) -> Relation:
        try:
            return self.relations[name]
        except KeyError:
            raise AttributeError(name) from None

    def after(self, **added: Relation) -> "State":
        """The state in which these tuples have been added; what is defined follows."""
        return self.changed(**{name: _either(self.relations[name], new) for name, new in added.items()})

    def changed(self, **now: Relation) -> "State":
        """The state in which these relations are others; what is defined follows."""
        new, moved = State(self.words, {**self.relations, **now}), set(now)
        for name, definition in self.words.defined.items():
            if moved.intersection(definition.of):
                new.relations[name] = partial(definition.meaning, new)
                moved.add(name)
        return new

    def definition(self, name: str) -> z3.BoolRef:
        """What a defined relation means here."""
        at = _variables(self.words.defined[name].sorts)
        return ForAll(at, self.relations[name](*at) == self.words.defined[name].meaning(self, *at))


def _either(old: Relation, new: Relation) -> Relation:
    return lambda *at: Or(old(*at), new(*at))


def _variables(sorts: Sorts) -> list[z3.ExprRef]:
    return [Const(f"x{place}", sort) for place, sort in enumerate(sorts)]


def any_state(words: Vocabulary) -> State:
    """A state of which nothing is known."""
    sorts = {**words.basic, **{name: definition.sorts for name, definition in words.defined.items()}}
    return State(words, {name: Function(name, *of, z3.BoolSort()) for name, of in sorts.items()})


def first_state(words: Vocabulary) -> State:
    """The state in which nothing has happened."""
    nothing: dict[str, Relation] = {name: lambda *_: z3.BoolVal(False) for name in words.basic}
    return State(words, {}).changed(**nothing)


class Action(NamedTuple):
    """One step: when it may be taken, what then is, and what may be used of it once it is shown."""

    guards: Mapping[str, z3.BoolRef]
    after: State
    stones: Mapping[str, tuple[z3.BoolRef, str]] = {}
    """name -> (statement, the definitions that it needs)."""


class Theory(NamedTuple):
    """A protocol and the invariant that makes it safe."""

    words: Vocabulary
    axioms: Sequence[z3.BoolRef]
    meet: Sequence[z3.BoolRef]
    """What is known of quorums; lemmas and stones alone need it."""
    invariant: Callable[[State], Mapping[str, z3.BoolRef]]
    lemmas: Callable[[State], Mapping[str, tuple[z3.BoolRef, str]]]
    """name -> (statement, what it needs: names of definitions, clauses of the invariant, earlier lemmas)."""
    goals: Callable[[State], Mapping[str, z3.BoolRef]]
    actions: Mapping[str, Callable[[State, Any], Action]]
    here: Any
    """The constants an action is taken at."""


def queries(theory: Theory, *only: str) -> list[Query]:
    """Every question of the proof, in order; or, of the actions, those about some of them alone."""
    s = any_state(theory.words)
    clauses, found = theory.invariant(s), []
    known = {name: s.definition(name) for name in theory.words.defined} | dict(clauses)
    silent = [ForAll(at := _variables(sorts), Not(getattr(s, name)(*at))) for name, sorts in theory.words.basic.items()]
    start = [*theory.axioms, *map(s.definition, theory.words.defined), *silent]
    found += [Query(f"init => {name}", start, clause) for name, clause in clauses.items()]
    proven = {}
    for name, (statement, needs) in theory.lemmas(s).items():
        found.append(Query(f"lemma {name}", [*theory.axioms, *theory.meet, *map(known.get, needs.split())], statement))
        proven[name] = known[name] = statement
    facts = [*theory.axioms, *clauses.values(), *proven.values()]
    found += [Query(f"invariant => {name}", facts, goal) for name, goal in theory.goals(s).items()]
    for name in only or theory.actions:
        found += _consecution(theory, s, name, facts)
    return found


def _consecution(theory: Theory, s: State, name: str, facts: list[z3.BoolRef]) -> list[Query]:
    """An action keeps the invariant: what is defined only grows, and beyond the stones no more need be known of it."""
    action = theory.actions[name](s, theory.here)
    guards, definitions = list(action.guards.values()), list(map(s.definition, theory.words.defined))
    found, known = [], [*facts, *guards]
    for stone, (statement, needs) in action.stones.items():
        found.append(Query(f"{name}: {stone}", [*known, *theory.meet, *map(s.definition, needs.split())], statement))
    later = {}
    for defined, definition in theory.words.defined.items():
        old, now = getattr(s, defined), getattr(action.after, defined)
        if now is old:
            continue
        at = _variables(definition.sorts)
        found.append(
            Query(
                f"{name}: {defined} grows",
                [*theory.axioms, *definitions, *guards],
                ForAll(at, Implies(old(*at), now(*at))),
            )
        )
        later[defined] = Function(f"{defined}_later", *definition.sorts, z3.BoolSort())
        known.append(ForAll(at, Implies(old(*at), later[defined](*at))))
    known += [statement for statement, _ in action.stones.values()]
    new = State(theory.words, {**action.after.relations, **later})
    return found + [Query(f"{name} keeps {clause}", known, goal) for clause, goal in theory.invariant(new).items()]


# --- what breaks a proof, and what shows that it is about something ---


def without(theory: Theory, action: str, guard: str) -> Theory:
    """The protocol with one guard of one action left out."""
    return instead(theory, action, guard, lambda _s, _at: z3.BoolVal(True))


def instead(theory: Theory, action: str, guard: str, rule: Callable[[State, Any], z3.BoolRef]) -> Theory:
    """The protocol with one guard of one action replaced."""

    def other(s: State, at: Any) -> Action:
        right = theory.actions[action](s, at)
        assert guard in right.guards, (action, guard)
        return right._replace(guards={**right.guards, guard: rule(s, at)})

    return theory._replace(actions={**theory.actions, action: other})


def defining(theory: Theory, name: str, meaning: Callable[..., z3.BoolRef]) -> Theory:
    """The protocol with one definition replaced."""
    changed = theory.words.defined[name]._replace(meaning=meaning)
    return theory._replace(words=theory.words._replace(defined={**theory.words.defined, name: changed}))


def guards(theory: Theory) -> list[tuple[str, str]]:
    """Every guard, as (action, name)."""
    s = any_state(theory.words)
    return [(name, guard) for name, action in theory.actions.items() for guard in action(s, theory.here).guards]


class Story(NamedTuple):
    """A run from the first state: what is known of those who take part, and the steps as (action, constants)."""

    cast: Sequence[z3.BoolRef]
    steps: Sequence[tuple[str, Any]]


def told(theory: Theory, story: Story) -> list[z3.BoolRef]:
    """What must hold for the story to happen; contradictory facts mean that it cannot."""
    state, facts = first_state(theory.words), [*theory.axioms, *theory.meet, *story.cast]
    for name, at in story.steps:
        action = theory.actions[name](state, at)
        facts += action.guards.values()
        state = action.after
    return facts
