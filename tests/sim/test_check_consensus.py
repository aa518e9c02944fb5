"""`check_consensus`: engines that keep their word pass, one that a third party might write is told where it fails."""

import time
from random import Random

import pytest
from attrs import evolve

from conformance.adversary.generate import draw_plan
from conformance.checkers import classes, judge
from conformance.contract import Contract
from conformance.testing import BrokenPromise, attempt, check_consensus
from conformance.zoo import ZOO, load
from refimpl.consensus import interface as api
from refimpl.consensus.raft import ENGINE as RAFT
from refimpl.consensus.raft import Raft
from refimpl.consensus.registry import engine_names, find_engine
from refimpl.consensus.tendermint import ENGINE as TENDERMINT
from refimpl.consensus.tendermint import Tendermint
from refimpl.data.ids import Height, Round
from refimpl.network.messages import READERS, Message, Proposal, Vote

load()
DISTRIBUTED = [name for name in engine_names() if name != "solo"]


class Majority:
    """A third party's engine in a few lines: one member proposes, a majority of votes decides. It bears nothing."""

    promise = api.Promise(
        engine="majority", faults="crash", threshold=(1, 2), finality={"kind": "immediate"},
        safety_net="asynchronous", live_net="partial", links="p2p", phases=("propose", "prevote"), certificates=False,
        evidence=False, delta=1, timeout=(3, 1), turns="round",
    )  # fmt: skip

    def __init__(self, member, notary):
        self.member, self.notary = member, notary

    def start(self):
        return (Height(0), api.Validators.of({}), {}, {})

    def where(self, state):
        return f"height {state[0]}"

    def recover(self, state, begin, records):
        return self.step(state, begin)

    def supply(self, height, round, value, payload, votes):
        return self.notary.sign(Message("propose", height, round, self.member, Proposal(value, payload, -1)))

    def step(self, state, event):
        height, validators, *_ = state
        match event:
            case api.Begin(height, validators):
                mine = validators.members[0] == self.member
                asked = (api.AskPayload(height, Round(0)),) if mine else ()
                return api.Step((height, validators, {}, {}), asked)
            case api.Offer(payload=payload, value=value):
                mine = self.sign(height, "propose", Proposal(value, payload, -1))
                state, effects = self.hear(state, mine, own=True)
                return api.Step(state, (api.Record(mine), *effects))
            case api.Receive(message) if message.height == height:
                self.notary.verify(message)
                return self.hear(state, message, own=False)
        return api.Step(state, ())

    def sign(self, height, kind, body):
        return self.notary.sign(Message(kind, height, Round(0), self.member, body))

    def hear(self, state, message, own):
        height, validators, payloads, votes = state
        effects = [api.Send(message)] if own else [api.Forward(message)]
        if isinstance(message.body, Proposal):
            if message.body.value in payloads:
                return api.Step(state, ())
            payloads = {**payloads, message.body.value: message.body.payload}
            vote = self.sign(height, "prevote", Vote(message.body.value))
            votes = {**votes, self.member: message.body.value}
            effects += [api.Record(vote), api.Send(vote)]
        elif message.sender in votes:
            return api.Step(state, ())
        else:
            votes = {**votes, message.sender: message.body.value}
        for value, payload in payloads.items():
            if 2 * sum(one == value for one in votes.values()) > len(validators.members):
                effects.append(api.Decide(height, Round(0), value, payload, ()))
                return api.Step((Height(0), validators, {}, {}), tuple(effects))
        return api.Step((height, validators, payloads, votes), tuple(effects))


def kind(engine=Majority, **promise):
    """An engine as it is installed, with another declaration where one is given."""
    made = type("Declared", (engine,), {"promise": evolve(engine.promise, **promise)})
    return api.Kind(made.promise, READERS, made)


@pytest.mark.clause("CON-001")
@pytest.mark.parametrize("name", DISTRIBUTED)
def test_every_engine_of_the_project_keeps_its_word(name):
    kept = check_consensus(find_engine(name), runs=120, seed=5)
    assert kept.plans == 123
    assert kept.decisions > 120


@pytest.mark.clause("CON-001")
def test_an_engine_of_a_third_party_is_told_the_law_the_plan_and_how_to_replay_it():
    with pytest.raises(BrokenPromise) as broken:
        check_consensus(kind(), runs=300)
    assert broken.value.clause.startswith("INV-V1")
    assert len(broken.value.plan.atoms) <= 3
    told = str(broken.value)
    assert "INV-V1" in told
    assert "yilian replay" in told
    assert "node" in told


@pytest.mark.clause("CON-001")
def test_an_engine_that_declares_more_than_it_holds_fails():
    with pytest.raises(BrokenPromise) as broken:
        check_consensus(kind(faults="byzantine", threshold=(1, 3)), runs=500)
    assert broken.value.clause
    wrong = api.Kind(TENDERMINT.promise, TENDERMINT.readers, ZOO["P01"].make)
    with pytest.raises(BrokenPromise) as broken:
        check_consensus(wrong, runs=300)
    assert broken.value.clause == "INV-S6"


@pytest.mark.clause("CON-001", "INV-S1")
def test_raft_with_one_liar_breaks_agreement():
    """The negative control RX: a suite that cannot show this is too weak to ship."""
    declared = evolve(Raft.promise, faults="byzantine", threshold=(1, 3))
    liable = api.Kind(declared, RAFT.readers, type("Liable", (Raft,), {"promise": declared}))
    law, rng = Contract.from_data(declared.to_data()), Random(1)
    broken = (classes(judge(attempt(liable, draw_plan(rng, law, heights=2)))) for _ in range(3000))
    assert any("INV-S1" in found for found in broken)


class Clocked(Tendermint):
    """An engine that reads the clock."""

    def timeout(self, round_):
        return super().timeout(round_) + time.perf_counter_ns() % 7


@pytest.mark.clause("INV-S5")
def test_an_engine_that_reads_the_clock_is_reported_as_nondeterministic():
    with pytest.raises(BrokenPromise) as broken:
        check_consensus(api.Kind(Clocked.promise, READERS, Clocked), runs=300)
    assert broken.value.clause == "INV-S5"
    assert "differ" in str(broken.value)
