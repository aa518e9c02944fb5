"""The table of systems, made from `tests/systems/rows.toml` and the marks of the tests.

`python -m tests.house.systems --write` writes docs/reference/systems.md; the test command holds it to its sources. A
row without a contract, a module, a scenario or a test has an empty cell, and an empty cell fails.
"""

import argparse
import tomllib
from typing import Any, Final

from tests.house.test_systems import ROWS, marked
from tests.house.tree import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "systems.md"
SOURCE: Final = ROOT / "tests" / "systems" / "rows.toml"
HEAD: Final = """# 系统一览 · The systems, row by row

Five published architectures, and where each of their rows lives: the contract or clauses that rule it, the module, the
story that `yilian run` plays, and a test that `pytest -m system` runs. Made by `python -m tests.house.systems --write`;
do not edit.

| 行 row | 内容 what | 合约 contract | 模块 module | 场景 scenario | 测试 tests |
|---|---|---|---|---|---|
"""


def ordered() -> list[str]:
    """A1 .. E7."""
    return sorted(ROWS, key=lambda row: (row[0], int(row[1:])))


def rows() -> dict[str, Any]:
    """What rows.toml says."""
    return tomllib.loads(SOURCE.read_text(encoding="utf-8"))


def page() -> str:
    """The page as it must stand."""
    told, tests = rows(), marked()
    lines = []
    for row in ordered():
        one = told.get(row, {})
        files = sorted({place.removeprefix("tests/").removesuffix(".py") for place, _, mark in tests if mark == row})
        scenario = one.get("scenario", "")
        played = f"`{scenario}`" if scenario.startswith("make") else f"`yilian run {scenario}`"
        cells = [row, f"{one.get('zh', '')}<br>{one.get('en', '')}", one.get("contract", ""),
                 f"`{one.get('module', '')}`", played, ", ".join(files)]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return HEAD + "\n".join(lines) + "\n"


def main() -> None:
    """Write the page, or say whether it stands."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        raise SystemExit("docs/reference/systems.md is old: python -m tests.house.systems --write")


if __name__ == "__main__":
    main()
