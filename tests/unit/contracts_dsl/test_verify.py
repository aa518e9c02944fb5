"""What a chain stores is held to the same law as a text: IR that claims what is not so is not loaded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts_dsl import ir, verify
from contracts_dsl.host import Command, Refused
from contracts_dsl.interpret import advance, command
from contracts_dsl.memory import DirectoryNode, MemoryWorld
from tests.language import spoilt
from tests.language.stage import CAST, DAY, START, compiled
from tests.language.test_contracts_in_time import CALLS, LOAN

MODULES = compiled(LOAN, CALLS)
PLAIN = {module.name: ir.to_json(module) for module in MODULES}


@pytest.mark.parametrize(
    ("modules", "change"),
    [
        pytest.param(modules, change, id=f"{change.clause}: {change.why}", marks=pytest.mark.clause(change.clause))
        for modules, change in spoilt.cases()
    ],
)
def test_an_ir_that_breaks_a_rule_is_not_loaded(modules, change):
    verify.load([ir.from_json(ir.to_json(module)) for module in modules])
    with pytest.raises(ir.IrError):
        verify.load([ir.from_json(one) for one in spoilt.altered(modules, change)])


# Marks made by a loop are for the run; who reads the file looks for them here.
@pytest.mark.clause("CTR-T1", "CTR-T2", "CTR-T3", "CTR-T4", "CTR-T5", "CTR-T6", "CTR-T7", "CTR-T8", "CTR-T9", "CTR-T10")
@pytest.mark.clause("CTR-T11", "CTR-T12", "CTR-T13", "CTR-T14", "CTR-T15", "CTR-S24")
def test_every_static_rule_is_broken_once():
    assert {change.clause for _, change in spoilt.cases()} == {*(f"CTR-T{n}" for n in range(1, 16)), "CTR-S24"}


def places(value, path=()):
    """Every place of a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        yield (*path, step), inner
        yield from places(inner, (*path, step))


@settings(max_examples=150)
@given(st.data())
def test_what_is_loaded_runs_without_error(data):
    """Alter a module anywhere: it is refused, or whatever is then done with it is done or refused, never an error."""
    name = data.draw(st.sampled_from(sorted(set(PLAIN) - {"Small"})))
    spots = list(places(PLAIN[name]))
    path, _ = data.draw(st.sampled_from(spots))
    value = data.draw(
        st.sampled_from([inner for _, inner in spots]) | st.sampled_from([None, 0, 1, "", "x", True, [], {}])
    )
    try:
        changed = spoilt.altered(MODULES, spoilt.Spoilt("", "", name, path, value))
        program = verify.load([ir.from_json(one) for one in changed])
    except ir.IrError:
        return
    world = MemoryWorld(time=START)
    for node, kind in CAST.items():
        world.enrol(node, DirectoryNode(kind.kind, dict(kind.attributes), kind.parent))
    for contract, action, arguments in (
        ("Loan", "ask", {"lender": "a", "borrower": "b", "price": 100}),
        ("Box", "make", {"owner": "a", "code_of": "X"}),
        ("Mover", "offer", {"from_owner": "a", "to_owner": "b", "box": 1}),
    ):
        attempt(program, world, Command(contract, action, tuple(arguments.items()), ("a", "b")))
    for ordinal in range(world.next_instance()):
        for order in every_order(program, world.instance(ordinal)):
            attempt(program, world, order)
        world.apply(advance(program, world, world.now() + DAY // 3))
    world.apply(advance(program, world, world.now() + 90 * DAY))
    assert sum(world.positions.values()) == 0


def every_order(program, instance):
    """Each action of the contract of an instance, in any state, with arguments that mostly fit."""
    for state in program.contracts[instance.contract].module.states:
        for clause in state.clauses:
            if not isinstance(clause, ir.Wait):
                some = tuple((one.name, 5 if one.type.startswith("int") else "c") for one in clause.params)
                yield Command(instance.contract, clause.action, some, ("a", "b"), instance.id)


def attempt(program, world, order):
    try:
        world.apply(command(program, world, order))
    except Refused:
        return
