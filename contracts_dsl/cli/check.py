"""`yilian check`: is a package well formed? All diagnostics, or the digests of its modules.

It must not know how anything is checked.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from contracts_dsl import ir
from contracts_dsl.bounds import bounds
from contracts_dsl.check import Checked, check
from contracts_dsl.cli.files import package
from contracts_dsl.diagnostics import Diagnostic, as_json, render
from contracts_dsl.parse import Parsed

SCHEMA = "yilian/check/v1"


@click.command("check")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_data", is_flag=True, help="一个JSON对象 · one JSON object")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="诊断的语言，默认随文件 · default: the file's own")
@click.option("--bounds", "with_bounds", is_flag=True, help="每个行为的成本上限 · the cost bound of every action")
@click.option("--ir", "with_ir", is_flag=True, help="输出规范IR，每行一个模块 · the canonical IR, one module a line")
def command(path: Path, as_data: bool, lang: str | None, with_bounds: bool, with_ir: bool) -> None:
    """检查合约包（文件或其所在文件夹）· Check a package: a file with its folder, or a folder."""
    checked = check(package(path, lang))
    if as_data:
        click.echo(json.dumps(report(checked, lang), ensure_ascii=False))
    elif checked.errors:
        for finding in checked.diagnostics:
            click.echo(render(finding, spoken(checked.files, finding, lang)) + "\n")
    elif with_ir:
        for module in checked.modules:
            click.echo(ir.encode(module))
    else:
        _show(checked, with_bounds=with_bounds)
    if checked.errors:
        click.get_current_context().exit(1)


def spoken(files: tuple[Parsed, ...], finding: Diagnostic, lang: str | None) -> str:
    """The language of a message: the one asked for, else that of the file."""
    homes = [one.language for one in files if one.source.name == finding.source.name]
    return lang or (homes[0] if homes else "en")


def report(checked: Checked, lang: str | None) -> dict[str, object]:
    """What `--json` prints."""
    return {
        "schema": SCHEMA,
        "ok": not checked.errors,
        "files": [one.source.name for one in checked.files],
        "modules": [
            {
                "kind": type(module).__name__.lower(),
                "name": module.name,
                "version": module.version,
                "digest": ir.digest(module),
                "source": checked.source_digests[module.name],
            }
            for module in checked.modules
        ],
        "bounds": [[one.module, one.state, one.action, one.cost] for one in bounds(checked.program)],
        "diagnostics": [as_json(one, spoken(checked.files, one, lang)) for one in checked.diagnostics],
    }


def _show(checked: Checked, *, with_bounds: bool) -> None:
    for module in checked.modules:
        kind = type(module).__name__.lower()
        click.echo(f"{kind:9} {module.name} {module.version}  {ir.digest(module)}")
    if with_bounds:
        for one in bounds(checked.program):
            click.echo(f"{one.cost:8}  {one.module} {one.state or '-'} {one.action}")
