"""Bytes -> tokens: the lexical rules CTR-L1 to CTR-L6 of both surfaces.

The lexer is one regular expression and a table of words. It knows no parser state: a word of the surface is reserved
everywhere, which is what makes translation between the surfaces a bijection. It never stops: what it cannot read
becomes a diagnostic and an `ERROR` token, so that one run reports every such place.

It must not know the grammar, nor what a name refers to.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal

from attrs import field, frozen

from contracts_dsl.diagnostics import Diagnostic, Written
from contracts_dsl.lexer_names import NAME
from contracts_dsl.limits import DIGITS_MAX, NAME_CHARACTERS_MAX, SOURCE_BYTES_MAX
from contracts_dsl.source import Source

Language = Literal["en", "zh"]
OTHER: Mapping[Language, Language] = {"en": "zh", "zh": "en"}
MODULE_WORDS = ("SCHEMA", "CONTRACT", "POLICY")


_TOKEN = re.compile(
    r"(?:[ \t\r\n\u3000]++|\#[^\n]*+)*+(?:"
    rf"({NAME})"  # 1 a name or a word
    r"|(?:([;；])|([:：])|([,，])|([(（])|([)）])|([{｛])|([}｝])"  # 2..8
    r"|([=!<>]=|[<>])|(=)|(\.\.)|(\.)|([+\-])|(\*)|([?？]))"  # 9..15
    r"|([0-9]+(?:\.[0-9]{1,2})?%)|([0-9]+\.[0-9]{2}(?![0-9]))|([0-9]+)"  # 16..18
    r"|(\"[^\"\n]*\"|“[^”\n]*”)|(`[^`\n]*`|「[^」\n]*」)"  # 19, 20 an escaped name
    r"|([\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]+|.)"  # 21 nothing of ours
    r"|\Z)",
    re.DOTALL,
)
_KINDS = (
    "", "NAME", "_S", "_C", "_K", "_P", "_Q", "_L", "_R", "CMP", "_E", "RANGE", "_D", "PM", "STAR", "OPT",
    "PERCENT", "DEC", "INT", "STRING", "ESCAPED", "ERROR",
)  # fmt: skip
ESCAPE_MARKS: Mapping[Language, tuple[str, str]] = {"en": ("`", "`"), "zh": ("「", "」")}
"""What stands around an escaped name in each surface (CTR-L3)."""
_FULL_WIDTH = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_FULL_STOPS = "。．｡"
_NAME_CHARACTER = re.compile(r"[A-Za-z0-9_\u4e00-\u9fff`「」]")


@frozen
class Words:
    """The reserved words of one surface."""

    language: Language
    terminal: Mapping[str, str]
    """Word to terminal."""
    word: Mapping[str, str]
    """Terminal to word."""


@frozen
class Tokens:
    """The tokens of a file as parallel lists: terminal, start and end offset. The last one is `$END`."""

    source: Source
    words: Words
    kinds: list[str]
    starts: list[int]
    ends: list[int]
    diagnostics: list[Diagnostic] = field(factory=list)

    def text(self, index: int) -> str:
        """The text of a token as written."""
        return self.source.text[self.starts[index] : self.ends[index]]

    def name(self, index: int) -> str:
        """The name that a NAME token stands for: as written, or without the escape (CTR-L3)."""
        text = self.text(index)
        return text[1:-1] if text[:1] in "`「" else text


@cache
def words(language: Language) -> Words:
    """The reserved words of a surface, from keywords.toml."""
    groups = tomllib.loads(resources.files("contracts_dsl").joinpath("keywords.toml").read_text("utf-8"))
    column = 0 if language == "en" else 1
    pairs = {terminal: pair[column] for group in groups.values() for terminal, pair in group.items()}
    return Words(language, {word: terminal for terminal, word in pairs.items()}, pairs)


def surface(text: str) -> Language | None:
    """The surface of a text: that of its first word (CTR-L6). None if that word begins no module."""
    match = _TOKEN.match(text)
    if match is None or match.lastindex != 1:
        return None
    languages: tuple[Language, ...] = ("en", "zh")
    return next((lang for lang in languages if words(lang).terminal.get(match[1]) in MODULE_WORDS), None)


def read(name: str, data: bytes) -> tuple[Source, list[Diagnostic]]:
    """The text of a file (CTR-L1), and what makes it unreadable: then nothing further is worth looking at."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        good = data[: error.start].decode("utf-8")
        source = Source(name, good)
        return source, [Diagnostic("E001", source, (len(good), len(good)), {"what": "@not_utf8"})]
    source = Source(name, text)
    if len(data) > SOURCE_BYTES_MAX:
        return source, [_over(source, (0, 0), "source_bytes", SOURCE_BYTES_MAX)]
    for character, what in (("\ufeff", "@byte_order_mark"), ("\0", "@zero_byte")):
        at = text.find(character)
        if at >= 0:
            return source, [Diagnostic("E001", source, (at, at + 1), {"what": what})]
    if not unicodedata.is_normalized("NFC", text):
        return source, [_not_nfc(source)]
    return source, []


def _over(source: Source, span: tuple[int, int], limit: str, maximum: int) -> Diagnostic:
    return Diagnostic("E003", source, span, {"limit": limit, "max": maximum})


def _not_nfc(source: Source) -> Diagnostic:
    """E002, at the first line that changes under normalisation."""
    for number, start in enumerate(source.line_starts, 1):
        line = source.line(number)
        normal = unicodedata.normalize("NFC", line)
        if line != normal:
            at = next((i for i, (a, b) in enumerate(zip(line, normal, strict=False)) if a != b), len(normal))
            return Diagnostic("E002", source, (start + at, start + at + 1), {"fixed": normal.strip()})
    return Diagnostic("E002", source, (0, 0), {"fixed": ""})


def tokenize(source: Source) -> Tokens:
    """The tokens of a readable source. A text that begins no module is E004 and has only its end."""
    language = surface(source.text)
    if language is None:
        at = _first_word(source.text)
        no_module = Diagnostic("E004", source, at, {"got": Written(source.text[slice(*at)]) or "@the_end"})
        return Tokens(source, words("en"), ["$END"], [len(source.text)], [len(source.text)], [no_module])
    tokens = Tokens(source, words(language), [], [], [])
    kinds, starts, ends, terminal = tokens.kinds, tokens.starts, tokens.ends, tokens.words.terminal
    for match in _TOKEN.finditer(source.text):
        group = match.lastindex
        if group is None:
            continue
        start, end = match.span(group)
        kind = _KINDS[group]
        if group == 1:
            kind = terminal.get(match[1], "NAME")  # CTR-L2, CTR-L4: a whole token, wherever it stands
            if end - start > NAME_CHARACTERS_MAX:
                tokens.diagnostics.append(_over(source, (start, end), "name_characters", NAME_CHARACTERS_MAX))
        elif group >= 16:
            kind = _literal(tokens, kind, start, end)
        kinds.append(kind)
        starts.append(start)
        ends.append(end)
    kinds.append("$END")
    starts.append(len(source.text))
    ends.append(len(source.text))
    return tokens


def _first_word(text: str) -> tuple[int, int]:
    match = _TOKEN.match(text)
    if match is None or match.lastindex is None:
        return len(text), len(text)
    return match.span(match.lastindex)


def _literal(tokens: Tokens, kind: str, start: int, end: int) -> str:
    """The kind of a number, string, escape or stray character, noting what is wrong with it."""
    text = tokens.source.text[start:end]
    if kind == "ESCAPED":
        _check_escape(tokens, text, start, end)
        return "NAME"
    if kind == "ERROR":
        tokens.diagnostics.append(_stray(tokens.source, text, start, end))
        return _meant(text)
    if kind in ("INT", "DEC", "PERCENT") and len(text) > DIGITS_MAX:
        tokens.diagnostics.append(_over(tokens.source, (start, end), "digits", DIGITS_MAX))
    return kind


def _check_escape(tokens: Tokens, text: str, start: int, end: int) -> None:
    """E110: an escape stands only around a reserved word of its own surface, in its own marks, apart from other words.

    Otherwise two texts of one surface would have the same translation, and CTR-L7 would fail.
    """
    language, inner = tokens.words.language, text[1:-1]
    whole = tokens.source.text
    if inner not in tokens.words.terminal or (text[0], text[-1]) != ESCAPE_MARKS[language]:
        tokens.diagnostics.append(Diagnostic("E110", tokens.source, (start, end), {"name": inner}))
        return
    left, right = _edge(whole, start, -1), _edge(whole, end, 1)
    if (left, right) != (start, end):
        fix = " ".join(filter(None, (whole[left:start], text, whole[end:right])))
        values = {"name": whole[left:right], "word": inner, "fix": fix}
        tokens.diagnostics.append(Diagnostic("E103", tokens.source, (start, end), values))


def _edge(text: str, at: int, step: int) -> int:
    """How far the characters of names go from a place, to the left (-1) or to the right (1)."""
    nearest = at if step > 0 else at - 1
    for place in range(nearest, nearest + step * NAME_CHARACTERS_MAX, step):
        if not 0 <= place < len(text) or not _NAME_CHARACTER.match(text[place]):
            return place if step > 0 else place + 1
    return at + step * NAME_CHARACTERS_MAX


def _meant(text: str) -> str:
    """The kind of token that a stray text was meant to be, so that reading can go on."""
    if text in _FULL_STOPS:
        return "_S"
    plain = "".join(_FULL_WIDTH.get(one, one) for one in text)
    match = _TOKEN.fullmatch(plain)
    kind = _KINDS[match.lastindex or 0] if match is not None else "ERROR"
    return kind if kind in ("NAME", "INT", "_E", "CMP", "PM", "STAR") else "ERROR"


def _stray(source: Source, text: str, start: int, end: int) -> Diagnostic:
    """What a character that begins no token most likely means."""
    span = (start, end)
    if text in _FULL_STOPS:
        return Diagnostic("E107", source, span, {"got": text})
    if text[0] in _FULL_WIDTH:  # CTR-L5
        return Diagnostic("E105", source, span, {"got": text, "fix": "".join(_FULL_WIDTH[one] for one in text)})
    if text in "/×÷":
        return Diagnostic("E109", source, span, {"got": text})
    return Diagnostic("E112", source, span, {"where": "@file", "expected": "@a_word", "got": Written(text)})
