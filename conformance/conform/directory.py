"""L1: the directory has the types that schemas declare, and keeps them.

Each step is compared with the kit's own ledger, receipt and state. It must not know what an attribute is for.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.conform.catalogue import Test
from conformance.conform.session import Session
from conformance.conform.solo import Solo, channel
from conformance.model.genesis import id_of, transaction
from conformance.model.scripts import program

__all__ = ["tests"]

WARDS = """
schema Rooms version {version};
enum Mood = calm, busy;
entity Ward in Ward {{ beds: int 0..{most}; }}
party Clinic {{ mood: Mood; ward: Ward; since: time?; }}
"""
"""A schema with one attribute of each sort that can be wrong: a number in its range, a word, a node, and one that may
be absent."""
Data = dict[str, Any]


def ward(name: str, beds: Any = 3, parent: str | None = None, kind: str = "Ward") -> Data:
    """A node of the tree of wards; without beds if they are None."""
    attributes = [] if beds is None else [{"name": "beds", "value": beds}]
    return {"attributes": attributes, "kind": kind, "name": name, "parent": parent}


def clinic(name: str, **changed: Any) -> Data:
    """A clinic in ward w1; an attribute that is None is left out."""
    attributes = {"mood": "calm", "ward": "w1", **changed}
    listed = [{"name": key, "value": value} for key, value in sorted(attributes.items()) if value is not None]
    return {"attributes": listed, "kind": "Clinic", "name": name, "parent": None}


def deployed(version: int, most: int) -> Data:
    """The payload that puts a version of the schema in force."""
    return {"modules": list(program(WARDS.format(version=version, most=most)))}


def carried_out(session: Session, steps: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Every (kind, payload) in a block of its own, signed by the validator."""
    solo = Solo(session, channel(suite=session.suite)).begin()
    for nonce, (kind, payload) in enumerate(steps):
        made = transaction(kind, payload, ("m0",), nonce, session.suite)
        solo.submit(made)
        solo.compare_receipt(id_of(made))


def typed(session: Session) -> None:
    """Values of another type, out of range, of no member, of no node, or absent, are refused; the rest is enrolled."""
    wrong = [
        ward("w2", beds=100), ward("w2", beds=-1), ward("w2", beds="3"), ward("w2", beds=True), ward("w2", beds=None),
        clinic("k1", mood="angry"), clinic("k1", mood=1), clinic("k1", ward="k1"), clinic("k1", ward="nowhere"),
        clinic("k1", since="today"), clinic("k1", ward=None),
    ]  # fmt: skip
    right = [ward("w2", beds=99, parent="w1"), clinic("k1"), clinic("k1", since=7), clinic("k2", note="undeclared")]
    nodes = [[ward("w1", beds=0)], *([one] for one in (*wrong, *right)), [clinic("k3", ward="w3"), ward("w3")],
             [ward("w4"), clinic("k4", mood="")]]  # fmt: skip
    carried_out(session, [("deploy", deployed(1, 99)), *(("directory", {"nodes": listed}) for listed in nodes)])


def kind_stays(session: Session) -> None:
    """An enrolled node changes its attributes, never its kind."""
    payloads = [ward("w1"), ward("w1", beds=4), ward("w1", kind="Clinic"), clinic("w1"), ward("w1", kind="Corridor")]
    carried_out(session, [("directory", {"nodes": [one]}) for one in payloads])


def schema_must_fit(session: Session) -> None:
    """A schema that what is enrolled does not fit is not deployed, until it does."""
    carried_out(session, [
        ("directory", {"nodes": [ward("w1", beds=60), ward("w2", beds="many")]}), ("deploy", deployed(1, 99)),
        ("directory", {"nodes": [ward("w2", beds=2)]}), ("deploy", deployed(1, 99)), ("deploy", deployed(2, 59)),
        ("directory", {"nodes": [ward("w1", beds=59)]}), ("deploy", deployed(2, 59)),
        ("directory", {"nodes": [ward("w1", beds=60)]}),
    ])  # fmt: skip


def tests() -> list[Test]:
    """In the order of the file."""
    clauses = ("CTR-D07", "CTR-D01")
    return [
        Test("L1.directory.types", "L1", clauses, typed, ("refusal",)),
        Test("L1.directory.kind-stays", "L1", clauses, kind_stays, ("refusal",)),
        Test("L1.directory.schema-must-fit", "L1", (*clauses, "CTR-D03"), schema_must_fit, ("refusal",)),
    ]
