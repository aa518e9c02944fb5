"""What stands between the world and a node: a node as a reactor, what it may ask for, and a cluster that makes nodes.

Why: an engine of this project, a whole node of it, and a process in any language are played in one world, under one
adversary, by implementing this and nothing else. It must not know time, plans or queues, nor any node.
Source: spec/network.md, part 3.
"""

from collections.abc import Hashable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol, runtime_checkable

from conformance.contract import Contract
from conformance.history import Decision, Said


class Send(NamedTuple):
    """To these nodes, or to all others if `to` is empty."""

    wire: Any
    to: tuple[int, ...] = ()


class SetTimer(NamedTuple):
    """Ring at `at` on the node's own clock; the same name replaces."""

    name: Hashable
    at: int


class Cancel(NamedTuple):
    """Take back the timer `name`, if it is set."""

    name: Hashable


class Persist(NamedTuple):
    """Write to disk all of these or none, deleting where a value is None; `sync` makes all writes so far durable."""

    writes: tuple[tuple[str, Any], ...]
    sync: bool


class Decided(NamedTuple):
    """A height is final here."""

    decision: Decision


class Accused(NamedTuple):
    """Proof against a node, already checked by the cluster."""

    against: int


Effect = Send | SetTimer | Cancel | Persist | Decided | Accused


class Reactor(Protocol):
    """One node: each call returns effects, in order. Raises `Refusal` for a message it does not accept."""

    def start(self, now: int) -> Sequence[Effect]:
        """The node has genesis and begins."""
        ...

    def deliver(self, src: int, wire: Any, now: int) -> Sequence[Effect]:
        """A message came over the link from `src`."""
        ...

    def fire(self, name: Hashable, now: int) -> Sequence[Effect]:
        """A timer rang."""
        ...

    def submit(self, transaction: Any, now: int) -> Sequence[Effect]:
        """A client hands in a transaction."""
        ...

    def recover(self, disk: Mapping[str, Any], now: int) -> Sequence[Effect]:
        """The node is back with what survived."""
        ...

    def where(self) -> str:
        """Height, round and step, for explanations only."""
        ...


@runtime_checkable
class Divisible(Protocol):
    """A reactor that can be doubled while it runs: others cannot work in secret."""

    def fork(self, variant: int) -> Reactor:
        """A second instance that goes on from where this one stands."""
        ...


@runtime_checkable
class Lenient(Protocol):
    """A cluster in which not every correct node has to decide: who has left, or is not admitted yet, follows."""

    def is_owed(self, node: int) -> bool:
        """Whether a node is to decide every height."""
        ...


@cache
def is_lenient(kind: type) -> bool:
    """Whether clusters of this class are `Lenient`; remembered, for to ask it of a Protocol is dear."""
    return issubclass(kind, Lenient)


class Refusal(Exception):
    """A node refused an input; `args[0]` is the code."""


class Cluster(Protocol):
    """How nodes of one kind are made, and how their messages are read and forged."""

    contract: Contract
    """What the engine under test declares."""

    @property
    def names(self) -> Sequence[str]:
        """The members, in order of node."""
        ...

    def spawn(self, node: int, variant: int) -> Reactor:
        """A fresh node; a variant above 0 is a twin, whose own proposals differ."""
        ...

    def read(self, wire: Any) -> Said:
        """Coordinates and signer of a message."""
        ...

    def read_record(self, value: Any) -> Said | None:
        """The statement in a value that a node persists, or None if it is none."""
        ...

    def identity(self, wire: Any) -> Hashable:
        """Equal for two copies of one statement."""
        ...

    def alter(self, wire: Any, act: Mapping[str, Any], source: Any) -> Any:
        """The message with another value, valid round or round, signed by its (faulty) signer; None if impossible.

        `source` is the reactor of its honest copy."""
        ...

    def damage(self, wire: Any, act: str) -> Any:
        """What is no honest message any more, as `conformance.plan.BROKEN` says."""
        ...

    def forge(self, said: Said, act: Mapping[str, Any], source: Any) -> Any:
        """A message of the faulty `said.signer` out of nothing; `said.value` is a plan's value. None if impossible."""
        ...

    def disguise(self, wire: Any, node: int) -> Any:
        """The message in the name of `node`, which did not sign it."""
        ...

    def is_genuine(self, wire: Any) -> bool:
        """Whether a member signed exactly this."""
        ...

    def transactions(self, height: int, count: int) -> Sequence[tuple[str, Any]]:
        """(name, transaction) pairs that clients hand to every node for this height."""
        ...
