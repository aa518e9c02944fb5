"""The one layout of a program: `format` writes the same tokens and comments again, placed by rule.

Formatting works on tokens, not on the tree: no token is added, dropped or moved, so the tree and the IR stay what they
were, and every comment stays beside the token it stood beside. The line breaks are chosen by format_layout.py from the
tokens alone, which is why formatting twice changes nothing. What it normalises: blanks, line ends, runs of empty lines,
and full-width signs, which become the plain ones that both surfaces use.

It must not know names, types or rules, nor touch a disk.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from contracts_dsl.diagnostics import Diagnostic
from contracts_dsl.format_layout import Breaks, Piece, layout, spaced
from contracts_dsl.lexer import ESCAPE_MARKS, Language, Tokens, tokenize, words
from contracts_dsl.parse import parse
from contracts_dsl.source import Source, width

_PLAIN_SIGNS = {
    "_S": ";", "_C": ":", "_K": ",", "_P": "(", "_Q": ")", "_L": "{", "_R": "}", "OPT": "?",
}  # fmt: skip


@frozen
class Formatted:
    """The text in its one layout; or why it has none, and then `text` is as it came."""

    text: str
    diagnostics: tuple[Diagnostic, ...] = ()


def format(name: str, data: bytes) -> Formatted:
    """The program in its one layout. Never raises: a file that cannot be read comes back with its diagnostics."""
    parsed = parse(name, data)
    if parsed.diagnostics:
        return Formatted(parsed.source.text, parsed.diagnostics)
    tokens = tokenize(parsed.source)
    text = "\n".join(_lines(_pieces(tokens))) + "\n"
    again = tokenize(Source(name, text))
    assert _signature(again) == _signature(tokens), "formatting changed a token"
    return Formatted(text)


def _signature(tokens: Tokens) -> list[tuple[str, str]]:
    return [(kind, _canonical(tokens, at)) for at, kind in enumerate(tokens.kinds)]


def _canonical(tokens: Tokens, index: int) -> str:
    """A token in its usual form: plain signs, straight quotes where the text allows them."""
    kind, text = tokens.kinds[index], tokens.text(index)
    if kind == "STRING" and '"' not in text:
        return f'"{text[1:-1]}"'
    return _PLAIN_SIGNS.get(kind, text)


def _pieces(tokens: Tokens) -> list[Piece]:
    """The tokens with what stands between them: the comment behind each, and the comments and empty lines before it."""
    text, done = tokens.source.text, 0
    pieces: list[Piece] = []
    for index, kind in enumerate(tokens.kinds):
        gap = text[done : tokens.starts[index]].split("\n")
        if kind == "$END":
            gap.append("")  # the end stands on a line of its own
        if pieces:
            pieces[-1].trailing = _comment(gap[0])
            gap = gap[1:]
        piece = Piece(kind, _canonical(tokens, index), _columns(tokens, index))
        piece.leading = list(_without_runs(_comment(line) for line in gap[:-1]))
        pieces.append(piece)
        done = tokens.ends[index]
    return pieces


def _columns(tokens: Tokens, index: int) -> int:
    """The cells of a token in whichever surface it takes more; a name may be escaped in one of them."""
    kind = tokens.kinds[index]
    languages: tuple[Language, ...] = ("en", "zh")
    if kind in tokens.words.word:
        return max(width(words(language).word[kind]) for language in languages)
    if kind != "NAME":
        return width(_canonical(tokens, index))
    name = tokens.name(index)
    marks = [width("".join(ESCAPE_MARKS[one])) for one in languages if name in words(one).terminal]
    return width(name) + max(marks, default=0)


def _comment(line: str) -> str:
    """The comment on a line, without the blanks around it; empty if there is none."""
    return line.strip()


def _without_runs(lines: Iterator[str]) -> Iterator[str]:
    """Comments and empty lines, of several empty lines one."""
    previous = None
    for line in lines:
        if line or previous != "":
            yield line
        previous = line


def _lines(pieces: list[Piece]) -> Iterator[str]:
    """The lines of the text."""
    breaks = layout(pieces)
    line = ""
    for index, piece in enumerate(pieces):
        leading = _kept(pieces, index, breaks)
        if index in breaks.indents:
            if index:
                yield line
            indent = " " * breaks.indents[index]
            inner = " " * breaks.of_comments(index)
            yield from (f"{inner}{comment}" if comment else "" for comment in leading)
            line = indent + piece.text
        else:
            line += (" " if spaced(pieces[index - 1], piece) else "") + piece.text
        if piece.trailing:
            line += f"  {piece.trailing}"


def _kept(pieces: list[Piece], index: int, breaks: Breaks) -> list[str]:
    """What stands before a token: empty lines only between statements, one before a module."""
    leading = list(pieces[index].leading)
    first_of_block = index == 0 or pieces[index - 1].kind == "_L"
    last_of_block = pieces[index].kind in ("_R", "$END")
    if index not in breaks.statements:
        leading = [line for line in leading if line]
    if index in breaks.modules and index and leading[:1] != [""]:
        leading.insert(0, "")
    if first_of_block and leading[:1] == [""]:
        del leading[0]
    if last_of_block and leading[-1:] == [""]:
        del leading[-1]
    return leading
