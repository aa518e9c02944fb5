"""Stories told in the contract language: a test of a package, played on four validators, one of them lying.

Whoever writes rules writes the story in the same words, with what is expected of each step; here every step is a
transaction that real nodes order and carry out, and what is expected is read from the state of an honest one. So a
story is both a scenario to show and a proof that the ledger does what the language says.

It must not know any story. What a test's `wait` means is time of the world; what passes while blocks are made comes on
top.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from attrs import frozen

from conformance.plan import Atom, Byz, Plan, Twin
from contracts_dsl import host, ir, scenario
from contracts_dsl.check import Checked, check
from contracts_dsl.evaluate import Place
from contracts_dsl.testing import Different
from contracts_dsl.testing import Stage as Language
from contracts_dsl.views import CellRequest, cell
from refimpl.contract.draft import Draft
from refimpl.contract.packages import program_in
from refimpl.contract.world import LedgerWorld, position_of
from refimpl.data.ids import ChannelId
from refimpl.data.transaction import DEPLOY, DIRECTORY, READ
from refimpl.scenarios.cast import ALLIANCE, Cast, Node, names
from refimpl.scenarios.stage import Receipt, Stage
from refimpl.scenarios.titles import titles_of

__all__ = ["LIAR", "Told", "liar"]

LIAR: Final = 3
"""The validator that lies from the first block to the last."""
HEIGHTS: Final = 90
"""Heights for which it has plans; the stories take fewer."""


def liar(heights: int = HEIGHTS) -> Plan:
    """A liar among four: it equivocates throughout, withholds from one and replays to another."""
    atoms: list[Atom] = [Twin(r=0, src=LIAR, to=(2,))]
    for height in range(1, heights + 1):
        for phase in ("prevote", "precommit"):
            atoms.append(Byz(h=height, r=0, ph=phase, src=LIAR, dst=0, act="omit"))
            atoms.append(Byz(h=height, r=0, ph=phase, src=LIAR, dst=1, act={"stale": 2}))
    moods = {LIAR: "byzantine"}
    return Plan(engine="tendermint", n=4, faulty=(LIAR,), after=moods, heights=heights, atoms=tuple(atoms))


@frozen
class Told:
    """One story: its file, and the modules of the library that it plays with."""

    name: str
    modules: tuple[str, ...]

    @property
    def TITLES(self) -> Mapping[str, Mapping[str, str]]:
        """What people call things in it."""
        return titles_of(self.name)

    def cast(self) -> Cast:
        """The validators of the worked examples, and whoever acts in the story."""
        acting = sorted({who for step in self.test().steps for who in _signers(step.action)})
        nodes = [Node(one.name, one.kind, one.parent, dict(one.attributes)) for one in self.test().cast]
        kinds = {node.name: node.kind for node in nodes}
        members = names(*(who for who in acting if kinds.get(who) != "Commission"))
        auditors = names(*(who for who in acting if kinds.get(who) == "Commission"))
        home = {"tier": 3, "region": "river_city", "supervisor": "city_hc"}
        listed = (*nodes, *(Node(name, "Hospital", None, home) for name in ALLIANCE.validators))
        return Cast(ChannelId(self.name), ALLIANCE.validators, members, auditors, _parents_first(listed))

    def plan(self) -> Plan:
        """The default plan of the story."""
        return liar()

    def bundle(self) -> bytes:
        """Nothing comes from a hospital's system: the story is in its file."""
        return b""

    def test(self) -> scenario.Scenario:
        """The story as the language reads it."""
        return next(one for one in _package(self.name, self.modules).scenarios if one.source.name == self.name)

    def play(self, stage: Stage, bundle: bytes, seed: int) -> dict[str, Any]:
        """Play it; what it returns is where everything stands. `Different` says which step went another way."""
        modules = [ir.to_json(module) for module in _package(self.name, self.modules).modules]
        deployed = stage.submit(("city3-a", "city3-b", "city3-c"), DEPLOY, {"modules": modules})
        assert deployed.status == "applied", deployed.code
        telling = Telling(stage)
        for step in self.test().steps:
            telling.play(step.action)
        return telling.final()


@cache
def _package(name: str, modules: tuple[str, ...]) -> Checked:
    library = files("contracts_dsl").joinpath("library")
    read = [(f"{one}.yl", library.joinpath(f"{one}.yl").read_bytes()) for one in ("alliance", *modules)]
    story = files("refimpl.scenarios").joinpath("stories").joinpath(f"{name}.yl").read_bytes()
    checked = check([*read, (name, story)])
    assert not checked.errors, "a story that does not check is not played"
    return checked


def _signers(action: scenario.Action) -> Iterator[str]:
    match action:
        case scenario.Act() | scenario.Reading():
            yield from action.signers


def _parents_first(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """The nodes in an order in which the directory can take them."""
    placed: list[Node] = []
    waiting = list(nodes)
    while waiting:
        ready = [one for one in waiting if one.parent is None or one.parent in {other.name for other in placed}]
        assert ready, "a checked cast has no circle"
        placed += ready
        waiting = [one for one in waiting if one not in ready]
    return tuple(placed)


class _Seen(LedgerWorld):
    """The state of an honest node, as a test of the language asks for it."""

    def __init__(self, draft: Draft, events: list[host.Event]) -> None:
        super().__init__(draft)
        self.events = events

    @property
    def positions(self) -> "_Positions":
        """Clearing positions by member."""
        return _Positions(self.draft)


class _Positions:
    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    def get(self, member: str, default: int = 0) -> int:
        """The position of a member, in fen."""
        return position_of(self._draft, member)


class Telling(Language):
    """The stage of the language's tests, with real nodes instead of a world in memory."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.bound: dict[str, int] = {}

    # What the language's stage reads.

    @property
    def world(self) -> Any:  # type: ignore[override]  # what nodes hold is read anew at each step
        """What an honest node holds now."""
        events = [host.Event(**event) for _, _, receipt in self.stage.receipts()
                  for event in receipt.get("events", ()) if "body" in event]  # fmt: skip
        return _Seen(self.stage.state(), events)

    @property
    def program(self) -> Any:  # type: ignore[override]  # as above
        """The program that is deployed."""
        return program_in(self.stage.state())

    def _place(self) -> Place:
        world = self.world
        return Place(self.program, world, self.stage.now, bound=self.bound)

    # What it does.

    def enrol(self, node: scenario.Node) -> None:
        """Somebody joins the directory in the course of the story."""
        value = Node(node.name, node.kind, node.parent, dict(node.attributes)).to_value()
        self._must(self.stage.submit(("city3-a", "city3-b", "city3-c"), DIRECTORY, {"nodes": [value]}), None)

    def _advance(self, seconds: int) -> None:
        if seconds:
            self.stage.wait(seconds)

    def _act(self, act: scenario.Act) -> None:
        given = {arg.name: _plain(self._value(arg.value)) for arg in act.arguments}
        target = None if act.target is None else self.bound[act.target]
        receipt = self.stage.act(act.signers, act.contract, act.action, target, **given)
        self._must(receipt, act.refused)
        if act.bind is not None:
            self.bound[act.bind] = receipt.instance

    def _read(self, reading: scenario.Reading) -> None:
        record = self.bound[reading.record]
        payload = {"fields": list(reading.fields), "instance": record, "purpose": reading.purpose}
        self._must(self.stage.submit(reading.signers, READ, payload), reading.refused)

    def _view(self, viewing: scenario.Viewing) -> None:
        keys = tuple(self._value(key) for key in viewing.cell)
        asked = CellRequest(viewing.policy, viewing.view, keys, viewing.signers)
        try:
            shown = cell(self.program, self.world, asked)
        except host.Refused as refused:
            self._compare(viewing.refused, refused.code)
            return
        self._compare(viewing.refused, None)
        if shown != viewing.values:
            raise Different(str(viewing.values), str(shown))

    def final(self) -> dict[str, Any]:
        """Where everything stands, from the state."""
        return self.stage.standing()

    def _must(self, receipt: Receipt, expected: scenario.Refusal | None) -> None:
        self._compare(expected, receipt.code.partition(".")[2] if receipt.status == "refused" else None)

    def _compare(self, expected: scenario.Refusal | None, code: str | None) -> None:
        """A step that was to be done was done; one that was to be refused was refused, with that code."""
        wanted = None if expected is None else expected.code or code
        if (expected is None) != (code is None) or wanted != code:
            raise Different(f"{wanted or 'done'}", f"{code or 'done'}")


def _plain(value: host.Value) -> Any:
    return list(value) if isinstance(value, tuple) else value

