"""Quorum arithmetic for weighted votes, for every n and all weights (CON-002, DAT-105).

A set of voters is its weight; two sets overlap by inclusion and exclusion. It must not know any protocol.
"""

from collections.abc import Callable

import z3
from queries import Mutations, Query
from z3 import And, Implies, Int, Ints

TITLE = "quorum arithmetic with weights (CON-002)"
SCOPE = "all n"
TOTAL, ONE, OTHER, UNION, OVERLAP, LIARS = Ints("total one other union overlap liars")
SETS = (TOTAL > 0, ONE >= 0, OTHER >= 0, UNION <= TOTAL, OVERLAP == ONE + OTHER - UNION, LIARS >= 0, 3 * LIARS < TOTAL)


MEET = "two quorums share a correct member"


def queries() -> list[Query]:
    """What the thresholds 3w > 2W and 3w > W give, and what 2w >= ... would not."""
    quorum, other = 3 * ONE > 2 * TOTAL, 3 * OTHER > 2 * TOTAL
    units = Int("n")
    return [
        Query(MEET, [*SETS, quorum, other], OVERLAP > LIARS),
        Query("two quorums share more than a third", [*SETS, quorum, other], 3 * OVERLAP > TOTAL),
        Query("the correct alone are a quorum", [*SETS, ONE == TOTAL - LIARS], quorum),
        Query("more than a third has a correct member", [*SETS, 3 * ONE > TOTAL], ONE > LIARS),
        Query("a quorum has a correct member", [*SETS, quorum], ONE > LIARS),
        Query("equals: a quorum is floor(2n/3) + 1", [TOTAL > 0, units == (2 * TOTAL) / 3],
              And(Implies(quorum, units + 1 <= ONE), Implies(units + 1 <= ONE, quorum))),
    ]  # fmt: skip


def _meeting(*facts: z3.BoolRef) -> Callable[[], list[Query]]:
    return lambda: [Query(MEET, facts, OVERLAP > LIARS)]


MUTATIONS: Mutations = {
    "P01: one vote fewer": (_meeting(*SETS, 3 * ONE > 2 * TOTAL - 3, 3 * OTHER > 2 * TOTAL - 3), MEET),
    "RX: a majority, with liars": (_meeting(*SETS, 2 * ONE > TOTAL, 2 * OTHER > TOTAL), MEET),
    "n = 3f: a third of the weight lies": (
        _meeting(*SETS[:-1], 3 * LIARS <= TOTAL, 3 * ONE >= 2 * TOTAL, 3 * OTHER >= 2 * TOTAL), MEET),
}  # fmt: skip
"""Bug -> (the query with it, what must be refuted)."""
