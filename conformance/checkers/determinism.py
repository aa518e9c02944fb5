"""INV-S5: correct nodes that report the same block at a height report the same result of executing it.

A report that is repeated after a crash says nothing of its result. It must not judge which result is right.
"""

from conformance.history import History, Violation
from conformance.sentences import say


def check(history: History) -> tuple[Violation, ...]:
    """The first height at which two correct nodes that agree on the block differ in the result."""
    first: dict[tuple[int, str], tuple[int, str]] = {}
    for decision in history.decisions:
        if not decision.result:
            continue
        place = (decision.height, decision.block.digest)
        node, result = first.setdefault(place, (decision.node, decision.result))
        if result != decision.result:
            expected = say("result", digest=result[:8])
            return (Violation("INV-S5", decision.tick, (node, decision.node), expected, decision.result[:8]),)
    return ()
