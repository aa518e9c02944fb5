"""Tendermint rule by rule: one member, driven by hand, against the lines of arXiv 1807.04938."""

import pytest

from conformance.adapters.reference import Book, IdealNotary, name_of
from refimpl.consensus import interface as api
from refimpl.consensus.interface import Validators
from refimpl.consensus.tendermint import PRECOMMIT, PREVOTE, PROPOSE, Tendermint
from refimpl.data.ids import Digest, Height, MemberId, Round, Signature
from refimpl.data.limits import CONSENSUS_MESSAGES_AHEAD, CONSENSUS_ROUNDS_AHEAD, CONSENSUS_VARIANTS
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import Decided, Message, Proposal, Sync, Vote

NAMES = tuple(MemberId(f"n{i:02d}") for i in range(4))
FOUR = Validators.of(dict.fromkeys(NAMES, 1))
A, B = b"payload a", b"payload b"


class Member:
    """One member under test (n03, never the first proposers), with everybody's pen at hand."""

    def __init__(self, me=3, height=1):
        self.book = Book()
        self.engine = Tendermint(NAMES[me], IdealNotary(NAMES[me], self.book))
        self.memory = self.engine.start()
        self.effects = []
        self.feed(api.Begin(Height(height), FOUR))

    def feed(self, event):
        self.memory, effects = self.engine.step(self.memory, event)
        self.effects = list(effects)
        for effect in effects:
            if isinstance(effect, api.AskVerdict):
                self.memory, more = self.engine.step(self.memory, api.Verdict(effect.height, effect.value, True, True))
                self.effects += more
        return self

    def sign(self, kind, body, sender, round_=0, height=1):
        return self.book.enter(Message(kind, Height(height), Round(round_), NAMES[sender], body))

    def propose(self, payload, sender=0, round_=0, valid_round=-1):
        return self.feed(
            api.Receive(self.sign(PROPOSE, Proposal(name_of(payload), payload, valid_round), sender, round_))
        )

    def vote(self, kind, payload, *senders, round_=0):
        value = None if payload is None else name_of(payload)
        for sender in senders:
            self.feed(api.Receive(self.sign(kind, Vote(value), sender, round_)))
        return self

    def expire(self, phase, round_=0):
        return self.feed(api.Expire(api.Timer(phase, Height(1), Round(round_))))

    def said(self, kind):
        return [
            effect.message for effect in self.effects if isinstance(effect, api.Send) and effect.message.kind == kind
        ]

    def the(self, kind):
        (message,) = self.said(kind)
        return message.body.value

    def made(self, effect):
        return [one for one in self.effects if isinstance(one, effect)]


def refused(member, event):
    before = member.memory
    with pytest.raises(Refused) as caught:
        member.engine.step(member.memory, event)
    assert member.memory == before
    return caught.value.code


@pytest.mark.clause("CON-010")
def test_proposers_take_turns_in_order_of_name_one_later_at_each_height():
    member = Member()
    assert [member.engine.proposer(member.memory, Round(r)) for r in range(5)] == [*NAMES, NAMES[0]]
    assert Member(height=2).memory.height == 2
    assert member.engine.proposer(Member(height=2).memory, Round(0)) == NAMES[1]


@pytest.mark.clause("CON-010")
def test_a_proposal_of_anybody_else_is_refused():
    member = Member()
    message = member.sign(PROPOSE, Proposal(name_of(A), A, -1), 1)
    assert refused(member, api.Receive(message)) is Code.CONSENSUS_WRONG_PROPOSER


@pytest.mark.clause("CON-012")
def test_an_unlocked_member_prevotes_a_valid_proposal():
    assert Member().propose(A).the(PREVOTE) == name_of(A)


@pytest.mark.clause("CON-012")
@pytest.mark.parametrize(("acceptable", "timely"), [(False, True), (False, False)])
def test_an_invalid_proposal_gets_a_nil_prevote(acceptable, timely):
    member = Member()
    message = member.sign(PROPOSE, Proposal(name_of(A), A, -1), 0)
    state, _ = member.engine.step(member.memory, api.Receive(message))
    _, effects = member.engine.step(state, api.Verdict(Height(1), name_of(A), acceptable, timely))
    assert [e.message.body for e in effects if isinstance(e, api.Send)] == [Vote(None)]


@pytest.mark.clause("CON-018")
def test_a_valid_value_out_of_time_gets_nil_only_without_proof_of_lock():
    member = Member()
    fresh = member.sign(PROPOSE, Proposal(name_of(A), A, -1), 0)
    state, _ = member.engine.step(member.memory, api.Receive(fresh))
    state, effects = member.engine.step(state, api.Verdict(Height(1), name_of(A), True, False))
    assert [e.message.body for e in effects if isinstance(e, api.Send)] == [Vote(None)]
    member.memory = state
    member.vote(PREVOTE, A, 0, 1, 2).vote(PRECOMMIT, None, 0, 1, 2).expire(PRECOMMIT)
    assert member.memory.round == 1
    assert member.propose(A, sender=1, round_=1, valid_round=0).the(PREVOTE) == name_of(A)


@pytest.mark.clause("CON-015")
def test_a_polka_in_the_prevote_step_locks_and_precommits():
    member = Member().propose(A).vote(PREVOTE, A, 0, 1)
    assert member.the(PRECOMMIT) == name_of(A)
    assert (member.memory.locked_value, member.memory.locked_round) == (name_of(A), 0)
    assert (member.memory.valid_value, member.memory.valid_round) == (name_of(A), 0)


@pytest.mark.clause("CON-015")
def test_a_polka_after_the_precommit_makes_the_value_valid_but_does_not_lock():
    member = Member().propose(A).vote(PREVOTE, None, 0, 1).expire(PREVOTE).vote(PREVOTE, A, 2)
    assert member.memory.locked_round == -1
    member.vote(PREVOTE, A, 1)
    assert (member.memory.valid_value, member.memory.locked_round) == (name_of(A), -1)


def locked_on_a():
    """A member locked on A in round 0, now in round 1."""
    member = Member().propose(A).vote(PREVOTE, A, 0, 1).vote(PRECOMMIT, None, 0, 1).expire(PRECOMMIT)
    assert (member.memory.locked_value, member.memory.round) == (name_of(A), 1)
    return member


@pytest.mark.clause("CON-012")
def test_a_locked_member_prevotes_nil_for_another_value_without_proof():
    assert locked_on_a().propose(B, sender=1, round_=1).the(PREVOTE) is None


@pytest.mark.clause("CON-013")
def test_a_newer_proof_of_lock_unlocks():
    member = locked_on_a().vote(PREVOTE, B, 0, 1, 2, round_=1).expire(PROPOSE, 1)
    member.vote(PRECOMMIT, None, 0, 1, round_=1).expire(PREVOTE, 1).vote(PRECOMMIT, None, 2, round_=1).expire(
        PRECOMMIT, 1
    )
    assert member.memory.round == 2
    assert member.propose(B, sender=2, round_=2, valid_round=1).the(PREVOTE) == name_of(B)


@pytest.mark.clause("CON-013")
def test_a_proof_of_lock_older_than_the_lock_does_not_unlock():
    member = Member().vote(PREVOTE, B, 0, 1, 2).expire(PROPOSE).expire(PREVOTE)
    member.vote(PRECOMMIT, None, 0, 1).expire(PRECOMMIT)
    member.propose(A, sender=1, round_=1).vote(PREVOTE, A, 0, 1, round_=1)
    assert member.memory.locked_round == 1
    member.vote(PRECOMMIT, None, 0, 1, round_=1).expire(PRECOMMIT, 1)
    assert member.propose(B, sender=2, round_=2, valid_round=0).the(PREVOTE) is None


@pytest.mark.clause("CON-013")
def test_a_claimed_proof_of_lock_without_a_polka_gets_no_vote():
    member = locked_on_a().vote(PREVOTE, B, 0, 1, round_=0)
    assert not member.propose(B, sender=1, round_=1, valid_round=0).said(PREVOTE)


@pytest.mark.clause("CON-014")
def test_a_proposer_proposes_its_valid_value_again_with_its_proof():
    member = Member(me=1).propose(A).vote(PREVOTE, A, 0, 2).vote(PRECOMMIT, None, 0, 2).expire(PRECOMMIT)
    (message,) = member.said(PROPOSE)
    assert message.body == Proposal(name_of(A), A, 0)


@pytest.mark.clause("CON-014")
def test_a_proposer_without_valid_value_asks_for_something_new_and_proposes_it_once():
    member = Member(me=0)
    assert member.made(api.AskPayload) == [api.AskPayload(Height(1), Round(0))]
    offer = api.Offer(Height(1), Round(0), A, name_of(A))
    assert member.feed(offer).said(PROPOSE)[0].body == Proposal(name_of(A), A, -1)
    assert not member.feed(offer).said(PROPOSE)


@pytest.mark.clause("CON-016")
def test_a_quorum_of_precommits_in_one_round_decides():
    member = Member().propose(A).vote(PRECOMMIT, A, 0, 1)
    assert not member.made(api.Decide)
    (decided,) = member.vote(PRECOMMIT, A, 2).made(api.Decide)
    assert decided.value == name_of(A)
    assert [voter for voter, _ in decided.votes] == list(NAMES[:3])


@pytest.mark.clause("CON-016")
def test_precommits_of_different_rounds_do_not_decide():
    member = Member().propose(A).vote(PRECOMMIT, A, 0, 1).vote(PRECOMMIT, A, 2, round_=1)
    assert not member.made(api.Decide)


@pytest.mark.clause("CON-016", "CON-020")
def test_a_decision_brought_by_another_needs_a_quorum_of_signatures_over_its_own_payload():
    member = Member()
    votes = tuple((NAMES[i], member.sign(PRECOMMIT, Vote(name_of(A)), i).signature) for i in range(3))
    good = member.sign("decided", Decided(name_of(A), A, votes), 1)
    few = member.sign("decided", Decided(name_of(A), A, votes[:2]), 1)
    twice = member.sign("decided", Decided(name_of(A), A, (votes[0], votes[0], votes[1])), 1)
    forged = member.sign("decided", Decided(name_of(A), A, (*votes[:2], (NAMES[2], Signature(b"none")))), 1)
    other = member.sign("decided", Decided(name_of(A), B, votes), 1)
    assert refused(member, api.Receive(few)) is Code.CONSENSUS_NO_QUORUM
    assert refused(member, api.Receive(twice)) is Code.CONSENSUS_NO_QUORUM
    assert refused(member, api.Receive(forged)) is Code.NET_BAD_SIGNATURE
    assert refused(member, api.Receive(other)) is Code.CONSENSUS_WRONG_BLOCK
    assert member.feed(api.Receive(good)).made(api.Decide)[0].payload == A


@pytest.mark.clause("CON-006")
def test_a_decision_that_brought_a_member_over_is_passed_on_to_those_who_wait_for_the_same_vote():
    member = Member()
    votes = tuple((NAMES[i], member.sign(PRECOMMIT, Vote(name_of(A)), i).signature) for i in range(3))
    brought = member.sign("decided", Decided(name_of(A), A, votes), 1)
    assert [effect.message for effect in member.feed(api.Receive(brought)).made(api.Forward)] == [brought]
    assert not member.feed(api.Receive(brought)).made(api.Forward)


@pytest.mark.clause("CON-017")
def test_statements_of_a_third_and_more_in_a_higher_round_draw_a_member_there():
    member = Member().vote(PREVOTE, None, 0, round_=5)
    assert member.memory.round == 0
    assert member.vote(PREVOTE, None, 1, round_=5).memory.round == 5


@pytest.mark.clause("CON-011")
def test_one_voter_counts_once_however_often_it_is_heard():
    member = Member().propose(A).vote(PREVOTE, A, 0, 0, 0, 0)
    assert not member.said(PRECOMMIT)
    assert not member.vote(PREVOTE, B, 0).made(api.SetTimer)


@pytest.mark.clause("CON-019")
def test_two_statements_about_one_place_are_evidence():
    member = Member().vote(PREVOTE, A, 1).vote(PREVOTE, B, 1)
    (accusation,) = member.made(api.Accuse)
    assert accusation.against == NAMES[1]
    assert {accusation.first.body, accusation.second.body} == {Vote(name_of(A)), Vote(name_of(B))}


@pytest.mark.clause("CON-025", "CON-009")
def test_quorums_that_do_not_agree_start_their_time_out_once():
    member = Member().propose(A).vote(PREVOTE, None, 0, 1)
    assert member.made(api.SetTimer) == [api.SetTimer(api.Timer(PREVOTE, Height(1), Round(0)), 3)]
    assert not member.vote(PREVOTE, B, 2).made(api.SetTimer)
    member.vote(PRECOMMIT, None, 0, 1).vote(PRECOMMIT, A, 2)
    assert member.made(api.SetTimer) == [api.SetTimer(api.Timer(PRECOMMIT, Height(1), Round(0)), 3)]


@pytest.mark.clause("CON-025")
def test_a_nil_polka_precommits_nil_without_waiting():
    assert Member().expire(PROPOSE).vote(PREVOTE, None, 0, 1).the(PRECOMMIT) is None


@pytest.mark.clause("CON-026")
def test_each_time_out_moves_a_member_on_and_a_stale_one_does_nothing():
    member = Member()
    assert member.expire(PROPOSE).the(PREVOTE) is None
    assert not member.expire(PROPOSE).effects
    assert member.expire(PREVOTE).the(PRECOMMIT) is None
    assert member.expire(PRECOMMIT).memory.round == 1
    assert not member.expire(PRECOMMIT, 0).effects


@pytest.mark.clause("CON-009")
def test_time_outs_grow_with_the_round():
    engine = Member().engine
    assert [engine.timeout(Round(r)) for r in range(4)] == [3, 4, 5, 6]


@pytest.mark.clause("CON-005", "CON-004")
def test_a_statement_is_recorded_before_it_is_sent_and_heard_by_its_maker():
    member = Member().propose(A)
    kinds = [type(effect) for effect in member.effects if isinstance(effect, api.Record | api.Send)]
    assert kinds == [api.Record, api.Send]
    assert any(vote.sender == NAMES[3] for vote in member.memory.log(0).prevotes)


@pytest.mark.clause("CON-006")
def test_what_is_new_is_passed_on_and_what_is_known_is_not():
    member = Member().vote(PREVOTE, A, 1)
    assert [effect.message.sender for effect in member.made(api.Forward)] == [NAMES[1]]
    assert not member.vote(PREVOTE, A, 1).made(api.Forward)


@pytest.mark.clause("CON-007")
def test_a_member_that_is_behind_is_helped_once_a_round_and_whenever_it_asks():
    member = Member().propose(A).vote(PRECOMMIT, A, 0, 1, 2)
    late = member.sign(PREVOTE, Vote(None), 1, round_=1)
    assert member.feed(api.Receive(late)).made(api.Supply) == [api.Supply(Height(1), NAMES[1])]
    assert not member.feed(api.Receive(late)).made(api.Supply)
    question = member.sign("sync", Sync(), 1)
    for _ in range(2):
        assert member.feed(api.Receive(question)).made(api.Supply) == [api.Supply(Height(1), NAMES[1])]


@pytest.mark.clause("CON-007")
def test_a_member_that_asks_at_the_present_height_gets_all_that_was_heard():
    member = Member().propose(A).vote(PREVOTE, A, 0)
    given = member.feed(api.Receive(member.sign("sync", Sync(), 1))).made(api.Forward)
    assert {(effect.message.kind, effect.message.sender) for effect in given} == {
        (PROPOSE, NAMES[0]), (PREVOTE, NAMES[0]), (PREVOTE, NAMES[3])}  # fmt: skip
    assert all(effect.to == (NAMES[1],) for effect in given)


@pytest.mark.clause("CON-008")
def test_after_a_crash_the_recorded_words_bind():
    before = Member().propose(A).vote(PREVOTE, A, 0, 1)
    records = [e.message for e in before.effects if isinstance(e, api.Record)]
    records = [
        *before.memory.log(0).proposals,
        *[v for v in before.memory.log(0).prevotes if v.sender == NAMES[3]],
        *records,
    ]
    after = Member()
    after.book = before.book
    step = before.engine.recover(before.engine.start(), api.Begin(Height(1), FOUR), records)
    memory = step.state
    assert (memory.step, memory.round, memory.locked_value, memory.locked_round) == (PRECOMMIT, 0, name_of(A), 0)
    again = [effect.message for effect in step.effects if isinstance(effect, api.Send)]
    assert [message.kind for message in again] == [PREVOTE, PRECOMMIT, "sync"]
    assert [message.body for message in again[:2]] == [Vote(name_of(A)), Vote(name_of(A))]


@pytest.mark.clause("CON-020")
def test_a_value_that_does_not_name_its_payload_is_refused():
    member = Member()
    message = member.sign(PROPOSE, Proposal(name_of(A), B, -1), 0)
    assert refused(member, api.Receive(message)) is Code.CONSENSUS_WRONG_BLOCK


@pytest.mark.clause("CON-024")
def test_a_valid_round_that_is_not_earlier_is_refused():
    member = Member()
    message = member.sign(PROPOSE, Proposal(name_of(A), A, 0), 0)
    assert refused(member, api.Receive(message)) is Code.CONSENSUS_BAD_VALID_ROUND


@pytest.mark.clause("CON-021")
def test_what_is_too_far_ahead_is_refused_at_one_past_the_limit():
    member = Member()
    assert member.vote(PREVOTE, None, 0, round_=CONSENSUS_ROUNDS_AHEAD).memory.rounds
    far = member.sign(PREVOTE, Vote(None), 0, round_=CONSENSUS_ROUNDS_AHEAD + 1)
    assert refused(member, api.Receive(far)) is Code.NET_TOO_FAR_AHEAD
    assert refused(member, api.Begin(Height(5), FOUR)) is Code.CONSENSUS_WRONG_HEIGHT


@pytest.mark.clause("CON-027", "CON-007")
def test_a_member_asks_at_every_height_up_to_the_greatest_it_has_heard_of():
    member = Member()
    assert member.feed(api.Receive(member.sign(PREVOTE, Vote(None), 0, height=3))).memory.ahead == ()
    for height, asks in ((2, 1), (3, 1), (4, 0)):
        member.memory.running = False
        assert len(member.feed(api.Begin(Height(height), FOUR)).said("sync")) == asks


@pytest.mark.clause("CON-022")
def test_contradictions_are_kept_up_to_the_limit_and_never_beyond():
    member = Member()
    for i in range(CONSENSUS_VARIANTS + 5):
        member.feed(api.Receive(member.sign(PREVOTE, Vote(Digest(i.to_bytes(32, "big"))), 1)))
    assert len(member.memory.log(0).prevotes) == CONSENSUS_VARIANTS


@pytest.mark.clause("CON-022")
def test_the_next_height_waits_up_to_the_limit(monkeypatch):
    monkeypatch.setattr("refimpl.consensus.heights.CONSENSUS_MESSAGES_AHEAD", 3)
    assert CONSENSUS_MESSAGES_AHEAD > 3
    member = Member()
    for i in range(6):
        member.feed(api.Receive(member.sign(PREVOTE, Vote(None), 1, round_=i, height=2)))
    assert len(member.memory.ahead) == 3


def test_a_message_that_waited_and_is_refused_does_not_stop_the_next_height():
    member = Member()
    bad = member.sign(PROPOSE, Proposal(name_of(A), A, -1), 2, height=2)  # not the proposer of height 2
    member.feed(api.Receive(bad)).propose(A).vote(PRECOMMIT, A, 0, 1, 2)
    assert member.feed(api.Begin(Height(2), FOUR)).memory.height == 2


@pytest.mark.clause("CON-016")
def test_a_decision_that_waited_for_its_height_decides_it():
    member = Member()
    votes = tuple((NAMES[i], member.sign(PRECOMMIT, Vote(name_of(B)), i, height=2).signature) for i in range(3))
    ahead = member.sign("decided", Decided(name_of(B), B, votes), 1, height=2)
    member.feed(api.Receive(ahead)).propose(A).vote(PRECOMMIT, A, 0, 1, 2)
    [decided] = member.feed(api.Begin(Height(2), FOUR)).made(api.Decide)
    assert (decided.height, decided.payload) == (2, B)


@pytest.mark.clause("DAT-014")
def test_of_several_defects_the_one_that_stands_first_in_the_list_is_named():
    member = Member()
    far = member.sign(PREVOTE, Vote(None), 0, round_=CONSENSUS_ROUNDS_AHEAD + 1)
    assert refused(member, api.Receive(far._replace(body=Vote(name_of(A))))) is Code.NET_BAD_SIGNATURE
    other = member.sign("decided", Decided(name_of(A), B, ()), 1)
    assert refused(member, api.Receive(other)) is Code.CONSENSUS_WRONG_BLOCK


@pytest.mark.clause("NET-005")
def test_a_digest_of_zeros_is_a_value_and_not_nil():
    member = Member().expire(PROPOSE)
    for sender in (0, 1, 2):
        member.feed(api.Receive(member.sign(PREVOTE, Vote(Digest(bytes(32))), sender)))
    assert not member.said(PRECOMMIT)


def test_a_forged_or_foreign_message_is_refused_and_changes_nothing():
    member = Member()
    forged = member.sign(PREVOTE, Vote(None), 1)._replace(body=Vote(name_of(A)))
    assert refused(member, api.Receive(forged)) is Code.NET_BAD_SIGNATURE
    stranger = member.book.enter(Message(PREVOTE, Height(1), Round(0), MemberId("x"), Vote(None)))
    assert refused(member, api.Receive(stranger)) is Code.NET_UNKNOWN_SENDER
