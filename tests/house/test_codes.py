"""Every code that is raised exists, and every code that exists is raised.

Why: a code nobody raises is a promise nobody keeps; a code outside the list is a refusal no implementer can foresee.
That the list and the limits are those of spec/ is held by tests/unit/data/test_spec_files.py.
"""

import ast
import tomllib
from collections.abc import Iterator

from refimpl.data.refusal import Code
from tests.house.tree import PACKAGES, ROOT, python_files, shown, syntax


def codes_used() -> list[tuple[str, str, str]]:
    """(place, kind, code) of every code a package raises: `Refused(Code.X)`, `Refused("area.x")`, `Fault("x.y")`."""
    return [
        (f"{shown(path)}:{line}", kind, code)
        for path in python_files(*PACKAGES)
        for node in ast.walk(syntax(path))
        for line, kind, code in codes_at(node)
    ]


def codes_at(node: ast.AST) -> Iterator[tuple[int, str, str]]:
    """(line, kind, code) if the node names a code."""
    match node:
        case ast.Call(func=function, args=[ast.Constant(value=str(code)), *_], lineno=line):
            name = ast.unparse(function).rpartition(".")[2]
            if name in {"Refused", "refused", "Fault"}:
                yield line, name, code
        case ast.Attribute(value=ast.Name(id="Code"), attr=name, lineno=line) if name.isupper():
            yield line, "Code", name


def test_every_code_that_is_raised_exists():
    from contracts_dsl.refusals import CODES
    from refimpl.shell.messages import SENTENCES

    known = {
        "Code": set(Code.__members__),
        "Fault": set(SENTENCES),
        "Refused": {code.value for code in Code} | set(CODES),
        "refused": {code.value for code in Code} | set(CODES),
    }
    assert [used for used in codes_used() if used[2] not in known[used[1]]] == []


# Codes that only a node of another implementation or a later capability can meet; each with the reason it stands here.
NOT_RAISED: dict[str, str] = {}


def test_every_code_of_the_list_is_raised_somewhere():
    from contracts_dsl.refusals import CODES

    named = {name for _, kind, name in codes_used() if kind == "Code"}
    values = {name for _, kind, name in codes_used() if kind != "Code"}
    told_by_the_language = {f"contract.{code}" for code in CODES} | {f"access.{code}" for code in CODES}
    idle = [code for code in Code if code.name not in named and code.value not in values | told_by_the_language]
    assert {code.value for code in idle} == NOT_RAISED.keys(), " ".join(code.value for code in idle)


def test_the_language_and_the_specification_say_a_refusal_in_the_same_words():
    from contracts_dsl.refusals import CODES

    listed = tomllib.loads((ROOT / "spec/errors.toml").read_text(encoding="utf-8"))
    ours = {code: (listed[area][code]["en"], listed[area][code]["zh"]) for code, (area, _, _) in CODES.items()}
    assert ours == {code: (en, zh) for code, (_, en, zh) in CODES.items()}
