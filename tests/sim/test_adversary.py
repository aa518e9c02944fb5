"""The law under fire: drawn plans with up to a third of the nodes lying never break an invariant; beyond it they do."""

import pytest
from hypothesis import example, given, settings, target
from hypothesis import strategies as st

from conformance.adversary.strategies import plans
from conformance.checkers import classes, judge
from conformance.drivers.explore import Campaign, play_range, shrink_found
from conformance.plan import Late, Plan
from conformance.shrink import shrink
from conformance.targets import Target, contract
from conformance.zoo import ZOO, load
from tests.engines import TENDERMINT

load()
BFT = ("tendermint", "pbft", "hotstuff", "streamlet")
LAWS = ("INV-S1", "INV-S2", "INV-S3", "INV-S4", "INV-S5", "INV-S6", "INV-S7", "INV-A2", "INV-V1")


def explain(plan: Plan) -> str:
    """The smallest plan that breaks the same law, as a test prints it."""
    clause = classes(Target().violations(plan))[0]
    small = shrink(plan, lambda candidate: Target().breaks(candidate, clause), contract(plan.engine)).plan
    return f"{clause} is broken by: {small.encode().decode()}"


@pytest.mark.clause(*LAWS)
@settings(max_examples=250)
@example(ZOO["T03"].witness)
@example(ZOO["T07"].witness)
@example(ZOO["T13"].witness)
@given(plans(TENDERMINT))
def test_no_plan_within_the_model_breaks_a_law_of_tendermint(plan):
    keeps_every_law(plan)


def keeps_every_law(plan):
    """Play and judge; what is rare and near a fault draws the search on."""
    history = Target().play(plan)
    last = max((one.tick for one in history.decisions), default=0)
    target(float(max((one.round for one in history.statements), default=0)), label="highest round")
    target(float(history.ended - last), label="ticks since the last decision")
    kinds = history.contract.phases[1:]
    voted = {(one.height, one.round, one.value) for one in history.statements if one.kind in kinds}
    target(float(len(voted)), label="values that got a vote")
    assert not Target().judge(history), explain(plan)


@pytest.mark.clause(*LAWS)
@pytest.mark.parametrize("engine", ["pbft", "hotstuff", "streamlet", "raft", "nakamoto", "stake", "authority"])
@settings(max_examples=40)
@given(data=st.data())
def test_no_plan_within_the_model_breaks_a_law_of_another_engine(engine, data):
    keeps_every_law(data.draw(plans(contract(engine), most=16)))


@pytest.mark.clause(*LAWS)
@pytest.mark.parametrize("profile", ["macro", "heard-of", "sparse"])
def test_no_drawn_plan_of_any_profile_breaks_a_law(profile):
    tally = play_range(Campaign("tendermint", 20_261_122, 700, heights=3, profile=profile), 0, 700)
    assert not tally.found, explain(tally.found[0].plan)
    assert tally.triggered["late"] > 50
    assert tally.triggered["byz"] > 50


@pytest.mark.parametrize("engine", BFT)
@pytest.mark.parametrize(("n", "runs"), [(5, 30), (6, 30), (7, 30), (10, 6)])
def test_the_arithmetic_of_other_sizes_holds(engine, n, runs):
    tally = play_range(Campaign(engine, 7, runs, nodes=n, heights=1), 0, runs)
    assert not tally.found, explain(tally.found[0].plan)


@pytest.mark.clause("CON-002", "INV-S6")
@pytest.mark.parametrize("engine", BFT)
@pytest.mark.parametrize("weights", [(1, 1, 1, 3), (2**62, 2**62, 2**62, 2**62 - 1)])
def test_it_is_weight_that_counts_and_not_heads(engine, weights):
    campaign = Campaign(engine, 11, 40, heights=1, weights=weights)
    tally = play_range(campaign, 0, 40)
    assert not tally.found, explain(tally.found[0].plan)
    assert any(campaign.plan(number).faulty for number in range(40))
    assert all(3 * sum(weights[i] for i in campaign.plan(number).faulty) < sum(weights) for number in range(40))


@pytest.mark.clause("INV-S1")
def test_two_liars_of_four_fork_and_the_fork_shrinks_to_a_few_sentences():
    campaign = Campaign("tendermint", 0, 4000, liars=2, heights=1, profile="macro")
    for first in range(0, campaign.runs, 250):
        forks = [found for found in play_range(campaign, first, 250).found if "INV-S1" in found.classes]
        if forks:
            break
    shrunk = shrink_found(campaign, forks[0], "INV-S1", 2000)
    assert shrunk.plan.size <= 5


@pytest.mark.clause("INV-S1", "INV-V1")
def test_three_nodes_bear_no_liar_at_all():
    broken = set()
    for first in range(0, 1500, 250):
        for found in play_range(Campaign("tendermint", 3, 1500, nodes=3, liars=1, heights=1), first, 250).found:
            broken.update(found.classes)
        if broken:
            break
    assert broken, "n = 3f must fail, or the suite is too weak"


def test_a_plan_number_is_the_same_plan_in_every_stretch_of_a_campaign():
    campaign = Campaign("tendermint", 1, 100)
    whole = play_range(campaign, 0, 60)
    parts = play_range(campaign, 40, 20).plus(play_range(campaign, 0, 40))
    assert whole == parts


def test_late_messages_before_gst_cannot_stop_anybody_for_ever():
    atoms = tuple(Late(r=r, ph=ph, src=s, dst=d) for r in range(3) for ph in ("propose", "prevote", "precommit")
                  for s in range(4) for d in range(4) if s != d)  # fmt: skip
    plan = Plan(engine="tendermint", heights=2, atoms=atoms)
    history = Target().play(plan)
    assert history.why == "done"
    assert not judge(history)
