"""What an action or decision can cost at most, before it runs (CTR-T14).

Counted in nodes of expressions and look-ups: a `some` counts its condition once for every instance it may look at, a
call counts what it calls. This module must not evaluate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import frozen

from contracts_dsl import ir
from contracts_dsl.limits import SOME_MATCHES_MAX, TREE_DEPTH_MAX
from contracts_dsl.measure import type_of
from contracts_dsl.program import ContractProgram, Program, outcomes


@frozen
class Bound:
    """The cost of one clause, timers' outcomes included, or of one decision (`action` is then the policy's `reads`)."""

    module: str
    state: str
    action: str
    cost: int


def bounds(program: Program) -> Iterator[Bound]:
    """The bound of every clause of every contract, and of a decision under every policy."""
    for name, contract in program.contracts.items():
        for start in contract.module.start:
            yield Bound(name, "", start.action, _start_cost(program, contract, start))
        for state in contract.module.states:
            for clause in state.clauses:
                action = "wait" if isinstance(clause, ir.Wait) else clause.action
                yield Bound(name, state.name, action, _clause_cost(program, contract, clause))
    for policy in program.policies.values():
        guards = sum(_cost(rule.when) + _effects_cost(program, rule.do) for rule in policy.rules)
        yield Bound(policy.name, "", "reads", guards)


def _cost(e: ir.Expr | None) -> int:
    if e is None:
        return 0
    own = TREE_DEPTH_MAX if e.op == "in" else 1
    inner = sum(_cost(arg) for arg in e.args)
    if e.op == "some" and e.find is not None:
        return own + _cost(e.find.value) + SOME_MATCHES_MAX * inner
    return own + len(e.path) + inner


def _start_cost(program: Program, contract: ContractProgram, clause: ir.May) -> int:
    wheres = sum(_cost(party.where) for party in contract.module.parties)
    return wheres + len(contract.fields) + _clause_cost(program, contract, clause)


def _clause_cost(program: Program, contract: ContractProgram, clause: ir.Clause) -> int:
    guard = 0 if isinstance(clause, ir.Wait) else _cost(clause.when)
    wheres = {party.name: _cost(party.where) for party in contract.module.parties}
    return 1 + guard + max(
        _effects_cost(program, do) + sum(wheres.get(one.name, 0) for one in do if isinstance(one, ir.Set))
        for _, do, _ in outcomes(clause)
    )  # fmt: skip


def _effects_cost(program: Program, effects: Iterable[ir.Effect]) -> int:
    return sum(1 + _effect_cost(program, effect) for effect in effects)


def _effect_cost(program: Program, effect: ir.Effect) -> int:
    match effect:
        case ir.Set():
            return _cost(effect.value)
        case ir.Pay():
            return _cost(effect.amount) + len(effect.shares)
        case ir.Create():
            target = program.contracts[effect.contract]
            starts = [one for one in target.module.start if one.action == effect.action]
            called = [_start_cost(program, target, one) for one in starts]
        case ir.Call():
            target = program.contracts[type_of(effect.on).name]
            clauses = [one for state in target.module.states for one in state.clauses]
            called = [
                _clause_cost(program, target, one) for one in clauses
                if not isinstance(one, ir.Wait) and one.action == effect.action
            ]  # fmt: skip
    return sum(_cost(arg.value) for arg in effect.args) + sum(called)
