"""What liars can say in each profile, as data: bodies of messages that no honest copy would send now, still unsigned.

Why: an atom of a plan says "towards node 3 support v1", and what that is in bytes differs by protocol. A profile that
is not here can still be twinned, delayed, silenced and made to repeat itself. It must not sign, send or judge.
Source: spec/profiles, network.md part 1.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

__all__ = ["TONGUES", "Saying"]

Data = dict[str, Any]


class Saying(NamedTuple):
    """A statement that a plan asks a liar for."""

    kind: str
    round: int
    value: str
    """`nil`, or a plan's `v<i>` or `v<i>.<k>`."""
    valid_round: int | None
    was: Mapping[str, Any] | None
    """The honest message that it replaces, if it replaces one."""
    build: Callable[[], bytes | None]
    """The block of `value`; None if it cannot be made here."""
    name: Callable[[bytes], str]
    """The digest by which votes name a block, in hex."""


def tendermint(saying: Saying) -> Data | None:
    """`propose` with a block, `prevote` and `precommit` with its digest or nothing."""
    block = None if saying.value == "nil" else saying.build()
    if saying.kind == "propose" and block is not None:
        old = saying.was["body"].get("valid_round", -1) if saying.was else -1
        vr = old if saying.valid_round is None else saying.valid_round
        return {"payload": block.hex(), "valid_round": vr, "value": saying.name(block)}
    if saying.kind in ("prevote", "precommit") and (block is not None or saying.value == "nil"):
        return {} if block is None else {"value": saying.name(block)}
    return None


TONGUES: Mapping[str, Callable[[Saying], Data | None]] = {"tendermint/1": tendermint}
"""Profile -> what its liars can say."""
