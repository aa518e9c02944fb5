"""Are the types that an IR expression claims the types it has? The rules T1 to T5 once more, on what a chain stores.

The checker writes types into the IR; whoever deploys could have written anything. A node recomputes every one of them,
so that the interpreter meets only expressions on which it is total. This module must not know syntax.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import evolve, field, frozen

from contracts_dsl import ir
from contracts_dsl.limits import (
    CODE_MAX,
    DURATION_MAX,
    INTEGER_MAX,
    MONEY_MAX,
    NODES_PER_EXPRESSION_MAX,
    SET_MEMBERS_MAX,
)  # fmt: skip
from contracts_dsl.measure import interval, mentions, size
from contracts_dsl.program import Program
from contracts_dsl.typesystem import (
    BOOL,
    ORDERED,
    PURPOSE,
    TIME,
    Type,
    assignable,
    comparable,
    element,
    parse_type,
)  # fmt: skip

_CODE = re.compile(rf"[A-Za-z0-9.:_-]{{1,{CODE_MAX}}}")
_HASH = re.compile(r"[0-9a-f]{64}")
_ONE, _TWO, _MANY = (1, 1), (2, 2), (2, NODES_PER_EXPRESSION_MAX)
_ARITY: Mapping[str, tuple[int, int]] = {
    "and": _MANY, "or": _MANY, "not": _ONE, "eq": _TWO, "ne": _TWO, "lt": _TWO, "le": _TWO, "gt": _TWO, "ge": _TWO,
    "in": _TWO, "has": _ONE, "signed": _ONE, "add": _TWO, "sub": _TWO, "scale": _ONE, "pct": _ONE, "some": _ONE,
    "path": (0, 0), "lit": (0, 0),
}  # fmt: skip


class Unsound(Exception):
    """Something in an IR is not what it claims; the message says what was expected."""


def need(condition: object, expected: str) -> None:
    """Raise `Unsound` unless the condition is true."""
    if not condition:
        raise Unsound(expected)


@frozen
class Scope:
    """What the roots of paths mean at one place of a module, and which optional paths are known to be there."""

    program: Program
    fields: Mapping[tuple[str, str], Type] = field(factory=dict)
    """("party"|"data", name) of the own contract."""
    contract: str | None = None
    parameters: Mapping[str, Type] = field(factory=dict)
    bound: Mapping[str, str] = field(factory=dict)
    record: str | None = None
    reader: str | None = None
    present: frozenset[tuple[ir.Step, ...]] = frozenset()

    def knowing(self, condition: ir.Expr | None) -> Scope:
        """The same place where a condition is known to hold."""
        known = {one.args[0].path for one in ir.conjuncts(condition) if one.op == "has"}
        return evolve(self, present=self.present | known)

    def stored(self, e: ir.Expr, target: Type) -> None:
        """A whole expression that can be stored in a target."""
        found = self.whole(e)
        need(assignable(found, target), f"{target}, got {found}")

    def condition(self, e: ir.Expr | None) -> None:
        """A whole condition, or none."""
        if e is not None:
            self.stored(e, BOOL)

    def whole(self, e: ir.Expr) -> Type:
        """The type of a whole expression, everything in it verified. Raises `Unsound`."""
        need(size(e) <= NODES_PER_EXPRESSION_MAX, f"at most {NODES_PER_EXPRESSION_MAX} nodes")
        return self.type(e)

    def type(self, e: ir.Expr) -> Type:
        """The type of an expression, which must be the one it claims."""
        low, high = _ARITY[e.op]
        need(low <= len(e.args) <= high, f"{low} to {high} operands of {e.op}, got {len(e.args)}")
        need((e.value is None) == (e.op != "lit"), f"a value in `lit` alone, got one in {e.op}")
        need(bool(e.path) == (e.op == "path"), "a path in `path` alone")
        need(e.by == 0 or e.op in ("scale", "pct"), "`by` in `scale` and `pct` alone")
        need((e.find is None) == (e.op != "some") and bool(e.name) == bool(e.of) == (e.op == "some"), "`some` whole")
        found = self._computed(e)
        need(str(found) == e.type, f"type {found}, got {e.type}")
        return found

    def _computed(self, e: ir.Expr) -> Type:
        match e.op:
            case "lit":
                return self._literal(e)
            case "path":
                return self._path(e.path)
            case "and":
                place = self
                for arg in e.args:
                    place._is(arg, BOOL)
                    place = place.knowing(arg)
                return BOOL
            case "or" | "not":
                for arg in e.args:
                    self._is(arg, BOOL)
                return BOOL
            case "has":
                need(e.args[0].op == "path" and self._optional(e.args[0].path), "an optional path")
                need(e.args[0].type.endswith("?"), "an optional type")
                return BOOL
            case "signed":
                self._is(e.args[0], Type("party"))
                return BOOL
            case "some":
                return self._some(e)
            case "add" | "sub" | "scale" | "pct":
                return self._number(e)
        return self._comparison(e)

    def _is(self, e: ir.Expr, target: Type) -> None:
        found = self.type(e)
        need(assignable(found, target), f"{target}, got {found}")

    def _comparison(self, e: ir.Expr) -> Type:
        left, right = (self.type(arg) for arg in e.args)
        if e.op == "in":
            need(not right.optional and right.kind in ("set", "entity"), f"a set or tree, got {right}")
            declared = self.program.kinds.get(right.name)
            need(right.kind == "set" or (declared is not None and declared.tree), f"a tree, got {right}")
            member = element(right) if right.kind == "set" else right
            need(assignable(left, member), f"{member}, got {left}")
            return BOOL
        need(comparable(left, right), f"{left}, got {right}")
        if e.op not in ("eq", "ne"):
            need(left.kind in ORDERED and not left.optional and not right.optional, f"ordered values, got {left}")
        return BOOL

    def _number(self, e: ir.Expr) -> Type:
        kinds = [self.type(arg) for arg in e.args]
        need(not any(kind.optional for kind in kinds), "present numbers")
        pair = tuple(kind.kind for kind in kinds)
        allowed = {("int", "int"), ("money", "money"), ("time", "duration"), ("int",), ("money",)}
        need(pair in allowed, f"numbers of one kind, got {pair}")
        need(0 <= e.by <= INTEGER_MAX, "a literal factor")
        low, high = interval(e)
        need(max(-low, high) <= INTEGER_MAX, f"values within {INTEGER_MAX}")
        return Type("int", "", low, high) if kinds[0].kind == "int" else kinds[0]

    def _some(self, e: ir.Expr) -> Type:
        need(not self.bound, "no `some` within `some`")
        need(e.of in self.program.contracts and e.find is not None, f"a contract, got {e.of}")
        assert e.find is not None
        inner = evolve(self, bound={e.name: e.of})
        inner._is(e.args[0], BOOL)
        fields = self.program.contracts[e.of].types
        need(e.find.field in self.program.fixed[e.of], f"a field of {e.of} that is never set, got {e.find.field}")
        need(fields[e.find.field].kind != "set", "a field that can be looked up")
        need(not mentions(e.find.value, ("some", e.name)), "a value from outside")
        sides = [one.args for one in ir.conjuncts(e.args[0]) if one.op == "eq"]
        paths = {(("some", e.name), (kind, e.find.field)) for kind in ("party", "data")}
        found = [pair for pair in sides for pair in (pair, pair[::-1]) if pair[0].path in paths]
        need(any(pair[1] == e.find.value for pair in found), "an index that is one of the conjuncts")
        return BOOL

    def _literal(self, e: ir.Expr) -> Type:
        kind, value = parse_type(e.type), e.value
        need(not kind.optional, "a literal is there")
        match kind.kind:
            case "bool":
                good = isinstance(value, bool)
            case "int" | "money" | "duration":
                most = {"int": INTEGER_MAX, "money": MONEY_MAX, "duration": DURATION_MAX}[kind.kind]
                good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
                good = good and (kind.kind != "int" or (kind.low, kind.high) == (value, value))
            case "set":
                good = isinstance(value, tuple) and list(value) == sorted(set(value)) and self._members(value, kind)
            case _:
                good = isinstance(value, str) and self._word(value, kind)
        need(good, f"a literal of {kind}, got {value!r}")
        return kind

    def _members(self, value: tuple[str, ...], kind: Type) -> bool:
        return len(value) <= SET_MEMBERS_MAX and all(self._word(one, element(kind)) for one in value)

    def _word(self, value: str, kind: Type) -> bool:
        match kind.kind:
            case "code":
                return _CODE.fullmatch(value) is not None
            case "hash":
                return _HASH.fullmatch(value) is not None
            case "purpose":
                return value in self.program.purposes
            case "enum":
                return value in self.program.enums.get(kind.name, ())
            case "state":
                return kind.name in self.program.contracts and value in self.program.contracts[kind.name].states
        return False

    # ---- paths

    def _optional(self, path: tuple[ir.Step, ...]) -> bool:
        return self._walk(path)[-1].optional

    def _path(self, path: tuple[ir.Step, ...]) -> Type:
        found = self._walk(path)[-1]
        return found.present if path in self.present else found

    def _walk(self, path: tuple[ir.Step, ...]) -> list[Type]:
        """The declared type at every step; every optional on the way must be known to be there."""
        types = [self._root(path[0])]
        for at, step in enumerate(path[1:], 1):
            need(not types[-1].optional or path[:at] in self.present, "a step from what is there")
            types.append(self._step(types[-1], step))
        return types

    def _root(self, step: ir.Step) -> Type:
        kind, name = step
        if kind in ("party", "data"):
            need(step in self.fields, f"a field, got {name}")
            return self.fields[step]
        need(kind in ("param", "some") or name == "", f"no name with {kind}")
        found = {
            "param": self.parameters.get(name),
            "some": Type("contract", self.bound[name]) if name in self.bound else None,
            "now": TIME,
            "state": Type("state", self.contract) if self.contract is not None else None,
            "record": Type("contract", self.record) if self.record is not None else None,
            "reader": Type("party", self.reader) if self.reader is not None else None,
            "purpose": PURPOSE if self.reader is not None else None,
        }.get(kind)
        if found is None:
            raise Unsound(f"a root that means something here, got {kind} {name}")
        return found

    def _step(self, at: Type, step: ir.Step) -> Type:
        kind, name = step
        found: Type | None = None
        if at.kind == "contract":
            contract = self.program.contracts[at.name]
            if kind == "state" and not name:
                found = Type("state", at.name)
            elif kind == field_kind(self.program, at.name, name):
                found = contract.types[name]
        elif at.kind in ("party", "entity") and kind == "attr":
            found = self.program.attribute_types(at.name).get(name)
        if found is None:
            raise Unsound(f"a part of {at}, got {kind} {name}")
        return found


def field_kind(program: Program, contract: str, name: str) -> str:
    """`party` or `data`, as the contract declares a field; empty if it has none of this name."""
    module = program.contracts[contract].module
    if any(one.name == name for one in module.parties):
        return "party"
    return "data" if any(one.name == name for one in module.data) else ""
