"""Whether a proof of the state map leads to the root. Written from the text; it must not build a proof.

Source: spec/data.md, DAT-046 to DAT-048.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from conformance.model.trees import state_root

__all__ = ["leads"]


def leads(proof: Mapping[str, Any], key: bytes, value: bytes | None, root: bytes) -> bool:
    """Whether the proof shows that `key` has `value` under `root`, or, with None, that it is not there."""
    leaf, steps = proof.get("leaf"), proof["steps"]
    if leaf is None:
        return value is None and not steps and root == state_root({})
    found = bytes.fromhex(leaf["key"])
    if (found == key) != (value is not None):
        return False
    if value is not None and sha256(value).hexdigest() != leaf["value_hash"]:
        return False
    hashed = sha256(b"\2" + bytes([len(found)]) + found + bytes.fromhex(leaf["value_hash"])).digest()
    for bit, sibling in reversed(steps):
        other = bytes.fromhex(sibling)
        right = bool(key.ljust(256, b"\0")[bit // 8] >> (7 - bit % 8) & 1)
        pair = other + hashed if right else hashed + other
        hashed = sha256(b"\3" + bit.to_bytes(2) + pair).digest()
    return hashed == root
