"""INV-A2: no proof, in any run whatsoever, accuses a correct node.

Proofs are what nodes report, and, in the tier `accountability`, what the record of all correct nodes proves. It must
not ask whether enough liars were accused: that is INV-A1.
"""

from conformance.checkers.accountability import convicted
from conformance.history import History, Violation
from conformance.sentences import say


def check(history: History) -> tuple[Violation, ...]:
    """The first correct node that is framed."""
    for accuser, accused in history.evidence:
        if accused not in history.plan.faulty:
            text = say("proof.held", accuser=accuser, accused=accused)
            return (Violation("INV-A2", history.ended, (accuser, accused), say("proof.liars-only"), text),)
    if history.plan.tier != "accountability" or not history.contract.evidence:
        return ()
    for height in sorted({statement.height for statement in history.statements}):
        framed = sorted(convicted(history, height) - set(history.plan.faulty))
        if framed:
            text = say("proof.record", height=height, nodes=str(framed))
            return (Violation("INV-A2", history.ended, tuple(framed), say("proof.liars-only"), text),)
    return ()
