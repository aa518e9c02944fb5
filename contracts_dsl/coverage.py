"""Which parts of a package its tests reach: clauses, time-outs, conditions both ways, deciding rules, views.

A clause is reached when it acts; a time-out when it fires, in breach or not; a condition (each top-level conjunct) when
it has been seen true, and again when it has been seen false; a rule when it decides: a permit that allows, a forbid
that forbids. What was not reached is named with its place, because a percentage mends nothing. A guard that no test has
seen false has not been tested at all: the rule might as well be without it.

This module must not know how a step is executed: it watches events, verdicts and the answers of conditions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, zip_longest

from attrs import define, field, frozen

from contracts_dsl import ir, scenario
from contracts_dsl import syntax as s
from contracts_dsl.check import Checked
from contracts_dsl.decide import Request, decide
from contracts_dsl.host import Event, Refused
from contracts_dsl.memory import MemoryWorld
from contracts_dsl.program import Program
from contracts_dsl.source import Source, Span
from contracts_dsl.testing import START, Outcome, Stage, play_on

KINDS = ("clause", "timeout", "condition", "rule", "view")
"""What is counted, in the order of a report. Each condition counts twice: seen true, seen false."""


@frozen
class Point:
    """Something a test can reach."""

    kind: str
    name: str
    """Such as `Referral.requested.approve`; of a condition with `true` or `false` behind it."""
    source: Source
    span: Span
    marks: tuple[object, ...]
    """What is noted when it is reached; any one will do."""

    @property
    def place(self) -> tuple[int, int]:
        """Line and column, from 1."""
        return self.source.position(self.span[0])


@frozen
class Coverage:
    """All points of a package, and those that were reached."""

    points: tuple[Point, ...]
    unreached: tuple[Point, ...]

    def counts(self) -> dict[str, tuple[int, int]]:
        """Kind to (reached, all)."""
        missing = [point.kind for point in self.unreached]
        kinds = [point.kind for point in self.points]
        return {kind: (kinds.count(kind) - missing.count(kind), kinds.count(kind)) for kind in KINDS}

    def within(self, file: str) -> Coverage:
        """The part that stands in one file."""
        return Coverage(
            tuple(point for point in self.points if point.source.name == file),
            tuple(point for point in self.unreached if point.source.name == file),
        )


def play_watched(checked: Checked) -> tuple[list[Outcome], Coverage]:
    """Play every test of a checked package and tell what they reached."""
    seen: set[object] = set()
    program = checked.program

    program.watch = lambda condition, answer: seen.add((id(condition), answer))
    try:
        outcomes = [
            play_on(_Watched(program, MemoryWorld(time=START), seen=seen), test) for test in checked.scenarios
        ]  # fmt: skip
    finally:
        program.watch = None
    points = tuple(_points(checked))
    return outcomes, Coverage(points, tuple(point for point in points if not seen & set(point.marks)))


@define
class _Watched(Stage):
    """A stage that notes what happens on it."""

    seen: set[object] = field(factory=set)

    def play(self, action: scenario.Action) -> None:
        before = len(self.world.events)
        try:
            super().play(action)
        finally:
            self.seen.update(chain.from_iterable(_marks(event) for event in self.world.events[before:]))
        if isinstance(action, scenario.Reading):
            self.seen.update(_decided(self.program, self.world, action, self.bound[action.record]))
        if isinstance(action, scenario.Viewing):
            self.seen.add(("view", action.policy, action.view))


def _marks(event: Event) -> Iterator[object]:
    """What an event shows to have been reached."""
    module, body = (event.contract, event.version), event.body
    match event.kind:
        case "started":
            yield ("start", module, body["action"], body["to"])
        case "acted":
            yield ("act", module, body["state"], body["clause"])
        case "elapsed" | "violation" | "impossible":
            yield ("timeout", module, body["state"], body["clause"])


def _decided(program: Program, world: MemoryWorld, reading: scenario.Reading, record: int) -> Iterator[object]:
    """The rules that decided a request. Asked again after it: what reading creates changes no verdict on it."""
    contract = program.policies[reading.policy].of
    request = Request(contract, record, reading.fields, reading.purpose, reading.signers)
    try:
        verdicts = decide(program, world, request)
    except Refused:
        return
    for verdict in verdicts:
        yield from (("rule", reading.policy, name) for name in (*verdict.permits, *verdict.forbids))


# ---- the points of a package


def _points(checked: Checked) -> Iterator[Point]:
    modules = {module.name: module for module in checked.modules}
    for parsed in checked.files:
        for written in parsed.modules:
            module = modules[written.name.text]
            pencil = _Pencil(parsed.source, written)
            if isinstance(module, ir.Contract):
                yield from _of_contract(pencil, module)
            elif isinstance(module, ir.Policy):
                yield from _of_policy(pencil, module)


@frozen
class _Pencil:
    """Writes points of one module."""

    source: Source
    module: s.Module

    def point(self, kind: str, name: str, span: Span, *marks: object) -> Point:
        return Point(kind, f"{self.module.name.text}.{name}", self.source, span, marks)

    def conditions(self, name: str, written: s.Expression | None, typed: ir.Expr | None) -> Iterator[Point]:
        """Each conjunct, to be seen both ways."""
        parts = _conjuncts(written)
        for at, (place, conjunct) in enumerate(zip_longest(parts, ir.conjuncts(typed)), 1):
            number = f" #{at}" if len(parts) > 1 else ""
            for answer in (True, False):
                said = f"{name}{number} {str(answer).lower()}"
                yield self.point("condition", said, place.span, (id(conjunct), answer))


def _conjuncts(condition: s.Expression | None) -> Sequence[s.Expression]:
    """As `ir.conjuncts`, on syntax."""
    if condition is None:
        return ()
    if not isinstance(condition, s.And):
        return (condition,)
    return tuple(part for one in condition.parts for part in _conjuncts(one))


def _of_contract(pencil: _Pencil, module: ir.Contract) -> Iterator[Point]:
    items = pencil.module.items
    key = (module.name, module.version)
    parties = {party.name: party for party in module.parties}
    for item in items:
        if isinstance(item, s.Party):
            yield from pencil.conditions(f"{item.name.text} where", item.where, parties[item.name.text].where)
    starts = [clause for item in items if isinstance(item, s.Start) for clause in item.clauses]
    for written, typed in zip(starts, module.start, strict=True):
        mark = ("start", key, typed.action, typed.to)
        yield pencil.point("clause", f"start.{typed.action}", written.span, mark)
        yield from pencil.conditions(f"start.{typed.action} when", written.when, typed.when)
    states = {state.name: state for state in module.states}
    for item in items:
        if isinstance(item, s.State):
            pairs = zip(item.clauses, states[item.name.text].clauses, strict=True)
            for index, (clause, typed_clause) in enumerate(pairs):
                yield from _of_clause(pencil, (key, item.name.text, index), clause, typed_clause)


def _of_clause(
    pencil: _Pencil, place: tuple[tuple[str, int], str, int], written: s.Clause, typed: ir.Clause
) -> Iterator[Point]:
    _, state, index = place
    if not isinstance(written, s.Wait) and not isinstance(typed, ir.Wait):
        name = f"{state}.{typed.action}"
        yield pencil.point("clause", name, written.span, ("act", *place))
        yield from pencil.conditions(f"{name} when", written.when, typed.when)
    if isinstance(written, s.Must):
        yield pencil.point("timeout", f"{state}.{written.violation.text}", written.violation.span, ("timeout", *place))
    elif isinstance(written, s.Wait):
        yield pencil.point("timeout", f"{state}.wait {index + 1}", written.span, ("timeout", *place))


def _of_policy(pencil: _Pencil, module: ir.Policy) -> Iterator[Point]:
    rules = {rule.name: rule for rule in module.rules}
    views = {view.name: view for view in module.views}
    for item in pencil.module.items:
        if isinstance(item, s.Rule):
            name = item.name.text
            yield pencil.point("rule", name, item.name.span, ("rule", module.name, name))
            yield from pencil.conditions(f"{name} when", item.when, rules[name].when)
        elif isinstance(item, s.View):
            yield from _of_view(pencil, module.name, item, views[item.name.text])


def _of_view(pencil: _Pencil, policy: str, written: s.View, typed: ir.View) -> Iterator[Point]:
    yield pencil.point("view", typed.name, written.name.span, ("view", policy, typed.name))
    if written.where is not None:
        yield from _whole(pencil, f"{typed.name} where", written.where, typed.where)
    if written.when is not None:
        yield from _whole(pencil, f"{typed.name} when", written.when, typed.when)


def _whole(pencil: _Pencil, name: str, written: s.Expression, typed: ir.Expr | None) -> Iterator[Point]:
    """The condition of a view is asked as one."""
    for answer in (True, False):
        yield pencil.point("condition", f"{name} {str(answer).lower()}", written.span, (id(typed), answer))


WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {"clause": "clauses", "timeout": "time-outs", "condition": "conditions both ways", "rule": "deciding rules",
           "view": "views", "unreached": "not reached"},
    "zh": {"clause": "条款", "timeout": "到期", "condition": "条件真假", "rule": "起决定的规则", "view": "视图",
           "unreached": "未到达"},
}  # fmt: skip


def lines(coverage: Coverage, language: str) -> Iterator[str]:
    """The report: one line a kind, then every point that was not reached with its place."""
    words = WORDS[language]
    for kind, (reached, total) in coverage.counts().items():
        if total:
            yield f"{words[kind]}: {reached}/{total} ({100 * reached // total}%)"
    for point in coverage.unreached:
        line, column = point.place
        name = _in_chinese(point.name) if language == "zh" else point.name
        yield f"{words['unreached']}  {point.source.name}:{line}:{column}  {words[point.kind]}  {name}"


def _in_chinese(name: str) -> str:
    """The name of a point with the words of the other surface; names of the program stay."""
    path, *said = name.split(" ")
    parts = path.split(".")
    if parts[1:2] == ["start"]:
        parts[1] = "起始"
    if parts[-1] == "wait" and said and said[0].isdigit():
        parts[-1] = "等待"
    return " ".join([".".join(parts), *(_CHINESE.get(one, one) for one in said)])


_CHINESE = {"when": "当", "where": "其中", "true": "真", "false": "假"}


def as_json(coverage: Coverage) -> dict[str, object]:
    """The report as data."""
    return {
        "counts": {kind: list(counts) for kind, counts in coverage.counts().items()},
        "unreached": [
            {"kind": point.kind, "name": point.name, "file": point.source.name, "line": point.place[0],
             "column": point.place[1]}
            for point in coverage.unreached
        ],
    }  # fmt: skip
