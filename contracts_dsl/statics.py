"""The rules of a well-formed contract beyond its types: CTR-T6 to CTR-T11, read off the IR.

They are stated over the IR so that the checker, which has a source to point into, and a node, which has only what the
chain stores, hold programs to the same law. Rules of policies are in statics_policy.py. This module must not know
syntax.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from attrs import field, frozen

from contracts_dsl import ir
from contracts_dsl.limits import CALL_DEPTH_MAX
from contracts_dsl.measure import type_of
from contracts_dsl.program import ContractProgram, Program, outcomes
from contracts_dsl.typesystem import Type, always_fits, parse_type

BASIS = 10_000
"""Basis points in the whole."""


@frozen
class Finding:
    """A rule broken at a node of the IR."""

    code: str
    node: object
    """The IR node, by identity; the checker knows its place."""
    values: Mapping[str, object] = field(factory=dict)


def contract_findings(program: Program, contract: ContractProgram) -> Iterator[Finding]:
    """Every broken rule of one contract."""
    yield from _unreached(contract)
    yield from _clockwork(contract)
    yield from _shares(contract)
    yield from _payers(contract)
    yield from _timers(program, contract)


def package_findings(program: Program) -> Iterator[Finding]:
    """Rules about modules together: calls and creations form no circle and no deep chain (CTR-T9)."""
    uses = {name: _callees(contract) for name, contract in program.contracts.items()}
    told: set[str] = set()
    for name, called in uses.items():
        for callee, effect in called.items():
            circle = _reach(uses, callee)
            if name in circle and name not in told:
                told |= circle
                yield Finding("E406", effect, {"contract": name, "other": callee})
    depth: dict[str, int] = {}
    for name, called in uses.items():
        if _depth(uses, name, depth, frozenset()) > CALL_DEPTH_MAX:
            yield Finding("E003", next(iter(called.values())), {"limit": "call_depth", "max": CALL_DEPTH_MAX})


# ---- CTR-T6, CTR-T7: the graph of states


def _unreached(contract: ContractProgram) -> Iterator[Finding]:
    reached: set[str] = set()
    waiting = [clause.to for clause in contract.module.start if clause.to is not None]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        clauses = contract.states[name].clauses
        waiting.extend(to for clause in clauses for _, _, to in outcomes(clause) if to is not None)
    for state in contract.module.states:
        if state.name not in reached:
            yield Finding("E401", state, {"state": state.name})


def _clockwork(contract: ContractProgram) -> Iterator[Finding]:
    """CTR-T7: no cycle of states by timers alone."""
    next_by_time = {
        state.name: [to for clause in state.clauses for timer, _, to in outcomes(clause) if timer and to is not None]
        for state in contract.module.states
    }
    told: set[str] = set()
    for state in contract.module.states:
        seen: set[str] = set()
        waiting = list(next_by_time[state.name])
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting.extend(next_by_time[name])
        if state.name in seen and state.name not in told:
            told |= seen
            yield Finding("E402", state, {"state": state.name})


# ---- CTR-T10, CTR-T11: payments


def _pays(contract: ContractProgram) -> Iterator[tuple[ir.Clause, bool, ir.Pay]]:
    for clause in contract.clauses:
        for timer, do, _ in outcomes(clause):
            yield from ((clause, timer, effect) for effect in do if isinstance(effect, ir.Pay))


def _shares(contract: ContractProgram) -> Iterator[Finding]:
    """CTR-T11: exactly one rest, and percents of at most the whole."""
    for _, _, pay in _pays(contract):
        rests = sum(share.bp is None for share in pay.shares)
        total = sum(share.bp or 0 for share in pay.shares)
        if rests != 1 or total > BASIS:
            yield Finding("E403", pay, {"rests": rests, "percent": f"{total // 100}.{total % 100:02}"})


def _payers(contract: ContractProgram) -> Iterator[Finding]:
    """CTR-T10: the payer has signed on every path from the start to the clause, or signs it."""
    signed = signed_on_entry(contract)
    homes = {id(clause): state.name for state in contract.module.states for clause in state.clauses}
    for clause, timer, pay in _pays(contract):
        known = signed.get(homes.get(id(clause), ""), frozenset())
        if not timer:
            known |= signs(clause)
        payer = pay.payer.path[0] if pay.payer.op == "path" else ("attr", "?")
        if len(pay.payer.path) != 1 or payer[0] != "party" or payer[1] not in known:
            yield Finding("E404", pay, {"payer": payer[1]})


def signs(clause: ir.Clause) -> frozenset[str]:
    """Parties whose signature performing this clause takes: its actors, and those its `when` asks for."""
    if isinstance(clause, ir.Wait):
        return frozenset()
    asked = (one.args[0] for one in ir.conjuncts(clause.when) if one.op == "signed")
    parties = (one.path[0][1] for one in asked if one.op == "path" and len(one.path) == 1 and one.path[0][0] == "party")
    return frozenset((*clause.actors, *parties))


def signed_on_entry(contract: ContractProgram) -> dict[str, frozenset[str]]:
    """Per state, the parties that have signed on every way into it: a forward must-analysis."""
    edges = list(_edges(contract))
    everyone = frozenset(party.name for party in contract.module.parties)
    known = dict.fromkeys(contract.states, everyone)
    changed = True
    while changed:
        changed = False
        for source, target, gained, lost in edges:
            before = known[source] if source else frozenset()
            after = known[target] & ((before | gained) - lost)
            changed = changed or after != known[target]
            known[target] = after
    return known


def _edges(contract: ContractProgram) -> Iterator[tuple[str, str, frozenset[str], frozenset[str]]]:
    """(from, to, parties that sign, parties that are set); a clause without `becomes` leads back to its state."""
    located: list[tuple[str, ir.Clause]] = [("", clause) for clause in contract.module.start]
    located.extend((state.name, clause) for state in contract.module.states for clause in state.clauses)
    for home, clause in located:
        for timer, do, to in outcomes(clause):
            lost = frozenset(effect.name for effect in do if isinstance(effect, ir.Set))
            target = to if to is not None else home
            if target in contract.states:
                yield home, target, frozenset() if timer else signs(clause), lost


# ---- CTR-T8: what time does cannot be refused


def _timers(program: Program, contract: ContractProgram) -> Iterator[Finding]:
    by_time = [do for clause in contract.clauses for timer, do, _ in outcomes(clause) if timer]
    for effect in chain.from_iterable(by_time):
        reason = refusable(program, contract, contract.module.name, effect)
        if reason is not None:
            yield Finding("E405", effect, {"reason": reason})


def refusable(program: Program, contract: ContractProgram | None, caller: str, effect: ir.Effect) -> str | None:
    """Why an effect might be refused, as a phrase; None if it never can be. `contract` is None in a policy."""
    match effect:
        case ir.Set() if contract is not None:
            return _refusable_set(contract, effect)
        case ir.Pay():
            return _refusable_pay(effect)
        case ir.Create():
            return _refusable_create(program, caller, effect)
        case _:
            return "@call_of_another"


def _refusable_set(contract: ContractProgram, effect: ir.Set) -> str | None:
    if effect.value.op not in ("lit", "path"):
        return "@computed_value"
    if not always_fits(type_of(effect.value), contract.types[effect.name]):
        return "@value_may_not_fit"
    guarded = any(party.name == effect.name and party.where is not None for party in contract.module.parties)
    return "@party_with_where" if guarded else None


def _refusable_pay(effect: ir.Pay) -> str | None:
    amount = effect.amount.args[0] if effect.amount.op == "pct" and effect.amount.by <= BASIS else effect.amount
    return None if amount.op in ("path", "lit") else "@computed_value"


def _refusable_create(program: Program, caller: str, effect: ir.Create) -> str | None:
    """An unrefusable start: no key, no `where`, no `when`, it takes what it gets, its own effects are unrefusable."""
    target = program.contracts[effect.contract]
    if target.module.key:
        return "@start_with_key"
    if any(party.where is not None for party in target.module.parties):
        return "@start_with_where"
    clauses = [one for one in target.module.start if one.action == effect.action and one.caller == caller]
    if not any(clause.when is None for clause in clauses):
        return "@start_with_when"
    for clause in clauses:
        expected: dict[str, Type] = {**target.types, **{one.name: parse_type(one.type) for one in clause.params}}
        for arg in effect.args:
            if not always_fits(type_of(arg.value), expected[arg.name]) or arg.value.op not in ("lit", "path"):
                return "@value_may_not_fit"
        for inner in clause.do:
            reason = refusable(program, target, effect.contract, inner)
            if reason is not None:
                return reason
    return None


# ---- CTR-T9: who uses whom


def _callees(contract: ContractProgram) -> dict[str, ir.Effect]:
    """Contracts that a contract calls or creates, with the first effect that does."""
    found: dict[str, ir.Effect] = {}
    every = [do for clause in contract.clauses for _, do, _ in outcomes(clause)]
    for effect in chain.from_iterable(every):
        if isinstance(effect, ir.Create):
            found.setdefault(effect.contract, effect)
        elif isinstance(effect, ir.Call):
            found.setdefault(type_of(effect.on).name, effect)
    return found


def _reach(uses: Mapping[str, Mapping[str, object]], start: str) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(uses.get(name, ()))
    return reached


def _depth(
    uses: Mapping[str, Mapping[str, object]], name: str, known: dict[str, int], above: frozenset[str]
) -> int:  # fmt: skip
    """Contracts on the longest path of calls from this one; a circle, reported elsewhere, counts once."""
    if name in above:
        return 0
    if name not in known:
        below = above | {name}
        known[name] = 1 + max((_depth(uses, callee, known, below) for callee in uses.get(name, ())), default=0)
    return known[name]
