"""Streamlet rule by rule: one member, driven by hand, against the protocol of Chan and Shi."""

import pytest

from conformance.adapters.line_ledger import name_of
from refimpl.consensus import interface as api
from refimpl.consensus.streamlet import ENGINE, EPOCH, PROMISE, PROPOSE, READERS, VOTE, Block, Streamlet
from refimpl.data.ids import Digest, Height, Round
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import Sync, Vote
from tests.unit.consensus.hand import FOUR, NAMES, Hand, refused

ROOT = Digest(b"")
LENGTH, TERM = PROMISE.timeout[0], PROMISE.term


class Member(Hand):
    """A member; number 3 unless said."""

    def __init__(self, me=3, **more):
        super().__init__(Streamlet, me, **more)

    def block(self, payload, epoch, height, parent=ROOT, sender=None):
        body = Block(name_of(payload), payload, parent if parent == ROOT else name_of(parent))
        return self.sign(PROPOSE, body, epoch // TERM % 4 if sender is None else sender, epoch, height)

    def propose(self, *arguments, **more):
        return self.feed(api.Receive(self.block(*arguments, **more)))

    def reach(self, epoch):
        """Let epochs pass."""
        while self.memory.round < epoch:
            self.expire(EPOCH, self.memory.round)
        return self

    def grow(self, *epochs, voters=(0, 1, 2)):
        """A notarised chain p<e> of blocks of these epochs."""
        parent, seen = ROOT, []
        for height, epoch in enumerate(epochs, 1):
            payload = b"p%d" % epoch
            seen += self.reach(epoch).propose(payload, epoch, height, parent).effects
            seen += self.hear(VOTE, Vote(name_of(payload)), *voters, round_=epoch, height=height).effects
            parent = payload
        self.effects = seen
        return self


@pytest.mark.clause("CON-080")
def test_epochs_follow_the_clock_also_after_a_crash():
    member = Member()
    assert [one.ticks for one in member.made(api.SetTimer)] == [LENGTH]
    step = member.engine.recover(member.engine.start(), api.Begin(Height(1), FOUR, 5 * LENGTH + 1), ())
    assert step.state.round == 5
    assert [one.ticks for one in step.effects if isinstance(one, api.SetTimer)] == [LENGTH - 1]
    early = member.engine.recover(member.engine.start(), api.Begin(Height(1), FOUR, -3), ())
    assert early.state.round == 0


@pytest.mark.clause("CON-081", "CON-020")
def test_only_the_leader_of_a_term_is_heard_and_only_with_the_right_name():
    member = Member()
    assert [member.engine.leader(member.memory, epoch) for epoch in (0, TERM - 1, TERM, 4 * TERM)] == [
        NAMES[0], NAMES[0], NAMES[1], NAMES[0]]  # fmt: skip
    assert refused(member, api.Receive(member.block(b"a", 0, 1, sender=2))) is Code.CONSENSUS_WRONG_PROPOSER
    false = member.sign(PROPOSE, Block(name_of(b"x"), b"y", ROOT), 0)
    assert refused(member, api.Receive(false)) is Code.CONSENSUS_WRONG_BLOCK


@pytest.mark.clause("CON-081")
def test_a_leader_proposes_once_an_epoch_on_a_longest_notarised_chain():
    member = Member(me=0)
    assert member.made(api.AskPayload) == [api.AskPayload(Height(1), Round(0))]
    member.feed(api.Offer(Height(1), Round(0), b"p0", name_of(b"p0")))
    assert member.the(PROPOSE).body == Block(name_of(b"p0"), b"p0", ROOT)
    assert member.feed(api.Offer(Height(1), Round(0), b"q", name_of(b"q"))).said(PROPOSE) == []
    member.hear(VOTE, Vote(name_of(b"p0")), 1, 2)
    (ask,) = member.expire(EPOCH).made(api.AskPayload)
    assert ask == api.AskPayload(Height(2), Round(1), (b"p0",))


@pytest.mark.clause("CON-082")
def test_one_vote_an_epoch_for_the_first_proposal():
    member = Member().propose(b"a", 0, 1)
    assert member.the(VOTE).body == Vote(name_of(b"a"))
    assert member.propose(b"b", 0, 1).said(VOTE) == []


@pytest.mark.clause("CON-082")
def test_a_proposal_on_a_shorter_or_unnotarised_chain_gets_no_vote():
    member = Member().grow(0, 1).reach(3)
    assert member.propose(b"short", 3, 2, b"p0").said(VOTE) == []
    member.reach(4).propose(b"long", 4, 3, b"p1")
    assert member.the(VOTE).body == Vote(name_of(b"long"))
    assert member.reach(5).propose(b"bare", 5, 4, b"long").said(VOTE) == [], "its parent is not notarised"


@pytest.mark.clause("CON-085", "CON-008")
def test_who_comes_back_votes_on_no_shorter_chain_than_before():
    member = Member().grow(0, 1)
    kept = [one.message for one in member.effects if isinstance(one, api.Record)]
    member.reach(3).propose(b"third", 3, 3, b"p1")
    kept += [one.message for one in member.made(api.Record)]
    member.memory = member.engine.recover(member.engine.start(), api.Begin(Height(1), FOUR, 5 * LENGTH), kept).state
    assert member.reach(6).propose(b"fork", 6, 1).said(VOTE) == []
    assert member.reach(7).propose(b"late", 7, 2, b"p0").said(VOTE) == []


@pytest.mark.clause("CON-083")
def test_votes_of_different_epochs_do_not_notarise_together():
    member = Member(me=2).propose(b"a", 0, 1)
    value = Vote(name_of(b"a"))
    member.hear(VOTE, value, 0).hear(VOTE, value, 1, round_=1)
    assert member.engine.notarised(member.memory, name_of(b"a")) is None
    member.hear(VOTE, value, 1)
    assert member.engine.notarised(member.memory, name_of(b"a")) == 0


@pytest.mark.clause("CON-084")
def test_three_consecutive_epochs_decide_the_second_with_all_below():
    assert Member().grow(0, 1).made(api.Decide) == []
    decided = Member().grow(0, 1, 2).made(api.Decide)
    assert [(one.height, one.round) for one in decided] == [(1, 0), (2, 1)]
    assert all(len(one.votes) >= 3 for one in decided)
    assert Member().grow(0, 1, 3, 5).made(api.Decide) == []
    assert [one.height for one in Member().grow(0, 2, 3, 4).made(api.Decide)] == [1, 2, 3]


@pytest.mark.clause("CON-007", "CON-070")
def test_who_asks_is_told_what_is_decided_and_what_is_not():
    member = Member().grow(0, 1, 2)
    asked = member.feed(api.Receive(member.sign("sync", Sync(), 1)))
    assert asked.made(api.Supply) == [api.Supply(Height(1), NAMES[1])]
    told = [(one.message.height, one.message.kind) for one in asked.made(api.Forward)]
    assert [height for height, kind in told if kind == PROPOSE] == [1, 2, 3], "what decided the last heights, too"
    assert [told.count((height, VOTE)) for height in (1, 2, 3)] == [4, 4, 4]


@pytest.mark.clause("CON-080")
def test_epochs_are_counted_also_when_nothing_is_wanted():
    member = Member().grow(0, 1, 2)
    assert member.memory.wanted < member.memory.decided
    assert member.expire(EPOCH, 2).memory.round == 3
    assert member.propose(b"p3", 3, 4, b"p2").the(VOTE).round == 3


@pytest.mark.clause("CON-008", "CON-082")
def test_a_vote_survives_a_crash():
    before = Member().propose(b"a", 0, 1)
    recorded = [one.message for one in before.made(api.Record)]
    step = before.engine.recover(before.engine.start(), api.Begin(Height(1), FOUR, 0), recorded)
    assert (step.state.voted, step.state.round) == (0, 0)
    assert [one.message.kind for one in step.effects if isinstance(one, api.Send)] == [VOTE, "sync"]


@pytest.mark.clause("CON-019")
def test_two_votes_of_one_epoch_convict():
    member = Member().propose(b"a", 0, 1)
    member.hear(VOTE, Vote(name_of(b"a")), 1).hear(VOTE, Vote(name_of(b"b")), 1)
    assert [one.against for one in member.made(api.Accuse)] == [NAMES[1]]


@pytest.mark.clause("CON-081")
@pytest.mark.parametrize("body", [None, 7, {}, {"parent": "", "payload": "", "value": ""}, {"extra": 1}])
def test_a_body_that_is_none_is_refused(body):
    with pytest.raises(Refused) as caught:
        READERS[PROPOSE](body)
    assert caught.value.code is Code.WIRE_BAD_FIELD
    whole = Block(Digest(b"v" * 32), b"x", Digest(b"p" * 32))
    assert ENGINE.readers[PROPOSE](whole.to_data()) == whole
