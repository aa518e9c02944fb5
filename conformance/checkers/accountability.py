"""INV-A1: a fork is evidence against more nodes than the engine bears.

The evidence is found in what all correct nodes heard, by a pure function of it: equivocation (two votes of one kind in
one round), and amnesia (a commit vote for one value, later a first vote for another, with no quorum of first votes for
that other value in between that could excuse it). It is judged where an engine declares evidence, in the tier
`accountability`, whose plans have more liars than it bears. It must not ask whether anybody correct is accused: that is
INV-A2. Source: spec/proofs/accountability.py shows for every n that this evidence is there.
"""

from collections.abc import Iterable

from conformance.history import Delivery, History, Violation
from conformance.sentences import say

Vote = tuple[int, str, int, int, str]
"""(signer, kind, height, round, value)."""


def check(history: History) -> tuple[Violation, ...]:
    """The fork that accuses too few."""
    if history.plan.tier != "accountability" or not history.contract.evidence:
        return ()
    fork = forked_height(history)
    if fork is None:
        return ()
    needed = history.contract.most_liars(history.plan.n) + 1
    guilty = sorted(convicted(history, fork))
    if len(guilty) >= needed:
        return ()
    expected, actual = say("proof.against", least=needed), f"{len(guilty)}: {guilty}"
    return (Violation("INV-A1", history.ended, history.plan.correct, expected, actual),)


def forked_height(history: History) -> int | None:
    """The first height at which two correct nodes differ."""
    first: dict[int, str] = {}
    for decision in history.decisions:
        if first.setdefault(decision.height, decision.block.digest) != decision.block.digest:
            return decision.height
    return None


def convicted(history: History, height: int) -> set[int]:
    """Who is proved to have lied at a height, by the record of all correct nodes together."""
    record = votes(history, height)
    early, late = history.contract.phases[1], history.contract.phases[-1]
    polkas = quorums(history, [vote for vote in record if vote[1] == early])
    commits = [vote for vote in record if vote[1] == late and vote[4] != "nil"]
    changes = [vote for vote in record if vote[1] == early and vote[4] != "nil"]
    pairs = ((commit, change) for commit in commits for change in changes if commit[0] == change[0])
    return {*equivocators(record), *(commit[0] for commit, change in pairs if is_amnesia(commit, change, polkas))}


def is_amnesia(commit: Vote, change: Vote, polkas: set[tuple[int, str]]) -> bool:
    """Whether a later first vote for another value is excused by no quorum since the commit vote."""
    if change[3] <= commit[3] or change[4] == commit[4]:
        return False
    return not any((round_, change[4]) in polkas for round_ in range(commit[3], change[3]))


def votes(history: History, height: int) -> list[Vote]:
    """Every vote about a height that a correct node made or heard, once."""
    heard: Iterable[Delivery] = (one for one in history.deliveries if one.genuine)
    seen = [(one.src, one.kind, one.height, one.round, one.value) for one in heard]
    made = [(one.node, one.kind, one.height, one.round, one.value) for one in history.statements]
    kinds = history.contract.phases[1:]
    return sorted({vote for vote in (*seen, *made) if vote[1] in kinds and vote[2] == height})


def equivocators(record: list[Vote]) -> Iterable[int]:
    """Who voted for two values in one place."""
    first: dict[tuple[int, str, int, int], str] = {}
    for vote in record:
        if first.setdefault(vote[:4], vote[4]) != vote[4]:
            yield vote[0]


def quorums(history: History, record: list[Vote]) -> set[tuple[int, str]]:
    """(round, value) with votes of more than two thirds of the weight."""
    weights = history.weights
    voters: dict[tuple[int, str], set[int]] = {}
    for signer, _, _, round_, value in record:
        voters.setdefault((round_, value), set()).add(signer)
    return {place for place, who in voters.items() if 3 * sum(weights[node] for node in who) > 2 * sum(weights)}
