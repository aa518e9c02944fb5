"""The smallest ledger that has something to get wrong: a block is one line of text.

Why: search needs thousands of runs a second. Order, links, duplicates and out-of-nowhere transactions can all be broken
here as in the real ledger; nothing else can, so nothing else costs time.

It must not judge: what is decided is executed, whatever it is, and the checkers judge.
"""

from collections.abc import Sequence
from functools import lru_cache

from attrs import define, field

from conformance.history import Block
from refimpl.consensus.interface import Decide
from refimpl.crypto.recipes import digest
from refimpl.data.ids import Digest


@lru_cache(maxsize=4096)
def name_of(payload: bytes) -> Digest:
    """The digest that names a payload."""
    return digest("yilian/line/v1", payload)


def line(height: int, author: int, mark: str, previous: str, transactions: Sequence[str]) -> bytes:
    """A block: `height|author.mark|previous|transactions`."""
    return f"{height}|{author}.{mark}|{previous}|{','.join(transactions)}".encode()


@lru_cache(maxsize=4096)
def read_line(payload: bytes) -> tuple[int, Block] | None:
    """Height and contents of a block; None if it is none."""
    parts = payload.decode("ascii", "replace").split("|")
    if len(parts) != 4 or not parts[0].isdigit():
        return None
    author, _, _ = parts[1].partition(".")
    transactions = tuple(parts[3].split(",")) if parts[3] else ()
    if not author.isdigit():
        return None
    return int(parts[0]), Block(name_of(payload).hex(), parts[2], int(author), transactions)


@define
class LineLedger:
    """What one node has executed and what waits in its pool."""

    blocks: list[Decide] = field(factory=list)
    tip: str = ""
    included: set[str] = field(factory=set)
    pool: list[str] = field(factory=list)

    def build(self, author: int, mark: str, ancestors: Sequence[bytes] = ()) -> bytes:
        """The next block after `ancestors` as `author` would propose it; two marks make two blocks."""
        included = self.included_after(ancestors)
        waiting = [name for name in self.pool if name not in included]
        tip = name_of(ancestors[-1]).hex() if ancestors else self.tip
        return line(len(self.blocks) + len(ancestors) + 1, author, mark, tip, waiting)

    def accepts(self, height: int, payload: bytes, ancestors: Sequence[bytes] = ()) -> bool:
        """Whether the payload is a valid block at this height after `ancestors`."""
        found = read_line(payload)
        if found is None or found[0] != height or height != len(self.blocks) + len(ancestors) + 1:
            return False
        block, included = found[1], self.included_after(ancestors)
        tip = name_of(ancestors[-1]).hex() if ancestors else self.tip
        named = set(block.transactions)
        fresh = len(named) == len(block.transactions) and named.isdisjoint(included)
        return fresh and named.issubset(self.pool) and block.previous == tip

    def included_after(self, ancestors: Sequence[bytes]) -> set[str]:
        """The transactions that are in the chain once these blocks are."""
        if not ancestors:
            return self.included
        found = [read_line(payload) for payload in ancestors]
        return self.included.union(*(one[1].transactions for one in found if one is not None))

    def execute(self, decision: Decide) -> None:
        """Append a decided block; one that is decided again in another form replaces what stood there and after."""
        if decision.height <= len(self.blocks):
            kept = self.blocks[: decision.height - 1]
            self.blocks, self.tip, self.included = [], "", set()
            for one in kept:
                self.execute(one)
        self.blocks.append(decision)
        self.tip = decision.value.hex()
        found = read_line(decision.payload)
        if found is not None:
            self.included.update(found[1].transactions)
