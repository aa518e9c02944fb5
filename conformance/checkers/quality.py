"""INV-V1.quality: of any few consecutive final blocks, correct members made at least one.

For engines whose blocks are final at a depth: the declared part of a declared number of blocks, or, where a block is
final at a greater depth among many members, of one more than that. Who made a block is read from its proof. It must
not ask whether its maker was entitled to make it: that is INV-S3.
"""

from conformance.history import History, Violation
from conformance.sentences import say


def check(history: History) -> tuple[Violation, ...]:
    """The first stretch of a chain with too few blocks of correct members."""
    own, whole = history.contract.quality
    if not own or history.plan.tier == "accountability":
        return ()
    length = max(whole, history.contract.depth_of(history.plan.n) + 1)
    for node in history.plan.correct:
        chain = sorted(history.chain(node).items())
        makers = [history.maker(decision) for _, decision in chain]
        for start in range(len(makers) - length + 1):
            honest = sum(maker not in history.plan.faulty for maker in makers[start : start + length])
            if honest < own:
                tick = chain[start + length - 1][1].tick
                expected = say("quality", least=own, length=length, height=chain[start][0])
                return (Violation("INV-V1.quality", tick, (node,), expected, str(honest)),)
    return ()
