"""Tendermint: one height at a time, rounds with a rotating proposer, two votes, and a lock that moves only on proof.

Why this engine is the reference: it is the published algorithm (Buchman, Kwon, Milosevic, "The latest gossip on BFT
consensus", arXiv 1807.04938, algorithm 1), line by line. Each rule is one small method and names its lines, so that a
reader can hold the paper beside it. What the paper assumes of the network and of time is in `heights`: relaying what
was heard (CON-006), helping those behind (CON-007), recording before speaking (CON-005). One rule is added here: a
proposal that is acceptable but not timely gets a nil prevote the first time (CON-018).

It must not know what a payload means, who transports messages, what time it is, or how a signature is made.
"""

from collections.abc import Iterable, Sequence

from refimpl.consensus import interface as api
from refimpl.consensus.heights import DECIDED, SYNC, HeightEngine, HeightWork, Log
from refimpl.consensus.interface import Promise, Validators
from refimpl.consensus.tendermint_memory import (
    EMPTY,
    PRECOMMIT,
    PREVOTE,
    PROPOSE,
    Memory,
    RoundLog,
    proposal_in,
    vote_in,
)
from refimpl.data.ids import Digest, Height, MemberId, Round
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import READERS, Message, Proposal, Vote

PROMISE = Promise(
    engine="tendermint", faults="byzantine", threshold=(1, 3), finality={"kind": "immediate"},
    safety_net="asynchronous", live_net="partial", links="p2p", phases=(PROPOSE, PREVOTE, PRECOMMIT),
    certificates=True, evidence=True, delta=1, timeout=(3, 1), commits=PRECOMMIT,
    asides=(DECIDED, SYNC),
)  # fmt: skip


class Tendermint(HeightEngine):
    """The engine of one member. Immutable; see `refimpl.consensus.interface.Engine`."""

    promise = PROMISE

    def start(self) -> Memory:
        """The memory of a node that has seen nothing."""
        return Memory()

    def step(self, state: Memory, event: api.Input) -> api.Step:
        """One input; see `Engine.step`."""
        return _Work(self, state.fork()).meet(event)

    def recover(self, state: Memory, begin: api.Begin, records: Sequence[Message]) -> api.Step:
        """Take up the height where the records end, say again what was said, and ask for what was missed (CON-008)."""
        work = _Work(self, state.fork())
        work.resume(begin, [message for message in records if message.height == begin.height])
        return work.done()

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

    def weight_for(self, memory: Memory, log: Log, value: Digest | None) -> int:
        """The weight of the members that voted exactly this."""
        return memory.validators.weigh([vote.sender for vote in log if vote_in(vote) == value])

    def weight_of(self, memory: Memory, log: Iterable[Message]) -> int:
        """The weight of the members that voted anything; who voted twice weighs once."""
        return memory.validators.weigh({vote.sender for vote in log})

    def has_polka(self, memory: Memory, round_: Round, value: Digest | None) -> bool:
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

    def skips(self, memory: Memory, weight: int) -> bool:
        """Line 55: whether members of this weight in a higher round draw us there (CON-017)."""
        return memory.validators.has_correct(weight)

    def timeout(self, round_: Round) -> int:
        """timeoutX(r) in ticks: t0 + r * d, so that some round outlasts any delay (CON-009)."""
        first, growth = self.promise.timeout
        return first + round_ * growth
class _Work(HeightWork):
    """One step under way."""

    engine: Tendermint
    memory: Memory

    # --- inputs ---

    def open(self, height: Height, validators: Validators, now: int) -> None:
        """Lines 50 to 54 and 10: a fresh height, round 0."""
        old = self.memory
        self.memory = Memory(
            height=height, validators=validators, helped=old.helped, running=True,
            last_round=old.last_round, previous=old.rounds, seen=old.seen,
        )  # fmt: skip
        self.start_round(Round(0))

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

    # --- speaking ---

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
            old = log.proposals
        elif message.kind in (PREVOTE, PRECOMMIT):
            old = log.prevotes if message.kind == PREVOTE else log.precommits
        else:
            return False
        new = engine.hear(old, message)
        if new is old:
            return False
        memory.rounds = {**memory.rounds, message.round: log.with_heard(message.kind, new)}
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

    def heard(self) -> Iterable[Message]:
        """Round by round, phase by phase."""
        for _, log in sorted(self.memory.rounds.items()):
            yield from (*log.proposals, *log.prevotes, *log.precommits)

    def was_heard(self, message: Message) -> bool:
        """Whether this statement was heard before its height was decided: then it is an echo and says nothing new."""
        log = (self.memory.previous if self.memory.running else self.memory.rounds).get(message.round, EMPTY)
        return any(message[3:5] == heard[3:5] for heard in (*log.proposals, *log.prevotes, *log.precommits))

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
            elif 0 <= body.valid_round < memory.round and engine.has_polka(memory, Round(body.valid_round), body.value):
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
