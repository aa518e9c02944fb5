"""Why somebody is undecided: for each stuck node and its last rounds, which quorum is missing, and why each voter is.

The reasons are a closed list, so that reports can be compared. Everything is read off the history: what was said, what
arrived, who was down. It must not run anything, and asks no node for its opinion.
"""

from collections.abc import Iterable

from attrs import frozen

from conformance.history import Delivery, History, Statement

REASONS = ("faulty-silent", "withheld", "on-the-way", "nil-vote", "other-value", "not-in-round", "down", "body-missing",
           "enabled-but-silent")  # fmt: skip
"""A liar said nothing to anybody; a liar said it to others; a correct node said it and it has not arrived; it voted
nil; it voted for something else; it was in another round; it was down; it lacks the proposal; nothing kept it from
voting, which is a fault of the engine."""
ROUNDS = 2
"""Rounds that are explained for each stuck node, the last ones."""


@frozen
class Absent:
    """One voter whose vote of one kind is missing."""

    node: int
    why: str
    """One of `REASONS`."""
    where: str = ""
    """For `not-in-round`: height and round in which it spoke last."""


@frozen
class Missing:
    """What one node heard of one kind of vote in one round."""

    node: int
    height: int
    round: int
    kind: str
    heard: tuple[tuple[str, tuple[int, ...]], ...]
    """Value -> who voted for it, as far as this node heard."""
    needed: int
    """The least weight that is more than two thirds."""
    absent: tuple[Absent, ...]


def missing(history: History) -> tuple[Missing, ...]:
    """The votes that stuck nodes lack, node by node, the last rounds first. Needs a history with its deliveries."""
    return tuple(row for node, _ in history.stuck for row in missing_of(history, node))


def missing_of(history: History, node: int) -> Iterable[Missing]:
    """What one node lacks."""
    kinds = [kind for kind in history.contract.phases[1:] if kind != "newview"]
    own = [(one.height, one.round) for one in history.statements if one.node == node and one.kind in
           history.contract.phases]  # fmt: skip
    heard = [(one.height, one.round) for one in history.deliveries if one.dst == node and one.kind in kinds]
    for height, round_ in sorted({*own, *heard}, reverse=True)[:ROUNDS]:
        for kind in kinds:
            yield explain(history, node, height, round_, kind)


def explain(history: History, node: int, height: int, round_: int, kind: str) -> Missing:
    """Who was heard, and why the others were not."""
    place = (kind, height, round_)
    arrived = [one for one in history.deliveries if one.dst == node and (one.kind, one.height, one.round) == place]
    said = [one for one in history.statements if (one.kind, one.height, one.round) == place]
    voters: dict[str, set[int]] = {}
    own = [(one.node, one.value) for one in said if one.node == node]
    for src, value in [*((one.src, one.value) for one in arrived), *own]:
        voters.setdefault(value, set()).add(src)
    most = max(voters, key=lambda value: (len(voters[value]), value), default="")
    heard_from = set().union(*voters.values())
    absent = tuple(
        Absent(other, *reason(history, other, place, said, node))
        for other in range(history.plan.n) if other not in heard_from
    )  # fmt: skip
    against = tuple(
        Absent(other, "nil-vote" if value == "nil" else "other-value")
        for value, who in sorted(voters.items()) if value != most for other in sorted(who)
    )  # fmt: skip
    heard = tuple((value, tuple(sorted(who))) for value, who in sorted(voters.items()))
    needed = 2 * sum(history.weights) // 3 + 1
    return Missing(node, height, round_, kind, heard, needed, tuple(sorted((*absent, *against), key=lambda a: a.node)))


def reason(
    history: History, other: int, place: tuple[str, int, int], said: list[Statement], node: int
) -> tuple[str, str]:
    """Why a vote of this place is not heard from `other`, and where it was instead."""
    height, round_ = place[1:]
    if other in history.plan.faulty:
        elsewhere = any(is_at(one, place) and one.src == other for one in history.deliveries)
        return ("withheld" if elsewhere else "faulty-silent"), ""
    if any(one.node == other for one in said):
        return "on-the-way", ""
    states = [one.what for one in history.unrest if one.node == other and one.what in ("crash", "back")]
    if states[-1:] == ["crash"]:
        return "down", ""
    last = [(one.height, one.round) for one in history.statements if one.node == other]
    if last and last[-1] != (height, round_):
        return "not-in-round", f"{last[-1][0]}/{last[-1][1]}"
    proposal = (history.contract.phases[0], height, round_)
    knows = any(is_at(one, proposal) and one.dst == other for one in history.deliveries)
    return ("enabled-but-silent" if knows else "body-missing"), ""


def is_at(delivery: Delivery, place: tuple[str, int, int]) -> bool:
    """Whether a delivery is of this kind, height and round."""
    return (delivery.kind, delivery.height, delivery.round) == place


def lasso(history: History) -> tuple[int, int] | None:
    """(round, length): from this round on, what correct nodes said is the same again every so many rounds, values
    renamed; None if the last rounds differ, or are too few to tell."""
    contract = history.contract
    length = history.plan.n * (contract.term if contract.turns == "round" else 1)
    said: dict[int, set[tuple[int, str, str]]] = {}
    for one in history.statements:
        said.setdefault(one.round, set()).add((one.node, one.kind, one.value))
    rounds = sorted(said)[:-1]  # the last may be under way
    if len(rounds) < 2 * length or rounds[-2 * length] != rounds[-1] - 2 * length + 1:
        return None
    first, second = rounds[-2 * length : -length], rounds[-length:]
    if [shape(said[r]) for r in first] != [shape(said[r]) for r in second]:
        return None
    start = first[0]
    while start - 1 in said and shape(said[start - 1]) == shape(said[start - 1 + length]):
        start -= 1
    return start, length


def shape(said: set[tuple[int, str, str]]) -> tuple[tuple[int, str, int], ...]:
    """What was said in a round with values by number, in the order of who said them."""
    numbers: dict[str, int] = {"nil": -1, "": -2}
    return tuple((node, kind, numbers.setdefault(value, len(numbers))) for node, kind, value in sorted(said))
