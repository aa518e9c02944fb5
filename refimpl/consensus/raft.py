"""Raft: one elected leader a term appends, a majority acknowledges. It bears crashes and no lies.

After Ongaro and Ousterhout, "In search of an understandable consensus algorithm", USENIX ATC 2014, figure 2. A log
entry is a block, its index a height; a log is the chain below its last block. Acknowledgements go to everybody, so
that followers commit as the leader does. What the paper leaves to chance, the length of a time-out, is a function of
member and term, since an engine has no randomness. Why it is here: hospitals that trust each other may want it, and the
suite must see it fail as soon as one member lies.

It must not know what a payload means, who transports messages, what time it is, or how a signature is made.
Source: spec/consensus.md, part 7 (CON-100 to CON-106).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from attrs import define, field

from refimpl.consensus import interface as api
from refimpl.consensus.chains import DECIDED, SYNC, ChainEngine, ChainWork, Log, Stand
from refimpl.consensus.interface import Promise
from refimpl.consensus.tree import Tree
from refimpl.data import ids, shape
from refimpl.data.ids import Digest, Height, MemberId, Round
from refimpl.data.limits import BLOCK_BYTES
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import READERS as SHARED
from refimpl.network.messages import Body, Decided, Message, Reader, Vote, read_vote

APPEND, ACK, CANDIDATE, GRANT, ELECTION = "append", "ack", "candidate", "grant", "election"
PROMISE = Promise(
    engine="raft", faults="crash", threshold=(1, 2), finality={"kind": "immediate"}, safety_net="asynchronous",
    live_net="majority", links="p2p", phases=(APPEND, ACK), certificates=False, evidence=False, delta=1,
    timeout=(8, 4), turns="elected", rounds="views", span=3, asides=(CANDIDATE, GRANT, DECIDED, SYNC),
)  # fmt: skip
_NO_TERM, _NOTHING = -1, Digest(b"")


class Entry(NamedTuple):
    """Body of `append`: a block on top of `parent`, made in the term `made`: the message's own or an earlier one."""

    value: Digest
    payload: bytes
    parent: Digest
    made: Round

    def to_data(self) -> dict[str, Any]:
        """`{made, parent, payload, value}`."""
        parent, payload, value = self.parent.hex(), self.payload.hex(), self.value.hex()
        return {"made": self.made, "parent": parent, "payload": payload, "value": value}


class Candidate(NamedTuple):
    """Body of `candidate`: the term and the height of the last entry of its log; -1 and the decided height if empty."""

    last_term: int
    last_height: int

    def to_data(self) -> dict[str, Any]:
        """`{last_height, last_term}`."""
        return {"last_height": self.last_height, "last_term": self.last_term}


class Grant(NamedTuple):
    """Body of `grant`: the candidate that has this vote."""

    to: MemberId

    def to_data(self) -> dict[str, Any]:
        """`{to}`."""
        return {"to": self.to}


def read_entry(body: object) -> Entry:
    """The body of `append`, or `Refused(Code.WIRE_BAD_FIELD)`."""
    fields = shape.record(body, "/body", ("made", "parent", "payload", "value"))
    return Entry(
        ids.digest_of_hex(fields["value"], "/body/value"),
        shape.bytes_of_hex(fields["payload"], "/body/payload", most=BLOCK_BYTES),
        ids.digest_of_hex(fields["parent"], "/body/parent"),
        ids.round_number(fields["made"], "/body/made"),
    )


def read_candidate(body: object) -> Candidate:
    """The body of `candidate`, or `Refused(Code.WIRE_BAD_FIELD)`."""
    fields = shape.record(body, "/body", ("last_height", "last_term"))
    last_height = shape.integer(fields["last_height"], "/body/last_height", 0)
    return Candidate(shape.integer(fields["last_term"], "/body/last_term", -1), last_height)


def read_grant(body: object) -> Grant:
    """The body of `grant`, or `Refused(Code.WIRE_BAD_FIELD)`."""
    return Grant(ids.member_id(shape.record(body, "/body", ("to",))["to"], "/body/to"))


READERS: Mapping[str, Reader] = {
    APPEND: read_entry, ACK: read_vote, CANDIDATE: read_candidate, GRANT: read_grant,
    DECIDED: SHARED[DECIDED], SYNC: SHARED[SYNC],
}  # fmt: skip
"""Kind of message -> reader of its body."""


@define(slots=False)
class Memory(Stand):
    """All that one member remembers. `round` is its term."""

    last: Digest = _NOTHING
    """The last entry of our log, or what was decided last."""
    voted: int = _NO_TERM
    """The last term in which we granted our vote."""
    asked: int = _NO_TERM
    """The last term for which we stood."""
    settled: int = 0
    """The term in which something was last decided."""
    leader: MemberId | None = None
    """Who leads the present term, as far as we know."""
    grants: Mapping[Round, frozenset[MemberId]] = field(factory=dict)
    """Who voted for us, by term."""
    acks: Mapping[Digest, Log] = field(factory=dict)


class Raft(ChainEngine):
    """The engine of one member. Immutable; see `refimpl.consensus.interface.Engine`."""

    promise = PROMISE

    def start(self) -> Memory:
        """The memory of a node that has seen nothing."""
        return Memory()

    def step(self, state: Memory, event: api.Input) -> api.Step:
        """One input; see `Engine.step`."""
        return _Work(self, state.fork()).meet(event)

    def recover(self, state: Memory, begin: api.Begin, records: Sequence[Message]) -> api.Step:
        """The term, the vote and the log that our records imply, and a question to the others (CON-008)."""
        work = _Work(self, state.fork())
        work.resume(begin, records)
        return work.done()

    def where(self, state: Memory) -> str:
        """Height, term and leader."""
        return f"height {state.decided} decided, term {state.round} led by {state.leader or 'nobody known'}"

    # --- The rules of figure 2. None of them changes anything. ---

    def majority(self, memory: Memory, voters: Iterable[MemberId]) -> bool:
        """More than half of the weight (CON-100)."""
        return 2 * memory.validators.weigh(set(voters)) > memory.validators.total

    def is_up_to_date(self, candidate: Candidate, last_term: int, last_height: int) -> bool:
        """Whether a candidate's log is at least as up to date as ours: by last term, then by length (CON-102)."""
        return (candidate.last_term, candidate.last_height) >= (last_term, last_height)

    def may_grant(self, memory: Memory, term: int) -> bool:
        """Whether we have not voted in this term (CON-102)."""
        return memory.voted < term

    def counts(self, memory: Memory, ack: Message, made: int) -> bool:
        """Whether an acknowledgement commits its entry: only in the term in which the entry was made (CON-104)."""
        return ack.round == made

    def timeout(self, memory: Memory) -> int:
        """Ticks without a decision before we stand for the next term: different for each member in a term, and further
        apart with every term since the last decision, until an election outlasts any delay (CON-101)."""
        members = memory.validators.members
        turn = (members.index(self.member) + memory.round) % len(members)
        first, growth = self.promise.timeout
        return first + growth * (memory.round - memory.settled) * (1 + turn)

    def verify_word(self, memory: Memory, message: Message, body: Decided) -> None:
        """Nobody lies, so a word is enough; only its value must name its payload (CON-106)."""
        if not self.names(body.value, body.payload):
            raise Refused(Code.CONSENSUS_WRONG_BLOCK, "/body/value", got=body.value.hex())

    def believes(self, memory: Memory, weight: int) -> bool:
        """One word is enough (CON-106)."""
        return weight > 0


class _Work(ChainWork):
    """One step under way."""

    engine: Raft
    memory: Memory

    # --- inputs ---

    def begin(self, begin: api.Begin) -> None:
        """A height is wanted: the leader appends, everybody watches the clock."""
        memory = self.memory
        if memory.wanted == 0:
            memory.tree = Tree(begin.last, Height(begin.height - 1))
            memory.last = begin.last
        memory.wanted, memory.validators = max(memory.wanted, begin.height), begin.validators
        if memory.wanted > memory.decided:
            self.watch()
            self.lead()

    def watch(self) -> None:
        """An alarm for this height in this term."""
        memory = self.memory
        timer = api.Timer(ELECTION, Height(memory.decided + 1), memory.round)
        self.effects.append(api.SetTimer(timer, self.engine.timeout(memory)))

    def expire(self, timer: api.Timer) -> None:
        """No decision in this term: stand for the next (CON-101)."""
        memory = self.memory
        waiting = memory.wanted > memory.decided and timer.height == memory.decided + 1
        if waiting and timer.round == memory.round:
            self.enter(Round(memory.round + 1))
            memory.asked = memory.voted = memory.round
            body = Candidate(self.last_term(), self.last_height())
            self.say(CANDIDATE, Height(memory.decided + 1), body)
            self.count_grant(memory.round, self.engine.member)

    def offer(self, offer: api.Offer) -> None:
        """The payload of our entry, while we lead (CON-103)."""
        memory = self.memory
        fresh = offer.round == memory.round and memory.leader == self.engine.member
        if fresh and offer.height == self.last_height() + 1:
            self.append(Entry(offer.value, offer.payload, memory.last, memory.round), offer.height)

    # --- terms ---

    def enter(self, term: Round) -> None:
        """A later term, whose leader we do not know yet."""
        memory = self.memory
        memory.round, memory.leader = term, None
        if memory.wanted > memory.decided:
            self.watch()

    def count_grant(self, term: Round, voter: MemberId) -> None:
        """A vote for us; with a majority we lead (CON-102)."""
        memory, engine = self.memory, self.engine
        voters = memory.grants.get(term, frozenset()) | {voter}
        memory.grants = {term: voters}
        if term == memory.round and memory.leader is None and engine.majority(memory, voters):
            memory.leader = engine.member
            for block in memory.tree.branch(memory.last):
                self.append(Entry(block.value, block.payload, block.parent, Round(block.round)), block.height)
            self.lead()

    def lead(self) -> None:
        """A leader whose log ends with what is decided, or with entries of earlier terms, adds one of its own."""
        memory = self.memory
        if memory.leader == self.engine.member and memory.wanted > memory.decided and self.last_term() < memory.round:
            height = Height(self.last_height() + 1)
            self.effects.append(api.AskPayload(height, memory.round, memory.tree.payloads(memory.last)))

    def append(self, entry: Entry, height: Height) -> None:
        """Give an entry of our log to everybody, and acknowledge it ourselves (CON-103)."""
        self.say(APPEND, height, entry)
        self.apply_rules()

    def last_term(self) -> int:
        """The term in which the last entry of our log was made; -1 if all is decided."""
        block = self.memory.tree.blocks.get(self.memory.last)
        return _NO_TERM if block is None else block.round

    def last_height(self) -> Height:
        """The height of the last entry of our log."""
        return self.memory.tree.height_of(self.memory.last)

    # --- hearing ---

    def receive(self, message: Message) -> None:
        """As for every engine; who speaks of a height that we have decided is told."""
        super().receive(message)
        self.help(message)

    def note(self, message: Message) -> bool:
        """An entry, an acknowledgement, a candidate or a grant; a later term than ours makes us follow (CON-101)."""
        memory, body = self.memory, message.body
        if message.round > memory.round and message.kind in (APPEND, CANDIDATE):
            self.enter(message.round)
        if isinstance(body, Entry):
            return self.note_entry(message, body)
        if isinstance(body, Candidate):
            self.answer(message, body)
            return False
        if isinstance(body, Grant):
            if body.to == self.engine.member and message.round == memory.asked:
                self.count_grant(message.round, message.sender)
            return False
        return message.kind == ACK and self.note_ack(message)

    def note_entry(self, message: Message, body: Entry) -> bool:
        """An entry of a leader: its log becomes ours up to here, and we say so (CON-103)."""
        memory, engine = self.memory, self.engine
        if message.round < memory.round:
            return False
        if not engine.names(body.value, body.payload):
            raise Refused(Code.CONSENSUS_WRONG_BLOCK, "/body/value", got=body.value.hex())
        memory.leader = message.sender
        if body.value not in memory.tree.blocks and not self.add(message, body.payload):
            return False
        if not memory.tree.holds(body.value) or body.value == memory.tree.tip:
            return True
        behind = memory.tree.extends(memory.last, body.value) and self.last_term() == message.round
        memory.last = memory.last if behind else body.value
        if message.sender != engine.member:
            self.effects.append(api.Record(message))
        self.say(ACK, message.height, Vote(body.value))
        return True

    def answer(self, message: Message, body: Candidate) -> None:
        """Grant our vote to the first candidate of the term whose log is at least as up to date as ours (CON-102)."""
        memory, engine = self.memory, self.engine
        if message.round < memory.round or message.sender == engine.member:
            return
        fresh = engine.may_grant(memory, message.round)
        if fresh and engine.is_up_to_date(body, self.last_term(), self.last_height()):
            memory.voted = message.round
            self.say(GRANT, Height(memory.decided + 1), Grant(message.sender))

    def note_ack(self, message: Message) -> bool:
        """An acknowledgement, once (CON-104)."""
        memory, body = self.memory, message.body
        if not isinstance(body, Vote) or body.value is None or message.height <= memory.decided:
            return False
        old = memory.acks.get(body.value, ())
        known = any((ack.sender, ack.round) == (message.sender, message.round) for ack in old)
        if not known:
            memory.acks = {**memory.acks, body.value: (*old, message)}
        return not known

    def parent_of(self, body: Body) -> Digest | None:
        """The parent that an entry names."""
        return body.parent if isinstance(body, Entry) else None

    def round_of(self, message: Message) -> int:
        """The term in which an entry was made, which a later leader does not change (CON-104)."""
        return message.body.made if isinstance(message.body, Entry) else message.round

    def heard(self) -> Iterable[Message]:
        """Acknowledgements, entry by entry."""
        for _, log in sorted(self.memory.acks.items()):
            yield from log

    def forget(self) -> None:
        """What concerns entries that are decided."""
        memory = self.memory
        memory.settled = memory.round
        memory.acks = {value: log for value, log in memory.acks.items() if log[0].height > memory.decided}
        if not memory.tree.holds(memory.last):
            memory.last = memory.tree.tip

    def apply_rules(self) -> None:
        """An entry that a majority acknowledged in the term of its making is committed with all below (CON-104)."""
        memory, engine = self.memory, self.engine
        for block in sorted(memory.tree.blocks.values(), key=lambda one: -one.height):
            log = memory.acks.get(block.value, ())
            if engine.majority(memory, {ack.sender for ack in log if engine.counts(memory, ack, block.round)}):
                self.decide(block.value, {})
                return

    # --- coming back ---

    def resume(self, begin: api.Begin, records: Sequence[Message]) -> None:
        """What our recorded words imply, and a question to the others (CON-008)."""
        memory = self.memory
        memory.tree, memory.last = Tree(begin.last, Height(begin.height - 1)), begin.last
        memory.wanted, memory.validators = begin.height, begin.validators
        mine = [one for one in records if one.sender == self.engine.member]
        entries = sorted((one for one in records if one.kind == APPEND), key=lambda one: (one.round, one.height))
        for message in entries:
            if message.height >= begin.height and isinstance(message.body, Entry):
                self.add(message, message.body.payload)
                memory.last = message.body.value if memory.tree.holds(message.body.value) else memory.last
        memory.round = max((one.round for one in records), default=Round(0))
        memory.voted = max((one.round for one in mine if one.kind in (GRANT, CANDIDATE)), default=_NO_TERM)
        self.effects.extend(api.Send(one) for one in mine if one.height >= begin.height)
        self.watch()
        self.ask_around()


ENGINE = api.Kind(PROMISE, READERS, Raft)
