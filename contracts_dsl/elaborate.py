"""Schemas and contracts: from syntax to typed IR, clause by clause.

Every statement is elaborated on its own, so that a fault in one does not hide a fault in the next. Where each IR node
came from is kept in `places`, for the rules of statics.py to point at. This module must not know those rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import ParamSpec, TypeVar

from attrs import define, evolve, field

from contracts_dsl import ir
from contracts_dsl import syntax as s
from contracts_dsl.diagnostics import Diagnostic, Written
from contracts_dsl.expressions import Elaborator
from contracts_dsl.limits import DURATION_MAX, EFFECTS_MAX
from contracts_dsl.measure import type_of
from contracts_dsl.names import ClauseSignature, ContractNames, PackageNames, Problem, unknown
from contracts_dsl.source import Source, Span
from contracts_dsl.typesystem import MONEY, TIME, Type, parse_type

Places = dict[int, Span]
"""Identity of an IR node to the place it came from; valid while the module lives."""
T = TypeVar("T")
P = ParamSpec("P")


@define
class Elaboration:
    """The elaboration of one module: its diagnostics and its places."""

    names: PackageNames
    source: Source
    module: s.Module
    diagnostics: list[Diagnostic] = field(factory=list)
    places: Places = field(factory=dict)
    used: set[str] = field(factory=set)
    """Names of other modules and of types that the module mentions."""

    def attempt(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T | None:
        """The result, or None with the problem noted."""
        try:
            return work(*args, **named)
        except Problem as problem:
            self.diagnostics.append(Diagnostic(problem.code, self.source, problem.span, problem.values))
            return None

    def placed(self, node: T, span: Span) -> T:
        """The node, its place remembered."""
        self.places[id(node)] = span
        return node

    def uses(self) -> tuple[str, ...]:
        """The other modules that this one mentions, sorted."""
        homes = {self.names.home.get(name, name) for name in self.used}
        return tuple(sorted(home for home in homes if home and home != self.module.name.text))


def schema(work: Elaboration) -> ir.Schema:
    """The IR of a schema; its declarations were resolved with the names."""
    names, module = work.names, work.module
    enums = tuple(
        ir.Enum(one.name.text, names.enums.get(one.name.text, ())) for one in module.items if isinstance(one, s.Enum)
    )  # fmt: skip
    purposes = tuple(one.text for item in module.items if isinstance(item, s.Purposes) for one in item.names)
    entities = tuple(
        ir.NodeKind(one.name.text, one.within is not None, _attributes(work, names.entities.get(one.name.text, {})))
        for one in module.items if isinstance(one, s.Entity)
    )  # fmt: skip
    parties = tuple(
        ir.NodeKind(one.name.text, False, _attributes(work, names.parties.get(one.name.text, {})))
        for one in module.items if isinstance(one, s.PartyType)
    )  # fmt: skip
    name = module.name.text
    return ir.Schema(name, module.version, work.uses(), enums, purposes, entities, parties)


def _attributes(work: Elaboration, declared: Mapping[str, Type]) -> tuple[ir.Param, ...]:
    for kind in declared.values():
        note_type(work, kind)
    return tuple(ir.Param(name, str(kind)) for name, kind in declared.items())


def note_type(work: Elaboration, kind: Type) -> None:
    """Remember that the module mentions this type."""
    work.used.add("purpose" if kind.kind == "purpose" else kind.name)


def note_expression(work: Elaboration, e: ir.Expr) -> None:
    """Remember the types and contracts that an expression mentions."""
    kind = type_of(e)
    if kind.name:
        note_type(work, kind)
    if e.of:
        work.used.add(e.of)
    for arg in e.args:
        note_expression(work, arg)


def contract(work: Elaboration) -> ir.Contract:
    """The IR of a contract. What could not be elaborated is missing from it; then `work.diagnostics` is not empty."""
    own = work.names.contracts[work.module.name.text]
    items = work.module.items
    place = Elaborator(work.names, own.name)
    parties = [work.attempt(_party, work, place, one) for one in items if isinstance(one, s.Party)]
    data = [work.attempt(_datum, work, one, own) for one in items if isinstance(one, s.Data)]
    for item in items:
        if isinstance(item, s.Key):
            work.attempt(_key, own, item)
    starts = [clause for item in items if isinstance(item, s.Start) for clause in item.clauses]
    start = [_clause(work, own, one, "") for one in starts]
    declared = [one for one in items if isinstance(one, s.State) and own.states.get(one.name.text) is one]
    states = [_state(work, own, one) for one in declared]
    checks = [_check(work, place, own, one) for one in items if isinstance(one, s.Check | s.Reaches)]
    if not start:
        work.attempt(_no_start, work.module)
    return ir.Contract(
        own.name, work.module.version, work.module.replaces, work.uses(), _kept(parties), _kept(data), own.key,
        tuple(one for one in start if isinstance(one, ir.May)), tuple(states), _kept(checks),
    )  # fmt: skip


def _kept(parts: Iterable[T | None]) -> tuple[T, ...]:
    return tuple(part for part in parts if part is not None)


def _no_start(module: s.Module) -> None:
    raise Problem("E410", module.name.span, name=module.name.text)


def _party(work: Elaboration, place: Elaborator, item: s.Party) -> ir.Party | None:
    kind = work.names.contracts[work.module.name.text].parties.get(item.name.text)
    if kind is None:
        return None  # what is wrong with its declaration was said with the names
    note_type(work, kind)
    if item.where is None:
        return work.placed(ir.Party(item.name.text, str(kind), None), item.span)
    here = evolve(place, present=place.present | {(("party", item.name.text),)}) if kind.optional else place
    where = here.condition(item.where)
    note_expression(work, where)
    return work.placed(ir.Party(item.name.text, str(kind), where), item.span)


def _datum(work: Elaboration, item: s.Data, own: ContractNames) -> ir.Datum | None:
    kind = own.data.get(item.name.text)
    if kind is None:
        return None  # what is wrong with its declaration was said with the names
    note_type(work, kind)
    initial = None
    if item.initial is not None:
        initial = Elaborator(work.names).value(item.initial, kind)
        if initial.op != "lit":
            raise Problem("E301", item.initial.span, expected="@a_literal", got="@an_expression")
        low, high = kind.bounds
        if kind.kind == "int" and not (isinstance(initial.value, int) and low <= initial.value <= high):
            raise Problem("E301", item.initial.span, expected=kind, got=type_of(initial))
    return work.placed(ir.Datum(item.name.text, str(kind), initial), item.span)


def _key(own: ContractNames, item: s.Key) -> None:
    for name in item.names:
        kind = own.fields.get(name.text)
        if kind is None:
            raise unknown(name, own.fields)
        if kind.optional:
            raise Problem("E302", name.span, path=name.text, expected=kind.present, got=kind)
        if name.text in own.assigned:
            raise Problem("E408", name.span, name=name.text)


# ---- clauses


def _state(work: Elaboration, own: ContractNames, item: s.State) -> ir.State:
    clauses: tuple[ir.Clause, ...] = _kept([_clause(work, own, clause, item.name.text) for clause in item.clauses])
    replaced = tuple(name.text for name in item.replaces)
    if replaced and work.module.replaces is None:
        work.attempt(_replaces_nothing, item)
    return work.placed(ir.State(item.name.text, replaced, clauses), item.span)


def _replaces_nothing(item: s.State) -> None:
    raise Problem("E206", item.replaces[0].span, name=item.replaces[0].text)


def _clause(work: Elaboration, own: ContractNames, clause: s.Clause, state: str) -> ir.Clause | None:
    built = work.attempt(_build_clause, work, own, clause, state)
    return work.placed(built, clause.span) if built is not None else None


def _build_clause(work: Elaboration, own: ContractNames, clause: s.Clause, state: str) -> ir.Clause:
    place = Elaborator(work.names, own.name)
    if isinstance(clause, s.Wait):
        do, to = _outcome(work, own, evolve(place, by_time=True), clause.outcome)
        if to is None:
            raise Problem("E409", clause.span, where="@in_wait")
        return ir.Wait(_limit(own, clause.limit), do, to)
    parameters = _parameters(work, own, clause.parameters, state)
    place = evolve(place, parameters={one.name: _resolved(work, one) for one in parameters})
    when = place.condition(clause.when) if clause.when is not None else None
    if when is not None:
        note_expression(work, when)
    actors, caller = _actors(work, own, clause)
    do, to = _outcome(work, own, place.knowing(when), clause.outcome)
    action = clause.action.text
    if isinstance(clause, s.May):
        if not state and to is None:
            raise Problem("E409", clause.span, where="@in_starts")
        return ir.May(actors, caller, action, parameters, when, do, to)
    if caller is not None:
        raise Problem("E301", clause.actors[0].span, expected="@own_party", got=Written(caller))
    timed = Elaborator(work.names, own.name, by_time=True)
    otherwise, after = _outcome(work, own, timed, clause.otherwise)
    breach = work.placed(ir.Breach(clause.violation.text, otherwise, after), clause.otherwise.span)
    return ir.Must(actors, action, parameters, _limit(own, clause.limit), when, do, to, breach)


def _resolved(work: Elaboration, parameter: ir.Param) -> Type:
    kind = parse_type(parameter.type)
    note_type(work, kind)
    return kind


def _parameters(
    work: Elaboration, own: ContractNames, written: tuple[s.Parameter, ...], state: str
) -> tuple[ir.Param, ...]:
    """Parameters, distinct from each other and from the parties, data and states of the contract (CTR-T6)."""
    taken = {*own.fields, *own.states}
    found = []
    for parameter in written:
        name = parameter.name.text
        if name in taken:
            raise Problem("E204", parameter.name.span, name=name)
        taken.add(name)
        found.append(ir.Param(name, str(work.names.resolve(parameter.type))))
    return tuple(found)


def _actors(work: Elaboration, own: ContractNames, clause: s.May | s.Must) -> tuple[tuple[str, ...], str | None]:
    """Parties of the contract, or one contract or policy that may call."""
    names = [actor.text for actor in clause.actors]
    for actor in clause.actors:
        if names.count(actor.text) > 1:
            raise Problem("E204", actor.span, name=actor.text)
    strangers = [actor for actor in clause.actors if actor.text not in own.parties]
    if not strangers:
        return tuple(names), None
    modules = {**work.names.contracts, **work.names.policies}
    first = strangers[0]
    if first.text not in modules or len(names) > 1:
        raise unknown(first, [*own.parties, *modules])
    work.used.add(first.text)
    return (), first.text


def _limit(own: ContractNames, written: s.Limit) -> ir.Limit:
    if written.until is None:
        if written.within > DURATION_MAX:
            raise Problem("E003", written.span, limit="literal", max=DURATION_MAX)
        return ir.Limit(within=written.within)
    kind = own.data.get(written.until.text)
    if kind is None:
        raise unknown(written.until, own.data)
    if kind.kind != "time":
        raise Problem("E301", written.until.span, expected=TIME, got=kind)
    return ir.Limit(until=written.until.text)


def _outcome(
    work: Elaboration, own: ContractNames, place: Elaborator, outcome: s.Outcome
) -> tuple[tuple[ir.Effect, ...], str | None]:
    """Effects in the place's knowledge, and the next state."""
    if len(outcome.effects) > EFFECTS_MAX:
        raise Problem("E003", outcome.span, limit="effects", max=EFFECTS_MAX)
    seen: set[str] = set()
    for effect in outcome.effects:
        if isinstance(effect, s.SetEffect):
            if effect.target.text in seen:
                raise Problem("E204", effect.target.span, name=effect.target.text)
            seen.add(effect.target.text)
    do: tuple[ir.Effect, ...] = _kept(work.attempt(build_effect, work, own, place, one) for one in outcome.effects)
    if outcome.becomes is not None and outcome.becomes.text not in own.states:
        raise unknown(outcome.becomes, own.states, "E202")
    return do, outcome.becomes.text if outcome.becomes is not None else None


# ---- effects


def build_effect(work: Elaboration, own: ContractNames | None, place: Elaborator, effect: s.Effect) -> ir.Effect:
    """The IR of one effect. `own` is None in a policy, which can only create."""
    found: ir.Effect
    if isinstance(effect, s.CreateEffect):
        found = create(work, place, effect)
    elif own is None:
        raise Problem("E114", effect.span)
    elif place.by_time and isinstance(effect, s.CallEffect):
        raise Problem("E405", effect.span, reason="@call_of_another")
    elif isinstance(effect, s.SetEffect):
        found = _set(work, own, place, effect)
    elif isinstance(effect, s.PayEffect):
        found = _pay(work, place, effect)
    else:
        found = _call(work, place, effect)
    return work.placed(found, effect.span)


def _set(work: Elaboration, own: ContractNames, place: Elaborator, effect: s.SetEffect) -> ir.Set:
    name = effect.target.text
    kind = own.fields.get(name)
    if kind is None:
        raise unknown(effect.target, own.fields)
    if name in own.key:
        raise Problem("E408", effect.target.span, name=name)
    value = place.value(effect.value, kind)
    note_expression(work, value)
    return ir.Set(name, value)


def _pay(work: Elaboration, place: Elaborator, effect: s.PayEffect) -> ir.Pay:
    amount = place.value(effect.amount, MONEY)
    payer = _party_path(place, effect.payer)
    shares = tuple(ir.Share(_party_path(place, share.to), share.basis_points) for share in effect.shares)
    return ir.Pay(amount, payer, shares)


def _party_path(place: Elaborator, name: s.Name) -> ir.Expr:
    """A party, or a datum or parameter that holds one."""
    return place.value(s.Path(name.span, (name,)), Type("party"))


def create(work: Elaboration, place: Elaborator, effect: s.CreateEffect) -> ir.Create:
    """`create C.act(..)`: some start of C with this action must name the module as its actor (CTR-S10)."""
    contracts = work.names.contracts
    if effect.contract.text not in contracts:
        raise unknown(effect.contract, contracts)
    target = contracts[effect.contract.text]
    work.used.add(target.name)
    required = target.required()
    optional = {name: kind for name, kind in target.fields.items() if name not in required}
    open_to = _open_to(work, target.starts.get(effect.action.text, ()), effect.contract, effect.action)
    for signature in open_to:
        expected = {**required, **dict(signature.parameters)}
        args = arguments(work, place, effect.arguments, expected, optional, effect.span)
    return ir.Create(target.name, effect.action.text, args)


def _call(work: Elaboration, place: Elaborator, effect: s.CallEffect) -> ir.Call:
    """`x.act(..)`: some clause of x's contract with this action must name the module as its actor (CTR-S10)."""
    on = place.expression(s.Path(effect.target.span, (effect.target,)))
    kind = type_of(on)
    if kind.kind != "contract":
        raise Problem("E301", effect.target.span, expected="@an_instance", got=kind)
    if kind.optional:
        name = effect.target.text
        raise Problem("E302", effect.target.span, path=name, expected=kind.present, got=kind)
    target = work.names.contracts[kind.name]
    work.used.add(target.name)
    contract_name = s.Name(effect.target.span, target.name)
    for signature in _open_to(work, target.actions.get(effect.action.text, ()), contract_name, effect.action):
        args = arguments(work, place, effect.arguments, dict(signature.parameters), {}, effect.span)
    return ir.Call(on, effect.action.text, args)


def _open_to(
    work: Elaboration, signatures: Iterable[ClauseSignature], target: s.Name, action: s.Name
) -> list[ClauseSignature]:
    """The clauses that this module may call. Raises E407 if there is none."""
    caller = work.module.name.text
    found = [signature for signature in signatures if signature.caller == caller]
    if not found:
        raise Problem("E407", action.span, contract=target.text, action=action.text, caller=caller)
    return found


def arguments(
    work: Elaboration,
    place: Elaborator,
    written: Iterable[s.Argument],
    required: Mapping[str, Type],
    optional: Mapping[str, Type],
    span: Span,
) -> tuple[ir.Arg, ...]:
    """Arguments by name, each of its parameter's type; the required ones whose type has no `?` must be there."""
    known = {**optional, **required}
    found: dict[str, ir.Arg] = {}
    for argument in written:
        name = argument.name.text
        if name not in known:
            raise unknown(argument.name, known)
        if name in found:
            raise Problem("E204", argument.name.span, name=name)
        value = place.value(argument.value, known[name])
        note_expression(work, value)
        found[name] = work.placed(ir.Arg(name, value), argument.span)
    for name, kind in required.items():
        if name not in found and not kind.optional:
            raise Problem("E207", span, name=name, type=kind)
    return tuple(found.values())


# ---- checks


def _check(work: Elaboration, place: Elaborator, own: ContractNames, item: s.Check | s.Reaches) -> ir.Check | None:
    return work.attempt(_contract_check, work, place, own, item)


def _contract_check(work: Elaboration, place: Elaborator, own: ContractNames, item: s.Check | s.Reaches) -> ir.Check:
    name = item.name.text
    if isinstance(item, s.Reaches):
        for state in item.states:
            if state.text not in own.states:
                raise unknown(state, own.states, "E202")
        return ir.Reaches(name, tuple(state.text for state in item.states), item.within)
    claim = item.claim
    if isinstance(claim, s.After):
        actions = {*own.actions, *own.starts}
        for action in (claim.action, claim.earlier):
            if action.text not in actions:
                raise unknown(action, actions)
        after = ir.AlwaysAfter if item.always else ir.NeverAfter
        return after(name, claim.action.text, claim.earlier.text)
    if isinstance(claim, s.MayRead):
        raise Problem("E113", item.span, module="@in_contract", item="@in_property_reads")
    condition = place.condition(claim.condition)
    note_expression(work, condition)
    return ir.Always(name, condition) if item.always else ir.Never(name, condition)
