"""Text -> syntax tree, or diagnostics. A driver of forty lines over the stored LALR table, with recovery.

Errors do not end the reading: the statement in which one stands is dropped (back to the last `;` or bracket at its
depth) and reading goes on after it, so that one run reports every fault of a file. What a fault most likely means is
syntax_errors.py's business; what a name refers to is the checker's.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from attrs import define, field, frozen

from contracts_dsl import build_expressions, build_items, syntax
from contracts_dsl.build_values import BUILDERS
from contracts_dsl.diagnostics import Diagnostic
from contracts_dsl.lexer import Language, Tokens, read, tokenize
from contracts_dsl.limits import NESTING_MAX
from contracts_dsl.source import Source
from contracts_dsl.syntax_errors import Fault, explain
from contracts_dsl.tables import Table, load

assert build_items
assert build_expressions

_BRACKETS = {"_L": 1, "_P": 1, "_R": -1, "_Q": -1}
_STATEMENT_ENDS = frozenset({"_S", "_L", "_R"})
_PARSER_STACK_MAX = 12 * NESTING_MAX
"""Values waiting for their production: no legal text within NESTING_MAX needs more; `not not not ..` would."""


@frozen
class Parsed:
    """The modules of a file, as far as they could be read. `diagnostics` empty means all of it."""

    source: Source
    language: Language
    modules: tuple[syntax.Module, ...]
    diagnostics: tuple[Diagnostic, ...]


def parse(name: str, data: bytes) -> Parsed:
    """The modules that the bytes of a file contain. Never raises: whatever is wrong is a diagnostic with a place."""
    source, unreadable = read(name, data)
    if unreadable:
        return Parsed(source, "en", (), tuple(unreadable))
    tokens = tokenize(source)
    findings = list(tokens.diagnostics)
    if findings and findings[0].code == "E004":
        return Parsed(source, "en", (), tuple(findings))
    too_deep = _too_deep(tokens)
    if too_deep is not None:
        return Parsed(source, tokens.words.language, (), (*findings, too_deep))
    run = _Run(tokens, load())
    modules = run.modules()
    findings.extend(run.findings)
    return Parsed(source, tokens.words.language, modules, tuple(findings))


def _too_deep(tokens: Tokens) -> Diagnostic | None:
    """E003 where more than NESTING_MAX brackets are open."""
    depth = 0
    for index, kind in enumerate(tokens.kinds):
        depth += _BRACKETS.get(kind, 0)
        if depth > NESTING_MAX:
            return _nesting(tokens, index)
    return None


def _nesting(tokens: Tokens, index: int) -> Diagnostic:
    span = (tokens.starts[index], tokens.ends[index])
    return Diagnostic("E003", tokens.source, span, {"limit": "nesting", "max": NESTING_MAX})


@define
class _Run:
    """One reading: the stacks of the automaton, and where each open statement began."""

    tokens: Tokens
    table: Table
    findings: list[Diagnostic] = field(factory=list)
    states: list[int] = field(factory=lambda: [0])
    values: list[Any] = field(factory=list)
    firsts: list[int] = field(factory=list)
    """Per value, the index of its first token."""
    statements: dict[int, int] = field(factory=dict)
    """Per bracket depth, the height of the stack where the present statement began."""
    depths: list[int] = field(init=False)
    """Per token, the brackets open before it; negative after one too many has closed."""
    resumed: int = -1
    """Where reading went on after the last fault: a fault in the same place is its echo."""

    def __attrs_post_init__(self) -> None:
        changes = (_BRACKETS.get(kind, 0) for kind in self.tokens.kinds)
        self.depths = list(accumulate(changes, initial=0))

    def modules(self) -> tuple[syntax.Module, ...]:
        """Read the whole text; the modules that were understood."""
        index = 0
        while index < len(self.tokens.kinds):
            fault = self._advance(index)
            if fault is None:
                break
            if len(self.values) > _PARSER_STACK_MAX:
                self.findings.append(_nesting(self.tokens, fault))
                break
            if fault != self.resumed and not self._reported(fault):
                self.findings.append(explain(Fault(self.tokens, self.table, tuple(self.states), fault)))
            index = self._recover(fault)
            self.resumed = index
        complete = self.states[-1] == self.table.accepting
        return self.values[0] if complete and not self.findings else ()

    def _reported(self, index: int) -> bool:
        """Whether the lexer has already said what is wrong here."""
        span = (self.tokens.starts[index], self.tokens.ends[index])
        return any(finding.span == span for finding in self.tokens.diagnostics)

    def _advance(self, index: int) -> int | None:
        """Shift and reduce from a token on; the index of the token that fits nowhere, or None at the end."""
        states, values, firsts, kinds = self.states, self.values, self.firsts, self.tokens.kinds
        actions, gotos, productions = self.table.actions, self.table.gotos, self.table.productions
        depth = self.depths[index]
        begins = True
        while index < len(kinds):
            kind = kinds[index]
            action = actions[states[-1]].get(kind)
            while action is not None and action < 0:
                production = productions[-1 - action]
                self._reduce(production, index)
                states.append(gotos[states[-1]][production.target])
                action = actions[states[-1]].get(kind)
            if action is None or len(values) > _PARSER_STACK_MAX:
                finished = kind == "$END" and states[-1] == self.table.accepting
                return None if finished else index
            if begins:
                self.statements[depth] = len(values)
            states.append(action)
            values.append(index)
            firsts.append(index)
            if kind in _BRACKETS:
                depth += _BRACKETS[kind]
            begins = kind in _STATEMENT_ENDS
            index += 1
        return None

    def _reduce(self, production: Any, index: int) -> None:
        """Replace the values of a production by the one it builds; leaves the goto to the caller."""
        length = production.length
        values, firsts = self.values, self.firsts
        if length:
            parts = values[-length:]
            first = firsts[-length]
            del values[-length:], firsts[-length:], self.states[-length:]
        else:
            parts, first = [], index
        kept = [parts[at] for at in production.kept]
        if production.builder == "":
            values.append(kept[0])
        elif production.builder == "*":
            values.append(self._repetition(kept, production.inlined))
        else:
            if production.inlined:
                kept = self._flat(kept, production)
            tokens = self.tokens
            start = tokens.starts[first]
            end = tokens.ends[index - 1] if length else start
            values.append(BUILDERS[production.builder](tokens, (start, end), kept))
        firsts.append(first)

    def _repetition(self, kept: list[Any], inlined: tuple[int, ...]) -> list[Any]:
        """A list that grows at its end; the grammar is left recursive, so the grown list is never shared."""
        if not inlined:
            return kept
        grown: list[Any] = kept[0]
        grown.extend(kept[1:])
        return grown

    def _flat(self, kept: list[Any], production: Any) -> list[Any]:
        flat: list[Any] = []
        for at, value in zip(production.kept, kept, strict=True):
            if at in production.inlined:
                flat.extend(value)
            else:
                flat.append(value)
        return flat

    def _recover(self, fault: int) -> int:
        """Drop the statement that contains a fault, so that all are found (CTR-L8); the index where reading goes on.

        The statement ends with the first `;` at its depth, or with the bracket that closes what it began. A fault where
        reading has just resumed is an echo: then the statement around it is dropped as well, so that every recovery
        either moves on or gives something up.
        """
        inside = sorted(at for at in self.statements if at <= self.depths[fault])
        if fault == self.resumed and inside:
            del self.statements[inside.pop()]
        home = inside[-1] if inside else None
        height = self.statements.get(home, 0) if home is not None else 0
        del self.values[height:], self.firsts[height:], self.states[height + 1 :]
        self.statements = {at: mark for at, mark in self.statements.items() if home is not None and at <= home}
        return fault + 1 if home is None else self._end_of_statement(fault, home)

    def _end_of_statement(self, fault: int, home: int) -> int:
        """The index after the statement at depth `home` in which a fault stands."""
        kinds, depths = self.tokens.kinds, self.depths
        index = fault
        while index < len(kinds) - 1 and depths[index + 1] >= home:
            index += 1
            if depths[index] == home and kinds[index - 1] in ("_S", "_R"):
                break
        return index
