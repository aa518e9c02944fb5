"""Longest chains through the door: the reference is clean under every rule of eligibility, and planted bugs are not."""

import sys

import pytest

from conformance.conform import catalogue
from conformance.conform.catalogue import chosen, suits
from conformance.conform.chains import PROFILE, rules
from conformance.conform.examine import examine
from conformance.conform.verdicts import Verdict
from conformance.drivers.levels import Settings, bench_of
from conformance.plan import Fork
from conformance.plan import Plan as Adversary
from conformance.standard import profile
from conformance.zoo import ZOO, load

BY_ID = {test.id: test for test in catalogue.tests()}


def serving(node):
    return bench_of(Settings(f"{sys.executable} -m conformance.zoo.serve {node}", profile=PROFILE))


def verdicts(node, *names):
    bench = serving(node)
    bench.shrinking = 0
    try:
        return [examine(bench, BY_ID[name]) for name in names]
    finally:
        bench.drop()


@pytest.mark.clause("NOD-066")
def test_a_longest_chain_has_tests_of_its_own_under_each_rule_and_no_others_above_l1():
    listed = chosen(catalogue.tests(), "L3", profile=PROFILE)
    above = {test.id.split(".")[1] for test in listed if test.level in ("L2", "L3")}
    assert above == {"chain"}
    named = {test.id.split(".")[2] for test in listed if test.level == "L2"}
    assert named == set(rules()) == {"authority", "delegated", "nakamoto", "stake"}
    assert not [test for test in chosen(catalogue.tests(), "L3", profile="tendermint/1") if "slots" in test.needs]
    assert not suits(BY_ID["L2.members.in-a-network"], "raft/1")


@pytest.mark.clause("NOD-066", "NOD-067", "INV-V1", "INV-S3")
@pytest.mark.parametrize("rule", rules())
def test_the_reference_keeps_the_laws_of_the_longest_chain_under_every_rule(rule):
    found = verdicts("reference", f"L2.chain.{rule}.happy", f"L2.chain.{rule}.reordered")
    assert [one.verdict for one in found] == [Verdict.PASS] * 2


@pytest.mark.clause("NOD-067", "CON-130")
@pytest.mark.parametrize(("test", "atom"), [("stake.hidden", "fork"), ("delegated.usurped", "inject")])
def test_the_reference_bears_liars_where_slots_are_calm(test, atom):
    (found,) = verdicts("reference", f"L3.chain.{test}")
    assert found.verdict is Verdict.PASS
    assert found.triggered[atom] > 0


@pytest.mark.clause("NOD-067")
def test_what_needs_luck_is_not_shown_of_work():
    (found,) = verdicts("reference", "L3.chain.nakamoto.not-shown.hidden")
    assert (found.verdict, found.binds) == (Verdict.UNSUPPORTED, False)
    assert not [name for name in BY_ID if name.startswith("L3.chain.nakamoto.drawn")]


@pytest.mark.clause("NOD-067")
@pytest.mark.parametrize(("bug", "test"), [
    ("L03", "L2.chain.nakamoto.happy"), ("L06", "L3.chain.authority.witness.L06"),
    ("L08", "L3.chain.authority.hurried"), ("L09", "L3.chain.delegated.silent")])  # fmt: skip
def test_bugs_of_the_longest_chain_are_caught_through_the_door(bug, test):
    load()
    (found,) = verdicts(bug, test)
    assert found.verdict is Verdict.FAIL
    assert found.failure.clause in ZOO[bug].breaks
    assert len(set(found.failure.replays)) == 1


def test_a_private_chain_is_a_second_instance_that_was_given_what_the_first_was():
    known = profile(PROFILE).rules["authority"]
    plan = Adversary(engine="authority", faulty=(1,), heights=3, links="p2p", atoms=(
        Fork(r=2, to_r=8, src=1, to=(0, 2, 3)),))  # fmt: skip
    bench = serving("reference")
    try:
        session = bench.session()
        assert session.profile_of(plan) == known
        history = session.hold(plan)
        forked = [line for line, _ in session.door.record if '"f1x2"' in line]
    finally:
        bench.drop()
    assert history.why == "done"
    assert history.triggered["fork"] == 1
    assert '"op":"init"' in forked[0]
    assert any('"op":"fire"' in line for line in forked)
