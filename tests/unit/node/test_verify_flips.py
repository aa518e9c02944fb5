"""Whatever is changed in what a node stored, verification finds it and names a clause of the specification.

The ledger is that of the default run: every kind of stored value is there, written by an honest node beside a liar.
"""

import random

import pytest

from refimpl.crypto.recipes import verifier
from refimpl.node import verify
from refimpl.node.notary import Remembering
from refimpl.node.verify import first_difference, verify_ledger
from tests.house.clauses import clauses

PARTS = 6
FLIPS_A_VALUE = 3
CLAUSES = {clause.id for clause in clauses()}


@pytest.fixture(scope="module")
def stored(played):
    """Key -> value on an honest disk."""
    return played.stage.disk(played.stage.honest[0])


@pytest.fixture(autouse=True)
def remembered(monkeypatch):
    """Signatures that were accepted are remembered from one verification to the next; what is refused is not."""
    kept = {}

    def remembering(suite, mode):
        return kept.setdefault((suite, mode), Remembering(verifier(suite, mode)))

    monkeypatch.setattr(verify, "verifier", remembering)


def found(stored):
    """The finding of a verification, which names a clause that exists."""
    finding = verify_ledger(stored).finding
    assert finding is None or finding.clause in CLAUSES, finding
    return finding


def test_what_an_honest_node_stored_holds(stored):
    report = verify_ledger(stored)
    assert (report.finding, report.height, report.transactions) == (None, 29, 27)
    assert {key.split("/")[0] for key in stored} == {"block", "cert", "meta", "receipt", "state", "tx"}


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.clause("DAT-120")
def test_a_flipped_bit_of_any_stored_value_is_found(stored, part):
    drawn = random.Random(part)
    unseen = []
    for key in sorted(stored)[part::PARTS]:
        for _ in range(FLIPS_A_VALUE):
            place, bit = drawn.randrange(len(stored[key])), drawn.randrange(8)
            damaged = bytearray(stored[key])
            damaged[place] ^= 1 << bit
            if found({**stored, key: bytes(damaged)}) is None:
                unseen.append((key, place, bit))
    assert unseen == []


@pytest.mark.parametrize("part", range(PARTS))
def test_a_value_that_is_gone_cut_or_longer_is_found(stored, part):
    unseen = []
    for key in sorted(stored)[part::PARTS]:
        without = {name: value for name, value in stored.items() if name != key}
        if found(without) is None:
            unseen.append((key, "gone"))
        if found({**stored, key: stored[key][:-1]}) is None:
            unseen.append((key, "cut"))
    for key in random.Random(part).sample(sorted(stored), 10):
        if found({**stored, key: stored[key] + b" "}) is None:
            unseen.append((key, "longer"))
    assert unseen == []


def test_a_value_under_a_key_that_nothing_accounts_for_is_found(stored):
    invented = ("state/00", "block/0000000099", "tx/0000000001/0001", "receipt/0000000001/0001", "cert/0000000099",
                "meta/other", "consensus/0000000030/000000/prevote/city3-a", "x")  # fmt: skip
    assert [key for key in invented if found({**stored, key: b"1"}) is None] == []
    first = stored["block/0000000001"]
    assert found({**stored, "block/0000000030": first}) is not None


def test_two_values_of_one_kind_in_each_others_place_are_found(stored):
    drawn, unseen = random.Random(0), []
    for kind in ("block", "cert", "receipt", "state", "tx"):
        keys = sorted(key for key in stored if key.startswith(f"{kind}/"))
        for one, other in (drawn.sample(keys, 2) for _ in range(6)):
            exchanged = {**stored, one: stored[other], other: stored[one]}
            if stored[one] != stored[other] and found(exchanged) is None:
                unseen.append((one, other))
    assert unseen == []


def test_a_chain_cut_short_is_found_by_what_the_rest_of_the_disk_says(stored):
    last = {key for key in stored if "0000000029" in key}
    assert len(last) == 4
    finding = found({key: value for key, value in stored.items() if key not in last})
    assert finding is not None


@pytest.mark.parametrize(("one", "other", "at"), [(b"abc", b"abd", 2), (b"ab", b"abc", 2), (b"", b"x", 0)])
def test_the_finding_shows_where_two_values_part(one, other, at):
    assert first_difference(one, other) == at
