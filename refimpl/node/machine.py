"""The node: the one file where the five layers meet. A pure reactor: inputs in, effects out.

A message is decoded (network), given to the engine (consensus), whose questions the ledger answers (data, contract,
application); what the engine decides the ledger executes and commits. A height begins when there is something to do: a
transaction waits, a deadline has passed, or somebody else has begun. So a quiet ledger is quiet while time passes.

It must not read a clock, a disk or a network: `now` comes in with every input, and what is to be written, sent or rung
goes out as an effect. Source: spec/network.md, part 1 (NET-010 to NET-016).
"""

import copy
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from attrs import evolve

from refimpl.consensus import interface as api
from refimpl.consensus.heights import SYNC
from refimpl.consensus.interface import Kind, Validators
from refimpl.crypto.recipes import KeyPair, Verifier
from refimpl.data.block import Block, Genesis, Header
from refimpl.data.certificate import Certificate, Vote
from refimpl.data.ids import Height, MemberId, Name, Round, Seconds
from refimpl.data.limits import CONSENSUS_ATTEMPTS, CONSENSUS_PAST, NODE_BLOCKS_KEPT
from refimpl.data.members import Role
from refimpl.data.refusal import Code, Refused
from refimpl.data.seal import solve
from refimpl.data.transaction import Transaction
from refimpl.network.messages import Codec, Message, Sync, carries_transaction
from refimpl.node import keys
from refimpl.node.ledger import Ledger, Opinion
from refimpl.node.notary import MessageNotary
from refimpl.node.ports import Write

__all__ = ["Accusation", "Decision", "Effect", "Machine", "Persist", "Ring", "Send"]


class Send(NamedTuple):
    """Bytes for these members, or for all other validators if `to` is empty."""

    data: bytes
    to: tuple[MemberId, ...] = ()


class Ring(NamedTuple):
    """Fire the timer `name` at second `at` of this node's clock; the same name replaces."""

    name: str
    at: Seconds


class Persist(NamedTuple):
    """Write all of this or none of it; durable before any later effect is carried out."""

    writes: tuple[Write, ...]


class Decision(NamedTuple):
    """A height is final here."""

    height: Height
    block: bytes
    certificate: bytes | None
    state_root: bytes
    receipts: tuple[bytes, ...]


class Accusation(NamedTuple):
    """Two signed statements that no correct member makes both of."""

    against: MemberId
    first: bytes
    second: bytes


Effect = Send | Ring | Persist | Decision | Accusation

_DEADLINE = "deadline"
_NOBODY = MemberId("")


class Machine:
    """One member's node in one channel. Its inputs are methods; each returns effects, to be carried out in order."""

    def __init__(
        self, genesis: Genesis, kind: Kind, member: MemberId, key: KeyPair, verify: Verifier,
        later: Sequence[KeyPair] = (),
    ) -> None:  # fmt: skip
        """`later` are keys of this member that may come into force while it runs: it signs with the one that is."""
        self.genesis = genesis
        self.kind = kind
        self.member = member
        self.pairs = (key, *later)
        self.codec = Codec(kind.promise.engine, genesis.channel, genesis.suite, kind.readers)
        self.notary = MessageNotary(self.codec, key, {}, verify)
        self.engine: api.Engine
        self.verify = verify
        self.seconds_a_tick = kind.promise.delta
        self.ledger, self._opening = Ledger.open(genesis, verify)
        self.speaks = False
        """Whether this member validates with a key that is here; else it follows and says nothing (CON-093)."""
        self._renew()
        self.memory = self.engine.start()
        self.timers: dict[str, api.Timer] = {}
        self.heard = Height(0)
        """The greatest height that a validator was heard to speak of."""
        self.idle = True
        """True between the commit of a height and the beginning of the next."""
        self.recent: dict[Height, api.Decide] = {}
        """What was decided, to bring others over."""
        self.records: dict[str, tuple[Height, Round]] = {}
        """Keys of what was recorded, with its place; deleted once a decision makes it needless."""
        self.now = Seconds(0)
        self.effects: list[Effect] = []
        self.asked = Height(0), Round(0), Height(0)
        """Where we asked last, instead of speaking, and the greatest height of which we had heard then."""

    # --- inputs ---

    def start(self, now: Seconds) -> list[Effect]:
        """A new ledger from its genesis."""
        self._enter(now)
        self.effects.append(Persist(tuple(self._opening)))
        return self._settle()

    def recover(self, disk: Mapping[str, bytes], now: Seconds) -> list[Effect]:
        """The node comes back with what it had written; `store.corrupt` if that does not fit together."""
        self._enter(now)
        self.ledger = Ledger.load(disk, self.verify)
        self._renew()
        self._recall_blocks(disk)
        records = {key: self.codec.decode(disk[key]) for key in sorted(disk) if key.startswith(keys.RECORD)}
        self.records = {key: (one.height, one.round) for key, one in records.items()}
        proofs = [one.proof for one in self.recent.values() if one.proof is not None][-CONSENSUS_PAST:]
        known = tuple(dict.fromkeys((*records.values(), *proofs)))  # who follows recorded nothing, and has the proofs
        alone = len(self.ledger.tip.members.validators()) == 1
        if alone and not (known and (self.speaks or proofs)):
            return self._settle()  # alone there is nobody to ask: a height begins when there is reason (NET-015)
        step = self.engine.recover(self.engine.start(), self._next_height(), known)
        self.memory, self.idle = step.state, False
        return self._drive([], list(step.effects))

    def submit(self, data: bytes, now: Seconds) -> list[Effect]:
        """A client's transaction; raises `Refused` as `Ledger.check` does. Passed on to the others once (NET-012)."""
        self._enter(now)
        if self.ledger.admit(self.ledger.check(data)):
            self.effects.append(Send(data))
        return self._settle()

    def deliver(self, data: bytes, now: Seconds) -> list[Effect]:
        """Bytes from another node: a message of consensus or a transaction; raises `Refused` (NET-003, NET-012)."""
        self._enter(now)
        if carries_transaction(data):
            return self.submit(data, now)
        message = self.codec.decode(data)
        if self.idle and message.height == self.ledger.tip.height + 1:
            self._must_be_of_a_validator(message)
            self._begin()
        self._drive([api.Receive(message)])
        if message.height > self.heard:
            self.heard = message.height
            if self._misses_something() and self.engine.promise.rounds != "run":
                self._ask(self.asked[1])
        return self.effects

    def fire(self, name: str, now: Seconds) -> list[Effect]:
        """A timer rang; an unknown one is `query.not_found`."""
        self._enter(now)
        if name == _DEADLINE:
            return self._settle()
        timer = self.timers.pop(name, None)
        if timer is None:
            raise Refused(Code.QUERY_NOT_FOUND, what="timer")
        if not self.speaks:  # CON-094: nobody hears from whoever follows, so nobody else can notice that it is behind
            self._ask(timer.round)
        return self._drive([api.Expire(timer)])

    # --- the engine ---

    def _enter(self, now: Seconds) -> None:
        self.now, self.effects = now, []

    def _must_be_of_a_validator(self, message: Message) -> None:
        """Raise `Refused` unless a validator in force signed what is to begin a height (NET-003, NET-015)."""
        found = self.ledger.tip.members.get(message.sender)
        if found is None or found.role is not Role.VALIDATOR:
            raise Refused(Code.NET_UNKNOWN_SENDER, "/from", sender=message.sender)
        self.notary.verify(message)

    def _settle(self) -> list[Effect]:
        """Begin the next height if there is something to do, else wait for the next deadline."""
        return self._begin() if self.idle and self._has_work() else self.effects

    def _has_work(self) -> bool:
        if not self.speaks:
            return False
        deadline = self.ledger.next_deadline()
        if deadline is not None and deadline >= self.now:
            self.effects.append(Ring(_DEADLINE, Seconds(deadline + 1)))
        return self.ledger.has_ready() or (deadline is not None and deadline < self.now)

    def _misses_something(self) -> bool:
        """Whether a follower knows that more is decided: nobody hears of it unless it begins, and asks (NET-015)."""
        return not self.speaks and self.heard > self.ledger.tip.height

    def _begin(self) -> list[Effect]:
        self.idle = False
        return self._drive([self._next_height()])

    def _next_height(self) -> api.Begin:
        tip, height = self.ledger.tip, Height(self.ledger.tip.height + 1)
        ticks = (self.now - self.genesis.time) // self.seconds_a_tick
        return api.Begin(height, self._validators(), ticks, tip.block, fresh=tip.since == height > 1)

    def _validators(self) -> Validators:
        return Validators.of({one.member: one.weight for one in self.ledger.tip.members.validators()})

    def _drive(self, inputs: list[api.Input], asked: list[api.Effect] | None = None) -> list[Effect]:
        """Feed the engine, answer its questions at once, until it has nothing more to say."""
        pending: Sequence[api.Effect] = asked or []
        while True:
            for effect in pending:
                inputs.extend(self._carry_out(effect))
            if not inputs:
                return self.effects
            self.memory, pending = self.engine.step(self.memory, inputs.pop(0))

    def _carry_out(self, effect: api.Effect) -> Sequence[api.Input]:
        """One effect of the engine; the answer if it is a question, and what follows from a decision."""
        match effect:
            case api.Send(message, to) | api.Forward(message, to):
                if self.speaks or (message.kind == SYNC and message.sender == self.member):
                    self.effects.append(Send(self.codec.encode(message), to))
                elif message.sender == self.member:
                    self._ask(message.round)
            case api.Record(message):
                if self.speaks:
                    self._record(message)
            case api.SetTimer(timer, ticks):
                self.timers[timer.name] = timer
                self.effects.append(Ring(timer.name, Seconds(self.now + ticks * self.seconds_a_tick)))
            case api.Accuse(against, first, second):
                self.effects.append(Accusation(against, self.codec.encode(first), self.codec.encode(second)))
            case api.Supply(height, to):
                self._supply(height, to)
            case api.AskPayload(height, round_, ancestors):
                payload = self.ledger.beyond(ancestors).prepare(self.member, self.now).to_bytes()
                return (api.Offer(height, round_, payload, self.notary.value_of(payload)),)
            case api.AskVerdict(height, value, payload, _, ancestors, made_at):
                clock = self.now if made_at is None else Seconds(self.genesis.time + made_at * self.seconds_a_tick)
                opinion = self._opinion(payload, ancestors, clock)
                acceptable = opinion.refused is None and (made_at is None or opinion.timely)
                return (api.Verdict(height, value, acceptable, opinion.timely, opinion.closes),)
            case api.AskWork(_, _, puzzle, bits):
                return (api.Worked(puzzle, solve(puzzle, bits, CONSENSUS_ATTEMPTS)),)
            case api.Decide():
                return self._decide(effect)
        return ()

    def _ask(self, round_: Round) -> None:
        """Whoever follows asks where it would speak, as a round ends, and when it hears of a later height."""
        place = Height(self.ledger.tip.height + 1), round_, self.heard
        if place > self.asked:
            self.asked = place
            question = Message(SYNC, *place[:2], self.member, Sync())
            self.effects.append(Send(self.codec.encode(self.notary.sign(question))))

    def _record(self, message: Message) -> None:
        """A statement is made durable; a question, the first under new members, in place of all before (CON-092)."""
        key = keys.record(message.height, message.round, message.kind, message.sender)
        gone: list[Write] = []
        if message.kind == SYNC:
            gone = [(old, None) for old in self.records if old != key]
            self.records = {}
        self.records[key] = message.height, message.round
        self.effects.append(Persist((*gone, (key, self.codec.encode(message)))))

    def _opinion(self, payload: bytes, ancestors: tuple[bytes, ...], clock: Seconds) -> Opinion:
        """What the ledger thinks of a payload; one that stands on what is refused is refused (CON-029)."""
        try:
            return self.ledger.beyond(ancestors).process(payload, clock)
        except Refused as refused:
            return Opinion(refused, timely=False)

    def _supply(self, height: Height, to: MemberId) -> None:
        decided = self.recent.get(height)
        if decided is not None and self._name() != _NOBODY:
            told = self.engine.supply(decided.height, decided.round, decided.value, decided.payload, decided.votes)
            self.effects.append(Send(self.codec.encode(told), (to,)))

    # --- decisions ---

    def _decide(self, decided: api.Decide) -> Sequence[api.Input]:
        """Execute and commit in one piece, report, and go on if there is something to do (NET-014)."""
        result = self.ledger.finalize(decided.payload)
        certificate = self._certificate(decided)
        writes = self.ledger.commit(result, certificate, self._proof(decided))
        writes += [(key, None) for key in self._forget(decided.height)]
        self.effects.append(Persist(tuple(writes)))
        self._remember(decided)
        votes = None if certificate is None else certificate.to_bytes()
        root, receipts = result.outcome.state.root, result.outcome.receipts
        self.effects.append(Decision(decided.height, decided.payload, votes, root, receipts))
        renewed: tuple[api.Input, ...] = ()
        if result.tip.since == decided.height + 1:
            self._renew()
            renewed = (api.Renew(Height(decided.height + 1), self._validators()),)
        self.idle = not (self._has_work() or self._misses_something())
        return renewed if self.idle else (*renewed, self._next_height())

    def copied(self) -> "Machine":
        """The same node again, sharing nothing that changes."""
        made = copy.copy(self)
        made.ledger = evolve(self.ledger, pool=dict(self.ledger.pool))
        made.timers, made.recent, made.records = dict(self.timers), dict(self.recent), dict(self.records)
        made.effects = []
        made.notary = copy.copy(self.notary)
        made.engine = self.kind.make(self._name(), made.notary)
        return made

    def _renew(self) -> None:
        """Take the keys of the members in force, ours among them."""
        tip = self.ledger.tip
        self.speaks = self.notary.renew(tip.since, tip.members, self.member, self.pairs)
        self.engine = self.kind.make(self._name(), self.notary)

    def _name(self) -> MemberId:
        """Whom the engine speaks for: nobody where it would vote with a key that is not in force (CON-093)."""
        listed = self.member in {one.member for one in self.ledger.tip.members.validators()}
        return self.member if self.speaks or not listed else _NOBODY

    def _forget(self, decided: Height) -> list[str]:
        """The keys of the records that bind nobody any more (CON-028)."""
        promise = self.engine.promise
        last = max((place[1] for place in self.records.values()), default=Round(0))
        runs_on = promise.rounds != "height"
        past = CONSENSUS_PAST if promise.finality["kind"] == "depth" else 0
        needless = [key for key, (height, round_) in self.records.items()
                    if height <= decided - past and not (runs_on and round_ == last)]  # fmt: skip
        for key in needless:
            del self.records[key]
        return needless

    def _certificate(self, decided: api.Decide) -> Certificate | None:
        """The votes of a decision as the chain keeps them; None where the engine promises none."""
        if not self.engine.promise.certificates:
            return None
        votes = tuple(Vote(member, signature) for member, signature in decided.votes)
        return Certificate(
            self.genesis.channel, self.genesis.suite, decided.height, decided.round, decided.value,
            Name(self.codec.profile), Name(self.engine.promise.commits), votes,
        )  # fmt: skip

    def _proof(self, decided: api.Decide) -> bytes | None:
        """The message of the block's maker as the chain keeps it; None where votes decide, or one alone (DAT-122)."""
        return None if decided.proof is None else self.codec.encode(decided.proof)

    def _remember(self, decided: api.Decide) -> None:
        self.recent[decided.height] = decided
        self.recent.pop(Height(decided.height - NODE_BLOCKS_KEPT), None)

    def _recall_blocks(self, disk: Mapping[str, bytes]) -> None:
        """The decisions of the last blocks, as they must be given to others."""
        tip = self.ledger.tip.height
        for height in range(max(1, tip - NODE_BLOCKS_KEPT + 1), tip + 1):
            if keys.block(height) not in disk:  # it began from a snapshot (DAT-121)
                continue
            header = Header.from_bytes(disk[keys.block(height)])
            listed = tuple(Transaction.from_bytes(disk[keys.transaction(height, i)]) for i in range(header.size))
            voted, shown = disk.get(keys.certificate(height)), disk.get(keys.proof(height))
            certificate = None if voted is None else Certificate.from_bytes(voted)
            votes = tuple((vote.member, vote.signature) for vote in certificate.votes) if certificate else ()
            proof = None if shown is None else self.codec.decode(shown)
            told = certificate or proof
            round_ = told.round if told else Round(0)
            payload = Block(header, listed).to_bytes()
            self._remember(api.Decide(Height(height), round_, header.id, payload, votes, proof))
