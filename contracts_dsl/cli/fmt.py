"""`yilian fmt`: files in the one layout, rewritten in place, or only compared with it.

A file is replaced whole or not at all. It must not know what the layout is.
"""

from __future__ import annotations

import difflib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import click

from contracts_dsl.cli.files import UNREADABLE, content
from contracts_dsl.diagnostics import render
from contracts_dsl.format import format
from contracts_dsl.lexer import surface


@click.command("fmt")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--check", "only_check", is_flag=True, help="只列出会改动的文件 · only list what would change")
@click.option("--diff", "only_diff", is_flag=True, help="只显示差异 · only show the difference")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="诊断的语言，默认随文件 · default: the file's own")
def command(paths: tuple[Path, ...], only_check: bool, only_diff: bool, lang: str | None) -> None:
    """统一版式，注释与含义不变 · Lay files out by rule (- for stdin); comments and meaning stay."""
    findings = False
    for path in _files(paths):
        data = _read(path)
        formatted = format(str(path), data)
        for finding in formatted.diagnostics:
            spoken = lang or surface(formatted.text) or "en"
            click.echo(render(finding, spoken) + "\n", err=True)
        changed = formatted.text.encode() != data and not formatted.diagnostics
        findings = findings or bool(formatted.diagnostics) or (changed and (only_check or only_diff))
        if formatted.diagnostics:
            continue
        if only_diff:
            click.echo(_difference(str(path), data, formatted.text), nl=False)
        elif only_check:
            click.echo(str(path)) if changed else None
        elif str(path) == "-":
            sys.stdout.buffer.write(formatted.text.encode())
        elif changed:
            replace(path, formatted.text.encode())
    if findings:
        click.get_current_context().exit(1)


def replace(path: Path, data: bytes) -> None:
    """Put new bytes in the place of a file, at once and with its permissions: a reader sees the old or the new."""
    place = path.resolve()
    try:
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    except OSError as error:
        _unwritable(path, error)
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        written.chmod(place.stat().st_mode & 0o7777 if place.exists() else 0o644)
        written.replace(place)
    except OSError as error:
        written.unlink(missing_ok=True)
        _unwritable(path, error)


def _unwritable(path: Path, error: OSError) -> NoReturn:
    click.echo(f"无法写入 cannot write {path}: {error.strerror or ''}", err=True)
    click.get_current_context().exit(UNREADABLE)
    raise AssertionError("exit does not return")


def _files(paths: tuple[Path, ...]) -> Iterator[Path]:
    """The files that are named, and those of folders that are."""
    for path in paths:
        yield from sorted(path.glob("*.yl")) if path.is_dir() else (path,)


def _read(path: Path) -> bytes:
    return sys.stdin.buffer.read() if str(path) == "-" else content(path)


def _difference(name: str, old: bytes, new: str) -> str:
    before = old.decode("utf-8").splitlines(keepends=True)
    lines = difflib.unified_diff(before, new.splitlines(keepends=True), name, f"{name} (fmt)")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
