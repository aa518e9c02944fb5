"""`yilian replay FILE --promote DIR`: a failure that was kept becomes a vector, with its invalid twin.

A node that is correct says what should have come; by default the reference does. It must not search or shrink.
"""

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from conformance.cli import must_be_writable, write
from conformance.commands.new import Occupied
from conformance.commands.vectors import SUMS, sums
from conformance.conform.catalogue import tests
from conformance.conform.schedule import KIND, Finding, finding
from conformance.drivers.levels import Settings, bench_of
from conformance.standard import clauses

__all__ = ["REFERENCE", "NothingDiffers", "promote"]

REFERENCE: Final = shlex.join([sys.executable, "-m", "refimpl", "node"])
"""The node that answers unless another is named."""


class NothingDiffers(Exception):
    """A run that a correct node answers alike in all that a vector compares."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.code, self.values = "replay.nothing_differs", {"path": str(path)}


def promote(file: Path, saved: Mapping[str, Any], folder: Path, command: str) -> Path:
    """Write the vector of a kept failure and the sums of the folder; the file.

    Raises `NothingDiffers`, `Occupied`, `PlanError`, `Unusable` and `Unstarted`.
    """
    must_be_writable(folder)
    bench = bench_of(Settings(command))
    try:
        found = finding(saved.get("lines", ()), saved["profile"], saved["suite"], bench.ready())
    finally:
        bench.drop()
    if found is None:
        raise NothingDiffers(file)
    target, text = folder / KIND / f"{saved['test']}.jsonl", text_of(saved, found)
    if target.exists() and target.read_text(encoding="utf-8") != text:
        raise Occupied(target)
    write(target, text)
    listed = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
              for path in sorted(folder.rglob("*.jsonl"))}  # fmt: skip
    write(folder / SUMS, sums(listed))
    return target


def text_of(saved: Mapping[str, Any], found: Finding) -> str:
    """The file: where it comes from, the case, and its twin."""
    test, clause = str(saved["test"]), str(saved["clause"]).partition(".")[0]
    level = next((one.level for one in tests() if one.id == test), "L1")
    known = {clause: clauses()[clause].digest} if clause in clauses() else {}
    info = {"_info": {
        "clauses": known, "generator": test, "note": "Kept by yilian replay --promote.", "schema": "yilian/vectors/v1",
        "source": test, "spec": "spec/node-protocol.md",
    }}  # fmt: skip
    last = len(found.right.steps) - 1
    case = {
        "clauses": sorted(known), "expect": {"ok": {}}, "id": f"{test}.0", "input": found.right.to_data(), "kind": KIND,
        "level": level, "why": f"What a correct node answers where {test} saw {clause} broken",
    }  # fmt: skip
    twin = {
        **case, "expect": {"refused": {"at": f"/steps/{last}/reply", "code": "differs"}}, "id": f"{test}.1",
        "input": found.twin.to_data(), "twin_of": case["id"], "why": "The same with the reply that was wrong",
    }  # fmt: skip
    lines = (json.dumps(one, ensure_ascii=False, sort_keys=True, separators=(",", ":")) for one in (info, case, twin))
    return "\n".join(lines).replace("\u2028", "\\u2028") + "\n"
