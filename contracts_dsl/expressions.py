"""Expressions: from syntax to typed IR, every name resolved (CTR-T1 to CTR-T5).

One `Elaborator` stands for one place in a program: which names mean what there, and which optional values are known to
be present. This module must not know clauses, rules or effects.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from attrs import define, evolve, field

from contracts_dsl import ir
from contracts_dsl import syntax as s
from contracts_dsl.diagnostics import Written
from contracts_dsl.limits import (
    CODE_MAX,
    DURATION_MAX,
    INTEGER_MAX,
    MONEY_MAX,
    NODES_PER_EXPRESSION_MAX,
    SET_MEMBERS_MAX,
)
from contracts_dsl.measure import interval, mentions, size, type_of
from contracts_dsl.names import PackageNames, Problem, unknown
from contracts_dsl.source import Span
from contracts_dsl.typesystem import (
    ANY_PARTY,
    BOOL,
    CODE,
    DURATION,
    HASH,
    MONEY,
    ORDERED,
    PURPOSE,
    TIME,
    Type,
    assignable,
    comparable,
    element,
)

Route = tuple[ir.Step, ...]
_CODE = re.compile(rf"[A-Za-z0-9.:_-]{{1,{CODE_MAX}}}")
_OPERATORS: Mapping[str, ir.Op] = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


@define
class Elaborator:
    """One place in a program. `at` methods return IR; all raise `Problem`."""

    names: PackageNames
    contract: str | None = None
    """The contract whose parties and data are visible."""
    parameters: Mapping[str, Type] = field(factory=dict)
    bound: Mapping[str, str] = field(factory=dict)
    """Names that stand for an instance, with its contract: of `some`, and of steps of a test."""
    nodes: Mapping[str, Type] = field(factory=dict)
    """Nodes of the test directory; only in tests."""
    record: str | None = None
    """The contract that `record` is an instance of; only in policies."""
    reader: str | None = None
    """The party type of `reader`; only in policies."""
    present: frozenset[Route] = frozenset()
    """Optional paths known to be there (CTR-T4)."""
    in_test: bool = False
    by_time: bool = False
    """In the outcome of a timer (CTR-T8)."""
    in_some: str = ""
    """Name bound by the enclosing `some`."""

    def condition(self, expression: s.Expression) -> ir.Expr:
        """A whole expression of type bool."""
        return self.value(expression, BOOL)

    def value(self, expression: s.Expression, expected: Type) -> ir.Expr:
        """A whole expression that can be stored in `expected` (a wider or narrower range of numbers is allowed)."""
        found = self.expression(expression, expected)
        if not assignable(type_of(found), expected):
            code = "E302" if assignable(type_of(found).present, expected) else "E301"
            raise Problem(code, expression.span, expected=expected, got=type_of(found), path=_text(expression))
        return found

    def expression(self, expression: s.Expression, expected: Type | None = None) -> ir.Expr:
        """A whole expression of whatever type it has; `expected` says what a bare name may mean."""
        found = self._at(expression, expected)
        if size(found) > NODES_PER_EXPRESSION_MAX:
            raise Problem("E003", expression.span, limit="nodes_per_expression", max=NODES_PER_EXPRESSION_MAX)
        return found

    def knowing(self, condition: ir.Expr | None) -> Elaborator:
        """The same place where a condition is known to hold: what it says `has` of is present."""
        known = {one.args[0].path for one in ir.conjuncts(condition) if one.op == "has"}
        return evolve(self, present=self.present | known) if known else self

    def _at(self, e: s.Expression, expected: Type | None) -> ir.Expr:
        match e:
            case s.Path():
                return self._path(e, expected)
            case s.And():
                return self._conjunction(e)
            case s.Or():
                return ir.Expr("or", "bool", tuple(self._operand(part, BOOL) for part in e.parts))
            case s.Not():
                return ir.Expr("not", "bool", (self._operand(e.part, BOOL),))
            case s.Compare():
                return self._compare(e)
            case s.Membership():
                return self._membership(e)
            case s.Signed():
                return ir.Expr("signed", "bool", (self._operand(e.part, ANY_PARTY),))
            case s.Has():
                return self._has(e)
            case s.Some():
                return self._some(e)
            case s.Sum() | s.Scale() | s.Percentage():
                return self._arithmetic(e, expected)
            case _:
                return self._literal(e, expected)

    def _operand(self, e: s.Expression, expected: Type) -> ir.Expr:
        found = self._at(e, expected)
        kind = type_of(found)
        if kind.optional and assignable(kind.present, expected):
            raise Problem("E302", e.span, path=_text(e), expected=expected, got=type_of(found))
        if not assignable(kind, expected):
            raise Problem("E301", e.span, expected=expected, got=type_of(found))
        return found

    def _conjunction(self, e: s.And) -> ir.Expr:
        """Left to right: what an earlier conjunct says `has` of may be used in a later one (CTR-T4)."""
        place, parts = self, []
        for part in e.parts:
            found = place._operand(part, BOOL)
            parts.append(found)
            place = place.knowing(found)
        return ir.Expr("and", "bool", tuple(parts))

    # ---- names and paths

    def _path(self, e: s.Path, expected: Type | None) -> ir.Expr:
        root = e.parts[0]
        variable = self._variable(root)
        if len(e.parts) == 1 and not root.word:
            meant = self._word(root, expected)
            if variable is not None and meant is not None:
                raise Problem("E203", root.span, name=root.text, type=meant.type)
            if meant is not None:
                return meant
        if variable is None:
            raise self._unknown(root, expected)
        return self._steps(e, *variable)

    def _variable(self, root: s.Name) -> tuple[Route, Type] | None:
        """What a name or word stands for as the root of a path."""
        if root.word:
            return self._keyword(root)
        name = root.text
        if name in self.parameters:
            return (("param", name),), self.parameters[name]
        if name in self.bound:
            return (("some", name),), Type("contract", self.bound[name])
        if self.contract is not None:
            contract = self.names.contracts[self.contract]
            if name in contract.parties:
                return (("party", name),), contract.parties[name]
            if name in contract.data:
                return (("data", name),), contract.data[name]
        return None

    def _keyword(self, root: s.Name) -> tuple[Route, Type] | None:
        if root.word == "STATE" and self.contract is not None:
            return (("state", ""),), Type("state", self.contract)
        if root.word == "RECORD" and self.record is not None:
            return (("record", ""),), Type("contract", self.record)
        if root.word == "READER" and self.reader is not None:
            return (("reader", ""),), Type("party", self.reader)
        if root.word == "PURPOSE" and self.reader is not None:
            return (("purpose", ""),), PURPOSE
        raise Problem("E205", root.span, word=root.text)

    def _steps(self, e: s.Path, route: Route, kind: Type) -> ir.Expr:
        """Follow the steps of a path; every optional on the way must be known to be present."""
        for step in e.parts[1:]:
            if kind.optional and route not in self.present:
                raise Problem("E302", e.span, path=_text(e, route), expected=kind.present, got=kind)
            route, kind = self._step(step, route, kind.present)
        if kind.optional and route in self.present:
            kind = kind.present
        return ir.Expr("path", str(kind), path=route)

    def _step(self, step: s.Name, route: Route, kind: Type) -> tuple[Route, Type]:
        if kind.kind == "contract":
            contract = self.names.contracts[kind.name]
            if step.word == "STATE":
                return (*route, ("state", "")), Type("state", kind.name)
            if step.text in contract.parties and not step.word:
                return (*route, ("party", step.text)), contract.parties[step.text]
            if step.text in contract.data and not step.word:
                return (*route, ("data", step.text)), contract.data[step.text]
            raise unknown(step, contract.fields)
        if kind.kind in ("party", "entity"):
            attributes = self.names.attributes(kind)
            if step.text in attributes and not step.word:
                return (*route, ("attr", step.text)), attributes[step.text]
            raise unknown(step, attributes)
        raise Problem("E301", step.span, expected="@something_with_parts", got=kind)

    def _word(self, name: s.Name, expected: Type | None) -> ir.Expr | None:
        """A bare name as a member, purpose, state or test node of the expected type (CTR-T3)."""
        if expected is None:
            return None
        if expected.kind in ("enum", "purpose", "state") and name.text in self.names.members(expected):
            return ir.Expr("lit", str(expected.present), value=name.text)
        node = self.nodes.get(name.text)
        if node is not None and (expected.kind == node.kind and expected.name in ("", node.name)):
            return ir.Expr("lit", str(node), value=name.text)
        return None

    def _unknown(self, name: s.Name, expected: Type | None) -> Problem:
        if expected is not None and expected.kind == "state":
            return unknown(name, self.names.members(expected), "E202")
        if name.text in self.nodes:
            return Problem("E301", name.span, expected=expected or "@a_value", got=self.nodes[name.text])
        own = self.names.contracts[self.contract].fields if self.contract else {}
        words = self.names.members(expected) if expected else ()
        return unknown(name, [*self.parameters, *self.bound, *own, *words, *self.nodes])

    # ---- comparisons

    def _pair(self, left: s.Expression, right: s.Expression) -> tuple[ir.Expr, ir.Expr]:
        """Both sides of a comparison; a bare name may mean a word of the type of the other side (CTR-T3)."""
        if self._needs_help(left):
            there = self._at(right, None)
            return self._at(left, type_of(there)), there
        here = self._at(left, None)
        return here, self._at(right, type_of(here))

    def _needs_help(self, e: s.Expression) -> bool:
        """Whether only the other side can say what this one means."""
        if isinstance(e, s.Path) and len(e.parts) == 1 and not e.parts[0].word:
            return self._variable(e.parts[0]) is None
        return isinstance(e, s.Text | s.SetLiteral)

    def _compare(self, e: s.Compare) -> ir.Expr:
        left, right = self._pair(e.left, e.right)
        if isinstance(e.left, s.Path) and not self._needs_help(e.left):
            # The left side may have been a word of the right side's type as well: then it is ambiguous.
            self._at(e.left, type_of(right))
        here, there = type_of(left), type_of(right)
        operator = _OPERATORS[e.operator]
        if not comparable(here, there):
            raise Problem("E301", e.right.span, expected=here, got=there)
        if operator in ("eq", "ne"):
            return ir.Expr(operator, "bool", (left, right))
        if here.kind not in ORDERED:
            raise Problem("E301", e.left.span, expected="@an_ordered_type", got=here)
        for side, kind in ((e.left, here), (e.right, there)):
            if kind.optional:
                raise Problem("E302", side.span, path=_text(side), expected=kind.present, got=kind)
        return ir.Expr(operator, "bool", (left, right))

    def _membership(self, e: s.Membership) -> ir.Expr:
        """`a in {..}`, or `a in b` in a tree."""
        right = self._at(e.right, self._set_type(e.left) if isinstance(e.right, s.SetLiteral) else None)
        there = type_of(right)
        if there.optional:
            raise Problem("E302", e.right.span, path=_text(e.right), expected=there.present, got=there)
        if there.kind == "set":
            left = self._operand(e.left, element(there))
        elif there.kind == "entity" and there.name in self.names.trees:
            left = self._operand(e.left, there)
        else:
            raise Problem("E301", e.right.span, expected="@a_set_or_tree", got=there)
        return ir.Expr("in", "bool", (left, right))

    def _set_type(self, member: s.Expression) -> Type | None:
        """The type of the sets in which this can be."""
        kind = type_of(self._at(member, None))
        names = {"enum": kind.name, "purpose": "purpose"}
        return Type("set", names[kind.kind]) if kind.kind in names else None

    def _has(self, e: s.Has) -> ir.Expr:
        found = self._path(e.path, None)
        if found.op != "path" or not (type_of(found).optional or found.path in self.present):
            raise Problem("E301", e.path.span, expected="@an_optional", got=type_of(found))
        kind = type_of(found)
        asked = ir.Expr("path", str(kind if kind.optional else kind.absent_allowed), path=found.path)
        return ir.Expr("has", "bool", (asked,))

    def _some(self, e: s.Some) -> ir.Expr:
        """`some c: C (e)`: indexed by its first conjunct `c.f == e` with f never set (CTR-T5)."""
        if self.in_some:
            raise Problem("E304", e.span)
        contract = e.contract.text
        if contract not in self.names.contracts:
            raise unknown(e.contract, self.names.contracts)
        name = e.name.text
        if self._variable(e.name) is not None:
            raise Problem("E204", e.name.span, name=name)
        inner = evolve(self, bound={**self.bound, name: contract}, in_some=name)
        condition = inner._operand(e.condition, BOOL)
        find = self._index(contract, name, condition)
        if find is None:
            raise Problem("E303", e.span, name=name, contract=contract)
        return ir.Expr("some", "bool", (condition,), name=name, of=contract, find=find)

    def _index(self, contract: str, name: str, condition: ir.Expr) -> ir.Find | None:
        assigned = self.names.contracts[contract].assigned
        for conjunct in ir.conjuncts(condition):
            if conjunct.op != "eq":
                continue
            for side, other in (conjunct.args, conjunct.args[::-1]):
                direct = side.op == "path" and side.path[0] == ("some", name) and len(side.path) == 2
                step = side.path[1] if direct else ("state", "")
                usable = step[0] in ("party", "data") and step[1] not in assigned and type_of(other).kind != "set"
                if direct and usable and not mentions(other, ("some", name)):
                    return ir.Find(step[1], other)
        return None

    # ---- arithmetic and literals

    def _arithmetic(self, e: s.Sum | s.Scale | s.Percentage, expected: Type | None) -> ir.Expr:
        if isinstance(e, s.Sum):
            total = self._at(e.terms[0], None)
            for sign, term in zip(e.signs[1:], e.terms[1:], strict=True):
                total = self._plus(total, sign, self._at(term, None), term.span)
            return total
        part = self._at(e.part, None)
        kind = type_of(part)
        if kind.optional:
            raise Problem("E302", e.part.span, path=_text(e.part), expected=kind.present, got=kind)
        if kind.kind not in ("int", "money"):
            raise Problem("E301", e.part.span, expected="@a_number_or_amount", got=kind)
        op: ir.Op = "scale" if isinstance(e, s.Scale) else "pct"
        by = e.factor if isinstance(e, s.Scale) else e.basis_points
        return _numeric(op, kind.kind, (part,), by, e.span)

    def _plus(self, left: ir.Expr, sign: str, right: ir.Expr, span: Span) -> ir.Expr:
        here, there = type_of(left), type_of(right)
        if here.optional or there.optional:
            raise Problem("E302", span, path=here, expected=here.present, got=there)
        pair = (here.kind, there.kind)
        if pair not in (("int", "int"), ("money", "money"), ("time", "duration")):
            raise Problem("E301", span, expected=DURATION if here.kind == "time" else here, got=there)
        return _numeric("add" if sign == "+" else "sub", here.kind, (left, right), 0, span)

    def _literal(self, e: s.Expression, expected: Type | None) -> ir.Expr:
        match e:
            case s.Integer():
                return ir.Expr("lit", str(Type("int", "", e.value, e.value)), value=_at_most(e, e.value, INTEGER_MAX))
            case s.Money():
                return ir.Expr("lit", str(MONEY), value=_at_most(e, e.fen, MONEY_MAX))
            case s.Duration():
                return ir.Expr("lit", str(DURATION), value=_at_most(e, e.seconds, DURATION_MAX))
            case s.Truth():
                return ir.Expr("lit", str(BOOL), value=e.value)
            case s.Now():
                return ir.Expr("path", str(TIME), path=(("now", ""),))
            case s.SetLiteral():
                return self._set(e, expected)
            case s.Text():
                return self._text(e, expected)
        raise AssertionError(f"no such expression: {e}")

    def _text(self, e: s.Text, expected: Type | None) -> ir.Expr:
        """A code; in a test, where a hash is due, the digest of the text."""
        if self.in_test and expected is not None and expected.kind == "hash":
            return ir.Expr("lit", str(HASH), value=hashlib.sha256(e.value.encode()).hexdigest())
        if not _CODE.fullmatch(e.value):
            raise Problem("E301", e.span, expected="@a_code", got=Written(e.value))
        return ir.Expr("lit", str(CODE), value=e.value)

    def _set(self, e: s.SetLiteral, expected: Type | None) -> ir.Expr:
        if expected is None or expected.kind != "set":
            raise Problem("E301", e.span, expected=expected or "@a_value", got="@a_set")
        allowed = self.names.members(element(expected))
        for member in e.members:
            if member.text not in allowed:
                raise unknown(member, allowed)
        members = tuple(sorted({member.text for member in e.members}))
        if len(members) > SET_MEMBERS_MAX:
            raise Problem("E003", e.span, limit="set_members", max=SET_MEMBERS_MAX)
        return ir.Expr("lit", str(expected.present), value=members)


def _at_most(e: s.Syntax, value: int, maximum: int) -> int:
    if value > maximum:
        raise Problem("E003", e.span, limit="literal", max=maximum)
    return value


def _numeric(op: ir.Op, kind: str, args: tuple[ir.Expr, ...], by: int, span: Span) -> ir.Expr:
    """An arithmetic node, exact whatever its operands are (CTR-T2); that of an int carries its range in its type."""
    low, high = interval(ir.Expr(op, kind, args, by=by))
    if max(-low, high) > INTEGER_MAX:
        raise Problem("E305", span, low=low, high=high, max=INTEGER_MAX)
    return ir.Expr(op, str(Type("int", "", low, high)) if kind == "int" else kind, args, by=by)


def _text(e: s.Syntax, route: Sequence[ir.Step] | None = None) -> str:
    """The source form of a path, for messages; of a prefix of it, if a route is given."""
    if not isinstance(e, s.Path):
        return "@this_value"
    parts = e.parts[: len(route)] if route is not None else e.parts
    return ".".join(part.text for part in parts)
