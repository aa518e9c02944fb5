"""A consortium of four hospitals, whole nodes with real signatures: a partition, a liar, crashes, and a replay.

The place to begin reading how things hold together: `NodeCluster` makes the nodes, the plan says what goes wrong, the
checkers judge what the nodes report, and every disk is verified from its genesis.
"""

from random import Random

import pytest

from conformance.adapters.node import NodeCluster
from conformance.adversary.generate import draw_plan
from conformance.checkers import judge
from conformance.plan import Byz, Crash, Cut, Plan, Skew, Support, Twin
from conformance.trace import trace_digest
from conformance.world import World
from refimpl.crypto.recipes import REHEARSAL, verifier
from refimpl.data.ids import MemberId, Name, Nonce
from refimpl.data.transaction import Transaction
from refimpl.node.notary import Remembering
from refimpl.node.verify import verify_ledger
from refimpl.scenarios.cast import ALLIANCE
from tests.engines import TENDERMINT

KEYS, GENESIS = ALLIANCE.keys(), ALLIANCE.genesis()
VERIFY = Remembering(verifier(ALLIANCE.suite, REHEARSAL))


def entry(height, number):
    """A record's index entry by the county hospital: something every ledger can carry out."""
    payload = {
        "entry": {"commitment": "ab" * 32, "custodian": "county2", "kind": "Note", "record": f"r{height}.{number}"}
    }
    draft = Transaction(
        ALLIANCE.suite, ALLIANCE.channel, Nonce(number), (MemberId("county2"),), Name("record"), payload
    )
    return draft.signed(KEYS)


def load(height, count):
    """All transactions are handed in for height 1; later heights empty the pools."""
    if height > 1:
        return []
    return [(entry(1, i).id.hex(), entry(1, i).to_bytes()) for i in range(count)]


def perform(plan):
    world = World(plan, NodeCluster(GENESIS, KEYS, plan, VERIFY, load))
    return world, world.run()


def hold(plan):
    """The run keeps every law, and every honest disk verifies from its genesis to one and the same end."""
    world, history = perform(plan)
    assert not judge(history)
    assert history.why == "done"
    reports = [verify_ledger(dict(world.nodes[node].disk)) for node in plan.correct]
    assert [report.finding for report in reports] == [None] * len(reports)
    assert len({report.state_root for report in reports if report.height == plan.heights}) <= 1
    return history


@pytest.mark.clause("INV-S1", "INV-S3", "INV-S5", "INV-S6")
def test_four_hospitals_agree_when_nothing_goes_wrong():
    history = hold(Plan(engine="tendermint", load=5, heights=2))
    for node in range(4):
        assert {name for _, decision in history.chain(node).items() for name in decision.block.transactions} == {
            entry(1, number).id.hex() for number in range(5)
        }


def test_a_hospital_that_is_cut_off_comes_to_the_same_chain_afterwards():
    hold(Plan(engine="tendermint", load=3, atoms=(Cut(r=0, to_r=5, side=(2,)),)))


def test_an_even_partition_decides_nothing_until_it_heals_and_then_everything():
    history = hold(Plan(engine="tendermint", load=3, atoms=(Cut(r=0, to_r=9, side=(0, 1)),)))
    assert all(decision.tick > history.plan.gst for decision in history.decisions)


@pytest.mark.clause("INV-S1", "INV-A2")
@pytest.mark.parametrize("liar", range(4))
def test_an_equivocating_withholding_and_replaying_hospital_changes_nothing(liar):
    others = [node for node in range(4) if node != liar]
    atoms = (
        Twin(r=0, src=liar, to=(others[0],)),
        Byz(r=0, ph="precommit", src=liar, dst=others[1], act="omit"),
        Byz(r=0, ph="prevote", src=liar, dst=others[2], act={"stale": 1}),
        Support(r=1, src=liar, to=(others[1],), value=f"v{liar}.7"),
    )
    hold(Plan(engine="tendermint", load=4, faulty=(liar,), after={liar: "byzantine"}, atoms=atoms))


@pytest.mark.clause("INV-S2", "INV-S7", "NET-013", "NET-016")
@pytest.mark.parametrize("when", ["before-persist", "after-persist", "after-send"])
@pytest.mark.parametrize("phase", ["propose", "prevote", "precommit"])
def test_a_hospital_that_crashes_at_any_moment_comes_back_without_signing_twice(when, phase):
    crash = Crash(node=0, r=0, ph=phase, when=when, disk="lost-tail", back={"h": 1, "r": 1})
    history = hold(Plan(engine="tendermint", load=2, atoms=(crash,)))
    assert [unrest.what for unrest in history.unrest if unrest.what in ("crash", "back")] == ["crash", "back"]


def test_clocks_that_differ_by_less_than_the_drift_are_borne():
    hold(Plan(engine="tendermint", load=2, atoms=(Skew(node=1, d=5), Skew(node=3, d=-5))))


@pytest.mark.clause("DAT-096")
def test_a_proposer_whose_clock_is_far_ahead_is_passed_over():
    history = hold(Plan(engine="tendermint", load=2, atoms=(Skew(node=0, d=500),)))
    assert {decision.round for decision in history.decisions} != {0}


@pytest.mark.clause("NET-030")
def test_the_same_plan_is_the_same_run_to_the_bit():
    plan = draw_plan(Random(4), TENDERMINT)
    assert trace_digest(perform(plan)[1]) == trace_digest(perform(plan)[1])


@pytest.mark.clause("INV-S1", "INV-S2", "INV-S3", "INV-S4", "INV-S5", "INV-S6", "INV-S7", "INV-V1")
@pytest.mark.parametrize("seed", range(4))
def test_drawn_plans_do_not_break_whole_nodes(seed):
    for number in range(25):
        plan = draw_plan(Random(f"{seed}/{number}"), TENDERMINT)
        if plan.delta == 1:
            _, history = perform(plan)
            assert not judge(history), plan.encode()
