"""How long a function and a file may be, and how deep they may nest, with a ratchet that may fall and never rise.

Why: what does not fit on a page is not read, it is believed. `ratchet.toml` names the few places that are over the
limit today, each with its present size; making one smaller obliges to lower its number, and no number may be raised.
"""

import ast
import tomllib
from collections.abc import Callable

import pytest

from tests.house.tree import CODE, ROOT, Function, functions, python_files, shown, syntax, text

FUNCTION_LINES = 60
FILE_LINES = 600
NESTING = 3
BOOLEAN_PARAMETERS = 0
# No ratchet lifts anything over these.
CEILING = {"function_lines": 120, "file_lines": 600, "nesting": 5, "boolean_parameters": 20}

BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.AsyncFor, ast.AsyncWith, ast.Match)


def function_lines(function: Function) -> int:
    """Lines from `def` to the end, without the docstring: explaining more is never punished."""
    total = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    return total - ((first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0)


def nesting(body: list[ast.stmt]) -> int:
    """How many blocks lie around the deepest statement; an `elif` is as deep as its `if`."""
    return max((_depth(statement) for statement in body), default=0)


def _depth(statement: ast.stmt) -> int:
    if not isinstance(statement, BLOCKS):
        return 0
    inner = [nesting(branch) for name in ("body", "finalbody") if (branch := getattr(statement, name, None))]
    inner += [nesting(handler.body) for handler in getattr(statement, "handlers", [])]
    inner += [nesting(case.body) for case in getattr(statement, "cases", [])]
    orelse: list[ast.stmt] = getattr(statement, "orelse", [])
    chained = len(orelse) == 1 and isinstance(statement, ast.If) and isinstance(orelse[0], ast.If)
    inner.append(nesting(orelse) - chained)
    return 1 + max(inner)


def boolean_parameters(function: Function) -> int:
    """Parameters that a caller fills with a bare `True` or `False`: not keyword-only and typed or defaulted as bool.

    The flags of a click command are not counted: click passes them by name.
    """
    if any(".command" in ast.unparse(decorator) for decorator in function.decorator_list):
        return 0
    positional = [*function.args.posonlyargs, *function.args.args]
    defaults = dict(zip(reversed(positional), reversed(function.args.defaults), strict=False))
    return sum(
        (isinstance(argument.annotation, ast.Name) and argument.annotation.id == "bool")
        or (isinstance(value := defaults.get(argument), ast.Constant) and isinstance(value.value, bool))
        for argument in positional
    )


def measured_functions(measure: Callable[[Function], int], limit: int, *folders: str) -> dict[str, int]:
    """Every function over the limit, as `path::name` -> its size."""
    return {
        f"{shown(path)}::{name}": size
        for path in python_files(*folders)
        for name, function in functions(syntax(path))
        if (size := measure(function)) > limit
    }


def over_the_limit() -> dict[str, dict[str, int]]:
    """What the tree holds today beyond the limits, in the shape of `ratchet.toml`."""
    return {
        "function_lines": measured_functions(function_lines, FUNCTION_LINES, *CODE),
        "nesting": measured_functions(lambda f: nesting(f.body), NESTING, *CODE),
        "boolean_parameters": measured_functions(
            boolean_parameters, BOOLEAN_PARAMETERS, "refimpl", "contracts_dsl", "conformance"
        ),
        "file_lines": {
            shown(path): lines for path in python_files(*CODE) if (lines := len(text(path).splitlines())) > FILE_LINES
        },
    }


def ratchet() -> dict[str, dict[str, int]]:
    return tomllib.loads((ROOT / "tests/house/ratchet.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("what", CEILING)
def test_nothing_grows_over_its_limit(what):
    allowed = ratchet().get(what, {})
    grown = {
        name: f"{size}, allowed {allowed.get(name, 'the limit')}"
        for name, size in over_the_limit()[what].items()
        if size > min(allowed.get(name, 0), CEILING[what])
    }
    assert not grown, "\n".join(f"{name}: {size}" for name, size in grown.items())


@pytest.mark.parametrize("what", CEILING)
def test_the_ratchet_falls_with_what_it_holds(what):
    today = over_the_limit()[what]
    slack = {
        name: f"now {today.get(name, 'within the limit')}"
        for name, size in ratchet().get(what, {}).items()
        if size > today.get(name, 0)
    }
    assert not slack, "lower these entries of tests/house/ratchet.toml"


DEEP = """
def f(a: bool, b=False, *, c: bool = True):
    '''Two lines

    that do not count.'''
    for x in a:
        if x:
            with b:
                pass
        elif c:
            pass
        else:
            while x:
                try:
                    pass
                finally:
                    pass
"""


def test_the_measures_count_what_a_reader_counts():
    function = syntax_of(DEEP)
    assert function_lines(function) == 13
    assert nesting(function.body) == 4
    assert boolean_parameters(function) == 2


def syntax_of(source: str) -> Function:
    [(_, function)] = functions(ast.parse(source))
    return function
