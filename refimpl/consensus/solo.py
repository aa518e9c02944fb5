"""Solo: the engine of a ledger with one member, and the template of an engine.

Why: contracts and ledgers can be tried, tested and taught before the first vote is cast, and an author of an engine
finds here the smallest thing that keeps the interface. Whatever the application offers is decided at once.

It must not know what a payload means. Source: spec/consensus.md, part 2 (CON-030).
"""

from collections.abc import Sequence

from attrs import evolve, frozen

from refimpl.consensus.interface import (
    AskPayload,
    Begin,
    Decide,
    Input,
    Kind,
    Notary,
    Offer,
    Promise,
    Receive,
    Step,
)
from refimpl.data.ids import Digest, Height, MemberId, Round, Signature
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import Message, Proposal

PROMISE = Promise(
    engine="solo", faults="crash", threshold=(1, 1), finality={"kind": "immediate"}, safety_net="asynchronous",
    live_net="partial", links="p2p", phases=("propose",), certificates=False, evidence=False, delta=1, timeout=(1, 0),
)  # fmt: skip


_BEFORE_THE_FIRST = Height(0)


@frozen
class Memory:
    """The height that is open, 0 before the first, and whether it is decided."""

    height: Height = _BEFORE_THE_FIRST
    decided: bool = True


class Solo:
    """The engine of the one member. Immutable; see `refimpl.consensus.interface.Engine`."""

    promise = PROMISE

    def __init__(self, member: MemberId, notary: Notary) -> None:
        self.member = member
        self.notary = notary

    def start(self) -> Memory:
        """The memory of a node that has seen nothing."""
        return Memory()

    def step(self, state: Memory, event: Input) -> Step:
        """One input: a height that begins asks for a payload, and the payload offered is decided (CON-030)."""
        match event:
            case Begin(height, validators):
                if len(validators.members) != 1:
                    raise Refused(Code.CONSENSUS_NOT_ALONE, got=len(validators.members))
                return Step(Memory(height, decided=False), (AskPayload(height, Round(0)),))
            case Offer(height, round_, payload, value) if height == state.height and not state.decided:
                return Step(evolve(state, decided=True), (Decide(height, round_, value, payload, ()),))
            case Receive(message):
                raise Refused(Code.NET_UNKNOWN_SENDER, "/from", sender=message.sender)
            case _:
                return Step(state, ())

    def recover(self, state: Memory, begin: Begin, records: Sequence[Message]) -> Step:
        """Begin the height after the last executed one; there is nothing to be bound by."""
        return self.step(state, begin)

    def where(self, state: Memory) -> str:
        """The height."""
        return f"height {state.height} {'decided' if state.decided else 'open'}"

    def supply(self, height: Height, round: Round, value: Digest, payload: bytes,
               votes: Sequence[tuple[MemberId, Signature]]) -> Message:  # fmt: skip
        """The decided payload as a proposal: nobody is ever behind, so nobody is ever sent it."""
        return self.notary.sign(Message("propose", height, round, self.member, Proposal(value, payload, -1)))


ENGINE = Kind(PROMISE, {}, Solo)
