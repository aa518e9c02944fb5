"""INV-S7.2: what a correct node signs, its engine's steps allow, given what it had heard and said itself.

The table is of what the protocols have in common: a vote is for a proposal that was heard; a vote of the second phase
is for what a quorum voted for in the first; and who voted to commit one value votes for another only on the proof that
a quorum did so since. What was heard in an earlier life counts, so the law is never stricter than the protocol. It is
judged where deliveries were kept.

It must not know how an engine remembers, nor judge liars. Source: CON-013 to CON-015, CON-046, CON-065, CON-082.
"""

from collections.abc import Iterator, Sequence

from conformance.history import History, Statement, Violation
from conformance.sentences import Sentence, kind, say

Place = tuple[int, str, int, int, str]
"""(node, kind, height, round, value)."""
LOCKING = ("height",)
"""Ways of counting rounds under which a vote to commit binds later rounds of its height by a lock."""


class Heard:
    """What each correct node had heard and said of each value, and when it first had a quorum of it."""

    def __init__(self, history: History) -> None:
        self.weights = history.weights_at
        self.voices: dict[Place, dict[int, int]] = {}
        """(node, kind, height, round, value) -> voice -> the tick at which it was heard."""
        for one in history.deliveries:
            if one.genuine:
                self.enter(one.dst, one.kind, one.height, one.round, one.value, one.src, one.tick)
        for said in history.statements:
            self.enter(said.node, said.kind, said.height, said.round, said.value, said.node, said.tick)

    def enter(self, node: int, kind: str, height: int, round_: int, value: str, voice: int, tick: int) -> None:
        """One voice, from when it is heard first: of its own a node may be told again."""
        heard = self.voices.setdefault((node, kind, height, round_, value), {})
        heard[voice] = min(tick, heard.get(voice, tick))

    def weight(self, place: Place, tick: int) -> int:
        """The weight of the voices that a node had heard by a tick."""
        weights = self.weights(place[2])
        return sum(weights[voice] for voice, at in self.voices.get(place, {}).items() if at <= tick)

    def is_quorum(self, place: Place, tick: int) -> bool:
        """Whether they are more than two thirds."""
        return 3 * self.weight(place, tick) > 2 * sum(self.weights(place[2]))


def check(history: History) -> tuple[Violation, ...]:
    """The first statement that no step allows."""
    if not history.deliveries or not history.contract.certificates or not history.knows_members:
        return ()
    heard = Heard(history)
    for statement, expected in forbidden(history, heard):
        actual = say("statement", kind=kind(statement.kind), value=statement.value[:8])
        return (Violation("INV-S7.2", statement.tick, (statement.node,), expected, actual),)
    return ()


def forbidden(history: History, heard: Heard) -> Iterator[tuple[Statement, Sentence]]:
    """Statements that no step allows, with what was expected."""
    phases = history.contract.phases
    propose, first = phases[0], phases[1]
    second = history.contract.commits if history.contract.commits != first else ""
    bound: dict[tuple[int, int], Statement] = {}
    for said in history.statements:
        place = {"height": said.height, "round": said.round}
        if said.value == "nil" or said.kind not in (first, second):
            continue
        if not heard.weight((said.node, propose, *said[4:7]), said.tick):
            yield said, say("heard", kind=kind(propose), **place)
        if said.kind == second:
            if not heard.is_quorum((said.node, first, *said[4:7]), said.tick):
                yield said, say("heard.quorum", kind=kind(first), **place)
            bound[said.node, said.height] = said
        elif second and history.contract.rounds in LOCKING:
            lock = bound.get((said.node, said.height))
            if lock is not None and not released(heard, first, lock, said):
                yield said, say("bound", value=lock.value[:8], kind=kind(second), round=lock.round)


def released(heard: Heard, first: str, lock: Statement, said: Statement) -> bool:
    """Whether a vote may follow a vote to commit: for the same value, of a round before it, or on later proof."""
    if said.value == lock.value or said.round <= lock.round:
        return True
    rounds: Sequence[int] = range(lock.round, said.round)
    return any(heard.is_quorum((said.node, first, said.height, r, said.value), said.tick) for r in rounds)
