"""INV-S7.4: a statement leaves a correct node only after something that binds it has been made durable.

What a node writes is its own affair; that it wrote nothing since it last spoke, or wrote and did not sync, means that
after a crash it could contradict itself. It must not read a disk.
"""

from conformance.history import History, Violation
from conformance.sentences import kind, say


def check(history: History) -> tuple[Violation, ...]:
    """The first statement that a crash would have wiped out."""
    for said in history.statements:
        if said.kind in history.contract.phases and not said.recorded:
            expected = say("recorded", kind=kind(said.kind), height=said.height, round=said.round)
            return (Violation("INV-S7.4", said.tick, (said.node,), expected, say("none")),)
    return ()
