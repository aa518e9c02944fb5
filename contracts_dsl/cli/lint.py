"""`yilian lint`: advice on files of a package, and the changes it asks for where they alter no rule.

It must not know what is advised.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from contracts_dsl.check import Checked, check
from contracts_dsl.cli.check import spoken
from contracts_dsl.cli.files import package
from contracts_dsl.cli.fmt import replace
from contracts_dsl.diagnostics import Diagnostic, as_json, render
from contracts_dsl.lint import Advice, edited, lint

SCHEMA = "yilian/lint/v1"
_ROUNDS_MAX = 10
"""A change may make another possible; this many times is enough for any chain of them a person would write."""


@click.command("lint")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--fix", is_flag=True, help="能机械改的就地改 · make the changes that alter no rule")
@click.option("--allow", multiple=True, metavar="CODE", help="不报此编码，可重复 · leave this code out; repeatable")
@click.option("--json", "as_data", is_flag=True, help="一个JSON对象 · one JSON object")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="输出的语言，默认随文件 · default: the file's own")
def command(paths: tuple[Path, ...], fix: bool, allow: tuple[str, ...], as_data: bool, lang: str | None) -> None:
    """给出建议，从不使检查失败 · Advise on files or folders of a package; `check` never fails for it."""
    fixed: list[Advice] = []
    findings: list[tuple[Checked, Diagnostic]] = []
    for path in paths:
        checked = check(package(path, lang))
        if fix and not checked.errors:
            checked, made = _fix(path, checked, lang)
            fixed += made
        found = checked.errors or tuple(one.finding for one in _wanted(path, checked))
        findings += [(checked, finding) for finding in found if finding.code not in allow]
    told = [(finding, spoken(checked.files, finding, lang)) for checked, finding in findings]
    if as_data:
        data = {
            "schema": SCHEMA, "ok": not told, "fixed": len(fixed),
            "findings": [as_json(finding, language) for finding, language in told],
        }  # fmt: skip
        click.echo(json.dumps(data, ensure_ascii=False))
    else:
        for finding, language in told:
            click.echo(render(finding, language) + "\n")
        click.echo(f"{len(told)}" + (f" (-{len(fixed)})" if fixed else ""))
    if told:
        click.get_current_context().exit(1)


def _wanted(path: Path, checked: Checked) -> list[Advice]:
    """The advice on the file that was named, or on the whole folder."""
    everything = path.is_dir()
    return [one for one in lint(checked.files) if everything or one.finding.source.name == str(path)]


def _fix(path: Path, checked: Checked, lang: str | None) -> tuple[Checked, list[Advice]]:
    """The package after its mechanical changes, and what they settled."""
    fixed: list[Advice] = []
    for _ in range(_ROUNDS_MAX):
        able = [one for one in _wanted(path, checked) if one.edits]
        if not able:
            break
        for source in {one.finding.source.name: one.finding.source for one in able}.values():
            edits = [edit for one in able if one.finding.source.name == source.name for edit in one.edits]
            replace(Path(source.name), edited(source.text, edits).encode())
        fixed += able
        checked = check(package(path, lang))
    return checked, fixed
