"""Rules of a policy as Python functions: one for every type of reader, purpose and group of fields (CTR-S18).

What a function answers is the number of the rule that decides: n for the n-th rule of the policy, a permit, -n for a
forbid, 0 if nothing permits. Forbids come first, because one that no permit overrides ends the matter. Reasons are not
computed: `decide.py` gives them for the same request. This module must not know what a request is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

from attrs import define, field

from contracts_dsl import ir
from contracts_dsl.compile_expressions import Row, Scene, Unit, Writer
from contracts_dsl.measure import paths
from contracts_dsl.program import Program

Judge = Callable[..., int]
"""`(world, signers, reader, attributes, purpose, row, values)` to the number of the deciding rule. Raises `Unsettled`.

`attributes` are those of the reader, `row` is the instance of the record, `values` what it holds."""

Bench = Mapping[str, tuple[str, Judge]]
"""Every name that a request may use, a field or a group, to its group and the judge of that."""

_ARGUMENTS = ("world", "signers", "reader", "attributes", "purpose", "row", "values")


def bench_of(program: Program, policy: ir.Policy, kind: str | None, purpose: str | None) -> Bench:
    """Compile a policy for readers of one type with one purpose, which must be one of the program, or None."""
    unit, names = Unit(program), {}
    numbered = list(enumerate(policy.rules, 1))
    for group in policy.groups:
        rules = [(n, rule) for n, rule in numbered if rule.reader == kind and group.name in rule.groups]
        names[group.name] = _Judging(unit, policy.of, rules, purpose).write()
    functions = unit.functions()
    homes = {name: group.name for group in policy.groups for name in group.fields}
    homes.update({group.name: group.name for group in policy.groups})
    return {name: (home, functions[names[home]]) for name, home in homes.items()}


Numbered = tuple[int, ir.Rule]


@define
class _Judging:
    """The rules of one type of reader and group, being compiled for one purpose."""

    unit: Unit
    record: str
    """The contract of the record."""
    rules: Sequence[Numbered]
    purpose: str | None
    _searched: dict[ir.Expr, str] = field(factory=dict)
    """Conjuncts with a `some` to the locals that hold their truth."""

    def write(self) -> str:
        """The function; its name."""
        places = {"now": "world.now()", "reader": "reader", "record": "row.id", "purpose": "purpose"}
        scene = Scene(
            _ARGUMENTS, rows={("record", ""): Row("row", self.record, "values")}, places=places,
            known={(("reader", ""), ("attr", "")): "attributes"},
        )  # fmt: skip
        writer = Writer(self.unit, scene)
        self._often_read(writer)
        self._searches(writer)
        permits = [(n, rule) for n, rule in self.rules if rule.kind == "permit"]
        overridable = {name for _, rule in permits for name in rule.overrides}
        forbids = [(n, rule) for n, rule in self.rules if rule.kind == "forbid"]
        for number, rule in self._of_purpose(forbids):
            if rule.name not in overridable:
                self._rule(writer, rule, "", f"return -{number}")
        disputed = [(n, rule) for n, rule in self._of_purpose(forbids) if rule.name in overridable]
        if disputed:
            writer.line("against = 0")
        for bit, (_, rule) in enumerate(disputed):
            self._rule(writer, rule, "", f"against |= {1 << bit}")
        for number, rule in self._of_purpose(permits):
            beaten = [1 << bit for bit, (_, forbid) in enumerate(disputed) if forbid.name in rule.overrides]
            mask = reduce(int.__or__, beaten, 0)
            unbeaten = f"against & {~mask & ((1 << len(disputed)) - 1)} == 0" if disputed else ""
            self._rule(writer, rule, unbeaten, f"return {number}")
        for bit, (number, _) in enumerate(disputed):
            writer.line(f"if against & {1 << bit}:")
            writer.line(f"return -{number}", 2)
        writer.line("return 0")
        return writer.finish(self.unit.fresh("judge"))

    def _of_purpose(self, rules: Sequence[Numbered]) -> list[Numbered]:
        return [(n, rule) for n, rule in rules if rule.purposes is None or self.purpose in rule.purposes]

    def _often_read(self, writer: Writer) -> None:
        """What half of the rules ask for is read before all else."""
        applied = self._of_purpose(self.rules)
        asked = [{path for conjunct in ir.conjuncts(rule.when) for path in paths(conjunct)} for _, rule in applied]
        for path in dict.fromkeys(path for one in asked for path in sorted(one)):
            if 2 * sum(path in one for one in asked) >= len(asked) > 1:
                writer.line(writer.value(ir.Expr("path", "", path=path)))

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
