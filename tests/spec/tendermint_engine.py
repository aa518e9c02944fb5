"""The real engine of a member, put where the model of Tendermint has a member, and driven to take the model's steps.

How a state of the engine is read as a state of the model, in words:

- *Messages.* What the model calls said is what the engine has signed and sent. A member of the model may act on
  anything said; the adapter hands the engine just the messages that the step needs, which a network may do. A liar's
  vote is made when somebody is to count it.
- *Help.* Relays, `sync`, and help for those behind carry no new statement; they are left out, and so are timers: a
  time-out of the model is a timer that the engine has asked for and that rings.
- *At once.* A proposer hears itself (CON-004): its own prevote follows its proposal in the same step of the engine. The
  model lets time pass between the two, so what the engine said beyond the step of the model is *held* until the model
  comes to it. In traces and walks a proposer therefore answers its own proposal before it does anything else.
- *Verdicts.* A value that is not valid or not timely gets a nil prevote; in the model that is the time-out of the step
  propose, which may come at any time.
- *After the decision* the engine stands where it stood; the model's step is `decided`.
"""

from collections.abc import Iterator

from attrs import evolve, frozen

from conformance.adapters.reference import Book, IdealNotary, name_of
from refimpl.consensus import interface as api
from refimpl.consensus.interface import Validators
from refimpl.consensus.tendermint import Tendermint as Engine
from refimpl.consensus.tendermint_memory import Memory
from refimpl.data.ids import Digest, Height, MemberId, Round, Signature
from refimpl.network.messages import Decided, Message, Proposal, Vote
from tests.spec import tendermint_model as model
from tests.spec.explore import Diverged
from tests.spec.tendermint_model import DECIDED, NIL, NONE, PRECOMMIT, PREVOTE, PROPOSE, Did, Local, State

UNACCEPTABLE = "X"
"""A payload that no member accepts; only a liar proposes it."""


@frozen
class Said:
    """A statement in the words of the model."""

    kind: str
    r: int
    v: str
    vr: int = -1


@frozen
class Seat:
    """One member: the engine's memory, the timers it has asked for, what it decided, what is held back."""

    memory: Memory
    timers: frozenset[api.Timer] = frozenset()
    decision: str = NIL
    held: tuple[Said, ...] = ()


class Cast:
    """The members of one instance of the model: the book of signatures, the engines, and the liars' pens."""

    def __init__(self, machine: model.Tendermint, make: type[Engine] = Engine) -> None:
        """`make` is the engine that all correct members run."""
        self.machine = machine
        self.book = Book()
        self.names = [MemberId(f"n{i:02d}") for i in range(machine.n)]
        self.validators = Validators.of(dict.fromkeys(self.names, 1))
        self.height = Height(machine.first + 1)
        """At this height the member that begins in the model proposes in round 0."""
        self.engines = [make(name, IdealNotary(name, self.book)) for name in self.names]
        payloads = (*machine.values, UNACCEPTABLE)
        self.digest: dict[str, Digest | None] = {v: name_of(v.encode()) for v in payloads} | {NIL: None}
        self.value = {digest: v for v, digest in self.digest.items()}
        self.liars = range(len(machine.correct), machine.n)
        self.steps = 0
        """How many inputs the engines were given."""

    # --- statements ---

    def message(self, sender: int, said: Said) -> Message:
        """A statement as a message without signature."""
        digest = self.digest[said.v]
        if said.kind == PROPOSE:
            assert digest is not None
            body: Proposal | Vote = Proposal(digest, said.v.encode(), said.vr)
        else:
            body = Vote(digest)
        return Message(said.kind, self.height, Round(said.r), self.names[sender], body)

    def signed(self, sender: int, said: Said) -> Message:
        """The signed message: a liar signs anything, a correct member's must have been signed by its engine."""
        message = self.message(sender, said)
        if sender not in self.machine.correct:
            return self.book.enter(message)
        if message not in self.book.numbers:
            raise Diverged(f"member {sender} never said {said}")
        return self.book.enter(message)

    def said(self, message: Message) -> Said:
        """A message in the words of the model."""
        body = message.body
        assert isinstance(body, Proposal | Vote)
        vr = body.valid_round if isinstance(body, Proposal) else -1
        return Said(message.kind, message.round, self.value[body.value], vr)

    # --- feeding an engine ---

    def seats(self) -> tuple[Seat, ...]:
        """Every correct member before it has begun."""
        return tuple(Seat(self.engines[p].start()) for p in self.machine.correct)

    def feed(self, p: int, seat: Seat, event: api.Input, offer: str = NONE) -> tuple[Seat, list[Said]]:
        """The seat after an input, its questions answered at once, and what the member said; `offer` is a new value."""
        if isinstance(event, api.Expire):
            if event.timer not in seat.timers:
                raise Diverged(f"member {p} has not asked for the timer {event.timer.name}")
            seat = evolve(seat, timers=seat.timers - {event.timer})
        waiting, said = [event], list[Said]()
        while waiting:
            self.steps += 1
            memory, effects = self.engines[p].step(seat.memory, waiting.pop(0))
            seat = evolve(seat, memory=memory)
            for effect in effects:
                seat = self.note(p, seat, effect, said)
                waiting += self.answers(effect, offer)
        return seat, said

    def note(self, p: int, seat: Seat, effect: api.Effect, said: list[Said]) -> Seat:
        """What an effect means here."""
        match effect:
            case api.Send(message=message) if isinstance(message.body, Proposal | Vote):
                said.append(self.said(message))
            case api.SetTimer(timer, _):
                return evolve(seat, timers=seat.timers | {timer})
            case api.Accuse(against, _, _):
                assert self.names.index(against) not in self.machine.correct, "INV-A2: a correct member is accused"
            case api.Decide():
                self.check_decision(effect)
                return evolve(seat, decision=self.value[effect.value])
        return seat

    def answers(self, effect: api.Effect, offer: str) -> Iterator[api.Input]:
        """What the node answers to a question."""
        match effect:
            case api.AskVerdict(height=height, value=value):
                yield api.Verdict(height, value, acceptable=self.value[value] != UNACCEPTABLE, timely=True)
            case api.AskPayload(height=height, round=round_):
                digest = self.digest[offer]
                assert digest is not None
                yield api.Offer(height, round_, offer.encode(), digest)

    def check_decision(self, decided: api.Decide) -> None:
        """INV-S6: the votes are a quorum's, and everyone was cast."""
        assert self.validators.is_quorum(self.validators.weigh([name for name, _ in decided.votes]))
        for name, mark in decided.votes:
            assert self.book.entries[mark] == Message(
                PRECOMMIT, decided.height, decided.round, name, Vote(decided.value), mark
            )

    def has(self, seat: Seat, message: Message) -> bool:
        """Whether the engine has logged this message already."""
        log = seat.memory.log(message.round)
        logged = {PROPOSE: log.proposals, PREVOTE: log.prevotes, PRECOMMIT: log.precommits}[message.kind]
        return any((one.sender, one.body) == (message.sender, message.body) for one in logged)

    # --- reading a seat ---

    def local(self, seat: Seat) -> Local:
        """The member as the model sees it: without what is held."""
        memory = seat.memory
        if memory.height == 0:
            return Local()
        step = DECIDED if seat.decision != NIL else PROPOSE if seat.held else memory.step
        return Local(
            memory.round, step, self.value[memory.locked_value], memory.locked_round,
            self.value[memory.valid_value], memory.valid_round, seat.decision,
        )  # fmt: skip

    # --- one step of the model, taken by the engine ---

    def take(self, seats: tuple[Seat, ...], before: State, did: Did, after: State) -> tuple[Seat, ...]:
        """The seats after the engine of `did.p` has taken the step; raises `Diverged` unless it comes to `after`."""
        p, wanted = did.p, statements(self.machine, before, after, did.p)
        seat, said = seats[p], list[Said]()
        if seat.held:
            said, seat = list(seat.held), evolve(seat, held=())
        else:
            for event in self.inputs(before, seat, did):
                if self.is_known(seat, event):
                    continue
                seat, more = self.feed(p, seat, event, did.v)
                said += more
                if said == wanted and self.local(seat) == after.local[p] != before.local[p]:
                    break
        if set(said) > set(wanted) and said[: len(wanted)] == wanted and said[len(wanted)].kind == PREVOTE:
            said, seat = wanted, evolve(seat, held=tuple(said[len(wanted) :]))
        if said != wanted or self.local(seat) != after.local[p]:
            raise Diverged(f"{did}: said {said}, {self.local(seat)}; the model says {wanted}, {after.local[p]}")
        return (*seats[:p], seat, *seats[p + 1 :])

    def is_known(self, seat: Seat, event: api.Input) -> bool:
        """Whether a message was heard before."""
        if not isinstance(event, api.Receive) or isinstance(event.message.body, Decided):
            return False
        return self.has(seat, event.message)

    def inputs(self, state: State, seat: Seat, did: Did) -> Iterator[api.Input]:
        """What to hand to the engine of a member so that it takes this step and no other."""
        match did.act:
            case "begin":
                yield api.Begin(self.height, self.validators)
            case "onProposal":
                if did.vr >= 0:
                    yield from self.quorum(state, did.p, Said(PREVOTE, did.vr, did.v))
                yield self.proposal(did)
            case "onTimeoutPropose":
                yield self.ring(seat, PROPOSE)
            case "onPolka":
                yield from self.quorum(state, did.p, Said(PREVOTE, did.r, did.v))
                yield self.proposal(did)
            case "onPrevotes":
                yield from self.disagreement(state, seat, PREVOTE)
                yield self.ring(seat, PREVOTE)
            case "onPrecommits":
                yield from self.disagreement(state, seat, PRECOMMIT)
                yield self.ring(seat, PRECOMMIT)
            case "skipTo":
                yield from self.company(state, did)
            case "decide" if did.r <= seat.memory.round:
                yield from self.quorum(state, did.p, Said(PRECOMMIT, did.r, did.v))
                vr = next(vr for v, vr in sorted(state.proposals[did.r]) if v == did.v)
                yield self.proposal(Did(did.act, did.p, did.r, did.v, vr))
            case "decide":
                yield self.decided(state, did)

    def proposal(self, did: Did) -> api.Input:
        """The proposal of a round."""
        return api.Receive(self.signed(self.machine.proposer(did.r), Said(PROPOSE, did.r, did.v, did.vr)))

    def voters(self, state: State, said: Said) -> list[int]:
        """The correct members that voted for this, then all liars."""
        votes = state.prevotes if said.kind == PREVOTE else state.precommits
        mine = [q for q in self.machine.correct if votes[said.r][q] == said.v]
        return [*mine, *self.liars]

    def quorum(self, state: State, p: int, said: Said) -> Iterator[api.Input]:
        """Votes of others that make a quorum for a value, with p's own if it is among them."""
        voters = self.voters(state, said)
        for q in sorted(voters, key=lambda q: q != p)[: self.machine.quorum]:
            if q != p:
                yield api.Receive(self.signed(q, said))

    def disagreement(self, state: State, seat: Seat, kind: str) -> Iterator[api.Input]:
        """As many votes in the present round as make a quorum; the liars vote for what nobody proposed."""
        r = seat.memory.round
        votes = (state.prevotes if kind == PREVOTE else state.precommits)[r]
        log = seat.memory.log(r)
        heard = {vote.sender for vote in (log.prevotes if kind == PREVOTE else log.precommits)}
        lies = [(q, UNACCEPTABLE) for q in self.liars[: self.machine.f]]
        for q, v in [*lies, *((q, votes[q]) for q in self.machine.correct if votes[q] != NONE)]:
            if len(heard) < self.machine.quorum and self.names[q] not in heard:
                heard.add(self.names[q])
                yield api.Receive(self.signed(q, Said(kind, r, v)))

    def company(self, state: State, did: Did) -> Iterator[api.Input]:
        """Statements of a higher round by f + 1 members, the liars among them; votes rather than proposals."""
        for q in self.liars[: self.machine.f]:
            yield api.Receive(self.signed(q, Said(PREVOTE, did.r, UNACCEPTABLE)))
        for q in self.machine.correct:
            for kind, votes in ((PREVOTE, state.prevotes), (PRECOMMIT, state.precommits)):
                if votes[did.r][q] != NONE:
                    yield api.Receive(self.signed(q, Said(kind, did.r, votes[did.r][q])))
                    return
        [(v, _)] = state.proposals[did.r]  # a correct proposer alone; its own prevote, held or not, is on its way too
        yield api.Receive(self.signed(self.machine.proposer(did.r), Said(PREVOTE, did.r, v)))

    def decided(self, state: State, did: Did) -> api.Input:
        """A decision of a higher round, with the signatures that prove it."""
        said = Said(PRECOMMIT, did.r, did.v)
        voters = sorted(self.voters(state, said)[-self.machine.quorum :])
        votes = tuple((self.names[q], self.signed(q, said).signature) for q in voters)
        return self.decision(did, votes)

    def decision(self, did: Did, votes: tuple[tuple[MemberId, Signature], ...]) -> api.Input:
        """A `decided` message of the last liar."""
        digest = self.digest[did.v]
        assert digest is not None
        body = Decided(digest, did.v.encode(), votes)
        liar = self.names[-1]
        message = Message("decided", self.height, Round(did.r), liar, body)
        return api.Receive(self.book.enter(message))

    def ring(self, seat: Seat, phase: str) -> api.Input:
        """A time-out of a phase of the present round."""
        return api.Expire(api.Timer(phase, self.height, seat.memory.round))


def statements(machine: model.Tendermint, before: State, after: State, p: int) -> list[Said]:
    """What a member said in a step of the model, in order."""
    said = []
    for r, (old, new) in enumerate(zip(before.proposals, after.proposals, strict=True)):
        said += [Said(PROPOSE, r, v, vr) for v, vr in new - old if machine.proposer(r) == p]
    for kind, old, new in zip((PREVOTE, PRECOMMIT), before[2:], after[2:], strict=True):
        said += [Said(kind, r, new[r][p]) for r in range(len(new)) if new[r][p] != old[r][p]]
    return said
