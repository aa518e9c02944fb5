"""Eligibility: whether those who made the blocks of a longest chain were to make them, told from the chain alone.

Why here: an engine judges a block as it comes; whoever is handed a ledger afterwards judges the same block by the same
rules. So none is written again: the blocks pass, one after the other, through the rules of the engine itself, on a
memory in which each is final as soon as it stands.

It must not know where a proof was kept, execute a block, nor read a clock: that a block's time fits its slot is for
whoever knows times. Source: spec/consensus.md, CON-131.
"""

from refimpl.consensus import interface as api
from refimpl.consensus.interface import Kind, Notary, Validators
from refimpl.consensus.longest_chain import LongestChain, block_of
from refimpl.consensus.registry import engine_names, find_engine
from refimpl.consensus.tree import Tree
from refimpl.data.ids import Digest, Height, MemberId
from refimpl.data.refusal import Code, Refused
from refimpl.network.messages import Message

__all__ = ["Eligibility"]

_AUDITOR = MemberId("")


def _judged() -> list[str]:
    makers = {name: find_engine(name).make for name in engine_names()}
    return [name for name, make in makers.items() if isinstance(make, type) and issubclass(make, LongestChain)]


class Eligibility:
    """The chain of proofs that were accepted so far. A refused one changes nothing."""

    def __init__(self, kind: Kind, notary: Notary, genesis: Digest) -> None:
        """A chain on the block with the id `genesis`. `consensus.unknown_engine` where the engine has no rules of a
        longest chain to judge by."""
        engine = kind.make(_AUDITOR, notary)
        if not isinstance(engine, LongestChain):
            known = ", ".join(_judged())
            raise Refused(Code.CONSENSUS_UNKNOWN_ENGINE, got=kind.promise.engine, expected=known)
        self._engine = engine
        self._memory = engine.start()
        self._memory.tree = Tree(genesis)

    def follow(self, message: Message, payload: bytes, validators: Validators) -> int | None:
        """Take the proof of this payload at the next height, which has these validators; the tick that its time must
        fit.

        Raises, in this order, `net.unknown_sender`, `net.bad_signature`, `consensus.wrong_height`, `.wrong_block`,
        `.no_work`, `.wrong_slot`, `.wrong_proposer`, `.wrong_target` (CON-131).
        """
        engine, work = self._engine, self._engine.work(self._memory)
        memory, body = work.memory, block_of(message)
        tip, height = memory.tree.tip, Height(memory.decided + 1)
        engine.notary.verify(message)
        if message.height != height:
            raise Refused(Code.CONSENSUS_WRONG_HEIGHT, "/height", expected=height, got=message.height)
        if body.payload != payload:
            expected, got = engine.notary.value_of(payload).hex(), body.value.hex()
            raise Refused(Code.CONSENSUS_WRONG_BLOCK, "/body/payload", expected=expected, got=got)
        if body.parent != tip:
            expected, got = tip.hex(), body.parent.hex()
            raise Refused(Code.CONSENSUS_WRONG_BLOCK, "/body/parent", expected=expected, got=got)
        work.want(api.Begin(height, validators))
        engine.verify_block(memory, message)
        work.plant(message, payload)
        work.advance(engine.seal(message))
        self._memory = work.memory
        return work.made_at(message)
