"""The cast: members of a made-up alliance, their keys, and the genesis that they agree on.

Keys are those that everybody knows of test networks, so a replay needs no key file; names are made up. It must not know
any story.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from refimpl.crypto.recipes import KeyPair, key_for_tests
from refimpl.data.block import Genesis
from refimpl.data.ids import ChannelId, MemberId, Name, Seconds, Suite, Weight
from refimpl.data.members import Member, Membership, Role

START: Final = Seconds(1_767_225_600)
"""2026-01-01T00:00:00Z."""

ENGINE: Final = Name("tendermint")
"""What orders the chain unless a story says otherwise."""


@frozen
class Node:
    """A node of the directory."""

    name: str
    kind: str
    parent: str | None = None
    attributes: Mapping[str, Any] = {}

    def to_value(self) -> dict[str, Any]:
        """As a payload of kind `directory` lists it."""
        listed = [{"name": name, "value": value} for name, value in sorted(self.attributes.items())]
        return {"attributes": listed, "kind": self.kind, "name": self.name, "parent": self.parent}


@frozen
class Cast:
    """Who takes part in one story."""

    channel: ChannelId
    validators: tuple[MemberId, ...]
    members: tuple[MemberId, ...]
    auditors: tuple[MemberId, ...]
    directory: tuple[Node, ...]
    engine: Name = ENGINE
    suite: Suite = Suite.INTL

    @property
    def everybody(self) -> tuple[MemberId, ...]:
        """All who have a key."""
        return (*self.validators, *self.members, *self.auditors)

    def keys(self) -> dict[MemberId, KeyPair]:
        """The key of each."""
        return {name: key_for_tests(self.suite, name) for name in self.everybody}

    def genesis(self) -> Genesis:
        """Block 0."""
        keys = self.keys()
        listed = [
            Member(name, keys[name].public, Weight(1 if role is Role.VALIDATOR else 0), role)
            for role, names in (
                (Role.VALIDATOR, self.validators),
                (Role.MEMBER, self.members),
                (Role.AUDITOR, self.auditors),
            )
            for name in names
        ]
        payload = {"nodes": [node.to_value() for node in self.directory]}
        membership = Membership.of(listed, self.suite)
        return Genesis(self.channel, self.suite, START, self.engine, membership, {}, (payload,))


def names(*texts: str) -> tuple[MemberId, ...]:
    """Members by name."""
    return tuple(MemberId(text) for text in texts)


def alliance(directory: Sequence[Node]) -> Cast:
    """Four tier-3 validators, a county and a community hospital, a patient, and two commissions."""
    return Cast(
        ChannelId("river-city"),
        names("city3-a", "city3-b", "city3-c", "city3-d"),
        names("centre1", "county2", "patient-7f3a"),
        names("city-hc", "hill-hc"),
        tuple(directory),
    )


ALLIANCE: Final = alliance((
    Node("north", "Region", None, {"level": "province"}),
    Node("river-city", "Region", "north", {"level": "city"}),
    Node("hill", "Region", "river-city", {"level": "district"}),
    Node("city-hc", "Commission", None, {"level": "city", "region": "river-city"}),
    Node("hill-hc", "Commission", None, {"level": "district", "region": "hill"}),
    Node("centre1", "Hospital", None, {"tier": 1, "region": "hill", "supervisor": "hill-hc"}),
    Node("county2", "Hospital", None, {"tier": 2, "region": "hill", "supervisor": "hill-hc"}),
    *(
        Node(f"city3-{letter}", "Hospital", None, {"tier": 3, "region": "river-city", "supervisor": "city-hc"})
        for letter in "abcd"
    ),
    Node("patient-7f3a", "Patient", None, {"region": "hill"}),
))  # fmt: skip
"""The alliance of the worked examples."""
