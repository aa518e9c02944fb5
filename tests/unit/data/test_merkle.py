"""The trees of RFC 9162, held against the vectors published with Certificate Transparency."""

import pytest

from refimpl.data import merkle
from refimpl.data.ids import Digest
from refimpl.data.merkle import Frontier, Tree, verify_consistency, verify_inclusion
from refimpl.data.refusal import Code, Refused

# The eight leaves, their roots, and paths between them, as the Certificate Transparency test suites have them.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): INCLUSION[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def of(text: str) -> Digest:
    return Digest(bytes.fromhex(text))


def hexes(proof) -> list[str]:
    return [digest.hex() for digest in proof]


def refuses(act, *arguments) -> None:
    with pytest.raises(Refused) as caught:
        act(*arguments)
    assert caught.value.code is Code.WIRE_BAD_PROOF


@pytest.mark.clause("DAT-030", "DAT-031")
def test_the_roots_are_those_published():
    assert merkle.root([]).hex() == EMPTY == Tree([]).root.hex() == Frontier().root.hex()
    frontier = Frontier()
    for size, expected in enumerate(ROOTS, 1):
        frontier = frontier.append(LEAVES[size - 1])
        assert merkle.root(LEAVES[:size]).hex() == expected
        assert Tree(LEAVES[:size]).root.hex() == expected
        assert frontier.root.hex() == expected
        assert frontier.size == size


@pytest.mark.clause("DAT-032")
@pytest.mark.parametrize(("place", "path"), INCLUSION.items())
def test_the_inclusion_paths_are_those_published(place, path):
    index, size = place
    assert hexes(Tree(LEAVES[:size]).inclusion(index)) == path
    verify_inclusion(of(ROOTS[size - 1]), size, index, LEAVES[index], [of(text) for text in path])


@pytest.mark.clause("DAT-033")
@pytest.mark.parametrize(("sizes", "path"), CONSISTENCY.items())
def test_the_consistency_paths_are_those_published(sizes, path):
    older, newer = sizes
    assert hexes(Tree(LEAVES[:newer]).consistency(older)) == path
    verify_consistency(of(ROOTS[older - 1]), older, of(ROOTS[newer - 1]), newer, [of(text) for text in path])


@pytest.mark.clause("DAT-031")
def test_a_doubled_last_leaf_has_another_root():
    """CVE-2012-2459: trees that double an odd leaf cannot tell these lists apart."""
    assert merkle.root(LEAVES[:3]) != merkle.root([*LEAVES[:3], LEAVES[2]])


@pytest.mark.clause("DAT-030")
def test_two_leaves_are_not_one_leaf_of_their_hashes():
    """CVE-2017-12842: without prefixes, an inner node can be passed off as a leaf of 64 bytes."""
    inner = merkle.leaf_hash(b"a") + merkle.leaf_hash(b"b")
    assert merkle.root([b"a", b"b"]) != merkle.root([inner])
    refuses(verify_inclusion, merkle.root([b"a", b"b"]), 1, 0, inner, [])


@pytest.mark.clause("DAT-032")
def test_no_other_proof_of_inclusion_passes():
    tree = Tree(LEAVES)
    path = list(tree.inclusion(5))
    other = merkle.leaf_hash(b"other")
    for arguments in (
        (tree.root, 8, 4, LEAVES[5], path),
        (tree.root, 16, 5, LEAVES[5], path),
        (tree.root, 8, 5, LEAVES[4], path),
        (other, 8, 5, LEAVES[5], path),
        (tree.root, 8, 5, LEAVES[5], path[:-1]),
        (tree.root, 8, 5, LEAVES[5], [*path, other]),
        (tree.root, 8, 5, LEAVES[5], []),
        (tree.root, 8, 5, LEAVES[5], [other, *path[1:]]),
        (tree.root, 8, 5, LEAVES[5], path[::-1]),
        (tree.root, 8, 8, LEAVES[5], path),
        (tree.root, 8, -1, LEAVES[5], path),
        (tree.root, 0, 0, LEAVES[5], path),
        (tree.root, 1, 0, LEAVES[0], path),
    ):
        refuses(verify_inclusion, *arguments)


@pytest.mark.clause("DAT-033")
def test_no_other_proof_of_consistency_passes():
    old, new = of(ROOTS[5]), of(ROOTS[7])
    path = list(Tree(LEAVES).consistency(6))
    other = merkle.leaf_hash(b"other")
    for arguments in (
        (other, 6, new, 8, path),
        (old, 6, other, 8, path),
        (old, 5, new, 8, path),
        (old, 7, new, 8, path),
        (old, 6, new, 9, path),
        (old, 6, new, 8, path[1:]),
        (old, 6, new, 8, path[:-1]),
        (old, 6, new, 8, [*path, other]),
        (old, 6, new, 8, []),
        (old, 6, new, 8, [other, *path[1:]]),
        (old, 0, new, 8, path),
        (old, -1, new, 8, path),
        (old, 8, new, 6, path),
        (new, 8, new, 8, path),
        (old, 8, new, 8, []),
    ):
        refuses(verify_consistency, *arguments)


@pytest.mark.clause("DAT-034")
def test_a_proof_of_64_hashes_is_read_and_one_of_65_is_not():
    for count, word in ((64, "fewer"), (65, "at most 64")):
        proof = [merkle.EMPTY_ROOT] * count
        with pytest.raises(Refused) as caught:
            verify_inclusion(merkle.EMPTY_ROOT, 2, 0, b"", proof)
        assert word in str(caught.value.values["expected"])
        with pytest.raises(Refused) as caught:
            verify_consistency(merkle.EMPTY_ROOT, 1, merkle.EMPTY_ROOT, 2, proof)
        assert word in str(caught.value.values["expected"])


def test_a_proof_of_what_is_not_there_is_not_made():
    tree = Tree(LEAVES[:3])
    for index in (-1, 3):
        with pytest.raises(IndexError):
            tree.inclusion(index)
    for size in (0, 4, -1):
        with pytest.raises(IndexError):
            tree.consistency(size)


def test_appending_costs_less_than_two_hashes_on_average(monkeypatch):
    count = 0
    real = merkle.node_hash

    def counted(left, right):
        nonlocal count
        count += 1
        return real(left, right)

    monkeypatch.setattr(merkle, "node_hash", counted)
    frontier = Frontier()
    for number in range(1000):
        frontier = frontier.append(b"%d" % number)
    assert count + 1000 < 2 * 1000
