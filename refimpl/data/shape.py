"""Readers of canonical values: each returns a typed part of outside input or refuses it with `wire.bad_field`.

Why not a schema library: the shapes of the ledger are small, a refusal must name a JSON pointer, and a second class
system beside the frozen values would say everything twice. The module knows no particular object of the ledger.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from refimpl.data.limits import ENCODING_INTEGER
from refimpl.data.refusal import Code, Refused, kind_of

__all__ = ["boolean", "bytes_of_hex", "integer", "items", "matching", "one_of", "record", "text"]

_HEX = re.compile(r"[0-9a-f]*")


def _wrong(at: str, expected: str, value: object) -> Refused:
    return Refused(Code.WIRE_BAD_FIELD, at, expected=expected, got=kind_of(value))


def record(value: object, at: str, needed: Sequence[str], optional: Sequence[str] = ()) -> Mapping[str, Any]:
    """`value` as an object with exactly the fields `needed`, and perhaps `optional` ones."""
    if not isinstance(value, dict):
        raise _wrong(at, "object", value)
    for name in needed:
        if name not in value:
            raise Refused(Code.WIRE_BAD_FIELD, f"{at}/{name}", expected="a value", got="nothing")
    if len(value) > len(needed):
        for name in value:
            if name not in needed and name not in optional:
                known = ", ".join([*needed, *optional])
                raise Refused(Code.WIRE_BAD_FIELD, at, expected=f"only {known}", got="another field")
    return value


def text(value: object, at: str, most: int) -> str:
    """`value` as a text of at most `most` bytes of UTF-8."""
    if not isinstance(value, str):
        raise _wrong(at, "text", value)
    if len(value.encode("utf-8", "surrogatepass")) > most:
        raise _wrong(at, f"text of at most {most} bytes", value)
    return value


def matching(value: object, at: str, pattern: re.Pattern[str], expected: str) -> str:
    """`value` as a text that fits the whole `pattern`; `expected` says in words what that is."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _wrong(at, expected, value)
    return value


def one_of(value: object, at: str, allowed: Sequence[str]) -> str:
    """`value` as one of the texts `allowed`."""
    if not isinstance(value, str) or value not in allowed:
        raise _wrong(at, f"one of {', '.join(allowed)}", value)
    return value


def integer(value: object, at: str, low: int = 0, high: int = ENCODING_INTEGER) -> int:
    """`value` as an integer within `low..high`; a boolean is none."""
    if type(value) is not int or not low <= value <= high:
        raise _wrong(at, f"integer {low}..{high}", value)
    return value


def boolean(value: object, at: str) -> bool:
    """`value` as true or false."""
    if not isinstance(value, bool):
        raise _wrong(at, "true or false", value)
    return value


def bytes_of_hex(value: object, at: str, lengths: Sequence[int] = (), most: int = ENCODING_INTEGER) -> bytes:
    """The bytes that `value` writes in lowercase hex: of one of `lengths` if any are given, and at most `most`."""
    if not isinstance(value, str) or len(value) % 2 or not _HEX.fullmatch(value):
        raise _wrong(at, "lowercase hex of even length", value)
    if lengths and len(value) // 2 not in lengths:
        raise _wrong(at, f"hex of {' or '.join(map(str, lengths))} bytes", value)
    if len(value) // 2 > most:
        raise _wrong(at, f"hex of at most {most} bytes", value)
    return bytes.fromhex(value)


def items(value: object, at: str, most: int, least: int = 0) -> Sequence[Any]:
    """`value` as a list of `least..most` members."""
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise _wrong(at, f"list of {least}..{most}", value)
    return value
