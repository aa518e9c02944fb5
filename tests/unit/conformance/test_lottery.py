"""Slots: whose they are, what a run of them is worth, and which plans they admit."""

import json
from random import Random

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from conformance.adversary.generate import draw_plan
from conformance.adversary.slots import is_admitted
from conformance.lottery import Slot, is_calm, pivots, turn_of
from conformance.plan import Crash, Fork, Plan, PlanError
from conformance.report.story import sentences
from conformance.shrink import shrink
from conformance.targets import Target, contract
from refimpl.consensus.authority import Authority
from refimpl.consensus.delegated import Delegated
from refimpl.consensus.interface import Validators
from refimpl.consensus.stake import Stake
from refimpl.data.ids import MemberId

NAKAMOTO, AUTHORITY = contract("nakamoto"), contract("authority")
MARKS = {"h": Slot(1, 0, True), "l": Slot(0, 1, False), "2": Slot(1, 0, False), "-": Slot(0, 0, False),
         "b": Slot(1, 1, True)}  # fmt: skip


def slots(marks):
    """h: one correct winner; 2: two; l: a liar; b: one and a liar; -: nobody."""
    return [MARKS[mark] for mark in marks]


@pytest.mark.clause("CON-130")
@pytest.mark.parametrize(
    ("marks", "found"),
    [("hhh", [0, 1, 2]), ("l", []), ("hlh", []), ("hhlhh", [0, 4]), ("lhh", [2]), ("b", []), ("2", []), ("h2lh", [0]),
     ("-h-", [1]), ("hhhllhhh", [0, 7])],
)  # fmt: skip
def test_a_pivot_is_one_correct_winner_whom_no_stretch_outweighs(marks, found):
    assert pivots(slots(marks)) == found


@given(st.text("hl2-b", max_size=12))
def test_a_pivot_is_what_the_law_says_of_every_stretch(marks):
    run = slots(marks)

    def is_pivot(at):
        stretches = (run[first : last + 1] for first in range(at + 1) for last in range(at, len(run)))
        return run[at].alone and all(sum(one.gain - one.loss for one in stretch) > 0 for stretch in stretches)

    assert pivots(run) == [at for at in range(len(run)) if is_pivot(at)]


@pytest.mark.clause("CON-130")
def test_slots_are_calm_at_a_depth_and_not_at_one_less():
    assert is_calm(slots("h-2l-2hh"), 3)
    assert not is_calm(slots("h-2l-2hh"), 2)
    assert is_calm([], 0)


@pytest.mark.clause("CON-140", "CON-161", "CON-166")
@pytest.mark.parametrize(("turns", "engine"), [("round", Authority), ("stake", Stake), ("delegates", Delegated)])
def test_the_kit_and_the_engines_agree_on_every_turn(turns, engine):
    rng = Random(1)
    for n in (1, 4, 5, 7):
        weights = [rng.randrange(1, 9) for _ in range(n)]
        names = [MemberId(f"n{node:02d}") for node in range(n)]
        validators = Validators.of(dict(zip(names, weights, strict=True)))
        rules = engine(names[0], None)
        assert [names[turn_of(turns, slot, weights)] for slot in range(60)] == [
            rules.turn(validators, slot) for slot in range(60)]  # fmt: skip


def test_without_a_schedule_nobody_has_a_turn():
    assert turn_of("work", 3, (1, 1)) is None


@pytest.mark.clause("CON-154", "CON-130")
def test_a_correct_member_counts_where_its_wins_pay_whatever_the_branch_may_demand():
    lottery = ((0,),) * 16 + ((1,), (1, 1), (1, 2), (0, 3), ())
    worth = NAKAMOTO.slots(Plan(engine="nakamoto", faulty=(3,), lottery=lottery))
    assert worth[16:] == [Slot(0, 0, False), Slot(1, 0, True), Slot(0, 0, False), Slot(0, 1, False), Slot(0, 0, False)]


@pytest.mark.clause("CON-130", "NET-034")
def test_plans_whose_slots_are_not_calm_are_out_of_the_model_and_others_within():
    calm = Plan(engine="nakamoto", faulty=(0,), lottery=((1,), (0,), (2,), (3,)))
    NAKAMOTO.admit(calm)
    restless = evolve(calm, lottery=((0,), (1,)) * 4)
    with pytest.raises(PlanError) as error:
        NAKAMOTO.admit(restless)
    assert (error.value.code, error.value.at) == ("plan.out_of_model", "/lottery")
    NAKAMOTO.admit(evolve(restless, tier="boundary"))
    with pytest.raises(PlanError) as error:
        AUTHORITY.admit(evolve(calm, engine="authority"))
    assert (error.value.code, error.value.at) == ("plan.malformed", "/lottery")


@pytest.mark.clause("CON-130")
def test_who_crashes_cannot_be_counted_on():
    crash = Crash(node=1, r=0, ph="block")
    AUTHORITY.admit(Plan(engine="authority", atoms=(crash,)))
    with pytest.raises(PlanError) as error:
        AUTHORITY.admit(Plan(engine="authority", faulty=(0,), atoms=(crash,)))
    assert error.value.at == "/faulty"


@pytest.mark.clause("NET-034")
@pytest.mark.parametrize("value", [{}, [0], [[4]], [[-1]], [["0"]], [[0] * 65], [[]] * 1001])
def test_a_lottery_that_is_none_is_refused_with_its_place(value):
    whole = {"plan": "yilian/plan/v1", "engine": "nakamoto", "n": 4, "lottery": value}
    with pytest.raises(PlanError) as error:
        Plan.decode(json.dumps(whole).encode())
    assert error.value.code == "plan.malformed"
    assert error.value.at.startswith("/lottery")


@pytest.mark.clause("NET-033")
@pytest.mark.parametrize("name", ["authority", "nakamoto", "stake", "delegated"])
def test_drawn_plans_are_admitted_and_come_back_from_their_bytes(name):
    law, rng = contract(name), Random(3)
    drawn = [draw_plan(rng, law, heights=2) for _ in range(40)]
    for plan in drawn:
        assert is_admitted(law, plan)
        assert Plan.decode(plan.encode()) == plan
    assert sum(bool(plan.faulty) for plan in drawn) > 30
    assert any(isinstance(atom, Fork) for plan in drawn for atom in plan.atoms)
    assert all(bool(plan.lottery) == (name == "nakamoto") for plan in drawn)


def test_shrinking_drops_slots_and_winners_and_never_leaves_the_model():
    lottery = ((1,), (2, 3), (1,), (0,), (2,), (3,))
    plan = Plan(engine="nakamoto", faulty=(0,), lottery=lottery, atoms=(Fork(r=0, to_r=3, src=0, to=(1, 2)),))
    needed = shrink(plan, lambda one: any(len(won) > 1 for won in one.lottery), NAKAMOTO)
    assert (needed.plan.lottery, needed.plan.atoms, needed.plan.faulty) == (((), (2, 3)), (), ())
    judged = []

    def fails(candidate):
        judged.append(candidate)
        return len(candidate.lottery) > 3

    shrink(plan, fails, NAKAMOTO)
    assert judged
    assert all(is_admitted(NAKAMOTO, one) for one in judged)


def test_a_lottery_and_a_private_chain_are_told_in_both_languages():
    plan = Plan(engine="nakamoto", faulty=(0,), lottery=((1,), (), (0, 2)),
                atoms=(Fork(r=1, to_r=4, src=0, to=(2,)),))  # fmt: skip
    told = {language: sentences(plan, language) for language in ("en", "zh")}
    assert "1 - 0+2" in told["en"][-1]
    assert "in secret" in told["en"][0]
    assert "暗中" in told["zh"][0]
    assert "1 - 0+2" in told["zh"][-1]


@pytest.mark.clause("CON-126", "NET-033")
def test_a_private_chain_displaces_the_public_one_only_if_it_has_more_work():
    def first_maker(*mined, to_r=6):
        plan = Plan(engine="nakamoto", faulty=(0,), tier="boundary", lottery=(*mined, *((3,),) * 8),
                    atoms=(Fork(r=0, to_r=to_r, src=0, to=(1, 2, 3)),))  # fmt: skip
        history = Target().play(plan)
        assert history.triggered == {"fork": 1}
        return {one.proof["from"] for one in history.decisions if one.height == 1}

    more, fewer = ((1,), (0,), (2,), (0,), (0,), ()), ((1,), (0,), (2,), (0,), (2,), ())
    assert first_maker(*more) == {"n00"}
    assert first_maker(*fewer) == {"n01"}
    assert first_maker(*more, to_r=99) == {"n01"}
