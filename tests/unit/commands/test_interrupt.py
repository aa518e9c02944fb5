"""Ctrl-C and SIGTERM in the middle of a command: the documented status, no traceback, nothing left behind.

The middle is known without a clock: a terminal of our own watches the progress that a command shows, and the signal
is sent when it first moves. Ctrl-C reaches every process of a command, SIGTERM the first alone.
"""

import json
import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress
from tempfile import TemporaryFile

import pytest

from tests.serving import hear_interrupts
from tests.unit.commands.test_run import everything


def interrupted(folder, *arguments, sign="", by=signal.SIGINT):
    """Run the command below a terminal, interrupt it once it shows `sign`; (status, stdout, what the terminal saw)."""
    watching, terminal = pty.openpty()
    environment = {**os.environ, "LC_ALL": "zh_CN.UTF-8", "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "refimpl", *(str(argument) for argument in arguments)]
    more = {"stderr": terminal, "start_new_session": True, "preexec_fn": hear_interrupts}
    # A file takes all that is said; a pipe that nobody empties while the terminal is read would stop the command.
    with TemporaryFile() as out, subprocess.Popen(command, cwd=folder, env=environment, stdout=out, **more) as process:
        os.close(terminal)
        try:
            seen = read_until(watching, sign)
            if by is signal.SIGINT:
                os.killpg(process.pid, by)  # as a terminal does: to every process of the command
            else:
                os.kill(process.pid, by)
            seen += read_until(watching, None)
            process.wait()
            out.seek(0)
            stdout = out.read()
        finally:  # a test that is stopped leaves no process behind
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    os.close(watching)
    return process.returncode, stdout, seen.decode()


def read_until(watching, sign):
    """What the terminal shows until `sign` was among it, at least once; to its end if there is none to wait for."""
    seen = b""
    with suppress(OSError):  # the other end closes with the process
        while more := os.read(watching, 4096):
            seen += more
            if sign is not None and sign.encode() in seen:
                break
    return seen


@pytest.fixture
def folder(tmp_path):
    """Where the command is called, with something in it that must stay."""
    (tmp_path / "mine").write_text("kept")
    return tmp_path


BOTH = pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])


@BOTH
def test_an_interrupted_run_leaves_nothing(folder, by):
    before = everything(folder)
    status, stdout, seen = interrupted(folder, "run", "--out", folder / "new" / "out", by=by)
    assert (status, stdout) == (130, b""), seen
    assert "referral: " in seen, "it was not in the middle"
    assert "已中断；未写完的文件已清除" in seen
    assert "Traceback" not in seen
    assert everything(folder) == before


def test_an_interrupted_run_leaves_the_results_of_an_earlier_one(yilian, folder):
    assert yilian("run", "--out", folder).exit_code == 0
    before = everything(folder)
    status, _, _ = interrupted(folder, "run", "--seed", "5", "--out", folder)
    assert status == 130
    assert everything(folder) == before


@pytest.mark.parametrize("command", ["verify", "replay"])
def test_an_interrupted_reading_changes_nothing(results, folder, command):
    file = results / "referral" / {"verify": "ledger.sqlite", "replay": "replay.json"}[command]
    before = everything(results)
    status, stdout, seen = interrupted(folder, command, file)
    assert (status, stdout) == (130, b""), seen
    assert "已中断" in seen
    assert "Traceback" not in seen
    assert everything(results) == before


@BOTH
def test_an_interrupted_exploration_says_how_far_it_came_and_leaves_nothing(folder, by):
    before = everything(folder)
    many = ("--json", "--runs", "20000", "--workers", "2")  # an end, should the interrupt not be heard
    status, stdout, seen = interrupted(folder, "explore", *many, "--out", folder / "out", sign=" found", by=by)
    assert status == 130, seen
    assert "Traceback" not in seen
    assert json.loads(stdout)["complete"] is False
    assert everything(folder) == before


@BOTH
@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupted_examination_reports_what_it_found_and_can_be_gone_on_with(folder, by, workers):
    node = f"{sys.executable} -m refimpl node"
    asked = ("--cmd", node, "--level", "L2", "--workers", workers, "--out", folder / "out", "--json")
    status, stdout, seen = interrupted(folder, "conform", *asked, sign="PASS", by=by)
    assert status == 130, seen
    assert "Traceback" not in seen
    data = json.loads(stdout)
    assert data == json.loads((folder / "out" / "last.json").read_text(encoding="utf-8"))
    verdicts = {test["verdict"] for test in data["tests"]}
    assert verdicts == {"PASS", "INCONCLUSIVE"}
    assert {test["reason"] for test in data["tests"] if test["verdict"] == "INCONCLUSIVE"} == {
        "the run was interrupted before it"
    }
    assert data["claim"]["holds"] is False


@BOTH
def test_an_interrupted_matrix_leaves_no_process_and_no_half_of_a_file(folder, by):
    before = everything(folder)
    page = folder / "page.md"
    asked = ("--only", "P01", "--only", "T03", "--markdown", page, "--workers", "2", "--budget", "200")
    status, stdout, seen = interrupted(folder, "matrix", *asked, sign="P01", by=by)
    assert (status, stdout) == (130, b""), seen
    assert "Traceback" not in seen
    assert everything(folder) == before
