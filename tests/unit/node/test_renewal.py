"""Whole nodes whose members change while they run, under each engine that allows it: who decides, with which key."""

import heapq
import json
from itertools import count

import pytest

from refimpl.consensus.registry import find_engine
from refimpl.crypto.recipes import REHEARSAL, key_for_tests, verifier
from refimpl.data.block import Block, Genesis
from refimpl.data.certificate import Certificate
from refimpl.data.ids import ChannelId, MemberId, Name, Nonce, Seconds, Suite, Weight
from refimpl.data.members import Member, Membership, Role
from refimpl.data.refusal import Refused
from refimpl.data.transaction import Transaction
from refimpl.network.messages import carries_transaction
from refimpl.node.ledger import Ledger
from refimpl.node.machine import Decision, Machine, Persist, Ring, Send
from refimpl.node.notary import Remembering
from refimpl.node.verify import verify_ledger

SUITE, START, CHANNEL = Suite.STUB, Seconds(1_000_000), ChannelId("region-1")
VERIFY = Remembering(verifier(SUITE, REHEARSAL))
ENGINES = ("tendermint", "pbft", "hotstuff", "streamlet")
CHAINED = ("hotstuff", "streamlet")
FOUR = ("m0", "m1", "m2", "m3")


def entry(name, weight=1, key=None):
    role = Role.VALIDATOR if weight else Role.MEMBER
    return Member(MemberId(name), key_for_tests(SUITE, key or name).public, Weight(weight), role)


class Net:
    """Nodes in a network without faults: what is sent arrives a second later, also at those who are no members."""

    def __init__(self, engine):
        members = Membership.of([*map(entry, FOUR), entry("clerk", 0)], SUITE)
        self.genesis = Genesis(CHANNEL, SUITE, START, Name(engine), members, {})
        self.nodes, self.disks, self.decided, self.sent = {}, {}, {}, []
        self.queue, self.order, self.now, self.nonce = [], count(), START, 0
        self.keys = {name: name for name in (*FOUR, "m4", "clerk")}
        for name in FOUR:
            self.add(name, later=[f"{name}.next"])

    def add(self, name, disk=None, later=(), key=None):
        """A node begins, from what it is given."""
        pair = key_for_tests(SUITE, key or name)
        spare = [key_for_tests(SUITE, one) for one in later]
        node = Machine(self.genesis, find_engine(self.genesis.engine), MemberId(name), pair, VERIFY, spare)
        self.nodes[name], self.disks[name] = node, dict(disk or {})
        self.decided.setdefault(name, {})
        self.carry_out(name, node.recover(dict(disk), self.now) if disk else node.start(self.now))

    def carry_out(self, name, effects):
        for effect in effects:
            match effect:
                case Persist(writes):
                    self.disks[name].update(writes)
                    self.disks[name] = {key: value for key, value in self.disks[name].items() if value is not None}
                case Send(data, to):
                    self.sent.append((name, data))
                    for other in to or [peer for peer in self.nodes if peer != name]:
                        heapq.heappush(self.queue, (self.now + 1, next(self.order), other, data))
                case Ring(timer, at):
                    heapq.heappush(self.queue, (max(at, self.now), next(self.order), name, timer))
                case Decision():
                    self.decided[name][effect.height] = effect

    def run(self, height, seconds=4000):
        """Until every node that validates has decided this height."""
        end = self.now + seconds
        while self.queue and self.queue[0][0] <= end:
            if all(height in self.decided[name] for name, node in self.nodes.items() if node.speaks):
                return
            self.now, _, name, what = heapq.heappop(self.queue)
            if name not in self.nodes:
                continue
            node = self.nodes[name]
            try:
                happen = node.deliver if isinstance(what, bytes) else node.fire
                self.carry_out(name, happen(what, self.now))
            except Refused as refused:
                assert refused.code.value.partition(".")[0] in ("net", "consensus", "tx", "query"), refused
        tips = {name: node.ledger.tip.height for name, node in self.nodes.items()}
        raise AssertionError(f"height {height} is not decided: {tips}")

    def submit(self, kind, payload, signers=()):
        """The clerk hands something in, with whoever approves."""
        names = tuple(MemberId(name) for name in ("clerk", *sorted(signers)))
        body = Transaction(SUITE, CHANNEL, Nonce(self.nonce), names, Name(kind), payload)
        data = body.signed({name: key_for_tests(SUITE, self.keys[name]) for name in names}).to_bytes()
        self.nonce += 1
        for name, node in self.nodes.items():
            try:
                self.carry_out(name, node.submit(data, self.now))
            except Refused as refused:
                assert not node.speaks, refused

    def change(self, *changes, removed=(), approved=FOUR[:3]):
        """The members change; the height at which that is decided."""
        payload = {"changes": [one.to_value() for one in changes], "evidence": None, "removed": list(removed)}
        return self.go_on("membership", payload, approved)

    def go_on(self, kind="record", payload=None, approved=()):
        """Something is decided; its height."""
        before = max(node.ledger.tip.height for node in self.nodes.values())
        self.submit(kind, payload, approved)
        while True:
            self.run(before + 1)
            before += 1
            blocks = {made[before].block for made in self.decided.values() if before in made}
            if any(Block.from_bytes(block).transactions for block in blocks):
                return before

    def hold(self):
        """All who decided a height decided the same; every disk verifies; votes are of the members in force."""
        for height in range(1, max(max(made, default=0) for made in self.decided.values()) + 1):
            assert len({made[height].block for made in self.decided.values() if height in made}) <= 1
        for name, disk in self.disks.items():
            if "block/0000000001" in disk:
                report = verify_ledger(disk)
                assert report.finding is None, (name, report)

    def voters(self, height):
        """Whose votes stand in the certificates of a height, over all nodes."""
        proofs = [made[height].certificate for made in self.decided.values() if height in made]
        return {vote.member for proof in proofs for vote in Certificate.from_bytes(proof).votes}

    def speakers(self):
        """Who sent anything but transactions, and forget it."""
        found = {name for name, data in self.sent if not carries_transaction(data) and b'"kind":"sync"' not in data}
        self.sent = []
        return found


@pytest.mark.clause("DAT-076", "CON-090", "CON-091", "CON-093")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_member_joins_takes_part_and_another_leaves_and_is_silent(engine):
    net = Net(engine)
    net.go_on()
    at = net.change(entry("m4"), removed=[])
    assert net.voters(at) <= set(FOUR)
    net.add("m4", disk=dict(net.nodes["m0"].ledger.snapshot()))
    net.go_on()
    at = net.change(removed=["m0"], approved=FOUR)
    assert "m4" in net.speakers()
    net.go_on()
    for _ in range(3):
        net.go_on()
    assert not net.nodes["m0"].speaks
    net.speakers()
    last = net.go_on()
    assert net.speakers() == {"m1", "m2", "m3", "m4"}
    assert net.voters(last) <= {"m1", "m2", "m3", "m4"}
    net.hold()


@pytest.mark.clause("DAT-076", "CON-091", "DAT-104")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_key_is_rotated_and_its_member_goes_on_without_a_pause(engine):
    net = Net(engine)
    net.change(entry("m1", key="m1.next"), entry("m2", 2))
    net.keys["m1"] = "m1.next"
    assert net.nodes["m1"].notary.force[0].own.public == key_for_tests(SUITE, "m1.next").public
    seen = set()
    for _ in range(4):
        seen |= net.voters(net.go_on())
    assert "m1" in seen
    net.change(entry("m3", 3), approved=("m1", "m2", "m3"))  # a weight of 4 in 5
    net.go_on()
    net.hold()


@pytest.mark.clause("CON-093")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_node_without_the_key_in_force_follows_and_says_nothing(engine):
    net = Net(engine)
    at = net.change(entry("m1", key="elsewhere"))
    net.go_on()
    net.speakers()
    last = net.go_on()
    assert net.speakers() == {"m0", "m2", "m3"}
    assert last > at
    assert "m1" not in net.voters(last)
    net.hold()


@pytest.mark.clause("CON-092", "NET-016", "DAT-121")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("lost", ["all", "m2"])
def test_who_comes_back_after_a_change_goes_on_under_the_new_members(engine, lost):
    net = Net(engine)
    net.change(entry("m4"), entry("m3", 2))
    for name in FOUR if lost == "all" else (lost,):
        net.add(name, disk=net.disks[name], later=[f"{name}.next"])
    net.add("m4", disk=dict(net.nodes["m0"].ledger.snapshot()))
    for _ in range(3):
        net.go_on()
    net.hold()


@pytest.mark.clause("CON-092")
@pytest.mark.parametrize("engine", CHAINED)
def test_when_the_members_changed_a_question_stands_in_the_place_of_all_that_was_recorded(engine):
    net = Net(engine)
    net.go_on()
    assert not records(net.disks["m2"]) <= {"sync"}
    net.change(entry("m4"))
    for name in FOUR:
        assert records(net.disks[name]) == {"sync"}
    node, before = net.nodes["m2"], net.nodes["m2"].memory.round
    net.add("m2", disk=net.disks["m2"])
    assert net.nodes["m2"].memory.voted >= before
    assert node.memory.base == net.nodes["m2"].memory.base == net.nodes["m2"].ledger.tip.height


def records(disk):
    """The kinds of what is recorded."""
    return {json.loads(value)["kind"] for key, value in disk.items() if key.startswith("consensus/")}


@pytest.mark.clause("DAT-121", "DAT-076")
def test_a_snapshot_tells_who_is_in_force_and_since_when():
    net = Net("hotstuff")
    at = net.change(entry("m4"))
    ledger = Ledger.load(dict(net.nodes["m2"].ledger.snapshot()), VERIFY)
    assert (ledger.tip.since, ledger.tip.members.get(MemberId("m4"))) == (at + 1, entry("m4"))


@pytest.mark.clause("CON-090")
@pytest.mark.parametrize("engine", CHAINED)
def test_what_stands_on_an_undecided_change_is_empty_and_of_the_members_before(engine):
    net = Net(engine)
    ledger = net.nodes["m0"].ledger
    change = {"changes": [entry("m4").to_value()], "evidence": None, "removed": []}
    names = tuple(map(MemberId, ("clerk", *FOUR[:3])))
    body = Transaction(SUITE, CHANNEL, Nonce(0), names, Name("membership"), change)
    note = Transaction(SUITE, CHANNEL, Nonce(1), (MemberId("clerk"),), Name("record"), None)
    for one in (body.signed({name: key_for_tests(SUITE, name) for name in names}),):
        ledger.admit(one)
    block = ledger.prepare(MemberId("m0"), START)
    assert ledger.process(block.to_bytes(), START).closes
    ledger.admit(note.signed({MemberId("clerk"): key_for_tests(SUITE, "clerk")}))
    above = ledger.beyond([block.to_bytes()])
    empty = above.prepare(MemberId("m1"), START)
    assert (empty.transactions, empty.header.membership) == ((), ledger.tip.members.digest)
    assert above.process(empty.to_bytes(), START).refused is None
    full = Ledger.prepare(ledger.beyond([]), MemberId("m1"), START)
    assert full.transactions
    higher = above.beyond([empty.to_bytes()])
    assert higher.prepare(MemberId("m2"), START).header.membership == ledger.tip.members.digest
    assert ledger.beyond([block.to_bytes(), empty.to_bytes()]).waits
    ledger.commit(ledger.finalize(block.to_bytes()), None)
    assert ledger.process(empty.to_bytes(), START).refused is not None
    with pytest.raises(Refused):
        ledger.beyond([empty.to_bytes()])
