"""INV-A2: no proof, in any run whatsoever, accuses a correct node.

It must not ask whether enough liars were accused: that belongs to the accountability tier.
"""

from conformance.history import History, Violation


def check(history: History) -> tuple[Violation, ...]:
    """The first correct node that is framed."""
    for accuser, accused in history.evidence:
        if accused not in history.plan.faulty:
            text = f"node {accuser} holds a proof against correct node {accused}"
            return (Violation("INV-A2", history.ended, (accuser, accused), "proofs against liars only", text),)
    return ()
