"""Steps a package: runs steps in the syntax of tests one by one and tells what each changed.

A session is a test that is being written: the cast are the `given`s of the package, the world is in memory, time moves
only by `wait`. Instances that a step began without naming them get a name, contract and number, so that whatever exists
can be acted on. A refused step changes nothing but what time had already done. wander.py chooses steps by itself.

This module must not choose anything, nor read a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from attrs import define, field, frozen

from contracts_dsl import ir, scenario
from contracts_dsl import syntax as s
from contracts_dsl.check import Checked
from contracts_dsl.decide import Request, decide
from contracts_dsl.diagnostics import Diagnostic, render
from contracts_dsl.elaborate import Elaboration
from contracts_dsl.host import Event, Instance, Value
from contracts_dsl.lexer import Language, words
from contracts_dsl.memory import MemoryWorld
from contracts_dsl.names import Problem, collect
from contracts_dsl.parse import parse
from contracts_dsl.program import Program
from contracts_dsl.refusals import text
from contracts_dsl.source import Source
from contracts_dsl.testing import START, Different, Stage
from contracts_dsl.typesystem import Type

_WORDS: Mapping[str, Mapping[Language, str]] = {
    "begins": {"en": "begins", "zh": "开始"},
    "timer": {"en": "timer", "zh": "定时"},
    "stopped": {"en": "stopped", "zh": "停止"},
    "position": {"en": "position", "zh": "头寸"},
    "refused": {"en": "refused", "zh": "被拒"},
    "expected": {"en": "expected", "zh": "应为"},
    "got": {"en": "got", "zh": "得到"},
    "time": {"en": "time", "zh": "时间"},
    "nothing": {"en": "nothing changed", "zh": "没有变化"},
    "violation": {"en": "violation", "zh": "违规"},
    "impossible": {"en": "impossible, nobody to blame", "zh": "无从履行，不归责"},
}  # fmt: skip


@frozen
class Turn:
    """One step that was tried. `failed` if it was not understood, refused, or found something else than it expects."""

    text: str
    lines: tuple[str, ...]
    failed: bool = False


@frozen
class Snapshot:
    """What a difference is taken from."""

    now: int
    stored: tuple[Instance, ...]
    positions: Mapping[str, int]
    events: int

    @classmethod
    def of(cls, world: MemoryWorld) -> Snapshot:
        """The state of a world now; instances are immutable, so this is cheap."""
        return cls(world.time, tuple(world.stored), dict(world.positions), len(world.events))


@define
class Session:
    """A world with the cast of a package, and the names bound so far."""

    checked: Checked
    language: Language
    reader: scenario.Reader
    stage: Stage
    spoken: Language = field(init=False)
    """The language of what is told; steps are read in that of the package."""

    def __attrs_post_init__(self) -> None:
        self.spoken = self.language

    def run(self, written: str) -> Iterator[Turn]:
        """Do the steps of a text, one after the other, until one fails. A last `;` may be missing."""
        source, prefix, steps, findings = self._parsed(written)
        if findings:
            yield Turn(written.strip(), tuple(_told(source, prefix, findings, self.spoken)), failed=True)
            return
        for step in steps:
            said = " ".join(source.text[slice(*(at - prefix for at in step.span))].split())
            turn = self._turn(source, prefix, step, said)
            yield turn
            if turn.failed:
                return

    def describe(self) -> Iterator[str]:
        """Every instance as it stands, and the clearing positions."""
        world = self.stage.world
        empty = Snapshot(START, (), {}, 0)
        yield f"{_word('time', self.spoken)} {moment(world.time)}"
        yield from self._instances(empty)
        yield from self._positions(empty)

    def _parsed(self, written: str) -> tuple[Source, int, tuple[s.TestStep, ...], tuple[Diagnostic, ...]]:
        word = words(self.language).word
        prefix = f'{word["CONTRACT"]} X {word["VERSION"]} 1; {word["TEST"]} "" {{ '
        body = written.rstrip() + ("" if written.rstrip().endswith((";", "；")) else " ;")
        parsed = parse("", f"{prefix}{body}\n}}".encode())
        tests = [item for module in parsed.modules for item in module.items if isinstance(item, s.Test)]
        steps = tests[0].steps if tests else ()
        return Source("-", written), len(prefix), steps, parsed.diagnostics

    def _turn(self, source: Source, prefix: int, step: s.TestStep, said: str) -> Turn:
        before = Snapshot.of(self.stage.world)
        names, nodes = dict(self.reader.bound), dict(self.reader.nodes)
        failures: list[str] = []
        try:
            action = self.reader.step(step)
            self.stage.play(action)
            self._name_new(before)
            failures = list(self._verdicts(action))
        except Problem as problem:
            finding = Diagnostic(problem.code, source, problem.span, problem.values)
            return self._undone(names, nodes, said, list(_told(source, prefix, (finding,), self.spoken)))
        except Different as different:
            lines = [*self._verdicts(action), *self.difference(before), *_why(different, self.spoken)]
            return self._undone(names, nodes, said, lines)
        lines = [*failures, *self.difference(before)]
        return Turn(said, tuple(lines) or (_word("nothing", self.spoken),))

    def _undone(self, names: dict[str, str], nodes: dict[str, Type], said: str, lines: list[str]) -> Turn:
        """A failed step binds no name."""
        self.reader.bound.clear()
        self.reader.bound.update(names)
        for name in [one for one in self.reader.nodes if one not in nodes]:
            del self.reader.nodes[name]
        return Turn(said, tuple(lines), failed=True)

    def _name_new(self, before: Snapshot) -> None:
        """Name the instances that nobody named."""
        named = set(self.stage.bound.values())
        taken = self.reader.nodes.keys() | self.reader.work.names.contracts.keys()
        for instance in self.stage.world.stored[len(before.stored) :]:
            if instance.id not in named:
                name = f"{instance.contract.lower()}{instance.id}"
                while name in taken or name in self.reader.bound:
                    name += "_"
                self.stage.bound[name] = instance.id
                self.reader.bound[name] = instance.contract

    def _verdicts(self, action: scenario.Action) -> Iterator[str]:
        """What the rules say about each field that was asked for."""
        if not isinstance(action, scenario.Reading):
            return
        program = self.checked.program
        record = self.stage.bound[action.record]
        request = Request(
            program.policies[action.policy].of, record, action.fields, action.purpose, action.signers
        )  # fmt: skip
        for verdict in decide(program, self.stage.world, request):
            reasons = verdict.permits or verdict.forbids or tuple(one for one in (verdict.nearest,) if one)
            yield f"{verdict.field}: {verdict.outcome} ({', '.join((*reasons, *verdict.lacking))})"

    # ---- differences

    def difference(self, before: Snapshot) -> Iterator[str]:
        """What has changed since: time, instances, clocks, positions, breaches."""
        world = self.stage.world
        if world.time != before.now:
            yield f"{_word('time', self.spoken)} {moment(before.now)} -> {moment(world.time)}"
        for event in world.events[before.events :]:
            yield from _breach(event, self.spoken)
        yield from self._instances(before)
        yield from self._positions(before)

    def _instances(self, before: Snapshot) -> Iterator[str]:
        program = self.checked.program
        names = {ordinal: name for name, ordinal in self.stage.bound.items()}
        for instance in self.stage.world.stored:
            old = before.stored[instance.id] if instance.id < len(before.stored) else None
            if instance != old:
                yield from _changed(program, names, old, instance, self.spoken)

    def _positions(self, before: Snapshot) -> Iterator[str]:
        for member, fen in sorted(self.stage.world.positions.items()):
            was = before.positions.get(member, 0)
            if fen != was:
                yield f"{_word('position', self.spoken)} {member}: {yuan(was)} -> {yuan(fen)}"


def session(checked: Checked, language: Language) -> Session:
    """A session on a well-formed package, with its cast enrolled and nothing done yet."""
    modules = [(one.source, module) for one in checked.files for module in one.modules]
    names = collect(modules)
    works = [Elaboration(names, source, module) for source, module in modules]
    stage = Stage(checked.program, MemoryWorld(time=START))
    for node in scenario.cast(names, works):
        stage.enrol(node)
    home = Elaboration(names, modules[0][0], modules[0][1])
    return Session(checked, language, scenario.Reader(home, dict(names.givens)), stage)


def moment(second: int) -> str:
    """A second as a date, in universal time."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)).strftime("%Y-%m-%d %H:%M:%S")


def yuan(fen: int) -> str:
    """An amount, with its sign."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02}"


def _word(key: str, language: Language) -> str:
    return _WORDS[key][language]


def _told(source: Source, prefix: int, findings: tuple[Diagnostic, ...], language: Language) -> Iterator[str]:
    """Findings, with their places moved to the text that was typed."""
    end = len(source.text)
    for finding in findings:
        start, stop = (min(max(at - prefix, 0), end) for at in finding.span)
        moved = Diagnostic(finding.code, source, (start, max(start, stop)), finding.values)
        yield from render(moved, language).split("\n")


def _why(different: Different, language: Language) -> Iterator[str]:
    if different.refused is not None:
        yield f"{_word('refused', language)} {different.refused.code}: {text(different.refused, language)}"
    else:
        yield f"{_word('expected', language)}: {different.expected}"
        yield f"{_word('got', language)}: {different.got}"


def _breach(event: Event, language: Language) -> Iterator[str]:
    if event.kind == "violation":
        debtors = event.body["debtors"]
        listed = ", ".join(str(one) for one in debtors) if isinstance(debtors, list) else ""
        yield f"{_word('violation', language)} {event.body['name']}: {listed} ({moment(event.at)})"
    elif event.kind == "impossible":
        yield f"{_word('impossible', language)}: {event.body['name']} ({moment(event.at)})"


def _changed(
    program: Program, names: Mapping[int, str], old: Instance | None, new: Instance, language: Language
) -> Iterator[str]:
    contract = program.contract(new.contract, new.version)
    assert contract is not None, "an instance of a contract that is not deployed"
    title = f"{names.get(new.id, new.id)} ({new.contract})"
    if old is None:
        yield f"{title} {_word('begins', language)} -> {new.state}"
    elif old.state != new.state or old.entered != new.entered:
        yield f"{title} {old.state} -> {new.state}"
    else:
        yield title
    for at, name in enumerate(contract.fields):
        was = old.values[at] if old is not None else None
        if new.values[at] != was:
            shown = [_shown(one, contract.types[name].kind, names) for one in (was, new.values[at])]
            yield f"  {name}: {shown[0]} -> {shown[1]}" if old is not None else f"  {name} = {shown[1]}"
    clauses = contract.states[new.state].clauses
    running = old.timers if old is not None and old.state == new.state else ()
    for deadline, clause in new.timers:
        if (deadline, clause) not in running:
            yield f"  {_word('timer', language)} {_clock(clauses[clause])}: {moment(deadline)}"
    for timer in running:
        if timer not in new.timers:
            yield f"  {_word('timer', language)} {_clock(clauses[timer[1]])}: {_word('stopped', language)}"


def _clock(clause: ir.Clause) -> str:
    """What a clock leads to: the name of a breach, or a state."""
    if isinstance(clause, ir.Must):
        return clause.otherwise.name
    return f"-> {clause.to}"


def _shown(value: Value, kind: str, names: Mapping[int, str]) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return str(value).lower()
        case int() if kind == "money":
            return yuan(value)
        case int() if kind == "time":
            return moment(value)
        case int() if kind == "contract":
            return names.get(value, f"#{value}")
        case tuple():
            return "{" + ", ".join(value) + "}"
    return f"{str(value)[:12]}…" if kind == "hash" else str(value)
