"""A state under change: the state map of the block before, and what this block has written so far.

Why: a transaction is all or nothing and a block is committed once. Writes collect here, a refused transaction's are
dropped, and the map hashes each touched node once at the end of the block.

It must not know what the keys mean.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator

from refimpl.data.encoding import Value, decode_known, encode
from refimpl.data.state_map import StateMap

__all__ = ["Draft", "behind"]


class Draft:
    """Reads see the writes. `mark` and `undo` bracket one transaction."""

    def __init__(self, base: StateMap) -> None:
        self.base = base
        self.writes: dict[bytes, bytes | None] = {}
        self._found: dict[bytes, bytes | None] = {}
        """What was read of the map before: a block asks for the same nodes of the directory again and again."""
        self._ordered: list[bytes] = []
        """The keys of `writes`, ascending: many reads ask for a prefix."""
        self._undo: list[tuple[bytes, bytes | None, bool]] | None = None

    def get(self, key: bytes) -> bytes | None:
        """The present value of a key."""
        if key in self.writes:
            return self.writes[key]
        if key not in self._found:
            self._found[key] = self.base.get(key)
        return self._found[key]

    def put(self, key: bytes, value: bytes | None) -> None:
        """Set a key, or remove it."""
        if self._undo is not None:
            self._undo.append((key, self.writes.get(key), key in self.writes))
        if key not in self.writes:
            insort(self._ordered, key)
        self.writes[key] = value

    def read(self, key: bytes) -> Value:
        """The present value of a key as canonical data; None if there is none."""
        found = self.get(key)
        return None if found is None else decode_known(found)

    def write(self, key: bytes, value: Value) -> None:
        """Set a key to canonical data."""
        self.put(key, encode(value))

    def written(self, first: bytes, behind: bytes) -> list[bytes]:
        """The keys that were written or removed here, from `first` to before `behind`, ascending."""
        return self._ordered[bisect_left(self._ordered, first) : bisect_left(self._ordered, behind)]

    def keys(self, prefix: bytes) -> Iterator[bytes]:
        """The present keys with this prefix, ascending."""
        written = self.written(prefix, behind(prefix))
        place = 0
        for key, _ in self.base.items(prefix):
            while place < len(written) and written[place] < key:
                if self.writes[written[place]] is not None:
                    yield written[place]
                place += 1
            if key not in self.writes:
                yield key
            elif place < len(written) and written[place] == key:
                place += 1
                if self.writes[key] is not None:
                    yield key
        for key in written[place:]:
            if self.writes[key] is not None:
                yield key

    def mark(self) -> None:
        """From here on writes can be undone."""
        self._undo = []

    def undo(self) -> None:
        """Take back every write since `mark`."""
        for key, value, was_there in reversed(self._undo or []):
            if was_there:
                self.writes[key] = value
            else:
                del self.writes[key]
                del self._ordered[bisect_left(self._ordered, key)]
        self._undo = None

    def commit(self) -> StateMap:
        """The map with all writes."""
        return self.base.updated(self.writes)


def behind(prefix: bytes) -> bytes:
    """The least key behind all that begin with `prefix`, which does not end in 255."""
    return prefix[:-1] + bytes([prefix[-1] + 1])
