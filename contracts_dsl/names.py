"""What a package declares: every name with its kind and signature, collected before any expression is looked at.

The modules of one folder see each other's names, in whatever order the files come (CTR-T3, CTR-T6). It resolves
names of types; it must not know expressions or rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import ParamSpec

from attrs import define, field, frozen

from contracts_dsl import syntax as s
from contracts_dsl.diagnostics import Diagnostic, Written
from contracts_dsl.limits import CLAUSES_PER_STATE_MAX, FIELDS_MAX, INTEGER_MAX, STATES_MAX
from contracts_dsl.source import Source, Span
from contracts_dsl.typesystem import Type

P = ParamSpec("P")


class Problem(Exception):
    """One finding, raised where it is met and caught at the nearest statement, so that the others are found too."""

    def __init__(self, code: str, span: Span, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.span = span
        self.values = values


@frozen
class ClauseSignature:
    """What a caller must know of a clause."""

    state: str
    """Empty for a start."""
    caller: str | None
    parameters: tuple[tuple[str, Type], ...]


@define
class ContractNames:
    """The names of one contract."""

    name: str
    source: Source
    syntax: s.Module
    parties: dict[str, Type] = field(factory=dict)
    data: dict[str, Type] = field(factory=dict)
    initial: set[str] = field(factory=set)
    """Data with `= e`."""
    states: dict[str, s.State] = field(factory=dict)
    key: tuple[str, ...] = ()
    assigned: set[str] = field(factory=set)
    """Fields that some clause sets."""
    actions: dict[str, list[ClauseSignature]] = field(factory=dict)
    """Clauses of states, by action."""
    starts: dict[str, list[ClauseSignature]] = field(factory=dict)

    @property
    def fields(self) -> dict[str, Type]:
        """Parties and data."""
        return {**self.parties, **self.data}

    def required(self) -> dict[str, Type]:
        """Fields that a start must be given (CTR-S8)."""
        return {
            name: kind for name, kind in self.fields.items() if not kind.optional and name not in self.initial
        }  # fmt: skip


@define
class PackageNames:
    """The names of a package."""

    enums: dict[str, tuple[str, ...]] = field(factory=dict)
    purposes: tuple[str, ...] = ()
    entities: dict[str, dict[str, Type]] = field(factory=dict)
    trees: set[str] = field(factory=set)
    parties: dict[str, dict[str, Type]] = field(factory=dict)
    contracts: dict[str, ContractNames] = field(factory=dict)
    policies: dict[str, s.Module] = field(factory=dict)
    givens: dict[str, Type] = field(factory=dict)
    """Nodes of the shared test directory."""
    home: dict[str, str] = field(factory=dict)
    """Name of a type or purpose to the schema that declares it."""
    diagnostics: list[Diagnostic] = field(factory=list)

    def knows(self, module: s.Module) -> bool:
        """Whether the module is the one that its name means; a second of the same name is only reported."""
        if module.kind == "contract":
            return module.name.text in self.contracts and self.contracts[module.name.text].syntax is module
        return module.kind == "schema" or self.policies.get(module.name.text) is module

    def attributes(self, kind: Type) -> Mapping[str, Type]:
        """Attributes of the nodes of a party type or entity."""
        return self.entities.get(kind.name, {}) if kind.kind == "entity" else self.parties.get(kind.name, {})

    def members(self, kind: Type) -> tuple[str, ...]:
        """The words of an enum, of the purposes, or the states of a contract."""
        if kind.kind == "purpose":
            return self.purposes
        if kind.kind == "state":
            return tuple(self.contracts[kind.name].states)
        return self.enums.get(kind.name, ())

    def resolve(self, written: s.TypeSyntax) -> Type:
        """The type that was written. Raises `Problem` E201 or E301."""
        if written.kind == "int":
            if not written.low <= written.high <= INTEGER_MAX:
                raise Problem("E301", written.span, expected="@a_range", got=f"{written.low}..{written.high}")
            return Type("int", "", written.low, written.high, written.optional)
        if written.name is None:
            return Type(written.kind, optional=written.optional)
        name = written.name
        if written.kind == "set":
            if name.word == "PURPOSE":
                return Type("set", "purpose", optional=written.optional)
            if name.text not in self.enums:
                raise Problem("E301", name.span, expected="@an_enum_or_purpose", got=Written(name.text))
            return Type("set", name.text, optional=written.optional)
        return Type(self._kind_of(name), name.text, optional=written.optional)

    def _kind_of(self, name: s.Name) -> str:
        groups: tuple[tuple[str, Iterable[str]], ...] = (
            ("enum", self.enums), ("entity", self.entities), ("party", self.parties), ("contract", self.contracts),
        )  # fmt: skip
        for kind, declared in groups:
            if name.text in declared:
                return kind
        raise unknown(name, [one for _, declared in groups for one in declared])


def unknown(name: s.Name, candidates: Iterable[str], code: str = "E201") -> Problem:
    """E201 or E202, with the declared name that looks most like the unknown one."""
    from difflib import get_close_matches

    near = get_close_matches(name.text, sorted(candidates), 1)
    return Problem(code, name.span, name=name.text, near=near[0] if near else "-")


def collect(modules: Iterable[tuple[Source, s.Module]]) -> PackageNames:
    """The names of all modules of a package; what is wrong with declarations is in `diagnostics`."""
    names = PackageNames()
    listed = list(modules)
    _Collector(names, listed).run()
    return names


@define
class _Collector:
    names: PackageNames
    modules: list[tuple[Source, s.Module]]
    seen: dict[str, Span] = field(factory=dict)
    """Names that must be distinct over the package: modules, types, givens."""

    def run(self) -> None:
        """First what has no types, then what has."""
        for source, module in self.modules:
            self._guard(source, self._module, source, module)
            for item in module.items:
                self._guard(source, self._untyped, module, item)
        for source, module in self.modules:
            for item in module.items:
                self._guard(source, self._typed, module, item)
        for contract in self.names.contracts.values():
            self._clauses(contract)

    def _guard(self, source: Source, work: Callable[P, None], *args: P.args, **named: P.kwargs) -> None:
        try:
            work(*args, **named)
        except Problem as problem:
            self.names.diagnostics.append(Diagnostic(problem.code, source, problem.span, problem.values))

    def _once(self, name: s.Name) -> None:
        if name.text in self.seen:
            raise Problem("E204", name.span, name=name.text)
        self.seen[name.text] = name.span

    def _module(self, source: Source, module: s.Module) -> None:
        self._once(module.name)
        for number in (module.version, module.replaces or 1):
            if not 1 <= number <= INTEGER_MAX:
                raise Problem("E301", module.name.span, expected=f"1..{INTEGER_MAX}", got=number)
        if module.kind == "contract":
            self.names.contracts[module.name.text] = ContractNames(module.name.text, source, module)
        elif module.kind == "policy":
            self.names.policies[module.name.text] = module

    def _untyped(self, module: s.Module, item: s.Item) -> None:
        names = self.names
        allowed = _ITEMS[module.kind]
        if not isinstance(item, allowed):
            raise Problem("E113", item.span, module=f"@in_{module.kind}", item=_ITEM_PHRASES[type(item)])
        match item:
            case s.Enum():
                self._once(item.name)
                _distinct(item.members)
                names.enums[item.name.text] = tuple(member.text for member in item.members)
            case s.Purposes():
                _distinct(item.names)
                names.purposes += tuple(name.text for name in item.names if name.text not in names.purposes)
            case s.Entity():
                self._once(item.name)
                names.entities[item.name.text] = {}
                if item.within is not None:
                    own, above = Written(item.name.text), Written(item.within.text)
                    if above != own:
                        raise Problem("E301", item.within.span, expected=own, got=above)
                    names.trees.add(item.name.text)
            case s.PartyType():
                self._once(item.name)
                names.parties[item.name.text] = {}
            case _:
                return
        home = item.name.text if not isinstance(item, s.Purposes) else "purpose"
        names.home[home] = module.name.text

    def _typed(self, module: s.Module, item: s.Item) -> None:
        names = self.names
        match item:
            case s.Entity() | s.PartyType():
                group = names.entities if isinstance(item, s.Entity) else names.parties
                _distinct([attribute.name for attribute in item.attributes])
                for attribute in item.attributes:
                    kind = names.resolve(attribute.type)
                    if kind.kind == "contract":
                        raise Problem("E301", attribute.type.span, expected="@a_directory_type", got=kind)
                    group.setdefault(item.name.text, {})[attribute.name.text] = kind
            case s.Given():
                self._once(item.name)
                names.givens[item.name.text] = given_type(names, item)
            case s.Party() | s.Data() | s.State() | s.Key() if module.name.text in names.contracts:
                self._declare(names.contracts[module.name.text], item)
            case _:
                pass

    def _declare(self, contract: ContractNames, item: s.Party | s.Data | s.State | s.Key) -> None:
        if isinstance(item, s.Key):
            if contract.key:
                raise Problem("E204", item.span, name="key")
            _distinct(item.names)
            contract.key = tuple(name.text for name in item.names)
            return
        name = item.name.text
        if name in contract.parties or name in contract.data or name in contract.states:
            raise Problem("E204", item.name.span, name=name)
        if isinstance(item, s.State):
            contract.states[name] = item
            _within(item.span, "states", len(contract.states), STATES_MAX)
            _within(item.span, "clauses_per_state", len(item.clauses), CLAUSES_PER_STATE_MAX)
            return
        kind = self.names.resolve(item.type)
        if isinstance(item, s.Party):
            if kind.kind != "party" or not kind.name:
                raise Problem("E301", item.type.span, expected="@a_party_type", got=kind)
            contract.parties[name] = kind
        else:
            contract.data[name] = kind
            if item.initial is not None:
                contract.initial.add(name)
        _within(item.span, "fields", len(contract.fields), FIELDS_MAX)

    def _clauses(self, contract: ContractNames) -> None:
        """Signatures of all clauses; a clause with a faulty parameter has none, and the checker says why."""
        for state, clause in clauses_of(contract.syntax):
            for outcome in outcomes(clause):
                effects = outcome.effects
                contract.assigned |= {effect.target.text for effect in effects if isinstance(effect, s.SetEffect)}
            if isinstance(clause, s.Wait):
                continue
            first = clause.actors[0].text
            caller = None if first in contract.parties else first
            try:
                parameters = tuple((one.name.text, self.names.resolve(one.type)) for one in clause.parameters)
            except Problem:
                continue
            signature = ClauseSignature(state, caller, parameters)
            group = contract.actions if state else contract.starts
            group.setdefault(clause.action.text, []).append(signature)


def given_type(names: PackageNames, given: s.Given) -> Type:
    """The party type or entity of a node of the test directory. Raises `Problem`."""
    kind = given.kind.text
    if kind in names.parties:
        return Type("party", kind)
    if kind in names.entities:
        return Type("entity", kind)
    raise unknown(given.kind, [*names.parties, *names.entities])


def clauses_of(module: s.Module) -> Iterator[tuple[str, s.Clause]]:
    """Every clause of a contract with the name of its state; of a start, an empty name."""
    for item in module.items:
        if isinstance(item, s.Start):
            yield from (("", clause) for clause in item.clauses)
        elif isinstance(item, s.State):
            yield from ((item.name.text, clause) for clause in item.clauses)


def outcomes(clause: s.Clause) -> tuple[s.Outcome, ...]:
    """What a clause may lead to."""
    return (clause.outcome, clause.otherwise) if isinstance(clause, s.Must) else (clause.outcome,)


def _distinct(names: Iterable[s.Name]) -> None:
    seen: set[str] = set()
    for name in names:
        if name.text in seen:
            raise Problem("E204", name.span, name=name.text)
        seen.add(name.text)


def _within(span: Span, limit: str, count: int, maximum: int) -> None:
    if count > maximum:
        raise Problem("E003", span, limit=limit, max=maximum)


_ITEM_PHRASES: Mapping[type, str] = {
    s.Enum: "@in_enum", s.Purposes: "@in_purposes", s.Entity: "@in_entity", s.PartyType: "@in_party_type",
    s.Party: "@in_party", s.Data: "@in_data", s.Key: "@in_key", s.Start: "@in_starts", s.State: "@in_state",
    s.Fields: "@in_fields", s.Rule: "@in_rule", s.View: "@in_view", s.Check: "@in_check",
    s.Reaches: "@in_check_reaches", s.Given: "@in_given", s.Test: "@in_test",
}  # fmt: skip
_ITEMS: Mapping[str, tuple[type, ...]] = {
    "schema": (s.Enum, s.Purposes, s.Entity, s.PartyType, s.Given, s.Test),
    "contract": (s.Party, s.Data, s.Key, s.Start, s.State, s.Check, s.Reaches, s.Given, s.Test),
    "policy": (s.Fields, s.Rule, s.View, s.Check, s.Reaches, s.Given, s.Test),
}
