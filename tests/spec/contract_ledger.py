"""The ledger's contract runtime in the place of the model's: `refimpl.contract` with the contract `errand.yl` deployed.

How the ledger is read as a state of the model, in words: an hour of the model is an hour of the ledger, counted from
the genesis; an instance is read with its parties and data, an event by its kind, time, instance, state, clause and
where it leads; positions are those of the state map. Attributes of events that the model leaves out (the debtors'
names, the digest of the directory) are held by the tests of the language. The definitional interpreter runs beside
the ledger on every step and must come to the same instances.
"""

from pathlib import Path
from typing import Any

from attrs import define

from contracts_dsl import host, interpret, ir, verify
from contracts_dsl.check import check
from contracts_dsl.memory import DirectoryNode, MemoryWorld
from contracts_dsl.refusals import wire_code
from refimpl.contract import directory, orders, packages
from refimpl.contract.draft import Draft
from refimpl.contract.world import LedgerWorld, position_of
from refimpl.data.ids import MemberId
from refimpl.data.refusal import Refused
from refimpl.data.state_map import EMPTY
from tests.spec.itf import Row

SOURCE = Path(__file__).resolve().parents[2] / "spec" / "model" / "errand.yl"
MODULES = check([(SOURCE.name, SOURCE.read_bytes())]).modules
HOUR, GENESIS = 3600, 1_000_000
MEMBERS = ("asker", "keeper", "payee")


@define
class Book:
    """One ledger: the real one, the definitional interpreter's world, and all events in order."""

    draft: Draft
    world: MemoryWorld
    events: list[dict[str, Any]]

    @classmethod
    def begin(cls) -> "Book":
        """A ledger with the contract and three members on it."""
        draft, world = Draft(EMPTY), MemoryWorld(time=GENESIS)
        orders.begin(draft, GENESIS)
        attributes = [{"name": "open", "value": True}]
        nodes = [{"attributes": attributes, "kind": "Office", "name": name, "parent": None} for name in MEMBERS]
        directory.enrol(draft, packages.NOTHING, {"nodes": nodes}, "/payload")
        packages.deploy(draft, {"modules": [ir.to_json(module) for module in MODULES]})
        for name in MEMBERS:
            world.enrol(name, DirectoryNode("Office", {"open": True}))
        return cls(draft, world, [])

    def advance(self, t: int) -> str:
        """Let time act up to an hour; the code if that is refused."""
        at = GENESIS + t * HOUR
        try:
            self.events += orders.advance(self.draft, at)
        except host.Refused as refused:
            return wire_code(refused)
        self.world.apply(interpret.advance(verify.load(MODULES), self.world, at))
        return ""

    def command(self, order: Row) -> str:
        """Carry out a command of the model; the code if it is refused."""
        given = {name: one for name, one in arguments(order).items() if one is not None}
        signers = tuple(sorted(order.signers))
        instance = None if order.act == "ask" else order.id
        payload = {
            "action": order.act, "contract": "Errand", "instance": instance,
            "arguments": [{"name": name, "value": one} for name, one in given.items()],
        }  # fmt: skip
        self.draft.mark()
        try:
            self.events += orders.command(self.draft, payload, tuple(map(MemberId, signers)))
        except Refused as refused:
            self.draft.undo()
            return refused.code.value
        asked = host.Command("Errand", order.act, tuple(given.items()), signers, instance)
        self.world.apply(interpret.command(verify.load(MODULES), self.world, asked))
        return ""

    def state(self) -> Row:
        """The ledger as the model sees it."""
        ledger = LedgerWorld(self.draft)
        instances = [ledger.instance(number) for number in range(ledger.next_instance())]
        assert instances == self.world.stored, "the ledger and the definitional interpreter differ"
        positions = {name: position_of(self.draft, name) for name in MEMBERS}
        return Row(
            now=(ledger.now() - GENESIS) // HOUR,
            errands=tuple(errand(one) for one in instances if one is not None),
            events=tuple(event(one) for one in self.events),
            position=Row(positions),
        )


def arguments(order: Row) -> dict[str, Any]:
    """The arguments of a command, by name."""
    if order.act == "ask":
        parties = {name: name for name in MEMBERS}
        return {**parties, "topic": order.topic, "price": order.price}
    return {"answer": {"share": order.share}, "plan": {"at": GENESIS + order.at * HOUR}}.get(order.act, {})


def hours(t: object) -> int:
    """A time of the ledger in hours of the model; -1 where there is none."""
    return -1 if t is None else (int(str(t)) - GENESIS) // HOUR


def errand(instance: host.Instance) -> Row:
    """An instance as the model sees it."""
    _, _, _, topic, price, part, due = instance.values
    return Row(
        topic=topic, price=price, state=instance.state, entered=hours(instance.entered),
        done=frozenset(instance.closed), part=part, due=hours(due),
    )  # fmt: skip


def event(told: dict[str, Any]) -> Row:
    """An event as the model sees it."""
    body = told["body"]
    return Row(
        kind=told["kind"], at=hours(told["at"]), id=told["instance"], state=body.get("state", ""),
        clause=body.get("clause", -1), to=body.get("to") or "",
    )  # fmt: skip


class Replay:
    """Both ledgers of the model, driven by a trace."""

    def __init__(self) -> None:
        self.ticked, self.lazy = Book.begin(), Book.begin()

    def take(self, did: Row) -> str:
        """One step; the code where it is refused."""
        if did.act == "init":
            return ""
        if did.act == "tick":
            return self.ticked.advance(did.t)
        for book in (self.ticked, self.lazy):
            book.advance(did.t)
        code = self.ticked.command(did.command)
        assert self.lazy.command(did.command) == code, "CTR-S3: the answer depends on how often time was looked at"
        return code

    def state(self) -> Row:
        """Everything that the model compares."""
        return Row(ticked=self.ticked.state(), lazy=self.lazy.state())
