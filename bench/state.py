"""The state map: updates against the hashes they cannot avoid, and how many hashes there really are."""

import tracemalloc
from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import log2
from random import Random
from unittest.mock import patch

from bench.measure import Contender, Contest, Count, Method, Unequal
from refimpl.data import state_map
from refimpl.data.state_map import EMPTY, StateMap, verify_presence

BLOCK = 1_500
"""Writes of a block: 500 transactions, three each."""
PROBES = 200


def key(number: int) -> bytes:
    """Keys as the ledger has them: a hash behind a prefix."""
    return b"index/%s" % sha256(b"%d" % number).hexdigest().encode()


def filled(size: int) -> StateMap:
    """A map with so many entries."""
    return EMPTY.updated({key(number): b"%d" % number for number in range(size)})


def depth(state: StateMap, size: int) -> float:
    """Branches above a leaf, on average: the length of its proof."""
    return sum(len(state.prove(key(number)).steps) for number in range(0, size, size // PROBES)) / PROBES


def updates(method: Method) -> Contest:
    """Entries of a map of 100,000 replaced, a block's worth at a time."""
    size = method.size(100_000, 2_000)
    state, rng = filled(size), Random(0)
    blocks = [{key(rng.randrange(size)): rng.randbytes(32) for _ in range(BLOCK)} for _ in range(4)]
    path = round(depth(state, size)) + 2  # the leaf takes two: its value and its key
    node, some = bytes(67), [(one, value) for one, value in blocks[0].items()][:PROBES]

    def in_blocks() -> StateMap:
        made = state
        for writes in blocks:
            made = made.updated(writes)
        return made

    def one_by_one() -> StateMap:
        made = state
        for one, value in some:
            made = made.updated({one: value})
        return made

    def bound() -> None:
        for _ in range(path * PROBES):
            sha256(node).digest()

    def prove() -> None:
        if one_by_one() != state.updated(dict(some)):
            raise Unequal("the roots differ")
        made = in_blocks()
        for one, value in blocks[-1].items():
            verify_presence(made.root, one, value, made.prove(one))

    return Contest(
        "updates",
        (
            Contender("StateMap, a block at a time", in_blocks, sum(map(len, blocks))),
            Contender("hash bound", bound, PROBES),
            Contender("StateMap, one at a time", one_by_one, PROBES),
        ),
        "as many SHA-256 of 67 bytes as the path of one key is long, its leaf's two among them", prove, gate=0.30,
        counts={"keys": size, "hashes_of_the_bound": path, "writes_a_block": BLOCK},
    )  # fmt: skip


def hashes(method: Method) -> Count:
    """Hashes for one update, on average, by size: a block at a time, as the ledger commits, and singly."""
    found: dict[str, float] = {}
    allowed: dict[str, float] = {}
    for size in (1_000, 10_000, 100_000, 1_000_000)[: method.size(4, 2)]:
        state = filled(size)
        some = [key(number) for number in range(0, size, size // PROBES)]
        block = {key(number): b"another value" for number in Random(0).sample(range(size), min(BLOCK, size // 10))}
        found[f"{size} keys"] = counted(state, [block]) / len(block)
        found[f"{size} keys, singly"] = counted(state, [{one: b"another value"} for one in some]) / len(some)
        allowed[f"{size} keys"] = round(log2(size) + 3, 2)
    return Count(
        "hashes an update", found, allowed,
        "a block of 1,500 writes shares the upper branches; a single update takes the depth of the tree, log2(n) + 1.3 "
        "on average, and two for the leaf, which is 0.3 over the same limit",
    )  # fmt: skip


def counted(state: StateMap, updates: Sequence[Mapping[bytes, bytes]]) -> int:
    """How many hashes these updates take, each of them of `state`."""
    calls = 0

    def counting(*data: bytes) -> object:
        nonlocal calls
        calls += 1
        return sha256(*data)

    with patch.object(state_map, "sha256", counting):
        for writes in updates:
            state.updated(writes)
    return calls


def memory(method: Method) -> Count:
    """Bytes in memory for each key."""
    size = method.size(100_000, 1_000)
    tracemalloc.start()
    try:
        state = filled(size)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return Count("bytes a key", {f"{len(state)} keys": round(taken / size)}, {f"{size} keys": 2_048})


ITEMS = {"state.update": updates, "state.hashes": hashes, "state.memory": memory}
