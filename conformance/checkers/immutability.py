"""INV-S2: what a correct node has reported final, it reports for ever, also across crash and recovery.

It must not compare different nodes: that is INV-S1.
"""

from conformance.history import History, Violation
from conformance.sentences import Sentence, say


def check(history: History) -> tuple[Violation, ...]:
    """The first report of a node that contradicts, or leaves a gap after, its earlier ones."""
    reported: dict[tuple[int, int], str] = {}
    tips: dict[tuple[int, int], int] = {}
    for decision in history.decisions:
        place = (decision.node, decision.height)
        old = reported.setdefault(place, decision.block.digest)
        if old != decision.block.digest:
            return (broken(decision.tick, decision.node,
                           say("final.for-ever", block=old[:8], height=decision.height),
                           say("final.changed", block=decision.block.digest[:8])),)  # fmt: skip
        life = (decision.node, decision.life)
        tip = tips.get(life, 0)
        if decision.height != tip + 1:
            return (broken(decision.tick, decision.node, say("final.next", height=tip + 1),
                           say("height", height=decision.height)),)  # fmt: skip
        tips[life] = decision.height
    return forgotten(history, tips)


def forgotten(history: History, tips: dict[tuple[int, int], int]) -> tuple[Violation, ...]:
    """A node whose last life ended with less than an earlier one had reported."""
    if history.why != "done":
        return ()
    for (node, life), tip in tips.items():
        later = [other for (who, number), other in tips.items() if who == node and number > life]
        if later and later[-1] < tip:
            return (broken(history.ended, node, say("final.kept", height=tip), say("height", height=later[-1])),)
    return ()


def broken(tick: int, node: int, expected: Sentence, actual: Sentence) -> Violation:
    """A violation by one node."""
    return Violation("INV-S2", tick, (node,), expected, actual)
