"""Documents stay short, their links lead somewhere, and what they show exists.

Why: a document that lies is worse than none. Prose cannot be tested; its links, its commands and its quotations can.
"""

import re

import pytest

from refimpl.cli import COMMANDS
from tests.house.tree import ROOT, files, shown, text

DOCUMENTS = [path for path in files() if path.suffix == ".md"]
LONGEST = {"README.md": 150, "ARCHITECTURE.md": 200, "CONTRIBUTING.md": 150}
ADR_PARTS = ["Context", "Options", "Decision", "Consequences"]
FRAGMENT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.(added|changed|fixed|removed|security)\.md")


@pytest.mark.parametrize("name", LONGEST)
def test_what_everybody_reads_is_short(name):
    assert len(text(ROOT / name).splitlines()) <= LONGEST[name]


def test_every_link_leads_to_a_file():
    dead = [
        f"{shown(path)}: {target}"
        for path in DOCUMENTS
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)[^)]*\)", text(path))
        if not (path.parent / target).exists()
    ]
    assert not dead


def test_every_command_that_is_shown_exists():
    """In commands between backticks and in code blocks, `yilian NAME` names a command of the table."""
    shown_commands = {
        (shown(path), name)
        for path in DOCUMENTS
        for name in re.findall(r"(?:^|`|\$ |/)yilian ((?!--)[a-z]+)", text(path), re.MULTILINE)
    }
    assert {(path, name) for path, name in shown_commands if name not in COMMANDS} == set()


def test_every_quotation_of_a_contract_stands_in_the_library():
    programs = [path for path in files() if path.suffix == ".yl" and path.parent.name != "bad"]
    library = "".join(" ".join(text(path).split()) for path in programs)
    invented = [
        f"{shown(path)}: {block.strip().splitlines()[0]}"
        for path in DOCUMENTS
        for block in re.findall(r"```yl\n(.*?)```", text(path), re.DOTALL)
        if " ".join(block.split()) not in library
    ]
    assert not invented


def test_every_decision_is_numbered_without_gap_and_says_why():
    records = sorted((ROOT / "docs/adr").glob("*.md"))
    assert [path.name[:4] for path in records] == [f"{n:04}" for n in range(1, len(records) + 1)]
    for path in records:
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name)
        assert re.findall(r"^## (.*)$", text(path), re.MULTILINE) == ADR_PARTS, path.name
        assert re.search(r"^Status: (accepted|superseded by ADR \d{4})\.$", text(path), re.MULTILINE), path.name


FRAGMENTS = [path for path in files() if path.parent == ROOT / "changelog.d" and path.name != "README.md"]


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.name)
def test_every_fragment_of_the_changelog_says_the_same_in_both_languages(path):
    assert FRAGMENT.fullmatch(path.name)
    english, chinese = text(path).strip().split("\n\n")
    assert re.fullmatch(r"en: [^\u4e00-\u9fff]+\.", english, re.DOTALL)
    assert re.fullmatch(r"zh: .*[\u4e00-\u9fff].*。", chinese, re.DOTALL)
    assert re.findall("`[^`]+`", english) == re.findall("`[^`]+`", chinese)
    assert "additionally" not in english.lower()


def test_every_known_violation_of_a_size_is_explained():
    """A place in the ratchet is named, by its file, in the catalogue of CONTRIBUTING.md."""
    catalogue = text(ROOT / "CONTRIBUTING.md").partition("## Known violations")[2]
    places = re.findall(r'^"([^":]+)', text(ROOT / "tests/house/ratchet.toml"), re.MULTILINE)
    assert [place for place in places if place not in catalogue] == []
