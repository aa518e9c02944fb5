"""`yilian explore`: what it says it played, what it keeps, and what it cannot use."""

import json

import pytest

from tests.unit.commands.endings import refused
from tests.unit.commands.test_run import everything


def test_the_object_says_what_was_played(yilian, tmp_path):
    done = yilian("explore", "--json", "--runs", "60", "--workers", "1", "--out", tmp_path)
    found = json.loads(done.stdout)
    assert (done.exit_code, found["schema"], found["runs"], found["complete"]) == (0, "yilian/explore/v1", 60, True)
    assert (found["broken"], found["found"]) == ({}, [])
    assert found["decisions"] > 60
    assert everything(tmp_path) == {}


def test_a_found_plan_is_kept_and_its_replay_is_the_same_run(yilian, tmp_path):
    """Two liars of four: beyond what Tendermint promises, so a fork is found."""
    done = yilian("explore", "--json", "--liars", "2", "--runs", "4000", "--stop-at", "1", "--out", tmp_path)
    found = json.loads(done.stdout)
    assert done.exit_code == 1
    assert found["found"][0]["size"] <= 5
    replay = yilian("replay", "--json", found["found"][0]["file"])
    again = json.loads(replay.stdout)
    assert (replay.exit_code, again["same"]) == (1, True)
    assert found["found"][0]["clause"] in {violation["clause"] for violation in again["violations"]}
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--zoo", "T99"), "plan.unknown_zoo"),
        (("--engine", "paxos"), "consensus.unknown_engine"),
        (("--engine", "solo", "--nodes", "4"), "consensus.not_alone"),
    ],
)
def test_what_cannot_be_explored_is_refused_before_anything_is_played(yilian, tmp_path, arguments, code, language):
    done = yilian("--lang", language, "explore", *arguments, "--out", tmp_path / "out")
    refused(done, 3, code, language)
    assert everything(tmp_path) == {}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_played(yilian, tmp_path, language):
    (tmp_path / "file").write_text("mine")
    done = yilian("--lang", language, "explore", "--out", tmp_path / "file" / "out")
    refused(done, 3, "file.unwritable", language)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--profile", "wild"),
        ("--liars", "4"),
        ("--nodes", "3", "--liars", "3"),
        ("--workers", "-1"),
        ("--runs", "0"),
        ("--stop-at", "-1"),
        ("--heights", "x"),
        ("--weights", "1,1,1"),
        ("--weights", "1,1,1,0"),
        ("--enumerate", "everything"),
        ("--enumerate", "twins", "--rounds", "6"),
    ],
)
def test_a_number_that_means_nothing_is_a_wrong_call(yilian, tmp_path, arguments):
    assert yilian("explore", *arguments, "--out", tmp_path).exit_code == 2


def test_an_enumeration_says_how_many_plans_there_are(yilian, tmp_path):
    done = yilian("explore", "--json", "--enumerate", "twins", "--rounds", "1", "--workers", "1", "--out", tmp_path)
    found = json.loads(done.stdout)
    assert (done.exit_code, found["runs"], found["complete"], found["enumerated"]) == (0, 224, True, "twins")
    part = yilian("explore", "--json", "--enumerate", "twins", "--rounds", "1", "--first", "220", "--runs", "9",
                  "--workers", "1", "--out", tmp_path)  # fmt: skip
    assert json.loads(part.stdout)["runs"] == 4
