"""INV-V1.growth: in slots that correct members win, every correct chain grows.

For engines whose blocks are final at a depth this stands in place of termination: between the beginnings of two slots
the height that a node reports final rises by at least the declared part of the slots between them that a correct
member won. The first slot of a stretch is not counted, for what a node was shown a moment before, others may not have
yet. Stretches in which a correct node was down, or had just come back, are not judged; nor is what comes after a node
has all that the run wants, nor a run in which correct nodes are not connected.

It must not ask why a chain did not grow.
"""

from itertools import combinations, product

from conformance.contract import delays
from conformance.history import History, Violation
from conformance.sentences import say

BACK = 2
"""Slots in which a member that came back only listens (CON-129)."""


def check(history: History) -> tuple[Violation, ...]:
    """The first stretch in which a chain grew too little."""
    plan, contract = history.plan, history.contract
    if not contract.growth[0] or plan.tier == "accountability" or any(delays(atom, plan.faulty) for atom in plan.atoms):
        return ()
    long = contract.timeout[0]
    won = [slot.gain > 0 for slot in contract.slots(plan)]
    for node, (first, last) in product(plan.correct, stretches(history, long)):
        heights = heights_at(history, node, long, last)
        for start, end in combinations(range(first, last + 1), 2):
            due, useful = owed(history, heights, won, start, end)
            if heights[end] - heights[start] < due:
                expected = say("growth", blocks=due, start=start, end=end, won=useful)
                actual = say("growth.less", blocks=heights[end] - heights[start], height=heights[end])
                return (Violation("INV-V1.growth", end * long, (node,), expected, actual),)
    return ()


def owed(history: History, heights: list[int], won: list[bool], start: int, end: int) -> tuple[int, int]:
    """(blocks by which a node's final chain must have grown between two slots, slots that count for it)."""
    blocks, slots = history.contract.growth
    useful = sum(won[start + (start > 0) : end])
    unripe = 0 if heights[start] else history.contract.depth_of(history.plan.n)
    return min(useful * blocks // slots - unripe, history.plan.heights - heights[start]), useful


def heights_at(history: History, node: int, long: int, last: int) -> list[int]:
    """The greatest height that a node reported by the beginning of each slot."""
    reports = [decision for decision in history.decisions if decision.node == node]
    return [max((one.height for one in reports if one.tick <= slot * long), default=0) for slot in range(last + 1)]


def stretches(history: History, long: int) -> list[tuple[int, int]]:
    """(first, last) slots of the stretches that are judged: from the start, or from when all are well again."""
    finished = [one.tick for one in history.decisions if one.height >= history.plan.heights]
    end = min([history.ended, *finished]) // long
    if any(one.what in ("crash", "back") for one in history.unrest):
        marks = [(one.tick // long, one.what) for one in history.unrest if one.what in ("crash", "back")]
        return well(marks, end)
    return [(0, min(end, history.contract.horizon(history.plan)))]


def well(marks: list[tuple[int, str]], end: int) -> list[tuple[int, int]]:
    """The stretches between crashes in which nobody is down or has just come back."""
    found, since, down = list[tuple[int, int]](), 0, 0
    for slot, what in marks:
        if what == "crash":
            if not down and slot > since:
                found.append((since, slot))
            down += 1
        else:
            down -= 1
            since = slot + BACK + 1
    if not down and end > since:
        found.append((since, end))
    return found
