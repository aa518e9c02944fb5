"""What a chain stores is held to the same law as a text: IR that claims what is not so is not loaded."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts_dsl import ir, verify
from contracts_dsl.host import Command, Refused
from contracts_dsl.interpret import advance, command
from contracts_dsl.memory import DirectoryNode, MemoryWorld
from tests.language.packages import library
from tests.language.stage import CAST, DAY, START, compiled
from tests.language.test_contracts_in_time import CALLS, LOAN

PLAIN = {module.name: ir.to_json(module) for module in compiled(LOAN, CALLS)}


def altered(name, path, value):
    """The package with one place of one module changed."""
    plain = copy.deepcopy(PLAIN)
    place = plain[name]
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return [ir.from_json(one) for one in plain.values()]


NOW = {"op": "path", "type": "time", "path": [["now", ""]]}
TRUE = {"op": "lit", "type": "bool", "value": True}
PRICE = {"op": "path", "type": "money", "path": [["data", "price"]]}
BORROWER = {"op": "path", "type": "party Hospital", "path": [["party", "borrower"]]}
REST = [{"to": BORROWER, "bp": None}]
ASKED = ("states", 0, "clauses")


def pay(**more):
    return {"op": "pay", "amount": PRICE, "from": BORROWER, "shares": REST} | more


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        pytest.param("Loan", ("data", 0, "type"), "money!", marks=pytest.mark.clause("CTR-T1")),
        pytest.param("Loan", ("data", 0, "type"), "enum Nothing", marks=pytest.mark.clause("CTR-T1")),
        pytest.param("Loan", ("start", 0, "when"), NOW, marks=pytest.mark.clause("CTR-T1")),
        pytest.param("Loan", ("start", 0, "when"), {**TRUE, "value": 1}, marks=pytest.mark.clause("CTR-T1")),
        pytest.param(
            "Loan", ("start", 0, "when"),
            {"op": "le", "type": "bool",
             "args": [{"op": "scale", "type": "money", "args": [PRICE], "by": 10**9}, PRICE]},
            marks=pytest.mark.clause("CTR-T2"),
        ),
        pytest.param(
            "Loan", ("start", 0, "when"), {"op": "le", "type": "bool", "args": [PRICE, NOW]},
            marks=pytest.mark.clause("CTR-T2"),
        ),
        pytest.param(
            "Loan", ("start", 0, "when"),
            {"op": "path", "type": "bool", "path": [["data", "elsewhere"]]}, marks=pytest.mark.clause("CTR-T3"),
        ),
        pytest.param(
            "Loan", ("start", 0, "when"),
            {"op": "le", "type": "bool", "args": [NOW, {"op": "path", "type": "time", "path": [["data", "due"]]}]},
            marks=pytest.mark.clause("CTR-T4"),
        ),
        pytest.param(
            "Loan", ("start", 0, "when"),
            {"op": "some", "type": "bool", "name": "b", "of": "Box", "args": [TRUE],
             "find": {"field": "owner", "value": BORROWER}}, marks=pytest.mark.clause("CTR-T5"),
        ),
        pytest.param("Loan", ("parties", 1, "name"), "lender", marks=pytest.mark.clause("CTR-T6")),
        pytest.param("Loan", ("parties", 1, "name"), "a b", marks=pytest.mark.clause("CTR-T6")),
        pytest.param("Loan", ("start", 0, "to"), "nowhere", marks=pytest.mark.clause("CTR-T6")),
        pytest.param("Loan", ("start", 0, "to"), "lent", marks=pytest.mark.clause("CTR-T6")),
        pytest.param("Loan", ("start", 0, "to"), None, marks=pytest.mark.clause("CTR-T6")),
        pytest.param("Loan", ("start",), [], marks=pytest.mark.clause("CTR-T6")),
        pytest.param("Loan", ("key",), ["note"], marks=pytest.mark.clause("CTR-T6")),
        pytest.param("Loan", (*ASKED, 0, "actors"), ["nobody"], marks=pytest.mark.clause("CTR-T6")),
        pytest.param("Loan", (*ASKED, 0, "limit"), {}, marks=pytest.mark.clause("CTR-T6")),
        pytest.param("Loan", (*ASKED, 0, "limit"), {"until": "price"}, marks=pytest.mark.clause("CTR-T6")),
        pytest.param("Loan", ("states", 2, "clauses", 0, "to"), "lent", marks=pytest.mark.clause("CTR-T7")),
        pytest.param(
            "Loan", (*ASKED, 0, "else", "do"), [{"op": "set", "name": "borrower", "value": BORROWER}],
            marks=pytest.mark.clause("CTR-T8"),
        ),
        pytest.param(
            "Loan", (*ASKED, 5, "do"), [pay(amount={"op": "sub", "type": "money", "args": [PRICE, PRICE]})],
            marks=pytest.mark.clause("CTR-T8"),
        ),
        pytest.param(
            "Receipt", ("start", 0, "do"),
            [{"op": "call", "on": {"op": "path", "type": "contract Box", "path": [["data", "box"]]}, "action": "move",
              "args": []}], marks=pytest.mark.clause("CTR-T9"),
        ),
        pytest.param(
            "Loan", (*ASKED, 5, "do"),
            [pay(**{"from": {"op": "path", "type": "party Hospital", "path": [["party", "lender"]]}})],
            marks=pytest.mark.clause("CTR-T10"),
        ),
        pytest.param("Loan", (*ASKED, 5, "do"), [pay(shares=[])], marks=pytest.mark.clause("CTR-T11")),
        pytest.param("Loan", (*ASKED, 5, "do"), [pay(shares=[*REST, *REST])], marks=pytest.mark.clause("CTR-T11")),
        pytest.param(
            "Loan", (*ASKED, 5, "do"), [pay(shares=[*REST, {"to": BORROWER, "bp": 10_001}])],
            marks=pytest.mark.clause("CTR-T11"),
        ),
        pytest.param("Loan", ASKED, [{"kind": "wait", "limit": {"within": 1}, "do": [], "to": "lent"}] * 33,
                     marks=pytest.mark.clause("CTR-T14")),
        ("Loan", ("version",), 0),
        ("Loan", ("replaces",), 1),
        ("Loan", ("uses",), ["Elsewhere"]),
        ("Box", ("states", 0, "clauses", 0, "caller"), None),
        ("Box", ("states", 0, "clauses", 0, "caller"), "Elsewhere"),
        ("Mover", ("states", 0, "clauses", 0, "do", 1, "args"), []),
        ("Loan", ("ir",), ...),
    ],
)  # fmt: skip
def test_an_ir_that_breaks_a_rule_is_not_loaded(name, path, value):
    verify.load([ir.from_json(one) for one in PLAIN.values()])
    with pytest.raises(ir.IrError):
        verify.load(altered(name, path, value))


POLICIES = {module.name: ir.to_json(module) for module in library("en").modules}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("rules", 4, "do"), [], marks=pytest.mark.clause("CTR-T12")),
        pytest.param(("rules", 4, "overrides"), ["own"], marks=pytest.mark.clause("CTR-T12")),
        pytest.param(("rules", 4, "overrides"), ["insurer_blind"], marks=pytest.mark.clause("CTR-T12")),
        pytest.param(("groups", 1, "fields", 0), "name", marks=pytest.mark.clause("CTR-T12")),
        pytest.param(("rules", 0, "reader"), "Region", marks=pytest.mark.clause("CTR-T12")),
        pytest.param(("rules", 1, "purposes", 0), "fun", marks=pytest.mark.clause("CTR-T12")),
        pytest.param(("views", 0, "rollup"), None, marks=pytest.mark.clause("CTR-T13")),
        pytest.param(
            ("views", 0, "group", 0),
            {"op": "path", "type": "party Patient", "path": [["record", ""], ["party", "patient"]]},
            marks=pytest.mark.clause("CTR-T13"),
        ),
        pytest.param(("views", 0, "show", 1, "path"), None, marks=pytest.mark.clause("CTR-T13")),
        pytest.param(("views", 0, "k"), -1, marks=pytest.mark.clause("CTR-T13")),
    ],
)
def test_a_policy_that_breaks_a_rule_is_not_loaded(path, value):
    plain = copy.deepcopy(POLICIES)
    if path == ("views", 0, "rollup"):
        plain["RecordAccess"]["views"][0]["where"] = None
    else:
        place = plain["RecordAccess"]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
    with pytest.raises(ir.IrError):
        verify.load([ir.from_json(one) for one in plain.values()])


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
        modules = altered(name, path, value)
        program = verify.load(modules)
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
