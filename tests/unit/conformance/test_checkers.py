"""Each checker sees the breach it is for, and nothing in a history that keeps its law."""

import pytest
from attrs import evolve

from conformance.checkers import CHECKERS, classes, judge
from tests.unit.conformance.histories import PLAN, final, history, said

GOOD = history(
    *(final(node, 1, "a", transactions=("t1",)) for node in (0, 1, 2)),
    *(final(node, 2, "b", "a", tick=6, transactions=("t2",)) for node in (0, 1, 2)),
    statements=[said(0), said(0, "precommit"), said(0, round_=1, value="nil"), said(0, "propose")],
)


def broken(*args, **more):
    return classes(judge(history(*args, **more)))


def test_a_history_that_keeps_every_law_passes():
    assert judge(GOOD) == ()
    safety = {"INV-S1", "INV-S2", "INV-S3", "INV-S4", "INV-S5", "INV-S6", "INV-S7"}
    assert set(CHECKERS) == safety | {"INV-A1", "INV-A2", "INV-V1", "INV-V2"}


@pytest.mark.clause("INV-S1")
def test_two_blocks_at_one_height_break_agreement():
    assert "INV-S1" in broken(final(0), final(1, name="b"))


@pytest.mark.clause("INV-S2")
@pytest.mark.parametrize(
    "reports",
    [
        (final(0), final(0, life=1, name="b")),
        (final(0), final(0, 2, "b", "a"), final(0, life=1)),
        (final(0), final(0, 3, "c", "a")),
        (final(0, 2, "b"),),
    ],
)
def test_a_report_that_is_taken_back_changed_or_out_of_order_breaks_immutability(reports):
    assert "INV-S2" in broken(*reports)


@pytest.mark.clause("INV-S2")
def test_the_same_reports_after_a_crash_keep_immutability():
    again = history(final(0), final(0, 2, "b", "a"), final(0, life=1), final(0, 2, "b", "a", life=1))
    assert judge(again) == ()


@pytest.mark.clause("INV-S3")
@pytest.mark.parametrize("report", [(final(0, broken="DAT-094"),), (final(0), final(0, 2, "b", "z"))])
def test_an_invalid_block_breaks_validity(report):
    assert "INV-S3" in broken(*report)


@pytest.mark.clause("INV-S4")
def test_a_transaction_twice_or_out_of_nowhere_breaks_integrity():
    assert broken(final(0, transactions=("t1",)), final(0, 2, "b", "a", transactions=("t1",))) == ("INV-S4.1",)
    assert broken(final(0, transactions=("t1", "t1"))) == ("INV-S4.1",)
    assert broken(final(0, transactions=("forged",))) == ("INV-S4.2",)


@pytest.mark.clause("INV-S5")
def test_equal_blocks_with_unequal_results_break_determinism():
    assert broken(final(0), final(1, result="other")) == ("INV-S5",)


@pytest.mark.clause("INV-S6")
@pytest.mark.parametrize(
    "votes",
    [
        ((0, True), (1, True)),
        ((0, True), (0, True), (1, True)),
        ((0, True), (1, True), (2, False)),
        ((0, True), (1, True), (9, True)),
    ],
)
def test_a_certificate_without_a_quorum_of_distinct_members_breaks_its_law(votes):
    assert broken(final(0, votes=votes)) == ("INV-S6",)


@pytest.mark.clause("INV-S6")
def test_the_weight_counts_and_not_the_heads():
    heavy = evolve(PLAN, weights=(1, 1, 1, 9), faulty=())
    assert broken(final(0), plan=heavy) == ("INV-S6",)
    assert broken(final(0, votes=((0, True), (3, True))), plan=heavy) == ()


@pytest.mark.clause("INV-S7")
def test_a_contradiction_with_oneself_breaks_the_wire_law_also_across_a_restart():
    assert "INV-S7.1" in broken(statements=[said(0), said(0, value="b")])
    assert "INV-S7.1" in broken(statements=[said(0), said(0, value="nil", life=1)])


@pytest.mark.clause("INV-S7")
def test_a_prevote_for_what_the_rightful_proposer_never_proposed_breaks_the_wire_law():
    assert broken(statements=[said(1)]) == ("INV-S7.3",)
    assert broken(statements=[said(1, value="a", round_=3)]) == (), "the proposer of round 3 is a liar"


@pytest.mark.clause("INV-A2")
def test_a_proof_against_a_correct_node_breaks_the_law_against_framing():
    assert broken(evidence=((0, 1),)) == ("INV-A2",)
    assert broken(evidence=((0, 3),)) == ()


@pytest.mark.clause("INV-V1")
def test_who_is_undecided_at_the_end_is_a_deadlock_or_a_livelock():
    stuck = ((1, "height 1 round 0"),)
    assert broken(final(0), why="quiet", stuck=stuck) == ("INV-V1.deadlock", "INV-V4")
    assert broken(final(0), why="bound", stuck=stuck) == ("INV-V1.livelock", "INV-V4")
    assert broken(final(0), why="done") == ()
