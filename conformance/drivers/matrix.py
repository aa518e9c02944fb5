"""The kill matrix: every planted bug against every way of drawing plans, from several starting points.

Why: what a suite finds, and after how many executions, is its power; a number that is published can be held against the
next release. A cell counts only under the kill rule: the plan fails on the planted bug, passes on the reference, in a
class that the entry lists. A row is a function of its entry, of the starting points and of the budget, so a long matrix
is made in parts, and a kill that is written down can be asked for again (`conformance.drivers.gate`).

It must not print or write, and knows no engine.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from attrs import asdict, frozen

from conformance.adversary.generate import PROFILES
from conformance.drivers.explore import Campaign, enumeration, shrink_found
from conformance.drivers.selfcheck import by_witness, news
from conformance.drivers.workers import workers as side_by_side
from conformance.plan import Plan
from conformance.report.cone import focused
from conformance.report.story import about, sentences, table
from conformance.targets import Target, contract
from conformance.zoo import APART, SURVIVORS, ZOO, Entry, load

__all__ = ["BUDGET", "COLUMNS", "LARGE", "STARTS", "Cell", "Kill", "Row", "campaign_of", "first_kill", "matrix",
           "searched", "summary"]  # fmt: skip

TWINS = "twins"
COLUMNS = (*PROFILES, TWINS)
STARTS = 3
BUDGET = 400
SLOTTED = 8
"""A longest chain is searched with so many times fewer plans."""
SHRINKING = 400
"""Executions that the shrinker may take for one kill."""
LARGE = 10
"""Faults that the smallest plan of an entry may have, unless its tier is `hard`."""


@frozen
class Kill:
    """One kill: from which starting point, after how many executions, and how large its plan is once shrunk."""

    seed: int
    """The starting point; 0 for what has no chance: an enumeration, and a witness."""
    executions: int
    clause: str
    size: int
    """Faults of the shrunk plan."""
    lines: int
    """Lines of the story and of the table that a person reads."""


@frozen
class Cell:
    """One entry against one profile."""

    profile: str
    asked: int
    """Starting points from which it was searched for: all, or as many as it took to see that most find nothing."""
    kills: tuple[Kill, ...]
    """One for each starting point that killed."""

    @property
    def executions(self) -> float | None:
        """The median of the executions to the first kill, if most starting points killed."""
        return median(kill.executions for kill in self.kills) if 2 * len(self.kills) > self.asked else None

    @property
    def size(self) -> float | None:
        """The median of the shrunk sizes."""
        return median(kill.size for kill in self.kills) if self.kills else None


@frozen
class Row:
    """One entry: its cells, its witness, and the smallest plan of all that kill."""

    id: str
    of: str
    tier: str
    witness: Kill | None
    cells: tuple[Cell, ...]
    plan: Plan | None
    """The smallest plan that kills; None for a survivor."""
    budget: int = BUDGET
    """Plans that a search might take."""

    @property
    def best(self) -> Kill | None:
        """The kill with the smallest plan."""
        return min(self.kills, key=smallness, default=None)

    @property
    def kills(self) -> tuple[Kill, ...]:
        """Every kill, that of the witness first."""
        return (*([self.witness] if self.witness else []), *(kill for cell in self.cells for kill in cell.kills))

    @property
    def soonest(self) -> tuple[str, Kill] | None:
        """The profile and the kill that took a search the fewest executions."""
        found = [(kill.executions, i, cell.profile, kill) for i, cell in enumerate(self.cells) for kill in cell.kills]
        return min(found, key=lambda one: one[:2])[2:] if found else None

    def to_data(self) -> dict[str, Any]:
        """The row as JSON data, without its plan, which has a replay file of its own."""
        cells = [{**asdict(cell), "executions": cell.executions, "size": cell.size} for cell in self.cells]
        witness = None if self.witness is None else asdict(self.witness)
        return {"id": self.id, "of": self.of, "tier": self.tier, "budget": self.budget, "witness": witness,
                "cells": cells}  # fmt: skip

    @classmethod
    def from_data(cls, value: Mapping[str, Any], plan: Plan | None) -> "Row":
        """What `to_data` wrote."""
        cells = tuple(Cell(one["profile"], one["asked"], tuple(Kill(**kill) for kill in one["kills"]))
                      for one in value["cells"])  # fmt: skip
        witness = None if value["witness"] is None else Kill(**value["witness"])
        return cls(value["id"], value["of"], value["tier"], witness, cells, plan, value["budget"])


def smallness(kill: Kill) -> tuple[int, int]:
    """What makes a kill the smaller one."""
    return kill.size, kill.lines


def campaign_of(entry: Entry, profile: str, seed: int, budget: int) -> Campaign:
    """The search of one cell from one starting point; of twins there is one, without chance. Chains that are final at a
    depth take long runs, and an eighth of the plans."""
    budget = -(-budget // SLOTTED) if contract(entry.of).slotted else budget
    if profile == TWINS:
        whole = len(enumeration(TWINS, entry.of, 4, 1))
        return Campaign(entry.of, 0, min(whole, budget), zoo=entry.id, enumerated=TWINS, rounds=1)
    return Campaign(entry.of, seed, budget, heights=1, profile=profile, zoo=entry.id)


def first_kill(campaign: Campaign, entry: Entry) -> tuple[Kill, Plan] | None:
    """The first plan that kills under the kill rule, and what is left of it once it is shrunk."""
    for found, clause in news(campaign, entry):
        shrunk = shrink_found(campaign, found, clause, SHRINKING)
        if shrunk is not None:
            kill = Kill(campaign.seed, found.number + 1, clause, shrunk.plan.size, told(entry, shrunk.plan, clause))
            return kill, shrunk.plan
    return None


def told(entry: Entry, plan: Plan, clause: str) -> int:
    """Lines of the story and of the table of a failure."""
    target = Target(entry.id)
    history = target.play(plan, watched=True)
    broken = tuple(one for one in target.judge(history) if one.clause == clause)
    return len(sentences(plan, "en")) + len(table(focused(history, broken), "en", about(broken)))


def fill(entry: Entry, profile: str, starts: int, budget: int) -> tuple[Cell, list[tuple[Kill, Plan]]]:
    """Search for one entry with one profile from seeds 1 to `starts`, until most of them have found nothing."""
    seeds = starting_points(entry, profile, starts)
    found, asked = list[tuple[Kill, Plan]](), 0
    while asked < len(seeds) and 2 * (asked - len(found)) <= len(seeds):
        one = first_kill(campaign_of(entry, profile, seeds[asked], budget), entry)
        asked += 1
        found += [] if one is None else [one]
    return Cell(profile, asked, tuple(kill for kill, _ in found)), found


def starting_points(entry: Entry, profile: str, starts: int) -> tuple[int, ...]:
    """The seeds of a cell; none where the profile draws nothing: twins lie, and do not win slots."""
    law = contract(entry.of)
    if profile == TWINS:
        return () if law.crash_only or law.slotted else (0,)
    return tuple(range(1, starts + 1))


def witnessed(entry: Entry) -> tuple[Kill, Plan] | None:
    """The kill by the plan that the entry ships, if it ships one that kills."""
    kill = by_witness(entry)
    if kill is None or not kill.killed or entry.witness is None:
        return None
    return Kill(0, 1, kill.clause, entry.witness.size, told(entry, entry.witness, kill.clause)), entry.witness


def matrix(
    names: Sequence[str], workers: int, starts: int, budget: int, tell: Callable[[str, Cell], None]
) -> Iterator[Row]:  # fmt: skip
    """One row after the other, of these entries; `tell` hears every cell with its entry's id."""
    load()
    with side_by_side(workers) as pool:
        asked = {(name, profile): pool.submit(_fill_by_name, name, profile, starts, budget)
                 for name in names for profile in COLUMNS}  # fmt: skip
        for name in names:
            cells, found = list[Cell](), list[tuple[Kill, Plan]]()
            for profile in COLUMNS:
                cell, kills = asked[name, profile].result()
                cells.append(cell)
                found += kills
                tell(name, cell)
            yield row_of(ZOO[name], tuple(cells), found, budget)


def row_of(entry: Entry, cells: tuple[Cell, ...], found: list[tuple[Kill, Plan]], budget: int) -> Row:
    """The row of an entry, with the smallest of the plans that kill it."""
    shown = witnessed(entry)
    every = [*([shown] if shown else []), *found]
    plan = min(every, key=lambda one: smallness(one[0]))[1] if every else None
    return Row(entry.id, entry.of, entry.tier, shown[0] if shown else None, cells, plan, budget)


def _fill_by_name(name: str, profile: str, starts: int, budget: int) -> tuple[Cell, list[tuple[Kill, Plan]]]:
    load()
    return fill(ZOO[name], profile, starts, budget)


def searched() -> list[str]:
    """The entries that plans can hunt, in order of planting."""
    load()
    return [entry.id for entry in ZOO.values() if entry.of not in APART]


def summary(rows: Sequence[Row]) -> Mapping[str, Any]:
    """The medians over all that were killed, who survived without being a known survivor, and whose plan is large."""
    best = [row.best for row in rows if row.best is not None]
    soonest = [min(found) for row in rows if (found := [cell.executions for cell in row.cells if cell.executions])]
    return {
        "rows": len(rows), "killed": len(best), "found": sum(row.soonest is not None for row in rows),
        "survivors": [row.id for row in rows if row.best is None and row.id not in SURVIVORS],
        "large": [row.id for row in rows if row.best and row.best.size > LARGE and row.tier != "hard"],
        "median_size": median(kill.size for kill in best) if best else 0,
        "median_lines": median(kill.lines for kill in best) if best else 0,
        "median_executions": median(soonest) if soonest else 0,
    }  # fmt: skip
