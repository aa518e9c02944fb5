"""Liars beyond another word in the place of their own: in others' names, old twins, floods, other bytes and blocks."""

import pytest

from conformance.adapters.reference import engine_cluster
from conformance.checkers import classes, judge
from conformance.plan import Byz, Flood, Inject, Late, Plan, Shift, Support
from conformance.plan_shapes import BROKEN
from conformance.targets import Target
from conformance.world import play
from conformance.zoo import ZOO, load
from tests.sim.test_four_hospitals import perform

load()


def run(engine="tendermint", **members):
    plan = Plan(engine=engine, faulty=(0,), **members)
    return play(plan, engine_cluster(plan), watched=True)


@pytest.mark.clause("INV-S8", "NET-003", "NET-036")
def test_what_a_liar_sends_in_another_s_name_has_no_effect():
    atoms = tuple(Inject(r=0, ph="prevote", src=0, dst=dst, value="nil", posing=1) for dst in (2, 3))
    history = run(atoms=atoms)
    assert [one.what for one in history.unrest if one.node in (2, 3)] == ["net.bad_signature"] * 2
    assert not Target().violations(history.plan)


@pytest.mark.clause("INV-S8")
def test_an_engine_that_believes_names_is_found_by_leaving_the_forgeries_out():
    assert "INV-S8.1" in classes(Target("P04").violations(ZOO["P04"].witness))


@pytest.mark.clause("INV-S8", "CON-022")
@pytest.mark.parametrize("engine", ["tendermint", "pbft", "hotstuff", "streamlet"])
def test_a_thousand_different_proposals_of_one_liar_stop_nobody(engine):
    phase = Target().play(Plan(engine=engine)).contract.phases[0]
    history = run(engine, atoms=(Flood(r=0, ph=phase, src=0, n=1000),))
    assert history.triggered["flood"] == 3000
    assert history.why == "done"
    assert not judge(history)


def test_a_twin_of_an_earlier_round_sleeps_until_its_own_and_then_serves_whom_it_is_told_to():
    late = tuple(Late(r=0, ph="propose", src=0, dst=dst) for dst in (2, 3))
    shift = Shift(r=1, src=1, to=(3,), from_={"h": 1, "r": 0})
    plan = Plan(engine="tendermint", faulty=(1,), atoms=(*late, shift))
    history = play(plan, engine_cluster(plan), watched=True)
    spoken = [one for one in history.deliveries if one.forged and one.src == 1]
    woke = min(one.tick for one in history.statements if one.round == 1)
    assert (spoken[0].kind, spoken[0].round, spoken[0].value) == ("prevote", 0, "nil")
    assert min(one.tick for one in spoken) >= woke
    assert {one.dst for one in spoken} == {3}
    assert history.triggered["shift"] > 0
    assert not judge(history)


@pytest.mark.clause("CON-020")
def test_another_payload_under_the_old_name_is_refused():
    history = run(atoms=(Byz(r=0, ph="propose", src=0, dst=3, act={"payload": "v1"}),))
    assert "consensus.wrong_block" in {one.what for one in history.unrest if one.node == 3}
    assert not judge(history)


@pytest.mark.clause("NET-036")
def test_a_liar_builds_on_any_block_that_it_saw():
    history = play(ZOO["S01"].witness, engine_cluster(ZOO["S01"].witness), watched=True)
    lies = {(one.round, one.height) for one in history.deliveries if one.forged and one.kind == "propose"}
    assert lies == {(3, 1), (4, 1), (5, 1)}
    assert not judge(history)


@pytest.mark.clause("INV-S8", "NET-001", "NET-003")
@pytest.mark.parametrize("act", BROKEN)
def test_bytes_that_no_member_sent_are_refused_by_whole_nodes_and_change_nothing(act):
    atoms = tuple(Byz(r=0, ph="prevote", src=0, dst=dst, act=act) for dst in (1, 2, 3))
    omitted = tuple(Byz(r=0, ph="prevote", src=0, dst=dst, act="omit") for dst in (1, 2, 3))
    _, broken = perform(Plan(engine="tendermint", faulty=(0,), atoms=atoms))
    _, silent = perform(Plan(engine="tendermint", faulty=(0,), atoms=omitted))
    codes = {one.what for one in broken.unrest if one.node != 0}
    assert codes
    assert all(code.startswith(("net.", "wire.")) for code in codes)
    assert broken.statements == silent.statements
    assert broken.decisions == silent.decisions


def test_support_on_a_block_that_nobody_proposed_says_nothing():
    history = run("hotstuff", atoms=(Support(r=4, src=0, to=(1,), value="v0", on="v3@99"),))
    assert "support" not in history.triggered
