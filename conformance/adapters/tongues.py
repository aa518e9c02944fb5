"""What liars can say: statements of each engine that no honest copy would make now, still unsigned.

Why: an atom of a plan says "towards node 3 support v1", and what that is in bytes differs by engine. One function an
engine, its tongue; an engine without one can still be twinned, delayed, silenced and made to repeat itself.

It must not sign, send or judge, and knows the messages of engines, not their rules.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from refimpl.data.ids import Digest, Height, MemberId, Round
from refimpl.network.messages import Body, Message, Proposal, Vote


class Saying(NamedTuple):
    """A statement that a plan asks a liar for."""

    kind: str
    height: Height
    """As the plan counts: 1 where rounds run on through the whole run."""
    round: Round
    sender: MemberId
    value: str
    """`nil`, or a plan's `v<i>` or `v<i>.<k>`."""
    valid_round: int | None
    was: Message | None
    """The honest message that it replaces, if it replaces one."""
    memory: Any
    """What the honest copy of the liar remembers."""
    build: Callable[[Sequence[bytes]], bytes | None]
    """The payload of `value` on top of these payloads that are not decided; None if it cannot be made here."""
    name: Callable[[bytes], Digest]
    """The digest by which votes name a payload."""


Tongue = Callable[[Saying], Message | None]
"""The statement, or None where this engine has none of the kind."""


def said(saying: Saying, body: Body) -> Message:
    """The statement with this body, at the place that the plan names."""
    return Message(saying.kind, saying.height, saying.round, saying.sender, body)


def two_phase(saying: Saying) -> Message | None:
    """`propose` with a payload, `prevote` and `precommit` with its digest or nil: Tendermint."""
    payload = None if saying.value == "nil" else saying.build(())
    if saying.kind == "propose":
        if payload is None:
            return None
        old = saying.was.body.valid_round if saying.was and isinstance(saying.was.body, Proposal) else -1
        vr = old if saying.valid_round is None else saying.valid_round
        return said(saying, Proposal(saying.name(payload), payload, vr))
    if saying.kind not in ("prevote", "precommit") or (payload is None and saying.value != "nil"):
        return None
    return said(saying, Vote(None if payload is None else saying.name(payload)))


TONGUES: Mapping[str, Tongue] = {"tendermint": two_phase}
"""Engine -> what its liars can say."""


def dumb(saying: Saying) -> Message | None:
    """The tongue of an engine that the kit does not know."""
    return None
