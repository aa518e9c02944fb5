"""`yilian synthesize`: a folder of made-up data, whole or not at all, never over something that is there."""

import json

import pytest

from refimpl.synthetic.population import PATIENTS_MAX, population
from tests.unit.commands.test_interrupt import interrupted
from tests.unit.commands.test_run import everything


def test_the_folder_holds_the_population_and_the_object_says_what_was_made(yilian, tmp_path):
    done = yilian("synthesize", "--seed", 5, "--patients", 3, "--out", tmp_path / "a" / "b", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    made = {file.name: file.content for file in population(5, 3)}
    assert everything(tmp_path / "a" / "b") == made
    assert told["schema"] == "yilian/synthesize/v1"
    assert (told["seed"], told["patients"], told["files"]) == (5, 3, len(made))
    assert told["bytes"] == sum(map(len, made.values()))
    assert told["sha256"] == json.loads(made["manifest.json"])["sha256"]


@pytest.mark.parametrize(("language", "said"), [("zh", "已生成 1 名虚构患者"), ("en", "1 patients made up")])
def test_what_was_made_is_said_in_both_languages(yilian, tmp_path, language, said):
    done = yilian("--lang", language, "synthesize", "--patients", 1, "--out", tmp_path / "x")
    assert done.exit_code == 0
    assert said in done.stdout


@pytest.mark.parametrize("occupied", ["folder", "file"])
def test_what_is_there_is_not_written_over(yilian, tmp_path, occupied):
    place = tmp_path / "mine"
    (place.mkdir(), (place / "kept").write_text("kept")) if occupied == "folder" else place.write_text("kept")
    before = everything(tmp_path)
    done = yilian("synthesize", "--out", place)
    assert (done.exit_code, done.stdout) == (3, "")
    assert "file.occupied" in done.stderr
    assert everything(tmp_path) == before


def test_an_empty_folder_is_filled(yilian, tmp_path):
    assert yilian("synthesize", "--patients", 1, "--out", tmp_path).exit_code == 0


@pytest.mark.parametrize("option", [("--patients", 0), ("--patients", PATIENTS_MAX + 1), ("--seed", -1)])
def test_a_count_out_of_bounds_is_a_wrong_call(yilian, tmp_path, option):
    assert yilian("synthesize", *option, "--out", tmp_path / "x").exit_code == 2
    assert everything(tmp_path) == {}


def test_where_nothing_can_be_written_nothing_is_left(yilian, tmp_path):
    (tmp_path / "file").write_text("kept")
    done = yilian("synthesize", "--patients", 1, "--out", tmp_path / "file" / "x")
    assert done.exit_code == 3
    assert "file.un" in done.stderr
    assert everything(tmp_path) == {"file": b"kept"}


def test_an_interrupted_synthesis_leaves_nothing(tmp_path):
    many = ("--patients", PATIENTS_MAX, "--out", tmp_path / "new" / "out")
    status, stdout, seen = interrupted(tmp_path, "synthesize", *many, sign="patient-")
    assert (status, stdout) == (130, b""), seen
    assert "已中断" in seen
    assert "Traceback" not in seen
    assert everything(tmp_path) == {}
