"""The worked examples of `spec/data.md`: how each output follows from its input.

`outputs` maps the name of an example to the function that computes it. `read` finds the examples in the text,
`written` puts fresh outputs into it (`python -m tests.unit.data.examples` rewrites the file, after an edit of the
format).
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from refimpl.crypto.recipes import Suite, digest, key_for_tests, sign
from refimpl.data import merkle
from refimpl.data.block import Genesis, Tip, make_block
from refimpl.data.certificate import Certificate, Decision, Vote, vote_digest
from refimpl.data.encoding import encode
from refimpl.data.ids import ChannelId, Digest, MemberId, Name, Nonce, Round, Seconds, Weight
from refimpl.data.members import Member, Membership, Role
from refimpl.data.state_map import EMPTY
from refimpl.data.transaction import Transaction

TEXT = Path(__file__).parents[3] / "spec" / "data.md"
EXAMPLE = re.compile(r"Example `(\w+)`:\n```json\n(.*?)\n```", re.DOTALL)

INPUTS: dict[str, Any] = {
    "canonical": {"b": [1, -7, True, None], "a": '\u8f6c\u8bca "1"\n\u0001', "aa": {}},
    "digest": {"tag": "yilian/tx/v1", "bytes": "616263"},
    "signature": {"member": "m0", "digest": "00" * 32},
    "merkle": {"leaves": ["", "00", "10"]},
    "state": {"61": "31", "6162": "32", "62": ""},
    "transaction": {"signers": ["a1", "m0"], "payload": {"action": "\u63a5\u6536"}},
    "block": {"validators": ["m0", "m1", "m2", "m3"], "time": 1767225600},
    "certificate": {"signers": ["m0", "m1", "m3"], "block": "00" * 32},
}


def members(names: list[str]) -> Membership:
    every = [
        Member(MemberId(name), key_for_tests(Suite.INTL, name).public, Weight(1), Role.VALIDATOR) for name in names
    ]
    return Membership.of(every, Suite.INTL)


def of_signature(given: Mapping[str, Any]) -> Any:
    made = {}
    for suite in (Suite.INTL, Suite.STUB):
        key = key_for_tests(suite, given["member"])
        signature = sign(key, Digest(bytes.fromhex(given["digest"])))
        made[suite.value] = {"pub": key.public.hex(), "signature": signature.hex()}
    return made


def of_state(given: Mapping[str, Any]) -> Any:
    made = EMPTY.updated({bytes.fromhex(key): bytes.fromhex(value) for key, value in given.items()})
    return {"root": made.root.hex(), "proof of 6163": made.prove(b"ac").to_value()}


def of_transaction(given: Mapping[str, Any]) -> Any:
    keys = {signer: key_for_tests(Suite.STUB, signer) for signer in given["signers"]}
    draft = Transaction(
        Suite.STUB, ChannelId("region-1"), Nonce(0), tuple(given["signers"]), Name("command"), given["payload"]
    )
    return {"bytes": draft.signed(keys).to_bytes().decode(), "id": draft.id.hex()}


def of_block(given: Mapping[str, Any]) -> Any:
    founders = members(given["validators"])
    genesis = Genesis(ChannelId("region-1"), Suite.INTL, Seconds(given["time"]), Name("tendermint"), founders, {}, ())
    block = make_block(Tip.of_genesis(genesis, EMPTY.root), MemberId("m0"), Seconds(given["time"] + 5), ())
    return {
        "membership": founders.digest.hex(),
        "genesis": genesis.id.hex(),
        "bytes of block 1": block.to_bytes().decode(),
        "id of block 1": block.id.hex(),
    }


def of_certificate(given: Mapping[str, Any]) -> Any:
    block = Digest(bytes.fromhex(given["block"]))
    names = Name("tendermint"), Name("precommit")
    decision = Decision(ChannelId("region-1"), Suite.STUB, 1, block, *names)  # type: ignore[arg-type]  # height
    votes = []
    for signer in given["signers"]:
        message = vote_digest(decision, Round(0), MemberId(signer))
        votes.append(Vote(MemberId(signer), sign(key_for_tests(Suite.STUB, signer), message)))
    made = Certificate(decision.channel, decision.suite, decision.height, Round(0), block, *names, tuple(votes))
    return {"bytes": made.to_bytes().decode(), "signed by m0": vote_digest(decision, Round(0), MemberId("m0")).hex()}


OUTPUTS: Mapping[str, Callable[[Any], Any]] = {
    "canonical": lambda given: encode(given).decode(),
    "digest": lambda given: digest(given["tag"], bytes.fromhex(given["bytes"])).hex(),
    "signature": of_signature,
    "merkle": lambda given: merkle.root([bytes.fromhex(leaf) for leaf in given["leaves"]]).hex(),
    "state": of_state,
    "transaction": of_transaction,
    "block": of_block,
    "certificate": of_certificate,
}


def read() -> dict[str, Any]:
    """The examples of the text by name: `{"input", "output"}`."""
    return {name: json.loads(body) for name, body in EXAMPLE.findall(TEXT.read_text(encoding="utf-8"))}


def written(text: str) -> str:
    """The text with every example computed anew."""

    def fresh(found: re.Match[str]) -> str:
        given = INPUTS[found[1]]
        made = {"input": given, "output": OUTPUTS[found[1]](given)}
        return f"Example `{found[1]}`:\n```json\n{json.dumps(made, indent=2, ensure_ascii=False)}\n```"

    return EXAMPLE.sub(fresh, text)


if __name__ == "__main__":
    TEXT.write_text(written(TEXT.read_text(encoding="utf-8")), encoding="utf-8")
