"""How likely an attacker catches up with the longest chain: the published closed form, by exact rational arithmetic.

An attacker with share q of the work is z blocks behind; while the honest chain grew by z blocks, its own growth is
Poisson with mean z q / p, and from k behind it catches up with probability (q / p)^k (S. Nakamoto, "Bitcoin: a
peer-to-peer electronic cash system", 2008, section 11). e^-x is enclosed between two rationals, so every printed digit
is proved, not rounded by luck. It must not know any engine (system row E3).
"""

from fractions import Fraction

PUBLISHED = {
    ("0.1", 0): "1.0000000", ("0.1", 1): "0.2045873", ("0.1", 2): "0.0509779", ("0.1", 3): "0.0131722",
    ("0.1", 4): "0.0034552", ("0.1", 5): "0.0009137", ("0.1", 6): "0.0002428", ("0.1", 7): "0.0000647",
    ("0.1", 8): "0.0000173", ("0.1", 9): "0.0000046", ("0.1", 10): "0.0000012", ("0.3", 0): "1.0000000",
    ("0.3", 5): "0.1773523", ("0.3", 10): "0.0416605", ("0.3", 15): "0.0101008", ("0.3", 20): "0.0024804",
    ("0.3", 25): "0.0006132", ("0.3", 30): "0.0001522", ("0.3", 35): "0.0000379", ("0.3", 40): "0.0000095",
    ("0.3", 45): "0.0000024", ("0.3", 50): "0.0000006",
}  # fmt: skip
"""(q, z) -> probability, as printed."""
DEPTHS = {"0.10": 5, "0.15": 8, "0.20": 11, "0.25": 15, "0.30": 24, "0.35": 41, "0.40": 89, "0.45": 340}
"""q -> blocks after which the probability is below 0.1 %, as printed."""
SCALE = 10**600
"""Numbers are kept as whole multiples of 1 / SCALE, below and above the true value: far finer than e^-400."""


def below(value: Fraction) -> Fraction:
    """The multiple of 1 / SCALE just below or at a value."""
    return Fraction(value.numerator * SCALE // value.denominator, SCALE)


def above(value: Fraction) -> Fraction:
    """The multiple of 1 / SCALE just above or at a value."""
    return -below(-value)


def exp_minus(x: Fraction) -> tuple[Fraction, Fraction]:
    """Rationals below and above e^-x for x >= 0.

    With x halved below 1 the series alternates with falling terms, so two consecutive partial sums enclose it; then the
    enclosure is squared back.
    """
    halvings = 0
    while x > 1:
        x, halvings = x / 2, halvings + 1
    low, high, total, term, k = Fraction(0), Fraction(1), Fraction(1), Fraction(1), 1
    while term:
        term = -term * x / k
        term = above(term) if term > 0 else below(term)
        total += term
        low, high = (total, high) if term < 0 else (low, total)
        term, k = (term, k + 1) if abs(term) > Fraction(2, SCALE) else (Fraction(0), k)
    slack = Fraction(2 * k, SCALE)  # each rounded term is off by less than 1 / SCALE
    low, high = low - slack, high + slack
    for _ in range(halvings):
        low, high = below(low * low), above(high * high)
    return low, high


def catch_up(share: Fraction, z: int) -> tuple[Fraction, Fraction]:
    """Rationals below and above the probability of catching up from z blocks behind."""
    other = 1 - share
    mean, ratio = z * share / other, share / other
    low_weight = high_weight = Fraction(1)
    low_held = high_held = Fraction(0)
    for k in range(z + 1):
        kept = 1 - ratio ** (z - k)
        low_held, high_held = low_held + below(low_weight * kept), high_held + above(high_weight * kept)
        low_weight, high_weight = below(low_weight * mean / (k + 1)), above(high_weight * mean / (k + 1))
    low, high = exp_minus(mean)
    return 1 - high * high_held, 1 - low * low_held


def printed(share: str, z: int) -> str:
    """The probability to seven digits; both ends of the enclosure round to the same."""
    low, high = catch_up(Fraction(share), z)
    ends = {f"{round(end * 10**7) / 10**7:.7f}" for end in (low, high)}
    assert len(ends) == 1, "the enclosure is too wide"
    return ends.pop()


def depth(share: str, most: Fraction = Fraction(1, 1000)) -> int:
    """The least z at which the probability is below `most`; it falls with z, so the search may halve."""
    low, high = 0, 1
    while catch_up(Fraction(share), high)[1] >= most:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if catch_up(Fraction(share), middle)[1] < most else (middle, high)
    return high
