"""The published schema of wire objects says of every JSON value what the reader of that object says of it."""

import copy
import json
from collections.abc import Callable
from functools import cache
from random import Random

import jsonschema
import pytest

from conformance.conform.schedule import Schedule
from conformance.plan import PlanError
from refimpl.application import admission
from refimpl.application.index import write_record
from refimpl.consensus.registry import engine_names, find_engine
from refimpl.contract import directory, orders, packages
from refimpl.contract.draft import Draft
from refimpl.crypto.recipes import Suite
from refimpl.data.block import Block, Genesis, Header
from refimpl.data.certificate import Certificate
from refimpl.data.encoding import encode
from refimpl.data.ids import MemberId
from refimpl.data.members import Member, Membership
from refimpl.data.refusal import Code, Refused
from refimpl.data.state_map import EMPTY, MapProof
from refimpl.data.transaction import Transaction
from refimpl.network.messages import Codec
from tests.vectors import ledger, wire_schema, written

DIGEST, SIGNATURE = "ab" * 32, "cd" * 64
VOTES = [{"member": "m0", "signature": SIGNATURE}, {"member": "m1", "signature": "ef" * 32}]
PROOF = {"value": DIGEST, "view": 0, "votes": VOTES}
CHAINED = PROOF | {"height": 1}
BODIES = {
    "tendermint": {
        "propose": {"payload": "00", "valid_round": -1, "value": DIGEST}, "prevote": {"value": DIGEST}, "precommit": {},
    },
    "pbft": {
        "preprepare": {"payload": "", "valid_round": -1, "value": DIGEST}, "prepare": {"value": DIGEST},
        "commit": {"value": DIGEST}, "viewchange": {"prepared": PROOF},
        "newview": {"changes": [{"body": {"prepared": PROOF}, "from": "m0", "sig": SIGNATURE},
                                {"body": {}, "from": "m1", "sig": SIGNATURE}]},
    },
    "hotstuff": {
        "propose": {"justify": CHAINED, "parent": DIGEST, "payload": "00", "value": DIGEST},
        "vote": {"value": DIGEST}, "newview": {"justify": CHAINED},
    },
    "raft": {
        "append": {"made": 0, "parent": DIGEST, "payload": "00", "value": DIGEST}, "ack": {"value": DIGEST},
        "candidate": {"last_height": 0, "last_term": -1}, "grant": {"to": "m0"},
    },
    "streamlet": {"propose": {"parent": DIGEST, "payload": "00", "value": DIGEST}, "vote": {"value": DIGEST}},
    "nakamoto": {"block": {"bits": 6, "nonce": 41, "parent": DIGEST, "payload": "00", "since": 0, "value": DIGEST}},
    **{engine: {"block": {"parent": DIGEST, "payload": "00", "value": DIGEST}}
       for engine in ("authority", "delegated", "stake")},
}  # fmt: skip
SHARED = {"decided": {"payload": "00", "value": DIGEST, "votes": VOTES}, "sync": {}}
ENVELOPE = {"channel": "region-1", "from": "m0", "height": 1, "round": 0, "sig": SIGNATURE, "suite": "intl"}
ORDERS = ("ascending names", "distinct ascending signers", "distinct ascending members", "each attribute once")
"""What a reader asks beyond shapes, in the words of its refusal; besides, as many signatures as signers."""


@cache
def validator(name):
    whole = json.loads(wire_schema.PLACE.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(whole)
    part = whole if name is None else {"$defs": whole["$defs"], "$ref": f"#/$defs/{name}"}
    return jsonschema.Draft202012Validator(part)


def message_reader(engine) -> Callable:
    codec = Codec(engine, ledger.CHANNEL, Suite.INTL, find_engine(engine).readers)
    return lambda value: codec.decode(encode(value))


READERS: dict[str, Callable] = {
    "member": Member.from_value, "membership": Membership.from_value, "header": Header.from_value,
    "stateProof": MapProof.from_value, "transaction": Transaction.from_value,
    "genesis": lambda value: Genesis.from_bytes(encode(value)), "block": lambda value: Block.from_bytes(encode(value)),
    "certificate": Certificate.from_value,
    "payload.directory": lambda value: directory.enrol(Draft(EMPTY), packages.NOTHING, value),
    "payload.command": lambda value: orders._read(value, ()),
    "payload.deploy": lambda value: packages.deploy(Draft(EMPTY), value),
    "payload.membership": admission.read_payload,
    "payload.read": lambda value: orders.read_request(value, (MemberId("a"),)),
    "payload.record": lambda value: write_record(Draft(EMPTY), value, (), 0),
    "vector.schedule": Schedule.from_data,
    **{f"message.{engine}": message_reader(engine) for engine in wire_schema.BODIES if engine in engine_names()},
}  # fmt: skip


@cache
def examples():
    """Name of a shape to values that fit it."""
    chain = [json.loads(text) for _, text, _ in ledger.chain()]
    carried = [one for block in chain for one in block["transactions"]]
    of_kind = {kind: [one["body"]["payload"] for one in carried if one["body"]["kind"] == kind]
               for kind in ("directory", "command", "deploy")}  # fmt: skip
    genesis = json.loads(ledger.genesis().to_bytes())
    state = EMPTY.updated({b"a": b"1", b"ab": b"2", b"b": b""})
    entry = {"commitment": DIGEST, "custodian": "a", "kind": "note", "record": "r-1"}
    access = {"custodian": "a", "purpose": "care", "reader": "b", "record": "r-1"}
    command = {"action": "书写", "arguments": [{"name": "甲", "value": ["x", "y"]}, {"name": "b", "value": None},
               {"name": "c", "value": True}], "contract": "就诊", "instance": 3}  # fmt: skip
    messages = {
        f"message.{engine}": [{**ENVELOPE, "kind": kind, "body": body} for kind, body in (bodies | SHARED).items()
                              if kind in wire_schema.BODIES[engine]]
        for engine, bodies in BODIES.items()
    }
    return {
        "member": genesis["members"], "membership": [genesis["members"]], "genesis": [genesis], "block": chain[2:4],
        "header": [chain[0]["header"]], "transaction": [carried[0], carried[-1]],
        "certificate": [json.loads(ledger._signed(Suite.INTL, "m0 m1 m2"))],
        "stateProof": [state.prove(b"ac").to_value(), EMPTY.prove(b"a").to_value()],
        "payload.directory": of_kind["directory"], "payload.command": [*of_kind["command"], command],
        "payload.deploy": [{"modules": [1, {}]}],
        "payload.membership": [
            {"changes": genesis["members"][:2], "evidence": None, "removed": ["a"]},
            {"changes": [], "evidence": 7, "removed": ["a", "b"]},
        ],
        "payload.read": [{"fields": ["主诉", "plan"], "instance": 0, "purpose": purpose} for purpose in (None, "诊疗")],
        "payload.record": [{"entry": entry}, {"access": access}], **messages,
        "vector.schedule": [{"profile": "solo/1", "suite": "stub", "steps": [
            {"reply": {"ok": {}}, "request": {"op": "start", "now": 0}},
            {"reply": {"refused": "tx.nonce_used"}, "request": {"op": "submit", "now": 1, "tx": "00"}},
            {"reply": {"err": "no_timer"}, "request": {"op": "fire", "now": 2}},
            {"reply": {"ok": {}}, "request": {"op": "recover", "config": {}, "disk": "synced", "now": 3}}]}],
    }  # fmt: skip


def read(name, value):
    """None if the reader takes the value's shape, else what it asked for; what it means is not judged here."""
    try:
        READERS[name](value)
    except PlanError as error:
        return error.expected
    except Refused as refused:
        if refused.code in (Code.WIRE_BAD_FIELD, Code.NET_UNKNOWN_KIND):
            return str(refused.values.get("expected"))
    return None


def places(value, path=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        yield (*path, step), inner
        yield from places(inner, (*path, step))


ODD = [
    None, 0, -1, -2, 1, 2**53 - 1, 2**53 - 2, "", "x", "X", "x y", "ab", "AB" * 32, "ab" * 31, "ab" * 32, "ab" * 64,
    True, [], {}, [[0, "ab" * 32]], "x" * 64, "x" * 65, "x" * 129, "x" * 257, "intl", "gm", "validator", "zero\0",
]  # fmt: skip


def altered(plain, random):
    """A copy with one place replaced, removed, added or repeated."""
    spoilt = copy.deepcopy(plain)
    spots = list(places(plain))
    path, _ = random.choice(spots)
    place = spoilt
    for step in path[:-1]:
        place = place[step]
    match random.randint(0, 4):
        case 0:
            del place[path[-1]]
        case 1 if isinstance(place, dict):
            place[random.choice(["stray", "value", "leaf", "justify", "prepared"])] = random.choice(ODD)
        case 2 if isinstance(place, list):
            place.extend(copy.deepcopy(place[path[-1]]) for _ in range(random.choice([1, 16, 129])))
        case _:
            place[path[-1]] = copy.deepcopy(random.choice([*ODD, random.choice(spots)[1]]))
    return spoilt


def test_the_published_schema_is_that_of_the_code():
    found = wire_schema.PLACE.read_text(encoding="utf-8")
    assert found == wire_schema.written(), "python -m tests.vectors.wire_schema --write"


@pytest.mark.clause("DAT-013", "DAT-016")
def test_everything_that_the_chain_holds_fits_its_shape():
    for name, values in examples().items():
        for value in values:
            validator(name).validate(value)
            assert name not in READERS or read(name, value) is None


@pytest.mark.clause(
    "DAT-010", "DAT-011", "DAT-012", "DAT-013", "DAT-016", "NET-001", "NET-004", "CTR-D01", "CTR-D02", "CTR-D03",
    "APP-007", "APP-008",
)  # fmt: skip
@pytest.mark.parametrize("name", sorted(READERS))
def test_the_schema_accepts_exactly_the_shapes_that_the_reader_accepts(name):
    counts = {True: 0, False: 0}
    for seed in range(400):
        random = Random(f"{name}/{seed}")
        spoilt = altered(random.choice(examples()[name]), random)
        asked = read(name, spoilt)
        fits = validator(name).is_valid(spoilt)
        if asked is not None and fits:
            of_order = asked in ORDERS or (name in ("transaction", "block") and asked.startswith("list of "))
            assert of_order, (seed, asked, spoilt)
        else:
            assert fits == (asked is None), (seed, asked, spoilt)
        counts[fits] += 1
    assert min(counts.values()) > 20


def test_every_vector_that_is_taken_fits_and_what_has_other_fields_does_not():
    kinds = {"tx.check": "transaction", "block.check": "block", "genesis.check": "genesis", "cert.check": "certificate"}
    seen = 0
    for name in written.SHEETS:
        for line in (written.FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()[1:]:
            case = json.loads(line)
            if case["kind"] in kinds and isinstance(case["input"].get("text"), str) and "ok" in case["expect"]:
                validator(kinds[case["kind"]]).validate(json.loads(case["input"]["text"]))
                validator(None).validate(json.loads(case["input"]["text"]))
                seen += 1
    assert seen > 10


def test_every_engine_has_the_shapes_of_its_messages():
    for engine in engine_names():
        assert set(find_engine(engine).readers) == set(wire_schema.BODIES.get(engine, ())), (
            f"{engine}: its bodies are missing in BODIES of tests/vectors/wire_schema.py"
        )
