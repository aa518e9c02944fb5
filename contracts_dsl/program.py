"""A program: the modules that are deployed, linked by name, with what the interpreter looks up again and again.

Several versions of a module may be deployed at once; old instances end under their own (CTR-S24). Linking resolves
`uses` by name, because digests of modules that name each other would be circular. This module must not evaluate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from attrs import define, field, frozen

from contracts_dsl import ir
from contracts_dsl.typesystem import Type, parse_type


@frozen(slots=False)
class ContractProgram:
    """One version of a contract, with its tables."""

    module: ir.Contract

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Parties, then data: the order of `Instance.values`."""
        return (*(one.name for one in self.module.parties), *(one.name for one in self.module.data))

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Field to its place in `Instance.values`."""
        return {name: at for at, name in enumerate(self.fields)}

    @cached_property
    def types(self) -> Mapping[str, Type]:
        """Field to its type."""
        declared: tuple[ir.Party | ir.Datum, ...] = (*self.module.parties, *self.module.data)
        return {one.name: parse_type(one.type) for one in declared}

    @cached_property
    def initial(self) -> Mapping[str, ir.Expr]:
        """Data with `= e`, and that literal."""
        return {one.name: one.init for one in self.module.data if one.init is not None}

    @cached_property
    def states(self) -> Mapping[str, ir.State]:
        """State by name."""
        return {state.name: state for state in self.module.states}

    @cached_property
    def assigned(self) -> frozenset[str]:
        """Fields that some clause sets."""
        return frozenset(
            effect.name for clause in self.clauses for _, do, _ in outcomes(clause)
            for effect in do if isinstance(effect, ir.Set)
        )  # fmt: skip

    @cached_property
    def clauses(self) -> tuple[ir.Clause, ...]:
        """All clauses, those of the start first."""
        return (*self.module.start, *(clause for state in self.module.states for clause in state.clauses))


def outcomes(clause: ir.Clause) -> tuple[tuple[bool, tuple[ir.Effect, ...], str | None], ...]:
    """What a clause may lead to: (by time alone, effects, next state)."""
    if isinstance(clause, ir.Wait):
        return ((True, clause.do, clause.to),)
    if isinstance(clause, ir.Must):
        return ((False, clause.do, clause.to), (True, clause.otherwise.do, clause.otherwise.to))
    return ((False, clause.do, clause.to),)


@define
class Program:
    """All deployed modules. Build one with `link`."""

    schemas: dict[str, ir.Schema] = field(factory=dict)
    versions: dict[tuple[str, int], ContractProgram] = field(factory=dict)
    contracts: dict[str, ContractProgram] = field(factory=dict)
    """The highest version of each: the one that takes new instances."""
    policies: dict[str, ir.Policy] = field(factory=dict)
    """The highest version of each, by its own name."""
    policy_of: dict[str, ir.Policy] = field(factory=dict)
    """By the contract it is for."""
    enums: dict[str, tuple[str, ...]] = field(factory=dict)
    purposes: tuple[str, ...] = ()
    kinds: dict[str, ir.NodeKind] = field(factory=dict)
    """Entities and party types."""
    party_types: frozenset[str] = frozenset()
    retired: frozenset[str] = frozenset()
    """Contracts that take no new instances."""
    fixed: dict[str, frozenset[str]] = field(factory=dict)
    """Per contract, the fields that no clause of any version sets: what `some` may be indexed by (CTR-T5)."""
    watch: Callable[[ir.Expr, bool], None] | None = None
    """Told of every condition that was asked and its answer, for the coverage of tests; it must change nothing."""

    def contract(self, name: str, version: int) -> ContractProgram | None:
        """A deployed version of a contract."""
        return self.versions.get((name, version))

    def attribute_types(self, kind: str) -> Mapping[str, Type]:
        """Attributes of an entity or party type."""
        found = self.kinds.get(kind)
        return {one.name: parse_type(one.type) for one in found.attributes} if found else {}


def link(modules: Iterable[ir.Module], retired: Iterable[str] = ()) -> Program:
    """The program that these modules make; among versions of a name, the highest counts.

    Nothing is verified: modules from a checker are right, modules from outside go through `verify.load`.
    """
    program = Program(retired=frozenset(retired))
    for module in sorted(modules, key=lambda one: (one.name, one.version)):
        match module:
            case ir.Schema():
                program.schemas[module.name] = module
            case ir.Contract():
                built = ContractProgram(module)
                program.versions[module.name, module.version] = built
                program.contracts[module.name] = built
            case ir.Policy():
                program.policies[module.name] = module
    program.policy_of = {policy.of: policy for policy in program.policies.values()}
    _link_schemas(program)
    for (name, _), built in program.versions.items():
        free = frozenset(built.fields) - built.assigned
        program.fixed[name] = program.fixed[name] & free if name in program.fixed else free
    return program


def _link_schemas(program: Program) -> None:
    parties: set[str] = set()
    for schema in program.schemas.values():
        program.enums.update({one.name: one.members for one in schema.enums})
        program.purposes += tuple(one for one in schema.purposes if one not in program.purposes)
        program.kinds.update({one.name: one for one in (*schema.entities, *schema.parties)})
        parties.update(one.name for one in schema.parties)
    program.party_types = frozenset(parties)
