"""INV-S8.1: what no member signed has no effect: without those deliveries the run is the same run, logs apart.

It compares two histories, so it is not among `CHECKERS`; who plays plans calls it. It must not know what is forged, nor
how a signature is verified.
"""

from conformance.history import History, Violation
from conformance.sentences import kind, say

SAME = say("unsigned.none")


def differ(history: History, sieved: History) -> tuple[Violation, ...]:
    """The first statement or decision of a correct node that only one of the runs has."""
    for one, other in zip(history.statements, sieved.statements, strict=False):
        if one != other:
            found = say("unsigned.said", kind=kind(one.kind), value=one.value[:8], round=one.round)
            return (Violation("INV-S8.1", one.tick, (one.node,), SAME, found),)
    for final, without in zip(history.decisions, sieved.decisions, strict=False):
        if final != without:
            found = say("unsigned.decided", block=final.block.digest[:8], height=final.height)
            return (Violation("INV-S8.1", final.tick, (final.node,), SAME, found),)
    lengths = [(len(run.statements), len(run.decisions)) for run in (history, sieved)]
    if lengths[0] != lengths[1]:
        found = say("unsigned.counts", these=str(lengths[0]), those=str(lengths[1]))
        return (Violation("INV-S8.1", history.ended, (), SAME, found),)
    return ()
