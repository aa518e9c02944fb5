"""Streamlet: the shortest Byzantine fault-tolerant protocol, written for the classroom.

After Chan and Shi, "Streamlet: textbook streamlined blockchains", AFT 2020. Time is cut into epochs of equal length.
In each, the leader proposes a block on a longest notarised chain; everybody votes for the first proposal they hear if
it does stand on a longest notarised chain they know; a quorum of votes notarises a block; and of three notarised blocks
in a row with consecutive epochs, the second is final with all below it. That is all there is: the six methods under
"The rules" are the protocol.

It must not know what a payload means, who transports messages, what time it is, or how a signature is made.
Source: spec/consensus.md, part 6 (CON-080 to CON-084).
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from attrs import define, field

from refimpl.consensus import interface as api
from refimpl.consensus.chains import DECIDED, SYNC, ChainEngine, ChainWork, Log, Proof, Stand
from refimpl.consensus.interface import Promise
from refimpl.consensus.tree import TreeBlock
from refimpl.data import ids, shape
from refimpl.data.ids import Digest, Height, MemberId, Round
from refimpl.data.limits import BLOCK_BYTES
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import READERS as SHARED
from refimpl.network.messages import Body, Message, Reader, Vote, read_vote

PROPOSE, VOTE, EPOCH = "propose", "vote", "epoch"
PROMISE = Promise(
    engine="streamlet", faults="byzantine", threshold=(1, 3), finality={"kind": "immediate"},
    safety_net="asynchronous", live_net="partial", links="p2p", phases=(PROPOSE, VOTE), certificates=True,
    evidence=False, delta=1, timeout=(4, 0), turns="round", term=6, rounds="run", commits=VOTE,
    span=11, skew=0, asides=(DECIDED, SYNC),
)  # fmt: skip
_BEFORE_ALL = -1
_GENESIS = Height(0)


class Block(NamedTuple):
    """Body of `propose`: a payload on top of `parent`."""

    value: Digest
    payload: bytes
    parent: Digest

    def to_data(self) -> dict[str, Any]:
        """`{parent, payload, value}`."""
        return {"parent": self.parent.hex(), "payload": self.payload.hex(), "value": self.value.hex()}


def read_block(body: object) -> Block:
    """The body of `propose`, or `Refused(Code.WIRE_BAD_FIELD)`."""
    fields = shape.record(body, "/body", ("parent", "payload", "value"))
    return Block(
        ids.digest_of_hex(fields["value"], "/body/value"),
        shape.bytes_of_hex(fields["payload"], "/body/payload", most=BLOCK_BYTES),
        ids.digest_of_hex(fields["parent"], "/body/parent"),
    )


READERS: Mapping[str, Reader] = {
    PROPOSE: read_block, VOTE: read_vote, DECIDED: SHARED[DECIDED], SYNC: SHARED[SYNC],
}  # fmt: skip
"""Kind of message -> reader of its body."""


@define(slots=False)
class Memory(Stand):
    """All that one member remembers. `round` is the epoch."""

    ticking: bool = False
    """Whether epochs are counted: from the first height on, for others may need our vote when we want nothing."""
    voted: int = _BEFORE_ALL
    """The last epoch in which we voted."""
    proposed: int = _BEFORE_ALL
    """The last epoch in which we proposed."""
    stood: Height = _GENESIS
    """The length of the longest chain on which a vote of ours stood, also before we came back (CON-085)."""
    votes: Mapping[Digest, Log] = field(factory=dict)
    """Votes by the block they are for."""
    epochs: Mapping[Digest, Round] = field(factory=dict)
    """The epoch in which each block was notarised."""


class Streamlet(ChainEngine):
    """The engine of one member. Immutable; see `refimpl.consensus.interface.Engine`."""

    promise = PROMISE

    def start(self) -> Memory:
        """The memory of a node that has seen nothing."""
        return Memory()

    def step(self, state: Memory, event: api.Input) -> api.Step:
        """One input; see `Engine.step`."""
        return _Work(self, state.fork()).meet(event)

    def recover(self, state: Memory, begin: api.Begin, records: Sequence[Message]) -> api.Step:
        """The epoch and the vote that our records imply, and a question to the others (CON-008)."""
        work = _Work(self, state.fork())
        work.resume(begin, records)
        return work.done()

    def where(self, state: Memory) -> str:
        """Height and epoch."""
        return f"height {state.decided} decided, epoch {state.round}"

    # --- The rules. None of them changes anything. ---

    def leader(self, memory: Memory, epoch: int) -> MemberId:
        """Members lead in turn, each for `term` epochs: liveness takes five correct leaders in a row (CON-081)."""
        members = memory.validators.members
        return members[epoch // PROMISE.term % len(members)]

    def notarises(self, memory: Memory, log: Log, epoch: Round) -> bool:
        """Whether a quorum voted for a block in this epoch (CON-083)."""
        voters = {vote.sender for vote in log if vote.round == epoch}
        return self.quorum(memory, memory.validators.weigh(voters))

    def notarised(self, memory: Memory, value: Digest) -> Round | None:
        """The epoch in which a block was notarised, if it was (CON-083)."""
        return memory.epochs.get(value)

    def chains(self, memory: Memory) -> dict[Digest, TreeBlock]:
        """The blocks that are notarised with all that they stand on, and accepted by the application: of what was said
        before the members changed nothing else counts (CON-090)."""
        found: dict[Digest, TreeBlock] = {}
        for block in memory.tree.blocks.values():  # a block enters the tree after its parent
            rests = block.parent == memory.tree.tip or block.parent in found
            if rests and self.notarised(memory, block.value) is not None and is_accepted(memory, block.value):
                found[block.value] = block
        return found

    def is_founded(self, memory: Memory, block: TreeBlock) -> bool:
        """Whether all that a block stands on is notarised."""
        return block.parent == memory.tree.tip or block.parent in self.chains(memory)

    def length(self, memory: Memory, block: TreeBlock) -> int:
        """What makes a chain the longest: its number of blocks (CON-082)."""
        return block.height

    def longest(self, memory: Memory) -> int:
        """The length of the longest notarised chain that we know (CON-082)."""
        lengths = [self.length(memory, block) for block in self.chains(memory).values()]
        return max(memory.decided, memory.stood, *lengths)

    def deserves_vote(self, memory: Memory, block: TreeBlock) -> bool:
        """Whether the block stands on one of the longest notarised chains that we know (CON-082)."""
        below = memory.tree.blocks.get(block.parent)
        length = memory.decided if below is None else self.length(memory, below)
        return self.is_founded(memory, block) and length >= self.longest(memory)

    def is_final(self, first: int, second: int, third: int) -> bool:
        """Whether three blocks in a row were notarised in consecutive epochs (CON-084)."""
        return (first + 1, second + 1) == (second, third)


def is_accepted(memory: Memory, value: Digest) -> bool:
    """Whether the application accepts a block."""
    verdict = memory.verdicts.get(value)
    return verdict is not None and verdict.acceptable


class _Work(ChainWork):
    """One step under way."""

    engine: Streamlet
    memory: Memory
    notarised = False
    """Whether this step notarised a block."""

    # --- inputs ---

    def begin(self, begin: api.Begin) -> None:
        """A height is wanted: the clock of epochs runs, and this epoch's leader proposes."""
        memory = self.memory
        if memory.wanted == 0:
            self.stand(begin)
        self.take_begin(begin)
        if memory.ticking:
            self.propose()
        else:
            self.set_epoch(begin.now)

    def set_epoch(self, now: int) -> None:
        """Where the clock stands: this epoch, and an alarm at its end (CON-080)."""
        memory, length = self.memory, PROMISE.timeout[0]
        memory.round = Round(max(memory.round, now // length, 0))
        self.tick(length - now % length)

    def tick(self, ticks: int) -> None:
        """The end of this epoch is announced, and its leader proposes."""
        memory = self.memory
        memory.ticking = True
        timer = api.Timer(EPOCH, Height(memory.decided + 1), memory.round)
        self.effects.append(api.SetTimer(timer, ticks))
        if memory.wanted > memory.decided:
            self.propose()

    def propose(self) -> None:
        """Ask for a payload if we lead this epoch and have not proposed in it (CON-081)."""
        memory, engine = self.memory, self.engine
        if engine.leader(memory, memory.round) == engine.member and memory.proposed < memory.round:
            parent = self.best()
            height = Height(memory.tree.height_of(parent) + 1)
            self.effects.append(api.AskPayload(height, memory.round, memory.tree.payloads(parent)))

    def expire(self, timer: api.Timer) -> None:
        """The next epoch begins (CON-080)."""
        memory = self.memory
        if timer.round != memory.round:
            return
        memory.round = Round(memory.round + 1)
        self.tick(PROMISE.timeout[0])
        self.apply_rules()

    def offer(self, offer: api.Offer) -> None:
        """The payload of our proposal, if the epoch is still ours and we have not proposed in it."""
        memory, parent = self.memory, self.best()
        fresh = offer.round == memory.round and memory.proposed < memory.round
        if fresh and offer.height == memory.tree.height_of(parent) + 1:
            memory.proposed = memory.round
            self.say(PROPOSE, offer.height, Block(offer.value, offer.payload, parent))
            self.apply_rules()

    def best(self) -> Digest:
        """The last block of a longest notarised chain; of several, that of the greatest epoch."""
        memory, engine = self.memory, self.engine
        ends = engine.chains(memory).values()
        end = max(ends, key=lambda block: (engine.length(memory, block), block.round), default=None)
        return memory.tree.tip if end is None else end.value

    # --- hearing ---

    def note(self, message: Message) -> bool:
        """A proposal or a vote (CON-081, CON-083)."""
        memory, engine, body = self.memory, self.engine, message.body
        if isinstance(body, Block):
            if message.sender != engine.leader(memory, message.round):
                raise Refused(Code.CONSENSUS_WRONG_PROPOSER, "/from", got=message.sender)
            if not engine.names(body.value, body.payload):
                raise Refused(Code.CONSENSUS_WRONG_BLOCK, "/body/value", got=body.value.hex())
            return self.add(message, body.payload)
        if message.kind != VOTE or not isinstance(body, Vote) or body.value is None:
            return False
        self.help(message)
        sender, epoch = message.sender, message.round
        spoken = [one for log in memory.votes.values() for one in log if one.sender == sender and one.round == epoch]
        if message.height <= memory.decided or body in [one.body for one in spoken]:
            return False
        old = memory.votes.get(body.value, ())
        self.accuse(spoken, message)
        log = (*old, message)
        memory.votes = {**memory.votes, body.value: log}
        if body.value not in memory.epochs and engine.notarises(memory, log, message.round):
            memory.epochs = {**memory.epochs, body.value: message.round}
            self.notarised = True
        return True

    def stirs(self, message: Message) -> bool:
        """A vote of somebody else that notarises nothing changes nothing."""
        return message.kind != VOTE or self.notarised

    def parent_of(self, body: Body) -> Digest | None:
        """The parent that a block names."""
        return body.parent if isinstance(body, Block) else None

    def heard(self) -> Iterable[Message]:
        """Votes, block by block."""
        for _, log in sorted(self.memory.votes.items()):
            yield from log

    def renew(self, renew: api.Renew) -> None:
        """Others are in force from the next height on (CON-090)."""
        self.renew_members(renew.validators)

    def forget_members(self) -> None:
        """Votes, and the chains that these made long."""
        memory = self.memory
        memory.votes, memory.epochs, memory.stood = {}, {}, memory.decided

    def forget(self) -> None:
        """Votes for blocks that are decided."""
        memory = self.memory
        memory.votes = {value: log for value, log in memory.votes.items() if log[0].height > memory.decided}
        memory.epochs = {value: epoch for value, epoch in memory.epochs.items() if value in memory.votes}

    def apply_rules(self) -> None:
        """Vote, and see what is final, until nothing more happens."""
        while not self.memory.closed and (self.vote() or self.finalise()):
            pass

    def vote(self) -> bool:
        """The first proposal of the epoch that deserves it gets our vote (CON-082)."""
        memory, engine = self.memory, self.engine
        if memory.voted >= memory.round:
            return False
        for block in [one for one in memory.tree.blocks.values() if one.round == memory.round]:
            verdict = memory.verdicts.get(block.value)
            fine = verdict is not None and verdict.acceptable and verdict.timely
            if fine and engine.deserves_vote(memory, block):
                memory.voted, memory.stood = memory.round, max(memory.stood, Height(block.height - 1))
                if block.message.sender != engine.member:
                    self.effects.append(api.Record(block.message))
                self.say(VOTE, block.height, Vote(block.value))
                return True
        return False

    def finalise(self) -> bool:
        """Of three notarised blocks in a row with consecutive epochs, the second is final (CON-084)."""
        memory, engine = self.memory, self.engine
        if len(memory.epochs) < 3:
            return False
        for last in engine.chains(memory).values():
            row = tuple(islice(memory.tree.upward(last.value), 3))
            epochs = [memory.epochs[block.value] for block in row]
            if len(row) == 3 and engine.is_final(epochs[2], epochs[1], epochs[0]):
                proofs = {value: proof for value in memory.votes if (proof := self.proof(value)) is not None}
                self.decide(row[1].value, proofs)
                return True
        return False

    def proof(self, value: Digest) -> Proof | None:
        """The epoch in which a block was notarised, and by whom, in order of name."""
        epoch = self.engine.notarised(self.memory, value)
        if epoch is None:
            return None
        votes = {vote.sender: vote.signature for vote in self.memory.votes[value] if vote.round == epoch}
        return epoch, tuple(sorted(votes.items()))

    # --- coming back ---

    def resume(self, begin: api.Begin, records: Sequence[Message]) -> None:
        """What our recorded words imply, and a question to the others (CON-008, CON-092)."""
        memory = self.memory
        self.stand(begin)
        mine = [one for one in records if one.sender == self.engine.member]
        for message in () if begin.fresh else sorted(records, key=lambda one: (one.height, one.round)):
            if message.height >= begin.height:
                self.note(message)
        memory.voted = max((one.round for one in mine if one.kind in (VOTE, SYNC)), default=_BEFORE_ALL)
        memory.proposed = max((one.round for one in mine if one.kind in (PROPOSE, SYNC)), default=_BEFORE_ALL)
        stood = [Height(one.height - 1) for one in mine if one.kind == VOTE and not begin.fresh]
        memory.stood = max(stood, default=memory.decided)
        if not begin.fresh:
            self.effects.extend(api.Send(one) for one in mine)
            self.ask_around()
        self.set_epoch(begin.now)
        if begin.fresh:
            self.mark()
        self.apply_rules()


ENGINE = api.Kind(PROMISE, READERS, Streamlet)
