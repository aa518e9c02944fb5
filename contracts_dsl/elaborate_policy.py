"""Policies: from syntax to typed IR. `record` is an instance of the policy's contract, `reader` the first signer.

Rules, views and access checks, statement by statement, as elaborate.py does for contracts. It must not know the rules
of statics_policy.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from contracts_dsl import ir
from contracts_dsl import syntax as s
from contracts_dsl.elaborate import Elaboration, create, note_expression
from contracts_dsl.expressions import Elaborator
from contracts_dsl.measure import type_of
from contracts_dsl.names import Problem, unknown


def policy(work: Elaboration) -> ir.Policy:
    """The IR of a policy. What could not be elaborated is missing from it; then `work.diagnostics` is not empty."""
    module = work.module
    assert module.of is not None
    of = module.of.text
    if of not in work.names.contracts:
        work.attempt(_no_contract, work, module.of)
        return ir.Policy(module.name.text, module.version, module.replaces, (), of, (), (), (), ())
    work.used.add(of)
    groups = [group for item in module.items if isinstance(item, s.Fields) and (group := _group(work, item))]
    rules = [work.attempt(_rule, work, item, groups) for item in module.items if isinstance(item, s.Rule)]
    views = [work.attempt(_view, work, item) for item in module.items if isinstance(item, s.View)]
    checks = [
        work.attempt(_check, work, item, groups) for item in module.items if isinstance(item, s.Check | s.Reaches)
    ]  # fmt: skip
    names = [item.name for item in module.items if isinstance(item, s.Rule | s.View | s.Fields)]
    for at, name in enumerate(names):
        if name.text in {earlier.text for earlier in names[:at]}:
            work.attempt(_again, name)
    return ir.Policy(
        module.name.text, module.version, module.replaces, work.uses(), of, tuple(groups),
        tuple(rule for rule in rules if rule), tuple(view for view in views if view),
        tuple(check for check in checks if check),
    )  # fmt: skip


def _no_contract(work: Elaboration, name: s.Name) -> None:
    raise unknown(name, work.names.contracts)


def _again(name: s.Name) -> None:
    raise Problem("E204", name.span, name=name.text)


def _group(work: Elaboration, item: s.Fields) -> ir.Group:
    return work.placed(ir.Group(item.name.text, tuple(name.text for name in item.fields)), item.span)


def _groups(groups: Sequence[ir.Group], names: Sequence[s.Name]) -> tuple[str, ...]:
    known = {group.name for group in groups}
    for name in names:
        if name.text not in known:
            raise unknown(name, known)
    return tuple(name.text for name in names)


def _purposes(work: Elaboration, names: Sequence[s.Name] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    for name in names:
        if name.text not in work.names.purposes:
            raise unknown(name, work.names.purposes)
    work.used.add("purpose")
    return tuple(name.text for name in names)


def _reader_place(work: Elaboration, reader: s.Name) -> Elaborator:
    """A place in which `reader`, `record` and `purpose` have their meaning."""
    if reader.text not in work.names.parties:
        raise unknown(reader, work.names.parties)
    work.used.add(reader.text)
    assert work.module.of is not None
    return Elaborator(work.names, record=work.module.of.text, reader=reader.text)


def _condition(work: Elaboration, place: Elaborator, written: s.Expression | None) -> ir.Expr | None:
    if written is None:
        return None
    found = place.condition(written)
    note_expression(work, found)
    return found


def _rule(work: Elaboration, item: s.Rule, groups: Sequence[ir.Group]) -> ir.Rule:
    place = _reader_place(work, item.reader)
    named = _groups(groups, item.groups)
    purposes = _purposes(work, item.purposes)
    when = _condition(work, place, item.when)
    duties = []
    for effect in item.effects:
        if not isinstance(effect, s.CreateEffect):
            raise Problem("E114", effect.span)
        duties.append(work.placed(create(work, place.knowing(when), effect), effect.span))
    if item.kind == "forbid" and (item.overrides or duties):
        raise Problem("E502", item.span, name=item.name.text)
    overrides = tuple(name.text for name in item.overrides)
    rule = ir.Rule(item.kind, item.name.text, item.reader.text, named, purposes, when, overrides, tuple(duties))
    return work.placed(rule, item.span)


def _view(work: Elaboration, item: s.View) -> ir.View:
    """A view: `where` and what it shows see `record`; `to .. when` sees `reader` too, with only grouping paths."""
    assert work.module.of is not None
    rows = Elaborator(work.names, record=work.module.of.text)
    where = _condition(work, rows, item.where)
    known = rows.knowing(where)
    show = tuple(_aggregate(known, aggregate) for aggregate in item.show)
    group = tuple(known.expression(path) for path in item.group)
    rollup = known.expression(item.rollup) if item.rollup is not None else None
    place = _reader_place(work, item.to)
    when = _condition(work, evolve(place, present=known.present), item.when)
    view = ir.View(item.name.text, show, where, group, rollup, item.to.text, when, item.suppress)
    return work.placed(view, item.span)


def _aggregate(place: Elaborator, item: s.Aggregate) -> ir.Aggregate:
    if item.path is None:
        return ir.Aggregate("count", None)
    found = place.expression(item.path)
    if type_of(found).kind not in ("int", "money") or type_of(found).optional:
        raise Problem("E301", item.path.span, expected="@a_number_or_amount", got=type_of(found))
    return ir.Aggregate("sum", found)


def _check(work: Elaboration, item: s.Check | s.Reaches, groups: Sequence[ir.Group]) -> ir.Check:
    if isinstance(item, s.Reaches) or isinstance(item.claim, s.After):
        raise Problem("E113", item.span, module="@in_policy", item="@in_check_reaches")
    name, claim = item.name.text, item.claim
    if isinstance(claim, s.MayRead):
        place = _reader_place(work, claim.reader)
        named, purposes = _groups(groups, claim.groups), _purposes(work, claim.purposes)
        reads = ir.AlwaysReads if item.always else ir.NeverReads
        return reads(name, claim.reader.text, named, purposes, _condition(work, place, claim.when))
    assert work.module.of is not None
    rows = Elaborator(work.names, record=work.module.of.text)
    condition = _condition(work, rows, claim.condition)
    assert condition is not None
    return ir.Always(name, condition) if item.always else ir.Never(name, condition)
