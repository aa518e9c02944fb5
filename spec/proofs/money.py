"""Money is conserved: shares and rest of a payment add up to it, for every amount (CTR-S12).

Each share is floor(x * bp / 10000); the rest takes what remains. It must not know the language.
"""

from queries import Query
from z3 import And, Int, Ints

AMOUNT, FIRST, SECOND, THIRD = Ints("amount first second third")
LAWFUL = (AMOUNT >= 0, FIRST >= 0, SECOND >= 0, THIRD >= 0, FIRST + SECOND + THIRD <= 10_000)


def queries() -> list[Query]:
    """Three shares and a rest; fewer are shares of zero basis points."""
    shares = [Int(f"share{i}") for i in range(3)]
    cut = [share == AMOUNT * points / 10_000 for share, points in zip(shares, (FIRST, SECOND, THIRD), strict=True)]
    rest = AMOUNT - shares[0] - shares[1] - shares[2]
    return [
        Query("no share is negative or exceeds the amount", [*LAWFUL, *cut],
              And(*[And(share >= 0, share <= AMOUNT) for share in shares])),
        Query("the rest is not negative", [*LAWFUL, *cut], rest >= 0),
        Query("shares and rest are the amount", [*LAWFUL, *cut], shares[0] + shares[1] + shares[2] + rest == AMOUNT),
    ]  # fmt: skip


MUTATIONS = {
    "T11 lifted: shares above 100 %": (
        [Query("the rest is not negative", [AMOUNT >= 0, FIRST >= 0, Int("share0") == AMOUNT * FIRST / 10_000],
               AMOUNT - Int("share0") >= 0)],
        "the rest is not negative",
    ),
}  # fmt: skip
"""A rule left out -> (the query without it, what must fail)."""
