"""Blocks that are proposed on top of each other before any of them is decided: the tree of chained engines.

Why here once: chained HotStuff, Streamlet and the longest-chain engines differ in what they count, not in what a block
stands on. The tree holds what is not decided, above the last decided value; a step replaces it, never changes it.

It must not know views, votes or work, nor decide anything.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from refimpl.data.ids import Digest, Height
from refimpl.network.messages import Message

__all__ = ["Tree", "TreeBlock"]


class TreeBlock(Struct, frozen=True):
    """One block that somebody proposed."""

    value: Digest
    payload: bytes
    parent: Digest
    height: Height
    round: int
    """The view, epoch or slot of its proposal."""
    message: Message
    """The proposal as it was heard, for those who ask."""


_GENESIS, _NO_VALUE = Height(0), Digest(b"")


class Tree(Struct, frozen=True):
    """The blocks above the last decided one, by value."""

    tip: Digest = _NO_VALUE
    """The value decided last."""
    height: Height = _GENESIS
    """The height decided last."""
    blocks: Mapping[Digest, TreeBlock] = {}

    def holds(self, value: Digest) -> bool:
        """Whether a block may stand on this value here."""
        return value == self.tip or value in self.blocks

    def height_of(self, value: Digest) -> Height:
        """The height of a value that the tree holds."""
        return self.height if value == self.tip else self.blocks[value].height

    def with_block(self, block: TreeBlock) -> "Tree":
        """With one more block, whose parent is held."""
        return Tree(self.tip, self.height, {**self.blocks, block.value: block})

    def upward(self, value: Digest) -> Iterator[TreeBlock]:
        """The block of this value and those it stands on, the highest first, down to the decided one."""
        while value != self.tip and value in self.blocks:
            block = self.blocks[value]
            yield block
            value = block.parent

    def branch(self, value: Digest) -> tuple[TreeBlock, ...]:
        """The blocks from the decided one, exclusive, to this value, in order."""
        found = []
        while value != self.tip and value in self.blocks:
            found.append(self.blocks[value])
            value = found[-1].parent
        return tuple(found[::-1])

    def payloads(self, value: Digest) -> tuple[bytes, ...]:
        """What a proposal on this value stands on that is not decided, in order."""
        return tuple([block.payload for block in self.branch(value)])

    def extends(self, value: Digest, other: Digest) -> bool:
        """Whether `value` is `other` or stands on it."""
        return other in (value, self.tip) or any(block.value == other for block in self.upward(value))

    def decided(self, value: Digest) -> "Tree":
        """After this value is decided: what does not stand on it is gone."""
        kept: dict[Digest, TreeBlock] = {}
        for name, block in self.blocks.items():  # a block enters the tree after its parent
            if block.parent == value or block.parent in kept:
                kept[name] = block
        return Tree(value, self.height_of(value), kept)
