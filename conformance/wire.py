"""The kit's own reading of the ledger's bytes: blocks and messages, with the standard library and nothing else.

Why again: a kit that used the reference's decoder would share its bugs. What is checked here is what INV-S3 says of a
block in itself: canonical bytes, the Merkle root over its transactions, a header that hashes to its name.

It must not import the reference, nor know what a transaction does. Source: spec/data.md.
"""

import json
from hashlib import sha256
from typing import Any

from conformance.history import Block
from conformance.sentences import Text, say

CUT = 32


def tagged(tag: str, data: bytes) -> bytes:
    """SHA-256 over the tag, a zero byte, and the data."""
    return sha256(tag.encode() + b"\0" + data).digest()


def canonical(value: object) -> bytes:
    """RFC 8785 on the ledger's profile: sorted ASCII keys, no blanks, no floats."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def spoilt(data: bytes, act: str) -> bytes:
    """What is no honest message any more: the end cut off, a byte behind it, a member twice, other bytes for the same
    contents, a bit flipped in the signature (`badsig`), or in the middle."""
    match act:
        case "cut":
            return data[:-1]
        case "extend":
            return data + b" "
        case "repeat":
            return data.replace(b"{", b'{"body":{},', 1)
        case "respell":
            return data.replace(b":", b": ", 1)
    at = data.rindex(b'"sig":"') + 7 if act == "badsig" and b'"sig":"' in data else len(data) // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def merkle_root(leaves: list[bytes]) -> bytes:
    """The root of RFC 9162, by its recursive definition."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + merkle_root(leaves[:split]) + merkle_root(leaves[split:])).digest()


def parsed(data: bytes) -> Any:
    """JSON; raises `ValueError` alone, also for what is nested too deeply to be read."""
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def read_block(data: bytes, names: list[str]) -> Block:
    """A decided block as the checkers see it; `names` are the validators in order. Never raises on arbitrary bytes."""
    try:
        return _read(data, names)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        broken = say("block.none", error=type(error).__name__)
        return Block(tagged("yilian/no-block", data).hex(), "", -1, (), broken)


def _read(data: bytes, names: list[str]) -> Block:
    block: dict[str, Any] = parsed(data)
    header, transactions = block["header"], block["transactions"]
    if not isinstance(header["previous"], str):
        raise TypeError("a block follows a name")
    digest = tagged("yilian/block/v1", canonical(header)).hex()
    listed = [canonical(transaction) for transaction in transactions]
    broken: Text = ""
    if canonical(block) != data:
        broken = say("block.not-canonical")
    elif merkle_root(listed).hex() != header["transactions_root"] or len(listed) != header["size"]:
        broken = say("block.unbound")
    elif header["proposer"] not in names:
        broken = say("block.by-nobody")
    proposer = names.index(header["proposer"]) if header["proposer"] in names else -1
    ids = tuple(tagged("yilian/tx/v1", canonical(transaction["body"])).hex() for transaction in transactions)
    return Block(digest, header["previous"], proposer, ids, broken)


def header_of(data: bytes) -> dict[str, Any]:
    """The header of a block as it stands there; empty where the bytes hold none."""
    try:
        return dict(parsed(data)["header"])
    except (ValueError, KeyError, TypeError):
        return {}


def read_message(data: bytes) -> dict[str, Any] | None:
    """The envelope of a consensus message, or None for anything else."""
    try:
        value = parsed(data)
    except ValueError:
        return None
    return value if isinstance(value, dict) and "kind" in value and "from" in value else None
