"""The real node in the place of the model's: `refimpl.node.machine` over `refimpl.store.memory`, crashed at will.

How the node is read as a state of the model, in words:

- *Effects.* Each effect of the node is carried out when the model carries out its own: a record of an own statement or
  of the proposal that a lock rests on is `record`, an own vote sent is `say`, the piece that moves the tip is `commit`,
  the report of a decision is `report`. Timers, relays, `sync` and the genesis written at the start have no counterpart;
  they are carried out, or dropped, with the effect before them.
- *Memory.* Between two heights the node is idle and remembers the last one for those behind; in the model it has begun
  the next. Its own words are read from the engine's log, the chain from its ledger, block by block.
- *Others.* Three members whose keys the adapter holds say whatever brings the node to the vote or decision that the
  model wants: here one member's memory is tested, not agreement, which is the other model's matter.
- *The disk* is a store in memory, written with `sync` as every effect `Persist` demands.
"""

from collections.abc import Iterator
from copy import copy
from functools import cache
from typing import Any

from attrs import define, evolve, field, frozen

from refimpl.consensus.registry import find_engine
from refimpl.consensus.tendermint_memory import vote_in
from refimpl.crypto.recipes import REHEARSAL, key_for_tests, verifier
from refimpl.data.block import Block, Genesis, Header, Tip, make_block
from refimpl.data.ids import ChannelId, Digest, Height, MemberId, Name, Round, Seconds, Suite, Weight
from refimpl.data.members import Member, Membership, Role
from refimpl.data.refusal import Refused
from refimpl.network.messages import Body, Codec, Decided, Message, Proposal, Vote
from refimpl.node import keys
from refimpl.node.ledger import Ledger
from refimpl.node.machine import Decision, Machine, Persist, Send
from refimpl.node.machine import Effect as NodeEffect
from refimpl.node.notary import MessageNotary, Remembering
from refimpl.store.memory import MemoryStore
from tests.spec.chain_model import NIL, PRECOMMIT, PREVOTE, PROPOSE, Did, Disk, Effect, Node, Said, State, put
from tests.spec.explore import Diverged

SUITE = Suite.STUB
START = Seconds(1_000_000)
NAMES = tuple(MemberId(f"m{i}") for i in range(4))
ME, OTHERS = NAMES[3], NAMES[:3]
"""The node under test proposes in no round of the model; the others take those turns."""
VALUES = ("A", "B")
VERIFY = Remembering(verifier(SUITE, REHEARSAL))
ENGINE = find_engine("tendermint")
MEMBERS = Membership.of(
    [Member(name, key_for_tests(SUITE, name).public, Weight(1), Role.VALIDATOR) for name in NAMES], SUITE
)
GENESIS = Genesis(ChannelId("model"), SUITE, START, Name("tendermint"), MEMBERS, {})
CODEC = Codec(ENGINE.promise.engine, GENESIS.channel, SUITE, ENGINE.readers)
PUBLIC = {one.member: one.public for one in MEMBERS}
PENS = {name: MessageNotary(CODEC, key_for_tests(SUITE, name), PUBLIC, VERIFY) for name in OTHERS}


@frozen
class Pending:
    """An effect of the model, with the effects of the node that it stands for."""

    effect: Effect
    real: tuple[NodeEffect, ...]


@define
class Site:
    """One node with its disk, what it has still to do, and what the world has seen of it."""

    store: MemoryStore = field(factory=MemoryStore)
    machine: Machine | None = None
    pending: list[Pending] = field(factory=list)
    wire: set[Said] = field(factory=set)
    told: set[tuple[int, str]] = field(factory=set)
    agreed: dict[int, str] = field(factory=dict)

    @classmethod
    def begin(cls) -> "Site":
        """A node just started on an empty ledger, its genesis written."""
        site = cls()
        site.machine = new_machine()
        for effect in site.machine.start(START):
            if isinstance(effect, Persist):
                site.store.apply(effect.writes, sync=True)
        return site

    def fork(self) -> "Site":
        """The same site once more, to take another step; what is frozen is shared."""
        machine = copy(self.machine)
        if machine is not None:
            machine.ledger = evolve(machine.ledger, pool=dict(machine.ledger.pool))
            machine.timers, machine.recent = dict(machine.timers), dict(machine.recent)
            machine.records = dict(machine.records)
        store = MemoryStore(dict(self.store.items()))
        return Site(store, machine, list(self.pending), set(self.wire), set(self.told), dict(self.agreed))

    # --- steps ---

    def take(self, did: Did) -> None:
        """One step of the model; raises `Diverged` if the node refuses it, or does not refuse what it must."""
        try:
            self._do(did)
        except Refused as refused:
            if refused.code.value != did.code:
                raise Diverged(f"{did}: refused as {refused.code.value}") from refused
        else:
            if did.code:
                raise Diverged(f"{did}: not refused")

    def _do(self, did: Did) -> None:
        match did.act:
            case "vote" | "decide":
                for message in self.persuasion(did.about):
                    self.hear(message)
            case "carryOut":
                self.carry_out(did.about)
            case "crash":
                self.machine, self.pending = None, []
                self.store = self.store.crashed(self.store.unsynced)
            case "damage":
                key, value = next(self.store.items(keys.STATE))
                self.store.apply([(key, value + b"0")], sync=True)
            case "recover":
                machine = new_machine()
                self.plan(machine.recover(dict(self.store.items()), START))
                self.machine = machine

    def up(self) -> Machine:
        """The machine, which is running."""
        assert self.machine is not None, "the model lets nobody speak to a node that is down"
        return self.machine

    def hear(self, heard: Message | str) -> None:
        """A message of another member, or the name of a timer."""
        machine = self.up()
        self.plan(machine.fire(heard, START) if isinstance(heard, str) else machine.deliver(CODEC.encode(heard), START))

    def plan(self, effects: list[NodeEffect]) -> None:
        """Put what the node wants done behind what is pending."""
        for effect in effects:
            seen = self.read_effect(effect)
            if seen is not None:
                self.pending.append(Pending(seen, (effect,)))

    def carry_out(self, about: Said) -> None:
        """The next effect."""
        if not self.pending:
            raise Diverged(f"nothing pending, the model does {about}")
        next_ = self.pending.pop(0)
        for effect in next_.real:
            if isinstance(effect, Persist):
                self.store.apply(effect.writes, sync=True)
        if next_.effect.what == "say":
            self.wire.add(next_.effect.about)
        elif next_.effect.what == "report":
            self.told.add((next_.effect.about.h, next_.effect.about.v))

    # --- what brings the node to a step ---

    def persuasion(self, said: Said) -> Iterator[Message | str]:
        """What the others say, or which timer rings, so that the node makes this statement or decides."""
        if said.kind == "decided":
            self.agreed[said.h] = said.v
            yield from self.quorum(said.h, 0, said.v)
            return
        yield from self.company(said)
        if said.kind == PREVOTE and said.v == NIL:
            yield f"{PROPOSE}/{said.h}/{said.r}"
            return
        if said.v != NIL:
            yield self.proposal(said)
        if said.kind == PRECOMMIT:
            yield from (self.vote(name, PREVOTE, said) for name in OTHERS)

    def company(self, said: Said) -> Iterator[Message]:
        """What draws the node to the height and round: two members speak of it; nothing if it is there."""
        memory = self.up().memory
        here = memory.running and (memory.height, memory.round) == (said.h, said.r)
        if not here:
            for name in OTHERS[:2]:
                yield self.sign(name, PRECOMMIT, said.h, said.r, Vote(Digest(b"\x01" * 32)))

    def proposal(self, said: Said) -> Message:
        """The proposal of a value in a round."""
        block = self.block(said.h, said.v)
        proposer = NAMES[(said.h - 1 + said.r) % len(NAMES)]
        return self.sign(proposer, PROPOSE, said.h, said.r, Proposal(block.id, block.to_bytes(), -1))

    def vote(self, name: MemberId, kind: str, said: Said) -> Message:
        """A vote of another member like the one wanted."""
        value = None if said.v == NIL else self.block(said.h, said.v).id
        return self.sign(name, kind, said.h, said.r, Vote(value))

    def quorum(self, h: int, r: int, v: str) -> Iterator[Message]:
        """A decision with the signatures of the three others."""
        said = Said(h, PRECOMMIT, r, v)
        votes = tuple((name, self.vote(name, PRECOMMIT, said).signature) for name in OTHERS)
        block = self.block(h, v)
        yield self.sign(OTHERS[0], "decided", h, r, Decided(block.id, block.to_bytes(), votes))

    def sign(self, name: MemberId, kind: str, h: int, r: int, body: Body) -> Message:
        """A signed message of another member."""
        return PENS[name].sign(Message(kind, Height(h), Round(r), name, body))

    def block(self, h: int, v: str) -> Block:
        """The block that the model calls `v` at this height, on what was agreed below."""
        return block_of(tuple(self.agreed[lower] for lower in range(1, h)), v)

    # --- reading ---

    def state(self, model: State) -> State:
        """The node as a state of the model; what the members agreed on is theirs, not the node's."""
        pending = tuple(one.effect for one in self.pending)
        return State(self.disk(), self.node(), pending, frozenset(self.wire), frozenset(self.told), model.agreed)

    def disk(self) -> Disk:
        """What is written, read from the keys of the store."""
        below = tuple(self.agreed[h] for h in sorted(self.agreed))
        return read_disk(tuple(self.store.items()), below)

    def node(self) -> Node:
        """What is in memory, read from the machine."""
        if self.machine is None:
            return Node()
        recent = [decided.value for _, decided in sorted(self.machine.recent.items())]
        chain, memory = self.names(recent), self.machine.memory
        if not memory.running:
            return Node(True, chain)
        log = [one for r in memory.rounds.values() for one in (*r.prevotes, *r.precommits) if one.sender == ME]
        soon = [one.effect.about for one in self.pending if one.effect.what == "record"]
        kept = [said for said in put(self.disk().records, *soon) if said.kind == PROPOSE]
        locked = self.value(memory.locked_value, memory.height)
        said = in_order([*kept, *(self.read_message(one) for one in log)])
        return Node(True, chain, memory.round if said else 0, said, memory.locked_round, locked)

    def read_effect(self, effect: NodeEffect) -> Effect | None:
        """An effect of the node in the words of the model; None if it has none."""
        match effect:
            case Persist(writes) if any(key == keys.TIP for key, _ in writes):
                [head] = [Header.from_bytes(value) for key, value in writes if key.startswith(keys.BLOCK) and value]
                return Effect("commit", Said(head.height, "decided", 0, self.value(head.id, head.height)))
            case Persist(((_, bytes() as value),)):
                return Effect("record", self.read_message(decoded(value)))
            case Send(data, ()):
                message = decoded(data)
                own = message.sender == ME and message.kind in (PREVOTE, PRECOMMIT)
                return Effect("say", self.read_message(message)) if own else None
            case Decision(height=height, block=block):
                value = self.value(Block.from_bytes(block).id, height)
                return Effect("report", Said(height, "decided", 0, value))
        return None

    def read_message(self, message: Message) -> Said:
        """A statement in the words of the model."""
        body: Any = message.body
        value = body.value if isinstance(body, Proposal) else vote_in(message)
        return Said(message.height, message.kind, message.round, self.value(value, message.height))

    def value(self, digest: Digest | None, h: int) -> str:
        """What the model calls a block of this height."""
        if digest is None:
            return NIL
        return next(v for v in VALUES if self.block(h, v).id == digest)

    def names(self, blocks: list[Digest]) -> tuple[str, ...]:
        """What the model calls the blocks of a chain, from height 1."""
        return tuple(self.value(block, h) for h, block in enumerate(blocks, 1))


@cache
def decoded(data: bytes) -> Message:
    """A message, decoded once."""
    return CODEC.decode(data)


@cache
def read_disk(content: tuple[tuple[str, bytes], ...], agreed: tuple[str, ...]) -> Disk:
    """What the keys of a store hold, in the words of the model; disks are few, so each is read once."""
    reader = Site(agreed=dict(enumerate(agreed, 1)))
    heads = [Header.from_bytes(value) for key, value in content if key.startswith(keys.BLOCK)]
    said = [reader.read_message(decoded(value)) for key, value in content if key.startswith(keys.RECORD)]
    try:
        tip, whole = Ledger.load(dict(content), VERIFY).tip.height, True
    except Refused:
        tip, whole = Height(len(heads)), False
    return Disk(tip, reader.names([head.id for head in heads]), in_order(said), whole)


def new_machine() -> Machine:
    """A machine of the node under test that remembers nothing."""
    return Machine(GENESIS, ENGINE, ME, key_for_tests(SUITE, ME), VERIFY)


def in_order(said: list[Said]) -> tuple[Said, ...]:
    """Statements as the model lists them: by round and phase, each once."""
    phases = (PROPOSE, PREVOTE, PRECOMMIT)
    return tuple(sorted(set(said), key=lambda one: (one.r, phases.index(one.kind))))


_BLOCKS: dict[tuple[str, ...], tuple[Block, Tip, Ledger]] = {}


def block_of(below: tuple[str, ...], v: str) -> Block:
    """The block `v` on a chain of values: values differ by who proposed them."""
    chain = (*below, v)
    if chain not in _BLOCKS:
        ledger, _ = Ledger.open(GENESIS, VERIFY)
        for at in range(len(below)):
            result = ledger.finalize(block_of(chain[:at], chain[at]).to_bytes())
            ledger.commit(result, None)
        block = make_block(ledger.tip, OTHERS[VALUES.index(v)], START, ())
        _BLOCKS[chain] = block, ledger.tip, ledger
    return _BLOCKS[chain][0]
