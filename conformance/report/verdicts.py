"""A run as a person reads it at a terminal: levels, failures with their law, and what may be claimed.

Everything is said in both languages from one table. It must not run anything, nor judge.
"""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.conform.catalogue import LEVELS
from conformance.conform.claims import Claim, Run, adversary, counted
from conformance.conform.verdicts import Failure, Result, Verdict
from conformance.door import Breach, Hello, Stopped
from conformance.report.story import listed, sentences, table
from conformance.report.words import Language, word
from conformance.sentences import Text, in_words, say
from conformance.standard import clauses

__all__ = ["broken_off", "failure_lines", "summary"]

WIDTH = 118
QUIET = (Verdict.PASS, Verdict.XFAIL)
DIFFERENCES = 5
"""Entries of the state that are shown."""


def summary(
    hello: Hello, run: Run, claim: Claim, results: Sequence[Result], seconds: float, language: Language
) -> Iterator[str]:
    """The whole report."""
    profile = run.profile or "-"
    yield word("node.head", language, name=hello.name, version=hello.version, profile=profile, suite=run.suite)
    numbers = counted(results)
    for level in [one for one in LEVELS if one in numbers]:
        counts = "  ".join(f"{count} {verdict}" for verdict, count in sorted(numbers[level].items()))
        yield word("level.row", language, level=level, counts=counts)
    total = {"tests": len(results), "runs": sum(one.runs for one in results), "seconds": f"{seconds:.1f}",
             "messages": sum(one.messages for one in results)}  # fmt: skip
    yield word("run.sum", language, **total)
    for result in results:
        if result.verdict not in QUIET and result.runs:
            yield ""
            yield from result_lines(result, run, language)
    yield from not_run(results, language)
    yield ""
    yield claim_line(claim, run, language)
    kinds = "  ".join(f"{kind} {count}" for kind, count in adversary(results).items())
    if kinds:
        yield word("adversary", language, kinds=kinds)


def not_run(results: Sequence[Result], language: Language) -> Iterator[str]:
    """How many tests were not run, by reason."""
    reasons = [in_words(one.reason, language) for one in results if not one.runs]
    for reason in dict.fromkeys(reasons):
        yield ""
        yield word("not.run", language, count=reasons.count(reason), reason=reason)


def claim_line(claim: Claim, run: Run, language: Language) -> str:
    """What may be said."""
    about = ", ".join([part for part in (run.profile, " ".join(claim.packs), f"suite {run.suite}") if part])
    if not run.complete:
        return word("claim.incomplete", language, level=claim.level)
    if claim.holds and claim.partial:
        return word("claim.partial", language, level=claim.level, about=about, count=len(claim.partial))
    if claim.holds:
        return word("claim.holds", language, level=claim.level, about=about)
    below = claim.below or word("none", language)
    return word("claim.not", language, level=claim.level, count=len(claim.blocking), below=below)


def result_lines(result: Result, run: Run, language: Language) -> Iterator[str]:
    """One test that did not simply pass."""
    clause = result.failure.clause if result.failure is not None else " ".join(result.clauses[:2])
    yield f"{result.verdict.value}  {result.test}    {clause}    {in_words(result.reason, language)}".rstrip()
    if result.failure is not None:
        yield from failure_lines(result.failure, run.command, language)


def failure_lines(failure: Failure, command: str, language: Language) -> Iterator[str]:
    """The law, what was expected and what came, where, the plan in sentences, the run as a table, how to replay it."""
    known = clauses().get(failure.clause.partition(".")[0])
    if known is not None:
        yield from field("text", known.text, language)
    yield from field("expected", failure.expected, language)
    yield from field("actual", failure.actual, language)
    for name, text in (("request", failure.request), ("reply", failure.reply), ("at", failure.at)):
        if text:
            yield from field(name, short(text), language)
    for number, one in enumerate(failure.diff[:DIFFERENCES]):
        mark = " !" if number == 0 else ""
        values = f"{dumped(one['expected'])}  <>  {dumped(one['actual'])}{mark}"
        yield from field("state", f"{one['key']}{one['pointer']}  {values}", language)
    yield from plan_lines(failure, language)
    if failure.replays:
        key = "same" if len(set(failure.replays)) == 1 else "unequal"
        digests = ", ".join(digest[:8] for digest in failure.replays)
        yield f"  {word(key, language, count=len(failure.replays), digests=digests)}"
    if failure.words.strip():
        yield from field("said", " | ".join(failure.words.strip().splitlines()[-3:]), language)
    if failure.file:
        option = f" --cmd '{command}'" if command else ""
        yield from field("replay", f"yilian replay {failure.file}{option}", language)


def plan_lines(failure: Failure, language: Language) -> Iterator[str]:
    """The shrunk plan and the run under it."""
    if failure.plan is None:
        return
    size = ""
    if failure.shrunk:
        numbers: Mapping[str, Any] = failure.shrunk
        size = word("size", language, size=numbers["to"], before=numbers["from"], runs=numbers["runs"])
    liars = f"{word('liar', language)}: {listed(failure.plan.faulty) or '-'}"
    yield from field("plan", f"{size}  n={failure.plan.n}  {liars}".strip(), language)
    for number, text in enumerate(sentences(failure.plan, language), 1):
        yield f"    {number}. {text}"
    if failure.history is not None:
        for row in table(failure.history, language):
            yield f"  {row}"


def field(name: str, text: Text, language: Language) -> Iterator[str]:
    """A label and its text, wrapped."""
    label = f"  {word(name, language)}  "
    lines = textwrap.wrap(in_words(text, language), WIDTH - len(label)) or [""]
    yield label + lines[0]
    yield from (" " * len(label) + line for line in lines[1:])


def dumped(value: Any) -> str:
    """A value of the state as a line shows it."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 60 else f"{text[:60]}.."


def short(text: str) -> str:
    """A frame as a line shows it."""
    plain = text.rstrip("\n")
    return plain if len(plain) <= 300 else f"{plain[:300]}.."


def broken_off(end: Exception, language: Language) -> Iterator[str]:
    """Why a node could not be examined: nothing else is said of it then."""
    if isinstance(end, Breach):
        known = clauses().get(end.clause)
        yield word("breach", language, clause=end.clause)
        if known is not None:
            yield from field("text", known.text, language)
        for name, text in (("request", end.request), ("line", end.line), ("at", end.at or "/"),
                           ("expected", end.expected), ("actual", end.found)):  # fmt: skip
            if text:
                yield from field(name, short(in_words(text, language)), language)
    elif isinstance(end, Stopped):
        why, detail = in_words(say(f"stopped.{end.why}"), language), in_words(end.detail, language)
        yield word("stopped", language, why=why, op=end.op, detail=detail or "-")
        yield from field("request", short(end.request), language)
        if end.words.strip():
            yield from field("said", " | ".join(end.words.strip().splitlines()[-5:]), language)
    else:
        yield word("unstarted", language, why=in_words(end.args[0] if end.args else end, language))
