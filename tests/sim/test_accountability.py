"""More liars than the law bears: agreement may fall, and then what correct nodes heard names enough of the liars."""

import pytest
from attrs import evolve

from conformance.checkers import accountability, classes, judge
from conformance.drivers.explore import Campaign
from conformance.targets import Target

FORKS = 25


def forks():
    """Runs of Tendermint with two liars of four in which two correct nodes decided different blocks."""
    campaign = Campaign("tendermint", 11, 3000, liars=2, heights=1, profile="macro", tier="accountability")
    found = []
    for number in range(campaign.runs):
        history = Target().play(campaign.plan(number))
        if accountability.forked_height(history) is not None:
            found.append(history)
        if len(found) == FORKS:
            break
    return found


@pytest.fixture(scope="module")
def forked():
    return forks()


@pytest.mark.clause("INV-A1", "INV-A2")
def test_every_fork_convicts_more_than_a_third_and_nobody_correct(forked):
    assert len(forked) == FORKS
    for history in forked:
        assert judge(history) == ()
        assert accountability.convicted(history, 1) == set(history.plan.faulty)


@pytest.mark.clause("INV-A1")
def test_a_record_that_lost_what_the_liars_said_convicts_too_few_and_is_told_so(forked):
    lost = evolve(forked[0], deliveries=tuple(d for d in forked[0].deliveries if d.src not in forked[0].plan.faulty))
    assert "INV-A1" in classes(judge(lost))


@pytest.mark.clause("INV-A2")
def test_a_record_that_blames_a_correct_node_is_told_so(forked):
    history = forked[0]
    correct = history.plan.correct[0]
    voted = next(one for one in history.statements if one.node == correct and one.kind == "prevote")
    forged = (voted, evolve_value(voted, "forged"))
    assert "INV-A2" in classes(judge(evolve(history, statements=(*history.statements, *forged))))


def evolve_value(statement, value):
    return statement._replace(value=value)


@pytest.mark.clause("INV-A2")
def test_an_excused_change_of_mind_is_no_amnesia(forked):
    """A correct node that unlocks on a proof convicts nobody: the record holds the polka that excuses it."""
    campaign = Campaign("tendermint", 5, 600, heights=1, tier="accountability")
    for number in range(campaign.runs):
        history = Target().play(campaign.plan(number))
        assert not accountability.convicted(history, 1) - set(history.plan.faulty)
