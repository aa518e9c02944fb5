"""Every command of the how-tos is run, in its order, in an empty folder; both languages show the same ones."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.house.tree import ROOT
from tests.serving import hear_interrupts

PAGES = ("validate-your-node", "see-who-saw", "serve")
EXIT = re.compile(r"\s+# exit (\d+)$")


def commands(name):
    page = (ROOT / "docs" / "how-to" / f"{name}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def serve_and_stop(command, folder, environment):
    """Start what a person ends by Ctrl-C, on any free port; once it answers, end it so."""
    words = shlex.split(command, comments=True)
    words[words.index("--port") + 1] = "0"
    heard = {"stderr": subprocess.PIPE, "text": True, "preexec_fn": hear_interrupts}
    with subprocess.Popen(words, cwd=folder, env=environment, **heard) as process:
        try:
            address = re.search(r"http://\S+/", process.stderr.readline())[0]
            with urllib.request.urlopen(f"{address}v1/health") as answer:
                assert json.load(answer)["status"] == "ok"
        finally:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0


@pytest.mark.parametrize("page", PAGES)
def test_both_languages_show_the_same_commands(page):
    english, chinese = commands(page), commands(f"{page}.zh")
    assert english == chinese
    assert len(english) > 9


@pytest.mark.parametrize("page", PAGES)
def test_every_command_does_what_the_page_says(tmp_path, page):
    bin_folder = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    folder = tmp_path
    for line in commands(page):
        expected = EXIT.search(line)
        command = EXIT.sub("", line)
        if command.startswith("cd "):
            folder = folder / command[3:]
            continue
        if command.startswith("pip "):
            continue  # what the tests run in has it
        if command.endswith("# Ctrl-C"):
            serve_and_stop(command, folder, environment)
            continue
        done = subprocess.run(["/bin/sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True,
                              check=False)  # fmt: skip
        assert done.returncode == (int(expected[1]) if expected else 0), (command, done.stdout, done.stderr)
    if page == "validate-your-node":
        assert (tmp_path / "mine" / "report.html").stat().st_size > 5000
