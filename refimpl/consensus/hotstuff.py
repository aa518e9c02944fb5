"""Chained HotStuff: one proposal a view, one vote; a block is final once three consecutive views on it are certified.

The protocol is that of Yin and others, "HotStuff: BFT consensus with linearity and responsiveness", PODC 2019,
algorithms 4 and 5: `safe` is safeNode, `locked` the head of the certified two-chain, `high` the highest certificate.
Votes go to all members, not to the next leader alone: with four members and turns in order, a silent leader would else
swallow every fourth certificate and no chain of three would ever form. Where few members are behind, each is told what
was decided by a set with a correct member; where many are, they want a later view and the others follow.

It must not know what a payload means, who transports messages, what time it is, or how a signature is made.
"""

from collections.abc import Iterable, Mapping, Sequence

from attrs import define, evolve, field

from refimpl.consensus import interface as api
from refimpl.consensus.heights import DECIDED, SYNC, HeightEngine, Log, hear
from refimpl.consensus.hotstuff_messages import NEWVIEW, PROPOSE, READERS, VOTE, Block, NewView, QuorumCertificate
from refimpl.consensus.interface import Promise, Validators
from refimpl.consensus.tree import Tree, TreeBlock
from refimpl.data.ids import Digest, Height, MemberId, Round
from refimpl.data.limits import CONSENSUS_MESSAGES_AHEAD, CONSENSUS_ROUNDS_AHEAD
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import Body, Decided, Message, Sync, Vote

PROMISE = Promise(
    engine="hotstuff", faults="byzantine", threshold=(1, 3), finality={"kind": "immediate"},
    safety_net="asynchronous", live_net="partial", links="p2p", phases=(PROPOSE, VOTE, NEWVIEW),
    certificates=True, evidence=True, delta=1, timeout=(6, 0), backoff="double", turns="round", rounds="run",
    commits=VOTE, span=4, asides=(DECIDED, SYNC),
)  # fmt: skip
_VIEW = "view"
_BEFORE_ALL = -1
_NO_HEIGHT, _FIRST = Height(0), Round(0)


@define
class Memory:
    """All that one member remembers. A step works on a fork; the memory that went in is never touched."""

    validators: Validators = field(factory=lambda: Validators.of({}))
    tree: Tree = field(factory=Tree)
    wanted: Height = _NO_HEIGHT
    """The height that the application wants decided."""
    view: Round = _FIRST
    voted: int = _BEFORE_ALL
    """The last view in which we voted."""
    proposed: int = _BEFORE_ALL
    """The last view in which we proposed."""
    locked: QuorumCertificate | None = None
    """Certifies the head of the highest certified two-chain that we saw."""
    high: QuorumCertificate | None = None
    """The highest certificate that we saw."""
    wishes: int = _BEFORE_ALL
    """The highest view that we asked for."""
    called: int = _BEFORE_ALL
    """Up to this view others need our help, whether we want a height or not."""
    votes: Mapping[Round, Log] = field(factory=dict)
    newviews: Mapping[MemberId, Message] = field(factory=dict)
    """The latest wish of each member."""
    verdicts: Mapping[Digest, api.Verdict] = field(factory=dict)
    orphans: Log = ()
    """Proposals whose parent we lack."""
    words: Mapping[MemberId, Message] = field(factory=dict)
    """What each member says was decided at the height that we lack."""
    helped: Mapping[MemberId, tuple[Height, Round]] = field(factory=dict)
    """Where each member stood when we last helped it."""

    @property
    def decided(self) -> Height:
        """The height decided last."""
        return self.tree.height

    @property
    def busy(self) -> bool:
        """Whether there is something to decide, for us or for others."""
        return self.wanted > self.decided or self.called >= self.view


class HotStuff(HeightEngine):
    """The engine of one member. Immutable; see `refimpl.consensus.interface.Engine`."""

    promise = PROMISE

    def start(self) -> Memory:
        """The memory of a node that has seen nothing."""
        return Memory()

    def step(self, state: Memory, event: api.Input) -> api.Step:
        """One input; see `Engine.step`."""
        work = _Work(self, evolve(state))
        match event:
            case api.Receive(message):
                work.receive(message)
            case api.Expire(timer):
                work.expire(timer)
            case api.Verdict():
                work.memory.verdicts = {**state.verdicts, event.value: event}
                work.apply_rules()
            case api.Offer():
                work.offer(event)
            case api.Begin():
                work.begin(event)
        return api.Step(work.memory, tuple(work.effects))

    def recover(self, state: Memory, begin: api.Begin, records: Sequence[Message]) -> api.Step:
        """The view, the vote and the lock that our records imply, and a question to the others (CON-008)."""
        work = _Work(self, evolve(state))
        work.resume(begin, records)
        return api.Step(work.memory, tuple(work.effects))

    def where(self, state: Memory) -> str:
        """Height, view, lock."""
        locked = "nothing" if state.locked is None else f"{state.locked.value.hex()[:8]} of view {state.locked.view}"
        return f"height {state.decided} decided, view {state.view}, locked on {locked}"

    # --- The rules, one method each. None of them changes anything. ---

    def leader(self, memory: Memory, view: int) -> MemberId:
        """Members lead in turn, view by view (CON-063)."""
        members = memory.validators.members
        return members[view % len(members)]

    def may_propose(self, memory: Memory, message: Message) -> bool:
        """Only the leader of a view is heard as such (CON-063)."""
        return message.sender == self.leader(memory, message.round)

    def fits(self, block: Block) -> bool:
        """Whether the certificate of a block is about its parent (CON-061)."""
        return block.justify is None or block.justify.value == block.parent

    def verify_certificate(self, memory: Memory, proof: QuorumCertificate) -> None:
        """Raise `Refused` unless distinct members of a quorum voted for this value in this view (CON-062)."""
        self.require_quorum(memory, proof.votes)
        self.verify_votes(Message(VOTE, proof.height, proof.view, self.member, Vote(proof.value)), proof.votes)

    def is_fresh(self, memory: Memory, view: int) -> bool:
        """Whether we have not voted in this view or a later one (CON-064)."""
        return view > memory.voted

    def safe(self, memory: Memory, block: TreeBlock, justify: QuorumCertificate | None) -> bool:
        """safeNode: the block extends the locked one, or rests on a later certificate (CON-065)."""
        locked = memory.locked
        if locked is None or memory.tree.extends(block.value, locked.value):
            return True
        return justify is not None and self.unlocks(locked, justify)

    def unlocks(self, locked: QuorumCertificate, justify: QuorumCertificate) -> bool:
        """The half of safeNode that keeps the protocol live (CON-065)."""
        return justify.view > locked.view

    def consecutive(self, first: TreeBlock, second: TreeBlock, third: TreeBlock) -> bool:
        """Whether three blocks, each on the one before, are of consecutive views (CON-067)."""
        return (first.round + 1, second.round + 1) == (second.round, third.round)

    def joins(self, memory: Memory, weight: int) -> bool:
        """Whether members of this weight that want a later view draw us along (CON-069)."""
        return memory.validators.has_correct(weight)

    def timeout(self, memory: Memory) -> int:
        """Ticks before this view is given up: they double with every view since the last certificate (CON-068)."""
        last = _BEFORE_ALL if memory.high is None else memory.high.view
        return self.promise.timeout[0] << max(0, min(memory.view - last - 1, 30))


class _Work:
    """One step under way: a fork of the memory and the effects so far."""

    def __init__(self, engine: HotStuff, memory: Memory) -> None:
        self.engine = engine
        self.memory = memory
        self.effects: list[api.Effect] = []

    # --- inputs ---

    def begin(self, begin: api.Begin) -> None:
        """A height is wanted: work in the present view, unless that is under way."""
        memory = self.memory
        first = memory.wanted == 0
        idle = not memory.busy
        memory.wanted, memory.validators = max(memory.wanted, begin.height), begin.validators
        if first:
            memory.tree = Tree(begin.last, Height(begin.height - 1))
        if (first or idle) and memory.busy:
            self.work_in_view()

    def receive(self, message: Message) -> None:
        """A message of somebody; refused before anything lasting changes if no correct member sends it."""
        memory, engine = self.memory, self.engine
        if memory.validators.members and message.sender not in memory.validators.weights:
            raise Refused(Code.NET_UNKNOWN_SENDER, "/from", sender=message.sender)
        if message.round > memory.view + CONSENSUS_ROUNDS_AHEAD:
            most = memory.view + CONSENSUS_ROUNDS_AHEAD
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
            self.apply_rules()
        if message.kind == NEWVIEW:
            self.help(message)

    def expire(self, timer: api.Timer) -> None:
        """This view took too long: ask for the next (CON-068)."""
        memory = self.memory
        if timer.round == memory.view and memory.busy:
            self.ask_for(Round(memory.view + 1))
            self.apply_rules()

    def offer(self, offer: api.Offer) -> None:
        """The payload of our proposal, if the view is still ours and we have not proposed in it."""
        memory = self.memory
        parent = self.foundation()
        here = offer.round == memory.view and parent is not None and memory.proposed < memory.view
        if parent is not None and here and offer.height == memory.tree.height_of(parent) + 1:
            memory.proposed = memory.view
            self.say(PROPOSE, offer.height, Block(offer.value, offer.payload, parent, memory.high))
            self.apply_rules()

    # --- views ---

    def work_in_view(self) -> None:
        """The clock of the present view runs, and its leader proposes."""
        memory, engine = self.memory, self.engine
        timer = api.Timer(_VIEW, Height(memory.decided + 1), memory.view)
        self.effects.append(api.SetTimer(timer, engine.timeout(memory)))
        parent = self.foundation()
        mine = engine.leader(memory, memory.view) == engine.member and memory.proposed < memory.view
        if mine and parent is not None:
            height = Height(memory.tree.height_of(parent) + 1)
            self.effects.append(api.AskPayload(height, memory.view, memory.tree.payloads(parent)))

    def foundation(self) -> Digest | None:
        """The block of the highest certificate, on which a leader proposes; None while we lack block or certificate."""
        memory = self.memory
        if memory.high is None:
            return memory.tree.tip if memory.decided == 0 else None
        return memory.high.value if memory.tree.holds(memory.high.value) else None

    def enter(self, view: Round) -> None:
        """Go on to a later view."""
        self.memory.view = view
        if self.memory.busy:
            self.work_in_view()

    def ask_for(self, view: Round) -> None:
        """Tell everybody that we want this view, and our highest certificate (CON-068)."""
        memory = self.memory
        if memory.wishes < view:
            memory.wishes = view
            self.say(NEWVIEW, Height(memory.decided + 1), NewView(memory.high), view)

    def say(self, kind: str, height: Height, body: Body, view: Round | None = None) -> None:
        """Sign, record, send, and hear ourselves (CON-004, CON-005)."""
        round_ = self.memory.view if view is None else view
        signed = self.engine.notary.sign(Message(kind, height, round_, self.engine.member, body))
        self.effects.extend(self.engine.speak(signed))
        self.note(signed)

    # --- hearing ---

    def note(self, message: Message) -> bool:
        """Take a statement in; False if it says nothing new. Raises `Refused` for what no correct member says."""
        body = message.body
        if isinstance(body, Block):
            return self.note_block(message, body)
        if isinstance(body, NewView):
            return self.note_wish(message, body)
        return message.kind == VOTE and self.note_vote(message)

    def note_block(self, message: Message, body: Block) -> bool:
        """A proposal: into the tree, or among the orphans while its parent is missing (CON-060, CON-061, CON-063)."""
        memory, engine = self.memory, self.engine
        if not engine.may_propose(memory, message):
            raise Refused(Code.CONSENSUS_WRONG_PROPOSER, "/from", got=message.sender)
        if not engine.names(body.value, body.payload) or not engine.fits(body):
            raise Refused(Code.CONSENSUS_WRONG_BLOCK, "/body/value", got=body.value.hex())
        if body.justify is not None:
            if body.justify.view >= message.round or body.justify.height + 1 != message.height:
                raise Refused(Code.CONSENSUS_BAD_VALID_ROUND, "/body/justify/view", most=message.round - 1,
                              got=body.justify.view)  # fmt: skip
            engine.verify_certificate(memory, body.justify)
        elif message.height != 1:
            raise Refused(Code.CONSENSUS_NO_QUORUM, "/body/justify", got=0)
        if message.height <= memory.decided or body.value in memory.tree.blocks:
            return False
        if not memory.tree.holds(body.parent):
            return self.keep_orphan(message)
        self.plant(message, body)
        return True

    def plant(self, message: Message, body: Block) -> None:
        """A block whose parent we have; and then the orphans that stood on it."""
        memory = self.memory
        if memory.tree.height_of(body.parent) + 1 != message.height:
            return
        block = TreeBlock(body.value, body.payload, body.parent, message.height, message.round, message)
        ancestors = memory.tree.payloads(body.parent)
        memory.tree = memory.tree.with_block(block)
        self.effects.append(api.AskVerdict(message.height, body.value, body.payload, message.sender, ancestors))
        for orphan in memory.orphans:
            waiting = orphan.body
            if isinstance(waiting, Block) and waiting.parent == body.value and waiting.value not in memory.tree.blocks:
                self.plant(orphan, waiting)

    def keep_orphan(self, message: Message) -> bool:
        """A proposal on something unknown waits; the first one makes us ask."""
        memory = self.memory
        if message in memory.orphans or len(memory.orphans) >= CONSENSUS_MESSAGES_AHEAD:
            return False
        if not memory.orphans:
            self.ask_around()
        memory.orphans = (*memory.orphans, message)
        return True

    def note_vote(self, message: Message) -> bool:
        """A vote, once."""
        memory = self.memory
        old = memory.votes.get(message.round, ())
        new = hear(old, message)
        if new is old:
            return False
        for heard in old:
            if heard.sender == message.sender and heard.body != message.body:
                self.effects.append(api.Accuse(message.sender, heard, message))
                break
        memory.votes = {**memory.votes, message.round: new}
        return True

    def note_wish(self, message: Message, body: NewView) -> bool:
        """Somebody wants a later view."""
        memory = self.memory
        known = memory.newviews.get(message.sender)
        if known is not None and known.round >= message.round:
            return False
        if body.justify is not None:
            self.engine.verify_certificate(memory, body.justify)
        memory.newviews = {**memory.newviews, message.sender: message}
        return True

    # --- the rules ---

    def apply_rules(self) -> None:
        """Apply what was heard until nothing more happens; each pass raises a certificate, a view or a vote."""
        while self.certify() or self.join() or self.move_on() or self.vote():
            pass

    def certificates(self) -> Iterable[QuorumCertificate]:
        """Those that proposals and wishes carry, and those that votes make."""
        memory, engine = self.memory, self.engine
        for block in memory.tree.blocks.values():
            body = block.message.body
            if isinstance(body, Block) and body.justify is not None:
                yield body.justify
        for wish in memory.newviews.values():
            if isinstance(wish.body, NewView) and wish.body.justify is not None:
                yield wish.body.justify
        for view, log in memory.votes.items():
            for block in memory.tree.blocks.values():
                votes = {v.sender: v.signature for v in log if isinstance(v.body, Vote) and v.body.value == block.value}
                if block.round == view and engine.quorum(memory, memory.validators.weigh(votes)):
                    yield QuorumCertificate(block.height, view, block.value, tuple(sorted(votes.items())))

    def certify(self) -> bool:
        """A higher certificate for a block that we have: lock, commit, go on (CON-066, CON-067)."""
        memory = self.memory
        known = [proof for proof in self.certificates() if memory.tree.holds(proof.value)]
        best = max(known, key=lambda proof: proof.view, default=None)
        if best is None or (memory.high is not None and best.view <= memory.high.view):
            return False
        memory.high = best
        chain = tuple(memory.tree.upward(best.value))[:3]
        self.lock(chain)
        if best.view >= memory.view:
            self.enter(Round(best.view + 1))
        if len(chain) == 3 and self.engine.consecutive(chain[2], chain[1], chain[0]):
            self.commit(chain[2])
        return True

    def lock(self, chain: Sequence[TreeBlock]) -> None:
        """Lock on the head of a certified two-chain, if it is later than what is locked (CON-066)."""
        memory = self.memory
        body = chain[0].message.body if len(chain) > 1 else None
        head = body.justify if isinstance(body, Block) else None
        if head is not None and (memory.locked is None or head.view > memory.locked.view):
            memory.locked = head

    def commit(self, block: TreeBlock) -> None:
        """Decide a block with all that it stands on, in order, each with the votes that certified it (CON-067)."""
        memory = self.memory
        proofs = {proof.value: proof for proof in self.certificates()}
        for one in memory.tree.branch(block.value):
            proof = proofs[one.value]
            self.effects.append(api.Decide(one.height, proof.view, one.value, one.payload, proof.votes))
        self.advance(block.value)

    def advance(self, value: Digest) -> None:
        """Forget what cannot be decided any more."""
        memory = self.memory
        memory.tree = memory.tree.decided(value)
        memory.words = {}
        memory.votes = {view: log for view, log in memory.votes.items() if log[0].height > memory.decided}
        memory.verdicts = {key: verdict for key, verdict in memory.verdicts.items() if key in memory.tree.blocks}
        waiting = [one for one in memory.orphans if one.height > memory.decided]
        memory.orphans = ()
        for orphan in waiting:
            body = orphan.body
            if isinstance(body, Block) and memory.tree.holds(body.parent) and body.value not in memory.tree.blocks:
                self.plant(orphan, body)
            else:
                memory.orphans = (*memory.orphans, orphan)

    def wishing(self, least: int) -> set[MemberId]:
        """Who wants this view or a later one."""
        return {name for name, wish in self.memory.newviews.items() if wish.round >= least}

    def join(self) -> bool:
        """Enough members want later views that one of them is correct: want the lowest of those (CON-069)."""
        memory = self.memory
        at_least = max(memory.view, memory.wishes) + 1
        higher = sorted(wish.round for wish in memory.newviews.values() if wish.round >= at_least)
        if not higher or not self.engine.joins(memory, memory.validators.weigh(self.wishing(at_least))):
            return False
        self.ask_for(higher[0])
        return True

    def move_on(self) -> bool:
        """A quorum wants this view or a later one: it begins (CON-069)."""
        memory, engine = self.memory, self.engine
        for view in sorted({wish.round for wish in memory.newviews.values()}, reverse=True):
            if view <= memory.view:
                return False
            if engine.quorum(memory, memory.validators.weigh(self.wishing(view))):
                memory.called = view + PROMISE.span
                self.enter(view)
                return True
        return False

    def vote(self) -> bool:
        """A valid, timely, safe proposal of the present view gets our vote, one a view (CON-064, CON-065)."""
        memory, engine = self.memory, self.engine
        if not engine.is_fresh(memory, memory.view):
            return False
        for block in memory.tree.blocks.values():
            verdict, body = memory.verdicts.get(block.value), block.message.body
            assert isinstance(body, Block), "the tree holds proposals"
            fine = verdict is not None and verdict.acceptable and verdict.timely
            if block.round == memory.view and fine and engine.safe(memory, block, body.justify):
                memory.voted = memory.view
                if block.message.sender != engine.member:
                    self.effects.append(api.Record(block.message))
                self.say(VOTE, block.height, Vote(block.value))
                return True
        return False

    # --- helping ---

    def help(self, message: Message) -> None:
        """Who lacks a height that we have decided is told of it, once for each of its views (CON-007, CON-070)."""
        memory, place = self.memory, (message.height, message.round)
        again = message.kind == SYNC or memory.helped.get(message.sender, (0, -1)) < place
        if message.height <= memory.decided and again and message.sender != self.engine.member:
            memory.helped = {**memory.helped, message.sender: place}
            self.effects.extend(self.engine.forward(api.Supply(message.height, message.sender)))

    def hear_word(self, message: Message, body: Decided) -> None:
        """Somebody says what was decided; believed once a set with a correct member says the same (CON-070)."""
        memory, engine = self.memory, self.engine
        if message.height != memory.decided + 1:
            return
        proof = QuorumCertificate(message.height, message.round, body.value, body.votes)
        engine.verify_certificate(memory, proof)
        if not engine.names(body.value, body.payload):
            raise Refused(Code.CONSENSUS_WRONG_BLOCK, "/body/value", got=body.value.hex())
        memory.words = {**memory.words, message.sender: message}
        alike = [one.sender for one in memory.words.values()
                 if isinstance(one.body, Decided) and one.body.value == body.value]  # fmt: skip
        if memory.validators.has_correct(memory.validators.weigh(alike)):
            self.effects.append(api.Decide(message.height, message.round, body.value, body.payload, body.votes))
            if body.value not in memory.tree.blocks:
                memory.tree = Tree(body.value, message.height)
            self.advance(body.value)
            self.ask_around()
            self.apply_rules()

    def repeat(self, member: MemberId) -> None:
        """Give a member that asks all that is not decided here (CON-007)."""
        memory = self.memory
        blocks = [block.message for block in memory.tree.blocks.values()]
        votes = [vote for _, log in sorted(memory.votes.items()) for vote in log]
        for heard in (*blocks, *votes, *(wish for _, wish in sorted(memory.newviews.items()))):
            self.effects.extend(self.engine.forward(api.Forward(heard, (member,))))

    def ask_around(self) -> None:
        """Tell everybody which height we lack (CON-007)."""
        memory, engine = self.memory, self.engine
        question = Message(SYNC, Height(memory.decided + 1), memory.view, engine.member, Sync())
        self.effects.append(api.Send(engine.notary.sign(question)))

    def resume(self, begin: api.Begin, records: Sequence[Message]) -> None:
        """The vote, the lock and the view that our recorded words imply (CON-008)."""
        self.memory = Memory(
            validators=begin.validators, tree=Tree(begin.last, Height(begin.height - 1)), wanted=begin.height
        )
        memory = self.memory
        mine = [one for one in records if one.sender == self.engine.member]
        for message in sorted(records, key=lambda one: (one.height, one.round)):
            if message.height >= begin.height or message.kind == NEWVIEW:
                self.note(message)
        memory.view = max((one.round for one in mine if one.kind != NEWVIEW), default=Round(0))
        memory.voted = max((one.round for one in mine if one.kind == VOTE), default=_BEFORE_ALL)
        memory.wishes = max((one.round for one in mine if one.kind == NEWVIEW), default=_BEFORE_ALL)
        memory.proposed = max((one.round for one in mine if one.kind == PROPOSE), default=_BEFORE_ALL)
        self.effects.extend(api.Send(one) for one in mine)
        for proof in self.certificates():
            self.lock(tuple(memory.tree.upward(proof.value))[:2])
        self.work_in_view()
        self.ask_around()
        self.apply_rules()


ENGINE = api.Kind(PROMISE, READERS, HotStuff)
