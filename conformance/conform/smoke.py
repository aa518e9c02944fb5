"""Smoke: the wire is understood. It claims nothing, and a node of a page passes it."""

from conformance.conform.catalogue import Test
from conformance.conform.session import Session, require_ok
from conformance.conform.verdicts import Failed
from conformance.model.genesis import START, Network
from conformance.sentences import say

__all__ = ["ALONE", "tests"]

ALONE = Network("solo/1", "solo", (("m0", 1),))
"""The channel of one member in which the ledger is judged."""


def hello(session: Session) -> None:
    """The node names itself and the profile that everybody needs."""
    told = session.hello
    if "solo/1" not in told.profiles:
        raise Failed("NOD-010", say("hello.solo"), ", ".join(told.profiles) or say("none"))


def instances(session: Session) -> None:
    """An instance is made once under its handle, and started once."""
    require_ok(session, "NOD-011", "init", node="a", config=ALONE.config("m0"))
    require_ok(session, "NOD-013", "start", node="a", now=START * 1000)
    expect_err(session, "NOD-011", "duplicate_node", "init", node="a", config=ALONE.config("m0"))
    expect_err(session, "NOD-013", "bad_state", "start", node="a", now=START * 1000)
    expect_err(session, "NOD-005", "unknown_node", "start", node="b", now=START * 1000)


def reset(session: Session) -> None:
    """A reset drops what there was."""
    require_ok(session, "NOD-011", "init", node="a", config=ALONE.config("m0"))
    session.door.reset()
    require_ok(session, "NOD-022", "init", node="a", config=ALONE.config("m0"))


def unknown(session: Session) -> None:
    """What is not there is answered as such, and members that nobody knows are ignored."""
    for op, fields in (("x_no_such_op", {}), ("vector", {"kind": "x.no-such-kind", "input": {}})):
        reply = session.door.ask("vector", **fields) if op == "vector" else session.door.ask_as(op, "reset")
        if reply.code != "not_supported":
            expected = say("err", code="not_supported")
            raise Failed("NOD-006", expected, reply.told, exchange=session.exchange())
    require_ok(session, "NOD-006", "init", node="a", config=ALONE.config("m0"), x_later="than this protocol")


def expect_err(session: Session, clause: str, code: str, op: str, **fields: object) -> None:
    """The request is answered with this err; raises `Failed`."""
    reply = session.ask(op, **fields)
    if reply.code != code or reply.kind != "err":
        raise Failed(clause, say("err", code=code), reply.told, exchange=session.exchange())


def tests() -> list[Test]:
    """In their order."""
    return [
        Test("smoke.hello", "smoke", ("NOD-010",), hello),
        Test("smoke.instances", "smoke", ("NOD-005", "NOD-011", "NOD-013"), instances),
        Test("smoke.reset", "smoke", ("NOD-022",), reset),
        Test("smoke.unknown", "smoke", ("NOD-006",), unknown),
    ]
