"""What happens in the contracts of the library: the tests that stand beside the rules, as transactions and pauses.

Why from there: whoever wrote a rule wrote down how it is meant to run, refusals included. What must come of each step
is not taken from the test but from the kit's ledger. Cells of views are left out: the ledger
has no transaction for them. Names become names of members. It must not know any node.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from conformance.model.ledger import plain
from contracts_dsl import ir, scenario
from contracts_dsl.check import Checked, check
from contracts_dsl.host import Command
from contracts_dsl.memory import MemoryWorld
from contracts_dsl.testing import START, Different, Stage

__all__ = ["PACKS", "Script", "Step", "played", "program", "scripts"]

PACKS: Mapping[str, tuple[str, ...]] = {
    "access": ("visit", "access"), "admission": ("admission",), "anchor": ("anchor",), "claim": ("visit", "claim"),
    "drug": ("drug",), "family": ("family",), "identity": ("identity",), "opendata": ("opendata",),
    "referral": ("visit", "referral", "stepdown"), "reporting": ("reporting",), "sharing": ("sharing",),
    "surgery": ("visit", "surgery"),
}  # fmt: skip
"""Pack -> the files whose tests it plays."""


class Step(NamedTuple):
    """One thing that happens: a transaction of a kind by these signers, or a pause in seconds."""

    kind: str
    """`command`, `directory`, `deploy`, `read`, or `pause`."""
    signers: tuple[str, ...] = ()
    payload: Any = None
    seconds: int = 0


class Script(NamedTuple):
    """One test of the library."""

    pack: str
    name: str
    directory: tuple[Any, ...]
    members: tuple[str, ...]
    modules: tuple[Any, ...]
    steps: tuple[Step, ...]


@cache
def _library() -> Checked:
    folder = files("contracts_dsl").joinpath("library")
    names = sorted(one.name for one in folder.iterdir() if one.name.endswith(".yl") and ".zh." not in one.name)
    return check((name, folder.joinpath(name).read_bytes()) for name in names)


@cache
def program(text: str) -> tuple[Any, ...]:
    """The modules of a text of ours, as IR."""
    checked = check([("text.yl", text.encode())])
    assert not checked.diagnostics, "a text of the kit's own is right"
    return tuple(ir.to_json(module) for module in checked.modules)


@cache
def scripts(pack: str) -> tuple[Script, ...]:
    """Every test of a pack, in the order of the files; raises `KeyError` for a pack that is not one."""
    checked = _library()
    wanted = [f"{name}.yl" for name in PACKS[pack]]
    tests = [one for one in checked.scenarios if one.source.name in wanted]
    modules = _needed(checked, pack)
    return tuple(_script(pack, checked, test, modules) for test in tests)


def _needed(checked: Checked, pack: str) -> tuple[Any, ...]:
    """The modules of a pack's files with all that they use."""
    homes = {module.name.text: file.source.name for file in checked.files for module in file.modules}
    by_name = {module.name: module for module in checked.modules}
    wanted = [name for name in by_name if homes[name] in [f"{one}.yl" for one in PACKS[pack]]]
    for name in wanted:
        wanted += [used for used in by_name[name].uses if used not in wanted]
    return tuple(ir.to_json(by_name[name]) for name in sorted(wanted))


class _Recorder(Stage):
    """A stage that plays commands, requests and pauses, and leaves out what the ledger has no transaction for."""

    steps: list[Step]

    def _act(self, act: scenario.Act) -> None:
        arguments = tuple((arg.name, self._value(arg.value)) for arg in act.arguments)
        target = self.bound[act.target] if act.target is not None else None
        order = Command(act.contract, act.action, arguments, act.signers, target)
        self.steps.append(_command(order))
        super()._act(act)

    def _read(self, reading: scenario.Reading) -> None:
        instance = self.bound[reading.record]
        payload = {"fields": list(reading.fields), "instance": instance, "purpose": reading.purpose}
        self.steps.append(Step("read", tuple(renamed(name) for name in reading.signers), payload))
        super()._read(reading)

    def _view(self, viewing: scenario.Viewing) -> None:
        """No transaction."""

    def _expect(self, condition: ir.Expr) -> None:
        """What must come is for the ledger of the kit to say."""


def _command(order: Command) -> Step:
    arguments = [{"name": name, "value": renamed(plain(value))} for name, value in order.arguments]
    payload = {"action": order.action, "arguments": arguments, "contract": order.contract, "instance": order.instance}
    return Step("command", tuple(renamed(name) for name in order.signers), payload)


def renamed(value: Any) -> Any:
    """Names as members have them: without underscores."""
    if isinstance(value, str):
        return value.replace("_", "-")
    return [renamed(one) for one in value] if isinstance(value, list | tuple) else value


def _node(node: scenario.Node) -> Any:
    attributes = [{"name": name, "value": renamed(plain(value))} for name, value in sorted(node.attributes)]
    return {"attributes": attributes, "kind": node.kind, "name": renamed(node.name), "parent": renamed(node.parent)}


def _script(pack: str, checked: Checked, test: scenario.Scenario, modules: tuple[Any, ...]) -> Script:
    stage = _Recorder(checked.program, MemoryWorld(time=START))
    stage.steps = []
    for node in test.cast:
        stage.enrol(node)
    for step in test.steps:
        match step.action:
            case scenario.Node() as node:
                stage.steps.append(Step("directory", payload={"nodes": [_node(node)]}))
            case scenario.Pause(seconds):
                stage.steps.append(Step("pause", seconds=seconds))
            case _:
                pass
        try:
            stage.play(step.action)
        except (Different, KeyError):
            continue  # a step that stands on what was left out
    nodes = {node.name for node in test.cast}
    members = sorted({signer for step in stage.steps for signer in step.signers})
    assert nodes or not members, "nobody acts without a cast"
    directory = ({"nodes": [_node(node) for node in test.cast]},) if test.cast else ()
    name = "-".join("".join(c if c.isalnum() else " " for c in test.title.lower()).split())
    return Script(pack, name, directory, tuple(members), modules, tuple(stage.steps))


def played(script: Script) -> Iterator[Step]:
    """Its steps, after the deployment of the program by the validator."""
    yield Step("deploy", payload={"modules": list(script.modules)})
    yield from script.steps


