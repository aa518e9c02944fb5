"""INV-S6: a final block carries votes of distinct members with more than two thirds of the weight.

The weights are the plan's, or those of the height where members come and go; the arithmetic is this file's own. Engines
that promise no certificates are not judged. It must not use the engine's idea of a quorum.
"""

from conformance.history import History, Violation
from conformance.sentences import say


def check(history: History) -> tuple[Violation, ...]:
    """The first certificate that proves nothing."""
    if not history.contract.certificates:
        return ()
    for decision in history.decisions:
        weights = decision.weights or history.weights
        if not decision.votes and not decision.result:  # a report that is only repeated after a crash
            continue
        voters = [voter for voter, holds in decision.votes if holds]
        weight = sum(weights[voter] for voter in set(voters) if 0 <= voter < len(weights))
        if len(voters) != len(decision.votes):
            valid, actual = say("certificate.holds"), say("certificate.bad")
            return (Violation("INV-S6", decision.tick, (decision.node,), valid, actual),)
        if len(set(voters)) != len(voters) or 3 * weight <= 2 * sum(weights):
            needed = say("certificate.weight", twice=2 * sum(weights))
            actual = say("certificate.voters", voters=str(voters), weight=weight)
            return (Violation("INV-S6", decision.tick, (decision.node,), needed, actual),)
    return ()
