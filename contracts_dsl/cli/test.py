"""`yilian test`: plays the tests that stand in the files of a package, and tells what they reach.

It must not know how a test is played.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from contracts_dsl.check import Checked, check
from contracts_dsl.cli.check import report as check_report
from contracts_dsl.cli.check import spoken
from contracts_dsl.cli.files import package
from contracts_dsl.coverage import Coverage, as_json, lines, play_watched
from contracts_dsl.diagnostics import render
from contracts_dsl.testing import Outcome, play_all

SCHEMA = "yilian/test/v1"
_WORDS = {
    "en": {"passed": "passed", "failed": "FAILED", "expected": "expected", "got": "got"},
    "zh": {"passed": "通过", "failed": "失败", "expected": "应为", "got": "得到"},
}


@click.command("test")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_data", is_flag=True, help="一个JSON对象 · one JSON object")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="输出的语言，默认随文件 · default: the file's own")
@click.option("--coverage", "with_coverage", is_flag=True, help="用例的覆盖 · what the tests reach, and miss")
def command(path: Path, as_data: bool, lang: str | None, with_coverage: bool) -> None:
    """运行文件中的用例 · Run the tests in the files of a package."""
    checked = check(package(path, lang))
    if checked.errors:
        if as_data:
            click.echo(json.dumps(check_report(checked, lang), ensure_ascii=False))
        for finding in () if as_data else checked.diagnostics:
            click.echo(render(finding, spoken(checked.files, finding, lang)) + "\n")
        click.get_current_context().exit(1)
    coverage = None
    if with_coverage:
        outcomes, coverage = _played(checked, path)
    else:
        outcomes = play_all(checked.program, checked.scenarios)
    if as_data:
        data = {"schema": SCHEMA, "ok": all(one.passed for one in outcomes), "tests": [_data(one) for one in outcomes]}
        data |= {"coverage": as_json(coverage)} if coverage is not None else {}
        click.echo(json.dumps(data, ensure_ascii=False))
    else:
        languages = {one.source.name: one.language for one in checked.files}
        for one in outcomes:
            _show(one, lang or languages[one.scenario.source.name])
        click.echo(f"{sum(one.passed for one in outcomes)}/{len(outcomes)}")
        for line in lines(coverage, lang or next(iter(languages.values()))) if coverage is not None else ():
            click.echo(line)
    if not all(one.passed for one in outcomes):
        click.get_current_context().exit(1)


def _played(checked: Checked, path: Path) -> tuple[list[Outcome], Coverage]:
    """All tests of the package, and what they reach in the file that was named, or in the whole folder."""
    outcomes, coverage = play_watched(checked)
    return outcomes, coverage if path.is_dir() else coverage.within(str(path))


def _data(one: Outcome) -> dict[str, object]:
    line, column = one.scenario.source.position(one.span[0])
    return {
        "title": one.scenario.title, "module": one.scenario.module, "file": one.scenario.source.name, "line": line,
        "column": column, "passed": one.passed, "expected": one.expected, "got": one.got,
    }  # fmt: skip


def _show(one: Outcome, language: str) -> None:
    words = _WORDS[language]
    line, column = one.scenario.source.position(one.span[0])
    place = f"{one.scenario.source.name}:{line}:{column}"
    click.echo(f"{words['passed' if one.passed else 'failed']}  {one.scenario.title}  {place}")
    if not one.passed:
        click.echo(f"    {one.scenario.source.line(line).strip()}")
        click.echo(f"    {words['expected']}: {one.expected}\n    {words['got']}: {one.got}")
