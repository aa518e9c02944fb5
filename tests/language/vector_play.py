"""A program that is played while vectors are written: each step is done by the reference and becomes a case.

Every step that succeeds is followed by its twins, the same step with one thing wrong, and by the code that each must
give; a step that comes out otherwise than the play says ends the writing. What is played is in vectors.py.
"""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
from attrs import define, field

from contracts_dsl import decide, interpret, ir, verify, views
from contracts_dsl.host import Command, Refused
from contracts_dsl.memory import DirectoryNode, MemoryWorld
from contracts_dsl.migrate import deploy
from contracts_dsl.program import Program
from tests.language.stage import START

Case = dict[str, Any]


def plain(value: object) -> Any:
    """A value as JSON data."""
    return msgspec.json.decode(msgspec.json.encode(value))


def ledger(world: MemoryWorld) -> Any:
    """A world, whole, as a case carries it; the digest of its directory is given, since events repeat it."""
    nodes = [
        {"name": name, "kind": node.kind, "parent": node.parent,
         "attributes": [{"name": one, "value": value} for one, value in sorted(node.attributes.items())]}
        for name, node in sorted(world.directory.items())
    ]  # fmt: skip
    keys = [{"contract": name, "key": key, "instance": one} for (name, key), one in sorted(world.keys.items(), key=str)]
    index = [
        {"contract": name, "field": one, "value": value, "instances": ids}
        for (name, one, value), ids in sorted(world.index.items(), key=str) if ids
    ]  # fmt: skip
    return plain({
        "now": world.time, "directory": nodes, "directory_digest": world.directory_digest(),
        "instances": world.stored, "keys": keys, "index": index,
    })  # fmt: skip


def refusal(refused: Refused) -> Any:
    """A refusal as a case carries it."""
    return {"refused": {"code": refused.code, "values": plain(refused.values)}}


@define
class Play:
    """A program being played; `cases` grow step by step."""

    name: str
    modules: tuple[ir.Module, ...]
    spoil: tuple[Any, ...] = field(factory=lambda: SPOILT)
    """What is done to the program for its twins."""
    program: Program = field(init=False)
    world: MemoryWorld = field(factory=lambda: MemoryWorld(time=START))
    cases: list[Case] = field(factory=list)
    ruled: str = field(init=False)
    """The case that has the program in force."""

    def __attrs_post_init__(self) -> None:
        self.program = verify.load(self.modules)
        self.ruled = self.name
        self._program_cases()

    def enrol(self, directory: dict[str, DirectoryNode]) -> "Play":
        for name, node in directory.items():
            self.world.enrol(name, DirectoryNode(node.kind, dict(node.attributes), node.parent))
        return self

    def _program_cases(self) -> None:
        """The program with the ids of its modules, and twins of it that do not stand."""
        given = [ir.to_json(module) for module in self.modules]
        ids = [{"name": module.name, "version": module.version, "id": ir.digest(module)} for module in self.modules]
        self._add(
            self.name, ["CTR-T15", "CTR-S24"], {"modules": given}, {"ok": {"ids": ids}},
            "a package that stands, and the digests that are the ids of its modules", kind="contract.program",
        )  # fmt: skip
        for at, (clause, why, spoil) in enumerate(self.spoil):
            spoilt = json.loads(json.dumps(given))
            if not spoil(spoilt):
                continue
            try:
                verify.load([ir.from_json(one) for one in spoilt])
            except ir.IrError:
                self._add(
                    f"{self.name}.spoilt{at}", [clause], {"modules": spoilt}, {"refused": {"code": "bad_package"}}, why,
                    kind="contract.program", twin_of=self.name,
                )  # fmt: skip
            else:
                raise AssertionError(f"{self.name}: {why} was accepted")

    def _add(
        self, name: str, cited: list[str], given: Any, expect: Any, why: str, *, kind: str = "contract.step",
        twin_of: str | None = None,
    ) -> None:  # fmt: skip
        case = {"id": name, "kind": kind, "level": "L1", "clauses": cited, "input": given,
                "expect": expect, "why": why}  # fmt: skip
        self.cases.append(case | ({"twin_of": twin_of} if twin_of else {}))

    def _step(self, step: dict[str, Any]) -> Any:
        return {"program": self.ruled, "ledger": ledger(self.world), **plain(step)}

    # ---- versions

    def deploy(self, arriving: tuple[ir.Module, ...], cited: list[str], why: str) -> None:
        """A deployment that succeeds; what was deployed rules from then on."""
        name = f"{self.name}.{len(self.cases)}"
        self.program, changes = deploy(self.modules, arriving, self.world)
        given = self._step({"deploy": [ir.to_json(module) for module in arriving]})
        self._add(name, cited, given, {"ok": plain(changes)}, why, kind="contract.deploy")
        self.world.apply(changes)
        self.modules = (*self.modules, *arriving)
        self._rule("what is deployed now")

    def refuse_deploy(self, arriving: tuple[ir.Module, ...], expected: str, cited: list[str], why: str) -> None:
        """A deployment that changes nothing."""
        try:
            deploy(self.modules, arriving, self.world)
        except Refused as refused:
            expect = refusal(refused)
        except ir.IrError:
            expect = {"refused": {"code": "bad_package"}}
        else:
            raise AssertionError(f"{why} was accepted")
        assert expect["refused"]["code"] == expected, (why, expect)
        given = self._step({"deploy": [ir.to_json(module) for module in arriving]})
        self._add(f"{self.name}.{len(self.cases)}", cited, given, expect, why, kind="contract.deploy")

    def retire(self, names: list[str]) -> None:
        """Contracts that take no new instances from now on."""
        self.program = verify.load(self.modules, names)
        self._rule("the same, where some contracts take no new instances", {"retired": names})

    def _rule(self, why: str, more: Case | None = None) -> None:
        self.ruled = f"{self.name}.{len(self.cases)}"
        given = {"modules": [ir.to_json(module) for module in self.modules], **(more or {})}
        ids = [{"name": module.name, "version": module.version, "id": ir.digest(module)} for module in self.modules]
        self._add(self.ruled, ["CTR-T15", "CTR-S24"], given, {"ok": {"ids": ids}}, why, kind="contract.program")

    # ---- time

    def wait(self, seconds: int, cited: list[str], why: str) -> None:
        """Let time pass, and a twin that goes backwards."""
        goal, name = self.world.time + seconds, f"{self.name}.{len(self.cases)}"
        changes = interpret.advance(self.program, self.world, goal)
        self._add(name, cited, self._step({"advance": goal}), {"ok": plain(changes)}, why)
        try:
            interpret.advance(self.program, self.world, self.world.time - 1)
        except Refused as refused:
            given = self._step({"advance": self.world.time - 1})
            self._add(f"{name}.back", ["CTR-S1"], given, refusal(refused), "time does not run backwards", twin_of=name)
        self.world.apply(changes)

    # ---- commands

    def do(self, signers: str, target: str | int, action: str, cited: list[str], why: str, /, **given: Any) -> int:
        """A command that succeeds, with its twins; the id of the instance that was begun or acted on."""
        self.world.apply(interpret.advance(self.program, self.world, self.world.time))
        instance = target if isinstance(target, int) else None
        contract = self.world.stored[target].contract if isinstance(target, int) else target
        order = Command(contract, action, tuple(given.items()), tuple(signers.split()), instance)
        name = f"{self.name}.{len(self.cases)}"
        changes = interpret.command(self.program, self.world, order)
        self._add(name, cited, self._step({"command": order}), {"ok": plain(changes)}, why)
        for twin, clause, expected, reason in twins(order):
            self._refused(f"{name}.{expected}", twin, [clause], expected, reason, name)
        begun = self.world.next_instance()
        self.world.apply(changes)
        return begun if instance is None else instance

    def refuse(
        self, signers: str, target: str | int, action: str, expected: str, cited: list[str], why: str, /, **given: Any
    ) -> None:
        """A command that is refused for what the ledger or its arguments are."""
        self.world.apply(interpret.advance(self.program, self.world, self.world.time))
        instance = target if isinstance(target, int) else None
        contract = self.world.stored[target].contract if isinstance(target, int) else target
        order = Command(contract, action, tuple(given.items()), tuple(signers.split()), instance)
        self._refused(f"{self.name}.{len(self.cases)}", order, cited, expected, why, None)

    def _refused(
        self, name: str, order: Command, cited: list[str], expected: str, why: str, twin_of: str | None
    ) -> None:
        try:
            interpret.command(self.program, self.world, order)
        except Refused as refused:
            assert refused.code == expected, (name, refused)
            self._add(name, cited, self._step({"command": order}), refusal(refused), why, twin_of=twin_of)
            return
        raise AssertionError(f"{name} was not refused")

    # ---- requests

    def read(
        self, signers: str, record: int, fields: str, purpose: str | None, expected: str, cited: list[str], why: str,
        twin_of: str | None = None,
    ) -> str:  # fmt: skip
        """A request with its verdicts and what it leaves behind; its id, for twins."""
        contract = self.world.stored[record].contract
        request = decide.Request(contract, record, tuple(fields.split()), purpose, tuple(signers.split()))
        given = {"contract": contract, "record": record, "fields": fields.split(), "purpose": purpose,
                 "signers": signers.split()}  # fmt: skip
        name = f"{self.name}.{len(self.cases)}"
        try:
            found = decide.read(self.program, self.world, request)
        except Refused as refused:
            assert refused.code == expected, (why, refused)
            asked = self._step({"read": given})
            self._add(name, cited, asked, refusal(refused), why, kind="access.decide", twin_of=twin_of)
            return name
        code = found.refused.code if found.refused is not None else "ok"
        assert code == expected, (why, found)
        verdicts = [
            {"field": one.field, "outcome": one.outcome, "permits": one.permits, "forbids": one.forbids,
             "nearest": one.nearest} for one in found.verdicts
        ]  # fmt: skip
        expect = {"verdicts": verdicts, "changes": found.changes, "code": None if code == "ok" else code}
        self._add(name, cited, self._step({"read": given}), {"ok": plain(expect)}, why, kind="access.decide",
                  twin_of=twin_of)  # fmt: skip
        return name


    def view(
        self, signers: str, policy: str, view: str, cell: tuple[Any, ...], expected: Any, cited: list[str], why: str,
        twin_of: str | None = None,
    ) -> str:  # fmt: skip
        """A cell with the numbers it shows, or the code of its refusal; its id, for twins."""
        request = views.CellRequest(policy, view, cell, tuple(signers.split()))
        given = {"policy": policy, "view": view, "cell": cell, "signers": signers.split()}
        name = f"{self.name}.{len(self.cases)}"
        try:
            expect = {"ok": {"values": list(views.cell(self.program, self.world, request))}}
            came: Any = tuple(expect["ok"]["values"])
        except Refused as refused:
            expect, came = refusal(refused), refused.code
        assert came == expected, (why, came)
        self._add(name, cited, self._step({"view": given}), expect, why, kind="access.view", twin_of=twin_of)
        return name


def twins(order: Command) -> Iterator[tuple[Command, str, str, str]]:
    """The same command with one thing wrong: (command, clause, code, why)."""

    def but(**changed: Any) -> Command:
        return msgspec.structs.replace(order, **changed)

    yield but(signers=()), "CTR-S9", "not_authorized", "nobody signed"
    yield but(action="dance"), "CTR-S7", "no_such_clause", "there is no such action"
    stray = (*order.arguments, ("stray", 1))
    yield but(arguments=stray), "CTR-S7", "bad_arguments", "an argument that nobody asked for"
    if order.instance is not None:
        yield but(instance=9_999), "CTR-S7", "unknown_name", "there is no such instance"
    else:
        yield but(contract="Nowhere"), "CTR-S7", "unknown_name", "there is no such contract"


def _replace_op(given: list[Any], old: str, new: str) -> bool:
    """Change the first expression with an operator; whether there was one."""
    waiting: list[Any] = list(given)
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, dict):
            if one.get("op") == old and "args" in one:
                one["op"] = new
                return True
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return False


def _contract(given: list[Any]) -> Any:
    return next(one for one in given if one["kind"] == "contract")


def _strayed(given: list[Any]) -> bool:
    _contract(given)["stray"] = 1
    return True


def _unreached(given: list[Any]) -> bool:
    _contract(given)["states"].append({"name": "nowhere", "replaces": [], "clauses": []})
    return True


def _typed(given: list[Any]) -> bool:
    return _replace_op(given, "le", "and")


def _versioned(given: list[Any]) -> bool:
    _contract(given)["version"] = 0
    return True


def _twice(given: list[Any]) -> bool:
    given.append(given[-1])
    return True


SPOILT = (
    ("CTR-T15", "a member that no shape has", _strayed),
    ("CTR-T6", "a state that nothing leads to", _unreached),
    ("CTR-T1", "a conjunction of amounts", _typed),
    ("CTR-S24", "a version below one", _versioned),
    ("CTR-S24", "the same module twice", _twice),
)


