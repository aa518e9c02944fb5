"""THE semantics of contracts: what time does and what a command does, rule by rule (CTR-S1 to CTR-S17).

Written to be read beside spec/contract.md; every rule is cited where it acts. Pure, total, bounded: two functions from
a world to changes. Time acts in `advance`, people in `command`; both end in `_outcome`, where effects happen. This
module must not know syntax, storage, or what a signature is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from heapq import heapify, heappop, heappush

from attrs import define, evolve, frozen

from contracts_dsl import ir
from contracts_dsl.evaluate import Place, conforms, evaluate, field_value, holds, in_range, inputs, shown
from contracts_dsl.host import (
    Changes,
    Command,
    Event,
    Indexed,
    Instance,
    Json,
    KeyTaken,
    Refused,
    Timer,
    Transfer,
    Value,
    World,
)
from contracts_dsl.limits import MONEY_MAX, SIGNERS_MAX
from contracts_dsl.measure import mentions
from contracts_dsl.overlay import Overlay
from contracts_dsl.program import ContractProgram, Program
from contracts_dsl.typesystem import Type, parse_type

# CTR-S7: the order of the checks. A refusal remembers how far its clause came.
KNOWN, OPEN, TYPED, SIGNED, WHERE, DUTY, WHEN, KEY, EFFECTS = range(9)


class _Refusal(Refused):
    """A refusal with the check that it failed."""

    def __init__(self, check: int, code: str, **values: Json) -> None:
        super().__init__(code, **values)
        self.check = check


@define
class Step:
    """What one step works with: the program, the changes so far, the moment, and whose signatures there are.

    Public for decide.py and migrate.py, which begin instances and emit events of their own.
    """

    program: Program
    overlay: Overlay
    now: int
    signers: tuple[str, ...] = ()

    def place(self, instance: Instance | None, parameters: Mapping[str, Value]) -> Place:
        """Where the expressions of an instance are evaluated."""
        return Place(self.program, self.overlay, self.now, self.signers, instance, parameters)

    def contract(self, instance: Instance) -> ContractProgram:
        """The version of the contract under which an instance lives."""
        found = self.program.contract(instance.contract, instance.version)
        assert found is not None, f"instance {instance.id} of a contract that is not deployed"
        return found

    def emit(self, kind: str, instance: Instance, **body: Json) -> None:
        """Tell the parties of an instance (CTR-S15: with the digest of the directory)."""
        count = len(self.contract(instance).module.parties)
        parties = sorted({value for value in instance.values[:count] if isinstance(value, str)})
        directory = self.overlay.directory_digest()
        self.overlay.events.append(
            Event(
                kind, self.now, instance.contract, instance.version, instance.id, tuple(parties), directory, body
            )
        )  # fmt: skip


# ---- time


def advance(program: Program, world: World, t: int) -> Changes:
    """Everything that time does up to second t, as changes; never refused once t is not in the past (CTR-S1).

    Raises `Refused` (`time_backwards`).
    """
    if t < world.now():
        raise Refused("time_backwards", t=t, now=world.now())
    overlay = Overlay(world)
    due = list(world.timers_before(t))
    heapify(due)
    while due:
        timer = heappop(due)  # CTR-S1: the least by (deadline, instance, clause)
        instance = overlay.instance(timer.instance)
        if instance is None or (timer.deadline, timer.clause) not in instance.timers:
            continue  # it was cancelled when an earlier one fired
        step = Step(program, overlay.fork(), timer.deadline)  # CTR-S2: it fires at its own deadline
        _fire(step, instance, timer)
        for further in step.overlay.own_timers(t):
            heappush(due, further)
        overlay.merge(step.overlay)
    return overlay.changes(t)


def timers(contract: ContractProgram, instance: Instance) -> tuple[tuple[int, int], ...]:
    """(deadline, clause) of the clocks that run in the present state (CTR-S4, CTR-S6)."""
    running = []
    for index, clause in enumerate(contract.states[instance.state].clauses):
        if isinstance(clause, ir.May) or index in instance.closed:
            continue
        deadline = _deadline(contract, instance, clause.limit)
        if deadline is not None:
            running.append((deadline, index))
    return tuple(sorted(running))


def _deadline(contract: ContractProgram, instance: Instance, limit: ir.Limit) -> int | None:
    """CTR-S4: entry + D, or the later of entry and the present value; none while that is absent."""
    if limit.until is None:
        return instance.entered + (limit.within or 0)
    value = instance.values[contract.position[limit.until]]
    return max(instance.entered, value) if isinstance(value, int) else None


def _fire(step: Step, instance: Instance, timer: Timer) -> None:
    """One clock runs out."""
    contract = step.contract(instance)
    clause = contract.states[instance.state].clauses[timer.clause]
    assert not isinstance(clause, ir.May), "a power has no clock"
    if isinstance(clause, ir.Wait):
        step.emit("elapsed", instance, state=instance.state, clause=timer.clause, to=clause.to)
        _outcome(step, instance, _Result(clause.do, clause.to, timer.clause), {})
        return
    # CTR-S5: a breach if the debtor could have performed; else nobody is to blame.
    name = clause.otherwise.name
    if _could_perform(step, instance, clause):
        debtors = [_party(step, instance, actor) for actor in clause.actors]
        step.emit(
            "violation", instance, name=name, debtors=debtors, state=instance.state, clause=timer.clause,
            entry=instance.entered, deadline=timer.deadline,
        )  # fmt: skip
    else:
        step.emit("impossible", instance, name=name, state=instance.state, clause=timer.clause)
    _outcome(step, instance, _Result(clause.otherwise.do, clause.otherwise.to, timer.clause), {})


def _could_perform(step: Step, instance: Instance, duty: ir.Must) -> bool:
    """CTR-S5: the actors are there, and every conjunct that mentions no parameter is true."""
    if any(_party(step, instance, actor) is None for actor in duty.actors):
        return False
    place = step.place(instance, {})
    free = (
        one for one in ir.conjuncts(duty.when) if not any(mentions(one, ("param", p.name)) for p in duty.params)
    )  # fmt: skip
    try:
        return all(holds(one, place) for one in free)
    except Refused:  # too many matches to tell: nobody is blamed for what cannot be known
        return False


def _party(step: Step, instance: Instance, name: str) -> str | None:
    value = field_value(step.program, instance, name)
    return value if isinstance(value, str) else None


# ---- commands


def command(program: Program, world: World, order: Command) -> Changes:
    """What a command does at `world.now()`, to which the caller has advanced. Raises `Refused`: nothing happened."""
    if len(order.signers) > SIGNERS_MAX:
        raise Refused("limit_exceeded", limit="signers", max=SIGNERS_MAX)
    step = Step(program, Overlay(world), world.now(), order.signers)
    if order.instance is None:
        begin(step, order.contract, order.action, order.arguments, None)
        return step.overlay.changes(step.now)
    instance = world.instance(order.instance)
    if instance is None or instance.contract != order.contract:
        raise Refused("unknown_name", name=f"{order.contract} {order.instance}")
    _act(step, instance, order.action, order.arguments, None)
    return step.overlay.changes(step.now)


Arguments = Sequence[tuple[str, Value]]
"""Names and values, in any order."""


def begin(step: Step, name: str, action: str, arguments: Arguments, caller: str | None) -> None:
    """Begin an instance; `caller` is the module that creates it, None for a command."""
    contract = step.program.contracts.get(name)
    if contract is None:
        raise _Refusal(KNOWN, "unknown_name", name=name)
    if name in step.program.retired:
        raise _Refusal(KNOWN, "retired", name=name, n=contract.module.version)
    named = [clause for clause in contract.module.start if clause.action == action]
    if not named:
        actions = sorted({clause.action for clause in contract.module.start})
        raise _Refusal(OPEN, "no_such_clause", state="", action=action, actions=actions)
    usable = [clause for clause in named if clause.caller == caller]
    if not usable:
        raise _Refusal(OPEN, "not_callable", action=action, contract=named[0].caller)
    _first_unrefused(step, [partial(_started, contract, clause, arguments) for clause in usable])


def _act(step: Step, instance: Instance, action: str, arguments: Arguments, caller: str | None) -> None:
    """Perform an action on an instance; `caller` is the contract that calls, None for a command."""
    clauses = list(enumerate(step.contract(instance).states[instance.state].clauses))
    acting = [(index, clause) for index, clause in clauses if isinstance(clause, ir.May | ir.Must)]
    named = [(index, clause) for index, clause in acting if clause.action == action]
    if not named:
        actions = sorted({clause.action for _, clause in acting})
        raise _Refusal(OPEN, "no_such_clause", state=instance.state, action=action, actions=actions)
    # CTR-S10: a clause for a contract is only called, one for parties only commanded.
    usable = [(index, clause) for index, clause in named if _caller(clause) == caller]
    if not usable:
        raise _Refusal(OPEN, "not_callable", action=action, contract=_caller(named[0][1]))
    _first_unrefused(step, [partial(_performed, instance, index, clause, arguments) for index, clause in usable])


def _caller(clause: ir.Acting) -> str | None:
    """The module to which a clause is reserved; a duty is always the parties'."""
    return clause.caller if isinstance(clause, ir.May) else None


def _first_unrefused(step: Step, attempts: Sequence[Callable[[Step], None]]) -> None:
    """CTR-S7: the first clause without refusal acts; else the refusal that came latest, ties to the first clause."""
    latest: _Refusal | None = None
    for attempt in attempts:
        inner = evolve(step, overlay=step.overlay.fork())
        try:
            attempt(inner)
        except _Refusal as refusal:
            if latest is None or refusal.check > latest.check:
                latest = refusal
        else:
            step.overlay.merge(inner.overlay)
            return
    assert latest is not None, "there is at least one clause"
    raise latest


def _started(contract: ContractProgram, clause: ir.May, arguments: Arguments, step: Step) -> None:
    """Begin an instance by one clause of its start."""
    module = contract.module
    expected = {**contract.types, **parameter_types(clause)}
    optional = {*contract.initial, *(name for name, kind in expected.items() if kind.optional)}
    given = _typed(step, arguments, expected, optional)
    # CTR-S8: what the start does not give has its default, or is absent.
    values = tuple(
        given[name] if name in given else (contract.initial[name].value if name in contract.initial else None)
        for name in contract.fields
    )
    parameters = {one.name: given.get(one.name) for one in clause.params}
    draft = Instance(step.overlay.next_instance(), module.name, module.version, "", step.now, values)
    _signed(step, draft, clause)
    for party in module.parties:
        _fulfils(step, draft, party, WHERE)
    _when(step, draft, clause, parameters)
    if module.key:
        key = tuple(values[contract.position[name]] for name in module.key)
        holder = step.overlay.key_holder(module.name, key)
        if holder is not None:  # CTR-S14
            raise _Refusal(KEY, "duplicate_key", key=list(module.key), id=holder)
        step.overlay.keys.append(KeyTaken(module.name, key, draft.id))
    for name in contract.fields:  # CTR-S27
        value = values[contract.position[name]]
        if name in step.program.fixed[module.name] and value is not None and not isinstance(value, tuple):
            step.overlay.indexed.append(Indexed(module.name, name, value, draft.id))
    pairs = [[name, given[name]] for name in sorted(given)]
    step.emit("started", draft, action=clause.action, by=list(step.signers), arguments=pairs, to=clause.to)
    _effects_of(step, draft, _Result(clause.do, clause.to, None), parameters)


def _performed(
    instance: Instance, index: int, clause: ir.Acting, arguments: Arguments, step: Step
) -> None:  # fmt: skip
    """Perform one clause of the present state."""
    expected = parameter_types(clause)
    given = _typed(step, arguments, expected, {name for name, kind in expected.items() if kind.optional})
    parameters = {name: given.get(name) for name in expected}
    _signed(step, instance, clause)
    close = None
    if isinstance(clause, ir.Must):
        close = index
        deadline = _deadline(step.contract(instance), instance, clause.limit)
        if index in instance.closed or (deadline is not None and deadline < step.now):  # CTR-S6
            raise _Refusal(DUTY, "duty_closed", action=clause.action, deadline=deadline)
    _when(step, instance, clause, parameters)
    pairs = [[name, given[name]] for name in sorted(given)]
    step.emit(
        "acted", instance, action=clause.action, by=list(step.signers), arguments=pairs, state=instance.state,
        clause=index, to=clause.to,
    )  # fmt: skip
    _effects_of(step, instance, _Result(clause.do, clause.to, close), parameters)


def parameter_types(clause: ir.Acting) -> dict[str, Type]:
    """The parameters of a clause with their types."""
    return {one.name: parse_type(one.type) for one in clause.params}


def _typed(
    step: Step, arguments: Arguments, expected: Mapping[str, Type], optional: set[str]
) -> dict[str, Value]:  # fmt: skip
    """CTR-S7: the arguments by name, each known, given once, of its type and in its range."""
    given: dict[str, Value] = {}
    for name, value in arguments:
        kind = expected.get(name)
        if kind is None or name in given:
            raise _Refusal(TYPED, "bad_arguments", argument=name, type="no such argument", value=_plain(value))
        if not conforms(value, kind, step.program, step.overlay):
            raise _Refusal(TYPED, "bad_arguments", argument=name, type=str(kind), value=_plain(value))
        given[name] = value
    for name, kind in expected.items():
        if name not in given and name not in optional:
            raise _Refusal(TYPED, "bad_arguments", argument=name, type=str(kind), value=None)
    return given


def _plain(value: Value) -> Json:
    return list(value) if isinstance(value, tuple) else value


def _signed(step: Step, instance: Instance, clause: ir.Acting) -> None:
    """CTR-S9: the signers include the present value of every actor; one that is absent cannot act."""
    missing = [actor for actor in clause.actors if _party(step, instance, actor) not in step.signers]
    if missing:
        raise _Refusal(SIGNED, "not_authorized", action=clause.action, missing=missing)


def _fulfils(step: Step, instance: Instance, party: ir.Party, check: int) -> None:
    """The `where` of a party that is there (CTR-S26). CTR-S15: the directory as it is now."""
    if party.where is None or _party(step, instance, party.name) is None:
        return
    failed = _first_false(party.where, step.place(instance, {}), check)
    if failed is not None:
        raise _Refusal(check, "where_false", party=party.name, clause=shown(failed))


def _when(step: Step, instance: Instance, clause: ir.Acting, parameters: Mapping[str, Value]) -> None:
    place = step.place(instance, parameters)
    failed = _first_false(clause.when, place, WHEN)
    if failed is not None:
        values: Json = list(inputs(failed, place))
        raise _Refusal(WHEN, "condition_false", action=clause.action, clause=shown(failed), values=values)


def _first_false(condition: ir.Expr | None, place: Place, check: int) -> ir.Expr | None:
    """The first conjunct that does not hold; a limit refuses at this check (CTR-S26)."""
    try:
        return next((one for one in ir.conjuncts(condition) if not holds(one, place)), None)
    except Refused as refused:
        raise _Refusal(check, refused.code, **refused.values) from None


# ---- effects


@frozen
class _Result:
    """What a clause leads to: effects, the next state, and the duty or clock that closes if there is none."""

    do: tuple[ir.Effect, ...]
    to: str | None
    close: int | None


def _effects_of(step: Step, instance: Instance, result: _Result, parameters: Mapping[str, Value]) -> None:
    """The outcome of an action; whatever is refused in it counts as its last check."""
    try:
        _outcome(step, instance, result, parameters)
    except Refused as refused:
        raise _Refusal(EFFECTS, refused.code, **refused.values) from None


def _outcome(step: Step, instance: Instance, result: _Result, parameters: Mapping[str, Value]) -> None:
    """CTR-S11: all expressions first; then the sets and the next state together; then the rest as written."""
    place = step.place(instance, parameters)
    later = [work for effect in result.do if (work := _prepared(step, instance, effect, place)) is not None]
    contract = step.contract(instance)
    values = list(instance.values)
    for effect in result.do:
        if isinstance(effect, ir.Set):
            values[contract.position[effect.name]] = _storable(contract, effect, place)
    changed = after(contract, instance, tuple(values), result.to, result.close, step.now)
    step.overlay.put(changed)
    assigned = {effect.name for effect in result.do if isinstance(effect, ir.Set)}
    for party in contract.module.parties:
        if party.name in assigned:
            _fulfils(step, changed, party, EFFECTS)
    for work in later:
        work()


def _storable(contract: ContractProgram, effect: ir.Set, place: Place) -> Value:
    """The value of a `set`, in its range (CTR-S13)."""
    value = evaluate(effect.value, place)
    kind = contract.types[effect.name]
    if not in_range(value, kind):
        low, high = kind.bounds
        raise Refused("out_of_range", name=effect.name, value=_plain(value), low=low, high=high)
    return value


def after(
    contract: ContractProgram, instance: Instance, values: tuple[Value, ...], to: str | None, close: int | None,
    now: int,
) -> Instance:  # fmt: skip
    """The instance after its sets and `becomes` (CTR-S4, CTR-S6): only an entry restarts clocks and reopens duties.

    `to` is the state that is entered, if any; `close` the clause that is done, if none is.
    """
    state, entered, closed = instance.state, instance.entered, instance.closed
    if to is not None:
        state, entered, closed = to, now, ()
    elif close is not None:
        closed = tuple(sorted({*closed, close}))
    stopped = Instance(instance.id, instance.contract, instance.version, state, entered, values, closed)
    return Instance(
        stopped.id, stopped.contract, stopped.version, state, entered, values, closed, timers(contract, stopped)
    )  # fmt: skip


def _prepared(step: Step, instance: Instance, effect: ir.Effect, place: Place) -> Callable[[], None] | None:
    """An effect with its expressions evaluated, to be done once the instance stands in its new state."""
    match effect:
        case ir.Set():
            return None
        case ir.Pay():
            return _payment(step, instance, effect, place)
        case ir.Create():
            arguments = evaluated(effect.args, place)
            return lambda: begin(step, effect.contract, effect.action, arguments, instance.contract)
        case ir.Call():
            target, arguments = evaluate(effect.on, place), evaluated(effect.args, place)
            return lambda: _call(step, target, effect.action, arguments, instance.contract)


def evaluated(args: Sequence[ir.Arg], place: Place) -> Arguments:
    """The arguments of a call or creation; what is absent is left out (CTR-S26)."""
    return [(arg.name, value) for arg in args if (value := evaluate(arg.value, place)) is not None]


def _call(step: Step, target: Value, action: str, arguments: Arguments, caller: str) -> None:
    """CTR-S11: the callee as it stands now, after the caller's own change."""
    callee = step.overlay.instance(target) if isinstance(target, int) else None
    if callee is None:
        raise _Refusal(KNOWN, "unknown_name", name=str(target))
    _act(step, callee, action, arguments, caller)


def _payment(step: Step, instance: Instance, effect: ir.Pay, place: Place) -> Callable[[], None]:
    """CTR-S12: each share is floor(x * basis points / 10000) fen, the rest takes the remainder: they sum to x."""
    amount = evaluate(effect.amount, place)
    if not isinstance(amount, int) or not 0 <= amount <= MONEY_MAX:
        raise Refused("out_of_range", name="pay", value=_plain(amount), low=0, high=MONEY_MAX)
    payer = str(evaluate(effect.payer, place))
    payees = [str(evaluate(share.to, place)) for share in effect.shares]
    parts = [None if share.bp is None else amount * share.bp // 10_000 for share in effect.shares]
    rest = amount - sum(part for part in parts if part is not None)
    moved = [(payee, rest if part is None else part) for payee, part in zip(payees, parts, strict=True)]

    def pay() -> None:
        step.overlay.transfers.extend(Transfer(payer, payee, part) for payee, part in moved)
        shares: Json = [[payee, part] for payee, part in moved]
        step.emit("paid", instance, payer=payer, amount=amount, shares=shares)

    return pay
