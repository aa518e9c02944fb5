"""Money is conserved: shares and rest of a payment add up to it, for every amount (CTR-S12).

Each share is floor(x * bp / 10000); the rest takes what remains. The one thing that is not linear, the products, is
bounded first, and the rest needs no more of it, so that both solvers decide every query. It must not know the language.
"""

from queries import Mutations, Query
from z3 import And, Ints

TITLE = "money is conserved (CTR-S12)"
SCOPE = "all"
AMOUNT, FIRST, SECOND, THIRD = Ints("amount first second third")
PARTS = Ints("part1 part2 part3")
"""Amount times basis points."""
SHARES = [part / 10_000 for part in PARTS]
REST = AMOUNT - SHARES[0] - SHARES[1] - SHARES[2]
LAWFUL = (AMOUNT >= 0, FIRST >= 0, SECOND >= 0, THIRD >= 0, FIRST + SECOND + THIRD <= 10_000)
BOUNDED = (AMOUNT >= 0, *[part >= 0 for part in PARTS], PARTS[0] + PARTS[1] + PARTS[2] <= 10_000 * AMOUNT)


def queries() -> list[Query]:
    """Three shares and a rest; fewer are shares of zero basis points."""
    products = [AMOUNT * points for points in (FIRST, SECOND, THIRD)]
    return [
        Query("no product is negative", LAWFUL, And(*[product >= 0 for product in products])),
        Query("the products are within the whole", LAWFUL, products[0] + products[1] + products[2] <= 10_000 * AMOUNT),
        Query("no share is negative or exceeds the amount", BOUNDED,
              And(*[And(share >= 0, share <= AMOUNT) for share in SHARES])),
        Query("the rest is not negative", BOUNDED, REST >= 0),
        Query("shares and rest are the amount", BOUNDED, SHARES[0] + SHARES[1] + SHARES[2] + REST == AMOUNT),
    ]  # fmt: skip


MUTATIONS: Mutations = {
    "T11 lifted: shares above 100 %": (
        lambda: [Query("the products are within the whole", [AMOUNT >= 0, FIRST >= 0],
                       AMOUNT * FIRST <= 10_000 * AMOUNT)],
        "the products are within the whole"),
    "rounded up, not down": (
        lambda: [Query("the rest is not negative", BOUNDED,
                       (PARTS[0] + 9_999) / 10_000 + (PARTS[1] + 9_999) / 10_000 <= AMOUNT)],
        "the rest is not negative"),
}  # fmt: skip
"""A rule left out -> (the query without it, what must be refuted)."""
