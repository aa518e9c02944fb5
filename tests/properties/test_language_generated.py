"""The laws of the language over drawn programs: not what one program says, but what every program keeps to.

Each law is held by the definitional interpreter; tests/language/test_compiled.py holds the compiled
form to the same.
"""

from functools import cache
from random import Random

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts_dsl import decide, evaluate, interpret, ir
from contracts_dsl.bounds import bounds
from contracts_dsl.host import Refused
from contracts_dsl.program import Program, link
from tests.language import generate, inputs

SEEDS = st.integers(0, 79)
DRAWS = st.integers(0, 2**32)
HOUR = inputs.HOUR
FEW = settings(max_examples=40)


@cache
def modules(seed: int) -> tuple[ir.Module, ...]:
    return generate.modules(Random(seed))


@cache
def program(seed: int) -> Program:
    return link(modules(seed))


def snapshot(world):
    return msgspec.to_builtins([
        world.stored, world.queue, world.events, world.time, sorted(world.positions.items()),
        sorted([str(key), value] for key, value in world.keys.items()),
        sorted([str(key), value] for key, value in world.index.items() if value),
    ])  # fmt: skip


def played(seed: int, draw: int, *, parts: int = 1, count: int = 50, asked=None):
    """A run of a drawn program; every pause in so many parts. `asked` sees program, world and command before each."""
    random, there = Random(draw), program(seed)
    world = inputs.world(random, there)
    for _ in range(count):
        if random.random() < 0.25:
            pause, start = random.choice([1, 7, 30, 100]) * HOUR, world.now()
            for part in range(1, parts + 1):
                world.apply(interpret.advance(there, world, start + pause * part // parts))
            continue
        world.apply(interpret.advance(there, world, world.now()))
        order = inputs.command(random, there, world)
        if asked is not None:
            asked(there, world, order)
        try:
            world.apply(interpret.command(there, world, order))
        except Refused:
            continue
    return world


@FEW
@given(SEEDS, DRAWS)
def test_the_same_steps_give_the_same_ledger(seed, draw):
    assert snapshot(played(seed, draw)) == snapshot(played(seed, draw))


@pytest.mark.clause("CTR-S3")
@FEW
@given(SEEDS, DRAWS, st.integers(2, 7))
def test_time_may_pass_in_any_number_of_steps(seed, draw, parts):
    assert snapshot(played(seed, draw)) == snapshot(played(seed, draw, parts=parts))


@pytest.mark.clause("CTR-S12")
@FEW
@given(SEEDS, DRAWS)
def test_no_program_makes_or_loses_money(seed, draw):
    world = played(seed, draw)
    assert sum(world.positions.values()) == 0
    told: dict[str, int] = {}
    for body in (event.body for event in world.events if event.kind == "paid"):
        assert sum(part for _, part in body["shares"]) == body["amount"] >= 0
        told[body["payer"]] = told.get(body["payer"], 0) - body["amount"]
        for payee, part in body["shares"]:
            told[payee] = told.get(payee, 0) + part
    assert told == world.positions


@pytest.mark.clause("CTR-S7")
@FEW
@given(SEEDS, DRAWS)
def test_a_refused_command_leaves_nothing(seed, draw):
    def refused(there, world, order):
        before = snapshot(world)
        try:
            changes = interpret.command(there, world, order)
        except Refused:
            assert snapshot(world) == before
        else:
            assert changes.events[0].kind in ("started", "acted")
            assert changes.instances

    played(seed, draw, asked=refused)


class Counting:
    """Counts how many nodes of expressions are evaluated."""

    def __init__(self) -> None:
        self.nodes = 0
        self.plain = evaluate.evaluate

    def __call__(self, e, place):
        self.nodes += 1
        return self.plain(e, place)


@pytest.mark.clause("CTR-T14")
@FEW
@example(52, 1)  # an effect sets a party, whose `where` is asked again
@given(SEEDS, DRAWS)
def test_no_command_or_decision_costs_more_than_its_bound(seed, draw):
    most: dict[tuple[str, str, str], int] = {}
    for one in bounds(program(seed)):  # of clauses that share an action, each may be tried
        most[one.module, one.state, one.action] = most.get((one.module, one.state, one.action), 0) + one.cost

    def counted(there, world, order):
        counting.nodes = 0
        state = world.instance(order.instance).state if order.instance is not None else ""
        try:
            interpret.command(there, world, order)
        except Refused as refused:
            assert refused.code
        assert counting.nodes <= most.get((order.contract, state, order.action), 0)
        asked = inputs.request(Random(draw), there, world)
        if asked is not None:
            counting.nodes = 0
            try:
                decide.decide(there, world, asked)
            except Refused:
                return
            assert counting.nodes <= most["Access", "", "reads"]

    counting = Counting()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluate, "evaluate", counting)
        patch.setattr(interpret, "evaluate", counting)
        # Saying with what values a condition failed reads its paths once more; that is no part of the bound.
        patch.setattr(interpret, "inputs", lambda e, place: [])
        played(seed, draw, asked=counted)


# ---- decisions


def policy_of(seed: int) -> ir.Policy:
    [policy] = program(seed).policies.values()
    return policy


def with_rules(seed: int, rules) -> Program:
    kept = {rule.name for rule in rules}
    trimmed = [
        msgspec.structs.replace(rule, overrides=tuple(name for name in rule.overrides if name in kept))
        for rule in rules
    ]
    policy = msgspec.structs.replace(policy_of(seed), rules=tuple(trimmed))
    return link([*(one for one in modules(seed) if one.name != policy.name), policy])


def allowed(there: Program, world, asked) -> set[str]:
    return {one.field for one in decide.decide(there, world, asked) if one.outcome == "allow"}


def requests(seed: int, draw: int):
    """A world and requests in it that name what there is."""
    world, random = played(seed, draw, count=25), Random(draw)
    drawn = [inputs.request(random, program(seed), world) for _ in range(25)]
    known = {"f0", "f1", "f2", "g0", "g1"}
    return world, [one for one in drawn if one and set(one.fields) <= known and one.purpose != "play"]


@pytest.mark.clause("CTR-S18")
@FEW
@given(SEEDS, DRAWS)
def test_without_permits_nothing_is_allowed(seed, draw):
    world, asked = requests(seed, draw)
    forbids = [rule for rule in policy_of(seed).rules if rule.kind == "forbid"]
    bare = with_rules(seed, forbids)
    assert not any(allowed(bare, world, one) for one in asked)


@pytest.mark.clause("CTR-S18")
@FEW
@given(SEEDS, DRAWS)
def test_a_permit_less_allows_no_more_and_a_forbid_less_no_less(seed, draw):
    world, asked = requests(seed, draw)
    rules = policy_of(seed).rules
    for gone in rules:
        without = with_rules(seed, [rule for rule in rules if rule.name != gone.name])
        for one in asked:
            now, then = allowed(program(seed), world, one), allowed(without, world, one)
            assert then <= now if gone.kind == "permit" else then >= now


@pytest.mark.clause("CTR-S18")
@FEW
@given(SEEDS, DRAWS)
def test_rules_may_stand_in_any_order_and_twice(seed, draw):
    world, asked = requests(seed, draw)
    rules = [*policy_of(seed).rules, *policy_of(seed).rules]
    Random(draw).shuffle(rules)
    for one in asked:
        assert allowed(with_rules(seed, rules), world, one) == allowed(program(seed), world, one)


@pytest.mark.clause("CTR-S20", "CTR-S21")
@FEW
@given(SEEDS, DRAWS)
def test_nothing_is_read_without_its_trace_and_its_duty(seed, draw):
    world, asked = requests(seed, draw)
    rules = {rule.name: rule for rule in policy_of(seed).rules}
    for one in asked:
        found = decide.read(program(seed), world, one)
        [told] = [event for event in found.changes.events if event.kind == "read"]
        assert told.body["fields"] == [[verdict.field, verdict.outcome] for verdict in found.verdicts]
        assert (told.body["code"] is None) == all(verdict.outcome == "allow" for verdict in found.verdicts)
        owed = {
            name for verdict in found.verdicts if all(rules[name].do for name in verdict.permits)
            for name in verdict.permits
        } if found.refused is None else set()  # fmt: skip
        assert len(found.changes.instances) == len(owed)
        assert all(instance.timers for instance in found.changes.instances)


def test_the_drawn_requests_are_no_idle_talk():
    outcomes = set()
    duties = 0
    for seed in range(12):
        world, asked = requests(seed, seed)
        for one in asked:
            found = decide.read(program(seed), world, one)
            outcomes |= {verdict.outcome for verdict in found.verdicts}
            duties += len(found.changes.instances)
    assert outcomes == {"allow", "forbidden", "not_permitted"}
    assert duties > 3
