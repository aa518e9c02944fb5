"""The compiled form against the definitional interpreter, on drawn programs and inputs and on the library.

The campaign compares every command and request of many runs: the changes, or that both refuse, and the rule that
decides. `YILIAN_STEPS` asks for more steps than the 100,000 of every run (`make nightly`).
"""

import os
from collections import Counter
from random import Random
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts_dsl import compile_expressions, decide, interpret, ir
from contracts_dsl.compile import DEPTH_MAX, Compiled, ruling
from contracts_dsl.compile_clauses import contract_code
from contracts_dsl.compile_policies import bench_of
from contracts_dsl.host import Changes, Command, Refused
from contracts_dsl.program import Program, link
from tests.language import generate, inputs
from tests.language.packages import native
from tests.language.stage import Stage
from tests.language.test_contracts_in_time import LOAN
from tests.language.test_decisions import POLICY, RECORD

STEPS = int(os.environ.get("YILIAN_STEPS", "100000"))
STEPS_A_PROGRAM = 500


def interpreted(program: Program, world, order) -> Changes | Refused:
    try:
        return interpret.command(program, world, order)
    except Refused as refused:
        return refused


def decided(program: Program, world, request):
    """The ruling as the definitional interpreter gives it, or its refusal."""
    try:
        return ruling(program.policy_of[request.contract], decide.decide(program, world, request))
    except Refused as refused:
        return str(refused)


def ruled(compiled: Compiled, world, request):
    try:
        return compiled.decide(world, request)
    except Refused as refused:
        return str(refused)


def compare(program: Program, random: Random, steps: int) -> Counter:
    """Run a program by drawn steps in both forms; what was compared, by kind."""
    compiled, world, seen = Compiled(program), inputs.world(random, program), Counter()
    while seen["compared"] < steps:
        if random.random() < 0.15:
            world.apply(interpret.advance(program, world, world.now() + random.choice([0, 1, 9, 30]) * inputs.HOUR))
            continue
        if random.random() < 0.9:  # the rest meets duties whose deadline was set into the past
            world.apply(interpret.advance(program, world, world.now()))
        asked = inputs.request(random, program, world) if random.random() < 0.3 else None
        if asked is not None:
            expected = decided(program, world, asked)
            assert ruled(compiled, world, asked) == expected, asked
            seen["requests"] += 1
            seen["permitted"] += any(number > 0 for _, number in expected) if isinstance(expected, tuple) else 0
            seen["forbidden"] += any(number < 0 for _, number in expected) if isinstance(expected, tuple) else 0
        else:
            order = inputs.command(random, program, world)
            expected = interpreted(program, world, order)
            found = compiled.attempt(world, order)
            assert found == (None if isinstance(expected, Refused) else expected), order
            seen["refused " + expected.code if isinstance(expected, Refused) else "done"] += 1
            if not isinstance(expected, Refused):
                world.apply(expected)
                seen.update(event.kind for event in expected.events)
        seen["compared"] += 1
    return seen


@pytest.mark.clause("CTR-S7", "CTR-S18")
def test_compiled_programs_do_and_decide_what_interpreted_ones_do():
    began, seen = perf_counter(), Counter()
    for seed in range(-(-STEPS // STEPS_A_PROGRAM)):
        random = Random(seed)
        try:
            seen += compare(link(generate.modules(random)), random, STEPS_A_PROGRAM)
        except AssertionError as difference:
            raise AssertionError(f"seed {seed}") from difference
        seen["programs"] += 1
    print(f"\ncompared in {perf_counter() - began:.0f} s: {dict(sorted(seen.items()))}")
    assert seen["compared"] >= STEPS
    # The runs are no idle talk: much is done, everything that can be refused is, decisions go every way.
    assert seen["done"] > 0.15 * seen["compared"]
    assert min(seen[kind] for kind in ("permitted", "forbidden")) > 0.02 * seen["requests"]
    assert {"started", "acted", "paid"} <= seen.keys()
    refused = {kind.removeprefix("refused ") for kind in seen if kind.startswith("refused ")}
    assert refused >= {
        "no_such_clause", "bad_arguments", "not_authorized", "where_false", "duty_closed", "condition_false",
        "duplicate_key", "out_of_range",
    }  # fmt: skip


@settings(max_examples=15)
@given(st.randoms(use_true_random=False), st.integers(0, 2**32))
def test_compiled_and_interpreted_agree_on_a_program_that_can_be_shrunk(random, seed):
    compare(link(generate.modules(random)), Random(seed), 40)


CROWDED = """contract Box version 1;
party owner: Hospital;
data full: bool;
start {
  owner may keep becomes kept;
  owner may look when some b: Box (b.owner == owner and b.full) becomes kept;
  owner may look when full becomes kept;
}
state kept { owner may close becomes closed; }
state closed;
"""
SEARCHING = """policy Watch for Box version 1;
fields all = name;
fields other = notes;
permit free: Hospital reads other;
permit any: Hospital reads all;
permit crowded: Hospital reads all when some b: Box (b.owner == record.owner and b.full);
"""


@pytest.mark.clause("CTR-S16", "CTR-S21", "CTR-S7")
@pytest.mark.parametrize("boxes", [256, 257])
def test_a_search_over_too_many_is_refused_in_both_forms(boxes):
    stage = Stage(CROWDED, SEARCHING)
    compiled = Compiled(stage.program)
    keep = Command("Box", "keep", (("owner", "a"), ("full", False)), ("a",))
    for _ in range(boxes):
        stage.world.apply(compiled.command(stage.world, keep))
    for full in (False, True):
        order = Command("Box", "look", (("owner", "a"), ("full", full)), ("a",))
        expected = interpreted(stage.program, stage.world, order)
        assert isinstance(expected, Refused) == (not full)
        assert compiled.attempt(stage.world, order) == (expected if full else None)
    asked = decide.Request("Box", 0, ("name",), None, ("a",))
    assert (decided(stage.program, stage.world, asked) == (("all", 2),)) == (boxes == 256)
    assert ruled(compiled, stage.world, asked) == decided(stage.program, stage.world, asked)
    beside = decide.Request("Box", 0, ("notes",), None, ("a",))
    assert ruled(compiled, stage.world, beside) == decided(stage.program, stage.world, beside) == (("other", 1),)


POSTPONED = """contract Loan version 1;
party lender: Hospital;
data due: time;
start { lender may lend becomes lent; }
state lent {
  lender must collect until due becomes ended else violation forgotten becomes ended;
  lender may hasten(at: time) then { set due = at; };
}
state ended;
"""


@pytest.mark.clause("CTR-S6")
def test_a_duty_whose_deadline_was_set_into_the_past_is_closed_before_time_acts_on_it():
    stage = Stage(POSTPONED)
    loan = stage.do("a", "Loan", "lend", lender="a", due=stage.world.now() + 99)
    stage.wait(50)
    order = Command("Loan", "collect", (), ("a",), loan)
    assert Compiled(stage.program).attempt(stage.world, order) == interpreted(stage.program, stage.world, order)
    stage.do("a", loan, "hasten", at=stage.world.now() - 1)
    assert interpreted(stage.program, stage.world, order).code == "duty_closed"
    assert Compiled(stage.program).attempt(stage.world, order) is None


def test_a_retired_contract_takes_no_new_instances_in_either_form():
    stage = Stage(LOAN)
    program = link(stage.modules, retired=["Loan"])
    order = Command("Loan", "ask", (("lender", "a"), ("borrower", "b"), ("price", 1)), ("b",))
    with pytest.raises(Refused) as refused:
        Compiled(program).command(stage.world, order)
    assert refused.value.code == "retired"
    assert Compiled(stage.program).attempt(stage.world, order) is not None


@pytest.mark.clause("CTR-T14")
@pytest.mark.parametrize(("deep", "by_itself"), [(DEPTH_MAX - 4, True), (200, False)])
def test_an_expression_too_deep_for_python_is_left_to_the_interpreter(deep, by_itself):
    stage = Stage(LOAN, RECORD, POLICY)
    guard = {"op": "eq", "type": "bool", "args": [{"op": "path", "type": "time", "path": [["now", ""]]}] * 2}
    for _ in range(deep // 2 * 2):
        guard = {"op": "not", "type": "bool", "args": [guard]}
    plain = {one.name: ir.to_json(one) for one in stage.modules}
    plain["Loan"]["start"][0]["when"] = plain["Access"]["rules"][0]["when"] = guard
    program = link([ir.from_json(one) for one in plain.values()])
    compiled = Compiled(program)
    order = Command("Loan", "ask", (("lender", "a"), ("borrower", "b"), ("price", 1)), ("b",))
    assert compiled.command(stage.world, order) == interpret.command(program, stage.world, order)
    assert (compiled.attempt(stage.world, order) is not None) == by_itself
    stage.do("a", "Chart", "keep", patient="pat", home="a", size=1, level="low")
    asked = decide.Request("Chart", 0, ("name", "deep"), None, ("pat",))
    assert compiled.decide(stage.world, asked) == (("basic", 1), ("deep", 1))


def test_no_text_of_a_program_enters_the_source(monkeypatch):
    """Chinese names and words everywhere, and not one of their characters in what Python compiles."""
    units = []
    functions = compile_expressions.Unit.functions
    monkeypatch.setattr(compile_expressions.Unit, "functions", lambda unit: units.append(unit) or functions(unit))
    program = link(native().modules)
    for contract in program.versions.values():
        contract_code(program, contract, None, None)
    for policy in program.policies.values():
        for kind in program.party_types:
            bench_of(program, policy, kind, program.purposes[0])
    source = "\n".join(line for unit in units for line in unit.lines)
    assert source.isascii()
    assert source.count("def ") > 40


def test_fields_are_found_where_their_version_keeps_them():
    """Two versions of a contract that keep a field in different places, one record of each."""
    stage = Stage(RECORD, POLICY)
    stage.do("a", "Chart", "keep", patient="pat", home="a", size=700, level="low")
    newer = ir.to_json(stage.program.contracts["Chart"].module)
    newer["version"] = 2
    newer["data"].reverse()
    stage.program = link([*stage.modules, ir.from_json(newer)])
    stage.do("a", "Chart", "keep", patient="pat", home="a", size=700, level="low")
    stage.do("a", "Chart", "keep", patient="pat", home="a", size=3, level="low")
    compiled = Compiled(stage.program)
    for record, deep in ((0, -6), (1, -6), (2, 0)):
        asked = decide.Request("Chart", record, ("basic", "deep"), "study", ("doc",))
        assert compiled.decide(stage.world, asked) == decided(stage.program, stage.world, asked) == (
            ("basic", 0), ("deep", deep),
        )  # fmt: skip


@pytest.mark.clause("CTR-S18")
def test_every_reader_of_the_library_is_ruled_alike_in_both_forms():
    from tests.properties.test_language_laws import FIELDS, PARTIES, PROGRAM
    from tests.properties.test_language_laws import RECORD as THERE

    compiled = Compiled(PROGRAM)
    for reader in PARTIES:
        for purpose in (None, *PROGRAM.purposes):
            asked = decide.Request("HealthRecord", 1, tuple(FIELDS), purpose, (reader, "patient1"))
            assert compiled.decide(THERE, asked) == decided(PROGRAM, THERE, asked)
