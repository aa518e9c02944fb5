"""The cone of influence: of all that reached anybody, what can have brought a failure about.

Why: a run of some hundred messages is read if the few that matter stand alone. A delivery matters if it came before the
failure at a node that the failure is about, or before that node's word which matters. It must not judge.
"""

from attrs import evolve

from conformance.history import Delivery, History, Violation


def focused(history: History, violations: tuple[Violation, ...]) -> History:
    """The same history with the deliveries of the cone alone; all of them where nothing failed."""
    if not violations:
        return history
    horizon: dict[int, int] = {}
    for violation in violations:
        for node in violation.nodes or history.plan.correct:
            horizon[node] = max(horizon.get(node, -1), violation.tick)
    said = {(one.node, one.kind, one.height, one.round, one.value): one.tick for one in reversed(history.statements)}
    kept: list[Delivery] = []
    for one in sorted(history.deliveries, key=lambda delivery: delivery.tick, reverse=True):
        if one.tick <= horizon.get(one.dst, -1):
            kept.append(one)
            spoken = said.get((one.src, one.kind, one.height, one.round, one.value), one.tick - 1)
            horizon[one.src] = max(horizon.get(one.src, -1), spoken)
    return evolve(history, deliveries=tuple(reversed(kept)))
