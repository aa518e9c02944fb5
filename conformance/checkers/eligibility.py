"""INV-S3 where there are no certificates: every final block proves that its maker was eligible for its slot.

The proof is what the block says of itself. Here it is held against the law by the kit's own code: the seal, the link to
the block before, a later slot, whose turn it was, the zero bits that the branch demands and those that the seal has. It
must not ask the node, nor judge the payload: that is `validity`.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from conformance.contract import Contract
from conformance.history import Decision, History, Violation
from conformance.lottery import SEALED, turn_of
from conformance.plan import canonical
from conformance.sentences import Text, say


class Link(NamedTuple):
    """The end of a chain that was verified."""

    height: int
    slot: int
    seal: str
    proof: Mapping[str, Any]


def check(history: History) -> tuple[Violation, ...]:
    """The first block of a chain that proves nothing."""
    if not history.contract.slotted:
        return ()
    ends: dict[tuple[int, int], Link] = {}
    for decision in history.decisions:
        life = (decision.node, decision.life)
        if not decision.proof:
            return (violation(decision, say("proof"), say("none")),)
        for expected, actual in faults(history, decision, ends.get(life)):
            return (violation(decision, expected, actual),)
        ends[life] = Link(decision.height, decision.round, seal_of(history.contract, decision), decision.proof)
    return ()


def violation(decision: Decision, expected: Text, actual: Text) -> Violation:
    """A block without proof."""
    found = say("at-height", what=actual, height=decision.height)
    return Violation("INV-S3", decision.tick, (decision.node,), expected, found)


def faults(history: History, decision: Decision, before: Link | None) -> Iterator[tuple[Text, Text]]:
    """(expected, actual) of everything that is wrong with the proof of one block, given the one before."""
    contract, proof = history.contract, decision.proof
    if proof["value"] != decision.block.digest:
        yield say("proof.about", digest=decision.block.digest[:8]), proof["value"][:8]
    if before is not None and decision.height == before.height + 1 and proof["parent"] != before.seal:
        yield say("proof.on", seal=before.seal[:8]), proof["parent"][:8]
    if before is not None and decision.round <= before.slot:
        yield say("proof.later", slot=before.slot), say("slot", slot=decision.round)
    turn = turn_of(contract.turns, decision.round, history.weights, contract.term, history.names)
    if turn is not None and turn != history.maker(decision):
        yield (say("proof.by", slot=decision.round, node=turn),
               say("proof.by-another", node=history.maker(decision)))  # fmt: skip
    if contract.turns == "work":
        yield from work(contract, decision, before)


def work(contract: Contract, decision: Decision, before: Link | None) -> Iterator[tuple[Text, Text]]:
    """What is wrong with a proof of work (CON-151, CON-154)."""
    bits, window, _ = contract.difficulty
    proof, had = decision.proof, zero_bits(seal_of(contract, decision))
    if had < proof["bits"]:
        yield say("proof.zeros", bits=proof["bits"]), str(had)
    if decision.height == 1:
        if proof["bits"] != bits:
            yield say("proof.demanded", bits=bits), str(proof["bits"])
    elif before is not None:
        demanded = before.proof["bits"] if before.height % window else retarget(contract, before)
        if proof["bits"] != demanded:
            yield say("proof.demanded", bits=demanded), str(proof["bits"])
        since = before.proof["since"] if before.height % window else decision.round
        if proof["since"] != since:
            yield say("proof.window", slot=since), str(proof["since"])


def retarget(contract: Contract, last: Link) -> int:
    """The zero bits after a window that ends with this block: one more if it took half the usual time or less, one
    less if twice or more, and never fewer than at first."""
    bits, window, spacing = contract.difficulty
    usual, took = (window - 1) * spacing, last.slot - last.proof["since"]
    step = 1 if 2 * took <= usual else -1 if took >= 2 * usual else 0
    found: int = max(bits, last.proof["bits"] + step)
    return found


def seal_of(contract: Contract, decision: Decision) -> str:
    """The seal of a block that was decided."""
    return seal(contract, decision.height, decision.round, decision.proof)


def seal(contract: Contract, height: int, slot: int, proof: Mapping[str, Any]) -> str:
    """The seal of a block, from what it says (CON-120, CON-150)."""
    fields = {"height": height, "slot": slot, **{name: proof[name] for name in SEALED}}
    if contract.turns != "work":
        return tagged(f"yilian/{contract.engine}/seal/v1", canonical(fields).encode()).hex()
    fields |= {"bits": proof["bits"], "since": proof["since"]}
    puzzle = tagged("yilian/nakamoto/seal/v1", canonical(fields).encode())
    return tagged("yilian/nakamoto/nonce/v1", puzzle + proof["nonce"].to_bytes(8, "big")).hex()


def tagged(tag: str, data: bytes) -> bytes:
    """SHA-256 over the tag, a zero byte and the data (DAT-020)."""
    return sha256(tag.encode() + b"\0" + data).digest()


def zero_bits(seal: str) -> int:
    """How many zero bits it begins with."""
    return len(seal) * 4 - int(seal, 16).bit_length()
