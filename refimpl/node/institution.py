"""An institution: one member with its nodes in all its channels, and the walls between them.

A channel is a ledger among named members. An institution holds a node for each of its channels and for no other; what
a node sends goes to members of its channel alone, and a frame of a channel that the institution is not in is refused
before anything reads it. A private ledger is a channel of one. Between channels passes a head, height and digest, that
the institution anchors in another by a transaction like any other (`Anchor`).

It must not know how frames travel: links that are encrypted and authenticated are the shell's.
Source: spec/network.md, NET-040 to NET-042.
"""

from collections.abc import Iterable
from typing import NamedTuple

from refimpl.data.ids import ChannelId, Digest, Height, MemberId, Seconds
from refimpl.data.refusal import Code, Refused
from refimpl.node.machine import Effect, Machine, Send

__all__ = ["Frame", "Institution"]


class Frame(NamedTuple):
    """Bytes of one channel on their way to one member."""

    channel: ChannelId
    to: MemberId
    data: bytes


class Institution:
    """One member and its nodes, one a channel. Each input goes to one node; each returns frames and other effects."""

    def __init__(self, member: MemberId, nodes: Iterable[Machine]) -> None:
        """`nodes` are this member's, of different channels."""
        self.member = member
        self._nodes: dict[ChannelId, Machine] = {}
        for node in nodes:
            assert node.member == member
            assert node.genesis.channel not in self._nodes
            self._nodes[node.genesis.channel] = node

    def channels(self) -> tuple[ChannelId, ...]:
        """The channels that this institution is in, ascending."""
        return tuple(sorted(self._nodes))

    def node(self, channel: ChannelId) -> Machine:
        """The node of a channel; `net.wrong_channel` for one that this institution is not in (NET-041)."""
        if channel not in self._nodes:
            raise Refused(Code.NET_WRONG_CHANNEL, expected=", ".join(self.channels()), got=channel)
        return self._nodes[channel]

    def start(self, channel: ChannelId, now: Seconds) -> tuple[list[Frame], list[Effect]]:
        """A new ledger of the channel from its genesis."""
        return self._sorted(channel, self.node(channel).start(now))

    def submit(self, channel: ChannelId, data: bytes, now: Seconds) -> tuple[list[Frame], list[Effect]]:
        """A client's transaction for one channel; refuses as `Machine.submit` does."""
        return self._sorted(channel, self.node(channel).submit(data, now))

    def deliver(
        self, channel: ChannelId, data: bytes, sender: MemberId, now: Seconds
    ) -> tuple[list[Frame], list[Effect]]:
        """What came over the authenticated link from `sender`; `net.unknown_sender` for one who is not in the channel
        (NET-041), and what `Machine.deliver` refuses."""
        node = self.node(channel)
        if node.ledger.tip.members.get(sender) is None:
            raise Refused(Code.NET_UNKNOWN_SENDER, sender=sender)
        return self._sorted(channel, node.deliver(data, now))

    def head(self, channel: ChannelId) -> tuple[Height, Digest]:
        """What may leave a channel: its height and the digest of its last block (NET-042)."""
        tip = self.node(channel).ledger.tip
        return tip.height, tip.block

    def _sorted(self, channel: ChannelId, effects: Iterable[Effect]) -> tuple[list[Frame], list[Effect]]:
        """Frames for members of the channel in force, and the effects that are no frames (NET-040)."""
        frames: list[Frame] = []
        others: list[Effect] = []
        for effect in effects:
            if isinstance(effect, Send):
                frames += [Frame(channel, to, effect.data) for to in self._addressed(channel, effect)]
            else:
                others.append(effect)
        return frames, others

    def _addressed(self, channel: ChannelId, sent: Send) -> list[MemberId]:
        members = self._nodes[channel].ledger.tip.members
        listed = sent.to or tuple(one.member for one in members.validators())
        return [one for one in listed if one != self.member and members.get(one) is not None]
