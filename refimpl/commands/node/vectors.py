"""What the reference answers to a vector: kind and input in, `{"ok"}` or `{"refused"}` out (NOD-021).

Why here: a vector is put to every node through the same door, and the reference is one of them. The same inputs go to
nodes in other languages, which know the text alone. It must not know what the answer should be, nor any file.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from contracts_dsl import decide, host, interpret, ir, migrate, verify, views
from contracts_dsl.compile import Compiled
from contracts_dsl.memory import DirectoryNode, MemoryWorld
from refimpl.crypto.recipes import BadSignature, WeakKey, check_public_key, digest, verifier, verify_or_raise
from refimpl.data import merkle, state_map
from refimpl.data.block import Block, Genesis, Tip, check_block, check_transactions
from refimpl.data.certificate import Certificate, Decision, require_certificate, verify_certificate
from refimpl.data.encoding import decode, encode, encode_known
from refimpl.data.ids import ChannelId, Digest, Height, MemberId, Name, Nonce, PublicKey, Seconds, Suite
from refimpl.data.limits import BLOCK_BYTES
from refimpl.data.members import Membership
from refimpl.data.refusal import Code, Refused
from refimpl.data.state_map import EMPTY, MapProof
from refimpl.data.transaction import check_nonce, check_transaction, read_transaction

Case = dict[str, Any]
TAKEN = (Suite.INTL, Suite.STUB)


def _hexed(text: str) -> bytes:
    return bytes.fromhex(text)


def _digest_of(text: str) -> Digest:
    return Digest(_hexed(text))


def given(case: Case) -> bytes:
    """The bytes of a case: a text, hex, or parts, each a text and how often."""
    if "hex" in case:
        return _hexed(str(case["hex"]))
    if "parts" in case:
        return "".join(text * times for text, times in case["parts"]).encode()
    return str(case["text"]).encode()


def _members(case: Case) -> Membership:
    return Membership.from_value(case["members"])


def _inclusion(case: Case) -> Case:
    proof = tuple(map(_digest_of, case["proof"]))
    merkle.verify_inclusion(_digest_of(case["root"]), case["size"], case["index"], _hexed(case["leaf"]), proof)
    return {}


def _consistency(case: Case) -> Case:
    (older, newer), (before, after) = map(_digest_of, case["roots"]), case["sizes"]
    merkle.verify_consistency(older, before, newer, after, tuple(map(_digest_of, case["proof"])))
    return {}


def _state_root(case: Case) -> Case:
    return {"root": EMPTY.updated({_hexed(key): _hexed(value) for key, value in case["entries"]}).root.hex()}


def _state_proof(case: Case) -> Case:
    proof, root, key = MapProof.from_value(case["proof"]), _digest_of(case["root"]), _hexed(case["key"])
    if case["value"] is None:
        state_map.verify_absence(root, key, proof)
    else:
        state_map.verify_presence(root, key, _hexed(case["value"]), proof)
    return {}


def _signature(case: Case) -> Case:
    public, message = PublicKey(_hexed(case["pub"])), _digest_of(case["digest"])
    verify_or_raise(Suite(case["suite"]), public, message, _hexed(case["signature"]))
    return {}


def _key(case: Case) -> Case:
    check_public_key(Suite(case["suite"]), _hexed(case["pub"]))
    return {}


def _genesis(case: Case) -> Case:
    genesis = Genesis.from_bytes(given(case))
    genesis.check(tuple(map(Suite, case["suites"])))
    return {"id": genesis.id.hex(), "membership": genesis.members.digest.hex()}


def _transaction(case: Case) -> Case:
    made, enrolled = read_transaction(given(case)), _members(case)
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
    roots = _digest_of(tip["state_root"]), _digest_of(tip["receipts_root"])
    place = Height(tip["height"]), _digest_of(tip["id"]), Seconds(tip["time"])
    return Tip(ChannelId(tip["channel"]), Suite(tip["suite"]), *place, *roots, _members(case))


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
        ChannelId(case["channel"]), suite, Height(case["height"]), _digest_of(case["block"]), Name(case["engine"]),
        Name(case["kind"]),
    )  # fmt: skip
    verify_certificate(made, decision, _members(case), verifier(suite, TAKEN))
    return {}


# --- contracts and access: the ledger of a case is a world in memory ---


class _Given(MemoryWorld):
    """The ledger of a case. The digest of its directory is the case's, since events repeat it."""

    digest_given = ""

    def directory_digest(self) -> str:
        """See `World`."""
        return self.digest_given


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def world_of(given: Case) -> MemoryWorld:
    """The ledger of a case."""
    made = _Given(time=given["now"])
    made.digest_given = given["directory_digest"]
    for node in given["directory"]:
        attributes = {one["name"]: _frozen(one["value"]) for one in node["attributes"]}
        made.enrol(node["name"], DirectoryNode(node["kind"], attributes, node["parent"]))
    made.apply(host.Changes(given["now"], tuple(msgspec.convert(one, host.Instance) for one in given["instances"])))
    made.keys = {(one["contract"], tuple(map(_frozen, one["key"]))): one["instance"] for one in given["keys"]}
    made.index = {(one["contract"], one["field"], one["value"]): one["instances"] for one in given["index"]}
    return made


def _modules(case: Case) -> list[ir.Module]:
    return [ir.from_json(one) for one in case["modules"]]


def compiled(case: Case) -> Compiled:
    """The program of a case in both forms; raises `ir.IrError` if it does not stand."""
    return _compiled(encode_known(case))


@lru_cache(maxsize=4)
def _compiled(data: bytes) -> Compiled:
    """Neighbours in a file ask for the same program; loading it costs more than their step."""
    case = msgspec.json.decode(data)
    return Compiled(verify.load(_modules(case), case.get("retired", ())))


def _program(case: Case) -> Case:
    compiled(case)
    return {"ids": [{"name": one.name, "version": one.version, "id": ir.digest(one)} for one in _modules(case)]}


def _step(case: Case) -> Any:
    both, there = compiled(case["program"]), world_of(case["ledger"])
    if "advance" in case:
        return interpret.advance(both.program, there, case["advance"])
    return both.command(there, msgspec.convert(case["command"], host.Command))


def _deploy(case: Case) -> Any:
    arriving = [ir.from_json(one) for one in case["deploy"]]
    return migrate.deploy(_modules(case["program"]), arriving, world_of(case["ledger"]))[1]


def _read(case: Case) -> Any:
    asked = case["read"]
    names: Sequence[tuple[str, ...]] = tuple(asked["fields"]), tuple(asked["signers"])
    request = decide.Request(asked["contract"], asked["record"], names[0], asked["purpose"], names[1])
    found = decide.read(compiled(case["program"]).program, world_of(case["ledger"]), request)
    verdicts = [{"field": one.field, "outcome": one.outcome, "permits": one.permits, "forbids": one.forbids,
                 "nearest": one.nearest} for one in found.verdicts]  # fmt: skip
    code = None if found.refused is None else found.refused.code
    return {"verdicts": verdicts, "changes": found.changes, "code": code}


def _view(case: Case) -> Any:
    asked = case["view"]
    cell = views.CellRequest(asked["policy"], asked["view"], tuple(asked["cell"]), tuple(asked["signers"]))
    return {"values": list(views.cell(compiled(case["program"]).program, world_of(case["ledger"]), cell))}


CONTRACTS: dict[str, Callable[[Case], Any]] = {
    "contract.program": _program, "contract.step": _step, "contract.deploy": _deploy, "access.decide": _read,
    "access.view": _view,
}  # fmt: skip
"""The kinds whose `program` is the input of a `contract.program`, and whose codes stand without their area."""
ANSWERS: dict[str, Callable[[Case], Case]] = {
    "json.canonical": lambda case: {"text": encode(case["value"]).decode()},
    "json.decode": lambda case: {"value": decode(given(case), BLOCK_BYTES)},
    "digest": lambda case: {"digest": digest(case["tag"], _hexed(case["bytes"])).hex()},
    "merkle.root": lambda case: {"root": merkle.root([_hexed(leaf) for leaf in case["leaves"]]).hex()},
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
    """The answer of the reference; raises `KeyError` for a kind that it does not have."""
    if kind in CONTRACTS:
        return _answer_of_contracts(kind, case)
    asked = ANSWERS[kind]
    try:
        return {"ok": asked(case)}
    except Refused as refused:
        return {"refused": {"code": refused.code.value}}
    except WeakKey:
        return {"refused": {"code": Code.MEMBER_WEAK_KEY.value}}
    except BadSignature:  # the area is that of what is signed
        return {"refused": {"code": "bad_signature"}}


def _answer_of_contracts(kind: str, case: Case) -> Case:
    try:
        return {"ok": msgspec.json.decode(msgspec.json.encode(CONTRACTS[kind](case)))}
    except ir.IrError:
        return {"refused": {"code": "bad_package"}}
    except host.Refused as refused:
        return {"refused": {"code": refused.code, "values": msgspec.to_builtins(refused.values)}}
