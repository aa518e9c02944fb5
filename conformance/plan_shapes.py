"""The members of a plan and of its atoms: which values each may have, and in what words a wrong one is told.

Why apart from `plan`: a plan is read as its atoms are, and what a number or a name may be is asked of both. It must not
know a kind of atom, nor what an atom means. Source: spec/network.md, part 3.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from conformance.sentences import Text, say

SCHEMA = "yilian/plan/v1"
TIERS = ("in-model", "boundary", "accountability")
LINKS = ("gossip", "p2p", "lossy")
MOMENTS = ("before-persist", "after-persist", "after-send")
OPTIONAL = ("vr", "on", "at", "posing")
"""Members of atoms that are left out where nothing is said of them."""
BROKEN = ("corrupt", "badsig", "cut", "extend", "repeat", "respell")
"""Acts after which bytes are no honest message: contents under the old signature, a broken signature, an end cut off,
bytes behind the end, a member twice, other bytes for the same contents."""
NODES_MAX, HEIGHTS_MAX, ATOMS_MAX, ROUND_MAX, COPIES_MAX, FLOOD_MAX = 32, 100, 10_000, 1_000, 3, 1_000
SLOTS_MAX, WINS_MAX = 1_000, 64

Check = Callable[[Any], bool]
Rule = tuple[Check, Text]
"""Whether a value may be, and what it may be in words."""


def integer_in(low: int, high: int) -> Rule:
    """An integer, and no boolean, from `low` to `high`."""
    return (lambda v: type(v) is int and low <= v <= high), say("shape.an-integer-in", low=low, high=high)


def one_of(names: Sequence[str]) -> Rule:
    """One of these texts."""
    return (lambda v: isinstance(v, str) and v in names), say("shape.one-of", names=", ".join(names))


def _nodes(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(type(v) is int for v in value)


def _slots(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= SLOTS_MAX
        and all(
            isinstance(won, list) and len(won) <= WINS_MAX and all(type(v) is int and v >= 0 for v in won)
            for won in value
        )
    )


def _moods(value: Any) -> bool:
    return isinstance(value, dict) and all(mood in ("silent", "byzantine") for mood in value.values())


def _value(value: Any) -> bool:
    """`nil`, `v<i>` or `v<i>.<k>`."""
    if value == "nil":
        return True
    if not isinstance(value, str) or not value.startswith("v"):
        return False
    parts = value[1:].split(".")
    return 1 <= len(parts) <= 2 and all(part.isascii() and part.isdigit() and len(part) <= 2 for part in parts)


def _below(value: Any) -> bool:
    """`v<i>@<round>` or `v<i>.<k>@<round>`: a block that was proposed in that round."""
    return isinstance(value, str) and re.fullmatch(r"v[0-9]{1,2}(\.[0-9]{1,2})?@[0-9]{1,4}", value) is not None


def _act(act: Any) -> bool:
    if isinstance(act, str):
        return act in ("omit", *BROKEN)
    if not isinstance(act, dict):
        return False
    shapes: dict[frozenset[str], Check] = {
        frozenset({"value"}): lambda a: _value(a["value"]),
        frozenset({"value", "vr"}): lambda a: _value(a["value"]) and type(a["vr"]) is int,
        frozenset({"value", "on"}): lambda a: _value(a["value"]) and _below(a["on"]),
        frozenset({"value", "vr", "on"}): lambda a: _value(a["value"]) and type(a["vr"]) is int and _below(a["on"]),
        frozenset({"payload"}): lambda a: _value(a["payload"]) and a["payload"] != "nil",
        frozenset({"round"}): lambda a: a["round"] in (-1, 1),
        frozenset({"stale"}): lambda a: type(a["stale"]) is int and 1 <= a["stale"] <= 100,
    }
    shape = shapes.get(frozenset(act))
    return shape is not None and shape(act)


def _place(value: Any) -> bool:
    whole = isinstance(value, dict) and set(value) == {"h", "r"}
    return whole and all(type(v) is int and v >= 0 for v in value.values())


RULES: Mapping[str, Rule] = {
    "h": integer_in(1, HEIGHTS_MAX),
    "r": integer_in(0, ROUND_MAX),
    "to_r": integer_in(0, ROUND_MAX),
    "ph": (lambda v: isinstance(v, str) and re.fullmatch("[a-z]{1,32}", v) is not None, say("plan.phase")),
    "src": integer_in(0, NODES_MAX - 1),
    "dst": integer_in(0, NODES_MAX - 1),
    "node": integer_in(0, NODES_MAX - 1),
    "n": integer_in(1, COPIES_MAX),
    "d": integer_in(-1_000_000, 1_000_000),
    "to": (_nodes, say("plan.nodes")),
    "side": (_nodes, say("plan.nodes")),
    "value": (_value, say("plan.value")),
    "vr": integer_in(-1, ROUND_MAX),
    "on": (_below, say("plan.below")),
    "at": (_place, "{h, r}"),
    "from": (_place, "{h, r}"),
    "posing": integer_in(0, NODES_MAX - 1),
    "act": (_act, say("plan.act", broken=", ".join(BROKEN))),
    "when": one_of(MOMENTS),
    "disk": one_of(("synced", "lost-tail")),
    "back": ((lambda v: v is None or _place(v)), say("plan.place-or-null")),
}
RULES_OF: Mapping[tuple[str, str], Rule] = {("flood", "n"): integer_in(1, FLOOD_MAX)}
"""(Kind, member) -> its rule, where it is not the one of all kinds."""

def _changes(value: Any) -> bool:
    """A list of `{h, weights}` or `{h, keys, weights}`."""
    return isinstance(value, list) and len(value) <= HEIGHTS_MAX and all(
        isinstance(one, dict)
        and set(one) in ({"h", "weights"}, {"h", "keys", "weights"})
        and type(one["h"]) is int
        and 0 <= one["h"] <= HEIGHTS_MAX
        and all(isinstance(listed, list) and all(type(w) is int and 0 <= w <= WINS_MAX for w in listed)
                for listed in (one["weights"], one.get("keys", [])))
        for one in value
    )  # fmt: skip


TOP: Mapping[str, Rule] = {
    "plan": one_of((SCHEMA,)),
    "engine": ((lambda v: isinstance(v, str) and 0 < len(v) <= 128), say("plan.engine")),
    "n": integer_in(1, NODES_MAX),
    "weights": ((lambda v: isinstance(v, list) and all(type(w) is int and w >= 1 for w in v)), say("plan.weights")),
    "faulty": ((lambda v: isinstance(v, list) and all(type(i) is int for i in v)), say("plan.nodes")),
    "tier": one_of(TIERS),
    "links": one_of(LINKS),
    "delta": integer_in(1, 1_000_000),
    "gst": integer_in(0, 1_000_000_000),
    "after": (_moods, "{node: silent|byzantine}"),
    "heights": integer_in(1, HEIGHTS_MAX),
    "load": integer_in(0, 1_000),
    "lottery": (_slots, say("plan.lottery", slots=SLOTS_MAX, wins=WINS_MAX)),
    "changes": (_changes, say("plan.changes")),
    "atoms": ((lambda v: isinstance(v, list) and len(v) <= ATOMS_MAX), say("plan.atoms", most=ATOMS_MAX)),
}
