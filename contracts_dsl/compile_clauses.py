"""Clauses of contracts as Python functions: guards, then effects, each read once (CTR-S7 to CTR-S14).

One function for each clause by which somebody acts. It does what `interpret.py` does when nothing is refused, and
raises `Unsettled` where something would be. What time does is not compiled: it is rare. This module must not know why
a command is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from attrs import define, field

from contracts_dsl import ir
from contracts_dsl.compile_expressions import Scene, Unit, Unsettled, Writer
from contracts_dsl.evaluate import conforms
from contracts_dsl.host import Event, Indexed, Instance, Json, KeyTaken, Transfer, Value, World
from contracts_dsl.interpret import after, parameter_types
from contracts_dsl.limits import MONEY_MAX
from contracts_dsl.program import ContractProgram, Program
from contracts_dsl.typesystem import Type, parse_type

Act = Callable[..., None]
"""A compiled clause: `(world, now, signers, instance, arguments)`, of a start `(world, now, signers, arguments)`."""

_LOCALS = ("world", "now", "signers", "instance", "values")


@define
class ContractCode:
    """The compiled clauses of one version of a contract."""

    starts: dict[tuple[str, str | None], list[Act]] = field(factory=dict)
    """By action and caller, in source order."""
    acts: dict[tuple[str, str, str | None], list[Act]] = field(factory=dict)
    """By state, action and caller, in source order."""


def contract_code(program: Program, contract: ContractProgram, begin: Act, act: Act) -> ContractCode:
    """Compile a version of a contract. `begin` and `act` carry out its creations and calls."""
    writing = _Contract(Unit(program), contract)
    writing.unit.bound.update(_RUNTIME, begin=begin, act=act, contract=contract)
    starts = [(clause, writing.start(clause)) for clause in contract.module.start]
    acts = [
        (state.name, clause, writing.performing(state.name, index, clause))
        for state in contract.module.states
        for index, clause in enumerate(state.clauses) if not isinstance(clause, ir.Wait)
    ]  # fmt: skip
    functions, code = writing.unit.functions(), ContractCode()
    for start, name in starts:
        code.starts.setdefault((start.action, start.caller), []).append(functions[name])
    for state_name, clause, name in acts:
        caller = clause.caller if isinstance(clause, ir.May) else None
        code.acts.setdefault((state_name, clause.action, caller), []).append(functions[name])
    return code


@define
class _Contract:
    """One version of a contract, being compiled."""

    unit: Unit
    contract: ContractProgram
    _wheres: dict[str, str] = field(factory=dict)
    """Party to the function that checks its `where`."""

    def start(self, clause: ir.May) -> str:
        """The function that begins an instance by a clause; its name."""
        contract, word = self.contract, self.unit.constant
        expected = {**contract.types, **parameter_types(clause)}
        writer = self._writer(clause)
        self._given(writer, expected, {*contract.initial, *(n for n, kind in expected.items() if kind.optional)})
        defaults = {name: self.unit.literal(one.value) for name, one in contract.initial.items()}
        values = [f"given.get({word(name)}, {defaults.get(name)})" for name in contract.fields]
        writer.line(f"values = ({', '.join(values)},)")
        writer.line(
            f'instance = Instance(world.next_instance(), {word(contract.module.name)}, {contract.module.version}, "",'
            " now, values)"
        )
        self._parameters(writer, clause)
        self._signed(writer, clause)
        for party in contract.module.parties:
            self._fulfils(writer, party, "values")
        self._guard(writer, clause)
        self._key(writer)
        self._index(writer)
        body = f'"action": {word(clause.action)}, "by": list(signers), "arguments": pairs(given)'
        self._tell(writer, "started", f'{body}, "to": {self._word(clause.to)}')
        self._outcome(writer, clause.do, clause.to, None)
        name = self.unit.fresh("start")
        self.unit.lines += [f"def {name}(world, now, signers, arguments):", *writer.lines]
        return name

    def performing(self, state: str, index: int, clause: ir.Acting) -> str:
        """The function that performs a clause of a state; its name."""
        word, writer = self.unit.constant, self._writer(clause)
        expected = parameter_types(clause)
        self._given(writer, expected, {name for name, kind in expected.items() if kind.optional})
        writer.line("values = instance.values")
        self._parameters(writer, clause)
        self._signed(writer, clause)
        if isinstance(clause, ir.Must):
            self._open(writer, index, clause.limit)
        self._guard(writer, clause)
        body = f'"action": {word(clause.action)}, "by": list(signers), "arguments": pairs(given)'
        where = f'"state": {word(state)}, "clause": {index}'
        self._tell(writer, "acted", f'{body}, {where}, "to": {self._word(clause.to)}')
        self._outcome(writer, clause.do, clause.to, index if isinstance(clause, ir.Must) else None)
        name = self.unit.fresh("act")
        self.unit.lines += [f"def {name}(world, now, signers, instance, arguments):", *writer.lines]
        return name

    def _writer(self, clause: ir.Acting) -> Writer:
        parameters = {one.name: (self.unit.fresh("p"), parse_type(one.type)) for one in clause.params}
        arguments = (*_LOCALS, *(local for local, _ in parameters.values()))
        return Writer(self.unit, Scene(arguments, self.contract, parameters, places={"now": "now"}))

    def _word(self, name: str | None) -> str:
        return "None" if name is None else self.unit.constant(name)

    # ---- guards

    def _given(self, writer: Writer, expected: Mapping[str, Type], optional: set[str]) -> None:
        """CTR-S7: the arguments by name."""
        if not expected:
            writer.line("if arguments:")
            writer.line("raise Unsettled", 2)
            writer.line("given = NONE_GIVEN")
            return
        program = self.unit.program
        checks = {name: partial(_conforms, kind, program) for name, kind in expected.items()}
        required = tuple(name for name in expected if name not in optional)
        tables = f"{self.unit.constant(checks)}, {self.unit.constant(required)}"
        writer.line(f"given = typed(arguments, {tables}, world)")

    def _parameters(self, writer: Writer, clause: ir.Acting) -> None:
        for name, (local, _) in writer.scene.parameters.items():
            writer.line(f"{local} = given.get({self.unit.constant(name)})")

    def _signed(self, writer: Writer, clause: ir.Acting) -> None:
        """CTR-S9. An absent party is None, which nobody signs as."""
        missing = [f"values[{self.contract.position[actor]}] not in signers" for actor in clause.actors]
        if missing:
            self._refuse_if(writer, " or ".join(missing))

    def _fulfils(self, writer: Writer, party: ir.Party, values: str) -> None:
        """The `where` of a party that is there."""
        if party.where is None:
            return
        if party.name not in self._wheres:
            inner = Writer(self.unit, Scene(_LOCALS, self.contract, places={"now": "now"}))
            self._refuse_if(inner, f"not {inner.all_of(list(ir.conjuncts(party.where)))}")
            self._wheres[party.name] = inner.finish(self.unit.fresh("where"))
        writer.line(f"if isinstance({values}[{self.contract.position[party.name]}], str):")
        instance = "instance" if values == "values" else "after"
        writer.line(f"{self._wheres[party.name]}(world, now, signers, {instance}, {values})", 2)

    def _open(self, writer: Writer, index: int, limit: ir.Limit) -> None:
        """CTR-S6: neither done nor late."""
        if limit.until is None:
            late = f"instance.entered + {limit.within} < now"
        else:
            until = f"values[{self.contract.position[limit.until]}]"
            late = f"(isinstance({until}, int) and max(instance.entered, {until}) < now)"
        self._refuse_if(writer, f"{index} in instance.closed or {late}")

    def _guard(self, writer: Writer, clause: ir.Acting) -> None:
        conditions = list(ir.conjuncts(clause.when))
        if conditions:
            self._refuse_if(writer, f"not {writer.all_of(conditions)}")

    def _key(self, writer: Writer) -> None:
        """CTR-S14."""
        module = self.contract.module
        if not module.key:
            return
        name = self.unit.constant(module.name)
        writer.line(f"key = ({', '.join(f'values[{self.contract.position[one]}]' for one in module.key)},)")
        self._refuse_if(writer, f"world.key_holder({name}, key) is not None")
        writer.line(f"world.keys.append(KeyTaken({name}, key, instance.id))")

    def _index(self, writer: Writer) -> None:
        """CTR-T5: what `some` may look up."""
        name = self.unit.constant(self.contract.module.name)
        for field_name, kind in self.contract.types.items():
            if field_name in self.unit.program.fixed[self.contract.module.name] and kind.kind != "set":
                value = f"values[{self.contract.position[field_name]}]"
                writer.line(f"if {value} is not None:")
                entry = f"Indexed({name}, {self.unit.constant(field_name)}, {value}, instance.id)"
                writer.line(f"world.indexed.append({entry})", 2)

    @staticmethod
    def _refuse_if(writer: Writer, condition: str) -> None:
        writer.line(f"if {condition}:")
        writer.line("raise Unsettled", 2)

    # ---- what follows

    def _tell(self, writer: Writer, kind: str, body: str) -> None:
        """The event of the action; its parties and digest serve those of its payments."""
        writer.line(f"parties = told(values[:{len(self.contract.module.parties)}])")
        writer.line("directory = world.directory_digest()")
        self._event(writer, kind, body)

    def _event(self, writer: Writer, kind: str, body: str) -> None:
        module = self.contract.module
        writer.line(
            f'world.events.append(Event("{kind}", now, {self.unit.constant(module.name)}, {module.version},'
            f" instance.id, parties, directory, {{{body}}}))"
        )

    def _outcome(
        self, writer: Writer, do: Sequence[ir.Effect], to: str | None, close: int | None
    ) -> None:  # fmt: skip
        """CTR-S11: all expressions first; then the sets and the next state together; then the rest as written."""
        later = [work for effect in do if (work := self._prepared(writer, effect)) is not None]
        fields = [f"values[{at}]" for at in range(len(self.contract.fields))]
        assigned = {effect.name: effect for effect in do if isinstance(effect, ir.Set)}
        for name, effect in assigned.items():
            fields[self.contract.position[name]] = self._storable(writer, effect)
        written = "values"
        if assigned:
            written = "fresh"
            writer.line(f"fresh = ({', '.join(fields)},)")
        writer.line(f"after = {self._after(to, close, written)}")
        writer.line("world.put(after)")
        for party in self.contract.module.parties:
            if party.name in assigned:
                self._fulfils(writer, party, written)
        for work in later:
            work()

    def _storable(self, writer: Writer, effect: ir.Set) -> str:
        """CTR-S13: the local that holds the value of a `set`, in its range."""
        local, kind = self.unit.fresh("set"), self.contract.types[effect.name]
        writer.line(f"{local} = {writer.value(effect.value)}")
        if kind.kind in ("int", "money", "time"):
            low, high = kind.bounds
            self._refuse_if(writer, f"isinstance({local}, int) and not ({low} <= {local} <= {high})")
        return local

    def _after(self, to: str | None, close: int | None, values: str) -> str:
        """CTR-S4, CTR-S6: the instance after its sets and `becomes`."""
        clauses = self.contract.states[to].clauses if to is not None else ()
        limits = [(one.limit, at) for at, one in enumerate(clauses) if not isinstance(one, ir.May)]
        if to is None or any(limit.until is not None for limit, _ in limits):
            return f"enter_or_stay(contract, instance, {values}, {self._word(to)}, {close}, now)"
        clocks = [f"(now + {within}, {at})" for within, at in sorted((limit.within or 0, at) for limit, at in limits)]
        timers = f"({', '.join(clocks)},)" if clocks else "()"
        module, word = self.contract.module, self.unit.constant
        return f"Instance(instance.id, {word(module.name)}, {module.version}, {word(to)}, now, {values}, (), {timers})"

    def _prepared(self, writer: Writer, effect: ir.Effect) -> Callable[[], None] | None:
        """Write the evaluation of an effect's expressions; what is returned writes its doing."""
        module, word = self.contract.module, self.unit.constant
        match effect:
            case ir.Set():
                return None
            case ir.Pay():
                return self._payment(writer, effect)
            case ir.Create():
                given = self._arguments(writer, effect.args)
                target = f"{word(effect.contract)}, {word(effect.action)}"
                return partial(writer.line, f"begin(world, now, signers, {target}, {given}, {word(module.name)})")
            case ir.Call():
                callee = self.unit.fresh("on")
                writer.line(f"{callee} = {writer.value(effect.on)}")
                given = self._arguments(writer, effect.args)
                target = f"{callee}, {word(effect.action)}"
                return partial(writer.line, f"act(world, now, signers, {target}, {given}, {word(module.name)})")

    def _arguments(self, writer: Writer, args: Sequence[ir.Arg]) -> str:
        local = self.unit.fresh("given")
        pairs = [f"({self.unit.constant(arg.name)}, {writer.value(arg.value)})" for arg in args]
        writer.line(f"{local} = present([{', '.join(pairs)}])")
        return local

    def _payment(self, writer: Writer, effect: ir.Pay) -> Callable[[], None]:
        """CTR-S12: floors for the shares, the remainder for the rest."""
        amount, payer, shares = (self.unit.fresh(name) for name in ("amount", "payer", "shares"))
        writer.line(f"{amount} = {writer.value(effect.amount)}")
        self._refuse_if(writer, f"not isinstance({amount}, int) or not (0 <= {amount} <= {MONEY_MAX})")
        writer.line(f"{payer} = str({writer.value(effect.payer)})")
        parts = [f"[str({writer.value(share.to)}), {_part(amount, share)}]" for share in effect.shares]
        writer.line(f"{shares} = [{', '.join(parts)}]")
        rest = next(at for at, share in enumerate(effect.shares) if share.bp is None)
        writer.line(f"{shares}[{rest}][1] = {amount} - sum([part for _, part in {shares}])")

        def pay() -> None:
            writer.line(f"world.transfers.extend([Transfer({payer}, payee, part) for payee, part in {shares}])")
            self._event(writer, "paid", f'"payer": {payer}, "amount": {amount}, "shares": {shares}')

        return pay


def _part(amount: str, share: ir.Share) -> str:
    return "0" if share.bp is None else f"{amount} * {share.bp} // 10000"


# ---- what compiled clauses call


def _conforms(kind: Type, program: Program, value: Value, world: World) -> bool:
    return conforms(value, kind, program, world)


def _typed(
    arguments: Sequence[tuple[str, Value]], checks: Mapping[str, Callable[[Value, World], bool]],
    required: Sequence[str], world: World,
) -> dict[str, Value]:  # fmt: skip
    given: dict[str, Value] = {}
    for name, value in arguments:
        check = checks.get(name)
        if check is None or name in given or not check(value, world):
            raise Unsettled
        given[name] = value
    if any(name not in given for name in required):
        raise Unsettled
    return given


def _pairs(given: Mapping[str, Value]) -> list[list[Json]]:
    return [[name, given[name]] for name in sorted(given)] if given else []


def _told(parties: Sequence[Value]) -> tuple[str, ...]:
    return tuple(sorted({one for one in parties if isinstance(one, str)}))


def _present(pairs: Sequence[tuple[str, Value]]) -> list[tuple[str, Value]]:
    return [(name, value) for name, value in pairs if value is not None]


_RUNTIME: Mapping[str, Any] = {
    "Event": Event, "Indexed": Indexed, "Instance": Instance, "KeyTaken": KeyTaken, "Transfer": Transfer,
    "NONE_GIVEN": {}, "typed": _typed, "pairs": _pairs, "told": _told, "present": _present, "enter_or_stay": after,
}  # fmt: skip
"""What the source names besides its own constants and functions."""
