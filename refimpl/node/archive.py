"""What a node's store holds, as a chain that the application can read.

Why here: only the node knows under which keys a ledger stands. The states of earlier heights are not kept: they follow
from the blocks, and are made again when somebody asks for a proof. Nothing is verified here; `verify` does that.
"""

from collections.abc import Mapping
from functools import cached_property

from refimpl.application.admission import Rules, members_in
from refimpl.contract.draft import Draft
from refimpl.data.block import Block, Genesis, Header
from refimpl.data.certificate import Certificate
from refimpl.data.members import Membership
from refimpl.data.refusal import Code, Refused
from refimpl.data.state_map import EMPTY, StateMap
from refimpl.data.transaction import Transaction
from refimpl.node import keys
from refimpl.node.execution import execute, open_genesis

__all__ = ["Archive"]


class Archive:
    """Implements `refimpl.application.view.Chain` over the keys and values of a store."""

    def __init__(self, disk: Mapping[str, bytes]) -> None:
        """`store.corrupt` if there is no genesis."""
        self._disk = disk
        self._states: dict[int, StateMap] = {}

    @cached_property
    def genesis(self) -> Genesis:
        """See `Chain`."""
        return Genesis.from_bytes(self._stored(keys.GENESIS))

    @cached_property
    def height(self) -> int:
        """See `Chain`."""
        blocks = [key for key in self._disk if key.startswith(keys.BLOCK)]
        return int(max(blocks)[len(keys.BLOCK) :]) if blocks else 0

    def header(self, height: int) -> Header:
        """See `Chain`."""
        return Header.from_bytes(self._stored(keys.block(height)))

    def transactions(self, height: int) -> tuple[Transaction, ...]:
        """See `Chain`."""
        size = self.header(height).size
        return tuple(Transaction.from_bytes(self._stored(keys.transaction(height, i))) for i in range(size))

    def receipts(self, height: int) -> tuple[bytes, ...]:
        """See `Chain`."""
        found: list[bytes] = []
        while (data := self._disk.get(keys.receipt(height, len(found)))) is not None:
            found.append(data)
        return tuple(found)

    def certificate(self, height: int) -> Certificate | None:
        """See `Chain`."""
        data = self._disk.get(keys.certificate(height))
        return None if data is None else Certificate.from_bytes(data)

    def state(self, height: int) -> StateMap:
        """See `Chain`. The last one is read, earlier ones are made again from the blocks."""
        if height == self.height:
            return self._last
        self._states.setdefault(0, open_genesis(self.genesis)[0])
        for made in range(max(one for one in self._states if one <= height), height):
            block = Block(self.header(made + 1), self.transactions(made + 1))
            members = self._members_after(self._states[made])
            self._states[made + 1] = execute(self._states[made], block, members, Rules.of(self.genesis)).state
        return self._states[height]

    def members(self, height: int) -> Membership:
        """See `Chain`."""
        return self._members_after(self.state(height - 1))

    def _members_after(self, state: StateMap) -> Membership:
        found = members_in(Draft(state))
        return self.genesis.members if found is None else found[0]

    @cached_property
    def _last(self) -> StateMap:
        prefix = keys.STATE
        rows = {bytes.fromhex(key[len(prefix) :]): value for key, value in self._disk.items() if key.startswith(prefix)}
        return EMPTY.updated(rows)

    def _stored(self, key: str) -> bytes:
        if key not in self._disk:
            raise Refused(Code.STORE_CORRUPT, what=key, expected="a value", got="nothing")
        return self._disk[key]
