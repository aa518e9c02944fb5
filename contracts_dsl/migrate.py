"""New versions: what may follow what, and how living instances move to the rules that replace theirs (CTR-S24).

A deployment is a package in one piece. `deploy` verifies it together with everything that is in force and returns the
new program with the changes that moving makes. This module must not know who may deploy, nor how modules are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from contracts_dsl import ir, verify
from contracts_dsl.host import Changes, Instance, Refused, World
from contracts_dsl.interpret import Step, timers
from contracts_dsl.overlay import Overlay
from contracts_dsl.program import ContractProgram, Program
from contracts_dsl.typesystem import Type, assignable, parse_type
from contracts_dsl.verify_expressions import Unsound, need


def deploy(
    deployed: Sequence[ir.Module], arriving: Sequence[ir.Module], world: World, retired: Iterable[str] = ()
) -> tuple[Program, Changes]:  # fmt: skip
    """The program after a deployment at `world.now()`, and the moves it makes.

    Raises `ir.IrError` for a package that cannot stand, `Refused` (`no_migration`) for one that would strand somebody.
    """
    for module in arriving:
        try:
            _follows(deployed, module)
        except (Unsound, ValueError) as unsound:
            raise ir.IrError(module.name, str(unsound)) from None
    program = verify.load([*deployed, *arriving], retired)
    step = Step(program, Overlay(world), world.now())
    for module in arriving:
        if isinstance(module, ir.Contract) and module.replaces is not None:
            old = program.contract(module.name, module.replaces)
            if old is not None:
                _move_all(step, old, program.versions[module.name, module.version])
    return program, step.overlay.changes(step.now)


# ---- what may follow what


def _follows(deployed: Sequence[ir.Module], module: ir.Module) -> None:
    earlier = [one for one in deployed if one.name == module.name]
    for old in earlier:
        need(type(old) is type(module), f"a {type(old).__name__.lower()}, as version {old.version}")
        need(old.version < module.version, f"a version above {old.version}, got {module.version}")
        if isinstance(old, ir.Schema) and isinstance(module, ir.Schema):
            _schema_grows(old, module)
        elif isinstance(old, ir.Contract) and isinstance(module, ir.Contract):
            _contract_widens(old, module)
        elif isinstance(old, ir.Policy) and isinstance(module, ir.Policy):
            need(old.of == module.of, f"a policy for {old.of}")


def _schema_grows(old: ir.Schema, new: ir.Schema) -> None:
    """A schema only grows: nothing disappears, and what a node does not have yet may be absent."""
    members = {one.name: set(one.members) for one in new.enums}
    for enum in old.enums:
        need(set(enum.members) <= members.get(enum.name, set()), f"every member of {enum.name}")
    need(set(old.purposes) <= set(new.purposes), "every purpose")
    for before, after in ((old.entities, new.entities), (old.parties, new.parties)):
        kinds = {one.name: one for one in after}
        for kind in before:
            need(kind.name in kinds and kinds[kind.name].tree == kind.tree, f"{kind.name} as it was")
            had = {one.name: parse_type(one.type) for one in kind.attributes}
            has = {one.name: parse_type(one.type) for one in kinds[kind.name].attributes}
            _widens(had, has, set())


def _contract_widens(old: ir.Contract, new: ir.Contract) -> None:
    """Fields stay and only widen; a new one has a default or may be absent; the key stays."""
    before, after = ContractProgram(old), ContractProgram(new)
    need(old.key == new.key, f"the key {', '.join(old.key)}")
    _widens(before.types, after.types, set(after.initial))


def _widens(old: Mapping[str, Type], new: Mapping[str, Type], initial: set[str]) -> None:
    for name, kind in old.items():
        need(name in new, f"{name} still there")
        found = new[name]
        wide = found.kind != "int" or (found.low <= kind.low and kind.high <= found.high)
        need(assignable(kind, found) and wide, f"{name} as wide as {kind}, got {found}")
    for name, kind in new.items():
        need(name in old or kind.optional or name in initial, f"a default for {name}, or `?`")


# ---- moving


def targets(old: ContractProgram, new: ContractProgram) -> dict[str, str | None]:
    """Where each state of the old version with clauses goes: the state whose `replaces` names it, else its namesake."""
    named = {name: state.name for state in new.module.states for name in state.replaces}
    return {
        state.name: named.get(state.name, state.name if state.name in new.states else None)
        for state in old.module.states if state.clauses
    }  # fmt: skip


def _move_all(step: Step, old: ContractProgram, new: ContractProgram) -> None:
    """Every live instance moves at this height; each state it could be in must have a target."""
    where = targets(old, new)
    for state, target in where.items():
        if target is None:
            raise Refused("no_migration", state=state, n=old.module.version)
    for ordinal in step.overlay.instances(old.module.name):
        instance = step.overlay.instance(ordinal)
        if instance is not None and instance.version == old.module.version:
            target = where.get(instance.state)
            if target is not None:
                _move(step, instance, (old, new), target)


def _move(step: Step, instance: Instance, versions: tuple[ContractProgram, ContractProgram], target: str) -> None:
    """One instance: entry time and values stay, new fields have their default, duties done stay done."""
    old, new = versions
    values = tuple(
        instance.values[old.position[name]] if name in old.position
        else (new.initial[name].value if name in new.initial else None)
        for name in new.fields
    )  # fmt: skip
    closed = _still_closed(old, new, instance, target)
    moved = Instance(instance.id, instance.contract, new.module.version, target, instance.entered, values, closed)
    moved = Instance(
        moved.id, moved.contract, moved.version, target, moved.entered, values, closed, timers(new, moved)
    )  # fmt: skip
    step.overlay.put(moved)
    step.emit("migrated", moved, from_version=instance.version, from_state=instance.state, to=target)


def _still_closed(
    old: ContractProgram, new: ContractProgram, instance: Instance, target: str
) -> tuple[int, ...]:  # fmt: skip
    """Duties that were performed or fired, found again by action and name of violation."""
    clauses = old.states[instance.state].clauses
    done = {
        (duty.action, duty.otherwise.name) for at in instance.closed if isinstance(duty := clauses[at], ir.Must)
    }  # fmt: skip
    return tuple(
        at for at, duty in enumerate(new.states[target].clauses)
        if isinstance(duty, ir.Must) and (duty.action, duty.otherwise.name) in done
    )  # fmt: skip
