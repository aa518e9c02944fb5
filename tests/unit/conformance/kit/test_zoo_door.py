"""The zoo behind the door: what is hunted, for what each planted bug must be caught, and what a block may not be."""

import json
import sys

import pytest
from attrs import evolve
from click.testing import CliRunner

from conformance.conform import catalogue
from conformance.conform.blocks import SPOILT
from conformance.conform.examine import examine
from conformance.drivers import doorcheck
from conformance.drivers.doorcheck import APART, REFERENCES, bugs, hunt, profile_of
from conformance.drivers.levels import Settings, bench_of
from conformance.profiles import TONGUES
from conformance.standard import clauses
from conformance.zoo import ZOO, load
from refimpl.cli import main
from tests.house.tree import ROOT

load()
CATALOGUE = {test.id: test for test in catalogue.tests()}


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def verdict(node, test, profile="tendermint/1"):
    """(verdict, clause that is named) of one test."""
    bench = bench_of(Settings(f"{sys.executable} -m conformance.zoo.serve {node}", profile=profile))
    try:
        result = examine(bench, CATALOGUE[test])
    finally:
        bench.drop()
    return result.verdict.value, "" if result.failure is None else result.failure.clause


def test_every_planted_bug_that_frames_can_show_is_hunted():
    assert set(ZOO) - set(bugs()) == set(APART)
    assert not set(APART) - {"D01", "D02", "D04", "D16", "L01", "L10", "M02", "M05"}, "this list may only shrink"
    assert len(bugs()) >= 77


def test_what_a_bug_must_be_caught_for_is_a_clause_or_an_invariant_of_the_text():
    for wanted in bugs().values():
        assert wanted.own, wanted.id
        assert {one.partition(".")[0] for one in wanted.own} <= clauses().keys(), wanted.id


def test_a_bug_that_is_seen_by_an_accident_of_its_own_is_not_caught(monkeypatch):
    monkeypatch.setattr(doorcheck, "tests_for", lambda name, everything: [CATALOGUE["L1.query.answers"]])
    wanted = bugs()["W18"]
    assert wanted.own == ("NOD-043",)
    other = hunt(evolve(wanted, own=("INV-S1",)))
    assert (other.right, other.verdict, other.clause) == (False, "FAIL", "NOD-043")
    assert not evolve(other, own=("NOD-043",), verdict="WEAK").right


def test_planted_bugs_are_hunted_by_their_ids_and_counted():
    ids = ("D06", "D07", "D08", "D10", "H03", "P01", "T19", "W18")
    words = [word for name in ids for word in ("--bug", name)]
    done = CliRunner().invoke(main, ["selfcheck", "--door", *words, "--json"])
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    assert {one["id"]: one["clause"] for one in data["zoo"]} == {
        "D06": "INV-S4.1", "D07": "INV-S9.1", "D08": "INV-S9.2", "D10": "DAT-092", "H03": "INV-S1",
        "P01": "INV-S1", "T19": "DAT-096", "W18": "NOD-043",
    }  # fmt: skip
    assert (data["caught"], data["planted"]) == (len(ids), len(ids))


def test_bugs_of_chains_and_of_raft_are_hunted_under_their_own_profiles_whose_reference_is_clean():
    ids = ("L03", "L07", "R02", "reference:raft/1")
    words = [word for name in ids for word in ("--bug", name)]
    done = CliRunner().invoke(main, ["selfcheck", "--door", *words, "--json"])
    assert done.exit_code == 0, done.output
    found = [(one["id"], one["clause"], one["test"]) for one in json.loads(done.stdout)["zoo"]]
    assert found == [("L03", "INV-S1", "L2.chain.nakamoto.happy"), ("L07", "INV-S3", "L3.chain.nakamoto.early"),
                     ("R02", "INV-S1", "L2.witness.R02"), ("reference:raft/1", "", "")]  # fmt: skip


@pytest.mark.parametrize("name", [name for name in REFERENCES if "/" in name])
def test_a_control_plays_the_witness_of_every_bug_that_is_hunted_under_its_profile(name):
    profile = REFERENCES[name]
    listed = catalogue.chosen(CATALOGUE.values(), catalogue.highest(profile), profile=profile)
    played = {test.id.rpartition(".")[2] for test in doorcheck.tests_for(name, listed)}
    wanted = {one for one in bugs() if one in ZOO and profile_of(ZOO[one]) == profile}
    assert {one for one in wanted if ZOO[one].of != "nakamoto"} <= played
    assert {"happy", "early"} & played == ({"happy", "early"} if profile == "longest_chain/1" else set())


@pytest.mark.parametrize(("lang", "said"), [("en", "1 of 1 planted bugs caught"), ("zh", "植入缺陷 1 个，捕获 1 个")])
def test_a_hunt_ends_with_its_count_in_both_languages(lang, said):
    done = CliRunner().invoke(main, ["--lang", lang, "selfcheck", "--bug", "W01"])
    assert said in done.stdout
    assert CliRunner().invoke(main, ["selfcheck", "--bug", "X99"]).exit_code == 2


@pytest.mark.clause("DAT-085", "DAT-088", "DAT-090", "DAT-091", "DAT-092", "DAT-093", "DAT-094", "DAT-095", "DAT-096",
                    "DAT-099", "INV-S3", "INV-S4")  # fmt: skip
@pytest.mark.parametrize("name", list(SPOILT))
def test_a_block_that_breaks_a_rule_of_the_ledger_is_decided_by_nobody(name):
    assert verdict("reference", f"L3.block.{name}") == ("PASS", "")


@pytest.mark.parametrize("profile", [name for name in sorted(TONGUES) if "/" in name])
def test_blocks_are_spoilt_in_every_protocol_that_the_kit_speaks(profile):
    for name in ("another-state", "transaction-repeated"):
        assert verdict("reference", f"L3.block.{name}", profile) == ("PASS", "")


@pytest.mark.clause("CTR-D07", "CTR-D01")
@pytest.mark.parametrize("name", ["types", "kind-stays", "schema-must-fit"])
def test_the_directory_has_the_types_that_schemas_declare(name):
    assert verdict("reference", f"L1.directory.{name}") == ("PASS", "")


@pytest.mark.clause("DAT-110")
def test_the_second_transaction_of_a_block_stands_on_the_first():
    assert verdict("reference", "L1.block.state-runs-on") == ("PASS", "")
    assert verdict("D07", "L1.block.state-runs-on")[0] == "FAIL"
