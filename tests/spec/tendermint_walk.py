"""The model of Tendermint and the real engine, step against step, in both directions.

`every_edge` and `sampled_walks` let the engine take steps of the model; `roaming` lets engines do what they like under
an adversary, and asks that the model can do the same. Together: as far as these runs go, neither does what the other
does not. It must not know how a state of the engine is read; `tendermint_engine` says that.
"""

from collections import Counter
from random import Random
from typing import NamedTuple

from attrs import define

from refimpl.consensus import interface as api
from refimpl.consensus.tendermint import Tendermint as Engine
from refimpl.network.messages import Message
from tests.spec.explore import Diverged
from tests.spec.tendermint_engine import UNACCEPTABLE, Cast, Said, Seat
from tests.spec.tendermint_model import (
    DECIDED,
    NIL,
    PRECOMMIT,
    PREVOTE,
    PROPOSE,
    State,
    Tendermint,
    put,
    say,
)

STEPS_AT_ONCE = 6
"""How many steps of the model the engine may take in one: skip, answer, see a polka, see another, decide."""


class Walked(NamedTuple):
    """What a walk came to."""

    states: int
    edges: int
    inputs: int
    """How many inputs the engines were given for it."""
    acts: Counter[str]
    beside: Counter[str]
    """Steps of the model that no engine takes: a proposer that has not yet heard itself does something else first."""


def hears_itself(machine: Tendermint, state: State, p: int) -> bool:
    """Whether a member is the proposer of its round and has not answered itself yet; it does so at once (CON-004)."""
    local = state.local[p]
    return local.step == PROPOSE and local.round >= 0 and machine.proposer(local.round) == p


def every_edge(machine: Tendermint, make: type[Engine] = Engine) -> Walked:
    """Every edge between reachable states, taken by the engine from the memory in which it came there."""
    cast = Cast(machine, make)
    start = machine.initial()
    seats = {start: cast.seats()}
    todo, acts, beside = [start], Counter[str](), Counter[str]()
    for state in todo:
        for did, after in machine.successors(state):
            if hears_itself(machine, state, did.p) and did.act != "onProposal":
                beside[did.act] += 1
                continue
            acts[did.act] += 1
            came = cast.take(seats[state], state, did, after)
            if after not in seats:
                seats[after] = came
                todo.append(after)
    return Walked(len(seats), acts.total(), cast.steps, acts, beside)


def sampled_walks(machine: Tendermint, walks: int, seed: int, make: type[Engine] = Engine) -> Walked:
    """Walks from the beginning to a state in which nobody can do anything, each step drawn among all."""
    rng, cast = Random(seed), Cast(machine, make)
    seen, acts, beside = {machine.initial()}, Counter[str](), Counter[str]()
    for _ in range(walks):
        state, seats = machine.initial(), cast.seats()
        while True:
            steps = list(machine.successors(state))
            open_ = [
                one for one in steps if one[0].act == "onProposal" or not hears_itself(machine, state, one[0].p)
            ]  # fmt: skip
            beside.update(one[0].act for one in steps if one not in open_)
            if not open_:
                break
            did, after = rng.choice(open_)
            seats = cast.take(seats, state, did, after)
            acts[did.act] += 1
            state = after
            seen.add(state)
    return Walked(len(seen), acts.total(), cast.steps, acts, beside)


# --- the other direction ---


@define
class Roam:
    """Engines under an adversary that hands messages over, or not, in any order, and lets timers ring at any time."""

    machine: Tendermint
    rng: Random
    cast: Cast
    state: State
    seats: list[Seat]
    most: int = 0
    """The largest number of steps of the model that one input came to."""

    def event(self, p: int) -> api.Input:
        """What happens to a member: it begins, a timer rings, it hears something for the first time, a liar speaks."""
        seat, rounds, name = self.seats[p], self.machine.max_round, self.cast.names[p]
        if seat.memory.height == 0:
            return api.Begin(self.cast.height, self.cast.validators)
        rings = [api.Expire(one) for one in seat.timers if one.phase != PRECOMMIT or one.round < rounds]
        said = [one for one in self.cast.book.entries.values() if one.sender != name]
        fresh = [one for one in said if not self.cast.has(seat, one)]
        chance = self.rng.random()
        if fresh and chance < 0.8:
            return api.Receive(self.rng.choice(fresh))
        if rings and chance < 0.9:
            return self.rng.choice(sorted(rings, key=lambda ring: ring.timer.name))
        return api.Receive(self.lie())

    def lie(self) -> Message:
        """Something a liar might say: a vote for anything, or a proposal when it is its turn."""
        liar, r = self.rng.choice(self.cast.liars), self.rng.randint(0, self.machine.max_round)
        values = (*self.machine.values, UNACCEPTABLE)
        if self.machine.proposer(r) == liar and self.rng.random() < 0.4:
            return self.cast.signed(liar, Said(PROPOSE, r, self.rng.choice(values), self.rng.randint(-1, r - 1)))
        return self.cast.signed(liar, Said(self.rng.choice((PREVOTE, PRECOMMIT)), r, self.rng.choice((*values, NIL))))

    def step(self) -> None:
        """One input to one engine; raises `Diverged` if the model cannot come to the same."""
        p = self.rng.choice([q for q in self.machine.correct if self.seats[q].decision == NIL])
        event = self.event(p)
        seat, said = self.cast.feed(p, self.seats[p], event, self.rng.choice(self.machine.values))
        wanted = self.after(p, seat, said)
        taken = self.reached(p, wanted)
        if taken is None:
            raise Diverged(f"member {p} after {event}: {wanted.local[p]}, said {said}; before {self.state}")
        self.most, self.state, self.seats[p] = max(self.most, taken), wanted, seat

    def after(self, p: int, seat: Seat, said: list[Said]) -> State:
        """The state of the model that the engines stand for now."""
        state = self.state._replace(local=put(self.state.local, p, self.cast.local(seat)))
        for one in said:
            if one.kind == PROPOSE:
                shown = put(state.proposals, one.r, frozenset([(one.v, one.vr)]))
                state = state._replace(proposals=shown)
            elif one.kind == PREVOTE:
                state = state._replace(prevotes=say(state.prevotes, one.r, p, one.v))
            else:
                state = state._replace(precommits=say(state.precommits, one.r, p, one.v))
        return state

    def reached(self, p: int, wanted: State) -> int | None:
        """In how many steps of this member the model comes to a state, if in a few at all."""
        layer = {self.state}
        for steps in range(STEPS_AT_ONCE + 1):
            if wanted in layer:
                return steps
            layer = {after for state in layer for _, after in self.machine.steps_of(state, p)}
        return None


def roaming(
    machine: Tendermint, runs: int, inputs: int, seed: int, make: type[Engine] = Engine
) -> tuple[Walked, int]:
    """`runs` runs of at most `inputs` inputs; what was seen, and the most steps that one input came to."""
    rng, seen, most, steps, acts = Random(seed), set[State](), 0, 0, Counter[str]()
    for _ in range(runs):
        cast = Cast(machine, make)
        roam = Roam(machine, rng, cast, machine.initial(), list(cast.seats()))
        for _ in range(inputs):
            if all(local.step == DECIDED for local in roam.state.local):
                break
            roam.step()
            steps += 1
            seen.add(roam.state)
        most = max(most, roam.most)
        acts["decided"] += sum(local.step == DECIDED for local in roam.state.local)
        acts["rounds"] += max(local.round for local in roam.state.local)
    return Walked(len(seen), steps, steps, acts, Counter()), most

