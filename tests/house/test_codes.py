"""Refusal codes and limits stand in spec/ for every language and in the code as constants; the two are equal, and
both are used.

Why constants at all: the core reads no file. Why a test: an implementer in another language trusts the file.
"""

import ast
import re
import string
import tomllib
from collections.abc import Iterator
from types import ModuleType

import pytest

import contracts_dsl.limits
import refimpl.data.limits
from refimpl.data.refusal import Code
from tests.house.tree import PACKAGES, ROOT, python_files, shown, syntax

SPEC = ROOT / "spec"


def table(name: str) -> dict[str, object]:
    """A file of spec/ as data."""
    return tomllib.loads((SPEC / name).read_text(encoding="utf-8"))


def entries(branch: dict[str, object], prefix: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """(code, entry) of every table with texts, in the order of the file."""
    for key, value in branch.items():
        if isinstance(value, dict) and "en" in value:
            yield prefix + key, value
        elif isinstance(value, dict):
            yield from entries(value, f"{prefix}{key}.")


def errors() -> dict[str, dict[str, str]]:
    return dict(entries(table("errors.toml")))


def limits() -> dict[str, int]:
    """`SECTION_KEY` -> value, of spec/limits.toml."""
    return {
        f"{section}_{key}".upper(): value
        for section, members in table("limits.toml").items()
        if isinstance(members, dict)
        for key, value in members.items()
        if isinstance(value, int)
    }


def test_the_codes_of_the_reference_are_those_of_the_specification_in_its_order():
    assert [code.value for code in Code] == list(errors())


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_code_has_both_languages_with_the_same_values():
    for code, entry in errors().items():
        english, chinese = (placeholders(entry[language]) for language in ("en", "zh"))
        assert english == chinese, code
        assert re.search("[\u4e00-\u9fff]", entry["zh"]), code
        assert not re.search("[\u4e00-\u9fff]", entry["en"]), code


def constants(module: ModuleType) -> dict[str, int]:
    """The public whole numbers of a module."""
    return {name: value for name, value in vars(module).items() if name.isupper() and isinstance(value, int)}


def test_the_limits_of_the_code_are_those_of_the_specification():
    """`S_K` is the key `k` of section `s`; the language's `K_MAX` is the key `k` of section `contract`."""
    language = {f"CONTRACT_{name.removesuffix('_MAX')}": n for name, n in constants(contracts_dsl.limits).items()}
    assert constants(refimpl.data.limits) | language == limits()


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
    assert [code.value for code in idle] == list(NOT_RAISED)


@pytest.mark.parametrize("file", ["errors.toml", "limits.toml"])
def test_the_files_of_the_specification_are_read_by_any_toml_reader(file):
    assert table(file)
