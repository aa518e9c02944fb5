"""An engine of the reference as a Reactor, over the smallest ledger that has something to get wrong.

Why: search needs thousands of runs a second, so engines are explored alone: payloads are one line of text, signatures
are ideal (a table of who signed what, unforgeable by construction), and messages stay values. The whole node, with
bytes and real signatures, is `conformance.adapters.node`.

This is one of the few files of `conformance` that may import `refimpl`. It must not know any engine's rules, and holds
no opinion about a run: it only translates.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from attrs import define, field, frozen

from conformance import world
from conformance.history import Block, Decision, Said
from conformance.plan import Plan
from refimpl.consensus import interface as engine_api
from refimpl.consensus.interface import Engine, Kind, Validators
from refimpl.consensus.registry import find_engine
from refimpl.crypto.recipes import digest
from refimpl.data.ids import Digest, Height, MemberId, Round, Signature
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import Message, Proposal, Vote


def member(node: int) -> MemberId:
    """The name of node i: names sort as nodes do."""
    return MemberId(f"n{node:02d}")


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
        number = self.numbers.get(statement)
        if number is None:
            number = self.numbers[statement] = len(self.numbers).to_bytes(4, "big")
            self.entries[number] = statement._replace(signature=Signature(number))
        return self.entries[number]


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


@lru_cache(maxsize=4096)
def name_of(payload: bytes) -> Digest:
    """The digest that names a payload of the line ledger."""
    return digest("yilian/line/v1", payload)


# --- The line ledger ---


def line(height: int, author: int, variant: int, previous: str, transactions: Sequence[str]) -> bytes:
    """A block of the line ledger: `height|author.variant|previous|transactions`."""
    return f"{height}|{author}.{variant}|{previous}|{','.join(transactions)}".encode()


@lru_cache(maxsize=4096)
def read_line(payload: bytes) -> tuple[int, Block] | None:
    """Height and contents of a block; None if it is none."""
    parts = payload.decode("ascii", "replace").split("|")
    if len(parts) != 4 or not parts[0].isdigit():
        return None
    author, _, _ = parts[1].partition(".")
    transactions = tuple(parts[3].split(",")) if parts[3] else ()
    if not author.isdigit():
        return None
    return int(parts[0]), Block(name_of(payload).hex(), parts[2], int(author), transactions)


@define
class LineLedger:
    """What one node has executed and what waits in its pool."""

    blocks: list[engine_api.Decide] = field(factory=list)
    tip: str = ""
    included: set[str] = field(factory=set)
    pool: list[str] = field(factory=list)

    def build(self, author: int, variant: int) -> bytes:
        """The next block as `author` would propose it."""
        waiting = [name for name in self.pool if name not in self.included]
        return line(len(self.blocks) + 1, author, variant, self.tip, waiting)

    def accepts(self, height: int, payload: bytes) -> bool:
        """Whether the payload is a valid next block."""
        found = read_line(payload)
        if found is None or found[0] != height or height != len(self.blocks) + 1:
            return False
        block = found[1]
        known = all(name in self.pool and name not in self.included for name in block.transactions)
        return block.previous == self.tip and known and len(set(block.transactions)) == len(block.transactions)

    def execute(self, decision: engine_api.Decide) -> None:
        """Append a decided block, whatever it is: the checkers judge, not the ledger."""
        self.blocks.append(decision)
        self.tip = decision.value.hex()
        found = read_line(decision.payload)
        if found is not None:
            self.included.update(found[1].transactions)


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
        self.effects: list[world.Effect] = []
        self.now = 0

    # Inputs.

    def start(self, now: int) -> Sequence[world.Effect]:
        """Begin height 1."""
        return self.run(now, [self.next_height()])

    def deliver(self, src: int, wire: Message, now: int) -> Sequence[world.Effect]:
        """A message."""
        try:
            return self.run(now, [engine_api.Receive(wire)])
        except Refused as refused:
            raise world.Refusal(refused.code.value) from None

    def fire(self, name: Hashable, now: int) -> Sequence[world.Effect]:
        """A timer."""
        assert isinstance(name, engine_api.Timer), "engines name their alarms by timers"
        return self.run(now, [engine_api.Expire(name)])

    def submit(self, transaction: str, now: int) -> Sequence[world.Effect]:
        """Into the pool, once."""
        if transaction not in self.ledger.pool:
            self.ledger.pool.append(transaction)
            return (world.Persist(((f"pool/{len(self.ledger.pool):04d}", transaction),), True),)
        return ()

    def recover(self, disk: Mapping[str, Any], now: int) -> Sequence[world.Effect]:
        """Blocks and pool as they were synced, then the engine bound by its records."""
        self.now, self.effects = now, []
        self.ledger.pool = [disk[key] for key in sorted(disk) if key.startswith("pool/")]
        for key in sorted(key for key in disk if key.startswith("block/")):
            self.ledger.execute(disk[key])
            self.report(disk[key])
        begin = self.next_height()
        records = [message for key, message in sorted(disk.items()) if key.startswith(f"record/{begin.height:04d}/")]
        step = self.engine.recover(self.engine.start(), begin, records)
        self.memory = step.state
        return self.run(now, [], list(step.effects), self.effects)

    def where(self) -> str:
        """Height, round and step as the engine remembers them."""
        memory = self.memory
        return f"height {memory.height} round {memory.round} step {memory.step} locked {memory.locked_round}"

    def block_of(self, height: int, value: str) -> bytes | None:
        """The payload that a plan calls `v<i>` or `v<i>.<k>` at this height, if this node is there."""
        if height != len(self.ledger.blocks) + 1:
            return None
        author, _, variant = value[1:].partition(".")
        return self.ledger.build(int(author), int(variant or 0))

    # Carrying out what the engine asks.

    def next_height(self) -> engine_api.Begin:
        """The height after the last executed one."""
        return engine_api.Begin(Height(len(self.ledger.blocks) + 1), self.cluster.validators)

    def run(
        self,
        now: int,
        inputs: list[engine_api.Input],
        asked: list[engine_api.Effect] | None = None,
        effects: list[world.Effect] | None = None,
    ) -> list[world.Effect]:
        """Feed inputs to the engine, answer its questions at once, and collect what is for the world."""
        self.now, self.effects = now, effects if effects is not None else []
        pending: Sequence[engine_api.Effect] = asked or []
        while True:
            for effect in pending:
                answer = self.carry_out(effect)
                if answer is not None:
                    inputs.append(answer)
            if not inputs:
                return self.effects
            self.memory, pending = self.engine.step(self.memory, inputs.pop(0))

    def carry_out(self, effect: engine_api.Effect) -> engine_api.Input | None:
        """One effect of the engine; an answer if it is a question."""
        out = self.effects
        match effect:
            case engine_api.Send(message):
                out.append(world.Send(message))
            case engine_api.Forward(message, to):
                out.append(world.Send(message, tuple(node_of(name) for name in to)))
            case engine_api.Record(message):
                out.append(world.Persist(((record_key(message), message),), True))
            case engine_api.SetTimer(timer, ticks):
                out.append(world.SetTimer(timer, self.now + ticks * self.cluster.tick))
            case engine_api.AskVerdict(height, value, payload, _):
                return engine_api.Verdict(height, value, self.ledger.accepts(height, payload), True)
            case engine_api.AskPayload(height, round_):
                payload = self.ledger.build(self.node, self.variant)
                return engine_api.Offer(height, round_, payload, name_of(payload))
            case engine_api.Supply(height, to):
                self.supply(height, to)
            case engine_api.Accuse(against, first, second):
                if self.cluster.proves(against, first, second):
                    out.append(world.Accused(node_of(against)))
            case engine_api.Decide():
                return self.decide(effect)
        return None

    def supply(self, height: int, to: MemberId) -> None:
        """Help somebody over a height that is decided here."""
        if height <= len(self.ledger.blocks):
            decided = self.ledger.blocks[height - 1]
            self.effects.append(world.Send(self.engine.supply(*decided), (node_of(to),)))

    def decide(self, decision: engine_api.Decide) -> engine_api.Input | None:
        """Make a decision durable, execute it, report it, and go on unless the run ends here."""
        self.effects.append(world.Persist(((f"block/{decision.height:04d}", decision),), True))
        self.ledger.execute(decision)
        self.report(decision)
        return self.next_height() if decision.height < self.cluster.heights else None

    def report(self, decision: engine_api.Decide) -> None:
        """Tell the world what is final here."""
        found = read_line(decision.payload)
        block = found[1] if found else Block(decision.value.hex(), "", -1, (), "INV-S3: not a block")
        votes = tuple((node_of(name), self.cluster.signed(decision, name, mark)) for name, mark in decision.votes)
        self.effects.append(
            world.Decided(Decision(0, self.node, 0, decision.height, decision.round, block, votes, self.ledger.tip))
        )


def record_key(message: Message) -> str:
    """Where a statement is kept: sorted by height, then round, then phase, then sender."""
    phase = ("propose", "prevote", "precommit").index(message.kind)
    return f"record/{message.height:04d}/{message.round:04d}/{phase}/{message.sender}"


# --- The cluster ---

EngineMaker = Callable[[MemberId, engine_api.Notary], Engine]


class EngineCluster:
    """Nodes of one engine, all with the same ideal book. One cluster serves one run."""

    tick = 1

    def __init__(self, kind: Kind, plan: Plan, correct: EngineMaker | None = None) -> None:
        """`correct` replaces the engine of the correct nodes: how a planted fault enters."""
        self.kind = kind
        self.heights = plan.heights
        self.faulty = frozenset(plan.faulty)
        self.correct = correct or kind.make
        self.book = Book()
        self.saids: dict[bytes, Said] = {}
        weights = plan.weights or (1,) * plan.n
        self.validators = Validators.of({member(node): weight for node, weight in enumerate(weights)})
        self.notaries = [IdealNotary(member(node), self.book) for node in range(plan.n)]

    def spawn(self, node: int, variant: int) -> EngineReactor:
        """A fresh node; liars run the engine as it was published."""
        make = self.kind.make if node in self.faulty else self.correct
        return EngineReactor(node, make(member(node), self.notaries[node]), self, variant)

    def read(self, wire: Message) -> Said:
        """Coordinates and signer, read once for each entry of the book."""
        said = self.saids.get(wire.signature)
        if said is None:
            said = Said(wire.kind, wire.height, wire.round, node_of(wire.sender), value_text(wire))
            self.saids[wire.signature] = said
        return said

    def read_record(self, value: Any) -> Said | None:
        """The statement in a record."""
        return self.read(value) if isinstance(value, Message) else None

    def identity(self, wire: Message) -> Hashable:
        """The number of its entry in the book."""
        return wire.signature

    def proposer(self, height: int, round_: int) -> int:
        """(h - 1 + r) mod n, as the profile has it."""
        return (height - 1 + round_) % len(self.validators.members)

    def transactions(self, height: int, count: int) -> Sequence[tuple[str, Any]]:
        """`t<height>.<i>`."""
        return [(f"t{height}.{i}", f"t{height}.{i}") for i in range(count)]

    def alter(self, wire: Message, act: Mapping[str, Any], source: EngineReactor) -> Message | None:
        """Another value or another round in the liar's own message."""
        if "round" in act:
            round_ = wire.round + act["round"]
            return self.resign(wire._replace(round=Round(round_))) if round_ >= 0 else None
        old = wire.body.valid_round if isinstance(wire.body, Proposal) else -1
        said = Said(wire.kind, wire.height, wire.round, node_of(wire.sender), act["value"])
        return self.forge(said, act.get("vr", old), source)

    def forge(self, said: Said, valid_round: int | None, source: EngineReactor) -> Message | None:
        """A statement of a liar."""
        payload = None if said.value == "nil" else source.block_of(said.height, said.value)
        body: Proposal | Vote
        if said.kind == "propose":
            if payload is None:
                return None
            body = Proposal(name_of(payload), payload, -1 if valid_round is None else valid_round)
        elif payload is None and said.value != "nil":
            return None
        else:
            body = Vote(None if payload is None else name_of(payload))
        return self.resign(Message(said.kind, Height(said.height), Round(said.round), member(said.signer), body))

    def resign(self, message: Message) -> Message:
        """Sign for a liar; the kit holds no other keys."""
        node = node_of(message.sender)
        assert node in self.faulty, "the harness signs for faulty nodes only"
        return self.notaries[node].sign(message)

    def proves(self, against: MemberId, first: Message, second: Message) -> bool:
        """Whether two statements convict: both signed by the accused about one place, and different."""
        same = (first[:3], first.sender) == (second[:3], second.sender) and first.sender == against
        known = all(self.book.entries.get(message.signature) == message for message in (first, second))
        return same and known and first.body != second.body

    def signed(self, decision: engine_api.Decide, name: MemberId, mark: Signature) -> bool:
        """Whether a vote of a certificate is in the book: read from the book alone."""
        entry = self.book.entries.get(mark)
        return entry is not None and entry == Message(
            "precommit", decision.height, decision.round, name, Vote(decision.value), mark
        )

    def bound(self, plan: Plan) -> int:
        """The computed bound of liveness in ticks after which somebody undecided is a violation of INV-V1."""
        return liveness_bound(plan, self.kind.promise.timeout)


def liveness_bound(plan: Plan, timeout: tuple[int, int]) -> int:
    """GST, then for each height the rounds until a time-out outlasts `delta` and a correct proposer has its turn."""
    first, growth = timeout
    rounds, spent = 0, 0
    while spent <= plan.gst:
        spent += first + growth * rounds
        rounds += 1
    enough = rounds
    while first + growth * enough < 4 * plan.delta and growth:
        enough += 1
    last = enough + len(plan.faulty) + 2
    ticks = sum(3 * (first + growth * r) + 3 * plan.delta for r in range(rounds, last + 1))
    return plan.gst + plan.delta + ticks * plan.heights


def value_text(message: Message) -> str:
    """The value of a message in short: eight digits of its digest, `nil`, or nothing."""
    body = message.body
    if isinstance(body, Proposal):
        return body.value.hex()
    if isinstance(body, Vote):
        return "nil" if body.value is None else body.value.hex()
    return ""


def engine_cluster(plan: Plan, correct: EngineMaker | None = None) -> EngineCluster:
    """The cluster for the engine that a plan names; raises `Refused(Code.CONSENSUS_UNKNOWN_ENGINE)`."""
    return EngineCluster(find_engine(plan.engine), plan, correct)
