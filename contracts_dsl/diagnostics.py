"""What is wrong with a program, as data, and how it is said.

A diagnostic is a code, a place and values; the words are in messages.toml, in English and Chinese, and are read only
when something has to be said. Codes are the same in both languages. This module must not know how a fault is found.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources

from attrs import field, frozen

from contracts_dsl.source import Source, Span, width
from contracts_dsl.typesystem import Type

Values = Mapping[str, object]


class Written(str):
    """A piece of a program as it is written, which a message shows in quotation marks."""

    __slots__ = ()


@frozen
class Diagnostic:
    """One finding. `code` is `Ennn` for an error, `Wnnn` for advice that never makes a check fail."""

    code: str
    source: Source
    span: Span
    values: Values = field(factory=dict)
    """What the text needs: plain data, types, pieces of the program; `@x` is the phrase x of messages.toml."""

    @property
    def is_error(self) -> bool:
        """Whether the program is refused because of it."""
        return self.code.startswith("E")


@cache
def _catalogue() -> dict[str, dict[str, list[str]]]:
    text = resources.files("contracts_dsl").joinpath("messages.toml").read_text("utf-8")
    return tomllib.loads(text)


def codes() -> tuple[str, ...]:
    """Every diagnostic code, in order."""
    return tuple(sorted(key for key in _catalogue() if key != "phrases"))


def phrase(key: str, language: str) -> str:
    """A phrase of the catalogue, such as the name of a kind of token."""
    return _catalogue()["phrases"][key][language == "zh"]


def say(code: str, part: str, language: str, values: Values) -> str:
    """One part (`title`, `text`, `help`) of a code's message, filled with values; empty if the code has none."""
    entry = _catalogue()[code].get(part)
    if entry is None or (part == "help" and values.get("near") == "-"):
        return ""
    return entry[language == "zh"].format_map({key: _shown(value, language) for key, value in values.items()})


def _shown(value: object, language: str) -> str:
    if isinstance(value, Type):
        return type_in_words(value, language)
    if isinstance(value, Written):
        return f"“{value}”" if language == "zh" else f"`{value}`"
    if isinstance(value, str):
        # A sign `@` may also come from the text itself.
        known = value.startswith("@") and value[1:] in _catalogue()["phrases"]
        return phrase(value[1:], language) if known else value
    if isinstance(value, Iterable):
        return phrase("or", language).join(_shown(one, language) for one in value) or "-"
    return str(value)


def type_in_words(kind: Type, language: str) -> str:
    """A type in the words of a surface; the range of a literal is the literal."""
    if kind.kind == "int" and kind.low == kind.high:
        return f"{phrase('the_number', language)}{kind.low}"
    name = phrase("type_purpose", language) if kind.name == "purpose" else kind.name
    if kind.kind == "set":
        text = f"{{{name}}}"
    elif kind.kind == "int":
        text = f"{phrase('type_int', language)} {kind.low}..{kind.high}"
    else:
        text = " ".join(filter(None, (phrase(f"type_{kind.kind}", language), name)))
    return f"{text}?" if kind.optional else text


def ordered(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """By file, place and code; the same finding once."""
    seen: dict[tuple[str, Span, str], Diagnostic] = {}
    for finding in diagnostics:
        seen.setdefault((finding.source.name, finding.span, finding.code), finding)
    return [seen[key] for key in sorted(seen)]


def render(finding: Diagnostic, language: str) -> str:
    """The finding for a terminal: title, the line, carets of the right display width, message, help."""
    source = finding.source
    start, end = finding.span
    number, column = source.position(start)
    line = source.line(number)
    marked = source.text[start : min(end, start + len(line) - column + 1)].split("\n")[0]
    gutter = " " * len(str(number))
    pad = " " * width(line[: column - 1])
    title = say(finding.code, "title", language, finding.values)
    text = say(finding.code, "text", language, finding.values)
    hint = say(finding.code, "help", language, finding.values)
    rows = [
        f"{finding.code} {title}  {source.name}:{number}:{column}",
        f"{number} | {line}".replace("\t", " "),
        f"{gutter} | {pad}{'^' * max(1, width(marked))} {text}",
    ]
    if hint:
        rows.append(f"{phrase('help', language)}: {hint}")
    return "\n".join(rows)


def as_json(finding: Diagnostic, language: str) -> dict[str, object]:
    """The finding as data: code, file, lines and columns from 1, message, hint, values."""
    line, column = finding.source.position(finding.span[0])
    end_line, end_column = finding.source.position(finding.span[1])
    return {
        "code": finding.code,
        "file": finding.source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "title": say(finding.code, "title", language, finding.values),
        "message": say(finding.code, "text", language, finding.values),
        "help": say(finding.code, "help", language, finding.values),
        "values": {key: _plain(value) for key, value in finding.values.items()},
    }


def _plain(value: object) -> object:
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, Sequence):
        return [_plain(one) for one in value]
    return str(value)
