"""Quorum arithmetic for weighted votes, for every n and all weights (CON-002, DAT-105).

A set of voters is its weight; two sets overlap by inclusion and exclusion. It must not know any protocol.
"""

from queries import Query
from z3 import And, Implies, Int, Ints

TOTAL, ONE, OTHER, UNION, OVERLAP, LIARS = Ints("total one other union overlap liars")
SETS = (TOTAL > 0, ONE >= 0, OTHER >= 0, UNION <= TOTAL, OVERLAP == ONE + OTHER - UNION, LIARS >= 0, 3 * LIARS < TOTAL)


def queries() -> list[Query]:
    """What the thresholds 3w > 2W and 3w > W give, and what 2w >= ... would not."""
    quorum, other = 3 * ONE > 2 * TOTAL, 3 * OTHER > 2 * TOTAL
    units = Int("n")
    return [
        Query("two quorums share a correct member", [*SETS, quorum, other], OVERLAP > LIARS),
        Query("the correct alone are a quorum", [*SETS, ONE == TOTAL - LIARS], quorum),
        Query("more than a third has a correct member", [*SETS, 3 * ONE > TOTAL], ONE > LIARS),
        Query("a quorum has a correct member", [*SETS, quorum], ONE > LIARS),
        Query("equals: a quorum is floor(2n/3) + 1", [TOTAL > 0, units == (2 * TOTAL) / 3],
              And(Implies(quorum, units + 1 <= ONE), Implies(units + 1 <= ONE, quorum))),
    ]  # fmt: skip


MUTATIONS = {
    "P01: one vote fewer": (
        [Query("two quorums share a correct member", [*SETS, 3 * ONE > 2 * TOTAL - 3, 3 * OTHER > 2 * TOTAL - 3],
               OVERLAP > LIARS)],
        "two quorums share a correct member",
    ),
    "RX: a majority, with liars": (
        [Query("two quorums share a correct member", [*SETS, 2 * ONE > TOTAL, 2 * OTHER > TOTAL], OVERLAP > LIARS)],
        "two quorums share a correct member",
    ),
    "n = 3f: a third of the weight lies": (
        [Query("two quorums share a correct member",
               [*SETS[:-1], 3 * LIARS <= TOTAL, 3 * ONE >= 2 * TOTAL, 3 * OTHER >= 2 * TOTAL], OVERLAP > LIARS)],
        "two quorums share a correct member",
    ),
}  # fmt: skip
"""Bug -> (the query with it, what must fail)."""
