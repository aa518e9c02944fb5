"""A world in memory: the host of in-file tests, and the model of what a ledger must answer.

It is the shortest correct `World`: plain dictionaries, no persistence, no proofs. A ledger's host must be
indistinguishable from it by any program.
"""

from __future__ import annotations

import hashlib
from bisect import insort
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from attrs import define, field

from contracts_dsl.host import Changes, Event, Instance, Scalar, Timer, Value

_ENCODER = msgspec.json.Encoder(order="sorted")


@define
class DirectoryNode:
    """A member or entity: its kind, its attributes by name, the node above it."""

    kind: str
    attributes: dict[str, Value]
    parent: str | None = None


@define
class MemoryWorld:
    """Implements `contracts_dsl.host.World`; `apply` is the only way to change it, `enrol` fills the directory."""

    time: int = 0
    directory: dict[str, DirectoryNode] = field(factory=dict)
    stored: list[Instance] = field(factory=list)
    keys: dict[tuple[str, tuple[Value, ...]], int] = field(factory=dict)
    index: dict[tuple[str, str, Scalar], list[int]] = field(factory=dict)
    queue: list[Timer] = field(factory=list)
    positions: dict[str, int] = field(factory=dict)
    """Clearing position of each member, fen; their sum is always zero (CTR-S12)."""
    events: list[Event] = field(factory=list)

    def enrol(self, name: str, node: DirectoryNode) -> None:
        """Put a node into the directory, or replace it."""
        self.directory[name] = node

    def apply(self, changes: Changes) -> None:
        """Make one step's changes, whole."""
        self.time = changes.now
        for instance in changes.instances:
            self._store(instance)
        for taken in changes.keys:
            self.keys[taken.contract, taken.key] = taken.instance
        for entry in changes.indexed:
            insort(self.index.setdefault((entry.contract, entry.field, entry.value), []), entry.instance)
        for transfer in changes.transfers:
            self.positions[transfer.payer] = self.positions.get(transfer.payer, 0) - transfer.amount
            self.positions[transfer.payee] = self.positions.get(transfer.payee, 0) + transfer.amount
        self.events.extend(changes.events)

    def _store(self, instance: Instance) -> None:
        if instance.id < len(self.stored):
            old = self.stored[instance.id]
            gone = {Timer(deadline, old.id, clause) for deadline, clause in old.timers}
            self.queue = [timer for timer in self.queue if timer not in gone] if gone else self.queue
            self.stored[instance.id] = instance
        else:
            self.stored.append(instance)
        for deadline, clause in instance.timers:
            insort(self.queue, Timer(deadline, instance.id, clause))

    def now(self) -> int:
        """See `World`."""
        return self.time

    def next_instance(self) -> int:
        """See `World`."""
        return len(self.stored)

    def instance(self, ordinal: int) -> Instance | None:
        """See `World`."""
        return self.stored[ordinal] if 0 <= ordinal < len(self.stored) else None

    def instances(self, contract: str) -> Iterable[int]:
        """See `World`."""
        return [instance.id for instance in self.stored if instance.contract == contract]

    def find(self, contract: str, field: str, value: Scalar, limit: int) -> Sequence[int]:
        """See `World`."""
        return self.index.get((contract, field, value), [])[:limit]

    def key_holder(self, contract: str, key: tuple[Value, ...]) -> int | None:
        """See `World`."""
        return self.keys.get((contract, key))

    def timers_before(self, t: int) -> Iterator[Timer]:
        """See `World`."""
        return iter([timer for timer in self.queue if timer.deadline < t])

    def kind(self, node: str) -> str | None:
        """See `World`."""
        found = self.directory.get(node)
        return found.kind if found else None

    def attribute(self, node: str, name: str) -> Value:
        """See `World`."""
        found = self.directory.get(node)
        return found.attributes.get(name) if found else None

    def node(self, node: str) -> DirectoryNode | None:
        """See `World`."""
        return self.directory.get(node)

    def parent(self, node: str) -> str | None:
        """See `World`."""
        found = self.directory.get(node)
        return found.parent if found else None

    def directory_digest(self) -> str:
        """See `World`."""
        rows = [
            [name, node.kind, node.parent, sorted(node.attributes.items())]
            for name, node in sorted(self.directory.items())
        ]
        return hashlib.sha256(b"yilian/directory/v1\0" + _ENCODER.encode(rows)).hexdigest()
