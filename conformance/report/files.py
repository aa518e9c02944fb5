"""A run for other programs: JUnit, a summary in Markdown, a badge. Each is a text; it must not write one."""

import json
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from conformance.conform.catalogue import LEVELS
from conformance.conform.claims import Claim, Run, counted
from conformance.conform.verdicts import BLOCKING, Result, Verdict
from conformance.report.story import mermaid
from conformance.report.verdicts import claim_line, result_lines
from conformance.report.words import Language
from conformance.sentences import in_words

__all__ = ["badge", "junit", "markdown"]

FIRST = 3
"""Failures that a summary tells in full."""


def junit(results: Sequence[Result], run: Run, language: Language) -> str:
    """One suite a level, one case a test; the first clause is its class."""
    by_level = [(level, [one for one in results if one.level == level]) for level in LEVELS]
    suites = "".join(_suite(level, listed, run, language) for level, listed in by_level if listed)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="yilian">\n{suites}</testsuites>\n'


def _suite(level: str, results: Sequence[Result], run: Run, language: Language) -> str:
    failures = sum(_fails(one) for one in results)
    skipped = sum(not _fails(one) and one.verdict not in (Verdict.PASS, Verdict.WEAK) for one in results)
    errors = sum(one.verdict is Verdict.HARNESS_ERROR for one in results)
    numbers = f'tests="{len(results)}" failures="{failures}" errors="{errors}" skipped="{skipped}"'
    cases = "".join(_case(one, run, language) for one in results)
    return f' <testsuite name="{level}" {numbers}>\n{cases} </testsuite>\n'


def _fails(result: Result) -> bool:
    return result.binds and result.verdict in BLOCKING


def _case(result: Result, run: Run, language: Language) -> str:
    clause = result.failure.clause if result.failure is not None else (result.clauses or ("-",))[0]
    head = f"  <testcase classname={quoteattr(clause)} name={quoteattr(result.test)}"
    told = escape("\n".join(result_lines(result, run, language)))
    reason = quoteattr(f"{result.verdict.value} {in_words(result.reason, language)}".strip())
    if _fails(result):
        return f"{head}>\n   <failure message={reason}>{told}</failure>\n  </testcase>\n"
    if result.verdict is Verdict.HARNESS_ERROR:
        return f"{head}>\n   <error message={reason}/>\n  </testcase>\n"
    if result.verdict not in (Verdict.PASS, Verdict.WEAK):
        return f"{head}>\n   <skipped message={reason}/>\n  </testcase>\n"
    return f"{head}/>\n"


def markdown(results: Sequence[Result], run: Run, claim: Claim, language: Language) -> str:
    """For the summary of a step: the claim, a table of levels, the first failures with their diagrams."""
    return "\n".join(_markdown(results, run, claim, language)) + "\n"


def _markdown(results: Sequence[Result], run: Run, claim: Claim, language: Language) -> Iterator[str]:
    yield f"**{claim_line(claim, run, language)}**"
    numbers = counted(results)
    verdicts = [one.value for one in Verdict if any(one.value in row for row in numbers.values())]
    yield ""
    yield "| | " + " | ".join(verdicts) + " |"
    yield "|---|" + "---|" * len(verdicts)
    for level in [one for one in LEVELS if one in numbers]:
        yield f"| {level} | " + " | ".join(str(numbers[level].get(verdict, 0)) for verdict in verdicts) + " |"
    for result in [one for one in results if _fails(one)][:FIRST]:
        yield ""
        yield "```text"
        yield from result_lines(result, run, language)
        yield "```"
        if result.failure is not None and result.failure.history is not None:
            yield "```mermaid"
            yield mermaid(result.failure.history, language).rstrip("\n")
            yield "```"


def badge(claim: Claim, run: Run) -> str:
    """For a badge that a page shows: green what holds, yellow what holds in part, grey no claim."""
    about = " ".join(part for part in (run.profile, *claim.packs) if part)
    message, color = f"{claim.level} {about}".strip(), "green"
    if not claim.holds:
        message, color = (claim.below, "yellow") if claim.below else ("no claim", "lightgrey")
    elif claim.partial:
        message, color = f"{claim.level} partial ({len(claim.partial)})", "yellow"
    told = {"color": color, "label": "yilian", "message": message, "schemaVersion": 1}
    return json.dumps(told, sort_keys=True) + "\n"
