"""What the kit says of a node: both languages alike, every sentence used, and no English left in a Chinese report."""

import json
import re

import pytest

from conformance.history import Violation
from conformance.report.story import report
from conformance.sentences import SENTENCES, say
from conformance.targets import Target
from conformance.zoo import ZOO, load
from refimpl.shell.messages import placeholders
from tests.house.tree import ROOT

load()
PROSE = re.compile(r"[A-Za-z]+ (?:[a-z]+ )+[a-z]+")
"""Three words of English or more, one after the other."""
OWN_WORDS = re.compile("“.*?”")
"""What a node says of itself is quoted."""
FAMILIES = ("kind.", "stopped.", "ended.", "opaque.")
"""How keys begin that are put together from a name."""


def test_both_languages_say_the_same_with_the_same_values():
    for key, said in SENTENCES.items():
        assert set(said) == {"zh", "en"}, key
        assert placeholders(said["zh"]) == placeholders(said["en"]), key
        assert not PROSE.search(said["zh"]), key


def test_every_sentence_is_said_somewhere():
    files = [path for folder in ("conformance", "refimpl") for path in (ROOT / folder).rglob("*.py")]
    sources = "\n".join(path.read_text() for path in files)
    assert [key for key in SENTENCES if not key.startswith(FAMILIES) and sources.count(f'"{key}"') < 2] == []


@pytest.mark.parametrize("name", ["P01", "T13", "H07", "L08", "T12", "D12"])
def test_a_chinese_report_of_a_planted_bug_has_no_english_sentence_of_what_was_expected_or_came(name):
    plan, target = ZOO[name].witness, Target(name)
    history = target.play(plan, watched=True)
    broken = target.judge(history)
    assert broken
    told = [row for row in report(plan, history, broken, "zh", "-") if re.match(r"\s+(应为|实为)", row)]
    assert len(told) >= 2
    assert [row for row in told if PROSE.search(OWN_WORDS.sub("", row))] == []


def test_a_sentence_is_kept_as_its_key_and_values_beside_its_english():
    came = say("certificate.voters", voters="[0]", weight=1)
    found = Violation("INV-S6", 3, (1,), say("certificate.weight", twice=8), came)
    data = json.loads(json.dumps(found.to_data()))
    assert data["expected"] == "distinct voters of weight above 8/3"
    assert data["said"]["expected"] == {"key": "certificate.weight", "values": {"twice": 8}}
    assert found.expected.in_words("zh") != found.expected.in_words("en") == data["expected"]
