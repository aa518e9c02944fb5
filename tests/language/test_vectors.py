"""The vectors of the language: what the files say is what both forms of the reference answer, and what is generated."""

import hashlib
import json
import os
import subprocess
import sys
from typing import get_args

import msgspec
import pytest

from contracts_dsl import interpret, ir
from contracts_dsl.host import Command
from contracts_dsl.refusals import CODES
from refimpl.commands.node.vectors import answer, compiled, world_of
from tests.house.clauses import clauses
from tests.house.tree import ROOT
from tests.language import vectors

FILES = sorted(vectors.PLAYS)
REQUIRED = {"id", "kind", "level", "clauses", "input", "expect", "why"}


def stored(name):
    return [json.loads(line) for line in (vectors.FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def asked(programs, case):
    """The input of a case with its program in place of the program's name, as the protocol has it (NOD-021)."""
    given = case["input"]
    if case["kind"] == "contract.program":
        programs[case["id"]] = given
    return given | {"program": programs[given["program"]]} if "program" in given else given


@pytest.mark.clause("CTR-S7", "CTR-S18", "CTR-T15")
@pytest.mark.parametrize("name", FILES)
def test_both_forms_of_the_reference_answer_as_the_vectors_say(name):
    programs = {}
    for case in stored(name)[1:]:
        given = asked(programs, case)
        assert answer(case["kind"], given) == case["expect"], case["id"]
        if "command" in given and "ok" in case["expect"]:
            both, there = compiled(given["program"]), world_of(given["ledger"])
            order = msgspec.convert(given["command"], Command)
            assert both.attempt(there, order) == interpret.command(both.program, there, order)


@pytest.mark.parametrize("name", FILES)
def test_vectors_have_their_form_and_every_valid_step_its_invalid_twin(name):
    info, *cases = stored(name)
    assert set(info["_info"]) == {"schema", "spec", "generator", "source", "clauses", "note"}
    assert all((ROOT / info["_info"][place]).exists() for place in ("spec", "generator", "source"))
    ids = [case["id"] for case in cases]
    assert len(set(ids)) == len(ids)
    for case in cases:
        assert set(case) - {"twin_of"} == REQUIRED
        assert set(case["clauses"]) <= set(info["_info"]["clauses"])
        assert list(case["expect"]) in (["ok"], ["refused"])
        assert case.get("twin_of", case["id"]) in ids
    twins = {case["twin_of"] for case in cases if "twin_of" in case}
    alone = [case["id"] for case in cases if case["kind"] == "contract.step" and "ok" in case["expect"]]
    assert set(alone) <= twins


def found_in(value, key):
    """Every value under a key, anywhere in a case."""
    if isinstance(value, dict):
        yield from ([value[key]] if key in value else ())
        for inner in value.values():
            yield from found_in(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from found_in(inner, key)


def test_the_vectors_leave_no_rule_operator_event_or_refusal_of_the_language_out():
    """Who writes an interpreter from them meets everything once; tests beside rules (CTR-S25) are no part of the IR."""
    cases = [case for name in FILES for case in stored(name)[1:]]
    rules = {clause.id for clause in clauses() if clause.id.startswith(("CTR-S", "CTR-T"))} - {"CTR-S25"}
    assert rules - {clause for case in cases for clause in case["clauses"]} == set()
    programs = [case["input"] for case in cases if case["kind"] == "contract.program" and "ok" in case["expect"]]
    operators = {*get_args(ir.Op), "set", "pay", "create", "call", "count", "sum"}
    assert operators - set(found_in(programs, "op")) == set()
    events = {event["kind"] for changed in found_in(cases, "events") for event in changed}
    assert events == {"started", "acted", "elapsed", "violation", "impossible", "paid", "read", "migrated"}
    codes = {case["expect"]["refused"]["code"] for case in cases if "refused" in case["expect"]}
    codes |= set(found_in(cases, "code"))
    assert set(CODES) - codes == set()


@pytest.mark.parametrize("name", FILES)
def test_filling_the_vectors_again_gives_the_same_bytes(name):
    found = (vectors.FOLDER / f"{name}.jsonl").read_text(encoding="utf-8")
    assert found == vectors.text(name), "python -m tests.language.vectors --write"


def test_the_vectors_do_not_depend_on_the_order_of_sets():
    program = "from tests.language import vectors; print(vectors.sums(), end='')"
    listed = (vectors.FOLDER / "language.sha256").read_text()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, cwd=ROOT, capture_output=True,
            text=True, check=True,
        )  # fmt: skip
        assert done.stdout == listed


def test_the_list_of_digests_is_that_of_the_files():
    for line in (vectors.FOLDER / "language.sha256").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((vectors.FOLDER / name).read_bytes()).hexdigest() == digest
