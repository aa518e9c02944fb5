"""The clauses of the specification, and everything that cites one.

A clause is one paragraph of spec/*.md that begins with its id in bold: `**DAT-003** A node MUST ...`. Code cites it
in a comment, a test by `@pytest.mark.clause("DAT-003")`. This module finds both ends; it must not judge them
(test_clauses.py does).
"""

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from tests.house.tree import PACKAGES, ROOT, Function, files, python_files, shown, syntax, text

AREAS = "NOD|DAT|NET|CON|CTR|APP"
ID = rf"(?:{AREAS})-\d{{3}}|CTR-[A-Z]\d{{1,2}}|INV-[A-Z]\d{{1,2}}"
CITATION = re.compile(rf"\b({ID})\b")
OPENING = re.compile(rf"^(?:[-*] )?\*\*({ID})\*\*\s+(.*)$", re.DOTALL)
LAYERS = ("data", "network", "consensus", "contract", "application")
LEVELS = ("L0", "L1", "L2", "L3", "tool", "institution")
STANDING = re.compile(rf"Layer ({'|'.join(LAYERS)}), level ({'|'.join(LEVELS)})\.")
"""The line below a heading that says of which layer the clauses after it are, and who must keep them."""
KEYWORDS = ("MUST NOT", "MUST", "SHOULD NOT", "SHOULD", "MAY")


@attrs.frozen
class Clause:
    """One normative paragraph: its id, the strongest word of RFC 2119 in it, its text with white space collapsed, its
    place, and its layer and level as spec/00-reading.md explains them, empty where no line before it says."""

    id: str
    keyword: str
    text: str
    place: str
    layer: str = ""
    level: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the text, so that an edited sentence is noticed and a re-wrapped one is not."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@attrs.frozen
class Citation:
    """A place that names a clause."""

    clause: str
    place: str


def keyword_of(sentence: str) -> str:
    """The strongest word of RFC 2119 in a paragraph; a definition or a state of the world has none and binds like
    MUST."""
    return next((word for word in KEYWORDS if re.search(rf"\b{word}\b", sentence)), "MUST")


def clauses_in(content: str, name: str) -> Iterator[Clause]:
    """The clauses of one document. A paragraph ends at an empty line; items of a list are paragraphs."""
    line, standing = 1, ("", "")
    for block in re.split(r"(\n(?:[ \t]*\n)+|\n(?=[-*] \*\*))", content):
        if found := STANDING.fullmatch(block.strip()):
            standing = (found[1], found[2])
        elif found := OPENING.match(block.strip()):
            sentence = " ".join(found[2].split())
            yield Clause(found[1], keyword_of(sentence), sentence, f"{name}:{line}", *standing)
        line += block.count("\n")


def clauses() -> list[Clause]:
    """Every clause of spec/*.md, in reading order."""
    documents = [path for path in files() if path.parent == ROOT / "spec" and path.suffix == ".md"]
    return [clause for path in documents for clause in clauses_in(text(path), shown(path))]


def code_citations() -> list[Citation]:
    """Every id named in the code of the packages: comments, docstrings and values alike."""
    return [
        Citation(found, f"{shown(path)}:{number}")
        for path in python_files(*PACKAGES)
        for number, line in enumerate(text(path).splitlines(), 1)
        for found in CITATION.findall(line)
    ]


def proof_citations() -> list[Citation]:
    """Every id named in spec/proofs: what a proof shows, or whose rules it has for actions."""
    return _named_in([path for path in files() if path.parent == ROOT / "spec" / "proofs" and path.suffix == ".py"])


def model_citations() -> list[Citation]:
    """Every id named in spec/model: what a guard keeps, what an invariant or a scenario shows."""
    home = ROOT / "spec" / "model"
    return _named_in([path for path in files() if home in path.parents and path.suffix in (".qnt", ".tla")])


def _named_in(paths: Iterable[Path]) -> list[Citation]:
    """Every id in these files, line by line."""
    return [
        Citation(found, f"{shown(path)}:{number}")
        for path in paths
        for number, line in enumerate(text(path).splitlines(), 1)
        for found in CITATION.findall(line)
    ]


def test_citations(paths: Iterable[Path] | None = None) -> list[Citation]:
    """Every (clause, test) pair made by `@pytest.mark.clause` on a test, on its class, or by `pytestmark` of its
    module."""
    chosen = python_files("tests", "conformance") if paths is None else paths
    return [citation for path in chosen if "tests/house" not in str(path) for citation in _cited(path)]


test_citations.__test__ = False  # type: ignore[attr-defined]  # a finder, not a test


def _cited(path: Path) -> Iterator[Citation]:
    tree = syntax(path)
    module_marks = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets)
    ]
    yield from _cited_below(tree.body, shown(path) + "::", ids_of(module_marks))


def _cited_below(body: list[ast.stmt], prefix: str, inherited: list[str]) -> Iterator[Citation]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _cited_below(node.body, f"{prefix}{node.name}::", inherited + ids_of(node.decorator_list))
        elif isinstance(node, Function):
            own = ids_of(node.decorator_list)
            if node.name.startswith("test") or own:
                yield from (Citation(clause, prefix + node.name) for clause in dict.fromkeys(inherited + own))
        elif isinstance(node, ast.Assign):  # `TestNode = RuleBasedNode.TestCase` and tables of marked `pytest.param`
            yield from (Citation(clause, prefix.removesuffix("::")) for clause in ids_of([node.value]))


def ids_of(expressions: Iterable[ast.expr]) -> list[str]:
    """The ids given to any `clause(...)` mark within the expressions, those of `pytest.param(marks=...)` included."""
    return [
        str(argument.value)
        for expression in expressions
        for call in ast.walk(expression)
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("mark.clause")
        for argument in call.args
        if isinstance(argument, ast.Constant)
    ]
