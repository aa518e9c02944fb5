"""`python spec/proofs`: every proof, its mutations and its non-vacuity, as one table.

Exit 1 unless all is as it must be; with `--cvc5` the second solver is asked everything again. It must not hide what it
does not prove: unknown is a failure.
"""

import sys
import time
from collections.abc import Callable

import longest_chain
import money
import queries
import quorums
import tendermint

Row = tuple[str, str, str, bool, float]
"""(property, scope, tool, whether it is as it must be, seconds)"""
THEORIES = {
    "agreement of single-height Tendermint (INV-S1)": tendermint,
    "quorum arithmetic with weights (CON-002)": quorums,
    "money is conserved (CTR-S12)": money,
}


def proved(title: str, asked: list[queries.Query], tool: str, ask: Callable[[queries.Query], queries.Answer]) -> Row:
    """All queries of a theory."""
    answers = [ask(query) for query in asked]
    failed = [answer.name for answer in answers if answer.said != "proved"]
    name = f"{title}: {len(asked)} queries" + (f"; NOT: {', '.join(failed)}" if failed else "")
    return name, "all n", tool, not failed, sum(answer.seconds for answer in answers)


def refuted(label: str, asked: list[queries.Query], expected: str) -> Row:
    """A planted fault: the first query that fails is the expected one."""
    answers = [queries.ask_z3(query) for query in asked]
    first = next((answer.name for answer in answers if answer.said != "proved"), "nothing")
    name = f"fails as it must: {label} ({expected})" + ("" if first == expected else f"; FAILED AT {first}")
    return name, "all n", "z3", first == expected, sum(answer.seconds for answer in answers)


def rows(*, second: bool) -> list[Row]:
    """Everything that is claimed."""
    found: list[Row] = []
    for title, theory in THEORIES.items():
        found.append(proved(title, theory.queries(), "z3", queries.ask_z3))
        if second and theory is not money:
            found.append(proved(title, theory.queries(), "cvc5", queries.ask_cvc5))
        found += [refuted(label, *mutation) for label, mutation in theory.MUTATIONS.items()]
    answers = [queries.satisfiable(name, facts) for name, facts in tendermint.not_vacuous()]
    found.append(("each action can happen", "all n", "cvc5", all(answer.said == "proved" for answer in answers),
                  sum(answer.seconds for answer in answers)))  # fmt: skip
    began = time.perf_counter()
    table = all(longest_chain.printed(*place) == said for place, said in longest_chain.PUBLISHED.items())
    depths = all(longest_chain.depth(share) == z for share, z in longest_chain.DEPTHS.items())
    seconds = time.perf_counter() - began
    found.append(
        ("catch-up probability: the published table and depths (E3)", "exact", "rationals", table and depths, seconds)
    )
    return found


def main() -> int:
    """Print the table."""
    found = rows(second="--cvc5" in sys.argv[1:])
    for name, scope, tool, good, seconds in found:
        print(f"{'ok ' if good else 'BAD'}  {scope:6} {tool:9} {seconds:6.2f} s  {name}")
    return 0 if all(row[3] for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
