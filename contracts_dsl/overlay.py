"""A world with changes on top: what a step has done so far, seen by the rest of the step.

Dropping an overlay undoes everything, which is all that atomicity takes (CTR-S7); a fork of an overlay tries a clause
and is merged only if it was not refused. This module must not know what a change means.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Sequence

from attrs import define, field

from contracts_dsl.host import Changes, Event, Indexed, Instance, KeyTaken, Node, Scalar, Timer, Transfer, Value, World


@define
class Overlay:
    """Implements `host.World`; the writing methods are for the interpreter alone."""

    base: World
    written: dict[int, Instance] = field(factory=dict)
    keys: list[KeyTaken] = field(factory=list)
    indexed: list[Indexed] = field(factory=list)
    transfers: list[Transfer] = field(factory=list)
    events: list[Event] = field(factory=list)

    def fork(self) -> Overlay:
        """A further layer, to be merged or dropped."""
        return Overlay(self)

    def merge(self, fork: Overlay) -> None:
        """Take over what a fork has done."""
        self.written.update(fork.written)
        self.keys += fork.keys
        self.indexed += fork.indexed
        self.transfers += fork.transfers
        self.events += fork.events

    def put(self, instance: Instance) -> None:
        """Create or replace an instance."""
        self.written[instance.id] = instance

    def changes(self, now: int) -> Changes:
        """Everything that was done on top of the base, which must be the ledger's own world."""
        instances = tuple(self.written[ordinal] for ordinal in sorted(self.written))
        return Changes(
            now, instances, tuple(self.keys), tuple(self.indexed), tuple(self.transfers), tuple(self.events)
        )  # fmt: skip

    def now(self) -> int:
        """See `World`."""
        return self.base.now()

    def next_instance(self) -> int:
        """See `World`."""
        return max(self.base.next_instance(), max(self.written, default=-1) + 1)

    def instance(self, ordinal: int) -> Instance | None:
        """See `World`."""
        return self.written.get(ordinal) or self.base.instance(ordinal)

    def instances(self, contract: str) -> Iterable[int]:
        """See `World`."""
        new = {one.id for one in self.written.values() if one.contract == contract}
        return sorted(new.union(self.base.instances(contract)))

    def find(self, contract: str, field: str, value: Scalar, limit: int) -> Sequence[int]:
        """See `World`."""
        found = list(self.base.find(contract, field, value, limit))
        for entry in self.indexed:
            if (entry.contract, entry.field, entry.value) == (contract, field, value):
                insort(found, entry.instance)
        return found[:limit]

    def key_holder(self, contract: str, key: tuple[Value, ...]) -> int | None:
        """See `World`."""
        for taken in self.keys:
            if taken.contract == contract and taken.key == key:
                return taken.instance
        return self.base.key_holder(contract, key)

    def timers_before(self, t: int) -> Iterator[Timer]:
        """See `World`."""
        kept = [timer for timer in self.base.timers_before(t) if timer.instance not in self.written]
        return iter(sorted([*kept, *self.own_timers(t)]))

    def own_timers(self, t: int) -> list[Timer]:
        """Timers with deadline < t of what this overlay has written."""
        return [Timer(at, one.id, clause) for one in self.written.values() for at, clause in one.timers if at < t]

    def kind(self, node: str) -> str | None:
        """See `World`."""
        return self.base.kind(node)

    def attribute(self, node: str, name: str) -> Value:
        """See `World`."""
        return self.base.attribute(node, name)

    def node(self, node: str) -> Node | None:
        """See `World`."""
        return self.base.node(node)

    def parent(self, node: str) -> str | None:
        """See `World`."""
        return self.base.parent(node)

    def directory_digest(self) -> str:
        """See `World`."""
        return self.base.directory_digest()
