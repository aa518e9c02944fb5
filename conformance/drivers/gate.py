"""The gate of the kill matrix: what was killed once must be killed again, as soon and by as small a plan.

Why: a suite loses its power one quiet change at a time. Each kill of the shipped table is asked for again from the
starting point that found it soonest, with twice the executions that it took then; the kept plan must still kill, and
the witness must not have grown. Two tables are compared in the same way.

It must not print, nor write a table anew.
"""

from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve, frozen

from conformance.drivers.matrix import Row, campaign_of
from conformance.drivers.selfcheck import news
from conformance.targets import Target
from conformance.zoo import APART, SURVIVORS, ZOO, Entry, load

__all__ = ["DEAR", "SLACK", "Held", "compared", "hold", "missing"]

SLACK = 2
"""A kill may take so many times the executions that it took."""
DEAR = 150
"""A search that took more executions than this is not asked for again here; its kept plan is."""


@frozen
class Held:
    """What became of one planted bug."""

    id: str
    how: str
    """`search`, or `plan` where searching again would be dear."""
    runs: int
    """Executions that it took now."""
    allowed: int
    fault: str = ""
    """Key of `FAULTS`; empty if the row holds."""

    @property
    def held(self) -> bool:
        """Whether it was killed as before."""
        return not self.fault


FAULTS = ("unplanted", "alive", "late", "grown", "unlisted", "rarer", "larger")
"""What can be wrong: no such bug is planted any more; its kept plan kills no more; a search comes too late; its witness
has grown; a planted bug has no row; most starting points no longer kill, or need more than twice as long; its smallest
plan has grown."""


def hold(row: Row) -> Held:
    """Ask for one row again."""
    load()
    entry = ZOO.get(row.id)
    if entry is None:
        return Held(row.id, "plan", 0, 0, "unplanted")
    if row.plan is None or row.best is None:
        return Held(row.id, "plan", 0, 0)
    if not Target(row.id).breaks(row.plan, row.best.clause):
        return Held(row.id, "plan", 1, 1, "alive")
    if entry.witness is not None and row.witness is not None and entry.witness.size > row.witness.size:
        return Held(row.id, "plan", 1, 1, "grown")
    if row.soonest is None or row.soonest[1].executions > DEAR:
        return Held(row.id, "plan", 1, 1)
    profile, kill = row.soonest
    return search(entry, profile, kill.seed, kill.executions)


def search(entry: Entry, profile: str, seed: int, took: int) -> Held:
    """The same search once more, with some slack."""
    campaign = evolve(campaign_of(entry, profile, seed, 1), runs=SLACK * took)
    for found, clause in news(campaign, entry):
        if Target(entry.id).breaks(found.plan, clause):
            return Held(entry.id, "search", found.number + 1, campaign.runs)
    return Held(entry.id, "search", campaign.runs, campaign.runs, "late")


def missing(rows: Iterable[Row]) -> Iterator[Held]:
    """Planted bugs that have no row, or whose row says that they live though no list of survivors does."""
    load()
    killed = {row.id for row in rows if row.best is not None}
    for entry in ZOO.values():
        if entry.of not in APART and entry.id not in killed and entry.id not in SURVIVORS:
            yield Held(entry.id, "plan", 0, 0, "unlisted")


def compared(old: Sequence[Row], new: Sequence[Row]) -> Iterator[Held]:
    """What the new table has lost against the old one; one result for each row of the old one."""
    now = {row.id: row for row in new}
    for row in old:
        yield Held(row.id, "plan", 0, 0, lost(row, now.get(row.id)))


def lost(old: Row, new: Row | None) -> str:
    """What one row has lost, if anything."""
    if old.best is None:
        return ""
    if new is None or new.best is None:
        return "alive"
    if new.best.size > old.best.size:
        return "larger"
    before, after = ([cell.executions for cell in row.cells if cell.executions] for row in (old, new))
    return "rarer" if before and (not after or min(after) > SLACK * min(before)) else ""
