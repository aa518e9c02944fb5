"""The kill matrix as a page of the documentation.

It must not play or judge anything.
"""

from collections.abc import Iterable, Sequence
from statistics import median

from conformance.drivers.matrix import COLUMNS, LARGE, SLOTTED, Cell, Row, summary
from conformance.zoo import NOT_HERE, SURVIVORS, ZOO

HEAD = ("id", "engine", "tier", "witness", *COLUMNS, "smallest", "lines", "law")


def page(rows: Sequence[Row], starts: int, budget: int) -> str:
    """The matrix as Markdown."""
    told, fewer = summary(rows), [f"{row.id} with {row.budget}" for row in rows if row.budget < budget]
    lines = [
        "# The kill matrix", "",
        "A cell of a search reads *executions* `/` *faults* `(` *starting points* `)`: the median of the executions to",
        f"the first kill from {starts} starting points with at most {budget} plans each, the median of the faults of",
        "the shrunk plans, and how many starting points killed; a cell ends once most of them have found nothing, and",
        f"a longest chain is searched with one plan in {SLOTTED}.",
        "`twins` is the enumeration of one round, without chance, so once. A kill counts if the plan fails on the",
        "planted bug and passes on the reference, in a class that the entry lists. `witness` and `smallest` are",
        "numbers of faults, `lines` those of the story and the table that a person reads of the smallest plan. Each",
        "row is killed again by `yilian replay conformance/zoo/kills/ID.json`. Made by `make matrix`; that every row",
        "still holds is asked by `yilian matrix --gate`.",
        "",
        "| " + " | ".join(HEAD) + " |", "|" + " --- |" * len(HEAD),
        *("| " + " | ".join(cells(row)) + " |" for row in rows),
        "",
        f"{told['killed']} of {told['rows']} killed, {told['found']} of them by search; the medians over those killed:",
        f"{told['median_size']:g} faults and {told['median_lines']:g} lines of story and table in the smallest plan,",
        f"{told['median_executions']:g} executions to the first kill by the best way of drawing.",
        f"Searched with fewer plans, for their runs are long: {', '.join(fewer) or 'none'}.",
        f"Over {LARGE} faults, and not of the tier `hard`: {', '.join(told['large']) or 'none'}.",
        "",
        "Bugs of the ledger are killed by laws over blocks (`tests/sim/test_ledger_zoo.py`), not by plans:", "",
        "| id | tier | law | what is wrong |", "| --- | --- | --- | --- |",
        *(f"| {one.id} | {one.tier} | {', '.join(one.breaks)} | {one.story} |"
          for one in ZOO.values() if one.of == "ledger"),
        *listed("Planted, and not killed: a list that may only shrink.", SURVIVORS.items()),
        *listed("Entries of the corpus whose wrong line cannot be written in these engines, or changes nothing there.",
                NOT_HERE.items()),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def listed(title: str, pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Ids with reasons, if there are any."""
    rows = [f"| {name} | {why} |" for name, why in pairs]
    return ["", title, "", "| id | why |", "| --- | --- |", *rows] if rows else []


def cells(row: Row) -> list[str]:
    """The cells of one row."""
    clauses = dict.fromkeys(kill.clause for kill in row.kills) or dict.fromkeys(ZOO[row.id].breaks)
    size, lines = ("-", "-") if row.best is None else (str(row.best.size), str(row.best.lines))
    witness = "-" if row.witness is None else str(row.witness.size)
    return [row.id, row.of, row.tier, witness, *map(shown, row.cells), size, lines, ", ".join(clauses)]


def shown(cell: Cell) -> str:
    """One search."""
    if not cell.kills:
        return "-"
    return f"{median(kill.executions for kill in cell.kills):g} / {cell.size:g} ({len(cell.kills)})"
