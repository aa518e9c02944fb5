"""The world as a program sees it: what the interpreter may ask, and what it answers with.

The interpreter is a pure function: it reads a `World` and returns `Changes`; it never writes. Whoever holds the
ledger implements the reading half over its own state and applies the changes in one piece, so a refused command,
which returns no changes, cannot leave a trace.

Everything here is plain data that canonical JSON can carry: whole numbers within 2^53 - 1, strings, booleans,
tuples of strings, and None for what is absent. Names of fields are values, never keys of an object, because they may
be Chinese and keys of the canonical encoding are ASCII.

This module must not know how a program is written, what a Merkle tree is, or who a member is beyond its identifier.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

Scalar = bool | int | str
Value = Scalar | tuple[str, ...] | None
"""What a field holds.

int: a number, money in fen, a time in seconds since 1970, the id of a referenced instance. str: a code, a hash in
lowercase hex, a member, an entity, an enum member, a purpose. tuple: a set, sorted, no repetition. None: absent."""

Json = bool | int | str | None | Sequence["Json"] | Mapping[str, "Json"]
"""What an event or a refusal carries."""


class Timer(Struct, frozen=True, order=True):
    """A moment at which time itself acts; the order of the fields is the order of firing (CTR-S1)."""

    deadline: int
    """Seconds since 1970; the timer fires when a later second is reached."""
    instance: int
    clause: int
    """Position of the clause in its state."""


class Instance(Struct, frozen=True):
    """One instance of a contract, whole. `msgspec.to_builtins` and `msgspec.convert` carry it to JSON and back."""

    id: int
    """Creation ordinal, counted over all contracts from 0."""
    contract: str
    version: int
    state: str
    entered: int
    """Second in which the present state was entered."""
    values: tuple[Value, ...]
    """Parties, then data, in the order in which this version of the contract declares them."""
    closed: tuple[int, ...] = ()
    """Clauses of the present state that are performed or fired, ascending (CTR-S6)."""
    timers: tuple[tuple[int, int], ...] = ()
    """(deadline, clause) of every running clock, ascending; derived from the rest, kept so that a queue is easy."""


class KeyTaken(Struct, frozen=True):
    """These values are used for ever (CTR-S14)."""

    contract: str
    key: tuple[Value, ...]
    instance: int


class Indexed(Struct, frozen=True):
    """A field that no clause sets has this value in this instance; what `World.find` looks up (CTR-T5)."""

    contract: str
    field: str
    value: Scalar
    instance: int


class Transfer(Struct, frozen=True):
    """A movement between two clearing positions, in fen (CTR-S12)."""

    payer: str
    payee: str
    amount: int


class Event(Struct, frozen=True):
    """Something that happened, told to every party of the instance."""

    kind: str
    """One of `started acted elapsed violation impossible paid read migrated`."""
    at: int
    contract: str
    version: int
    instance: int
    parties: tuple[str, ...]
    """Who is told: the present parties of the instance, sorted."""
    directory: str
    """Digest of the directory whose attributes were read (CTR-S15)."""
    body: Mapping[str, Json]
    """ASCII keys; which ones depends on the kind (spec/contract.md)."""


class Changes(Struct, frozen=True):
    """Everything one step does to the ledger. Apply all of it or nothing."""

    now: int
    """Time after the step; the ledger keeps it as `World.now`."""
    instances: tuple[Instance, ...] = ()
    """Final form of every instance that was created or written, ascending by id. One whose id is at least
    `World.next_instance()` before the step is new; ids are given without a gap."""
    keys: tuple[KeyTaken, ...] = ()
    indexed: tuple[Indexed, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    events: tuple[Event, ...] = ()
    """In the order in which they happened."""


class Command(Struct, frozen=True):
    """What somebody signed."""

    contract: str
    action: str
    arguments: tuple[tuple[str, Value], ...] = ()
    """(name, value); the order does not matter."""
    signers: tuple[str, ...] = ()
    """Members whose signatures were verified; the first is the sender."""
    instance: int | None = None
    """None begins a new instance of the contract."""


class Refused(Exception):
    """A command, request or deployment that changes nothing.

    `code` is one of `contracts_dsl.refusals.CODES`; `values` are what its text needs, ASCII keys, plain data.
    """

    def __init__(self, code: str, **values: Json) -> None:
        super().__init__(code)
        self.code = code
        self.values: dict[str, Json] = dict(values)

    def __str__(self) -> str:
        return f"{self.code} {self.values}"


class Node(Protocol):
    """A member or entity, for reading."""

    @property
    def kind(self) -> str:
        """Party type or entity."""

    @property
    def attributes(self) -> Mapping[str, Value]:
        """The attributes that are there, by name."""


class World(Protocol):
    """The state of a ledger at one height, for reading.

    Every answer must be a function of the state alone, and the same on every node. Nothing here may raise for an
    identifier that does not exist; it answers None, or nothing.
    """

    def now(self) -> int:
        """Second up to which the ledger has been advanced."""

    def next_instance(self) -> int:
        """Id that the next new instance will have."""

    def instance(self, ordinal: int) -> Instance | None:
        """The instance with this id."""

    def instances(self, contract: str) -> Iterable[int]:
        """Ids of all instances of a contract, any version, any state, ascending. Used by views and migration."""

    def find(self, contract: str, field: str, value: Scalar, limit: int) -> Sequence[int]:
        """Ids of the instances that `Indexed(contract, field, value, ...)` named, ascending, the first `limit`."""

    def key_holder(self, contract: str, key: tuple[Value, ...]) -> int | None:
        """The instance that took this key."""

    def timers_before(self, t: int) -> Iterator[Timer]:
        """Timers of all instances with deadline < t, ascending; need not be materialised."""

    def kind(self, node: str) -> str | None:
        """Party type or entity of a node of the directory."""

    def attribute(self, node: str, name: str) -> Value:
        """Attribute of a node; None where it is absent."""

    def node(self, node: str) -> Node | None:
        """A node of the directory, whole."""

    def parent(self, node: str) -> str | None:
        """The node above in its tree."""

    def directory_digest(self) -> str:
        """Digest of all directory nodes, for the events."""
