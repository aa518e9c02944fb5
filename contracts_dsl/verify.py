"""Is what somebody wants to deploy a well-typed program? Every static rule, on the IR alone (CTR-T1 to CTR-T13).

`load` is the only way from foreign bytes to a program that may run. What it accepts, the interpreter executes without
error; what it refuses, it refuses with a place and an expectation. This module must not know syntax or sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from attrs import evolve

from contracts_dsl import ir
from contracts_dsl.lexer_names import NAME
from contracts_dsl.limits import (
    CLAUSES_PER_STATE_MAX,
    DURATION_MAX,
    EFFECTS_MAX,
    FIELDS_MAX,
    INTEGER_MAX,
    NAME_CHARACTERS_MAX,
    STATES_MAX,
)  # fmt: skip
from contracts_dsl.program import ContractProgram, Program, link
from contracts_dsl.statics import Finding, contract_findings, package_findings
from contracts_dsl.statics_policy import policy_findings
from contracts_dsl.typesystem import MONEY, Type, parse_type
from contracts_dsl.verify_expressions import Scope, Unsound, need

_NAME = re.compile(NAME)


def load(modules: Iterable[ir.Module], retired: Iterable[str] = ()) -> Program:
    """The program that these modules make, all that is in force verified.

    Raises `ir.IrError`: the name of the module, and what was expected of it.
    """
    listed = list(modules)
    place = "$"
    try:
        names = [(one.name, one.version) for one in listed]
        need(len(set(names)) == len(names), "one module of each name and version")
        _meanings(listed)
        for module in listed:
            place = module.name
            _shape(module)
        program = link(listed, retired)
        for module in _in_force(listed):
            place = module.name
            _module(program, module)
        codes = sorted({finding.code for finding in package_findings(program)})
        need(not codes, f"a program without {', '.join(codes)}")
        for module in _in_force(listed):
            place = module.name
            codes = sorted({finding.code for finding in _findings(program, module)})
            need(not codes, f"a program without {', '.join(codes)}")
    except (Unsound, ValueError) as unsound:
        raise ir.IrError(place, str(unsound)) from None
    except RecursionError:
        raise ir.IrError(place, "nesting within the limit") from None
    return program


def _in_force(modules: Sequence[ir.Module]) -> list[ir.Module]:
    """The modules by which something can still happen (CTR-S24).

    Of schemas and policies the highest version; of contracts every version that no other replaces.
    """
    replaced = {(one.name, one.replaces) for one in modules if isinstance(one, ir.Contract)}
    highest = {name: max(one.version for one in modules if one.name == name) for name in {one.name for one in modules}}
    return [
        one for one in modules
        if (one.version == highest[one.name])
        or (isinstance(one, ir.Contract) and (one.name, one.version) not in replaced)
    ]  # fmt: skip


def _findings(program: Program, module: ir.Module) -> Iterable[Finding]:
    if isinstance(module, ir.Contract):
        return contract_findings(program, program.versions[module.name, module.version])
    return policy_findings(program, module) if isinstance(module, ir.Policy) else ()


# ---- names and shapes


def _meanings(modules: Sequence[ir.Module]) -> None:
    """A name means one kind of thing over the whole program."""
    kinds: dict[str, str] = {}
    for module in modules:
        mine = {module.name: type(module).__name__}
        if isinstance(module, ir.Schema):
            mine.update({one.name: f"enum of {module.name}" for one in module.enums})
            mine.update({one.name: f"entity of {module.name}" for one in module.entities})
            mine.update({one.name: f"party of {module.name}" for one in module.parties})
        for name, kind in mine.items():
            need(kinds.setdefault(name, kind) == kind, f"one meaning of {name}")


def _names(names: Iterable[str]) -> None:
    """Well-formed and distinct."""
    seen: set[str] = set()
    for name in names:
        need(_NAME.fullmatch(name) and len(name) <= NAME_CHARACTERS_MAX, f"a name, got {name[:40]!r}")
        need(name not in seen, f"{name} once")
        seen.add(name)


def _shape(module: ir.Module) -> None:
    """What can be said of a module without knowing the others."""
    _names([module.name])
    _names(module.uses)
    need(list(module.uses) == sorted(module.uses), "uses in order")
    need(1 <= module.version <= INTEGER_MAX, "a version")
    if isinstance(module, ir.Schema):
        for enum in module.enums:
            _names(enum.members)
        _names(module.purposes)
        kinds = (*module.entities, *module.parties)
        _names([*(one.name for one in module.enums), *(one.name for one in kinds)])
        for kind in kinds:
            _names(one.name for one in kind.attributes)
        need(not any(kind.tree for kind in module.parties), "no tree of parties")
        return
    need(module.replaces is None or 1 <= module.replaces < module.version, "an earlier version to replace")
    _names(one.name for one in module.checks)
    if isinstance(module, ir.Policy):
        _names([*(one.name for one in module.groups), *(one.name for one in module.rules)])
        _names(one.name for one in module.views)
        for group in module.groups:
            _names(group.fields)
        return
    fields = [*(one.name for one in module.parties), *(one.name for one in module.data)]
    _names([*fields, *(state.name for state in module.states)])
    need(len(fields) <= FIELDS_MAX and len(module.states) <= STATES_MAX, "a contract within the limits")
    need(all(len(one.clauses) <= CLAUSES_PER_STATE_MAX for one in module.states), "states within the limits")
    _names(module.key)
    need(module.start and set(module.key) <= set(fields), "a start, and a key of fields")


# ---- modules


def _module(program: Program, module: ir.Module) -> None:
    known = {*program.schemas, *program.contracts, *program.policies}
    need(set(module.uses) <= known, f"modules that are deployed, got {sorted(set(module.uses) - known)}")
    match module:
        case ir.Schema():
            for kind in (*module.entities, *module.parties):
                for attribute in kind.attributes:
                    found = _type(program, attribute.type)
                    need(found.kind not in ("contract", "state", "duration"), f"a type of the directory, got {found}")
        case ir.Contract():
            _contract(program, program.versions[module.name, module.version])
        case ir.Policy():
            _policy(program, module)


def _type(program: Program, text: str) -> Type:
    """A type whose name is declared."""
    found = parse_type(text)
    if found.kind in ("enum", "set"):
        need(found.name in program.enums or (found.kind, found.name) == ("set", "purpose"), f"an enum, got {found}")
    elif found.kind == "contract":
        need(found.name in program.contracts, f"a contract, got {found}")
    elif found.name:
        declared = found.name in program.kinds and (found.name in program.party_types) == (found.kind == "party")
        need(declared, f"a declared kind, got {found}")
    return found


def _contract(program: Program, contract: ContractProgram) -> None:
    module = contract.module
    fields: dict[tuple[str, str], Type] = {}
    for party in module.parties:
        fields["party", party.name] = _type(program, party.type)
        need(fields["party", party.name].kind == "party" and fields["party", party.name].name, "a party type")
    for datum in module.data:
        fields["data", datum.name] = _type(program, datum.type)
        need(fields["data", datum.name].kind not in ("state", "duration"), "a type of data")
    scope = Scope(program, fields, module.name)
    for party in module.parties:
        own: ir.Step = ("party", party.name)
        evolve(scope, present=frozenset({(own,)})).condition(party.where)
    for datum in module.data:
        if datum.init is not None:
            need(datum.init.op == "lit", "a literal")
            Scope(program).stored(datum.init, contract.types[datum.name])
            low, high = contract.types[datum.name].bounds
            number = datum.init.value if contract.types[datum.name].kind == "int" else low
            need(isinstance(number, int) and low <= number <= high, "a value in its range")
    need(not any(contract.types[name].optional or name in contract.assigned for name in module.key), "a key for ever")
    for clause in module.start:
        need(clause.to is not None, "a start that leads to a state")
        _clause(program, contract, scope, clause)
    for state in module.states:
        need(not state.replaces or module.replaces is not None, "nothing replaced where nothing is")
        for one in state.clauses:
            _clause(program, contract, scope, one)
    for check in module.checks:
        _contract_check(contract, scope, check)


def _clause(program: Program, contract: ContractProgram, scope: Scope, clause: ir.Clause) -> None:
    if isinstance(clause, ir.Wait):
        _limit(contract, clause.limit)
        _outcome(program, contract, scope, clause.do, clause.to)
        return
    fields = {*contract.fields, *contract.states}
    _names([clause.action])
    _names(one.name for one in clause.params)
    need(not fields & {one.name for one in clause.params}, "parameters with names of their own")
    parameters = {one.name: _type(program, one.type) for one in clause.params}
    inner = evolve(scope, parameters=parameters)
    inner.condition(clause.when)
    _actors(program, contract, clause)
    _outcome(program, contract, inner.knowing(clause.when), clause.do, clause.to)
    if isinstance(clause, ir.Must):
        _limit(contract, clause.limit)
        _names([clause.otherwise.name])
        _outcome(program, contract, scope, clause.otherwise.do, clause.otherwise.to)


def _actors(program: Program, contract: ContractProgram, clause: ir.Acting) -> None:
    _names(clause.actors)
    parties = {one.name for one in contract.module.parties}
    need(set(clause.actors) <= parties, f"parties of the contract, got {clause.actors}")
    caller = clause.caller if isinstance(clause, ir.May) else None
    need(bool(clause.actors) == (caller is None), "either actors or a caller")
    if caller is not None:
        need(caller in program.contracts or caller in program.policies, f"a deployed caller, got {caller}")


def _limit(contract: ContractProgram, limit: ir.Limit) -> None:
    need((limit.within is None) != (limit.until is None), "one deadline")
    if limit.within is not None:
        need(0 <= limit.within <= DURATION_MAX, "a duration")
    else:
        data = {one.name for one in contract.module.data}
        need(limit.until in data and contract.types[str(limit.until)].kind == "time", "a time of the contract")


def _outcome(
    program: Program, contract: ContractProgram, scope: Scope, do: Sequence[ir.Effect], to: str | None
) -> None:  # fmt: skip
    need(to is None or to in contract.states, f"a state, got {to}")
    need(len(do) <= EFFECTS_MAX, f"at most {EFFECTS_MAX} effects")
    _names(effect.name for effect in do if isinstance(effect, ir.Set))
    for effect in do:
        match effect:
            case ir.Set():
                need(effect.name in contract.types and effect.name not in contract.module.key, "a field to set")
                scope.stored(effect.value, contract.types[effect.name])
            case ir.Pay():
                scope.stored(effect.amount, MONEY)
                for party in (effect.payer, *(share.to for share in effect.shares)):
                    need(party.op == "path" and len(party.path) == 1, "a party by its name")
                    scope.stored(party, Type("party"))
                need(all(share.bp is None or share.bp >= 0 for share in effect.shares), "shares of at least nothing")
            case ir.Create():
                _create(program, contract.module.name, scope, effect)
            case ir.Call():
                _call(program, contract.module.name, scope, effect)


def _create(program: Program, caller: str, scope: Scope, effect: ir.Create) -> None:
    need(effect.contract in program.contracts, f"a contract, got {effect.contract}")
    target = program.contracts[effect.contract]
    starts = [one for one in target.module.start if one.action == effect.action and one.caller == caller]
    need(starts, f"a start of {effect.contract} for {caller}")
    optional = {name for name, kind in target.types.items() if kind.optional or name in target.initial}
    for clause in starts:
        expected = {**target.types, **{one.name: parse_type(one.type) for one in clause.params}}
        _arguments(scope, effect.args, expected, optional)


def _call(program: Program, caller: str, scope: Scope, effect: ir.Call) -> None:
    found = scope.whole(effect.on)
    need(effect.on.op == "path" and found.kind == "contract" and not found.optional, f"an instance, got {found}")
    clauses = chain.from_iterable(state.clauses for state in program.contracts[found.name].module.states)
    named = [one for one in clauses if isinstance(one, ir.May) and one.action == effect.action]
    mine = [one for one in named if one.caller == caller]
    need(mine, f"a clause {effect.action} of {found.name} for {caller}")
    for clause in mine:
        _arguments(scope, effect.args, {one.name: parse_type(one.type) for one in clause.params}, set())


def _arguments(scope: Scope, args: Sequence[ir.Arg], expected: Mapping[str, Type], optional: set[str]) -> None:
    _names(arg.name for arg in args)
    for arg in args:
        need(arg.name in expected, f"no argument {arg.name}")
        scope.stored(arg.value, expected[arg.name])
    missing = {name for name, kind in expected.items() if not kind.optional} - optional - {arg.name for arg in args}
    need(not missing, f"arguments {sorted(missing)}")


def _contract_check(contract: ContractProgram, scope: Scope, check: ir.Check) -> None:
    match check:
        case ir.Always() | ir.Never():
            scope.condition(check.condition)
        case ir.AlwaysAfter() | ir.NeverAfter():
            actions = {one.action for one in contract.clauses if not isinstance(one, ir.Wait)}
            need({check.action, check.earlier} <= actions, f"actions, got {check.action}, {check.earlier}")
        case ir.Reaches():
            need(set(check.states) <= set(contract.states) and check.within >= 0, "states and a duration")
        case _:
            raise Unsound("no `reads` in a contract")


# ---- policies


def _policy(program: Program, policy: ir.Policy) -> None:
    need(policy.of in program.contracts, f"a contract, got {policy.of}")
    groups = {one.name for one in policy.groups}
    forbids = {one.name for one in policy.rules if one.kind == "forbid"}
    for rule in policy.rules:
        scope = _reader(program, policy, rule.reader)
        _listed(program, groups, rule.groups, rule.purposes)
        scope.condition(rule.when)
        need(set(rule.overrides) <= forbids, "forbids to override")
        need(rule.kind == "permit" or not (rule.overrides or rule.do), "a forbid without consequences")
        for effect in rule.do:
            _create(program, policy.name, scope.knowing(rule.when), effect)
    for view in policy.views:
        _view(program, policy, view)
    for check in policy.checks:
        if isinstance(check, ir.Always | ir.Never):
            Scope(program, record=policy.of).condition(check.condition)
        elif isinstance(check, ir.AlwaysReads | ir.NeverReads):
            _listed(program, groups, check.groups, check.purposes)
            _reader(program, policy, check.reader).condition(check.when)
        else:
            raise Unsound("no check of runs in a policy")


def _reader(program: Program, policy: ir.Policy, reader: str) -> Scope:
    need(reader in program.party_types, f"a party type, got {reader}")
    return Scope(program, record=policy.of, reader=reader)


def _listed(program: Program, known: set[str], groups: Sequence[str], purposes: Sequence[str] | None) -> None:
    _names(groups)
    need(set(groups) <= known, f"groups of the policy, got {groups}")
    if purposes is not None:
        _names(purposes)
        need(set(purposes) <= set(program.purposes), f"purposes, got {purposes}")


def _view(program: Program, policy: ir.Policy, view: ir.View) -> None:
    rows = Scope(program, record=policy.of)
    rows.condition(view.where)
    known = rows.knowing(view.where)
    need(view.show, "something to show")
    for aggregate in view.show:
        need((aggregate.op == "sum") == (aggregate.path is not None), "a path in `sum` alone")
        if aggregate.path is not None:
            found = known.whole(aggregate.path)
            need(found.kind in ("int", "money") and not found.optional, f"a number, got {found}")
    for path in (*view.group, *((view.rollup,) if view.rollup is not None else ())):
        need(path.op == "path", "a path to group by")
        known.whole(path)
    need(0 <= view.k <= INTEGER_MAX, "a number to suppress by")
    evolve(_reader(program, policy, view.to), present=known.present).condition(view.when)
