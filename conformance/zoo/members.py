"""Planted bugs of members that come and go: whole nodes that take the wrong ones for those in force.

Each overrides one rule of `refimpl.node.machine.Machine`. They are hunted by plans with changes, in worlds of whole
nodes; ids begin with M.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from conformance.zoo import mutant
from refimpl.consensus import interface as api
from refimpl.consensus.interface import Validators
from refimpl.data.ids import MemberId
from refimpl.data.refusal import Refused
from refimpl.network.messages import Message
from refimpl.node.machine import Machine
from refimpl.node.notary import MessageNotary, verify_message


def weights_of(members: Any) -> dict[MemberId, int]:
    """The validators of a membership with their weights."""
    return {one.member: one.weight for one in members.validators()}


class LaxNotary(MessageNotary):
    """Takes a signature by any key that its member ever had."""

    def verify(self, message: Message) -> None:
        for keys in self.force[1:]:
            with suppress(Refused):
                verify_message(self.codec, keys.public, self._verify, message)
                return
        super().verify(message)


@mutant("M01", of="members", breaks=("INV-S6", "INV-S3", "INV-V1"), tier="easy")
class TooEarly(Machine):
    """The members whom a waiting change would bring are in force at once, one height early (classical)."""

    def _validators(self) -> Validators:
        ahead = self.ledger.prepare(self.ledger.tip.members.validators()[0].member, self.now).to_bytes()
        return Validators.of(weights_of(self.ledger.finalize(ahead).tip.members))


@mutant("M02", of="members", breaks=("INV-S6",), tier="medium")
class OldKeyAccepted(Machine):
    """A key that was replaced goes on being accepted beside the new one (classical)."""

    def _renew(self) -> None:
        super()._renew()
        self.notary.__class__ = LaxNotary


@mutant("M03", of="members", breaks=("INV-S6",), tier="easy")
class QuorumOfTheFounders(Machine):
    """Votes are weighed by the weights of the genesis for ever (classical)."""

    def _validators(self) -> Validators:
        founders, present = weights_of(self.genesis.members), weights_of(self.ledger.tip.members)
        return Validators.of({name: founders.get(name, 1) for name in present})


@mutant("M04", of="members", breaks=("INV-S6", "INV-S3"), tier="easy")
class RemovedStillCounted(Machine):
    """Who was removed keeps vote and weight (classical)."""

    def _validators(self) -> Validators:
        return Validators.of({**weights_of(self.genesis.members), **weights_of(self.ledger.tip.members)})


@mutant("M05", of="members", breaks=("INV-S2", "INV-S3"), tier="medium")
class NotToldOfTheChange(Machine):
    """The engine is not told that a block changes the members, nor that they changed (classical)."""

    def _carry_out(self, effect: api.Effect) -> Sequence[api.Input]:
        told = super()._carry_out(effect)
        plain = (replace(one, closes=False) if isinstance(one, api.Verdict) else one for one in told)
        kept = (one for one in plain if not isinstance(one, api.Renew))
        return tuple(replace(one, fresh=False) if isinstance(one, api.Begin) else one for one in kept)
