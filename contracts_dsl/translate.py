"""One surface to the other, token by token (CTR-L7): words by the table, escapes added or dropped, no more.

Because every word is reserved everywhere and an escape stands only around a reserved word, the map is a bijection:
translating there and back gives the same bytes. This module must not know the grammar.
"""

from __future__ import annotations

from attrs import frozen

from contracts_dsl.diagnostics import Diagnostic
from contracts_dsl.lexer import ESCAPE_MARKS, Language, Tokens, tokenize, words
from contracts_dsl.parse import parse


@frozen
class Translation:
    """The text in the other surface; or why there is none, and then `text` is empty."""

    text: str
    language: Language
    diagnostics: tuple[Diagnostic, ...] = ()


def translate(name: str, data: bytes, to: Language) -> Translation:
    """The same program in the surface `to`; a file that is in it already comes back as it is. Never raises."""
    parsed = parse(name, data)
    if parsed.diagnostics:
        return Translation("", to, parsed.diagnostics)
    if parsed.language == to:
        return Translation(parsed.source.text, to)
    return Translation("".join(_pieces(tokenize(parsed.source), to)), to)


def _pieces(tokens: Tokens, to: Language) -> list[str]:
    target = words(to)
    opening, closing = ESCAPE_MARKS[to]
    text, pieces, done = tokens.source.text, [], 0
    for index, kind in enumerate(tokens.kinds):
        start, end = tokens.starts[index], tokens.ends[index]
        if kind == "NAME":
            name = tokens.name(index)
            piece = f"{opening}{name}{closing}" if name in target.terminal else name
        elif kind in target.word:
            piece = target.word[kind]
        else:
            continue
        pieces += [text[done:start], piece]
        done = end
    pieces.append(text[done:])
    return pieces
