"""The states of a contract as SVG: one box a state, one row a way out, one arrow from each row to where it leads.

States stand below each other in the order in which they are first reached; arrows run in lanes of their own on the
right side, so that no label is ever crossed. What a party does, what time does and what a breach does differ in colour
and in dash, and in words. It must not know HTML around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from attrs import frozen

from contracts_dsl import ir
from contracts_dsl.document.prose import Language, chosen, duration
from contracts_dsl.source import width

_CELL, _ROW, _HEAD, _GAP, _LANE, _PAD = 8.1, 22, 28, 18, 14, 12
_BOX = 600
_LABEL_MAX = 76
"""Cells of a label; longer ones end in an ellipsis."""


@frozen
class Way:
    """A way out of a state. `kind` is `act`, `time` or `breach`; `to` None stays where it is."""

    kind: str
    label: str
    to: str | None


@frozen
class Box:
    """A state with its ways out."""

    name: str
    ways: tuple[Way, ...]
    final: bool


@frozen
class _Arrow:
    way: Way
    row: float
    target: float
    lane: int


def diagram(contract: ir.Contract, language: Language) -> str:
    """The diagram of a contract, with a title for those who do not see it."""
    boxes = _boxes(contract, language)
    tops: dict[str, float] = {}
    height = float(_PAD)
    for box in boxes:
        tops[box.name] = height
        height += _HEAD + _ROW * len(box.ways) + _GAP
    arrows = _arrows(boxes, tops)
    lanes = 1 + max((arrow.lane for arrow in arrows), default=0)
    total = _BOX + 2 * _PAD + _LANE * (lanes + 1)
    title = chosen(language, (f"States of {contract.name}", f"{contract.name}的状态"))
    parts = [f'<svg lang="{language}" role="img" viewBox="0 0 {total} {height:g}" style="max-width:{total}px" '
             f'aria-label="{escape(title)}"><title>{escape(title)}</title>']  # fmt: skip
    for box in boxes:
        parts.append(_drawn(box, tops[box.name]))
    parts += [_arrow(arrow) for arrow in arrows]
    return "".join([*parts, "</svg>"])


def order(contract: ir.Contract) -> tuple[str, ...]:
    """The states in the order in which they are first reached."""
    states = {state.name: state for state in contract.states}
    found = list(dict.fromkeys(clause.to for clause in contract.start if clause.to is not None))
    for name in found:  # grows while it is walked
        for clause in states[name].clauses:
            leads = [clause.to, *([clause.otherwise.to] if isinstance(clause, ir.Must) else [])]
            found += [one for one in dict.fromkeys(leads) if one is not None and one not in found]
    finals = [name for name in found if not states[name].clauses]
    return (*(name for name in found if states[name].clauses), *finals)


def _boxes(contract: ir.Contract, language: Language) -> list[Box]:
    states = {state.name: state for state in contract.states}
    start = tuple(Way("act", _acting(clause, language), clause.to) for clause in contract.start)
    boxes = [Box(chosen(language, ("start", "起始")), start, final=False)]
    for name in order(contract):
        ways = tuple(way for clause in states[name].clauses for way in _ways(clause, language))
        boxes.append(Box(name, ways, final=not ways))
    return boxes


def _acting(clause: ir.Acting, language: Language) -> str:
    actors = chosen(language, (" and ", "与")).join(clause.actors)
    if isinstance(clause, ir.May):
        actors = actors or clause.caller or ""
        return chosen(language, (f"{actors} may {clause.action}", f"{actors} 可 {clause.action}"))
    limit = _limit(clause.limit, language)
    return chosen(language, (f"{actors} must {clause.action} {limit}", f"{actors} 应当 {clause.action}，{limit}"))


def _limit(limit: ir.Limit, language: Language) -> str:
    if limit.until is not None:
        return chosen(language, (f"until {limit.until}", f"至 {limit.until}"))
    length = duration(limit.within or 0, language)
    return chosen(language, (f"within {length}", f"{length}内"))


def _ways(clause: ir.Clause, language: Language) -> tuple[Way, ...]:
    if isinstance(clause, ir.Wait):
        limit = clause.limit
        length = duration(limit.within or 0, language)
        label = chosen(language, (f"after {length}", f"满 {length}"))
        if limit.until is not None:
            label = chosen(language, (f"at {limit.until}", f"到 {limit.until}"))
        return (Way("time", label, clause.to),)
    ways = [Way("act", _acting(clause, language), clause.to)]
    if isinstance(clause, ir.Must):
        name = clause.otherwise.name
        ways.append(Way("breach", chosen(language, (f"else: {name}", f"否则：{name}")), clause.otherwise.to))
    return tuple(ways)


def _arrows(boxes: Sequence[Box], tops: dict[str, float]) -> list[_Arrow]:
    """Every arrow in the first lane where its span is free; short ones first, so that they stay inside."""
    wanted: list[tuple[float, float, Way]] = []
    for box in boxes:
        for at, way in enumerate(box.ways):
            if way.to is not None:
                wanted.append((tops[box.name] + _HEAD + _ROW * at + _ROW / 2, tops[way.to] + _HEAD / 2, way))
    arrows: list[_Arrow] = []
    lanes: list[list[tuple[float, float, str | None]]] = []
    for row, target, way in sorted(wanted, key=lambda one: (abs(one[0] - one[1]), one[0])):
        low, high = min(row, target) - 4, max(row, target) + 4
        lane = next(
            (at for at, taken in enumerate(lanes) if all(high < bottom or low > top for bottom, top, _ in taken)),
            len(lanes),
        )
        if lane == len(lanes):
            lanes.append([])
        lanes[lane].append((low, high, way.to))
        arrows.append(_Arrow(way, row, target, lane))
    return sorted(arrows, key=lambda arrow: arrow.row)


def _drawn(box: Box, top: float) -> str:
    height = _HEAD + _ROW * len(box.ways)
    kind = "final" if box.final else "live"
    parts = [
        f'<rect class="box {kind}" x="{_PAD}" y="{top:g}" width="{_BOX}" height="{height}" rx="6"/>',
        f'<text class="state" x="{_PAD + 12}" y="{top + 19:g}">{escape(box.name)}</text>',
    ]
    for at, way in enumerate(box.ways):
        y = top + _HEAD + _ROW * at + 15
        stays = "" if way.to is not None else " ↺"
        parts.append(f'<text class="{way.kind}" x="{_PAD + 28}" y="{y:g}">{escape(_short(way.label))}{stays}</text>')
    return "".join(parts)


def _arrow(arrow: _Arrow) -> str:
    """From the end of its label along its lane to the head of the state it leads to."""
    edge = _PAD + _BOX
    begin = min(_PAD + 36 + width(_short(arrow.way.label)) * _CELL, edge - 10)
    lane = edge + _LANE * (arrow.lane + 1)
    line = f"M{begin:.0f} {arrow.row:g}H{lane}V{arrow.target:g}H{edge + 6}"
    head = f"M{edge + 8} {arrow.target - 4:g}L{edge + 1} {arrow.target:g}L{edge + 8} {arrow.target + 4:g}z"
    kind = arrow.way.kind
    return f'<path class="line {kind}" d="{line}"/><path class="head {kind}" d="{head}"/>'


def _short(label: str) -> str:
    if width(label) <= _LABEL_MAX:
        return label
    kept = ""
    for character in label:
        if width(kept + character) >= _LABEL_MAX:
            break
        kept += character
    return kept + "…"
