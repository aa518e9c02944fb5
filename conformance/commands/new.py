"""`yilian new node LANGUAGE [DIR]`: a node of a page that understands the wire. Nothing that is there is overwritten.

It must not know the protocol: the templates do.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import click

from conformance.cli import write

TEMPLATES: Final = Path(__file__).parents[1] / "templates"


class Template(NamedTuple):
    """The file of a node, how it is built, and how it is started."""

    file: str
    build: str
    command: str


LANGUAGES: Final[Mapping[str, Template]] = {
    "go": Template("node.go", "go build -o node node.go", "./node"),
    "java": Template("Node.java", "javac Node.java", "java -Xshare:auto -cp . Node"),
    "js": Template("node.js", "node --check node.js", "node node.js"),
    "python": Template("node.py", "python3 -m py_compile node.py", "python3 node.py"),
    "rust": Template("node.rs", "rustc -O -o node node.rs", "./node"),
}


class Occupied(Exception):
    """Something stands where the project would."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.code, self.values = "file.occupied", {"path": str(path)}


@click.group("new")
def command() -> None:
    """Begin something. / 新建。"""


@command.command("node")
@click.argument("language", type=click.Choice(sorted(LANGUAGES)))
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
def node(language: str, folder: Path) -> None:
    """A node that understands the wire. / 能读懂协议的节点。"""
    template = LANGUAGES[language]
    places = {
        TEMPLATES / language / template.file: folder / template.file,
        TEMPLATES / "shared" / "README.md": folder / "README.md",
        TEMPLATES / "shared" / "conform.yml": folder / ".github" / "workflows" / "conform.yml",
        TEMPLATES / "shared" / "yilian.xfail.toml": folder / "yilian.xfail.toml",
    }
    for target in places.values():
        if target.exists():
            raise Occupied(target)
    for source, target in places.items():
        text = source.read_text(encoding="utf-8")
        write(target, text.replace("@BUILD@", template.build).replace("@COMMAND@", template.command))
    there = "" if folder == Path() else f"cd {folder} && "
    click.echo(f"{there}{template.build} && yilian conform --cmd '{template.command}'")
