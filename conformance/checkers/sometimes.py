"""INV-V5: a suite in which nothing ever happens proves nothing, so each of these must have happened at least once.

Why: a law that no run put to the test is kept by any engine. What counts is what took effect, not what was planned. It
must not judge a run: a single run may well be quiet.
"""

from collections.abc import Callable, Mapping

from conformance.contract import Contract
from conformance.history import History

__all__ = ["EVENTS", "demanded", "events"]


def two_transactions(history: History) -> bool:
    """A block with two transactions was decided."""
    return any(len(decision.block.transactions) > 1 for decision in history.decisions)


def later_round(history: History) -> bool:
    """A height was decided in a later round than it would be if all went well."""
    runs_on = history.contract.rounds == "run"
    return any(decision.round > (decision.height - 1) * runs_on for decision in history.decisions)


def lock_released(history: History) -> bool:
    """A correct node that had voted to commit one value voted for another at the same height."""
    contract, bound = history.contract, dict[tuple[int, int], str]()
    for said in history.statements:
        if said.value == "nil":
            continue
        if said.kind == contract.commits:
            bound[said.node, said.height] = said.value
        elif said.kind in contract.phases[1:2] and bound.get((said.node, said.height), said.value) != said.value:
            return True
    return False


def equivocation(history: History) -> bool:
    """A liar told correct nodes two values in one place, under its own signature."""
    told: dict[tuple[int, str, int, int], str] = {}
    for one in history.deliveries:
        lied = one.src in history.plan.faulty and one.genuine and one.kind in history.contract.phases
        if lied and told.setdefault((one.src, one.kind, one.height, one.round), one.value) != one.value:
            return True
    return False


def catch_up(history: History) -> bool:
    """A correct node decided a height some time after another had decided a later one, or after it came back."""
    since: dict[int, int] = {}
    for decision in history.decisions:
        if decision.life or decision.tick > since.get(decision.height + 1, decision.tick):
            return True
        since.setdefault(decision.height, decision.tick)
    return False


EVENTS: Mapping[str, Callable[[History], bool]] = {
    "two-transactions": two_transactions, "later-round": later_round, "lock-released": lock_released,
    "equivocation": equivocation, "catch-up": catch_up,
}  # fmt: skip
"""Name -> whether it happened in a run."""


def events(history: History) -> tuple[str, ...]:
    """What happened in a run, in the order of `EVENTS`."""
    return tuple(name for name, happened in EVENTS.items() if happened(history))


def demanded(contract: Contract) -> tuple[str, ...]:
    """What must happen in a suite for an engine that declares this."""
    spared = {"catch-up"} if contract.slotted else set()  # blocks ripen everywhere at once
    if contract.crash_only:
        spared.add("equivocation")
    if contract.commits in ("", *contract.phases[1:2]):
        spared.add("lock-released")  # there is one vote a round, and what it binds to is a branch
    return tuple(name for name in EVENTS if name not in spared)
