"""Campaigns of many machines: what adds up, and what must not be counted twice."""

import json

import pytest

from conformance.drivers.merge import merged
from conformance.plan import PlanError
from tests.unit.commands.endings import refused


@pytest.fixture
def played(yilian, tmp_path):
    def play(name, *arguments):
        done = yilian("explore", "--json", "--runs", "30", "--workers", "1", "--heights", "1", "--out", tmp_path,
                      *arguments)  # fmt: skip
        path = tmp_path / name
        path.write_text(done.stdout)
        return path

    return play


def test_two_halves_are_the_whole(yilian, played):
    halves = [played("a", "--first", "0"), played("b", "--first", "30")]
    whole = json.loads(played("c", "--runs", "60").read_text())
    done = yilian("explore", "--json", "--merge", halves[0], "--merge", halves[1])
    both = json.loads(done.stdout)
    assert (done.exit_code, both["schema"], both["runs"], both["complete"]) == (0, "yilian/explored/v1", 60, True)
    assert (both["decisions"], both["triggered"]) == (whole["decisions"], whole["triggered"])
    assert merged([both]) == both


def test_what_was_found_anywhere_is_found(yilian, played):
    found = played("a", "--liars", "2", "--runs", "400")
    done = yilian("explore", "--merge", found, "--merge", played("b"))
    assert done.exit_code == 1
    assert "yilian replay" in done.stdout


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_same_plans_twice_are_refused(yilian, played, language):
    done = yilian("--lang", language, "explore", "--merge", played("a"), "--merge", played("b", "--first", "29"))
    refused(done, 3, "plan.malformed", language)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("text", "code"), [("{", "plan.not_json"), ("{}", "plan.malformed"), ("[]", "plan.malformed")])
def test_what_is_no_campaign_is_refused(yilian, tmp_path, text, code, language):
    path = tmp_path / "x.json"
    path.write_text(text)
    refused(yilian("--lang", language, "explore", "--merge", path), 3, code, language)


def test_other_settings_draw_other_plans_and_may_be_added():
    part = {"schema": "yilian/explore/v1", "engine": "tendermint", "zoo": "", "seed": 0, "first": 0, "planned": 5,
            "runs": 5, "complete": True, "decisions": 9, "seconds": 1.0, "triggered": {"late": 2}, "broken": {},
            "found": [], "nodes": 4, "liars": None, "heights": 1, "profile": "", "tier": "", "weights": [],
            "enumerated": "", "rounds": 2}  # fmt: skip
    both = merged([part, {**part, "heights": 2}, {**part, "weights": [1, 1, 1, 3]}])
    assert (both["runs"], both["triggered"]) == (15, {"late": 6})
    with pytest.raises(PlanError):
        merged([part, {**part, "first": 4}])


def test_a_reference_campaign_plays_every_bft_engine(yilian, tmp_path):
    few = ("--runs", "10", "--heights", "1", "--workers", "1")
    done = yilian("explore", "--reference", "--json", *few, "--out", tmp_path)
    found = json.loads(done.stdout)
    assert (done.exit_code, found["broken"]) == (0, {})
    assert found["runs_by_engine"] == {"hotstuff": 2, "pbft": 3, "streamlet": 2, "tendermint": 3}
