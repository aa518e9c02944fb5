"""Reading programs: the parser beside lark on the same grammar, and `yilian check` beside Python that does nothing.

The text is the library as it stands, tests and comments included; one file of it is small enough to be typed. The
parser's values are syntax nodes with their places; lark's are bare trees of tokens.
"""

import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

from lark import Lark

from bench.measure import Contender, Contest, Method, Unequal
from contracts_dsl.lexer import words
from contracts_dsl.parse import parse

LIBRARY = Path(str(files("contracts_dsl").joinpath("library")))
TERMINALS = r"""
CMP: "==" | "!=" | "<=" | ">=" | "<" | ">"
PM: "+" | "-"
STAR: "*"
RANGE: ".."
OPT: "?"
_S: ";"
_C: ":"
_K: ","
_P: "("
_Q: ")"
_L: "{"
_R: "}"
_E: "="
_D: "."
NAME: /[A-Za-z_\u4e00-\u9fff][A-Za-z0-9_\u4e00-\u9fff]*|`[^`\n]+`/
INT: /[0-9]+/
DEC: /[0-9]+\.[0-9]{2}/
PERCENT: /[0-9]+(\.[0-9]{1,2})?%/
STRING: /"[^"\n]*"/
%ignore /#[^\n]*/
%ignore /[ \t\r\n]+/
"""


def plain_lark() -> Lark:
    """Lark on our grammar, its terminals written out, making trees without places."""
    grammar = files("contracts_dsl").joinpath("grammar.lark").read_text("utf-8")
    rules = "\n".join(line for line in grammar.splitlines() if not line.startswith("%declare"))
    reserved = "\n".join(f'{terminal}: "{word}"' for terminal, word in words("en").word.items())
    return Lark(rules + TERMINALS + reserved, parser="lalr", lexer="basic")


def programs() -> list[tuple[str, bytes]]:
    """The library in English."""
    return [(path.name, path.read_bytes()) for path in sorted(LIBRARY.glob("*.yl")) if ".zh." not in path.name]


def reading(method: Method) -> Contest:
    """Lines a second through the parser, with the place of every node."""
    given = programs()
    texts, lines = [data.decode() for _, data in given], sum(data.count(b"\n") for _, data in given)
    lark = plain_lark()

    def prove() -> None:
        for name, data in given:
            ours, theirs = parse(name, data), lark.parse(data.decode())
            modules = sum(1 for child in theirs.children if getattr(child, "data", "") == "module")
            if ours.diagnostics or len(ours.modules) != modules:
                raise Unequal(f"{name} is read differently")

    return Contest(
        "lines",
        (
            Contender("parse, with places", lambda: [parse(name, data) for name, data in given], lines),
            Contender("lark, plain tree", lambda: [lark.parse(text) for text in texts], lines),
        ),
        "lark's LALR parser on the same grammar, making trees without places", prove, gate=0.85,
        note="guide: at least 15,000 lines a second", counts={"lines": lines, "files": len(given)},
    )  # fmt: skip


def checking(method: Method) -> Contest:
    """`yilian check` on a package of about a hundred lines, from nothing to its end."""
    text = b"\n".join((LIBRARY / name).read_bytes() for name in ("alliance.yl", "sharing.yl"))

    def run(*given: str) -> Any:
        with tempfile.TemporaryDirectory(prefix="yilian-bench-") as folder:
            Path(folder, "loan.yl").write_bytes(text)
            return subprocess.run([sys.executable, *given], check=True, capture_output=True, cwd=folder)

    def prove() -> None:
        if b"Loan 1" not in run("-m", "refimpl", "check", "loan.yl").stdout:
            raise Unequal("the program was not checked")

    return Contest(
        "processes",
        (
            Contender("yilian check", lambda: run("-m", "refimpl", "check", "loan.yl")),
            Contender("python -c pass", lambda: run("-c", "pass")),
        ),
        "the interpreter alone", prove, gate=1 / 14, counts={"lines": text.count(b"\n")},
        note="gate: at most 14 times `python -c pass`; guide: at most 150 ms",
    )  # fmt: skip


ITEMS = {"language.parse": reading, "language.check": checking}
