"""Anything at all into the reader of texts, the checker, the translator and the reader of IR: only coded answers.

    python -m tests.language.fuzz [--count N] [--seed N] [--workers N]

An input is random bytes, a stream of tokens in either surface or mixed, a small good program with some tokens changed,
random JSON, or a good module with some bytes or values changed. Whatever it is, what comes back is a program, a
translation that translates back, a module that is encoded by the same bytes, or diagnostics with a known code and a
place inside the text. An exception of any other kind ends the run with the seed of its input.
"""

import argparse
import json
import re
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from random import Random
from time import perf_counter

from contracts_dsl import ir, verify
from contracts_dsl.check import check
from contracts_dsl.diagnostics import codes, render
from contracts_dsl.lexer import words
from contracts_dsl.translate import translate
from tests.language.stage import SCHEMA

BATCH = 5_000
SIGNS = (
    *";:,(){}=.?+-*<>；：，（）｛｝？“”\"#`「」。＝%@\\$&", "==", "!=", "<=", ">=", "..",
    "\n", "\u3000", "\t", "\r", "\u200b", "\ufeff", "\x00", "e\u0301", "𠀀",
)  # fmt: skip
LITERALS = (
    "0", "1", "9", "24", "007", "9" * 20, "0.50", "0.5", "70%", "33.33%", "24小时", "5yuan", "１２", '"open', '"A"',
    "“甲”",
)  # fmt: skip
NAMES = ("a", "b", "Loan", "甲方", "出借方应当", "count", "计数", "`count`", "「计数」", "`a`", "x.y", "a.b", "_")
SMALL = """contract Loan version 1;
party lender: Hospital;
party borrower: Hospital where borrower != lender;
data price: money;
data due: time?;
key price;
start { borrower may ask when price <= 50000 yuan and (has due or lender.place.level in {low}) becomes asked; }
state asked {
  lender must answer(fee: int 0..9) within 24 hours when fee > 3 then { set due = now; pay 30% * price from borrower:
    50% to lender, rest to borrower; } becomes lent else violation no_answer becomes ended;
  wait until due becomes ended;
}
state lent { wait 2 days becomes ended; }
state ended;
policy Access for Loan version 1;
fields basic = name;
permit own: Hospital reads basic for care when some l: Loan (l.lender == reader and l.price > 0 yuan);
view all = count, sum record.price group record.lender.tier to Hospital suppress 3;
test "t" {
  given town: Place (level = low);
  given a: Hospital (tier = 1, place = town);
  given b: Hospital (tier = 2, place = town);
  a: x = Loan.ask(lender = a, borrower = b, price = 1 yuan); wait 3 days; expect x.state == ended;
  expect some y: Loan (y.lender == a); b reads y.basic for care; b reads all(2) == 1, 100;
}
"""
KINDS = {"bytes": 20, "tokens": 40, "nested": 4, "program": 5, "json": 20, "module": 13}


@cache
def known() -> frozenset[str]:
    return frozenset(codes())


@cache
def vocabulary(surface: str) -> tuple[str, ...]:
    """The reserved words, signs, literals and names of a surface; `mixed` has both surfaces."""
    reserved = {one: sorted(words(one).word.values()) for one in ("en", "zh")}
    mine = reserved["en"] + reserved["zh"] if surface == "mixed" else reserved[surface]
    return (*mine, *mine, *SIGNS, *LITERALS, *NAMES)


@cache
def modules() -> tuple[bytes, ...]:
    """The IR of good modules."""
    text = SMALL.partition("test")[0]
    checked = check([("a", SCHEMA.encode()), ("b", text.encode())])
    assert checked.modules, checked.diagnostics
    return tuple(ir.encode(module) for module in checked.modules)


# ---- inputs


def of_bytes(random: Random) -> bytes:
    if random.random() < 0.5:
        return random.randbytes(random.randint(0, 40))
    letters = [chr(random.choice([random.randint(0, 127), random.randint(0x4E00, 0x9FFF), random.randint(0, 0xD7FF)]))
               for _ in range(random.randint(0, 30))]  # fmt: skip
    return "".join(letters).encode()


def of_tokens(random: Random) -> bytes:
    surface = random.choice(["en", "zh", "en", "zh", "mixed"])
    vocabulary_ = vocabulary(surface)
    pieces = [random.choice(vocabulary_) for _ in range(random.randint(1, 30))]
    if random.random() < 0.7:
        first = {"en": ["schema", "contract", "policy"], "zh": ["名录", "合约", "规则集"]}
        head = {"en": "C version 1;", "zh": "C 版本 1;"}
        language = random.choice(["en", "zh"]) if surface == "mixed" else surface
        pieces[:0] = [random.choice(first[language]), head[language]]
    return random.choice([" ", " ", ""]).join(pieces).encode()


def of_nesting(random: Random) -> bytes:
    opening = random.choice(["(", "{", "not ", "has ", "some a: B (", "“", "1 + ", "a.", "3 * "])
    return (f"contract C version 1; start {{ a may b when {opening * random.randint(1, 400)}").encode()


def of_program(random: Random) -> bytes:
    pieces = re.split(r"(\W)", SMALL)
    names = [at for at, one in enumerate(pieces) if one.isidentifier() and one not in vocabulary("en")]
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(pieces))
        match random.choice([0, 1, 2, 3, 3, 3, 3]):
            case 3:
                pieces[random.choice(names)] = pieces[random.choice(names)]
            case 0:
                del pieces[at]
            case 1:
                pieces[at] = random.choice(pieces)
            case _:
                pieces.insert(at, random.choice(vocabulary("en")))
    return "".join(pieces).encode()


def of_json(random: Random) -> bytes:
    parts = ['{', '}', '[', ']', ',', ':', '"ir":1', '"kind":"contract"', '"name"', '"op":"and"', "null", "true", "1e9",
             "-0", "1.5", "9" * random.randint(1, 40), '"\\ud800"', '"x"', " ", "[" * 300, '{"a":']  # fmt: skip
    pieces = [random.choice(parts) for _ in range(random.randint(0, 12))]
    return "".join(pieces).encode()


def of_module(random: Random) -> bytes:
    data = bytearray(random.choice(modules()))
    if random.random() < 0.4:
        for _ in range(random.randint(1, 3)):
            data[random.randrange(len(data))] = random.randrange(256)
        return bytes(data)
    plain = json.loads(data)
    spots = [plain]
    for one in spots:
        spots.extend(v for v in (one.values() if isinstance(one, dict) else one) if isinstance(v, dict | list) and v)
    place, other = random.choice(spots), random.choice(spots)
    key = random.choice(list(place)) if isinstance(place, dict) else random.randrange(len(place))
    copied = json.loads(json.dumps(other))
    place[key] = random.choice([None, 0, -1, 2**63, 2**70, "", "x", "party", True, [], {}, copied])
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


DRAW = {
    "bytes": of_bytes, "tokens": of_tokens, "nested": of_nesting, "program": of_program, "json": of_json,
    "module": of_module,
}  # fmt: skip


# ---- what must hold


def judge(kind: str, data: bytes, told: bool) -> str:
    """Feed an input to everything that reads such things; what came of it."""
    found = ""
    if kind not in ("json", "module"):
        found = judge_text(data, kind == "program", told)
    if kind in ("bytes", "json", "module"):
        found = judge_ir(data)
    return found


def judge_text(data: bytes, whole: bool, told: bool) -> str:
    """`whole`: with the schema that the program needs. `told`: every diagnostic is put into words, too."""
    checked = check([("schema.yl", SCHEMA.encode())] * whole + [("x.yl", data)])
    for finding in checked.diagnostics:
        assert finding.code in known()
        assert 0 <= finding.span[0] <= finding.span[1] <= len(finding.source.text)
        if told:
            assert render(finding, "zh")
            assert render(finding, "en")
    for to, back in (("en", "zh"), ("zh", "en")):
        there = translate("x", data, to)
        assert bool(there.text) != bool(there.diagnostics)
        assert all(one.code in known() for one in there.diagnostics)
        if there.text and there.text.encode() != data:
            assert translate("x", there.text.encode(), back).text.encode() == data
    return checked.diagnostics[0].code if checked.diagnostics else "well formed"


def judge_ir(data: bytes) -> str:
    """Bytes as a module: refused with a place, or the same bytes again, and then loaded or refused."""
    try:
        module = ir.decode(data)
        assert ir.encode(module) == data
        verify.load([*(ir.decode(one) for one in modules()[:1]), module])
    except ir.IrError as refused:
        assert refused.expected
        return "IR refused"
    return "IR loaded"


def batch(first: int, count: int) -> Counter:
    """Inputs number `first` and following; what came of them. Raises with the number of the first that fails."""
    seen: Counter = Counter()
    for number in range(first, first + count):
        random = Random(number)
        [kind] = random.choices(list(KINDS), list(KINDS.values()))
        data = DRAW[kind](random)
        try:
            came = judge(kind, data, told=number % 16 == 0)
        except Exception as escaped:
            raise AssertionError(f"input {number}, {kind}: {data!r}") from escaped
        seen[kind] += 1
        seen[came] += 1
    return seen


def run(count: int, seed: int, workers: int) -> Counter:
    """So many inputs on so many processes."""
    starts = range(seed, seed + count, BATCH)
    sizes = [min(BATCH, seed + count - start) for start in starts]
    if workers == 1:
        return sum(map(batch, starts, sizes), Counter())
    seen: Counter = Counter()
    with ProcessPoolExecutor(workers) as pool:
        for done in pool.map(batch, starts, sizes):
            seen += done
    return seen


def main() -> int:
    """Fuzz for a long time, and say with what outcome."""
    parser = argparse.ArgumentParser("python -m tests.language.fuzz")
    parser.add_argument("--count", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    began = perf_counter()
    seen = run(asked.count, asked.seed, asked.workers)
    seconds = perf_counter() - began
    told = {"inputs": asked.count, "seed": asked.seed, "seconds": round(seconds), "came": dict(sorted(seen.items()))}
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
