"""A history: what happened in one run, as data for checkers and reports.

Why: a checker is a pure function of a history, so the same checkers judge a simulation, a foreign node behind a pipe
and a recorded file. Nothing here is specific to an engine.

It must not know the plan's meaning, nor how messages travel.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from attrs import frozen

from conformance.contract import Contract
from conformance.plan import Plan
from conformance.sentences import Text, written


class Said(NamedTuple):
    """What the world reads off a message: its coordinates and its signer."""

    kind: str
    height: int
    round: int
    signer: int
    value: str


class Block(NamedTuple):
    """What a decided block says, as the checkers read it. Built by the kit's own decoder, or by an engine's adapter."""

    digest: str
    previous: str
    proposer: int
    transactions: tuple[str, ...]
    broken: Text = ""
    """Why the block is invalid in itself, or nothing."""


class Decision(NamedTuple):
    """One node reported one height final."""

    tick: int
    node: int
    life: int
    """How often the node had crashed before."""
    height: int
    round: int
    block: Block
    votes: tuple[tuple[int, bool], ...]
    """The certificate: (voter, whether its signature holds), in its order."""
    result: str
    """Digest of the state after the block, as the node reports it; empty where a report is only repeated."""
    proof: Mapping[str, Any] = {}
    """Where there is no certificate, what the block says of itself: its maker as `from`, and its body."""
    weights: tuple[int, ...] = ()
    """The weight of each node at this height, where members come and go; those of the plan if empty."""


class Statement(NamedTuple):
    """One node signed one message."""

    tick: int
    node: int
    life: int
    kind: str
    height: int
    round: int
    value: str
    recorded: bool = True
    """Whether it left after a write that was synced since what the node said before, and with none outstanding."""


class Delivery(NamedTuple):
    """One message reached one node."""

    tick: int
    src: int
    """Who signed it."""
    dst: int
    kind: str
    height: int
    round: int
    value: str
    forged: bool
    """Whether the signer's honest copy did not send it there."""
    genuine: bool = True
    """Whether its signature is its signer's: what is not proves nothing."""


class Unrest(NamedTuple):
    """A node crashed or came back, or refused what it was given."""

    tick: int
    node: int
    what: str
    """`crash`, `back`, or a refusal code."""


@frozen
class History:
    """One run: what happened, in order. `deliveries` are kept only if a report asked for them."""

    plan: Plan
    contract: Contract
    """What the engine declares: the law by which it is judged."""
    decisions: tuple[Decision, ...]
    statements: tuple[Statement, ...]
    unrest: tuple[Unrest, ...]
    evidence: tuple[tuple[int, int], ...]
    """(accuser, accused) pairs whose proof holds."""
    submitted: frozenset[str]
    """Transactions that clients handed in."""
    ended: int
    """The tick of the last event."""
    why: str
    """`done`, `quiet` (nothing in flight, somebody undecided) or `bound` (the computed bound of liveness passed)."""
    triggered: Mapping[str, int]
    """How often each kind of atom took effect."""
    deliveries: tuple[Delivery, ...] = ()
    stuck: tuple[tuple[int, str], ...] = ()
    """For each correct node that is undecided at the end: where it stands, in words of its own."""
    names: tuple[str, ...] = ()
    """The members, in order of node."""
    handed_in: frozenset[str] = frozenset()
    """Of the transactions, those that every node was handed at its start."""
    in_force: Mapping[int, tuple[int, ...]] = {}
    """Where members come and go from height to height: the weight of each node at each, 0 for one without a vote."""

    @property
    def weights(self) -> tuple[int, ...]:
        """Weight of each node."""
        return self.plan.weights or (1,) * self.plan.n

    @property
    def knows_members(self) -> bool:
        """Whether a height says who is in force; where rounds run on, members change with a branch."""
        return bool(self.in_force) or not self.plan.changes

    def weights_at(self, height: int) -> tuple[int, ...]:
        """The weight of each node at a height; of none where that is not known."""
        return self.in_force.get(height, (0,) * self.plan.n) if self.plan.changes else self.weights

    def maker(self, decision: Decision) -> int:
        """The node that made a block, as its proof says; -1 where there is none."""
        name: str = decision.proof.get("from", "")
        return self.names.index(name) if name in self.names else -1

    def chain(self, node: int) -> dict[int, Decision]:
        """What `node` reports final at the end: height -> decision, the last report of a height winning."""
        return {decision.height: decision for decision in self.decisions if decision.node == node}


class Violation(NamedTuple):
    """A clause that a history breaks."""

    clause: str
    """Such as `INV-S1`, with its part where it has parts."""
    tick: int
    nodes: tuple[int, ...]
    expected: Text
    actual: Text

    def to_data(self) -> dict[str, Any]:
        """The violation as JSON data."""
        texts = written(expected=self.expected, actual=self.actual)
        return {"clause": self.clause, "tick": self.tick, "nodes": list(self.nodes), **texts}
