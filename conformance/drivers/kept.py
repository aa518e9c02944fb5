"""The kill matrix that ships with the kit: one table, and a replay file for each planted bug that is killed.

Why: a number that is published must be one that anybody can ask for again. The table says who was killed, by what and
how soon; each replay file repeats one kill with `yilian replay`.

It must not play anything.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from conformance.drivers.matrix import Row, summary
from conformance.plan import Plan, PlanError
from conformance.sentences import say

__all__ = ["FOLDER", "MATRIX_SCHEMA", "REPLAY_SCHEMA", "TABLE", "as_files", "read_rows"]

FOLDER: Final = Path(__file__).parents[1] / "zoo" / "kills"
"""Where the shipped matrix lies."""
TABLE: Final = "matrix.json"
MATRIX_SCHEMA: Final = "yilian/matrix/v2"
REPLAY_SCHEMA: Final = "yilian/replay/v1"


def as_files(rows: Sequence[Row], starts: int, budget: int) -> Mapping[str, str]:
    """File name -> text, for these rows in order of their ids' planting."""
    table = {"schema": MATRIX_SCHEMA, "starts": starts, "budget": budget, **summary(rows),
             "matrix": [row.to_data() for row in rows]}  # fmt: skip
    files = {TABLE: text_of(table)}
    for row in rows:
        if row.plan is not None and row.best is not None:
            replay = {"schema": REPLAY_SCHEMA, "plan": row.plan.to_data(), "violates": row.best.clause, "zoo": row.id}
            files[f"{row.id}.json"] = text_of(replay)
    return files


def text_of(value: Mapping[str, Any]) -> str:
    """A JSON text for people and for `git diff`."""
    return json.dumps(value, sort_keys=True, indent=1) + "\n"


def read_rows(folder: Path, starts: int = 0, budget: int = 0) -> list[Row]:
    """The rows of a matrix in a folder; none where there is none, or one of other starting points or another budget, if
    those are given, nor those that were searched with another.

    Raises `PlanError` `plan.malformed`, `plan.not_json`.
    """
    path = folder / TABLE
    if not path.is_file():
        return []
    table = read_json(path)
    if table.get("schema") != MATRIX_SCHEMA:
        raise PlanError("plan.malformed", "/schema", MATRIX_SCHEMA, table.get("schema", ""))
    if (starts, budget) not in ((0, 0), (table["starts"], table["budget"])):
        return []
    rows = [Row.from_data(row, plan_of(folder / f"{row['id']}.json")) for row in table["matrix"]]
    return [row for row in rows if budget in (0, row.budget)]


def plan_of(path: Path) -> Plan | None:
    """The plan of a replay file, if there is one."""
    return Plan.from_data(read_json(path)["plan"]) if path.is_file() else None


def read_json(path: Path) -> dict[str, Any]:
    """One JSON object; raises `PlanError` `plan.not_json`."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise PlanError("plan.not_json", "", say("shape.one-json"), path)
    return value
