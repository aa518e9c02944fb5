"""The published schema of the node protocol is the one that is generated, and says no to what the text says no to."""

import json

import jsonschema
import pytest

from tests.vectors import node_schema

SCHEMA = json.loads(node_schema.PLACE.read_text(encoding="utf-8"))


def allows(name, frame):
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]}).is_valid(frame)


def test_the_schema_is_up_to_date_and_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert node_schema.PLACE.read_text(encoding="utf-8") == node_schema.written()


@pytest.mark.clause("NOD-002", "NOD-004", "NOD-005", "NOD-006", "NOD-009", "NOD-036")
@pytest.mark.parametrize(
    ("frame", "lawful"),
    [
        ({"id": 1, "ok": {"effects": []}}, True),
        ({"id": 1, "ok": {"effects": [], "x_note": "mine"}, "x_ms": 3}, True),
        ({"id": 1, "refused": {"code": "tx.nonce_used", "at": "/body/nonce"}}, True),
        ({"id": 1, "err": {"code": "bad_state", "text": "twice"}}, True),
        ({"id": 1, "ok": {"effects": []}, "err": {"code": "internal"}}, False),
        ({"id": 1}, False),
        ({"id": 1, "ok": {"effects": [], "note": "mine"}}, False),
        ({"id": 1, "refused": {"code": "tx.nonse_used"}}, False),
        ({"id": 1, "err": {"code": "tx.nonce_used"}}, False),
        ({"id": 1, "ok": {"effects": [{"effect": "set_timer", "timer": "a", "at": 1.5}]}}, False),
        ({"id": 1, "ok": {"effects": [{"effect": "set_timer", "timer": "a", "at": -1}]}}, False),
        ({"id": 1, "ok": {"effects": [{"effect": "send", "bytes": "AB", "to": "all"}]}}, False),
        ({"id": 1, "ok": {"effects": [{"effect": "send", "bytes": "ab", "to": []}]}}, False),
        ({"id": 1, "ok": {"effects": [{"effect": "dance"}]}}, False),
        ({"id": 1, "ok": {"effects": [{"effect": "log", "level": "info", "text": "decided"}]}}, True),
        ({"id": 1, "ok": {"effects": [{"effect": "log", "level": "shout", "text": "decided"}]}}, False),
    ],
)
def test_a_reply_is_what_the_text_says(frame, lawful):
    assert allows("reply.deliver", frame) is lawful
