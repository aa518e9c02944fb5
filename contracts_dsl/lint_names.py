"""Advice on names: those nobody mentions (W601), and those that a reader takes for one another (W605).

Uses are counted by the text of tokens, over the whole package: a name that is mentioned anywhere counts as used, so the
advice may miss something, but what it says is so. What comes from outside is never unused: members of an enum and
purposes are values of requests, parameters are kept in events, a party is told what happens even if it never acts.

This module must not know types.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from attrs import frozen

from contracts_dsl import syntax as s
from contracts_dsl.diagnostics import Diagnostic, Written
from contracts_dsl.lexer import Tokens, tokenize
from contracts_dsl.parse import Parsed
from contracts_dsl.source import Source, Span

_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+")
"""Characters that are not seen but move what is: bidirectional controls, joiners, soft hyphens."""
_ALIKE = (
    "己已巳", "未末", "土士", "日曰", "人入", "干千于", "戊戌戍", "午牛", "刀力", "大太犬", "天夫", "毋母", "治冶",
    "折拆",
)  # fmt: skip
"""Ideographs that differ by a stroke."""
_VARIANTS = (
    "醫医 轉转 診诊 藥药 簽签 約约 數数 據据 號号 開开 時时 間间 記记 錄录 機机 構构 費费 單单 "
    "檢检 驗验 報报 級级 區区 縣县 戶户 護护 術术 審审 結结 給给 權权 員员 長长 責责 償偿 訊讯 "
    "認认 證证 許许 訪访 評评 調调 論论 議议 讀读 門门 險险 隱隐 離离 難难 電电 順顺 領领 額额 "
    "類类 歷历 歸归 爭争 牽牵 監监 確确 種种 稅税 經经 終终 統统 續续 總总 聯联 聽听 腦脑 處处 "
    "復复 複复 補补 規规 視视 觀观 負负 財财 貨货 質质 購购 賬账 贈赠 輸输 辦办 達达 違违 遠远 "
    "選选 還还 關关 際际 產产 癥症 "
)
"""Traditional and simplified forms of the same word, for words such rules use."""
_LATIN = (("rn", "m"), ("vv", "w"), ("I", "l"), ("1", "l"), ("O", "0"))


@frozen
class Edit:
    """A replacement of a piece of text."""

    span: Span
    text: str


@frozen
class Advice:
    """A finding, and the edits that settle it without changing a rule; none where only a person can decide."""

    finding: Diagnostic
    edits: tuple[Edit, ...] = ()


@frozen
class _File:
    parsed: Parsed
    tokens: Tokens

    @property
    def source(self) -> Source:
        return self.parsed.source

    def names(self, span: Span | None = None) -> Iterator[tuple[str, Span, bool]]:
        """Every name in a place: the name, where it stands, and whether a dot stands before it."""
        kinds = self.tokens.kinds
        for index, kind in enumerate(kinds):
            here = (self.tokens.starts[index], self.tokens.ends[index])
            if kind == "NAME" and (span is None or span[0] <= here[0] < span[1]):
                yield self.tokens.name(index), here, bool(index) and kinds[index - 1] == "_D"


# ---- W601


def unused(files: Sequence[Parsed]) -> Iterator[Advice]:
    """W601: types, field groups, data, nodes of the cast and names in tests that nothing mentions."""
    read = [_File(parsed, tokenize(parsed.source)) for parsed in files]
    mentions = Counter(name for file in read for name, _, _ in file.names())
    after_dot = Counter(name for file in read for name, _, dotted in file.names() if dotted)
    for file in read:
        for module in file.parsed.modules:
            for item in module.items:
                yield from _unused_item(file, module, item, mentions)
            yield from _unused_data(file, module, after_dot)


def _unused_item(file: _File, module: s.Module, item: s.Item, mentions: Counter[str]) -> Iterator[Advice]:
    match item:
        case s.Enum() | s.Entity() | s.PartyType() if mentions[item.name.text] == 1 + _own(item):
            yield _unused(file, item.name)
        case s.Fields():
            rules = [one for one in module.items if isinstance(one, s.Rule | s.Check)]
            if item.name.text not in {name for rule in rules for name, _, _ in file.names(rule.span)}:
                yield _unused(file, item.name)
        case s.Given() if mentions[item.name.text] == 1:
            yield _unused(file, item.name, (Edit(_whole_line(file.source, item.span), ""),))
        case s.Test():
            yield from _unused_in_test(file, item)


def _own(item: s.Item) -> int:
    """How often a declaration mentions its own name again: `entity A in A`."""
    return 1 if isinstance(item, s.Entity) and item.within is not None else 0


def _unused_in_test(file: _File, test: s.Test) -> Iterator[Advice]:
    mentions = Counter(name for name, _, _ in file.names(test.span))
    for step in test.steps:
        if isinstance(step, s.Act) and step.bind is not None and mentions[step.bind.text] == 1:
            binding = (step.bind.span[0], step.target.span[0])
            plain = "#" not in file.source.text[slice(*binding)]
            yield _unused(file, step.bind, (Edit(binding, ""),) if plain else ())


def _unused_data(file: _File, module: s.Module, after_dot: Counter[str]) -> Iterator[Advice]:
    """Data that only a start could fill, by an argument it may leave out, and that nothing reads."""
    inside = Counter(name for name, _, _ in file.names(module.span))
    for item in module.items:
        if not isinstance(item, s.Data) or not (item.type.optional or item.initial is not None):
            continue
        name = item.name.text
        if inside[name] == 1 and not after_dot[name]:
            yield _unused(file, item.name)


def _unused(file: _File, name: s.Name, edits: tuple[Edit, ...] = ()) -> Advice:
    return Advice(Diagnostic("W601", file.source, name.span, {"name": name.text}), edits)


def _whole_line(source: Source, span: Span) -> Span:
    """A statement with its line, if it stands there alone."""
    start, end = span
    line_start = source.text.rfind("\n", 0, start) + 1
    line_end = source.text.find("\n", end)
    line_end = len(source.text) if line_end < 0 else line_end + 1
    alone = not source.text[line_start:start].strip() and not source.text[end:line_end].strip()
    return (line_start, line_end) if alone else span


# ---- W605


def confusable(files: Iterable[Parsed]) -> Iterator[Advice]:
    """W605: two names of a package that look alike, and characters in comments and strings that are not seen."""
    first: dict[str, dict[str, tuple[Source, Span]]] = defaultdict(dict)
    for parsed in files:
        file = _File(parsed, tokenize(parsed.source))
        yield from _invisible(file)
        for name, span, _ in file.names():
            first[skeleton(name)].setdefault(name, (parsed.source, span))
    for alike in first.values():
        original, *others = alike
        for name in others:
            source, span = alike[name]
            yield Advice(Diagnostic("W605", source, span, {"name": name, "other": Written(original)}))


def skeleton(name: str) -> str:
    """What is left of a name when signs that look alike are taken for one; equal skeletons, confusable names."""
    for seen, stands_for in _LATIN:
        name = name.replace(seen, stands_for)
    return "".join(_PLAINEST.get(character, character) for character in name)


_PLAINEST = {
    **{variant: group[0] for group in _ALIKE for variant in group},
    **{pair[0]: pair[1] for pair in _VARIANTS.split()},
}


def _invisible(file: _File) -> Iterator[Advice]:
    """Invisible characters. Within a comment they can go; a string's value would change, so a person decides."""
    for match in _INVISIBLE.finditer(file.source.text):
        shown = " ".join(f"U+{ord(character):04X}" for character in match[0])
        finding = Diagnostic("W605", file.source, match.span(), {"name": shown, "other": "@nothing_seen"})
        yield Advice(finding, (Edit(match.span(), ""),) if in_comment(file.tokens, match.start()) else ())


def in_comment(tokens: Tokens, at: int) -> bool:
    """Whether a sign that is no blank stands outside every token, which is to say in a comment."""
    home = bisect_right(tokens.starts, at) - 1
    return home < 0 or at >= tokens.ends[home]
