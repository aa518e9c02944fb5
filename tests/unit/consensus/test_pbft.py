"""PBFT rule by rule: one member, driven by hand, against the protocol of Castro and Liskov."""

import pytest

from conformance.adapters.line_ledger import name_of
from refimpl.consensus import interface as api
from refimpl.consensus.pbft import ENGINE, PROMISE, Pbft
from refimpl.consensus.pbft_messages import (
    COMMIT,
    NEWVIEW,
    PREPARE,
    PREPREPARE,
    READERS,
    VIEWCHANGE,
    Change,
    NewView,
    Proof,
    ViewChange,
)
from refimpl.data.ids import Height, Round, Signature
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import Proposal, Vote
from tests.unit.consensus.hand import FOUR, NAMES, A, B, Hand, refused

NOTHING = ViewChange(None)


class Member(Hand):
    """A replica; number 3 unless said."""

    def __init__(self, me=3, **more):
        super().__init__(Pbft, me, **more)

    def proof(self, payload, *voters, view=0):
        """A certificate with the `prepare` votes of these."""
        value = name_of(payload)
        votes = [(NAMES[i], self.sign(PREPARE, Vote(value), i, view).signature) for i in voters]
        return Proof(Round(view), value, tuple(votes))

    def newview(self, *changes, sender=1, view=1):
        """A `newview` on (sender, body) pairs."""
        listed = [Change(NAMES[i], body, self.sign(VIEWCHANGE, body, i, view).signature) for i, body in changes]
        return self.sign(NEWVIEW, NewView(tuple(listed)), sender, view)

    def enter(self, *changes, view=1):
        return self.feed(api.Receive(self.newview(*changes, sender=view % 4, view=view)))


@pytest.mark.clause("CON-044")
def test_only_the_primary_of_a_view_pre_prepares_and_views_go_round():
    member = Member()
    assert [member.engine.primary(member.memory, v) for v in range(5)] == [*NAMES, NAMES[0]]
    wrong = member.sign(PREPREPARE, Proposal(name_of(A), A, -1), 1)
    assert refused(member, api.Receive(wrong)) is Code.CONSENSUS_WRONG_PROPOSER
    (ask,) = Member(me=0).made(api.AskPayload)
    assert ask == api.AskPayload(Height(1), Round(0))


@pytest.mark.clause("CON-020")
def test_a_proposal_whose_value_does_not_name_its_payload_is_refused():
    member = Member()
    wrong = member.sign(PREPREPARE, Proposal(name_of(B), A, -1), 0)
    assert refused(member, api.Receive(wrong)) is Code.CONSENSUS_WRONG_BLOCK


@pytest.mark.clause("CON-045", "CON-046", "CON-016")
def test_a_proposal_is_prepared_then_committed_on_a_quorum_then_decided_on_a_quorum():
    member = Member().proposal(PREPREPARE, A)
    assert member.the(PREPARE).body == Vote(name_of(A))
    assert member.vote(PREPARE, A, 0).said(COMMIT) == []
    member.vote(PREPARE, A, 1)
    assert member.the(COMMIT).body == Vote(name_of(A))
    assert {one.message.sender for one in member.made(api.Record) if one.message.kind == PREPARE} == {*NAMES[:2]}
    assert member.memory.prepared == member.proof(A, 0, 1, 3)
    (decided,) = member.vote(COMMIT, A, 0, 1).made(api.Decide)
    assert (decided.value, [name for name, _ in decided.votes]) == (name_of(A), [NAMES[0], NAMES[1], NAMES[3]])


@pytest.mark.clause("CON-045")
def test_a_second_proposal_of_the_view_is_not_prepared_and_convicts_its_primary():
    member = Member().proposal(PREPREPARE, A).proposal(PREPREPARE, B)
    assert member.said(PREPARE) == []
    (accused,) = member.made(api.Accuse)
    assert accused.against == NAMES[0]


@pytest.mark.clause("CON-040", "CON-046")
@pytest.mark.parametrize("view", [1, 2])
def test_votes_of_another_view_do_not_count_in_this_one(view):
    member = Member().proposal(PREPREPARE, A).vote(PREPARE, A, 0, round_=0).vote(PREPARE, A, 1, 2, round_=view)
    assert member.said(COMMIT) == []
    assert member.vote(COMMIT, A, 0, round_=0).vote(COMMIT, A, 1, 2, round_=view).made(api.Decide) == []


@pytest.mark.clause("CON-040")
def test_a_vote_that_comes_again_counts_once():
    member = Member().proposal(PREPREPARE, A).vote(PREPARE, A, 0, 0, 0)
    assert member.said(COMMIT) == []


@pytest.mark.clause("CON-047", "CON-041")
def test_a_view_that_takes_too_long_is_left_with_what_was_prepared_and_no_more_is_prepared_in_it():
    member = Member().proposal(PREPREPARE, A).vote(PREPARE, A, 0, 1)
    member.expire(PREPREPARE)
    change = member.the(VIEWCHANGE)
    assert (change.round, change.body) == (1, ViewChange(member.proof(A, 0, 1, 3)))
    idle = Member().expire(PREPREPARE)
    assert idle.the(VIEWCHANGE).body == NOTHING
    assert idle.proposal(PREPREPARE, A).said(PREPARE) == []


@pytest.mark.clause("CON-047")
def test_the_wait_for_a_view_is_timed_from_a_quorum_on_and_doubles():
    member = Member().expire(PREPREPARE)
    assert member.made(api.SetTimer) == []
    (timer,) = member.hear(VIEWCHANGE, NOTHING, 0, 2, round_=1).made(api.SetTimer)
    assert timer == api.SetTimer(api.Timer(VIEWCHANGE, Height(1), Round(1)), 2 * PROMISE.timeout[0])
    assert member.expire(VIEWCHANGE, 1).the(VIEWCHANGE).round == 2


@pytest.mark.clause("CON-047")
def test_members_that_wait_for_different_views_do_not_wait_for_ever():
    member = Member().expire(PREPREPARE).hear(VIEWCHANGE, NOTHING, 0, round_=1)
    assert member.hear(VIEWCHANGE, NOTHING, 2, round_=2).made(api.SetTimer), "a quorum left for view 1 or beyond"


@pytest.mark.clause("CON-048")
def test_two_of_four_draw_a_member_to_the_lowest_view_that_they_want():
    member = Member()
    assert member.hear(VIEWCHANGE, NOTHING, 0, round_=3).said(VIEWCHANGE) == []
    assert member.hear(VIEWCHANGE, NOTHING, 1, round_=2).the(VIEWCHANGE).round == 2


@pytest.mark.clause("CON-043")
def test_the_primary_of_a_view_that_a_quorum_wants_shows_it_and_proposes():
    member = Member(me=1).expire(PREPREPARE)
    shown = member.hear(VIEWCHANGE, NOTHING, 2, 3, round_=1).the(NEWVIEW)
    assert [change.sender for change in shown.body.changes] == [*NAMES[1:]]
    assert member.made(api.AskPayload) == [api.AskPayload(Height(1), Round(1))]


@pytest.mark.clause("CON-042", "CON-045")
def test_a_new_view_is_bound_to_the_value_of_the_highest_view():
    member = Member()
    changes = [
        (0, ViewChange(member.proof(A, 0, 1, 2))),
        (1, ViewChange(member.proof(B, 1, 2, 3, view=1))),
        (2, NOTHING),
    ]
    member.enter(*changes, view=2)
    assert member.proposal(PREPREPARE, A, sender=2, round_=2).said(PREPARE) == []
    assert member.proposal(PREPREPARE, B, sender=2, round_=2).the(PREPARE).body == Vote(name_of(B))


@pytest.mark.clause("CON-042")
def test_its_primary_proposes_that_value_again_and_asks_for_a_payload_it_lacks():
    knows = Member(me=1).proposal(PREPREPARE, A)
    lacks = Member(me=1)
    for member in (knows, lacks):
        prepared = ViewChange(member.proof(A, 0, 2, 3))
        member.expire(PREPREPARE).hear(VIEWCHANGE, prepared, 2, 3, round_=1)
    assert knows.the(PREPREPARE).body.value == name_of(A)
    assert lacks.said(PREPREPARE) == []
    assert len(lacks.said("sync")) == 1
    assert lacks.proposal(PREPREPARE, A).the(PREPREPARE).body.value == name_of(A)


@pytest.mark.clause("CON-041")
@pytest.mark.parametrize("voters", [(0, 1), (1, 0, 2), (0, 0, 1)])
def test_a_claim_without_a_quorum_in_order_is_refused(voters):
    member = Member()
    claim = member.sign(VIEWCHANGE, ViewChange(member.proof(A, *voters)), 2, 1)
    assert refused(member, api.Receive(claim)) is Code.CONSENSUS_BAD_VIEW_CHANGE


@pytest.mark.clause("CON-041")
def test_a_claim_about_a_later_view_or_with_votes_that_nobody_gave_is_refused():
    member = Member()
    late = member.sign(VIEWCHANGE, ViewChange(member.proof(A, 0, 1, 2, view=1)), 2, 1)
    assert refused(member, api.Receive(late)) is Code.CONSENSUS_BAD_VIEW_CHANGE
    forged = Proof(Round(0), name_of(B), tuple((name, Signature(b"none")) for name in NAMES))
    claim = member.sign(VIEWCHANGE, ViewChange(forged), 2, 1)
    assert refused(member, api.Receive(claim)) is Code.NET_BAD_SIGNATURE


@pytest.mark.clause("CON-043")
def test_a_new_view_of_another_without_a_quorum_or_with_a_false_change_is_refused():
    member = Member()
    all_three = [(0, NOTHING), (1, NOTHING), (2, NOTHING)]
    assert refused(member, api.Receive(member.newview(*all_three, sender=2))) is Code.CONSENSUS_WRONG_PROPOSER
    assert refused(member, api.Receive(member.newview(*all_three[:2]))) is Code.CONSENSUS_NO_QUORUM
    assert refused(member, api.Receive(member.newview(*all_three, (2, NOTHING)))) is Code.CONSENSUS_NO_QUORUM
    false = [*all_three[:2], (2, ViewChange(member.proof(A, 0, 1)))]
    assert refused(member, api.Receive(member.newview(*false))) is Code.CONSENSUS_BAD_VIEW_CHANGE


@pytest.mark.clause("CON-043")
def test_a_view_that_began_at_an_earlier_height_is_entered_late():
    member = Member().proposal(PREPREPARE, A).vote(COMMIT, A, 0, 1, 2).feed(api.Begin(Height(2), FOUR))
    member.enter((0, NOTHING), (1, NOTHING), (2, NOTHING))
    assert (member.memory.height, member.memory.round, member.memory.changing) == (2, 1, False)
    assert member.proposal(PREPREPARE, B, sender=1, round_=1, height=2).the(PREPARE).round == 1


@pytest.mark.clause("CON-005", "CON-008", "CON-041")
def test_a_certificate_survives_a_crash():
    before = Member().proposal(PREPREPARE, A)
    recorded = [one.message for one in before.made(api.Record)]
    before.vote(PREPARE, A, 0, 1)
    recorded += [one.message for one in before.made(api.Record)]
    step = before.engine.recover(before.engine.start(), api.Begin(Height(1), FOUR), recorded)
    assert step.state.prepared == before.proof(A, 0, 1, 3)
    assert {one.message.kind for one in step.effects if isinstance(one, api.Send)} == {PREPARE, COMMIT, "sync"}


@pytest.mark.clause("CON-008", "CON-028")
def test_the_view_survives_a_crash_and_a_view_that_was_wanted_is_still_wanted():
    before = Member().expire(PREPREPARE)
    (wanted,) = [one.message for one in before.made(api.Record)]
    step = before.engine.recover(before.engine.start(), api.Begin(Height(1), FOUR), [wanted])
    assert (step.state.round, step.state.changing) == (1, True)
    entry = before.newview((0, NOTHING), (1, NOTHING), (2, NOTHING))
    step = before.engine.recover(before.engine.start(), api.Begin(Height(2), FOUR), [wanted, entry])
    assert (step.state.round, step.state.changing) == (1, False)
    step = before.engine.recover(before.engine.start(), api.Begin(Height(2), FOUR), [wanted])
    assert [one.message.height for one in step.effects if isinstance(one, api.Send)] == [2, 2], "asked for again, here"


@pytest.mark.clause("CON-007")
def test_who_asks_is_told_how_the_view_began_and_all_that_was_said():
    member = Member().enter((0, NOTHING), (1, NOTHING), (2, NOTHING)).proposal(PREPREPARE, A, sender=1, round_=1)
    question = member.sign("sync", ENGINE.readers["sync"]({}), 2, 1)
    told = [one.message.kind for one in member.feed(api.Receive(question)).made(api.Forward)]
    assert told == [NEWVIEW, PREPREPARE, PREPARE]


@pytest.mark.clause("CON-041", "CON-043")
def test_bodies_come_back_from_their_data():
    member = Member()
    for kind, body in (
        (VIEWCHANGE, NOTHING),
        (VIEWCHANGE, ViewChange(member.proof(A, 0, 1, 2))),
        (NEWVIEW, NewView((Change(NAMES[0], NOTHING, Signature(bytes(64))),))),
    ):
        data = body.to_data()
        for vote in data.get("prepared", {}).get("votes", ()):
            vote["signature"] = "ab" * 64
        assert READERS[kind](data).to_data() == data


@pytest.mark.clause("CON-041", "CON-043")
@pytest.mark.parametrize("body", [None, 7, {"prepared": None}, {"prepared": {}}, {"extra": 1}, {"changes": {}},
                                  {"changes": [{}]}, {"prepared": {"value": "x", "view": 0, "votes": []}}])  # fmt: skip
def test_bodies_that_are_none_are_refused(body):
    for kind in (VIEWCHANGE, NEWVIEW):
        with pytest.raises(Refused) as caught:
            READERS[kind](body)
        assert caught.value.code is Code.WIRE_BAD_FIELD
