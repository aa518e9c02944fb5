"""The walk of spec/proofs/collisions.py, which the proof is about: on a hash function that is easy to break it hands
over the collision, and the trees it speaks of are those that the code builds."""

import sys
from hashlib import sha256
from itertools import accumulate, combinations
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from refimpl.data import merkle

PROOFS = Path(__file__).resolve().parents[2] / "spec" / "proofs"
lists = st.lists(st.lists(st.binary(max_size=2), max_size=6), min_size=40, max_size=60, unique_by=tuple)
bodies = st.lists(st.lists(st.binary(max_size=2), min_size=3, max_size=3), min_size=40, max_size=60, unique_by=tuple)


@pytest.fixture(scope="module")
def collisions():
    """The module, which lies among scripts."""
    sys.path.insert(0, str(PROOFS))
    try:
        import collisions as module
    finally:
        sys.path.remove(str(PROOFS))
    return module


def weak(content: bytes) -> bytes:
    """A hash function of one byte."""
    return sha256(content).digest()[:1]


def alike(things, digest):
    """All pairs of different things with one digest."""
    return [(one, other) for one, other in combinations(things, 2) if one != other and digest(one) == digest(other)]


def is_collision(pair):
    return pair[0] != pair[1] and weak(pair[0]) == weak(pair[1])


@pytest.mark.clause("DAT-030", "DAT-031")
@given(drawn=lists)
@settings(max_examples=30, deadline=None, phases=[Phase.generate])  # shrinking fifty lists takes minutes
def test_two_lists_with_one_root_hand_over_the_collision(collisions, drawn):
    trees = [collisions.tree(leaves) for leaves in drawn]
    assert len({repr(tree) for tree in trees}) == len(drawn)
    for one, other in alike(trees, lambda tree: collisions.root(tree, weak)):
        assert is_collision(collisions.in_trees(one, other, weak))


def test_the_weak_hash_is_weak_enough_for_the_test_to_see_collisions(collisions):
    trees = [collisions.tree([bytes([number])]) for number in range(60)]
    assert len(alike(trees, lambda tree: collisions.root(tree, weak))) > 3


@pytest.mark.clause("DAT-083", "DAT-088")
@given(drawn=bodies)
@settings(max_examples=30, deadline=None, phases=[Phase.generate])  # shrinking fifty lists takes minutes
def test_two_chains_with_one_tip_hand_over_the_collision(collisions, drawn):
    def chain(contents):
        names = accumulate(contents, lambda before, rest: weak(before + rest), initial=b"\x00")
        return tuple(zip(names, contents, strict=False))

    for one, other in alike([chain(contents) for contents in drawn], lambda all_: weak(collisions.header(all_[-1]))):
        assert is_collision(collisions.in_chains(one, other, weak))


@pytest.mark.clause("DAT-030", "DAT-031")
@given(leaves=st.lists(st.binary(max_size=40), max_size=20))
@settings(max_examples=60, deadline=None)
def test_the_trees_of_the_proof_are_the_trees_of_the_code(collisions, leaves):
    assert collisions.root(collisions.tree(leaves), lambda content: sha256(content).digest()) == merkle.root(leaves)


def doubling(leaves):
    """D01: a level with an odd node doubles it."""
    level = list(leaves)
    while len(level) > 1:
        level += level[-1:] if len(level) % 2 else []
        level = list(zip(level[::2], level[1::2], strict=True))
    return level[0]


def test_D01_where_the_last_leaf_is_doubled_two_lists_have_one_tree_and_no_collision_is_needed(collisions):
    short, long = [b"a", b"b", b"c"], [b"a", b"b", b"c", b"c"]
    assert doubling(short) == doubling(long)
    assert collisions.tree(short) != collisions.tree(long)
