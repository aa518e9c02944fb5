"""Good programs with a token deleted, doubled, or changed for another: every answer has a known code and a place.

    python -m tests.language.mutate [--every N]

A mutant of every program on both surfaces, at every token. Most are refused by the parser; those that it reads are
checked with the rest of their package, since a name in a wrong place is found there, and translated there and back. One
mutant in N is taken, so that a run of the tests sees every program and the long run every token.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from random import Random
from time import perf_counter

from contracts_dsl.check import check
from contracts_dsl.diagnostics import render
from contracts_dsl.format import format as formatted
from contracts_dsl.lexer import Tokens, read, tokenize
from contracts_dsl.parse import Parsed, parse
from contracts_dsl.translate import translate
from tests.language import packages
from tests.language.fuzz import known

KINDS = ("deleted", "doubled", "swapped", "exchanged")
"""Swapped with the next token; exchanged with one of its kind from anywhere, such as a name with another name."""


def programs() -> list[Path]:
    """Every good program, on both surfaces."""
    return [*sorted(packages.LIBRARY.glob("*.yl")), *sorted(packages.GOOD.glob("*.yl")),
            *sorted(packages.NATIVE.glob("*.yl"))]  # fmt: skip


@cache
def neighbours(path: Path) -> tuple[tuple[str, bytes], ...]:
    """The other files of the package that a program belongs to."""
    surface = "zh" if path.name.endswith(".zh.yl") else "en"
    homes = (packages.NATIVE,) if path.parent == packages.NATIVE else (packages.LIBRARY, packages.GOOD)
    files = [one for home in homes for one in packages.sources(home, surface) if one != path]
    return tuple((one.name, one.read_bytes()) for one in files)


@lru_cache(maxsize=256)
def read_once(name: str, data: bytes) -> Parsed:
    """A file as the parser reads it; the neighbours of all mutants are read once."""
    return parse(name, data)


def mutants(path: Path, every: int) -> Iterator[tuple[str, int, str]]:
    """One mutant in `every`: what was done, to which token, and the text."""
    source, _ = read(path.name, path.read_bytes())
    tokens = tokenize(source)
    last = len(tokens.kinds) - 1  # the end is no token to be moved
    for number in range(last * len(KINDS)):
        at, kind = number // len(KINDS), KINDS[number % len(KINDS)]
        if number % every == 0:
            yield kind, at, mutant(tokens, kind, at, min(at + 1, last - 1))


def mutant(tokens: Tokens, kind: str, at: int, following: int) -> str:
    """The text with one token changed."""
    text, start, end = tokens.source.text, tokens.starts[at], tokens.ends[at]
    if kind == "deleted":
        return text[:start] + text[end:]
    if kind == "doubled":
        return f"{text[:end]} {text[start:]}"
    alike = [one for one, other in enumerate(tokens.kinds) if other == tokens.kinds[at]]
    first, second = sorted((at, following if kind == "swapped" else Random(at).choice(alike)))
    if first == second:
        return text
    between = text[tokens.ends[first] : tokens.starts[second]]
    return (
        text[: tokens.starts[first]] + tokens.text(second) + between + tokens.text(first) + text[tokens.ends[second] :]
    )


def judge(path: Path, text: str) -> str:
    """Read a mutant, check it with its package if it can be read; the code of the first finding."""
    data = text.encode()
    found = parse(path.name, data).diagnostics
    if not found:
        to, back = ("en", "zh") if path.name.endswith(".zh.yl") else ("zh", "en")
        there = translate(path.name, data, to)
        assert translate(path.name, there.text.encode(), back).text == text
        assert not formatted(path.name, data).diagnostics
        found = check([(path.name, data), *neighbours(path)], read_once).diagnostics
    for finding in found:
        start, end = finding.span
        assert finding.code in known()
        assert 0 <= start <= end <= len(finding.source.text)
        for language in ("en", "zh"):
            place, _, *_ = render(finding, language).split("\n")
            assert place.endswith(":".join(map(str, finding.source.position(start))))
            assert "^" in render(finding, language)
    return found[0].code if found else "well formed"


def run(path: Path, every: int) -> Counter:
    """All mutants of a program that are taken; what came of them. Raises with the first that fails."""
    seen: Counter = Counter()
    for kind, at, text in mutants(path, every):
        try:
            seen[judge(path, text)] += 1
        except Exception as escaped:
            raise AssertionError(f"{path.name}: token {at} {kind}") from escaped
    return seen


def main() -> int:
    """Mutate for a long time, and say with what outcome."""
    parser = argparse.ArgumentParser("python -m tests.language.mutate")
    parser.add_argument("--every", type=int, default=1)
    asked = parser.parse_args()
    began = perf_counter()
    seen: Counter = Counter()
    for path in programs():
        came = run(path, asked.every)
        print(f"{path.parent.name}/{path.name}: {sum(came.values())} mutants", file=sys.stderr, flush=True)
        seen += came
    told = {"mutants": sum(seen.values()), "programs": len(programs()), "seconds": round(perf_counter() - began)}
    print(json.dumps(told | {"came": dict(sorted(seen.items()))}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
