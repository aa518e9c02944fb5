"""PBFT: a stable primary in a numbered view, three phases, and a change of view that carries over what was prepared.

The protocol is that of Castro and Liskov ("Practical Byzantine fault tolerance and proactive recovery", ACM TOCS 20(4),
2002), with signatures. A sequence number is a height, so one is in progress at a time: the certificate of a decided
height is the stable checkpoint, the height after it the low watermark, the next one the high watermark (ADR 0008).
Votes are weighed. A primary prepares like the others, so that a prepared certificate is a quorum of `prepare` alone.

It must not know what a payload means, who transports messages, what time it is, or how a signature is made.
"""

from collections.abc import Iterable, Mapping, Sequence

from attrs import define, field
from msgspec import Struct
from msgspec.structs import replace

from refimpl.consensus import interface as api
from refimpl.consensus.heights import DECIDED, SYNC, HeightEngine, HeightWork, Log, Place
from refimpl.consensus.interface import Promise, Validators
from refimpl.consensus.pbft_messages import (
    COMMIT,
    NEWVIEW,
    PREPARE,
    PREPREPARE,
    READERS,
    VIEWCHANGE,
    Change,
    NewView,
    Proof,
    ViewChange,
)
from refimpl.data.ids import Digest, Height, MemberId, Round
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import Message, Proposal, Vote

PROMISE = Promise(
    engine="pbft", faults="byzantine", threshold=(1, 3), finality={"kind": "immediate"},
    safety_net="asynchronous", live_net="partial", links="p2p", phases=(PREPREPARE, PREPARE, COMMIT),
    certificates=True, evidence=False, delta=1, timeout=(6, 0), backoff="double", turns="round", rounds="views",
    commits=COMMIT, span=2, asides=(VIEWCHANGE, NEWVIEW, DECIDED, SYNC),
)  # fmt: skip


class ViewLog(Struct, frozen=True):
    """What was heard of one view at the present height, each log under the kind of its messages."""

    preprepare: Log = ()
    prepare: Log = ()
    commit: Log = ()
    viewchange: Log = ()


EMPTY = ViewLog()
"""A view of which nothing was heard."""


@define(slots=False)
class Memory(Place):
    """All that one member remembers. `round` is its view, or the view it wants while `changing`."""

    changing: bool = False
    """Whether we have left the last view and wait for the next one to be shown."""
    waiting: bool = False
    """Whether the clock of the awaited view runs."""
    base: int = 0
    """The view in which this height began: time-outs double from there."""
    prepared: Proof | None = None
    """What we prepared last at this height."""
    entry: Message | None = None
    """The `newview` that began our view; None in view 0."""
    views: Mapping[Round, ViewLog] = field(factory=dict)
    previous: Mapping[Round, ViewLog] = field(factory=dict)
    """What was heard about the last decided height."""

    def log(self, view: Round) -> ViewLog:
        """What was heard of this view."""
        return self.views.get(view, EMPTY)


class Pbft(HeightEngine):
    """The engine of one member. Immutable; see `refimpl.consensus.interface.Engine`."""

    promise = PROMISE

    def start(self) -> Memory:
        """The memory of a node that has seen nothing."""
        return Memory()

    def step(self, state: Memory, event: api.Input) -> api.Step:
        """One input; see `Engine.step`."""
        return _Work(self, state.fork()).meet(event)

    def recover(self, state: Memory, begin: api.Begin, records: Sequence[Message]) -> api.Step:
        """Take up the view and the prepared certificate of the records, say again what was said, and ask (CON-008)."""
        work = _Work(self, state.fork())
        work.resume(begin, records)
        return work.done()

    def where(self, state: Memory) -> str:
        """Height, view and what is prepared."""
        view = f"{'wants view' if state.changing else 'view'} {state.round}"
        prepared = "nothing" if state.prepared is None else f"{state.prepared.value.hex()[:8]} in {state.prepared.view}"
        return f"height {state.height} {view} prepared {prepared}"

    # --- The rules, one method each. None of them changes anything. ---

    def primary(self, memory: Memory, view: int) -> MemberId:
        """p = v mod n (CON-044)."""
        members = memory.validators.members
        return members[view % len(members)]

    def may_preprepare(self, memory: Memory, message: Message) -> bool:
        """Only the primary of a view is heard as such (CON-044)."""
        return message.sender == self.primary(memory, message.round)

    def votes_for(self, log: Log, value: Digest) -> dict[MemberId, Message]:
        """Who voted exactly this."""
        return {vote.sender: vote for vote in log if isinstance(vote.body, Vote) and vote.body.value == value}

    def may_prepare(self, memory: Memory, value: Digest) -> bool:
        """Whether we may still prepare this value in our view: the first proposal that we prepare is the only one
        (CON-045)."""
        return self.member not in [one.sender for one in memory.log(memory.round).prepare]

    def prepares_that_count(self, memory: Memory, view: Round) -> Log:
        """The `prepare` votes that prepare a value in this view (CON-046)."""
        return memory.log(view).prepare

    def prepares(self, memory: Memory, weight: int) -> bool:
        """Whether `prepare` votes of this weight prepare (CON-046)."""
        return self.quorum(memory, weight)

    def binding(self, changes: Sequence[Change]) -> Digest | None:
        """What a new view must propose: the value prepared in the highest view, or nothing, which binds to nothing
        (CON-042)."""
        proofs = [change.body.prepared for change in changes if change.body.prepared is not None]
        return max(proofs, key=lambda proof: proof.view).value if proofs else None

    def permits(self, memory: Memory, value: Digest) -> bool:
        """Whether the view may order this value at this height: what its beginning binds it to, or anything (CON-045).
        """
        entry = memory.entry
        if entry is None or entry.height != memory.height or entry.round != memory.round:
            return True
        assert isinstance(entry.body, NewView), "a view begins with a `newview`"
        bound = self.binding(entry.body.changes)
        return bound is None or bound == value

    def claim(self, memory: Memory) -> ViewChange:
        """What we tell the next view: what we prepared last at this height (CON-041)."""
        return ViewChange(memory.prepared)

    def joins(self, memory: Memory, weight: int) -> bool:
        """Whether members of this weight that left the view draw us along (CON-048)."""
        return memory.validators.has_correct(weight)

    def timeout(self, memory: Memory) -> int:
        """Ticks before this view is given up; they double with every view at this height (CON-047)."""
        return self.promise.timeout[0] << max(0, min(memory.round - memory.base, 30))

    def verify_proof(self, memory: Memory, proof: Proof, height: Height, view: Round) -> None:
        """Raise `Refused(Code.CONSENSUS_BAD_VIEW_CHANGE)` unless a quorum prepared the value before this view, at this
        height (CON-041)."""
        voters = [member for member, _ in proof.votes]
        ordered = voters == sorted(set(voters))
        if proof.view >= view or not ordered or not self.prepares(memory, memory.validators.weigh(voters)):
            raise Refused(Code.CONSENSUS_BAD_VIEW_CHANGE, "/body/prepared", got=len(voters))
        self.verify_votes(Message(PREPARE, height, proof.view, self.member, Vote(proof.value)), proof.votes)

    def verify_new_view(self, memory: Memory, message: Message) -> None:
        """Raise `Refused` unless the primary of the view shows the view changes of a quorum (CON-043)."""
        assert isinstance(message.body, NewView), "asked of a `newview` only"
        if not self.may_preprepare(memory, message):
            raise Refused(Code.CONSENSUS_WRONG_PROPOSER, "/from", got=message.sender)
        senders = [change.sender for change in message.body.changes]
        if senders != sorted(set(senders)) or not self.quorum(memory, memory.validators.weigh(senders)):
            raise Refused(Code.CONSENSUS_NO_QUORUM, "/body/changes", got=len(senders))
        for change in message.body.changes:
            self.notary.verify(Message(VIEWCHANGE, message.height, message.round, *change))
            if change.body.prepared is not None:
                self.verify_proof(memory, change.body.prepared, message.height, message.round)


class _Work(HeightWork):
    """One step under way."""

    engine: Pbft
    memory: Memory

    # --- inputs ---

    def open(self, height: Height, validators: Validators, now: int) -> None:
        """The next height in the view that goes on, or in the one that we still wait for."""
        old = self.memory
        self.memory = Memory(
            height=height, round=old.round, validators=validators, running=True, helped=old.helped, seen=old.seen,
            last_round=old.last_round, changing=old.changing, base=old.round, entry=old.entry, previous=old.views,
        )  # fmt: skip
        if old.changing:
            self.leave(old.round)
        else:
            self.work_in_view()

    def receive(self, message: Message) -> None:
        """As for every engine, but that a view may have begun while its members stood at an earlier height."""
        memory = self.memory
        past = message.height < memory.height or (message.height == memory.height and not memory.running)
        if message.kind == NEWVIEW and past:
            self.verify_validator(message)
            if self.begins_view(message):
                self.effects.extend(self.engine.forward(api.Forward(message)))
                self.apply_rules()
        else:
            super().receive(message)

    def expire(self, timer: api.Timer) -> None:
        """This view, or the wait for it, took too long (CON-047)."""
        memory = self.memory
        here = (timer.height, timer.round) == (memory.height, memory.round) and memory.running
        if here and (timer.phase == VIEWCHANGE) == memory.changing:
            self.leave(Round(memory.round + 1))
            self.apply_rules()

    def offer(self, offer: api.Offer) -> None:
        """The payload of a fresh proposal; ours if the view is still ours and we have not spoken."""
        memory = self.memory
        here = (offer.height, offer.round) == (memory.height, memory.round) and memory.running
        if here and not memory.changing and not self.proposed() and self.engine.permits(memory, offer.value):
            memory.verdicts = {**memory.verdicts, offer.value: api.Verdict(offer.height, offer.value, True, True)}
            self.say(PREPREPARE, Proposal(offer.value, offer.payload, -1))
            self.apply_rules()

    # --- views ---

    def work_in_view(self) -> None:
        """A view begins at this height: its primary proposes, everybody watches the clock."""
        memory = self.memory
        memory.changing, memory.waiting = False, False
        timer = api.Timer(PREPREPARE, memory.height, memory.round)
        self.effects.append(api.SetTimer(timer, self.engine.timeout(memory)))
        if self.engine.primary(memory, memory.round) != self.engine.member:
            return
        if self.bound() is None:
            self.effects.append(api.AskPayload(memory.height, memory.round))
        elif not any(body.value == self.bound() for view in memory.views for body in self.proposals(view)):
            self.ask_around()  # somebody who prepared it has its payload

    def leave(self, view: Round) -> None:
        """Stop working in our view and ask for this one, showing what we prepared (CON-041)."""
        memory = self.memory
        memory.round, memory.changing, memory.waiting = view, True, False
        self.say(VIEWCHANGE, self.engine.claim(memory))

    def begins_view(self, message: Message) -> bool:
        """Enter the view that a valid `newview` shows, unless we are there or beyond (CON-043)."""
        memory = self.memory
        known = message.round == 0 or (memory.entry is not None and memory.entry.round >= message.round)
        if known or (message.round, memory.changing) < (memory.round, True):
            return False
        self.engine.verify_new_view(memory, message)
        memory.entry, memory.round, memory.changing = message, message.round, False
        self.effects.append(api.Record(message))
        if memory.running:
            self.work_in_view()
        return True

    def bound(self) -> Digest | None:
        """What the beginning of our view binds it to at this height."""
        entry = self.memory.entry
        if entry is None or (entry.height, entry.round) != (self.memory.height, self.memory.round):
            return None
        assert isinstance(entry.body, NewView), "a view begins with a `newview`"
        return self.engine.binding(entry.body.changes)

    def proposed(self) -> bool:
        """Whether we have proposed in our view at this height."""
        return self.engine.member in [one.sender for one in self.memory.log(self.memory.round).preprepare]

    # --- hearing ---

    def note(self, message: Message) -> bool:
        """Put a statement into the log of its view; False if it was there. A contradiction becomes evidence."""
        memory, engine = self.memory, self.engine
        if message.kind == NEWVIEW:
            return self.begins_view(message)
        if message.kind not in (PREPREPARE, PREPARE, COMMIT, VIEWCHANGE):
            return False
        body = message.body
        if isinstance(body, Proposal):
            self.check_preprepare(message, body)
        elif isinstance(body, ViewChange) and body.prepared is not None:
            engine.verify_proof(memory, body.prepared, message.height, message.round)
        log = memory.log(message.round)
        old: Log = getattr(log, message.kind)
        new = engine.hear(old, message)
        if new is old:
            return False
        memory.views = {**memory.views, message.round: replace(log, **{message.kind: new})}
        self.accuse(old, message)
        if isinstance(body, Proposal) and body.value not in memory.verdicts:
            self.effects.append(api.AskVerdict(memory.height, body.value, body.payload, message.sender))
        return True

    def check_preprepare(self, message: Message, body: Proposal) -> None:
        """Raise `Refused` unless the primary of the view sent it and its value names its payload (CON-044, CON-020)."""
        if not self.engine.may_preprepare(self.memory, message):
            raise Refused(Code.CONSENSUS_WRONG_PROPOSER, "/from", got=message.sender)
        if not self.engine.names(body.value, body.payload):
            raise Refused(Code.CONSENSUS_WRONG_BLOCK, "/body/value", got=body.value.hex())

    def heard(self) -> Iterable[Message]:
        """How our view began, then view by view, phase by phase."""
        if self.memory.entry is not None:
            yield self.memory.entry
        for _, log in sorted(self.memory.views.items()):
            yield from (*log.preprepare, *log.prepare, *log.commit, *log.viewchange)

    def was_heard(self, message: Message) -> bool:
        """Whether this statement was heard before its height was decided."""
        log = (self.memory.previous if self.memory.running else self.memory.views).get(message.round, EMPTY)
        return any(message[3:5] == one[3:5] for one in (*log.preprepare, *log.prepare, *log.commit, *log.viewchange))

    def resume(self, begin: api.Begin, records: Sequence[Message]) -> None:
        """The state that our own recorded words imply (CON-008)."""
        entry = max((one for one in records if one.kind == NEWVIEW), key=lambda one: one.round, default=None)
        own = [one for one in records if one.sender == self.engine.member and one.kind != NEWVIEW]
        begun = Round(0) if entry is None else entry.round
        view = max([begun, *(one.round for one in own)])
        changing = view > begun
        self.memory = Memory(
            height=begin.height, round=view, validators=begin.validators, running=True, behind=True,
            changing=changing, base=view, entry=entry,
        )  # fmt: skip
        for message in records:
            if message.height == begin.height and message.kind != NEWVIEW:
                self.note(message)
        self.memory.prepared = self.recall_prepared(own, begin.height)
        said = [one for one in own if one.height == begin.height]
        self.effects.extend(api.Send(message) for message in said)
        if changing and not any(one.kind == VIEWCHANGE and one.round == view for one in said):
            self.leave(view)
        elif not changing:
            self.work_in_view()
        self.ask_around()

    def recall_prepared(self, own: Sequence[Message], height: Height) -> Proof | None:
        """The certificate on which our last recorded `commit` at this height rests."""
        commits = [one for one in own if one.kind == COMMIT and one.height == height]
        if not commits:
            return None
        last = max(commits, key=lambda one: one.round)
        assert isinstance(last.body, Vote), "commits are votes"
        assert last.body.value is not None, "nobody commits to nothing"
        return self.certificate(last.round, last.body.value)

    def certificate(self, view: Round, value: Digest) -> Proof:
        """The `prepare` votes that we heard for this value in this view."""
        votes = self.engine.votes_for(self.engine.prepares_that_count(self.memory, view), value)
        listed = sorted((name, vote.signature) for name, vote in votes.items())
        return Proof(view, value, self.memory.validators.among(listed))

    # --- the rules "upon" ---

    def apply_rules(self) -> None:
        """Apply what the messages allow until nothing more happens; each pass moves phase or view."""
        while self.memory.running and (
            self.decide() or self.join() or self.lead() or self.propose_again() or self.prepare() or self.commit()
        ):
            pass
        self.watch()

    def proposals(self, view: Round) -> Iterable[Proposal]:
        """Acceptable proposals of a view."""
        for message in self.memory.log(view).preprepare:
            body = message.body
            assert isinstance(body, Proposal), "only proposals are logged as such"
            verdict = self.memory.verdicts.get(body.value)
            if verdict is not None and verdict.acceptable:
                yield body

    def decide(self) -> bool:
        """A quorum of `commit` in one view, in any view of this height (CON-016)."""
        memory, engine = self.memory, self.engine
        known: dict[Digest, bytes] = {}
        for view, log in memory.views.items():
            voters = {vote.sender for vote in log.commit}
            if not voters or not engine.decides(memory, memory.validators.weigh(voters)):
                continue
            known = known or {body.value: body.payload for other in memory.views for body in self.proposals(other)}
            for value, payload in known.items():
                votes = engine.votes_for(log.commit, value)
                if engine.decides(memory, memory.validators.weigh(votes)):
                    self.finish(view, value, payload, sorted((name, vote.signature) for name, vote in votes.items()))
                    return True
        return False

    def join(self) -> bool:
        """Enough members left for higher views that one of them is correct: leave for the lowest of those (CON-048)."""
        memory = self.memory
        higher = [view for view, log in memory.views.items() if view > memory.round and log.viewchange]
        if not higher or not self.engine.joins(memory, memory.validators.weigh(self.leavers(memory.round + 1))):
            return False
        self.leave(min(higher))
        return True

    def leavers(self, least: int) -> set[MemberId]:
        """Who left for this view or a higher one."""
        views = self.memory.views.items()
        return {change.sender for view, log in views if view >= least for change in log.viewchange}

    def changes(self) -> dict[MemberId, Message]:
        """Who asks for the view that we want; the first word of each counts."""
        found: dict[MemberId, Message] = {}
        for message in self.memory.log(self.memory.round).viewchange:
            found.setdefault(message.sender, message)
        return found

    def lead(self) -> bool:
        """The view we want is ours and a quorum wants it: show that it may begin (CON-043)."""
        memory, engine = self.memory, self.engine
        if not memory.changing or engine.primary(memory, memory.round) != engine.member:
            return False
        found = self.changes()
        if not engine.quorum(memory, memory.validators.weigh(found)):
            return False
        listed = []
        for name, message in sorted(found.items()):
            assert isinstance(message.body, ViewChange), "only view changes are logged as such"
            listed.append(Change(name, message.body, message.signature))
        self.say(NEWVIEW, NewView(tuple(listed)))
        return True

    def propose_again(self) -> bool:
        """Our view is bound to a value: propose that, once we have its payload (CON-042)."""
        memory, engine, value = self.memory, self.engine, self.bound()
        mine = engine.primary(memory, memory.round) == engine.member and not memory.changing
        if value is None or not mine or self.proposed():
            return False
        for view in sorted(memory.views, reverse=True):
            for body in self.proposals(view):
                if body.value == value:
                    self.say(PREPREPARE, Proposal(value, body.payload, -1))
                    return True
        return False

    def prepare(self) -> bool:
        """A permitted proposal of our view: prepare it, once a view (CON-045)."""
        memory, engine = self.memory, self.engine
        if memory.changing:
            return False
        for body in self.proposals(memory.round):
            fresh = memory.verdicts[body.value].timely or self.bound() is not None
            if fresh and engine.may_prepare(memory, body.value) and engine.permits(memory, body.value):
                self.say(PREPARE, Vote(body.value))
                return True
        return False

    def commit(self) -> bool:
        """A proposal of our view with a quorum of `prepare`: keep the certificate, commit, once a view (CON-046)."""
        memory, engine = self.memory, self.engine
        if memory.changing or engine.member in [one.sender for one in memory.log(memory.round).commit]:
            return False
        for body in self.proposals(memory.round):
            votes = engine.votes_for(engine.prepares_that_count(memory, memory.round), body.value)
            if engine.prepares(memory, memory.validators.weigh(votes)):
                memory.prepared = self.certificate(memory.round, body.value)
                known = (*memory.log(memory.round).preprepare, *(vote for _, vote in sorted(votes.items())))
                self.effects.extend(api.Record(one) for one in known if one.sender != engine.member)
                self.say(COMMIT, Vote(body.value))
                return True
        return False

    def watch(self) -> None:
        """Once a quorum wants the view that we want, or a higher one, the time of our view runs (CON-047)."""
        memory, engine = self.memory, self.engine
        if not memory.running or not memory.changing or memory.waiting:
            return
        if engine.quorum(memory, memory.validators.weigh(self.leavers(memory.round))):
            memory.waiting = True
            timer = api.Timer(VIEWCHANGE, memory.height, memory.round)
            self.effects.append(api.SetTimer(timer, engine.timeout(memory)))


ENGINE = api.Kind(PROMISE, READERS, Pbft)
