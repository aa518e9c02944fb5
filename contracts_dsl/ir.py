"""The intermediate representation: a typed program as canonical JSON. What the chain stores and every node executes.

A node in another language needs this file's shapes and the semantics, never a parser. Identifiers are values, never
keys; units are gone (seconds, fen, basis points); every name is resolved; comments, tests, layout and surface are
absent, so the digest of a program is the same for its English and its Chinese text.

The shapes are checked while decoding; that a decoded program is also well typed is `verify.py`'s business. This module
must not know the syntax, and knows no rule of the semantics.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct, field

from contracts_dsl.host import Value

IR_VERSION = 1
IR_TAG = "yilian/ir/v1"
"""Domain tag of the digest of a module."""

Op = Literal[
    "and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "in", "has", "signed", "add", "sub", "scale", "pct", "some",
    "path", "lit",
]  # fmt: skip
Step = tuple[Literal["party", "data", "param", "some", "reader", "record", "purpose", "now", "state", "attr"], str]
"""One step of a path. `reader`, `record`, `purpose`, `now` and `state` carry an empty name."""
TypeName = str
"""A type as text: `int 1..3`, `money`, `party Hospital`, `contract Visit`, `set Scope`, `time?` (typesystem.py)."""


class Node(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every shape: immutable, closed."""


class Find(Node, frozen=True):
    """The index a `some` goes through: instances whose `field` equals `value` (CTR-T5)."""

    field: str
    value: Expr


class Expr(Node, frozen=True, omit_defaults=True):
    """An expression. `op` and `type` are always there; of the rest, only what `op` needs."""

    op: Op
    type: TypeName
    args: tuple[Expr, ...] = ()
    """Operands; `and` and `or` take two or more, the others one or two."""
    path: tuple[Step, ...] = ()
    """`path`: root, then steps."""
    value: Value = None
    """`lit`."""
    by: int = 0
    """`scale`: the factor. `pct`: basis points."""
    name: str = ""
    """`some`: the bound name."""
    of: str = ""
    """`some`: the contract."""
    find: Find | None = None
    """`some`: its index look-up; the condition is the one argument."""


class Param(Node, frozen=True):
    """A parameter of an action, or an attribute of a directory node."""

    name: str
    type: TypeName


class Arg(Node, frozen=True):
    """A named argument of a call or creation."""

    name: str
    value: Expr


class Share(Node, frozen=True):
    """A part of a payment. `bp` is basis points, null for the rest."""

    to: Expr
    bp: int | None


class Set(Node, frozen=True, tag_field="op", tag="set"):
    """Assign a party or datum of the own instance."""

    name: str
    value: Expr


class Pay(Node, frozen=True, tag_field="op", tag="pay"):
    """Move clearing positions (CTR-S12)."""

    amount: Expr
    payer: Expr = field(name="from")
    shares: tuple[Share, ...]


class Create(Node, frozen=True, tag_field="op", tag="create"):
    """Begin an instance of a contract whose start is reserved to the caller."""

    contract: str
    action: str
    args: tuple[Arg, ...]


class Call(Node, frozen=True, tag_field="op", tag="call"):
    """Act on a referenced instance."""

    on: Expr
    action: str
    args: tuple[Arg, ...]


Effect = Set | Pay | Create | Call


class Limit(Node, frozen=True, omit_defaults=True):
    """A deadline: `within` seconds of entry, or `until` a datum of the instance."""

    within: int | None = None
    until: str | None = None


class Breach(Node, frozen=True):
    """What follows when a duty is not done."""

    name: str
    do: tuple[Effect, ...]
    to: str | None


class May(Node, frozen=True, tag_field="kind", tag="may"):
    """A power. Exactly one of `actors` (parties) and `caller` (a contract or policy) is given."""

    actors: tuple[str, ...]
    caller: str | None
    action: str
    params: tuple[Param, ...]
    when: Expr | None
    do: tuple[Effect, ...]
    to: str | None


class Must(Node, frozen=True, tag_field="kind", tag="must"):
    """A duty with its deadline and its breach."""

    actors: tuple[str, ...]
    action: str
    params: tuple[Param, ...]
    limit: Limit
    when: Expr | None
    do: tuple[Effect, ...]
    to: str | None
    otherwise: Breach = field(name="else")


class Wait(Node, frozen=True, tag_field="kind", tag="wait"):
    """What time does without anybody's fault."""

    limit: Limit
    do: tuple[Effect, ...]
    to: str


Clause = May | Must | Wait
Acting = May | Must


class Party(Node, frozen=True):
    """A role. `type` is a party type, possibly optional."""

    name: str
    type: TypeName
    where: Expr | None


class Datum(Node, frozen=True):
    """What an instance records. `init` is given where the start may leave it out."""

    name: str
    type: TypeName
    init: Expr | None


class State(Node, frozen=True):
    """A state; final if it has no clauses. `replaces`: states of the replaced version that move here."""

    name: str
    replaces: tuple[str, ...]
    clauses: tuple[Clause, ...]


class Enum(Node, frozen=True):
    """A closed list of words."""

    name: str
    members: tuple[str, ...]


class NodeKind(Node, frozen=True):
    """An entity or a party type of the directory. `tree`: its nodes form a tree."""

    name: str
    tree: bool
    attributes: tuple[Param, ...]


class Always(Node, frozen=True, tag_field="form", tag="always"):
    """In every reachable state the condition holds."""

    name: str
    condition: Expr


class Never(Node, frozen=True, tag_field="form", tag="never"):
    """In no reachable state does the condition hold."""

    name: str
    condition: Expr


class AlwaysAfter(Node, frozen=True, tag_field="form", tag="always_after"):
    """`action` happens only after `earlier` has happened."""

    name: str
    action: str
    earlier: str


class NeverAfter(Node, frozen=True, tag_field="form", tag="never_after"):
    """`action` never happens after `earlier`."""

    name: str
    action: str
    earlier: str


class AlwaysReads(Node, frozen=True, tag_field="form", tag="always_reads"):
    """A reader of this kind may read the groups, for every listed purpose, whenever the condition holds."""

    name: str
    reader: str
    groups: tuple[str, ...]
    purposes: tuple[str, ...] | None
    when: Expr | None


class NeverReads(Node, frozen=True, tag_field="form", tag="never_reads"):
    """A reader of this kind may read no field of the groups while the condition holds."""

    name: str
    reader: str
    groups: tuple[str, ...]
    purposes: tuple[str, ...] | None
    when: Expr | None


class Reaches(Node, frozen=True, tag_field="form", tag="reaches"):
    """Every run is in one of the states within so many seconds of its start."""

    name: str
    states: tuple[str, ...]
    within: int


Check = Always | Never | AlwaysAfter | NeverAfter | AlwaysReads | NeverReads | Reaches


class Group(Node, frozen=True):
    """A group of fields of the off-chain record."""

    name: str
    fields: tuple[str, ...]


class Rule(Node, frozen=True):
    """An access rule. `purposes` null means any; `overrides` names forbids; `do` are the duties of reading."""

    kind: Literal["permit", "forbid"]
    name: str
    reader: str
    groups: tuple[str, ...]
    purposes: tuple[str, ...] | None
    when: Expr | None
    overrides: tuple[str, ...]
    do: tuple[Create, ...]


class Aggregate(Node, frozen=True):
    """One column of a view; `path` null counts."""

    op: Literal["count", "sum"]
    path: Expr | None


class View(Node, frozen=True):
    """Totals over instances, to whom, with cells below `k` hidden."""

    name: str
    show: tuple[Aggregate, ...]
    where: Expr | None
    group: tuple[Expr, ...]
    rollup: Expr | None
    to: str
    when: Expr | None
    k: int


class Schema(Node, frozen=True, tag_field="kind", tag="schema"):
    """The words of the directory."""

    name: str
    version: int
    uses: tuple[str, ...]
    enums: tuple[Enum, ...]
    purposes: tuple[str, ...]
    entities: tuple[NodeKind, ...]
    parties: tuple[NodeKind, ...]
    ir: int = IR_VERSION


class Contract(Node, frozen=True, tag_field="kind", tag="contract"):
    """The only kind of module that holds state."""

    name: str
    version: int
    replaces: int | None
    uses: tuple[str, ...]
    parties: tuple[Party, ...]
    data: tuple[Datum, ...]
    key: tuple[str, ...]
    start: tuple[May, ...]
    states: tuple[State, ...]
    checks: tuple[Check, ...]
    ir: int = IR_VERSION


class Policy(Node, frozen=True, tag_field="kind", tag="policy"):
    """Who may read what of the record behind an instance of `of`."""

    name: str
    version: int
    replaces: int | None
    uses: tuple[str, ...]
    of: str
    groups: tuple[Group, ...]
    rules: tuple[Rule, ...]
    views: tuple[View, ...]
    checks: tuple[Check, ...]
    ir: int = IR_VERSION


Module = Schema | Contract | Policy

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER: msgspec.json.Decoder[Module] = msgspec.json.Decoder(Module)


class IrError(ValueError):
    """Bytes or data that are not a module in canonical form. `path` names the place, `expected` what belongs there."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{path}: {expected}")
        self.path = path
        self.expected = expected


def encode(module: Module) -> bytes:
    """The canonical bytes of a module (RFC 8785 on the strict profile)."""
    return _ENCODER.encode(module)


def decode(data: bytes) -> Module:
    """The module these bytes are (CTR-T15). Raises `IrError` unless `encode` gives the same bytes again."""
    try:
        module = _DECODER.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise IrError("$", str(error) or "nesting within the limit") from None
    if module.ir != IR_VERSION:
        raise IrError("$.ir", f"{IR_VERSION}, got {module.ir}")
    if encode(module) != data:
        raise IrError("$", "canonical form: sorted keys, no blanks, no default written out")
    return module


def digest(module: Module) -> str:
    """The id of a module: SHA-256 over tag, zero byte and canonical bytes, in lowercase hex (CTR-S24)."""
    return hashlib.sha256(IR_TAG.encode() + b"\0" + encode(module)).hexdigest()


def to_json(module: Module) -> dict[str, object]:
    """The module as plain JSON data."""
    plain: dict[str, object] = msgspec.json.decode(encode(module))
    return plain


def from_json(plain: object) -> Module:
    """The module that plain JSON data describe. Raises `IrError`."""
    try:
        return decode(_ENCODER.encode(plain))
    except (TypeError, RecursionError, ValueError) as error:
        if isinstance(error, IrError):
            raise
        raise IrError("$", f"plain JSON data: {error}") from None


def conjuncts(condition: Expr | None) -> Sequence[Expr]:
    """The top-level conjuncts; `and` flattens through brackets (CTR-S5)."""
    if condition is None:
        return ()
    if condition.op != "and":
        return (condition,)
    return tuple(part for arg in condition.args for part in conjuncts(arg))
