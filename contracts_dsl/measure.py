"""What can be told of a typed expression without evaluating it: its type, size, range, and what it mentions.

Shared by the checker, which reads programs, and the verifier, which reads what a chain stores. It must not know
syntax, nor evaluate anything.
"""

from __future__ import annotations

from collections.abc import Iterator

from contracts_dsl import ir
from contracts_dsl.typesystem import ORDERED, Type, parse_type


def type_of(expression: ir.Expr) -> Type:
    """The type that an expression carries. Raises ValueError if its text is none."""
    return parse_type(expression.type)


def interval(e: ir.Expr) -> tuple[int, int]:
    """Least and greatest value that an expression of numbers can have; (0, 0) for others."""
    if e.op == "lit":
        number = e.value if isinstance(e.value, int) and not isinstance(e.value, bool) else 0
        return number, number
    if e.op == "path":
        kind = type_of(e)
        return kind.bounds if kind.kind in ORDERED else (0, 0)
    if e.op not in ("add", "sub", "scale", "pct"):
        return 0, 0
    low, high = interval(e.args[0])
    if e.op == "scale":
        return low * e.by, high * e.by
    if e.op == "pct":
        return low * e.by // 10_000, high * e.by // 10_000
    other_low, other_high = interval(e.args[1])
    return (low + other_low, high + other_high) if e.op == "add" else (low - other_high, high - other_low)


def size(e: ir.Expr) -> int:
    """Nodes of an expression (CTR-T14)."""
    return 1 + sum(size(arg) for arg in e.args)


def depth(e: ir.Expr) -> int:
    """How deep an expression is nested, steps of paths included."""
    inner = (*e.args, e.find.value) if e.find is not None else e.args
    return 1 + len(e.path) + max(map(depth, inner), default=0)


def expressions(module: ir.Contract | ir.Policy) -> Iterator[ir.Expr]:
    """Every whole expression of a module that an action or a decision evaluates."""
    if isinstance(module, ir.Policy):
        for rule in module.rules:
            yield from ([rule.when] if rule.when is not None else [])
        return
    yield from (party.where for party in module.parties if party.where is not None)
    for clause in (*module.start, *(one for state in module.states for one in state.clauses)):
        if not isinstance(clause, ir.Wait):
            yield from ([clause.when] if clause.when is not None else [])
            yield from (one for effect in clause.do for one in _operands(effect))


def _operands(effect: ir.Effect) -> tuple[ir.Expr, ...]:
    match effect:
        case ir.Set():
            return (effect.value,)
        case ir.Pay():
            return (effect.amount, effect.payer, *(share.to for share in effect.shares))
        case ir.Create():
            return tuple(arg.value for arg in effect.args)
        case ir.Call():
            return (effect.on, *(arg.value for arg in effect.args))


def paths(e: ir.Expr) -> Iterator[tuple[ir.Step, ...]]:
    """Every path of an expression, outside what a `some` looks at."""
    if e.op == "path":
        yield e.path
    if e.op != "some":
        for arg in e.args:
            yield from paths(arg)


def mentions(e: ir.Expr, root: ir.Step) -> bool:
    """Whether a path of the expression starts at this root."""
    return (e.op == "path" and e.path[0] == root) or any(mentions(arg, root) for arg in e.args)
