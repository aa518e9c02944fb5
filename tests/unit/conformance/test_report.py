"""Reports: every atom has a sentence, in two languages, and a table shows who heard what."""

import re
import string
from statistics import median
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from conformance.adversary.strategies import plans
from conformance.checkers import judge
from conformance.plan import Plan
from conformance.report.cone import focused
from conformance.report.missing import REASONS, lasso, missing
from conformance.report.story import about, mermaid, report, sentences, table
from conformance.report.svg import svg
from conformance.report.words import WORDS
from conformance.targets import Target
from conformance.testing import BrokenPromise, assert_holds
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
    stuck = any(violation.clause.startswith("INV-V1") for violation in judge(history))
    nothing_heard = stuck or plan.lottery  # no liveness, or a fork of blocks that nobody heard of
    assert nothing_heard or [row for row in rows if "final" in row or "已定" in row]


def test_a_diagram_crosses_what_no_honest_copy_would_send():
    history = Target("P01").play(ZOO["P01"].witness, watched=True)
    text = mermaid(history, "en")
    assert text.startswith("sequenceDiagram\n")
    assert "N0-xN3: propose" in text
    assert "N0->>N1: propose" in text


def test_the_empty_plan_is_the_happy_path():
    assert sentences(Plan(engine="tendermint"), "en") == ["no fault: the happy path"]


def undecided(name):
    history = Target(name).play(ZOO[name].witness, watched=True)
    return history, {(row.node, row.round, row.kind): row for row in missing(history)}


@pytest.mark.clause("INV-V1")
def test_a_stuck_node_is_told_which_quorum_it_lacks_and_why_each_voter_is_absent():
    _, rows = undecided("T13")
    prevotes = rows[3, 1, "prevote"]
    assert (prevotes.needed, prevotes.heard) == (3, (("nil", (3,)),))
    assert [(one.node, one.why, one.where) for one in prevotes.absent] == [
        (0, "faulty-silent", ""), (1, "not-in-round", "1/0"), (2, "not-in-round", "1/0")]  # fmt: skip
    assert [(one.node, one.why) for one in rows[3, 0, "prevote"].absent] == [(3, "nil-vote")]
    assert {one.why for row in rows.values() for one in row.absent} <= set(REASONS)


@pytest.mark.clause("INV-V1")
def test_a_run_that_turns_in_a_circle_is_told_so_and_one_that_ends_is_not():
    history, _ = undecided("H05")
    start, length = lasso(history)
    assert length == 4
    assert start < 12
    assert lasso(undecided("T13")[0]) is None


def test_both_certificates_of_a_fork_are_shown():
    plan, target = ZOO["P01"].witness, Target("P01")
    history = target.play(plan, watched=True)
    broken = tuple(one for one in target.judge(history) if one.clause == "INV-S1")
    rows = [row for row in report(plan, history, broken, "en", "-") if " shows for " in row]
    assert [row.rpartition(": ")[2] for row in rows] == ["1 2", "0* 3"]


def test_the_line_to_paste_tells_its_failure_in_the_language_of_the_report():
    plan, target = ZOO["P01"].witness, Target("P01")
    history = target.play(plan, watched=True)
    rows = report(plan, history, target.judge(history), "zh", "-")
    line = next(row.split(maxsplit=1)[1] for row in rows if "assert_holds" in row)
    with pytest.raises(BrokenPromise) as broken:
        exec(line, {"assert_holds": lambda clause, data, **more: assert_holds(clause, data, "P01", **more)})
    assert "应为" in str(broken.value)
    assert "expected" not in str(broken.value)


@pytest.mark.parametrize("name", ["P01", "T13", "S01"])
def test_the_line_to_paste_is_a_test_that_fails_on_the_bug_and_holds_on_the_reference(name):
    plan, target = ZOO[name].witness, Target(name)
    history = target.play(plan, watched=True)
    rows = report(plan, history, target.judge(history), "en", "-")
    line = next(row.split(maxsplit=1)[1] for row in rows if "assert_holds" in row and "INV-S6" not in row)
    exec(line, {"assert_holds": assert_holds})  # the line is what is under test
    with pytest.raises(BrokenPromise):
        exec(line, {"assert_holds": lambda clause, data: assert_holds(clause, data, name)})


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_picture_is_well_formed_and_marks_what_no_honest_copy_would_send(language):
    history = Target("P01").play(ZOO["P01"].witness, watched=True)
    text = svg(history, language)
    root = ElementTree.fromstring(text)
    arrows = [one for one in root.iter() if one.tag.endswith("line") and one.get("marker-end")]
    kinds = history.contract.phases
    assert len(arrows) == len([one for one in history.deliveries if one.kind in kinds])
    dashed = [one for one in arrows if one.get("stroke-dasharray")]
    assert len(dashed) == len([one for one in history.deliveries if one.forged])
    assert not re.search(r"NaN|None", text)


def test_story_and_table_of_half_the_witnesses_are_at_most_twelve_lines():
    lengths = []
    for name, entry in ZOO.items():
        if entry.witness is not None:
            history = Target(name).play(entry.witness, watched=True)
            broken = tuple(one for one in Target(name).judge(history) if one.clause in entry.breaks)[:1]
            lengths.append(len(sentences(entry.witness, "en")) + len(table(history, "en", about(broken))))
    assert median(lengths) <= 12


def test_what_came_too_late_to_matter_is_left_out():
    history = Target("P01").play(ZOO["P01"].witness, watched=True)
    broken = tuple(one for one in judge(history) if one.clause == "INV-S1")
    near = focused(history, broken)
    assert 0 < len(near.deliveries) < len(history.deliveries)
    assert max(one.tick for one in near.deliveries) <= broken[0].tick
    decided = [one for one in history.decisions if one.node in broken[0].nodes and one.tick <= broken[0].tick]
    voters = {(one.node, voter) for one in decided for voter, _ in one.votes if voter != one.node}
    heard = {(one.dst, one.src) for one in near.deliveries if one.kind == "precommit"}
    assert voters <= heard
    assert focused(history, ()) is history
