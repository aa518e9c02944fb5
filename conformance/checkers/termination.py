"""INV-V1: every correct node decides every height of the run, within the bound computed from GST and the time-outs.

The world stops for one of three reasons; two of them are findings: nothing is in flight and somebody is undecided
(deadlock), or the bound has passed (livelock). At the boundary (n = 3f) a finding here is what must happen. It must not
judge runs of the accountability tier, nor longest chains, which are held to `growth` and `quality` instead.
"""

from conformance.history import History, Violation
from conformance.sentences import Sentence, say


def check(history: History) -> tuple[Violation, ...]:
    """The correct nodes that are stuck."""
    if history.contract.slotted or history.plan.tier == "accountability" or history.why == "done" or not history.stuck:
        return ()
    kind = "deadlock" if history.why == "quiet" else "livelock"
    nodes = tuple(node for node, _ in history.stuck)
    expected = say("decided", height=history.plan.heights)
    return (Violation(f"INV-V1.{kind}", history.ended, nodes, expected, standing(history)),)


def standing(history: History) -> Sentence:
    """Where the stuck nodes stand, in words of their own."""
    return say("stuck", places=tuple(say("stuck.at", node=node, place=place) for node, place in history.stuck))
