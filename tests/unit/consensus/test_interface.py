"""What engines share: the sets of validators and their thresholds, the registry, and solo."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.consensus import interface as api
from refimpl.consensus.interface import Validators
from refimpl.consensus.registry import engine_names, find_engine
from refimpl.consensus.solo import ENGINE as SOLO
from refimpl.data.ids import Digest, Height, MemberId, Round
from refimpl.data.refusal import Code, Refused

WEIGHTS = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=3).map(MemberId), st.integers(1, 2**53), min_size=1, max_size=7
)


@pytest.mark.clause("CON-002")
@given(WEIGHTS, st.data())
def test_two_quorums_share_a_correct_member_whatever_the_weights(weights, data):
    validators = Validators.of(weights)
    members = st.sets(st.sampled_from(validators.members))
    one, other, liars = data.draw(members), data.draw(members), data.draw(members)
    both_quorums = validators.is_quorum(validators.weigh(one)) and validators.is_quorum(validators.weigh(other))
    if both_quorums and 3 * validators.weigh(liars) < validators.total:
        assert (one & other) - liars


@pytest.mark.clause("CON-002")
@pytest.mark.parametrize(("n", "least"), [(1, 1), (3, 3), (4, 3), (5, 4), (6, 5), (7, 5), (10, 7)])
def test_a_quorum_of_equals_is_more_than_two_thirds(n, least):
    validators = Validators.of({MemberId(f"n{i}"): 1 for i in range(n)})
    assert validators.is_quorum(least)
    assert not validators.is_quorum(least - 1)


@pytest.mark.clause("CON-002")
@pytest.mark.parametrize(("n", "least"), [(3, 2), (4, 2), (6, 3), (7, 3), (10, 4)])
def test_more_than_a_third_has_a_correct_member(n, least):
    validators = Validators.of({MemberId(f"n{i}"): 1 for i in range(n)})
    assert validators.has_correct(least)
    assert not validators.has_correct(least - 1)


def test_a_stranger_weighs_nothing():
    assert Validators.of({MemberId("a"): 5}).weigh([MemberId("b")]) == 0


@pytest.mark.clause("CON-001")
def test_every_installed_engine_declares_all_of_its_promise():
    assert {"solo", "tendermint"} <= set(engine_names())
    for name in engine_names():
        promise = find_engine(name).promise
        assert promise.engine == name
        assert promise.faults in ("byzantine", "crash")
        assert promise.safety_net in ("asynchronous", "synchronous")
        assert promise.live_net in ("partial", "synchronous", "majority")
        assert promise.links in ("gossip", "p2p", "lossy")
        assert promise.turns in ("height", "round", "elected", "work", "stake", "delegates")
        assert promise.rounds in ("height", "views", "run")
        assert promise.backoff in ("linear", "double")
        assert (promise.commits in promise.phases) == promise.certificates
        num, den = promise.threshold
        assert den * promise.max_faulty(7) < num * 7 <= den * (promise.max_faulty(7) + 1)


@pytest.mark.clause("CON-023")
def test_an_engine_that_is_not_installed_is_refused_with_those_that_are():
    with pytest.raises(Refused) as refused:
        find_engine("raft-of-tomorrow")
    assert refused.value.code is Code.CONSENSUS_UNKNOWN_ENGINE
    assert "tendermint" in str(refused.value.values["expected"])


def solo():
    engine = SOLO.make(MemberId("a"), None)
    return engine, engine.step(engine.start(), api.Begin(Height(1), Validators.of({MemberId("a"): 1})))


@pytest.mark.clause("CON-030")
def test_solo_decides_what_is_offered_at_once_and_only_once():
    engine, begun = solo()
    assert begun.effects == (api.AskPayload(Height(1), Round(0)),)
    offer = api.Offer(Height(1), Round(0), b"x", Digest(bytes(32)))
    decided = engine.step(begun.state, offer)
    assert decided.effects == (api.Decide(Height(1), Round(0), Digest(bytes(32)), b"x", ()),)
    assert engine.step(decided.state, offer).effects == ()


@pytest.mark.clause("CON-030")
def test_solo_refuses_company():
    engine, _ = solo()
    with pytest.raises(Refused) as refused:
        engine.step(engine.start(), api.Begin(Height(1), Validators.of({MemberId("a"): 1, MemberId("b"): 1})))
    assert refused.value.code is Code.CONSENSUS_NOT_ALONE
