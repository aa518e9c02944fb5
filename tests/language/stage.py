"""A stage for small programs: a directory of a few members, and a world in which commands are tried one by one."""

from functools import cache

from contracts_dsl import decide, ir, verify, views
from contracts_dsl.check import check
from contracts_dsl.compile import Compiled
from contracts_dsl.diagnostics import render
from contracts_dsl.host import Command, Refused
from contracts_dsl.interpret import advance, command
from contracts_dsl.memory import DirectoryNode, MemoryWorld

SCHEMA = """schema Small version 1;
enum Level = low, high;
purpose = care, study;
entity Place in Place { level: Level; }
party Hospital { tier: int 1..3; place: Place; }
party Doctor { hospital: Hospital; on_duty: bool; }
party Patient { place: Place; nickname: code?; }
"""
DAY = 86_400
HOUR = 3_600
START = 1_000_000_000
CAST = {
    "land": DirectoryNode("Place", {"level": "high"}),
    "town": DirectoryNode("Place", {"level": "low"}, "land"),
    "hill": DirectoryNode("Place", {"level": "low"}, "land"),
    "a": DirectoryNode("Hospital", {"tier": 1, "place": "town"}),
    "b": DirectoryNode("Hospital", {"tier": 2, "place": "hill"}),
    "c": DirectoryNode("Hospital", {"tier": 3, "place": "land"}),
    "doc": DirectoryNode("Doctor", {"hospital": "a", "on_duty": True}),
    "pat": DirectoryNode("Patient", {"place": "town"}),
    "pam": DirectoryNode("Patient", {"place": "hill", "nickname": "P"}),
}


@cache
def compiled(*sources: str) -> tuple[ir.Module, ...]:
    """The modules of some texts, with the schema; the test fails if they are not well formed."""
    files = [(f"{at}.yl", text.encode()) for at, text in enumerate((SCHEMA, *sources))]
    checked = check(files)
    assert not checked.diagnostics, "\n".join(render(finding, "en") for finding in checked.diagnostics)
    return checked.modules


class Stage:
    """A program in a world of its own. `do` returns the id of the instance that was begun or acted on."""

    def __init__(self, *sources: str) -> None:
        self.modules = compiled(*sources)
        self.program = verify.load(self.modules)
        self.world = MemoryWorld(time=START)
        for name, node in CAST.items():
            self.world.enrol(name, DirectoryNode(node.kind, dict(node.attributes), node.parent))

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.world.apply(advance(self.program, self.world, self.world.now() + seconds))

    def do(self, signers: str, target: str | int, action: str, /, **arguments: object) -> int:
        """A command, applied at once. `signers` are separated by blanks; `target` is a contract or an instance."""
        self.wait(0)
        if isinstance(target, int):
            contract, instance = self.instance(target).contract, target
        else:
            contract, instance = target, None
        begun = self.world.next_instance()
        order = Command(contract, action, tuple(arguments.items()), tuple(signers.split()), instance)
        changes = command(self.program, self.world, order)
        assert Compiled(self.program).attempt(self.world, order) == changes
        self.world.apply(changes)
        return begun if instance is None else instance

    def refusal(self, signers: str, target: str | int, action: str, /, **arguments: object) -> Refused:
        """The refusal of a command, which must have changed nothing."""
        self.wait(0)
        before = self.snapshot()
        try:
            self.do(signers, target, action, **arguments)
        except Refused as refused:
            assert self.snapshot() == before
            return refused
        raise AssertionError(f"{action} was not refused")

    def read(self, signers: str, record: int, *fields: str, purpose: str | None = None) -> decide.Reading:
        """A request for fields, with what it leaves behind."""
        self.wait(0)
        request = decide.Request(self.instance(record).contract, record, fields, purpose, tuple(signers.split()))
        found = decide.read(self.program, self.world, request)
        self.world.apply(found.changes)
        return found

    def cell(self, reader: str, policy: str, view: str, *cell: object) -> tuple[int, ...]:
        """A cell of a view."""
        return views.cell(self.program, self.world, views.CellRequest(policy, view, cell, (reader,)))

    def instance(self, ordinal: int):
        """An instance that exists."""
        found = self.world.instance(ordinal)
        assert found is not None
        return found

    def state(self, ordinal: int) -> str:
        """The state of an instance."""
        return self.instance(ordinal).state

    def value(self, ordinal: int, name: str):
        """A field of an instance."""
        instance = self.instance(ordinal)
        contract = self.program.contract(instance.contract, instance.version)
        return instance.values[contract.position[name]]

    def events(self, kind: str) -> list:
        """The events of a kind, in order."""
        return [event for event in self.world.events if event.kind == kind]

    def snapshot(self) -> tuple:
        """Everything the world holds."""
        world = self.world
        return (
            tuple(world.stored), dict(world.keys), {key: tuple(ids) for key, ids in world.index.items() if ids},
            tuple(world.queue), dict(world.positions), tuple(world.events), world.time,
        )  # fmt: skip
