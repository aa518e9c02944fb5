"""A run as one page that needs nothing else: no network, no script from elsewhere, both languages, fit to be printed.

Failures first, each with its law, the plan in sentences, a sequence diagram of the shrunk run that can be stepped
through, entries of the state that differ, and the line that replays it. It must not run anything, nor judge.
"""

import json
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

from conformance.conform.catalogue import LEVELS
from conformance.conform.claims import Claim, Run, adversary, counted
from conformance.conform.verdicts import Failure, Result, Verdict
from conformance.door import Hello
from conformance.history import Decision, Delivery, History
from conformance.report.story import Values, kind_of
from conformance.report.verdicts import claim_line, failure_lines
from conformance.report.words import Language, word
from conformance.sentences import Sentence, Text, in_words

__all__ = ["page"]

LANGUAGES: tuple[Language, Language] = ("en", "zh")
STEPS = 400
"""Messages that a diagram shows."""
HERE = Path(__file__).parent


def both(text: dict[Language, str], tag: str = "span") -> str:
    """A text in both languages, of which the page shows one."""
    return "".join(f'<{tag} lang="{one}">{escape(text[one])}</{tag}>' for one in LANGUAGES)


def said(key: str, **values: object) -> str:
    """A word of the table in both languages."""
    return both({one: word(key, one, **values) for one in LANGUAGES})


def spoken(text: Text) -> str:
    """A text in both languages; once, if it reads alike in both."""
    return both({one: in_words(text, one) for one in LANGUAGES}) if isinstance(text, Sentence) else escape(text)


def page(
    hello: Hello, run: Run, claim: Claim, results: Sequence[Result], seconds: float, language: Language
) -> str:  # fmt: skip
    """The page, which opens in this language."""
    body = "".join(_body(hello, run, claim, results, seconds))
    style, script = [(HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js")]
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>yilian conform: {escape(hello.name)}</title><style>{style}</style><script>{script}</script></head>"
        f'<body class="{language}"><main>{body}</main></body></html>\n'
    )


def _body(hello: Hello, run: Run, claim: Claim, results: Sequence[Result], seconds: float) -> Iterator[str]:
    profile = run.profile or "-"
    head = said("node.head", name=hello.name, version=hello.version, profile=profile, suite=run.suite)
    yield ("<header><h1>yilian conform</h1><div><button onclick=\"speak('en')\">English</button> "
           "<button onclick=\"speak('zh')\">中文</button></div></header>")  # fmt: skip
    yield f'<p class="soft">{head}</p>'
    mood = "good" if claim.holds and run.complete else "bad"
    yield f'<div class="claim {mood}">{both({one: claim_line(claim, run, one) for one in LANGUAGES})}</div>'
    yield _levels(results)
    numbers = {"tests": len(results), "runs": sum(one.runs for one in results), "seconds": f"{seconds:.1f}",
               "messages": sum(one.messages for one in results)}  # fmt: skip
    yield f"<p>{said('run.sum', **numbers)}</p>"
    failures = [one for one in results if one.failure is not None]
    if failures:
        yield f"<h2>{said('failures')}</h2>"
    for number, result in enumerate(failures):
        yield _failure(number, result, run)
    yield f"<h2>{said('everything')}</h2><table>"
    for result in results:
        verdict = result.verdict.value
        yield (f'<tr><td class="{verdict}">{verdict}</td><td>{escape(result.test)}</td>'
               f"<td>{escape(' '.join(result.clauses[:6]))}</td><td>{spoken(result.reason)}</td></tr>")  # fmt: skip
    yield "</table>"
    kinds = "  ".join(f"{kind} {count}" for kind, count in adversary(results).items())
    if kinds:
        yield f'<p class="soft">{said("adversary", kinds=kinds)}</p>'


def _levels(results: Sequence[Result]) -> str:
    numbers = counted(results)
    verdicts = [one.value for one in Verdict if any(one.value in row for row in numbers.values())]
    head = "".join(f'<th class="{verdict}">{verdict}</th>' for verdict in verdicts)
    rows = "".join(
        f"<tr><td>{level}</td>"
        + "".join(f'<td class="n">{numbers[level].get(verdict, "")}</td>' for verdict in verdicts)
        + "</tr>"
        for level in LEVELS
        if level in numbers
    )
    return f"<table><tr><th></th>{head}</tr>{rows}</table>"


def _failure(number: int, result: Result, run: Run) -> str:
    failure, verdict = result.failure, result.verdict.value
    assert failure is not None, "only failures are told"
    told = "".join(f'<pre lang="{one}">{escape(chr(10).join(failure_lines(failure, run.command, one)))}</pre>'
                   for one in LANGUAGES)  # fmt: skip
    head = f'<h3><span class="{verdict}">{verdict}</span> {escape(result.test)} <span class="soft">'
    head += f"{escape(failure.clause)}</span></h3>"
    return f'<section class="f">{head}{told}{_diagram(f"d{number}", failure)}{_certificates(failure)}</section>'


def _diagram(name: str, failure: Failure) -> str:
    """The run as a sequence diagram in SVG, of which as much is shown as one has stepped through."""
    history = failure.history
    if history is None or not history.deliveries:
        return ""
    events = _events(history)
    width, gap = 900, 900 // history.plan.n
    height = 50 + 24 * len(events)
    names = Values(history)
    lines = "".join(_column(history, node, gap, height) for node in range(history.plan.n))
    drawn = "".join(_event(one, 50 + 24 * at, gap, names) for at, one in enumerate(events))
    bar = (f'<div class="bar"><b>{said("diagram")}</b><button onclick="step(\'{name}\',-1)">◀</button>'
           f'<button onclick="step(\'{name}\',1)">▶</button><span id="{name}n"></span></div>')  # fmt: skip
    return f'{bar}<svg id="{name}" viewBox="0 0 {width} {height}" role="img">{lines}{drawn}</svg>'


def _events(history: History) -> list[Delivery | Decision]:
    phases = history.contract.phases
    deliveries = [(one.tick, 0, one) for one in history.deliveries if one.kind in phases and one.src != one.dst]
    decisions = [(one.tick, 1, one) for one in history.decisions]
    ordered: list[tuple[int, int, Any]] = sorted([*deliveries, *decisions], key=lambda event: event[:2])
    return [event for _, _, event in ordered[:STEPS]]


def _column(history: History, node: int, gap: int, height: int) -> str:
    at = gap * node + gap // 2
    mark = " *" if node in history.plan.faulty else ""
    return (f'<text x="{at}" y="18" text-anchor="middle">{node}{mark}</text>'
            f'<line x1="{at}" y1="26" x2="{at}" y2="{height}" stroke="#d8dee6"/>')  # fmt: skip


def _event(event: Delivery | Decision, y: int, gap: int, names: Values) -> str:
    if isinstance(event, Decision):
        at = gap * event.node + gap // 2
        text = escape(f"{event.height}: {names.name(event.block.digest)}")
        box = f'x="{at - 34}" y="{y - 12}" width="68" height="18" fill="#e4f3ea" stroke="#1f7a4d"'
        return (f'<g class="s"><rect {box}/>'
                f'<text x="{at}" y="{y + 2}" text-anchor="middle">{text}</text></g>')  # fmt: skip
    a, b = gap * event.src + gap // 2, gap * event.dst + gap // 2
    side = 7 if b > a else -7
    wrong = " x" if event.forged else ""
    told = f"{names.name(event.value)} h{event.height} r{event.round}"
    tip = f"{b},{y} {b - side},{y - 4} {b - side},{y + 4}"
    hover = f"{event.tick}: {event.src} > {event.dst} {event.kind} {told} {event.value[:16]}"
    labels = "".join(f'<text lang="{one}" x="{(a + b) // 2}" y="{y - 4}" text-anchor="middle">'
                     f"{escape(kind_of(event.kind, one))} {escape(told)}</text>" for one in LANGUAGES)  # fmt: skip
    return (f'<g class="s"><title>{escape(hover)}</title><line class="m{wrong}" x1="{a}" y1="{y}" x2="{b}" y2="{y}"/>'
            f'<polygon class="m{wrong}" points="{tip}"/>'
            f"{labels}</g>")  # fmt: skip


def _certificates(failure: Failure) -> str:
    """Two blocks at one height, with who signed for each, side by side."""
    history = failure.history
    if history is None or not failure.violations:
        return ""
    shown: dict[int, dict[str, list[int]]] = {}
    for one in history.decisions:
        shown.setdefault(one.height, {}).setdefault(one.block.digest, [voter for voter, _ in one.votes])
    forked = [(height, blocks) for height, blocks in sorted(shown.items()) if len(blocks) > 1]
    cells = "".join(
        f"<tr><td>{height}</td>"
        + "".join(f"<td>{digest[:16]}<br>{json.dumps(voters)}</td>" for digest, voters in sorted(blocks.items()))
        + "</tr>"
        for height, blocks in forked
    )
    return f"<h3>{said('certificates')}</h3><table>{cells}</table>" if cells else ""
