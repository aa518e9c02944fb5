"""Answers three kinds of vectors, with nothing but the standard library: python3 verify.py VECTORS"""

import sys
from hashlib import sha256
from json import loads
from pathlib import Path


def sha(*parts):
    """SHA-256 (DAT-020)."""
    return sha256(b"".join(parts)).digest()


def root(leaves):
    """The root over these leaves (DAT-030)."""
    if len(leaves) < 2:
        return sha(b"\0", leaves[0]) if leaves else sha()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\1", root(leaves[:half]), root(leaves[half:]))


def included(at, last, node, proof, top):
    """Whether a proof leads from a leaf at a place to the root (DAT-032)."""
    if at > last:
        return False
    for other in proof:
        left = at % 2 or at == last
        while left and at % 2 == 0 and at:
            at, last = at >> 1, last >> 1
        if not last:
            return False
        node, at, last = sha(b"\1", other, node) if left else sha(b"\1", node, other), at >> 1, last >> 1
    return last == 0 and node == top


def answer(kind, given, raw=bytes.fromhex):
    """What is expected of an input."""
    if kind == "digest":
        return {"ok": {"digest": sha(given["tag"].encode(), b"\0", raw(given["bytes"])).hex()}}
    if kind == "merkle.root":
        return {"ok": {"root": root([raw(one) for one in given["leaves"]]).hex()}}
    leaf, proof = sha(b"\0", raw(given["leaf"])), map(raw, given["proof"])
    held = included(given["index"], given["size"] - 1, leaf, proof, raw(given["root"]))
    return {"ok": {}} if held else {"refused": {"code": "wire.bad_proof"}}


lines = [loads(line) for file in Path(sys.argv[1]).rglob("*.jsonl") for line in file.open(encoding="utf-8")]
cases = [one for one in lines if one.get("kind") in ("digest", "merkle.root", "merkle.inclusion")]
right = sum(answer(one["kind"], one["input"]) == one["expect"] for one in cases)
print(f"python: {right} of {len(cases)} cases")
sys.exit(not cases or right < len(cases))
