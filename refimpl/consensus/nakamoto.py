"""Proof of work: whoever solves a hash puzzle makes the next block, and the branch with the most work wins.

After Nakamoto, "Bitcoin: a peer-to-peer electronic cash system", 2008. The puzzle is a digest over all that a block
says; a nonce solves it if the digest of both begins with as many zero bits as the branch demands. That number is set
anew after every window of blocks by how long the window took, one bit at a time, between stamps that are slots: later
than the parent's, never later than the clock. The search for a nonce is a question to the node, which answers it
within a limit of attempts (docs/adr/0011): an engine has no luck of its own, so a run can be repeated.

It must not know what a payload means, who transports messages, what time it is, or how a signature is made.
Source: spec/consensus.md, part 10 (CON-150 to CON-154).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from attrs import define

from refimpl.consensus import interface as api
from refimpl.consensus.chains import SYNC
from refimpl.consensus.interface import Validators
from refimpl.consensus.longest_chain import BLOCK, LongestChain, LongestWork, promise
from refimpl.consensus.longest_chain import READERS as FAMILY
from refimpl.consensus.longest_chain import Memory as Shared
from refimpl.consensus.tree import TreeBlock
from refimpl.data import ids, shape
from refimpl.data.ids import Digest, Height, MemberId
from refimpl.data.limits import BLOCK_BYTES
from refimpl.data.refusal import Code, Refused
from refimpl.data.seal import NONCE_MAX, seal_fields, seal_nonce, zero_bits
from refimpl.network.messages import Message, Reader

BITS, WINDOW, SPACING, BITS_MAX = 6, 16, 2, 255
PROMISE = promise("nakamoto", 6, turns="work", difficulty=(BITS, WINDOW, SPACING))


class Mined(NamedTuple):
    """Body of `block`: a payload on top of the block whose seal is `parent`, and the work that was done for it."""

    value: Digest
    payload: bytes
    parent: Digest
    bits: int
    """Leading zero bits that the branch demands here."""
    since: int
    """The slot of the first block of this window."""
    nonce: int

    def to_data(self) -> dict[str, Any]:
        """`{bits, nonce, parent, payload, since, value}`."""
        parent, payload, value = self.parent.hex(), self.payload.hex(), self.value.hex()
        return {"bits": self.bits, "nonce": self.nonce, "parent": parent, "payload": payload, "since": self.since,
                "value": value}  # fmt: skip


def read_mined(body: object) -> Mined:
    """The body of `block`, or `Refused(Code.WIRE_BAD_FIELD)`."""
    fields = shape.record(body, "/body", ("bits", "nonce", "parent", "payload", "since", "value"))
    return Mined(
        ids.digest_of_hex(fields["value"], "/body/value"),
        shape.bytes_of_hex(fields["payload"], "/body/payload", most=BLOCK_BYTES),
        ids.digest_of_hex(fields["parent"], "/body/parent"),
        shape.integer(fields["bits"], "/body/bits", BITS, BITS_MAX),
        shape.integer(fields["since"], "/body/since", 0),
        shape.integer(fields["nonce"], "/body/nonce", 0, NONCE_MAX),
    )


READERS: Mapping[str, Reader] = {BLOCK: read_mined, SYNC: FAMILY[SYNC]}
"""Kind of message -> reader of its body."""


def mined_of(message: Message) -> Mined:
    """What a block says."""
    assert isinstance(message.body, Mined), "blocks of this engine are mined"
    return message.body


@lru_cache(maxsize=8192)
def puzzle_of(height: int, slot: int, sender: MemberId, body: Mined) -> Digest:
    """The digest over all that a block says but its nonce (CON-150)."""
    return seal_fields("nakamoto", {
        "bits": body.bits, "from": sender, "height": height, "parent": body.parent.hex(), "since": body.since,
        "slot": slot, "value": body.value.hex(),
    })  # fmt: skip


@define(slots=False)
class Memory(Shared):
    """All that one member remembers."""

    trying: tuple[Height, Mined] | None = None
    """The block of this slot, while its nonce is searched."""


class Nakamoto(LongestChain):
    """The engine of one member. Immutable; see `refimpl.consensus.interface.Engine`."""

    promise = PROMISE

    def start(self) -> Memory:
        """The memory of a node that has seen nothing."""
        return Memory()

    def work(self, state: Any) -> "_Work":
        """A step that begins from this memory."""
        return _Work(self, state.fork())

    # --- The rules. None of them changes anything. ---

    def seal(self, message: Message) -> Digest:
        """The digest over the puzzle and the nonce (CON-150)."""
        body = mined_of(message)
        return seal_nonce(puzzle_of(message.height, message.round, message.sender, body._replace(nonce=0)), body.nonce)

    def is_solved(self, seal: Digest, bits: int) -> bool:
        """Whether a seal begins with as many zero bits as are demanded (CON-151)."""
        return zero_bits(seal) >= bits

    def weight(self, block: TreeBlock) -> int:
        """The work that a block stands for: the tries that its number of zero bits takes on average (CON-152)."""
        return int(1 << mined_of(block.message).bits)

    def turn(self, electorate: Validators, slot: int) -> MemberId | None:
        """Anybody may try."""
        return None

    def elapsed(self, first: int, last: int) -> int:
        """Slots from the first to the last block of a window (CON-154)."""
        return last - first

    def demands(self, memory: Shared, parent: Digest, slot: int) -> tuple[int, int]:
        """(zero bits, slot of the first block of the window) of a block of this slot on this parent (CON-154)."""
        last = self.message_of(memory, parent)
        if last is None:
            return BITS, slot
        body = mined_of(last)
        if last.height % WINDOW:
            return body.bits, body.since
        took, usual = self.elapsed(body.since, last.round), (WINDOW - 1) * SPACING
        harder, easier = 2 * took <= usual, took >= 2 * usual
        return min(max(body.bits + harder - easier, BITS), BITS_MAX), slot

    def verify_block(self, memory: Shared, message: Message) -> None:
        """Raise `Refused` for a payload that is not the one named, or a puzzle that is not solved (CON-151)."""
        super().verify_block(memory, message)
        seal, bits = self.seal(message), mined_of(message).bits
        if not self.is_solved(seal, bits):
            raise Refused(Code.CONSENSUS_NO_WORK, "/body/nonce", expected=bits, got=zero_bits(seal))

    def verify_successor(self, memory: Shared, message: Message, electorate: Validators) -> None:
        """Raise `Refused` as every engine of the family does, and for a demand that is not the branch's (CON-154)."""
        super().verify_successor(memory, message, electorate)
        body = mined_of(message)
        bits, since = self.demands(memory, body.parent, message.round)
        if (body.bits, body.since) != (bits, since):
            raise Refused(Code.CONSENSUS_WRONG_TARGET, "/body/bits", expected=f"{bits} since slot {since}",
                          got=f"{body.bits} since slot {body.since}")  # fmt: skip


class _Work(LongestWork):
    """One step under way."""

    engine: Nakamoto
    memory: Memory

    def make(self, offer: api.Offer, parent: Digest) -> None:
        """Ask for the work that makes a block of this offer (CON-153)."""
        memory, engine = self.memory, self.engine
        bits, since = engine.demands(memory, parent, memory.round)
        body = Mined(offer.value, offer.payload, parent, bits, since, 0)
        memory.trying = offer.height, body
        puzzle = puzzle_of(offer.height, memory.round, engine.member, body)
        self.effects.append(api.AskWork(offer.height, memory.round, puzzle, bits))

    def worked(self, worked: api.Worked) -> None:
        """The nonce, if one was found while the slot lasts."""
        memory = self.memory
        if memory.trying is None:
            return
        (height, body), memory.trying = memory.trying, None
        asked = worked.puzzle == puzzle_of(height, memory.round, self.engine.member, body)
        if asked and worked.nonce is not None:
            self.publish(height, body._replace(nonce=worked.nonce))


ENGINE = api.Kind(PROMISE, READERS, Nakamoto)
