"""`yilian new node`: a page of code in each language, green at smoke; `yilian vectors`: exported and checked."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.commands.new import LANGUAGES, TEMPLATES
from refimpl.cli import main

TOOLS = {"go": "go", "java": "javac", "js": "node", "python": "python3", "rust": "rustc"}
LINES = 40


def call(*arguments):
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_template_has_at_most_forty_lines_that_are_not_blank(language):
    text = (TEMPLATES / language / LANGUAGES[language].file).read_text(encoding="utf-8")
    written = [line for line in text.splitlines() if line.strip()]
    assert len(written) <= LINES


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_from_an_empty_folder_to_green(language, tmp_path, monkeypatch):
    if shutil.which(TOOLS[language]) is None:
        pytest.skip(f"{TOOLS[language]} is not on this machine")
    monkeypatch.chdir(tmp_path)
    made = call("new", "node", language, "mine")
    assert made.exit_code == 0, made.output
    monkeypatch.chdir(tmp_path / "mine")
    template = LANGUAGES[language]
    subprocess.run(template.build.split(), check=True, capture_output=True)
    done = call("conform", "--cmd", template.command, "--workers", "1", "--json")
    data = json.loads(done.stdout)
    assert (done.exit_code, data["claim"]["level"], data["claim"]["holds"]) == (0, "smoke", True)
    assert "@" not in Path("README.md").read_text(encoding="utf-8").replace("@v", "")


def test_what_is_there_is_not_overwritten(tmp_path):
    (tmp_path / "README.md").write_text("mine")
    done = call("new", "node", "js", str(tmp_path))
    assert done.exit_code == 3
    assert "nothing was changed" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md"]


def test_vectors_go_out_whole_and_a_changed_byte_is_found(tmp_path):
    folder = tmp_path / "out"
    assert call("vectors", "export", str(folder)).exit_code == 0
    assert call("vectors", "check", str(folder)).exit_code == 0
    assert subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=False).returncode == 0
    assert call("vectors", "export", str(folder)).exit_code == 2
    spoilt = folder / "v1" / "hash" / "digests.jsonl"
    spoilt.write_text(spoilt.read_text().replace("616263", "616264"))
    (folder / "errors.toml").unlink()
    done = call("vectors", "check", str(folder))
    assert done.exit_code == 3
    assert "v1/hash/digests.jsonl" in done.stdout
    assert "errors.toml: missing" in done.stdout
    assert call("vectors", "check", str(tmp_path)).exit_code == 2
