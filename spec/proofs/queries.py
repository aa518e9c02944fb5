"""What a proof is made of here: queries to a solver, each with a name, and what the solvers say to them.

A query is proved when its assumptions together with the negation of its goal have no model. z3 decides; cvc5, another
team's solver, is asked the same question again as text. A query is refuted only when a finite countermodel was built:
that a solver gave up proves nothing, neither way. It must not know what is being proved.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import cvc5
import z3

SECONDS_A_QUERY = 60


class Query(NamedTuple):
    """One question: do the assumptions imply the goal?"""

    name: str
    assumptions: Sequence[z3.BoolRef]
    goal: z3.BoolRef


class Answer(NamedTuple):
    """What a solver said: `proved`, `refuted`, `possible`, `impossible` or `unknown`."""

    name: str
    said: str
    seconds: float


Mutations = dict[str, tuple[Callable[[], list[Query]], str]]
"""A planted fault -> the queries with it, and the name of the one that must then be refuted."""


def _text(facts: Sequence[z3.BoolRef]) -> str:
    """The facts as SMT-LIB text, with the question whether they can hold together."""
    solver = z3.Solver()
    solver.add(*facts)
    return solver.to_smt2()


def _opposite(query: Query) -> str:
    return _text([*query.assumptions, z3.Not(query.goal)])


def ask_z3(query: Query, seconds: int = SECONDS_A_QUERY) -> Answer:
    """What z3 says. It reads the text anew, so that the answer depends on nothing that was asked before."""
    began = time.perf_counter()
    solver = z3.Solver(ctx=z3.Context())
    solver.set("timeout", seconds * 1000)
    solver.from_string(_opposite(query))
    said = {"unsat": "proved", "sat": "refuted"}.get(str(solver.check()), "unknown")
    return Answer(query.name, said, time.perf_counter() - began)


def ask_cvc5(query: Query) -> Answer:
    """What cvc5 says to the same text."""
    began = time.perf_counter()
    printed = _cvc5(query.name, _opposite(query), "enum-inst")
    said = {"unsat": "proved", "sat": "refuted"}.get(printed, "unknown")
    return Answer(query.name, said, time.perf_counter() - began)


def possible(name: str, facts: Sequence[z3.BoolRef]) -> Answer:
    """Whether the facts can hold together at all, by a finite model: a proof from a contradiction proves nothing."""
    began = time.perf_counter()
    said = {"sat": "possible", "unsat": "impossible"}.get(_cvc5(name, _text(facts), "finite-model-find"), "unknown")
    return Answer(name, said, time.perf_counter() - began)


def refute(query: Query) -> Answer:
    """Whether the assumptions can hold without the goal: `refuted` with a finite model, `proved` if there is none."""
    found = possible(query.name, [*query.assumptions, z3.Not(query.goal)])
    said = {"possible": "refuted", "impossible": "proved"}.get(found.said, "unknown")
    return found._replace(said=said)


def _cvc5(name: str, text: str, option: str) -> str:
    """What cvc5 prints for SMT-LIB text, with one option on."""
    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("tlimit-per", str(SECONDS_A_QUERY * 1000))
    solver.setOption(option, "true")
    solver.setOption("fresh-binders", "true")
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, "(set-logic ALL)\n" + text, name)
    symbols, printed = parser.getSymbolManager(), ""
    while not (command := parser.nextCommand()).isNull():
        printed += command.invoke(solver, symbols)
    return printed.strip()
