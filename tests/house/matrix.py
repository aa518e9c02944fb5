"""`docs/reference/trace-matrix.md`: every clause with the models, proofs, tests and vectors that name it.

`python -m tests.house.rules --write` writes the page, and a house test holds it up to date. It lists files and not
tests, so that it changes when the standing of a clause changes and not with every test. It judges nothing: that a
binding clause has a test, and that what is named exists, is test_clauses.py's affair.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from tests.house.clauses import Citation, Clause, clauses, model_citations, proof_citations, test_citations
from tests.house.tree import ROOT, files, shown, text

PAGE = ROOT / "docs" / "reference" / "trace-matrix.md"
HEAD = """# The trace matrix

Every clause of the specification, and what holds it: the models and proofs that name it, the files with tests of it,
the vectors that show it. Written by `python -m tests.house.rules --write` and compared by a test; nobody edits it.
What the columns promise stands in [what is proved](../explanation/what-is-proved.md).
"""
TABLE = """
## `{}`

| clause | word | models | proofs | tests | vectors |
|---|---|---|---|---|---|
"""
FOOT = """
{} clauses: {} are modelled, {} stand in a proof, {} have tests, {} have vectors.
"""
VECTORS = ROOT / "conformance" / "vectors"


def vector_citations() -> list[Citation]:
    """The clauses that the first line of each file of vectors names."""
    found = []
    for path in files():
        if path.suffix == ".jsonl" and VECTORS in path.parents:
            first = json.loads(text(path).partition("\n")[0])
            found += [Citation(clause, shown(path)) for clause in first["_info"]["clauses"]]
    return found


def by_clause(citations: Iterable[Citation], home: str) -> dict[str, list[str]]:
    """Clause -> the files that name it, in order, without the folder in which they all are."""
    found: dict[str, set[str]] = {}
    for citation in citations:
        path = citation.place.partition("::")[0].partition(":")[0]
        found.setdefault(citation.clause, set()).add(path.removeprefix(home))
    return {clause: sorted(paths) for clause, paths in found.items()}


def page() -> str:
    """The whole page."""
    columns = (
        by_clause(model_citations(), "spec/model/"),
        by_clause(proof_citations(), "spec/proofs/"),
        by_clause(test_citations(), "tests/"),
        by_clause(vector_citations(), "conformance/vectors/"),
    )
    parts, present = [HEAD], clauses()
    for document in dict.fromkeys(document_of(clause) for clause in present):
        mine = [clause for clause in present if document_of(clause) == document]
        parts.append(TABLE.format(document))
        parts += [row(clause, [column.get(clause.id, []) for column in columns]) for clause in mine]
    held = [sum(clause.id in column for clause in present) for column in columns]
    parts.append(FOOT.format(len(present), *held))
    return "".join(parts)


def document_of(clause: Clause) -> str:
    """The document in which a clause stands."""
    return clause.place.partition(":")[0]


def row(clause: Clause, cells: list[list[str]]) -> str:
    """One line of a table."""
    return f"| {clause.id} | {clause.keyword} | {' | '.join(', '.join(names(cell)) for cell in cells)} |\n"


def names(paths: list[str]) -> list[str]:
    """Files as a reader of a narrow column wants them: without the ending that they all have."""
    return [str(Path(path).with_suffix("")) for path in paths]
