"""The values that builders pass to each other, and how they are looked up and told apart.

A builder gets the tokens, the span of its production, and the values kept by the table (tables.py): an int is the index
of a token, anything else has been built. The driver looks builders up by name in `BUILDERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from contracts_dsl import syntax as s
from contracts_dsl.lexer import Tokens
from contracts_dsl.source import Span

Parts = Sequence[Any]
"""Values of a production. `Any` because each builder knows, from the grammar, what its parts are."""
Builder = Callable[[Tokens, Span, Parts], Any]

SECONDS = {"MINUTES": 60, "HOURS": 3600, "DAYS": 86400}
TYPE_WORDS = {
    "T_INT": "int", "T_BOOL": "bool", "T_CODE": "code", "T_HASH": "hash", "T_MONEY": "money", "T_TIME": "time",
    "PARTY": "party", "PURPOSE": "purpose", "NAME": "name",
}  # fmt: skip
BUILDERS: dict[str, Builder] = {}


def builder(function: Builder) -> Builder:
    """Register a function under its name, less the underscore that keeps it apart from a word of Python."""
    BUILDERS[function.__name__.strip("_")] = function
    return function


def name_at(tokens: Tokens, index: int) -> s.Name:
    """The name, or the word in a name's place, at a token."""
    kind = tokens.kinds[index]
    return s.Name((tokens.starts[index], tokens.ends[index]), tokens.name(index), "" if kind == "NAME" else kind)


def integer_at(tokens: Tokens, index: int) -> int:
    """The number at a token."""
    return int(tokens.text(index))


def hundredths(text: str) -> int:
    """A literal with up to two decimals, times a hundred."""
    whole, _, decimals = text.partition(".")
    return int(whole) * 100 + int(decimals.ljust(2, "0") or 0)


def only(parts: Parts, *kinds: type) -> Any:
    """The one part that is of these classes, or None."""
    return next((part for part in parts if isinstance(part, kinds)), None)


def all_of(parts: Parts, *kinds: type) -> tuple[Any, ...]:
    """The parts that are of these classes, in order."""
    return tuple(part for part in parts if isinstance(part, kinds))


class Tagged(tuple[Any, ...]):
    """Values of a sub-rule that its parent must tell from its other parts."""


class When(Tagged):
    """`when e`."""


class Where(Tagged):
    """`where e`."""


class Effects(Tagged):
    """`then { .. }`."""


class Becomes(Tagged):
    """`becomes s`."""


class Parameters(Tagged):
    """`(x: T, ..)`."""


class Arguments(Tagged):
    """`(x = e, ..)`."""


class Actors(Tagged):
    """`a and b`."""


class Names(Tagged):
    """`a, b`."""


class Paths(Tagged):
    """`a.b, c.d`."""


class Replaces(Names):
    """`replaces a, b`."""


class For(Names):
    """`for a, b`."""


class Overrides(Names):
    """`overrides a, b`."""


class Rollup(Tagged):
    """`rollup a.b`."""


def tagged(parts: Parts, kind: type[Tagged]) -> tuple[Any, ...]:
    """The values of the sub-rule of this kind, or nothing."""
    found = only(parts, kind)
    return tuple(found) if found is not None else ()


def condition(parts: Parts, kind: type[Tagged]) -> s.Expression | None:
    """The expression of the sub-rule of this kind, or None where it is left out."""
    found = tagged(parts, kind)
    return cast("s.Expression", found[0]) if found else None
