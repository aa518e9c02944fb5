"""INV-S7, on the wire: .1 no correct node signs two different messages of one kind, height and round, restarts
included; .3 no correct node supports a proposal that the rightful proposer of that round did not sign.

It must not accept a restart as an excuse: the record that forbids the contradiction is to be on disk first. Part .3 is
judged where the rightful proposer is correct, for only then is all that it signed known.
"""

from conformance.history import History, Violation
from conformance.sentences import kind, say


def check(history: History) -> tuple[Violation, ...]:
    """The first breach of each part."""
    return (*contradiction(history), *usurpation(history))


def contradiction(history: History) -> tuple[Violation, ...]:
    """INV-S7.1: a node against itself."""
    said: dict[tuple[int, str, int, int], str] = {}
    for statement in history.statements:
        if statement.kind not in history.contract.phases:
            continue
        place = (statement.node, statement.kind, statement.height, statement.round)
        old = said.setdefault(place, statement.value)
        if old != statement.value:
            named, height, round_ = kind(statement.kind), statement.height, statement.round
            expected = say("one-statement", kind=named, height=height, round=round_)
            actual = say("two-statements", one=old[:8], other=statement.value[:8])
            return (Violation("INV-S7.1", statement.tick, (statement.node,), expected, actual),)
    return ()


def usurpation(history: History) -> tuple[Violation, ...]:
    """INV-S7.3: a vote for what the round's proposer never proposed."""
    plan, contract = history.plan, history.contract
    if not history.knows_members:
        return ()
    propose, vote = contract.phases[0], contract.phases[1:2]
    proposed = {(s.node, s.height, s.round, s.value) for s in history.statements if s.kind == propose}
    for statement in history.statements:
        if statement.kind not in vote or statement.value == "nil":
            continue
        members = [node for node, weight in enumerate(history.weights_at(statement.height)) if weight]
        turn = contract.proposer(statement.height, statement.round, len(members)) if members else None
        proposer = None if turn is None else members[turn]
        if proposer is None or proposer in plan.faulty or (proposer, *statement[4:7]) in proposed:
            continue
        expected = say("rightful", kind=kind(statement.kind), node=proposer, round=statement.round)
        return (Violation("INV-S7.3", statement.tick, (statement.node,), expected, statement.value[:8]),)
    return ()
