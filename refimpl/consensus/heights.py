"""What engines share that decide one height after the other: whom to hear, what waits, and how those behind catch up.

Why here once: a paper's protocol begins where every member stands at the same height; a ledger's members do not. Which
messages concern the present height, what is kept of the next one, and who brings over whom are the same questions in
every such engine, so each engine file holds the rules of its paper and nothing of this.

It must not know any engine's kinds of messages but `decided` and `sync`, nor what a vote is for.
Source: spec/consensus.md, part 1 (CON-004 to CON-008, CON-020 to CON-022, CON-027).
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Self

from attrs import define, field

from refimpl.consensus import interface as api
from refimpl.consensus.interface import NOBODY, Promise, Validators
from refimpl.data.ids import Digest, Height, MemberId, Round, Signature
from refimpl.data.limits import CONSENSUS_MESSAGES_AHEAD, CONSENSUS_ROUNDS_AHEAD, CONSENSUS_VARIANTS
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import Body, Decided, Message, Sync, Vote

__all__ = ["DECIDED", "SYNC", "Forked", "HeightEngine", "HeightWork", "Log", "Place", "Work", "hear"]

DECIDED, SYNC = "decided", "sync"
"""What brings over a member that is behind, and the question a member asks when it comes back."""
Log = tuple[Message, ...]
"""Messages of one kind and round as they were heard, each statement once."""
_NO_HEIGHT, _FIRST = Height(0), Round(0)


def hear(log: Log, message: Message) -> Log:
    """The log with this statement in it, once, and at most `consensus.variants` of one member (CON-011, CON-022)."""
    said = [heard.body for heard in log if heard.sender == message.sender]
    return log if message.body in said or len(said) >= CONSENSUS_VARIANTS else (*log, message)


@define(slots=False)
class Forked:
    """A memory of which every step makes a copy: without slots, for then all its members are copied in one stroke."""

    def __attrs_post_init__(self) -> None:
        """The members in a table of this memory alone: one that shares its keys with others is slower to copy and to
        read."""
        self.__dict__ = {**self.__dict__}

    def fork(self) -> Self:
        """A copy to work on; its mappings are replaced, never changed."""
        other = object.__new__(type(self))
        other.__dict__ = self.__dict__.copy()
        return other


@define(slots=False)
class Place(Forked):
    """Where a member stands among heights, and what it owes to and needs from others. Engines add their own fields."""

    height: Height = _NO_HEIGHT
    round: Round = _FIRST
    validators: Validators = NOBODY
    running: bool = False
    """False between the decision of a height and the beginning of the next."""
    ahead: Log = ()
    """Messages of the next height, kept until it begins."""
    helped: Mapping[MemberId, tuple[Height, Round]] = field(factory=dict)
    """Where each member stood when we last helped it."""
    last_round: Round = _FIRST
    """The round in which the last decided height was decided."""
    seen: Height = _NO_HEIGHT
    """The greatest height that a validator was heard to speak of: up to it we may have missed what was said."""
    behind: bool = False
    """Whether we came back, were brought over, or learnt of other members at this height: then we may have missed what
    was said of the next."""
    verdicts: Mapping[Digest, api.Verdict] = field(factory=dict)
    """What the application said of payloads of this height."""


class HeightEngine:
    """The engine of one member, as far as it is the same in all engines that go from height to height."""

    promise: Promise

    def __init__(self, member: MemberId, notary: api.Notary) -> None:
        self.member = member
        self.notary = notary

    def supply(self, height: Height, round: Round, value: Digest, payload: bytes,
               votes: Sequence[tuple[MemberId, Signature]]) -> Message:  # fmt: skip
        """A `decided` message for a member that is behind."""
        return self.notary.sign(Message(DECIDED, height, round, self.member, Decided(value, payload, tuple(votes))))

    # --- Rules, one method each. None of them changes anything. ---

    def quorum(self, memory: Any, weight: int) -> bool:
        """More than two thirds of the weight (CON-002)."""
        found: Validators = memory.validators
        return found.is_quorum(weight)

    def decides(self, memory: Any, weight: int) -> bool:
        """Whether votes that commit, of this weight, decide (CON-016)."""
        return self.quorum(memory, weight)

    def speak(self, message: Message) -> tuple[api.Effect, ...]:
        """A statement of ours is recorded before anybody can hear it (CON-005)."""
        return api.Record(message), api.Send(message)

    def names(self, value: Digest, payload: bytes) -> bool:
        """Whether this is the digest by which votes name this payload (CON-020)."""
        return self.notary.value_of(payload) == value

    def forward(self, effect: api.Forward | api.Supply) -> tuple[api.Effect, ...]:
        """Whether we pass on what others said: always (CON-006, CON-007)."""
        return (effect,)

    def hear(self, log: Log, message: Message) -> Log:
        """The log with this statement in it, once (CON-011)."""
        return hear(log, message)

    def verify_decided(self, memory: Any, message: Message, body: Decided) -> None:
        """Raise `Refused(Code.CONSENSUS_NO_QUORUM)` unless distinct members of a quorum committed it (CON-016)."""
        if not self.names(body.value, body.payload):
            raise Refused(Code.CONSENSUS_WRONG_BLOCK, "/body/value", got=body.value.hex())
        self.require_quorum(memory, body.votes)
        about = Message(self.promise.commits, message.height, message.round, message.sender, Vote(body.value))
        self.verify_votes(about, body.votes)

    def require_quorum(self, memory: Any, votes: Sequence[tuple[MemberId, Signature]]) -> None:
        """Raise `Refused(Code.CONSENSUS_NO_QUORUM)` unless distinct members of a quorum, in order of name, voted."""
        voters = [member for member, _ in votes]
        if voters != sorted(set(voters)) or not self.decides(memory, memory.validators.weigh(voters)):
            raise Refused(Code.CONSENSUS_NO_QUORUM, "/body/votes", got=len(voters))

    def verify_votes(self, about: Message, votes: Sequence[tuple[MemberId, Signature]]) -> None:
        """Raise `Refused(Code.NET_BAD_SIGNATURE)` unless each of these members signed the statement `about`."""
        for member, signature in votes:
            self.notary.verify(Message(about.kind, about.height, about.round, member, about.body, signature))


class Work:
    """One step under way: a fork of the memory and the effects so far."""

    def __init__(self, engine: Any, memory: Any) -> None:
        self.engine = engine
        self.memory = memory
        self.effects: list[api.Effect] = []

    def meet(self, event: api.Input) -> api.Step:
        """One input, whole; messages first, for they are most of what a member meets."""
        if isinstance(event, api.Receive):
            self.receive(event.message)
        elif isinstance(event, api.Verdict):
            self.judge(event)
        elif isinstance(event, api.Expire):
            self.expire(event.timer)
        elif isinstance(event, api.Offer):
            self.offer(event)
        elif isinstance(event, api.Begin):
            self.begin(event)
        elif isinstance(event, api.Renew):
            self.renew(event)
        else:
            self.worked(event)
        return self.done()

    def done(self) -> api.Step:
        """The finished step."""
        return api.Step(self.memory, tuple(self.effects))

    def begin(self, begin: api.Begin) -> None:
        """A height is wanted."""
        raise NotImplementedError

    def renew(self, renew: api.Renew) -> None:
        """The members changed; an engine that keeps its validators goes on (DAT-078)."""

    def receive(self, message: Message) -> None:
        """A message of somebody; refused before anything changes if no correct member sends it."""
        raise NotImplementedError

    def expire(self, timer: api.Timer) -> None:
        """An alarm went off."""
        raise NotImplementedError

    def offer(self, offer: api.Offer) -> None:
        """The payload that was asked for."""
        raise NotImplementedError

    def judge(self, verdict: api.Verdict) -> None:
        """What the application says of a payload."""
        raise NotImplementedError

    def worked(self, worked: api.Worked) -> None:
        """What came of work that was asked for; most engines ask for none."""


class HeightWork(Work):
    """One step of an engine that goes from height to height. Engines add their rules."""

    # --- what an engine adds ---

    def open(self, height: Height, validators: Validators, now: int) -> None:
        """Make a fresh memory for this height and start its first round."""
        raise NotImplementedError

    def note(self, message: Message) -> bool:
        """Put a statement about the present height into its log; False if it was there, or is none of ours."""
        raise NotImplementedError

    def apply_rules(self) -> None:
        """Apply what the messages allow until nothing more happens."""
        raise NotImplementedError

    def heard(self) -> Iterable[Message]:
        """Everything heard at the present height, in a fixed order."""
        raise NotImplementedError

    def was_heard(self, message: Message) -> bool:
        """Whether this statement was heard before its height was decided: then it is an echo and says nothing new."""
        raise NotImplementedError

    # --- heights ---

    def begin(self, begin: api.Begin) -> None:
        """A fresh height, and what was heard ahead of time."""
        memory = self.memory
        if begin.height != memory.height + 1 and memory.height != 0:
            raise Refused(Code.CONSENSUS_WRONG_HEIGHT, expected=memory.height + 1, got=begin.height)
        self.open(begin.height, begin.validators, begin.now)
        if memory.behind or begin.height <= memory.seen:
            self.ask_around()
        for message in memory.ahead:
            if message.height == begin.height and self.memory.running and message.sender in begin.validators.weights:
                with suppress(Refused):  # what waited is refused now as it would have been on arrival
                    self.listen(message)

    def renew(self, renew: api.Renew) -> None:
        """Others are in force at the next height: what is said of it is theirs (CON-091), and what they said of it
        before we knew them is to be asked for (CON-094)."""
        self.memory.validators, self.memory.behind = renew.validators, True

    def receive(self, message: Message) -> None:
        """A message of somebody; refused before anything changes if no correct member sends it."""
        memory = self.memory
        if message.height == memory.height + 1:
            self.keep_for_later(message)
        elif message.height > memory.height:
            self.verify_validator(message)
            memory.seen = max(memory.seen, message.height)
        elif message.height < memory.height or not memory.running:
            self.engine.notary.verify(message)
            self.help(message)
        else:
            self.listen(message)

    def listen(self, message: Message) -> None:
        """A message of the present height, noted, passed on, and acted upon."""
        memory = self.memory
        self.verify_validator(message)
        most = memory.round + CONSENSUS_ROUNDS_AHEAD
        if message.round > most:
            raise Refused(Code.NET_TOO_FAR_AHEAD, "/round", most=most, got=message.round)
        body = message.body
        if isinstance(body, Decided):
            self.engine.verify_decided(memory, message, body)
            self.effects.extend(self.engine.forward(api.Forward(message)))  # CON-006
            self.finish(message.round, body.value, body.payload, body.votes)
            self.memory.behind = True
        elif isinstance(body, Sync):
            self.repeat(message)
        else:
            self.take(message)

    def verify_validator(self, message: Message) -> None:
        """Raise `Refused` unless a validator of the present height signed it (before the first: unless anybody did)."""
        members = self.memory.validators.weights
        if members and message.sender not in members:
            raise Refused(Code.NET_UNKNOWN_SENDER, "/from", sender=message.sender)
        self.engine.notary.verify(message)

    def take(self, message: Message) -> None:
        """A verified statement about the present height: note it, pass it on, act upon it."""
        if self.note(message):
            self.effects.extend(self.engine.forward(api.Forward(message)))
            self.apply_rules()

    def keep_for_later(self, message: Message) -> None:
        """A message of the next height waits, up to a limit, until that height begins."""
        memory = self.memory
        if message in memory.ahead or len(memory.ahead) >= CONSENSUS_MESSAGES_AHEAD:
            return
        self.verify_validator(message)
        memory.ahead = (*memory.ahead, message)

    def judge(self, verdict: api.Verdict) -> None:
        """valid(v) is known."""
        if verdict.height == self.memory.height and self.memory.running:
            self.memory.verdicts = {**self.memory.verdicts, verdict.value: verdict}
            self.apply_rules()

    # --- speaking ---

    def say(self, kind: str, body: Body) -> Message:
        """Sign, record, send, and hear ourselves (CON-004, CON-005)."""
        memory = self.memory
        message = Message(kind, memory.height, memory.round, self.engine.member, body)
        signed: Message = self.engine.notary.sign(message)
        self.effects.extend(self.engine.speak(signed))
        self.note(signed)
        return signed

    def finish(self, round_: Round, value: Digest, payload: bytes, votes: Sequence[tuple[MemberId, Signature]]) -> None:
        """The height is decided; the next one begins when the node says so."""
        self.memory.running = False
        self.memory.last_round = round_
        counted = self.memory.validators.among(votes)
        self.effects.append(api.Decide(self.memory.height, round_, value, payload, counted))

    def accuse(self, old: Log, message: Message) -> None:
        """Two different statements of one member, kind, height and round are evidence (CON-019)."""
        for heard in old:
            if heard.sender == message.sender and heard.body != message.body:
                self.effects.append(api.Accuse(message.sender, heard, message))
                return

    # --- helping ---

    def help(self, message: Message) -> None:
        """The sender has not decided a height that we have: bring it over, once for each of its rounds (CON-007)."""
        memory = self.memory
        last = memory.height - memory.running
        late = message.kind == self.engine.promise.commits and message.round <= memory.last_round
        behind = message.height < last or not (late or self.was_heard(message))
        if message.sender == self.engine.member or message.kind == DECIDED:
            return
        if message.kind == SYNC or (behind and self.helps_now(message)):
            self.effects.extend(self.engine.forward(api.Supply(message.height, message.sender)))

    def helps_now(self, message: Message) -> bool:
        """Whether we have not yet helped its sender at this place; remembers that we have."""
        memory, place = self.memory, (message.height, message.round)
        if memory.helped.get(message.sender, (0, -1)) >= place:
            return False
        memory.helped = {**memory.helped, message.sender: place}
        return True

    def repeat(self, message: Message) -> None:
        """Give a member that came back everything we heard at this height (CON-007)."""
        for heard in self.heard():
            self.effects.extend(self.engine.forward(api.Forward(heard, (message.sender,))))

    def ask_around(self) -> None:
        """Tell everybody where we stand and that we may have missed something (CON-007)."""
        memory, engine = self.memory, self.engine
        question = Message(SYNC, memory.height, memory.round, engine.member, Sync())
        self.effects.append(api.Send(engine.notary.sign(question)))
