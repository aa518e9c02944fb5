"""The kill matrix: every planted bug against every way of drawing plans, from several starting points.

Why: what a suite finds, and after how many executions, is its power; a number that is published can be held against the
next release. A cell counts only under the kill rule: the plan fails on the planted bug, passes on the reference, in a
class that the entry lists. It must not print, and knows no engine.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from statistics import median
from typing import Any

from attrs import asdict, frozen

from conformance.adversary.generate import PROFILES
from conformance.drivers.explore import Campaign, enumeration, shrink_found
from conformance.drivers.selfcheck import by_witness, news
from conformance.zoo import NOT_HERE, SURVIVORS, ZOO, Entry, load

TWINS = "twins"
COLUMNS = (*PROFILES, TWINS)
STARTS = 5
BUDGET = 1_000
SHRINKING = 300


@frozen
class Cell:
    """One entry against one profile: executions to the first kill from each starting point; None where it survived."""

    id: str
    profile: str
    executions: tuple[int | None, ...]
    size: int | None
    """Atoms of the smallest shrunk plan."""
    clause: str
    seconds: float

    @property
    def middle(self) -> float | None:
        """The median of the executions, if most starting points killed."""
        found = [count for count in self.executions if count is not None]
        return median(found) if 2 * len(found) > len(self.executions) else None


@frozen
class Row:
    """One entry: its tier, its witness, and its cells."""

    id: str
    of: str
    tier: str
    story: str
    witness: int | None
    """Atoms of the witness plan, where one kills."""
    cells: tuple[Cell, ...]

    @property
    def killed(self) -> bool:
        """Whether anything found it."""
        return self.witness is not None or any(cell.size is not None for cell in self.cells)

    @property
    def size(self) -> int | None:
        """Atoms of the smallest plan that kills."""
        sizes = [size for size in (self.witness, *(cell.size for cell in self.cells)) if size is not None]
        return min(sizes, default=None)

    def to_data(self) -> dict[str, Any]:
        """The row as JSON data."""
        cells = [{**asdict(cell), "median": cell.middle} for cell in self.cells]
        return {**asdict(self), "cells": cells, "killed": self.killed, "size": self.size}


def campaigns(entry: Entry, profile: str, starts: int, budget: int) -> Iterator[Campaign]:
    """One campaign for each seed from 1 on; of twins there is one, without chance."""
    if profile == TWINS:
        whole = len(enumeration(TWINS, entry.of, 4, 1))
        yield Campaign(entry.of, 0, min(whole, budget), zoo=entry.id, enumerated=TWINS, rounds=1)
        return
    for seed in range(1, starts + 1):
        yield Campaign(entry.of, seed, budget, heights=1, profile=profile, zoo=entry.id)


def fill(entry: Entry, profile: str, starts: int, budget: int) -> Cell:
    """Search for one entry with one profile from seeds 1 to `starts`."""
    began, counts, smallest, clause = time.perf_counter(), list[int | None](), list[int](), ""
    for campaign in campaigns(entry, profile, starts, budget):
        counts.append(None)
        for found, broken in news(campaign, entry):
            shrunk = shrink_found(campaign, found, broken, SHRINKING)
            if shrunk is not None:
                counts[-1], clause = found.number + 1, broken
                smallest.append(shrunk.plan.size)
                break
    seconds = round(time.perf_counter() - began, 2)
    return Cell(entry.id, profile, tuple(counts), min(smallest, default=None), clause, seconds)


def _fill_by_name(name: str, profile: str, starts: int, budget: int) -> Cell:
    load()
    return fill(ZOO[name], profile, starts, budget)


def matrix(workers: int, starts: int, budget: int, tell: Callable[[Cell], None]) -> Iterator[Row]:
    """One row after the other; `tell` hears every cell."""
    load()
    entries = [entry for entry in ZOO.values() if entry.of != "ledger"]
    with ProcessPoolExecutor(workers) as pool:
        asked = {
            (entry.id, profile): pool.submit(_fill_by_name, entry.id, profile, starts, budget)
            for entry in entries
            for profile in COLUMNS
        }
        for entry in entries:
            cells = []
            for profile in COLUMNS:
                cells.append(asked[entry.id, profile].result())
                tell(cells[-1])
            witness = by_witness(entry)
            size = witness.size if witness is not None and witness.killed else None
            yield Row(entry.id, entry.of, entry.tier, entry.story, size, tuple(cells))


def markdown(rows: list[Row], starts: int, budget: int) -> str:
    """The matrix as a page."""
    head = ["id", "engine", "tier", "witness", *COLUMNS, "smallest", "law"]
    lines = [
        "# The kill matrix", "",
        f"Executions to the first kill, the median of {starts} starting points with at most {budget} plans each, and",
        "in brackets how many of them killed. A kill counts if the plan fails on the planted bug and passes on the",
        "reference, in a class that the entry lists. `witness` and `smallest` are numbers of faults; `twins` is the",
        "enumeration of one round, without chance, so once. Made by `make matrix`.",
        "",
        "| " + " | ".join(head) + " |", "|" + " --- |" * len(head),
    ]  # fmt: skip
    lines += ["| " + " | ".join(_cells(row)) + " |" for row in rows]
    told = summary(rows)
    lines += [
        "", f"{told['killed']} of {told['rows']} killed; median size of the smallest plan {told['median_size']:g} "
        f"faults; median executions to the first kill by search {told['median_executions']:g}.", "",
        "Bugs of the ledger are killed by laws over blocks (`tests/sim/test_ledger_zoo.py`), not by plans:", "",
        "| id | tier | law | what is wrong |", "| --- | --- | --- | --- |",
        *(f"| {one.id} | {one.tier} | {', '.join(one.breaks)} | {one.story} |"
          for one in ZOO.values() if one.of == "ledger"),
        "", "Planted, and not killed: a list that may only shrink.", "", "| id | why |", "| --- | --- |",
        *(f"| {name} | {why} |" for name, why in SURVIVORS.items()),
        "", "Entries of the corpus whose wrong line cannot be written in these engines.", "", "| id | why |",
        "| --- | --- |", *(f"| {name} | {why} |" for name, why in NOT_HERE.items()), "",
    ]  # fmt: skip
    return "\n".join(lines)


def _cells(row: Row) -> list[str]:
    def shown(cell: Cell) -> str:
        found = [count for count in cell.executions if count is not None]
        return f"{median(found):g} ({len(found)})" if found else "-"

    clauses = {cell.clause: None for cell in row.cells if cell.clause}
    law = ", ".join(clauses) or ", ".join(ZOO[row.id].breaks)
    size = "-" if row.size is None else str(row.size)
    witness = "-" if row.witness is None else str(row.witness)
    return [row.id, row.of, row.tier, witness, *map(shown, row.cells), size, law]


def summary(rows: list[Row]) -> Mapping[str, Any]:
    """What a gate looks at."""
    sizes = [row.size for row in rows if row.size is not None]
    survivors = [row.id for row in rows if not row.killed and row.id not in SURVIVORS]
    middles = [min(found) for row in rows if (found := [one.middle for one in row.cells if one.middle is not None])]
    return {
        "rows": len(rows), "killed": sum(row.killed for row in rows), "survivors": survivors,
        "median_size": median(sizes) if sizes else 0, "median_executions": median(middles) if middles else 0,
    }  # fmt: skip
