"""What the values of refusals say, told in the reader's language: a catalogue of English texts and their Chinese.

Why here: the core speaks no natural language of its own, and what it says of a defect stands in receipts, traces and
vectors as it is. Only whoever reads a refusal has a language, so a value is put into it where a refusal is told. A
value may come from anybody; telling it never fails and loses nothing. It must not know a code or a place where a text
is made.
"""

import functools
import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen

from refimpl.shell.messages import Language, fill

__all__ = ["Phrase", "catalogue", "phrase_of", "told"]

FILE: Final = Path(__file__).with_name("phrases.toml")
LONGEST: Final = 400
"""Characters of the longest text that is looked up; what is longer is told as it came."""
KINDS: Final[Mapping[str, str]] = {
    "": r"\S+",
    "list": r"\S+(?:(?:, | or )\S+)*",
    "text": r".+",
    "told": r".+",
}
"""What may stand for a placeholder, by its kind."""


@frozen
class Phrase:
    """A text that a refusal may carry, and its Chinese."""

    english: str
    chinese: str
    kinds: Mapping[str, str] = field(hash=False)
    """Placeholder -> its kind, a key of `KINDS`."""
    pattern: re.Pattern[str] = field(repr=False)
    """Fits the whole of such a text."""
    words: int
    """Characters that are not placeholders: the more, the surer the text is this one."""


def told(text: str, language: Language) -> str:
    """A value of a refusal in the reader's language; a text that is not in the catalogue as it is."""
    found = phrase_of(text) if language is Language.ZH else None
    if found is None:
        return text
    phrase, values = found
    return fill(phrase.chinese, {name: _told_as(phrase.kinds[name], value) for name, value in values.items()})


def phrase_of(text: str) -> tuple[Phrase, Mapping[str, str]] | None:
    """The phrase that a text is, with what stands for its placeholders."""
    for phrase in catalogue() if len(text) <= LONGEST else ():
        found = phrase.pattern.fullmatch(text)
        if found is not None:
            return phrase, found.groupdict()
    return None


def _told_as(kind: str, value: str) -> str:
    if kind == "told":
        return told(value, Language.ZH)
    return value.replace(", ", "、").replace(" or ", "或") if kind == "list" else value


@functools.cache
def catalogue() -> tuple[Phrase, ...]:
    """Every phrase, those first that have more words of their own."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8")).values()
    phrases = [_phrase(english, chinese) for table in tables for english, chinese in table.items()]
    return tuple(sorted(phrases, key=lambda one: (-one.words, one.english)))


def _phrase(english: str, chinese: str) -> Phrase:
    parts = tuple(string.Formatter().parse(english))
    kinds = {name: kind or "" for _, name, kind, _ in parts if name is not None}
    pattern = re.compile("".join(_pieces(english)), re.DOTALL)
    return Phrase(english, chinese, kinds, pattern, sum(len(words) for words, _, _, _ in parts))


def _pieces(english: str) -> Iterator[str]:
    for words, name, kind, _ in string.Formatter().parse(english):
        yield re.escape(words)
        if name is not None:
            yield f"(?P<{name}>{KINDS[kind or '']})"
