"""The value of an expression at a place and time. Total: absent values give absent or false, never an error.

The one thing that can go wrong is a limit (`some` over too many instances), which refuses. Evaluation is left to right,
and `and`, `or` stop as soon as the answer is known. This module must not write, nor know clauses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import define, evolve, field

from contracts_dsl import ir
from contracts_dsl.host import Instance, Refused, Value, World
from contracts_dsl.limits import CODE_MAX, SET_MEMBERS_MAX, SOME_MATCHES_MAX, TREE_DEPTH_MAX
from contracts_dsl.program import Program
from contracts_dsl.typesystem import Type, element

_CODE = re.compile(rf"[A-Za-z0-9.:_-]{{1,{CODE_MAX}}}")
_HASH = re.compile(r"[0-9a-f]{64}")


@define
class Place:
    """Where an expression is evaluated: the world, the moment, and what its names stand for."""

    program: Program
    world: World
    now: int
    signers: tuple[str, ...] = ()
    """Signers of the command or request; nobody while time acts (CTR-S10)."""
    instance: Instance | None = None
    """Whose parties, data and state are meant."""
    parameters: Mapping[str, Value] = field(factory=dict)
    bound: Mapping[str, int] = field(factory=dict)
    """Names bound by `some`, to ids of instances."""
    record: int | None = None
    reader: str | None = None
    purpose: str | None = None
    cell: Mapping[tuple[ir.Step, ...], Value] = field(factory=dict)
    """Values that stand for whole paths: the grouping paths of a view's cell (CTR-S22)."""


def holds(condition: ir.Expr | None, place: Place) -> bool:
    """Whether a condition is true; one that is not there is."""
    if condition is None:
        return True
    answer = evaluate(condition, place) is True
    if place.program.watch is not None:
        place.program.watch(condition, answer)
    return answer


def evaluate(e: ir.Expr, place: Place) -> Value:
    """The value of an expression; None if it is absent. Raises `Refused` (`limit_exceeded`)."""
    match e.op:
        case "lit":
            return e.value
        case "path":
            return place.cell[e.path] if e.path in place.cell else _path(e.path, place)
        case "and":
            return all(evaluate(arg, place) is True for arg in e.args)
        case "or":
            return any(evaluate(arg, place) is True for arg in e.args)
        case "not":
            return evaluate(e.args[0], place) is not True
        case "some":
            return _some(e, place)
        case "has":
            return evaluate(e.args[0], place) is not None
        case "signed":
            return evaluate(e.args[0], place) in place.signers
        case "scale" | "pct":
            return _scaled(e, evaluate(e.args[0], place))
    return _binary(e, evaluate(e.args[0], place), evaluate(e.args[1], place), place.world)


def _binary(e: ir.Expr, left: Value, right: Value, world: World) -> Value:
    # CTR-S17: only `==` and `!=` accept what is absent; it equals itself alone.
    if e.op == "eq":
        return left == right
    if e.op == "ne":
        return left != right
    if e.op == "in":
        return within(left, right, world)
    comparing = e.op in ("lt", "le", "gt", "ge")
    if not isinstance(left, int) or not isinstance(right, int):
        return False if comparing else None
    match e.op:
        case "lt":
            return left < right
        case "le":
            return left <= right
        case "gt":
            return left > right
        case "ge":
            return left >= right
        case "add":
            return left + right
    assert e.op == "sub"
    return left - right


def _scaled(e: ir.Expr, value: Value) -> Value:
    """`3 * x`, and CTR-S13: `p% * x` is floor(x * basis points / 10000)."""
    if not isinstance(value, int):
        return None
    return value * e.by if e.op == "scale" else value * e.by // 10_000


def within(left: Value, right: Value, world: World) -> bool:
    """CTR-S17: membership in a set; in a tree, ancestor or self. `a in b`: b is a or above it."""
    if isinstance(right, tuple):
        return left in right
    node = left
    for _ in range(TREE_DEPTH_MAX):
        if node == right:
            return node is not None
        node = world.parent(node) if isinstance(node, str) else None
    return False


def _some(e: ir.Expr, place: Place) -> bool:
    """CTR-S16: some instance, of any version, in any state, fulfils the condition. SOME_MATCHES_MAX are looked at."""
    assert e.find is not None
    value = evaluate(e.find.value, place)
    if value is None or isinstance(value, tuple):
        return False
    found = place.world.find(e.of, e.find.field, value, SOME_MATCHES_MAX + 1)
    for ordinal in found[:SOME_MATCHES_MAX]:
        if holds(e.args[0], evolve(place, bound={**place.bound, e.name: ordinal})):
            return True
    if len(found) > SOME_MATCHES_MAX:
        raise Refused("limit_exceeded", limit="some_matches", max=SOME_MATCHES_MAX)
    return False


def _path(path: tuple[ir.Step, ...], place: Place) -> Value:
    value = _root(path[0], place)
    for kind, name in path[1:]:
        if value is None:
            return None
        if kind == "attr":
            value = place.world.attribute(value, name) if isinstance(value, str) else None
        else:
            referenced = place.world.instance(value) if isinstance(value, int) else None
            value = _of_instance(kind, name, referenced, place.program)
    return value


def _root(step: ir.Step, place: Place) -> Value:
    kind, name = step
    match kind:
        case "param":
            return place.parameters.get(name)
        case "some":
            return place.bound.get(name)
        case "now":
            return place.now
        case "record":
            return place.record
        case "reader":
            return place.reader
        case "purpose":
            return place.purpose
    return _of_instance(kind, name, place.instance, place.program)


def _of_instance(kind: str, name: str, instance: Instance | None, program: Program) -> Value:
    if instance is None:
        return None
    return instance.state if kind == "state" else field_value(program, instance, name)


def field_value(program: Program, instance: Instance, name: str) -> Value:
    """A field of an instance; what its version does not have yet has the newest version's default (CTR-S24)."""
    contract = program.contract(instance.contract, instance.version)
    if contract is not None and name in contract.position:
        return instance.values[contract.position[name]]
    newest = program.contracts.get(instance.contract)
    initial = newest.initial.get(name) if newest is not None else None
    return initial.value if initial is not None else None


# ---- values from outside


def conforms(value: Value, kind: Type, program: Program, world: World) -> bool:
    """Whether a value is one of this type, in its range, and refers to something that exists (CTR-S7)."""
    if value is None:
        return kind.optional
    match kind.kind:
        case "bool":
            return isinstance(value, bool)
        case "int" | "money" | "time":
            low, high = kind.bounds
            return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        case "contract":
            referenced = world.instance(value) if isinstance(value, int) and not isinstance(value, bool) else None
            return referenced is not None and referenced.contract == kind.name
        case "set":
            return isinstance(value, tuple) and _is_set(value, kind, program, world)
    return isinstance(value, str) and _is_word(value, kind, program, world)


def _is_word(value: str, kind: Type, program: Program, world: World) -> bool:
    match kind.kind:
        case "code":
            return _CODE.fullmatch(value) is not None
        case "hash":
            return _HASH.fullmatch(value) is not None
        case "purpose":
            return value in program.purposes
        case "enum":
            return value in program.enums.get(kind.name, ())
        case "entity":
            return world.kind(value) == kind.name
        case "party":
            found = world.kind(value)
            return found in program.party_types and kind.name in ("", found)
    return False


def _is_set(value: tuple[str, ...], kind: Type, program: Program, world: World) -> bool:
    distinct = list(value) == sorted(set(value)) and len(value) <= SET_MEMBERS_MAX
    return distinct and all(conforms(one, element(kind), program, world) for one in value)


def in_range(value: Value, kind: Type) -> bool:
    """Whether a value of the right type may be stored: only numbers, amounts and times have a range (CTR-S13)."""
    if not isinstance(value, int) or kind.kind not in ("int", "money", "time"):
        return True
    low, high = kind.bounds
    return low <= value <= high


def shown(e: ir.Expr) -> str:
    """An expression in a neutral notation, for the values of a refusal; never for anything that is hashed."""
    match e.op:
        case "lit":
            return str(e.value)
        case "path":
            return ".".join(name or kind for kind, name in e.path)
        case "and" | "or":
            return "(" + f" {e.op} ".join(shown(arg) for arg in e.args) + ")"
        case "not" | "has":
            return f"{e.op} {shown(e.args[0])}"
        case "signed":
            return f"{shown(e.args[0])} signed"
        case "scale":
            return f"{e.by} * {shown(e.args[0])}"
        case "pct":
            return f"{e.by // 100}.{e.by % 100:02}% * {shown(e.args[0])}"
        case "some":
            return f"some {e.name}: {e.of} ({shown(e.args[0])})"
    return f"{shown(e.args[0])} {_SIGNS[e.op]} {shown(e.args[1])}"


_SIGNS: Mapping[str, str] = {
    "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "in": "in", "add": "+", "sub": "-",
}  # fmt: skip


def inputs(e: ir.Expr, place: Place) -> list[str]:
    """The paths of an expression with their present values, for the values of a refusal."""
    if e.op == "path":
        return [f"{shown(e)} = {evaluate(e, place)}"]
    if e.op == "some":
        return []
    return [text for arg in e.args for text in inputs(arg, place)]
