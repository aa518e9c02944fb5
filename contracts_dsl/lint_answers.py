"""Advice that its author has answered: `# W602: why` on the line of a finding, or in the comment right before it.

An answer settles one code on one line, so that what is asked later is asked again; an answer to a question that nobody
asks is itself reported (W608), so that none outlives its reason. Answers are comments: they change no rule and are kept
by formatting and translation. This module must not know what is advised, nor why.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from attrs import frozen

from contracts_dsl.diagnostics import Diagnostic
from contracts_dsl.lexer import Tokens, tokenize
from contracts_dsl.lint_names import Advice, in_comment
from contracts_dsl.parse import Parsed
from contracts_dsl.source import Source, Span

_ANSWER = re.compile(r"#[ \t\u3000]*(W\d{3})[:：][ \t\u3000]*\S")


@frozen
class _Answer:
    """A comment that answers advice of a code on one line, counted from 1."""

    code: str
    line: int
    source: Source
    span: Span


def unanswered(files: Iterable[Parsed], advice: Sequence[Advice]) -> list[Advice]:
    """The advice that nobody has answered, and W608 for every answer to nothing."""
    answers = [answer for parsed in files for answer in _answers(parsed.source)]
    given = {(one.source.name, one.line, one.code) for one in answers}
    asked = {_place(one.finding) for one in advice}
    idle = [one for one in answers if (one.source.name, one.line, one.code) not in asked]
    return [
        *(one for one in advice if _place(one.finding) not in given),
        *(Advice(Diagnostic("W608", one.source, one.span, {"code": one.code})) for one in idle),
    ]


def _place(finding: Diagnostic) -> tuple[str, int, str]:
    return finding.source.name, finding.source.position(finding.span[0])[0], finding.code


def _answers(source: Source) -> Iterator[_Answer]:
    if "#" not in source.text:
        return
    tokens = tokenize(source)
    for match in _ANSWER.finditer(source.text):
        if in_comment(tokens, match.start()):
            yield _Answer(match[1], _answered_line(tokens, match.start()), source, match.span(1))


def _answered_line(tokens: Tokens, at: int) -> int:
    """The line of a comment behind a token; of a comment on a line of its own, that of the next token."""
    line_of = tokens.source.position
    before = bisect_right(tokens.starts, at) - 1
    own, _ = line_of(at)
    if before >= 0 and line_of(tokens.starts[before])[0] == own:
        return own
    return line_of(tokens.starts[before + 1])[0]
