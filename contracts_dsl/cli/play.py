"""`yilian play`: steps a package from a seed or a script, and shows after each step what has changed.

The seed is printed first, so that whatever was seen can be seen again. It must not know how a step is chosen or done.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from contracts_dsl.check import Checked, check
from contracts_dsl.cli.check import spoken
from contracts_dsl.cli.files import content, package
from contracts_dsl.diagnostics import render
from contracts_dsl.lexer import Language
from contracts_dsl.play import Session, Turn, session
from contracts_dsl.wander import Draw, Wanderer

_STOPPED = {
    "en": "nothing more was found that the rules allow to the `given` members; more members may help, or a script",
    "zh": "未再找到规则允许“已知”成员所做之事；可增加成员，或使用脚本",
}


@click.command("play")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--seed", type=click.IntRange(0, 2**53 - 1), default=1, help="种子 · the seed of the walk")
@click.option("--steps", type=click.IntRange(1, 10_000), default=20, help="步数 · how many steps")
@click.option("--script", type=click.Path(path_type=Path, allow_dash=True), help="步骤文件 · play these steps instead")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="输出的语言，默认随文件 · default: the file's own")
def command(path: Path, seed: int, steps: int, script: Path | None, lang: str | None) -> None:
    """按种子或脚本逐步运行合约包 · Step a package by a seed or a script; shows what each step changes."""
    checked = well_formed(path, lang)
    run = begun(checked, path, lang)
    if script is not None:
        data = sys.stdin.buffer.read() if str(script) == "-" else content(script)
        failed = False
        for number, turn in enumerate(run.run(data.decode("utf-8", "replace")), 1):
            show(turn, f"{number}  ")
            failed = failed or turn.failed
        if failed:
            click.get_current_context().exit(1)
        return
    click.echo(f"seed {seed}")
    wanderer = Wanderer(run, Draw(seed), _of(path, checked))
    number = 0
    for number, turn in enumerate(wanderer.steps(steps), 1):
        show(turn, f"{number}  ")
    if number < steps:
        click.echo(_STOPPED[run.spoken], err=True)


def well_formed(path: Path, lang: str | None) -> Checked:
    """The package of a file or folder; with errors they are shown, and the command ends with status 1."""
    checked = check(package(path, lang))
    if checked.errors:
        for finding in checked.diagnostics:
            click.echo(render(finding, spoken(checked.files, finding, lang)) + "\n", err=True)
        click.get_current_context().exit(1)
    return checked


def begun(checked: Checked, path: Path, lang: str | None) -> Session:
    """A session that reads steps in the surface of the file that was named, or of the folder's first file."""
    named = [one.language for one in checked.files if one.source.name == str(path)]
    language: Language = named[0] if named else checked.files[0].language
    found = session(checked, language)
    if lang is not None:
        found.spoken = "zh" if lang == "zh" else "en"
    return found


def show(turn: Turn, prefix: str) -> None:
    """A step and, indented, what came of it."""
    click.echo(f"{prefix}{turn.text}")
    for line in turn.lines:
        click.echo(f"     {line}")


def _of(path: Path, checked: Checked) -> frozenset[str]:
    """The contracts of the file and those they refer to; of a folder, all."""
    program = checked.program
    if path.is_dir():
        return frozenset(program.contracts)
    wanted = [
        module.name.text
        for one in checked.files if one.source.name == str(path) for module in one.modules
    ]  # fmt: skip
    found: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in found:
            found.add(name)
            module = program.contracts[name].module if name in program.contracts else program.policies.get(name)
            wanted += module.uses if module is not None else ()
    return frozenset(found & program.contracts.keys())
