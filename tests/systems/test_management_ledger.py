"""Medical-management ledger: rows E1 to E3, the chain of hashes, work and the longest branch; and B11, which engine."""

import json
from hashlib import sha256

import pytest
from attrs import evolve

from conformance.adapters.node import NodeCluster
from conformance.checkers import judge
from conformance.plan import Crash, Plan
from conformance.world import World
from refimpl.consensus import nakamoto
from refimpl.consensus.registry import engine_names
from refimpl.crypto.recipes import REHEARSAL, verifier
from refimpl.data.ids import MemberId, Name, Nonce
from refimpl.data.transaction import Transaction
from refimpl.network.messages import Codec
from refimpl.node import keys
from refimpl.node.notary import Remembering
from refimpl.node.verify import verify_ledger
from refimpl.scenarios.cast import ALLIANCE
from tests.house.tree import ROOT
from tests.systems import catch_up

KEYS = ALLIANCE.keys()
VERIFY = Remembering(verifier(ALLIANCE.suite, REHEARSAL))
DISTRIBUTED = [name for name in engine_names() if name != "solo"]


def entry(number):
    """A record's index entry by the county hospital."""
    payload = {
        "entry": {"commitment": "ab" * 32, "custodian": "county2", "kind": "Note", "record": f"r{number}"}
    }
    draft = Transaction(
        ALLIANCE.suite, ALLIANCE.channel, Nonce(number), (MemberId("county2"),), Name("record"), payload
    )
    return draft.signed(KEYS)


def perform(engine, *atoms):
    """Four whole nodes with real signatures under an engine, and one transaction; the world and its history."""
    genesis = evolve(ALLIANCE.genesis(), engine=Name(engine))
    plan = Plan(engine=engine, n=4, atoms=atoms)
    handed = [(entry(0).id.hex(), entry(0).to_bytes())]
    cluster = NodeCluster(genesis, KEYS, plan, VERIFY, lambda height, count: handed if height == 1 else [])
    world = World(plan, cluster)
    return world, world.run()


@pytest.mark.system("B11")
@pytest.mark.parametrize("engine", DISTRIBUTED)
def test_B11_one_ledger_orders_the_same_act_under_every_engine(engine):
    world, history = perform(engine)
    assert (history.why, judge(history)) == ("done", ())
    assert [one.block.transactions for one in history.decisions if one.height == 1] == [(entry(0).id.hex(),)] * 4
    reports = [verify_ledger(dict(runner.disk)) for runner in world.nodes]
    assert {report.finding for report in reports} == {None}
    assert len({report.state_root for report in reports}) == 1
    assert {key for key, _ in state(world)} == {key for key, _ in state(perform("tendermint")[0])}


def state(world):
    """The entries of the ledger's state at the first node."""
    return list(world.nodes[0].reactor.machine.ledger.state.items())


def blocks(world, node):
    """The proofs of work on a node's disk: their messages, in order of height."""
    codec = Codec("nakamoto", ALLIANCE.channel, ALLIANCE.suite, nakamoto.READERS)
    found = [codec.decode(data) for key, data in sorted(world.nodes[node].disk.items()) if key.startswith(keys.RECORD)]
    return {message.height: message for message in found if message.kind == "block"}


@pytest.mark.system("E1")
def test_E1_every_block_carries_a_nonce_whose_seal_begins_with_the_required_zero_bits():
    world, history = perform("nakamoto")
    (mined,) = [message for height, message in blocks(world, 0).items() if height == 1]
    body = mined.body.to_data()
    said = {"bits": body["bits"], "from": mined.sender, "height": 1, "parent": body["parent"], "since": body["since"],
            "slot": mined.round, "value": body["value"]}  # fmt: skip
    puzzle = sha256(b"yilian/nakamoto/seal/v1\0" + json.dumps(said, separators=(",", ":")).encode()).digest()
    seal = sha256(b"yilian/nakamoto/nonce/v1\0" + puzzle + body["nonce"].to_bytes(8, "big")).hexdigest()
    assert f"{int(seal, 16):0256b}".startswith("0" * nakamoto.BITS)
    assert body["value"] == history.decisions[0].block.digest
    assert body["parent"] == world.cluster.genesis.id.hex()
    easier = [nonce for nonce in range(body["nonce"])
              if sha256(b"yilian/nakamoto/nonce/v1\0" + puzzle + nonce.to_bytes(8, "big")).digest()[0] < 4]  # fmt: skip
    assert easier == [], "the nonce is the first that solves the puzzle"


@pytest.mark.system("E1")
def test_E1_a_changed_act_breaks_the_chain_of_hashes_and_the_work():
    world, _ = perform("nakamoto")
    disk = dict(world.nodes[0].disk)
    assert verify_ledger(disk).finding is None
    (key,) = [key for key in disk if key.startswith("tx/")]
    disk[key] = disk[key].replace(b'"record":"r0"', b'"record":"r9"')
    assert verify_ledger(disk).finding is not None


@pytest.mark.system("E1")
@pytest.mark.parametrize("when", ["before-persist", "after-persist", "after-send"])
def test_E1_a_miner_that_crashed_comes_back_to_the_chain_of_the_others(when):
    world, history = perform("nakamoto", Crash(node=1, r=4, ph="block", when=when, back={"h": 1, "r": 6}))
    assert [one.what for one in history.unrest if one.what in ("crash", "back")] == ["crash", "back"]
    assert (history.why, judge(history)) == ("done", ())
    assert len({verify_ledger(dict(runner.disk)).state_root for runner in world.nodes}) == 1


@pytest.mark.system("E2")
def test_E2_of_two_branches_the_one_with_more_work_becomes_everybodys():
    book = catch_up.Book()
    public, secret = catch_up.Miner(0, book), catch_up.Miner(1, book)
    for _ in range(3):
        public.mine()
    for _ in range(3):
        secret.mine()
    seals = [miner.engine.seal(miner.made[-1]) for miner in (public, secret)]
    slots = [miner.made[-1].round for miner in (public, secret)]
    assert slots[0] == slots[1]
    assert catch_up.shown(public, secret) == (min(seals) == seals[1]), "of level branches the lesser seal decides"
    secret.mine()
    assert catch_up.shown(public, secret)
    tip = public.engine.heaviest(public.memory)
    assert [block.message.sender for block in public.memory.tree.branch(tip)] == ["n01"] * 4
    public.mine()
    assert public.memory.tree.blocks[public.engine.seal(public.made[-1])].parent == tip


@pytest.mark.system("E3")
@pytest.mark.parametrize(("share", "z"), catch_up.ROWS)
def test_E3_the_engine_is_overtaken_as_often_as_the_exact_probability_says(share, z):
    result = catch_up.races(share, z, 100, seed=1)
    assert result.agrees, result
    assert result.trials > result.caught


@pytest.mark.system("E3")
def test_E3_an_attacker_with_more_work_than_it_says_is_told_by_the_interval():
    strong = catch_up.races("0.3", 2, 100, seed=1)
    low, high = catch_up.exact("0.1", 2)
    assert not catch_up.agrees(strong.caught, strong.trials, low, high)
    assert catch_up.agrees(5, 100, low, high)


@pytest.mark.system("E3")
def test_E3_the_long_run_is_a_command():
    assert "tests.systems.catch_up --trials 20000" in (ROOT / "Makefile").read_text()
