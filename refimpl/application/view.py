"""The ledger as an application reads it: instances by the names of their fields, the directory, the accesses, and the
blocks in which all of it happened.

Why: the state keeps an instance as a row of values and the chain keeps receipts as bytes; whoever answers a patient or
a commission asks by name. Reading only: what changes the ledger is a transaction. It must not know a disk; a chain is
whatever implements `Chain`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from attrs import frozen

from refimpl.application import index
from refimpl.contract.draft import Draft
from refimpl.contract.rows import Row, fields_meant, row_of
from refimpl.contract.world import LedgerWorld
from refimpl.data.block import Genesis, Header
from refimpl.data.certificate import Certificate
from refimpl.data.encoding import decode_known
from refimpl.data.ids import Digest
from refimpl.data.members import Membership
from refimpl.data.refusal import Code, Refused
from refimpl.data.state_map import StateMap
from refimpl.data.transaction import Transaction

__all__ = ["Chain", "Happening", "View", "happenings"]


class Chain(Protocol):
    """A ledger that was kept whole: from its genesis to its last block."""

    @property
    def genesis(self) -> Genesis:
        """Block 0."""

    @property
    def height(self) -> int:
        """The last block."""

    def header(self, height: int) -> Header:
        """The header of a block, 1..`height`."""

    def transactions(self, height: int) -> tuple[Transaction, ...]:
        """The transactions of a block, in order."""

    def receipts(self, height: int) -> tuple[bytes, ...]:
        """Its receipts as they were hashed, in order."""

    def certificate(self, height: int) -> Certificate | None:
        """The votes that decided it; None where the engine makes none."""

    def state(self, height: int) -> StateMap:
        """The state after a block; 0 is that of the genesis."""

    def members(self, height: int) -> Membership:
        """The members in force at a height, 1..`height` + 1 (DAT-076)."""


class View:
    """One state of a ledger, for reading."""

    def __init__(self, state: StateMap) -> None:
        """A view of this state."""
        self.draft = Draft(state)
        self._world = LedgerWorld(self.draft)

    @property
    def now(self) -> int:
        """The second up to which the ledger has advanced."""
        return self._world.now()

    def row(self, instance: int) -> Row:
        """An instance by its number; `query.not_found`."""
        found = row_of(self.draft, instance)
        if found is None:
            raise Refused(Code.QUERY_NOT_FOUND, what=f"instance {instance}")
        return found

    def rows(self, contract: str) -> Iterator[Row]:
        """All instances of a contract, any version and state, in the order in which they began."""
        return (self.row(number) for number in self._world.instances(contract))

    def fields_of(self, instance: int, names: Iterable[str]) -> tuple[str, ...]:
        """The fields that a request for these fields and groups of an instance means, ascending."""
        return fields_meant(self.draft, self.row(instance).contract, names)

    def accesses(self) -> list[dict[str, Any]]:
        """The chain of accesses, in order (APP-009)."""
        return index.accesses(self.draft)

    def committed(self, custodian: str, record: str) -> Digest:
        """The commitment that the index has for a record, or `query.not_found`."""
        return index.committed(self.draft, custodian, record)

    def kind(self, node: str) -> str | None:
        """The party type or entity of a node of the directory; None if it has no such node."""
        return self._world.kind(node)

    def attribute(self, node: str, name: str) -> object:
        """An attribute of a node; None where it is absent."""
        return self._world.attribute(node, name)

    def is_within(self, node: str | None, region: str) -> bool:
        """Whether a node of a tree is this one or below it."""
        while node is not None and node != region:
            node = self._world.parent(node)
        return node == region


@frozen
class Happening:
    """An event of the chain, with the block and the transaction that made it."""

    height: int
    time: int
    """Time of the block."""
    tx: str | None
    """Id of the transaction, hex; None for what time did by itself."""
    signers: tuple[str, ...]
    code: str | None
    """The refusal of the transaction, None where it was applied."""
    event: Mapping[str, Any]


def happenings(chain: Chain) -> Iterator[Happening]:
    """Every event from the first block to the last, in order."""
    for height in range(1, chain.height + 1):
        time = chain.header(height).time
        signed = {tx.id.hex(): tx.signers for tx in chain.transactions(height)}
        for data in chain.receipts(height):
            receipt: Any = decode_known(data)
            tx = receipt.get("tx")
            for event in receipt.get("events", ()):
                yield Happening(height, time, tx, tuple(signed.get(tx, ())), receipt.get("code"), event)
