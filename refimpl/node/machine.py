"""The node: the one file where the five layers meet. A pure reactor: inputs in, effects out.

A message is decoded (network), given to the engine (consensus), whose questions the ledger answers (data, contract,
application); what the engine decides the ledger executes and commits. A height begins when there is something to do: a
transaction waits, a deadline has passed, or somebody else has begun. So a quiet ledger is quiet while time passes.

It must not read a clock, a disk or a network: `now` comes in with every input, and what is to be written, sent or rung
goes out as an effect. Source: spec/network.md, part 1 (NET-010 to NET-016).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from refimpl.consensus import interface as api
from refimpl.consensus.interface import Kind, Validators
from refimpl.crypto.recipes import KeyPair, Verifier
from refimpl.data.block import Block, Genesis, Header
from refimpl.data.certificate import Certificate, Vote
from refimpl.data.ids import Height, MemberId, Name, Round, Seconds
from refimpl.data.limits import CONSENSUS_ATTEMPTS, CONSENSUS_PAST, NODE_BLOCKS_KEPT
from refimpl.data.refusal import Code, Refused
from refimpl.data.seal import solve
from refimpl.data.transaction import Transaction
from refimpl.network.messages import Codec, carries_transaction
from refimpl.node import keys
from refimpl.node.ledger import Ledger
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


class Machine:
    """One member's node in one channel. Its inputs are methods; each returns effects, to be carried out in order."""

    def __init__(self, genesis: Genesis, kind: Kind, member: MemberId, key: KeyPair, verify: Verifier) -> None:
        self.genesis = genesis
        self.member = member
        self.codec = Codec(kind.promise.engine, genesis.channel, genesis.suite, kind.readers)
        public = {one.member: one.public for one in genesis.members}
        self.notary = MessageNotary(self.codec, key, public, verify)
        self.engine: api.Engine = kind.make(member, self.notary)
        self.verify = verify
        self.seconds_a_tick = kind.promise.delta
        self.memory = self.engine.start()
        self.ledger, self._opening = Ledger.open(genesis, verify)
        self.timers: dict[str, api.Timer] = {}
        self.idle = True
        """True between the commit of a height and the beginning of the next."""
        self.recent: dict[Height, api.Decide] = {}
        """What was decided, to bring others over."""
        self.records: dict[str, tuple[Height, Round]] = {}
        """Keys of what was recorded, with its place; deleted once a decision makes it needless."""
        self.now = Seconds(0)
        self.effects: list[Effect] = []

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
        self._recall_blocks(disk)
        records = {key: self.codec.decode(disk[key]) for key in sorted(disk) if key.startswith(keys.RECORD)}
        self.records = {key: (one.height, one.round) for key, one in records.items()}
        if not records and len(self.ledger.tip.members.validators()) == 1:
            return self._settle()  # alone there is nobody to ask: a height begins when there is reason (NET-015)
        step = self.engine.recover(self.engine.start(), self._next_height(), tuple(records.values()))
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
        self._drive([api.Receive(message)])
        if self.idle and message.height == self.ledger.tip.height + 1:
            self._begin()
        return self.effects

    def fire(self, name: str, now: Seconds) -> list[Effect]:
        """A timer rang; an unknown one is `query.not_found`."""
        self._enter(now)
        if name == _DEADLINE:
            return self._settle()
        timer = self.timers.pop(name, None)
        if timer is None:
            raise Refused(Code.QUERY_NOT_FOUND, what="timer")
        return self._drive([api.Expire(timer)])

    # --- the engine ---

    def _enter(self, now: Seconds) -> None:
        self.now, self.effects = now, []

    def _settle(self) -> list[Effect]:
        """Begin the next height if there is something to do, else wait for the next deadline."""
        return self._begin() if self.idle and self._has_work() else self.effects

    def _has_work(self) -> bool:
        deadline = self.ledger.next_deadline()
        if deadline is not None and deadline >= self.now:
            self.effects.append(Ring(_DEADLINE, Seconds(deadline + 1)))
        return self.ledger.has_ready() or (deadline is not None and deadline < self.now)

    def _begin(self) -> list[Effect]:
        self.idle = False
        return self._drive([self._next_height()])

    def _next_height(self) -> api.Begin:
        weights = {one.member: one.weight for one in self.ledger.tip.members.validators()}
        ticks = (self.now - self.genesis.time) // self.seconds_a_tick
        return api.Begin(Height(self.ledger.tip.height + 1), Validators.of(weights), ticks, self.ledger.tip.block)

    def _drive(self, inputs: list[api.Input], asked: list[api.Effect] | None = None) -> list[Effect]:
        """Feed the engine, answer its questions at once, until it has nothing more to say."""
        pending: Sequence[api.Effect] = asked or []
        while True:
            for effect in pending:
                answer = self._carry_out(effect)
                if answer is not None:
                    inputs.append(answer)
            if not inputs:
                return self.effects
            self.memory, pending = self.engine.step(self.memory, inputs.pop(0))

    def _carry_out(self, effect: api.Effect) -> api.Input | None:
        """One effect of the engine; an answer if it is a question."""
        match effect:
            case api.Send(message, to) | api.Forward(message, to):
                self.effects.append(Send(self.codec.encode(message), to))
            case api.Record(message):
                key = keys.record(message.height, message.round, message.kind, message.sender)
                self.records[key] = message.height, message.round
                self.effects.append(Persist(((key, self.codec.encode(message)),)))
            case api.SetTimer(timer, ticks):
                self.timers[timer.name] = timer
                self.effects.append(Ring(timer.name, Seconds(self.now + ticks * self.seconds_a_tick)))
            case api.Accuse(against, first, second):
                self.effects.append(Accusation(against, self.codec.encode(first), self.codec.encode(second)))
            case api.Supply(height, to):
                self._supply(height, to)
            case api.AskPayload(height, round_, ancestors):
                payload = self.ledger.beyond(ancestors).prepare(self.member, self.now).to_bytes()
                return api.Offer(height, round_, payload, self.notary.value_of(payload))
            case api.AskVerdict(height, value, payload, _, ancestors, made_at):
                clock = self.now if made_at is None else Seconds(self.genesis.time + made_at * self.seconds_a_tick)
                opinion = self.ledger.beyond(ancestors).process(payload, clock)
                acceptable = opinion.refused is None and (made_at is None or opinion.timely)
                return api.Verdict(height, value, acceptable, opinion.timely)
            case api.AskWork(_, _, puzzle, bits):
                return api.Worked(puzzle, solve(puzzle, bits, CONSENSUS_ATTEMPTS))
            case api.Decide():
                return self._decide(effect)
        return None

    def _supply(self, height: Height, to: MemberId) -> None:
        decided = self.recent.get(height)
        if decided is not None:
            self.effects.append(Send(self.codec.encode(self.engine.supply(*decided[:5])), (to,)))

    # --- decisions ---

    def _decide(self, decided: api.Decide) -> api.Input | None:
        """Execute and commit in one piece, report, and go on if there is something to do (NET-014)."""
        result = self.ledger.finalize(decided.payload)
        certificate = self._certificate(decided)
        writes = self.ledger.commit(result, certificate)
        writes += [(key, None) for key in self._forget(decided.height)]
        self.effects.append(Persist(tuple(writes)))
        self._remember(decided)
        proof = None if certificate is None else certificate.to_bytes()
        root, receipts = result.outcome.state.root, result.outcome.receipts
        self.effects.append(Decision(decided.height, decided.payload, proof, root, receipts))
        self.idle = not self._has_work()
        return None if self.idle else self._next_height()

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

    def _remember(self, decided: api.Decide) -> None:
        self.recent[decided.height] = decided
        self.recent.pop(Height(decided.height - NODE_BLOCKS_KEPT), None)

    def _recall_blocks(self, disk: Mapping[str, bytes]) -> None:
        """The decisions of the last blocks, as they must be given to others."""
        tip = self.ledger.tip.height
        for height in range(max(1, tip - NODE_BLOCKS_KEPT + 1), tip + 1):
            header = Header.from_bytes(disk[keys.block(height)])
            listed = tuple(Transaction.from_bytes(disk[keys.transaction(height, i)]) for i in range(header.size))
            proof = disk.get(keys.certificate(height))
            certificate = None if proof is None else Certificate.from_bytes(proof)
            votes = tuple((vote.member, vote.signature) for vote in certificate.votes) if certificate else ()
            round_ = certificate.round if certificate else Round(0)
            self._remember(api.Decide(Height(height), round_, header.id, Block(header, listed).to_bytes(), votes))
