"""`yilian replay`: the same run, bit for bit, or said to be another."""

import json

import pytest

from conformance.plan import Plan
from refimpl.scenarios import referral
from refimpl.scenarios.told import LIAR
from tests.unit.commands.endings import BAD_PLANS, BUNDLE, refused


@pytest.fixture
def saved(results):
    """The replay file of the default run, as data."""
    return json.loads((results / "referral" / "replay.json").read_text())


def kept(folder, saved, **changes):
    """A replay file with members changed."""
    path = folder / "saved.json"
    path.write_text(json.dumps({**saved, **changes}))
    return path


@pytest.mark.parametrize(("language", "words"), [("zh", "逐位相同的运行"), ("en", "the same run, bit for bit")])
def test_a_replay_is_the_same_run(yilian, results, printed, language, words):
    done = yilian("--lang", language, "replay", results / "referral" / "replay.json")
    assert done.exit_code == 0, done.output
    assert f"{words}" in done.stdout
    assert printed["trace"] in done.stdout


def test_the_object_of_a_replay_compares_the_traces(yilian, results, printed):
    found = json.loads(yilian("replay", "--json", results / "referral" / "replay.json").stdout)
    assert found["schema"] == "yilian/replayed/v1"
    assert (found["same"], found["violations"], found["scenario"]) == (True, [], "referral")
    assert found["trace"] == found["recorded"] == printed["trace"]


def test_a_replay_writes_nothing(yilian, results, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = (results / "referral" / "replay.json").read_bytes()
    assert yilian("replay", results / "referral" / "replay.json").exit_code == 0
    assert list(tmp_path.iterdir()) == []
    assert (results / "referral" / "replay.json").read_bytes() == before


@pytest.mark.parametrize(("language", "words"), [("zh", "与记录不同"), ("en", "another run")])
def test_a_changed_plan_is_another_run(yilian, saved, tmp_path, language, words):
    fewer = {**saved["plan"], "atoms": saved["plan"]["atoms"][:10]}
    done = yilian("--lang", language, "replay", kept(tmp_path, saved, plan=fewer))
    assert done.exit_code == 1
    assert words in done.stdout
    assert saved["trace"] in done.stdout


def test_a_changed_seed_is_another_run(yilian, saved, tmp_path):
    found = json.loads(yilian("replay", "--json", kept(tmp_path, saved, seed=1)).stdout)
    assert found["same"] is False


def test_a_run_of_another_bundle_is_repeated_with_that_bundle_only(yilian, tmp_path):
    bundle = tmp_path / "bundle.json"
    bundle.write_bytes(BUNDLE + b"\n")
    assert yilian("run", "--bundle", bundle, "--out", tmp_path).exit_code == 0
    replay = tmp_path / "referral" / "replay.json"
    refused(yilian("replay", replay), 2, "replay.other_bundle", "en")
    again = yilian("replay", "--bundle", bundle, replay)
    assert again.exit_code == 0, again.output
    bundle.write_bytes(BUNDLE + b"\n\n")
    refused(yilian("--lang", "zh", "replay", "--bundle", bundle, replay), 2, "replay.other_bundle", "zh")


def test_a_bare_plan_is_played_on_bare_engines(yilian, tmp_path):
    (tmp_path / "plan.json").write_bytes(Plan(engine="tendermint", n=4).encode())
    done = yilian("replay", tmp_path / "plan.json")
    assert (done.exit_code, "no invariant is broken" in done.stdout) == (0, True)
    found = json.loads(yilian("replay", "--json", tmp_path / "plan.json").stdout)
    assert (found["same"], found["recorded"], found["scenario"]) == (None, None, None)


def test_the_diagram_alone_stands_on_stdout(yilian, tmp_path):
    (tmp_path / "plan.json").write_bytes(Plan(engine="tendermint", n=4).encode())
    done = yilian("replay", "--mermaid", tmp_path / "plan.json")
    assert done.stdout.startswith("sequenceDiagram\n")
    assert all(line.startswith("  ") for line in done.stdout.splitlines()[1:])


REFUSED_BY_RUN_ALONE = {"another size", "another engine"}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", sorted(BAD_PLANS.keys() - REFUSED_BY_RUN_ALONE))
def test_a_file_that_is_no_plan_is_refused(yilian, tmp_path, kind, language):
    content, code = BAD_PLANS[kind]
    (tmp_path / "plan.json").write_bytes(content)
    refused(yilian("--lang", language, "replay", tmp_path / "plan.json"), 3, code, language)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_a_replay_needs_is_named_when_it_is_not_there(yilian, saved, tmp_path, language):
    refused(yilian("--lang", language, "replay", tmp_path / "none.json"), 3, "file.unreadable", language)
    unknown = kept(tmp_path, saved, scenario="opera")
    refused(yilian("--lang", language, "replay", unknown), 3, "scenario.unknown", language)
    (tmp_path / "plan.json").write_bytes(Plan(engine="tendermint", n=4).encode())
    done = yilian("--lang", language, "replay", "--zoo", "T99", tmp_path / "plan.json")
    refused(done, 3, "plan.unknown_zoo", language)
    (tmp_path / "plan.json").write_bytes(Plan(engine="paxos", n=4).encode())
    refused(yilian("--lang", language, "replay", tmp_path / "plan.json"), 3, "consensus.unknown_engine", language)


def test_the_default_plan_lies_throughout():
    plan = referral.plan()
    assert plan.faulty == (LIAR,)
    assert {atom.h for atom in plan.atoms if atom.k == "byz"} == set(range(1, referral.HEIGHTS + 1))
