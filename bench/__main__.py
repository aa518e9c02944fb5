"""`python -m bench`: measure, print one JSON object, tell progress on stderr.

    python -m bench [--gate] [--only NAME]... [--quick] [--markdown FILE]

Exit 0; with `--gate` exit 1 if a gate is missed; exit 2 for arguments it does not know.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench.measure import FULL, QUICK, Contest, Method, contest_result, count_result
from bench.registry import Maker, items
from bench.report import about, page, rate


def main() -> int:
    """Measure what was asked for."""
    asked = arguments()
    chosen = items(tuple(asked.only))
    if not chosen:
        print(f"bench: no item is called {' or '.join(asked.only)}; there are {', '.join(items())}", file=sys.stderr)
        return 2
    method, results = QUICK if asked.quick else FULL, []
    for number, (name, make) in enumerate(chosen.items(), 1):
        print(f"[{number}/{len(chosen)}] {name}", end=" ", file=sys.stderr, flush=True)
        results.append({"item": name, **measured(make, method)})
        print(told(results[-1]), file=sys.stderr)
    missed = [result["item"] for result in results if result["held"] is False]
    report = {**about(method), "items": results, "missed": missed}
    print(json.dumps(report, ensure_ascii=False, indent=1))
    if asked.markdown is not None:
        asked.markdown.write_text(page(report), encoding="utf-8")
    return 1 if asked.gate and missed else 0


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser("python -m bench", description="Speed, as ratios within one run.")
    parser.add_argument("--gate", action="store_true", help="exit 1 if a gate is missed")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="items whose names begin so")
    parser.add_argument("--quick", action="store_true", help="tiny loads: the shape of the result, no figures")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the page of the documentation as well")
    return parser.parse_args()


def measured(make: Maker, method: Method) -> dict[str, Any]:
    """One item; a gate that is missed is measured three times, and is missed if it was twice (the last such counts)."""
    prepared = make(method)
    if not isinstance(prepared, Contest):
        return count_result(prepared)
    first = contest_result(prepared, method)
    if first["held"] is not False or method.quick:
        return first
    again = [contest_result(prepared, method) for _ in range(2)]
    tried = [first, *again]
    failed = [result for result in tried if result["held"] is False]
    ratios = [result["ratio"]["median"] for result in tried]
    chosen = failed[-1] if len(failed) > 1 else next(result for result in again if result["held"])
    return {**chosen, "tried": ratios}


def told(result: dict[str, Any]) -> str:
    """One line for whoever waits."""
    verdict = {True: "held", False: "MISSED", None: ""}[result["held"]]
    if result["ratio"] is None:
        return f"{result['counts']} {verdict}"
    ratio, gate = result["ratio"], result["gate"]
    side_by_side = ", ".join(f"{name} {rate(taken['per_second'])}" for name, taken in result["contenders"].items())
    limit = "" if gate is None else f" gate {gate:.3g}"
    compared = f"{ratio['of']} is {ratio['median']:.3g} of {ratio['to']}"
    return f"{side_by_side} {result['unit']}/s; {compared}{limit} {verdict}"


if __name__ == "__main__":
    sys.exit(main())
