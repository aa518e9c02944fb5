"""An engine of the reference as a Reactor, over the smallest ledger that has something to get wrong.

Why: search needs thousands of runs a second, so engines are explored alone: payloads are one line of text, signatures
are ideal (a table of who signed what, unforgeable by construction), and messages stay values. The whole node, with
bytes and real signatures, is `conformance.adapters.node`.

This is one of the few files of `conformance` that may import `refimpl`. It must not know any engine's rules, and holds
no opinion about a run: it only translates.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from typing import Any

from attrs import define, field, frozen

from conformance import reactor
from conformance.adapters.line_ledger import LineLedger, name_of, read_line
from conformance.adapters.tongues import TONGUES, Saying, dumb
from conformance.contract import Contract
from conformance.history import Block, Decision, Said
from conformance.plan import Plan
from conformance.sentences import say
from refimpl.consensus import interface as engine_api
from refimpl.consensus.interface import Engine, Kind, Validators
from refimpl.consensus.registry import find_engine
from refimpl.data.ids import Digest, Height, MemberId, Round, Signature
from refimpl.data.limits import CONSENSUS_PAST
from refimpl.data.refusal import Code, Refused
from refimpl.data.seal import solve
from refimpl.network.messages import Message, Vote

_ENOUGH = 64
"""A search of so many times the average fails once in e^64 runs."""


@lru_cache(maxsize=1024)
def member(node: int) -> MemberId:
    """The name of node i: names sort as nodes do."""
    return MemberId(f"n{node:02d}")


@lru_cache(maxsize=1024)
def node_of(name: MemberId) -> int:
    """The node with this name."""
    return int(name[1:])


# --- Ideal signatures ---


@define
class Book:
    """Who signed what. A signature is the number of its entry, so none can be made without one."""

    entries: dict[bytes, Message] = field(factory=dict)
    numbers: dict[Message, bytes] = field(factory=dict)

    def enter(self, message: Message) -> Message:
        """The signed message; the same statement gets the same signature."""
        statement = message.unsigned()
        number = self.numbers.setdefault(statement, len(self.numbers).to_bytes(4, "big"))
        entry = self.entries.get(number)
        if entry is None:
            entry = self.entries[number] = Message(*statement[:5], Signature(number))
        return entry


@frozen
class IdealNotary:
    """Signs as one member by writing into the book, verifies by reading it."""

    member: MemberId
    book: Book

    def sign(self, message: Message) -> Message:
        """The message, entered in the book."""
        assert message.sender == self.member, "a notary signs for its own member only"
        return self.book.enter(message)

    def verify(self, message: Message) -> None:
        """Raise `Refused(Code.NET_BAD_SIGNATURE)` unless the book has exactly this."""
        known = self.book.entries.get(message.signature)
        if known is not message and known != message:
            raise Refused(Code.NET_BAD_SIGNATURE, "/sig")

    def value_of(self, payload: bytes) -> Digest:
        """The digest that names a payload."""
        return name_of(payload)


# --- One node ---


class EngineReactor:
    """One engine over a line ledger."""

    def __init__(self, node: int, engine: Engine, cluster: "EngineCluster", variant: int) -> None:
        self.node = node
        self.engine = engine
        self.cluster = cluster
        self.variant = variant
        self.ledger = LineLedger()
        self.memory = engine.start()
        self.effects: list[reactor.Effect] = []
        self.now = 0
        self.lies = node in cluster.faulty
        self.seen: list[Message] = []
        """What a liar heard and said, of which it may make something else."""

    def fork(self, variant: int) -> "EngineReactor":
        """A second instance with the memory of this one, which from now on has all the power to mine."""
        other = EngineReactor(self.node, self.engine, self.cluster, variant)
        other.ledger, other.memory, other.now = deepcopy(self.ledger), self.memory, self.now
        self.cluster.miners[self.node] = variant
        return other

    # Inputs.

    def start(self, now: int) -> Sequence[reactor.Effect]:
        """Begin height 1."""
        self.now = now
        return self.run(now, [self.next_height()])

    def deliver(self, src: int, wire: Message, now: int) -> Sequence[reactor.Effect]:
        """A message."""
        if self.lies:
            self.seen.append(wire)
        try:
            return self.run(now, [engine_api.Receive(wire)])
        except Refused as refused:
            raise reactor.Refusal(refused.code.value) from None

    def fire(self, name: Hashable, now: int) -> Sequence[reactor.Effect]:
        """A timer."""
        assert isinstance(name, engine_api.Timer), "engines name their alarms by timers"
        try:
            return self.run(now, [engine_api.Expire(name)])
        except Refused as refused:
            raise reactor.Refusal(refused.code.value) from None

    def submit(self, transaction: str, now: int) -> Sequence[reactor.Effect]:
        """Into the pool, once."""
        if transaction not in self.ledger.pool:
            self.ledger.pool.append(transaction)
            return (reactor.Persist(((f"pool/{len(self.ledger.pool):04d}", transaction),), True),)
        return ()

    def recover(self, disk: Mapping[str, Any], now: int) -> Sequence[reactor.Effect]:
        """Blocks and pool as they were synced, then the engine bound by its records."""
        self.now, self.effects = now, []
        self.ledger.pool = [disk[key] for key in sorted(disk) if key.startswith("pool/")]
        for key in sorted(key for key in disk if key.startswith("block/")):
            self.ledger.execute(disk[key])
            self.report(disk[key])
        step = self.engine.recover(self.engine.start(), self.next_height(), self.binding(disk))
        self.memory = step.state
        return self.run(now, [], step.effects, self.effects)

    def binding(self, disk: Mapping[str, Any]) -> list[Message]:
        """The records that no decision has made needless (CON-028)."""
        records = [message for key, message in sorted(disk.items()) if key.startswith("record/")]
        decided, runs_on = len(self.ledger.blocks), self.cluster.contract.rounds != "height"
        last = max((message.round for message in records), default=0)
        past = CONSENSUS_PAST if self.cluster.contract.depth else 0
        return [one for one in records if one.height > decided - past or (runs_on and one.round == last)]

    def where(self) -> str:
        """Where the engine stands, in its own words."""
        return self.engine.where(self.memory)

    def build(self, said: Said, ancestors: Sequence[bytes]) -> bytes | None:
        """The payload that a plan calls `v<i>` or `v<i>.<k>` after these; None if this node is at another height."""
        if self.cluster.contract.rounds != "run" and said.height != len(self.ledger.blocks) + 1:
            return None
        author, _, variant = said.value[1:].partition(".")
        return self.ledger.build(int(author), self.mark(int(variant or 0), said.round), ancestors)

    def rebuild(self, said: Said, chain: Sequence[bytes]) -> bytes | None:
        """The same on top of a whole chain from the genesis, whatever is decided here."""
        author, _, variant = said.value[1:].partition(".")
        ledger = LineLedger(pool=self.ledger.pool)
        return ledger.build(int(author), self.mark(int(variant or 0), said.round), chain)

    def mark(self, variant: int, round_: int) -> str:
        """What tells a block from others of its author and height: where every round has its own block, the round."""
        return f"{variant}@{round_}" if self.cluster.contract.rounds == "run" else str(variant)

    # Carrying out what the engine asks.

    def next_height(self) -> engine_api.Begin:
        """The height after the last executed one."""
        tip = Digest(bytes.fromhex(self.ledger.tip))
        return engine_api.Begin(Height(len(self.ledger.blocks) + 1), self.cluster.validators, self.now, tip)

    def run(
        self,
        now: int,
        inputs: list[engine_api.Input],
        asked: Sequence[engine_api.Effect] = (),
        effects: list[reactor.Effect] | None = None,
    ) -> list[reactor.Effect]:
        """Feed inputs to the engine, answer its questions at once, and collect what is for the world."""
        self.now, self.effects = now, effects if effects is not None else []
        step, pending = self.engine.step, asked
        while True:
            for effect in pending:
                answer = CARRY_OUT[type(effect)](self, effect)
                if answer is not None:
                    inputs.append(answer)
            if not inputs:
                return self.effects
            self.memory, pending = step(self.memory, inputs.pop(0))

    def send(self, effect: engine_api.Send | engine_api.Forward) -> None:
        """A message leaves."""
        message, to = effect.message, effect.to
        if self.lies:
            self.seen.append(message)
        self.effects.append(reactor.Send(message, tuple([node_of(name) for name in to]) if to else ()))

    def record(self, effect: engine_api.Record) -> None:
        """A statement is made durable."""
        self.effects.append(self.cluster.write_of(effect.message))

    def set_timer(self, effect: engine_api.SetTimer) -> None:
        """An alarm, on the node's own clock."""
        self.effects.append(reactor.SetTimer(effect.timer, self.now + effect.ticks * self.cluster.tick))

    def work(self, ask: engine_api.AskWork) -> engine_api.Input:
        """What the lottery of the plan gives for a puzzle."""
        return engine_api.Worked(ask.puzzle, self.cluster.mine(self, ask.round, ask.puzzle, ask.bits))

    def judge(self, ask: engine_api.AskVerdict) -> engine_api.Input:
        """Whether the ledger accepts a payload; here every time fits."""
        accepted = self.ledger.accepts(ask.height, ask.payload, ask.ancestors)
        return engine_api.Verdict(ask.height, ask.value, accepted, True)

    def offer(self, ask: engine_api.AskPayload) -> engine_api.Input:
        """A payload of our own."""
        payload = self.ledger.build(self.node, self.mark(self.variant, ask.round), ask.ancestors)
        return engine_api.Offer(ask.height, ask.round, payload, name_of(payload))

    def accuse(self, effect: engine_api.Accuse) -> None:
        """Evidence, if it is any."""
        if self.cluster.proves(effect.against, effect.first, effect.second):
            self.effects.append(reactor.Accused(node_of(effect.against)))

    def supply(self, effect: engine_api.Supply) -> None:
        """Help somebody over a height that is decided here."""
        if effect.height <= len(self.ledger.blocks):
            decided = self.ledger.blocks[effect.height - 1]
            told = self.engine.supply(decided.height, decided.round, decided.value, decided.payload, decided.votes)
            self.effects.append(reactor.Send(told, (node_of(effect.to),)))

    def decide(self, decision: engine_api.Decide) -> engine_api.Input | None:
        """Make a decision durable, execute it, report it, and go on unless the run ends here."""
        replaced = range(decision.height + 1, len(self.ledger.blocks) + 1)
        writes = [(block_key(decision.height), decision), *((block_key(height), None) for height in replaced)]
        self.effects.append(reactor.Persist(tuple(writes), True))
        self.ledger.execute(decision)
        self.report(decision)
        return self.next_height() if decision.height < self.cluster.heights else None

    def report(self, decision: engine_api.Decide) -> None:
        """Tell the world what is final here."""
        found = read_line(decision.payload)
        block = found[1] if found else Block(decision.value.hex(), "", -1, (), say("block.not-one", clause="INV-S3"))
        votes = tuple((node_of(name), self.cluster.signed(decision, name, mark)) for name, mark in decision.votes)
        made = decision.proof
        proof = {} if made is None else {**made.body.to_data(), "from": made.sender}
        height, round_ = decision.height, decision.round
        found_final = Decision(0, self.node, 0, height, round_, block, votes, self.ledger.tip, proof)
        self.effects.append(reactor.Decided(found_final))


CARRY_OUT: Mapping[type, Callable[[EngineReactor, Any], engine_api.Input | None]] = {
    engine_api.Send: EngineReactor.send,
    engine_api.Forward: EngineReactor.send,
    engine_api.Record: EngineReactor.record,
    engine_api.Supply: EngineReactor.supply,
    engine_api.SetTimer: EngineReactor.set_timer,
    engine_api.AskPayload: EngineReactor.offer,
    engine_api.AskVerdict: EngineReactor.judge,
    engine_api.AskWork: EngineReactor.work,
    engine_api.Decide: EngineReactor.decide,
    engine_api.Accuse: EngineReactor.accuse,
}
"""Effect of an engine -> how it is carried out, with the answer if it is a question."""


def block_key(height: int) -> str:
    """Where a decided block is kept."""
    return f"block/{height:04d}"


# --- The cluster ---

EngineMaker = Callable[[MemberId, engine_api.Notary], Engine]


class EngineCluster:
    """Nodes of one engine, all with the same ideal book. One cluster serves one run."""

    tick = 1

    def __init__(self, kind: Kind, plan: Plan, correct: EngineMaker | None = None) -> None:
        """`correct` replaces the engine of the correct nodes: how a planted fault enters."""
        self.kind = kind
        self.contract = contract_in(kind)
        self.tongue = TONGUES.get(kind.promise.engine, dumb)
        self.heights = plan.heights
        self.faulty = frozenset(plan.faulty)
        self.correct = correct or kind.make
        self.book = Book()
        self.plan = plan
        self.spent: Counter[tuple[int, int]] = Counter()
        """Wins of each (slot, node) that were used up."""
        self.miners: dict[int, int] = {}
        """Of a node that runs more than once, the variant that has its power to mine."""
        self.saids: dict[bytes, Said] = {}
        self.writes: dict[bytes, reactor.Persist] = {}
        weights = plan.weights or (1,) * plan.n
        self.validators = Validators.of({member(node): weight for node, weight in enumerate(weights)})
        self.names: list[str] = [member(node) for node in range(plan.n)]
        self.notaries = [IdealNotary(member(node), self.book) for node in range(plan.n)]

    def spawn(self, node: int, variant: int) -> EngineReactor:
        """A fresh node; liars run the engine as it was published."""
        make = self.kind.make if node in self.faulty else self.correct
        reactor = EngineReactor(node, make(member(node), self.notaries[node]), self, variant)
        if variant == 0:
            self.miners[node] = variant
        return reactor

    def mine(self, miner: EngineReactor, slot: int, puzzle: Digest, bits: int) -> int | None:
        """A nonce for whom the lottery favours: a block of twice the difficulty costs twice the wins."""
        price = 1 << max(0, bits - self.contract.difficulty[0])
        won = self.contract.wins(self.plan, slot).count(miner.node) - self.spent[slot, miner.node]
        if self.miners.get(miner.node) != miner.variant or won < price:
            return None
        self.spent[slot, miner.node] += price
        return solve(puzzle, bits, _ENOUGH << bits)

    def read(self, wire: Message) -> Said:
        """Coordinates and signer, read once for each entry of the book."""
        said = self.saids.get(wire.signature)
        if said is None:
            height = 1 if self.contract.rounds == "run" else wire.height
            said = Said(wire.kind, height, wire.round, node_of(wire.sender), value_text(wire))
            self.saids[wire.signature] = said
        return said

    def read_record(self, value: Any) -> Said | None:
        """The statement in a record."""
        return self.read(value) if isinstance(value, Message) else None

    def identity(self, wire: Message) -> Hashable:
        """The number of its entry in the book."""
        return wire.signature

    def transactions(self, height: int, count: int) -> Sequence[tuple[str, Any]]:
        """`t<height>.<i>`."""
        return [(f"t{height}.{i}", f"t{height}.{i}") for i in range(count)]

    def alter(self, wire: Message, act: Mapping[str, Any], source: EngineReactor) -> Message | None:
        """Another value or another round in the liar's own message."""
        if "round" in act:
            round_ = wire.round + act["round"]
            return self.resign(wire._replace(round=Round(round_))) if round_ >= 0 else None
        if "payload" in act:
            return self.resplice(wire, source.build(self.read(wire)._replace(value=act["payload"]), ()))
        return self.say(self.read(wire)._replace(value=act["value"]), act, source, wire)

    def resplice(self, wire: Message, payload: bytes | None) -> Message | None:
        """A liar's message with the payload of another under the old name; None if it carries none."""
        if payload is None or not hasattr(wire.body, "payload"):
            return None
        body: Any = wire.body  # a tuple with names
        return self.resign(wire._replace(body=body._replace(payload=payload)))

    def damage(self, wire: Message, act: str) -> Message:
        """See `reactor.Cluster`; the number of no entry stands for a signature that is none, and for bytes that are."""
        broken = wire._replace(signature=Signature(wire.signature + b"!"))
        return broken._replace(round=Round(wire.round + 1)) if act == "corrupt" else broken

    def disguise(self, wire: Message, node: int) -> Message:
        """See `reactor.Cluster`."""
        return wire._replace(sender=member(node), signature=Signature(wire.signature + bytes([node])))

    def is_genuine(self, wire: Message) -> bool:
        """Whether the book has exactly this."""
        return self.book.entries.get(wire.signature) == wire

    def forge(self, said: Said, act: Mapping[str, Any], source: EngineReactor) -> Message | None:
        """A statement of a liar."""
        return self.say(said, act, source, None)

    def say(self, said: Said, act: Mapping[str, Any], source: EngineReactor, was: Message | None) -> Message | None:
        """What the engine's tongue makes of it, signed."""

        def build(ancestors: Sequence[bytes]) -> bytes | None:
            return source.build(said, ancestors)

        def rebuild(chain: Sequence[bytes]) -> bytes | None:
            return source.rebuild(said, chain)

        message = self.tongue(Saying(
            said.kind, Height(said.height), Round(said.round), member(said.signer), said.value, act.get("vr"), was,
            source.memory, build, name_of, act.get("on"), source.seen, rebuild,
        ))  # fmt: skip
        if message is None:
            return None
        source.seen.append(self.resign(message))
        return source.seen[-1]

    def resign(self, message: Message) -> Message:
        """Sign for a liar; the kit holds no other keys."""
        node = node_of(message.sender)
        assert node in self.faulty, "the harness signs for faulty nodes only"
        return self.notaries[node].sign(message)

    def proves(self, against: MemberId, first: Message, second: Message) -> bool:
        """Whether two statements convict: both signed by the accused about one place, and different."""
        same = self.place(first) == self.place(second) and first.sender == against
        known = all(self.book.entries.get(message.signature) == message for message in (first, second))
        return same and known and first.body != second.body

    def place(self, message: Message) -> tuple[object, ...]:
        """What a correct member makes one statement about."""
        height = 0 if self.contract.rounds == "run" else message.height
        return message.sender, message.kind, height, message.round

    def write_of(self, message: Message) -> reactor.Persist:
        """The write that keeps a statement, made once for each entry of the book, whoever keeps it."""
        known = self.writes.get(message.signature)
        if known is None or known.writes[0][1] is not message:
            known = self.writes[message.signature] = reactor.Persist(((self.record_key(message), message),), True)
        return known

    def record_key(self, message: Message) -> str:
        """Where a statement is kept: sorted by height, then round, then phase, then sender."""
        phases, kind = self.contract.phases, message.kind
        phase = phases.index(kind) if kind in phases else len(phases)
        return f"record/{message.height:04d}/{message.round:04d}/{phase}.{kind}/{message.sender}"

    def signed(self, decision: engine_api.Decide, name: MemberId, mark: Signature) -> bool:
        """Whether a vote of a certificate is in the book: read from the book alone."""
        entry = self.book.entries.get(mark)
        about = Message(self.contract.commits, decision.height, decision.round, name, Vote(decision.value), mark)
        return entry is not None and entry == about


def value_text(message: Message) -> str:
    """The value that a message is about as hex, `nil`, or nothing where its kind is about none."""
    value: bytes | None = getattr(message.body, "value", b"")
    return "nil" if value is None else value.hex()


@lru_cache(maxsize=64)
def contract_in(kind: Kind) -> Contract:
    """What an engine as it is found declares."""
    return Contract.from_data(kind.promise.to_data())


def contract_of(engine: str) -> Contract:
    """What an engine declares; raises `Refused(Code.CONSENSUS_UNKNOWN_ENGINE)`."""
    return contract_in(find_engine(engine))


def engine_cluster(plan: Plan, correct: EngineMaker | None = None) -> EngineCluster:
    """The cluster for the engine that a plan names; raises `Refused(Code.CONSENSUS_UNKNOWN_ENGINE)`."""
    return EngineCluster(find_engine(plan.engine), plan, correct)
