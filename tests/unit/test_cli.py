"""The command: statuses, languages, and messages that tell no secret."""

import importlib
import subprocess
import sys
import tomllib

import click
import pytest
from click.testing import CliRunner

from refimpl import cli
from tests.house.tree import ROOT


@pytest.fixture
def run(monkeypatch):
    commands = {
        "probe": cli.Entry("tests.unit.cli_probe:probe", "探针", "a probe"),
        "speaker": cli.Entry("tests.unit.cli_probe:speaker", "说话者", "a speaker"),
    }
    monkeypatch.setattr(cli, "COMMANDS", commands)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "YILIAN_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)
    return lambda *arguments: CliRunner().invoke(cli.main, arguments)


@pytest.mark.parametrize(
    ("way", "status"),
    [
        ("well", 0),
        ("findings", 1),
        ("usage", 2),
        ("unreadable", 3),
        ("pointer", 3),
        ("ours", 70),
        ("interrupted", 130),
    ],
)
def test_every_way_to_end_has_its_status(run, way, status):
    assert run("probe", way).exit_code == status


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_language_may_stand_before_or_after_the_command(run, place, language):
    arguments = ["--lang", language, "probe", "well"] if place == "before" else ["probe", "well", "--lang", language]
    assert run(*arguments).stdout == f"language {language}\n"


@pytest.mark.parametrize("arguments", [["--lang", "zh", "speaker"], ["speaker", "--lang", "zh"]])
def test_a_command_with_a_language_of_its_own_hears_either_place(run, arguments):
    result = run(*arguments)
    assert (result.stdout, result.stderr) == ("own zh\n", "file.unreadable: 无法读取 x：gone\n")


def test_the_environment_chooses_the_language_unless_told_otherwise(run, monkeypatch):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert run("probe", "well").stdout == "language zh\n"
    assert run("probe", "well", "--lang", "en").stdout == "language en\n"


def test_a_refusal_is_said_on_stderr_with_its_code_and_place(run):
    result = run("probe", "pointer")
    assert result.stdout == "language en\n"
    assert result.stderr.startswith("wire.bad_field: ")
    assert "(/entry/3)" in result.stderr


def test_a_fault_is_said_in_the_readers_language(run):
    assert run("--lang", "zh", "probe", "unreadable").stderr == "file.unreadable: 无法读取 x：gone\n"


def test_our_own_error_names_its_place_and_a_replay_line_but_quotes_nothing(run):
    result = run("probe", "ours")
    assert "ZeroDivisionError, cli_probe.py:" in result.stderr
    assert result.stderr.rstrip().endswith("yilian probe ours")
    assert "somebody" not in result.output


def test_an_unknown_command_is_answered_with_the_known_ones(run):
    result = run("--lang", "zh", "prove")
    assert result.exit_code == 2
    assert "没有名为“prove”的命令；可用：probe speaker" in result.stderr


def test_help_lists_the_commands_without_loading_them(run):
    sys.modules.pop("tests.unit.cli_probe", None)
    result = run("--help")
    assert "a probe" in result.stdout
    assert "tests.unit.cli_probe" not in sys.modules
    assert "探针" in run("--lang", "zh", "--help").stdout


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_of_the_table_exists_and_says_what_it_does(name):
    entry = cli.COMMANDS[name]
    module, _, attribute = entry.place.partition(":")
    assert isinstance(getattr(importlib.import_module(module), attribute), click.Command)
    assert entry.zh.strip()
    assert entry.en.strip()


def test_the_version_is_that_of_the_distribution():
    done = subprocess.run([sys.executable, "-m", "refimpl", "--version"], capture_output=True, text=True, check=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert done.stdout == f"yilian {project['version']}\n"
    assert project["scripts"] == {"yilian": "refimpl.cli:main"}
