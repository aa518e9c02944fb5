"""Rules of a policy as Python functions: one for every type of reader and group of fields (CTR-S18).

What a function answers is the number of the rule that decides: n for the n-th rule of the policy, a permit, -n for a
forbid, 0 if nothing permits. Forbids come first, because one that no permit overrides ends the matter. Reasons are not
computed: `decide.py` gives them for the same request. This module must not know what a request is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

from attrs import define, field, frozen

from contracts_dsl import ir
from contracts_dsl.compile_expressions import Row, Scene, Unit, Writer
from contracts_dsl.host import Instance, World
from contracts_dsl.program import Program

Judge = Callable[[World, tuple[str, ...], str, int, str | None, Instance], int]
"""`(world, signers, reader, record, purpose, row)` to the number of the deciding rule. Raises `Unsettled`."""

_ARGUMENTS = ("world", "signers", "reader", "record", "purpose", "row")


@frozen
class PolicyCode:
    """A compiled policy."""

    judges: Mapping[tuple[str | None, str], Judge]
    """By reader type and group; where there is none, nothing is permitted."""
    groups: Mapping[str, str]
    """Every name that a request may use, a field or a group, to its group."""


def policy_code(program: Program, policy: ir.Policy) -> PolicyCode:
    """Compile a policy."""
    unit = Unit(program)
    names = {}
    numbered = list(enumerate(policy.rules, 1))
    for reader in dict.fromkeys(rule.reader for rule in policy.rules):
        for group in policy.groups:
            rules = [(n, rule) for n, rule in numbered if rule.reader == reader and group.name in rule.groups]
            if rules:
                names[reader, group.name] = _Judging(unit, policy.of, rules).write()
    functions = unit.functions()
    homes = {name: group.name for group in policy.groups for name in group.fields}
    homes.update({group.name: group.name for group in policy.groups})
    return PolicyCode({key: functions[name] for key, name in names.items()}, homes)


Numbered = tuple[int, ir.Rule]


@define
class _Judging:
    """The rules of one type of reader and group, being compiled."""

    unit: Unit
    record: str
    """The contract of the record."""
    rules: Sequence[Numbered]
    _searched: dict[ir.Expr, str] = field(factory=dict)
    """Conjuncts with a `some` to the locals that hold their truth."""

    def write(self) -> str:
        """The function; its name."""
        places = {"now": "world.now()", "reader": "reader", "record": "record", "purpose": "purpose"}
        scene = Scene(_ARGUMENTS, rows={("record", ""): Row("row", self.record)}, places=places)
        writer = Writer(self.unit, scene)
        self._searches(writer)
        permits = [(n, rule) for n, rule in self.rules if rule.kind == "permit"]
        overridable = {name for _, rule in permits for name in rule.overrides}
        forbids = [(n, rule) for n, rule in self.rules if rule.kind == "forbid"]
        for number, rule in forbids:
            if rule.name not in overridable:
                self._rule(writer, rule, "", f"return -{number}")
        disputed = [(n, rule) for n, rule in forbids if rule.name in overridable]
        if disputed:
            writer.line("against = 0")
        for bit, (_, rule) in enumerate(disputed):
            self._rule(writer, rule, "", f"against |= {1 << bit}")
        for number, rule in permits:
            beaten = [1 << bit for bit, (_, forbid) in enumerate(disputed) if forbid.name in rule.overrides]
            mask = reduce(int.__or__, beaten, 0)
            unbeaten = f"against & {~mask & ((1 << len(disputed)) - 1)} == 0" if disputed else ""
            self._rule(writer, rule, unbeaten, f"return {number}")
        for bit, (number, _) in enumerate(disputed):
            writer.line(f"if against & {1 << bit}:")
            writer.line(f"return -{number}", 2)
        writer.line("return 0")
        return writer.finish(self.unit.fresh("judge"))

    def _searches(self, writer: Writer) -> None:
        """CTR-S21: no `some` of any rule is skipped, because a limit that one of them exceeds refuses the request."""
        for _, rule in self.rules:
            for conjunct in ir.conjuncts(rule.when):
                if _has_some(conjunct) and conjunct not in self._searched:
                    local = self._searched[conjunct] = self.unit.fresh("e")
                    writer.line(f"{local} = {writer.condition(conjunct)}")

    def _rule(self, writer: Writer, rule: ir.Rule, first: str, consequence: str) -> None:
        """What happens if a rule matches, and `first` is true."""
        parts = [first] if first else []
        if rule.purposes is not None:
            parts.append(f"purpose in {self.unit.constant(frozenset(rule.purposes))}")
        plain = [one for one in ir.conjuncts(rule.when) if one not in self._searched]
        parts += [self._searched[one] for one in ir.conjuncts(rule.when) if one in self._searched]
        if not parts and plain:
            parts.append(writer.condition(plain.pop(0)))
        with writer.perhaps():
            parts += [writer.condition(one) for one in plain]
        if parts:
            writer.line(f"if {' and '.join(parts)}:")
        writer.line(consequence, 2 if parts else 1)


def _has_some(e: ir.Expr) -> bool:
    return e.op == "some" or any(_has_some(arg) for arg in e.args)
