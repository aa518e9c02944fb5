"""Each row of the systems that the project must express is one of A1..E7, and a test of it says so in its name."""

import ast
import re
from collections.abc import Iterator

from tests.house.tree import Function, functions, python_files, shown, syntax

ROWS = {f"{system}{n}" for system, count in zip("ABCDE", (9, 13, 9, 5, 7), strict=True) for n in range(1, count + 1)}


def rows_of(function: Function) -> Iterator[str]:
    """The rows given to `@pytest.mark.system(...)` on a test."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("mark.system"):
            yield from (str(ast.literal_eval(argument)) for argument in decorator.args)


def marked() -> list[tuple[str, str, str]]:
    """(place, name, row) of every marked test."""
    return [
        (shown(path), name, row)
        for path in python_files("tests")
        for name, function in functions(syntax(path))
        for row in rows_of(function)
    ]


def test_every_row_that_a_test_claims_exists_and_stands_in_its_name():
    wrong = [(place, name, row) for place, name, row in marked()
             if row not in ROWS or not re.search(rf"test_(?:[A-E]\d+_)*{row}_", name)]  # fmt: skip
    assert wrong == []


def test_the_rule_sees_the_rows():
    assert {"A2", "B9", "C1"} <= {row for _, _, row in marked()}
    assert len(ROWS) == 43
