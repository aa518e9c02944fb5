"""The ledger's state as a program sees it: `contracts_dsl.host.World` over a draft, and the changes a step makes.

Why a key for everything: whatever a program can read, a light client must be able to prove, so instances, keys,
indexes, timers and clearing positions are entries of the state map. Numbers in keys have a fixed width: the order of
keys is the order in which the language fires timers and finds instances.

It must not know the semantics of a program, nor what a transaction is. Source: spec/contract.md, "State".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from contracts_dsl.host import Changes, Instance, Node, Scalar, Timer, Value
from refimpl.contract.draft import Draft
from refimpl.crypto.recipes import digest
from refimpl.data.encoding import decode_known, encode_known

__all__ = ["CLOCK", "DIRECTORY_DIGEST", "LedgerWorld", "node_key", "position_of"]

CLOCK = b"clock"
"""Second up to which the ledger was advanced."""
_NEXT = b"next"
_TIMERS = b"timer/"
DIRECTORY_DIGEST = b"directory"
"""Digest over all nodes of the directory, hex."""


def _instance_key(ordinal: int) -> bytes:
    return b"instance/%010d" % ordinal


def _listed_key(contract: str, ordinal: int) -> bytes:
    return b"of/%s/%010d" % (contract.encode(), ordinal)


def _timer_key(timer: Timer) -> bytes:
    return b"timer/%012d/%010d/%03d" % (timer.deadline, timer.instance, timer.clause)


def _found_prefix(contract: str, field: str, value: Scalar) -> bytes:
    name = digest("yilian/index/v1", encode_known([contract, field, value]))
    return b"index/%s/" % name.hex().encode()


def _taken_key(contract: str, key: Sequence[Value]) -> bytes:
    name = digest("yilian/key/v1", encode_known([contract, _plain(key)]))
    return b"key/%s" % name.hex().encode()


def position_of(draft: Draft, member: str) -> int:
    """The clearing position of a member in fen. It stands as a text, since sums of amounts have no bound (CTR-D05)."""
    found = draft.read(_position_key(member))
    return int(found) if isinstance(found, str) else 0


def _position_key(member: str) -> bytes:
    return b"position/%s" % member.encode()


def node_key(name: str) -> bytes:
    """Where a node of the directory stands: `[kind, parent, [[attribute, value], ...]]`."""
    return b"node/%s" % name.encode()


class _Node(msgspec.Struct, frozen=True):
    kind: str
    parent: str | None
    attributes: Mapping[str, Value]


class LedgerWorld:
    """Implements `contracts_dsl.host.World`. One serves one block; `apply` writes into its draft."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft

    # --- reading ---

    def now(self) -> int:
        """See `World`."""
        return self._number(CLOCK)

    def next_instance(self) -> int:
        """See `World`."""
        return self._number(_NEXT)

    def instance(self, ordinal: int) -> Instance | None:
        """See `World`."""
        found = self.draft.get(_instance_key(ordinal)) if ordinal >= 0 else None
        return None if found is None else _instance(found)

    def instances(self, contract: str) -> Iterable[int]:
        """See `World`."""
        return [int(key[-10:]) for key in self.draft.keys(b"of/%s/" % contract.encode())]

    def find(self, contract: str, field: str, value: Scalar, limit: int) -> Sequence[int]:
        """See `World`."""
        found: list[int] = []
        for key in self.draft.keys(_found_prefix(contract, field, value)):
            if len(found) == limit:
                break
            found.append(int(key[-10:]))
        return found

    def key_holder(self, contract: str, key: tuple[Value, ...]) -> int | None:
        """See `World`."""
        found = self.draft.read(_taken_key(contract, key))
        return found if isinstance(found, int) else None

    def timers_before(self, t: int) -> Iterator[Timer]:
        """See `World`."""
        for key in self.draft.keys(_TIMERS):
            _, deadline, instance, clause = key.split(b"/")
            if int(deadline) >= t:
                return
            yield Timer(int(deadline), int(instance), int(clause))

    def is_overdue(self, t: int) -> bool:
        """Whether a clock runs that was set in this draft, and whose deadline is before second t."""
        written = self.draft.written(_TIMERS, b"%s%012d" % (_TIMERS, t))
        return any(self.draft.writes[key] is not None for key in written)

    def kind(self, node: str) -> str | None:
        """See `World`."""
        found = self._node(node)
        return found.kind if found else None

    def attribute(self, node: str, name: str) -> Value:
        """See `World`."""
        found = self._node(node)
        return found.attributes.get(name) if found else None

    def node(self, node: str) -> Node | None:
        """See `World`."""
        return self._node(node)

    def parent(self, node: str) -> str | None:
        """See `World`."""
        found = self._node(node)
        return found.parent if found else None

    def directory_digest(self) -> str:
        """See `World`."""
        found = self.draft.read(DIRECTORY_DIGEST)
        return found if isinstance(found, str) else ""

    def _node(self, name: str) -> _Node | None:
        found = self.draft.get(node_key(name))
        return None if found is None else _node(found)

    def _number(self, key: bytes) -> int:
        found = self.draft.read(key)
        return found if isinstance(found, int) else 0

    # --- writing ---

    def apply(self, changes: Changes) -> None:
        """Write one step's changes, whole."""
        draft = self.draft
        if draft.read(CLOCK) != changes.now:
            draft.write(CLOCK, changes.now)
        count = self.next_instance()
        for instance in changes.instances:
            self._store(instance)
            if instance.id >= count:
                draft.put(_listed_key(instance.contract, instance.id), b"1")
        if changes.instances and changes.instances[-1].id >= count:
            draft.write(_NEXT, changes.instances[-1].id + 1)
        for taken in changes.keys:
            draft.write(_taken_key(taken.contract, taken.key), taken.instance)
        for entry in changes.indexed:
            draft.put(_found_prefix(entry.contract, entry.field, entry.value) + b"%010d" % entry.instance, b"1")
        for transfer in changes.transfers:
            self._move(transfer.payer, -transfer.amount)
            self._move(transfer.payee, transfer.amount)

    def _store(self, instance: Instance) -> None:
        old = self.instance(instance.id)
        for deadline, clause in old.timers if old else ():
            self.draft.put(_timer_key(Timer(deadline, instance.id, clause)), None)
        for deadline, clause in instance.timers:
            self.draft.put(_timer_key(Timer(deadline, instance.id, clause)), b"1")
        self.draft.write(_instance_key(instance.id), msgspec.to_builtins(instance))

    def _move(self, member: str, amount: int) -> None:
        self.draft.write(_position_key(member), str(position_of(self.draft, member) + amount))


_read_instance = msgspec.json.Decoder(Instance).decode


@lru_cache(maxsize=4096)
def _instance(data: bytes) -> Instance:
    """The instance in an entry; one step asks for the same several times."""
    return _read_instance(data)


@lru_cache(maxsize=4096)
def _node(data: bytes) -> _Node:
    """The node of the directory in an entry; directories are small and much read."""
    kind, parent, attributes = decode_known(data)
    return _Node(kind, parent, {name: _frozen(value) for name, value in attributes})


def _plain(values: Sequence[Value]) -> list[Any]:
    return [list(value) if isinstance(value, tuple) else value for value in values]


def _frozen(value: Any) -> Value:
    return tuple(value) if isinstance(value, list) else value
