"""Wrong lines of the corpus that break nothing in these engines: written down and played, so that this stays true.

A day on which one of these fails is a day on which its id goes back into the zoo.
"""

import pytest

from conformance.adapters.reference import engine_cluster
from conformance.checkers import classes, judge
from conformance.drivers.explore import Campaign
from conformance.plan import Byz, Plan, Support
from conformance.trace import trace_digest
from conformance.world import play
from conformance.zoo import NOT_HERE, ZOO, load
from refimpl.consensus.hotstuff import HotStuff
from refimpl.consensus.pbft import Pbft

load()


class LocksOnPrepared(HotStuff):
    """H02: the lock is the highest certificate itself, and the leader does not wait for it (arXiv 2310.09006)."""

    def locks(self, best, chain):
        return best


class DoubledTwice(HotStuff):
    """H11: the timer of a view is doubled by two paths ("Liveness attacks on HotStuff")."""

    def timeout(self, memory):
        return super().timeout(memory) ** 2 // self.promise.timeout[0]


class NeverJoins(Pbft):
    """P19: view changes for higher views by f + 1 draw nobody along (Castro and Liskov)."""

    def joins(self, memory, weight):
        return False


WRONG = {"H02": LocksOnPrepared, "H11": DoubledTwice, "P19": NeverJoins}


def broken(kind, plan):
    return classes(judge(play(plan, engine_cluster(plan, kind), watched=True)))


@pytest.mark.parametrize("name", list(WRONG))
def test_a_wrong_line_that_is_not_here_breaks_nothing_under_drawn_plans(name):
    assert name in NOT_HERE
    assert name not in ZOO
    engine = WRONG[name].promise.engine
    campaign = Campaign(engine, 7, 120, heights=1)
    assert {i: found for i in range(120) if (found := broken(WRONG[name], campaign.plan(i)))} == {}


def test_each_of_them_does_behave_otherwise_somewhere():
    for kind in WRONG.values():
        campaign = Campaign(kind.promise.engine, 7, 120, heights=1)
        plans = [campaign.plan(i) for i in range(120)]
        pairs = ((play(plan, engine_cluster(plan, kind)), play(plan, engine_cluster(plan))) for plan in plans)
        assert any(trace_digest(wrong) != trace_digest(right) for wrong, right in pairs)


@pytest.mark.clause("CON-066", "CON-068")
@pytest.mark.parametrize("cycles", [1, 2, 3])
def test_a_leader_that_shows_its_certificate_to_one_member_only_stops_nobody(cycles):
    """The attack on the two-phase lock: in each of its views the liar hides its vote from all but one."""
    atoms = []
    for cycle in range(cycles):
        view = 4 * cycle
        atoms += [Byz(r=view, ph="propose", src=0, dst=3, act="omit"), Byz(r=view, ph="vote", src=0, dst=2, act="omit"),
                  Byz(r=view, ph="vote", src=0, dst=3, act="omit")]  # fmt: skip
    plan = Plan(engine="hotstuff", n=4, faulty=(0,), gst=0, after={0: "byzantine"}, atoms=tuple(atoms))
    assert broken(LocksOnPrepared, plan) == broken(HotStuff, plan) == ()


@pytest.mark.clause("CON-047", "CON-048")
@pytest.mark.parametrize("to", [(1,), (2, 3), (1, 2, 3)])
def test_a_liar_that_asks_for_one_view_after_the_other_separates_nobody(to):
    atoms = tuple(Support(r=r, src=0, to=to, value="nil") for r in range(1, 6))
    plan = Plan(engine="pbft", n=4, faulty=(0,), after={0: "byzantine"}, atoms=atoms)
    assert broken(NeverJoins, plan) == broken(Pbft, plan) == ()
