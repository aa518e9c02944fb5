"""Plans as files: bare, or with what else repeats a run (`yilian/replay/v1`).

A replay file is an object `{schema, plan, trace}` with, for a scenario, `{scenario, seed, bundle}` and, for a plan that
exploration found, `{zoo, violates}`. It must not run anything.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from conformance.plan import Plan, PlanError, no_duplicates
from conformance.sentences import Sentence, say
from refimpl.shell.files import read_file

__all__ = ["REPLAY_SCHEMA", "Saved", "read_saved"]

REPLAY_SCHEMA: Final = "yilian/replay/v1"

MEMBERS: Final[Mapping[str, tuple[Callable[[Any], bool], Sentence]]] = {
    "bundle": (lambda value: value is None or isinstance(value, str), say("plan.digest-or-null")),
    "scenario": (lambda value: isinstance(value, str), say("plan.scenario")),
    "seed": (lambda value: type(value) is int, say("shape.an-integer")),
    "trace": (lambda value: isinstance(value, str), say("plan.digest")),
    "violates": (lambda value: isinstance(value, str), say("plan.invariant")),
    "zoo": (lambda value: isinstance(value, str), say("plan.zoo")),
}
"""Member of a replay file -> what it must be, and how that is called."""


@frozen
class Saved:
    """What a file says of a run."""

    plan: Plan
    scenario: str = ""
    """Empty for a plan that is played on bare engines."""
    seed: int = 0
    bundle: str | None = None
    """SHA-256 of the bundle, in hex, if it was not the scenario's own."""
    trace: str | None = None
    """The digest of the run; None where none was recorded."""
    violates: str = ""
    zoo: str = ""

    def to_bytes(self) -> bytes:
        """The replay file of a scenario."""
        data = {"bundle": self.bundle, "plan": self.plan.to_data(), "scenario": self.scenario, "schema": REPLAY_SCHEMA,
                "seed": self.seed, "trace": self.trace}  # fmt: skip
        return (json.dumps(data, sort_keys=True, indent=1) + "\n").encode()


def read_saved(path: Path) -> Saved:
    """The plan in a file, with what stands beside it; raises `Fault` `file.unreadable` and `PlanError`."""
    data = read_file(path)
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=no_duplicates)
    except (ValueError, RecursionError):
        raise PlanError("plan.not_json", "", say("shape.one-json"), path) from None
    return _saved(value) if isinstance(value, dict) and "schema" in value else Saved(Plan.from_data(value))


def _saved(value: dict[str, Any]) -> Saved:
    if value["schema"] != REPLAY_SCHEMA:
        raise PlanError("plan.malformed", "/schema", REPLAY_SCHEMA, value["schema"])
    if "plan" not in value:
        raise PlanError("plan.malformed", "/plan", say("plan.a-plan"), say("nothing"))
    others = {name: found for name, found in value.items() if name not in ("schema", "plan")}
    for name, found in others.items():
        if name not in MEMBERS:
            raise PlanError("plan.malformed", f"/{name}", say("shape.one-of", names=", ".join(MEMBERS)), name)
        lawful, expected = MEMBERS[name]
        if not lawful(found):
            raise PlanError("plan.malformed", f"/{name}", expected, found)
    return Saved(Plan.from_data(value["plan"]), **others)
