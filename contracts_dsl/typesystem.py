"""The types of the language (CTR-T1) and how they relate. No conversion happens anywhere.

A type is a small value with one textual form, which is what the IR carries: `int 1..3`, `money`, `party`,
`party Hospital`, `enum Level`, `entity Region`, `contract Visit`, `state Visit`, `set Scope`, `set purpose`, and any of
them with `?`. This module must not know the syntax, nor which names a package declares.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from contracts_dsl.lexer_names import NAME
from contracts_dsl.limits import INTEGER_MAX, MONEY_MAX, TIME_MAX

PLAIN = frozenset({"bool", "code", "hash", "money", "time", "purpose", "duration"})
NAMED = frozenset({"party", "enum", "entity", "contract", "state", "set"})
ORDERED = frozenset({"int", "money", "time"})
"""Kinds that `<` compares."""


class Type(Struct, frozen=True):
    """A type. `name`: of the enum, entity, party type, contract or set element; `low` and `high` bound an int."""

    kind: str
    name: str = ""
    low: int = 0
    high: int = 0
    optional: bool = False

    def __str__(self) -> str:
        if self.kind == "int":
            text = f"int {self.low}..{self.high}"
        else:
            text = f"{self.kind} {self.name}" if self.name else self.kind
        return text + "?" if self.optional else text

    @property
    def present(self) -> Type:
        """The same type without `?`."""
        return Type(self.kind, self.name, self.low, self.high) if self.optional else self

    @property
    def absent_allowed(self) -> Type:
        """The same type with `?`."""
        return Type(self.kind, self.name, self.low, self.high, optional=True)

    @property
    def bounds(self) -> tuple[int, int]:
        """Least and greatest value of a number, amount or time."""
        if self.kind == "int":
            return self.low, self.high
        return (0, MONEY_MAX) if self.kind == "money" else (0, TIME_MAX)


BOOL = Type("bool")
MONEY = Type("money")
TIME = Type("time")
DURATION = Type("duration")
CODE = Type("code")
HASH = Type("hash")
PURPOSE = Type("purpose")
ANY_PARTY = Type("party")

_INT = re.compile(r"int (-?[0-9]{1,16})\.\.(-?[0-9]{1,16})")
_NAMED = re.compile(rf"([a-z]+) ({NAME})")


@lru_cache(maxsize=4096)
def parse_type(text: str) -> Type:
    """The type with this textual form. Raises ValueError for any other text."""
    optional = text.endswith("?")
    found = _parse_present(text[:-1] if optional else text)
    return Type(found.kind, found.name, found.low, found.high, optional=optional)


def _parse_present(text: str) -> Type:
    if text in PLAIN or text == "party":
        return Type(text)
    match = _INT.fullmatch(text)
    if match is not None:
        low, high = int(match[1]), int(match[2])
        if str(Type("int", low=low, high=high)) == text and -INTEGER_MAX <= low <= high <= INTEGER_MAX:
            return Type("int", low=low, high=high)
    match = _NAMED.fullmatch(text)
    if match is not None and match[1] in NAMED:
        return Type(match[1], match[2])
    raise ValueError(f"a type, got {text!r}")


def comparable(left: Type, right: Type) -> bool:
    """Whether `==` makes sense: the same kind, and of kinds with names the same name (`party` meets any party)."""
    if left.kind != right.kind or left.kind == "duration":
        return False
    if left.kind == "party":
        return not left.name or not right.name or left.name == right.name
    return left.name == right.name


def assignable(source: Type, target: Type) -> bool:
    """Whether a value may be stored; the range of a number is checked when it is (CTR-S13)."""
    if source.kind != target.kind or (source.optional and not target.optional):
        return False
    if target.kind == "party":
        return not target.name or source.name == target.name
    return source.name == target.name


def always_fits(source: Type, target: Type) -> bool:
    """Whether storing can never be refused (CTR-T8): assignable, and a number's range is contained."""
    if not assignable(source, target):
        return False
    return source.kind != "int" or (target.low <= source.low and source.high <= target.high)


def element(of: Type) -> Type:
    """The type of a set's members."""
    return PURPOSE if of.name == "purpose" else Type("enum", of.name)
