"""Declared contracts: what they admit, whose turn it is, and how long an engine may take."""

import pytest
from attrs import evolve

from conformance.contract import Contract
from conformance.plan import Cut, Late, Plan, PlanError
from refimpl.consensus.registry import engine_names, find_engine

ANY = Contract(engine="any")
CRASHES = Contract(engine="crashes", faults="crash", threshold=(1, 2))
PUNCTUAL = Contract(engine="punctual", safety_net="synchronous", threshold=(1, 2))
LATE = Late(r=0, ph="propose", src=0, dst=1)


def refused(contract, plan):
    with pytest.raises(PlanError) as error:
        contract.admit(plan)
    assert error.value.code == "plan.out_of_model"
    return error.value.at


@pytest.mark.clause("NET-034")
def test_more_liars_than_the_threshold_are_out_of_the_model_by_weight():
    ANY.admit(Plan(engine="any", faulty=(0,)))
    assert refused(ANY, Plan(engine="any", faulty=(0, 1))) == "/faulty"
    assert refused(ANY, Plan(engine="any", n=3, faulty=(0,))) == "/faulty"
    assert refused(ANY, Plan(engine="any", weights=(3, 1, 1, 1), faulty=(0,))) == "/faulty"
    ANY.admit(Plan(engine="any", weights=(1, 3, 3, 3), faulty=(0,)))
    PUNCTUAL.admit(Plan(engine="punctual", n=5, faulty=(0, 1)))


@pytest.mark.clause("NET-034")
def test_an_engine_that_bears_crashes_only_has_no_liars():
    assert refused(CRASHES, Plan(engine="crashes", n=5, faulty=(0,))) == "/faulty"
    CRASHES.admit(Plan(engine="crashes", n=5, atoms=(LATE,)))


@pytest.mark.clause("NET-034")
def test_an_engine_that_needs_punctual_links_is_not_judged_under_late_messages():
    assert refused(PUNCTUAL, Plan(engine="punctual", atoms=(LATE,))) == "/atoms/0"
    assert refused(PUNCTUAL, Plan(engine="punctual", atoms=(Cut(r=0, to_r=1, side=(0,)),))) == "/atoms/0"
    PUNCTUAL.admit(Plan(engine="punctual", faulty=(0,), atoms=(LATE,)))


@pytest.mark.clause("NET-034")
def test_beyond_the_model_everything_is_admitted():
    ANY.admit(Plan(engine="any", faulty=(0, 1, 2), tier="boundary"))
    PUNCTUAL.admit(Plan(engine="punctual", atoms=(LATE,), tier="accountability"))


@pytest.mark.clause("NET-034")
def test_an_atom_about_a_kind_that_the_engine_does_not_have_is_refused_with_its_place():
    with pytest.raises(PlanError) as error:
        ANY.admit(Plan(engine="any", atoms=(evolve(LATE, ph="applaud"),)))
    assert (error.value.code, error.value.at) == ("plan.malformed", "/atoms/0/ph")


def test_turns_are_taken_by_height_and_round_or_by_round_or_not_fixed():
    assert [ANY.proposer(h, r, 4) for h, r in ((1, 0), (1, 5), (3, 1))] == [0, 1, 3]
    assert evolve(ANY, turns="round").proposer(3, 1, 4) == 1
    assert evolve(ANY, turns="elected").proposer(3, 1, 4) is None


def test_time_outs_grow_by_a_step_or_double():
    assert [ANY.lasts(r) for r in range(4)] == [3, 4, 5, 6]
    assert [evolve(ANY, backoff="double").lasts(r) for r in range(4)] == [3, 6, 12, 24]


@pytest.mark.clause("INV-V1")
def test_the_bound_ends_also_where_time_outs_do_not_grow():
    fixed = evolve(ANY, timeout=(2, 0))
    assert fixed.bound(Plan(engine="any")) < fixed.bound(Plan(engine="any", heights=2))


@pytest.mark.clause("CON-001")
@pytest.mark.parametrize("name", engine_names())
def test_the_kit_reads_every_promise_whole(name):
    promise = find_engine(name).promise
    contract = Contract.from_data(promise.to_data())
    for member, value in promise.to_data().items():
        read = getattr(contract, member)
        assert read == (tuple(value) if isinstance(value, list) else value), member
