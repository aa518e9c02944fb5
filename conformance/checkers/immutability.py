"""INV-S2: what a correct node has reported final, it reports for ever, also across crash and recovery.

It must not compare different nodes: that is INV-S1.
"""

from conformance.history import History, Violation


def check(history: History) -> tuple[Violation, ...]:
    """The first report of a node that contradicts, or leaves a gap after, its earlier ones."""
    reported: dict[tuple[int, int], str] = {}
    tips: dict[tuple[int, int], int] = {}
    for decision in history.decisions:
        place = (decision.node, decision.height)
        old = reported.setdefault(place, decision.block.digest)
        if old != decision.block.digest:
            return (broken(decision.tick, decision.node, f"{old[:8]} at height {decision.height} for ever",
                           f"{decision.block.digest[:8]} after it"),)  # fmt: skip
        life = (decision.node, decision.life)
        tip = tips.get(life, 0)
        if decision.height != tip + 1:
            return (broken(decision.tick, decision.node, f"height {tip + 1} next", f"height {decision.height}"),)
        tips[life] = decision.height
    return forgotten(history, tips)


def forgotten(history: History, tips: dict[tuple[int, int], int]) -> tuple[Violation, ...]:
    """A node whose last life ended with less than an earlier one had reported."""
    if history.why != "done":
        return ()
    for (node, life), tip in tips.items():
        later = [other for (who, number), other in tips.items() if who == node and number > life]
        if later and later[-1] < tip:
            return (broken(history.ended, node, f"height {tip} after recovery", f"height {later[-1]}"),)
    return ()


def broken(tick: int, node: int, expected: str, actual: str) -> Violation:
    """A violation by one node."""
    return Violation("INV-S2", tick, (node,), expected, actual)
