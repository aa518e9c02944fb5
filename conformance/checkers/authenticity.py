"""INV-S8.1: what no member signed has no effect: without those deliveries the run is the same run, logs apart.

It compares two histories, so it is not among `CHECKERS`; who plays plans calls it. It must not know what is forged, nor
how a signature is verified.
"""

from conformance.history import History, Violation


def differ(history: History, sieved: History) -> tuple[Violation, ...]:
    """The first statement or decision of a correct node that only one of the runs has."""
    for one, other in zip(history.statements, sieved.statements, strict=False):
        if one != other:
            found = f"{one.kind} of {one.value[:8]} in round {one.round}"
            return (Violation("INV-S8.1", one.tick, (one.node,), "the run without what nobody signed", found),)
    for final, without in zip(history.decisions, sieved.decisions, strict=False):
        if final != without:
            found = f"{final.block.digest[:8]} at height {final.height}"
            return (Violation("INV-S8.1", final.tick, (final.node,), "the run without what nobody signed", found),)
    lengths = [(len(run.statements), len(run.decisions)) for run in (history, sieved)]
    if lengths[0] != lengths[1]:
        found = f"{lengths[0]} statements and decisions, {lengths[1]} without"
        return (Violation("INV-S8.1", history.ended, (), "the run without what nobody signed", found),)
    return ()
