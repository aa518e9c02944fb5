"""The vectors of the data layer: the reference answers as they say, they are filled again byte for byte, and a verifier
in another language, written from the text alone, answers the same."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from refimpl.commands.node.vectors import ANSWERS, answer
from refimpl.data.refusal import Code
from tests.house.clauses import clauses
from tests.house.tree import ROOT
from tests.language import drawn_vectors
from tests.vectors import written

FILES = sorted(written.SHEETS)
VERIFIER = ROOT / "conformance" / "nodes" / "js"
CHECKING = {kind for kind in ANSWERS if kind not in ("digest", "merkle.root", "json.canonical", "receipts.root")}
"""Kinds that can refuse; the others compute."""


def stored(name):
    return [json.loads(line) for line in (written.FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.clause("DAT-014", "DAT-015", "DAT-016", "DAT-012", "DAT-013", "DAT-033", "DAT-046", "DAT-064", "DAT-102")
@pytest.mark.parametrize("name", FILES)
def test_the_reference_answers_as_the_vectors_say(name):
    for case in stored(name)[1:]:
        assert answer(case["kind"], case["input"]) == case["expect"], case["id"]


@pytest.mark.parametrize("name", FILES)
def test_vectors_have_their_form_and_every_valid_case_its_invalid_twins(name):
    info, *cases = stored(name)
    assert set(info["_info"]) == {"schema", "spec", "generator", "source", "clauses", "note"}
    assert all((ROOT / info["_info"][place]).exists() for place in ("spec", "generator", "source"))
    ids = [case["id"] for case in cases]
    assert len(set(ids)) == len(ids)
    for case in cases:
        assert set(case) - {"twin_of"} == {"id", "kind", "level", "clauses", "input", "expect", "why"}
        assert list(case["expect"]) in (["ok"], ["refused"])
        assert case.get("twin_of", case["id"]) in ids
    twins = {case["twin_of"] for case in cases if "twin_of" in case}
    kinds = {case["kind"] for case in cases if case["id"] in twins}
    assert {case["kind"] for case in cases} & CHECKING <= kinds


def test_the_vectors_meet_every_rule_and_refusal_of_bytes_transactions_blocks_and_certificates():
    cases = [case for name in FILES for case in stored(name)[1:]]
    cited = {clause for case in cases for clause in case["clauses"]}
    data = {clause.id for clause in clauses() if clause.id.startswith("DAT-")}
    elsewhere = {
        "DAT-015", "DAT-027", "DAT-028", "DAT-045", "DAT-071", "DAT-072", "DAT-073", "DAT-074", "DAT-075", "DAT-076",
        "DAT-077", "DAT-078", "DAT-079", "DAT-096", "DAT-097", "DAT-110", "DAT-112", "DAT-120", "DAT-121", "DAT-122",
    }  # fmt: skip
    """What a verifier does, seals, executes, keeps or reads from its clock."""
    assert data - cited == elsewhere
    codes = {case["expect"]["refused"]["code"] for case in cases if "refused" in case["expect"]}
    beyond = {"tx.known", "tx.pool_full", "block.time_drift"}
    expected = {code.value for code in Code if code.value.split(".")[0] in ("wire", "tx", "block")} - beyond
    assert expected <= codes


@pytest.mark.parametrize("name", FILES)
def test_filling_the_vectors_again_gives_the_same_bytes(name):
    found = (written.FOLDER / f"{name}.jsonl").read_text(encoding="utf-8")
    assert found == written.text(name), "python -m tests.vectors.written --write"


def test_the_vectors_do_not_depend_on_the_order_of_sets():
    program = "from tests.vectors import written; print(written.sums(), end='')"
    listed = (written.FOLDER / written.SUMS).read_text()
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": "1"}, cwd=ROOT, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert done.stdout == listed


def test_the_list_of_digests_is_that_of_the_files():
    for line in (written.FOLDER / written.SUMS).read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((written.FOLDER / name).read_bytes()).hexdigest() == digest


def verify(folder):
    node = shutil.which("node")
    if node is None:
        pytest.skip("the verifier in JavaScript needs node, which is not installed here")
    return subprocess.run([node, VERIFIER / "verify.js", folder], capture_output=True, text=True, check=False)


def test_a_verifier_in_javascript_answers_every_vector_as_the_reference_does():
    done = verify(written.FOLDER)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    cases = sum(len(path.read_text(encoding="utf-8").splitlines()) - 1 for path in written.FOLDER.rglob("*.jsonl"))
    assert done.stdout == f"{cases} answered, 0 differing, 0 of kinds that this verifier does not know\n"


def test_a_verifier_in_javascript_takes_drawn_programs_as_the_reference_does(tmp_path):
    for seed in range(12):
        (tmp_path / f"{seed}.jsonl").write_text(drawn_vectors.text(seed, 30), encoding="utf-8")
    done = verify(tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert int(done.stdout.split()[0]) > 400


@pytest.mark.parametrize("name", FILES)
def test_the_verifier_sees_a_vector_that_lies(name, tmp_path):
    info, *cases = stored(name)
    for case in cases[:40]:
        case["expect"] = {"refused": {"code": "wire.other"}}
    lines = [json.dumps(one, ensure_ascii=False) for one in (info, *cases[:40])]
    (tmp_path / "lies.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = verify(tmp_path)
    assert done.returncode == 1
    assert f"{len(lines) - 1} answered, {len(lines) - 1} differing" in done.stdout


def kinds():
    """Every kind of vector that there is."""
    rows = (json.loads(line) for path in written.FOLDER.rglob("*.jsonl") for line in path.open(encoding="utf-8"))
    return {row["kind"] for row in rows if "kind" in row}


def test_the_verifier_shares_nothing_and_knows_no_code_that_the_text_does_not_have():
    sources = {path.name: path.read_text(encoding="utf-8") for path in VERIFIER.glob("*.js")}
    imported = {one for text in sources.values() for one in re.findall(r'from "([^"]+)"', text)}
    outside = {one.removeprefix("node:") for one in imported if not one.startswith("./")}
    assert outside <= {"crypto", "fs", "path", "readline"}
    area = r'"((?:wire|tx|member|block|consensus|contract|access|net|query|store)\.\w+)"'
    named = {one for text in sources.values() for one in re.findall(area, text)} - kinds()
    assert named <= {code.value for code in Code}
    assert len(named) > 40
    assert max(len(text.splitlines()) for text in sources.values()) < 300
