"""What the longest-chain engines share: slots, a block a slot, the choice between branches, and delivery at depth k.

Why here once: who may make a block differs between proof of authority, of work and of stake; that members build on
the heaviest branch they know, and take for final what lies k blocks deep, does not. Such a chain is safe only where
messages arrive before the next slot, and only as long as the slots fall well enough: CON-130 says how well, and why
that is enough. What was delivered is never taken back: a ledger commits once, so a deeper change of branch splits the
members instead (docs/adr/0011).

It must not know why a member may make a block. Source: spec/consensus.md, part 8 (CON-120 to CON-130).
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, cast

from attrs import define, field

from refimpl.consensus import interface as api
from refimpl.consensus.chains import SYNC, ChainEngine, ChainWork, Stand
from refimpl.consensus.interface import Promise, Validators
from refimpl.consensus.tree import Tree, TreeBlock
from refimpl.data import ids, shape
from refimpl.data.ids import Digest, Height, MemberId, Round
from refimpl.data.limits import BLOCK_BYTES, CONSENSUS_MESSAGES_AHEAD, CONSENSUS_VARIANTS
from refimpl.data.refusal import Code, Refused
from refimpl.data.seal import seal_fields
from refimpl.network.messages import READERS as SHARED
from refimpl.network.messages import Body, Message, Reader

__all__ = ["BLOCK", "READERS", "SLOT", "Block", "LongestChain", "LongestWork", "Memory", "promise", "read_block"]

BLOCK, SLOT = "block", "slot"
_SLOT_TICKS = 4
"""A block, and the answer to a question, arrive before the next slot while `delta` is one tick."""
_ABSENT_SLOTS = 2
"""Slots, the present one included, in which a member that came back only listens (CON-129)."""
_BEFORE_ALL = -1
_GENESIS = Height(0)


def promise(engine: str, k: int, **more: Any) -> Promise:
    """What all engines of this family declare alike."""
    common: dict[str, Any] = {
        "faults": "byzantine", "threshold": (1, 2), "finality": {"kind": "depth", "k": k},
        "safety_net": "synchronous", "live_net": "synchronous", "links": "p2p", "phases": (BLOCK,),
        "certificates": False, "evidence": False, "delta": 1, "timeout": (_SLOT_TICKS, 0), "rounds": "run",
        "span": k + 1, "skew": 0, "asides": (SYNC,), "growth": (1, 1), "quality": (1, k + 1),
    }  # fmt: skip
    return Promise(engine=engine, **{**common, **more})


class Named(Protocol):
    """What the body of every block of this family has."""

    value: Digest
    payload: bytes
    parent: Digest


def block_of(message: Message) -> Named:
    """What a block says, of whichever engine."""
    return cast(Named, message.body)


class Block(NamedTuple):
    """Body of `block`: a payload on top of the block whose seal is `parent`."""

    value: Digest
    payload: bytes
    parent: Digest

    def to_data(self) -> dict[str, Any]:
        """`{parent, payload, value}`."""
        return {"parent": self.parent.hex(), "payload": self.payload.hex(), "value": self.value.hex()}


def read_block(body: object) -> Block:
    """The body of `block`, or `Refused(Code.WIRE_BAD_FIELD)`."""
    fields = shape.record(body, "/body", ("parent", "payload", "value"))
    return Block(
        ids.digest_of_hex(fields["value"], "/body/value"),
        shape.bytes_of_hex(fields["payload"], "/body/payload", most=BLOCK_BYTES),
        ids.digest_of_hex(fields["parent"], "/body/parent"),
    )


READERS: Mapping[str, Reader] = {BLOCK: read_block, SYNC: SHARED[SYNC]}
"""Kind of message -> reader of its body."""


@lru_cache(maxsize=8192)
def _seal(engine: str, message: Message) -> Digest:
    """The seal of a block of a schedule: all that it says, its payload by its digest (CON-120)."""
    body = block_of(message)
    return seal_fields(engine, {
        "from": message.sender, "height": message.height, "parent": body.parent.hex(), "slot": message.round,
        "value": body.value.hex(),
    })  # fmt: skip


@define(slots=False)
class Memory(Stand):
    """All that one member remembers. `round` is the slot; blocks of the tree are named by their seals."""

    ticking: bool = False
    """Whether slots are counted: from the first height on."""
    minted: int = _BEFORE_ALL
    """The last slot in which we made a block."""
    silent: int = 0
    """The first slot in which we make blocks and deliver: later than the present one where we came back (CON-129)."""
    early: tuple[Message, ...] = ()
    """Blocks of the next slot."""
    electorates: Mapping[Height, Validators] = field(factory=dict)
    """The validators in force at the last heights (CON-124)."""


class LongestChain(ChainEngine):
    """The engine of one member, as far as it is the same in the whole family."""

    def start(self) -> Memory:
        """The memory of a node that has seen nothing."""
        return Memory()

    def work(self, state: Memory) -> "LongestWork":
        """A step that begins from this memory."""
        return LongestWork(self, state.fork())

    def step(self, state: Memory, event: api.Input) -> api.Step:
        """One input; see `Engine.step`."""
        work = self.work(state)
        return work.meet(event)

    def recover(self, state: Memory, begin: api.Begin, records: Sequence[Message]) -> api.Step:
        """What was delivered last, the blocks that we made, and a question to the others (CON-008, CON-129)."""
        work = self.work(state)
        work.resume(begin, records)
        return work.done()

    def where(self, state: Memory) -> str:
        """Height, slot and how much lies above."""
        above = max((block.height for block in state.tree.blocks.values()), default=state.decided) - state.decided
        return f"height {state.decided} decided, {above} above it, slot {state.round}"

    # --- The rules. None of them changes anything. ---

    def seal(self, message: Message) -> Digest:
        """The name of a block: a digest over all that it says (CON-120)."""
        return _seal(self.promise.engine, message)

    def depth(self, memory: Memory) -> int:
        """How many blocks must stand on a block that is final (CON-127)."""
        return int(self.promise.finality.get("k", 0))

    def weight(self, block: TreeBlock) -> int:
        """What a block adds to its branch (CON-125)."""
        return 1

    def rank(self, weight: int, block: TreeBlock) -> tuple[Any, ...]:
        """By what branches are compared, the least being the best: weight, then the earliest slot, then the seal, so
        that of equal branches all members choose one (CON-126)."""
        return -weight, block.round, block.value

    def electorate(self, memory: Memory, height: int) -> Validators | None:
        """The validators who take turns at a height: those in force `depth` blocks below, where all branches that can
        still win agree; None while that height is not decided here, or nothing was begun (CON-124)."""
        below = Height(max(1, height - self.depth(memory)))
        if below > memory.decided + 1 or memory.wanted == 0:
            return None
        return memory.electorates.get(below, memory.validators)

    def is_early(self, memory: Memory, message: Message) -> bool:
        """Whether a block is of a slot that has not begun by our clock (CON-121)."""
        return message.round > memory.round

    def turn(self, electorate: Validators, slot: int) -> MemberId | None:
        """Whose turn a slot is; None where anybody may try."""
        raise NotImplementedError

    def may_mint(self, memory: Memory, parent: Digest, height: int) -> bool:
        """Whether we may try to make the block of this slot on this parent."""
        electorate = self.electorate(memory, height)
        return electorate is not None and self.turn(electorate, memory.round) in (None, self.member)

    def verify_block(self, memory: Memory, message: Message) -> None:
        """Raise `Refused` for what shows without the block's parent."""
        body = block_of(message)
        if not self.names(body.value, body.payload):
            raise Refused(Code.CONSENSUS_WRONG_BLOCK, "/body/value", got=body.value.hex())

    def verify_successor(self, memory: Memory, message: Message, electorate: Validators) -> None:
        """Raise `Refused` unless the block may stand on its parent: a later slot, and its maker's (CON-123)."""
        since = self.slot_of(memory, block_of(message).parent)
        if message.round <= since:
            raise Refused(Code.CONSENSUS_WRONG_SLOT, "/round", least=since + 1, got=message.round)
        if self.turn(electorate, message.round) not in (None, message.sender):
            raise Refused(Code.CONSENSUS_WRONG_PROPOSER, "/from", got=message.sender)

    # --- What a branch says. ---

    def message_of(self, memory: Memory, seal: Digest) -> Message | None:
        """The block with this seal, in the tree or decided last; None for the genesis."""
        if seal == memory.tree.tip:
            return memory.past[-1] if memory.past else None
        return memory.tree.blocks[seal].message

    def slot_of(self, memory: Memory, seal: Digest) -> int:
        """The slot of a block; -1 for the genesis."""
        message = self.message_of(memory, seal)
        return _BEFORE_ALL if message is None else message.round

    def downward(self, memory: Memory, seal: Digest) -> Iterable[Message]:
        """The block with this seal and those it stands on, the highest first, as far as they are remembered."""
        for block in memory.tree.upward(seal):
            yield block.message
        yield from reversed(memory.past)

    def stands(self, memory: Memory, seal: Digest) -> bool:
        """Whether a block may stand on this one: it was decided last, or is in the tree and acceptable."""
        verdict = memory.verdicts.get(seal)
        return seal == memory.tree.tip or (seal in memory.tree.blocks and verdict is not None and verdict.acceptable)

    def heaviest(self, memory: Memory) -> Digest:
        """The end of the best branch, by the weight of its blocks above what is decided (CON-125, CON-126)."""
        weights = {memory.tree.tip: 0}
        ends: list[tuple[tuple[Any, ...], Digest]] = []
        for block in sorted(memory.tree.blocks.values(), key=lambda one: one.height):
            if block.parent in weights and self.stands(memory, block.value):
                weights[block.value] = weights[block.parent] + self.weight(block)
                ends.append((self.rank(weights[block.value], block), block.value))
        return min(ends, key=lambda end: end[0])[1] if ends else memory.tree.tip


class LongestWork(ChainWork):
    """One step under way."""

    engine: LongestChain
    memory: Memory

    # --- slots ---

    def begin(self, begin: api.Begin) -> None:
        """A height is wanted: the clock of slots runs from the first one on."""
        memory = self.memory
        if memory.wanted == 0:
            memory.tree = Tree(begin.last, Height(begin.height - 1))
        self.want(begin)
        if not memory.ticking:
            self.set_slot(begin.now)
            self.tick(_SLOT_TICKS - begin.now % _SLOT_TICKS)
        self.apply_rules()

    def want(self, begin: api.Begin) -> None:
        """This height is wanted, and these are the validators in force at it (CON-124)."""
        memory = self.memory
        memory.wanted, memory.validators = max(memory.wanted, begin.height), begin.validators
        oldest = begin.height - self.engine.depth(memory)
        kept = {height: one for height, one in memory.electorates.items() if height >= oldest}
        memory.electorates = {**kept, begin.height: begin.validators}

    def set_slot(self, now: int) -> None:
        """The slot that the clock shows (CON-121)."""
        self.memory.round = Round(max(self.memory.round, now // _SLOT_TICKS, 0))

    def tick(self, ticks: int) -> None:
        """The end of this slot is announced; what waited for it is heard; and whoever may make its block does."""
        memory = self.memory
        memory.ticking = True
        timer = api.Timer(SLOT, Height(memory.decided + 1), memory.round)
        self.effects.append(api.SetTimer(timer, ticks))
        waiting, memory.early = memory.early, ()
        for message in waiting:
            with suppress(Refused):  # what waited is refused now as it would have been on arrival
                self.note(message)
        self.mint()

    def expire(self, timer: api.Timer) -> None:
        """The next slot begins."""
        if timer.round == self.memory.round:
            self.memory.round = Round(self.memory.round + 1)
            self.tick(_SLOT_TICKS)
            self.apply_rules()

    def mint(self) -> None:
        """Ask for the payload of this slot's block, if a height is wanted and we may make one (CON-122)."""
        memory, engine = self.memory, self.engine
        parent = engine.heaviest(memory)
        height = Height(memory.tree.height_of(parent) + 1)
        idle = memory.wanted <= memory.decided or memory.round < memory.silent
        fresh = max(memory.minted, engine.slot_of(memory, parent)) < memory.round
        if fresh and not idle and engine.may_mint(memory, parent, height):
            self.effects.append(api.AskPayload(height, memory.round, memory.tree.payloads(parent)))

    def offer(self, offer: api.Offer) -> None:
        """The payload of our block, if the slot is still the present one and the best branch still ends there."""
        memory, parent = self.memory, self.engine.heaviest(self.memory)
        here = offer.round == memory.round and memory.minted < memory.round
        if here and offer.height == memory.tree.height_of(parent) + 1:
            self.make(offer, parent)

    def make(self, offer: api.Offer, parent: Digest) -> None:
        """Say the block that an offer makes."""
        self.publish(offer.height, Block(offer.value, offer.payload, parent))

    def worked(self, worked: api.Worked) -> None:
        """What a search came to; nothing, where no work is asked for."""

    def publish(self, height: Height, body: Body) -> None:
        """Our block of this slot."""
        self.memory.minted = self.memory.round
        self.say(BLOCK, height, body)
        self.apply_rules()

    # --- hearing ---

    def note(self, message: Message) -> bool:
        """A block: refused, kept for the next slot, or into the tree (CON-121, CON-123)."""
        memory = self.memory
        if message.kind != BLOCK:
            return False
        self.engine.verify_block(memory, message)
        if message.round > memory.round + 1 and self.engine.is_early(memory, message):
            raise Refused(Code.NET_TOO_FAR_AHEAD, "/round", most=memory.round + 1, got=message.round)
        if self.engine.is_early(memory, message):
            full = len(memory.early) >= CONSENSUS_MESSAGES_AHEAD or message in memory.early
            memory.early = memory.early if full else (*memory.early, message)
            return not full
        return self.add(message, block_of(message).payload)

    def add(self, message: Message, payload: bytes) -> bool:
        """Into the tree, or among those that wait for their parent, for its verdict or for its electorate."""
        memory, engine = self.memory, self.engine
        if message.height <= memory.decided or engine.seal(message) in memory.tree.blocks:
            return False
        same = (message.sender, message.round)
        made = sum((block.message.sender, block.round) == same for block in memory.tree.blocks.values())
        if made >= CONSENSUS_VARIANTS:
            return False
        return super().add(message, payload)

    def is_ready(self, message: Message) -> bool:
        """Whether its parent stands, and it is known who takes turns at its height."""
        memory, engine = self.memory, self.engine
        known = engine.electorate(memory, message.height) is not None
        return known and engine.stands(memory, block_of(message).parent)

    def plant(self, message: Message, payload: bytes) -> bool:
        """Into the tree, if it may stand on its parent (CON-123)."""
        electorate = self.engine.electorate(self.memory, message.height)
        assert electorate is not None, "only what is ready is planted"
        self.engine.verify_successor(self.memory, message, electorate)
        return super().plant(message, payload)

    def judge(self, verdict: api.Verdict) -> None:
        """What the application says of a block; those that waited for it are looked at again."""
        self.memory.verdicts = {**self.memory.verdicts, verdict.value: verdict}
        self.adopt()
        self.apply_rules()

    def name_of(self, message: Message) -> Digest:
        """Its seal (CON-120)."""
        return self.engine.seal(message)

    def made_at(self, message: Message) -> int | None:
        """The beginning of its slot, which the time of its payload must fit (CON-121)."""
        return message.round * _SLOT_TICKS

    def parent_of(self, body: Body) -> Digest | None:
        """The parent that a block names."""
        parent: Digest | None = getattr(body, "parent", None)
        return parent

    def heard(self) -> Iterable[Message]:
        """Nothing but blocks is heard."""
        return ()

    def apply_rules(self) -> None:
        """Deliver what lies deep enough under the best branch (CON-127)."""
        memory, engine = self.memory, self.engine
        end = engine.heaviest(memory)
        last = memory.tree.height_of(end) - engine.depth(memory)
        if last > memory.decided and memory.round >= memory.silent:
            self.deliver([block for block in memory.tree.branch(end) if block.height <= last])

    def deliver(self, blocks: Sequence[TreeBlock]) -> None:
        """Decide these, in order; each is recorded before, so that its seal survives (CON-128)."""
        for block in blocks:
            message = block.message
            if message.sender != self.engine.member:
                self.effects.append(api.Record(message))
            value = block_of(message).value
            self.effects.append(api.Decide(message.height, message.round, value, block.payload, (), message))
        self.advance(blocks[-1].value)

    # --- helping and coming back ---

    def help(self, message: Message) -> None:
        """Give a member that asks the blocks from the height that it lacks on, decided or not (CON-129)."""
        blocks = (block.message for block in self.memory.tree.blocks.values())
        for heard in (*self.memory.past, *blocks):
            if heard.height >= message.height:
                self.effects.extend(self.engine.forward(api.Forward(heard, (message.sender,))))

    def repeat(self, member: MemberId) -> None:
        """All there is to give was given by `help`."""

    def resume(self, begin: api.Begin, records: Sequence[Message]) -> None:
        """The blocks that were delivered, those that we made, and a question; until the answers must have come we
        neither make nor deliver (CON-129)."""
        memory, engine = self.memory, self.engine
        known = sorted((one for one in records if one.kind == BLOCK), key=lambda one: (one.height, one.round))
        memory.past = self.delivered(known, begin)
        tip = engine.seal(memory.past[-1]) if memory.past else begin.last
        memory.tree = Tree(tip, Height(begin.height - 1))
        self.want(begin)
        self.set_slot(begin.now)
        mine = [one for one in known if one.sender == engine.member]
        memory.minted = max((one.round for one in mine), default=_BEFORE_ALL)
        memory.silent = memory.round + _ABSENT_SLOTS
        for message in mine:
            if message.height >= begin.height:
                self.note(message)
                self.effects.append(api.Send(message))
        self.ask_around()
        self.tick(_SLOT_TICKS - begin.now % _SLOT_TICKS)

    def delivered(self, known: Sequence[Message], begin: api.Begin) -> tuple[Message, ...]:
        """Of recorded blocks those that were delivered: the last one, by its value, and those it stands on."""
        chain: list[Message] = []
        for message in reversed(known):
            last = message.height == begin.height - 1 and block_of(message).value == begin.last
            if self.engine.seal(message) == block_of(chain[-1]).parent if chain else last:
                chain.append(message)
        return tuple(reversed(chain))
