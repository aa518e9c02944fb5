"""The commands: what they print, in which language, and how they end."""

import json
import shutil

import pytest
from click.testing import CliRunner

from contracts_dsl.cli import check, translate
from contracts_dsl.cli import test as play
from contracts_dsl.host import Refused
from contracts_dsl.refusals import text
from tests.language.packages import LIBRARY, NATIVE


def run(command, *arguments):
    return CliRunner().invoke(command, [str(one) for one in arguments])


def test_a_clean_package_is_listed_with_the_ids_of_its_modules():
    english, chinese = (
        json.loads(run(check.command, LIBRARY / name, "--json").stdout) for name in ("visit.yl", "visit.zh.yl")
    )
    assert (english["schema"], english["ok"], english["diagnostics"]) == ("yilian/check/v1", True, [])
    ids = [{one["name"]: one["digest"] for one in found["modules"]} for found in (english, chinese)]
    assert ids[0] == ids[1]
    assert [name for name in chinese["files"] if not name.endswith(".zh.yl")] == []
    assert max(cost for *_, cost in english["bounds"]) < 100_000


def test_a_spoilt_package_ends_with_one_and_speaks_the_language_of_its_file(tmp_path):
    for path in NATIVE.glob("*.yl"):
        shutil.copy(path, tmp_path)
    (tmp_path / "visit.zh.yl").write_text("合约 就诊 版本 1；\n当事方 持有方：医院。\n", encoding="utf-8")
    found = run(check.command, tmp_path / "visit.zh.yl")
    assert (found.exit_code, "E107 句号" in found.stdout) == (1, True)
    english = json.loads(run(check.command, tmp_path / "visit.zh.yl", "--json", "--lang", "en").stdout)
    [finding] = english["diagnostics"]
    assert (finding["code"], finding["line"], finding["column"]) == ("E107", 2, 11)
    assert finding["message"] == "expected `;`, got `。`"


@pytest.mark.parametrize("command", [check.command, play.command])
def test_what_cannot_be_read_ends_with_three_and_wrong_usage_with_two(command, tmp_path):
    assert run(command, tmp_path / "nothing.yl").exit_code == 3
    assert "没有 .yl 文件 there is no .yl file" in run(command, tmp_path).stderr
    assert "不存在 there is no such file" in run(command, tmp_path / "nothing.yl").stderr
    assert run(command, tmp_path).exit_code == 3
    assert run(command).exit_code == 2


def test_a_refusal_with_nothing_to_list_says_so():
    refused = Refused("no_such_clause", state="ended", action="go", actions=[])
    assert text(refused, "en") == "in state ended nobody can go; possible: nothing"
    assert text(refused, "zh") == "状态ended下不能go；可以：无"


def test_the_tests_of_a_package_are_played():
    found = run(play.command, LIBRARY, "--lang", "zh")
    assert (found.exit_code, "失败" in found.stdout) == (0, False)
    data = json.loads(run(play.command, LIBRARY, "--json").stdout)
    assert (data["schema"], data["ok"]) == ("yilian/test/v1", True)


def test_a_test_that_fails_shows_its_step_and_ends_with_one(tmp_path):
    for path in LIBRARY.glob("*.yl"):
        shutil.copy(path, tmp_path)
    visit = tmp_path / "visit.yl"
    visit.write_text(visit.read_text().replace("expect v.state == ended", "expect v.state == current"))
    found = run(play.command, visit)
    assert (found.exit_code, "got: v.state = ended" in found.stdout) == (1, True)


def test_a_file_is_translated_to_its_twin():
    found = run(translate.command, LIBRARY / "visit.yl", "--to", "zh")
    assert (found.exit_code, found.stdout_bytes) == (0, (LIBRARY / "visit.zh.yl").read_bytes())


def test_what_does_not_parse_is_not_translated(tmp_path):
    (tmp_path / "x.yl").write_text("contract C version 1;\nparty ;\n")
    found = run(translate.command, tmp_path / "x.yl", "--to", "zh")
    assert (found.exit_code, found.stdout, "E112 unexpected text" in found.stderr) == (1, "", True)
    found = run(translate.command, tmp_path / "x.yl", "--to", "zh", "--lang", "zh")
    assert "E112 此处不能这样写" in found.stderr
