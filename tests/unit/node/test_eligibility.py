"""Proofs on disk: a ledger of a longest chain shows of each block that its maker was to make it, or does not hold.

The ledgers are made by whole nodes, which hear each other after a second; a forger has the keys of all members, so what
it says is signed, and only the rule of eligibility stands in its way.
"""

import json
from collections import Counter
from functools import cache

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import reactor
from conformance.adapters.node import NodeCluster
from conformance.checkers import eligibility
from conformance.plan import Plan
from refimpl.consensus.eligibility import Eligibility
from refimpl.consensus.nakamoto import BITS, WINDOW, Mined, puzzle_of
from refimpl.consensus.registry import find_engine
from refimpl.crypto.recipes import key_for_tests
from refimpl.data.ids import Digest, Height, MemberId, Round, Signature
from refimpl.data.members import Membership
from refimpl.data.refusal import Code, Refused
from refimpl.data.seal import seal_nonce, solve, zero_bits
from refimpl.network.messages import Codec, Message, Sync, carries_transaction
from refimpl.node import keys
from refimpl.node.ledger import Ledger
from refimpl.node.notary import MessageNotary, Witness
from refimpl.node.verify import verify_ledger
from refimpl.store.sqlite import create, open_existing
from tests.unit.conformance.histories import history
from tests.unit.node.test_renewal import CHANNEL, FOUR, START, SUITE, VERIFY, Net, entry

SCHEDULES = ("authority", "delegated", "stake")
RULES = (*SCHEDULES, "nakamoto")
AT = 9
"""A height in the middle of every ledger."""
LATER = 20
"""Slots after which the time of a block does not fit any more: more than a minute."""


class Forger:
    """A ledger of one rule, and the means to make other proofs for it."""

    def __init__(self, engine):
        self.kind = find_engine(engine)
        self.net = Net(engine)
        self.net.add("clerk")
        while self.net.nodes["m1"].ledger.tip.height < (2 * WINDOW + 2 if engine == "nakamoto" else AT + 3):
            self.net.go_on()
        self.disk = dict(self.net.disks["m1"])
        self.tip = self.net.nodes["m1"].ledger.tip.height
        self.codec = Codec(engine, CHANNEL, SUITE, self.kind.readers)
        self.rules = self.kind.make(MemberId(""), Witness(self.codec, VERIFY))
        self.voters = self.net.nodes["m1"]._validators()

    def proof(self, height):
        """What an honest node kept."""
        return self.codec.decode(self.disk[keys.proof(height)])

    def signed(self, message):
        """The message with the signature of whoever it names."""
        notary = MessageNotary(self.codec, key_for_tests(SUITE, message.sender), {}, VERIFY)
        return notary.sign(message._replace(signature=Signature(b"")))

    def made(self, height, **more):
        """The proof of this height with another sender, slot or body, worked for and signed anew."""
        old = self.proof(height)
        envelope = {name: more.pop(name) for name in ("sender", "round", "height") if name in more}
        new = old._replace(body=old.body._replace(**more), **envelope)
        return self.signed(self.worked(new))

    def worked(self, message):
        """With the nonce that its puzzle asks for, where there is one."""
        if not isinstance(message.body, Mined):
            return message
        puzzle = puzzle_of(message.height, message.round, message.sender, message.body._replace(nonce=0))
        return message._replace(body=message.body._replace(nonce=solve(puzzle, message.body.bits, 10**6)))

    def found(self, *proofs, disk=None):
        """(code, height, key without the place in its value) of the finding where these stand in the place of the
        honest ones of their heights."""
        changed = {keys.proof(height): self.codec.encode(message) for height, message in proofs}
        finding = verify_ledger({**(disk or self.disk), **changed}).finding
        return None if finding is None else (finding.code, finding.height, "/".join(finding.key.split("/")[:2]))

    def turn(self, slot):
        """Whose slot it is."""
        return self.rules.turn(self.voters, slot)


forger = cache(Forger)


@pytest.fixture(params=RULES)
def any_rule(request):
    """Each rule's ledger."""
    return forger(request.param)


@pytest.fixture(params=SCHEDULES)
def scheduled(request):
    """The ledgers of rules under which slots are somebody's."""
    return forger(request.param)


@pytest.fixture
def mined():
    """The ledger of proof of work."""
    return forger("nakamoto")


# --- What honest nodes keep. ---


@pytest.mark.clause("DAT-120", "DAT-122", "CON-131", "NET-014")
def test_every_disk_has_the_proof_of_each_final_block_and_of_no_other_and_holds(any_rule):
    for name, disk in any_rule.net.disks.items():
        report = verify_ledger(disk)
        assert (report.finding, report.height) == (None, any_rule.net.nodes[name].ledger.tip.height)
        rooms = (keys.BLOCK, keys.PROOF)
        blocks, proofs = ({key[len(room) :] for key in disk if key.startswith(room)} for room in rooms)
        assert proofs == blocks


@pytest.mark.clause("DAT-122")
def test_branches_that_lost_leave_records_and_no_proof(mined):
    """Four miners in every slot: there are several blocks at most heights, and nodes change their branch."""
    records = [mined.codec.decode(value) for key, value in mined.disk.items() if key.startswith(keys.RECORD)]
    kept = {mined.proof(height) for height in range(1, mined.tip + 1)}
    lost = [one for one in records if one.kind == "block" and one.height <= mined.tip and one not in kept]
    assert lost
    assert max(Counter(one.height for one in records).values()) > 1
    above = [one for one in records if one.height > mined.tip]
    assert above
    assert keys.proof(mined.tip + 1) not in mined.disk
    for lie in lost:
        assert mined.found((lie.height, lie))[:2] == (Code.CONSENSUS_WRONG_BLOCK, lie.height)


@pytest.mark.clause("CON-154")
def test_the_ledger_of_work_has_windows_that_demand_more(mined):
    """Else what is said below of the demand would be said of the first window alone."""
    assert [mined.proof(height).body.bits for height in (1, WINDOW, WINDOW + 1, 2 * WINDOW + 1)] == [
        BITS, BITS, BITS + 1, BITS + 2]  # fmt: skip


# --- What does not hold. ---


@pytest.mark.clause("DAT-122")
def test_a_height_without_its_proof_is_found_and_an_old_ledger_says_what_it_lacks(any_rule):
    key = keys.proof(AT)
    without = {name: value for name, value in any_rule.disk.items() if name != key}
    assert any_rule.found(disk=without) == (Code.CONSENSUS_MISSING_PROOF, AT, key)
    old = {name: value for name, value in any_rule.disk.items() if not name.startswith(keys.PROOF)}
    finding = verify_ledger(old).finding
    assert (finding.code, finding.height, finding.clause) == (Code.CONSENSUS_MISSING_PROOF, 1, "DAT-122")
    assert (finding.expected, finding.got) == ("its maker's message", "nothing")


@pytest.mark.clause("CON-131", "NET-003")
def test_a_proof_that_its_maker_did_not_sign_is_found(any_rule):
    proof, key = any_rule.proof(AT), keys.proof(AT)
    other = next(name for name in FOUR if name != proof.sender)
    lies = {
        "no signature": proof._replace(signature=Signature(bytes(len(proof.signature)))),
        "another slot": proof._replace(round=Round(proof.round + 1)),
        "another maker": proof._replace(sender=MemberId(other)),
        "another parent": proof._replace(body=proof.body._replace(parent=Digest(bytes(32)))),
    }
    if isinstance(proof.body, Mined):
        lies |= {"nonce": proof._replace(body=proof.body._replace(nonce=proof.body.nonce + 1)),
                 "bits": proof._replace(body=proof.body._replace(bits=proof.body.bits + 1))}  # fmt: skip
    for what, lie in lies.items():
        assert any_rule.found((AT, lie)) == (Code.NET_BAD_SIGNATURE, AT, key), what
    for nobody in ("clerk", "stranger"):
        lie = any_rule.made(AT, sender=MemberId(nobody))
        assert any_rule.found((AT, lie)) == (Code.NET_UNKNOWN_SENDER, AT, key), nobody


@pytest.mark.clause("CON-131", "NET-001", "NET-003")
def test_what_is_no_block_of_the_channel_is_found(any_rule):
    proof = any_rule.proof(AT)
    question = any_rule.signed(Message("sync", Height(AT), proof.round, proof.sender, Sync()))
    assert any_rule.found((AT, question))[:2] == (Code.NET_UNKNOWN_KIND, AT)
    for change, code in (({"channel": "region-2"}, Code.NET_WRONG_CHANNEL), ({"suite": "intl"}, Code.NET_WRONG_SUITE),
                         ({"height": 0}, Code.WIRE_BAD_FIELD), ({"kind": "vote"}, Code.NET_UNKNOWN_KIND)):  # fmt: skip
        said = json.loads(any_rule.disk[keys.proof(AT)]) | change
        data = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
        assert any_rule.found(disk={**any_rule.disk, keys.proof(AT): data})[:2] == (code, AT), change
    for data in (b"", b"{}", b"\xff", any_rule.disk[keys.proof(AT)] + b" "):
        code, height, key = any_rule.found(disk={**any_rule.disk, keys.proof(AT): data})
        assert (code.value.partition(".")[0], height, key) == ("wire", AT, keys.proof(AT))


@pytest.mark.clause("CON-131", "CON-120")
def test_the_proof_of_another_block_is_found(any_rule):
    for other in (AT - 1, AT + 1):
        assert any_rule.found((AT, any_rule.proof(other)))[:2] == (Code.CONSENSUS_WRONG_HEIGHT, AT)
    body = any_rule.proof(AT + 1).body
    moved = any_rule.made(AT, value=body.value, payload=body.payload)
    assert any_rule.found((AT, moved))[:2] == (Code.CONSENSUS_WRONG_BLOCK, AT)
    for payload in (body.payload, b""):
        assert any_rule.found((AT, any_rule.made(AT, payload=payload)))[:2] == (Code.CONSENSUS_WRONG_BLOCK, AT)
    lie = any_rule.made(AT, parent=Digest(bytes(32)))
    assert any_rule.found((AT, lie))[:2] == (Code.CONSENSUS_WRONG_BLOCK, AT)
    first = any_rule.made(1, parent=Digest(bytes(32)))
    assert any_rule.found((1, first))[:2] == (Code.CONSENSUS_WRONG_BLOCK, 1)


@pytest.mark.clause("CON-131", "CON-123")
def test_a_block_of_no_later_slot_than_its_parent_is_found(any_rule):
    parent = any_rule.proof(AT - 1)
    same = any_rule.made(AT, round=parent.round, sender=parent.sender)
    assert any_rule.found((AT, same))[:2] == (Code.CONSENSUS_WRONG_SLOT, AT)


@pytest.mark.clause("CON-131", "CON-123", "CON-140", "CON-161", "CON-166")
def test_a_block_of_a_member_whose_slot_it_is_not_is_found(scheduled):
    proof = scheduled.proof(AT)
    for other in set(FOUR) - {proof.sender}:
        lie = scheduled.made(AT, sender=MemberId(other))
        assert scheduled.found((AT, lie)) == (Code.CONSENSUS_WRONG_PROPOSER, AT, keys.proof(AT))


@pytest.mark.clause("CON-131", "CON-142")
def test_a_sealer_that_does_not_pause_is_found():
    ledger = forger("authority")
    before = ledger.proof(AT - 1)
    slot = Round(before.round + len(FOUR))
    assert ledger.turn(slot) == before.sender
    lie = ledger.made(AT, sender=before.sender, round=slot)
    assert ledger.found((AT, lie))[:2] == (Code.CONSENSUS_WRONG_PROPOSER, AT)


@pytest.mark.clause("CON-131", "CON-121")
def test_a_block_whose_time_does_not_fit_its_slot_is_found(any_rule):
    """Of the last block, for those above would be of an earlier slot."""
    proof = any_rule.proof(any_rule.tip)
    slots = range(proof.round + LATER, proof.round + 10 * LATER)
    slot = next(slot for slot in slots if any_rule.turn(slot) in (None, proof.sender))
    late = any_rule.made(any_rule.tip, round=Round(slot))
    assert any_rule.found((any_rule.tip, late))[:2] == (Code.BLOCK_TIME_DRIFT, any_rule.tip)


@pytest.mark.clause("CON-131", "CON-151")
@pytest.mark.parametrize("height", [1, AT, WINDOW + 1])
def test_a_block_without_its_work_is_found_at_the_demand_and_one_bit_below(mined, height):
    proof = mined.proof(height)
    puzzle = puzzle_of(proof.height, proof.round, proof.sender, proof.body._replace(nonce=0))
    nonces = {zero_bits(seal_nonce(puzzle, nonce)): nonce for nonce in range(4096)}
    for had in (0, proof.body.bits - 1):
        lie = mined.signed(proof._replace(body=proof.body._replace(nonce=nonces[had])))
        assert mined.found((height, lie)) == (Code.CONSENSUS_NO_WORK, height, keys.proof(height))


@pytest.mark.clause("CON-131", "CON-154")
@pytest.mark.parametrize("height", [1, AT, WINDOW, WINDOW + 1, 2 * WINDOW, 2 * WINDOW + 1])
def test_a_block_that_demands_other_work_than_its_branch_is_found(mined, height):
    body = mined.proof(height).body
    for lie in ({"bits": body.bits + 1}, {"since": body.since + 1}, {"bits": body.bits - 1}):
        less = lie.get("bits", BITS) < BITS
        expected = Code.WIRE_BAD_FIELD if less else Code.CONSENSUS_WRONG_TARGET
        assert mined.found((height, mined.made(height, **lie)))[:2] == (expected, height), lie


@pytest.mark.clause("CON-131", "CON-154", "INV-S3")
def test_a_whole_chain_made_again_with_less_work_is_found_where_the_demand_rises(mined):
    """All blocks on one another again, signed by whoever made them, with the work of the first window throughout."""
    parent, since, lies = mined.net.genesis.id, 0, []
    for height in range(1, mined.tip + 1):
        old = mined.proof(height)
        since = old.round if height % WINDOW == 1 else since
        lies.append((height, mined.made(height, parent=parent, bits=BITS, since=since)))
        parent = mined.rules.seal(lies[-1][1])
    assert mined.found(*lies)[:2] == (Code.CONSENSUS_WRONG_TARGET, WINDOW + 1)


@pytest.mark.clause("CON-131", "INV-S3")
def test_a_ledger_that_one_member_made_alone_is_found_at_its_first_stolen_slot(scheduled):
    """Whoever has one key can execute and link blocks, but not take the slots of others."""
    ledger, writes = Ledger.open(scheduled.net.genesis, VERIFY)
    disk, parent = dict(writes), scheduled.net.genesis.id
    for height in range(1, 5):
        result = ledger.finalize(ledger.prepare(MemberId("m1"), START + 4 * height).to_bytes())
        body = scheduled.proof(1).body._replace(value=result.block.id, payload=result.block.to_bytes(), parent=parent)
        proof = scheduled.signed(Message("block", Height(height), Round(height), MemberId("m1"), body))
        parent = scheduled.rules.seal(proof)
        disk.update(ledger.commit(result, None, scheduled.codec.encode(proof)))
    stolen = next(slot for slot in range(1, 5) if scheduled.turn(slot) != "m1")
    assert scheduled.found(disk=disk)[:2] == (Code.CONSENSUS_WRONG_PROPOSER, stolen)


@pytest.mark.clause("CON-131")
def test_of_several_faults_the_first_is_named_in_the_order_of_the_clause(mined):
    """Each proof has a fault less than the one before it."""
    above, late = mined.proof(AT + 1), Round(mined.proof(AT).round + LATER)
    hard = {"bits": BITS + 1, "round": Round(0)}
    worked = mined.made(AT, **hard)
    idle = mined.signed(worked._replace(body=worked.body._replace(nonce=worked.body.nonce + 1)))
    wrong = [
        (Code.NET_BAD_SIGNATURE, above._replace(signature=Signature(bytes(32)))),
        (Code.CONSENSUS_WRONG_HEIGHT, above),
        (Code.CONSENSUS_WRONG_BLOCK, mined.made(AT, payload=above.body.payload, **hard)),
        (Code.CONSENSUS_WRONG_BLOCK, mined.made(AT, parent=Digest(bytes(32)), **hard)),
        (Code.CONSENSUS_NO_WORK, idle),
        (Code.CONSENSUS_WRONG_SLOT, worked),
        (Code.CONSENSUS_WRONG_TARGET, mined.made(AT, bits=BITS + 1, round=late)),
        (Code.BLOCK_TIME_DRIFT, mined.made(AT, round=late)),
    ]
    assert [mined.found((AT, lie))[:2] for _, lie in wrong] == [(code, AT) for code, _ in wrong]


LIES = {
    "fields": ("nakamoto", {"bits": BITS - 1}, "NET-001", "integer 6..255", "integer 5"),
    "signer": ("stake", {"sender": MemberId("clerk")}, "NET-003", "what the clause says", "something else"),
    "link": ("stake", {"parent": Digest(bytes(32))}, "CON-131", "{seal}", "00" * 32),
    "turn": ("authority", {"sender": MemberId("m3")}, "CON-131", "what the clause says", "m3"),
    "slot": ("stake", {"round": Round(0)}, "CON-123", "{slot}", "0"),
    "demand": ("nakamoto", {"bits": BITS + 1}, "CON-154", "6 since slot 0", "7 since slot 0"),
}
"""What is changed in a proof -> the clause, what it demands, with the seal below and the first slot above, and what is
there."""


@pytest.mark.clause("CON-131")
@pytest.mark.parametrize("lie", LIES)
def test_a_finding_names_the_clause_what_was_demanded_and_what_was_there(lie):
    rule, change, clause, expected, got = LIES[lie]
    ledger, key = forger(rule), keys.proof(AT)
    below = ledger.proof(AT - 1)
    demanded = expected.format(seal=ledger.rules.seal(below).hex(), slot=below.round + 1)
    finding = verify_ledger({**ledger.disk, key: ledger.codec.encode(ledger.made(AT, **change))}).finding
    assert (finding.clause, finding.expected, finding.got) == (clause, demanded, got)
    assert (finding.height, finding.key.startswith(key)) == (AT, True)


# --- Laws. ---

CHANGES = st.fixed_dictionaries({}, optional={
    "sender": st.sampled_from([*map(MemberId, FOUR), MemberId("clerk")]),
    "round": st.integers(0, 400).map(Round),
    "parent": st.binary(min_size=32, max_size=32).map(Digest),
    "value": st.binary(min_size=32, max_size=32).map(Digest),
    "payload": st.binary(max_size=40),
})  # fmt: skip
WORK = st.fixed_dictionaries({}, optional={"bits": st.integers(BITS, BITS + 3), "since": st.integers(0, 400)})


@pytest.mark.clause("CON-131", "INV-S3")
@settings(deadline=None, max_examples=25)
@given(changes=CHANGES, work=WORK, height=st.integers(1, AT + 1))
@pytest.mark.parametrize("rule", RULES)
def test_whatever_else_a_proof_says_it_is_found_there_or_where_the_next_one_stands_on_it(rule, changes, work, height):
    ledger = forger(rule)
    lie = ledger.made(height, **changes, **(work if rule == "nakamoto" else {}))
    if lie == ledger.proof(height):
        assert ledger.found((height, lie)) is None
        return
    code, at, _ = ledger.found((height, lie))
    assert at == height or (at, code) == (height + 1, Code.CONSENSUS_WRONG_BLOCK)


@pytest.mark.clause("DAT-120")
@settings(deadline=None, max_examples=25)
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7), height=st.integers(1, AT))
@pytest.mark.parametrize("rule", RULES)
def test_a_flipped_bit_of_any_proof_is_found(rule, place, bit, height):
    ledger, key = forger(rule), keys.proof(height)
    damaged = bytearray(ledger.disk[key])
    damaged[place % len(damaged)] ^= 1 << bit
    assert ledger.found(disk={**ledger.disk, key: bytes(damaged)})[1] == height


def test_a_refused_proof_changes_nothing_for_the_one_that_comes_after_it(any_rule):
    witness = Witness(any_rule.codec, VERIFY)
    witness.public = {name: key_for_tests(SUITE, name).public for name in FOUR}
    chain = Eligibility(any_rule.kind, witness, any_rule.net.genesis.id)
    for height in range(1, AT):
        proof = any_rule.proof(height)
        payload = proof.body.payload
        other = MemberId(next(name for name in FOUR if name != proof.sender))
        lie = {"bits": BITS + 1} if isinstance(proof.body, Mined) else {"sender": other}
        with pytest.raises(Refused):
            chain.follow(any_rule.made(height, **lie), payload, any_rule.voters)
        assert chain.follow(proof, payload, any_rule.voters) == proof.round * any_rule.kind.promise.timeout[0]


@pytest.mark.clause("CON-001")
def test_an_engine_without_the_rules_of_a_longest_chain_cannot_be_followed():
    kind = find_engine("tendermint")
    witness = Witness(Codec("tendermint", CHANNEL, SUITE, kind.readers), VERIFY)
    with pytest.raises(Refused, match=r"consensus\.unknown_engine"):
        Eligibility(kind, witness, Digest(bytes(32)))


@pytest.mark.clause("DAT-120")
@pytest.mark.parametrize("engine", ["tendermint", "raft"])
def test_other_engines_keep_no_proof_and_one_among_their_keys_is_found(engine):
    net = Net(engine)
    net.go_on()
    disk = net.disks["m0"]
    assert not [key for key in disk if key.startswith(keys.PROOF)]
    assert verify_ledger(disk).finding is None
    finding = verify_ledger({**disk, keys.proof(1): b"{}"}).finding
    assert (finding.code, finding.key) == (Code.STORE_CORRUPT, keys.proof(1))


# --- Coming back. ---


@pytest.mark.clause("DAT-122", "CON-128", "NET-016")
@pytest.mark.parametrize("rule", RULES)
def test_a_validator_that_comes_back_has_the_proofs_that_it_had_and_goes_on(rule):
    net = Net(rule)
    for _ in range(2):
        net.go_on()
    before = net.nodes["m1"].recent
    assert {height: one.proof.height for height, one in before.items()} == {height: height for height in before}
    assert max(one.round for one in before.values()) > 0
    net.add("m1", disk=net.disks["m1"])
    assert net.nodes["m1"].recent == before
    last = net.go_on()
    assert net.nodes["m1"].ledger.tip.height == last
    net.hold()


@pytest.mark.clause("DAT-122", "NET-016")
@pytest.mark.parametrize("rule", RULES)
def test_a_ledger_from_before_proofs_were_kept_goes_on_and_is_not_believed(rule):
    net = Net(rule)
    net.go_on()
    last = net.go_on()
    for name in FOUR:
        net.add(name, disk={key: value for key, value in net.disks[name].items() if not key.startswith(keys.PROOF)})
    assert net.go_on() > last
    for disk in net.disks.values():
        assert keys.proof(last + 1) in disk
        finding = verify_ledger(disk).finding
        assert (finding.code, finding.height) == (Code.CONSENSUS_MISSING_PROOF, 1)


@pytest.mark.clause("DAT-122", "NET-016")
@pytest.mark.parametrize(("rule", "validators"), [*((rule, FOUR) for rule in RULES), ("authority", ("m0",))])
def test_who_follows_and_comes_back_knows_by_the_proofs_what_the_next_block_stands_on(rule, validators):
    """It recorded nothing; and nobody answers its questions, so all that was said is said to it again."""
    net = Net(rule)
    net.genesis = evolve(net.genesis, members=Membership.of([*map(entry, validators), entry("clerk", 0)], SUITE))
    net.nodes, net.disks, net.decided = {}, {}, {}
    for name in (*validators, "clerk"):
        net.add(name)
    for _ in range(2):
        net.go_on()
    stood = net.nodes["clerk"].ledger.tip.height
    assert stood > 0
    net.add("clerk", disk=net.disks["clerk"])
    for name, data in list(net.sent):
        if name != "clerk" and not carries_transaction(data):
            net.carry_out("clerk", net.nodes["clerk"].deliver(data, net.now))
    last = net.go_on()
    assert net.nodes["clerk"].ledger.tip.height >= last - 1 > stood
    net.hold()


def told(rule, disk):
    """What the kit's checker, which shares nothing with the node, finds in what a node reports that comes back."""
    plan = Plan(engine=rule, n=len(FOUR))
    pairs = {name: key_for_tests(SUITE, name) for name in FOUR}
    cluster = NodeCluster(forger(rule).net.genesis, pairs, plan, VERIFY, lambda height, count: ())
    effects = cluster.spawn(1, 0).recover(disk, forger(rule).net.now - START)
    decided = [one.decision for one in effects if isinstance(one, reactor.Decided)]
    assert [one.height for one in decided] == [*range(1, forger(rule).tip + 1)]
    return eligibility.check(evolve(history(*decided, plan=plan), contract=cluster.contract, names=FOUR))


@pytest.mark.clause("INV-S3", "DAT-122")
@pytest.mark.parametrize("rule", RULES)
def test_the_kit_finds_in_what_is_reported_again_what_verification_finds_on_the_disk(rule):
    ledger = forger(rule)
    assert told(rule, ledger.disk) == ()
    thief = next(name for name in FOUR if name != ledger.proof(AT).sender)
    lies = [ledger.made(AT, sender=MemberId(thief)), ledger.made(AT, parent=Digest(bytes(32)))]
    if rule == "nakamoto":
        lies = [ledger.made(AT, bits=BITS + 1), ledger.made(AT, since=1), lies[1]]
    for lie in lies:
        disk = {**ledger.disk, keys.proof(AT): ledger.codec.encode(lie)}
        assert [one.clause for one in told(rule, disk)] == ["INV-S3"]
        assert ledger.found(disk=disk)[1] == AT


# --- The command. ---


@pytest.mark.parametrize(("language", "words"), [("zh", "账本不成立：区块 9"), ("en", "does not hold: block 9")])
def test_the_command_names_the_block_the_clause_and_what_was_demanded(yilian, tmp_path, mined, language, words):
    proof = mined.proof(AT)
    puzzle = puzzle_of(proof.height, proof.round, proof.sender, proof.body._replace(nonce=0))
    idle = next(nonce for nonce in range(4096) if zero_bits(seal_nonce(puzzle, nonce)) == 0)
    invented = mined.signed(proof._replace(body=proof.body._replace(nonce=idle)))
    path = tmp_path / "ledger.sqlite"
    store = create(path)
    store.apply(sorted(mined.disk.items()), sync=True)
    store.close()
    assert yilian("--lang", language, "verify", path).exit_code == 0
    store = open_existing(path)
    store.apply([(keys.proof(AT), mined.codec.encode(invented))], sync=True)
    store.close()
    done = yilian("--lang", language, "verify", path)
    assert done.exit_code == 1
    assert words in done.stdout
    assert "CON-151" in done.stdout
    assert "consensus.no_work" in done.stdout
    finding = json.loads(yilian("verify", "--json", path).stdout)["finding"]
    assert (finding["expected"], finding["got"], finding["key"]) == (str(BITS), "0", f"{keys.proof(AT)}/body/nonce")
