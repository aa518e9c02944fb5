"""Channels: ledgers among named members, a private one in a house, anchors between them, and whoever only follows."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refimpl.application.view import View
from refimpl.consensus.registry import find_engine
from refimpl.contract.draft import Draft
from refimpl.crypto.recipes import key_for_tests, verifier
from refimpl.data.block import Block, Genesis
from refimpl.data.ids import ChannelId, MemberId, Name, Nonce, Seconds, Suite, Weight
from refimpl.data.members import Member, Membership, Role
from refimpl.data.refusal import Refused
from refimpl.data.transaction import COMMAND, DEPLOY, Transaction
from refimpl.node.execution import next_nonce
from refimpl.node.follower import Follower
from refimpl.node.institution import Frame, Institution
from refimpl.node.machine import Decision, Machine, Persist, Send
from refimpl.scenarios.cast import START, Node
from refimpl.scenarios.package import library

VERIFY = verifier(Suite.INTL)
TOWN = tuple(map(MemberId, ("ames", "bell", "cole", "dale", "east", "ford")))
MAIN, CANCER, HOUSE = ChannelId("region"), ChannelId("cancer-care"), ChannelId("ames-private")
CHANNELS = {MAIN: TOWN, CANCER: TOWN[:4], HOUSE: TOWN[:1]}
CANARY = "canary-7f3a9c"
NODES = (
    Node("valley", "Region", None, {"level": "district"}),
    Node("valley-hc", "Commission", None, {"level": "district", "region": "valley"}),
    *(Node(name, "Hospital", None, {"tier": 3, "region": "valley", "supervisor": "valley-hc"}) for name in TOWN),
)


def genesis(channel):
    """The first four validate; the others are members."""
    listed = [Member(name, key_for_tests(Suite.INTL, name).public, Weight(1 if place < 4 else 0),
                     Role.VALIDATOR if place < 4 else Role.MEMBER)
              for place, name in enumerate(CHANNELS[channel])]  # fmt: skip
    engine = Name("solo" if len(listed) == 1 else "tendermint")
    nodes = {"nodes": [node.to_value() for node in NODES]}
    return Genesis(channel, Suite.INTL, START, engine, Membership.of(listed, Suite.INTL), {}, (nodes,))


class Town:
    """Six institutions whose frames arrive at once, and every frame that went anywhere."""

    def __init__(self):
        self.now = Seconds(START + 1)
        self.frames: list[Frame] = []
        self.decided: dict[ChannelId, list[Decision]] = {channel: [] for channel in CHANNELS}
        self.disks = {(name, channel): {} for channel in CHANNELS for name in CHANNELS[channel]}
        self.houses = {name: Institution(name, [self.machine(channel, name) for channel in CHANNELS
                                                if name in CHANNELS[channel]]) for name in TOWN}  # fmt: skip
        for channel, members in CHANNELS.items():
            for name in members:
                self.carry(name, channel, self.houses[name].start(channel, self.now))
        for channel in CHANNELS:
            self.act(channel, CHANNELS[channel][:3], DEPLOY, {"modules": library(("alliance", "sharing", "anchor"))})

    def machine(self, channel, name):
        first = genesis(channel)
        return Machine(first, find_engine(first.engine), name, key_for_tests(Suite.INTL, name), VERIFY)

    def carry(self, name, channel, came):
        frames, others = came
        for effect in others:
            if isinstance(effect, Persist):
                self.disks[name, channel].update(effect.writes)
            if isinstance(effect, Decision) and name == CHANNELS[channel][0]:
                self.decided[channel].append(effect)
        for frame in frames:
            self.frames.append(frame)
            self.arrive(name, frame)

    def arrive(self, sender, frame):
        try:
            came = self.houses[frame.to].deliver(frame.channel, frame.data, sender, self.now)
        except Refused:
            return
        self.carry(frame.to, frame.channel, came)

    def signed(self, channel, signers, kind, payload):
        state = self.houses[CHANNELS[channel][0]].node(channel).ledger.state
        sender, *others = signers
        nonce = Nonce(next_nonce(Draft(state), sender))
        made = Transaction(Suite.INTL, channel, nonce, (sender, *sorted(others)), kind, payload)
        return made.signed({name: key_for_tests(Suite.INTL, name) for name in TOWN})

    def act(self, channel, signers, kind, payload):
        """What became of a transaction handed to every validator of the channel."""
        self.now = Seconds(self.now + 1)
        data = self.signed(channel, signers, kind, payload).to_bytes()
        for name in CHANNELS[channel][:4]:
            try:
                self.carry(name, channel, self.houses[name].submit(channel, data, self.now))
            except Refused:
                continue
        [*_, last] = self.decided[channel]
        return json.loads(last.receipts[-1])

    def command(self, channel, signers, contract, action, instance=None, **given):
        listed = [{"name": name, "value": value} for name, value in sorted(given.items())]
        payload = {"action": action, "arguments": listed, "contract": contract, "instance": instance}
        return self.act(channel, signers, COMMAND, payload)

    def view(self, channel):
        return View(self.houses[CHANNELS[channel][0]].node(channel).ledger.state)


@pytest.fixture(scope="module")
def town():
    town = Town()
    for channel, borrower, lender in ((CANCER, "bell", "ames"), (MAIN, "east", "bell")):
        item = CANARY if channel is CANCER else "bed"
        done = town.command(channel, (borrower,), "Loan", "ask", lender=lender, borrower=borrower, item=item, price=100)
        assert done["status"] == "applied"
    return town


@pytest.mark.system("B2")
@pytest.mark.clause("NET-040")
def test_B2_no_frame_of_a_channel_reaches_whoever_is_not_in_it(town):
    assert {frame.channel for frame in town.frames} == {MAIN, CANCER}
    assert all(frame.to in CHANNELS[frame.channel] for frame in town.frames)
    carrying = [frame for frame in town.frames if CANARY.encode() in frame.data or CANARY.encode().hex().encode()
                in frame.data]  # fmt: skip
    assert len(carrying) > 3
    assert {frame.to for frame in carrying} <= set(CHANNELS[CANCER])
    outside = [value for (name, channel), disk in town.disks.items() if channel is not CANCER
               for value in disk.values() if value is not None]  # fmt: skip
    assert not [value for value in outside if CANARY.encode() in value]


@pytest.mark.clause("NET-040")
def test_what_an_engine_would_send_to_somebody_who_has_left_goes_nowhere(town):
    house = town.houses["ames"]
    frames, others = house._sorted(CANCER, [Send(b"x", (MemberId("ford"), MemberId("bell"), MemberId("ames")))])
    assert (frames, others) == ([Frame(CANCER, MemberId("bell"), b"x")], [])


@pytest.mark.system("B2")
@pytest.mark.clause("NET-041")
def test_B2_a_member_that_passes_frames_on_to_a_stranger_is_not_listened_to(town):
    leaked = next(frame for frame in town.frames if frame.channel is CANCER)  # a transaction
    before = town.houses["east"].node(MAIN).ledger.info()
    for channel, sender, code in ((CANCER, "ames", "net.wrong_channel"), (MAIN, "nobody", "net.unknown_sender"),
                                  (MAIN, "ames", "tx.wrong_channel")):  # fmt: skip
        with pytest.raises(Refused) as caught:
            town.houses["east"].deliver(channel, leaked.data, MemberId(sender), town.now)
        assert caught.value.code == code
    assert town.houses["east"].node(MAIN).ledger.info() == before


@pytest.mark.system("B2")
@pytest.mark.clause("DAT-066")
def test_B2_what_was_signed_for_one_channel_is_nothing_in_another(town):
    signed = town.signed(CANCER, ("bell",), COMMAND, {"action": "ask", "arguments": [], "contract": "Loan",
                                                      "instance": None})  # fmt: skip
    with pytest.raises(Refused) as caught:
        town.houses["bell"].submit(MAIN, signed.to_bytes(), town.now)
    assert caught.value.code == "tx.wrong_channel"


@pytest.mark.system("C3")
@pytest.mark.clause("NET-042")
def test_C3_a_private_ledger_sends_nothing_and_its_head_is_anchored_where_others_see_it(town):
    for number in range(3):
        town.command(HOUSE, ("ames",), "Anchor", "anchor", keeper="ames", ledger=f"ward-{number}", height=number,
                     head="ab" * 32)  # fmt: skip
    assert not [frame for frame in town.frames if frame.channel is HOUSE]
    height, head = town.houses["ames"].head(HOUSE)
    given = {"keeper": "ames", "ledger": HOUSE, "height": height, "head": head.hex()}
    assert town.command(MAIN, ("ames",), "Anchor", "anchor", **given)["status"] == "applied"
    [row] = town.view(MAIN).rows("Anchor")
    assert (row["height"], row["head"]) == (height, head.hex())
    other = town.command(MAIN, ("ames",), "Anchor", "anchor", **{**given, "head": "cd" * 32})
    assert other["code"] == "contract.duplicate_key"


def followed(town, channel):
    """A follower that was fed what was decided."""
    follower, _ = Follower.begin(genesis(channel), VERIFY)
    for one in town.decided[channel]:
        follower.take(one.block, one.certificate)
    return follower


@pytest.mark.system("B1")
@pytest.mark.clause("NET-043")
@pytest.mark.parametrize("channel", list(CHANNELS))
def test_B1_whoever_follows_without_a_vote_holds_what_the_validators_hold(town, channel):
    follower = followed(town, channel)
    held = town.houses[CHANNELS[channel][0]].node(channel).ledger
    assert (follower.height, follower.ledger.tip.state_root) == held.info()
    disk = {key: value for key, value in town.disks[CHANNELS[channel][0], channel].items() if value is not None}
    assert Follower.resume(disk, VERIFY).height == follower.height


@pytest.mark.clause("NET-043")
@settings(max_examples=60)
@given(st.data())
def test_a_follower_takes_no_block_that_was_not_decided(town, data):
    follower, _ = Follower.begin(genesis(MAIN), VERIFY)
    one, *others = town.decided[MAIN]
    spoilt = data.draw(st.sampled_from(["block", "certificate", "none", "other", "later"]))
    block, certificate = one.block, one.certificate
    if spoilt in ("block", "certificate"):
        victim = bytearray(block if spoilt == "block" else certificate)
        bit = data.draw(st.integers(0, 8 * len(victim) - 1))
        victim[bit // 8] ^= 1 << bit % 8
        block, certificate = (bytes(victim), certificate) if spoilt == "block" else (block, bytes(victim))
    elif spoilt == "none":
        certificate = None
    elif spoilt == "other":
        certificate = others[0].certificate
    else:
        block, certificate = others[0].block, others[0].certificate
    before = follower.ledger.tip
    with pytest.raises(Refused):
        follower.take(block, certificate)
    assert follower.ledger.tip is before
    follower.take(one.block, one.certificate)
    assert follower.height == 1
    assert Block.from_bytes(one.block).header.height == 1
