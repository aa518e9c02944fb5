"""`yilian matrix`: every planted bug against every way of drawing plans, made in parts, written as a page, and gated.

It must not hunt or judge itself.
"""

import json
import os
import sys
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import cast

import click
from attrs import asdict

from conformance.cli import must_be_writable, write
from conformance.drivers.clause_kills import clause_kills, read_door
from conformance.drivers.gate import Held, compared, hold, missing
from conformance.drivers.kept import FOLDER, MATRIX_SCHEMA, as_files, read_rows
from conformance.drivers.matrix import BUDGET, STARTS, Cell, Row, matrix, searched, summary
from conformance.report.clause_kills import page as clauses_page
from conformance.report.kill_matrix import page as page_of
from conformance.report.words import Language, word

__all__ = ["command"]

GATE_SCHEMA = "yilian/gate/v1"
CLAUSES_SCHEMA = "yilian/clause-kills/v1"


@click.command("matrix")
@click.option("--only", "names", multiple=True, help="an id; more than once for several / 仅此编号，可重复")
@click.option("--starts", default=STARTS, show_default=True, type=click.IntRange(1), help="starting points / 起点数")
@click.option("--budget", default=BUDGET, show_default=True, type=click.IntRange(1), help="plans each / 计划数")
@click.option("--workers", default=0, type=click.IntRange(0), help="processes; 0: one a core")
@click.option("--keep", "folder", type=click.Path(path_type=Path),
              help="rows that lie here are taken, new ones put beside them / 沿用并保存各行")  # fmt: skip
@click.option("--markdown", "page", type=click.Path(path_type=Path), help="write the page here / 写出页面")
@click.option("--gate", is_flag=True, help="ask for every kill of the shipped matrix again / 逐一复核随附矩阵")
@click.option("--against", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="nothing that this matrix kills may be lost / 与此矩阵比较，不得退步")  # fmt: skip
@click.option("--clauses", "by_clause", is_flag=True,
              help="which clause kills which bug, out of the kept kills / 各条款捕获哪些缺陷")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help=f"{MATRIX_SCHEMA}; {GATE_SCHEMA}; {CLAUSES_SCHEMA}")
@click.pass_context
def command(
    context: click.Context, names: tuple[str, ...], starts: int, budget: int, workers: int, folder: Path | None,
    page: Path | None, gate: bool, against: Path | None, by_clause: bool, as_json: bool,
) -> None:  # fmt: skip
    """Hunt every planted bug with every profile: the kill matrix. / 以各种方式捕获每个植入缺陷：捕获矩阵。"""
    strange = sorted(set(names) - set(searched()))
    if strange:
        raise click.BadParameter(f"--only {strange[0]}: {' '.join(searched())}")
    language = cast(Language, context.meta.get("yilian.language", "en"))
    if gate:
        rows = [row for row in read_rows(folder or FOLDER) if not names or row.id in names]
        absent = () if names else missing(rows)
        context.exit(judged(chain(map(hold, rows), absent), language, as_json=as_json))
    for place in (folder, page and page.parent):
        if place is not None:
            must_be_writable(place)
    if by_clause:
        show_clauses(folder or FOLDER, page, as_json=as_json)
        return
    rows = made(names or tuple(searched()), starts, budget, workers or os.cpu_count() or 1, folder)
    text = page_of(rows, starts, budget)
    if page is not None:
        write(page, text)
    data = {"schema": MATRIX_SCHEMA, "starts": starts, "budget": budget, **summary(rows),
            "matrix": [row.to_data() for row in rows]}  # fmt: skip
    click.echo(json.dumps(data, ensure_ascii=False, sort_keys=True) if as_json else text)
    lost = [] if against is None else [one for one in compared(read_rows(against), rows) if not one.held]
    for one in lost:
        click.echo(word(f"gate.{one.fault}", language, **asdict(one)), err=True)
    if data["survivors"] or lost:
        context.exit(1)


def show_clauses(folder: Path, page: Path | None, *, as_json: bool) -> None:
    """The clauses with the bugs that they kill, out of a folder of kills."""
    kills = clause_kills(read_rows(folder), read_door(folder))
    text = clauses_page(kills)
    if page is not None:
        write(page, text)
    listed = [{"clause": one.clause, "named": list(one.named), "rule": list(one.of_its_rule)} for one in kills]
    click.echo(json.dumps({"clauses": listed, "schema": CLAUSES_SCHEMA}, sort_keys=True) if as_json else text.rstrip())


def made(names: tuple[str, ...], starts: int, budget: int, workers: int, folder: Path | None) -> list[Row]:
    """The rows of these ids: those that a folder has, and new ones, which are put there as they come."""
    known = {} if folder is None else {row.id: row for row in read_rows(folder, starts, budget)}
    for row in matrix([name for name in names if name not in known], workers, starts, budget, tell):
        known[row.id] = row
        if folder is not None:
            keep(folder, in_order(known), starts, budget)
    rows = in_order(known)
    if folder is not None:
        keep(folder, rows, starts, budget)
    return [row for row in rows if row.id in names]


def in_order(rows: dict[str, Row]) -> list[Row]:
    """Rows in order of planting; of a bug that is planted no more, none."""
    return [rows[name] for name in searched() if name in rows]


def keep(folder: Path, rows: list[Row], starts: int, budget: int) -> None:
    """Write the table and the replay files, each whole or not at all."""
    for name, text in as_files(rows, starts, budget).items():
        write(folder / name, text)


def judged(results: Iterable[Held], language: Language, *, as_json: bool) -> int:
    """Show what became of each row; the exit status."""
    told = list[Held]()
    for one in results:
        told.append(one)
        if not as_json:
            click.echo(word(f"gate.{one.fault or 'held'}", language, **asdict(one)))
    if as_json:
        data = {"schema": GATE_SCHEMA, "rows": [{**asdict(one), "held": one.held} for one in told]}
        click.echo(json.dumps(data, sort_keys=True))
    return 0 if all(one.held for one in told) else 1


def tell(name: str, cell: Cell) -> None:
    """Progress, where somebody watches."""
    if sys.stderr.isatty():
        click.echo(f"\r{name} {cell.profile}        ", err=True, nl=False)
