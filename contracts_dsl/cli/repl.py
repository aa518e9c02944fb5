"""`yilian repl`: steps a package as they are typed, in the syntax of test steps.

It must not know how a step is done.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from contracts_dsl.cli.play import begun, show, well_formed

_BANNER = {
    "en": "steps as in a test; ? shows every instance; an empty line ends a step over several lines; Ctrl-D ends",
    "zh": "按用例的写法输入步骤；? 显示全部实例；跨行的步骤以空行结束；Ctrl-D 退出",
}


@click.command("repl")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--lang", type=click.Choice(["zh", "en"]), help="输出的语言，默认随文件 · default: the file's own")
def command(path: Path, lang: str | None) -> None:
    """交互地逐步运行合约包 · Step a package as you type; reads a pipe as well."""
    run = begun(well_formed(path, lang), path, lang)
    typing = sys.stdin.isatty()
    if typing:
        click.echo(_BANNER[run.spoken])
    failed, waiting = False, ""
    while line := _line("... " if waiting.strip() else "> "):
        waiting += line
        if waiting.strip() in ("?", "？"):
            click.echo("\n".join(run.describe()))
            waiting = ""
        elif _complete(waiting, line):
            for turn in run.run(waiting):
                show(turn, "" if typing else "> ")
                failed = failed or turn.failed
            waiting = ""
    for turn in run.run(waiting) if waiting.strip() else ():
        show(turn, "> ")
        failed = failed or turn.failed
    if failed and not typing:
        click.get_current_context().exit(1)


def _line(prompt: str) -> str:
    """The next line with its end; empty when there are no more. Only a person is prompted."""
    if sys.stdin.isatty():
        click.echo(prompt, nl=False)
    return sys.stdin.readline()


def _complete(waiting: str, line: str) -> bool:
    """Whether a step has been typed to its end."""
    code = line.split("#")[0].rstrip()
    return bool(waiting.strip()) and (code.endswith((";", "；")) or not line.strip())
