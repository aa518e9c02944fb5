"""What the bench sends through the world arrives, as often as through a bare heap."""

from bench import simulation
from bench.measure import QUICK


def test_the_world_carries_as_many_messages_as_a_heap():
    contest = simulation.kernel(QUICK)
    contest.prove()
    world, heap, *_ = contest.contenders
    assert world.units == heap.units == heap.run() > 100
