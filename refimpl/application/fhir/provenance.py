"""Provenance out: who did a recorded act, when, in which transaction, and with which signature.

The module takes what the chain says of the act and must not verify it: whoever hands it over has.
"""

import base64
from collections.abc import Mapping
from typing import Any, Final

from attrs import field, frozen

from refimpl.application.fhir import terms

__all__ = ["Actor", "RecordedAct", "write_provenance"]

ROLES: Final[Mapping[str, str]] = {
    "author": "author", "custodian": "custodian", "patient": "informant", "witness": "attester", "verifier": "verifier",
}  # fmt: skip
"""Role of ours -> code of provenance-participant-type."""
_ROLE: Final = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_OPERATION: Final = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
_ASTM: Final = "urn:iso-astm:E1762-95:2013"
_AUTHORS_SIGNATURE: Final = "1.2.840.10065.1.12.1.1"


@frozen
class Actor:
    """One who took part."""

    name: str = field(repr=False)
    kind: str
    """`Practitioner`, `Organization` or `Patient`."""
    role: str
    """One of `ROLES`."""
    signature: bytes | None = field(default=None, repr=False)
    """What the actor signed the transaction with."""


@frozen
class RecordedAct:
    """An act on the chain that made or changed what is known of a record."""

    at: int
    """Seconds since 1970."""
    tx: str
    """Digest of the transaction, hexadecimal."""
    record: str
    """`custodian/record` of the index."""
    operation: str
    """`CREATE`, `UPDATE` or `DELETE` (v3-DataOperation)."""
    actors: tuple[Actor, ...]
    """At least one."""


def write_provenance(act: RecordedAct) -> bytes:
    """The Provenance of an act, in the order of its actors."""
    if not act.actors:
        raise ValueError("an act has at least one actor")
    signed = [actor for actor in act.actors if actor.signature is not None]
    resource = terms.resource(
        "Provenance",
        id=terms.id_of("provenance", act.tx, act.record),
        target=[terms.logical("DocumentReference", terms.RECORD, act.record)],
        occurredDateTime=terms.instant(act.at),
        recorded=terms.instant(act.at),
        activity=terms.concept(_OPERATION, act.operation),
        agent=[{"type": terms.concept(_ROLE, ROLES[actor.role]), "who": _who(actor)} for actor in act.actors],
        entity=[{"role": "source", "what": {"identifier": terms.number(terms.TRANSACTION, act.tx)}}],
        signature=[_signature(act, actor) for actor in signed],
    )
    return terms.written(resource)


def _who(actor: Actor) -> dict[str, Any]:
    system = terms.PSEUDONYM if actor.kind == "Patient" else terms.MEMBER
    return terms.logical(actor.kind, system, actor.name)


def _signature(act: RecordedAct, actor: Actor) -> dict[str, Any]:
    assert actor.signature is not None
    return {
        "type": [terms.coded(_ASTM, _AUTHORS_SIGNATURE)],
        "when": terms.instant(act.at),
        "who": _who(actor),
        "data": base64.b64encode(actor.signature).decode("ascii"),
    }
