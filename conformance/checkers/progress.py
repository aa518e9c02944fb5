"""INV-V2, INV-V3 and INV-V4: nobody is silenced, everybody meets after GST, and who is behind comes up.

Parts of liveness that say more than that somebody is undecided. V2 is judged on what was decided; V3 and V4 where
INV-V1 found somebody stuck, for otherwise they hold. It must not judge longest chains, of which `growth` and `quality`
say this, nor the tier `accountability`.
"""

from collections.abc import Iterator

from conformance.checkers.termination import standing
from conformance.history import History, Violation
from conformance.sentences import say


def check(history: History) -> tuple[Violation, ...]:
    """The first breach of each."""
    if history.contract.slotted or history.plan.tier != "in-model":
        return ()
    return (*censored(history), *apart(history), *left_behind(history))


def censored(history: History) -> Iterator[Violation]:
    """INV-V2: what clients handed in at the start is decided by the first later block that a correct node made: the
    first of all may be made while it is handed in."""
    crashed = {one.node for one in history.unrest if one.what == "crash"}
    refused = {one.node for one in history.unrest if one.tick == 0}
    for node in history.plan.correct:
        known = set[str]()
        for _, decision in sorted(history.chain(node).items()):
            known.update(decision.block.transactions)
            maker = decision.block.proposer
            absent = sorted(history.handed_in - known)
            whole = maker in history.plan.correct and maker not in crashed | refused and decision.height > 1
            if whole and absent:
                expected = say("included", transaction=absent[0][:16], height=decision.height, node=maker)
                actual = say("left-out", count=len(absent), all=len(history.handed_in))
                yield Violation("INV-V2", decision.tick, (node,), expected, actual)
                return


def apart(history: History) -> Iterator[Violation]:
    """INV-V3: after GST those that are undecided stand in one height and round for as long as its messages take."""
    stuck = [node for node, _ in history.stuck]
    if history.why != "bound" or len(stuck) < 2:
        return
    if history.contract.opaque:  # which round a message is of, nobody knows
        return
    needed = len(history.contract.phases) * history.plan.delta
    together = longest(history, stuck)
    if together < needed:
        expected = say("together", ticks=needed, nodes=", ".join(map(str, stuck)))
        yield Violation("INV-V3", history.ended, tuple(stuck), expected, say("together.for", ticks=together))


def longest(history: History, nodes: list[int]) -> int:
    """The longest time after GST for which these nodes, as far as their words show, stood in one round."""
    gst, best, since = history.plan.gst, 0, -1
    places: dict[int, tuple[int, int]] = {}
    for said in history.statements:
        if said.node not in nodes or (said.height, said.round) <= places.get(said.node, (0, -1)):
            continue
        if since >= 0:
            best, since = max(best, said.tick - max(since, gst)), -1
        places[said.node] = (said.height, said.round)
        if len(places) == len(nodes) and len(set(places.values())) == 1:
            since = said.tick
    return max(best, history.ended - max(since, gst)) if since >= 0 else best


def left_behind(history: History) -> Iterator[Violation]:
    """INV-V4: a height that a correct node has decided, every correct node reaches before the bound passes."""
    stuck = [node for node, _ in history.stuck]
    others = [node for node in history.plan.correct if node not in stuck]
    if history.why != "done" and stuck and others:
        expected = say("decided.as", height=history.plan.heights, nodes=", ".join(map(str, others)))
        yield Violation("INV-V4", history.ended, tuple(stuck), expected, standing(history))
