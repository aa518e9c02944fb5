"""Expressions of the IR as Python source: the part of the compiled form that computes values.

What is written here computes exactly what `evaluate.py` says, absent values included. Nothing of a program's own text
enters the source: names become numbered locals, words become numbered constants, only whole numbers are written out.
A path that was read on the way is kept in a local and read no second time; `Writer.known` is the set of those that are
certainly assigned at the place where the next piece of source will stand. This module must not know clauses or rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import define, evolve, field, frozen

from contracts_dsl import ir
from contracts_dsl.evaluate import field_value, within
from contracts_dsl.host import Value
from contracts_dsl.limits import SOME_MATCHES_MAX
from contracts_dsl.program import ContractProgram, Program
from contracts_dsl.typesystem import ORDERED, Type, parse_type

_COMPARISONS: Mapping[str, str] = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_SUMS: Mapping[str, str] = {"add": "+", "sub": "-"}


class Unsettled(Exception):
    """Compiled code met a refusal; the definitional interpreter says which."""


@define
class Unit:
    """Python source in the making, and the constants it is bound to."""

    program: Program
    lines: list[str] = field(factory=list)
    bound: dict[str, Any] = field(factory=dict)
    _words: dict[Value, str] = field(factory=dict)
    _count: int = 0

    def __attrs_post_init__(self) -> None:
        self.bound.update(Unsettled=Unsettled, within=within, field_value=field_value, program=self.program, NOTHING={})

    def fresh(self, prefix: str) -> str:
        """A name that nothing else has."""
        self._count += 1
        return f"{prefix}{self._count}"

    def constant(self, value: Any) -> str:
        """The name of a constant with this value."""
        if isinstance(value, str) and value in self._words:
            return self._words[value]
        name = self.fresh("k")
        self.bound[name] = value
        if isinstance(value, str):
            self._words[value] = name
        return name

    def literal(self, value: Value) -> str:
        """A value as source."""
        if value is None or isinstance(value, bool | int):
            return f"({value})"
        return self.constant(value)

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """All functions of the unit, ready to be called."""
        exec(compile("\n".join(self.lines), "<compiled contract>", "exec"), self.bound)
        return self.bound


@frozen
class Row:
    """A root of paths that is an instance at hand: the local that holds it, and whether that may be None."""

    local: str
    contract: str
    values: str
    """Source of its values."""
    may_be_absent: bool = False


@frozen
class Scene:
    """What the roots of paths are in one generated function. A root that is not given here is absent."""

    arguments: tuple[str, ...]
    """Names of the function's arguments; the functions of its `some`s take the same."""
    own: ContractProgram | None = None
    """The contract whose instance is `instance`, with its fields in `values`."""
    parameters: Mapping[str, tuple[str, Type]] = field(factory=dict)
    """Parameter to its local and type."""
    rows: Mapping[ir.Step, Row] = field(factory=dict)
    places: Mapping[str, str] = field(factory=dict)
    """Source of `now reader record purpose`."""
    known: Mapping[tuple[ir.Step, ...], str] = field(factory=dict)
    """Paths that arguments hold. A path that ends in ("attr", "") is all attributes of the node before it."""


@define
class Writer:
    """Writes one function into a unit."""

    unit: Unit
    scene: Scene
    lines: list[str] = field(factory=list)
    known: dict[tuple[ir.Step, ...], str] = field(factory=dict)
    """Paths that are certainly held by a local here."""

    def __attrs_post_init__(self) -> None:
        self.known.update(self.scene.known)

    def line(self, text: str, depth: int = 1) -> None:
        """Add a line to the body."""
        self.lines.append("    " * depth + text)

    def finish(self, name: str) -> str:
        """Put the function into the unit; its name."""
        self.unit.lines += [f"def {name}({', '.join(self.scene.arguments)}):", *self.lines]
        return name

    @contextmanager
    def perhaps(self) -> Iterator[None]:
        """What is written here may be skipped when it runs: it makes nothing known."""
        before = dict(self.known)
        yield
        self.known = before

    # ---- conditions and values

    def condition(self, e: ir.Expr) -> str:
        """Source that is True iff the expression is."""
        text = self.value(e)
        return f"({text} is True)" if e.op in ("path", "lit") else text

    def all_of(self, conditions: list[ir.Expr]) -> str:
        """Source that is True iff all are, tried in order. If it is True, all are known from there on."""
        return "(" + " and ".join(self.condition(one) for one in conditions) + ")"

    def value(self, e: ir.Expr) -> str:
        """Source of the value of an expression."""
        match e.op:
            case "lit":
                return self.unit.literal(e.value)
            case "path":
                return self._path(e.path)
            case "and" | "or":
                return self._joined(e)
            case "not":
                return f"(not {self.condition(e.args[0])})"
            case "some":
                return f"{_some(self, e)}({', '.join(self.scene.arguments)})"
            case "has":
                return f"({self.value(e.args[0])} is not None)"
            case "signed":
                return f"({self.value(e.args[0])} in signers)"
            case "eq" | "ne":
                sign = "==" if e.op == "eq" else "!="
                return f"({self.value(e.args[0])} {sign} {self.value(e.args[1])})"
            case "in":
                return self._membership(e)
        return self._number(e)

    def _joined(self, e: ir.Expr) -> str:
        parts = [self.condition(e.args[0])]
        with self.perhaps():
            parts += [self.condition(arg) for arg in e.args[1:]]
        return "(" + f" {e.op} ".join(parts) + ")"

    def _membership(self, e: ir.Expr) -> str:
        """CTR-S17. The right side is evaluated first."""
        if e.args[1].op == "lit" and isinstance(e.args[1].value, tuple):
            return f"({self.value(e.args[0])} in {self.unit.constant(frozenset(e.args[1].value))})"
        right, left = self.value(e.args[1]), self.value(e.args[0])
        if parse_type(e.args[1].type).kind != "set":
            of = self.unit.fresh("t")
            return f"(({of} := {right}), within({left}, {of}, world))[1]"
        of = self.unit.fresh("t")
        return f"({left} in {of} if isinstance(({of} := {right}), tuple) else within({left}, {of}, world))"

    def _number(self, e: ir.Expr) -> str:
        """Sums and comparisons: absent operands make a sum absent and a comparison false."""
        first, left = self._operand(e.args[0])
        guards = [first] if first else []
        if e.op in ("scale", "pct"):
            text = f"{left} * {e.by}" if e.op == "scale" else f"{left} * {e.by} // 10000"
            return f"({text} if {first} else None)" if first else f"({text})"
        if first:
            with self.perhaps():
                second, right = self._operand(e.args[1])
        else:
            second, right = self._operand(e.args[1])
        guards += [second] if second else []
        if e.op in _COMPARISONS:
            return "(" + " and ".join([*guards, f"{left} {_COMPARISONS[e.op]} {right}"]) + ")"
        text = f"{left} {_SUMS[e.op]} {right}"
        return f"({text} if {' and '.join(guards)} else None)" if guards else f"({text})"

    def _operand(self, e: ir.Expr) -> tuple[str, str]:
        """A number: source that evaluates it and is True iff it is there (empty if it always is), and its name then."""
        text = self.value(e)
        if self._always_there(e):
            return "", text
        if text.isidentifier():
            return f"isinstance({text}, int)", text
        bind, local = self._named(text)
        return f"isinstance({bind}, int)", local

    def _always_there(self, e: ir.Expr) -> bool:
        """Whether a number cannot be absent: what was checked on arrival, literals, and sums of such."""
        if e.op == "path":
            kind, name = e.path[0]
            given = self.scene.parameters.get(name) if kind == "param" else None
            checked = given is not None and given[1].kind in ORDERED and not given[1].optional
            return checked or (kind == "now" and "now" in self.scene.places)
        return e.op == "lit" or (e.op in ("add", "sub", "scale", "pct") and all(map(self._always_there, e.args)))

    # ---- paths

    def _path(self, path: tuple[ir.Step, ...]) -> str:
        if path in self.known:
            return self.known[path]
        text = self._root(path[0]) if len(path) == 1 else self._step(path)
        if text.isidentifier() or text.startswith("values["):
            return text
        local = self.known[path] = self.unit.fresh("a")
        return f"({local} := {text})"

    def _root(self, step: ir.Step) -> str:
        kind, name = step
        own = self.scene.own
        match kind:
            case "param":
                return self.scene.parameters[name][0] if name in self.scene.parameters else "None"
            case "party" | "data" if own is not None:
                if name in own.position:
                    return f"values[{own.position[name]}]"
                return f"field_value(program, instance, {self.unit.constant(name)})"
            case "state" if own is not None:
                return "instance.state"
        return self.scene.places.get(f"{kind} {name}".strip(), "None")

    def _step(self, path: tuple[ir.Step, ...]) -> str:
        """The last step of a path, from what the steps before it give."""
        kind, name = path[-1]
        row = self.scene.rows.get(path[0]) if len(path) == 2 and kind != "attr" else None
        if row is not None:
            text = self._of_row(row, path[-1])
            return f"({text} if {row.local} is not None else None)" if row.may_be_absent else text
        if kind == "attr":
            return f"{self.attributes(path[:-1])}.get({self.unit.constant(name)})"
        before = self._path(path[:-1])
        bind, local = (before, before) if before.isidentifier() else self._named(before)
        found = self.unit.fresh("t")
        text = self._of_row(Row(found, _contract_at(self, path[:-1]), f"{found}.values"), path[-1])
        there = f"isinstance({bind}, int) and ({found} := world.instance({local})) is not None"
        return f"({text} if {there} else None)"

    def attributes(self, path: tuple[ir.Step, ...]) -> str:
        """Source of all attributes of the node to which a path leads; of nothing, there are none."""
        whole: tuple[ir.Step, ...] = (*path, ("attr", ""))
        if whole in self.known:
            return self.known[whole]
        text, found = self._path(path), self.unit.fresh("t")
        bind, name = (text, text) if text.isidentifier() else self._named(text)
        there = f"isinstance({bind}, str) and ({found} := world.node({name})) is not None"
        local = self.known[whole] = self.unit.fresh("n")
        return f"({local} := {found}.attributes if {there} else NOTHING)"

    def _named(self, text: str) -> tuple[str, str]:
        """Source that evaluates and keeps a value, and the local that has it then."""
        local = self.unit.fresh("t")
        return f"({local} := {text})", local

    def _of_row(self, row: Row, step: ir.Step) -> str:
        kind, name = step
        if kind == "state":
            return f"{row.local}.state"
        position = _position(self.unit.program, row.contract, name)
        if position is None:
            return f"field_value(program, {row.local}, {self.unit.constant(name)})"
        return f"{row.values}[{position}]"


def _position(program: Program, contract: str, name: str) -> int | None:
    """Where every deployed version of a contract keeps a field; None if they differ."""
    found = {one.position.get(name) for (module, _), one in program.versions.items() if module == contract}
    return found.pop() if len(found) == 1 else None


def _contract_at(writer: Writer, path: tuple[ir.Step, ...]) -> str:
    """The contract of the instance to which a path leads; empty if it does not tell."""
    kind, name = path[0]
    scene, program = writer.scene, writer.unit.program
    at: Type | None = None
    if path[0] in scene.rows:
        at = Type("contract", scene.rows[path[0]].contract)
    elif kind == "param" and name in scene.parameters:
        at = scene.parameters[name][1]
    elif kind in ("party", "data") and scene.own is not None:
        at = scene.own.types.get(name)
    for kind, name in path[1:]:
        if at is None:
            return ""
        if kind == "attr":
            at = program.attribute_types(at.name).get(name)
        else:
            at = program.contracts[at.name].types.get(name) if at.name in program.contracts else None
    return at.name if at is not None and at.kind == "contract" else ""


def _some(writer: Writer, e: ir.Expr) -> str:
    """CTR-S16: a function that looks for an instance; its name."""
    assert e.find is not None, "a `some` has an index"
    unit = writer.unit
    local, found = unit.fresh("i"), unit.fresh("i")
    step: ir.Step = ("some", e.name)
    scene = evolve(
        writer.scene, rows={**writer.scene.rows, step: Row(found, e.of, f"{found}.values", may_be_absent=True)},
        places={**writer.scene.places, f"some {e.name}": local},
    )  # fmt: skip
    inner = Writer(unit, scene)
    inner.line(f"sought = {inner.value(e.find.value)}")
    inner.line("if sought is None or isinstance(sought, tuple):")
    inner.line("return False", 2)
    words = f"{unit.constant(e.of)}, {unit.constant(e.find.field)}"
    inner.line(f"found = world.find({words}, sought, {SOME_MATCHES_MAX + 1})")
    inner.line(f"for {local} in found[:{SOME_MATCHES_MAX}]:")
    inner.line(f"{found} = world.instance({local})", 2)
    inner.line(f"if {inner.condition(e.args[0])}:", 2)
    inner.line("return True", 3)
    inner.line(f"if len(found) > {SOME_MATCHES_MAX}:")
    inner.line("raise Unsettled", 2)
    inner.line("return False")
    return inner.finish(unit.fresh("s"))
