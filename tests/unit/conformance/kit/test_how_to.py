"""Every command of the how-tos is run, in its order, in an empty folder; both languages show the same ones."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT

PAGES = ("validate-your-node", "see-who-saw")
EXIT = re.compile(r"\s+# exit (\d+)$")


def commands(name):
    page = (ROOT / "docs" / "how-to" / f"{name}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


@pytest.mark.parametrize("page", PAGES)
def test_both_languages_show_the_same_commands(page):
    english, chinese = commands(page), commands(f"{page}.zh")
    assert english == chinese
    assert len(english) > 12


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
        done = subprocess.run(["/bin/sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True,
                              check=False)  # fmt: skip
        assert done.returncode == (int(expected[1]) if expected else 0), (command, done.stdout, done.stderr)
    if page == "validate-your-node":
        assert (tmp_path / "mine" / "report.html").stat().st_size > 5000
