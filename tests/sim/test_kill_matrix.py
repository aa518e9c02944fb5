"""What was killed once is killed again: the shipped matrix row by row, and what the gate says of a weaker suite."""

import json

import pytest
from attrs import evolve

from conformance.drivers.gate import compared, hold, missing
from conformance.drivers.kept import FOLDER, TABLE, as_files, read_rows
from conformance.drivers.matrix import BUDGET, LARGE, STARTS, searched, summary
from conformance.report.kill_matrix import page
from conformance.targets import Target
from tests.house.tree import ROOT

ROWS = {row.id: row for row in read_rows(FOLDER)}


@pytest.mark.parametrize("name", list(ROWS))
def test_a_kill_of_the_matrix_is_repeated_by_its_plan_and_as_soon_by_its_search(name):
    held = hold(ROWS[name])
    assert held.held, held


def test_every_planted_bug_has_a_row_and_is_killed():
    assert list(ROWS) == searched()
    assert list(missing(ROWS.values())) == []
    assert len(list(missing(list(ROWS.values())[1:]))) == 1


def test_the_medians_keep_to_their_bars():
    told = summary(list(ROWS.values()))
    assert told["median_size"] <= 5
    assert told["median_lines"] <= 12
    assert told["large"] == []
    assert LARGE == 10


def test_the_page_and_the_table_are_what_the_rows_say():
    rows = list(ROWS.values())
    assert page(rows, STARTS, BUDGET) == (ROOT / "docs/reference/kill-matrix.md").read_text(encoding="utf-8")
    assert as_files(rows, STARTS, BUDGET)[TABLE] == (FOLDER / TABLE).read_text(encoding="utf-8")


def test_a_suite_that_sees_less_is_told_what_it_lost(monkeypatch):
    row = ROWS["P01"]
    monkeypatch.setattr(Target, "breaks", lambda self, plan, clause: False)
    assert hold(row).fault == "alive"
    monkeypatch.setattr(Target, "breaks", lambda self, plan, clause: plan == row.plan)
    assert hold(row).fault == "late"
    assert hold(evolve(row, id="P99")).fault == "unplanted"


def test_a_new_matrix_is_held_against_the_old_one_row_by_row():
    old = [ROWS[name] for name in ("P01", "T13", "T03")]
    dead = evolve(old[0], witness=None, cells=())
    later = evolve(old[1], cells=tuple(evolve(cell, kills=()) for cell in old[1].cells))
    larger = evolve(old[2], witness=evolve(old[2].witness, size=6))
    assert [one.fault for one in compared(old, old)] == ["", "", ""]
    assert [one.fault for one in compared(old, [dead, later, larger])] == ["alive", "rarer", "larger"]


def test_a_matrix_is_made_in_parts_and_gated_by_the_command(yilian, tmp_path):
    asked = ("--starts", "1", "--budget", "12", "--workers", "1", "--keep", tmp_path, "--json")
    first = yilian("matrix", "--only", "T13", *asked)
    both = yilian("matrix", "--only", "T13", "--only", "L03", *asked, "--markdown", tmp_path / "page.md")
    assert (first.exit_code, both.exit_code) == (0, 0), first.output + both.output
    rows = json.loads(both.stdout)["matrix"]
    assert [row["id"] for row in rows] == ["T13", "L03"]
    assert rows[0] == json.loads(first.stdout)["matrix"][0]
    assert "| T13 | tendermint |" in (tmp_path / "page.md").read_text()
    assert yilian("replay", tmp_path / "T13.json").exit_code == 1, "it breaks what it says"
    gated = yilian("matrix", "--gate", "--keep", tmp_path, "--only", "T13", "--json")
    assert (gated.exit_code, json.loads(gated.stdout)["rows"][0]["held"]) == (0, True)
    assert yilian("matrix", "--only", "nobody").exit_code == 2


def test_a_gate_that_finds_something_lost_is_red_in_both_languages(yilian, monkeypatch):
    monkeypatch.setattr(Target, "breaks", lambda self, plan, clause: False)
    for language, word in (("en", "LOST"), ("zh", "丢失")):
        done = yilian("--lang", language, "matrix", "--gate", "--only", "P01")
        assert (done.exit_code, word in done.stdout) == (1, True)
