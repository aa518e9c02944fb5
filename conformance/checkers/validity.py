"""INV-S3: every block a correct node reports final is valid after the ones before it.

The block's own validity was judged by the kit's decoder (`Block.broken`); here the links are. It must not ask the node.
"""

from conformance.history import History, Violation
from conformance.sentences import say


def check(history: History) -> tuple[Violation, ...]:
    """The first block that is invalid in itself or does not continue its node's chain."""
    tips: dict[tuple[int, int], str] = {}
    for decision in history.decisions:
        block, life = decision.block, (decision.node, decision.life)
        if block.broken:
            return (Violation("INV-S3", decision.tick, (decision.node,), say("block.valid"), block.broken),)
        if decision.height > 1 and life in tips and block.previous != tips[life]:
            expected = say("block.previous", digest=tips[life][:8], height=decision.height)
            actual = block.previous[:8] or say("none")
            return (Violation("INV-S3", decision.tick, (decision.node,), expected, actual),)
        tips[life] = block.digest
    return ()
