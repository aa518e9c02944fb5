"""INV-S1: of any two chains that correct nodes report final, one is a prefix of the other.

For engines with immediate finality this is: no two correct nodes report different blocks at one height. It must not
look at signatures, votes or validity: a history in which everybody agrees on nonsense keeps this law.
"""

from conformance.history import History, Violation
from conformance.sentences import say


def check(history: History) -> tuple[Violation, ...]:
    """The first height at which two correct nodes differ."""
    first: dict[int, tuple[int, str]] = {}
    for decision in history.decisions:
        known = first.setdefault(decision.height, (decision.node, decision.block.digest))
        if known[1] != decision.block.digest and known[0] != decision.node:
            nodes, that = (known[0], decision.node), decision.block.digest[:8]
            actual = say("fork", one=nodes[0], this=known[1][:8], other=nodes[1], that=that)
            return (Violation("INV-S1", decision.tick, nodes, say("fork.none", height=decision.height), actual),)
    return ()
