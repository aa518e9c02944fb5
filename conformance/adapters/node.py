"""The whole node of the reference as a Reactor: bytes on the wire, real signatures, the real ledger.

Why beside `reference`: an engine alone is searched thousands of times a second; the node is what runs. Blocks that it
reports are read with the kit's own decoder (`conformance.wire`), not with the reference's.

It must not judge a run, and holds the keys of faulty members only for lying.
"""

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from conformance import reactor, wire
from conformance.adapters.reference import value_text
from conformance.adapters.tongues import TONGUES, Saying, dumb
from conformance.contract import Contract
from conformance.history import Block, Decision, Said
from conformance.plan import Plan
from refimpl.consensus.registry import find_engine
from refimpl.crypto.recipes import BadSignature, KeyPair, Verifier
from refimpl.data.block import Block as LedgerBlock
from refimpl.data.block import Genesis
from refimpl.data.ids import Digest, Height, MemberId, Round, Seconds
from refimpl.data.refusal import Refused
from refimpl.network.messages import Codec, Message, carries_transaction
from refimpl.node.ledger import Ledger
from refimpl.node.machine import Accusation, Machine, Persist, Ring, Send
from refimpl.node.machine import Decision as NodeDecision
from refimpl.node.notary import MessageNotary, Remembering

TransactionsOf = Callable[[int, int], Sequence[tuple[str, bytes]]]
"""(height, count) -> (name, bytes) of what clients hand in."""
MachineMaker = Callable[..., Machine]
"""(genesis, kind, member, key, verifier, further keys) -> a node."""


class NodeReactor:
    """One machine in the world. Ticks are seconds after the genesis; a twin's clock is a second ahead, so it lies."""

    def __init__(self, node: int, cluster: "NodeCluster", make: MachineMaker, variant: int) -> None:
        self.node = node
        self.cluster = cluster
        self.base = cluster.genesis.time + variant
        member = cluster.names[node]
        self.early: list[bytes] | None = []
        self.machine = make(cluster.genesis, cluster.kind, member, cluster.keys[member], cluster.verify)
        self.seen: list[Message] = []
        """What a liar heard, of which it may make something else."""

    def start(self, now: int) -> Sequence[reactor.Effect]:
        """See `reactor.Reactor`; what clients handed in before is submitted now."""
        waiting, self.early = self.early or [], None
        effects = self.translate(self.machine.start(self.at(now)))
        for transaction in waiting:
            effects += self.submit(transaction, now)
        return effects

    def deliver(self, src: int, wire: bytes, now: int) -> Sequence[reactor.Effect]:
        """See `reactor.Reactor`."""
        if self.node in self.cluster.faulty and not carries_transaction(wire):
            with suppress(Refused):
                self.seen.append(self.cluster.message(wire))
        try:
            return self.translate(self.machine.deliver(wire, self.at(now)))
        except Refused as refused:
            raise reactor.Refusal(refused.code.value) from None

    def fire(self, name: Hashable, now: int) -> Sequence[reactor.Effect]:
        """See `reactor.Reactor`."""
        return self.translate(self.machine.fire(str(name), self.at(now)))

    def submit(self, transaction: bytes, now: int) -> Sequence[reactor.Effect]:
        """See `reactor.Reactor`."""
        if self.early is not None:
            self.early.append(transaction)
            return ()
        try:
            return self.translate(self.machine.submit(transaction, self.at(now)))
        except Refused as refused:
            raise reactor.Refusal(refused.code.value) from None

    def recover(self, disk: Mapping[str, Any], now: int) -> Sequence[reactor.Effect]:
        """See `reactor.Reactor`: what was final before the crash is reported again."""
        self.early = None
        effects = self.translate(self.machine.recover(disk, self.at(now)))
        again = [
            reactor.Decided(self.decision(decided.height, decided.round, decided.payload, None, ""))
            for _, decided in sorted(self.machine.recent.items())
            if decided.height <= self.machine.ledger.tip.height
        ]
        fresh = {effect.decision.height for effect in effects if isinstance(effect, reactor.Decided)}
        return [*(report for report in again if report.decision.height not in fresh), *effects]

    def where(self) -> str:
        """See `reactor.Reactor`."""
        tip = self.machine.ledger.tip.height
        at = "idle" if self.machine.idle else self.machine.engine.where(self.machine.memory)
        return f"height {tip} decided, {at}"

    def at(self, now: int) -> Seconds:
        """A tick on this node's clock."""
        return Seconds(self.base + now)

    def translate(self, effects: Sequence[object]) -> list[reactor.Effect]:
        """Effects of the node as effects of the world."""
        out: list[reactor.Effect] = []
        for effect in effects:
            match effect:
                case Send(data, to):
                    out.append(reactor.Send(data, tuple(self.cluster.numbers[name] for name in to)))
                case Ring(name, at):
                    out.append(reactor.SetTimer(name, at - self.base))
                case Persist(writes):
                    out.append(reactor.Persist(writes, True))
                case NodeDecision(height, block, certificate, root, _):
                    round_ = 0 if certificate is None else json.loads(certificate)["round"]
                    out.append(reactor.Decided(self.decision(height, round_, block, certificate, root.hex())))
                case Accusation(against, first, second):
                    if self.cluster.proves(against, first, second):
                        out.append(reactor.Accused(self.cluster.numbers[against]))
        return out

    def decision(self, height: int, round_: int, block: bytes, certificate: bytes | None, result: str) -> Decision:
        """A report of finality, with the block read by the kit."""
        found = read_block(block, tuple(self.cluster.names))
        votes = self.cluster.votes(found.digest, certificate) if certificate else ()
        decided = self.machine.recent.get(Height(height))
        if decided is None or decided.proof is None:
            return Decision(0, self.node, 0, height, round_, found, votes, result)
        made = decided.proof
        proof = {**made.body.to_data(), "from": made.sender}
        return Decision(0, self.node, 0, height, made.round, found, votes, result, proof)

    def build(self, said: Said, ancestors: Sequence[bytes]) -> bytes | None:
        """What a plan calls `v<i>.<k>` here: the block node i would propose, its time moved by k seconds."""
        if self.cluster.contract.rounds != "run" and said.height != self.machine.ledger.tip.height + 1:
            return None
        ledger = self.machine.ledger.beyond(ancestors)
        author, _, variant = said.value[1:].partition(".")
        name = self.cluster.names[int(author)]
        later = Seconds(max(self.machine.now, ledger.tip.time) + int(variant or 0))
        return ledger.prepare(name, later).to_bytes()

    def rebuild(self, said: Said, chain: Sequence[bytes]) -> bytes | None:
        """The same on top of a whole chain from the genesis, whatever is decided here."""
        ledger = Ledger.open(self.cluster.genesis, self.cluster.verify)[0].beyond(chain)
        author, _, variant = said.value[1:].partition(".")
        later = Seconds(max(self.machine.now, ledger.tip.time) + int(variant or 0))
        return ledger.prepare(self.cluster.names[int(author)], later).to_bytes()


def name_of(payload: bytes) -> Digest:
    """The digest by which votes name a block."""
    return LedgerBlock.from_bytes(payload).id


@lru_cache(maxsize=4096)
def read_block(data: bytes, names: tuple[str, ...]) -> Block:
    """The block, read once for all nodes that report it."""
    return wire.read_block(data, list(names))


class NodeCluster:
    """Nodes of one genesis. One cluster serves one run."""

    def __init__(
        self, genesis: Genesis, keys: Mapping[MemberId, KeyPair], plan: Plan, verify: Verifier,
        transactions: TransactionsOf, correct: MachineMaker = Machine,
    ) -> None:  # fmt: skip
        """`keys` are those of the validators; `correct` makes the machines of correct nodes."""
        self.genesis = genesis
        self.kind = find_engine(genesis.engine)
        self.contract = Contract.from_data(self.kind.promise.to_data())
        self.tongue = TONGUES.get(self.kind.promise.engine, dumb)
        self.keys = keys
        self.names = [one.member for one in genesis.members.validators()]
        self.numbers = {name: node for node, name in enumerate(self.names)}
        self.faulty = frozenset(plan.faulty)
        self.verify = verify if isinstance(verify, Remembering) else Remembering(verify)
        self.codec = Codec(self.kind.promise.engine, genesis.channel, genesis.suite, self.kind.readers)
        self.correct = correct
        self.hand_in = transactions
        public = {one.member: one.public for one in genesis.members}
        self.notaries = [MessageNotary(self.codec, keys[name], public, self.verify) for name in self.names]

    def spawn(self, node: int, variant: int) -> NodeReactor:
        """See `reactor.Cluster`."""
        return NodeReactor(node, self, Machine if node in self.faulty else self.correct, variant)

    @lru_cache(maxsize=65536)  # noqa: B019  # a cluster lives as long as its run
    def message(self, data: bytes) -> Message:
        """A message of consensus, decoded."""
        return self.codec.decode(data)

    def read(self, wire: bytes) -> Said:
        """See `reactor.Cluster`; a transaction is `tx` of nobody, passed on like any statement of somebody else."""
        if carries_transaction(wire):
            return Said("tx", 0, 0, -1, "")
        try:
            message = self.message(wire)
        except Refused:
            return Said("damaged", 0, 0, -1, "")
        height = 1 if self.contract.rounds == "run" else message.height
        return Said(message.kind, height, message.round, self.numbers.get(message.sender, -1), value_text(message))

    def read_record(self, value: Any) -> Said | None:
        """See `reactor.Cluster`."""
        try:
            return None if value is None else self.read(value)
        except Refused:
            return None

    def identity(self, wire: bytes) -> Hashable:
        """See `reactor.Cluster`."""
        return wire

    def transactions(self, height: int, count: int) -> Sequence[tuple[str, Any]]:
        """See `reactor.Cluster`."""
        return self.hand_in(height, count)

    def alter(self, wire: bytes, act: Mapping[str, Any], source: NodeReactor) -> bytes | None:
        """See `reactor.Cluster`."""
        message = self.message(wire)
        if "round" in act:
            round_ = message.round + act["round"]
            return self.resign(message._replace(round=Round(round_))) if round_ >= 0 else None
        if "payload" in act:
            payload = source.build(self.read(wire)._replace(value=act["payload"]), ())
            if payload is None or not hasattr(message.body, "payload"):
                return None
            body: Any = message.body  # a tuple with names
            return self.resign(message._replace(body=body._replace(payload=payload)))
        return self.say(self.read(wire)._replace(value=act["value"]), act, source, message)

    def damage(self, data: bytes, act: str) -> bytes:
        """See `reactor.Cluster`."""
        return wire.spoilt(data, act)

    def disguise(self, wire: bytes, node: int) -> bytes:
        """See `reactor.Cluster`."""
        return self.codec.encode(self.message(wire)._replace(sender=self.names[node]))

    def is_genuine(self, wire: bytes) -> bool:
        """See `reactor.Cluster`."""
        if carries_transaction(wire):
            return True
        try:
            self.notaries[0].verify(self.codec.decode(wire))
        except Refused:
            return False
        return True

    def forge(self, said: Said, act: Mapping[str, Any], source: NodeReactor) -> bytes | None:
        """See `reactor.Cluster`."""
        return self.say(said, act, source, None)

    def say(self, said: Said, act: Mapping[str, Any], source: NodeReactor, was: Message | None) -> bytes | None:
        """What the engine's tongue makes of it, signed."""
        def build(ancestors: Sequence[bytes]) -> bytes | None:
            return source.build(said, ancestors)

        def rebuild(chain: Sequence[bytes]) -> bytes | None:
            return source.rebuild(said, chain)

        message = self.tongue(Saying(
            said.kind, Height(said.height), Round(said.round), self.names[said.signer], said.value, act.get("vr"), was,
            source.machine.memory, build, name_of, act.get("on"), source.seen, rebuild,
        ))  # fmt: skip
        return None if message is None else self.resign(message)

    def resign(self, message: Message) -> bytes:
        """Sign for a liar; the kit uses no other keys."""
        node = self.numbers[message.sender]
        assert node in self.faulty, "the harness signs for faulty nodes only"
        return self.codec.encode(self.notaries[node].sign(message))

    def proves(self, against: MemberId, first: bytes, second: bytes) -> bool:
        """Whether two statements convict: both hold, about one place, and differ."""
        one, two = self.codec.decode(first), self.codec.decode(second)
        try:
            self.notaries[0].verify(one)
            self.notaries[0].verify(two)
        except Refused:
            return False
        runs_on = self.contract.rounds == "run"
        places = [(said.kind, 0 if runs_on else said.height, said.round, said.sender) for said in (one, two)]
        return places[0] == places[1] and one.sender == against and one.body != two.body

    def votes(self, block: str, certificate: bytes) -> tuple[tuple[int, bool], ...]:
        """(voter, whether the signature holds) of a certificate; the signed bytes are built by the kit."""
        proof = json.loads(certificate)
        found = []
        for vote in proof["signatures"]:
            envelope = {"body": {"value": block}, "channel": proof["channel"], "from": vote["member"],
                        "height": proof["height"], "kind": proof["kind"], "round": proof["round"],
                        "suite": proof["suite"]}  # fmt: skip
            signed = wire.tagged(f"yilian/{proof['profile']}/{proof['kind']}/v1", wire.canonical(envelope))
            found.append((self.numbers.get(vote["member"], -1), self.holds(vote, signed)))
        return tuple(found)

    def holds(self, vote: Mapping[str, str], signed: bytes) -> bool:
        """Whether a vote's signature is its member's over these bytes."""
        member = self.genesis.members.get(MemberId(vote["member"]))
        if member is None:
            return False
        try:
            self.verify(member.public, Digest(signed), bytes.fromhex(vote["signature"]))
        except BadSignature:
            return False
        return True
