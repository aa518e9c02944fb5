"""Where lines break: the rules of layout, on tokens and brackets.

A statement that fits on a line stands on one. A longer one breaks at its strongest words first: before `else`, then
before `when then becomes ..` as far as needed, then one condition a line, then after commas. A duty's breach has its
own line always, because that is what a reader looks for; a state and a test have one clause or step a line, so that
adding one changes one line. Comments never decide a break but where there is no other way to keep them.

Lengths are those of the longer surface, so that a program breaks at the same places in both: translating a formatted
file gives a formatted file.

This module must not know the text a token came from, nor what a statement means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from attrs import define, field

WIDTH = 100
"""Columns of a line, comments apart."""
INDENT = 2
_MODULE_WORDS = frozenset({"SCHEMA", "CONTRACT", "POLICY"})
_BLOCK_WORDS = frozenset({"START", "STATE", "ENTITY", "PARTY", "TEST"})
_MULTILINE_BLOCKS = frozenset({"STATE", "TEST"})
_CLOSED_BY = {"_L": "_R", "_P": "_Q"}
_CLAUSE_WORDS = frozenset({"WHEN", "THEN", "BECOMES", "WHERE", "GROUP", "ROLLUP", "SUPPRESS", "OVERRIDES"})
_TIGHT_BEFORE = frozenset({"_S", "_C", "_K", "_Q", "_D", "OPT", "RANGE"})
_TIGHT_AFTER = frozenset({"_P", "_D", "RANGE"})


@define
class Piece:
    """A token in its usual form, with the comments around it."""

    kind: str
    text: str
    columns: int
    """Cells that it takes on a line, in whichever surface it takes more."""
    trailing: str = ""
    """The comment behind it on its line."""
    leading: list[str] = field(factory=list)
    """The lines before it: comments, and "" for an empty line."""
    plain_brace: bool = False
    """A brace of a set, written without blanks inside."""


@define
class Breaks:
    """The layout: which tokens begin a line, and how deep."""

    indents: dict[int, int] = field(factory=dict)
    """Token to the indent of the line that it begins."""
    statements: set[int] = field(factory=set)
    """Tokens before which an empty line is kept."""
    modules: set[int] = field(factory=set)
    """Tokens that begin a module."""
    closings: set[int] = field(factory=set)
    """Braces that close a block: comments before them belong to the block."""

    def of_comments(self, index: int) -> int:
        """The indent of the comments before a token."""
        return self.indents[index] + (INDENT if index in self.closings else 0)


@define
class Group:
    """A pair of brackets. `parts` are statements (lists) in a block or after `then`, else one list of items."""

    opening: int
    closing: int
    kind: str
    """`block`, `effects` or `list`."""
    parts: list[Items]


Item = int | Group
Items = list[Item]


def spaced(before: Piece, after: Piece) -> bool:
    """Whether a blank stands between two tokens of one line."""
    if after.kind in _TIGHT_BEFORE or before.kind in _TIGHT_AFTER:
        return False
    if before.plain_brace and before.kind == "_L":
        return False
    if after.plain_brace and after.kind == "_R":
        return False
    return not (after.kind == "_P" and before.kind in ("NAME", "COUNT"))


def layout(pieces: Sequence[Piece]) -> Breaks:
    """The line breaks of a whole file."""
    run = _Layout(pieces)
    for statement in _Reader(pieces).statements("$END"):
        run.statement(statement, 0)
    end = len(pieces) - 1
    run.breaks.indents[end] = 0
    run.breaks.statements.add(end)
    run.keep_comments_apart()
    return run.breaks


# ---- brackets


@define
class _Reader:
    """Reads tokens into statements and groups."""

    pieces: Sequence[Piece]
    at: int = 0

    def statements(self, closing: str) -> list[Items]:
        """The statements up to a closing token, which is left for the caller."""
        found = []
        while self.pieces[self.at].kind != closing:
            found.append(self._statement())
        return found

    def _statement(self) -> Items:
        first = self.pieces[self.at].kind
        items: Items = []
        while True:
            item = self._item(items, first)
            items.append(item)
            ends = item.kind == "block" if isinstance(item, Group) else self.pieces[item].kind == "_S"
            if ends:
                return items

    def _item(self, before: Items, first: str) -> Item:
        index = self.at
        kind = self.pieces[index].kind
        self.at += 1
        if kind not in _CLOSED_BY:
            return index
        return self._group(index, self._kind(before, first, kind))

    def _kind(self, before: Items, first: str, kind: str) -> str:
        last = before[-1] if before else None
        previous = self.pieces[last].kind if isinstance(last, int) else ""
        if kind != "_L":
            return "list"
        if previous == "THEN":
            return "effects"
        return "block" if first in _BLOCK_WORDS and previous in ("START", "NAME", "STRING") else "list"

    def _group(self, opening: int, kind: str) -> Group:
        closed_by = _CLOSED_BY[self.pieces[opening].kind]
        if kind != "list":
            parts = self.statements(closed_by)
        else:
            items: Items = []
            while self.pieces[self.at].kind != closed_by:
                items.append(self._item(items, ""))
            parts = [items]
            for index in (opening, self.at):
                self.pieces[index].plain_brace = True
        closing = self.at
        self.at += 1
        return Group(opening, closing, kind, parts)


# ---- breaks


def _first(item: Item) -> int:
    return item.opening if isinstance(item, Group) else item


def _last(item: Item) -> int:
    return item.closing if isinstance(item, Group) else item


@define
class _Layout:
    """Chooses the breaks, statement by statement. Columns count cells of a terminal."""

    pieces: Sequence[Piece]
    breaks: Breaks = field(factory=Breaks)
    homes: dict[int, int] = field(factory=dict)
    """First token of a statement to its indent."""
    joint: set[int] = field(factory=set)
    """Each `and` between actors, where no line breaks."""

    def statement(self, items: Items, indent: int) -> None:
        """Lay out one statement on lines of its own."""
        first = _first(items[0])
        self.breaks.indents[first] = self.homes[first] = indent
        self.breaks.statements.add(first)
        if self.pieces[first].kind in _MODULE_WORDS:
            self.breaks.modules.add(first)
        self._note_joint(items)
        last = items[-1]
        if isinstance(last, Group) and last.kind == "block":
            self._lay(items[:-1], indent, indent)
            self._block(items, last, indent)
        else:
            self._lay(items, indent, indent)

    def keep_comments_apart(self) -> None:
        """Break wherever a comment would otherwise swallow a token."""
        indent = 0
        for index, piece in enumerate(self.pieces):
            indent = self.homes.get(index, indent)
            forced = bool(index) and bool(self.pieces[index - 1].trailing or any(piece.leading))
            if forced and index not in self.breaks.indents:
                self.breaks.indents[index] = indent + 2 * INDENT

    def _note_joint(self, items: Items) -> None:
        for item in items:
            if not isinstance(item, int) or self.pieces[item].kind not in ("NAME", "AND"):
                return
            self.joint.add(item)

    def _block(self, items: Items, block: Group, indent: int) -> None:
        """The braces of a state, test, start, entity or party: on one line if it is small and says one thing."""
        kind = self.pieces[_first(items[0])].kind
        few = len(block.parts) <= 1 or kind in ("ENTITY", "PARTY")
        if kind not in _MULTILINE_BLOCKS and few and self._fits(items, indent):
            return
        for part in block.parts:
            self.statement(part, indent + INDENT)
        self._close(block, indent)

    def _close(self, block: Group, indent: int) -> None:
        self.breaks.indents[block.closing] = indent
        self.breaks.closings.add(block.closing)
        self.breaks.statements.add(block.closing)

    def _lay(self, run: Items, indent: int, column: int, tail: int = 0) -> int:
        """Break a run so that it fits, its first token at `column`; the column after it.

        `tail` is the width of what follows on its last line whatever happens, such as closing brackets.
        """
        if self._fits(run, column, tail):
            return column + self._width(run)
        for split in (self._at_breach, self._at_clause_words):
            parts = split(run)
            if len(parts) > 1:
                return self._filled(parts, indent, column, tail)
        for word in ("OR", "AND"):
            parts = self._before(run, frozenset({word}))
            if len(parts) > 1:
                return self._stacked(parts, indent, column, tail)
        parts = self._after_commas(run)
        if len(parts) > 1:
            return self._filled(parts, indent, column, tail)
        return self._inside(run, indent, column, tail)

    def _filled(self, parts: list[Items], indent: int, column: int, tail: int) -> int:
        """As many parts on a line as fit; a part that needs several lines stands alone."""
        whole = True
        for at, part in enumerate(parts):
            rest = tail if part is parts[-1] else 0
            fits = self._fits(part, column + 1, rest)
            if at and (not fits or not whole or self._is_breach(part)):
                self.breaks.indents[_first(part[0])] = indent + INDENT
                column = indent + INDENT
                whole = self._fits(part, column, rest)
                column = self._lay(part, indent + INDENT, column, rest)
            else:
                whole = fits
                column = self._lay(part, indent, column + (1 if at else 0), rest)
        return column

    def _stacked(self, parts: list[Items], indent: int, column: int, tail: int) -> int:
        """Every part on a line of its own."""
        for at, part in enumerate(parts):
            rest = tail if part is parts[-1] else 0
            if at:
                self.breaks.indents[_first(part[0])] = indent + INDENT
                column = indent + INDENT
            column = self._lay(part, indent + (INDENT if at else 0), column, rest)
        return column

    def _inside(self, run: Items, indent: int, column: int, tail: int) -> int:
        """Break inside brackets: in the last pair, or the first that does not fit."""
        groups = [at for at, item in enumerate(run) if isinstance(item, Group)]
        for at, item in enumerate(run):
            if at and self._gap(run[at - 1], item):
                column += 1
            if isinstance(item, Group) and (at == groups[-1] or not self._fits([item], column)):
                column = self._group(item, indent, column, self._width(run[at:]) - self._width([item]) + tail)
            else:
                column += self._width([item])
        return column

    def _group(self, group: Group, indent: int, column: int, tail: int) -> int:
        if group.kind == "effects":
            for part in group.parts:
                first = _first(part[0])
                self.breaks.indents[first] = self.homes[first] = indent + INDENT
                self._lay(part, indent + INDENT, indent + INDENT)
            self.breaks.indents[group.closing] = indent
            self.breaks.closings.add(group.closing)
            return indent + 1
        return self._lay(group.parts[0], indent, column + 1, tail + 1) + 1 if group.parts[0] else column + 2

    # ---- where a run can be split

    def _at_breach(self, run: Items) -> list[Items]:
        return self._before(run, frozenset({"ELSE"}))

    def _at_clause_words(self, run: Items) -> list[Items]:
        words = _CLAUSE_WORDS
        if self.pieces[_first(run[0])].kind == "VIEW":
            words = words | {"TO"}
        return self._before(run, words)

    def _before(self, run: Items, kinds: frozenset[str]) -> list[Items]:
        parts: list[Items] = [[]]
        for item in run:
            splits = isinstance(item, int) and self.pieces[item].kind in kinds and item not in self.joint
            if splits and parts[-1]:
                parts.append([])
            parts[-1].append(item)
        return parts

    def _after_commas(self, run: Items) -> list[Items]:
        parts: list[Items] = [[]]
        for item in run:
            parts[-1].append(item)
            if isinstance(item, int) and self.pieces[item].kind == "_K" and item is not run[-1]:
                parts.append([])
        return parts

    # ---- measuring

    def _is_breach(self, part: Items) -> bool:
        return self.pieces[_first(part[0])].kind == "ELSE"

    def _fits(self, run: Items, column: int, tail: int = 0) -> bool:
        """Whether a run can stand on the line from a column on: short enough, no comment inside, no breach."""
        tokens = list(self._tokens(run))
        if any(self.pieces[at].trailing for at in tokens[:-1]):
            return False
        if any(line for at in tokens[1:] for line in self.pieces[at].leading):
            return False
        if any(self.pieces[at].kind == "ELSE" for at in tokens[1:]):
            return False
        return column + self._width(run) + tail <= WIDTH

    def _width(self, run: Items) -> int:
        tokens = list(self._tokens(run))
        gaps = sum(spaced(self.pieces[one], self.pieces[next_]) for one, next_ in pairwise(tokens))
        return gaps + sum(self.pieces[at].columns for at in tokens)

    def _gap(self, before: Item, after: Item) -> bool:
        return spaced(self.pieces[_last(before)], self.pieces[_first(after)])

    def _tokens(self, run: Items) -> Iterator[int]:
        for item in run:
            if isinstance(item, int):
                yield item
            else:
                yield from range(item.opening, item.closing + 1)
