"""INV-S4: .1 a transaction is in a chain at most once; .2 only if a client handed it in.

It must not know what a transaction does.
"""

from conformance.history import History, Violation
from conformance.sentences import say


def check(history: History) -> tuple[Violation, ...]:
    """The first transaction that occurs twice in one chain, or out of nowhere."""
    seen: dict[tuple[int, int], set[str]] = {}
    for decision in history.decisions:
        chain = seen.setdefault((decision.node, decision.life), set())
        for name in decision.block.transactions:
            if name in chain:
                once = say("once", transaction=name[:16])
                return (Violation("INV-S4.1", decision.tick, (decision.node,), once, say("twice")),)
            if name not in history.submitted:
                return (Violation("INV-S4.2", decision.tick, (decision.node,), say("of-a-client"), name[:16]),)
            chain.add(name)
    return ()
