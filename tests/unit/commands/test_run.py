"""`yilian run`: what it prints, what it leaves, and what it leaves when it cannot do it."""

import json
import re

import pytest

from conformance.plan import Plan
from refimpl.scenarios import referral
from refimpl.scenarios.performance import SCENARIOS, perform
from tests.house.tree import ROOT
from tests.unit.commands.endings import BAD_BUNDLES, BAD_PLANS, refused


def everything(folder):
    """What lies in a folder: path -> bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()} | {
        f"{p.relative_to(folder)}/": b"" for p in sorted(folder.rglob("*")) if p.is_dir()
    }


def test_the_object_says_what_came_of_it(printed, results):
    assert printed["schema"] == "yilian/run/v1"
    assert printed["violations"] == []
    assert printed["nodes"] == ["city3-a", "city3-b", "city3-c", "city3-d"]
    assert printed["byzantine"] == ["city3-d"]
    assert printed["final_state"]["instances"] == {
        "Referral/2": "settled",
        "Slot/1": "used",
        "StepDown/3": "closed",
        "Visit/0": "ended",
    }
    assert printed["final_state"]["positions"] == {"city3-a": 63_000, "county2": -67_500, "hill-hc": 4_500}
    assert printed["ledger"] == str(results / "referral" / "ledger.sqlite")
    assert min(printed["lies"].values()) > 0
    assert (len(printed["app_hash"]), len(printed["trace"])) == (64, 64)


def test_the_ledger_it_names_verifies_to_the_state_it_names(printed, yilian):
    found = json.loads(yilian("verify", "--json", printed["ledger"]).stdout)
    assert (found["finding"], found["height"], found["state_root"]) == (None, printed["height"], printed["app_hash"])


def test_two_files_and_nothing_else_are_left(results):
    assert sorted(p.name for p in (results / "referral").iterdir()) == ["ledger.sqlite", "replay.json"]


def test_the_page_tells_one_story_in_both_languages(yilian, tmp_path):
    zh, en = (yilian("--lang", language, "run", "--out", tmp_path / language) for language in ("zh", "en"))
    assert (zh.exit_code, en.exit_code) == (0, 0)
    assert [line[:16] for line in zh.stdout.splitlines() if line.startswith("2026-")] == [
        line[:16] for line in en.stdout.splitlines() if line.startswith("2026-")
    ]
    assert len(zh.stdout.splitlines()) == len(en.stdout.splitlines())
    assert "自首块至末块始终说谎：市三甲丁院（city3-d）" in zh.stdout
    assert "lying from the first block to the last: city hospital D (city3-d)" in en.stdout
    assert "district commission in breach: approval overdue" in en.stdout
    assert "the contract moves on by itself, now escalated" in en.stdout
    assert "refused as the contract demands: contract.condition_false" in en.stdout
    assert not any("\u4e00" <= character <= "\u9fff" for character in en.stdout)


def test_the_page_in_the_readme_is_what_is_printed(yilian, tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"```text\n(.*?)```", readme, re.DOTALL)
    printed = iter(yilian("run", "--out", tmp_path).stdout.splitlines())
    for line in shown.splitlines():
        if line != "...":
            assert any(told.startswith(line.removesuffix(" ...")) for told in printed), line


def names_in(event):
    """What a sentence about an event may name: members, contracts, actions, states, breaches, purposes."""
    body = event.get("body", event)
    single = (body.get(name) for name in ("action", "to", "state", "name", "reader", "purpose"))
    listed = (*body.get("by", ()), *body.get("debtors", ()), *(payee for payee, _ in body.get("shares", ())))
    return {name for name in (event.get("contract"), *single, *listed) if name}


def test_every_name_that_the_story_tells_has_a_title_in_both_languages(played):
    events = [event for _, _, receipt in played.stage.receipts() for event in receipt.get("events", [])]
    told = {name for event in events for name in names_in(event)}
    assert len(told) > 30
    assert [told - titles.keys() for titles in referral.TITLES.values()] == [set(), set()]


def test_the_seed_changes_keys_and_so_the_state_but_not_the_story(printed, yilian, tmp_path):
    other = json.loads(yilian("run", "--json", "--seed", "1", "--out", tmp_path).stdout)
    assert other["app_hash"] != printed["app_hash"]
    assert other["final_state"] == printed["final_state"]


def test_another_adversary_changes_the_run_and_not_what_it_comes_to(printed, yilian, tmp_path):
    honest = tmp_path / "plan.json"
    honest.write_bytes(Plan(engine="tendermint", n=4, heights=60).encode())
    other = json.loads(yilian("run", "--json", "--plan", honest, "--out", tmp_path).stdout)
    assert (other["byzantine"], other["lies"], other["violations"]) == ([], {}, [])
    assert other["final_state"] == printed["final_state"]
    assert other["trace"] != printed["trace"]


def test_a_ledger_that_stops_is_a_violation_and_not_an_error(yilian, tmp_path):
    """Two of four are silent: nothing can be decided, and nothing wrong is."""
    silent = tmp_path / "plan.json"
    moods = {2: "silent", 3: "silent"}
    plan = Plan(engine="tendermint", n=4, faulty=(2, 3), tier="boundary", after=moods, gst=0, heights=60)
    silent.write_bytes(plan.encode())
    done = yilian("run", "--json", "--plan", silent, "--out", tmp_path / "out")
    assert done.exit_code == 1, done.output
    found = json.loads(done.stdout)
    assert {violation["clause"] for violation in found["violations"]} == {"INV-V1"}
    assert yilian("verify", found["ledger"]).exit_code == 0


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", BAD_BUNDLES)
def test_a_bundle_that_is_none_is_refused_and_nothing_is_left(yilian, tmp_path, kind, language):
    content, code = BAD_BUNDLES[kind]
    bundle = tmp_path / "bundle.json"
    bundle.write_bytes(content)
    before = everything(tmp_path)
    done = yilian("--lang", language, "run", "--bundle", bundle, "--out", tmp_path / "a" / "b")
    refused(done, 3, code, language)
    assert everything(tmp_path) == before


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh", "fhir.wrong_value: 取值不符合要求：应为1至64个字符，限A-Z a-z 0-9 . -，"
               "实为长度为3的文本 (/entry/0/resource/id)"),
        ("en", "fhir.wrong_value: the value is not one that is read here: expected 1 to 64 of A-Z a-z 0-9 . -, "
               "got text of length 3 (/entry/0/resource/id)"),
    ],
)  # fmt: skip
def test_a_bad_field_of_a_bundle_is_told_in_one_language(yilian, tmp_path, language, told):
    bundle = tmp_path / "bundle.json"
    bundle.write_text('{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient", "id": "a b"}}]}')
    done = yilian("--lang", language, "run", "--bundle", bundle, "--out", tmp_path / "out")
    assert (done.exit_code, done.stderr) == (3, told + "\n")


@pytest.mark.parametrize("kind", BAD_BUNDLES)
def test_no_english_sentence_is_left_in_what_a_chinese_reader_is_told_of_a_bundle(yilian, tmp_path, kind):
    bundle = tmp_path / "bundle.json"
    bundle.write_bytes(BAD_BUNDLES[kind][0])
    told = yilian("--lang", "zh", "run", "--bundle", bundle, "--out", tmp_path / "out").stderr
    assert not re.search("[a-z]{2,} [a-z]{2,}", told), told


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", BAD_PLANS)
def test_a_plan_that_is_none_is_refused_and_nothing_is_left(yilian, tmp_path, kind, language):
    content, code = BAD_PLANS[kind]
    plan = tmp_path / "plan.json"
    plan.write_bytes(content)
    before = everything(tmp_path)
    done = yilian("--lang", language, "run", "--plan", plan, "--out", tmp_path / "out")
    refused(done, 3, code, language)
    assert everything(tmp_path) == before


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ["nonsense", "../referral", ""])
def test_an_unknown_scenario_is_answered_with_those_there_are(yilian, tmp_path, name, language):
    done = yilian("--lang", language, "run", name, "--out", tmp_path / "out")
    refused(done, 3, "scenario.unknown", language)
    assert done.stderr.rstrip().endswith(", ".join(SCENARIOS))
    assert everything(tmp_path) == {}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("option", ["--plan", "--bundle"])
def test_a_file_that_is_not_there_is_named(yilian, tmp_path, option, language):
    done = yilian("--lang", language, "run", option, tmp_path / "nothing", "--out", tmp_path / "out")
    refused(done, 3, "file.unreadable", language)
    assert str(tmp_path / "nothing") in done.stderr
    assert everything(tmp_path) == {}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_played(yilian, tmp_path, language, monkeypatch):
    monkeypatch.setattr("refimpl.commands.run.perform", lambda *_: pytest.fail("the story was played for nothing"))
    (tmp_path / "file").write_text("mine")
    done = yilian("--lang", language, "run", "--out", tmp_path / "file" / "out")
    refused(done, 3, "file.unwritable", language)
    assert everything(tmp_path) == {"file": b"mine"}


def test_a_place_that_is_taken_by_a_folder_is_left_as_it_was(yilian, tmp_path):
    (tmp_path / "referral" / "ledger.sqlite").mkdir(parents=True)
    before = everything(tmp_path)
    refused(yilian("run", "--out", tmp_path), 3, "file.unwritable", "en")
    assert everything(tmp_path) == before


def test_an_earlier_run_stays_whole_when_a_later_one_fails(yilian, tmp_path):
    assert yilian("run", "--out", tmp_path).exit_code == 0
    before = everything(tmp_path)
    (tmp_path / "b.json").write_text("{}")
    assert yilian("run", "--bundle", tmp_path / "b.json", "--out", tmp_path).exit_code == 3
    (tmp_path / "b.json").unlink()
    assert everything(tmp_path) == before


def test_the_same_run_twice_is_the_same_run(played):
    again = perform("referral", None, None, 0)
    assert again.trace == played.trace
    assert again.stage.disk(0) == played.stage.disk(0)
