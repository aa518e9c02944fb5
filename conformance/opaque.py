"""Nodes of a protocol that no profile describes: the kit carries their messages unread (NOD-064, NOD-065).

Why: who has a protocol of their own can be twinned, cut off, silenced and made to repeat itself all the same. A message
is known by where it stands, not by what it says: the k-th of its sender in the height that the sender is at. Bytes that
somebody else sent before are passed on; those that the sender sent before are said again.

It must not read a message, nor sign one. Source: spec/node-protocol.md, part 6.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from conformance import reactor, wire
from conformance.declaration import MESSAGE
from conformance.foreign import ForeignCluster, ForeignReactor, RenewingForeign
from conformance.history import Said

__all__ = ["OpaqueCluster", "RenewingOpaque"]

NOTHING = Said("damaged", 0, 0, -1, "")
HANDED_IN = Said("tx", 0, 0, -1, "")
NAMED = 16
"""Hex digits of a digest by which a message is named in a report."""


class OpaqueCluster(ForeignCluster):
    """Instances whose messages are bytes."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.words: dict[bytes, Said] = {}
        """Message -> where it stands, by whoever sent it first."""
        self.records: dict[bytes, Said] = {}
        """What an instance wrote right before it spoke -> what it said then."""
        self.heights: dict[tuple[int, int], int] = {}
        """(node, variant) -> the height that it is at, whatever crashed in between."""
        self.counts: dict[tuple[int, int, int], int] = {}
        """(node, variant, height) -> messages so far."""
        self.uttered: set[tuple[int, int, bytes]] = set()

    def noted(self, source: ForeignReactor, effects: Sequence[reactor.Effect]) -> None:
        """See `ForeignCluster`: each new message gets its place, and so does what was written for it."""
        voice, written = (source.node, source.variant), list[bytes]()
        for effect in effects:
            if isinstance(effect, reactor.Decided):
                self.heights[voice] = max(self.heights.get(voice, 1), effect.decision.height + 1)
            elif isinstance(effect, reactor.Persist):
                written += [value for _, value in effect.writes if value is not None]
            elif isinstance(effect, reactor.Send):
                said = self.placed(source, effect.wire)
                self.records.update(dict.fromkeys(written, said) if said.signer == source.node else {})
                written.clear()

    def placed(self, source: ForeignReactor, data: bytes) -> Said:
        """The place of a message that this instance sends."""
        voice = (source.node, source.variant)
        height = self.heights.get(voice, 1)
        at = self.counts.get((*voice, height), 0)
        fresh = data not in self.words and not self.is_handed_in(data)
        if fresh:
            named = wire.tagged("yilian/message", data).hex()[:NAMED]
            self.words[data] = Said(MESSAGE, height, at, source.node, named)
        if self.read(data).signer == source.node and (*voice, data) not in self.uttered:
            self.uttered.add((*voice, data))
            self.counts[*voice, height] = at + 1
        return self.read(data)

    def is_handed_in(self, data: bytes) -> bool:
        """Whether this is a transaction as a client handed it in."""
        return data in self.handed

    # --- what the world asks ---

    def message(self, data: bytes) -> tuple[Said, dict[str, Any] | None]:
        """See `ForeignCluster`: nothing can be read."""
        return self.read(data), None

    def read(self, wire: bytes) -> Said:
        """See `reactor.Cluster`."""
        return HANDED_IN if self.is_handed_in(wire) else self.words.get(wire, NOTHING)

    def read_record(self, value: Any) -> Said | None:
        """See `reactor.Cluster`: known by what was said right after it was written."""
        return self.records.get(value)

    def damage(self, data: bytes, act: str) -> bytes:
        """See `reactor.Cluster`: bits are flipped and ends cut off whatever the bytes are."""
        return wire.spoilt(data, act) if data else b"\0"

    def is_genuine(self, wire: bytes) -> bool:
        """See `reactor.Cluster`: whether some instance sent exactly this."""
        return wire in self.words or self.is_handed_in(wire)

    def alter(self, wire: bytes, act: Mapping[str, Any], source: ForeignReactor) -> bytes | None:
        """See `reactor.Cluster`: to say something else needs a profile."""
        return None

    def forge(self, said: Said, act: Mapping[str, Any], source: ForeignReactor) -> bytes | None:
        """See `reactor.Cluster`: as `alter`."""
        return None

    def votes(self, block: str, cert: str | None) -> tuple[tuple[tuple[int, bool], ...], int]:
        """See `ForeignCluster`: what a certificate is, a profile says."""
        return (), 0

    def proves(self, effect: Mapping[str, Any]) -> bool:
        """See `ForeignCluster`: so is what convicts."""
        return False


class RenewingOpaque(OpaqueCluster, RenewingForeign):
    """The same under a plan with changes of the members."""
