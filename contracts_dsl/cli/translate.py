"""`yilian translate`: a file in the other surface, on stdout, byte for byte reversible.

It must not know how.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import click

from contracts_dsl.cli.files import content
from contracts_dsl.diagnostics import render
from contracts_dsl.lexer import Language, surface
from contracts_dsl.translate import translate


@click.command("translate")
@click.argument("path", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--to", required=True, type=click.Choice(["zh", "en"]), help="目标语言 · the surface to translate to")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="诊断的语言，默认随文件 · default: the file's own")
def command(path: Path, to: str, lang: str | None) -> None:
    """中英互译，逐字节可逆 · Translate a file (or - for stdin) to the other surface."""
    data = sys.stdin.buffer.read() if str(path) == "-" else content(path)
    translation = translate(str(path), data, cast(Language, to))
    if translation.diagnostics:
        for finding in translation.diagnostics:
            spoken = lang or surface(finding.source.text) or to
            click.echo(render(finding, spoken) + "\n", err=True)
        click.get_current_context().exit(1)
    sys.stdout.buffer.write(translation.text.encode())
