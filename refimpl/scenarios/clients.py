"""What the clients of a story need: keys that a seed makes, and the certainty that a step of the story was taken.

Randomness is a function of the seed, so a replay seals the same bytes; keys are those of a made-up alliance. It must
not know any story.
"""

from attrs import define

from refimpl.application.records import SealingSecrets
from refimpl.crypto.recipes import digest
from refimpl.crypto.sealing import ReaderKey
from refimpl.scenarios.stage import Receipt

__all__ = ["Draws", "expected", "reader_key"]


@define
class Draws:
    """The stream of bytes of one seed; no two calls give the same."""

    seed: int
    drawn: int = 0

    def __call__(self, count: int = 32) -> bytes:
        """The next bytes, at most 32."""
        self.drawn += 1
        return digest("yilian/scenario/draw/v1", f"{self.seed}/{self.drawn}".encode())[:count]

    def secrets(self) -> SealingSecrets:
        """Fresh randomness for one record."""
        return SealingSecrets(self(), self(12), self())


def reader_key(member: str) -> ReaderKey:
    """The key under which records are wrapped for a member."""
    return ReaderKey(digest("yilian/scenario/reader/v1", member.encode()))


def expected(receipt: Receipt) -> Receipt:
    """The receipt of a step that is part of the story: if the ledger refuses it, the story is wrong."""
    assert receipt.status == "applied", f"the story's own step was refused: {receipt.code}"
    return receipt
