"""The compiled form of a program: the same results as the definitional interpreter, many times faster.

Every acting clause, and every group of fields for a type of reader and a purpose, becomes a Python function, generated
from the typed IR when it is first needed. Compiled code knows how to do what is allowed; whenever it meets a refusal it
stops (`Unsettled`) and the definitional interpreter says what was refused and why, so refusals and reasons have one
source and cost nothing until asked for. What time does stays with `interpret.advance`. This module must not know how an
expression is computed.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field

from contracts_dsl import decide, interpret, ir
from contracts_dsl.compile_clauses import Act, ContractCode, contract_code
from contracts_dsl.compile_expressions import Unsettled
from contracts_dsl.compile_policies import Bench, bench_of
from contracts_dsl.decide import Request, Verdict
from contracts_dsl.host import Changes, Command, Instance, Value, World
from contracts_dsl.interpret import Arguments
from contracts_dsl.limits import FIELDS_MAX, SIGNERS_MAX
from contracts_dsl.measure import depth, expressions
from contracts_dsl.overlay import Overlay
from contracts_dsl.program import Program

DEPTH_MAX = 32
"""Modules with a deeper expression are left to the interpreter: Python's own parser has a limit."""

Ruling = tuple[tuple[str, int], ...]
"""(group, number of the deciding rule) for every group asked for: n a permit, -n a forbid, 0 nothing permits."""

_Signers = tuple[str, ...]


@define
class Compiled:
    """A program and its compiled modules, each made when it is first needed."""

    program: Program
    _contracts: dict[tuple[str, int], ContractCode] = field(factory=dict)
    _benches: dict[tuple[str, str | None, str | None], Bench] = field(factory=dict)
    """By contract, type of reader and purpose."""

    # ---- commands

    def command(self, world: World, order: Command) -> Changes:
        """What `interpret.command` says, refusals included. Raises `Refused`."""
        changes = self.attempt(world, order)
        return interpret.command(self.program, world, order) if changes is None else changes

    def attempt(self, world: World, order: Command) -> Changes | None:
        """The changes of a command, or None if something in it is refused (or its contract is not compiled)."""
        if len(order.signers) > SIGNERS_MAX:
            return None
        overlay, now = Overlay(world), world.now()
        try:
            if order.instance is None:
                self._begin(overlay, now, order.signers, order.contract, order.action, order.arguments, None)
            else:
                instance = world.instance(order.instance)
                if instance is None or instance.contract != order.contract:
                    return None
                self._act(overlay, now, order.signers, instance, order.action, order.arguments, None)
        except Unsettled:
            return None
        return overlay.changes(now)

    def _begin(
        self, world: Overlay, now: int, signers: _Signers, name: str, action: str, arguments: Arguments,
        caller: str | None,
    ) -> None:  # fmt: skip
        """Begin an instance of the highest version."""
        contract = self.program.contracts.get(name)
        if contract is None or name in self.program.retired:
            raise Unsettled
        clauses = self._contract(name, contract.module.version).starts.get((action, caller), ())
        _first(clauses, world, now, signers, arguments)

    def _act(
        self, world: Overlay, now: int, signers: _Signers, instance: Instance, action: str, arguments: Arguments,
        caller: str | None,
    ) -> None:  # fmt: skip
        """Perform an action on an instance."""
        code = self._contract(instance.contract, instance.version)
        _first(code.acts.get((instance.state, action, caller), ()), world, now, signers, instance, arguments)

    def _call(
        self, world: Overlay, now: int, signers: _Signers, target: Value, action: str, arguments: Arguments,
        caller: str,
    ) -> None:  # fmt: skip
        """Perform an action on the instance that is called, as it stands now (CTR-S11)."""
        instance = world.instance(target) if isinstance(target, int) else None
        if instance is None:
            raise Unsettled
        self._act(world, now, signers, instance, action, arguments, caller)

    def _contract(self, name: str, version: int) -> ContractCode:
        code = self._contracts.get((name, version))
        if code is None:
            contract, code = self.program.versions[name, version], ContractCode()
            if not _too_deep(contract.module):
                code = contract_code(self.program, contract, self._begin, self._call)
            self._contracts[name, version] = code
        return code

    # ---- decisions

    def decide(self, world: World, request: Request) -> Ruling:
        """Which rules decide a request. `decide.decide` gives the reasons, with the same outcome for every field.

        Raises `Refused` as that does.
        """
        contract, purpose, signers, fields = request.contract, request.purpose, request.signers, request.fields
        row, node = world.instance(request.record), world.node(signers[0]) if signers else None
        if row is None or node is None or row.contract != contract:
            return self._explained(world, request)
        bench = self._benches.get((contract, node.kind, purpose)) or self._seated(contract, node.kind, purpose)
        try:
            if len(fields) == len(signers) == 1:
                group, judge = bench[fields[0]]
                return ((group, judge(world, signers, signers[0], node.attributes, purpose, row, row.values)),)
            if len(fields) <= FIELDS_MAX and len(signers) <= SIGNERS_MAX:
                known = (world, signers, signers[0], node.attributes, purpose, row, row.values)
                judges = dict([bench[name] for name in fields])
                return tuple([(group, judge(*known)) for group, judge in judges.items()])
        except (Unsettled, KeyError):
            pass
        return self._explained(world, request)

    def _seated(self, contract: str, kind: str | None, purpose: str | None) -> Bench:
        """The judges of a policy for a type of reader and a purpose; none if there is no such purpose."""
        policy = self.program.policy_of.get(contract)
        if policy is None or (purpose is not None and purpose not in self.program.purposes):
            return {}
        bench = {} if _too_deep(policy) else bench_of(self.program, policy, kind, purpose)
        self._benches[contract, kind, purpose] = bench
        return bench

    def _explained(self, world: World, request: Request) -> Ruling:
        """The same from the definitional interpreter, or its refusal."""
        verdicts = decide.decide(self.program, world, request)
        return ruling(self.program.policy_of[request.contract], verdicts) if verdicts else ()


def ruling(policy: ir.Policy, verdicts: Sequence[Verdict]) -> Ruling:
    """The deciding rules in verdicts.

    Of permits the first that allows; of forbids the first that no permit for this reader and group overrides, else the
    first.
    """
    homes = {name: group.name for group in policy.groups for name in group.fields}
    return tuple({homes[one.field]: _deciding(policy, homes[one.field], one) for one in verdicts}.items())


def _deciding(policy: ir.Policy, group: str, verdict: Verdict) -> int:
    numbers = {rule.name: number for number, rule in reversed(list(enumerate(policy.rules, 1)))}
    if verdict.permits:
        return numbers[verdict.permits[0]]
    if not verdict.forbids:
        return 0
    reader = policy.rules[numbers[verdict.forbids[0]] - 1].reader
    mine = [rule for rule in policy.rules if rule.reader == reader and group in rule.groups]
    overridable = {name for rule in mine for name in rule.overrides}
    hard = [name for name in verdict.forbids if name not in overridable]
    return -numbers[(hard or verdict.forbids)[0]]


def _first(clauses: Sequence[Act], world: Overlay, *rest: object) -> None:
    """CTR-S7: the first clause without refusal acts."""
    if len(clauses) == 1:
        clauses[0](world, *rest)
        return
    for clause in clauses:
        trial = world.fork()
        try:
            clause(trial, *rest)
        except Unsettled:
            continue
        world.merge(trial)
        return
    raise Unsettled


def _too_deep(module: ir.Contract | ir.Policy) -> bool:
    return any(depth(one) > DEPTH_MAX for one in expressions(module))
