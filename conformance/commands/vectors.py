"""`yilian vectors export DIR | check DIR`: the published vectors and schemas, with their sums, out of the package.

It must not know what a case means.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

import click

from conformance.cli import must_be_writable, write
from conformance.conform.vectors import FOLDER
from conformance.standard import place

SUMS: Final = "SHA256SUMS"
BESIDE: Final = ("errors.toml", "limits.toml", "ir.schema.json", "node.schema.json", "wire.schema.json")
REQUIRED: Final = {"id", "kind", "level", "clauses", "input", "expect", "why"}
UNUSABLE: Final = 3


@click.group("vectors")
def command() -> None:
    """The published vectors. / 已发布的测试向量。"""


@command.command("export")
@click.argument("folder", type=click.Path(path_type=Path))
def export(folder: Path) -> None:
    """Write all vectors and schemas to a new folder. / 导出全部向量与模式。"""
    if folder.exists() and any(folder.iterdir()):
        raise click.BadParameter(f"{folder}: not empty / 目录非空")
    must_be_writable(folder)
    texts = dict(_all())
    for name, text in texts.items():
        write(folder / name, text)
    write(folder / SUMS, sums(texts))
    cases = sum(text.count("\n") - 1 for name, text in texts.items() if name.endswith(".jsonl"))
    click.echo(f"{len(texts)} files, {cases} cases")


@command.command("check")
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_context
def check(context: click.Context, folder: Path) -> None:
    """Hold exported vectors against their sums and form. / 核对已导出的向量。"""
    listed = folder / SUMS
    if not listed.is_file():
        raise click.BadParameter(f"{folder}: no {SUMS} / 缺少 {SUMS}")
    wrong = list(faults(folder, listed.read_text(encoding="utf-8")))
    for fault in wrong:
        click.echo(fault)
    if wrong:
        context.exit(UNUSABLE)
    click.echo(f"{len(listed.read_text(encoding='utf-8').splitlines())} files")


def _all() -> Iterator[tuple[str, str]]:
    """Name -> text of everything that is exported."""
    for path in sorted(FOLDER.glob("*/*.jsonl")):
        yield f"v1/{path.parent.name}/{path.name}", path.read_text(encoding="utf-8")
    yield "README.md", (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    for name in BESIDE:
        yield name, (place() / name).read_text(encoding="utf-8")


def sums(texts: dict[str, str]) -> str:
    """A line a file, as `sha256sum --check` reads it."""
    return "".join(f"{sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(texts.items()))


def faults(folder: Path, listed: str) -> Iterator[str]:
    """What does not hold: a sum, a file that is missing, a case without its form."""
    for line in listed.splitlines():
        digest, _, name = line.partition("  ")
        path = folder / name
        if not path.is_file():
            yield f"{name}: missing"
        elif sha256(path.read_bytes()).hexdigest() != digest:
            yield f"{name}: another SHA-256 than {digest[:16]}.."
        elif name.endswith(".jsonl"):
            yield from _form(name, path.read_text(encoding="utf-8"))


def _form(name: str, text: str) -> Iterator[str]:
    head, *lines = text.splitlines()
    if "_info" not in json.loads(head):
        yield f"{name}:1: no _info"
    for number, line in enumerate(lines, 2):
        missing = REQUIRED - json.loads(line).keys()
        if missing:
            yield f"{name}:{number}: {', '.join(sorted(missing))} missing"
