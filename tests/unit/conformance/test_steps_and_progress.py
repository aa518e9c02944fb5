"""What a node may sign, when it may leave, and what must come about: each law sees its breach and nothing else."""

import pytest
from attrs import evolve

from conformance.checkers import classes, judge, sometimes
from conformance.history import Delivery
from tests.unit.conformance.histories import PLAN, final, history, said


def heard(node, src, kind="prevote", value="a", round_=0, tick=0, **more):
    return Delivery(tick, src, node, kind, 1, round_, value, False, **more)


PROPOSED = heard(0, 1, "propose")
POLKA = (heard(0, 1), heard(0, 2))
WORDS = (said(0), said(0, "precommit"))


def broken(*deliveries, statements=WORDS):
    made = history(final(0), final(1), final(2), statements=list(statements))
    return [one for one in classes(judge(evolve(made, deliveries=tuple(deliveries)))) if one.startswith("INV-S7.2")]


@pytest.mark.clause("INV-S7")
def test_a_vote_is_for_what_was_proposed_and_a_commit_for_what_a_quorum_voted_for():
    assert broken(PROPOSED, *POLKA) == []
    assert broken(*POLKA) == ["INV-S7.2"]
    assert broken(PROPOSED, POLKA[0]) == ["INV-S7.2"]
    assert broken(PROPOSED, POLKA[0], POLKA[0]._replace(tick=1)) == ["INV-S7.2"], "a voice counts once"
    assert broken(PROPOSED, POLKA[0], POLKA[1]._replace(genuine=False)) == ["INV-S7.2"]
    assert broken(PROPOSED, POLKA[0], POLKA[1]._replace(tick=2)) == ["INV-S7.2"], "what is heard later proves nothing"


@pytest.mark.clause("INV-S7")
def test_who_voted_to_commit_votes_for_another_value_on_proof_since_then_only():
    other = (*WORDS, said(0, value="b", round_=2))
    proposed = (PROPOSED, *POLKA, heard(0, 2, "propose", "b", 2))
    proof = (heard(0, 1, value="b", round_=1), heard(0, 2, value="b", round_=1), heard(0, 3, value="b", round_=1))
    assert broken(*proposed, statements=other) == ["INV-S7.2"]
    assert broken(*proposed, *proof, statements=other) == []
    assert broken(*proposed, *proof[:2], statements=other) == ["INV-S7.2"]


@pytest.mark.clause("INV-S7")
def test_a_statement_that_left_before_its_record_breaks_the_law_of_records():
    assert "INV-S7.4" in classes(judge(history(final(0), statements=[said(0)._replace(recorded=False)])))
    assert "INV-S7.4" not in classes(judge(history(final(0), statements=[said(0, "sync")._replace(recorded=False)])))


@pytest.mark.clause("INV-V2")
def test_what_clients_handed_in_is_decided_by_the_first_later_block_of_a_correct_node():
    kept = evolve(history(final(0), final(0, 2, "b", "a", transactions=("t1",))), handed_in=frozenset({"t1"}))
    censored = evolve(history(final(0), final(0, 2, "b", "a")), handed_in=frozenset({"t1"}))
    assert classes(judge(kept)) == ()
    assert classes(judge(censored)) == ("INV-V2",)
    by_a_liar = evolve(censored, plan=evolve(PLAN, faulty=(0,)))
    assert "INV-V2" not in classes(judge(by_a_liar))


@pytest.mark.clause("INV-V4")
def test_who_stays_behind_what_others_decided_was_not_brought_up():
    late = evolve(history(final(0), final(1)), why="bound", stuck=((2, "height 1"),))
    assert classes(judge(late)) == ("INV-V1.livelock", "INV-V4")


@pytest.mark.clause("INV-V3")
@pytest.mark.parametrize(("since", "apart"), [(60, True), (70, False)])
def test_nodes_that_never_stand_long_enough_in_one_round_are_not_synchronised(since, apart):
    words = [said(node, round_=1)._replace(tick=60) for node in (0, 1, 2)]
    words += [said(node, round_=2)._replace(tick=since) for node in (0, 1)]
    stuck = tuple((node, "") for node in (0, 1, 2))
    made = evolve(history(statements=words), why="bound", stuck=stuck, ended=100)
    assert ("INV-V3" in classes(judge(made))) == apart


@pytest.mark.clause("INV-V5")
def test_what_a_suite_should_see_is_seen_in_runs_that_show_it_and_in_no_other():
    quiet = history(final(0), final(1), final(2))
    assert sometimes.events(quiet) == ()
    two = history(final(0, transactions=("t1", "t2")))
    later = history(final(0)._replace(round=1))
    freed = history(final(0), statements=[*WORDS, said(0, value="b", round_=1)])
    lied = evolve(quiet, deliveries=(heard(0, 3), heard(1, 3, value="b")))
    behind = history(final(0), final(0, 2, "b", "a", tick=6), final(1, tick=9))
    seen = [sometimes.events(one) for one in (two, later, freed, lied, behind)]
    assert seen == [(name,) for name in sometimes.EVENTS]


@pytest.mark.clause("INV-V5")
def test_an_engine_is_asked_for_what_it_can_show():
    contract = history().contract
    assert sometimes.demanded(contract) == tuple(sometimes.EVENTS)
    one_vote = evolve(contract, phases=("propose", "vote"), commits="vote")
    assert "lock-released" not in sometimes.demanded(one_vote)
    assert "equivocation" not in sometimes.demanded(evolve(contract, faults="crash"))
