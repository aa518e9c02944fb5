"""A follower: a ledger that votes on nothing and believes nobody, fed with blocks and their certificates.

For an auditor, a non-validating member, or a patient's own computer: it takes the next block only with the votes of the
members in force at that height, executes it, and so holds what the validators hold. Whoever feeds it can stop, and
cannot lie. Where the engine makes no certificates there is nothing to check but the blocks, and it says so.

It must not know where blocks come from. Source: spec/network.md, NET-043.
"""

from collections.abc import Mapping

from refimpl.consensus.registry import find_engine
from refimpl.crypto.recipes import Verifier
from refimpl.data.block import Genesis, read_block
from refimpl.data.certificate import Certificate, Decision, require_certificate, verify_certificate
from refimpl.data.ids import Height, Name
from refimpl.node.ledger import Ledger
from refimpl.node.ports import Write

__all__ = ["Follower"]


class Follower:
    """One ledger that follows. A refused block changes nothing."""

    def __init__(self, ledger: Ledger) -> None:
        """For `begin` and `resume`."""
        self.ledger = ledger
        self._promise = find_engine(ledger.genesis.engine).promise

    @classmethod
    def begin(cls, genesis: Genesis, verify: Verifier) -> tuple["Follower", list[Write]]:
        """A follower from the genesis, and the writes that make it last; `genesis` must have been checked."""
        ledger, writes = Ledger.open(genesis, verify)
        return cls(ledger), writes

    @classmethod
    def resume(cls, disk: Mapping[str, bytes], verify: Verifier) -> "Follower":
        """The follower that these keys of a store hold; `store.corrupt`."""
        return cls(Ledger.load(disk, verify))

    @property
    def height(self) -> Height:
        """The last block that was taken."""
        return self.ledger.tip.height

    def take(self, block: bytes, certificate: bytes | None) -> list[Write]:
        """The writes of the next block (NET-043).

        Raises what is wrong with the block (DAT-085 to DAT-099) or its certificate (DAT-102 to DAT-106).
        """
        result = self.ledger.finalize(block)
        proof = self._proved(block, certificate)
        return self.ledger.commit(result, proof)

    def _proved(self, block: bytes, data: bytes | None) -> Certificate | None:
        tip, engine = self.ledger.tip, self.ledger.genesis.engine
        if data is None:
            if self._promise.certificates:
                require_certificate(engine, None)
            return None
        certificate, header = Certificate.from_bytes(data), read_block(block).header
        decision = Decision(tip.channel, tip.suite, header.height, header.id, engine, Name(self._promise.commits))
        verify_certificate(certificate, decision, tip.members, self.ledger.verify)
        return certificate
