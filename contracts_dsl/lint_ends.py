"""Within how many days time ends every instance of a contract, whatever its parties do; or that this cannot be said.

It can be said if no way through the states comes back to where it was, and every state that has clauses is left by a
clock: a length of time, or the value of a datum that no clause sets and every start bounds (`when t <= now + 30 days`).
The answer is the longest way. It may be longer than any run, never shorter.

This module must not know what is done with the answer, nor types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from contracts_dsl import syntax as s
from contracts_dsl.names import clauses_of, outcomes

DAY = 86_400


def days_to_end(module: s.Module) -> int | None:
    """Whole days after which every instance has reached a state without clauses; None if nothing bounds them."""
    states = {item.name.text: item for item in module.items if isinstance(item, s.State)}
    if not any(state.clauses for state in states.values()):
        return None
    known = _bounded_times(module)
    longest: dict[str, int | None] = {}
    seconds = max((_seconds(name, states, known, longest) or -1 for name in states), default=-1)
    return None if None in longest.values() else -(-seconds // DAY)


def _seconds(
    name: str, states: Mapping[str, s.State], known: Mapping[str, int], longest: dict[str, int | None]
) -> int | None:
    """The longest time from entering a state to an end; None if it is unbounded, as on a way that comes back."""
    if name not in longest:
        longest[name] = None  # what is met again on the way from here has no bound
        state = states[name]
        stay = min(_clocks(state, known), default=None)
        onward = [_seconds(one, states, known, longest) for one in _successors(state)]
        bounded = [one for one in onward if one is not None]
        if not state.clauses:
            longest[name] = 0
        elif stay is not None and len(bounded) == len(onward):
            longest[name] = stay + max(bounded)
    return longest[name]


def _clocks(state: s.State, known: Mapping[str, int]) -> Iterator[int]:
    """The seconds after which time leaves a state, of each clock that leads out of it."""
    for limit in exits(state):
        if limit.until is None:
            yield limit.within
        elif limit.until.text in known:
            yield known[limit.until.text]


def exits(state: s.State) -> Iterator[s.Limit]:
    """The clocks by which time leads out of a state. That of a duty stops for good when the duty is done in place."""
    for clause in state.clauses:
        if isinstance(clause, s.May) or (isinstance(clause, s.Must) and clause.outcome.becomes is None):
            continue
        led = (clause.otherwise if isinstance(clause, s.Must) else clause.outcome).becomes
        if led is not None and led.text != state.name.text:
            yield clause.limit


def _successors(state: s.State) -> set[str]:
    return {
        outcome.becomes.text
        for clause in state.clauses for outcome in outcomes(clause) if outcome.becomes is not None
    }  # fmt: skip


def _bounded_times(module: s.Module) -> dict[str, int]:
    """Data that hold a moment at most so many seconds after the start: bounded by every start, set by no clause."""
    starts = [clause for name, clause in clauses_of(module) if not name and isinstance(clause, s.May)]
    bounds = [dict(_bounds(clause.when)) for clause in starts]
    changed = {
        effect.target.text
        for _, clause in clauses_of(module) for outcome in outcomes(clause) for effect in outcome.effects
        if isinstance(effect, s.SetEffect)
    }  # fmt: skip
    common = set.intersection(*map(set, bounds)) - changed if bounds else set()
    return {name: max(one[name] for one in bounds) for name in common}


def _bounds(condition: s.Expression | None) -> Iterator[tuple[str, int]]:
    """`t <= now + D` and `t < now + D` among the conjuncts of a condition."""
    if isinstance(condition, s.And):
        for part in condition.parts:
            yield from _bounds(part)
    elif isinstance(condition, s.Compare) and condition.operator in ("<", "<="):
        left, right = condition.left, condition.right
        if isinstance(left, s.Path) and len(left.parts) == 1 and isinstance(right, s.Sum):
            first, *rest = right.terms
            if (
                isinstance(first, s.Now)
                and set(right.signs) == {"+"}
                and all(isinstance(one, s.Duration) for one in rest)
            ):
                yield left.parts[0].text, sum(one.seconds for one in rest if isinstance(one, s.Duration))
