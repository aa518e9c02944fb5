"""Exploration: plans played and judged, messages carried, and what a second process adds."""

import heapq
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from typing import Any

from bench.measure import Contender, Contest, Method, Unequal
from conformance.checkers import judge
from conformance.contract import Contract
from conformance.drivers.explore import Campaign, play_range
from conformance.history import Said
from conformance.plan import Plan
from conformance.reactor import Effect, Send
from conformance.targets import Target
from conformance.world import World

NODES = 4
BFT = ("tendermint", "pbft", "hotstuff", "streamlet")
HEAP_A_SECOND, EXECUTIONS_A_SECOND = 2_600_000, 500
"""What the bare heap loop carried on the machine of the targets, and the executions of one height that it is to do: an
absolute target means a machine, so it is gated as the ratio of the two."""


class Relay:
    """A node that passes every message on to its neighbour until it has gone far enough."""

    def __init__(self, node: int, last: int) -> None:
        self.node, self.last = node, last
        self.seen = 0

    def start(self, now: int) -> Sequence[Effect]:
        """Everybody sends one message to everybody."""
        return (Send((self.node, 0)),)

    def deliver(self, src: int, wire: tuple[int, int], now: int) -> Sequence[Effect]:
        """One message for one message, so that the queue neither grows nor empties."""
        self.seen += 1
        hops = wire[1] + 1
        return (Send((self.node, hops), ((self.node + 1) % NODES,)),) if hops < self.last else ()

    def fire(self, name: Hashable, now: int) -> Sequence[Effect]:
        """No timers are set."""
        return ()

    def submit(self, transaction: Any, now: int) -> Sequence[Effect]:
        """Nothing to do."""
        return ()

    def recover(self, disk: Mapping[str, Any], now: int) -> Sequence[Effect]:
        """Never down."""
        return ()

    def where(self) -> str:
        """Nowhere."""
        return ""


class Relays:
    """A cluster of relays."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.contract = Contract(engine="relay", timeout=(10**9, 0))
        """Nothing is decided, so the end that it promises is never near."""

    @property
    def names(self) -> Sequence[str]:
        """See `conformance.world.Cluster`; nobody asks for them by name."""
        return ()

    def spawn(self, node: int, variant: int) -> Relay:
        """See `conformance.reactor.Cluster`."""
        return Relay(node, self.last)

    def read(self, wire: tuple[int, int]) -> Said:
        """See `Cluster`."""
        return Said("relay", 1, 0, wire[0], "")

    def read_record(self, value: Any) -> None:
        """See `Cluster`."""

    def identity(self, wire: tuple[int, int]) -> Hashable:
        """See `Cluster`."""
        return wire

    def alter(self, wire: Any, act: Mapping[str, Any], source: Any) -> None:
        """Nobody lies."""

    def damage(self, wire: Any, act: str) -> None:
        """Nobody lies."""

    def forge(self, said: Said, act: Mapping[str, Any], source: Any) -> None:
        """Nobody lies."""

    def disguise(self, wire: Any, node: int) -> Any:
        """Nobody lies."""

    def is_genuine(self, wire: Any) -> bool:
        """Nobody lies."""
        return True

    def transactions(self, height: int, count: int) -> Sequence[tuple[str, Any]]:
        """None."""
        return ()


def bare_heap(hops_each: int) -> int:
    """Messages that a heap of (time, seq, to, message) carries to nobody: 12 at first, each passed on `hops_each` times
    in all. The cheapest loop that is still a simulation; others are measured by it."""
    queue = [(1, seq, seq % NODES, (0, 0)) for seq in range(NODES * (NODES - 1))]
    heapq.heapify(queue)
    seen, seq = 0, len(queue)
    while queue:
        at, _, to, (_, hops) = heapq.heappop(queue)
        seen += 1
        if hops + 1 < hops_each:
            seq += 1
            heapq.heappush(queue, (at + 1, seq, (to + 1) % NODES, (to, hops + 1)))
    return seen


def kernel(method: Method) -> Contest:
    """Messages through the world, against a heap that carries the same number to nobody."""
    last = method.size(500, 10)
    plan = Plan(engine="relay", n=NODES)

    def through_the_world() -> int:
        world = World(plan, Relays(last))
        world.run()
        return sum(runner.reactor.seen for runner in world.nodes if isinstance(runner.reactor, Relay))

    def prove() -> None:
        if through_the_world() != bare_heap(last):
            raise Unequal(f"{through_the_world()} and {bare_heap(last)} messages")

    count = bare_heap(last)
    return Contest(
        "messages",
        (Contender("World", through_the_world, count), Contender("bare heap loop", lambda: bare_heap(last), count)),
        "a heap of (time, seq, to, message)", prove, gate=0.08,
        note="for each message the world reads its coordinates, asks the plan for its fate and keeps the statement for "
        "the checkers; no engine takes part",
        counts={"messages": count},
    )  # fmt: skip


@cache
def drawn(heights: int, count: int) -> tuple[Plan, ...]:
    """Plans with one liar of four, as `yilian explore` draws them."""
    campaign = Campaign("tendermint", 0, count, liars=1, heights=heights)
    return tuple(campaign.plan(number) for number in range(count))


def plans_played(heights: int, method: Method) -> Contest:
    """Four nodes, one of them lying, ideal signatures; drawing the plan is part of the first."""
    count = method.size(100, 5)
    plans, target = drawn(heights, count), Target()
    campaign = Campaign("tendermint", 0, count, liars=1, heights=heights)

    def prove() -> None:
        tally = play_range(campaign, 0, count)
        decided = sum(len(target.play(plan).decisions) for plan in plans)
        if tally.found or tally.heights != decided:
            raise Unequal(f"{len(tally.found)} violations; {tally.heights} and {decided} heights")

    return Contest(
        "plans",
        (
            Contender("drawn, played, judged", lambda: play_range(campaign, 0, count), count),
            Contender("played", lambda: [target.play(plan) for plan in plans], count),
            Contender("played, judged", lambda: [judge(target.play(plan)) for plan in plans], count),
        ),
        "the same plans played and not judged", prove,
        note="guide: at least 500 plans of one height a second on one core, with checkers",
        counts={"plans": count, "heights": heights, "atoms_a_plan": sum(len(p.atoms) for p in plans) / count},
    )  # fmt: skip


def one_height(method: Method) -> Contest:
    """Plans of one height."""
    return plans_played(1, method)


def two_heights(method: Method) -> Contest:
    """Plans of two heights."""
    return plans_played(2, method)


def engines(method: Method) -> Contest:
    """Plans of one height for each BFT engine: drawn with one liar, played and judged."""
    count = method.size(60, 3)

    def contender(name: str) -> Contender:
        campaign = Campaign(name, 0, count, liars=1, heights=1)
        return Contender(name, lambda: play_range(campaign, 0, count), count)

    def prove() -> None:
        for name in BFT:
            tally = play_range(Campaign(name, 0, count, liars=1, heights=1), 0, count)
            if tally.found or tally.runs != count:
                raise Unequal(f"{name}: {len(tally.found)} violations")

    return Contest(
        "plans", tuple(contender(name) for name in BFT), "PBFT under plans of its own", prove,
        note="guide: at least 500 plans of one height a second on one core for each; a chained engine carries two to "
        "three times the messages of a height, since a block is final three views later",
        counts={"plans": count},
    )  # fmt: skip


def single_height(engine: str, method: Method) -> Contest:
    """One height on four nodes without faults, played and judged, against so much of the bare heap loop as a machine
    that does 500 executions a second gets through meanwhile.

    An execution is all that one run costs: the nodes, their keys in the ideal book and the tables of the plan are made,
    the height is played until all four have decided it, the history of the run is put together, and every checker reads
    it. The plan, which is empty, is not drawn. A history is dropped before the next run begins, as an exploration drops
    it.
    """
    count = method.size(60, 3)
    plan, target = Plan(engine=engine), Target()
    hops_each = HEAP_A_SECOND // EXECUTIONS_A_SECOND // (NODES * (NODES - 1)) + 1
    """So that the loop carries no less than its share."""

    def judged() -> None:
        for _ in range(count):
            judge(target.play(plan, watched=False))

    def played() -> None:
        for _ in range(count):
            target.play(plan, watched=False)

    def prove() -> None:
        history = target.play(plan, watched=False)
        first = [one for one in history.decisions if one.height == 1]  # Streamlet finalises two at once
        if history.why != "done" or len(first) != NODES or judge(history):
            raise Unequal(f"{engine}: {history.why}, {len(first)} decisions of the first height")
        messages = bare_heap(hops_each)
        if messages * EXECUTIONS_A_SECOND < HEAP_A_SECOND:
            raise Unequal(f"{messages} messages for each execution")

    delivered = len(target.play(plan, watched=True).deliveries)
    return Contest(
        "executions",
        (
            Contender("played, judged", judged, count),
            Contender("bare heap loop, its share", lambda: bare_heap(hops_each)),
            Contender("played", played, count),
        ),
        f"the loop of simulation.kernel with {bare_heap(hops_each)} messages: a machine that carries "
        f"{HEAP_A_SECOND:,} a second, as that of the targets does, plays and judges {EXECUTIONS_A_SECOND} executions "
        "a second where the ratio is 1",
        prove, gate=1.0,
        note="one height without faults, ideal signatures, until all four have decided; a chained engine needs two to "
        "three times the messages, since a block is final three views later",
        counts={"executions": count, "messages_delivered": delivered},
    )  # fmt: skip


def workers(method: Method) -> Contest:
    """The same plans on two processes and on one."""
    campaign = Campaign("tendermint", 0, method.size(300, 20), liars=1)
    half = campaign.runs // 2
    pool = ProcessPoolExecutor(2)

    def two() -> int:
        jobs = [pool.submit(play_range, campaign, first, half) for first in (0, half)]
        return sum(job.result().heights for job in jobs)

    def one() -> int:
        return pool.submit(play_range, campaign, 0, 2 * half).result().heights

    def prove() -> None:
        if two() != one():
            raise Unequal("the tallies differ")

    return Contest(
        "plans", (Contender("two processes", two, 2 * half), Contender("one process", one, 2 * half)),
        "one process; two cannot do more than twice as much", prove, gate=1.7, rounds=3, every_core=True,
        note="needs two free cores: whatever else runs on the machine is in this figure",
    )  # fmt: skip


ITEMS = {
    "simulation.kernel": kernel,
    "simulation.one-height": one_height,
    "simulation.two-heights": two_heights,
    "simulation.engines": engines,
    **{f"simulation.height.{name}": partial(single_height, name) for name in BFT},
    "simulation.workers": workers,
}
