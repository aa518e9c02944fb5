"""Members join, leave, weigh something else and change keys while others crash, are cut off or lie: no law breaks."""

from random import Random

import pytest

from conformance.adversary.renewal import draw_renewal, is_sound
from conformance.checkers import classes
from conformance.plan import Change, Plan, PlanError
from conformance.targets import Target, contract
from conformance.trace import trace_digest
from conformance.zoo import ZOO, load

ENGINES = ("tendermint", "pbft", "hotstuff", "streamlet")
GROWING = (
    Change(h=0, weights=(1, 1, 1, 1, 0)), Change(h=1, weights=(1, 1, 1, 1, 2)),
    Change(h=2, weights=(0, 1, 1, 1, 2), keys=(0, 1, 0, 0, 0)),
    Change(h=3, weights=(0, 1, 3, 1, 2), keys=(0, 1, 0, 0, 1)),
)  # fmt: skip
"""A member joins; one leaves while another has a new key; the newcomer has one too, and somebody weighs more."""
PLANS = {"tendermint": 25, "pbft": 15, "hotstuff": 15, "streamlet": 10}


@pytest.mark.clause("DAT-076", "CON-090", "CON-091", "INV-S1", "INV-S6", "INV-V1")
@pytest.mark.parametrize("engine", ENGINES)
def test_without_faults_everybody_decides_every_height_under_the_members_in_force(engine):
    plan = Plan(engine=engine, n=5, heights=7, changes=GROWING)
    history = Target().play(plan)
    assert not Target().judge(history)
    assert history.why == "done"
    seen = [decision.weights for decision in history.decisions if decision.node == 2]
    assert [change.weights for change in GROWING] == list(dict.fromkeys(seen))
    voters = {voter for decision in history.decisions if decision.weights == GROWING[-1].weights
              for voter, _ in decision.votes}  # fmt: skip
    assert 0 not in voters
    assert 4 in voters


@pytest.mark.clause("INV-S1", "INV-S2", "INV-S3", "INV-S4", "INV-S5", "INV-S6", "INV-S7")
@pytest.mark.clause("CON-090", "CON-091", "CON-092")
@pytest.mark.parametrize("engine", ENGINES)
def test_drawn_changes_of_the_members_break_no_law(engine):
    stages, decided = set(), 0
    for number in range(PLANS[engine]):
        plan = draw_renewal(Random(f"{engine}/{number}"), contract(engine))
        history = Target().play(plan)
        assert not Target().judge(history), plan.encode()
        stages |= {(number, decision.weights) for decision in history.decisions}
        decided += len(history.decisions)
    assert len(stages) > 1.5 * PLANS[engine], "members did change"
    assert decided > 5 * PLANS[engine]


@pytest.mark.clause("NET-030")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_plan_with_changes_is_the_same_run_to_the_bit(engine):
    plan = draw_renewal(Random(7), contract(engine))
    assert Plan.decode(plan.encode()) == plan
    assert trace_digest(Target().play(plan)) == trace_digest(Target().play(plan, backwards=True))


def test_liars_never_weigh_a_third():
    for number in range(200):
        plan = draw_renewal(Random(number), contract("tendermint"))
        assert all(is_sound(change.weights, plan.faulty) for change in plan.changes)
        assert [change.h for change in plan.changes] == sorted({change.h for change in plan.changes})


@pytest.mark.clause("NET-034")
@pytest.mark.parametrize("change", [
    {"h": 0, "weights": [1, 1]}, {"h": 0, "weights": [0, 0, 0, 0]}, {"h": -1, "weights": [1, 1, 1, 1]},
    {"h": 0, "weights": [1, 1, 1, 1], "keys": [1]}, {"weights": [1, 1, 1, 1]}, {"h": 0, "weights": [1, 1, 1, -1]}, 7,
])  # fmt: skip
def test_changes_that_fit_no_nodes_are_refused(change):
    with pytest.raises(PlanError) as caught:
        Plan.from_data({"plan": "yilian/plan/v1", "engine": "tendermint", "changes": [change], "atoms": []})
    assert caught.value.code == "plan.malformed"


WITNESSES = {"M01": ("tendermint", 4), "M02": ("tendermint", 1), "M03": ("tendermint", 0), "M04": ("tendermint", 23),
             "M05": ("hotstuff", 69)}  # fmt: skip
"""Planted bug -> a drawn plan that shows it."""


@pytest.mark.parametrize("name", list(WITNESSES))
def test_a_planted_bug_of_the_members_breaks_its_law_where_the_right_node_breaks_none(name):
    engine, number = WITNESSES[name]
    plan = draw_renewal(Random(f"{engine}/{number}"), contract(engine))
    broken = classes(Target(name).violations(plan))
    assert set(broken) & set(ZOO[name].breaks), broken
    assert not Target().violations(plan)


def test_every_bug_of_the_members_has_a_witness():
    load()
    assert {name for name, entry in ZOO.items() if entry.of == "members"} == set(WITNESSES)


@pytest.mark.clause("INV-S7")
@pytest.mark.parametrize(
    ("bug", "number", "law"), [("T01", 3, "INV-S7.2"), ("P01b", 0, "INV-S7.2"), ("T12", 29, "INV-S7.3")]
)
def test_steps_are_judged_by_the_members_in_force_at_their_height(bug, number, law):
    engine = ZOO[bug].of
    plan = draw_renewal(Random(f"{engine}/{number}"), contract(engine))
    history = Target(bug).play(plan)
    assert law in classes(Target(bug).judge(history))
    assert law not in classes(Target().violations(plan))
    assert {1, *(one.height + 1 for one in history.decisions)} == set(history.in_force)
    assert all(history.in_force[one.height] == one.weights for one in history.decisions)


WAITED = (("tendermint", 127), ("pbft", 0), ("hotstuff", 52), ("hotstuff", 312), ("hotstuff", 493), ("streamlet", 53),
          ("streamlet", 65), ("streamlet", 115))  # fmt: skip
"""Drawn plans after which somebody once waited for ever, or a node fell over."""


@pytest.mark.clause("CON-067", "CON-070", "CON-090", "CON-094", "NET-015", "INV-V1")
@pytest.mark.parametrize(("engine", "number"), WAITED)
def test_nobody_waits_for_ever_when_members_change_under_faults(engine, number):
    history = Target().play(draw_renewal(Random(f"{engine}/{number}"), contract(engine)))
    assert history.why == "done", history.stuck
    assert not Target().judge(history)
