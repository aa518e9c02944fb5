"""Traces of Quint in the Informal Trace Format (Apalache, ADR 015), as Python values that can be compared and hashed.

Integers, texts and truth values are themselves, lists and tuples are tuples, sets are frozen sets, records and maps are
`Row`s, and a variant without content is its name. The module must not know any model.
"""

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any


class Row(dict[Any, Any]):
    """A record or map; equal rows are one element of a set. Its keys are also attributes."""

    def __hash__(self) -> int:  # type: ignore[override]  # never changed once it is read
        return hash(frozenset(self.items()))

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


Value = bool | int | str | tuple["Value", ...] | frozenset[Hashable] | Row


def value(written: Any) -> Value:
    """A value of a trace."""
    if isinstance(written, list):
        return tuple(value(one) for one in written)
    if not isinstance(written, dict):
        return written
    if "#bigint" in written:
        return int(written["#bigint"])
    if "#set" in written:
        return frozenset(value(one) for one in written["#set"])
    if "#tup" in written:
        return tuple(value(one) for one in written["#tup"])
    if "#map" in written:
        return Row((value(key), value(one)) for key, one in written["#map"])
    if written.keys() == {"tag", "value"}:
        content = value(written["value"])
        return written["tag"] if content in ((), Row()) else Row(tag=written["tag"], value=content)
    return Row((key, value(one)) for key, one in written.items())


def states(path: Path) -> list[Row]:
    """The states of a trace: variable -> value, the variables under their own names without their module.

    A scenario that ends by an action that must fail leaves a last state without variables; that is none.
    """
    trace = json.loads(path.read_text(encoding="utf-8"))
    return [
        Row((name.rpartition("::")[2], value(state[name])) for name in trace["vars"])
        for state in trace["states"]
        if all(name in state for name in trace["vars"])
    ]
