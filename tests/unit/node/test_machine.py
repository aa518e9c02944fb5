"""The node as a pure reactor: what it asks of the world, in which order, and what a crash may not undo."""

import pytest

from refimpl.consensus.registry import find_engine
from refimpl.crypto.recipes import key_for_tests, verifier
from refimpl.data.block import Block, Genesis
from refimpl.data.certificate import Certificate
from refimpl.data.ids import MemberId, Name, Seconds, Suite
from refimpl.data.refusal import Code, Refused
from refimpl.data.state_map import verify_absence, verify_presence
from refimpl.network.messages import carries_transaction
from refimpl.node import keys
from refimpl.node.ledger import Ledger
from refimpl.node.machine import Decision, Machine, Persist, Ring, Send
from tests.unit.data.founders import GENESIS, KEYS, MEMBERS, NAMES, transaction

NOW = Seconds(1010)


def machine(name="m0", genesis=GENESIS):
    node = Machine(
        genesis, find_engine(genesis.engine), MemberId(name), key_for_tests(Suite.INTL, name), verifier(Suite.INTL)
    )
    return node, node.start(NOW)


class Net:
    """Four machines that hear each other at once; disks are dictionaries."""

    def __init__(self):
        self.nodes = {name: machine(name)[0] for name in NAMES[:4]}
        self.disks = {name: {} for name in self.nodes}
        self.log = []
        for name, node in self.nodes.items():
            self.carry_out(name, node.start(NOW))

    def carry_out(self, name, effects, now=NOW):
        for effect in effects:
            self.log.append((name, effect))
            if isinstance(effect, Persist):
                self.disks[name].update(effect.writes)
                self.disks[name] = {key: value for key, value in self.disks[name].items() if value is not None}
        for effect in effects:
            if isinstance(effect, Send):
                self.pass_on(name, effect, now)

    def pass_on(self, name, effect, now):
        for other in effect.to or [peer for peer in self.nodes if peer != name]:
            self.deliver(other, effect.data, now)

    def deliver(self, name, data, now=NOW):
        try:
            effects = self.nodes[name].deliver(data, now)
        except Refused:
            return
        self.carry_out(name, effects, now)


@pytest.mark.clause("NET-014")
def test_a_transaction_is_decided_everywhere_and_committed_in_one_piece_before_it_is_reported():
    net = Net()
    net.carry_out("m0", net.nodes["m0"].submit(transaction().to_bytes(), NOW))
    tips = {node.ledger.info() for node in net.nodes.values()}
    assert len(tips) == 1
    assert tips.pop()[0] == 1
    for name in net.nodes:
        mine = [effect for who, effect in net.log if who == name]
        decided = next(i for i, effect in enumerate(mine) if isinstance(effect, Decision))
        (commit,) = [
            e for e in mine[:decided] if isinstance(e, Persist) and any(k == keys.block(1) for k, _ in e.writes)
        ]
        written = {key for key, _ in commit.writes}
        assert {keys.block(1), keys.transaction(1, 0), keys.receipt(1, 0), keys.certificate(1), keys.TIP} <= written
        assert any(key.startswith(keys.STATE) for key in written)


@pytest.mark.clause("NET-013")
def test_every_statement_is_durable_before_it_is_sent_and_forgotten_only_with_the_commit():
    net = Net()
    net.carry_out("m0", net.nodes["m0"].submit(transaction().to_bytes(), NOW))
    for name in net.nodes:
        recorded = set()
        for who, effect in net.log:
            if who != name:
                continue
            if isinstance(effect, Persist):
                recorded |= {value for key, value in effect.writes if key.startswith(keys.RECORD) and value}
                gone = [key for key, value in effect.writes if key.startswith(keys.RECORD) and value is None]
                assert not gone or keys.TIP in dict(effect.writes)
            if isinstance(effect, Send) and not effect.to and not carries_transaction(effect.data):
                own = f'"from":"{name}"'.encode() in effect.data
                assert not own or effect.data in recorded or b'"kind":"sync"' in effect.data
        assert not [key for key in net.disks[name] if key.startswith(keys.RECORD)]


@pytest.mark.clause("NET-015")
def test_a_quiet_ledger_says_nothing_at_all():
    _, effects = machine()
    assert [type(effect) for effect in effects] == [Persist]


@pytest.mark.clause("NET-015")
def test_the_message_that_begins_a_height_brings_about_each_effect_once():
    proposer, _ = machine("m0")
    said = [effect.data for effect in proposer.submit(transaction().to_bytes(), NOW) if isinstance(effect, Send)]
    effects = machine("m3")[0].deliver(next(data for data in said if b'"kind":"propose"' in data), NOW)
    assert [effect for effect in effects if effects.count(effect) > 1] == []
    assert sum(isinstance(effect, Persist) for effect in effects) == 1


@pytest.mark.clause("NET-012")
def test_a_transaction_is_passed_on_the_first_time_only():
    node, _ = machine("m1")
    data = transaction().to_bytes()
    first = [
        effect for effect in node.submit(data, NOW) if isinstance(effect, Send) and carries_transaction(effect.data)
    ]
    again = [
        effect for effect in node.deliver(data, NOW) if isinstance(effect, Send) and carries_transaction(effect.data)
    ]
    assert first == [Send(data)]
    assert again == []


@pytest.mark.clause("NET-011")
@pytest.mark.parametrize("data", [b"", b"{}", b"\xff\xfe", b"[]", b'{"body":{"channel":1}}'])
def test_refused_bytes_leave_the_node_as_it_was(data):
    node, _ = machine()
    before = (node.memory, node.ledger.tip, dict(node.ledger.pool), node.idle)
    with pytest.raises(Refused):
        node.deliver(data, NOW)
    assert (node.memory, node.ledger.tip, dict(node.ledger.pool), node.idle) == before


def test_a_transaction_with_a_used_nonce_or_a_bad_signature_is_refused():
    net = Net()
    net.carry_out("m0", net.nodes["m0"].submit(transaction().to_bytes(), NOW))
    with pytest.raises(Refused) as used:
        net.nodes["m0"].submit(transaction(0, payload={"again": 1}).to_bytes(), NOW)
    assert used.value.code is Code.TX_NONCE_USED
    forged = transaction(1).signed({MemberId("clinic"): KEYS[MemberId("m1")]})
    with pytest.raises(Refused) as bad:
        net.nodes["m0"].submit(forged.to_bytes(), NOW)
    assert bad.value.code is Code.TX_BAD_SIGNATURE


@pytest.mark.clause("NET-016")
def test_a_node_that_comes_back_goes_on_from_its_disk_with_the_same_state():
    net = Net()
    net.carry_out("m0", net.nodes["m0"].submit(transaction().to_bytes(), NOW))
    back, _ = machine("m1")
    back.recover(net.disks["m1"], NOW)
    assert back.ledger.info() == net.nodes["m0"].ledger.info()
    assert back.recent.keys() == {1}


@pytest.mark.clause("NET-016")
def test_a_damaged_disk_is_refused_and_not_guessed():
    net = Net()
    net.carry_out("m0", net.nodes["m0"].submit(transaction().to_bytes(), NOW))
    for key in [key for key in net.disks["m1"] if key.startswith((keys.STATE, "meta/"))]:
        damaged = {**net.disks["m1"], key: net.disks["m1"][key] + b" "}
        node, _ = machine("m1")
        with pytest.raises(Refused):
            node.recover(damaged, NOW)


@pytest.mark.clause("NET-010", "CON-030")
def test_a_ledger_of_one_decides_by_itself_and_needs_no_certificate():
    alone = type(MEMBERS).of([MEMBERS.get(MemberId("m0")), MEMBERS.get(MemberId("clinic"))], Suite.INTL)
    genesis = Genesis(GENESIS.channel, Suite.INTL, Seconds(1000), Name("solo"), alone, {})
    node, _ = machine("m0", genesis)
    decided = [effect for effect in node.submit(transaction().to_bytes(), NOW) if isinstance(effect, Decision)]
    assert [(effect.height, effect.certificate) for effect in decided] == [(1, None)]


def test_a_certificate_of_the_chain_is_one_that_anybody_can_read():
    net = Net()
    net.carry_out("m0", net.nodes["m0"].submit(transaction().to_bytes(), NOW))
    (decided,) = [effect for who, effect in net.log if who == "m2" and isinstance(effect, Decision)]
    certificate = Certificate.from_bytes(decided.certificate)
    assert certificate.block == Block.from_bytes(decided.block).id
    assert len(certificate.votes) >= 3


def test_an_unknown_timer_is_refused():
    node, _ = machine()
    with pytest.raises(Refused):
        node.fire("prevote/9/9", NOW)


def test_time_outs_are_asked_for_on_the_node_s_own_clock():
    node, _ = machine("m1")
    rings = [effect for effect in node.submit(transaction().to_bytes(), NOW) if isinstance(effect, Ring)]
    assert rings == [Ring("propose/1/0", Seconds(NOW + 3))]


@pytest.mark.clause("DAT-121", "DAT-046", "DAT-047", "DAT-048")
def test_a_snapshot_is_the_ledger_without_its_past_and_a_query_proves_its_answer():
    net = Net()
    net.carry_out("m0", net.nodes["m0"].submit(transaction().to_bytes(), NOW))
    ledger = net.nodes["m0"].ledger
    again = Ledger.load(dict(ledger.snapshot()), verifier(Suite.INTL))
    assert (again.info(), again.tip, again.state) == (ledger.info(), ledger.tip, ledger.state)
    held, proof = again.query(b"nonce/clinic")
    verify_presence(again.tip.state_root, b"nonce/clinic", held, proof)
    absent, proof = again.query(b"nonce/nobody")
    assert absent is None
    verify_absence(again.tip.state_root, b"nonce/nobody", proof)
    damaged = {**dict(ledger.snapshot()), keys.state(b"nonce/clinic"): b"7"}
    with pytest.raises(Refused) as refused:
        Ledger.load(damaged, verifier(Suite.INTL))
    assert refused.value.code is Code.STORE_CORRUPT
