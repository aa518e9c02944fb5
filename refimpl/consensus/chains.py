"""What engines share whose members build on undecided blocks: the tree, orphans, and how those behind catch up.

Why here once: what is missing below a block, who lacks a decided height, and whom to believe about it are the same
questions in chained HotStuff, in Streamlet and in the longest-chain engines. Each engine file holds its own rules of
voting and finality and nothing of this.

It must not know any engine's votes, views or work. Source: spec/consensus.md, part 1 (CON-004 to CON-007, CON-029,
CON-070).
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from attrs import define, field

from refimpl.consensus import interface as api
from refimpl.consensus.heights import DECIDED, SYNC, Forked, HeightEngine, Log, Work
from refimpl.consensus.interface import NOBODY, Validators
from refimpl.consensus.tree import Tree, TreeBlock
from refimpl.data.ids import Digest, Height, MemberId, Round, Signature
from refimpl.data.limits import CONSENSUS_MESSAGES_AHEAD, CONSENSUS_PAST, CONSENSUS_ROUNDS_AHEAD
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import Body, Decided, Message, Sync

__all__ = ["DECIDED", "SYNC", "ChainEngine", "ChainWork", "Log", "Proof", "Stand"]

Proof = tuple[Round, Sequence[tuple[MemberId, Signature]]]
"""The round in which a block was certified, and the votes that do."""
_NO_HEIGHT, _FIRST = Height(0), Round(0)


@define(slots=False)
class Stand(Forked):
    """Where a member stands in the tree, and what it owes to and needs from others. Engines add their own fields."""

    validators: Validators = NOBODY
    tree: Tree = field(factory=Tree)
    wanted: Height = _NO_HEIGHT
    """The height that the application wants decided."""
    round: Round = _FIRST
    """The view, epoch, term or slot."""
    verdicts: Mapping[Digest, api.Verdict] = field(factory=dict)
    """What the application said of blocks of the tree."""
    orphans: Log = ()
    """Proposals whose parent we lack."""
    past: Log = ()
    """What decided the last heights, for those who lack them and find nobody else to ask."""
    words: Mapping[MemberId, Message] = field(factory=dict)
    """What each member says was decided at the height that we lack."""
    helped: Mapping[MemberId, tuple[Height, Round]] = field(factory=dict)
    """Where each member stood when we last helped it."""
    base: Height = _NO_HEIGHT
    """The height below the first of the present members; nothing but that is certified by others (CON-090)."""
    closed: bool = False
    """Whether the members changed with the last decision, and we do not know the new ones yet."""

    @property
    def decided(self) -> Height:
        """The height decided last."""
        return self.tree.height


class ChainEngine(HeightEngine):
    """The engine of one member, as far as it is the same in all engines that build on undecided blocks."""

    def verify_word(self, memory: Any, message: Message, body: Decided) -> None:
        """Raise `Refused` unless what a member says was decided is at least certified (CON-070)."""
        self.verify_decided(memory, message, body)

    def believes(self, memory: Any, weight: int) -> bool:
        """Whether what members of this weight say was decided was decided (CON-070)."""
        found: Validators = memory.validators
        return found.has_correct(weight)


class ChainWork(Work):
    """One step of an engine whose members build on undecided blocks. Engines add their rules."""

    # --- what an engine adds ---

    def note(self, message: Message) -> bool:
        """Take a statement in; False if it says nothing new. Raises `Refused` for what no correct member says."""
        raise NotImplementedError

    def apply_rules(self) -> None:
        """Apply what was heard until nothing more happens."""
        raise NotImplementedError

    def stirs(self, message: Message) -> bool:
        """Whether a statement that was just noted may let a rule apply."""
        return True

    def heard(self) -> Iterable[Message]:
        """What was heard and is not decided, in a fixed order, but for the blocks of the tree."""
        raise NotImplementedError

    def parent_of(self, body: Body) -> Digest | None:
        """The parent that a proposal names; None for any other body."""
        raise NotImplementedError

    def round_of(self, message: Message) -> int:
        """The round in which a proposal was made; the message's own, unless the engine says otherwise."""
        return message.round

    def name_of(self, message: Message) -> Digest:
        """The name of a proposal in the tree; its value, unless the engine says otherwise."""
        value: Digest = message.body.value  # type: ignore[attr-defined]  # proposals name a value
        return value

    def made_at(self, message: Message) -> int | None:
        """The tick that the time of a proposal's payload must fit, where the engine binds it."""
        return None

    def forget(self) -> None:
        """Drop what cannot matter after a decision, beside what the tree drops."""

    def forget_members(self) -> None:
        """Drop all votes, and what they led to: they are those of members that are not in force any more."""

    # --- inputs ---

    def receive(self, message: Message) -> None:
        """A message of somebody; refused before anything lasting changes if no correct member sends it."""
        memory, engine = self.memory, self.engine
        if not memory.validators.members:
            return  # nothing was begun here, so nobody is known who could have said it
        if message.height <= memory.base:  # of those before: they are told what was decided, no more
            engine.notary.verify(message)
            self.help(message)
            return
        if message.sender not in memory.validators.weights:
            raise Refused(Code.NET_UNKNOWN_SENDER, "/from", sender=message.sender)
        most = memory.round + CONSENSUS_ROUNDS_AHEAD
        if message.round > most:
            raise Refused(Code.NET_TOO_FAR_AHEAD, "/round", most=most, got=message.round)
        engine.notary.verify(message)
        body = message.body
        if isinstance(body, Decided):
            self.hear_word(message, body)
        elif isinstance(body, Sync):
            self.help(message)
            self.repeat(message.sender)
        elif self.note(message):
            self.effects.extend(engine.forward(api.Forward(message)))
            if self.stirs(message):
                self.apply_rules()

    def judge(self, verdict: api.Verdict) -> None:
        """What the application says of a block."""
        self.memory.verdicts = {**self.memory.verdicts, verdict.value: verdict}
        self.apply_rules()

    # --- the tree ---

    def add(self, message: Message, payload: bytes) -> bool:
        """A proposal that is in order: into the tree, or among the orphans while its parent is missing."""
        memory = self.memory
        if message.height <= memory.decided or self.name_of(message) in memory.tree.blocks:
            return False
        if not self.is_ready(message):
            return self.keep_orphan(message)
        if not self.plant(message, payload):
            return False
        self.adopt()
        return True

    def is_ready(self, message: Message) -> bool:
        """Whether what a proposal stands on is there."""
        held: bool = self.memory.tree.holds(self.parent_of(message.body))
        return held

    def plant(self, message: Message, payload: bytes) -> bool:
        """A proposal whose parent is held: into the tree, if its height is the next one and it is not there."""
        memory, value = self.memory, self.name_of(message)
        parent = self.parent_of(message.body)
        assert parent is not None, "only proposals are added"
        if value in memory.tree.blocks or memory.tree.height_of(parent) + 1 != message.height:
            return False
        block = TreeBlock(value, payload, parent, message.height, self.round_of(message), message)
        ancestors = memory.tree.payloads(parent)
        memory.tree = memory.tree.with_block(block)
        made_at = self.made_at(message)
        self.effects.append(api.AskVerdict(message.height, value, payload, message.sender, ancestors, made_at))
        return True

    def adopt(self) -> None:
        """Orphans whose parent has come, and those whose parent was one of them, however long the row."""
        memory = self.memory
        ready = [orphan for orphan in memory.orphans if self.is_ready(orphan)]
        while ready:
            memory.orphans = tuple(one for one in memory.orphans if one not in ready)
            for orphan in ready:
                with suppress(Refused):  # what waited is refused now as it would have been on arrival
                    self.plant(orphan, orphan.body.payload)
            ready = [orphan for orphan in memory.orphans if self.is_ready(orphan)]

    def keep_orphan(self, message: Message) -> bool:
        """A proposal on something unknown waits; the first one makes us ask."""
        memory = self.memory
        if message in memory.orphans or len(memory.orphans) >= CONSENSUS_MESSAGES_AHEAD:
            return False
        if not memory.orphans:
            self.ask_around()
        memory.orphans = (*memory.orphans, message)
        return True

    def decide(self, value: Digest, proofs: Mapping[Digest, Proof]) -> None:
        """Decide a block with all that it stands on, in order, each with what certifies it, if anything does."""
        memory = self.memory
        for one in memory.tree.branch(value):
            round_, votes = proofs.get(one.value, (Round(one.round), ()))
            counted = memory.validators.among(votes)
            self.effects.append(api.Decide(one.height, round_, one.value, one.payload, counted))
            if self.closes(one.value):
                self.close(one.value)
                return
        self.advance(value)

    def closes(self, value: Digest) -> bool:
        """Whether a block changes the members."""
        verdict = self.memory.verdicts.get(value)
        return verdict is not None and verdict.closes

    def close(self, value: Digest) -> None:
        """A change of the members is decided: what stands on it was there to decide it, and is kept for those who ask
        how; the rest is for the members in force from now on (CON-090)."""
        memory = self.memory
        height, counted = memory.tree.height_of(value), memory.validators.weights
        said = (*(block.message for block in memory.tree.blocks.values()), *self.heard())
        proof = [one for one in said if one.height > height and one.sender in counted]
        self.advance(value)
        memory.past = (*memory.past, *proof)[-CONSENSUS_PAST:]
        memory.tree, memory.verdicts, memory.orphans = Tree(value, memory.decided), {}, ()
        memory.closed = True

    def renew_members(self, validators: Validators) -> None:
        """These members are in force from the next height on: nothing that others said of it counts (CON-090, CON-091).

        What is recorded tells how far we have spoken, for whoever comes back (CON-092).
        """
        memory = self.memory
        memory.validators, memory.closed, memory.base = validators, False, memory.decided
        memory.tree, memory.verdicts = Tree(memory.tree.tip, memory.decided), {}
        memory.orphans, memory.words = (), {}
        self.forget_members()
        self.mark()

    def mark(self) -> None:
        """Ask what is said under the new members, and record the question: it names the last round that was ours."""
        question = self.question()
        self.effects.extend((api.Record(question), api.Send(question)))

    def take_begin(self, begin: api.Begin) -> None:
        """The validators of a height that is wanted; renewed here if the node told us of no change before."""
        memory = self.memory
        if begin.fresh and memory.base < begin.height - 1 == memory.decided:
            self.renew_members(begin.validators)
        memory.wanted, memory.validators = max(memory.wanted, begin.height), begin.validators

    def stand(self, begin: api.Begin) -> None:
        """Where a member comes back: on the last decided value, under these members."""
        memory = self.memory
        memory.tree = Tree(begin.last, Height(begin.height - 1))
        memory.wanted, memory.validators = begin.height, begin.validators
        memory.base = memory.decided if begin.fresh else _NO_HEIGHT

    def advance(self, value: Digest) -> None:
        """What does not stand on this value cannot be decided any more."""
        memory = self.memory
        height, counted = memory.tree.height_of(value), memory.validators.weights
        gone = (*(block.message for block in memory.tree.branch(value)), *self.heard())
        said = (one for one in gone if one.height <= height and one.sender in counted)  # not by us where we follow
        memory.past = (*memory.past, *said)[-CONSENSUS_PAST:]
        memory.tree = memory.tree.decided(value)
        memory.words = {}
        memory.verdicts = {key: verdict for key, verdict in memory.verdicts.items() if key in memory.tree.blocks}
        memory.orphans = tuple(one for one in memory.orphans if one.height > memory.decided)
        self.forget()
        self.adopt()

    # --- speaking ---

    def say(self, kind: str, height: Height, body: Body, round_: Round | None = None) -> None:
        """Sign, record, send, and hear ourselves (CON-004, CON-005)."""
        memory, engine = self.memory, self.engine
        place = memory.round if round_ is None else round_
        signed = engine.notary.sign(Message(kind, height, place, engine.member, body))
        self.effects.extend(engine.speak(signed))
        self.note(signed)

    def accuse(self, old: Sequence[Message], message: Message) -> None:
        """Two different statements of one member, kind and round are evidence (CON-019)."""
        for heard in old:
            if heard.sender == message.sender and heard.body != message.body:
                self.effects.append(api.Accuse(message.sender, heard, message))
                return

    # --- helping ---

    def help(self, message: Message) -> None:
        """Who lacks a height that we have decided is told of it, once for each of its rounds (CON-007, CON-070)."""
        memory, place = self.memory, (message.height, message.round)
        if message.height > memory.decided or message.sender == self.engine.member:
            return
        if message.kind == SYNC or memory.helped.get(message.sender, (0, -1)) < place:
            memory.helped = {**memory.helped, message.sender: place}
            self.effects.extend(self.engine.forward(api.Supply(message.height, message.sender)))

    def hear_word(self, message: Message, body: Decided) -> None:
        """Somebody says what was decided; believed once a set with a correct member says the same (CON-070)."""
        memory, engine = self.memory, self.engine
        if message.height != memory.decided + 1:
            return
        engine.verify_word(memory, message, body)
        memory.words = {**memory.words, message.sender: message}
        alike = [one.sender for one in memory.words.values() if one.body.value == body.value]
        if engine.believes(memory, memory.validators.weigh(alike)):
            self.effects.append(api.Decide(message.height, message.round, body.value, body.payload, body.votes))
            if body.value not in memory.tree.blocks:
                memory.tree = Tree(body.value, message.height)
            if self.closes(body.value):
                self.close(body.value)
                return
            self.advance(body.value)
            self.ask_around()
            self.apply_rules()

    def repeat(self, member: MemberId) -> None:
        """Give a member that asks all that is not decided here, and what decided the last heights (CON-007)."""
        memory = self.memory
        blocks = [block.message for block in memory.tree.blocks.values()]
        for heard in (*memory.past, *blocks, *self.heard()):
            self.effects.extend(self.engine.forward(api.Forward(heard, (member,))))

    def ask_around(self) -> None:
        """Tell everybody which height we lack (CON-007)."""
        self.effects.append(api.Send(self.question()))

    def question(self) -> Message:
        """Our question for the height that we lack, signed."""
        memory, engine = self.memory, self.engine
        question = Message(SYNC, Height(memory.decided + 1), memory.round, engine.member, Sync())
        signed: Message = engine.notary.sign(question)
        return signed
