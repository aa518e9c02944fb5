"""Chained HotStuff: one proposal a view, one vote; a block is final once three consecutive views on it are certified.

The protocol is that of Yin and others, "HotStuff: BFT consensus with linearity and responsiveness", PODC 2019,
algorithms 4 and 5: `safe` is safeNode, `locked` the head of the certified two-chain, `high` the highest certificate.
Votes go to all members, not to the next leader alone: with four members and turns in order, a silent leader would else
swallow every fourth certificate and no chain of three would ever form. Where few members are behind, each is told what
was decided by a set with a correct member; where many are, they want a later view and the others follow.

It must not know what a payload means, who transports messages, what time it is, or how a signature is made.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from attrs import define, field

from refimpl.consensus import interface as api
from refimpl.consensus.chains import DECIDED, SYNC, ChainEngine, ChainWork, Log, Stand
from refimpl.consensus.heights import hear
from refimpl.consensus.hotstuff_messages import NEWVIEW, PROPOSE, READERS, VOTE, Block, NewView, QuorumCertificate
from refimpl.consensus.interface import Promise
from refimpl.consensus.tree import TreeBlock
from refimpl.data.ids import Digest, Height, MemberId, Round
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import Body, Message, Vote

PROMISE = Promise(
    engine="hotstuff", faults="byzantine", threshold=(1, 3), finality={"kind": "immediate"},
    safety_net="asynchronous", live_net="partial", links="p2p", phases=(PROPOSE, VOTE, NEWVIEW),
    certificates=True, evidence=False, delta=1, timeout=(6, 0), backoff="double", turns="round", rounds="run",
    commits=VOTE, span=4, asides=(DECIDED, SYNC),
)  # fmt: skip
_VIEW = "view"
_BEFORE_ALL = -1
_NO_HEIGHT, _FIRST = Height(0), Round(0)


@define(slots=False)
class Memory(Stand):
    """All that one member remembers. `round` is its view. A step works on a fork; what went in is never touched."""

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
    began: int = _BEFORE_ALL
    """The last view of the members before these: time-outs are counted from it while nothing is certified."""
    called: int = _BEFORE_ALL
    """Up to this view others need our help, whether we want a height or not."""
    certified: Mapping[Digest, QuorumCertificate] = field(factory=dict)
    """The certificates that we saw, by the block that they certify."""
    votes: Mapping[Round, Log] = field(factory=dict)
    newviews: Mapping[MemberId, Message] = field(factory=dict)
    """The latest wish of each member."""

    @property
    def busy(self) -> bool:
        """Whether there is something to decide, for us or for others."""
        return self.wanted > self.decided or self.called >= self.round


class HotStuff(ChainEngine):
    """The engine of one member. Immutable; see `refimpl.consensus.interface.Engine`."""

    promise = PROMISE

    def start(self) -> Memory:
        """The memory of a node that has seen nothing."""
        return Memory()

    def step(self, state: Memory, event: api.Input) -> api.Step:
        """One input; see `Engine.step`."""
        return _Work(self, state.fork()).meet(event)

    def recover(self, state: Memory, begin: api.Begin, records: Sequence[Message]) -> api.Step:
        """The view, the vote and the lock that our records imply, and a question to the others (CON-008)."""
        work = _Work(self, state.fork())
        work.resume(begin, records)
        return work.done()

    def where(self, state: Memory) -> str:
        """Height, view, lock."""
        locked = "nothing" if state.locked is None else f"{state.locked.value.hex()[:8]} of view {state.locked.view}"
        return f"height {state.decided} decided, view {state.round}, locked on {locked}"

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

    def locks(self, best: QuorumCertificate, chain: Sequence[TreeBlock]) -> QuorumCertificate | None:
        """What the certificate `best` for the first of these blocks, each on the next, locks: the certificate of the
        second, as the head of a certified two-chain (CON-066)."""
        return justify_of(chain[0]) if len(chain) > 1 else None

    def consecutive(self, first: int, second: int, third: int) -> bool:
        """Whether three blocks, each on the one before, were certified in consecutive views (CON-067)."""
        return (first + 1, second + 1) == (second, third)

    def joins(self, memory: Memory, weight: int) -> bool:
        """Whether members of this weight that want a later view draw us along (CON-069)."""
        return memory.validators.has_correct(weight)

    def timeout(self, memory: Memory) -> int:
        """Ticks before this view is given up: they double with every view since the last certificate (CON-068)."""
        last = memory.began if memory.high is None else memory.high.view
        return self.promise.timeout[0] << max(0, min(memory.round - last - 1, 30))


class _Work(ChainWork):
    """One step under way."""

    engine: HotStuff
    memory: Memory
    learned = False
    """Whether this step brought a certificate."""

    # --- inputs ---

    def receive(self, message: Message) -> None:
        """As for every engine; who wants a view tells which height it lacks."""
        super().receive(message)
        if message.kind == NEWVIEW:
            self.help(message)

    def begin(self, begin: api.Begin) -> None:
        """A height is wanted: work in the present view, unless that is under way."""
        memory = self.memory
        first = memory.wanted == 0
        idle = not memory.busy
        if first:
            self.stand(begin)
        self.take_begin(begin)
        if (first or idle) and memory.busy:
            self.work_in_view()

    def expire(self, timer: api.Timer) -> None:
        """This view took too long: ask for the next (CON-068)."""
        memory = self.memory
        if timer.round == memory.round and memory.busy:
            self.ask_for(Round(memory.round + 1))
            self.apply_rules()

    def offer(self, offer: api.Offer) -> None:
        """The payload of our proposal, if the view is still ours and we have not proposed in it."""
        memory = self.memory
        parent = self.foundation()
        here = offer.round == memory.round and parent is not None and memory.proposed < memory.round
        if parent is not None and here and offer.height == memory.tree.height_of(parent) + 1:
            memory.proposed = memory.round
            self.say(PROPOSE, offer.height, Block(offer.value, offer.payload, parent, memory.high))
            self.apply_rules()

    # --- views ---

    def work_in_view(self) -> None:
        """The clock of the present view runs, and its leader proposes."""
        memory, engine = self.memory, self.engine
        timer = api.Timer(_VIEW, Height(memory.decided + 1), memory.round)
        self.effects.append(api.SetTimer(timer, engine.timeout(memory)))
        parent = self.foundation()
        mine = engine.leader(memory, memory.round) == engine.member and memory.proposed < memory.round
        if mine and parent is not None:
            height = Height(memory.tree.height_of(parent) + 1)
            self.effects.append(api.AskPayload(height, memory.round, memory.tree.payloads(parent)))

    def foundation(self) -> Digest | None:
        """The block of the highest certificate, on which a leader proposes; None while we lack block or certificate."""
        memory = self.memory
        if memory.high is None:
            return memory.tree.tip if memory.decided == memory.base else None
        return memory.high.value if memory.tree.holds(memory.high.value) else None

    def enter(self, view: Round) -> None:
        """Go on to a later view."""
        self.memory.round = view
        if self.memory.busy:
            self.work_in_view()

    def ask_for(self, view: Round) -> None:
        """Tell everybody that we want this view, and our highest certificate (CON-068)."""
        memory = self.memory
        if memory.wishes < view:
            memory.wishes = view
            self.say(NEWVIEW, Height(memory.decided + 1), NewView(memory.high), view)

    # --- hearing ---

    def note(self, message: Message) -> bool:
        """Take a statement in; False if it says nothing new. Raises `Refused` for what no correct member says."""
        if message.kind == VOTE:
            return self.note_vote(message)
        body = message.body
        if isinstance(body, Block):
            return self.note_block(message, body)
        return isinstance(body, NewView) and self.note_wish(message, body)

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
            self.learn(body.justify)
        elif message.height != memory.base + 1:
            raise Refused(Code.CONSENSUS_NO_QUORUM, "/body/justify", got=0)
        return self.add(message, body.payload)

    def stirs(self, message: Message) -> bool:
        """A vote of somebody else that completes no certificate changes nothing."""
        return message.kind != VOTE or self.learned

    def parent_of(self, body: Body) -> Digest | None:
        """The parent that a block names."""
        return body.parent if isinstance(body, Block) else None

    def note_vote(self, message: Message) -> bool:
        """A vote, once."""
        memory = self.memory
        old = memory.votes.get(message.round, ())
        new = hear(old, message)
        if new is old:
            return False
        self.accuse(old, message)
        memory.votes = {**memory.votes, message.round: new}
        body = message.body
        if not isinstance(body, Vote) or body.value is None or self.is_certified(body.value, message.round):
            return True
        alike = [vote for vote in new if vote.body == body]
        if self.engine.quorum(memory, memory.validators.weigh([vote.sender for vote in alike])):
            votes = sorted((vote.sender, vote.signature) for vote in alike)
            counted = memory.validators.among(votes)
            self.learn(QuorumCertificate(message.height, message.round, body.value, counted))
        return True

    def is_certified(self, value: Digest, view: int) -> bool:
        """Whether this block is known to be certified in this view or a later one."""
        known = self.memory.certified.get(value)
        return known is not None and known.view >= view

    def note_wish(self, message: Message, body: NewView) -> bool:
        """Somebody wants a later view."""
        memory = self.memory
        known = memory.newviews.get(message.sender)
        if known is not None and known.round >= message.round:
            return False
        if body.justify is not None:
            self.engine.verify_certificate(memory, body.justify)
            self.learn(body.justify)
        memory.newviews = {**memory.newviews, message.sender: message}
        return True

    def learn(self, proof: QuorumCertificate) -> None:
        """A certificate, from a proposal, a wish or enough votes."""
        memory = self.memory
        if not self.is_certified(proof.value, proof.view):
            self.learned = True
            memory.certified = {**memory.certified, proof.value: proof}

    # --- the rules ---

    def apply_rules(self) -> None:
        """Apply what was heard until nothing more happens; each pass raises a certificate, a view or a vote."""
        while not self.memory.closed and (self.certify() or self.follow() or self.vote()):
            pass

    def certify(self) -> bool:
        """A higher certificate for a block that we have: lock, commit, go on (CON-066, CON-067)."""
        memory = self.memory
        least = _BEFORE_ALL if memory.high is None else memory.high.view
        higher = [one for one in memory.certified.values() if one.view > least and self.is_acceptable(one.value)]
        if not higher:
            return self.commit_late()
        memory.high = best = max(higher, key=lambda one: one.view)
        chain = tuple(islice(memory.tree.upward(best.value), 3))
        self.lock(best, chain)
        if best.view >= memory.round:
            self.enter(Round(best.view + 1))
        self.commit(best, chain)
        return True

    def commit_late(self) -> bool:
        """A certificate that comes after a higher one decides as well (CON-067)."""
        memory = self.memory
        return any(
            self.is_acceptable(one.value) and self.commit(one, tuple(islice(memory.tree.upward(one.value), 3)))
            for one in memory.certified.values() if one.height > memory.decided + 2
        )  # fmt: skip

    def commit(self, last: QuorumCertificate, chain: Sequence[TreeBlock]) -> bool:
        """Decide the first of three blocks, of which `last` certifies the third, if their views are consecutive."""
        views = [proof.view for block in chain[:2] if (proof := justify_of(block)) is not None]
        if len(views) < 2 or len(chain) < 3 or not self.engine.consecutive(views[1], views[0], last.view):
            return False
        certified = self.memory.certified.items()
        self.decide(chain[2].value, {key: (proof.view, proof.votes) for key, proof in certified})
        return True

    def is_acceptable(self, value: Digest) -> bool:
        """Whether a value is decided, or a block that we have and that the application accepts: of what was said before
        the members changed nothing else counts (CON-090)."""
        verdict = self.memory.verdicts.get(value)
        return value == self.memory.tree.tip or (verdict is not None and verdict.acceptable)

    def lock(self, best: QuorumCertificate, chain: Sequence[TreeBlock]) -> None:
        """Lock on the head of a certified two-chain, if it is later than what is locked (CON-066)."""
        memory = self.memory
        head = self.engine.locks(best, chain)
        if head is not None and (memory.locked is None or head.view > memory.locked.view):
            memory.locked = head

    def wishing(self, least: int) -> set[MemberId]:
        """Who wants this view or a later one."""
        return {name for name, wish in self.memory.newviews.items() if wish.round >= least}

    def follow(self) -> bool:
        """Others want later views: want one too, or go where a quorum wants to be (CON-069)."""
        return bool(self.memory.newviews) and (self.join() or self.move_on())

    def join(self) -> bool:
        """Enough members want later views that one of them is correct: want the lowest of those (CON-069)."""
        memory = self.memory
        at_least = max(memory.round, memory.wishes) + 1
        higher = sorted(wish.round for wish in memory.newviews.values() if wish.round >= at_least)
        if not higher or not self.engine.joins(memory, memory.validators.weigh(self.wishing(at_least))):
            return False
        self.ask_for(higher[0])
        return True

    def move_on(self) -> bool:
        """A quorum wants this view or a later one: it begins (CON-069)."""
        memory, engine = self.memory, self.engine
        later = {wish.round for wish in memory.newviews.values() if wish.round > memory.round}
        for view in sorted(later, reverse=True):
            if engine.quorum(memory, memory.validators.weigh(self.wishing(view))):
                memory.called = view + PROMISE.span
                self.enter(view)
                return True
        return False

    def vote(self) -> bool:
        """A valid, timely, safe proposal of the present view gets our vote, one a view (CON-064, CON-065)."""
        memory, engine, view = self.memory, self.engine, self.memory.round
        if not engine.is_fresh(memory, view):
            return False
        for block in [one for one in memory.tree.blocks.values() if one.round == view]:
            verdict, body = memory.verdicts.get(block.value), block.message.body
            assert isinstance(body, Block), "the tree holds proposals"
            fine = verdict is not None and verdict.acceptable and verdict.timely and not self.has_voted_for(block)
            if fine and engine.safe(memory, block, body.justify):
                memory.voted = memory.round
                self.record_branch(block)
                self.say(VOTE, block.height, Vote(block.value))
                return True
        return False

    def record_branch(self, block: TreeBlock) -> None:
        """What the vote stands on, for the lock that it implies is found there again (CON-008, CON-071)."""
        below = [one.message for one in self.memory.tree.branch(block.value)]
        self.effects.extend([api.Record(message) for message in below if message.sender != self.engine.member])

    def has_voted_for(self, block: TreeBlock) -> bool:
        """Whether our vote for this very block is in the log."""
        log = self.memory.votes.get(self.memory.round, ())
        mine = [vote.body for vote in log if vote.sender == self.engine.member]
        return Vote(block.value) in mine

    # --- what others need, and what we need ---

    def heard(self) -> Iterable[Message]:
        """Votes by view, then wishes by name."""
        for _, log in sorted(self.memory.votes.items()):
            yield from log
        for _, wish in sorted(self.memory.newviews.items()):
            yield wish

    def forget(self) -> None:
        """Votes for blocks that are decided."""
        memory = self.memory
        memory.votes = {view: log for view, log in memory.votes.items() if log[0].height > memory.decided}
        memory.certified = {key: one for key, one in memory.certified.items() if one.height >= memory.decided}

    def renew(self, renew: api.Renew) -> None:
        """Others are in force from the next height on (CON-090)."""
        self.renew_members(renew.validators)

    def forget_members(self) -> None:
        """Votes, wishes, ours included, certificates, and the lock that these gave."""
        memory = self.memory
        memory.wishes, memory.called = min(memory.wishes, memory.round), _BEFORE_ALL
        memory.began = memory.round - 1
        memory.votes, memory.newviews, memory.certified = {}, {}, {}
        memory.high = memory.locked = None

    def resume(self, begin: api.Begin, records: Sequence[Message]) -> None:
        """The vote, the lock and the view that our recorded words imply (CON-008, CON-092)."""
        self.memory = Memory()
        self.stand(begin)
        memory = self.memory
        mine = [one for one in records if one.sender == self.engine.member]
        for message in () if begin.fresh else sorted(records, key=lambda one: (one.height, one.round)):
            if message.height >= begin.height or message.kind == NEWVIEW:
                self.note(message)
        memory.round = max((one.round for one in mine if one.kind != NEWVIEW), default=_FIRST)
        memory.voted = max((one.round for one in mine if one.kind in (VOTE, SYNC)), default=_BEFORE_ALL)
        memory.wishes = max((one.round for one in mine if one.kind == NEWVIEW), default=_BEFORE_ALL)
        memory.proposed = max((one.round for one in mine if one.kind in (PROPOSE, SYNC)), default=_BEFORE_ALL)
        if begin.fresh:
            memory.began = memory.round - 1
            self.mark()
        else:
            self.effects.extend(api.Send(one) for one in mine)
        for proof in self.memory.certified.values():
            self.lock(proof, tuple(islice(memory.tree.upward(proof.value), 2)))
        self.work_in_view()
        self.ask_around()
        self.apply_rules()


def justify_of(block: TreeBlock) -> QuorumCertificate | None:
    """The certificate of its parent that a block carries."""
    assert isinstance(block.message.body, Block), "the tree holds proposals"
    return block.message.body.justify


ENGINE = api.Kind(PROMISE, READERS, HotStuff)
