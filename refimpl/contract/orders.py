"""Orders to the contracts on the ledger: what a transaction asks of them, what time does to them, and what came of it.

Here the values of the ledger become those of the contract language and back: payloads become commands, events become
data for receipts, and the language's refusals become codes of the ledger. It must not know what a program means, nor
how signatures were verified.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from contracts_dsl import host, interpret
from contracts_dsl.limits import FIELDS_MAX
from contracts_dsl.refusals import CODES
from refimpl.contract.draft import Draft
from refimpl.contract.packages import compiled_in, program_in
from refimpl.contract.world import LedgerWorld
from refimpl.data import shape
from refimpl.data.ids import MemberId
from refimpl.data.limits import COMMAND_LISTED, COMMAND_TEXT_BYTES
from refimpl.data.refusal import Code, Refused

__all__ = ["EventData", "advance", "begin", "command", "is_overdue", "told"]

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
        area = CODES[refused.code][0]
        raise Refused(Code(f"{area}.{refused.code}"), "/payload", **refused.values) from None
    world.apply(changes)
    return told(changes.events)


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
