"""Every reachable state of a small model, breadth first: the third pair of eyes beside TLC and Quint.

A model here is two functions over plain tuples: `initial()` and `successors(state)`, which yields what happened and
the state after it. The module must not know any model.
"""

import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol

State = Any
Did = Any


class Model(Protocol):
    """A machine with finitely many states; a state is a tuple that can be hashed and compared."""

    def initial(self) -> State:
        """The one state in which it begins."""
        ...

    def successors(self, state: State) -> Iterator[tuple[Did, State]]:
        """What may happen next, and what it leads to."""
        ...


class Exploration(NamedTuple):
    """What was found."""

    states: int
    edges: int
    depth: int
    violated: str
    """Name of the first invariant that failed, empty if none did."""
    trace: tuple[Did, ...]
    """What leads to the violation, shortest first; empty if there is none."""
    seconds: float


class Broken(Exception):
    """An invariant does not hold; its argument is the name of the invariant."""


class Diverged(Exception):
    """The real thing did not do what the model does; the argument says where."""


Check = Callable[[State], None]
"""Raises `Broken` where an invariant does not hold."""


def nothing(_: State) -> None:
    """The check that asks nothing."""


def explore(model: Model, check: Check = nothing, each: Callable[[State], None] = nothing) -> Exploration:
    """All reachable states, up to the first violation; `each` is shown every state once."""
    began = time.perf_counter()
    start = model.initial()
    came: dict[Hashable, tuple[Did, State] | None] = {start: None}
    layer, edges, depth = [start], 0, 0
    broken = failed(check, start)
    each(start)
    while layer and not broken:
        found: list[State] = []
        for state, did, after in edges_from(model, layer):
            edges += 1
            if after in came:
                continue
            came[after] = did, state
            found.append(after)
            each(after)
            if broken := failed(check, after):
                return Exploration(len(came), edges, depth + 1, broken, path(came, after), since(began))
        depth, layer = depth + bool(found), found
    return Exploration(len(came), edges, depth, broken, (), since(began))


def edges_from(model: Model, states: Iterable[State]) -> Iterator[tuple[State, Did, State]]:
    """Every step out of these states: from where, what happened, to where."""
    for state in states:
        for did, after in model.successors(state):
            yield state, did, after


def since(began: float) -> float:
    """Seconds since a reading of the counter."""
    return time.perf_counter() - began


def failed(check: Check, state: State) -> str:
    """The invariant that does not hold here, or nothing."""
    try:
        check(state)
    except Broken as broken:
        return str(broken)
    return ""


def path(came: dict[Hashable, tuple[Did, State] | None], state: State) -> tuple[Did, ...]:
    """What leads from the beginning to a state."""
    steps: list[Did] = []
    while (link := came[state]) is not None:
        did, state = link
        steps.append(did)
    return tuple(reversed(steps))


def holds(facts: Iterable[tuple[str, bool]]) -> None:
    """Raise `Broken` with the name of the first fact that is false."""
    for name, fact in facts:
        if not fact:
            raise Broken(name)
