"""Reports: every atom has a sentence, in two languages, and a table shows who heard what."""

import string

import pytest
from hypothesis import given, settings

from conformance.adversary.strategies import plans
from conformance.checkers import judge
from conformance.plan import Plan
from conformance.report.story import mermaid, report, sentences
from conformance.report.words import WORDS
from conformance.targets import Target
from conformance.zoo import ZOO, load
from tests.engines import TENDERMINT

load()


def placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same_with_the_same_values():
    for key, said in WORDS.items():
        assert set(said) == {"zh", "en"}, key
        assert placeholders(said["zh"]) == placeholders(said["en"]), key


@settings(max_examples=40)
@given(plans(TENDERMINT))
def test_every_plan_can_be_told(plan):
    for language in ("zh", "en"):
        told = sentences(plan, language)
        settings_told = len([mood for mood in plan.after.values() if mood == "silent"]) + (plan.delta > 1)
        assert len(told) == max(1, len(plan.atoms) + settings_told)
        assert all("{" not in line for line in told)


@pytest.mark.parametrize("name", [name for name, entry in ZOO.items() if entry.witness])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_counterexample_names_the_law_the_plan_and_how_to_replay_it(name, language):
    plan = ZOO[name].witness
    target = Target(name)
    history = target.play(plan, watched=True)
    rows = report(plan, history, judge(history), language, "yilian replay found.json")
    assert rows[0].split()[0] in {violation.clause for violation in judge(history)}
    assert rows[-1].endswith("yilian replay found.json")
    assert len([row for row in rows if "final" in row or "已定" in row]) >= (0 if "V1" in rows[0] else 1)


def test_a_diagram_crosses_what_no_honest_copy_would_send():
    history = Target("P01").play(ZOO["P01"].witness, watched=True)
    text = mermaid(history)
    assert text.startswith("sequenceDiagram\n")
    assert "N0-xN3: propose" in text
    assert "N0->>N1: propose" in text


def test_the_empty_plan_is_the_happy_path():
    assert sentences(Plan(engine="tendermint"), "en") == ["no fault: the happy path"]
