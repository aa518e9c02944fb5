"""Who may read what: decisions on access requests, field by field (CTR-S18 to CTR-S21).

Default is refusal, a matching forbid wins unless the permit overrides it by name, and reading that creates a duty
commits with that duty. `decide` is pure; `read` adds what every request leaves behind. This module must not know what
the fields of a record contain.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from contracts_dsl import ir
from contracts_dsl.evaluate import Place, holds, shown
from contracts_dsl.host import Changes, Instance, Refused, World
from contracts_dsl.interpret import Step, begin, evaluated
from contracts_dsl.limits import FIELDS_MAX, SIGNERS_MAX
from contracts_dsl.overlay import Overlay
from contracts_dsl.program import Program


@frozen
class Request:
    """Somebody asks to read. A name in `fields` is a field or a group; a group means its fields."""

    contract: str
    record: int
    fields: tuple[str, ...]
    purpose: str | None
    signers: tuple[str, ...]
    """The first is the reader."""


@frozen
class Verdict:
    """What the rules say about one field (CTR-S19)."""

    field: str
    outcome: str
    """`allow`, `forbidden` or `not_permitted`."""
    permits: tuple[str, ...] = ()
    """`allow`: the permits that allow it."""
    forbids: tuple[str, ...] = ()
    """`forbidden`: the forbids that match; no matching permit overrides them all."""
    nearest: str | None = None
    """`not_permitted`: the permit of this type and group that lacks least."""
    lacking: tuple[str, ...] = ()
    """`not_permitted`: what that permit lacks."""


@frozen
class Reading:
    """The outcome of a request: a verdict per field, what it leaves behind, and the refusal if there is one."""

    verdicts: tuple[Verdict, ...]
    changes: Changes
    refused: Refused | None


def read(program: Program, world: World, request: Request) -> Reading:
    """Decide a request and write its access event and duties (CTR-S20, CTR-S21).

    Raises `Refused` for a request that names nothing: `unknown_name`, `bad_arguments`, `limit_exceeded`.
    """
    record = _record(world, request)
    overlay = Overlay(world)
    step = Step(program, overlay, world.now(), request.signers)
    verdicts: tuple[Verdict, ...] = ()
    try:
        verdicts = decide(program, world, request)
        refused = _refusal(request, verdicts)
        if refused is None:
            _create_duties(step, request, verdicts)
    except Refused as fault:  # CTR-S21: an engine that cannot tell refuses; it never skips a rule
        overlay = Overlay(world)
        step, refused = Step(program, overlay, world.now(), request.signers), fault
    outcomes = [[verdict.field, verdict.outcome] for verdict in verdicts]
    step.emit(
        "read", record, reader=request.signers[0], signers=list(request.signers), purpose=request.purpose,
        fields=outcomes, code=refused.code if refused is not None else None,
    )  # fmt: skip
    return Reading(verdicts, overlay.changes(step.now), refused)


def decide(program: Program, world: World, request: Request) -> tuple[Verdict, ...]:
    """A verdict for every field asked for, in order (CTR-S18, CTR-S19). Raises `Refused` as `read` does."""
    record = _record(world, request)
    policy = program.policy_of.get(request.contract)
    fields = _fields(policy, request)
    if request.purpose is not None and request.purpose not in program.purposes:
        raise Refused("bad_arguments", argument="purpose", type="purpose", value=request.purpose)
    place = Place(
        program, world, world.now(), request.signers, record=record.id, reader=request.signers[0],
        purpose=request.purpose,
    )  # fmt: skip
    rules = policy.rules if policy is not None else ()
    kind = world.kind(request.signers[0])
    asked = {group for _, group in fields}
    mine = [rule for rule in rules if rule.reader == kind and not asked.isdisjoint(rule.groups)]
    found = [(rule, _lacking(rule, place)) for rule in mine]
    return tuple(_verdict(name, group, found) for name, group in fields)


def _record(world: World, request: Request) -> Instance:
    record = world.instance(request.record)
    if record is None or record.contract != request.contract:
        raise Refused("unknown_name", name=f"{request.contract} {request.record}")
    if not request.signers:
        raise Refused("not_authorized", action="read", missing=["reader"])
    if len(request.signers) > SIGNERS_MAX or len(request.fields) > FIELDS_MAX:
        raise Refused("limit_exceeded", limit="signers", max=SIGNERS_MAX)
    return record


def _fields(policy: ir.Policy | None, request: Request) -> list[tuple[str, str]]:
    """(field, group) for every field that the request means."""
    groups = policy.groups if policy is not None else ()
    home = {name: group.name for group in groups for name in group.fields}
    found: dict[str, str] = {}
    for name in request.fields:
        group = next((one for one in groups if one.name == name), None)
        if group is None and name not in home:
            raise Refused("bad_arguments", argument="fields", type="field or group", value=name)
        found.update(dict.fromkeys(group.fields, group.name) if group is not None else {name: home[name]})
    return list(found.items())


def _lacking(rule: ir.Rule, place: Place) -> list[ir.Expr | None]:
    """What keeps a rule from matching this reader and purpose, group and type apart; None is the purpose."""
    lacking: list[ir.Expr | None] = []
    if rule.purposes is not None and place.purpose not in rule.purposes:
        lacking.append(None)
    lacking.extend(one for one in ir.conjuncts(rule.when) if not holds(one, place))
    return lacking


def _verdict(name: str, group: str, found: Sequence[tuple[ir.Rule, list[ir.Expr | None]]]) -> Verdict:
    """CTR-S18: allowed iff some matching permit overrides every matching forbid; CTR-S19: else why.

    `found` are the rules for this type of reader, each with what it lacks.
    """
    mine = [(rule, lacking) for rule, lacking in found if group in rule.groups]
    permits = [(rule, lacking) for rule, lacking in mine if rule.kind == "permit"]
    forbids = tuple(rule.name for rule, lacking in mine if rule.kind == "forbid" and not lacking)
    allowing = tuple(
        rule.name for rule, lacking in permits if not lacking and set(forbids) <= set(rule.overrides)
    )  # fmt: skip
    if allowing:
        return Verdict(name, "allow", permits=allowing)
    if forbids:
        return Verdict(name, "forbidden", forbids=forbids)
    if not permits:
        return Verdict(name, "not_permitted")
    nearest, lacking = min(permits, key=lambda one: len(one[1]))
    shortfall = tuple("purpose" if one is None else shown(one) for one in lacking)
    return Verdict(name, "not_permitted", nearest=nearest.name, lacking=shortfall)


def _refusal(request: Request, verdicts: Sequence[Verdict]) -> Refused | None:
    """The first refused field gives the code."""
    for verdict in verdicts:
        reader = request.signers[0]
        if verdict.outcome == "forbidden":
            return Refused("forbidden", reader=reader, field=verdict.field, rules=list(verdict.forbids))
        if verdict.outcome == "not_permitted":
            return Refused(
                "not_permitted", reader=reader, field=verdict.field, purpose=request.purpose, rule=verdict.nearest,
                clauses=list(verdict.lacking),
            )  # fmt: skip
    return None


def _create_duties(step: Step, request: Request, verdicts: Sequence[Verdict]) -> None:
    """CTR-S20: none for a field with an allowing permit without `then`; else those of all, once per request."""
    policy = step.program.policy_of[request.contract]
    rules = {rule.name: rule for rule in policy.rules}
    owed: dict[str, ir.Rule] = {}
    for verdict in verdicts:
        allowing = [rules[name] for name in verdict.permits]
        if all(rule.do for rule in allowing):
            owed.update({rule.name: rule for rule in allowing})
    place = Place(
        step.program, step.overlay, step.now, request.signers, record=request.record, reader=request.signers[0],
        purpose=request.purpose,
    )  # fmt: skip
    for rule in policy.rules:
        for duty in rule.do if rule.name in owed else ():
            begin(step, duty.contract, duty.action, evaluated(duty.args, place), policy.name)
