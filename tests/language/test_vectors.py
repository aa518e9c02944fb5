"""The vectors of the language: what the files say is what both forms of the reference answer, and what is generated."""

import hashlib
import json
import os
import subprocess
import sys
from typing import get_args

import msgspec
import pytest

from contracts_dsl import decide, interpret, ir, migrate, verify, views
from contracts_dsl.compile import Compiled
from contracts_dsl.host import Command, Instance, Refused
from contracts_dsl.memory import DirectoryNode, MemoryWorld
from contracts_dsl.refusals import CODES
from tests.house.clauses import clauses
from tests.house.tree import ROOT
from tests.language import vector_play, vectors

FILES = sorted(vectors.PLAYS)
REQUIRED = {"id", "kind", "level", "clauses", "input", "expect", "why"}


def stored(name):
    return [json.loads(line) for line in (vectors.FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


class Given(MemoryWorld):
    """The ledger of a case. The digest of its directory is taken from the case."""

    def directory_digest(self):
        return self.given_digest


def frozen(value):
    return tuple(value) if isinstance(value, list) else value


def world(given):
    made = Given(time=given["now"])
    made.given_digest = given["directory_digest"]
    for node in given["directory"]:
        attributes = {one["name"]: frozen(one["value"]) for one in node["attributes"]}
        made.enrol(node["name"], DirectoryNode(node["kind"], attributes, node["parent"]))
    for one in given["instances"]:
        made._store(msgspec.convert(one, Instance))
    made.keys = {(one["contract"], tuple(map(frozen, one["key"]))): one["instance"] for one in given["keys"]}
    made.index = {(one["contract"], one["field"], one["value"]): one["instances"] for one in given["index"]}
    return made


def asked(given):
    return decide.Request(
        given["contract"], given["record"], tuple(given["fields"]), given["purpose"], tuple(given["signers"])
    )  # fmt: skip


def answered(programs, case):
    """What the reference answers to a case."""
    given = case["input"]
    try:
        if case["kind"] == "contract.program":
            modules = [ir.from_json(one) for one in given["modules"]]
            programs[case["id"]] = modules, Compiled(verify.load(modules, given.get("retired", ())))
            return {"ok": {"ids": [{"name": m.name, "version": m.version, "id": ir.digest(m)} for m in modules]}}
        (deployed, compiled), there = programs[given["program"]], world(given["ledger"])
        if "deploy" in given:
            arriving = [ir.from_json(one) for one in given["deploy"]]
            return {"ok": vector_play.plain(migrate.deploy(deployed, arriving, there)[1])}
        if "view" in given:
            one = given["view"]
            cell = views.CellRequest(one["policy"], one["view"], tuple(one["cell"]), tuple(one["signers"]))
            return {"ok": {"values": list(views.cell(compiled.program, there, cell))}}
        if "advance" in given:
            return {"ok": vector_play.plain(interpret.advance(compiled.program, there, given["advance"]))}
        if "command" in given:
            order = msgspec.convert(given["command"], Command)
            attempt = compiled.attempt(there, order)
            changes = interpret.command(compiled.program, there, order)
            assert attempt == changes
            return {"ok": vector_play.plain(changes)}
        found = decide.read(compiled.program, there, asked(given["read"]))
        verdicts = [{"field": one.field, "outcome": one.outcome, "permits": one.permits, "forbids": one.forbids,
                     "nearest": one.nearest} for one in found.verdicts]  # fmt: skip
        code = found.refused.code if found.refused is not None else None
        return {"ok": vector_play.plain({"verdicts": verdicts, "changes": found.changes, "code": code})}
    except ir.IrError:
        return {"refused": {"code": "bad_package"}}
    except Refused as refused:
        return vector_play.refusal(refused)


@pytest.mark.clause("CTR-S7", "CTR-S18", "CTR-T15")
@pytest.mark.parametrize("name", FILES)
def test_both_forms_of_the_reference_answer_as_the_vectors_say(name):
    programs = {}
    for case in stored(name)[1:]:
        assert answered(programs, case) == case["expect"], case["id"]


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
