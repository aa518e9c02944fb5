"""The root of the state map, by its recursive definition: no tree is kept, the whole map is hashed.

Why so: it is the definition, and the maps of a test are small. It must not know what an entry means.
Source: spec/data.md, DAT-040 to DAT-045.
"""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256

from conformance.wire import tagged

__all__ = ["state_root"]


@lru_cache(maxsize=65536)
def _leaf(key: bytes, value: bytes) -> bytes:
    return sha256(b"\2" + bytes([len(key)]) + key + sha256(value).digest()).digest()


def _bits(key: bytes) -> int:
    """A key as a number whose highest bit is bit 0, with zeros behind it up to the longest key."""
    return int.from_bytes(key.ljust(256, b"\0"))


def _root(entries: list[tuple[int, bytes]]) -> bytes:
    """The root of entries (bits, hash of leaf) in ascending order: at least one."""
    if len(entries) == 1:
        return entries[0][1]
    first = 2048 - (entries[0][0] ^ entries[-1][0]).bit_length()
    mask = 1 << (2047 - first)
    split = next(at for at, (bits, _) in enumerate(entries) if bits & mask)
    left, right = _root(entries[:split]), _root(entries[split:])
    return sha256(b"\3" + first.to_bytes(2) + left + right).digest()


def state_root(state: Mapping[bytes, bytes]) -> bytes:
    """The root of a whole map."""
    if not state:
        return tagged("yilian/state/v1", b"")
    return _root([(_bits(key), _leaf(key, state[key])) for key in sorted(state)])
