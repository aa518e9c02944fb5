"""The state map at its limits; proofs that are not what they say; how many hashes an update costs."""

import random
from hashlib import sha256
from math import log2

import pytest
from attrs import evolve

from refimpl.data import state_map
from refimpl.data.ids import Digest
from refimpl.data.refusal import Code, Refused
from refimpl.data.state_map import EMPTY, EMPTY_ROOT, MapProof, verify_absence, verify_presence

SOME = EMPTY.updated({b"instance/%03d" % number: b"value %d" % number for number in range(50)})


def code_of(act, *arguments) -> Code:
    with pytest.raises(Refused) as caught:
        act(*arguments)
    return caught.value.code


@pytest.mark.clause("DAT-040")
def test_keys_and_values_end_at_their_limits():
    longest, largest = b"k" * 255, bytes(2_097_152)
    held = EMPTY.updated({longest: largest, b"\xff": b"", b"\x01": b""})
    assert held.get(longest) == largest
    verify_presence(held.root, longest, largest, held.prove(longest))
    larger = {b"k": bytes(2_097_153)}
    for writes in ({b"": b""}, {b"k" * 256: b""}, {b"a\x00": b""}, {b"\x00": b""}, larger, {b"": None}):
        assert code_of(held.updated, writes) is Code.CONTRACT_LIMIT_EXCEEDED
        assert code_of(held.updated, {b"good": b"", **writes}) is Code.CONTRACT_LIMIT_EXCEEDED
    assert held.get(b"good") is None


@pytest.mark.clause("DAT-041")
def test_the_empty_map_has_its_own_root():
    assert EMPTY.root == EMPTY_ROOT == sha256(b"yilian/state/v1\x00").digest()
    assert EMPTY.updated({}) is EMPTY
    assert EMPTY.updated({b"a": b"1"}).updated({b"a": None}).root == EMPTY_ROOT
    assert EMPTY.updated({b"a": None}) is EMPTY


@pytest.mark.clause("DAT-042")
def test_a_single_key_is_one_leaf():
    expected = sha256(b"\x02\x03abc" + sha256(b"value").digest()).digest()
    assert EMPTY.updated({b"abc": b"value"}).root == expected


def test_an_update_leaves_the_older_map_as_it_was():
    root, content = SOME.root, list(SOME.items())
    SOME.updated({key: None for key, _ in content[::2]} | {b"instance/new": b"x"})
    assert (SOME.root, list(SOME.items())) == (root, content)


def test_writing_what_is_there_changes_nothing():
    assert SOME.updated({b"instance/007": b"value 7", b"absent": None}) is SOME


def test_keys_of_one_depth_each_do_not_exhaust_the_stack():
    """255 keys, each the beginning of the next: the deepest shape that so many keys can have."""
    chain = {b"a" * length: b"%d" % length for length in range(1, 256)}
    held = EMPTY.updated(chain)
    assert list(held.items()) == sorted(chain.items())
    steps = len(held.prove(b"a" * 255).steps)
    assert steps == 254
    assert held.updated(dict.fromkeys(list(chain)[1:])).root == EMPTY.updated({b"a": b"1"}).root


@pytest.mark.clause("DAT-045")
def test_keys_come_in_order_behind_a_given_one_and_under_a_prefix():
    held = EMPTY.updated({key: key for key in (b"a", b"a/1", b"a/10", b"a/2", b"a0", b"b", b"\xff")})
    assert [key for key, _ in held.items()] == [b"a", b"a/1", b"a/10", b"a/2", b"a0", b"b", b"\xff"]
    assert [key for key, _ in held.items(b"a/")] == [b"a/1", b"a/10", b"a/2"]
    assert [key for key, _ in held.items(b"a/", after=b"a/1")] == [b"a/10", b"a/2"]
    assert [key for key, _ in held.items(after=b"a/15")] == [b"a/2", b"a0", b"b", b"\xff"]
    assert [key for key, _ in held.items(b"a/", after=b"A")] == [b"a/1", b"a/10", b"a/2"]
    assert list(held.items(b"a/", after=b"a/2")) == []
    assert list(held.items(b"c")) == []
    assert list(EMPTY.items(b"a")) == []
    longest = EMPTY.updated({b"k" * 255: b"", b"l": b""})
    assert [key for key, _ in longest.items(after=b"k" * 255)] == [b"l"]


@pytest.mark.clause("DAT-047")
def test_no_other_proof_of_presence_passes():
    key, value = b"instance/007", b"value 7"
    proof = SOME.prove(key)
    verify_presence(SOME.root, key, value, proof)
    position, sibling = proof.steps[0]
    assert proof.value_hash is not None
    for bad in (
        evolve(proof, steps=proof.steps[1:]),
        evolve(proof, steps=proof.steps[:-1]),
        evolve(proof, steps=(*proof.steps, proof.steps[-1])),
        evolve(proof, steps=proof.steps[::-1]),
        evolve(proof, steps=((position + 1, sibling), *proof.steps[1:])),
        evolve(proof, steps=((position, Digest(bytes(32))), *proof.steps[1:])),
        evolve(proof, leaf_key=b"instance/008"),
        evolve(proof, value_hash=Digest(bytes(32))),
        evolve(proof, value_hash=None),
        SOME.prove(b"instance/008"),
    ):
        assert code_of(verify_presence, SOME.root, key, value, bad) is Code.WIRE_BAD_PROOF
    assert code_of(verify_presence, SOME.root, key, b"value 8", proof) is Code.WIRE_BAD_PROOF
    assert code_of(verify_presence, SOME.root, b"instance/008", value, proof) is Code.WIRE_BAD_PROOF
    assert code_of(verify_presence, EMPTY_ROOT, key, value, proof) is Code.WIRE_BAD_PROOF
    assert code_of(verify_presence, EMPTY_ROOT, b"", b"", MapProof((), b"", None)) is Code.WIRE_BAD_PROOF


@pytest.mark.clause("DAT-048")
def test_no_proof_of_absence_passes_for_a_key_that_is_there():
    """Any leaf of the map, with its own honest way, is offered as the proof that some key is absent."""
    for present, _ in SOME.items():
        for other, _ in SOME.items():
            assert code_of(verify_absence, SOME.root, present, SOME.prove(other)) is Code.WIRE_BAD_PROOF
        assert code_of(verify_absence, SOME.root, present, MapProof((), b"", None)) is Code.WIRE_BAD_PROOF


@pytest.mark.clause("DAT-048")
@pytest.mark.parametrize("key", [b"a", b"instance/", b"instance/0070", b"instance/0", b"z" * 255, b"\x01"])
def test_absence_is_proved_and_no_altered_proof_passes(key):
    proof = SOME.prove(key)
    verify_absence(SOME.root, key, proof)
    verify_absence(EMPTY_ROOT, key, EMPTY.prove(key))
    for bad in (
        evolve(proof, leaf_key=key),
        evolve(proof, leaf_key=proof.leaf_key + b"x"),
        evolve(proof, value_hash=None),
        evolve(proof, steps=proof.steps[1:]),
        MapProof((), b"", None),
    ):
        assert code_of(verify_absence, SOME.root, key, bad) is Code.WIRE_BAD_PROOF
    assert code_of(verify_absence, EMPTY_ROOT, key, evolve(EMPTY.prove(key), steps=proof.steps)) is Code.WIRE_BAD_PROOF
    assert code_of(verify_presence, SOME.root, key, b"", proof) is Code.WIRE_BAD_PROOF


@pytest.mark.clause("DAT-046")
def test_a_proof_is_written_and_read_and_nothing_else_is():
    for key in (b"instance/007", b"nothing"):
        proof = SOME.prove(key)
        assert MapProof.from_value(proof.to_value()) == proof
    assert EMPTY.prove(b"a").to_value() == {"steps": []}
    good = SOME.prove(b"a").to_value()
    step = good["steps"][0]
    for bad in (
        None,
        [],
        {},
        {**good, "more": 1},
        {**good, "leaf": {}},
        {**good, "leaf": {**good["leaf"], "key": "6"}},
        {**good, "leaf": {**good["leaf"], "key": "61" * 256}},
        {**good, "leaf": {**good["leaf"], "value_hash": "00"}},
        {**good, "steps": [[step[0]]]},
        {**good, "steps": [[2040, step[1]]]},
        {**good, "steps": [[-1, step[1]]]},
        {**good, "steps": [["6", step[1]]]},
        {**good, "steps": [[0, "00"]]},
        {**good, "steps": [step] * 2041},
    ):
        assert code_of(MapProof.from_value, bad) is Code.WIRE_BAD_FIELD
    assert MapProof.from_value({**good, "steps": [[2039, step[1]]] * 2040}).steps[0][0] == 2039


def test_a_key_longer_than_any_is_absent_and_not_a_crash():
    long = b"k" * 5000
    assert SOME.get(long) is None
    verify_absence(SOME.root, long, SOME.prove(long))
    assert list(SOME.items(long)) == []


def hashes_of(monkeypatch, act) -> int:
    count = 0

    def counted(data):
        nonlocal count
        count += 1
        return sha256(data)

    with monkeypatch.context() as patched:
        patched.setattr(state_map, "sha256", counted)
        act()
    return count


def random_bytes(chance: random.Random) -> bytes:
    return bytes(byte or 1 for byte in chance.randbytes(16))


def random_hex(chance: random.Random) -> bytes:
    return b"instance/" + chance.randbytes(16).hex().encode()


@pytest.mark.parametrize(("make", "more"), [(random_bytes, 3.0), (random_hex, 4.0)])
def test_an_update_costs_little_more_hashes_than_the_logarithm(monkeypatch, make, more):
    """The digits of hex part at 4.25 bits where 4 would do; all updates of a block together cost half of single
    ones."""
    chance = random.Random(7)
    keys = [make(chance) for _ in range(20_000)]
    held = EMPTY.updated(dict.fromkeys(keys, b"before"))
    changed = chance.sample(keys, 300)
    single = sum(hashes_of(monkeypatch, lambda key=key: held.updated({key: b"after"})) for key in changed)
    assert single / 300 <= log2(len(keys)) + more
    together = hashes_of(monkeypatch, lambda: held.updated(dict.fromkeys(changed, b"after")))
    assert together <= 0.6 * single
    assert hashes_of(monkeypatch, lambda: held.updated({})) == 0
