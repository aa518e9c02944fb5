"""The world keeps its own rules: what arrives when, who may sign, and that nothing is left to chance."""

import gc
import subprocess
import sys

import pytest
from hypothesis import given, settings

from conformance.adapters.reference import engine_cluster
from conformance.adversary.strategies import plans
from conformance.history import Said
from conformance.plan import Byz, Crash, Cut, Drop, Dup, Inject, Late, Plan, PlanError, Skew, Support, Swap, Twin
from conformance.targets import Target
from conformance.trace import trace_digest
from conformance.world import World, play
from tests.engines import TENDERMINT

EMPTY = Plan(engine="tendermint", heights=3)
LINK = {"r": 0, "ph": "propose", "src": 0, "dst": 3}


def run(watched=True, **members):
    plan = Plan(engine="tendermint", **members)
    return play(plan, engine_cluster(plan), watched=watched)


def arrivals(history, kind="propose", src=0, dst=3, round_=0):
    return [
        d.tick for d in history.deliveries if (d.kind, d.src, d.dst, d.round, d.height) == (kind, src, dst, round_, 1)
    ]


@pytest.mark.clause("NET-031", "INV-V1")
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 10])
def test_with_the_empty_plan_everybody_decides_every_height_in_round_0(n):
    history = run(n=n, heights=3)
    assert history.why == "done"
    assert {(d.node, d.height, d.round) for d in history.decisions} == {(i, h, 0) for i in range(n) for h in (1, 2, 3)}
    assert {d.tick for d in history.deliveries if d.kind == "propose" and d.height == 1} <= {1}


@pytest.mark.clause("NET-030")
@settings(max_examples=25)
@given(plans(TENDERMINT))
def test_a_run_is_a_function_of_its_plan(plan):
    assert trace_digest(Target().play(plan)) == trace_digest(Target().play(plan, watched=True))


@pytest.mark.clause("NET-030")
def test_a_run_does_not_depend_on_the_hash_seed():
    code = """
from random import Random
from conformance.adversary.generate import draw_plan
from conformance.targets import Target, contract
from conformance.trace import trace_digest
print([trace_digest(Target().play(draw_plan(Random(i), contract("tendermint"), heights=2))) for i in range(20)])
"""
    call = [sys.executable, "-c", code]
    seen = set()
    for seed in ("0", "1", "12345"):
        done = subprocess.run(call, env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True)
        seen.add(done.stdout)
    assert len(seen) == 1


@pytest.mark.clause("NET-033")
def test_each_atom_touches_its_own_message_and_no_other():
    assert arrivals(run(atoms=(Late(**LINK),))) == [61]
    assert arrivals(run(atoms=(Late(**LINK),)), dst=2) == [1]
    assert arrivals(run(atoms=(Dup(**LINK, n=2),))) == [1, 2, 3]
    assert arrivals(run(atoms=(Swap(**LINK),))) == [3]
    assert arrivals(run(atoms=(Cut(r=0, to_r=0, side=(3,)),)))[0] >= 61
    assert arrivals(run(links="lossy", atoms=(Drop(**LINK),))) == []


@pytest.mark.clause("NET-032")
def test_what_is_passed_on_comes_no_sooner_than_links_must_deliver():
    history = run(faulty=(0,), atoms=(Byz(**LINK, act="omit"),))
    assert arrivals(history) == [61]
    assert run(faulty=(0,), gst=10, atoms=(Byz(**LINK, act="omit"),)).why == "done"


def test_a_clock_that_is_off_moves_that_node_s_time_only():
    assert run(atoms=(Skew(node=2, d=50),)).why == "done"
    assert run(atoms=(Skew(node=2, d=-50),)).why == "done"


@pytest.mark.parametrize("when", ["before-persist", "after-persist", "after-send"])
@pytest.mark.parametrize("phase", ["propose", "prevote", "precommit"])
@pytest.mark.parametrize("disk", ["synced", "lost-tail"])
@pytest.mark.clause("INV-S2", "INV-S7", "CON-008")
def test_a_crash_at_any_moment_of_the_happy_path_is_recovered_from(when, phase, disk):
    history = run(heights=2, atoms=(Crash(node=0, r=0, ph=phase, when=when, disk=disk, back={"h": 1, "r": 1}),))
    assert [unrest.what for unrest in history.unrest if unrest.node == 0][:2] == ["crash", "back"]
    assert history.why == "done"
    assert not Target().violations(history.plan)


def test_a_twin_serves_whom_it_is_told_to_and_equivocates():
    history = run(faulty=(0,), atoms=(Twin(r=0, src=0, to=(3,)),))
    said = {
        (d.dst, d.value)
        for d in history.deliveries
        if d.kind == "propose" and d.src == 0 and d.height == 1 and d.tick == 1
    }
    assert len({value for _, value in said}) == 2
    assert history.why == "done"


def test_support_and_injection_put_words_into_the_world_that_no_honest_copy_said():
    history = run(
        faulty=(0,),
        atoms=(Support(r=0, src=0, to=(3,), value="v1"), Inject(r=0, ph="prevote", src=0, dst=2, value="nil")),
    )
    forged = [(d.dst, d.kind) for d in history.deliveries if d.forged]
    assert {(3, "propose"), (3, "prevote"), (3, "precommit"), (2, "prevote")} <= set(forged)
    assert history.triggered["support"] == 3
    assert history.triggered["inject"] == 1


@pytest.mark.clause("NET-035")
def test_the_harness_signs_for_faulty_nodes_only():
    plan = Plan(engine="tendermint", faulty=(0,))
    cluster = engine_cluster(plan)
    world = World(plan, cluster)
    source = world.nodes[1].reactor
    with pytest.raises(AssertionError):
        cluster.forge(Said("prevote", 1, 0, 1, "nil"), {}, source)


@pytest.mark.clause("INV-V1")
def test_the_bound_of_liveness_grows_with_gst_delay_and_heights():
    bounds = [TENDERMINT.bound(plan) for plan in (
        Plan(engine="tendermint"), Plan(engine="tendermint", gst=200), Plan(engine="tendermint", delta=6),
        Plan(engine="tendermint", heights=2))]  # fmt: skip
    assert bounds[0] < min(bounds[1:])


@pytest.mark.clause("NET-003")
@pytest.mark.parametrize("act", ["corrupt", "badsig"])
def test_a_damaged_message_is_refused_and_changes_nothing(act):
    silent = run(faulty=(0,), atoms=tuple(Byz(r=0, ph="prevote", src=0, dst=dst, act="omit") for dst in (1, 2, 3)))
    damaged = run(faulty=(0,), atoms=tuple(Byz(r=0, ph="prevote", src=0, dst=dst, act=act) for dst in (1, 2, 3)))
    assert [one.what for one in damaged.unrest if one.node in (1, 2, 3)] == ["net.bad_signature"] * 3
    assert damaged.decisions == silent.decisions
    assert damaged.statements == silent.statements


@pytest.mark.parametrize("engine", ["tendermint", "pbft", "hotstuff", "streamlet"])
def test_a_run_leaves_nothing_that_only_the_cyclic_collector_could_free(engine):
    plan = Plan(engine=engine, heights=2)
    Target().play(plan)
    gc.collect()
    Target().play(plan)
    assert gc.collect() == 0


def test_the_collector_is_left_as_it_was_found():
    assert gc.isenabled()
    run()
    assert gc.isenabled()
    with pytest.raises(PlanError):
        run(faulty=(0, 1))
    assert gc.isenabled()
    gc.disable()
    try:
        run()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_everybody_has_is_not_relayed_again_to_anybody():
    plan = Plan(engine="tendermint")
    world = World(plan, engine_cluster(plan))
    pushed = []
    world.arrive = lambda due, src, target, wire, **rest: pushed.append((src, target.node)) or World.arrive(
        world, due, src, target, wire, **rest)  # fmt: skip
    history = world.run()
    assert len(pushed) == 3 * len(history.statements)
    assert {src for src, _ in pushed} == {0, 1, 2, 3}


def test_what_did_not_reach_everybody_is_relayed_to_those_who_lack_it():
    lost = Drop(r=0, ph="propose", src=0, dst=3)
    assert arrivals(run(faulty=(0,), gst=0, atoms=(lost,))) == [2]


def test_what_a_node_lost_in_a_crash_is_relayed_to_it_again():
    crash = Crash(node=0, r=0, ph="precommit", when="after-persist", back={"h": 1, "r": 1})
    assert arrivals(run(heights=2, atoms=(crash,)), "prevote", src=2, dst=0) == [2, 61]
