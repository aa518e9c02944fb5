"""Campaigns of many machines as one: the objects that `yilian explore --json` prints, added up.

Why: a million plans are split by number over machines, and what they came to is one figure. Two files that count the
same plans would make it a lie, so they are refused. It must not play anything, nor read files.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from conformance.plan import PlanError
from conformance.sentences import say

SCHEMA = "yilian/explore/v1"
MERGED_SCHEMA = "yilian/explored/v1"
SAME = ("engine", "zoo", "seed", "nodes", "liars", "heights", "profile", "tier", "weights", "enumerated",
        "rounds")  # fmt: skip
"""Members by which two campaigns draw the same plan for the same number."""

COUNTED = ("first", "planned", "runs", "complete", "decisions", "seconds", "triggered", "broken", "found")
"""Members that add up, or say which plans they are about."""


def merged(campaigns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One object for all: totals, and each campaign with its range of plans and what it found.

    Raises `PlanError` `plan.malformed`: an object of another kind, or a plan that is counted twice.
    """
    parts = [part for number, one in enumerate(campaigns) for part in parts_of(one, f"/{number}")]
    require_apart(parts)
    return {
        "schema": MERGED_SCHEMA, "campaigns": parts, "runs": sum(part["runs"] for part in parts),
        "decisions": sum(part["decisions"] for part in parts), "complete": all(part["complete"] for part in parts),
        "seconds": round(sum(part["seconds"] for part in parts), 2),
        "runs_by_engine": added((part["engine"], part["runs"]) for part in parts),
        "triggered": added(pair for part in parts for pair in part["triggered"].items()),
        "sometimes": added(pair for part in parts for pair in part.get("sometimes", {}).items()),
        "broken": added(pair for part in parts for pair in part["broken"].items()),
        "found": [{"engine": part["engine"], "zoo": part["zoo"], **found} for part in parts for found in part["found"]],
    }  # fmt: skip


def parts_of(value: Mapping[str, Any], at: str) -> list[Mapping[str, Any]]:
    """The campaigns in one object, which may be merged already."""
    schema = value.get("schema") if isinstance(value, Mapping) else None
    if schema not in (SCHEMA, MERGED_SCHEMA):
        expected = say("plan.either", one=SCHEMA, other=MERGED_SCHEMA)
        raise PlanError("plan.malformed", f"{at}/schema", expected, schema)
    parts = value.get("campaigns", []) if schema == MERGED_SCHEMA else [value]
    for part in parts:
        for name in (*SAME, *COUNTED):
            if name not in part:
                raise PlanError("plan.malformed", f"{at}/{name}", say("plan.of-campaign"), say("nothing"))
    return list(parts)


def require_apart(parts: Sequence[Mapping[str, Any]]) -> None:
    """Raise `PlanError` if two campaigns count the same plan."""
    seen: dict[tuple[Any, ...], list[tuple[int, int]]] = {}
    for part in parts:
        first, last = part["first"], part["first"] + part["planned"]
        others = seen.setdefault(tuple(str(part[name]) for name in SAME), [])
        for low, high in others:
            if first < high and low < last:
                found = say("plan.twice", first=max(first, low), last=min(last, high) - 1)
                raise PlanError("plan.malformed", "/first", say("plan.apart"), found)
        others.append((first, last))


def added(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Counts by name, sorted by name."""
    total: dict[str, int] = {}
    for name, count in pairs:
        total[name] = total.get(name, 0) + count
    return dict(sorted(total.items()))
