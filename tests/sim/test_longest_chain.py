"""The longest chain under fire: what it promises holds, and one that promises more than it holds is found out."""

import subprocess
import sys
from itertools import combinations
from random import Random

import pytest
from attrs import evolve
from hypothesis import Phase, find, settings

from conformance.adversary.generate import draw_plan
from conformance.adversary.strategies import plans
from conformance.checkers import classes, judge
from conformance.contract import Contract
from conformance.drivers.explore import Campaign, play_range
from conformance.lottery import is_calm
from conformance.plan import Cut, Fork, Plan, Twin
from conformance.targets import Target, contract
from conformance.testing import BrokenPromise, attempt, check_consensus
from conformance.zoo import ZOO, load
from refimpl.consensus import interface as api
from refimpl.consensus.registry import find_engine
from tests.house.tree import ROOT
from tests.spec.clone_model import Clones
from tests.spec.explore import explore

FAMILY = ("authority", "delegated", "nakamoto", "stake")


def declared(name, **promise):
    """The engine with another declaration."""
    kind = find_engine(name)
    promised = evolve(kind.promise, **promise)
    engine = type("Declared", (type(kind.make("n00", None)),), {"promise": promised})
    return api.Kind(promised, kind.readers, engine)


def falls(kind, runs, **more):
    """The first law that a declaration breaks under plans drawn for it."""
    law, rng = Contract.from_data(kind.promise.to_data()), Random(7)
    for _ in range(runs):
        broken = classes(judge(attempt(kind, draw_plan(rng, law, heights=2, **more))))
        if broken:
            return broken[0]
    return ""


def winners(name, slot):
    """Who has a slot among five."""
    return contract(name).wins(Plan(engine=name, n=5), slot)


@pytest.mark.clause("CON-130", "INV-S1", "INV-S2", "INV-S3", "INV-V1")
@pytest.mark.parametrize("name", FAMILY)
def test_no_drawn_plan_breaks_a_law_where_the_slots_are_calm(name):
    tally = play_range(Campaign(name, 20_261_128, 100, heights=2), 0, 100)
    assert [found.classes for found in tally.found] == []
    assert tally.triggered["fork"] > 30
    assert tally.heights > 300


@pytest.mark.clause("CON-130", "INV-S1")
def test_hypothesis_draws_lotteries_and_private_chains_and_finds_a_planted_bug():
    load()
    law, bug = contract("nakamoto"), ZOO["L03"]

    def breaks(plan):
        law.admit(plan)
        return any(Target("L03").breaks(plan, clause) for clause in bug.breaks)

    drawn = settings(max_examples=200, phases=[Phase.generate], database=None)
    assert find(plans(law, most=16), breaks, settings=drawn, random=Random(3)).lottery
    hiding = find(plans(law, most=16), lambda plan: any(isinstance(atom, Fork) for atom in plan.atoms), settings=drawn)
    assert hiding.faulty


@pytest.mark.clause("CON-001")
def test_proof_of_work_that_claims_to_decide_at_once_is_found_out():
    claims = declared("nakamoto", finality={"kind": "immediate"})
    with pytest.raises(BrokenPromise) as broken:
        check_consensus(claims, runs=100)
    assert broken.value.plan.size <= 2
    law, rng = Contract.from_data(claims.promise.to_data()), Random(1)
    assert any("INV-S1" in classes(judge(attempt(claims, draw_plan(rng, law)))) for _ in range(60))


@pytest.mark.clause("CON-001")
@pytest.mark.parametrize("name", ["stake", "delegated", "nakamoto"])
def test_who_claims_to_bear_late_messages_is_split_in_two(name):
    assert falls(declared(name, safety_net="asynchronous"), 60) == "INV-S1"


@pytest.mark.clause("CON-001", "CON-142")
def test_authority_that_claims_to_bear_late_messages_falls_to_one_clone_and_to_no_partition_alone():
    claims = declared("authority", safety_net="asynchronous")
    halves = Plan(engine="authority", n=5, heights=9, gst=400, atoms=(Cut(r=0, to_r=99, side=(1, 2)),))
    cloned = evolve(halves, faulty=(0,), atoms=(*halves.atoms, Twin(r=0, src=0, to=(1, 2))))
    assert "INV-S1" not in classes(judge(attempt(claims, halves)))
    assert "INV-S1" in classes(judge(attempt(claims, cloned)))
    with pytest.raises(BrokenPromise) as broken:
        check_consensus(claims, runs=400, nodes=5)
    assert broken.value.clause == "INV-S1"


@pytest.mark.clause("CON-130", "CON-141")
@pytest.mark.parametrize("n", range(1, 10))
def test_turns_are_calm_under_fewer_than_a_third_of_the_sealers_and_no_more_wherever_they_sit(n):
    law, most = contract("authority"), contract("authority").most_liars(n)
    for liars in combinations(range(n), most):
        assert is_calm(law.slots(Plan(engine="authority", n=n, faulty=liars, heights=30)), law.depth_of(n))
    together = Plan(engine="authority", n=n, faulty=tuple(range(most + 1)), heights=30)
    assert not is_calm(law.slots(together), law.depth_of(n))


@pytest.mark.clause("CON-130")
@pytest.mark.parametrize(("slots", "depth"), [(4, 1), (3, 2)])
def test_calm_slots_keep_what_lies_deep_whatever_clones_show_to_whom(slots, depth):
    machine = Clones(slots, depth)
    found = explore(machine, machine.check)
    assert (found.violated, found.states > 1000) == ("", True)


@pytest.mark.clause("CON-130")
def test_slots_that_are_one_less_calm_do_not():
    class Restless(Clones):
        def is_calm(self, lots):
            return Clones(self.slots, self.depth + 1).is_calm(lots)

    machine = Restless(3, 1)
    assert explore(machine, machine.check).violated == "toldAgrees"


@pytest.mark.clause("CON-129", "INV-V1", "INV-S2")
@pytest.mark.parametrize("name", FAMILY)
def test_who_was_down_for_long_catches_up_and_says_nothing_else_than_before(name):
    crash = {"k": "crash", "node": 1, "r": 3, "ph": "block", "when": "after-send", "disk": "synced",
             "back": {"h": 1, "r": 14}}  # fmt: skip
    slot = next(slot for slot in range(2, 30) if 1 in winners(name, slot))
    others = [[(0, 2, 3, 4)[at % 4]] * 2 ** (at // 16) for at in range(48)]
    lottery = {"lottery": [*others[:slot], [1], *others[slot:]]} if name == "nakamoto" else {}
    plan = Plan.from_data({"plan": "yilian/plan/v1", "engine": name, "n": 5, "heights": 14, **lottery,
                           "atoms": [{**crash, "r": slot}]})  # fmt: skip
    history = Target().play(plan)
    assert [one.what for one in history.unrest if one.what in ("crash", "back")] == ["crash", "back"]
    assert (history.why, judge(history)) == ("done", ())
    assert {one.height for one in history.decisions if one.node == 1 and one.life == 1} >= set(range(1, 15))


@pytest.mark.clause("INV-S5", "NET-030")
@pytest.mark.parametrize("name", FAMILY)
def test_a_run_is_the_same_run_under_two_seeds_of_hashes(name):
    plans = (draw_plan(Random(seed), contract(name), heights=2) for seed in range(100))
    plan = next(plan for plan in plans if any(isinstance(atom, Fork) for atom in plan.atoms))
    code = (
        "import sys; from conformance.plan import Plan; from conformance.targets import Target;"
        "from conformance.trace import trace_digest;"
        "print(trace_digest(Target().play(Plan.decode(sys.stdin.buffer.read()))))"
    )
    digests = {
        subprocess.run([sys.executable, "-c", code], input=plan.encode(), env={"PYTHONHASHSEED": seed}, cwd=ROOT,
                       check=True, capture_output=True).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(digests) == 1
