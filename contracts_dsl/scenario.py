"""Tests in a file: from syntax to typed steps. A scenario is no part of the IR; testing.py plays it.

This module must not run anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import define, field, frozen

from contracts_dsl import ir
from contracts_dsl import syntax as s
from contracts_dsl.diagnostics import Diagnostic, Written
from contracts_dsl.elaborate import Elaboration, arguments
from contracts_dsl.expressions import Elaborator
from contracts_dsl.host import Value
from contracts_dsl.names import ContractNames, PackageNames, Problem, given_type, unknown
from contracts_dsl.refusals import CODES
from contracts_dsl.source import Source, Span
from contracts_dsl.typesystem import ANY_PARTY, MONEY, Type


@frozen
class Node:
    """A node of the test directory."""

    name: str
    kind: str
    attributes: tuple[tuple[str, Value], ...]
    parent: str | None


@frozen
class Refusal:
    """The step must be refused, with this code if it is given."""

    code: str | None


@frozen
class Act:
    """A command. `target` is a bound name; without it the contract begins an instance."""

    signers: tuple[str, ...]
    bind: str | None
    contract: str
    target: str | None
    action: str
    arguments: tuple[ir.Arg, ...]
    refused: Refusal | None


@frozen
class Reading:
    """An access request for fields or groups of the record behind a bound instance."""

    signers: tuple[str, ...]
    policy: str
    record: str
    fields: tuple[str, ...]
    purpose: str | None
    refused: Refusal | None


@frozen
class Viewing:
    """A cell of a view and what it must show."""

    signers: tuple[str, ...]
    policy: str
    view: str
    cell: tuple[ir.Expr, ...]
    values: tuple[int, ...]
    refused: Refusal | None


@frozen
class Pause:
    """Time passes."""

    seconds: int


@frozen
class Expect:
    """The condition holds."""

    condition: ir.Expr


@frozen
class Found:
    """Some instance fulfils the condition; the last of them to begin has this name from here on (CTR-S25)."""

    search: ir.Expr


@frozen
class Breached:
    """The party has committed this breach."""

    party: str
    violation: str


@frozen
class Received:
    """The party has received this, net."""

    amount: ir.Expr
    party: str


Action = Node | Act | Reading | Viewing | Pause | Expect | Found | Breached | Received


@frozen
class Step:
    """One step and where it stands."""

    span: Span
    action: Action


@frozen
class Scenario:
    """A test: a title, the shared cast, the steps."""

    title: str
    module: str
    source: Source
    span: Span
    cast: tuple[Node, ...]
    steps: tuple[Step, ...]


def scenarios(
    names: PackageNames, modules: Sequence[tuple[Source, s.Module]]
) -> tuple[tuple[Scenario, ...], list[Diagnostic]]:
    """The tests of a package, or what is wrong with them."""
    works = [Elaboration(names, source, module) for source, module in modules]
    everybody = cast(names, works)
    found = [
        Reader(work, dict(names.givens)).scenario(item, everybody)
        for work in works for item in work.module.items if isinstance(item, s.Test)
    ]  # fmt: skip
    return tuple(found), [finding for work in works for finding in work.diagnostics]


def cast(names: PackageNames, works: Iterable[Elaboration]) -> tuple[Node, ...]:
    """The shared test directory: every `given` outside a test."""
    nodes = [
        work.attempt(_node, names, dict(names.givens), item)
        for work in works for item in work.module.items if isinstance(item, s.Given)
    ]  # fmt: skip
    return tuple(node for node in nodes if node is not None)


def _node(names: PackageNames, nodes: dict[str, Type], item: s.Given) -> Node:
    """A node with all attributes that its kind asks for."""
    kind = given_type(names, item)
    work = Elaboration(names, Source("", ""), s.Module(item.span, "schema", item.name, None, 1, None, ()))
    place = Elaborator(names, nodes=nodes, in_test=True)
    args = arguments(work, place, item.arguments, names.attributes(kind), {}, item.span)
    for argument, arg in zip(item.arguments, args, strict=True):
        if arg.value.op != "lit":
            raise Problem("E301", argument.span, expected="@a_literal", got="@an_expression")
    parent = None
    if item.parent is not None:
        parent = item.parent.text
        if kind.name not in names.trees or nodes.get(parent) != kind:
            raise Problem("E301", item.parent.span, expected="@a_node_above", got=Written(parent))
    return Node(item.name.text, kind.name, tuple((arg.name, arg.value.value) for arg in args), parent)


@define
class Reader:
    """Reads one test: the names it binds, step by step."""

    work: Elaboration
    nodes: dict[str, Type]
    bound: dict[str, str] = field(factory=dict)

    def scenario(self, test: s.Test, cast: tuple[Node, ...]) -> Scenario:
        """A whole test; what is wrong with a step is noted and the step left out."""
        steps = []
        for step in test.steps:
            action = self.work.attempt(self.step, step)
            if action is not None:
                steps.append(Step(step.span, action))
        module = self.work.module.name.text
        return Scenario(test.title, module, self.work.source, test.span, cast, tuple(steps))

    @property
    def place(self) -> Elaborator:
        """Where the expressions of the next step are read."""
        return Elaborator(self.work.names, bound=dict(self.bound), nodes=self.nodes, in_test=True)

    def step(self, step: s.TestStep) -> Action:
        """What a step asks for; the name it binds is known from then on. Raises `Problem`."""
        match step:
            case s.Given():
                self._fresh(step.name)
                self.nodes[step.name.text] = given_type(self.work.names, step)
                return _node(self.work.names, self.nodes, step)
            case s.Act():
                return self._act(step)
            case s.Reading():
                return self._reading(step)
            case s.Viewing():
                return self._viewing(step)
            case s.Pause():
                return Pause(step.seconds)
            case s.Expect():
                return self._expect(step.condition)
            case s.Breached():
                return Breached(self._party(step.party), self._violation(step.violation))
            case s.Received():
                return Received(self.place.value(step.amount, MONEY), self._party(step.party))

    def _expect(self, condition: s.Expression) -> Expect | Found:
        """A condition; if it is a whole `some`, what is found keeps its name (CTR-S25)."""
        expected = self.place.condition(condition)
        if not isinstance(condition, s.Some):
            return Expect(expected)
        self._fresh(condition.name)
        self.bound[expected.name] = expected.of
        return Found(expected)

    def _fresh(self, name: s.Name) -> None:
        names = self.work.names
        if name.text in self.bound or name.text in self.nodes or name.text in names.contracts:
            raise Problem("E204", name.span, name=name.text)

    def _party(self, name: s.Name) -> str:
        kind = self.nodes.get(name.text)
        if kind is None:
            raise unknown(name, self.nodes)
        if kind.kind != "party":
            raise Problem("E301", name.span, expected=ANY_PARTY, got=kind)
        return name.text

    def _signers(self, names: Iterable[s.Name]) -> tuple[str, ...]:
        return tuple(self._party(name) for name in names)

    def _refusal(self, refused: s.Refusal | None) -> Refusal | None:
        if refused is None:
            return None
        if refused.code is not None and refused.code.text not in CODES:
            raise unknown(refused.code, CODES)
        return Refusal(refused.code.text if refused.code is not None else None)

    def _violation(self, name: s.Name) -> str:
        known = {
            clause.violation.text
            for contract in self.work.names.contracts.values() for item in contract.syntax.items
            if isinstance(item, s.State) for clause in item.clauses if isinstance(clause, s.Must)
        }  # fmt: skip
        if name.text not in known:
            raise unknown(name, known)
        return name.text

    def _act(self, step: s.Act) -> Act:
        signers, refused = self._signers(step.signers), self._refusal(step.refused)
        if step.bind is not None:
            self._fresh(step.bind)
        if step.target.text in self.bound:
            contract = self.work.names.contracts[self.bound[step.target.text]]
            target, known = step.target.text, self._parameters(contract, contract.actions, step.action)
        elif step.target.text in self.work.names.contracts:
            contract = self.work.names.contracts[step.target.text]
            target, known = None, {**contract.fields, **self._parameters(contract, contract.starts, step.action)}
        else:
            raise unknown(step.target, [*self.bound, *self.work.names.contracts])
        required = contract.required() if target is None and refused is None else {}
        args = arguments(self.work, self.place, step.arguments, required, known, step.span)
        if step.bind is not None:
            if target is not None or refused is not None:
                raise Problem("E208", step.bind.span, name=step.bind.text)
            self.bound[step.bind.text] = contract.name
        return Act(
            signers,
            step.bind.text if step.bind is not None else None,
            contract.name,
            target,
            step.action.text,
            args,
            refused,
        )

    def _parameters(self, contract: ContractNames, group: object, action: s.Name) -> dict[str, Type]:
        assert isinstance(group, dict)
        if action.text not in group:
            raise unknown(action, group)
        return {name: kind for signature in group[action.text] for name, kind in signature.parameters}

    def _reading(self, step: s.Reading) -> Reading:
        record = step.fields[0].parts[0]
        for path in step.fields:
            if len(path.parts) != 2 or path.parts[0].text != record.text:
                raise Problem("E301", path.span, expected="@fields_of_one_record", got=Written(path.parts[0].text))
        if record.text not in self.bound:
            raise unknown(record, self.bound)
        contract = self.bound[record.text]
        policies = self.work.names.policies.values()
        policy = next((one for one in policies if one.of is not None and one.of.text == contract), None)
        groups = [one for one in policy.items if isinstance(one, s.Fields)] if policy is not None else []
        readable = {one.name.text for one in groups} | {name.text for one in groups for name in one.fields}
        for path in step.fields:
            if path.parts[1].text not in readable:
                raise unknown(path.parts[1], readable)
        assert policy is not None
        purpose = step.purpose
        if purpose is not None and purpose.text not in self.work.names.purposes:
            raise unknown(purpose, self.work.names.purposes)
        fields = tuple(path.parts[1].text for path in step.fields)
        return Reading(
            self._signers(step.signers), policy.name.text, record.text, fields,
            purpose.text if purpose is not None else None, self._refusal(step.refused),
        )  # fmt: skip

    def _viewing(self, step: s.Viewing) -> Viewing:
        views = {
            item.name.text: (policy, item)
            for policy in self.work.names.policies.values() for item in policy.items if isinstance(item, s.View)
        }  # fmt: skip
        if step.view.text not in views:
            raise unknown(step.view, views)
        policy, view = views[step.view.text]
        assert policy.of is not None
        rows = Elaborator(self.work.names, record=policy.of.text)
        if view.where is not None:
            rows = rows.knowing(rows.condition(view.where))
        paths = (*view.group, *((view.rollup,) if view.rollup is not None else ()))
        if len(step.cell) != len(paths):
            raise Problem("E301", step.span, expected=f"{len(paths)}", got=f"{len(step.cell)}")
        from contracts_dsl.measure import type_of

        cell = tuple(
            self.place.value(key, type_of(rows.expression(path)))
            for key, path in zip(step.cell, paths, strict=True)
        )  # fmt: skip
        if step.operator != "==":
            raise Problem("E301", step.span, expected=Written("=="), got=Written(step.operator))
        if step.refused is None and len(step.values) != len(view.show):
            raise Problem("E301", step.span, expected=f"{len(view.show)}", got=f"{len(step.values)}")
        return Viewing(
            self._signers(step.signers), policy.name.text, view.name.text, cell, step.values,
            self._refusal(step.refused),
        )  # fmt: skip
