"""What the productions of expressions mean; the second half of build_items.py, under the same conventions."""

from __future__ import annotations

from typing import Any

from contracts_dsl import syntax as s
from contracts_dsl.build_values import SECONDS, Names, Parts, Paths, builder, hundredths, integer_at, name_at
from contracts_dsl.lexer import Tokens
from contracts_dsl.source import Span


@builder
def names(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`a, b`."""
    return Names(name_at(tokens, part) for part in parts)


@builder
def paths(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`a.b, c.d`."""
    return Paths(parts)


@builder
def path(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`a.b.c`."""
    return s.Path(span, tuple([name_at(tokens, part) for part in parts]))


@builder
def duration(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`24 hours`, in seconds."""
    return s.Duration(span, integer_at(tokens, parts[0]) * SECONDS[tokens.kinds[parts[1]]])


@builder
def money(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`5 yuan`, in fen."""
    return s.Money(span, hundredths(tokens.text(parts[0])))


@builder
def integer(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """A whole number."""
    return s.Integer(span, integer_at(tokens, parts[0]))


@builder
def text(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """A string."""
    return s.Text(span, tokens.text(parts[0])[1:-1])


@builder
def truth(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`true`, `false`."""
    return s.Truth(span, tokens.kinds[parts[0]] == "TRUE")


@builder
def now(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """The time of the block."""
    return s.Now(span)


@builder
def set_literal(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`{a, b}`."""
    return s.SetLiteral(span, tuple(parts[0]) if parts else ())


@builder
def some(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`some c: C (e)`."""
    return s.Some(span, name_at(tokens, parts[0]), name_at(tokens, parts[1]), parts[2])


@builder
def or_(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """Disjunction."""
    return s.Or(span, tuple(parts))


@builder
def and_(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """Conjunction."""
    return s.And(span, tuple(parts))


@builder
def not_(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """Negation."""
    return s.Not(span, parts[0])


@builder
def compare(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """A comparison."""
    return s.Compare(span, tokens.text(parts[1]), parts[0], parts[2])


@builder
def membership(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`a in b`."""
    return s.Membership(span, parts[0], parts[1])


@builder
def signed(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`p signed`."""
    return s.Signed(span, parts[0])


@builder
def has(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`has p`."""
    return s.Has(span, parts[0])


@builder
def sum_(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """Terms with signs."""
    return s.Sum(span, tuple(parts[::2]), ("+", *(tokens.text(index) for index in parts[1::2])))


@builder
def scale(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`3 * x`."""
    return s.Scale(span, integer_at(tokens, parts[0]), parts[1])


@builder
def percentage(tokens: Tokens, span: Span, parts: Parts) -> Any:
    """`70% * x`."""
    return s.Percentage(span, hundredths(tokens.text(parts[0])[:-1]), parts[1])
