"""Histories written by hand: what a checker must see, and what it must let pass."""

from attrs import evolve

from conformance.history import Block, Decision, History, Statement
from conformance.plan import Plan
from tests.engines import TENDERMINT

PLAN = Plan(engine="tendermint", n=4, faulty=(3,))
FULL = ((0, True), (1, True), (2, True))


def block(name="a", previous="", transactions=(), broken=""):
    return Block(name * 8, previous * 8, 0, tuple(transactions), broken)


def final(node, height=1, name="a", previous="", tick=3, life=0, votes=FULL, result="r", **more):
    return Decision(tick, node, life, height, 0, block(name, previous, **more), votes, result)


def said(node, kind="prevote", value="a", round_=0, life=0):
    return Statement(1, node, life, kind, 1, round_, value)


def history(*decisions, statements=(), plan=PLAN, **more):
    parts = plan, TENDERMINT, tuple(decisions), tuple(statements), (), (), frozenset({"t1", "t2"})
    made = History(*parts, 9, "done", {})
    return evolve(made, **more)
