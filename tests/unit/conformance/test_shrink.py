"""The shrinker: always down, never losing the failure, and ending."""

from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.adversary.strategies import plans
from conformance.plan import Late, Plan
from conformance.shrink import shrink
from tests.engines import TENDERMINT


@settings(max_examples=40)
@given(plans(TENDERMINT), st.data())
def test_the_result_fails_and_nothing_next_to_it_that_is_smaller_does(plan, data):
    if not plan.atoms:
        return
    culprit = data.draw(st.sampled_from(plan.atoms))

    def fails(candidate):
        return culprit in candidate.atoms

    shrunk = shrink(plan, fails, TENDERMINT)
    assert shrunk.complete
    assert fails(shrunk.plan)
    assert shrunk.plan.atoms == (culprit,)
    assert shrunk.plan.order <= plan.order


def test_the_budget_ends_a_search_and_says_so():
    atoms = tuple(Late(r=r, ph="prevote", src=s, dst=d) for r in range(5) for s in range(4) for d in range(4) if s != d)
    plan = Plan(engine="tendermint", atoms=atoms)
    shrunk = shrink(plan, lambda candidate: len(candidate.atoms) > 30, TENDERMINT, budget=3)
    assert not shrunk.complete
    assert shrunk.executions == 3
    assert len(shrunk.plan.atoms) > 30


def test_a_pair_that_fails_only_together_is_kept_together():
    atoms = tuple(Late(r=r, ph="prevote", src=0, dst=d) for r in range(6) for d in (1, 2, 3))
    pair = {atoms[3], atoms[14]}
    plan = Plan(engine="tendermint", atoms=atoms)
    assert set(shrink(plan, lambda candidate: pair <= set(candidate.atoms), TENDERMINT).plan.atoms) == pair
