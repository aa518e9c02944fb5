"""Where engines are found: the entry-point group `yilian.engines`.

Why: a third party's engine is installed like any package and is then as good as ours. Looking at what is installed is
the one thing here that is not pure, and it happens before any node runs.

It must not know any engine by name.
"""

from functools import cache
from importlib.metadata import entry_points

from refimpl.consensus.interface import Kind
from refimpl.data.refusal import Code, Refused

GROUP = "yilian.engines"


@cache
def engine_names() -> tuple[str, ...]:
    """The installed engines, in order of name."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


@cache
def find_engine(name: str) -> Kind:
    """The engine called `name`.

    Raises `Refused(Code.CONSENSUS_UNKNOWN_ENGINE)` naming those there are.
    """
    for point in entry_points(group=GROUP, name=name):
        kind = point.load()
        if isinstance(kind, Kind):
            return kind
    raise Refused(Code.CONSENSUS_UNKNOWN_ENGINE, got=name, expected=", ".join(engine_names()))
