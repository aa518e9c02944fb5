"""Canonical bytes of values: RFC 8785 JSON over a strict profile, so that equal values have equal bytes and nothing
else has.

The profile (DAT-001 .. DAT-008): null, booleans, integers within +-(2^53-1), texts without lone surrogates, lists,
objects with ASCII keys; no floats; nesting at most `ENCODING_DEPTH`. On it a fast general encoder with sorted keys
writes exactly the bytes of RFC 8785; a test against an independent implementation keeps that true. Decoding has one
rule: decode, encode again, compare. The module knows no object of the ledger; off-chain records never pass through it
(they are hashed as stored).

Values from outside are checked once. What was decoded here, or built from typed parts, is written and read again by
`encode_known` and `decode_known`, which check nothing: a ledger does that ten times for every time it meets a stranger.
"""

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Final

import msgspec

from refimpl.data.limits import ENCODING_DEPTH, ENCODING_INTEGER
from refimpl.data.refusal import Code, Refused, kind_of

__all__ = ["Value", "decode", "decode_known", "encode", "encode_known"]

Value = Any
"""A value of the profile: None, bool, int, str, list or tuple of values, dict of ASCII str to values."""

_write = msgspec.json.Encoder(order="sorted").encode
_read = msgspec.json.Decoder().decode

_PLAIN_DEPTH: Final = 8


@cache
def _plain_reader() -> Callable[[bytes], Value]:
    """A typed decoder of what the profile allows within `_PLAIN_DEPTH`: it checks as fast as it reads, all but keys.

    Made when first asked for: making it takes milliseconds, and many commands decode nothing.
    """
    integer = Annotated[int, msgspec.Meta(ge=-ENCODING_INTEGER, le=ENCODING_INTEGER)]
    made: Any = None | bool | integer | str
    for _ in range(_PLAIN_DEPTH):
        made = None | bool | integer | str | list[made] | dict[str, made]
    return msgspec.json.Decoder(made).decode


def encode(value: Value, depth: int = ENCODING_DEPTH) -> bytes:
    """The canonical bytes of `value`; `wire.not_canonical` if it is outside the profile or nested beyond `depth`."""
    _check(value, depth)
    try:
        return _write(value)
    except UnicodeEncodeError:  # DAT-006
        raise _outside("text without lone surrogates", "a lone surrogate") from None


def decode(data: bytes, most: int, depth: int = ENCODING_DEPTH) -> Value:
    """The value whose canonical bytes are `data`.

    `wire.too_large` beyond `most` bytes (DAT-009); `wire.not_canonical` for anything that `encode` would not have
    written.
    """
    if len(data) > most:
        raise Refused(Code.WIRE_TOO_LARGE, max=most, got=len(data))
    if depth >= _PLAIN_DEPTH and data.isascii():  # keys in ASCII among them
        try:
            value = _plain_reader()(data)
            if _write(value) == data:
                return value
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            pass  # deep, or wrong: the rest of this function tells which
    try:
        value = _read(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise _outside("canonical JSON", "something else") from None
    except RecursionError:
        raise _too_deep() from None
    if encode(value, depth) != data:  # DAT-008
        raise _outside("canonical JSON", "another spelling of the same value")
    return value


def encode_known(value: Value) -> bytes:
    """The canonical bytes of a value that is known to be of the profile; what they are of any other is not said."""
    return _write(value)


def decode_known(data: bytes) -> Value:
    """The value of bytes that were written by `encode` or `encode_known`."""
    return _read(data)


def _outside(expected: str, got: str) -> Refused:
    return Refused(Code.WIRE_NOT_CANONICAL, expected=expected, got=got)


def _too_deep() -> Refused:
    return _outside("less nesting", "a list or object below the deepest level")


def _check(value: Value, room: int) -> None:
    """Refuse what is outside the profile, or nested deeper than `room`; lone surrogates are left to the writer.

    The hot path of every transaction: texts and small integers are passed over where they stand.
    """
    kind = type(value)
    if kind is dict:
        try:
            plain = "".join(value).isascii()  # all keys at once
        except TypeError:
            plain = False
        if not plain:  # DAT-005
            raise _outside("object with ASCII keys", "another key")
        parts = value.values()
    elif kind is list or kind is tuple:
        parts = value
    else:
        return _check_leaf(value)
    if room == 0:  # DAT-007
        raise _too_deep()
    for part in parts:
        kind = type(part)
        if kind is str or (kind is int and -ENCODING_INTEGER <= part <= ENCODING_INTEGER):
            continue
        _check(part, room - 1)
    return None


def _check_leaf(value: Value) -> None:
    if value is None or type(value) in (str, bool):
        return
    if type(value) is not int:  # DAT-004: floats among them
        raise _outside("null, true, false, integer, text, list or object", kind_of(value))
    if not -ENCODING_INTEGER <= value <= ENCODING_INTEGER:  # DAT-003
        raise _outside(f"integer within +-{ENCODING_INTEGER}", kind_of(value))
