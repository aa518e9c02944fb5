"""Planted bugs of the longest-chain engines: each overrides one rule of the family or of one of its engines. Ids as in
the corpus (L). What the engine has delivered it never takes back, so where the corpus expects a member to contradict
itself (INV-S2), here two members contradict each other (INV-S1).
"""

from typing import Any

from conformance.zoo import mutant
from refimpl.consensus.authority import Authority
from refimpl.consensus.delegated import Delegated
from refimpl.consensus.interface import Validators
from refimpl.consensus.longest_chain import Memory
from refimpl.consensus.nakamoto import Nakamoto
from refimpl.consensus.tree import TreeBlock
from refimpl.data.ids import Digest
from refimpl.network.messages import Message

_FAST = [[1 + slot % 3] for slot in range(16)]
"""A window of blocks in half the usual time: the branch on top of it demands twice the work."""
_SLOW = [[0] if mark == "0" else [int(mark)] * 2 for mark in "001001000200200031231231"]
"""The liar wins more slots, the others do more work."""


@mutant("L01", of="nakamoto", breaks=("INV-S1",), tier="hard", witness={
    "faulty": [0], "tier": "boundary", "heights": 16, "lottery": _FAST + _SLOW,
    "atoms": [{"k": "fork", "r": 14, "to_r": 31, "src": 0, "to": [1, 2, 3]}]})  # fmt: skip
class LengthInsteadOfWork(Nakamoto):
    """The longest branch wins, not the one with the most work (classical)."""

    def weight(self, block: TreeBlock) -> int:
        return 1


@mutant("L02", of="nakamoto", breaks=("INV-S1",), tier="hard", witness={
    "tier": "boundary", "heights": 2, "lottery": [[1, 2]] * 8, "atoms": []})  # fmt: skip
class FirstHeardStays(Nakamoto):
    """Of equal branches each member keeps the one it heard first, and what lies deep in it is final (classical)."""

    def rank(self, weight: int, block: TreeBlock) -> tuple[Any, ...]:
        return (-weight,)


@mutant("L03", of="nakamoto", breaks=("INV-S1",), tier="easy", witness={"lottery": [[1, 2]], "atoms": []})
class TipIsFinal(Nakamoto):
    """A block is final as soon as it is on the best branch: no depth (classical)."""

    def depth(self, memory: Memory) -> int:
        return 0


@mutant("L06", of="authority", breaks=("INV-S1",), tier="hard", witness={
    "n": 5, "tier": "boundary", "gst": 240, "heights": 14, "atoms": [
        {"k": "cut", "r": 0, "to_r": 60, "side": [0, 1]}]})  # fmt: skip
class SealsTwiceInARow(Authority):
    """A sealer need not pause, so the smaller side of a partition goes on alone, as both do with a clone on each side
    (Ekparinya and others, NDSS 2020: always on Aura)."""

    def pause(self, electorate: Validators) -> int:
        return 0


@mutant("L07", of="nakamoto", breaks=("INV-S3",), tier="easy", witness={
    "faulty": [1], "lottery": [[1], [0], [0], [], [1, 2], [2], [0], [3]], "atoms": [
        {"k": "support", "r": 0, "src": 1, "to": [0, 2, 3], "value": "v3"}]})  # fmt: skip
class WorkNotChecked(Nakamoto):
    """Whether the seal has as many zero bits as it claims is not checked (classical)."""

    def is_solved(self, seal: Digest, bits: int) -> bool:
        return True


@mutant("L08", of="authority", breaks=("INV-V1.growth",), tier="easy", witness={
    "faulty": [2], "atoms": [{"k": "skew", "node": 2, "d": 32}]})  # fmt: skip
class StampsUnbounded(Authority):
    """A block of a slot that has not begun is taken at once, and nobody can stand on it in time (time warp)."""

    def is_early(self, memory: Memory, message: Message) -> bool:
        return False


@mutant("L09", of="delegated", breaks=("INV-V1.growth",), tier="easy", witness={
    "faulty": [3], "atoms": [
        {"k": "byz", "r": 1, "ph": "block", "src": 3, "dst": 1, "act": {"value": "v0"}}]})  # fmt: skip
class WaitsForTheSlotBefore(Delegated):
    """A member makes no block after a slot that stayed empty, so that one silent member stops all."""

    def may_mint(self, memory: Memory, parent: Digest, height: int) -> bool:
        return self.slot_of(memory, parent) + 1 == memory.round and super().may_mint(memory, parent, height)


@mutant("L10", of="nakamoto", breaks=("INV-V1.quality",), tier="hard", witness={
    "faulty": [0], "tier": "boundary", "heights": 8, "lottery": [[0 if at % 2 else 1 + at % 3] for at in range(36)],
    "atoms": [{"k": "fork", "r": 0, "to_r": 1, "src": 0, "to": [1, 2, 3]}]})  # fmt: skip
class LatestBranchWins(Nakamoto):
    """The branch whose last block is the latest wins, whatever work is in it."""

    def rank(self, weight: int, block: TreeBlock) -> tuple[Any, ...]:
        return -block.round, -weight
