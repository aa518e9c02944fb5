"""Tendermint: one height at a time, rounds with a rotating proposer, two votes, and a lock that moves only on proof.

Why this engine is the reference: it is the published algorithm (Buchman, Kwon, Milosevic, "The latest gossip on BFT
consensus", arXiv 1807.04938, algorithm 1), line by line. Each rule is one small method and names its lines, so that a
reader can hold the paper beside it. Four things are added that the paper assumes or leaves out, each a clause:
relaying what was heard (CON-006), helping those behind (CON-007), recording before speaking (CON-005), and a proposal
that is acceptable but not timely gets a nil prevote the first time (CON-018).

It must not know what a payload means, who transports messages, what time it is, or how a signature is made.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from refimpl.consensus import interface as api
from refimpl.consensus.interface import Promise, Validators
from refimpl.consensus.tendermint_memory import (
    DECIDED,
    EMPTY,
    PRECOMMIT,
    PREVOTE,
    PROPOSE,
    SYNC,
    Log,
    Memory,
    RoundLog,
    proposal_in,
    vote_in,
)
from refimpl.data.ids import Digest, Height, MemberId, Round, Signature
from refimpl.data.limits import CONSENSUS_MESSAGES_AHEAD, CONSENSUS_ROUNDS_AHEAD, CONSENSUS_VARIANTS
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import READERS, Body, Decided, Message, Proposal, Sync, Vote

PROMISE = Promise(
    engine="tendermint", faults="byzantine", threshold=(1, 3), finality={"kind": "immediate"},
    safety_net="asynchronous", live_net="partial", links="p2p", phases=(PROPOSE, PREVOTE, PRECOMMIT),
    certificates=True, evidence=True, delta=1, timeout=(3, 1), commits=PRECOMMIT,
    asides=(DECIDED, SYNC),
)  # fmt: skip


class Tendermint:
    """The engine of one member. Immutable; see `refimpl.consensus.interface.Engine`."""

    promise = PROMISE

    def __init__(self, member: MemberId, notary: api.Notary) -> None:
        self.member = member
        self.notary = notary

    def start(self) -> Memory:
        """The memory of a node that has seen nothing."""
        return Memory()

    def step(self, state: Memory, event: api.Input) -> api.Step:
        """One input; see `Engine.step`."""
        work = _Work(self, state.fork())
        match event:
            case api.Receive(message):
                work.receive(message)
            case api.Expire(timer):
                work.expire(timer)
            case api.Verdict():
                work.judge(event)
            case api.Offer():
                work.offer(event)
            case api.Begin(height, validators):
                work.begin(height, validators)
        return work.done()

    def recover(self, state: Memory, begin: api.Begin, records: Sequence[Message]) -> api.Step:
        """Take up the height where the records end, say again what was said, and ask for what was missed (CON-008)."""
        work = _Work(self, state.fork())
        work.resume(begin, [message for message in records if message.height == begin.height])
        return work.done()

    def supply(self, height: Height, round: Round, value: Digest, payload: bytes,
               votes: Sequence[tuple[MemberId, Signature]]) -> Message:  # fmt: skip
        """A `decided` message for a member that is behind."""
        return self.notary.sign(Message(DECIDED, height, round, self.member, Decided(value, payload, tuple(votes))))

    def where(self, state: Memory) -> str:
        """Height, round, step and lock."""
        return f"height {state.height} round {state.round} step {state.step} locked {state.locked_round}"

    # --- The rules of the paper, one method each. None of them changes anything. ---

    def proposer(self, memory: Memory, round_: Round) -> MemberId:
        """proposer(h, r): the members in order of name take turns, beginning one later at each height (CON-010)."""
        members = memory.validators.members
        return members[(memory.height - 1 + round_) % len(members)]

    def may_propose(self, memory: Memory, message: Message) -> bool:
        """Only the proposer of a round is heard as such (CON-010)."""
        return message.sender == self.proposer(memory, message.round)

    def hear(self, log: Log, message: Message) -> Log:
        """The log with this statement in it, once (CON-011)."""
        if any(message[3:5] == heard[3:5] for heard in log):
            return log
        variants = sum(heard.sender == message.sender for heard in log)
        return log if variants >= CONSENSUS_VARIANTS else (*log, message)

    def weight_for(self, memory: Memory, log: Log, value: Digest | None) -> int:
        """The weight of the members that voted exactly this."""
        return memory.validators.weigh([vote.sender for vote in log if vote_in(vote) == value])

    def weight_of(self, memory: Memory, log: Iterable[Message]) -> int:
        """The weight of the members that voted anything; who voted twice weighs once."""
        return memory.validators.weigh({vote.sender for vote in log})

    def quorum(self, memory: Memory, weight: int) -> bool:
        """2f + 1 in the words of the paper (CON-002)."""
        return memory.validators.is_quorum(weight)

    def has_polka(self, memory: Memory, round_: int, value: Digest | None) -> bool:
        """A quorum of prevotes for one value in one round."""
        return self.quorum(memory, self.weight_for(memory, memory.log(round_).prevotes, value))

    def accepts_new(self, memory: Memory, value: Digest) -> bool:
        """Line 23: nothing is locked, or this is what is locked (CON-012)."""
        return memory.locked_round == -1 or memory.locked_value == value

    def accepts_proven(self, memory: Memory, value: Digest, valid_round: int) -> bool:
        """Line 29: the proof of lock is no older than our lock, or this is what is locked (CON-013)."""
        return memory.locked_round <= valid_round or memory.locked_value == value

    def choice(self, memory: Memory) -> Digest | None:
        """Lines 15 and 16: what a proposer must propose again, or None for something new (CON-014)."""
        return memory.valid_value

    def lock(self, memory: Memory, value: Digest, round_: Round) -> tuple[Digest | None, int]:
        """Lines 38 and 39: the lock after a polka seen in the prevote step (CON-015)."""
        return value, round_

    def precommits_that_decide(self, memory: Memory, round_: Round) -> Log:
        """Line 49: the precommits that count for a decision of this round (CON-016)."""
        return memory.log(round_).precommits

    def decides(self, memory: Memory, weight: int) -> bool:
        """Line 49: whether precommits of this weight decide (CON-016)."""
        return self.quorum(memory, weight)

    def skips(self, memory: Memory, weight: int) -> bool:
        """Line 55: whether members of this weight in a higher round draw us there (CON-017)."""
        return memory.validators.has_correct(weight)

    def timeout(self, round_: Round) -> int:
        """timeoutX(r) in ticks: t0 + r * d, so that some round outlasts any delay (CON-009)."""
        first, growth = self.promise.timeout
        return first + round_ * growth

    def speak(self, message: Message) -> tuple[api.Effect, ...]:
        """A statement of ours is recorded before anybody can hear it (CON-005)."""
        return api.Record(message), api.Send(message)

    def names(self, value: Digest, payload: bytes) -> bool:
        """Whether this is the digest by which votes name this payload (CON-020)."""
        return self.notary.value_of(payload) == value

    def forward(self, effect: api.Forward | api.Supply) -> tuple[api.Effect, ...]:
        """Whether we pass on what others said: always (CON-006, CON-007)."""
        return (effect,)

    def verify_decided(self, memory: Memory, message: Message, body: Decided) -> None:
        """Raise `Refused(Code.CONSENSUS_NO_QUORUM)` unless distinct members of a quorum precommitted it (CON-016)."""
        voters = [member for member, _ in body.votes]
        if voters != sorted(set(voters)) or not self.decides(memory, memory.validators.weigh(voters)):
            raise Refused(Code.CONSENSUS_NO_QUORUM, "/body/votes", got=len(voters))
        if not self.names(body.value, body.payload):
            raise Refused(Code.CONSENSUS_WRONG_BLOCK, "/body/value", got=body.value.hex())
        for member, signature in body.votes:
            vote = Message(PRECOMMIT, message.height, message.round, member, Vote(body.value), signature)
            self.notary.verify(vote)


class _Work:
    """One step under way: a fork of the memory and the effects so far."""

    def __init__(self, engine: Tendermint, memory: Memory) -> None:
        self.engine = engine
        self.memory = memory
        self.effects: list[api.Effect] = []

    def done(self) -> api.Step:
        """The finished step."""
        return api.Step(self.memory, tuple(self.effects))

    # --- inputs ---

    def begin(self, height: Height, validators: Validators) -> None:
        """Lines 50 to 54 and 10: a fresh height, round 0, and what was heard ahead of time."""
        memory = self.memory
        if height != memory.height + 1 and memory.height != 0:
            raise Refused(Code.CONSENSUS_WRONG_HEIGHT, expected=memory.height + 1, got=height)
        self.memory = Memory(
            height=height, validators=validators, helped=memory.helped, running=True,
            last_round=memory.last_round, previous=memory.rounds, seen=memory.seen,
        )  # fmt: skip
        self.start_round(Round(0))
        if memory.behind or height <= memory.seen:
            self.ask_around()
        for message in memory.ahead:
            if message.height == height and self.memory.running and message.sender in validators.weights:
                with suppress(Refused):  # what waited is refused now as it would have been on arrival
                    self.take(message)

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
            self.hear(message)

    def hear(self, message: Message) -> None:
        """A message of the present height, noted, passed on, and acted upon."""
        memory = self.memory
        most = memory.round + CONSENSUS_ROUNDS_AHEAD
        if message.round > most:
            raise Refused(Code.NET_TOO_FAR_AHEAD, "/round", most=most, got=message.round)
        self.verify_validator(message)
        body = message.body
        if isinstance(body, Decided):
            self.engine.verify_decided(memory, message, body)
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

    def expire(self, timer: api.Timer) -> None:
        """Lines 57 to 67: a phase of the present round took too long."""
        memory = self.memory
        if (timer.height, timer.round) != (memory.height, memory.round) or not memory.running:
            return
        if timer.phase == PROPOSE and memory.step == PROPOSE:
            self.vote(PREVOTE, None)  # line 59
        elif timer.phase == PREVOTE and memory.step == PREVOTE:
            self.vote(PRECOMMIT, None)  # line 63
        elif timer.phase == PRECOMMIT:
            self.start_round(Round(memory.round + 1))  # line 67
        self.apply_rules()

    def offer(self, offer: api.Offer) -> None:
        """Line 18: getValue() came back; propose it if it is still our turn and we have not spoken."""
        memory = self.memory
        here = (offer.height, offer.round) == (memory.height, memory.round) and memory.running
        if here and memory.step == PROPOSE and not memory.log(memory.round).proposals:
            known = api.Verdict(offer.height, offer.value, True, True)
            memory.verdicts = {**memory.verdicts, offer.value: known}
            self.propose(Proposal(offer.value, offer.payload, -1))
            self.apply_rules()

    def judge(self, verdict: api.Verdict) -> None:
        """valid(v) is known."""
        if verdict.height == self.memory.height and self.memory.running:
            self.memory.verdicts = {**self.memory.verdicts, verdict.value: verdict}
            self.apply_rules()

    # --- speaking ---

    def say(self, kind: str, body: Body) -> None:
        """Sign, record, send, and hear ourselves (CON-004, CON-005)."""
        memory = self.memory
        message = Message(kind, memory.height, memory.round, self.engine.member, body)
        signed = self.engine.notary.sign(message)
        self.effects.extend(self.engine.speak(signed))
        self.note(signed)

    def propose(self, proposal: Proposal) -> None:
        """Line 19."""
        self.say(PROPOSE, proposal)

    def vote(self, kind: str, value: Digest | None) -> None:
        """Prevote or precommit, and move to that step."""
        self.memory.step = kind
        self.say(kind, Vote(value))

    def start_round(self, round_: Round) -> None:
        """Lines 11 to 21."""
        memory, engine = self.memory, self.engine
        memory.round, memory.step = round_, PROPOSE
        if engine.proposer(memory, round_) != engine.member:
            self.set_timer(PROPOSE)  # line 21
            return
        value = engine.choice(memory)
        if value is None:
            self.effects.append(api.AskPayload(memory.height, round_))  # line 18
        else:
            self.propose(Proposal(value, self.payload_of(value), memory.valid_round))  # line 16

    def set_timer(self, phase: str) -> None:
        """schedule OnTimeout of this phase of the present round."""
        memory = self.memory
        timer = api.Timer(phase, memory.height, memory.round)
        self.effects.append(api.SetTimer(timer, self.engine.timeout(memory.round)))

    def payload_of(self, value: Digest) -> bytes:
        """The payload of a value that is valid here: some proposal of this height carried it."""
        for log in self.memory.rounds.values():
            for message in log.proposals:
                if proposal_in(message).value == value:
                    return proposal_in(message).payload
        raise AssertionError("a valid value was proposed at this height")

    # --- hearing ---

    def note(self, message: Message) -> bool:
        """Put a statement into the log of its round; False if it was there. A contradiction becomes evidence."""
        memory, engine = self.memory, self.engine
        log = memory.log(message.round)
        if message.kind == PROPOSE:
            self.check_proposal(message)
            old, name = log.proposals, "proposals"
        elif message.kind in (PREVOTE, PRECOMMIT):
            old, name = (log.prevotes, "prevotes") if message.kind == PREVOTE else (log.precommits, "precommits")
        else:
            return False
        new = engine.hear(old, message)
        if new is old:
            return False
        parts = {"proposals": log.proposals, "prevotes": log.prevotes, "precommits": log.precommits, name: new}
        memory.rounds = {**memory.rounds, message.round: RoundLog(**parts, fired=log.fired)}
        self.accuse(old, message)
        if isinstance(message.body, Proposal) and message.body.value not in memory.verdicts:
            body = message.body
            self.effects.append(api.AskVerdict(memory.height, body.value, body.payload, message.sender))
        return True

    def check_proposal(self, message: Message) -> None:
        """Raise `Refused` unless the rightful proposer sent it and its value names its payload (CON-010, CON-020)."""
        body = proposal_in(message)
        if not self.engine.may_propose(self.memory, message):
            raise Refused(Code.CONSENSUS_WRONG_PROPOSER, "/from", got=message.sender)
        if not self.engine.names(body.value, body.payload):
            raise Refused(Code.CONSENSUS_WRONG_BLOCK, "/body/value", got=body.value.hex())
        if body.valid_round >= message.round:
            at, most = "/body/valid_round", message.round - 1
            raise Refused(Code.CONSENSUS_BAD_VALID_ROUND, at, most=most, got=body.valid_round)

    def accuse(self, old: Log, message: Message) -> None:
        """Two different statements of one member, kind, height and round are evidence (CON-019)."""
        for heard in old:
            if heard.sender == message.sender and heard.body != message.body:
                self.effects.append(api.Accuse(message.sender, heard, message))
                return

    def keep_for_later(self, message: Message) -> None:
        """A message of the next height waits, up to a limit, until that height begins."""
        memory = self.memory
        if message in memory.ahead or len(memory.ahead) >= CONSENSUS_MESSAGES_AHEAD:
            return
        self.verify_validator(message)
        memory.ahead = (*memory.ahead, message)

    # --- helping ---

    def help(self, message: Message) -> None:
        """The sender has not decided a height that we have: bring it over, once for each of its rounds (CON-007)."""
        memory = self.memory
        last = memory.height - memory.running
        late = message.kind == PRECOMMIT and message.round <= memory.last_round
        behind = message.height < last or not (late or self.was_heard(message))
        if message.sender == self.engine.member or message.kind == DECIDED:
            return
        if message.kind == SYNC or (behind and self.helps_now(message)):
            self.effects.extend(self.engine.forward(api.Supply(message.height, message.sender)))

    def was_heard(self, message: Message) -> bool:
        """Whether this statement was heard before its height was decided: then it is an echo and says nothing new."""
        log = (self.memory.previous if self.memory.running else self.memory.rounds).get(message.round, EMPTY)
        return any(message[3:5] == heard[3:5] for heard in (*log.proposals, *log.prevotes, *log.precommits))

    def helps_now(self, message: Message) -> bool:
        """Whether we have not yet helped its sender at this place; remembers that we have."""
        memory, place = self.memory, (message.height, message.round)
        if memory.helped.get(message.sender, (0, -1)) >= place:
            return False
        memory.helped = {**memory.helped, message.sender: place}
        return True

    def repeat(self, message: Message) -> None:
        """Give a member that came back everything we heard at this height (CON-007)."""
        for _, log in sorted(self.memory.rounds.items()):
            for heard in (*log.proposals, *log.prevotes, *log.precommits):
                self.effects.extend(self.engine.forward(api.Forward(heard, (message.sender,))))

    def ask_around(self) -> None:
        """Tell everybody where we stand and that we may have missed something (CON-007)."""
        memory, engine = self.memory, self.engine
        question = Message(SYNC, memory.height, memory.round, engine.member, Sync())
        self.effects.append(api.Send(engine.notary.sign(question)))

    def resume(self, begin: api.Begin, records: Sequence[Message]) -> None:
        """The state that our own recorded words imply (CON-008)."""
        self.memory = Memory(height=begin.height, validators=begin.validators, running=True, behind=True)
        spoken = [message for message in records if message.sender == self.engine.member]
        if not spoken:
            self.start_round(Round(0))
        for message in records:
            self.note(message)
        for message in sorted(spoken, key=lambda said: (said.round, PROMISE.phases.index(said.kind))):
            self.recall(message)
            self.effects.append(api.Send(message))
        if spoken:
            self.set_timer(self.memory.step)
        self.ask_around()

    def recall(self, message: Message) -> None:
        """Our own word binds us: round, step, and the lock that a precommit implies."""
        memory = self.memory
        memory.round, memory.step = message.round, message.kind
        if message.kind == PRECOMMIT and vote_in(message) is not None:
            memory.locked_value, memory.locked_round = vote_in(message), message.round
            memory.valid_value, memory.valid_round = vote_in(message), message.round

    # --- the rules "upon" ---

    def apply_rules(self) -> None:
        """Apply what the messages allow until nothing more happens; each pass changes step, round or `fired`."""
        while self.memory.running and (
            self.decide() or self.skip_round() or self.answer_proposal() or self.see_polka() or self.wait_for_votes()
        ):
            pass

    def decide(self) -> bool:
        """Line 49, in any round of this height."""
        memory, engine = self.memory, self.engine
        for round_, log in memory.rounds.items():
            precommits = engine.precommits_that_decide(memory, round_)
            for message in log.proposals if precommits else ():
                body = proposal_in(message)
                verdict = memory.verdicts.get(body.value)
                weight = engine.weight_for(memory, precommits, body.value)
                if verdict is not None and verdict.acceptable and engine.decides(memory, weight):
                    votes = {vote.sender: vote.signature for vote in precommits if vote_in(vote) == body.value}
                    self.finish(round_, body.value, body.payload, sorted(votes.items()))
                    return True
        return False

    def finish(self, round_: Round, value: Digest, payload: bytes, votes: Sequence[tuple[MemberId, Signature]]) -> None:
        """decision[h] = v; the next height begins when the node says so."""
        self.memory.running = False
        self.memory.last_round = round_
        self.effects.append(api.Decide(self.memory.height, round_, value, payload, tuple(votes)))

    def skip_round(self) -> bool:
        """Line 55."""
        memory = self.memory
        for round_ in sorted(memory.rounds, reverse=True):
            if round_ <= memory.round:
                return False
            log = memory.rounds[round_]
            heard = (*log.proposals, *log.prevotes, *log.precommits)
            if self.engine.skips(memory, self.engine.weight_of(memory, heard)):
                self.start_round(round_)
                return True
        return False

    def answer_proposal(self) -> bool:
        """Lines 22 and 28: prevote."""
        memory, engine = self.memory, self.engine
        if memory.step != PROPOSE:
            return False
        for message in memory.log(memory.round).proposals:
            body = proposal_in(message)
            verdict = memory.verdicts.get(body.value)
            if verdict is None:
                continue
            if body.valid_round == -1:  # line 22
                accepted = verdict.acceptable and verdict.timely and engine.accepts_new(memory, body.value)
            elif 0 <= body.valid_round < memory.round and engine.has_polka(memory, body.valid_round, body.value):
                accepted = verdict.acceptable and engine.accepts_proven(memory, body.value, body.valid_round)  # line 28
            else:
                continue
            self.vote(PREVOTE, body.value if accepted else None)
            return True
        return False

    def see_polka(self) -> bool:
        """Lines 36 and 44: a quorum of prevotes for a value, or for nil."""
        memory, engine = self.memory, self.engine
        if memory.step == PROPOSE:
            return False
        if memory.step == PREVOTE and engine.has_polka(memory, memory.round, None):  # line 44
            self.vote(PRECOMMIT, None)
            return True
        log = memory.log(memory.round)
        if "polka" in log.fired:
            return False
        for message in log.proposals:
            value = proposal_in(message).value
            verdict = memory.verdicts.get(value)
            if verdict is not None and verdict.acceptable and engine.has_polka(memory, memory.round, value):
                self.mark("polka")
                memory.valid_value, memory.valid_round = value, memory.round  # lines 42, 43
                if memory.step == PREVOTE:  # lines 37 to 41
                    memory.locked_value, memory.locked_round = engine.lock(memory, value, memory.round)
                    self.effects.append(api.Record(message))
                    self.vote(PRECOMMIT, value)
                return True
        return False

    def wait_for_votes(self) -> bool:
        """Lines 34 and 47: votes of a quorum that do not agree start a clock, once a round."""
        memory, engine = self.memory, self.engine
        log = memory.log(memory.round)
        for phase, votes, open_ in (
            (PREVOTE, log.prevotes, memory.step == PREVOTE),
            (PRECOMMIT, log.precommits, True),
        ):
            if open_ and phase not in log.fired and engine.quorum(memory, engine.weight_of(memory, votes)):
                self.mark(phase)
                self.set_timer(phase)
                return True
        return False

    def mark(self, rule: str) -> None:
        """This rule has had its first time in the present round."""
        memory = self.memory
        log = memory.log(memory.round)
        marked = RoundLog(log.proposals, log.prevotes, log.precommits, log.fired | {rule})
        memory.rounds = {**memory.rounds, memory.round: marked}


ENGINE = api.Kind(PROMISE, READERS, Tendermint)
