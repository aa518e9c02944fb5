"""The kit's ledger of one validator under `solo/1`: what must be answered to every transaction, and every entry of the
state after it.

Why its own: a difference between a node and this is found with the key, and the clause, where it began. The meaning of
contracts is the definitional interpreter over a world in memory; all else is written here from the text. It must not
know any node. Source: spec/data.md part 7 to 10, contract.md part 7, application.md, node-protocol.md part 6.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from conformance.model.genesis import CHANNEL, Network, id_of
from conformance.model.membership import Members, NotLawful, changed, digest, is_quorum, needs_no_quorum
from conformance.model.trees import state_root
from conformance.signing import holds
from conformance.standard import limit
from conformance.wire import canonical, merkle_root, tagged
from contracts_dsl import decide, host, interpret, ir, migrate
from contracts_dsl.evaluate import conforms
from contracts_dsl.memory import DirectoryNode, MemoryWorld
from contracts_dsl.program import Program, link
from contracts_dsl.refusals import CODES

__all__ = ["Answer", "Ledger", "Refusal"]

Data = dict[str, Any]
KINDS = ("command", "deploy", "directory", "membership", "read", "record")
MEMBER = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
NAME = re.compile(r"[a-z0-9][a-z0-9._/-]{0,127}")


class Refusal(Exception):
    """A code of the law; `args[0]`."""

    @property
    def code(self) -> str:
        """The code."""
        return str(self.args[0])


class Answer(msgspec.Struct, frozen=True):
    """What a submit must bring about: a refusal at the check, nothing (it waits), or a block."""

    refused: str = ""
    block: bytes = b""


class _World(MemoryWorld):
    """The world of contracts; an empty directory has no digest (CTR-D06)."""

    def directory_digest(self) -> str:
        return super().directory_digest() if self.directory else ""


class Ledger:
    """One chain, one state, one pool."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.member = network.names[0]
        self.world = _World(time=network.time)
        self.modules: list[ir.Module] = []
        self.retired: set[str] = set()
        self.program: Program = link([])
        self.members: Members = network.membership()
        """Those in force at the next height."""
        self.renewed: Data = {}
        """What stands under `members` in the state, if anything does."""
        self.nonces: dict[str, int] = {}
        self.records: dict[tuple[str, str], Data] = {}
        self.accesses: list[Data] = []
        self.pool: dict[str, Data] = {}
        self.done: dict[str, Data] = {}
        """Transaction -> what `query receipt` answers."""
        self.blocks: list[bytes] = []
        for payload in network.directory:
            self.enrol(payload)
        self.tip: Data = {
            "block": network.genesis_id(), "height": 0, "receipts_root": merkle_root([]).hex(),
            "state_root": state_root(self.state()).hex(), "time": network.time,
        }  # fmt: skip

    # --- inputs ---

    def submit(self, data: bytes, now: int) -> Answer:
        """What a submit at second `now` brings about (NOD-016, NOD-061, NOD-062)."""
        try:
            made = self.check(data)
        except Refusal as refusal:
            return Answer(refusal.code)
        name = id_of(made)
        if name in self.pool:
            return Answer()
        self.pool[name] = made
        return Answer(block=self.decide(now)) if self.ready() else Answer()

    def tick(self, now: int) -> bytes:
        """The block that the `deadline` timer gives reason for, if a deadline has passed (NOD-063)."""
        return self.decide(now) if any(self.world.timers_before(now)) else b""

    def deadline(self) -> int | None:
        """The earliest deadline in the state."""
        return self.world.queue[0].deadline if self.world.queue else None

    # --- checks ---

    def check(self, data: bytes) -> Data:
        """The transaction in bytes, or `Refusal` (DAT-060 to DAT-070)."""
        made = read(data)
        body = made["body"]
        if body["channel"] != CHANNEL:
            raise Refusal("tx.wrong_channel")
        if body["suite"] != self.network.suite:
            raise Refusal("tx.wrong_suite")
        if body["kind"] not in KINDS:
            raise Refusal("tx.unknown_kind")
        self.check_signatures(made)
        if body["nonce"] < self.nonces.get(body["signers"][0], 0):
            raise Refusal("tx.nonce_used")
        return made

    def check_signatures(self, made: Data) -> None:
        """DAT-068, DAT-069."""
        keys = {one["member"]: bytes.fromhex(one["pub"]) for one in self.members}
        signers = made["body"]["signers"]
        if any(signer not in keys for signer in signers):
            raise Refusal("tx.unknown_signer")
        name = bytes.fromhex(id_of(made))
        for signer, signature in zip(signers, made["signatures"], strict=True):
            if not holds(self.network.suite, keys[signer], name, bytes.fromhex(signature)):
                raise Refusal("tx.bad_signature")

    def ready(self) -> list[Data]:
        """What waits and may stand in the next block, in its order (NOD-062)."""
        expected, listed = dict(self.nonces), list[Data]()
        room = limit("block", "bytes") - 4096
        for made in sorted(self.pool.values(), key=lambda one: (one["body"]["signers"][0], one["body"]["nonce"],
                                                               id_of(one))):  # fmt: skip
            sender, size = made["body"]["signers"][0], len(canonical(made)) + 1
            due = expected.get(sender, 0)
            if made["body"]["nonce"] != due:
                continue
            if size > room or len(listed) == limit("block", "transactions"):
                expected[sender] = -1
                continue
            expected[sender], room = due + 1, room - size
            listed.append(made)
        return listed

    # --- blocks ---

    def decide(self, now: int) -> bytes:
        """The next block at second `now`, executed."""
        block = self.network.block(self.tip, self.member, now, self.ready(), digest(self.members))
        self.follow(block)
        return block

    def follow(self, block: bytes) -> None:
        """Execute a valid block on the tip, whoever made it."""
        made = json.loads(block)
        header, listed = made["header"], made["transactions"]
        receipts = self.execute(listed, header["time"])
        height = header["height"]
        self.tip = {
            "block": tagged("yilian/block/v1", canonical(header)).hex(), "height": height,
            "receipts_root": merkle_root([canonical(one) for one in receipts]).hex(),
            "state_root": state_root(self.state()).hex(), "time": header["time"],
        }  # fmt: skip
        told = [receipt for receipt in receipts if "tx" in receipt]
        for index, receipt in enumerate(told):
            kept: Data = {name: receipt[name] for name in ("code", "events", "status") if name in receipt}
            self.done[receipt["tx"]] = json.loads(canonical({**kept, "height": height, "index": index}))
        self.blocks.append(block)
        for made in listed:
            self.pool.pop(id_of(made), None)
        stale = [name for name, one in self.pool.items()
                 if one["body"]["nonce"] < self.nonces.get(one["body"]["signers"][0], 0)]  # fmt: skip
        if self.renewed and self.renewed["since"] == height + 1:
            self.members = self.renewed["members"]
            stale += [name for name, one in self.pool.items() if name not in stale and not self.still_holds(one)]
        for name in stale:
            del self.pool[name]

    def still_holds(self, made: Data) -> bool:
        """DAT-079."""
        try:
            self.check_signatures(made)
        except Refusal:
            return False
        return True

    def execute(self, listed: Sequence[Data], time: int) -> list[Data]:
        """The receipts of a block (DAT-110, DAT-111)."""
        receipts: list[Data] = []
        self.let_time_act(time, receipts)
        for made in listed:
            if any(self.world.timers_before(time)):
                self.let_time_act(time, receipts)
            receipts.append(self.carry_out(made, time))
        return receipts

    def let_time_act(self, time: int, receipts: list[Data]) -> None:
        """Advance, with a receipt where that made events."""
        changes = interpret.advance(self.program, self.world, time)
        self.world.apply(changes)
        if changes.events:
            receipts.append({"events": plain(changes.events), "kind": "time"})

    def carry_out(self, made: Data, time: int) -> Data:
        """One transaction; its nonce is used either way (DAT-071)."""
        body = made["body"]
        sender = body["signers"][0]
        self.nonces[sender] = self.nonces.get(sender, 0) + 1
        receipt = {"kind": body["kind"], "tx": id_of(made)}
        try:
            if body["kind"] == "read":
                return {**receipt, **self.read(body, time)}
            events = {"command": self.command, "deploy": self.deploy, "directory": self.directory,
                      "membership": self.membership, "record": self.record}[body["kind"]](body, time)  # fmt: skip
        except Refusal as refusal:
            return {**receipt, "code": refusal.code, "status": "refused"}
        return {**receipt, "events": plain(events), "status": "applied"}

    def command(self, body: Data, time: int) -> Sequence[Any]:
        """CTR-D02, CTR-S7."""
        payload = body["payload"]
        if not is_command(payload):
            raise Refusal("wire.bad_field")
        arguments = tuple((one["name"], frozen(one["value"])) for one in payload["arguments"])
        order = host.Command(payload["contract"], payload["action"], arguments, tuple(body["signers"]),
                             payload["instance"])  # fmt: skip
        try:
            changes = interpret.command(self.program, self.world, order)
        except host.Refused as refused:
            raise Refusal(f"{CODES[refused.code][0]}.{refused.code}") from None
        self.world.apply(changes)
        return changes.events

    def read(self, body: Data, time: int) -> Data:
        """What the receipt of a request to read says (CTR-D08 to CTR-D10)."""
        payload, signers = body["payload"], body["signers"]
        if not is_request(payload):
            raise Refusal("wire.bad_field")
        record = self.world.instance(payload["instance"])
        if record is None:
            raise Refusal("contract.unknown_name")
        request = decide.Request(record.contract, record.id, tuple(payload["fields"]), payload["purpose"],
                                 tuple(signers))  # fmt: skip
        reading = decide.read(self.program, self.world, request)
        self.world.apply(reading.changes)
        refused = reading.refused
        code = None if refused is None else f"{CODES[refused.code][0]}.{refused.code}"
        self.accesses.append({"at": time, "code": code, **payload, "reader": signers[0]})
        said: Data = {"status": "applied"} if code is None else {"code": code, "status": "refused"}
        return {**said, "events": plain(reading.changes.events)}

    def deploy(self, body: Data, time: int) -> Sequence[Any]:
        """CTR-D03, CTR-D11."""
        self.must_be_approved(body)
        payload = body["payload"]
        modules, retiring = package(payload)
        try:
            arriving = [ir.from_json(one) for one in modules]
            program, moves = migrate.deploy(self.modules, arriving, self.world)
        except ir.IrError:
            raise Refusal("contract.bad_package") from None
        except host.Refused as refused:
            raise Refusal(f"contract.{refused.code}") from None
        if any(isinstance(one, ir.Schema) for one in arriving) and not self.fit(program, self.world.directory):
            raise Refusal("contract.bad_package")
        modules_now = sorted([*self.modules, *arriving], key=lambda one: (one.name.encode(), one.version))
        if not set(retiring) <= link(modules_now).contracts.keys():
            raise Refusal("contract.unknown_name")
        self.modules = modules_now
        self.retired = (self.retired - {one.name for one in arriving}) | set(retiring)
        self.program = link(self.modules, sorted(self.retired))
        self.world.apply(moves)
        return moves.events

    def directory(self, body: Data, time: int) -> Sequence[Any]:
        """CTR-D01, CTR-D07; the kit sends well-formed payloads, and ones whose parents, kinds or values are wrong."""
        self.must_be_approved(body)
        before = dict(self.world.directory)
        try:
            self.enrol(body["payload"])
            if not self.fit(self.program, [node["name"] for node in body["payload"]["nodes"]]):
                raise Refusal("member.bad_attribute")
        except Refusal:
            self.world.directory = before
            raise
        return ()

    def fit(self, program: Program, names: Iterable[str]) -> bool:
        """Whether nodes of the directory have the attributes that the schemas of a program declare (CTR-D07)."""
        world = self.world
        return all(conforms(world.attribute(name, attribute), kind, program, world) for name in names
                   for attribute, kind in program.attribute_types(world.directory[name].kind).items())  # fmt: skip

    def enrol(self, payload: Data) -> None:
        """Put nodes into the directory, each with a way up that ends, and of the kind that it had before."""
        for node in payload["nodes"]:
            known = self.world.directory.get(node["name"])
            if known is not None and known.kind != node["kind"]:
                raise Refusal("member.bad_attribute")
            attributes = {one["name"]: frozen(one["value"]) for one in node["attributes"]}
            self.world.enrol(node["name"], DirectoryNode(node["kind"], attributes, node["parent"]))
            above, seen = node["parent"], [node["name"]]
            while above is not None:
                seen.append(above)
                found = self.world.directory.get(above)
                if found is None or len(seen) > limit("contract", "tree_depth") or len(set(seen)) != len(seen):
                    raise Refusal("member.bad_attribute")
                above = found.parent

    def must_be_approved(self, body: Data) -> None:
        """DAT-072."""
        if not is_quorum(self.members, body["signers"]):
            raise Refusal("member.too_few_approvals")

    def membership(self, body: Data, time: int) -> Sequence[Any]:
        """DAT-073 to DAT-078."""
        payload, present = body["payload"], self.renewed.get("members", self.members)
        if not (self.network.is_open and needs_no_quorum(present, payload, body["signers"])):
            self.must_be_approved(body)
        try:
            result = changed(present, payload, self.network.engine, len(self.world.stored))
        except NotLawful as fault:
            raise Refusal(fault.args[0]) from None
        self.renewed = {"members": list(result), "since": self.tip["height"] + 2}
        names = sorted(one["member"] for one in payload["changes"])
        return ({"changed": names, "evidence": payload["evidence"], "kind": "membership",
                 "removed": sorted(payload["removed"])},)  # fmt: skip

    def record(self, body: Data, time: int) -> Sequence[Any]:
        """APP-007, APP-008, APP-009; the kit sends well-formed payloads."""
        payload = body["payload"]
        if not isinstance(payload, dict) or set(payload) not in ({"entry"}, {"access"}):
            raise Refusal("wire.bad_field")
        if "entry" in payload:
            about = payload["entry"]
            place = about["custodian"], about["record"]
            if about["custodian"] not in body["signers"]:
                raise Refusal("member.not_authorized")
            if place in self.records:
                raise Refusal("tx.known")
            self.records[place] = {"at": time, "commitment": about["commitment"], "kind": about["kind"]}
            return ({"custodian": about["custodian"], "kind": "recorded", "record": about["record"]},)
        about = payload["access"]
        if about["reader"] not in body["signers"]:
            raise Refusal("member.not_authorized")
        if (about["custodian"], about["record"]) not in self.records:
            raise Refusal("query.not_found")
        self.accesses.append({"at": time, **about})
        return ({"kind": "accessed", "purpose": about["purpose"], "reader": about["reader"],
                 "record": about["record"]},)  # fmt: skip

    # --- the state, entry by entry ---

    def state(self) -> dict[bytes, bytes]:
        """Every entry (DAT-112, CTR-D04 to CTR-D06, APP-009)."""
        rows: dict[str, Any] = {"clock": self.world.time}
        rows |= {f"nonce/{name}": count for name, count in self.nonces.items()}
        rows |= {f"record/{custodian}/{name}": row for (custodian, name), row in self.records.items()}
        rows |= {f"access/{number:010}": row for number, row in enumerate(self.accesses)}
        if self.accesses:
            rows["accesses"] = len(self.accesses)
        if self.renewed:
            rows["members"] = self.renewed
        rows |= self.contract_rows()
        rows |= {f"module/{one.name}/{one.version:06}": ir.to_json(one) for one in self.modules}
        rows |= {f"retired/{name}": True for name in sorted(self.retired)}
        return {key.encode(): canonical(value) for key, value in rows.items()}

    def contract_rows(self) -> dict[str, Any]:
        """What contracts and directory leave in the state."""
        world, rows = self.world, dict[str, Any]()
        if world.stored:
            rows["next"] = len(world.stored)
        for one in world.stored:
            rows[f"instance/{one.id:010}"] = plain(one)
            rows[f"of/{one.contract}/{one.id:010}"] = 1
        for timer in world.queue:
            rows[f"timer/{timer.deadline:012}/{timer.instance:010}/{timer.clause:03}"] = 1
        for (contract, field, value), instances in world.index.items():
            name = tagged("yilian/index/v1", canonical([contract, field, value])).hex()
            rows |= {f"index/{name}/{number:010}": 1 for number in instances}
        for (contract, key), number in world.keys.items():
            rows[f"key/{tagged('yilian/key/v1', canonical([contract, plain(key)])).hex()}"] = number
        rows |= {f"position/{name}": str(amount) for name, amount in world.positions.items()}
        for name, node in world.directory.items():
            rows[f"node/{name}"] = [node.kind, node.parent, plain(sorted(node.attributes.items()))]
        if world.directory:
            rows["directory"] = world.directory_digest()
        return rows


def plain(value: Any) -> Any:
    """As JSON data."""
    return msgspec.to_builtins(value)


def frozen(value: Any) -> Any:
    """A value of a program."""
    return tuple(value) if isinstance(value, list) else value


def is_command(payload: Any) -> bool:
    """Whether a payload has the members of CTR-D02; the kit sends no wrong types within them."""
    return isinstance(payload, dict) and set(payload) == {"action", "arguments", "contract", "instance"}


def package(payload: Any) -> tuple[list[Any], list[str]]:
    """The modules of a deployment, and the contracts that it retires (CTR-D03, CTR-D11)."""
    if not isinstance(payload, dict) or "modules" not in payload or set(payload) - {"modules", "retired"}:
        raise Refusal("wire.bad_field")
    modules, retiring, most = payload["modules"], payload.get("retired", []), limit("deploy", "modules")
    names = isinstance(retiring, list) and len(retiring) <= most and all(isinstance(one, str) for one in retiring)
    if not names or retiring != sorted(set(retiring)) or any(len(one.encode()) > 128 for one in retiring):
        raise Refusal("wire.bad_field")
    if not isinstance(modules, list) or not (0 if retiring else 1) <= len(modules) <= most:
        raise Refusal("wire.bad_field")
    return modules, retiring


def is_request(payload: Any) -> bool:
    """Whether a payload asks to read (CTR-D08); the kit sends no texts that are too long."""
    if not isinstance(payload, dict) or set(payload) != {"fields", "instance", "purpose"}:
        return False
    fields, purpose = payload["fields"], payload["purpose"]
    named = isinstance(fields, list) and 1 <= len(fields) <= limit("contract", "fields")
    texts = named and all(isinstance(one, str) for one in fields) and (purpose is None or isinstance(purpose, str))
    return texts and type(payload["instance"]) is int and payload["instance"] >= 0


# --- bytes of a transaction ---


def read(data: bytes) -> Data:
    """The transaction in bytes, or `Refusal` with a code of `wire` (DAT-001 to DAT-013, DAT-060, DAT-061, DAT-064)."""
    if len(data) > limit("transaction", "deploy_bytes"):
        raise Refusal("wire.too_large")
    try:
        value = json.loads(data)
        lawful = canonical(value) == data
    except (ValueError, RecursionError):
        raise Refusal("wire.not_canonical") from None
    if not lawful or _depth(value) > limit("transaction", "depth") or not _within(value):
        raise Refusal("wire.not_canonical")
    if not _is_transaction(value):
        raise Refusal("wire.bad_field")
    if value["body"]["kind"] != "deploy" and len(data) > limit("transaction", "bytes"):
        raise Refusal("wire.too_large")
    made: Data = value
    return made


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


def _within(value: Any) -> bool:
    """Whether a value keeps to the profile: integers in range, no fractions, keys in ASCII."""
    if isinstance(value, dict):
        return all(name.isascii() and _within(inner) for name, inner in value.items())
    if isinstance(value, list):
        return all(map(_within, value))
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) <= limit("encoding", "integer")
    return not isinstance(value, float)


def _is_transaction(value: Any) -> bool:
    if not isinstance(value, dict) or set(value) != {"body", "signatures"} or not isinstance(value["body"], dict):
        return False
    body, signatures = value["body"], value["signatures"]
    if set(body) != {"channel", "kind", "nonce", "payload", "signers", "suite"} or not isinstance(signatures, list):
        return False
    names = all(isinstance(body[name], str) and NAME.fullmatch(body[name]) for name in ("channel", "kind"))
    number = type(body["nonce"]) is int and body["nonce"] >= 0
    return names and number and body["suite"] in ("intl", "gm", "stub") and _are_signers(body["signers"], signatures)


def _are_signers(signers: Any, signatures: list[Any]) -> bool:
    if not isinstance(signers, list) or not 1 <= len(signers) <= limit("transaction", "signers"):
        return False
    if not all(isinstance(name, str) and MEMBER.fullmatch(name) for name in signers):
        return False
    ordered = signers[1:] == sorted(set(signers[1:])) and signers[0] not in signers[1:]
    lawful = all(isinstance(one, str) and re.fullmatch(r"[0-9a-f]{64}|[0-9a-f]{128}", one) for one in signatures)
    return ordered and lawful and len(signatures) == len(signers)


def difference(mine: Mapping[bytes, bytes], theirs: Mapping[bytes, bytes]) -> list[Data]:
    """Entries that differ, first first: key, pointer into the value, what the kit has and what the node has."""
    found = []
    for key in sorted({*mine, *theirs}):
        one, other = mine.get(key), theirs.get(key)
        if one != other:
            pointer, a, b = _first_difference(_value(one), _value(other))
            found.append({"key": key.decode("utf-8", "replace"), "pointer": pointer, "expected": a, "actual": b})
    return found


def _value(data: bytes | None) -> Any:
    if data is None:
        return None
    try:
        return json.loads(data)
    except ValueError:
        return data.hex()


def _first_difference(one: Any, other: Any, at: str = "") -> tuple[str, Any, Any]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({*one, *other}):
            if one.get(name) != other.get(name):
                return _first_difference(one.get(name), other.get(name), f"{at}/{name}")
    if isinstance(one, list) and isinstance(other, list):
        for number, (a, b) in enumerate(zip(one, other, strict=False)):
            if a != b:
                return _first_difference(a, b, f"{at}/{number}")
    return at, one, other
