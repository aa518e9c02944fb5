"""L0 and the contract kinds of L1: the published vectors, put to the node through `vector`.

Codes are compared, explanations are not. It must not know what a kind means. Source: conformance/vectors/README.md.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from conformance.conform.catalogue import Test
from conformance.conform.session import Session
from conformance.conform.verdicts import Failed, Unsupported, WrongReason
from conformance.sentences import Text, say

__all__ = ["FOLDER", "cases", "compare", "read_cases", "tests"]

FOLDER: Final = Path(__file__).parents[1] / "vectors" / "v1"
PACKED: Final = {"access": "access"}
"""Area -> the pack that a node must claim for it."""
Data = Mapping[str, Any]


@cache
def cases(path: Path) -> tuple[Data, ...]:
    """The cases of a file of the package, read once."""
    return read_cases(path)


def read_cases(path: Path) -> tuple[Data, ...]:
    """The cases of a file, each with its whole program in the place of the program's name (NOD-021)."""
    _, *lines = path.read_text(encoding="utf-8").split("\n")
    listed, programs = [json.loads(line) for line in lines if line], {}
    for case in listed:
        given = case["input"]
        if case["kind"] == "contract.program":
            programs[case["id"]] = given
        elif "program" in given:
            given["program"] = programs[given["program"]]
    return tuple(listed)


def answered(session: Session, path: Path) -> None:
    """Every case of a file is answered as it says."""
    window = max(1, min(session.hello.window, 16))
    listed = cases(path)
    missing: set[str] = set()
    for start in range(0, len(listed), window):
        batch = listed[start : start + window]
        asked = [("vector", {"input": case["input"], "kind": case["kind"]}) for case in batch]
        first = len(session.door.record)
        replies = session.door.ask_many(asked)
        for number, (case, reply) in enumerate(zip(batch, replies, strict=True)):
            if reply.code == "not_supported":
                missing.add(case["kind"])
            else:
                compare(case, reply.kind, reply.value, session.door.record[first + number])
    session.triggered["vectors"] += len(listed)
    if missing:
        raise Unsupported(say("vectors.kinds", kinds=", ".join(sorted(missing))))


def compare(case: Data, kind: str, value: Data, exchange: tuple[str, str]) -> None:
    """Raise `Failed` or `WrongReason` unless a reply is what its case expects."""
    expect, clause = case["expect"], case["clauses"][0]

    def wanted(text: Text) -> Text:
        return say("vector", id=case["id"], why=case["why"], expected=text)

    if "ok" in expect:
        if kind != "ok":
            actual = say(kind, code=value["code"])
            raise Failed(clause, wanted(brief(expect["ok"])), actual, exchange=exchange)
        at, one, other = first_difference(expect["ok"], value["output"])
        if at is not None:
            raise Failed(clause, wanted(brief(one)), brief(other), at=f"/ok/output{at}", exchange=exchange)
        return
    refused = wanted(say("refused", code=expect["refused"]["code"]))
    if kind == "ok":
        raise Failed(clause, refused, say("reply.value", value=brief(value["output"])), exchange=exchange)
    if value["code"] != expect["refused"]["code"]:
        raise WrongReason(clause, refused, say(kind, code=value["code"]), exchange=exchange)


def brief(value: Any) -> str:
    """A value as a line shows it."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 160 else f"{text[:160]}.."


def first_difference(one: Any, other: Any, at: str = "") -> tuple[str | None, Any, Any]:
    """Where two values differ first: pointer, and both parts; (None, ..) if they do not."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({*one, *other}):
            if name not in one or name not in other:
                return f"{at}/{name}", one.get(name), other.get(name)
            found = first_difference(one[name], other[name], f"{at}/{name}")
            if found[0] is not None:
                return found
        return None, None, None
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (a, b) in enumerate(zip(one, other, strict=True)):
            found = first_difference(a, b, f"{at}/{number}")
            if found[0] is not None:
                return found
        return None, None, None
    same = one == other and isinstance(one, bool) == isinstance(other, bool)
    return (None, None, None) if same else (at, one, other)


def _files() -> Iterator[Path]:
    return iter(sorted(FOLDER.glob("*/*.jsonl")))


def tests() -> list[Test]:
    """One a file; its level is that of its cases."""
    found = []
    for path in _files():
        with path.open(encoding="utf-8") as lines:
            head, first = json.loads(next(lines)), json.loads(next(lines))
        clauses = tuple(sorted(head["_info"]["clauses"]))
        area = path.parent.name
        found.append(
            Test(f"{first['level']}.vectors.{area}.{path.stem}", first["level"], clauses, partial(answered, path=path),
                 ("vectors",), PACKED.get(area, ""))
        )  # fmt: skip
    return found
