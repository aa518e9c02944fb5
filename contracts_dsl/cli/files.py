"""The files of a package on a disk: one flat folder, one file of each pair of surfaces.

This module must not know what is in a file beyond its first word.
"""

from __future__ import annotations

from errno import EACCES, EISDIR, ENOENT, ENOTDIR
from pathlib import Path
from typing import NoReturn

import click

from contracts_dsl.lexer import Language, surface

_REASONS = {
    ENOENT: "不存在 there is no such file", EACCES: "没有权限 no permission", EISDIR: "是文件夹 it is a folder",
    ENOTDIR: "路径中有文件 a file stands in the path",
}  # fmt: skip
UNREADABLE = 3
"""Exit status: a file that cannot be read."""


def package(path: Path, language: str | None) -> list[tuple[str, bytes]]:
    """Name and bytes of every file of the package that a file belongs to, or that a folder is.

    Of a pair `NAME.yl`, `NAME.zh.yl` the one in the surface of the file is taken; for a folder, that of `language`.
    Ends the command with status 3 if something cannot be read.
    """
    chosen: Language = "zh" if language == "zh" else "en"
    folder = path
    if not path.is_dir():
        folder = path.parent
        chosen = surface(content(path).decode("utf-8", "replace")) or chosen
    stems: dict[str, dict[Language, Path]] = {}
    for file in sorted(folder.glob("*.yl")):
        spoken: Language = "zh" if file.name.endswith(".zh.yl") else "en"
        stems.setdefault(file.name.removesuffix(".yl").removesuffix(".zh"), {})[spoken] = file
    files = [pair.get(chosen) or next(iter(pair.values())) for pair in stems.values()]
    if not path.is_dir() and path not in files:
        same = path.name.removesuffix(".yl").removesuffix(".zh")
        files = [file for file in files if file.name.removesuffix(".yl").removesuffix(".zh") != same] + [path]
    if not files:
        fail(str(path), "没有 .yl 文件 there is no .yl file")
    return [(str(file), content(file)) for file in files]


def content(path: Path) -> bytes:
    """The bytes of a file. Ends the command with status 3 if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        fail(str(path), _REASONS.get(error.errno or 0) or error.strerror or type(error).__name__)


def fail(path: str, reason: str) -> NoReturn:
    """Say in both languages what cannot be read, and end with status 3."""
    click.echo(f"无法读取 cannot read {path}: {reason}", err=True)
    click.get_current_context().exit(UNREADABLE)
    raise AssertionError("exit does not return")
