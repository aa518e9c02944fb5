"""Whatever bytes a node puts into frames that are in order, the verdict is about the node."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance import wire
from conformance.conform import catalogue
from conformance.conform.examine import Bench, Unusable, examine
from conformance.conform.verdicts import Verdict
from conformance.door import Breach, Door, Guards
from conformance.foreign import ForeignCluster
from conformance.history import Decision
from conformance.plan import Plan
from conformance.renewal import Force, Script
from conformance.standard import profile
from tests.unit.conformance.kit.babble import RAW, Babbler, nonsense

HEADER = {"membership": "00", "previous": "11" * 32, "proposer": "m0", "size": 1, "transactions_root": "22" * 32}
BLOCK = wire.canonical({"header": HEADER, "transactions": [{"body": {}, "signatures": []}]})
CERTIFICATE = wire.canonical({"channel": "region-1", "height": 1, "kind": "precommit", "profile": "tendermint",
                              "round": 0, "signatures": [{"member": "m0", "signature": "00" * 32}],
                              "suite": "stub"})  # fmt: skip
MESSAGE = wire.canonical({"body": {"value": "33" * 32}, "channel": "region-1", "from": "m0", "height": 1,
                          "kind": "prevote", "round": 0, "sig": "00" * 32, "suite": "stub"})  # fmt: skip
SPOILT = st.integers(0, 2**40)
CHANGED = Plan.from_data({
    "plan": "yilian/plan/v1", "engine": "tendermint", "n": 4, "heights": 2,
    "changes": [{"h": 1, "weights": [1, 1, 1, 1]}, {"h": 1, "weights": [1, 1, 1, 2]}],
})  # fmt: skip


class Silent:
    """A door behind which nobody is asked anything."""

    def reset(self):
        pass


@pytest.mark.parametrize("data", RAW)
def test_what_is_no_block_has_no_header_and_what_is_no_message_none(data):
    assert wire.header_of(data) == {}
    assert wire.read_message(data) is None
    assert wire.read_block(data, ["m0"]).broken


@given(choice=SPOILT)
def test_a_spoilt_block_certificate_or_message_is_read_without_an_error(choice):
    block, certificate, message = (nonsense(one, choice) for one in (BLOCK, CERTIFICATE, MESSAGE))
    found = wire.read_block(block, ["m0", "m1"])
    assert isinstance(found.previous, str) and isinstance(wire.header_of(block), dict)
    cluster = ForeignCluster(Silent(), profile("tendermint/1"), Plan(engine="tendermint"))
    said, read = cluster.message(message)
    assert read is None or said == cluster.read(message)
    assert not cluster.is_genuine(message), "the signature is of nobody"
    votes, round_ = cluster.votes(found.digest, certificate.hex())
    assert not any(good for _, good in votes) and type(round_) is int
    force = Force(Script(CHANGED, "tendermint/1"))
    assert force.judged(Decision(0, 0, 0, 1, 0, found, (), ""), block, certificate).block.broken
    assert not any(good for _, good in force.votes(found.digest, certificate, 0))


@pytest.mark.parametrize("named", [{}, {"membership": None}, {"membership": ["00"]}, {"membership": "00"}])
@pytest.mark.clause("DAT-090")
def test_a_block_that_names_no_members_in_force_is_told_as_such(named):
    bare = {"previous": "11" * 32, "proposer": "m0", "size": 0, "transactions_root": wire.merkle_root([]).hex()}
    block = wire.canonical({"header": {**bare, **named}, "transactions": []})
    found = wire.read_block(block, ["m0"])
    assert not found.broken, "in itself it is a block"
    told = Force(Script(CHANGED, "tendermint/1")).judged(Decision(0, 0, 0, 1, 0, found, (), ""), block, None)
    assert told.block.broken.key == "block.other-members"


@pytest.mark.parametrize("odd", [
    {"body": []}, {"body": None}, {"body": {"value": ["33" * 32]}}, {"body": {"value": "33" * 31}},
    {"kind": ["prevote"]}, {"kind": "vote"}, {"from": {}}, {"from": None}, {"height": 0}, {"height": True},
    {"round": 2**70}, {"round": 0.5}, {"sig": 1}, {"note": 1},
])  # fmt: skip
@pytest.mark.clause("NET-003")
def test_a_message_is_one_of_its_profile_or_none_at_all(odd):
    cluster = ForeignCluster(Silent(), profile("tendermint/1"), Plan(engine="tendermint"))
    assert cluster.read(MESSAGE).kind == "prevote"
    assert cluster.message(wire.canonical({**json.loads(MESSAGE), **odd})) == (wire_nothing(), None)


def wire_nothing():
    return ForeignCluster(Silent(), profile("tendermint/1"), Plan(engine="tendermint")).read(b"")


@pytest.mark.clause("NOD-052")
@pytest.mark.parametrize(("spoils", "test"), [
    ("send", "L2.partition.halves"), ("send", "L3.block.transaction-repeated"), ("block", "L1.check.nonce-used"),
    ("block", "L2.partition.halves"), ("block", "L2.members.in-a-network"), ("cert", "L2.partition.halves"),
    ("cert", "L2.members.in-a-network"), ("persist", "L2.crash.after-persist"), ("answer", "L1.check.blanks"),
    ("answer", "L2.crash.after-send"),
])  # fmt: skip
def test_no_word_of_a_node_makes_the_kit_fall_over(spoils, test):
    try:
        found = verdict_of(spoils, test)
    except Unusable as end:
        assert spoils == "answer" and isinstance(end.args[0], Breach), "a frame of another shape ends it, nothing else"
    else:
        assert found.verdict is not Verdict.HARNESS_ERROR, found.reason


def verdict_of(spoils, test):
    """What the kit says of a node that spoils half of these words, in this test."""
    [chosen] = [one for one in catalogue.tests() if one.id == test]
    made = []

    def opened(environment=None):
        made.append(Babbler({spoils}, rarely=2))
        return Door(made[-1], Guards())

    try:
        return examine(Bench(opened, restarts=False, profile="tendermint/1", shrinking=0), chosen)
    finally:
        assert sum(babbler.spoilt for babbler in made)


@pytest.mark.clause("NOD-019")
def test_a_node_that_refuses_the_disk_it_wrote_breaks_recovery():
    found = verdict_of("persist", "L2.crash.after-persist")
    assert (found.verdict, found.failure.clause) == (Verdict.FAIL, "NOD-019")


class Boaster(Babbler):
    """It says that it is at a height that nobody reached, and has a block for every height that it is asked for."""

    asked = 0

    def told(self, reply):
        """See `Babbler`."""
        value = reply.get("ok", {}).get("value", {})
        if "state_root" in value and "time" in value:
            value["height"] = 2**40
        elif "refused" in reply and reply["refused"]["code"] == "query.not_found":
            self.asked += 1
            assert self.asked < 1000, "the kit asks for ever"
            return {"id": reply["id"], "ok": {"height": 2**40, "value": {"block": "00"}}}
        return reply


@pytest.mark.clause("NOD-052")
def test_a_height_that_nobody_reached_is_not_asked_for_block_by_block():
    [crash] = [one for one in catalogue.tests() if one.id == "L2.crash.after-persist"]
    bench = Bench(lambda environment=None: Door(Boaster(set(), 1), Guards()), restarts=False, profile="tendermint/1",
                  shrinking=0)  # fmt: skip
    assert examine(bench, crash).verdict is not Verdict.HARNESS_ERROR
