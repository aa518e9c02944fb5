"""Orders to the contracts on the ledger: what a transaction asks of them, what time does to them, and what came of it.

Here the values of the ledger become those of the contract language and back: payloads become commands, events become
data for receipts, and the language's refusals become codes of the ledger. It must not know what a program means, nor
how signatures were verified.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from attrs import frozen

from contracts_dsl import decide, host, interpret
from contracts_dsl.limits import FIELDS_MAX
from contracts_dsl.refusals import CODES
from refimpl.contract.draft import Draft
from refimpl.contract.packages import compiled_in, program_in
from refimpl.contract.world import LedgerWorld
from refimpl.data import shape
from refimpl.data.ids import MemberId
from refimpl.data.limits import COMMAND_LISTED, COMMAND_TEXT_BYTES
from refimpl.data.refusal import Code, Refused

__all__ = ["Asked", "EventData", "advance", "begin", "command", "is_overdue", "read", "read_request", "told"]

EventData = dict[str, Any]
"""An event as it stands in a receipt."""


def begin(draft: Draft, t: int) -> None:
    """Set the clock of a new ledger to second t."""
    LedgerWorld(draft).apply(host.Changes(now=t))


def advance(draft: Draft, t: int) -> list[EventData]:
    """Let time act up to second t and write what it did; the events, in their order (CTR-S1)."""
    world = LedgerWorld(draft)
    changes = interpret.advance(program_in(draft), world, t)
    world.apply(changes)
    return told(changes.events)


def is_overdue(draft: Draft, t: int) -> bool:
    """Whether something that was done since the last `advance` to second t has set a clock into the past (CTR-S3)."""
    return LedgerWorld(draft).is_overdue(t)


def command(draft: Draft, payload: object, signers: tuple[MemberId, ...]) -> list[EventData]:
    """Carry out a command and write what it did; the events, in their order (CTR-S7).

    Raises `wire.bad_field` for a payload that is none, and what the contract answers (`contract.*`, `access.*`); then
    nothing was written.
    """
    world = LedgerWorld(draft)
    try:
        changes = compiled_in(draft).command(world, _read(payload, signers))
    except host.Refused as refused:
        raise Refused(_code(refused), "/payload", **refused.values) from None
    world.apply(changes)
    return told(changes.events)


@frozen
class Asked:
    """A request to read, as somebody signed it (CTR-D08)."""

    instance: int
    fields: tuple[str, ...]
    """Names of fields or of groups, as they were written."""
    purpose: str | None
    signers: tuple[MemberId, ...]
    """The reader, and whoever signed beside the reader."""

    @property
    def reader(self) -> MemberId:
        """Who reads: the sender."""
        return self.signers[0]


def read_request(payload: object, signers: tuple[MemberId, ...]) -> Asked:
    """The request in a payload `{fields, instance, purpose}`; `wire.bad_field` if it is none (CTR-D08)."""
    fields = shape.record(payload, "/payload", ("fields", "instance", "purpose"))
    names = shape.items(fields["fields"], "/payload/fields", FIELDS_MAX, least=1)
    purpose = fields["purpose"]
    return Asked(
        shape.integer(fields["instance"], "/payload/instance"),
        tuple(shape.text(one, f"/payload/fields/{at}", COMMAND_TEXT_BYTES) for at, one in enumerate(names)),
        None if purpose is None else shape.text(purpose, "/payload/purpose", COMMAND_TEXT_BYTES),
        signers,
    )


def read(draft: Draft, asked: Asked) -> tuple[list[EventData], Code | None]:
    """Decide a request and write what it leaves: the events, and the code where it is denied (CTR-D09).

    Raises `contract.unknown_name` for an instance that there is not; then nothing was written.
    """
    world = LedgerWorld(draft)
    record = world.instance(asked.instance)
    if record is None:
        raise Refused(Code.CONTRACT_UNKNOWN_NAME, "/payload/instance", name=str(asked.instance))
    request = decide.Request(record.contract, record.id, asked.fields, asked.purpose, asked.signers)
    reading = decide.read(program_in(draft), world, request)
    world.apply(reading.changes)
    return told(reading.changes.events), None if reading.refused is None else _code(reading.refused)


def _code(refused: host.Refused) -> Code:
    """A code of the language as one of the ledger."""
    return Code(f"{CODES[refused.code][0]}.{refused.code}")


def _read(payload: object, signers: tuple[MemberId, ...]) -> host.Command:
    """The command in a payload `{action, arguments: [{name, value}], contract, instance}` (CTR-D02)."""
    fields = shape.record(payload, "/payload", ("action", "arguments", "contract", "instance"))
    arguments = []
    for number, item in enumerate(shape.items(fields["arguments"], "/payload/arguments", FIELDS_MAX)):
        at = f"/payload/arguments/{number}"
        pair = shape.record(item, at, ("name", "value"))
        name = shape.text(pair["name"], f"{at}/name", COMMAND_TEXT_BYTES)
        arguments.append((name, _value(pair["value"], f"{at}/value")))
    instance = fields["instance"]
    return host.Command(
        shape.text(fields["contract"], "/payload/contract", COMMAND_TEXT_BYTES),
        shape.text(fields["action"], "/payload/action", COMMAND_TEXT_BYTES),
        tuple(arguments),
        signers,
        None if instance is None else shape.integer(instance, "/payload/instance"),
    )


def _value(value: object, at: str) -> host.Value:
    if value is None or isinstance(value, bool | int | str):
        return value
    return tuple(shape.text(one, at, COMMAND_TEXT_BYTES) for one in shape.items(value, at, COMMAND_LISTED))


def told(events: Iterable[host.Event]) -> list[EventData]:
    """Events of the language as they stand in a receipt."""
    return [msgspec.to_builtins(event) for event in events]
