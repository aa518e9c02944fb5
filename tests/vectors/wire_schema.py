"""`spec/wire.schema.json`: the shapes of everything that is signed, sent or stored, for those who do not read Python.

    python -m tests.vectors.wire_schema --write

JSON Schema 2020-12. It says what a reader of fields says (DAT-010 to DAT-013, DAT-016); `test_wire_schema.py` holds the
two equal in both directions. What a schema cannot say stands in spec/: canonical bytes, their length, the order of
signers, members and votes, as many signatures as signers.
"""

import json
import sys
from typing import Any

from conformance.conform.schedule import ASKED, DISKS
from contracts_dsl.limits import FIELDS_MAX
from refimpl.consensus import nakamoto
from refimpl.crypto.recipes import Suite
from refimpl.data import limits
from refimpl.data.members import Role
from refimpl.data.seal import NONCE_MAX
from tests.house.tree import ROOT

PLACE = ROOT / "spec" / "wire.schema.json"
Schema = dict[str, Any]


def ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def record(optional: tuple[str, ...] = (), /, **members: Schema) -> Schema:
    """An object with exactly these members, those named first perhaps."""
    members = {name.rstrip("_"): one for name, one in members.items()}
    return {"type": "object", "properties": members, "required": sorted(members.keys() - set(optional)),
            "additionalProperties": False}  # fmt: skip


def listed(of: Schema, most: int, least: int = 0) -> Schema:
    return {"type": "array", "items": of, "minItems": least, "maxItems": most}


def number(low: int = 0, high: int = limits.ENCODING_INTEGER) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


def text(most: int, least: int = 0) -> Schema:
    return {"type": "string", "minLength": least, "maxLength": most}


def matching(pattern: str) -> Schema:
    return {"type": "string", "pattern": f"^(?:{pattern})$(?!\\n)"}


PAYLOAD = {**matching("(?:[0-9a-f]{2})*"), "maxLength": 2 * limits.BLOCK_BYTES}
VOTES = listed(record(member=ref("memberName"), signature=ref("signature")), limits.MEMBERSHIP_MEMBERS)
EMPTY, VOTE = record(), record(("value",), value=ref("digest"))
PROOF = record(value=ref("digest"), view=number(), votes=VOTES)
CHAINED = record(height=number(1), value=ref("digest"), view=number(), votes=VOTES)
PROPOSAL = record(payload=PAYLOAD, valid_round=number(-1), value=ref("digest"))
DECIDED = record(payload=PAYLOAD, value=ref("digest"), votes=VOTES)
CHANGE = record(("prepared",), prepared=PROOF)
NEW_VIEW = record(changes=listed(
    record(body=CHANGE, from_=ref("memberName"), sig=ref("signature")), limits.MEMBERSHIP_MEMBERS
))  # fmt: skip
ASKING = {"decided": DECIDED, "sync": EMPTY}
BLOCK_BODY = {"parent": ref("digest"), "payload": PAYLOAD, "value": ref("digest")}
BODIES: dict[str, dict[str, Schema]] = {
    "tendermint": {"propose": PROPOSAL, "prevote": VOTE, "precommit": VOTE, **ASKING},
    "pbft": {"preprepare": PROPOSAL, "prepare": VOTE, "commit": VOTE, "viewchange": CHANGE, "newview": NEW_VIEW,
             **ASKING},
    "hotstuff": {"propose": record(("justify",), justify=CHAINED, **BLOCK_BODY), "vote": VOTE,
                 "newview": record(("justify",), justify=CHAINED), **ASKING},
    "raft": {"append": record(made=number(), **BLOCK_BODY), "ack": VOTE,
             "candidate": record(last_height=number(), last_term=number(-1)), "grant": record(to=ref("memberName")),
             **ASKING},
    "streamlet": {"propose": record(**BLOCK_BODY), "vote": VOTE, **ASKING},
    "nakamoto": {"block": record(bits=number(nakamoto.BITS, nakamoto.BITS_MAX), nonce=number(0, NONCE_MAX),
                                 since=number(), **BLOCK_BODY), "sync": EMPTY},
    **{engine: {"block": record(**BLOCK_BODY), "sync": EMPTY} for engine in ("authority", "delegated", "stake")},
}  # fmt: skip
"""The bodies of messages, by engine and kind (NET-004 and the engines' own parts of spec/consensus.md)."""


def message(kind: str, body: Schema) -> Schema:
    """A message of one kind (NET-001)."""
    return record(
        body=body, channel=ref("name"), from_=ref("memberName"), height=number(1), kind={"const": kind}, round=number(),
        sig=ref("signature"), suite=ref("suite"),
    )  # fmt: skip


def words() -> dict[str, Schema]:
    """What fields are made of."""
    member, name = limits.IDENTIFIER_MEMBER_CHARS - 1, limits.IDENTIFIER_NAME_CHARS - 1
    return {
        "memberName": matching(f"[a-z0-9][a-z0-9.-]{{0,{member}}}"),
        "name": matching(f"[a-z0-9][a-z0-9._/-]{{0,{name}}}"),
        "digest": matching("[0-9a-f]{64}"),
        "signature": matching("[0-9a-f]{64}|[0-9a-f]{128}"),
        "suite": {"enum": [suite.value for suite in Suite]},
        "member": record(member=ref("memberName"), pub=matching("[0-9a-f]{64}"),
                         role={"enum": [role.value for role in Role]}, weight=number()),
    }  # fmt: skip


def objects() -> dict[str, Schema]:
    """What is hashed, signed and stored."""
    body = record(
        channel=ref("name"), kind=ref("name"), nonce=number(), payload={}, suite=ref("suite"),
        signers=listed(ref("memberName"), limits.TRANSACTION_SIGNERS, 1),
    )  # fmt: skip
    header = {name: ref("digest") for name in
              ("membership", "previous", "receipts_root", "state_root", "transactions_root")}  # fmt: skip
    step = {"type": "array", "prefixItems": [number(0, limits.PROOF_STEPS - 1), ref("digest")], "minItems": 2,
            "items": False}  # fmt: skip
    key = {**matching("(?:[0-9a-f]{2})*"), "maxLength": 2 * limits.STATE_KEY_BYTES}
    return {
        "membership": listed(ref("member"), limits.MEMBERSHIP_MEMBERS, 1),
        "genesis": record(channel=ref("name"), directory={"type": "array"}, engine=ref("name"),
                          members=ref("membership"), parameters={"type": "object"}, suite=ref("suite"), time=number()),
        "transaction": record(
            body=body, signatures=listed(ref("signature"), limits.TRANSACTION_SIGNERS, 1)
        ),
        "header": record(channel=ref("name"), height=number(), proposer=ref("memberName"),
                         size=number(0, limits.BLOCK_TRANSACTIONS),
                         suite=ref("suite"), time=number(), **header),
        "block": record(header=ref("header"), transactions=listed(ref("transaction"), limits.BLOCK_TRANSACTIONS)),
        "certificate": record(block=ref("digest"), channel=ref("name"), height=number(), kind=ref("name"),
                              profile=ref("name"), round=number(), signatures=VOTES, suite=ref("suite")),
        "stateProof": record(("leaf",), leaf=record(key=key, value_hash=ref("digest")),
                             steps=listed(step, limits.PROOF_STEPS)),
    }  # fmt: skip


def payloads() -> dict[str, Schema]:
    """What transactions carry, by kind (CTR-D01 to CTR-D03, CTR-D08, DAT-073, APP-007, APP-008)."""
    most = limits.IDENTIFIER_NAME_CHARS
    named = {**text(most, 1), "not": {"pattern": "\\u0000"}}
    plain: list[Schema] = [{"type": ["boolean", "integer", "string"]}, listed(text(most), most)]
    node = record(
        attributes=listed(record(name=named, value={"anyOf": plain}), most), kind=named, name=named,
        parent={"anyOf": [named, {"type": "null"}]},
    )  # fmt: skip
    word, kind = text(limits.COMMAND_TEXT_BYTES), text(limits.RECORD_KIND_BYTES)
    single = {"type": ["boolean", "integer", "string", "null"]}
    argument = record(name=word, value={"anyOf": [single, listed(word, limits.COMMAND_LISTED)]})
    entry = record(commitment=ref("digest"), custodian=ref("memberName"), kind=kind, record=ref("name"))
    access = record(custodian=ref("memberName"), purpose=kind, reader=ref("memberName"), record=ref("name"))
    reason = {"anyOf": [number(), {"type": "null"}]}
    return {
        "payload.directory": record(nodes=listed(node, limits.DIRECTORY_NODES, 1)),
        "payload.command": record(
            action=word, arguments=listed(argument, FIELDS_MAX), contract=word,
            instance={"anyOf": [number(), {"type": "null"}]},
        ),
        "payload.deploy": {
            **record(("retired",), modules=listed({}, limits.DEPLOY_MODULES),
                     retired=listed(text(limits.IDENTIFIER_NAME_CHARS), limits.DEPLOY_MODULES)),
            "anyOf": [{"properties": {"modules": {"minItems": 1}}},
                      {"properties": {"retired": {"minItems": 1}}, "required": ["retired"]}],
        },
        "payload.membership": {"anyOf": [
            record(changes=listed(ref("member"), limits.MEMBERSHIP_MEMBERS, some), evidence=reason,
                   removed=listed(ref("memberName"), limits.MEMBERSHIP_MEMBERS, 1 - some)) for some in (0, 1)
        ]},
        "payload.read": record(fields=listed(word, FIELDS_MAX, 1), instance=number(),
                               purpose={"anyOf": [word, {"type": "null"}]}),
        "payload.record": {"oneOf": [record(entry=entry), record(access=access)]},
    }  # fmt: skip


def schedule() -> Schema:
    """The input of a vector of kind `schedule`; what the members of a request are, the node protocol says."""
    given: dict[str, Schema] = {"disk": {"enum": list(DISKS)}}
    requests = [record(op={"const": op}, **{f"{name}_": given.get(name, {}) for name in members})
                for op, members in ASKED.items()]  # fmt: skip
    reply = {"type": "object", "minProperties": 1, "maxProperties": 1,
             "propertyNames": {"enum": ["err", "ok", "refused"]}}  # fmt: skip
    steps = {"type": "array", "minItems": 1, "items": record(reply=reply, request={"anyOf": requests})}
    return record(profile={"type": "string"}, steps=steps, suite={"type": "string"})


def schema() -> Schema:
    """The schema: any object that travels alone; `$defs` has each by name."""
    messages = {
        f"message.{engine}": {"anyOf": [message(kind, body) for kind, body in bodies.items()]}
        for engine, bodies in BODIES.items()
    }
    alone = ("genesis", "transaction", "block", "certificate", *messages)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "yilian wire objects",
        "description": "Values as spec/data.md, network.md and consensus.md have them; canonical bytes, lengths in"
        " bytes and orders are said there.",
        "anyOf": [ref(name) for name in alone],
        "$defs": words() | objects() | messages | payloads() | {"vector.schedule": schedule()},
    }  # fmt: skip


def written() -> str:
    """The file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    PLACE.write_text(written(), encoding="utf-8")
