"""Raft rule by rule: one member, driven by hand, against figure 2 of Ongaro and Ousterhout."""

import pytest

from conformance.adapters.line_ledger import name_of
from refimpl.consensus import interface as api
from refimpl.consensus.raft import (
    ACK,
    APPEND,
    CANDIDATE,
    ELECTION,
    ENGINE,
    GRANT,
    PROMISE,
    READERS,
    Candidate,
    Entry,
    Grant,
    Raft,
)
from refimpl.data.ids import Digest, Height, Round
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import Decided, Vote
from tests.unit.consensus.hand import FOUR, NAMES, Hand, refused

ROOT = Digest(b"")
FRESH = Candidate(-1, 0)


class Member(Hand):
    """A member; number 3 unless said."""

    def __init__(self, me=3, **more):
        super().__init__(Raft, me, **more)

    def append(self, payload, term, height=1, parent=ROOT, made=None, sender=0):
        on = parent if parent == ROOT else name_of(parent)
        body = Entry(name_of(payload), payload, on, Round(term if made is None else made))
        return self.hear(APPEND, body, sender, round_=term, height=height)

    def elected(self):
        """Stand and win."""
        self.expire(ELECTION, self.memory.round)
        return self.hear(GRANT, Grant(self.engine.member), 0, 1, round_=self.memory.round)


@pytest.mark.clause("CON-100")
def test_half_is_no_majority():
    member = Member()
    assert not member.engine.majority(member.memory, NAMES[:2])
    assert member.engine.majority(member.memory, NAMES[:3])
    assert not member.engine.majority(member.memory, [NAMES[0], NAMES[0], NAMES[0]])


@pytest.mark.clause("CON-101")
def test_who_waits_too_long_stands_for_the_next_term_and_time_outs_move_apart():
    member = Member().expire(ELECTION)
    assert member.the(CANDIDATE).body == FRESH
    assert member.the(CANDIDATE).round == 1
    waits = [Member(me).expire(ELECTION).made(api.SetTimer)[0].ticks for me in range(4)]
    assert len(set(waits)) == 4
    assert min(waits) > PROMISE.timeout[0]


@pytest.mark.clause("CON-101")
def test_a_later_term_is_followed():
    assert Member().append(b"a", 5).memory.round == 5
    assert Member().hear(CANDIDATE, FRESH, 1, round_=7).memory.round == 7


@pytest.mark.clause("CON-102", "CON-005")
def test_one_vote_a_term_recorded_before_it_is_sent():
    member = Member().hear(CANDIDATE, FRESH, 1, round_=1)
    assert member.the(GRANT).body == Grant(NAMES[1])
    assert [one.message.kind for one in member.made(api.Record)] == [GRANT]
    assert member.hear(CANDIDATE, FRESH, 2, round_=1).said(GRANT) == []
    assert member.hear(CANDIDATE, FRESH, 2, round_=2).the(GRANT).body == Grant(NAMES[2])


@pytest.mark.clause("CON-102")
@pytest.mark.parametrize(
    ("log", "granted"), [((0, 9), False), ((1, 1), True), ((1, 2), True), ((2, 1), True), ((-1, 0), False)]
)
def test_a_candidate_with_an_older_log_gets_no_vote(log, granted):
    member = Member().append(b"a", 1).hear(CANDIDATE, Candidate(*log), 1, round_=4)
    assert bool(member.said(GRANT)) == granted


@pytest.mark.clause("CON-102", "CON-103")
def test_a_majority_of_grants_leads_and_the_leader_appends():
    member = Member().elected()
    (ask,) = member.made(api.AskPayload)
    assert ask == api.AskPayload(Height(1), Round(1))
    entry = member.feed(api.Offer(Height(1), Round(1), b"a", name_of(b"a"))).the(APPEND)
    assert entry.body == Entry(name_of(b"a"), b"a", ROOT, Round(1))
    (decided,) = member.hear(ACK, Vote(name_of(b"a")), 0, 1, round_=1).made(api.Decide)
    assert (decided.height, decided.value) == (1, name_of(b"a"))


@pytest.mark.clause("CON-103")
def test_a_follower_records_and_acknowledges_and_gives_up_what_conflicts():
    member = Member().append(b"a", 1)
    assert member.the(ACK).body == Vote(name_of(b"a"))
    assert [one.message.kind for one in member.made(api.Record)] == [APPEND, ACK]
    member.append(b"b", 2, sender=1)
    assert (member.memory.last, member.memory.leader) == (name_of(b"b"), NAMES[1])
    assert member.append(b"c", 1).said(ACK) == [], "a leader of an earlier term is not heard"


@pytest.mark.clause("CON-104")
def test_an_entry_of_an_earlier_term_is_decided_with_one_above_it_only():
    member = Member().append(b"old", 1).append(b"old", 3, made=1, sender=1)
    assert member.hear(ACK, Vote(name_of(b"old")), 0, 1, round_=3).made(api.Decide) == []
    member.append(b"new", 3, 2, b"old", sender=1)
    decided = member.hear(ACK, Vote(name_of(b"new")), 0, 1, round_=3, height=2).made(api.Decide)
    assert [one.value for one in decided] == [name_of(b"old"), name_of(b"new")]


@pytest.mark.clause("CON-105")
def test_an_entry_whose_value_does_not_name_its_payload_is_refused():
    member = Member()
    false = member.sign(APPEND, Entry(name_of(b"x"), b"y", ROOT, Round(1)), 0, 1)
    assert refused(member, api.Receive(false)) is Code.CONSENSUS_WRONG_BLOCK


@pytest.mark.clause("CON-106", "CON-007")
def test_one_word_is_believed_and_who_is_behind_is_told():
    (decided,) = Member().hear("decided", Decided(name_of(b"a"), b"a", ()), 1).made(api.Decide)
    assert decided.value == name_of(b"a")
    member = Member().append(b"a", 1).hear(ACK, Vote(name_of(b"a")), 0, 1, round_=1)
    assert member.hear(CANDIDATE, FRESH, 2, round_=6).made(api.Supply) == [api.Supply(Height(1), NAMES[2])]


@pytest.mark.clause("CON-008", "CON-102")
def test_term_vote_and_log_survive_a_crash():
    before = Member().append(b"a", 1)
    recorded = [one.message for one in before.made(api.Record)]
    before.hear(CANDIDATE, Candidate(1, 1), 1, round_=4)
    recorded += [one.message for one in before.made(api.Record)]
    step = before.engine.recover(before.engine.start(), api.Begin(Height(1), FOUR), recorded)
    assert (step.state.round, step.state.voted, step.state.last) == (4, 4, name_of(b"a"))


@pytest.mark.clause("CON-103")
@pytest.mark.parametrize(
    "body", [None, 7, {}, {"to": 7}, {"made": 0}, {"last_term": -2, "last_height": 0}, {"extra": 1}]
)
def test_bodies_that_are_none_are_refused(body):
    for kind in (APPEND, CANDIDATE, GRANT):
        with pytest.raises(Refused) as caught:
            READERS[kind](body)
        assert caught.value.code is Code.WIRE_BAD_FIELD


@pytest.mark.clause("CON-103")
def test_bodies_come_back_from_their_data():
    whole = Entry(Digest(b"v" * 32), b"x", Digest(b"p" * 32), Round(3))
    for kind, body in ((APPEND, whole), (CANDIDATE, FRESH), (GRANT, Grant(NAMES[1]))):
        assert ENGINE.readers[kind](body.to_data()) == body
