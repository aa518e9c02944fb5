"""The patient master index (EMPI): one person, many institutions, and names that do not betray the person.

On a chain a person is a pseudonym: a keyed digest of an official number, under a key of that channel alone. Whoever
holds the key finds the pseudonym of a number; nobody else can try all numbers, and the names of one person in two
channels have nothing in common. Two names that prove to be one person are linked on the chain, and a wrong link is
taken back: both are acts of the contract `PatientLink`, signed and in order.

The key never leaves the institutions that hold it. The module draws no randomness, and must not know what a record of
the person says.
"""

import re
from collections.abc import Iterable
from typing import Final

from attrs import field, frozen

from refimpl.crypto.recipes import keyed_digest
from refimpl.data import shape
from refimpl.data.encoding import encode
from refimpl.data.ids import ChannelId, MemberId

__all__ = ["IndexKey", "Link", "Person", "person", "pseudonym", "same_person", "temporary"]

_CHANNEL_TAG: Final = "yilian/index-key/v1"
_NAME_TAG: Final = "yilian/pseudonym/v1"
_HEX: Final = 32
"""Hex digits of a pseudonym: 128 bits, so that no two people of a country share one."""
_SYSTEM: Final = re.compile(r"[0-9A-Za-z.:/-]{1,128}")
_NUMBER: Final = re.compile(r"[0-9A-Z]{1,64}")


@frozen
class Person:
    """An official number of a person. It stays inside the institution: no `repr`, log or block shows it."""

    system: str
    """Whose numbers these are: an OID or a URI, such as `2.16.156.10011.1.3` of the resident identity card."""
    number: str = field(repr=False)
    """`[0-9A-Z]{1,64}`, without blanks."""


def person(system: object, number: object, at: str = "") -> Person:
    """An official number from outside input; blanks and hyphens are dropped, small letters raised (APP-014).

    `wire.bad_field` for anything else; the refusal does not repeat it.
    """
    written = number.replace(" ", "").replace("-", "").upper() if isinstance(number, str) else number
    return Person(
        shape.matching(system, f"{at}/system", _SYSTEM, f"system {_SYSTEM.pattern}"),
        shape.matching(written, f"{at}/number", _NUMBER, f"number {_NUMBER.pattern}"),
    )


class IndexKey:
    """The secret of the master index, 32 bytes that its holders share and no chain sees. No attribute shows it."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        """`secret` is 32 random bytes."""
        if len(secret) != 32:
            raise ValueError(f"an index key has 32 bytes, not {len(secret)}")
        self._secret = secret

    def __repr__(self) -> str:
        return "<IndexKey>"

    def __reduce__(self) -> str:
        raise TypeError("an index key is not serialised")


def pseudonym(key: IndexKey, channel: ChannelId, of: Person) -> MemberId:
    """The name of a person in one channel: the same whoever asks, and no hint of the one in another (APP-014)."""
    own = keyed_digest(_CHANNEL_TAG, key._secret, channel.encode("ascii"))
    name = keyed_digest(_NAME_TAG, own, encode({"number": of.number, "system": of.system}))
    return MemberId(f"p-{name.hex()[:_HEX]}")


def temporary(drawn: bytes) -> MemberId:
    """The name of somebody whom nobody has identified yet, from 16 random bytes; linked later (APP-014)."""
    if len(drawn) != _HEX // 2:
        raise ValueError(f"a temporary name takes {_HEX // 2} random bytes, not {len(drawn)}")
    return MemberId(f"t-{drawn.hex()}")


@frozen
class Link:
    """Two names that are one person, for as long as the link stands."""

    kept: MemberId
    other: MemberId


def same_person(links: Iterable[Link], name: MemberId) -> tuple[MemberId, ...]:
    """All names of the person who has this one, sorted, itself among them: whatever links reach (APP-015)."""
    beside: dict[MemberId, list[MemberId]] = {}
    for link in links:
        beside.setdefault(link.kept, []).append(link.other)
        beside.setdefault(link.other, []).append(link.kept)
    found, waiting = {name}, [name]
    while waiting:
        for neighbour in beside.get(waiting.pop(), ()):
            if neighbour not in found:
                found.add(neighbour)
                waiting.append(neighbour)
    return tuple(sorted(found))
