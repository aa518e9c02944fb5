"""A store in memory that can crash: for simulation, where a disk that forgets is a fault to be drawn.

Writes that were not synced are kept apart in their order, and `crashed` gives the disk as it would be found after
losing the last of them. The module touches no disk and draws no chance: how much is lost, the caller says.
"""

from collections.abc import Iterator, Mapping, Sequence

from refimpl.node.ports import Write
from refimpl.store.keys import check_keys

__all__ = ["MemoryStore"]


class MemoryStore:
    """A `refimpl.node.ports.Store` in memory."""

    def __init__(self, content: Mapping[str, bytes] | None = None) -> None:
        """A store with `content`, all of it durable."""
        self._durable: dict[str, bytes] = dict(content or {})
        self._unsynced: list[tuple[Write, ...]] = []
        self._now = dict(self._durable)

    def get(self, key: str) -> bytes | None:
        """The value of `key`, or None."""
        return self._now.get(key)

    def items(self, prefix: str = "") -> Iterator[tuple[str, bytes]]:
        """Keys that begin with `prefix`, in ascending order, with their values."""
        return iter(sorted((key, value) for key, value in self._now.items() if key.startswith(prefix)))

    def apply(self, writes: Sequence[Write], *, sync: bool) -> None:
        """All of `writes` or none; `sync` makes them and the earlier ones proof against `crashed`."""
        check_keys(writes)
        _carry_out(writes, self._now)
        self._unsynced.append(tuple(writes))
        if sync:
            self._settle(len(self._unsynced))

    def scrub(self) -> None:
        """Leave nothing of what was deleted: a dictionary keeps none."""

    def close(self) -> None:
        """Make everything durable."""
        self._settle(len(self._unsynced))

    @property
    def unsynced(self) -> int:
        """How many calls of `apply` a crash might still undo."""
        return len(self._unsynced)

    def crashed(self, lost: int) -> "MemoryStore":
        """The disk after a crash that undid the last `lost` unsynced calls of `apply`, 0..`unsynced`."""
        if not 0 <= lost <= self.unsynced:
            raise ValueError(f"a crash can undo 0..{self.unsynced} calls, not {lost}")
        survivor = MemoryStore(self._durable)
        for writes in self._unsynced[: self.unsynced - lost]:
            survivor.apply(writes, sync=True)
        return survivor

    def _settle(self, count: int) -> None:
        for writes in self._unsynced[:count]:
            _carry_out(writes, self._durable)
        del self._unsynced[:count]


def _carry_out(writes: Sequence[Write], content: dict[str, bytes]) -> None:
    for key, value in writes:
        if value is None:
            content.pop(key, None)
        else:
            content[key] = value
