"""`yilian conform` as a person calls it: verdicts, exit statuses, files, known failures, both languages."""

import json
import sys
import tomllib
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.conform import catalogue
from conformance.standard import clauses
from refimpl.cli import main
from tests.house.tree import ROOT

ZOO = f"{sys.executable} -m conformance.zoo.serve"
RASCAL = f"{sys.executable} {Path(__file__).with_name('rascal.py')}"
XFAIL = """[[xfail]]
test = "{test}"
clause = "DAT-070"
verdict = "WRONG_REASON"
reason = "codes are not yet those of the list"
issue = "https://example.org/issues/1"
expires = "{expires}"
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def conform(*arguments, node="reference", lang="en"):
    command = [] if node is None else ["--cmd", f"{ZOO} {node}", "--workers", "1"]
    return CliRunner().invoke(main, ["--lang", lang, "conform", *command, *arguments])


def results():
    return json.loads(Path("out/last.json").read_text(encoding="utf-8"))


def verdict(result, test):
    [found] = [one for one in json.loads(result.stdout)["tests"] if one["id"] == test]
    return found


# --- the catalogue ---


def test_every_test_has_a_slug_of_its_own_level_and_clauses_that_exist():
    listed = catalogue.tests()
    assert len({test.id for test in listed}) == len(listed)
    for test in listed:
        assert test.id.partition(".")[0] == test.level
        assert test.level in catalogue.LEVELS
        assert set(test.clauses) <= clauses().keys(), test.id


def test_the_list_is_told_without_a_node():
    done = conform("--list", "--level", "L1", "--only", "DAT-070", node=None)
    assert done.exit_code == 0
    assert "L1.check.nonce-used" in done.stdout
    assert "L2." not in done.stdout


# --- a correct node ---


def test_a_correct_node_passes_smoke_and_may_say_so():
    done = conform("--level", "smoke", "--badge", "badge.json")
    assert done.exit_code == 0, done.output
    assert "claim smoke holds" in done.stdout
    assert json.loads(Path("badge.json").read_text())["color"] == "green"
    assert results()["claim"] == {
        "below": "smoke", "blocking": [], "holds": True, "level": "smoke", "partial": [],
        "packs": results()["node"]["hello"]["packs"],
    }  # fmt: skip


def test_a_correct_node_passes_a_part_of_every_level_and_a_part_is_no_claim():
    chosen = ["L0.vectors.hash.digests", "L1.recover.every-prefix", "L1.pack.reporting.*", "L2.happy.four",
              "L3.witness.P01"]  # fmt: skip
    done = conform(*[word for name in chosen for word in ("--only", name)], "--json")
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    assert {test["verdict"] for test in data["tests"]} == {"PASS"}
    assert {test["level"] for test in data["tests"]} == {"L0", "L1", "L2", "L3"}
    assert (data["schema"], data["claim"]["holds"], data["run"]["complete"]) == ("yilian/conform/v1", False, False)
    again = json.loads(conform(*[word for name in chosen for word in ("--only", name)], "--json").stdout)
    assert {**again, "timing": 0} == {**data, "timing": 0}


def test_two_nodes_side_by_side_find_what_one_finds():
    arguments = ("--only", "L1.check.*", "--json")
    one = json.loads(conform(*arguments).stdout)["tests"]
    done = CliRunner().invoke(main, ["conform", "--cmd", f"{ZOO} reference", "--workers", "2", *arguments])
    assert json.loads(done.stdout)["tests"] == one


# --- nodes that are wrong ---


@pytest.mark.clause("NOD-004", "DAT-014")
def test_the_right_refusal_with_the_wrong_code_is_a_verdict_of_its_own():
    done = conform("--only", "L1.check.nonce-used", "--json", node="W08")
    assert done.exit_code == 1
    found = verdict(done, "L1.check.nonce-used")
    assert (found["verdict"], found["failure"]["clause"]) == ("WRONG_REASON", "DAT-070")
    assert (found["failure"]["expected"], found["failure"]["actual"]) == ("refused tx.nonce_used", "refused tx.known")
    assert found["failure"]["text"].startswith("The nonce of a transaction MUST")
    assert len(set(found["failure"]["replays"])) == 1


@pytest.mark.clause("NOD-051")
def test_a_node_that_reads_a_clock_is_nondeterministic_and_not_wrong():
    done = conform("--only", "L1.solo.one-block-each", "--json", node="W04")
    found = verdict(done, "L1.solo.one-block-each")
    assert (done.exit_code, found["verdict"]) == (1, "NONDETERMINISTIC")
    assert len(set(found["failure"]["replays"])) > 1


@pytest.mark.clause("NOD-020")
def test_a_node_that_dies_of_an_input_fails_that_clause_and_is_started_again():
    done = conform("--only", "L1.check.blanks", "--only", "L1.check.nonce-used", "--json", node="W13")
    assert done.exit_code == 1
    found = verdict(done, "L1.check.blanks")
    assert (found["verdict"], found["failure"]["clause"]) == ("FAIL", "NOD-020")
    assert "JSONDecodeError" in found["failure"]["words"]
    assert verdict(done, "L1.check.nonce-used")["verdict"] == "PASS"


@pytest.mark.clause("NOD-052")
@pytest.mark.parametrize(("node", "clause"), [("W01", "NOD-001"), ("W02", "NOD-002")])
def test_a_node_that_breaks_the_protocol_is_not_examined(node, clause):
    done = conform("--level", "smoke", node=node)
    assert done.exit_code == 3
    assert f"protocol error  {clause}" in done.stderr
    assert done.stdout == ""


def test_a_node_that_is_not_there_is_no_failed_test():
    done = CliRunner().invoke(main, ["conform", "--cmd", "/no/such/node"])
    assert (done.exit_code, done.stdout) == (3, "")
    assert "could not be started" in done.stderr


@pytest.mark.clause("NOD-006")
def test_what_a_node_has_not_written_yet_is_unsupported_and_blocks_the_claim():
    only = ("--only", "L0.vectors.hash.digests", "--json")
    done = CliRunner().invoke(main, ["conform", "--cmd", f"{RASCAL} poor", "--workers", "1", "--level", "L0", *only])
    found = verdict(done, "L0.vectors.hash.digests")
    assert (done.exit_code, found["verdict"], found["reason"]) == (1, "UNSUPPORTED", "vectors of kind digest")


@pytest.mark.clause("INV-S1")
def test_a_wrong_quorum_is_told_in_sentences_and_replayed_from_its_file():
    done = conform("--only", "L3.witness.P01", "--html", "page.html", "--md", "sum.md", "--junit", "j.xml", node="P01")
    assert done.exit_code == 1
    assert "1. height 1 round 0: liar 0 supports v1 towards 3" in done.stdout
    assert "3 of 3 runs identical" in done.stdout
    saved = json.loads(Path("out/L3.witness.P01.json").read_text(encoding="utf-8"))
    assert saved["plan"]["faulty"] == [0]
    assert len(saved["lines"]) > 10
    node = f"{ZOO} P01"
    again = CliRunner().invoke(main, ["replay", "out/L3.witness.P01.json", "--cmd", node])
    assert (again.exit_code, "INV-S1" in again.stdout) == (1, True)
    clean = CliRunner().invoke(main, ["replay", "out/L3.witness.P01.json", "--cmd", f"{ZOO} reference"])
    assert clean.exit_code == 0
    same = CliRunner().invoke(main, ["replay", "out/L3.witness.P01.json", "--cmd", node, "--lines"])
    assert same.exit_code == 0, same.output
    other = CliRunner().invoke(main, ["replay", "out/L3.witness.P01.json", "--cmd", f"{ZOO} T01", "--lines"])
    assert other.exit_code == 1
    page = Path("page.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert 'lang="zh"' in page
    assert len(page) < 1_000_000
    assert "```mermaid" in Path("sum.md").read_text(encoding="utf-8")
    [suite] = xml.parse("j.xml").getroot()
    assert (suite.get("name"), suite.get("failures")) == ("L3", "1")
    [case] = suite
    assert case.get("classname") == "INV-S1"


def test_the_report_is_said_in_chinese_as_well():
    done = conform("--only", "L3.witness.P01", "--html", "page.html", node="P01", lang="zh")
    assert done.exit_code == 1
    assert '<body class="zh">' in Path("page.html").read_text(encoding="utf-8")
    for text in ("应为", "实为", "说谎者 0 对 3 一概支持 v1", "重放", "不作声明"):
        assert text in done.stdout


# --- known failures ---


@pytest.mark.parametrize(
    ("node", "expires", "status", "expected"),
    [
        ("W08", "2999-01-01", 0, "XFAIL"), ("W08", "2020-01-01", 1, "WRONG_REASON"),
        ("reference", "2999-01-01", 1, "XPASS"),
    ],
)
def test_a_known_failure_is_excused_until_its_day_and_must_not_pass(node, expires, status, expected):
    Path("known.toml").write_text(XFAIL.format(test="L1.check.nonce-used", expires=expires))
    done = conform("--only", "L1.check.nonce-used", "--xfail", "known.toml", "--json", node=node)
    assert (done.exit_code, verdict(done, "L1.check.nonce-used")["verdict"]) == (status, expected)


@pytest.mark.parametrize("spoil", [
    lambda text: text.replace("reason =", "reasons ="), lambda text: text.replace("https://", "see "),
    lambda text: text.replace("L1.check.nonce-used", "L1.no-such-test"), lambda text: text + "]",
    lambda text: text.replace("[[xfail]]", "[[test]]"), lambda text: text.replace("[[xfail]]", "[xfail]"),
    lambda _: "xfail = 3", lambda _: "xfail = [3]", lambda text: text + "# \udcff",
])  # fmt: skip
def test_a_list_that_is_none_is_a_wrong_call(spoil):
    text = XFAIL.format(test="L1.check.nonce-used", expires="2999-01-01")
    assert tomllib.loads(text)
    Path("known.toml").write_text(spoil(text), errors="surrogateescape")
    done = conform("--only", "L1.check.nonce-used", "--xfail", "known.toml")
    assert done.exit_code == 2
    assert "known.toml" in done.stderr


# --- choosing ---


def test_what_failed_last_is_run_again_and_the_rest_is_not():
    conform("--only", "L1.check.nonce-used", "--only", "L1.check.size", node="W08")
    done = conform("--failed-last", "--json", node="W08")
    assert [test["id"] for test in json.loads(done.stdout)["tests"]] == ["L1.check.nonce-used"]


@pytest.mark.parametrize("arguments", [
    ("--only", "no.such"), ("--level", "L9"), ("--budget", "soon"), ("--failed-last",), ("--xfail", "missing.toml"),
])  # fmt: skip
def test_a_wrong_call_says_so(arguments):
    done = conform(*arguments)
    assert done.exit_code == 2, done.output
    assert done.stderr


def test_a_failure_may_end_the_run():
    done = conform("--only", "L1.check.*", "--fail-fast", "--json", node="W08")
    listed = json.loads(done.stdout)["tests"]
    assert [test["verdict"] for test in listed][:1] == ["WRONG_REASON"]
    assert {test["verdict"] for test in listed[1:]} == {"INCONCLUSIVE"}
