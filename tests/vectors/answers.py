"""What the reference answers to a vector of the data layer: kind and input in, `{"ok"}` or `{"refused"}` out.

The same inputs go to a verifier in another language (conformance/nodes/js), which knows the text alone.
"""

from collections.abc import Callable
from typing import Any

from refimpl.crypto.recipes import BadSignature, WeakKey, check_public_key, digest, verifier, verify_or_raise
from refimpl.data import merkle, state_map
from refimpl.data.block import Block, Genesis, Tip, check_block, check_transactions
from refimpl.data.certificate import Certificate, Decision, require_certificate, verify_certificate
from refimpl.data.encoding import decode, encode
from refimpl.data.ids import ChannelId, Digest, Height, MemberId, Name, Nonce, PublicKey, Seconds, Suite
from refimpl.data.limits import BLOCK_BYTES
from refimpl.data.members import Membership
from refimpl.data.refusal import Code, Refused
from refimpl.data.state_map import EMPTY, MapProof
from refimpl.data.transaction import check_nonce, check_transaction, read_transaction

Case = dict[str, Any]
TAKEN = (Suite.INTL, Suite.STUB)


def hexed(text: str) -> bytes:
    return bytes.fromhex(text)


def a_digest(text: str) -> Digest:
    return Digest(hexed(text))


def given(case: Case) -> bytes:
    """The bytes of a case: a text, hex, or parts, each a text and how often."""
    if "hex" in case:
        return hexed(case["hex"])
    if "parts" in case:
        return "".join(text * times for text, times in case["parts"]).encode()
    return case["text"].encode()


def members(case: Case) -> Membership:
    return Membership.from_value(case["members"])


def _inclusion(case: Case) -> Case:
    proof = tuple(map(a_digest, case["proof"]))
    merkle.verify_inclusion(a_digest(case["root"]), case["size"], case["index"], hexed(case["leaf"]), proof)
    return {}


def _consistency(case: Case) -> Case:
    (older, newer), (before, after) = map(a_digest, case["roots"]), case["sizes"]
    merkle.verify_consistency(older, before, newer, after, tuple(map(a_digest, case["proof"])))
    return {}


def _state_root(case: Case) -> Case:
    return {"root": EMPTY.updated({hexed(key): hexed(value) for key, value in case["entries"]}).root.hex()}


def _state_proof(case: Case) -> Case:
    proof, root, key = MapProof.from_value(case["proof"]), a_digest(case["root"]), hexed(case["key"])
    if case["value"] is None:
        state_map.verify_absence(root, key, proof)
    else:
        state_map.verify_presence(root, key, hexed(case["value"]), proof)
    return {}


def _signature(case: Case) -> Case:
    public, message = PublicKey(hexed(case["pub"])), a_digest(case["digest"])
    verify_or_raise(Suite(case["suite"]), public, message, hexed(case["signature"]))
    return {}


def _key(case: Case) -> Case:
    check_public_key(Suite(case["suite"]), hexed(case["pub"]))
    return {}


def _genesis(case: Case) -> Case:
    genesis = Genesis.from_bytes(given(case))
    genesis.check(tuple(map(Suite, case["suites"])))
    return {"id": genesis.id.hex(), "membership": genesis.members.digest.hex()}


def _transaction(case: Case) -> Case:
    made, enrolled = read_transaction(given(case)), members(case)
    suite, nonces = Suite(case["suite"]), dict(case["nonces"])

    def key_of(name: MemberId) -> PublicKey | None:
        found = enrolled.get(name)
        return None if found is None else found.public

    check_transaction(made, ChannelId(case["channel"]), suite, key_of, verifier(suite, TAKEN))
    check_nonce(made.nonce, Nonce(nonces.get(made.sender, 0)))
    return {"id": made.id.hex()}


def tip_of(case: Case) -> Tip:
    """The tip that a case describes."""
    tip = case["tip"]
    roots = a_digest(tip["state_root"]), a_digest(tip["receipts_root"])
    place = Height(tip["height"]), a_digest(tip["id"]), Seconds(tip["time"])
    return Tip(ChannelId(tip["channel"]), Suite(tip["suite"]), *place, *roots, members(case))


def _block(case: Case) -> Case:
    block, tip, nonces = Block.from_bytes(given(case)), tip_of(case), dict(case["nonces"])

    def key_of(name: MemberId) -> PublicKey | None:
        found = tip.members.get(name)
        return None if found is None else found.public

    check_block(block, tip)
    verify = verifier(tip.suite, TAKEN)
    check_transactions(block, key_of, lambda sender: Nonce(nonces.get(sender, 0)), verify)
    return {"id": block.id.hex()}


def _certificate(case: Case) -> Case:
    made = None if case["text"] is None else Certificate.from_bytes(given(case))
    require_certificate(Name(case["engine"]), made)
    if made is None:
        return {}
    suite = Suite(case["suite"])
    decision = Decision(
        ChannelId(case["channel"]), suite, Height(case["height"]), a_digest(case["block"]), Name(case["engine"]),
        Name(case["kind"]),
    )  # fmt: skip
    verify_certificate(made, decision, members(case), verifier(suite, TAKEN))
    return {}


ANSWERS: dict[str, Callable[[Case], Case]] = {
    "json.canonical": lambda case: {"text": encode(case["value"]).decode()},
    "json.decode": lambda case: {"value": decode(given(case), BLOCK_BYTES)},
    "digest": lambda case: {"digest": digest(case["tag"], hexed(case["bytes"])).hex()},
    "merkle.root": lambda case: {"root": merkle.root([hexed(leaf) for leaf in case["leaves"]]).hex()},
    "merkle.inclusion": _inclusion,
    "merkle.consistency": _consistency,
    "statemap.root": _state_root,
    "statemap.proof": _state_proof,
    "sig.verify": _signature,
    "key.enrol": _key,
    "genesis.check": _genesis,
    "tx.check": _transaction,
    "block.check": _block,
    "cert.check": _certificate,
    "receipts.root": lambda case: {"root": merkle.root([encode(one) for one in case["receipts"]]).hex()},
}


def answer(kind: str, case: Case) -> Case:
    """The answer of the reference."""
    try:
        return {"ok": ANSWERS[kind](case)}
    except Refused as refused:
        return {"refused": {"code": refused.code.value}}
    except WeakKey:
        return {"refused": {"code": Code.MEMBER_WEAK_KEY.value}}
    except BadSignature:  # the area is that of what is signed
        return {"refused": {"code": "bad_signature"}}
