"""A failure that was kept becomes a vector, a dispute becomes one file, and an edited sentence is noticed."""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest
from click.testing import CliRunner

from conformance.commands import since
from conformance.conform.schedule import Schedule, finding
from conformance.door import Reply
from conformance.plan import PlanError
from conformance.standard import clauses
from refimpl.cli import main
from tests.house.tree import ROOT

ZOO = f"{sys.executable} -m conformance.zoo.serve"
KEPT = {"P01": "L3.witness.P01", "W08": "L1.check.nonce-used", "D10": "L3.block.another-state"}


def yilian(*arguments, lang="en"):
    return CliRunner().invoke(main, ["--lang", lang, *(str(one) for one in arguments)])


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A failure of each of these bugs, as `yilian conform` keeps it."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        for bug, test in KEPT.items():
            done = yilian("conform", "--cmd", f"{ZOO} {bug}", "--workers", "1", "--only", test, "--out", folder / bug)
            assert done.exit_code == 1, done.output
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def promoted(kept, *bugs):
    for bug in bugs:
        done = yilian("replay", kept / bug / f"{KEPT[bug]}.json", "--promote", "regress")
        assert done.exit_code == 0, done.output
    return Path("regress")


# --- vectors ---


def test_a_kept_failure_becomes_a_vector_that_a_correct_node_answers_and_the_bug_does_not(kept):
    folder = promoted(kept, *KEPT)
    assert yilian("vectors", "check", folder).exit_code == 0
    right = yilian("vectors", "run", folder, "--cmd", f"{ZOO} reference")
    assert (right.exit_code, right.stdout) == (0, "6 of 6 cases answered as they say\n"), right.output
    for bug, test in KEPT.items():
        wrong = yilian("vectors", "run", folder, "--cmd", f"{ZOO} {bug}")
        assert wrong.exit_code == 1
        assert "4 of 6 cases" in wrong.stdout
        assert f"FAIL  {test}.0  " in wrong.stdout
        assert f"FAIL  {test}.1  " in wrong.stdout


def test_a_vector_has_its_form_its_clause_and_its_twin_with_one_reply_changed(kept):
    folder = promoted(kept, "P01")
    info, case, twin = map(json.loads, (folder / "schedule" / "L3.witness.P01.jsonl").read_text().splitlines())
    assert info["_info"]["clauses"] == {"INV-S1": clauses()["INV-S1"].digest}
    assert (case["kind"], case["level"], case["clauses"]) == ("schedule", "L3", ["INV-S1"])
    last = len(case["input"]["steps"]) - 1
    assert (twin["twin_of"], twin["expect"]["refused"]["at"]) == (case["id"], f"/steps/{last}/reply")
    pairs = zip(case["input"]["steps"], twin["input"]["steps"], strict=True)
    assert [number for number, (one, other) in enumerate(pairs) if one != other] == [last]
    assert last < 20, "one instance, up to where it went wrong"
    assert "node" not in case["input"]["steps"][0]["request"]


def test_promoting_again_changes_nothing_and_overwrites_nothing(kept):
    folder = promoted(kept, "W08")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    promoted(kept, "W08")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    target = folder / "schedule" / "L1.check.nonce-used.jsonl"
    target.write_text("mine")
    done = yilian("replay", kept / "W08" / "L1.check.nonce-used.json", "--promote", folder)
    assert (done.exit_code, done.stderr.split(":")[0], target.read_text()) == (3, "file.occupied", "mine")


def test_a_run_that_a_correct_node_answers_alike_is_no_vector(kept):
    saved = json.loads((kept / "W08" / "L1.check.nonce-used.json").read_text())
    Path("same.json").write_text(json.dumps({**saved, "lines": saved["lines"][:2]}))
    for lang, said in (("en", "answers alike"), ("zh", "并无不同")):
        done = yilian("replay", "same.json", "--promote", "regress", lang=lang)
        assert done.stderr.startswith("replay.nothing_differs: ")
        assert said in done.stderr
        assert done.exit_code == 1
    assert not Path("regress").exists()


@pytest.mark.parametrize("spoil", [
    lambda data: data.update(schema="yilian/replay/v1"), lambda data: data.update(clause=""),
    lambda data: data.update(lines=[["{", "}"]]), lambda data: data.update(lines=[["[]", "[]"]]),
    lambda data: data["lines"][0].pop(),
])  # fmt: skip
def test_what_conform_did_not_keep_is_refused_with_its_place(kept, spoil):
    saved = json.loads((kept / "W08" / "L1.check.nonce-used.json").read_text())
    spoil(saved)
    Path("bad.json").write_text(json.dumps(saved))
    done = yilian("replay", "bad.json", "--promote", "regress")
    assert done.stderr.startswith("plan.malformed: "), done.output
    assert not Path("regress").exists()


def test_a_disk_that_is_not_the_instances_own_ends_its_schedule():
    ask = json.dumps({"config": {}, "disk": [{"key": "k", "value": "00"}], "id": 1, "node": "b", "now": 0,
                      "op": "recover"})  # fmt: skip
    assert finding([[ask, json.dumps({"id": 1, "ok": {"effects": []}})]], "solo/1", "stub", correct=None) is None


def test_a_schedule_that_is_none_is_told_by_check_with_its_line(kept):
    folder = promoted(kept, "W08")
    target = folder / "schedule" / "L1.check.nonce-used.jsonl"
    text = target.read_text().replace('"op":"start"', '"op":"begin"')
    target.write_text(text)
    assert "another SHA-256" in yilian("vectors", "check", folder).stdout
    digest = subprocess.run(["sha256sum", target.relative_to(folder)], cwd=folder, capture_output=True, text=True)
    (folder / "SHA256SUMS").write_text(digest.stdout)
    done = yilian("vectors", "check", folder)
    assert done.exit_code == 3
    assert "nonce-used.jsonl:2: /input/steps/1/request/op: one of init, start" in done.stdout
    with pytest.raises(PlanError):
        Schedule.from_data({"profile": "solo/1", "steps": [], "suite": "stub"})


@pytest.mark.parametrize("text", [
    "zz", "[]", "{}", '{"_info":{}}', '{"_info":{"clauses":7}}', '{"_info":{"clauses":{"CON-001":1}}}', "[" * 99_999,
    '{"_info":{"clauses":{}}}\n[]', '{"_info":{"clauses":{}}}\n{"id":1}', '{"_info":{"clauses":{}}}\n\xff',
    '{"_info":{"clauses":{}}}\n{"clauses":[1],"expect":{},"id":"a","input":{},"kind":"k","level":"L0","why":""}',
    '{"_info":{"clauses":{}}}\n{"clauses":[],"expect":{"refused":1},"id":"a","input":{},"kind":"k","level":"L0","why":""}',
    '{"_info":{"clauses":{}}}\n{"clauses":[],"expect":{},"id":"a","input":{"program":[]},"kind":"k","level":"","why":""}',
])  # fmt: skip
@pytest.mark.parametrize("command", [("check",), ("run", "--cmd", "true"), ("confirm", "CON-001")])
def test_a_file_that_holds_no_cases_is_told_with_its_line_and_changes_nothing(tmp_path, text, command):
    (tmp_path / "cases.jsonl").write_bytes(text.encode("latin-1"))
    digest = sha256(text.encode("latin-1")).hexdigest()
    (tmp_path / "SHA256SUMS").write_text(f"{digest}  cases.jsonl\n", encoding="utf-8")
    done = yilian("vectors", *command, tmp_path)
    assert done.exit_code == 3, done.output
    assert done.stdout.startswith("cases.jsonl:")
    assert (tmp_path / "cases.jsonl").read_bytes() == text.encode("latin-1")


def test_published_vectors_are_put_to_a_node_by_the_same_command():
    assert yilian("vectors", "export", "out").exit_code == 0
    keep = ("v1/hash/digests.jsonl", "v1/merkle/trees.jsonl")
    sums = [line for line in Path("out/SHA256SUMS").read_text().splitlines() if line.endswith(keep)]
    Path("out/SHA256SUMS").write_text("\n".join(sums) + "\n")
    done = yilian("vectors", "run", "out", "--cmd", f"{ZOO} reference")
    assert done.exit_code == 0, done.output
    rascal = f"{sys.executable} {Path(__file__).with_name('rascal.py')} poor"
    done = yilian("vectors", "run", "out", "--cmd", rascal)
    assert (done.exit_code, "UNSUPPORTED" in done.stdout) == (1, True)
    assert yilian("vectors", "run", "out", "--cmd", "/no/such/node").exit_code == 3
    assert yilian("vectors", "run", "out").exit_code == 2


def test_of_timers_that_are_due_the_first_rings_whatever_its_name_and_a_node_without_the_profile_is_no_failure(kept):
    folder = promoted(kept, "D10")
    target = folder / "schedule" / "L3.block.another-state.jsonl"
    target.write_text(target.read_text().replace("tendermint/1", "mine/1"))
    digest = subprocess.run(["sha256sum", target.relative_to(folder)], cwd=folder, capture_output=True, text=True)
    (folder / "SHA256SUMS").write_text(digest.stdout)
    done = yilian("vectors", "run", folder, "--cmd", f"{ZOO} reference")
    assert (done.exit_code, done.stdout.count("UNSUPPORTED")) == (1, 2), done.output
    asked = []

    class Door:
        def reset(self):
            pass

        def ask_many(self, requests):
            asked.append(requests[0])
            effects = [{"at": at, "effect": "set_timer", "timer": name} for name, at in (("z", 2), ("a", 2), ("m", 9))]
            return [Reply("ok", {"effects": effects if requests[0][0] == "start" else []})]

    steps = (({"now": 0, "op": "start"}, {"ok": {}}), *(({"now": 5, "op": "fire"}, {"ok": {}}) for _ in range(3)))
    assert Schedule("mine/1", "stub", steps).differs(Door()) == (3, {"err": "no_timer"})
    assert [fields["timer"] for op, fields in asked if op == "fire"] == ["z", "a"]


# --- disputes ---


def test_a_dispute_is_one_file_with_the_text_both_outputs_and_the_claim(kept):
    file = kept / "W08" / "L1.check.nonce-used.json"
    words = ("--dispute", "DAT-070 names no order of codes.", "--dispute", "Ours is the better code.")
    done = yilian("replay", file, *words)
    assert done.exit_code == 0, done.output
    bundle = file.with_suffix(".dispute.zip")
    first = bundle.read_bytes()
    assert yilian("replay", file, *words).exit_code == 0
    assert bundle.read_bytes() == first
    with ZipFile(bundle) as opened:
        assert opened.namelist() == ["claim.txt", "dispute.json", "replay.json"]
        told = json.loads(opened.read("dispute.json"))
        assert opened.read("replay.json") == file.read_bytes()
        assert opened.read("claim.txt").decode().splitlines()[0] == "DAT-070 names no order of codes."
    law = clauses()["DAT-070"]
    assert told["clause"] == {"id": "DAT-070", "text": law.text, "text_sha256": law.digest}
    assert told["outputs"] == {"actual": "refused tx.known", "expected": "refused tx.nonce_used"}
    assert told["versions"]["node"].startswith("zoo-w08 ")
    assert set(told["versions"]) == {"kit", "node", "spec", "wire"}


def test_a_dispute_without_words_or_beside_a_promotion_is_a_wrong_call(kept):
    file = kept / "W08" / "L1.check.nonce-used.json"
    assert yilian("replay", file, "--dispute", " ").exit_code == 2
    assert yilian("replay", file, "--dispute", "x", "--promote", "regress").exit_code == 2


# --- edited sentences ---


def with_another_digest(folder, clause):
    """As if the sentence had been another when these vectors were made."""
    [target] = (folder / "schedule").glob("*nonce-used.jsonl")
    target.write_text(target.read_text().replace(clauses()[clause].digest, "ab" * 32))
    lines = [subprocess.run(["sha256sum", path.relative_to(folder)], cwd=folder, capture_output=True, text=True).stdout
             for path in sorted(folder.rglob("*.jsonl"))]  # fmt: skip
    (folder / "SHA256SUMS").write_text("".join(lines))


def test_an_edited_sentence_flags_exactly_the_vectors_that_cite_it_until_they_are_confirmed(kept):
    folder = promoted(kept, "W08", "P01")
    with_another_digest(folder, "DAT-070")
    before = (folder / "schedule" / "L3.witness.P01.jsonl").read_bytes()
    done = yilian("vectors", "check", folder)
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "schedule/L1.check.nonce-used.jsonl: stale, DAT-070 was edited; read its 2 cases again, then "
        "yilian vectors confirm DAT-070 regress"
    ]
    assert "已陈旧" in yilian("vectors", "check", folder, lang="zh").stdout
    done = yilian("vectors", "confirm", "DAT-070", folder)
    assert (done.exit_code, done.stdout) == (0, "DAT-070: 1 files, 2 cases confirmed\n")
    assert yilian("vectors", "check", folder).exit_code == 0
    assert (folder / "schedule" / "L3.witness.P01.jsonl").read_bytes() == before
    unknown = yilian("vectors", "confirm", "DAT-999", folder)
    assert (unknown.exit_code, unknown.stderr.split(":")[0]) == (2, "clause.unknown")


@pytest.fixture
def standard(tmp_path, monkeypatch):
    """A working tree of git with the standard in it, of which DAT-070 is edited after the first commit."""
    folder = tmp_path / "repository" / "spec"
    folder.mkdir(parents=True)
    for path in (ROOT / "spec").glob("*.md"):
        text = path.read_text(encoding="utf-8")
        old = text.replace("**DAT-070** The nonce", "**DAT-070** That nonce").replace("**DAT-071** A", "**DAT-071**  A")
        (folder / path.name).write_text(old, encoding="utf-8")
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for words in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "first"), ("tag", "before")):
        subprocess.run(["git", "-C", folder, *words], check=True)
    for path in (ROOT / "spec").glob("*.md"):
        (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    subprocess.run(["git", "-C", folder, *identity, "commit", "-qam", "second"], check=True)
    monkeypatch.setattr(since, "place", lambda: folder)
    return folder


def test_only_what_cites_an_edited_sentence_is_run_and_claims_nothing(standard):
    done = yilian("conform", "--cmd", f"{ZOO} reference", "--level", "L1", "--changed-since", "before", "--json")
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    assert "1 clauses edited since before" in done.stderr
    listed = {test["id"] for test in data["tests"]}
    assert {"L1.check.nonce-used", "L1.pool.gap-waits", "L0.vectors.transaction.transactions"} <= listed
    assert all("DAT-070" in test["clauses"] for test in data["tests"])
    assert (data["run"]["complete"], data["claim"]["holds"]) == (False, False)


def test_where_nothing_was_edited_nothing_is_run(standard):
    done = yilian("conform", "--cmd", "/no/such/node", "--changed-since", "HEAD", lang="zh")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "修订了 0 条" in done.stderr


def test_a_commit_that_is_none_and_a_place_without_git_are_told_by_code(standard, tmp_path, monkeypatch):
    for revision in ("no-such-tag", "--help", "HEAD~9"):
        done = yilian("conform", "--cmd", "x", "--changed-since", revision)
        assert (done.exit_code, done.stderr.split(":")[0]) == (2, "git.unknown"), done.output
    (tmp_path / "bare").mkdir()
    monkeypatch.setattr(since, "place", lambda: tmp_path / "bare")
    assert yilian("conform", "--cmd", "x", "--changed-since", "HEAD").stderr.startswith("git.absent: ")
    monkeypatch.setenv("PATH", "")
    assert yilian("conform", "--cmd", "x", "--changed-since", "HEAD").stderr.startswith("git.absent: ")
