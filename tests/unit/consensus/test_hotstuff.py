"""Chained HotStuff rule by rule: one member, driven by hand, against the algorithms of Yin and others."""

import pytest

from conformance.adapters.line_ledger import name_of
from refimpl.consensus import interface as api
from refimpl.consensus.hotstuff import ENGINE, PROMISE, HotStuff
from refimpl.consensus.hotstuff_messages import NEWVIEW, PROPOSE, READERS, VOTE, Block, NewView, QuorumCertificate
from refimpl.data.ids import Digest, Height, Round, Signature
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import Decided, Sync, Vote
from tests.unit.consensus.hand import FOUR, NAMES, Hand, refused

ROOT = Digest(b"")
HIDDEN = NewView(None)


class Member(Hand):
    """A member; number 3 unless said. `chain` keeps (value, view, height) of what was proposed."""

    def __init__(self, me=3, **more):
        super().__init__(HotStuff, me, **more)

    def qc(self, payload, view, height, voters=(0, 1, 2)):
        value = name_of(payload)
        votes = [(NAMES[i], self.sign(VOTE, Vote(value), i, view, height).signature) for i in voters]
        return QuorumCertificate(Height(height), Round(view), value, tuple(votes))

    def block(self, payload, view, height, parent=None, justify=None, sender=None):
        """The proposal of `payload` in a view, on (payload, view) or on the root."""
        if parent is not None and justify is None:
            justify = self.qc(parent[0], parent[1], height - 1)
        on = ROOT if parent is None else name_of(parent[0])
        body = Block(name_of(payload), payload, on, justify)
        return self.sign(PROPOSE, body, view % 4 if sender is None else sender, view, height)

    def propose(self, *arguments, **more):
        return self.feed(api.Receive(self.block(*arguments, **more)))

    def grow(self, *views):
        """A chain of blocks p0, p1, ... in these views."""
        last, seen = None, []
        for height, view in enumerate(views, 1):
            payload = b"p%d" % view
            seen += self.propose(payload, view, height, last).effects
            last = (payload, view)
        self.effects = seen
        return self


@pytest.mark.clause("CON-063")
def test_members_lead_in_turn_and_only_the_leader_is_heard():
    member = Member()
    assert [member.engine.leader(member.memory, view) for view in range(5)] == [*NAMES, NAMES[0]]
    assert refused(member, api.Receive(member.block(b"a", 0, 1, sender=2))) is Code.CONSENSUS_WRONG_PROPOSER
    assert Member(me=0).made(api.AskPayload) == [api.AskPayload(Height(1), Round(0))]


@pytest.mark.clause("CON-064", "CON-005")
def test_one_vote_a_view_recorded_with_its_block_before_it_is_sent():
    member = Member().propose(b"a", 0, 1)
    assert member.the(VOTE).body == Vote(name_of(b"a"))
    kinds = [(type(one).__name__, one.message.kind) for one in member.effects if isinstance(one, api.Record | api.Send)]
    assert kinds == [("Record", PROPOSE), ("Record", VOTE), ("Send", VOTE)]
    assert member.propose(b"b", 0, 1).said(VOTE) == []


@pytest.mark.clause("CON-071", "CON-008")
def test_who_comes_back_is_locked_by_a_vote_also_where_it_did_not_vote_for_the_block_between():
    member = Member().propose(b"p0", 0, 1)
    kept = [one.message for one in member.made(api.Record)]
    early, late = member.block(b"p1", 1, 2, (b"p0", 0)), member.block(b"p2", 2, 3, (b"p1", 1))
    for block in (late, early):
        kept += [one.message for one in member.feed(api.Receive(block)).made(api.Record)]
    assert [(one.height, one.round) for one in kept if one.kind == VOTE] == [(1, 0), (3, 2)]
    member.memory = member.engine.recover(member.engine.start(), api.Begin(Height(1), FOUR), kept).state
    assert member.memory.locked is not None
    assert member.memory.locked.value == name_of(b"p0")
    member.hear(NEWVIEW, HIDDEN, 0, 1, 2, round_=8)
    assert member.propose(b"fork", 8, 1).said(VOTE) == []


@pytest.mark.clause("CON-060")
def test_a_value_that_comes_again_in_a_later_view_is_not_voted_for_again():
    member = Member().propose(b"a", 0, 1).hear(NEWVIEW, HIDDEN, 0, 1, 2, round_=4)
    assert member.propose(b"a", 4, 1).said(VOTE) == []


@pytest.mark.clause("CON-061", "CON-020")
def test_a_certificate_must_be_of_the_parent_and_of_an_earlier_view():
    member = Member().propose(b"a", 0, 1)
    other = member.qc(b"other", 0, 1)
    assert refused(member, api.Receive(member.block(b"b", 1, 2, (b"a", 0), other))) is Code.CONSENSUS_WRONG_BLOCK
    late = member.qc(b"a", 1, 1)
    assert refused(member, api.Receive(member.block(b"b", 1, 2, (b"a", 0), late))) is Code.CONSENSUS_BAD_VALID_ROUND
    high = member.qc(b"a", 0, 1)
    assert refused(member, api.Receive(member.block(b"b", 1, 3, (b"a", 0), high))) is Code.CONSENSUS_BAD_VALID_ROUND
    false = member.sign(PROPOSE, Block(name_of(b"x"), b"y", ROOT, None), 0, 0)
    assert refused(member, api.Receive(false)) is Code.CONSENSUS_WRONG_BLOCK


@pytest.mark.clause("CON-062")
@pytest.mark.parametrize("voters", [(0, 1), (0, 0, 1), (1, 0, 2)])
def test_a_certificate_without_a_quorum_in_order_is_refused(voters):
    member = Member().propose(b"a", 0, 1)
    weak = member.qc(b"a", 0, 1, voters)
    assert refused(member, api.Receive(member.block(b"b", 1, 2, (b"a", 0), weak))) is Code.CONSENSUS_NO_QUORUM
    assert refused(member, api.Receive(member.sign(NEWVIEW, NewView(weak), 2, 1))) is Code.CONSENSUS_NO_QUORUM


@pytest.mark.clause("CON-062")
def test_the_view_of_a_certificate_is_covered_by_its_signatures():
    member = Member().propose(b"a", 0, 1)
    honest = member.qc(b"a", 0, 1)
    moved = honest._replace(view=Round(2))
    assert refused(member, api.Receive(member.block(b"b", 3, 2, (b"a", 0), moved))) is Code.NET_BAD_SIGNATURE
    orphan = member.sign(PROPOSE, Block(name_of(b"b"), b"b", name_of(b"a"), None), 1, 1, 2)
    assert refused(member, api.Receive(orphan)) is Code.CONSENSUS_NO_QUORUM


@pytest.mark.clause("CON-066", "CON-067")
def test_three_consecutive_views_decide_the_first_of_them_and_two_lock():
    member = Member().grow(0, 1)
    assert member.memory.locked is None
    member.grow(0, 1, 2)
    assert member.memory.locked.view == 0
    assert member.made(api.Decide) == []
    member.propose(b"p3", 3, 4, (b"p2", 2))
    (decided,) = member.made(api.Decide)
    assert (decided.height, decided.value, decided.round) == (1, name_of(b"p0"), 0)
    assert [name for name, _ in decided.votes] == [*NAMES[:3]]
    assert member.memory.locked.view == 1


@pytest.mark.clause("CON-067")
def test_a_gap_of_views_decides_nothing_until_three_follow_each_other():
    member = Member().grow(0, 1, 4, 5)
    assert member.made(api.Decide) == []
    assert [one.height for one in member.grow(0, 1, 4, 5, 6, 7).made(api.Decide)] == [1, 2, 3]


@pytest.mark.clause("CON-067")
def test_a_certificate_that_comes_after_a_higher_one_decides_as_well():
    member = Member().grow(0, 1, 2)
    member.hear(NEWVIEW, HIDDEN, 0, 1, 2, round_=4)
    side = Vote(name_of(b"side"))
    member.propose(b"side", 4, 3, (b"p1", 1), sender=0).hear(VOTE, side, 0, 1, 2, round_=4, height=3)
    assert (member.memory.high.view, member.memory.decided) == (4, 0)
    (decided,) = member.hear(VOTE, Vote(name_of(b"p2")), 0, 1, 2, round_=2, height=3).made(api.Decide)
    assert (decided.height, decided.value, member.memory.high.view) == (1, name_of(b"p0"), 4)


@pytest.mark.clause("CON-065")
def test_a_lock_holds_against_a_branch_and_yields_to_a_later_certificate():
    member = Member().grow(0, 1, 2)
    member.hear(NEWVIEW, HIDDEN, 0, 1, 2, round_=8)
    early = member.qc(b"p0", 0, 1)
    assert member.memory.locked.view == 0
    member.propose(b"p3", 3, 4, (b"p2", 2))
    assert member.memory.locked.view == 1, "now p1 is locked"
    assert member.propose(b"branch", 8, 2, (b"p0", 0), early).said(VOTE) == []
    member.propose(b"side", 4, 2, (b"p0", 0), early).hear(NEWVIEW, HIDDEN, 0, 1, 2, round_=9)
    assert member.propose(b"later", 9, 3, (b"side", 4)).the(VOTE).body == Vote(name_of(b"later"))


@pytest.mark.clause("CON-068")
def test_a_view_ends_by_a_certificate_or_by_a_time_out_that_doubles():
    member = Member().propose(b"a", 0, 1)
    assert member.hear(VOTE, Vote(name_of(b"a")), 0, 1).memory.round == 1
    assert member.made(api.SetTimer)[-1].ticks == PROMISE.timeout[0]
    assert member.expire("view", 1, 2).the(NEWVIEW).body == NewView(member.qc(b"a", 0, 1, (0, 1, 3)))
    member.hear(NEWVIEW, HIDDEN, 0, 1, round_=2)
    assert (member.memory.round, member.made(api.SetTimer)[-1].ticks) == (2, 2 * PROMISE.timeout[0])


@pytest.mark.clause("CON-069")
def test_two_of_four_draw_a_member_along_and_three_begin_a_view():
    member = Member()
    assert member.hear(NEWVIEW, HIDDEN, 0, round_=5).said(NEWVIEW) == []
    assert member.hear(NEWVIEW, HIDDEN, 1, round_=3).the(NEWVIEW).round == 3
    assert member.memory.round == 3, "three want view 3 or a later one"


@pytest.mark.clause("CON-063")
def test_a_leader_proposes_on_the_highest_certificate_once():
    member = Member(me=1).propose(b"a", 0, 1)
    (ask,) = member.hear(VOTE, Vote(name_of(b"a")), 0, 2).made(api.AskPayload)
    assert ask == api.AskPayload(Height(2), Round(1), (b"a",))
    body = member.feed(api.Offer(Height(2), Round(1), b"b", name_of(b"b"))).the(PROPOSE).body
    assert (body.parent, body.justify.view) == (name_of(b"a"), 0)
    assert member.feed(api.Offer(Height(2), Round(1), b"c", name_of(b"c"))).said(PROPOSE) == []


@pytest.mark.clause("CON-029", "CON-007")
def test_a_block_without_its_parent_waits_and_is_asked_for():
    member = Member()
    child = member.block(b"p1", 1, 2, (b"p0", 0))
    assert len(member.feed(api.Receive(child)).said("sync")) == 1
    asked = member.propose(b"p0", 0, 1).made(api.AskVerdict)
    assert [(one.height, one.ancestors) for one in asked] == [(1, ()), (2, (b"p0",))]


@pytest.mark.clause("CON-070")
def test_a_decision_is_believed_from_a_set_with_a_correct_member_and_not_from_one():
    member = Member()
    word = Decided(name_of(b"a"), b"a", member.qc(b"a", 0, 1).votes)
    assert member.hear("decided", word, 1).made(api.Decide) == []
    (decided,) = member.hear("decided", word, 2).made(api.Decide)
    assert (decided.height, decided.value) == (1, name_of(b"a"))
    unproven = member.sign("decided", Decided(name_of(b"b"), b"b", ()), 1, 0, 2)
    assert refused(member, api.Receive(unproven)) is Code.CONSENSUS_NO_QUORUM


@pytest.mark.clause("CON-007")
def test_who_lacks_a_height_is_told_and_who_asks_is_given_what_is_not_decided():
    member = Member().grow(0, 1, 2, 3)
    assert member.memory.decided == 1
    assert member.hear(NEWVIEW, HIDDEN, 2, round_=9).made(api.Supply) == [api.Supply(Height(1), NAMES[2])]
    told = member.feed(api.Receive(member.sign("sync", Sync(), 2))).made(api.Forward)
    assert {one.message.kind for one in told} == {PROPOSE, VOTE, NEWVIEW}
    assert {one.to for one in told} == {(NAMES[2],)}


@pytest.mark.clause("CON-008", "CON-064", "CON-066")
def test_view_vote_and_lock_survive_a_crash():
    before = Member().grow(0, 1, 2)
    recorded = [one.message for one in before.made(api.Record)]
    step = before.engine.recover(before.engine.start(), api.Begin(Height(1), FOUR), recorded)
    assert (step.state.round, step.state.voted, step.state.locked) == (2, 2, before.memory.locked)
    said = [one.message.kind for one in step.effects if isinstance(one, api.Send)]
    assert said == [VOTE, VOTE, VOTE, "sync"]


@pytest.mark.clause("CON-019")
def test_two_votes_of_one_view_convict():
    member = Member().propose(b"a", 0, 1)
    member.hear(VOTE, Vote(name_of(b"a")), 1).hear(VOTE, Vote(name_of(b"b")), 1)
    assert [one.against for one in member.made(api.Accuse)] == [NAMES[1]]


@pytest.mark.clause("CON-061", "CON-062")
@pytest.mark.parametrize("body", [None, 7, {}, {"justify": None}, {"extra": 1}, {"justify": {}},
                                  {"parent": "", "payload": "", "value": ""}])  # fmt: skip
def test_bodies_that_are_none_are_refused(body):
    for kind in (PROPOSE, NEWVIEW) if body else (PROPOSE,):
        with pytest.raises(Refused) as caught:
            READERS[kind](body)
        assert caught.value.code is Code.WIRE_BAD_FIELD


@pytest.mark.clause("CON-062")
def test_bodies_come_back_from_their_data():
    proof = QuorumCertificate(Height(1), Round(0), Digest(b"v" * 32), ((NAMES[0], Signature(bytes(64))),))
    for kind, body in (
        (NEWVIEW, HIDDEN), (NEWVIEW, NewView(proof)),
        (PROPOSE, Block(Digest(b"v" * 32), b"x", Digest(b"p" * 32), None)),
        (PROPOSE, Block(Digest(b"v" * 32), b"x", Digest(b"p" * 32), proof)),
    ):  # fmt: skip
        assert ENGINE.readers[kind](body.to_data()) == body


@pytest.mark.clause("CON-008", "CON-063")
def test_a_leader_that_comes_back_without_the_parent_of_its_block_does_not_propose_again():
    before = Member(me=1)
    mine = before.block(b"p1", 1, 2, (b"p0", 0))
    step = before.engine.recover(before.engine.start(), api.Begin(Height(1), FOUR), [mine])
    assert step.state.proposed == 1
    assert [one for one in step.effects if isinstance(one, api.AskPayload)] == []
