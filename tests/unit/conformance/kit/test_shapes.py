"""The compiled checks say of every frame, right or spoilt, what a schema library says."""

import copy
import json
from random import Random

import jsonschema
import pytest

from conformance import shapes
from conformance.standard import schema
from tests.house.tree import ROOT

DEFINITIONS = schema()["$defs"]
SPOILT = (None, True, -1, 1.5, 2**53, "", "A", "ab\n", "00", [], {}, [{}], "x" * 5000)


def examples():
    """Frames of the text, with hex at full length, and effects and answers that it does not show."""
    ops = {}
    for line in (ROOT / "spec" / "node-protocol.md").read_text(encoding="utf-8").splitlines():
        if line[:3] in ("> {", "< {"):
            frame = json.loads(line[2:])
            op = ops.setdefault(frame["id"], frame.get("op"))
            if op != "flood":
                yield f"{'request' if line[0] == '>' else 'reply'}.{op}", lengthened(frame)
    digest = "ab" * 32
    yield "answer.tip", {"block": digest, "height": 0, "receipts_root": digest, "state_root": digest, "time": 1}
    yield "answer.receipt", {"status": "applied", "events": [], "height": 1, "index": 0}
    yield "answer.receipt", {"status": "pending"}
    yield "answer.proof", {"proof": {"leaf": {"key": "61", "value_hash": digest}, "steps": [[3, digest]]}}


def lengthened(value):
    digests = {"schema", "genesis", "key", "seed", "tx_id", "state_root"}
    if isinstance(value, dict):
        return {name: "ab" * 32 if name in digests and isinstance(inner, str) and inner != "meta/tip"
                else lengthened(inner) for name, inner in value.items()}  # fmt: skip
    return [lengthened(inner) for inner in value] if isinstance(value, list) else value


def spoil(rng, frame):
    """The frame with one thing changed somewhere."""
    frame = copy.deepcopy(frame)
    holders = [frame]
    for holder in holders:
        values = holder.values() if isinstance(holder, dict) else holder
        holders += [inner for inner in values if isinstance(inner, dict | list) and inner]
    holder = rng.choice(holders)
    if isinstance(holder, list):
        place = rng.randrange(len(holder))
        holder[place] = rng.choice(SPOILT)
        return frame
    name = rng.choice(sorted(holder))
    match rng.randrange(4):
        case 0:
            del holder[name]
        case 1:
            holder["stray"] = 1
        case 2:
            holder["x_own"] = 1
        case _:
            holder[name] = rng.choice(SPOILT)
    return frame


def fits(name, frame):
    try:
        shapes.check(name)(frame)
    except shapes.Misfit:
        return False
    return True


@pytest.mark.parametrize(("name", "frame"), list(examples()), ids=lambda value: value if isinstance(value, str) else "")
def test_the_compiled_checks_and_the_library_agree(name, frame):
    library = jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": DEFINITIONS})
    assert library.is_valid(frame), name
    assert fits(name, frame)
    rng, seen = Random(name), {True: 0, False: 0}
    for _ in range(60):
        other = spoil(rng, frame)
        expected = library.is_valid(other)
        seen[expected] += 1
        assert fits(name, other) is expected, other
    assert seen[False] > 5


def test_a_misfit_says_where_and_by_which_clause():
    effects = [{"effect": "cancel", "timer": "a"}, {"effect": "set_timer", "timer": "propose/1/0", "at": -4}]
    with pytest.raises(shapes.Misfit) as misfit:
        shapes.check("reply.start")({"id": 1, "ok": {"effects": effects}})
    assert (misfit.value.at, misfit.value.clause, misfit.value.found) == ("/ok/effects/1/at", "NOD-032", -4)


@pytest.mark.parametrize(
    ("value", "clause"), [({"ключ": 1}, "DAT-005"), ([{"a": 2**53}], "DAT-003"), (["\ud800"], "DAT-006")]
)
def test_values_that_no_shape_bounds_keep_to_the_profile(value, clause):
    with pytest.raises(shapes.Misfit) as misfit:
        shapes.strict(value)
    assert misfit.value.clause == clause
    shapes.strict({"a": [1, "转诊", None, True, 2**53 - 1]})
