"""A planted bug as a process: `python -m conformance.zoo.serve ID` speaks the node protocol on standard input/output.

The id is one of the zoo's (an engine or a part of the ledger with one wrong rule), one of `wire`, or `reference`.
"""

import sys
from typing import Any

from attrs import evolve, fields

from conformance.zoo import ZOO, Entry, load
from conformance.zoo.wire import WIRE, SpoiltConversation
from refimpl.commands.node.conversation import Conversation
from refimpl.commands.node.instance import Instance
from refimpl.consensus.registry import find_engine
from refimpl.node.ledger import Ledger
from refimpl.node.machine import Machine
from refimpl.shell.pipes import serve

__all__ = ["conversation", "main"]


def conversation(name: str) -> Conversation:
    """The conversation of a planted bug; raises `KeyError` for an id that is none."""
    load()
    if name == "reference":
        return Conversation()
    if name in WIRE:
        return SpoiltConversation(WIRE[name])
    entry = ZOO[name]
    return Conversation(lambda config: Instance(config, maker_of(entry)), f"zoo-{name.lower()}")


def maker_of(entry: Entry) -> Any:
    """A maker of machines with this bug."""
    if entry.of == "members":
        return entry.make
    return ledger_of(entry.make) if entry.of == "ledger" else engine_of(entry.of, entry.make)


def engine_of(engine: str, wrong: Any) -> Any:
    """A maker of machines whose engine of this name is the wrong one."""

    def made(genesis: Any, kind: Any, *others: Any) -> Machine:
        spoilt = evolve(find_engine(engine), make=wrong) if kind.promise.engine == engine else kind
        return Machine(genesis, spoilt, *others)

    return made


def ledger_of(wrong: type[Ledger]) -> Any:
    """A maker of machines whose ledger is the wrong one."""

    class Spoilt(Machine):
        """The machine, its ledger replaced wherever one is made."""

        def start(self, now: Any) -> Any:
            self.ledger = replaced(self.ledger, wrong)
            return super().start(now)

        def recover(self, disk: Any, now: Any) -> Any:
            effects = super().recover(disk, now)
            self.ledger = replaced(self.ledger, wrong)
            return effects

    return Spoilt


def replaced(ledger: Ledger, wrong: type[Ledger]) -> Ledger:
    """The same ledger as one of the wrong class."""
    return wrong(**{str(one.alias): getattr(ledger, one.name) for one in fields(Ledger) if one.init})


def main(arguments: list[str]) -> int:
    """Serve one; the exit status."""
    load()
    if len(arguments) != 1 or arguments[0] not in {"reference", *ZOO, *WIRE}:
        print(f"one of: reference {' '.join((*ZOO, *WIRE))}", file=sys.stderr)
        return 2
    serve(conversation(arguments[0]), sys.stdin.buffer, sys.stdout.buffer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
