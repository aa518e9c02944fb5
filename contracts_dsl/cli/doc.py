"""`yilian doc`: what a lawyer reads of a package, as one HTML file in both languages.

It must not know what is on the page.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from contracts_dsl.cli.fmt import replace
from contracts_dsl.cli.play import well_formed
from contracts_dsl.document.page import page
from contracts_dsl.lexer import Language


@click.command("doc")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="输出文件 · FILE.html")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="首先显示的语言，默认随文件 · the language shown first")
def command(path: Path, out: Path, lang: str | None) -> None:
    """生成供法律人员阅读的文档 · Write what a lawyer reads: states, duties, deadlines, who reads what."""
    checked = well_formed(path, lang)
    named = [one for one in checked.files if one.source.name == str(path)]
    first = (named or checked.files)[0].language
    language = first if lang is None else cast(Language, lang)
    data = page(checked, [one.source.name for one in named] or None, language).encode()
    replace(out, data)
    click.echo(f"{out}  {len(data)}")
