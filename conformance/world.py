"""The world: virtual time, a network, n nodes, and a plan that says what goes wrong.

Why: a run must be a function of its plan. There is one thread, one queue ordered by (tick, deliveries before timers,
source, destination, rank on that channel), and no clock, so a run can be repeated, compared and shrunk. Order never
depends on a counter shared by all channels: leaving out one fault does not reorder the rest.

It must not know any engine (a `Cluster` does), nor judge what it sees (checkers do). Source: spec/network.md, part 2.
"""

import gc
import heapq
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import product
from typing import Any, cast

from attrs import define, field

from conformance.adversary.fate import Fates, Speech
from conformance.contract import delays
from conformance.history import Decision, Delivery, History, Said, Statement, Unrest
from conformance.plan import Crash, Fork, Plan
from conformance.plan_shapes import BROKEN
from conformance.reactor import (
    Accused,
    Cancel,
    Cluster,
    Decided,
    Divisible,
    Effect,
    Lenient,
    Persist,
    Reactor,
    Refusal,
    Send,
    SetTimer,
    is_lenient,
)


@define
class _Node:
    """One instance under way."""

    node: int
    reactor: Reactor
    twin: bool = False
    fork: int | None = None
    """Of a fork, which one it is."""
    life: int = 0
    up: bool = True
    disk: dict[str, Any] = field(factory=dict)
    unsynced: list[tuple[str, Any]] = field(factory=list)
    timers: dict[Hashable, int] = field(factory=dict)
    due: dict[Hashable, int] = field(factory=dict)
    """Statement -> the tick at which it reaches this node; spares relays that would change nothing."""
    decided: int = 0
    synced: int = 0
    """How often it made its writes durable."""
    spoken: int = -1
    """What `synced` was when it last said something new."""
    said: set[Said] = field(factory=set)
    """What it has said."""
    kept: set[Said] = field(factory=set)
    """Of its own statements, those that are recognised on its disk."""
    ranks: dict[int, int] = field(factory=dict)
    """How many messages each node has sent it, twins and forks counted with their nodes; under -1, its own alarms."""
    skew: int = 0
    """By how many ticks its clock is ahead of the world's."""
    correct: bool = True
    address: int = field(init=False)
    """How the world finds it: its number, -1 less the number of the node whose twin it is, or of a fork the number of
    nodes and its own."""

    def __attrs_post_init__(self) -> None:
        self.address = -1 - self.node if self.twin else self.node


class World:
    """One run under way. `run()` once."""

    def __init__(
        self, plan: Plan, cluster: Cluster, *, watched: bool = False, backwards: bool = False, sieved: bool = False
    ) -> None:
        """`watched` keeps every delivery, for a report; `backwards` makes the nodes in reverse order, and `sieved`
        delivers nothing that its member did not sign: neither must matter. Raises `PlanError` unless the contract
        admits the plan."""
        cluster.contract.admit(plan)
        self.plan = plan
        self.cluster = cluster
        self.watched = watched or plan.tier == "accountability"
        self.sieved = sieved
        self.fates = Fates(plan, cluster.contract)
        self.faulty = frozenset(plan.faulty)
        self.skew = {atom.node: atom.d for atom in self.fates.skews}
        order = range(plan.n)[:: -1 if backwards else 1]
        self.nodes = sorted((self.instance(node, cluster.spawn(node, 0)) for node in order), key=lambda one: one.node)
        self.twins = {src: self.instance(src, cluster.spawn(src, 1), twin=True) for src in self.fates.twins}
        self.lenient = cast(Lenient, cluster) if is_lenient(type(cluster)) else None
        self.begun = False
        self.forks: list[tuple[Fork, _Node]] = []
        self.kept: list[list[Any]] = []
        """What each fork has made and not shown."""
        self.punctual = cluster.contract.synchronous and not any(delays(atom, plan.faulty) for atom in plan.atoms)
        """Whether what correct nodes pass on arrives in time: before GST too, unless the plan says otherwise."""
        self.gossips = plan.links == "gossip"
        self.queue: list[tuple[Any, ...]] = []
        self.spread: dict[Hashable, int] = {}
        """Statement -> the tick by which it reaches every node; spares relays that would change nothing."""
        self.now = 0
        self.moved = True
        """Whether something was decided, or somebody came back, since it was last asked whether the run is done."""
        self.decisions: list[Decision] = []
        self.statements: list[Statement] = []
        self.deliveries: list[Delivery] = []
        self.unrest: list[Unrest] = []
        self.evidence: list[tuple[int, int]] = []
        self.submitted: set[str] = set()
        self.handed_in: set[str] = set()
        self.frontier = (0, -1)
        self.sent_on: dict[tuple[int, int], list[Any]] = {}

    def instance(self, node: int, reactor: Reactor, *, twin: bool = False, fork: int | None = None) -> _Node:
        """A node, its twin or a fork of it, with the clock and the honesty of its node."""
        return _Node(node, reactor, twin, fork, skew=self.skew.get(node, 0), correct=node not in self.faulty)

    # --- running ---

    def run(self) -> History:
        """Play the plan until everybody has decided, nothing is in flight, or the bound of liveness has passed."""
        self.hand_in()
        self.start()
        bound = self.cluster.contract.bound(self.plan)
        while self.queue and self.queue[0][0] <= bound:
            if self.moved and self.is_done():
                break
            self.moved = False
            self.turn(heapq.heappop(self.queue))
        return self.history("done" if self.is_done() else "bound" if self.queue else "quiet")

    def start(self) -> None:
        """Every node begins."""
        for runner in (*self.nodes, *self.twins.values()):
            self.carry_out(runner, runner.reactor.start(self.clock(runner)))
        self.begun = True
        self.branch_off()

    def run_until(self, tick: int) -> None:
        """Let time pass, for a story that is told step by step."""
        while self.queue and self.queue[0][0] <= tick:
            self.turn(heapq.heappop(self.queue))
        self.now = tick

    def submit(self, name: str, transaction: Any) -> None:
        """A client hands a transaction to every node that is up."""
        self.submitted.add(name)
        for runner in (*self.nodes, *self.twins.values()):
            if runner.up:
                try:
                    effects = runner.reactor.submit(transaction, self.clock(runner))
                except Refusal as refusal:
                    self.unrest.append(Unrest(self.now, runner.node, str(refusal)))
                else:
                    self.carry_out(runner, effects)

    def turn(self, event: tuple[Any, ...]) -> None:
        """One event."""
        self.now, kind, src, dst, _, what, payload = event
        if kind == 0:
            self.deliver(src, self.runner(dst), what, forged=payload)
        elif kind == 1:
            runner = self.runner(dst)
            if runner.up and runner.timers.get(what) == payload:
                del runner.timers[what]
                self.ring(runner, what)
        else:
            self.bring_back(self.nodes[dst])

    def ring(self, runner: _Node, timer: Hashable) -> None:
        """An alarm goes off; a node that refuses its own alarm goes on without it."""
        try:
            effects = runner.reactor.fire(timer, self.clock(runner))
        except Refusal as refusal:
            self.unrest.append(Unrest(self.now, runner.node, str(refusal)))
        else:
            self.carry_out(runner, effects)

    def runner(self, address: int) -> _Node:
        """A node, the twin of node -1-address, or a fork, in order of birth after the nodes."""
        nodes = self.nodes
        if 0 <= address < len(nodes):
            return nodes[address]
        return self.twins[-1 - address] if address < 0 else self.forks[address - len(nodes)][1]

    def clock(self, runner: _Node) -> int:
        """The time as the node sees it."""
        return self.now + runner.skew

    def is_done(self) -> bool:
        """Every correct node has decided every height, and nobody is still down."""
        heights = self.plan.heights
        late = [runner.node for runner in self.nodes if runner.decided < heights or not runner.up]
        return not any(self.is_owed(node) for node in late)

    def is_owed(self, node: int) -> bool:
        """Whether a run is not done before this node has decided every height."""
        return node not in self.faulty and (self.lenient is None or self.lenient.is_owed(node))

    def hand_in(self) -> None:
        """Clients hand in the load of every height before the start."""
        for height in range(1, self.plan.heights + 1):
            for name, transaction in self.cluster.transactions(height, self.plan.load):
                self.submit(name, transaction)
                self.handed_in.update([name] if height == 1 else [])

    # --- messages ---

    def deliver(self, src: int, runner: _Node, wire: Any, *, forged: bool) -> None:
        """A message arrives, if there is anybody."""
        if not runner.up:
            return
        if not runner.correct and self.is_mute(runner.node):
            return
        if self.sieved and forged and not self.cluster.is_genuine(wire):
            return
        if self.watched and not runner.twin:
            said = self.cluster.read(wire)
            genuine = not forged or self.cluster.is_genuine(wire)
            self.deliveries.append(Delivery(self.now, said.signer, runner.node, *said[:3], said.value, forged, genuine))
        try:
            effects = runner.reactor.deliver(src, wire, self.now + runner.skew)
        except Refusal as refusal:
            self.unrest.append(Unrest(self.now, runner.node, str(refusal)))
            return
        if self.gossips and runner.correct:
            self.relay(runner, wire, (), self.cluster.read(wire).signer)
        if effects:
            self.carry_out(runner, effects)

    def is_mute(self, node: int) -> bool:
        """Whether a liar has fallen silent for good."""
        return self.now >= self.plan.gst and self.plan.after.get(node) == "silent"

    def carry_out(self, runner: _Node, effects: Sequence[Effect]) -> None:
        """Do what a node asks, in order; a crash may cut the list."""
        crash = self.fates.crash_of(runner.node) if runner.node in self.fates.crashes and not runner.twin else None
        for effect in effects:
            if crash is not None and self.crash_cuts(runner, crash, effect):
                return
            CARRY_OUT[type(effect)](self, runner, effect)

    def set_timer(self, runner: _Node, effect: SetTimer) -> None:
        """An alarm on the node's own clock."""
        name, at = effect
        due = max(at - runner.skew, self.now)
        runner.timers[name] = due
        self.alarm(runner, name, due)

    def cancel(self, runner: _Node, effect: Cancel) -> None:
        """An alarm is taken back."""
        runner.timers.pop(effect.name, None)

    def decide(self, runner: _Node, effect: Decided) -> None:
        """A height is final here."""
        runner.decided, self.moved = max(runner.decided, effect.decision.height), True
        if runner.correct:
            self.decisions.append(effect.decision._replace(tick=self.now, life=runner.life))

    def accuse(self, runner: _Node, effect: Accused) -> None:
        """Proof against somebody; that of a liar is none."""
        if runner.correct:
            self.evidence.append((runner.node, effect.against))

    def alarm(self, runner: _Node, name: Hashable, due: int) -> None:
        """An alarm enters the queue."""
        ranks = runner.ranks
        rank = ranks[-1] = ranks.get(-1, 0) + 1
        heapq.heappush(self.queue, (due, 1, runner.node, runner.address, rank, name, due))

    def arrive(self, due: int, src: int, target: _Node, wire: Any, *, forged: bool) -> None:
        """A message enters the queue, after those of its tick that were sent earlier on its channel."""
        ranks = target.ranks
        rank = ranks[src] = ranks.get(src, 0) + 1
        heapq.heappush(self.queue, (due, 0, src, target.address, rank, wire, forged))

    def send(self, runner: _Node, effect: Send) -> None:
        """A message leaves: its own statement by its fate, somebody else's as slowly as links allow."""
        wire, to = effect
        if runner.fork is not None:
            self.keep(runner.fork, wire)
            return
        said = self.cluster.read(wire)
        kind, height, round_, signer, value = said
        node, correct = runner.node, runner.correct
        if signer != node or kind in ("decided", "sync"):
            if correct:
                self.relay(runner, wire, to, signer)
            return
        if correct:
            recorded = self.is_recorded(runner, said)
            self.statements.append(Statement(self.now, node, runner.life, kind, height, round_, value, recorded))
        if (height, round_) > self.frontier:
            self.advance(height, round_)
        due = self.now + self.plan.delta
        if correct and self.fates.is_usual(said):
            self.send_as_usual(node, wire, to, due)
        else:
            for dst in to or range(self.plan.n):
                if dst != node:
                    self.send_one(runner, wire, said, dst)
        for src in self.twins:
            if src != node and (not to or src in to) and self.fates.hears_twin(src, node, said):
                self.push(due, node, self.twins[src], wire, forged=False)

    def send_as_usual(self, node: int, wire: Any, to: tuple[int, ...], due: int) -> None:
        """A statement that no fault touches, on all of its links."""
        identity = self.cluster.identity(wire)
        for target in [self.nodes[dst] for dst in to] if to else self.nodes:
            if target.node != node:
                if target.due.get(identity, due + 1) > due:
                    target.due[identity] = due
                self.arrive(due, node, target, wire, forged=False)
        if not to:
            self.spread.setdefault(identity, due)

    def is_recorded(self, runner: _Node, word: Said) -> bool:
        """Whether a statement is on the disk of whom it binds; what is said again is.

        Of a node that keeps its statements in a form of its own, whether it made anything durable since it last said
        something new.
        """
        if word in runner.said:
            return True
        recorded = not runner.unsynced and (word in runner.kept if runner.kept else runner.synced > runner.spoken)
        runner.said.add(word)
        runner.spoken = runner.synced
        return recorded

    def send_one(self, runner: _Node, wire: Any, said: Said, dst: int) -> None:
        """One link."""
        if not runner.correct:
            if runner.twin and self.is_unborn(runner.node):
                return
            if self.fates.is_silenced(said, dst, by_twin=runner.twin) or self.is_mute(runner.node):
                return
            act = self.fates.act(said, dst)
            if act is not None:
                self.lie(runner, wire, said, dst, act)
                return
        fate = self.fates.fate(said, dst, by_twin=runner.twin)
        if fate is None:
            self.push(self.now + self.plan.delta, runner.node, self.nodes[dst], wire, forged=runner.twin)
        elif not fate.dropped:
            slow = max(self.now, self.plan.gst) + self.plan.delta
            due = slow if fate.late else self.now + self.plan.delta + fate.swapped
            for copy in range(1 + fate.copies):
                self.push(due + copy, runner.node, self.nodes[dst], wire, forged=runner.twin)

    def lie(self, runner: _Node, wire: Any, said: Said, dst: int, act: Any) -> None:
        """The faulty node's message on this link is replaced."""
        if act == "omit":
            return
        if act in BROKEN:
            other = self.cluster.damage(wire, act)
        elif "stale" in act:
            earlier = self.sent_on.get((runner.node, dst), [])
            other = earlier[-act["stale"]] if len(earlier) >= act["stale"] else None
        else:
            other = self.cluster.alter(wire, act, runner.reactor)
        if other is not None:
            self.push(self.now + self.plan.delta, runner.node, self.nodes[dst], other, forged=True)

    def relay(self, runner: _Node, wire: Any, to: tuple[int, ...], signer: int) -> None:
        """Somebody else's statement passed on, or help asked for and given: the adversary takes all the time it may.

        What is passed on to all is spared where its destination has it earlier; what is asked, or for one, is not.
        """
        node, identity = runner.node, self.cluster.identity(wire)
        again = bool(to) or signer == node
        if not again and self.spread.get(identity, self.now + 1) <= self.now:
            return
        due = (self.now if self.punctual else max(self.now, self.plan.gst)) + self.plan.delta
        for target in [self.nodes[dst] for dst in to] if to else self.nodes:
            dst = target.node
            if dst != node and dst != signer and (again or target.due.get(identity, due + 1) > due):
                target.due[identity] = due
                self.arrive(due, node, target, wire, forged=False)

    def push(self, due: int, src: int, target: _Node, wire: Any, *, forged: bool) -> None:
        """Put a message on a link."""
        identity = self.cluster.identity(wire)
        if target.due.get(identity, due + 1) > due:
            target.due[identity] = due
        if src in self.faulty:
            self.sent_on.setdefault((src, target.node), []).append(wire)
        self.arrive(due, src, target, wire, forged=forged)

    def advance(self, height: int, round_: int) -> None:
        """The run reaches a new (height, round): macros speak, and crashed nodes come back."""
        if (height, round_) <= self.frontier:
            return
        self.frontier = (height, round_)
        for speech in self.fates.speeches(height, round_):
            self.lie_anew(speech)
        for src, runner in self.twins.items():
            self.rouse(src, runner)
        for atom in self.fates.returns(height, round_):
            self.schedule_return(atom.node, self.now + 1)
        self.branch_off()

    # --- private chains ---

    def branch_off(self) -> None:
        """Forks whose place is reached are born, once all nodes have begun; those whose time has come show what they
        made."""
        waiting = [atom for atom in self.fates.forks if self.begun and (atom.h, atom.r) <= max(self.frontier, (1, 0))]
        for atom in waiting:
            self.fates.forks.remove(atom)
            whole = self.nodes[atom.src]
            if not isinstance(whole.reactor, Divisible):
                continue
            self.fates.count("fork")
            runner = self.instance(atom.src, whole.reactor.fork(2 + len(self.forks)), fork=len(self.forks))
            runner.address = self.plan.n + len(self.forks)
            self.forks.append((atom, runner))
            self.kept.append([])
            for name, due in sorted(whole.timers.items(), key=str):
                runner.timers[name] = due
                self.alarm(runner, name, due)
        for number in range(len(self.forks)):
            self.show(number)

    def keep(self, number: int, wire: Any) -> None:
        """What a fork says is kept, and heard by those that branched off with it, until its time has come."""
        self.kept[number].append(wire)
        atom, runner = self.forks[number]
        for other, ally in self.forks:
            if ally is not runner and (other.h, other.r) == (atom.h, atom.r):
                self.push(self.now + self.plan.delta, runner.node, ally, wire, forged=False)
        self.show(number)

    def show(self, number: int) -> None:
        """Give a fork's blocks to those for whom they are meant, once its time has come."""
        atom, runner = self.forks[number]
        if self.frontier < (atom.h, atom.to_r):
            return
        shown, self.kept[number] = self.kept[number], []
        for wire, dst in product(shown, atom.to):
            if dst != runner.node:
                self.push(self.now + self.plan.delta, runner.node, self.nodes[dst], wire, forged=True)

    def lie_anew(self, speech: Speech) -> None:
        """A liar sends a message of its own making."""
        src = speech.said.signer
        if self.is_mute(src):
            return
        wire = self.cluster.forge(speech.said, speech.act, self.nodes[src].reactor)
        if wire is None:
            return
        self.fates.count(speech.atom)
        if speech.posing is not None:
            wire = self.cluster.disguise(wire, speech.posing)
        self.push(self.now + self.plan.delta, src, self.nodes[speech.dst], wire, forged=True)

    def is_unborn(self, src: int) -> bool:
        """Whether the twin of `src` is one from an earlier place that has not woken yet."""
        sleep = self.fates.sleeps(src)
        return sleep is not None and self.frontier < sleep[1]

    def rouse(self, src: int, runner: _Node) -> None:
        """A twin from an earlier place falls asleep when that is reached, and wakes, its alarms with it, at its own."""
        sleep = self.fates.sleeps(src)
        if sleep is None:
            return
        asleep = sleep[0] <= self.frontier < sleep[1]
        if runner.up and asleep:
            runner.up = False
        elif not runner.up and not asleep:
            runner.up = True
            for name in runner.timers:
                runner.timers[name] = self.now
                self.alarm(runner, name, self.now)

    # --- crash and disk ---

    def write(self, runner: _Node, effect: Persist) -> None:
        """To the harness's disk; unsynced writes may be lost, as a suffix."""
        writes, sync = effect
        if sync and not runner.unsynced:
            self.store(runner, writes)
        else:
            runner.unsynced.extend(writes)
            if sync:
                self.flush(runner)

    def flush(self, runner: _Node) -> None:
        """Everything written so far survives."""
        self.store(runner, runner.unsynced)
        runner.unsynced.clear()

    def store(self, runner: _Node, writes: Sequence[tuple[str, Any]]) -> None:
        """These writes survive, after all that do already."""
        disk, runner.synced = runner.disk, runner.synced + 1
        for key, value in writes:
            if value is None:
                disk.pop(key, None)
            else:
                disk[key] = value
                said = self.cluster.read_record(value)
                if said is not None and said.signer == runner.node:
                    runner.kept.add(said)

    def crash_cuts(self, runner: _Node, atom: Crash, effect: Effect) -> bool:
        """Whether the node dies at this effect; an `after-` crash still carries it out."""
        said = self.cluster.read(effect.wire) if isinstance(effect, Send) else None
        if isinstance(effect, Persist) and len(effect.writes) == 1:
            said = self.cluster.read_record(effect.writes[0][1])
        if said is None or said.signer != runner.node or not self.fates.is_moment(atom, said):
            return False
        if isinstance(effect, Persist):
            if atom.when == "after-send":
                return False
            if atom.when == "after-persist":
                self.write(runner, effect)
        elif isinstance(effect, Send):
            self.send(runner, effect)
        self.fall(runner, atom)
        return True

    def fall(self, runner: _Node, atom: Crash) -> None:
        """Memory and timers are gone; the disk keeps what was synced, or all that was written."""
        if atom.disk == "synced":
            self.flush(runner)
        runner.unsynced.clear()
        runner.up, runner.life = False, runner.life + 1
        runner.timers.clear()
        runner.due.clear()
        self.spread.clear()
        self.fates.spend(atom)
        self.unrest.append(Unrest(self.now, runner.node, "crash"))
        self.schedule_return(runner.node, max(self.now, self.plan.gst) + 1)
        if atom.back is not None and (atom.back["h"], atom.back["r"]) <= self.frontier:
            self.schedule_return(runner.node, self.now + 1)

    def schedule_return(self, node: int, due: int) -> None:
        """It will be back."""
        heapq.heappush(self.queue, (due, 2, node, node, 0, None, None))

    def bring_back(self, runner: _Node) -> None:
        """A node recovers from its disk; nobody who is up is brought back."""
        if runner.up:
            return
        runner.up = self.moved = True
        runner.reactor = self.cluster.spawn(runner.node, 0)
        runner.decided = 0
        self.unrest.append(Unrest(self.now, runner.node, "back"))
        self.carry_out(runner, runner.reactor.recover(dict(runner.disk), self.clock(runner)))

    # --- the end ---

    def history(self, why: str) -> History:
        """What happened."""
        correct = [runner for runner in self.nodes if runner.correct]
        stuck = tuple((runner.node, runner.reactor.where()) for runner in correct if runner.decided < self.plan.heights)
        return History(
            self.plan, self.cluster.contract, tuple(self.decisions), tuple(self.statements), tuple(self.unrest),
            tuple(self.evidence), frozenset(self.submitted), self.now, why, dict(self.fates.counts),
            tuple(self.deliveries), stuck, tuple(self.cluster.names), frozenset(self.handed_in),
        )  # fmt: skip


CARRY_OUT: Mapping[type, Callable[[World, _Node, Any], None]] = {
    Send: World.send,
    Persist: World.write,
    SetTimer: World.set_timer,
    Cancel: World.cancel,
    Decided: World.decide,
    Accused: World.accuse,
}
"""What a node asks for -> how it is done."""


def play(
    plan: Plan, cluster: Cluster, *, watched: bool = False, backwards: bool = False, sieved: bool = False
) -> History:
    """The history of one run; see `World`.

    The cyclic collector waits meanwhile: a run drops nothing that only it could find, so it would search in vain.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return World(plan, cluster, watched=watched, backwards=backwards, sieved=sieved).run()
    finally:
        if collects:
            gc.enable()
