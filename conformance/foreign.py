"""Nodes behind a door as reactors of the world: a foreign node is one more cluster, in any language.

Faulty members are instances of the node under test as well, given their own keys; what they send is changed by the kit
as the plan says, signed with their keys. So no node is patched, and a protocol that the kit cannot speak can still be
twinned. Blocks, messages and certificates are read with the kit's own decoder. It must not judge a run.
Source: spec/node-protocol.md, spec/network.md part 3.
"""

import json
from collections.abc import Collection, Hashable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from conformance import reactor, wire
from conformance.checkers.eligibility import seal
from conformance.contract import Contract
from conformance.door import Door, Reply
from conformance.history import Decision, Said
from conformance.lottery import member
from conformance.model.genesis import START, Network, entry, id_of
from conformance.model.ledger import Ledger
from conformance.model.trees import state_root
from conformance.plan import Plan
from conformance.profiles import TONGUES, Saying
from conformance.renewal import Force, Script
from conformance.shapes import Misfit, check
from conformance.signing import holds, sign
from conformance.standard import Profile

__all__ = ["Answered", "ForeignCluster", "RenewingForeign", "network_of"]

Data = Mapping[str, Any]


class Answered(Exception):
    """A node answered an operation of the world with `err`: `op` and `reply`."""

    def __init__(self, op: str, reply: Reply) -> None:
        super().__init__(op, reply)
        self.op, self.reply = op, reply


def network_of(plan: Plan, profile: Profile, suite: str = "stub") -> Network:
    """The channel of a plan: validators m0, m1, .. in order of number, each with its weight, and clients."""
    weights = plan.weights or (1,) * plan.n
    digits = 1 if plan.n <= 10 else 2
    # where names draw the turns they are those of a simulation, so that the schedule is the plan's
    called = [member(node) if profile.contract.slotted else f"m{node:0{digits}}" for node in range(plan.n)]
    names = tuple(zip(called, weights, strict=True))
    return Network(profile.name, profile.engine, names, suite)


class ForeignReactor:
    """One instance. A twin's clock is a second ahead, so that what it proposes differs."""

    def __init__(self, node: int, cluster: "ForeignCluster", variant: int) -> None:
        self.node, self.cluster, self.variant = node, cluster, variant
        self.handle = f"{'t' if variant else 'n'}{node}"
        self.member = cluster.names[node]
        self.started = False
        self.heights: list[bytes] = []
        """Blocks that this instance decided, in this life or before."""
        self.now = 0
        self.seals: dict[int, str] = {}
        """Where blocks are final at a depth: height -> the seal of the block that was decided."""
        self.given: list[tuple[str, dict[str, Any]]] = []
        """Of a liar under such a profile: all that it was given since it began."""

    # --- reactor.Reactor ---

    def start(self, now: int) -> Sequence[reactor.Effect]:
        """See `reactor.Reactor`; what clients have for height 1 is submitted now."""
        self.started = True
        config = self.cluster.network.config(self.member)
        self.must("init", node=self.handle, config=config)
        self.note("init", config=config)
        return [*self.ask("start", now), *self.hand_in(1, now)]

    def deliver(self, src: int, wire: bytes, now: int) -> Sequence[reactor.Effect]:
        """See `reactor.Reactor`."""
        return self.ask("deliver", now, bytes=wire.hex(), from_=self.cluster.names[src])

    def fire(self, name: Hashable, now: int) -> Sequence[reactor.Effect]:
        """See `reactor.Reactor`."""
        return self.ask("fire", now, timer=name)

    def submit(self, transaction: bytes, now: int) -> list[reactor.Effect]:
        """See `reactor.Reactor`: what comes before the start waits for its height, see `hand_in`."""
        return self.ask("submit", now, tx=transaction.hex()) if self.started else []

    def hand_in(self, height: int, now: int) -> list[reactor.Effect]:
        """Clients hand in what they have for a height once the one below is decided: else one block would do."""
        effects: list[reactor.Effect] = []
        for made in self.cluster.load.get(height, ()):
            with suppress(reactor.Refusal):  # others were faster
                effects += self.ask("submit", now, tx=wire.canonical(made).hex())
        return effects

    def recover(self, disk: Mapping[str, Any], now: int) -> Sequence[reactor.Effect]:
        """See `reactor.Reactor`: what was final before the crash is asked for, and reported again."""
        self.started = True
        self.must("crash", node=self.handle)
        listed = [{"key": key, "value": disk[key].hex()} for key in sorted(disk)]
        effects = self.ask("recover", now, config=self.cluster.network.config(self.member), disk=listed)
        fresh = {effect.decision.height for effect in effects if isinstance(effect, reactor.Decided)}
        again: list[reactor.Effect] = []
        tip = min(self.query("tip")["height"], self.cluster.reached)
        for height in range(1, tip + 1):
            if height not in fresh:
                told = self.query("block", height=height)
                again.append(reactor.Decided(self.decision(height, told, "")))
        return [*again, *effects, *self.hand_in(tip + 1, now)]

    def where(self) -> str:
        """See `reactor.Reactor`."""
        reply = self.cluster.door.ask("query", node=self.handle, path="inspect", args={})
        known = reply.kind == "ok"
        return json.dumps(reply.value["value"], ensure_ascii=False, sort_keys=True) if known else reply.code

    # --- asking ---

    def note(self, op: str, **fields: Any) -> None:
        """Remember what may have to be said to a second instance again."""
        if self.cluster.contract.slotted and self.node in self.cluster.faulty:
            self.given.append((op, fields))

    def must(self, op: str, **fields: Any) -> Data:
        """An operation that a correct node carries out; raises `Answered`."""
        reply = self.cluster.door.ask(op, **fields)
        if reply.kind != "ok":
            raise Answered(op, reply)
        return reply.value

    def ask(self, op: str, now: int, **fields: Any) -> list[reactor.Effect]:
        """An operation with effects; raises `reactor.Refusal` and `Answered`."""
        self.now = now
        if op == "submit":
            self.cluster.handed.add(bytes.fromhex(fields["tx"]))
        at = (START + now * self.cluster.tick // 1000 + (1 if self.variant else 0)) * 1000
        self.note(op, now=at, **fields)
        reply = self.cluster.door.ask(op, node=self.handle, now=at, **fields)
        if reply.kind == "refused" and op not in ("start", "fire", "recover"):
            raise reactor.Refusal(reply.code)
        if reply.kind != "ok":
            raise Answered(op, reply)
        effects = [one for effect in reply.value["effects"] for one in self.translated(effect)]
        self.cluster.noted(self, effects)
        for effect in tuple(effects):
            if isinstance(effect, reactor.Decided) and op != "recover":
                effects += self.hand_in(effect.decision.height + 1, now)
        return effects

    def query(self, path: str, **args: Any) -> Data:
        """The value of a query; raises `Answered`."""
        value: Data = self.must("query", node=self.handle, path=path, args=args)["value"]
        return value

    # --- effects ---

    def translated(self, effect: Data) -> Sequence[reactor.Effect]:
        """An effect of the protocol as one of the world."""
        cluster = self.cluster
        match effect["effect"]:
            case "send":
                if cluster.contract.slotted:  # what is decided at once proves itself by it
                    cluster.read(bytes.fromhex(effect["bytes"]))
                to = () if effect["to"] == "all" else tuple(cluster.numbers[name] for name in effect["to"]
                                                            if name in cluster.numbers)  # fmt: skip
                return (reactor.Send(bytes.fromhex(effect["bytes"]), to),) if to or effect["to"] == "all" else ()
            case "set_timer":
                ticks = -(-(effect["at"] - START * 1000) // cluster.tick) - (1 if self.variant else 0)
                return (reactor.SetTimer(effect["timer"], ticks),)
            case "cancel":
                return (reactor.Cancel(effect["timer"]),)
            case "persist":
                writes = tuple((one["key"], bytes.fromhex(one["value"]) if "value" in one else None)
                               for one in effect["writes"])  # fmt: skip
                return (reactor.Persist(writes, effect["sync"]),)
            case "decide":
                return (reactor.Decided(self.decision(effect["height"], effect, effect["state_root"])),)
            case "evidence":
                return (reactor.Accused(cluster.numbers.get(effect["against"], -1)),) if cluster.proves(effect) else ()
        return ()

    def decision(self, height: int, told: Data, result: str) -> Decision:
        """A report of finality."""
        data = bytes.fromhex(told["block"])
        block = wire.read_block(data, self.cluster.names)
        votes, round_ = self.cluster.votes(block.digest, told.get("cert"))
        self.cluster.reached = max(self.cluster.reached, height)
        if height == len(self.heights) + 1 and not block.broken:
            self.heights.append(data)
        made = Decision(0, self.node, 0, height, round_, block, votes, result)
        return self.sealed(made) if self.cluster.contract.slotted else made

    def sealed(self, decision: Decision) -> Decision:
        """With what the block says of itself, as its message was heard on top of the one below (CON-120)."""
        below = self.seals.get(decision.height - 1, self.cluster.network.genesis_id())
        made = self.cluster.sealed(decision.block.digest, below)
        if made is None:
            return decision
        found = decision._replace(round=made["round"], proof={**made["body"], "from": made["from"]})
        self.seals[decision.height] = self.cluster.seal(made)
        return found

    def fork(self, variant: int) -> "ForeignReactor":
        """See `reactor.Divisible`: a second instance that is given all that this one was given since its last start."""
        other = ForeignReactor(self.node, self.cluster, 0)
        other.handle = f"f{self.node}x{variant}"
        other.started, other.heights, other.seals = self.started, list(self.heights), dict(self.seals)
        for op, fields in self.given:
            reply = self.cluster.door.ask(op, node=other.handle, **fields)
            if reply.kind == "err":
                raise Answered(op, reply)
        other.given = list(self.given)
        return other

    def build(self, said: Said) -> bytes | None:
        """What a plan calls `v<i>.<k>` here: the block that member i would propose, its time moved by k seconds."""
        tip = self.query("tip") if self.started else self.cluster.genesis_tip()
        return self.block(said, tip, self.heights) if said.height == tip["height"] + 1 else None

    def build_on(self, said: Said, chain: Sequence[bytes]) -> bytes:
        """The same on top of a chain of blocks from the genesis on, whatever is decided here."""
        return self.block(said, self.cluster.tip_after(tuple(chain)), chain)

    def block(self, said: Said, tip: Data, below: Sequence[bytes]) -> bytes:
        """The block of a plan's value on a tip, with all that clients have for its height and is not below it; the same
        block whenever it is asked for."""
        key = (said.value, str(tip["block"]))
        made = self.cluster.values.get(key) or self.cluster.proposed(*key)
        self.cluster.values[key] = made = made or self.block_anew(said, tip, below)
        return made

    def block_anew(self, said: Said, tip: Data, below: Sequence[bytes]) -> bytes:
        """See `block`: made now."""
        author, _, variant = said.value[1:].partition(".")
        included = {name for data in below for name in _ids(data)}
        handed = [one for height in range(1, tip["height"] + 2) for one in self.cluster.load.get(height, ())]
        waiting = [one for one in handed if id_of(one) not in included]
        waiting.sort(key=lambda one: (one["body"]["signers"][0], one["body"]["nonce"]))
        time = START + self.now * self.cluster.tick // 1000 + int(variant or 0)
        return self.cluster.network.block(tip, self.cluster.names[int(author)], time, waiting)


def _ids(block: bytes) -> list[str]:
    return [id_of(one) for one in json.loads(block)["transactions"]]


class ForeignCluster:
    """Instances of one node, under one plan. One cluster serves one run; the door is reset first."""

    def __init__(self, door: Door, profile: Profile, plan: Plan, suite: str = "stub") -> None:
        self.door = door
        self.profile = profile
        self.contract: Contract = profile.contract
        self.tick = profile.tick
        self.network = network_of(plan, profile, suite)
        self.names = self.network.names
        self.numbers = {name: number for number, name in enumerate(self.names)}
        self.faulty = frozenset(plan.faulty)
        self.tongue = TONGUES.get(profile.name) or TONGUES.get(profile.engine)
        self.load: dict[int, list[dict[str, Any]]] = {}
        """Height -> what clients have for it."""
        self.reached = 0
        """The greatest height that any instance reported: none can have more to tell."""
        self.handed: set[bytes] = set()
        """What clients handed in, as it was."""
        self.known: dict[bytes, tuple[Said, dict[str, Any] | None]] = {}
        self.ledgers: dict[tuple[bytes, ...], Ledger] = {}
        self.values: dict[tuple[str, str], bytes] = {}
        """(value of the plan, id of the block below) -> block."""
        door.reset()

    def spawn(self, node: int, variant: int) -> ForeignReactor:
        """See `reactor.Cluster`. The instance is made when it starts or recovers."""
        return ForeignReactor(node, self, variant)

    def genesis_tip(self) -> Data:
        """The tip before the first block: the state holds the clock alone (CTR-D05)."""
        root = state_root({b"clock": str(START).encode()}).hex()
        return {"block": self.network.genesis_id(), "height": 0, "receipts_root": wire.merkle_root([]).hex(),
                "state_root": root, "time": START}  # fmt: skip

    def tip_after(self, chain: tuple[bytes, ...]) -> Data:
        """The tip once these blocks are decided, by the kit's own ledger."""
        ledger = self.ledgers.get(chain)
        if ledger is None:
            ledger = self.ledgers[chain] = Ledger(self.network)
            with suppress(LookupError, TypeError, ValueError, AttributeError):  # what no ledger can follow ends a chain
                for block in chain:
                    ledger.follow(block)
        return ledger.tip

    def noted(self, source: ForeignReactor, effects: Sequence[reactor.Effect]) -> None:
        """An instance asks for these effects: where messages say themselves where they stand, that is no news."""

    # --- reading ---

    def message(self, data: bytes) -> tuple[Said, dict[str, Any] | None]:
        """Coordinates and envelope; a transaction is `tx` of nobody, what cannot be read is `damaged`."""
        found = self.known.get(data)
        if found is None:
            found = self.known[data] = self.read_anew(data)
        return found

    def read_anew(self, data: bytes) -> tuple[Said, dict[str, Any] | None]:
        """See `message`."""
        if data.startswith(b'{"body":{"channel":'):
            return Said("tx", 0, 0, -1, ""), None
        value = wire.read_message(data)
        if value is None or not self.fits(value):
            return Said("damaged", 0, 0, -1, ""), None
        named = value["body"].get("value", "nil")
        about = named if self.profile.messages[value["kind"]].get("fields", {}).get("value") else ""
        height = 1 if self.contract.rounds == "run" else value["height"]
        return Said(value["kind"], height, value["round"], self.numbers.get(value["from"], -1), about), value

    def fits(self, message: Data) -> bool:
        """Whether it is shaped as a message of this profile: nothing else is looked into (NET-003)."""
        if message["kind"] not in tuple(self.profile.messages):
            return False
        try:
            check(f"message.{self.profile.engine}", of="wire")(message)
        except Misfit:
            return False
        return True

    def read(self, wire: bytes) -> Said:
        """See `reactor.Cluster`."""
        return self.message(wire)[0]

    def read_record(self, value: Any) -> Said | None:
        """See `reactor.Cluster`: a disk is the node's own, but a signed message is recognised on it."""
        if not isinstance(value, bytes) or not value.startswith(b"{"):
            return None
        said = self.read(value)
        return None if said.kind in ("damaged", "tx") else said

    def identity(self, wire: bytes) -> Hashable:
        """See `reactor.Cluster`."""
        return wire

    def transactions(self, height: int, count: int) -> Sequence[tuple[str, Any]]:
        """See `reactor.Cluster`: each client enters a record of its own at each height."""
        clients = self.network.members
        made = [entry(clients[i % len(clients)], height - 1 + i // len(clients) * 100, f"r{height}.{i}",
                      self.network.suite) for i in range(count)]  # fmt: skip
        self.load[height] = made
        return [(id_of(one), wire.canonical(one)) for one in made]

    # --- lying ---

    def alter(self, wire: bytes, act: Mapping[str, Any], source: ForeignReactor) -> bytes | None:
        """See `reactor.Cluster`."""
        said, was = self.message(wire)
        if was is None:
            return None
        if "round" in act:
            round_ = was["round"] + act["round"]
            return self.signed({**was, "round": round_}) if round_ >= 0 else None
        if "payload" in act:
            other = source.build(said._replace(value=act["payload"]))
            if other is None or "payload" not in was["body"]:
                return None
            return self.signed({**was, "body": {**was["body"], "payload": other.hex()}})
        return self.say(said._replace(value=act["value"]), act, source, was)

    def damage(self, data: bytes, act: str) -> bytes:
        """See `reactor.Cluster`."""
        return wire.spoilt(data, act)

    def disguise(self, data: bytes, node: int) -> bytes:
        """See `reactor.Cluster`."""
        _, message = self.message(data)
        return data if message is None else wire.canonical({**message, "from": self.names[node]})

    def is_genuine(self, wire: bytes) -> bool:
        """See `reactor.Cluster`."""
        said, message = self.message(wire)
        return said.kind == "tx" or (message is not None and self.holds(message))

    def forge(self, said: Said, act: Mapping[str, Any], source: ForeignReactor) -> bytes | None:
        """See `reactor.Cluster`."""
        return self.say(said, act, source, None)

    def say(self, said: Said, act: Mapping[str, Any], source: ForeignReactor, was: Data | None) -> bytes | None:
        """What the tongue of the profile makes of it, signed; None for what the kit cannot say in this protocol."""
        if self.tongue is None:
            return None
        saying = Saying(
            said.kind, said.height, said.round, said.value, act.get("vr"), was, lambda: source.build(said),
            lambda chain: source.build_on(said, chain), lambda block: wire.read_block(block, self.names).digest,
            self.network.genesis_id(), self.heard(), self.is_quorum, act.get("on"), self.names,
            {self.seal(one): one for one in self.heard() if self.is_block(one)} if self.contract.slotted else {},
            self.contract.difficulty[0],
        )  # fmt: skip
        word = self.tongue(saying)
        if word is None:
            return None
        return self.signed({"body": word.body, "channel": "region-1", "from": self.names[said.signer],
                            "height": word.height, "kind": said.kind, "round": said.round,
                            "suite": self.network.suite})  # fmt: skip

    def sealed(self, block: str, below: str) -> Data | None:
        """The message that made this block on top of that seal; any that made it, if nobody put it there."""
        made = [one for one in self.heard() if self.is_block(one) and one["body"]["value"] == block]
        return next((one for one in made if one["body"]["parent"] == below), made[0] if made else None)

    def is_block(self, message: Data) -> bool:
        """Whether a message has all that the seal of a block is about (CON-120, CON-150)."""
        body = message["body"]
        if message["kind"] != "block" or not isinstance(body, dict):
            return False
        numbers = ("bits", "nonce", "since") if self.contract.turns == "work" else ()
        named = all(isinstance(body.get(name), str) for name in ("parent", "payload", "value"))
        return named and all(type(body.get(name)) is int and 0 <= body[name] < 2**63 for name in numbers)

    def seal(self, message: Data) -> str:
        """The seal of a block (CON-120, CON-150)."""
        return seal(self.contract, message["height"], message["round"], {**message["body"], "from": message["from"]})

    def heard(self) -> list[Data]:
        """All messages of the run so far, in order of their first reading; nothing hides them from a liar."""
        return [message for _, message in self.known.values() if message is not None]

    def proposed(self, value: str, below: str) -> bytes | None:
        """What member i itself proposed on a block, if it did: that is what a plan calls `v<i>`."""
        if "." in value:
            return None
        author = self.names[int(value[1:])]
        for message in self.heard():
            payload = message["body"].get("payload") if message["from"] == author else None
            if payload and wire.read_block(bytes.fromhex(payload), self.names).previous == below:
                return bytes.fromhex(payload)
        return None

    def is_quorum(self, voters: Collection[str]) -> bool:
        """More than two thirds of the weight (CON-002)."""
        weights = dict(self.network.validators)
        return 3 * sum(weights.get(name, 0) for name in voters) > 2 * sum(weights.values())

    def signed(self, message: Data) -> bytes:
        """Signed for a liar; the kit forges nobody else's (NET-035)."""
        assert self.numbers[message["from"]] in self.faulty, "the harness signs for faulty nodes only"
        plain = {name: value for name, value in message.items() if name != "sig"}
        return wire.canonical({**plain, "sig": sign(self.network.suite, plain["from"], self.digest(plain)).hex()})

    def digest(self, message: Data) -> bytes:
        """What a signature covers (NET-002)."""
        plain = {name: value for name, value in message.items() if name != "sig"}
        return wire.tagged(f"yilian/{self.profile.engine}/{message['kind']}/v1", wire.canonical(plain))

    def holds(self, message: Data) -> bool:
        """Whether the sender of a message signed it."""
        public = self.network.public(str(message.get("from")))
        try:
            signature = bytes.fromhex(message["sig"])
        except (KeyError, TypeError, ValueError):
            return False
        return public is not None and holds(self.network.suite, public, self.digest(message), signature)

    # --- judging bytes ---

    def proves(self, effect: Data) -> bool:
        """Whether a report of equivocation convicts: two that hold, about one place, and differ (NOD-035)."""
        messages = [self.message(bytes.fromhex(one))[1] for one in effect["messages"]]
        if effect["kind"] != "equivocation" or len(messages) != 2 or not all(messages):
            return False
        one, two = [message for message in messages if message]
        places = [(m["from"], m["kind"], m["height"], m["round"]) for m in (one, two)]
        if places[0] != places[1] or one["from"] != effect["against"] or one["body"] == two["body"]:
            return False
        return self.holds(one) and self.holds(two)

    def votes(self, block: str, cert: str | None) -> tuple[tuple[tuple[int, bool], ...], int]:
        """((voter, whether its signature holds), ..) and round of a certificate (DAT-100, DAT-101)."""
        if cert is None:
            return (), 0
        try:
            proof = wire.parsed(bytes.fromhex(cert))
            found = []
            for vote in proof["signatures"]:
                said = {"body": {"value": block}, "channel": proof["channel"], "from": vote["member"],
                        "height": proof["height"], "kind": proof["kind"], "round": proof["round"],
                        "sig": vote["signature"], "suite": proof["suite"]}  # fmt: skip
                found.append((self.numbers.get(vote["member"], -1), self.holds(said)))
            if type(proof["round"]) is not int:
                raise TypeError("a round is a number")
            return tuple(found), proof["round"]
        except (ValueError, KeyError, TypeError):
            return ((-1, False),), 0


class RenewingReactor(ForeignReactor):
    """An instance in a world in which members come and go; what clients hand in depends on what is decided here."""

    cluster: "RenewingForeign"

    def __init__(self, node: int, cluster: "RenewingForeign", variant: int) -> None:
        super().__init__(node, cluster, variant)
        self.tip = cluster.network.genesis_id()

    def hand_in(self, height: int, now: int) -> list[reactor.Effect]:
        """See `ForeignReactor`."""
        effects: list[reactor.Effect] = []
        for _, data in self.cluster.force.due(self.tip, height):
            with suppress(reactor.Refusal):
                effects += self.ask("submit", now, tx=data.hex())
        return effects

    def decision(self, height: int, told: Data, result: str) -> Decision:
        """See `ForeignReactor`; judged by who is in force at the height."""
        found = super().decision(height, told, result)
        self.tip = found.block.digest
        shown = "cert" in told and self.cluster.contract.certificates
        certificate = bytes.fromhex(told["cert"]) if shown else None
        return self.cluster.force.judged(found, bytes.fromhex(told["block"]), certificate)


class RenewingForeign(ForeignCluster):
    """Instances under a plan with changes: every node of the plan is there from the beginning and follows."""

    def __init__(self, door: Door, profile: Profile, plan: Plan, suite: str = "stub") -> None:
        super().__init__(door, profile, plan, suite)
        script = Script(plan, profile.name, suite, profile.engine)
        self.force, self.network, self.names = Force(script), script.network, script.names
        self.numbers = {name: number for number, name in enumerate(self.names)}
        self.last = plan.changes[-1].weights

    def spawn(self, node: int, variant: int) -> RenewingReactor:
        """See `reactor.Cluster`."""
        return RenewingReactor(node, self, variant)

    def transactions(self, height: int, count: int) -> Sequence[tuple[str, Any]]:
        """See `reactor.Cluster`: what clients have depends on what is decided, see `RenewingReactor.hand_in`."""
        return []

    def is_owed(self, node: int) -> bool:
        """See `reactor.Lenient`: those who validate in the end."""
        return self.last[node] > 0
