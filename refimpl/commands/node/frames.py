"""The frames of the node protocol as the reference reads and writes them: one struct an operation, checked as it is
read.

Members of a request that are not named here are ignored (NOD-006). It must not know what an operation does.
Source: spec/node-protocol.md, parts 1 to 3.
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from refimpl.data.limits import ENCODING_INTEGER, IDENTIFIER_TEXT_BYTES

__all__ = ["Bad", "Config", "Frame", "Kept", "NotSupported", "Request", "read"]

U = Annotated[int, Meta(ge=0, le=ENCODING_INTEGER)]
Ms = U
"""Milliseconds since 1970-01-01T00:00:00Z."""
Hex = Annotated[str, Meta(pattern=r"\A(?:[0-9a-f]{2})*\Z")]
Secret = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Text = Annotated[str, Meta(max_length=IDENTIFIER_TEXT_BYTES)]
Handle = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]{0,15}\Z")]
Member = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9.-]{0,63}\Z")]
Name = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9._/-]{0,127}\Z")]


class Frame(Struct, tag_field="op", tag=str.lower, frozen=True):
    """A request. `id` numbers it (NOD-002)."""

    id: Annotated[int, Meta(ge=1, le=ENCODING_INTEGER)]


class Config(Struct, frozen=True):
    """Who an instance is (NOD-011)."""

    genesis: Hex
    key: Secret
    params: dict[str, Any]
    profile: Name
    seed: Secret
    self: Member
    suite: Literal["intl", "gm", "stub"]


class Kept(Struct, frozen=True):
    """One entry of a disk."""

    key: Text
    value: Hex


class Hello(Frame, frozen=True):
    """NOD-010."""

    kit: Text
    protocol: Annotated[list[U], Meta(min_length=1)]
    schema: Secret


class Init(Frame, frozen=True):
    """NOD-011."""

    node: Handle
    config: Config


class Start(Frame, frozen=True):
    """NOD-013."""

    node: Handle
    now: Ms


class Deliver(Frame, frozen=True):
    """NOD-014."""

    node: Handle
    now: Ms
    bytes: Hex
    from_: Member = msgspec.field(name="from")


class Fire(Frame, frozen=True):
    """NOD-015."""

    node: Handle
    now: Ms
    timer: Name


class Submit(Frame, frozen=True):
    """NOD-016."""

    node: Handle
    now: Ms
    tx: Hex


class Query(Frame, frozen=True):
    """NOD-017."""

    node: Handle
    path: Name
    args: dict[str, Any] = {}


class Crash(Frame, frozen=True):
    """NOD-018."""

    node: Handle


class Recover(Frame, frozen=True):
    """NOD-019."""

    node: Handle
    now: Ms
    config: Config
    disk: list[Kept]


class Vector(Frame, frozen=True):
    """NOD-021."""

    kind: Name
    input: dict[str, Any]


class Reset(Frame, frozen=True):
    """NOD-022."""


class Bye(Frame, frozen=True):
    """NOD-023."""


class Snapshot(Frame, frozen=True):
    """NOD-024."""

    node: Handle


class Restore(Frame, frozen=True):
    """NOD-024."""

    node: Handle
    snapshot: Text


Request = (
    Hello | Init | Start | Deliver | Fire | Submit | Query | Crash | Recover | Vector | Reset | Bye | Snapshot | Restore
)
OPS: Final = tuple(kind.__name__.lower() for kind in Request.__args__)
"""Every operation, in the order of the text."""

_read_request = msgspec.json.Decoder(Request).decode
_read_any = msgspec.json.Decoder().decode


class Bad(Exception):
    """No request: `args` are its id, 0 if that cannot be read, and what is wrong with it."""


class NotSupported(Exception):
    """An operation that is not there: `args` are the id and the name."""


def read(line: bytes) -> Request:
    """The request in a line; raises `Bad` (`bad_request`) or `NotSupported` (NOD-005, NOD-006)."""
    try:
        request: Request = _read_request(line)
        return request
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        identifier, op = _head(line)
        if op is not None and op not in OPS:
            raise NotSupported(identifier, op) from None
        raise Bad(identifier, str(error)) from None


def _head(line: bytes) -> tuple[int, str | None]:
    """Id and operation of a line that is no request of ours, as far as there are any."""
    try:
        found = _read_any(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 0, None
    if not isinstance(found, dict):
        return 0, None
    identifier, op = found.get("id"), found.get("op")
    number = identifier if isinstance(identifier, int) and 0 < identifier <= ENCODING_INTEGER else 0
    return number, op if isinstance(op, str) else None
