"""What a code means: why it exists, a program that raises it with the message it gets, and what to do.

The words are in explanations.toml and messages.toml; the message of the example is not written down but produced, by
checking the example. This module must not know where codes of other parts of the system are listed: it is handed them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Any

from attrs import frozen

from contracts_dsl.check import check
from contracts_dsl.diagnostics import Diagnostic, codes, render, say
from contracts_dsl.lint import lint
from contracts_dsl.refusals import CODES

_WORDS = {
    "example": ("an example", "例"),
    "told": ("what is said of it", "得到的诊断"),
    "text": ("what it says ({names} are values)", "内容（{名称}为具体的值）"),
    "do": ("what it means for you", "含义与对策"),
    "definite": ("nothing has changed", "可以确定没有任何改变"),
    "indefinite": ("whether something has changed is not certain: ask again", "是否已有改变不能确定：请再查询"),
}
FILE = {"en": "example.yl", "zh": "example.zh.yl"}
"""The name under which an example is checked."""


@frozen
class Refusal:
    """A refusal code of spec/errors.toml: its sentence in both languages, whether nothing certainly has changed."""

    en: str
    zh: str
    definite: bool = True


class UnknownCode(Exception):
    """Nothing has this code; `near` are those that look like it."""

    def __init__(self, code: str, near: tuple[str, ...]) -> None:
        super().__init__(code)
        self.near = near


def of_the_language() -> dict[str, Refusal]:
    """The refusals that the language itself can give, by the name they have on the wire."""
    return {f"{area}.{code}": Refusal(en, zh) for code, (area, en, zh) in CODES.items()}


def explain(code: str, language: str, refusals: Mapping[str, Refusal]) -> str:
    """The explanation of a diagnostic code (`E102`) or a refusal code (`contract.condition_false`, area optional).

    Raises `UnknownCode`.
    """
    if code.upper() in codes():
        return _diagnostic(code.upper(), language)
    found = [name for name in refusals if code.lower() in (name, name.partition(".")[2])]
    if not found:
        raise UnknownCode(code, suggestions(code, refusals))
    return "\n\n".join(_refusal(name, refusals[name], language) for name in found)


def suggestions(code: str, refusals: Mapping[str, Refusal]) -> tuple[str, ...]:
    """Codes that look like an unknown one, the likeliest first."""
    short = {name.partition(".")[2]: name for name in refusals}
    candidates = {**{one.lower(): one for one in codes()}, **short, **{name: name for name in refusals}}
    near = get_close_matches(code.lower(), candidates, 5, 0.5)
    return tuple(dict.fromkeys(candidates[one] for one in near))


def example(code: str, language: str) -> tuple[str, tuple[Diagnostic, ...]] | None:
    """A program that raises the code, and its findings; None where only bytes or size can raise it."""
    entry = _texts()["codes"][code]
    spoken = language if language in entry else "zh"
    if spoken not in entry:
        return None
    world = _texts()["world"][spoken]
    checked = check([("world.yl", world.encode()), (FILE[spoken], entry[spoken].encode())])
    findings = checked.diagnostics or tuple(one.finding for one in lint(checked.files))
    return entry[spoken], tuple(one for one in findings if one.source.name == FILE[spoken])


@cache
def _texts() -> dict[str, Any]:
    text = resources.files("contracts_dsl").joinpath("explanations.toml").read_text("utf-8")
    return tomllib.loads(text)


def _word(key: str, language: str) -> str:
    return _WORDS[key][language == "zh"]


def _diagnostic(code: str, language: str) -> str:
    title = say(code, "title", language, {})
    parts = [f"{code} {title}", _texts()["codes"][code]["why"][language == "zh"]]
    shown = example(code, language)
    if shown is None:
        parts.append(say(code, "help", language, {"fixed": ".."}))
    else:
        program, findings = shown
        parts.append(f"{_word('example', language)}:\n{_indented(program)}")
        told = "\n".join(render(one, language) for one in findings if one.code == code)
        parts.append(f"{_word('told', language)}:\n{_indented(told)}")
    return "\n\n".join(parts)


def _refusal(name: str, refusal: Refusal, language: str) -> str:
    sentence = refusal.zh if language == "zh" else refusal.en
    advice = _texts()["areas"].get(name.partition(".")[0])
    parts = [name, f"{_word('text', language)}:\n{_indented(sentence)}"]
    if advice is not None:
        parts.append(f"{_word('do', language)}:\n{_indented(advice[language == 'zh'])}")
    parts.append(_word("definite" if refusal.definite else "indefinite", language))
    return "\n\n".join(parts)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.rstrip("\n").split("\n"))
