"""One instance: a machine of the reference, the copy of its disk that an operator's questions are answered from, and
its effects in the words of the protocol.

It must not carry out an effect, nor read a clock: time comes in milliseconds and is handed on in whole seconds.
Source: spec/node-protocol.md, parts 2 to 4.
"""

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from refimpl.commands.node.frames import Config
from refimpl.consensus.interface import Kind
from refimpl.consensus.registry import engine_names, find_engine
from refimpl.crypto.recipes import KeyPair, SuiteRefused, verifier
from refimpl.data import shape
from refimpl.data.block import Block, Genesis, Header
from refimpl.data.ids import MemberId, Seconds, Suite, digest_of_hex
from refimpl.data.limits import BLOCK_BYTES, PROTOCOL_STATE_ITEMS, STATE_KEY_BYTES
from refimpl.data.refusal import Code, Refused
from refimpl.data.transaction import Transaction, read_transaction
from refimpl.node import keys
from refimpl.node.machine import Accusation, Decision, Effect, Machine, Persist, Ring, Send

__all__ = ["BadState", "Instance", "Unknown", "kind_of_profile", "profiles"]

Data = dict[str, Any]
MAJOR = "1"
"""The major of every profile that is spoken here."""
LONGEST_CHAIN = "longest_chain"
"""The profile of every engine whose blocks are final at a depth: the genesis names the engine (NOD-066)."""
SUITES = (Suite.INTL, Suite.STUB)


class BadState(Exception):
    """The request does not fit what went before; `args[0]` says how."""


class Unknown(Exception):
    """A profile, a parameter or a suite that is not there; `args[0]` names it."""


MachineMaker = Callable[..., Machine]


def profiles() -> list[str]:
    """Every profile: that of each installed engine, and one for those of the longest chain."""
    listed = {LONGEST_CHAIN if is_deep(name) else name for name in engine_names()}
    return [f"{name}/{MAJOR}" for name in sorted(listed)]


def is_deep(engine: str) -> bool:
    """Whether blocks of an installed engine are final at a depth."""
    return bool(find_engine(engine).promise.finality["kind"] == "depth")


def kind_of_profile(profile: str, engine: str) -> Kind:
    """The engine of a profile, in a channel whose genesis names this one (NOD-066); raises `Unknown`."""
    if profile not in profiles():
        raise Unknown(f"profile {profile}")
    name = profile.partition("/")[0]
    if name != LONGEST_CHAIN:
        return find_engine(name)
    if engine not in engine_names() or not is_deep(engine):
        raise Unknown(f"a rule of eligibility called {engine}")
    return find_engine(engine)


class Instance:
    """One member in one channel. Its methods are the operations of the protocol and return `ok`."""

    def __init__(self, config: Config, make: MachineMaker = Machine) -> None:
        """Raises `Unknown`, and `Refused` for a genesis that nobody may start from (NOD-011)."""
        if config.profile not in profiles():
            raise Unknown(f"profile {config.profile}")
        if config.params:
            raise Unknown(f"parameter {min(config.params)}")
        suite = Suite(config.suite)
        try:
            key, verify = KeyPair(suite, bytes.fromhex(config.key)), verifier(suite, SUITES)
        except SuiteRefused:
            raise Unknown(f"suite {suite.value}") from None
        genesis = Genesis.from_bytes(bytes.fromhex(config.genesis))
        genesis.check((suite,))
        kind = kind_of_profile(config.profile, genesis.engine)
        self.machine = make(genesis, kind, MemberId(config.self), key, verify)
        self.disk: dict[str, bytes] = {}
        self.places: dict[str, tuple[int, int]] = {}
        """Transaction -> (height, number of its receipt)."""
        self.timers: set[str] = set()
        self.evidence: list[Data] = []
        self.running = False

    # --- operations ---

    def start(self, now: int) -> Data:
        """NOD-013."""
        if self.running:
            raise BadState("started already")
        self.running = True
        return self._told(self.machine.start(seconds(now)))

    def recover(self, disk: Mapping[str, bytes], now: int) -> Data:
        """NOD-019."""
        if not disk:
            return self.start(now)
        self.running = True
        try:
            for key in sorted(disk):
                self._keep(key, disk[key])
            effects = self.machine.recover(dict(disk), seconds(now))
        except (Refused, LookupError, TypeError, ValueError) as damage:
            if isinstance(damage, Refused) and damage.code is Code.STORE_CORRUPT:
                raise
            found = str(damage)[:80]
            raise Refused(Code.STORE_CORRUPT, "/disk", what="disk", expected="what was written", got=found) from None
        return self._told(effects)

    def deliver(self, data: bytes, now: int) -> Data:
        """NOD-014."""
        return self._told(self._ready().deliver(data, seconds(now)))

    def submit(self, data: bytes, now: int) -> Data:
        """NOD-016."""
        effects = self._ready().submit(data, seconds(now))
        return {**self._told(effects), "tx_id": read_transaction(data).id.hex()}

    def fire(self, timer: str, now: int) -> Data:
        """NOD-015."""
        machine = self._ready()
        if timer not in self.timers:
            raise BadState(f"no timer {timer}")
        self.timers.discard(timer)
        return self._told(machine.fire(timer, seconds(now)))

    def query(self, path: str, args: Data) -> Data:
        """NOD-017; raises `query.unknown`."""
        machine = self._ready()
        if path not in _PATHS:
            raise Refused(Code.QUERY_UNKNOWN, "/path", got=path[:80], expected=", ".join(sorted(_PATHS)))
        needed, optional, answer = _PATHS[path]
        fields = dict(shape.record(args, "/args", needed, optional))
        return {"height": machine.ledger.tip.height, "value": answer(self, fields)}

    def _ready(self) -> Machine:
        if not self.running:
            raise BadState("not started")
        return self.machine

    def copied(self) -> "Instance":
        """The same instance again, sharing nothing that changes (NOD-024)."""
        made = copy.copy(self)
        made.machine, made.disk, made.places = self.machine.copied(), dict(self.disk), dict(self.places)
        made.timers, made.evidence = set(self.timers), list(self.evidence)
        return made

    # --- effects ---

    def _told(self, effects: Sequence[Effect]) -> Data:
        return {"effects": [self._effect(effect) for effect in effects]}

    def _effect(self, effect: Effect) -> Data:
        match effect:
            case Send(data, to):
                return {"effect": "send", "bytes": data.hex(), "to": list(to) or "all"}
            case Ring(name, at):
                self.timers.add(name)
                return {"effect": "set_timer", "at": at * 1000, "timer": name}
            case Persist(writes):
                for key, value in writes:
                    self._keep(key, value)
                listed = [{"key": key} if value is None else {"key": key, "value": value.hex()}
                          for key, value in writes]  # fmt: skip
                return {"effect": "persist", "sync": True, "writes": listed}
            case Decision(height, block, certificate, root, _):
                told = {"effect": "decide", "block": block.hex(), "height": height, "state_root": root.hex()}
                return told if certificate is None else {**told, "cert": certificate.hex()}
            case Accusation(against, first, second):
                proof = {"effect": "evidence", "against": against, "kind": "equivocation",
                         "messages": [first.hex(), second.hex()]}  # fmt: skip
                self.evidence.append(proof)
                return proof

    def _keep(self, key: str, value: bytes | None) -> None:
        """The operator's copy of the disk; of receipts, where each stands."""
        if value is None:
            self.disk.pop(key, None)
            return
        self.disk[key] = value
        if key.startswith(keys.RECEIPT):
            found = json.loads(value)
            _, height, number = key.split("/")
            if "tx" in found:
                self.places[found["tx"]] = int(height), int(number)

    # --- questions ---

    def tip(self, args: Data) -> Data:
        """NOD-040."""
        tip = self.machine.ledger.tip
        return {"block": tip.block.hex(), "height": tip.height, "receipts_root": tip.receipts_root.hex(),
                "state_root": tip.state_root.hex(), "time": tip.time}  # fmt: skip

    def block(self, args: Data) -> Data:
        """NOD-041."""
        height = shape.integer(args["height"], "/args/height")
        stored = self.disk.get(keys.block(height))
        if stored is None:
            raise Refused(Code.QUERY_NOT_FOUND, "/args/height", what="block")
        header = Header.from_bytes(stored)
        listed = tuple(Transaction.from_bytes(self.disk[keys.transaction(height, i)]) for i in range(header.size))
        told = {"block": Block(header, listed).to_bytes().hex()}
        proof = self.disk.get(keys.certificate(height))
        return told if proof is None else {**told, "cert": proof.hex()}

    def receipt(self, args: Data) -> Data:
        """NOD-042."""
        wanted = digest_of_hex(args["tx_id"], "/args/tx_id")
        if wanted in self.machine.ledger.pool:
            return {"status": "pending"}
        if wanted.hex() not in self.places:
            raise Refused(Code.QUERY_NOT_FOUND, "/args/tx_id", what="transaction")
        height, number = self.places[wanted.hex()]
        found = json.loads(self.disk[keys.receipt(height, number)])
        before = (json.loads(self.disk[keys.receipt(height, i)])["kind"] for i in range(number))
        told = {name: found[name] for name in ("code", "events", "status") if name in found}
        return {**told, "height": height, "index": number - sum(kind == "time" for kind in before)}

    def state(self, args: Data) -> Data:
        """NOD-043."""
        prefix = shape.bytes_of_hex(args.get("prefix", ""), "/args/prefix", most=STATE_KEY_BYTES)
        after = shape.bytes_of_hex(args.get("after", ""), "/args/after", most=STATE_KEY_BYTES)
        asked = shape.integer(args.get("limit", PROTOCOL_STATE_ITEMS), "/args/limit")
        limit, ledger = min(asked, PROTOCOL_STATE_ITEMS), self.machine.ledger
        found = [(key, value) for key, value in ledger.state.items(prefix) if not after or key > after]
        items = [{"key": key.hex(), "value": value.hex()} for key, value in found[:limit]]
        return {"items": items, "more": len(found) > limit, "state_root": ledger.tip.state_root.hex()}

    def proof(self, args: Data) -> Data:
        """NOD-044."""
        value, proof = self.machine.ledger.query(shape.bytes_of_hex(args["key"], "/args/key", most=BLOCK_BYTES))
        told = {"proof": proof.to_value()}
        return told if value is None else {**told, "value": value.hex()}

    def members(self, args: Data) -> Data:
        """NOD-045."""
        return {"members": self.machine.ledger.tip.members.to_value()}

    def accused(self, args: Data) -> Data:
        """NOD-046."""
        return {"evidence": list(self.evidence)}

    def inspect(self, args: Data) -> Data:
        """NOD-047."""
        machine = self.machine
        return {"at": "idle" if machine.idle else machine.engine.where(machine.memory)}


def seconds(now: int) -> Seconds:
    """A time of the protocol as the ledger counts it (NOD-009)."""
    return Seconds(now // 1000)


_NONE: tuple[str, ...] = ()
_PATHS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], Callable[[Instance, Data], Data]]] = {
    "block": (("height",), _NONE, Instance.block),
    "evidence": (_NONE, _NONE, Instance.accused),
    "inspect": (_NONE, _NONE, Instance.inspect),
    "members": (_NONE, _NONE, Instance.members),
    "proof": (("key",), _NONE, Instance.proof),
    "receipt": (("tx_id",), _NONE, Instance.receipt),
    "state": (_NONE, ("after", "limit", "prefix"), Instance.state),
    "tip": (_NONE, _NONE, Instance.tip),
}
"""Path -> arguments that are needed, that may be given, and what answers (part 4)."""
