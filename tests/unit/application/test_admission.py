"""Members that change while the ledger runs: who approves, what may come into force, when, and where it stands."""

import json

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts_dsl import ir
from contracts_dsl.check import check
from refimpl.application.admission import Rules, change_members
from refimpl.contract.draft import Draft
from refimpl.crypto.recipes import KeyPair, key_for_tests, sign
from refimpl.data.block import Genesis, make_block
from refimpl.data.certificate import Certificate, Decision, Vote, vote_digest
from refimpl.data.encoding import decode
from refimpl.data.ids import MemberId, Name, Nonce, Round, Seconds
from refimpl.data.members import Member, Membership, Role
from refimpl.data.refusal import Code, Refused
from refimpl.data.transaction import Transaction
from refimpl.node import keys
from refimpl.node.ledger import Ledger
from refimpl.node.verify import verify_ledger
from tests.unit.data.founders import CHANNEL, GENESIS, SUITE, VERIFY, member

THREE = ("m0", "m1", "m2")
PAIRS: dict[str, KeyPair] = {name: key_for_tests(SUITE, name) for name in
                             ("m0", "m1", "m2", "m3", "m4", "clinic", "commission", "person", "m0.next")}  # fmt: skip


def value(name, weight=1, role=Role.VALIDATOR, key=None):
    """An entry of a membership; the key is that of `key`, if that is given."""
    found = member(name, weight, role).to_value()
    return found if key is None else {**found, "pub": PAIRS[key].public.hex()}


def payload(*changes, removed=(), evidence=None):
    return {"changes": list(changes), "evidence": evidence, "removed": list(removed)}


class Channel:
    """A ledger, and what it has written."""

    def __init__(self, genesis: Genesis = GENESIS):
        self.ledger, opening = Ledger.open(genesis, VERIFY)
        self.disk = {key: value for key, value in opening if value is not None}
        self.pairs = dict(PAIRS)

    def decide(self, *made, signers=THREE):
        """A block of `(kind, payload, signers)`, certified by `signers`; its receipts."""
        nonces, listed = {}, []
        for kind, what, names in made:
            sender = MemberId(names[0])
            count = nonces.get(sender, self.nonce(sender))
            nonces[sender] = count + 1
            body = Transaction(SUITE, CHANNEL, Nonce(count), tuple(map(MemberId, names)), Name(kind), what)
            listed.append(body.signed({name: self.pairs[name] for name in names}))
        tip = self.ledger.tip
        block = make_block(tip, tip.members.validators()[0].member, Seconds(tip.time + 1), tuple(listed))
        about = Decision(CHANNEL, SUITE, block.header.height, block.id, Name("tendermint"), Name("precommit"))
        votes = tuple(
            Vote(name, sign(self.pairs[name], vote_digest(about, Round(0), name))) for name in map(MemberId, signers)
        )
        proof = Certificate(CHANNEL, SUITE, about.height, Round(0), block.id, about.profile, about.kind, votes)
        result = self.ledger.finalize(block.to_bytes())
        for key, written in self.ledger.commit(result, proof):
            self.disk[key] = written
            if written is None:
                del self.disk[key]
        return [decode(one, len(one)) for one in result.outcome.receipts]

    def nonce(self, name):
        found = self.ledger.state.get(b"nonce/%s" % name.encode())
        return 0 if found is None else int(found)

    def change(self, what, approved=THREE, voters=THREE):
        """The receipt of one change of the members."""
        [receipt] = self.decide(("membership", what, approved), signers=voters)
        return receipt

    def weights(self):
        return {one.member: one.weight for one in self.ledger.tip.members}


@pytest.mark.clause("DAT-075", "DAT-076", "DAT-090", "DAT-103")
def test_members_join_leave_and_change_from_the_next_height_on():
    channel = Channel()
    before = channel.ledger.tip.members
    receipt = channel.change(payload(value("m4", 2), value("m3", 5), removed=["clinic"]))
    assert receipt["events"] == [
        {"changed": ["m3", "m4"], "evidence": None, "kind": "membership", "removed": ["clinic"]}
    ]
    assert channel.weights() == {"m0": 1, "m1": 1, "m2": 1, "m3": 5, "m4": 2, "commission": 0}
    stored = json.loads(channel.ledger.state.get(b"members"))
    assert stored == {"members": channel.ledger.tip.members.to_value(), "since": 2}
    assert (channel.ledger.tip.since, channel.ledger.tip.members.digest != before.digest) == (2, True)
    old = make_block(evolve(channel.ledger.tip, members=before), MemberId("m0"), Seconds(1002), ())
    with pytest.raises(Refused) as caught:
        channel.ledger.finalize(old.to_bytes())
    assert caught.value.code is Code.BLOCK_WRONG_MEMBERSHIP
    channel.decide(signers=("m2", "m3", "m4"))
    assert verify_ledger(channel.disk).finding is None


@pytest.mark.clause("DAT-076", "DAT-121")
def test_the_members_in_force_survive_a_restart_and_a_snapshot():
    channel = Channel()
    assert b"members" not in dict(channel.ledger.state.items())
    channel.change(payload(value("m0", key="m0.next")))
    for disk in (channel.disk, dict(channel.ledger.snapshot())):
        again = Ledger.load(disk, VERIFY)
        assert (again.tip, again.tip.members.digest) == (channel.ledger.tip, channel.ledger.tip.members.digest)
    forged = dict(channel.disk)
    forged[keys.state(b"members")] = forged[keys.state(b"members")].replace(b'"since":2', b'"since":3')
    with pytest.raises(Refused) as caught:
        Ledger.load(forged, VERIFY)
    assert caught.value.code is Code.STORE_CORRUPT


@pytest.mark.clause("DAT-075", "DAT-069", "DAT-103", "DAT-104")
def test_a_rotated_key_holds_from_the_next_height_on_and_the_old_one_no_more():
    channel = Channel()
    receipt, *_ = channel.decide(("membership", payload(value("m0", key="m0.next")), THREE),
                                 ("record", {"no": "record"}, ("m0",)))  # fmt: skip
    assert receipt["status"] == "applied", "the second is signed with the key in force at this height"
    with pytest.raises(Refused) as caught:
        channel.decide(("record", {"no": "record"}, ("m0",)))
    assert caught.value.code is Code.BLOCK_BAD_TRANSACTION
    channel.pairs["m0"] = PAIRS["m0.next"]
    channel.decide(("record", {"no": "record"}, ("m0",)))
    assert verify_ledger(channel.disk).finding is None
    channel.pairs["m0"] = PAIRS["m0"]
    channel.decide(signers=THREE)
    finding = verify_ledger(channel.disk).finding
    assert finding is not None
    assert (finding.key, finding.clause) == ("cert/0000000003/signatures/0/signature", "DAT-104")


@pytest.mark.clause("DAT-103")
def test_the_certificate_of_a_later_height_holds_no_vote_of_a_removed_member():
    channel = Channel()
    channel.change(payload(removed=["m3"]))
    channel.decide(signers=("m0", "m1", "m2", "m3"))
    finding = verify_ledger(channel.disk).finding
    assert finding is not None
    assert (finding.height, finding.clause) == (2, "DAT-103")


@pytest.mark.clause("DAT-072")
def test_a_change_takes_more_than_two_thirds_of_the_weight_in_force():
    channel = Channel()
    receipt = channel.change({"not": "a payload"}, ("m0", "clinic", "m1"))
    assert (receipt["code"], channel.ledger.tip.since) == ("member.too_few_approvals", 1)
    channel.change(payload(value("m0", 4)))
    assert channel.change(payload(value("m4")), ("m1", "m2", "m3"))["code"] == "member.too_few_approvals"
    assert channel.change(payload(value("m4")), ("m0", "m1"))["status"] == "applied"


@pytest.mark.clause("DAT-076")
def test_changes_of_one_block_stand_on_each_other_and_are_approved_by_the_members_before_them():
    channel = Channel()
    one, two, three = channel.decide(
        ("membership", payload(value("m4"), removed=["m3"]), THREE),
        ("membership", payload(removed=["m4"]), THREE),
        ("membership", payload(value("m4", 9)), ("m3", "m1", "m2")),
    )
    assert [receipt["status"] for receipt in (one, two, three)] == ["applied"] * 3
    assert channel.weights() == {"clinic": 0, "commission": 0, "m0": 1, "m1": 1, "m2": 1, "m4": 9}


STRANGER = {**value("m4"), "pub": "00" * 32}
REFUSALS = [
    (payload(), "wire.bad_field", "/payload"), (None, "wire.bad_field", "/payload"),
    ({**payload(value("m4")), "since": 3}, "wire.bad_field", "/payload"),
    (payload(value("m4"), evidence="0"), "wire.bad_field", "/payload/evidence"),
    (payload({**value("m4"), "role": "chief"}), "wire.bad_field", "/payload/changes/0/role"),
    (payload(removed=["M0"]), "wire.bad_field", "/payload/removed/0"),
    (payload(value("clinic", 0, Role.MEMBER), STRANGER), "member.weak_key", "/payload/changes/1/pub"),
    (payload(value("m4"), value("m4", 2)), "member.duplicate", "/payload/changes/1"),
    (payload(value("m3", 2), removed=["m3"]), "member.duplicate", "/payload/removed/0"),
    (payload(removed=["m3", "m2", "m3"]), "member.duplicate", "/payload/removed/2"),
    (payload(value("m4", key="clinic")), "member.duplicate_key", "/payload/changes/0/pub"),
    (payload(value("a", key="m3")), "member.duplicate_key", "/payload/changes/0/pub"),
    (payload(value("m4", 0)), "member.bad_weight", "/payload/changes/0/weight"),
    (payload(value("m4", 1, Role.AUDITOR)), "member.bad_weight", "/payload/changes/0/weight"),
    (payload(removed=["m0", "m1", "m2", "m3"]), "member.no_validator", "/payload"),
    (payload(value("m4"), evidence=0), "contract.unknown_name", "/payload/evidence"),
    (payload(value("m4"), removed=["m3", "nobody"]), "query.not_found", "/payload/removed/1"),
]


@pytest.mark.clause("DAT-073", "DAT-074", "DAT-075")
@pytest.mark.parametrize(("what", "code", "at"), REFUSALS)
def test_what_may_not_come_into_force_is_refused_at_its_place_and_changes_nothing(what, code, at):
    channel = Channel()
    rest = {key: found for key, found in channel.ledger.state.items() if not key.startswith(b"nonce/")}
    made = Transaction(SUITE, CHANNEL, Nonce(0), tuple(map(MemberId, THREE)), Name("membership"), what)
    with pytest.raises(Refused) as caught:
        change_members(Draft(channel.ledger.state), made, GENESIS.members, 2, Rules.of(GENESIS))
    assert (caught.value.code.value, caught.value.at) == (code, at)
    assert channel.change(what)["code"] == code
    after = {key: found for key, found in channel.ledger.state.items() if not key.startswith(b"nonce/")}
    assert {**after, b"clock": b""} == {**rest, b"clock": b""}
    assert channel.ledger.tip.members == GENESIS.members


@pytest.mark.clause("DAT-075")
def test_there_are_never_more_members_than_there_may_be():
    channel = Channel()
    many = [value(f"p{number:03}", 0, Role.MEMBER) for number in range(123)]
    assert channel.change(payload(*many[:122]))["status"] == "applied"
    assert channel.change(payload(*many[122:]))["code"] == "wire.bad_field"
    assert channel.change(payload(*many[122:], removed=["p000"]))["status"] == "applied"


@pytest.mark.clause("DAT-074")
def test_an_instance_that_gives_the_reason_is_named():
    channel = Channel()
    source = """schema Small version 1; party Hospital {}
contract Vote version 1; party asking: Hospital; start { asking may ask becomes asked; } state asked;"""
    modules = [ir.to_json(module) for module in check([("vote.yl", source.encode())]).modules]
    node = {"attributes": [], "kind": "Hospital", "name": "m0", "parent": None}
    ask = {"action": "ask", "arguments": [{"name": "asking", "value": "m0"}], "contract": "Vote", "instance": None}
    channel.decide(("deploy", {"modules": modules}, THREE), ("directory", {"nodes": [node]}, THREE),
                   ("command", ask, ("m0",)))  # fmt: skip
    receipt = channel.change(payload(value("m4"), evidence=0))
    assert receipt["events"][0]["evidence"] == 0


@pytest.mark.clause("DAT-077")
def test_in_an_open_channel_a_person_comes_by_one_sponsor_and_leaves_alone():
    channel = Channel(evolve(GENESIS, parameters={"open": True}))
    person = value("person", 0, Role.MEMBER)
    assert channel.change(payload(person), ("clinic",))["status"] == "applied"
    assert channel.change(payload({**person, "pub": PAIRS["m4"].public.hex()}), ("clinic",))["code"] == (
        "member.too_few_approvals"
    )
    assert channel.change(payload(value("m4")), ("clinic",))["code"] == "member.too_few_approvals"
    assert channel.change(payload(value("m4", 0, Role.AUDITOR)), ("clinic",))["code"] == "member.too_few_approvals"
    assert channel.change(payload(removed=["person"]), ("clinic",))["code"] == "member.too_few_approvals"
    assert channel.change(payload(removed=["m3"]), ("m3",))["code"] == "member.too_few_approvals"
    assert channel.change(payload(removed=["person"]), ("person",))["status"] == "applied"
    assert channel.weights() == {one.member: one.weight for one in GENESIS.members}


@pytest.mark.clause("DAT-077", "DAT-072")
@pytest.mark.parametrize("parameters", [{}, {"open": False}, {"open": 1}, {"open": "true"}])
def test_a_channel_is_closed_unless_its_genesis_says_otherwise(parameters):
    channel = Channel(evolve(GENESIS, parameters=parameters))
    person = value("person", 0, Role.MEMBER)
    assert channel.change(payload(person), ("clinic",))["code"] == "member.too_few_approvals"


@pytest.mark.clause("DAT-078")
@pytest.mark.parametrize("engine", ["raft", "authority", "delegated", "nakamoto", "stake", "another"])
def test_engines_that_keep_their_validators_admit_members_without_a_vote_alone(engine):
    channel = Channel(evolve(GENESIS, engine=Name(engine)))
    for what in (payload(value("m4")), payload(value("m3", 2)), payload(value("m0", key="m0.next")),
                 payload(removed=["m3"])):  # fmt: skip
        assert channel.change(what)["code"] == "member.not_authorized"
    assert channel.change(payload(value("person", 0, Role.MEMBER), removed=["clinic"]))["status"] == "applied"


@pytest.mark.clause("DAT-078")
def test_solo_stays_alone():
    alone = Membership.of([member("m0"), member("clinic", 0, Role.MEMBER)], SUITE)
    channel = Channel(evolve(GENESIS, engine=Name("solo"), members=alone))
    assert channel.change(payload(value("m1")), ("m0",))["code"] == "consensus.not_alone"
    assert channel.change(payload(value("m0", 3, key="m0.next"), value("m4", 0, Role.AUDITOR)), ("m0",))["status"] == (
        "applied"
    )
    channel.pairs["m0"] = PAIRS["m0.next"]
    assert channel.change(payload(value("m1"), removed=["m0"]), ("m0",))["status"] == "applied"


@pytest.mark.clause("DAT-079")
def test_what_waits_of_members_that_are_gone_is_dropped():
    channel = Channel()
    waiting = [Transaction(SUITE, CHANNEL, Nonce(number), (MemberId(name),), Name("record"), {}).signed(channel.pairs)
               for name, number in (("clinic", 1), ("m0", 2), ("m1", 1), ("commission", 0))]  # fmt: skip
    for one in waiting:
        channel.ledger.admit(channel.ledger.check(one.to_bytes()))
    channel.change(payload(value("m0", key="m0.next"), removed=["clinic"]))
    assert sorted(one.sender for one in channel.ledger.pool.values()) == ["commission", "m1"]


weights = st.dictionaries(st.sampled_from(["m0", "m1", "m2", "m3", "m4", "a", "b"]), st.integers(0, 3), max_size=4)


@pytest.mark.clause("DAT-075", "DAT-076")
@settings(max_examples=40)
@given(st.lists(st.tuples(weights, st.sets(st.sampled_from(["m0", "m1", "m2", "m3", "m4", "a", "b"]), max_size=2)),
                max_size=5))  # fmt: skip
def test_every_history_leaves_the_members_that_its_changes_add_up_to(history):
    channel = Channel()
    expected = {one.member: one for one in GENESIS.members}
    for changed, removed in history:
        entries = [member(name, w, Role.VALIDATOR if w else Role.MEMBER) for name, w in sorted(changed.items())]
        PAIRS.update({one.member: key_for_tests(SUITE, one.member) for one in entries})
        channel.pairs.update(PAIRS)
        what = payload(*(one.to_value() for one in entries), removed=sorted(removed))
        voters = [one.member for one in expected.values() if one.weight]
        receipt = channel.change(what, voters, voters)
        after: dict[str, Member] = {name: one for name, one in expected.items() if name not in removed}
        after |= {one.member: one for one in entries}
        lawful = (entries or removed) and removed <= expected.keys() and not removed & changed.keys()
        if lawful and any(one.weight for one in after.values()):
            assert receipt["status"] == "applied"
            expected = dict(sorted(after.items()))
        else:
            assert receipt["status"] == "refused"
        assert list(channel.ledger.tip.members) == list(expected.values())
    assert verify_ledger(channel.disk).finding is None
