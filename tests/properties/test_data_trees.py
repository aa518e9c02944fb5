"""Laws of the Merkle trees and of the state map: proofs always pass, forgeries never, history never shows."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.data import merkle
from refimpl.data.ids import Digest
from refimpl.data.merkle import Frontier, Tree, verify_consistency, verify_inclusion
from refimpl.data.refusal import Code, Refused
from refimpl.data.state_map import EMPTY, MapProof, StateMap, verify_absence, verify_presence

LEAVES = st.lists(st.binary(max_size=3), min_size=1, max_size=40)
DIGESTS = st.binary(min_size=32, max_size=32).map(Digest)
KEYS = st.binary(min_size=1, max_size=3).filter(lambda key: 0 not in key) | st.sampled_from(
    [b"a", b"a/", b"a/1", b"a/10", b"a/2", b"b", b"a" * 255, b"\xff" * 255, b"\x01"]
)
CHANGES = st.dictionaries(KEYS, st.none() | st.binary(max_size=3), max_size=8)


def rfc_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return merkle.EMPTY_ROOT
    if len(leaves) == 1:
        return merkle.leaf_hash(leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return merkle.node_hash(rfc_root(leaves[:split]), rfc_root(leaves[split:]))


@pytest.mark.clause("DAT-031")
@given(LEAVES)
def test_three_ways_to_a_root_agree_with_the_definition(leaves):
    frontier = Frontier()
    for leaf in leaves:
        frontier = frontier.append(leaf)
    assert merkle.root(leaves) == Tree(leaves).root == frontier.root == rfc_root(leaves)


@pytest.mark.clause("DAT-032")
@given(LEAVES, st.data())
def test_a_leaf_is_proved_and_no_other_one_by_the_same_proof(leaves, data):
    tree = Tree(leaves)
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = tree.inclusion(index)
    verify_inclusion(tree.root, len(leaves), index, leaves[index], proof)
    other = data.draw(st.binary(max_size=3).filter(lambda leaf: leaf != leaves[index]))
    with pytest.raises(Refused):
        verify_inclusion(tree.root, len(leaves), index, other, proof)


@pytest.mark.clause("DAT-033")
@given(LEAVES, st.data())
def test_a_list_is_proved_to_continue_its_beginnings_and_no_other_list(leaves, data):
    size = data.draw(st.integers(1, len(leaves)))
    old, new = Tree(leaves[:size]), Tree(leaves)
    proof = new.consistency(size)
    verify_consistency(old.root, size, new.root, len(leaves), proof)
    changed = [*leaves[: size - 1], leaves[size - 1] + b"!"]
    with pytest.raises(Refused):
        verify_consistency(merkle.root(changed), size, new.root, len(leaves), proof)


@pytest.mark.clause("DAT-032", "DAT-033", "DAT-034")
@given(DIGESTS, DIGESTS, st.integers(-1, 9), st.integers(-1, 9), st.lists(DIGESTS, max_size=6), st.binary(max_size=2))
def test_an_arbitrary_proof_is_refused(older, newer, first, second, proof, leaf):
    for verify, arguments in (
        (verify_inclusion, (newer, second, first, leaf, proof)),
        (verify_consistency, (older, first, newer, second, proof)),
    ):
        try:
            verify(*arguments)
        except Refused as refused:
            assert refused.code is Code.WIRE_BAD_PROOF
        else:
            assert (older, first, proof) == (newer, second, []), "only equal trees need no evidence"


def applied(steps: list[dict[bytes, bytes | None]]) -> tuple[StateMap, dict[bytes, bytes]]:
    held, model = EMPTY, dict[bytes, bytes]()
    for changes in steps:
        held = held.updated(changes)
        model |= {key: value for key, value in changes.items() if value is not None}
        model = {key: value for key, value in model.items() if changes.get(key, value) is not None}
    return held, model


@pytest.mark.clause("DAT-044", "DAT-045")
@given(st.lists(CHANGES, max_size=6))
def test_the_map_holds_what_a_dictionary_holds(steps):
    held, model = applied(steps)
    assert list(held.items()) == sorted(model.items())
    assert len(held) == len(model)
    for key in {*model, *(key for changes in steps for key in changes)}:
        assert held.get(key) == model.get(key)


@pytest.mark.clause("DAT-044")
@given(st.lists(CHANGES, max_size=5))
def test_the_root_tells_the_content_and_not_the_history(steps):
    held, model = applied(steps)
    one_by_one = EMPTY
    for key, value in reversed(model.items()):
        one_by_one = one_by_one.updated({key: value})
    assert held.root == EMPTY.updated(model).root == one_by_one.root == defined_root(model)


def defined_root(content: dict[bytes, bytes]) -> bytes:
    """DAT-041 to DAT-044, word for word, over strings of bits."""
    if not content:
        return EMPTY.root

    def bits(key: bytes) -> str:
        return "".join(f"{byte:08b}" for byte in key.ljust(256, b"\0"))

    def root(keys: list[bytes]) -> bytes:
        if len(keys) == 1:
            key = keys[0]
            return sha256(b"\x02" + bytes([len(key)]) + key + sha256(content[key]).digest()).digest()
        first = next(place for place in range(2048) if len({bits(key)[place] for key in keys}) == 2)
        sides = [root([key for key in keys if bits(key)[first] == side]) for side in "01"]
        return sha256(b"\x03" + first.to_bytes(2, "big") + b"".join(sides)).digest()

    return root(list(content))


@pytest.mark.clause("DAT-044")
@given(CHANGES, CHANGES)
def test_maps_with_other_content_have_other_roots(one, other):
    first, second = applied([one])[1], applied([other])[1]
    assert (EMPTY.updated(first).root == EMPTY.updated(second).root) == (first == second)


@pytest.mark.clause("DAT-045")
@given(st.lists(CHANGES, max_size=4), KEYS | st.just(b""), KEYS | st.just(b""))
def test_listing_by_prefix_and_behind_a_key_is_what_filtering_gives(steps, prefix, after):
    held, model = applied(steps)
    chosen = [(key, value) for key, value in sorted(model.items()) if key.startswith(prefix) and key > after]
    assert list(held.items(prefix, after)) == chosen


@pytest.mark.clause("DAT-046", "DAT-047", "DAT-048")
@given(st.lists(CHANGES, max_size=4), KEYS)
def test_each_key_is_proved_present_or_absent_and_never_both(steps, key):
    held, model = applied(steps)
    proof = MapProof.from_value(held.prove(key).to_value())
    value = model.get(key)
    if value is None:
        verify_absence(held.root, key, proof)
        with pytest.raises(Refused):
            verify_presence(held.root, key, b"", proof)
    else:
        verify_presence(held.root, key, value, proof)
        for act, arguments in (
            (verify_absence, (held.root, key, proof)),
            (verify_presence, (held.root, key, value + b"!", proof)),
        ):
            with pytest.raises(Refused) as caught:
                act(*arguments)
            assert caught.value.code is Code.WIRE_BAD_PROOF


@pytest.mark.clause("DAT-047", "DAT-048")
@given(CHANGES.filter(bool), KEYS, KEYS, st.data())
def test_an_honest_proof_moved_to_another_key_shows_nothing_false(content, asked, proved, data):
    """Any proof of the map, verified for any key, can only pass for what the map really says of that key."""
    held, model = applied([content])
    proof = held.prove(proved)
    value = data.draw(st.sampled_from([*model.values(), b"", b"forged"]))
    try:
        verify_presence(held.root, asked, value, proof)
        assert model.get(asked) == value
    except Refused as refused:
        assert refused.code is Code.WIRE_BAD_PROOF
    try:
        verify_absence(held.root, asked, proof)
        assert asked not in model
    except Refused as refused:
        assert refused.code is Code.WIRE_BAD_PROOF


@given(CHANGES, CHANGES)
def test_an_update_does_not_touch_the_map_it_starts_from(before, changes):
    held, model = applied([before])
    root = held.root
    held.updated(changes)
    assert (held.root, dict(held.items())) == (root, model)
