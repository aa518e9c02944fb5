"""Enumerations: no chance, no plan twice, every plan within the model, and planted bugs fall."""

import pytest

from conformance.drivers.enumerate import Enumeration, splits, subsets
from conformance.drivers.explore import Campaign, enumeration, play_range
from conformance.targets import contract

COUNTS = {("twins", 1): 4 * 7 * 8, ("twins", 2): 4 * 7 * 8 * 8, ("twins", 3): 4 * 7 * 8**3}


def test_sets_and_splits_are_all_there_once():
    assert len(subsets((0, 1, 2))) == 7
    assert len(splits(4)) == 8
    assert len(set(splits(4))) == 8


@pytest.mark.parametrize(("name", "rounds"), list(COUNTS))
def test_a_count_that_changes_is_news(name, rounds):
    assert len(Enumeration.of(name, contract("tendermint"), 4, rounds)) == COUNTS[name, rounds]


@pytest.mark.parametrize("name", ["small", "twins"])
@pytest.mark.parametrize("engine", ["tendermint", "raft"])
def test_each_number_is_another_plan(name, engine):
    whole = enumeration(name, engine, 4, 1)
    plans = {whole.plan(number).encode() for number in range(len(whole))}
    assert len(whole) - len(plans) <= 4, "the empty plan once for each liar, and no other twice"
    with pytest.raises(IndexError):
        whole.plan(len(whole))


@pytest.mark.clause("INV-S1", "INV-V1")
@pytest.mark.parametrize("engine", ["tendermint", "pbft", "hotstuff", "streamlet"])
def test_twins_of_one_round_and_every_tenth_small_fault_break_nothing(engine):
    assert not play_range(Campaign(engine, 0, 112, enumerated="twins", rounds=1), 0, 112).found
    whole = enumeration("small", engine, 4, 1)
    broken = [n for n in range(0, len(whole), 10)
              if play_range(Campaign(engine, 0, len(whole), enumerated="small", rounds=1), n, 1).found]  # fmt: skip
    assert broken == []


@pytest.mark.parametrize(("name", "forks"), [("P06", 92), ("P10", 6), ("P02b", 8)])
def test_twins_of_one_round_find_as_many_forks_as_ever(name, forks):
    campaign = Campaign("pbft", 0, 224, enumerated="twins", rounds=1, zoo=name)
    clauses = [clause for found in play_range(campaign, 0, 224).found for clause in found.classes]
    assert clauses.count("INV-S1") == forks
