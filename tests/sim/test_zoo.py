"""The suite bites: every planted bug is killed, by search or by its witness, in its own class of invariant."""

import pytest

from conformance.checkers import classes
from conformance.drivers.explore import Campaign, shrink_found
from conformance.drivers.selfcheck import REFERENCES, by_search, by_witness, news, selfcheck
from conformance.plan import Plan
from conformance.targets import Target
from conformance.zoo import SURVIVORS, ZOO, load

load()
ENGINES = {name: entry for name, entry in ZOO.items() if entry.of != "ledger" and name not in SURVIVORS}
"""The bugs that plans hunt; those of the ledger are hunted by laws over blocks (test_ledger_zoo.py)."""
SEARCHED = {
    "P01": 1000, "P02": 2000, "P03": 1000, "T01": 2000, "T02": 1500, "T06": 2000, "T10": 300, "T13": 500, "T14": 1000,
    "H05": 600, "H07": 300, "L03": 100, "L07": 400, "L08": 200, "L09": 100,
}  # fmt: skip
"""Easy and medium bugs -> plans in which search must find them."""


@pytest.mark.parametrize("name", list(ENGINES))
def test_a_planted_bug_passes_the_happy_path_but_for_what_its_entry_says(name):
    entry = ZOO[name]
    assert set(classes(Target(name).violations(Plan(engine=entry.of)))) == set(entry.empty_breaks)
    assert entry.story.endswith(".") or entry.story.endswith(")")


@pytest.mark.parametrize("name", [name for name, entry in ZOO.items() if entry.witness])
def test_a_witness_kills_its_bug_and_spares_the_reference(name):
    entry = ZOO[name]
    assert any(Target(name).breaks(entry.witness, clause) for clause in entry.breaks)
    assert not Target().violations(entry.witness)


@pytest.mark.parametrize("name", list(SEARCHED))
def test_search_finds_a_planted_bug_and_shrinks_it_to_a_few_atoms(name):
    campaign = Campaign(ZOO[name].of, 1, SEARCHED[name], zoo=name)
    shrunk = (shrink_found(campaign, found, clause, 400) for found, clause in news(campaign, ZOO[name]))
    sizes = (one.plan.size for one in shrunk if one is not None)
    assert next(sizes, 99) <= 10, f"{name} survived {campaign.runs} plans"


def test_the_selfcheck_says_of_every_bug_how_it_was_killed():
    kills = list(selfcheck())
    cases = {"raft": ("", " f = 1 of 4"), **dict.fromkeys(("nakamoto", "stake", "delegated"), ("", " f = 3 of 4"))}
    controls = {engine + case for engine in REFERENCES for case in cases.get(engine, ("", " n = 3f", " f = 2 of 4"))}
    assert {kill.id for kill in kills} == {*ENGINES, *controls}
    assert [kill.id for kill in kills if not kill.killed] == []


def test_a_suite_that_finds_nothing_is_told_so(monkeypatch):
    monkeypatch.setattr(Target, "breaks", lambda self, plan, clause: False)
    monkeypatch.setattr("conformance.drivers.selfcheck.SEARCH", 100)
    assert [kill.killed for kill in (by_witness(ZOO["T03"]), by_search(ZOO["T01"]))] == [False, False]


def test_what_is_not_searched_for_has_a_witness():
    assert all(entry.witness or name in SEARCHED for name, entry in ENGINES.items())


def test_a_known_survivor_is_planted_and_dated():
    assert set(SURVIVORS) <= set(ZOO)
    assert all("(20" in why for why in SURVIVORS.values())


def test_at_least_ten_bugs_are_planted_across_the_tiers():
    assert len(ZOO) >= 10
    assert {entry.tier for entry in ZOO.values()} == {"easy", "medium", "hard"}
