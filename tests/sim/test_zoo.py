"""The suite bites: every planted bug is killed, by search or by its witness, in its own class of invariant."""

import pytest

from conformance.checkers import CHECKERS, classes
from conformance.drivers.explore import Campaign, shrink_found
from conformance.drivers.selfcheck import REFERENCES, by_search, by_witness, news, selfcheck
from conformance.plan import Plan
from conformance.targets import Target
from conformance.zoo import APART, NOT_HERE, SURVIVORS, ZOO, load

load()
ENGINES = {name: entry for name, entry in ZOO.items() if entry.of not in APART and name not in SURVIVORS}
"""The bugs that plans hunt; those of the ledger are hunted by laws over blocks (test_ledger_zoo.py)."""
SHRUNK = ("T01", "P10", "H07")
"""Bugs whose kills are searched for and shrunk anew; all others are asked for again in test_kill_matrix.py."""


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


@pytest.mark.parametrize("name", SHRUNK)
def test_search_finds_a_planted_bug_and_shrinks_it_to_a_few_atoms(name):
    campaign = Campaign(ZOO[name].of, 1, 2_000, zoo=name)
    shrunk = (shrink_found(campaign, found, clause, 400) for found, clause in news(campaign, ZOO[name]))
    sizes = (one.plan.size for one in shrunk if one is not None)
    assert next(sizes, 99) <= 10, f"{name} survived {campaign.runs} plans"


def test_the_selfcheck_says_of_every_bug_how_it_was_killed(monkeypatch):
    fewer = {engine: runs // 10 for engine, runs in REFERENCES.items()}
    monkeypatch.setattr("conformance.drivers.selfcheck.REFERENCES", fewer)
    kills = list(selfcheck())
    chains = ("authority", "delegated", "nakamoto", "stake")
    cases = {"raft": ("", " f = 1 of 4"), **dict.fromkeys(chains, ("", " f = 3 of 4"))}
    controls = {engine + case for engine in REFERENCES for case in cases.get(engine, ("", " n = 3f", " f = 2 of 4"))}
    ledger = {name for name, entry in ZOO.items() if entry.of == "ledger"}
    assert {kill.id for kill in kills} == {*ENGINES, *controls, *ledger}
    assert [kill.id for kill in kills if not kill.killed] == []


def test_a_suite_that_finds_nothing_is_told_so(monkeypatch):
    monkeypatch.setattr(Target, "breaks", lambda self, plan, clause: False)
    monkeypatch.setattr("conformance.drivers.selfcheck.SEARCH", 100)
    assert [kill.killed for kill in (by_witness(ZOO["T03"]), by_search(ZOO["T01"]))] == [False, False]


VACUOUS = {
    "INV-S4.2": "the line ledger takes no transaction that is not in its pool; tests/unit/conformance/test_checkers.py",
    "INV-V2": "the bug is a node's, not an engine's: W21 through the door (conformance.zoo.wire)",
    "INV-S9.3": "C5 (tests/systems/test_data_security.py); the corpus has no bug of it",
    "INV-S9.4": "C1 (tests/systems/test_data_security.py); the corpus has no bug of it",
    "INV-A1": "the tier accountability has its own tests: tests/sim/test_accountability.py",
    "INV-A2": "found with H07 by twins, never first: tests/unit/conformance/test_checkers.py",
}
"""Part of an invariant that no planted bug lists -> why, and what shows that it bites."""


def test_every_part_of_an_invariant_kills_something():
    parts = {"INV-S1", "INV-S2", "INV-S3", "INV-S4.1", "INV-S4.2", "INV-S5", "INV-S6", "INV-S7.1", "INV-S7.2",
             "INV-S7.3", "INV-S7.4", "INV-S8.1", "INV-S9.1", "INV-S9.2", "INV-S9.3", "INV-S9.4", "INV-A1", "INV-A2",
             "INV-V1.deadlock", "INV-V1.livelock", "INV-V2", "INV-V3", "INV-V4"}  # fmt: skip
    listed = {clause for name, entry in ZOO.items() if name not in SURVIVORS for clause in entry.breaks}
    assert parts - listed == set(VACUOUS)
    assert {part.split(".")[0] for part in parts} >= set(CHECKERS)


def test_no_witness_has_grown():
    grown = {name: entry.witness.size for name, entry in ZOO.items()
             if entry.witness is not None and entry.witness.size > SIZES.get(name, 8)}  # fmt: skip
    assert grown == {}


SIZES = {"H01": 14, "H03": 12, "H09": 9, "P09": 11, "P11": 9, "S01": 10, "T07": 13, "T09": 73}
"""Bug -> faults of its witness, where they are more than eight."""


def test_every_bug_that_plans_hunt_has_a_witness():
    assert all(entry.witness for entry in ENGINES.values())


CORPUS = {
    "P": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 17, 18, 19, 21, 23, 24, 26),
    "T": (1, 2, 3, 5, 6, 7, 9, 10, 12, 13, 14, 16, 18, 19, 21),
    "H": (1, 2, 3, 5, 7, 9, 11, 12),
    "S": (1,),
    "R": (1, 2, 4),
    "D": (1, 2, 3, 4, 6, 7, 8, 10, 12, 13, 16),
}
"""The entries of the corpus for these engines and the ledger; an id is kept for ever."""


def test_every_entry_of_the_corpus_is_planted_or_cannot_be_and_says_why():
    ids = {f"{letter}{number:02}" for letter, numbers in CORPUS.items() for number in numbers}
    assert ids - set(ZOO) - set(NOT_HERE) == set()
    assert not set(ZOO) & set(NOT_HERE)


def test_the_list_of_known_survivors_may_only_shrink():
    assert set(SURVIVORS) == set()
    assert all("(20" in why for why in (*SURVIVORS.values(), *NOT_HERE.values()))


def test_at_least_ten_bugs_are_planted_across_the_tiers():
    assert len(ZOO) >= 10
    assert {entry.tier for entry in ZOO.values()} == {"easy", "medium", "hard"}
