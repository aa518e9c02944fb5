"""Plays the tests that stand beside the rules: each from an empty ledger, in a world of its own.

What a step expects is compared with what the interpreter does; the first step that differs fails the test and says what
was expected and what came. This module must not know how a rule is executed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import define, evolve, field, frozen

from contracts_dsl import ir, scenario
from contracts_dsl.decide import Request, read
from contracts_dsl.evaluate import Place, evaluate, holds, inputs, shown
from contracts_dsl.host import Command, Event, Refused, Value
from contracts_dsl.interpret import advance, command
from contracts_dsl.memory import DirectoryNode, MemoryWorld
from contracts_dsl.program import Program
from contracts_dsl.source import Span
from contracts_dsl.views import CellRequest, cell

START: Final = 1_767_225_600
"""When every test begins: 2026-01-01T00:00:00Z."""


@frozen
class Outcome:
    """A test that was played. `expected` and `got` are given if it failed, with the step at `span`."""

    scenario: scenario.Scenario
    span: Span
    expected: str | None = None
    got: str | None = None
    events: tuple[Event, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every step did what it said."""
        return self.expected is None


class Different(Exception):
    """A step did something else than it says; the texts are in the neutral notation of `evaluate.shown`."""

    def __init__(self, expected: str, got: str, refused: Refused | None = None) -> None:
        super().__init__(expected, got)
        self.refused = refused
        self.expected = expected
        self.got = got


def play_all(program: Program, scenarios: Iterable[scenario.Scenario]) -> list[Outcome]:
    """Play every test."""
    return [play(program, one) for one in scenarios]


def play(program: Program, test: scenario.Scenario) -> Outcome:
    """Play one test to its end or to its first difference."""
    return play_on(Stage(program, MemoryWorld(time=START)), test)


def play_on(stage: Stage, test: scenario.Scenario) -> Outcome:
    """Play one test on a stage where nothing has happened yet."""
    for node in test.cast:
        stage.enrol(node)
    for step in test.steps:
        try:
            stage.play(step.action)
        except Different as difference:
            return Outcome(test, step.span, difference.expected, difference.got, tuple(stage.world.events))
    return Outcome(test, test.span, events=tuple(stage.world.events))


@define
class Stage:
    """A world, and the names that the test has bound in it."""

    program: Program
    world: MemoryWorld
    bound: dict[str, int] = field(factory=dict)

    def enrol(self, node: scenario.Node) -> None:
        """Put a node into the directory."""
        self.world.enrol(node.name, DirectoryNode(node.kind, dict(node.attributes), node.parent))

    def play(self, action: scenario.Action) -> None:
        """Do one step. Raises `Different` if it does not do what it says; what it did until then stays done."""
        match action:
            case scenario.Node():
                self.enrol(action)
            case scenario.Act():
                self._act(action)
            case scenario.Reading():
                self._read(action)
            case scenario.Viewing():
                self._view(action)
            case scenario.Pause():
                self._advance(action.seconds)
            case scenario.Expect():
                self._expect(action.condition)
            case scenario.Found():
                self._find(action.search)
            case scenario.Breached():
                self._breached(action)
            case scenario.Received():
                amount = self._value(action.amount)
                position = self.world.positions.get(action.party, 0)
                _compare(f"pay {amount} to {action.party}", f"{position}", equal=position == amount)

    def _place(self) -> Place:
        return Place(self.program, self.world, self.world.now(), bound=self.bound)

    def _value(self, expression: ir.Expr) -> Value:
        try:
            return evaluate(expression, self._place())
        except Refused as refused:  # a search beyond its limit
            raise Different(shown(expression), str(refused), refused) from None

    def _advance(self, seconds: int) -> None:
        self.world.apply(advance(self.program, self.world, self.world.now() + seconds))

    def _act(self, act: scenario.Act) -> None:
        self._advance(0)
        arguments = tuple((arg.name, self._value(arg.value)) for arg in act.arguments)
        target = self.bound[act.target] if act.target is not None else None
        ordinal = self.world.next_instance()
        try:
            changes = command(
                self.program, self.world, Command(act.contract, act.action, arguments, act.signers, target)
            )  # fmt: skip
        except Refused as refused:
            _settle(act.refused, refused)
            return
        _settle(act.refused, None)
        self.world.apply(changes)
        if act.bind is not None:
            self.bound[act.bind] = ordinal

    def _read(self, reading: scenario.Reading) -> None:
        self._advance(0)
        contract = self.program.policies[reading.policy].of
        record = self.bound[reading.record]
        request = Request(contract, record, reading.fields, reading.purpose, reading.signers)
        found = read(self.program, self.world, request)
        self.world.apply(found.changes)
        _settle(reading.refused, found.refused)

    def _view(self, viewing: scenario.Viewing) -> None:
        self._advance(0)
        keys = tuple(self._value(key) for key in viewing.cell)
        try:
            shown_values = cell(
                self.program, self.world, CellRequest(viewing.policy, viewing.view, keys, viewing.signers)
            )  # fmt: skip
        except Refused as refused:
            _settle(viewing.refused, refused)
            return
        _settle(viewing.refused, None)
        _compare(f"{viewing.values}", f"{shown_values}", equal=shown_values == viewing.values)

    def _expect(self, condition: ir.Expr) -> None:
        self._advance(0)
        for conjunct in ir.conjuncts(condition):
            _compare(shown(conjunct), "; ".join(inputs(conjunct, self._place())), equal=self._value(conjunct) is True)

    def _find(self, search: ir.Expr) -> None:
        """CTR-S25: name the last instance to begin of those that fulfil a condition."""
        self._advance(0)
        assert search.find is not None, "every `some` has an index"
        value = self._value(search.find.value)
        everything = self.world.next_instance()
        found = () if value is None or isinstance(value, tuple) else self.world.find(
            search.of, search.find.field, value, everything
        )  # fmt: skip
        for ordinal in reversed(found):
            if holds(search.args[0], evolve(self._place(), bound={**self.bound, search.name: ordinal})):
                self.bound[search.name] = ordinal
                return
        raise Different(shown(search), f"0/{len(found)}")

    def _breached(self, breached: scenario.Breached) -> None:
        committed = [
            (debtor, str(event.body["name"]))
            for event in self.world.events if event.kind == "violation"
            for debtor in _strings(event.body["debtors"])
        ]  # fmt: skip
        wanted = (breached.party, breached.violation)
        _compare(" ".join(wanted), str(committed), equal=wanted in committed)


def _strings(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _settle(expected: scenario.Refusal | None, refused: Refused | None) -> None:
    """Compare the refusal that was announced with the one that came."""
    wanted = "done" if expected is None else f"refused {expected.code or ''}".strip()
    got = "done" if refused is None else str(refused)
    matches = (expected is None) == (refused is None)
    if expected is not None and refused is not None and expected.code is not None:
        matches = expected.code == refused.code
    if not matches:
        raise Different(wanted, got, refused)


def _compare(expected: str, got: str, *, equal: bool) -> None:
    if not equal:
        raise Different(expected, got)
