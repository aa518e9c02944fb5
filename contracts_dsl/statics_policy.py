"""The rules of a well-formed policy beyond its types: CTR-T12 and CTR-T13, read off the IR.

One policy a contract, groups that do not overlap, no glass broken in silence, no view by person. This module must not
know syntax.
"""

from __future__ import annotations

from collections.abc import Iterator

from contracts_dsl import ir
from contracts_dsl.measure import mentions, type_of
from contracts_dsl.program import Program
from contracts_dsl.statics import Finding, refusable

_GROUPING = frozenset({"bool", "int", "enum", "entity"})


def policy_findings(program: Program, policy: ir.Policy) -> Iterator[Finding]:
    """Every broken rule of one policy."""
    other = program.policy_of.get(policy.of)
    if other is not None and other.name != policy.name:
        yield Finding("E506", policy, {"contract": policy.of, "other": other.name})
    yield from _groups(policy)
    for rule in policy.rules:
        yield from _overrides(program, policy, rule)
        for duty in rule.do:
            reason = refusable(program, None, policy.name, duty)
            if reason is not None:
                yield Finding("E505", duty, {"reason": reason})
    for view in policy.views:
        yield from _view(program, view)


def _groups(policy: ir.Policy) -> Iterator[Finding]:
    """A field is in one group, so that it has one verdict."""
    home: dict[str, str] = {}
    for group in policy.groups:
        for name in group.fields:
            if name in home:
                yield Finding("E503", group, {"field": name, "group": home[name], "other": group.name})
            home.setdefault(name, group.name)


def _overrides(program: Program, policy: ir.Policy, rule: ir.Rule) -> Iterator[Finding]:
    """A permit overrides forbids of its own party type, and only if reading creates a contract with a duty."""
    forbids = {one.name: one for one in policy.rules if one.kind == "forbid"}
    for name in rule.overrides:
        if name not in forbids or forbids[name].reader != rule.reader:
            yield Finding("E502", rule, {"name": name})
    if rule.overrides and not any(_has_duty(program, policy.name, create) for create in rule.do):
        yield Finding("E501", rule, {"name": rule.name})


def _has_duty(program: Program, caller: str, create: ir.Create) -> bool:
    """Whether every start that this creation may take leads to a state with a duty."""
    target = program.contracts[create.contract]
    starts = [one for one in target.module.start if one.action == create.action and one.caller == caller]
    entered = [target.states.get(one.to or "") for one in starts]
    return bool(entered) and all(
        state is not None and any(isinstance(clause, ir.Must) for clause in state.clauses) for state in entered
    )


def _view(program: Program, view: ir.View) -> Iterator[Finding]:
    """CTR-T13: groups of words and numbers, a roll-up along a tree, conditions on the cell alone."""
    for path in view.group:
        kind = type_of(path)
        if kind.kind not in _GROUPING or kind.optional:
            yield Finding("E504", view, {"type": kind})
    if view.rollup is not None:
        kind = type_of(view.rollup)
        declared = program.kinds.get(kind.name)
        if kind.kind != "entity" or kind.optional or declared is None or not declared.tree:
            yield Finding("E504", view, {"type": kind})
    allowed = {path.path for path in (*view.group, *((view.rollup,) if view.rollup else ()))}
    for path in _record_paths(view.when):
        if path.path not in allowed:
            yield Finding("E507", view, {"path": ".".join(name or kind for kind, name in path.path)})
    if view.when is not None and mentions(view.when, ("purpose", "")):
        yield Finding("E507", view, {"path": "purpose"})


def _record_paths(e: ir.Expr | None) -> Iterator[ir.Expr]:
    if e is None:
        return
    if e.op == "path" and e.path[0] == ("record", ""):
        yield e
    for arg in e.args:
        yield from _record_paths(arg)
