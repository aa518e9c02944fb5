"""What the bench sends through the world arrives, as often as through a bare heap."""

import pytest

from bench import simulation
from bench.measure import QUICK


def test_the_world_carries_as_many_messages_as_a_heap():
    contest = simulation.kernel(QUICK)
    contest.prove()
    world, heap, *_ = contest.contenders
    assert world.units == heap.units == heap.run() > 100


@pytest.mark.parametrize("engine", simulation.BFT)
def test_one_execution_is_weighed_by_its_share_of_the_heap(engine):
    contest = simulation.single_height(engine, QUICK)
    contest.prove()
    judged, heap, played = contest.contenders
    assert heap.units == 1 and judged.units == played.units == contest.counts["executions"]
    share = simulation.HEAP_A_SECOND / simulation.EXECUTIONS_A_SECOND
    assert share <= heap.run() < share + simulation.NODES * (simulation.NODES - 1)
    assert contest.gate == 1.0, "at the rate of the targets a share takes as long as an execution may"
