"""Which clause kills which planted bug: the published page is that of the kept kills, and says who kills nobody."""

import json

from click.testing import CliRunner

from conformance.drivers.clause_kills import clause_kills, idle, musts, read_door, rules_of
from conformance.drivers.doorcheck import APART, bugs
from conformance.drivers.kept import FOLDER, read_rows
from conformance.report.clause_kills import page
from conformance.standard import clauses
from refimpl.cli import main
from tests.house.tree import ROOT

PAGE = ROOT / "docs" / "reference" / "clause-kills.md"


def test_the_published_page_is_that_of_the_kept_kills():
    found = PAGE.read_text(encoding="utf-8")
    assert found == page(clause_kills(read_rows(FOLDER), read_door(FOLDER))), "make kills"


def test_what_is_kept_of_the_door_is_every_bug_that_is_hunted_caught_for_what_it_breaks():
    door = read_door(FOLDER)
    assert set(door) == set(bugs())
    assert not set(door) & set(APART)
    assert all(clause in bugs()[name].own for name, clause in door.items())


def test_a_bug_breaks_the_clause_that_the_rule_cites_which_it_overrides():
    assert rules_of("T01") == ("CON-012",)
    assert rules_of("H01") == ("CON-067",)
    assert rules_of("D10") == (), "a range of clauses names none of them"
    assert rules_of("W01") == ()


def test_every_must_of_consensus_and_ledger_kills_somebody_or_is_listed():
    kills = clause_kills(read_rows(FOLDER), read_door(FOLDER))
    assert [one.clause for one in kills] == musts()
    assert {name.partition("-")[0] for name in musts()} == {"CON", "CTR", "DAT", "INV"}
    assert all(clauses()[name].binds for name in musts())
    text = PAGE.read_text(encoding="utf-8")
    assert idle(kills)
    assert all(f" {name} " in f" {text.replace(chr(10), ' ')} " for name in idle(kills))
    of = {one.clause: one for one in kills}
    assert of["CON-012"].of_its_rule == ("T01",)
    assert {"P01", "T03"} <= set(of["INV-S1"].named)
    assert "D07" in of["INV-S9"].named


def test_a_clause_kills_nobody_that_was_not_killed():
    kills = clause_kills([], {"P01": "INV-S1"})
    assert [one.clause for one in kills if one.bugs] == ["INV-S1", "CON-002"]


def test_the_table_is_data_too_and_nothing_is_played_for_it(tmp_path):
    done = CliRunner().invoke(main, ["matrix", "--clauses", "--json", "--markdown", str(tmp_path / "page.md")])
    data = json.loads(done.stdout)
    assert (done.exit_code, data["schema"]) == (0, "yilian/clause-kills/v1")
    assert {"clause": "CON-012", "named": [], "rule": ["T01"]} in data["clauses"]
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")
