"""Each rule of the specification is numbered, cited where it is kept, and held by a test; an orphan at either end
fails here."""

import collections
import re

import pytest

from tests.house import matrix, rules
from tests.house.clauses import (
    AREAS,
    LAYERS,
    LEVELS,
    Clause,
    clauses,
    clauses_in,
    code_citations,
    model_citations,
    proof_citations,
    test_citations,
)
from tests.house.tree import ROOT, text

KNOWN = {clause.id for clause in clauses()}


def test_no_id_is_given_twice():
    count = collections.Counter(clause.id for clause in clauses())
    assert {name: [c.place for c in clauses() if c.id == name] for name, n in count.items() if n > 1} == {}


def test_a_retired_id_never_comes_back():
    assert KNOWN & set(rules.read().retired) == set()


def test_every_clause_is_held_by_a_test_and_one_that_does_not_bind_may_say_why_not():
    held = {citation.clause for citation in test_citations()}
    excused = {name for name, entry in rules.read().entries.items() if rules.REASON in entry}
    binding = {clause.id for clause in clauses() if clause.keyword.startswith("MUST")}
    bare = [f"{clause.place}: {clause.id}" for clause in clauses() if clause.id not in held | (excused - binding)]
    assert not bare, "no test cites\n" + "\n".join(bare)
    assert excused & (held | binding) == set()


def test_every_clause_says_of_which_layer_it_is_and_who_must_keep_it():
    assert [clause.id for clause in clauses() if not (clause.layer and clause.level)] == []
    assert all(
        (entry["layer"], entry["level"]) == (clause.layer, clause.level)
        for clause in clauses()
        for entry in [rules.read().entries[clause.id]]
    ), "python -m tests.house.rules --write"


def test_every_cited_id_is_a_clause():
    orphans = [
        f"{c.place}: {c.clause}"
        for c in (*code_citations(), *model_citations(), *proof_citations(), *test_citations())
        if c.clause not in KNOWN
    ]
    assert not orphans, "spec/ has no such clause\n" + "\n".join(orphans)


def test_every_clause_is_entered_in_the_rules():
    entered = rules.read().entries.keys()
    assert (KNOWN - entered, entered - KNOWN) == (set(), set()), "python -m tests.house.rules --write"


@pytest.mark.parametrize(
    ("source", "clause", "path"),
    [
        ("proved_by", "INV-S1", "spec/proofs/pbft.py"),
        ("modelled_by", "CON-012", "spec/model/tendermint.qnt"),
        ("tested_by", "DAT-030", "tests/unit/data/test_merkle.py"),
    ],
)
def test_the_rules_name_the_tests_models_and_proofs_of_each_clause(source, clause, path):
    recorded = {name: entry[source] for name, entry in rules.read().entries.items() if source in entry}
    assert recorded == rules.naming(source), "python -m tests.house.rules --write"
    assert path in recorded[clause]


def test_the_trace_matrix_is_up_to_date():
    assert matrix.PAGE.read_text(encoding="utf-8") == matrix.page(), "python -m tests.house.rules --write"


def test_the_trace_matrix_names_what_holds_a_clause():
    [line] = [line for line in matrix.page().splitlines() if line.startswith("| CTR-S18 |")]
    _, clause, word, models, proofs, tests, vectors, _ = [cell.strip() for cell in line.split("|")]
    assert (clause, word) == ("CTR-S18", "MUST")
    assert "access" in models.split(", ")
    assert "access" in proofs.split(", ")
    assert "language/test_decisions" in tests.split(", ")
    assert "v1/access/chart" in vectors.split(", ")


def test_the_reading_guide_explains_every_level_layer_and_area():
    guide = text(ROOT / "spec" / "00-reading.md")
    assert re.findall(r"^\| (\w+) \| [^|]+ \|$", guide, re.MULTILINE)[1:] == list(LEVELS)
    assert ", ".join(LAYERS) in guide
    assert [area for area in (*AREAS.split("|"), "INV") if f"`{area}` " not in guide] == []


def stale(recorded: dict[str, rules.Entry], present: list[Clause]) -> dict[str, list[str]]:
    """Edited clause -> the tests that cite it, which a person reads again before confirming."""
    return {
        clause.id: sorted(citation.place for citation in test_citations() if citation.clause == clause.id)
        for clause in present
        if clause.id in recorded and signature(recorded[clause.id]) != (clause.keyword, clause.digest)
    }


def signature(entry: rules.Entry) -> tuple[object, object]:
    """What a person has confirmed of a clause."""
    return entry["keyword"], entry["text_sha256"]


def test_no_clause_was_edited_without_reading_its_tests_again():
    assert stale(rules.read().entries, clauses()) == {}, (
        "read these tests, then python -m tests.house.rules --confirm ID"
    )


TEXT = """# Head
A sentence that mentions **DAT-998** but does not begin with it.

Layer data, level L0.

**DAT-996** A node MUST NOT
sleep.

- **DAT-997** A node MAY rest.

Layer contract, level L1.

- **CTR-S99** Time passes.
"""


def test_a_clause_is_a_paragraph_that_begins_with_its_id():
    found = list(clauses_in(TEXT, "x.md"))
    assert [(c.id, c.keyword, c.layer, c.level, c.place) for c in found] == [
        ("DAT-996", "MUST NOT", "data", "L0", "x.md:6"),
        ("DAT-997", "MAY", "data", "L0", "x.md:9"),
        ("CTR-S99", "MUST", "contract", "L1", "x.md:13"),
    ]
    assert found[0].text == "A node MUST NOT sleep."


def test_an_edited_clause_names_exactly_its_tests(tmp_path, monkeypatch):
    path = ROOT / "tests" / "imagined.py"
    monkeypatch.setattr("tests.house.clauses.python_files", lambda *_: (path,))
    monkeypatch.setattr("tests.house.clauses.syntax", lambda _: __import__("ast").parse(IMAGINED))
    [before] = clauses_in("**DAT-996** A node MUST sleep.", "x.md")
    [after] = clauses_in("**DAT-996** A node MUST NOT sleep.", "x.md")
    [wrapped] = clauses_in("**DAT-996** A node\nMUST sleep.", "x.md")
    recorded = {"DAT-996": {"keyword": before.keyword, "text_sha256": before.digest}}
    assert stale(recorded, [wrapped]) == {}
    assert stale(recorded, [after]) == {
        "DAT-996": ["tests/imagined.py::TestSleep::test_night", "tests/imagined.py::test_day"]
    }


IMAGINED = """
import pytest
@pytest.mark.clause("DAT-996", "DAT-997")
def test_day(): ...
@pytest.mark.clause("DAT-997")
def test_noon(): ...
@pytest.mark.clause("DAT-996")
class TestSleep:
    def test_night(self): ...
    def rest(self): ...
"""


@pytest.mark.parametrize("keep", [set(), {"DAT-996"}])
def test_an_edited_digest_changes_only_when_confirmed(monkeypatch, keep):
    [edited] = clauses_in("**DAT-996** A node MUST NOT sleep.", "x.md")
    monkeypatch.setattr(rules, "clauses", lambda: [edited])
    old = rules.Rules(
        {
            "DAT-996": {"keyword": "MUST", "text_sha256": "0" * 64},
            "DAT-995": {"keyword": "MAY", "text_sha256": "1" * 64},
        }
    )
    new = rules.written(old, keep)
    assert (new.entries["DAT-996"]["text_sha256"] == edited.digest) == bool(keep)
    assert new.retired == ("DAT-995",)
