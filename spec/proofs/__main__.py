"""`python spec/proofs`: every proof, its mutations and its non-vacuity, as one table.

For each theory: the proof by z3; every planted fault, which must be refuted with a countermodel at the query where one
expects it while all queries before that are still proved; and a run from the first state in which each action is taken
(for theories without actions: that no query rests on a contradiction).
With `--cvc5` also the proof by the second solver, and every guard of every action left out in turn: something must then
be refuted, or, where the theory lists the guard as spare, all must still be proved. Names of theories on the command
line choose among them; `--guards` prints for each guard what fails without it. Exit 1 unless all is as it must be. It
must not hide what it does not prove: unknown is a failure.
"""

import sys
import time
from collections.abc import Callable, Iterator
from types import ModuleType

import access
import accountability
import binding
import chain
import hotstuff
import induction
import longest_chain
import money
import pbft
import queries
import quorums
import streamlet
import tendermint
import ticks

Row = tuple[str, str, str, bool, float]
"""(property, scope, tool, whether it is as it must be, seconds)"""
THEORIES = (tendermint, accountability, pbft, hotstuff, streamlet, chain, binding, access, ticks, quorums, money)


def proved(theory: ModuleType, tool: str, ask: Callable[[queries.Query], queries.Answer]) -> Row:
    """All queries of a theory."""
    answers = [ask(query) for query in theory.queries()]
    failed = [answer.name for answer in answers if answer.said != "proved"]
    name = f"{theory.TITLE}: {len(answers)} queries" + (f"; NOT: {', '.join(failed)}" if failed else "")
    return name, theory.SCOPE, tool, not failed, sum(answer.seconds for answer in answers)


def refuted(theory: ModuleType, label: str) -> Row:
    """A planted fault: the expected query has a countermodel, and all before it are proved."""
    began, (broken, expected) = time.perf_counter(), theory.MUTATIONS[label]
    asked = broken()
    place = [query.name for query in asked].index(expected)
    early = [query.name for query in asked[:place] if queries.ask_z3(query).said != "proved"]
    good = not early and queries.refute(asked[place]).said == "refuted"
    name = f"fails as it must: {label} ({expected})" + (f"; FAILED AT {early[0]}" if early else "")
    return name, theory.SCOPE, "z3, cvc5", good, time.perf_counter() - began


def without(theory: induction.Theory, action: str, guard: str) -> list[queries.Query]:
    """The queries about an action once a guard of it is left out."""
    asked = induction.queries(induction.without(theory, action, guard), action)
    return [query for query in asked if query.name.startswith(action)]


def failing(asked: list[queries.Query]) -> str | None:
    """The first query that has a countermodel; what z3 proves at once has none."""
    doubtful = (query for query in asked if queries.ask_z3(query, seconds=1).said != "proved")
    return next((query.name for query in doubtful if queries.refute(query).said == "refuted"), None)


def guarded(theory: ModuleType) -> Row:
    """No guard can go unnoticed, and those listed as spare are."""
    began, wrong, every = time.perf_counter(), [], induction.guards(theory.THEORY)
    for action, guard in every:
        asked = without(theory.THEORY, action, guard)
        if (action, guard) in theory.SPARE:
            good = all(queries.ask_cvc5(query).said == "proved" for query in asked)
        else:
            good = failing(asked) is not None
        wrong += [] if good else [f"{action}, {guard}"]
    name = f"each of {len(every) - len(theory.SPARE)} guards is needed, {len(theory.SPARE)} are spare"
    name += "".join(f"; WRONG: {place}" for place in wrong)
    return name, theory.SCOPE, "z3, cvc5", not wrong and set(every) >= theory.SPARE, time.perf_counter() - began


def happens(theory: ModuleType) -> Row:
    """A run takes every action and ends in a decision: the proof is not about nothing."""
    story: induction.Story = theory.story()
    answer = queries.possible("story", induction.told(theory.THEORY, story))
    all_taken = {name for name, _ in story.steps} == set(theory.THEORY.actions)
    name = f"every action happens in one run of {len(story.steps)} steps"
    return name, theory.SCOPE, "cvc5", answer.said == "possible" and all_taken, answer.seconds


def grounded(theory: ModuleType) -> Row:
    """No query is proved from a contradiction."""
    answers = [queries.possible(query.name, query.assumptions) for query in theory.queries()]
    empty = [answer.name for answer in answers if answer.said != "possible"]
    name = f"the assumptions of all {len(answers)} queries can hold" + (f"; NOT: {', '.join(empty)}" if empty else "")
    return name, theory.SCOPE, "cvc5", not empty, sum(answer.seconds for answer in answers)


def rows_of(theory: ModuleType, *, second: bool) -> Iterator[Row]:
    """What is claimed about one theory."""
    yield proved(theory, "z3", queries.ask_z3)
    if second:
        yield proved(theory, "cvc5", queries.ask_cvc5)
    yield from (refuted(theory, label) for label in theory.MUTATIONS)
    yield happens(theory) if hasattr(theory, "THEORY") else grounded(theory)
    if hasattr(theory, "THEORY") and second:
        yield guarded(theory)


def catch_up() -> Row:
    """The closed form against the published figures."""
    began = time.perf_counter()
    table = all(longest_chain.printed(*place) == said for place, said in longest_chain.PUBLISHED.items())
    depths = all(longest_chain.depth(share) == z for share, z in longest_chain.DEPTHS.items())
    title = "catch-up probability: the published table and depths (E3)"
    return title, "exact", "rationals", table and depths, time.perf_counter() - began


def rows(*names: str, second: bool) -> Iterator[Row]:
    """Everything that is claimed, or what is claimed about the theories named."""
    for theory in THEORIES:
        if not names or theory.__name__ in names:
            yield from rows_of(theory, second=second)
    if not names or "longest_chain" in names:
        yield catch_up()


def print_guards(theory: ModuleType) -> None:
    """What fails without each guard."""
    for action, guard in induction.guards(theory.THEORY):
        fails = failing(without(theory.THEORY, action, guard))
        print(f"{theory.__name__:12} {action:16} {guard:20} {fails or 'spare'}")


def main() -> int:
    """Print the table."""
    names = [word for word in sys.argv[1:] if not word.startswith("--")]
    if "--guards" in sys.argv[1:]:
        for theory in THEORIES:
            if hasattr(theory, "THEORY") and (not names or theory.__name__ in names):
                print_guards(theory)
        return 0
    all_good = True
    for name, scope, tool, good, seconds in rows(*names, second="--cvc5" in sys.argv[1:]):
        print(f"{'ok ' if good else 'BAD'}  {scope:6} {tool:9} {seconds:6.2f} s  {name}", flush=True)
        all_good &= good
    return 0 if all_good else 1


if __name__ == "__main__":
    sys.exit(main())
