"""`spec/node.schema.json`: every frame of the node protocol, both ways, for those who do not read Python.

    python -m tests.vectors.node_schema --write

JSON Schema 2020-12. `request.OP` is what a kit writes, `reply.OP` what a node answers; `$comment` names the clause.
Requests are open, since a node ignores what it does not know (NOD-006); replies are closed but for names in `x_`.
What a schema cannot say stands in spec/node-protocol.md: order, one reply each, numbers of bytes, what may follow what.
"""

import json
import sys
import tomllib
from typing import Any

from refimpl.data import limits
from tests.house.tree import ROOT
from tests.vectors import wire_schema
from tests.vectors.wire_schema import Schema, listed, matching, number, ref

PLACE = ROOT / "spec" / "node.schema.json"
CLAIMS = ["L0", "L1", "L2", "L3", "L3-opaque"]
ERR = ("bad_request", "unknown_node", "duplicate_node", "bad_state", "unknown_snapshot", "not_supported", "internal")


def told(clause: str, optional: tuple[str, ...] = (), /, **members: Schema) -> Schema:
    """What a node says: exactly these members, those named first perhaps, and its own in `x_`."""
    made = wire_schema.record(optional, **members)
    return made | {"patternProperties": {"^x_": {}}, "$comment": clause}


def asked(op: str, clause: str, optional: tuple[str, ...] = (), /, **members: Schema) -> Schema:
    """A request: at least these members."""
    made = wire_schema.record(optional, id=number(1), op={"const": op}, **members)
    return {key: value for key, value in made.items() if key != "additionalProperties"} | {"$comment": clause}


def codes() -> list[str]:
    """Every code of spec/errors.toml, in its order."""
    areas = tomllib.loads((ROOT / "spec" / "errors.toml").read_text(encoding="utf-8"))
    return [f"{area}.{code}" for area, listed_codes in areas.items() for code in listed_codes]


def words() -> dict[str, Schema]:
    """What fields are made of (NOD-009)."""
    basic = wire_schema.words()
    text = {"type": "string", "maxLength": limits.IDENTIFIER_TEXT_BYTES}
    return {
        "memberName": basic["memberName"], "name": basic["name"], "digest": basic["digest"], "suite": basic["suite"],
        "signature": basic["signature"], "member": basic["member"],
        "hex": matching("(?:[0-9a-f]{2})*"), "ms": number(), "u": number(), "text": text,
        "handle": matching("[a-z][a-z0-9_]{0,15}"),
        "stateProof": wire_schema.objects()["stateProof"],
    }  # fmt: skip


def effects() -> dict[str, Schema]:
    """What a node asks for (part 3)."""
    written = told("NOD-033", ("value",), key=ref("text"), value=ref("hex"))
    kinds = {
        "send": told("NOD-031", effect={"const": "send"}, bytes=ref("hex"),
                     to={"anyOf": [{"const": "all"}, listed(ref("memberName"), limits.MEMBERSHIP_MEMBERS, 1)]}),
        "set_timer": told("NOD-032", effect={"const": "set_timer"}, at=ref("ms"), timer=ref("name")),
        "cancel": told("NOD-032", effect={"const": "cancel"}, timer=ref("name")),
        "persist": told("NOD-033", effect={"const": "persist"}, sync={"type": "boolean"},
                        writes={"type": "array", "items": written}),
        "decide": told("NOD-034", ("cert",), effect={"const": "decide"}, block=ref("hex"), cert=ref("hex"),
                       height=number(1), state_root=ref("digest")),
        "evidence": told("NOD-035", effect={"const": "evidence"}, against=ref("memberName"), kind=ref("name"),
                         messages={"type": "array", "items": ref("hex"), "minItems": 1}),
        "log": told("NOD-036", ("fields",), effect={"const": "log"}, fields={"type": "object"},
                    level={"enum": ["debug", "info", "warn"]}, text=ref("text")),
    }  # fmt: skip
    named = {f"effect.{name}": one for name, one in kinds.items()}
    return named | {
        "effect": {"oneOf": [ref(name) for name in named]},
        "effects": {"type": "array", "items": ref("effect"), "maxItems": limits.PROTOCOL_EFFECTS,
                    "$comment": "NOD-030"},
    }  # fmt: skip


def answers() -> dict[str, Schema]:
    """Values of queries (part 4), by path."""
    item = told("NOD-043", key=ref("hex"), value=ref("hex"))
    done = {"height": number(1), "index": number()}
    events: Schema = {"type": "array"}
    return {
        "answer.tip": told("NOD-040", block=ref("digest"), height=ref("u"), receipts_root=ref("digest"),
                           state_root=ref("digest"), time=ref("u")),
        "answer.block": told("NOD-041", ("cert",), block=ref("hex"), cert=ref("hex")),
        "answer.receipt": {"oneOf": [
            told("NOD-042", status={"const": "pending"}),
            told("NOD-042", status={"const": "applied"}, events=events, **done),
            told("NOD-042", ("events",), status={"const": "refused"}, code={"enum": codes()}, events=events, **done),
        ]},
        "answer.state": told("NOD-043", items=listed(item, limits.PROTOCOL_STATE_ITEMS), more={"type": "boolean"},
                             state_root=ref("digest")),
        "answer.proof": told("NOD-044", ("value",), proof=ref("stateProof"), value=ref("hex")),
        "answer.members": told("NOD-045", members=listed(ref("member"), limits.MEMBERSHIP_MEMBERS, 1)),
        "answer.evidence": told("NOD-046", evidence={"type": "array", "items": ref("effect.evidence")}),
        "answer.inspect": {"type": "object", "$comment": "NOD-047"},
    }  # fmt: skip


def requests() -> dict[str, Schema]:
    """What a kit writes (part 2)."""
    config = wire_schema.record(
        genesis=ref("hex"), key=ref("digest"), params={"type": "object"}, profile=ref("name"), seed=ref("digest"),
        self=ref("memberName"), suite=ref("suite"),
    )  # fmt: skip
    kept = wire_schema.record(key=ref("text"), value=ref("hex"))
    node, now = {"node": ref("handle")}, {"now": ref("ms")}
    ops = {
        "hello": asked("hello", "NOD-010", kit=ref("text"), schema=ref("digest"),
                       protocol={"type": "array", "items": ref("u"), "minItems": 1}),
        "init": asked("init", "NOD-011", config=ref("config"), **node),
        "start": asked("start", "NOD-013", **node, **now),
        "deliver": asked("deliver", "NOD-014", bytes=ref("hex"), from_=ref("memberName"), **node, **now),
        "fire": asked("fire", "NOD-015", timer=ref("name"), **node, **now),
        "submit": asked("submit", "NOD-016", tx=ref("hex"), **node, **now),
        "query": asked("query", "NOD-017", ("args",), args={"type": "object"}, path=ref("name"), **node),
        "crash": asked("crash", "NOD-018", **node),
        "recover": asked("recover", "NOD-019", config=ref("config"), disk={"type": "array", "items": kept}, **node,
                         **now),
        "vector": asked("vector", "NOD-021", input={"type": "object"}, kind=ref("name")),
        "reset": asked("reset", "NOD-022"),
        "bye": asked("bye", "NOD-023"),
        "snapshot": asked("snapshot", "NOD-024", **node),
        "restore": asked("restore", "NOD-024", snapshot=ref("text"), **node),
    }  # fmt: skip
    made = {f"request.{op}": one for op, one in ops.items()}
    return {"config": {key: value for key, value in config.items() if key != "additionalProperties"}} | made


def replies() -> dict[str, Schema]:
    """What a node answers, by operation."""
    names = {"type": "array", "items": ref("name")}
    acted = told("NOD-030", effects=ref("effects"))
    hello = told(
        "NOD-010", ("language", "window"), claims={"type": "array", "items": {"enum": CLAIMS}},
        language=ref("text"), name=ref("name"), ops=names, packs=names, profiles=names, protocol=ref("u"), suites=names,
        version=ref("text"), window=number(1, limits.PROTOCOL_WINDOW),
    )  # fmt: skip
    oks = {
        "hello": hello, "init": told("NOD-011"), "start": acted, "deliver": acted, "fire": acted, "recover": acted,
        "submit": told("NOD-016", effects=ref("effects"), tx_id=ref("digest")),
        "query": told("NOD-017", height=ref("u"), value={"type": "object"}), "crash": told("NOD-018"),
        "vector": told("NOD-021", output={"type": "object"}), "reset": told("NOD-022"), "bye": told("NOD-023"),
        "snapshot": told("NOD-024", snapshot=ref("text")), "restore": told("NOD-024"),
    }  # fmt: skip
    err = told("NOD-005", ("text",), code={"enum": list(ERR)}, text=ref("text"))
    refused = told("NOD-004", ("at",), code={"enum": codes()}, at=ref("text"))
    of_vector = told("NOD-021", ("at",), code=matching("(?:[a-z]+[.])?[a-z_]+"), at=ref("text"))
    made: dict[str, Schema] = {"err": err, "refused": refused, "refused.vector": of_vector}
    for op, ok in oks.items():
        refusal = ref("refused.vector") if op == "vector" else ref("refused")
        made[f"ok.{op}"] = ok
        whole = told("NOD-002", ("ok", "refused", "err"), id=number(), ok=ref(f"ok.{op}"), refused=refusal,
                     err=ref("err"))  # fmt: skip
        made[f"reply.{op}"] = whole | {"oneOf": [{"required": [one]} for one in ("ok", "refused", "err")]}
    return made


def schema() -> Schema:
    """The schema: any request; `$defs` has each frame by name."""
    asking = requests()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "yilian node protocol 1",
        "description": "Frames of spec/node-protocol.md: request.OP as a kit writes them, reply.OP as a node answers,"
        " answer.PATH the values of queries. $comment names the clause.",
        "anyOf": [ref(name) for name in asking if name != "config"],
        "$defs": words() | effects() | answers() | asking | replies(),
    }  # fmt: skip


def written() -> str:
    """The file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main(arguments: list[str]) -> Any:
    """Write the file if asked to."""
    if arguments == ["--write"]:
        PLACE.write_text(written(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
