"""The LALR(1) table of grammar.lark: built once by lark, stored as grammar.json, loaded in a few milliseconds.

Run `python -m contracts_dsl.tables` after a change of the grammar; a test builds the table again, strictly (any
conflict is an error), and compares. Nobody who only runs programs ever imports lark.

This module must not know what a production means.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from lark import Lark

_DROPPED_TEXT = """SCHEMA CONTRACT POLICY VERSION REPLACES ENUM ENTITY DATA KEY WHERE START MAY MUST WITHIN UNTIL WAIT
WHEN THEN SET PAY FROM TO CREATE BECOMES ELSE VIOLATION FIELDS READS FOR OVERRIDES VIEW SUM GROUP ROLLUP SUPPRESS CHECK
AFTER REACHES TEST GIVEN EXPECT REFUSED AND OR NOT IN HAS SOME SIGNED YUAN STAR"""
DROPPED_WORDS = frozenset(_DROPPED_TEXT.split())
"""Terminals that carry no value once their production is known; so do all whose name begins with `_`."""


class Production(Struct, frozen=True, array_like=True):
    """One rule of the grammar in plain form."""

    target: str
    """The nonterminal on the left."""
    builder: str
    """Name of the function that makes its value; empty for `pass the only value on`, `*` for a repetition."""
    length: int
    kept: tuple[int, ...]
    """Positions on the right whose values the builder gets."""
    inlined: tuple[int, ...]
    """Those of them that are repetitions, whose items it gets one by one."""


class Table(Struct, frozen=True):
    """What the driver in parse.py runs on. State 0 is the start."""

    productions: tuple[Production, ...]
    actions: tuple[dict[str, int], ...]
    """Per state, by terminal: n >= 0 shifts to state n, n < 0 reduces by production -1 - n."""
    gotos: tuple[dict[str, int], ...]
    accepting: int
    """The state that is reached by the whole text."""
    contexts: tuple[tuple[str, ...], ...]
    """Per state, the nonterminals that are being read there; for messages."""


@cache
def load() -> Table:
    """The stored table."""
    data = resources.files("contracts_dsl").joinpath("grammar.json").read_bytes()
    return msgspec.json.decode(data, type=Table)


def build() -> Table:
    """The table of grammar.lark. Raises lark's GrammarError if there is any conflict."""
    from lark.parsers.lalr_analysis import LALR_Analyzer

    lark = expanded()
    analysis = LALR_Analyzer(lark.parser.parser_conf, debug=True, strict=True)
    analysis.compute_lalr()  # type: ignore[no-untyped-call]  # lark leaves it unannotated
    return _plain(lark, analysis.parse_table)


def expanded() -> Lark:
    """grammar.lark as lark expands it; its rules stand in the order of the table's productions."""
    from lark import Lark
    from lark.lexer import Lexer

    class NoLexer(Lexer):
        def __init__(self, conf: object) -> None:
            """Terminals come from lexer.py."""

        def lex(self, *_: object) -> Any:
            return iter(())

    grammar = resources.files("contracts_dsl").joinpath("grammar.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", lexer=NoLexer, start="start")


def _plain(lark: Lark, parse_table: Any) -> Table:
    """Number the states in order of discovery and the productions in order of the file."""
    from lark.parsers.lalr_analysis import Shift

    number: dict[Any, int] = {}
    queue = [parse_table.start_states["start"]]
    for state in queue:
        number[state] = len(number)
        for _, (action, argument) in sorted(parse_table.states[state].items()):
            if action is Shift and argument not in number and argument not in queue:
                queue.append(argument)
    rules = {rule: index for index, rule in enumerate(lark.rules)}
    actions: list[dict[str, int]] = []
    gotos: list[dict[str, int]] = []
    for state in queue:
        rows: dict[bool, dict[str, int]] = defaultdict(dict)
        for symbol, (action, argument) in sorted(parse_table.states[state].items()):
            nonterminal = symbol.islower() or symbol.startswith("__")
            rows[nonterminal][str(symbol)] = number[argument] if action is Shift else -1 - rules[argument]
        actions.append(rows[False])
        gotos.append(rows[True])
    contexts = tuple(_context(state) for state in queue)
    accepting = number[parse_table.end_states["start"]]
    return Table(tuple(_production(rule) for rule in lark.rules), tuple(actions), tuple(gotos), accepting, contexts)


def _context(state: Any) -> tuple[str, ...]:
    """The nonterminals begun and not finished in a state, without the helpers of repetition."""
    names = {pointer.rule.alias or pointer.rule.origin.name for pointer in state if pointer.index > 0}
    return tuple(sorted(str(name) for name in names if not name.startswith("_") and not name.startswith("$")))


def _production(rule: Any) -> Production:
    symbols = rule.expansion
    kept = tuple(
        index for index, symbol in enumerate(symbols)
        if not (symbol.is_term and (symbol.name.startswith("_") or symbol.name in DROPPED_WORDS))
    )  # fmt: skip
    inlined = tuple(index for index in kept if symbols[index].name.startswith("__"))
    target = str(rule.origin.name)
    if target.startswith("__"):
        builder = "*"
    elif rule.options.expand1 and len(kept) == 1 and not inlined and (rule.alias is None or _is_unit(symbols)):
        builder = ""
    else:
        builder = str(rule.alias or target)
    return Production(target, builder, len(symbols), kept, inlined)


def _is_unit(symbols: Any) -> bool:
    return len(symbols) == 1 and not symbols[0].is_term


def stored() -> Path:
    """Where the table is kept."""
    return Path(str(resources.files("contracts_dsl").joinpath("grammar.json")))


def encode(table: Table) -> bytes:
    """The bytes of grammar.json."""
    return msgspec.json.encode(table, order="sorted")


if __name__ == "__main__":
    stored().write_bytes(encode(build()))
