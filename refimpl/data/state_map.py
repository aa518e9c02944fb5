"""The world state as one immutable value with one digest: a Merkle map from byte keys to byte values.

The shape is a crit-bit tree (a binary trie whose chains are compressed): each branch names the first bit in which the
keys below it differ, 0 to the left, 1 to the right. A set of keys has exactly one such tree, so the root is a
function of the content and not of its history; keys come out in order, all keys with a prefix are one subtree, and
the path that a key's bits take proves its presence or its absence. Why binary and why over the keys themselves:
docs/adr/0002-state-map.md.

An update of many keys touches each node once and hashes it once: call `updated` once a block. The module knows no
contract and no block.

Inside, nodes are bare tuples with named positions, because building one costs a fifth of an object and the cyclic
collector soon forgets tuples of tuples. A list in their place is a branch of the update in progress: it has no hash
yet, no map that a caller holds reaches it, and it alone is ever changed in place.
"""

import gc
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

from attrs import frozen

from refimpl.crypto.recipes import digest
from refimpl.data import shape
from refimpl.data.ids import Digest, digest_of_hex
from refimpl.data.limits import PROOF_STEPS, STATE_KEY_BYTES, STATE_VALUE_BYTES
from refimpl.data.refusal import Code, Refused

__all__ = ["EMPTY", "EMPTY_ROOT", "MapProof", "StateMap", "verify_absence", "verify_presence"]

EMPTY_ROOT: Final = digest("yilian/state/v1", b"")
"""The root of the map without keys (DAT-041)."""

_HEADS: Final = [b"\x03" + position.to_bytes(2, "big") for position in range(8 * STATE_KEY_BYTES)]
"""What a branch's hash begins with, by the position of its bit: byte index times 8, plus 0 for the highest bit."""
_ZEROS: Final = bytes(STATE_KEY_BYTES + 1)


# A leaf is (hash, key, value, 0); a branch is (hash, head, byte, mask, left, right): `byte` and `mask` pick its bit
# of a key, 0 leads left; `head` orders branches by position. The mask tells them apart: a leaf's is 0.
_HASH, _HEAD, _BYTE, _MASK, _LEFT, _RIGHT = range(6)
_KEY, _VALUE = 1, 2
_Node = Any
_Path = list[_Node]


@frozen
class MapProof:
    """The way that a key's bits take from the root: `steps` of (position of the bit, hash of the other side), and the
    leaf it ends at: its key and the SHA-256 of its value. In the empty map there are neither."""

    steps: tuple[tuple[int, Digest], ...]
    leaf_key: bytes
    value_hash: Digest | None

    def to_value(self) -> dict[str, Any]:
        """The canonical value of the proof (DAT-046)."""
        steps = [[position, sibling.hex()] for position, sibling in self.steps]
        if self.value_hash is None:
            return {"steps": steps}
        return {"leaf": {"key": self.leaf_key.hex(), "value_hash": self.value_hash.hex()}, "steps": steps}

    @classmethod
    def from_value(cls, value: object, at: str = "") -> "MapProof":
        """The proof that `value` writes, or `wire.bad_field`."""
        fields = shape.record(value, at, ("steps",), ("leaf",))
        steps = []
        for number, step in enumerate(shape.items(fields["steps"], f"{at}/steps", PROOF_STEPS)):
            here = f"{at}/steps/{number}"
            position, sibling = shape.items(step, here, 2, least=2)
            bit = shape.integer(position, f"{here}/0", 0, PROOF_STEPS - 1)
            steps.append((bit, digest_of_hex(sibling, f"{here}/1")))
        if "leaf" not in fields:
            return cls(tuple(steps), b"", None)
        leaf = shape.record(fields["leaf"], f"{at}/leaf", ("key", "value_hash"))
        key = shape.bytes_of_hex(leaf["key"], f"{at}/leaf/key", most=STATE_KEY_BYTES)
        return cls(tuple(steps), key, digest_of_hex(leaf["value_hash"], f"{at}/leaf/value_hash"))


class StateMap:
    """An immutable map; `updated` gives another one that shares what did not change.

    Keys are 1 to 255 bytes, none of them zero; values at most 64 KiB (DAT-040). Start from `EMPTY`.
    """

    __slots__ = ("_size", "_top", "root")

    root: Digest
    """The digest of the whole content."""

    def __init__(self, top: _Node, size: int) -> None:
        """For this module: `top` is a finished node, or None."""
        self._top = top
        self._size = size
        self.root = EMPTY_ROOT if top is None else Digest(top[_HASH])

    def __len__(self) -> int:
        return self._size

    def __repr__(self) -> str:
        return f"<StateMap of {self._size}, root {self.root.hex()[:8]}>"

    def __eq__(self, other: object) -> bool:
        return self.root == other.root if isinstance(other, StateMap) else NotImplemented

    def __hash__(self) -> int:
        return int.from_bytes(self.root[:8], "big")

    def get(self, key: bytes) -> bytes | None:
        """The value of `key`, or None."""
        leaf, _ = _reach(self._top, key + _ZEROS)
        return leaf[_VALUE] if leaf is not None and leaf[_KEY] == key else None

    def updated(self, writes: Mapping[bytes, bytes | None]) -> "StateMap":
        """The map after `writes`; None removes a key. `contract.limit_exceeded` for a key or value over its limit."""
        top, size = self._top, self._size
        collecting = gc.isenabled()
        gc.disable()  # trees have no cycles: the collector would walk new nodes again and again, and find nothing
        try:
            for key in sorted(writes):
                value = writes[key]
                _check_entry(key, value)
                top, grown = _without(top, key) if value is None else _with(top, key, value)
                size += grown
            return self if top is self._top else StateMap(_finished(top), size)
        finally:
            if collecting:
                gc.enable()

    def items(self, prefix: bytes = b"", after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Keys and values in the order of the keys: those that begin with `prefix` and lie behind `after`."""
        start = max(prefix, after + b"\x01") if after else prefix
        for leaf in _leaves_from(self._top, start):
            if not leaf[_KEY].startswith(prefix):
                return
            yield leaf[_KEY], leaf[_VALUE]

    def prove(self, key: bytes) -> MapProof:
        """The proof of what `key` is here: present with its value, or absent."""
        padded = key + _ZEROS
        leaf, path = _reach(self._top, padded)
        if leaf is None:
            return MapProof((), b"", None)
        steps = []
        for branch in path:
            other = branch[_LEFT] if padded[branch[_BYTE]] & branch[_MASK] else branch[_RIGHT]
            steps.append((int.from_bytes(branch[_HEAD][1:], "big"), Digest(other[_HASH])))
        return MapProof(tuple(steps), leaf[_KEY], Digest(sha256(leaf[_VALUE]).digest()))


EMPTY: Final = StateMap(None, 0)
"""The map without keys, from which every state begins."""


def verify_presence(trusted: Digest, key: bytes, value: bytes, proof: MapProof) -> None:
    """Return if `proof` shows that the map with root `trusted` holds `value` under `key` (DAT-047), else
    `wire.bad_proof`."""
    if proof.leaf_key != key or proof.value_hash != sha256(value).digest():
        raise _bad("the leaf of this key and value", "another leaf")
    _check_way(trusted, key, proof)


def verify_absence(trusted: Digest, key: bytes, proof: MapProof) -> None:
    """Return if `proof` shows that the map with root `trusted` has no `key` (DAT-048), else `wire.bad_proof`."""
    if proof.leaf_key == key:
        raise _bad("the leaf of another key", "the leaf of this key")
    _check_way(trusted, key, proof)


def _check_way(trusted: Digest, key: bytes, proof: MapProof) -> None:
    """Rebuild the root from the leaf, going by the bits of `key`: the way of another key would not lead here."""
    if proof.value_hash is None:
        found = EMPTY_ROOT if not proof.steps else b""
    else:
        found = _leaf_hash(proof.leaf_key, proof.value_hash)
        padded = key[:STATE_KEY_BYTES] + _ZEROS
        for position, sibling in reversed(proof.steps):
            if padded[position >> 3] & (0x80 >> (position & 7)):
                found = sha256(_HEADS[position] + sibling + found).digest()
            else:
                found = sha256(_HEADS[position] + found + sibling).digest()
    if found != trusted:
        raise _bad(f"root {trusted.hex()}", f"root {found.hex() or 'of nothing'}")


def _bad(expected: str, got: str) -> Refused:
    return Refused(Code.WIRE_BAD_PROOF, expected=expected, got=got)


def _check_entry(key: bytes, value: bytes | None) -> None:
    """Keys without zero bytes: padding with zeros then keeps their order and tells a key from its own beginning."""
    if not 0 < len(key) <= STATE_KEY_BYTES or 0 in key:
        limit = f"state key: 1..{STATE_KEY_BYTES} bytes, none zero"
        raise Refused(Code.CONTRACT_LIMIT_EXCEEDED, limit=limit, max=STATE_KEY_BYTES, got=len(key))
    if value is not None and len(value) > STATE_VALUE_BYTES:
        raise Refused(Code.CONTRACT_LIMIT_EXCEEDED, limit="state value", max=STATE_VALUE_BYTES, got=len(value))


def _reach(node: _Node, padded: bytes) -> tuple[_Node, _Path]:
    """The leaf to which the bits of a padded key lead (None in the empty tree), and the branches on the way."""
    path: _Path = []
    if node is None:
        return None, path
    while mask := node[_MASK]:
        path.append(node)
        node = node[_RIGHT] if padded[node[_BYTE]] & mask else node[_LEFT]
    return node, path


def _leaves_from(top: _Node, start: bytes) -> Iterator[_Node]:
    """The leaves whose keys are not less than `start`, in order."""
    padded = start + _ZEROS
    subtree, path = _reach(top, padded)
    if subtree is None:
        return
    pending: _Path = []
    if subtree[_KEY] == start:
        pending.append(subtree)
    else:  # `start` is not here: it would part from this tree at `head`, before or behind the whole subtree there
        head, _, _, behind = _split(subtree[_KEY], start)
        while path and path[-1][_HEAD] > head:
            subtree = path.pop()
        if not behind:
            pending.append(subtree)
    pending[:0] = [branch[_RIGHT] for branch in path if not padded[branch[_BYTE]] & branch[_MASK]]
    while pending:
        node = pending.pop()
        while node[_MASK]:
            pending.append(node[_RIGHT])
            node = node[_LEFT]
        yield node


def _split(old: bytes, new: bytes) -> tuple[bytes, int, int, bool]:
    """The first bit in which two different keys differ, as head, byte and mask, and whether `new` has the 1."""
    width = max(len(old), len(new))
    left, right = old.ljust(width, b"\0"), new.ljust(width, b"\0")
    position = 8 * width - (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).bit_length()
    return b"\x03" + position.to_bytes(2, "big"), position >> 3, 0x80 >> (position & 7), right > left


def _with(top: _Node, key: bytes, value: bytes) -> tuple[_Node, int]:
    """The tree with `key` set, and by how many keys it grew."""
    padded = key + _ZEROS
    leaf, path = _reach(top, padded)
    if leaf is not None and leaf[_KEY] == key and leaf[_VALUE] == value:
        return top, 0
    added = (_leaf_hash(key, sha256(value).digest()), key, value, 0)
    if leaf is None:
        return added, 1
    if leaf[_KEY] == key:
        return _replaced(top, path, padded, added), 0
    head, byte, mask, right = _split(leaf[_KEY], key)
    beside = leaf
    while path and path[-1][_HEAD] > head:
        beside = path.pop()
    branch = [None, head, byte, mask, beside, added] if right else [None, head, byte, mask, added, beside]
    return _replaced(top, path, padded, branch), 1


def _without(top: _Node, key: bytes) -> tuple[_Node, int]:
    """The tree without `key`, and by how many keys it grew: -1 or 0."""
    padded = key + _ZEROS
    leaf, path = _reach(top, padded)
    if leaf is None or leaf[_KEY] != key:
        return top, 0
    if not path:
        return None, -1
    parent = path.pop()
    sibling = parent[_LEFT] if padded[parent[_BYTE]] & parent[_MASK] else parent[_RIGHT]
    return _replaced(top, path, padded, sibling), -1


def _replaced(top: _Node, path: _Path, padded: bytes, child: _Node) -> _Node:
    """The tree in which `child` hangs at the end of `path`: finished branches are copied, those of this update
    changed."""
    for branch in reversed(path):
        _, head, byte, mask, left, right = branch
        goes_right = padded[byte] & mask
        if type(branch) is list:  # and so is every branch above it
            branch[_RIGHT if goes_right else _LEFT] = child
            return top
        child = [None, head, byte, mask, left, child] if goes_right else [None, head, byte, mask, child, right]
    return child


def _leaf_hash(key: bytes, value_hash: bytes) -> bytes:
    """SHA-256 of 0x02, the key's length in one byte, the key, and the SHA-256 of the value (DAT-042)."""
    return sha256(b"\x02%c%b%b" % (len(key), key, value_hash)).digest()


def _finished(top: _Node) -> _Node:
    """`top` with every list in it made a tuple with its hash (DAT-043): children first, each once."""
    if type(top) is not list:
        return top
    unfinished = [top]
    for node in unfinished:  # grows while it is walked: parents before children
        if type(node[_LEFT]) is list:
            unfinished.append(node[_LEFT])
        if type(node[_RIGHT]) is list:
            unfinished.append(node[_RIGHT])
    for node in reversed(unfinished):
        _, head, byte, mask, left, right = node
        if type(left) is list:
            left = left[_HASH]  # where a finished list keeps the tuple that replaces it
        if type(right) is list:
            right = right[_HASH]
        node[_HASH] = (sha256(head + left[_HASH] + right[_HASH]).digest(), head, byte, mask, left, right)
    return top[_HASH]
