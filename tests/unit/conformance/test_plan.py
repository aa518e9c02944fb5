"""Plans as data: one spelling, refusals with a place, and an order that shrinking can go down."""

import json

import pytest
from attrs import evolve
from hypothesis import given

from conformance.adversary.strategies import plans
from conformance.plan import KINDS, Byz, Late, Plan, PlanError, Support
from conformance.zoo import ZOO, load
from tests.engines import TENDERMINT

load()
LATE = {"k": "late", "r": 0, "ph": "propose", "src": 0, "dst": 1}
OMIT = {**LATE, "k": "byz", "act": "omit"}
BASE = {"plan": "yilian/plan/v1", "engine": "tendermint", "n": 4}


@pytest.mark.clause("NET-033")
@given(plans(TENDERMINT))
def test_a_plan_comes_back_from_its_bytes(plan):
    assert Plan.decode(plan.encode()) == plan


@given(plans(TENDERMINT))
def test_atoms_are_a_set_whatever_their_order(plan):
    assert evolve(plan, atoms=tuple(reversed(plan.atoms)) * 2) == plan


@given(plans(TENDERMINT))
def test_leaving_out_an_atom_is_a_smaller_plan(plan):
    for i in range(len(plan.atoms)):
        assert evolve(plan, atoms=plan.atoms[:i] + plan.atoms[i + 1 :]).order < plan.order


@given(plans(TENDERMINT))
def test_a_weaker_atom_is_never_larger(plan):
    for atom in plan.atoms:
        for weaker in atom.weaker():
            assert weaker.size <= atom.size
            assert (weaker.size, weaker.rank) <= (atom.size, atom.rank) or weaker.size < atom.size


def test_a_macro_counts_once_for_each_node_it_reaches():
    assert Plan(engine="x", faulty=(0,), atoms=(Support(r=0, src=0, to=(1, 2), value="v1"),)).size == 2


@pytest.mark.clause("NET-034")
@pytest.mark.parametrize(
    ("change", "code", "at"),
    [
        ({"plan": "v0"}, "plan.malformed", "/plan"),
        ({"n": 0}, "plan.malformed", "/n"),
        ({"n": True}, "plan.malformed", "/n"),
        ({"weights": [1, 1]}, "plan.malformed", "/weights"),
        ({"faulty": [7]}, "plan.malformed", "/faulty"),
        ({"faulty": [1, 0]}, "plan.malformed", "/faulty"),
        ({"links": "tcp"}, "plan.malformed", "/links"),
        ({"after": {"0": "sleepy"}}, "plan.malformed", "/after"),
        ({"after": {"zero": "silent"}}, "plan.malformed", "/after"),
        ({"heights": 101}, "plan.malformed", "/heights"),
        ({"speed": 1}, "plan.malformed", "/speed"),
        ({"atoms": {}}, "plan.malformed", "/atoms"),
        ({"atoms": [{"k": "bribe"}]}, "plan.malformed", "/atoms/0/k"),
        ({"atoms": [{"k": "late", "r": 0, "ph": "propose", "src": 0}]}, "plan.malformed", "/atoms/0/dst"),
        ({"atoms": [{**LATE, "ph": "Applause!"}]}, "plan.malformed", "/atoms/0/ph"),
        ({"atoms": [{**LATE, "dst": 9}]}, "plan.malformed", "/atoms/0"),
        ({"atoms": [{**LATE, "by": 2}]}, "plan.malformed", "/atoms/0/by"),
        ({"atoms": [OMIT]}, "plan.out_of_model", "/atoms/0"),
        ({"faulty": [0], "atoms": [{**OMIT, "act": {"value": "w1"}}]},
         "plan.malformed", "/atoms/0/act"),
        ({"faulty": [0], "atoms": [{"k": "support", "r": 0, "src": 0, "to": [], "value": "v1"}]},
         "plan.malformed", "/atoms/0/to"),
        ({"atoms": [{**LATE, "k": "drop"}]}, "plan.out_of_model", "/atoms/0"),
        ({"faulty": [0], "atoms": [{**OMIT, "act": {"value": "v1", "on": "v1"}}]}, "plan.malformed", "/atoms/0/act"),
        ({"faulty": [0], "atoms": [{**OMIT, "act": {"payload": "nil"}}]}, "plan.malformed", "/atoms/0/act"),
        ({"faulty": [0], "atoms": [{**LATE, "k": "inject", "value": "v1", "posing": 9}]}, "plan.malformed", "/atoms/0"),
        ({"faulty": [0], "atoms": [{**LATE, "k": "inject", "value": "v1", "at": {"h": 1}}]},
         "plan.malformed", "/atoms/0/at"),
        ({"faulty": [0], "atoms": [{"k": "flood", "r": 0, "ph": "propose", "src": 0, "n": 1001}]},
         "plan.malformed", "/atoms/0/n"),
        ({"atoms": [{"k": "flood", "r": 0, "ph": "propose", "src": 0, "n": 1}]}, "plan.out_of_model", "/atoms/0"),
        ({"faulty": [0], "atoms": [{"k": "shift", "r": 1, "src": 0, "to": [1]}]}, "plan.malformed", "/atoms/0/from"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_place(change, code, at):
    with pytest.raises(PlanError) as refused:
        Plan.decode(json.dumps({**BASE, **change}).encode())
    assert (refused.value.code, refused.value.at) == (code, at)
    assert refused.value.expected


@pytest.mark.clause("NET-034")
@pytest.mark.parametrize("data", [b"", b"nonsense", b"\xff", b'{"n":1,"n":2}', b"[" * 100_000])
def test_what_is_no_json_is_refused(data):
    with pytest.raises(PlanError) as refused:
        Plan.decode(data)
    assert refused.value.code in ("plan.not_json", "plan.malformed")


def test_limits_hold_at_the_limit_and_one_past_it():
    assert Plan.from_data({**BASE, "heights": 100}).heights == 100
    assert Plan.from_data({**BASE, "n": 32}).n == 32
    with pytest.raises(PlanError):
        Plan.from_data({**BASE, "n": 33})


def test_every_kind_of_atom_is_used_by_a_witness_or_drawn_somewhere():
    assert set(KINDS) == {"late", "swap", "dup", "drop", "cut", "skew", "crash", "byz", "inject", "support", "twin",
                          "fork", "shift", "flood"}  # fmt: skip
    assert any(entry.witness and Late in map(type, entry.witness.atoms) for entry in ZOO.values())


def test_ranks_go_from_mild_to_wild():
    place = {"r": 0, "ph": "prevote", "src": 0, "dst": 1}
    ranks = [Late(**place).rank, Byz(**place, act="omit").rank, Byz(**place, act={"value": "v1"}).rank,
             Byz(**place, act={"value": "v1", "vr": 0}).rank, Byz(**place, act={"round": 1}).rank,
             Byz(**place, act={"stale": 1}).rank]  # fmt: skip
    assert ranks == sorted(set(ranks))
