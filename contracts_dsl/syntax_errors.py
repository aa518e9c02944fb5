"""What a token that fits nowhere most likely means: from the state of the parser to a code with values.

Specific mistakes are recognised first, each by what would have been accepted in its place; whatever is left is E112,
which names the construct being read, what may follow, and what came. So every state of the automaton has a message of
its own. This module must not change the course of the parse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import frozen

from contracts_dsl.diagnostics import Diagnostic, Values, Written
from contracts_dsl.lexer import OTHER, Tokens, words
from contracts_dsl.source import Span
from contracts_dsl.tables import Table

_CALENDAR = frozenset(
    ["month", "months", "year", "years", "week", "weeks", "day", "hour", "minute", "quarter", "quarters",
     "月", "个月", "年", "周", "星期", "季度", "天", "时", "分", "刻"]
)  # fmt: skip
_SIGNS = {
    "_S": ";", "_C": ":", "_K": ",", "_P": "(", "_Q": ")", "_L": "{", "_R": "}", "_E": "=", "_D": ".", "RANGE": "..",
    "STAR": "*", "OPT": "?", "NAME": "@a_name", "INT": "@a_number", "DEC": "@an_amount", "PERCENT": "@a_percentage",
    "STRING": "@a_string", "CMP": "@a_comparison", "PM": "@plus_or_minus", "$END": "@the_end",
}  # fmt: skip
_UNITS = frozenset({"MINUTES", "HOURS", "DAYS"})
_MENTIONED_MAX = 8


@frozen
class Fault:
    """A token that the automaton refuses: the stack of states, and the token's index."""

    tokens: Tokens
    table: Table
    states: tuple[int, ...]
    index: int

    @property
    def kind(self) -> str:
        """Terminal of the refused token."""
        return self.tokens.kinds[self.index]

    @property
    def text(self) -> str:
        """The refused token as written."""
        return self.tokens.text(self.index)

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.tokens.starts[self.index], self.tokens.ends[self.index]

    @property
    def expected(self) -> frozenset[str]:
        """Terminals that would be accepted here."""
        return frozenset(kind for kind in self.table.actions[self.states[-1]] if self._accepts(kind))

    @property
    def context(self) -> tuple[str, ...]:
        """Nonterminals begun and unfinished, innermost last."""
        for state in reversed(self.states):
            if self.table.contexts[state]:
                return self.table.contexts[state]
        return ("start",)

    def _accepts(self, kind: str) -> bool:
        """Whether reductions on this terminal end in a shift (LALR look-ahead alone promises too much)."""
        states = list(self.states)
        action = self.table.actions[states[-1]].get(kind)
        while action is not None and action < 0:
            production = self.table.productions[-1 - action]
            if production.length:
                del states[-production.length :]
            goto = self.table.gotos[states[-1]].get(production.target)
            if goto is None:
                return False
            states.append(goto)
            action = self.table.actions[states[-1]].get(kind)
        return action is not None


def explain(fault: Fault) -> Diagnostic:
    """The diagnostic for a refused token."""
    expected = fault.expected
    for recognise in _MISTAKES:
        found = recognise(fault, expected)
        if found is not None:
            code, span, values = found
            return Diagnostic(code, fault.tokens.source, span, values)
    return _otherwise(fault, expected)


Finding = tuple[str, Span, Values] | None


def _glued(fault: Fault, expected: frozenset[str]) -> Finding:
    """E103: a word of the surface inside the refused name or the one before it."""
    if fault.tokens.words.language == "en":
        return None
    for index in (fault.index, fault.index - 1, fault.index - 2):
        if index >= 0 and fault.tokens.kinds[index] == "NAME" and fault.tokens.text(index)[0] != "「":
            text = fault.tokens.text(index)
            found = word_inside(text, fault.tokens.words.terminal)
            if found is not None:
                span = (fault.tokens.starts[index], fault.tokens.ends[index])
                return "E103", span, {"name": text, "word": found, "fix": text.replace(found, f" {found} ").strip()}
    return None


def word_inside(text: str, reserved: Iterable[str]) -> str | None:
    """The longest reserved word of two or more characters inside a name, or one at either of its ends."""
    candidates = [word for word in reserved if word in text and word != text]
    weighty = [word for word in candidates if len(word) > 1 or text.startswith(word) or text.endswith(word)]
    return max(weighty, key=lambda word: (len(word), word), default=None)


def _other_surface(fault: Fault, expected: frozenset[str]) -> Finding:
    """E104: a word of the other surface where one of this surface is due."""
    language = fault.tokens.words.language
    for index in (fault.index, fault.index - 1):
        if index < 0 or fault.tokens.kinds[index] != "NAME":
            continue
        terminal = words(OTHER[language]).terminal.get(fault.tokens.text(index))
        if terminal is not None and (index != fault.index or terminal in expected or "NAME" not in expected):
            fix = fault.tokens.words.word[terminal]
            span = (fault.tokens.starts[index], fault.tokens.ends[index])
            return "E104", span, {"word": fault.tokens.text(index), "fix": fix}
    return None


def _calendar(fault: Fault, expected: frozenset[str]) -> Finding:
    """E108: a unit whose length varies, or a misspelt one."""
    if fault.kind == "NAME" and expected & _UNITS and fault.text in _CALENDAR:
        return "E108", fault.span, {"got": fault.text, "fix": fault.tokens.words.word["DAYS"]}
    return None


def _single_equals(fault: Fault, expected: frozenset[str]) -> Finding:
    """E106: `=` where a comparison is due."""
    return ("E106", fault.span, {}) if fault.kind == "_E" and "CMP" in expected else None


def _product(fault: Fault, expected: frozenset[str]) -> Finding:
    """E109: a product of two data."""
    return ("E109", fault.span, {"got": fault.text}) if fault.kind == "STAR" else None


def _missing_limit(fault: Fault, expected: frozenset[str]) -> Finding:
    """E101: a duty without a deadline."""
    if {"WITHIN", "UNTIL"} <= expected:
        return "E101", fault.span, {"got": _got(fault), **_words(fault, "WITHIN", "UNTIL", "HOURS")}
    return None


def _missing_else(fault: Fault, expected: frozenset[str]) -> Finding:
    """E102: a duty without its breach."""
    if "ELSE" in expected:
        return "E102", fault.span, {"got": _got(fault), **_words(fault, "ELSE", "VIOLATION", "BECOMES")}
    return None


def _reserved(fault: Fault, expected: frozenset[str]) -> Finding:
    """E111: a reserved word where a name is due."""
    if fault.kind in fault.tokens.words.word and "NAME" in expected:
        opening, closing = ("「", "」") if fault.tokens.words.language == "zh" else ("`", "`")
        return "E111", fault.span, {"word": fault.text, "fix": f"{opening}{fault.text}{closing}"}
    return None


_MISTAKES: tuple[Callable[[Fault, frozenset[str]], Finding], ...] = (
    _calendar, _single_equals, _product, _other_surface, _glued, _reserved, _missing_limit, _missing_else,
)  # fmt: skip


def _words(fault: Fault, *terminals: str) -> dict[str, str]:
    """Reserved words as this surface writes them, by lower-case terminal."""
    return {terminal.lower(): fault.tokens.words.word[terminal] for terminal in terminals}


def _got(fault: Fault) -> str:
    return "@the_end" if fault.kind == "$END" else Written(fault.text)


def _otherwise(fault: Fault, expected: frozenset[str]) -> Diagnostic:
    """E112: in this construct, expected these, got that."""
    shown = sorted(_SIGNS.get(kind) or fault.tokens.words.word[kind] for kind in expected)
    shown = [text if text.startswith("@") else Written(text) for text in shown]
    rest = len(shown) - _MENTIONED_MAX
    if rest > 1:
        phrases = [text for text in shown if text.startswith("@")]
        shown = [*phrases, *(text for text in shown if not text.startswith("@"))][:_MENTIONED_MAX]
        shown.append("@others")
    values = {"where": tuple(f"@in_{name}" for name in fault.context[:3]), "expected": shown, "got": _got(fault)}
    return Diagnostic("E112", fault.tokens.source, fault.span, values)
