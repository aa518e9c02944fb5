"""INV-A2: no proof, in any run whatsoever, accuses a correct node.

Proofs are what nodes report, and, in the tier `accountability`, what the record of all correct nodes proves. It must
not ask whether enough liars were accused: that is INV-A1.
"""

from conformance.checkers.accountability import convicted
from conformance.history import History, Violation


def check(history: History) -> tuple[Violation, ...]:
    """The first correct node that is framed."""
    for accuser, accused in history.evidence:
        if accused not in history.plan.faulty:
            text = f"node {accuser} holds a proof against correct node {accused}"
            return (Violation("INV-A2", history.ended, (accuser, accused), "proofs against liars only", text),)
    if history.plan.tier != "accountability" or not history.contract.evidence:
        return ()
    for height in sorted({statement.height for statement in history.statements}):
        framed = sorted(convicted(history, height) - set(history.plan.faulty))
        if framed:
            text = f"the record of height {height} convicts correct nodes {framed}"
            return (Violation("INV-A2", history.ended, tuple(framed), "proofs against liars only", text),)
    return ()
