"""The canonical encoding of a transaction against Python's own JSON, which checks nothing."""

import json
from importlib import import_module
from importlib.util import find_spec

from bench.measure import Contender, Contest, Method, Unequal
from refimpl.data.encoding import decode, encode, encode_known

PEER = "rfc8785"
TRANSACTION = {
    "body": {
        "channel": "river-city", "kind": "command", "nonce": 17,
        "payload": {
            "action": "approve", "arguments": [{"name": "reason", "value": "no-indication"}], "contract": "Referral",
            "instance": 4711,
        },
        "signers": ["hill-hc"], "suite": "intl",
    },
    "signatures": ["ab12" * 32],
}  # fmt: skip


def encoding(method: Method) -> Contest:
    """A transaction written."""
    contenders = [
        Contender("encode_known", lambda: encode_known(TRANSACTION)),
        Contender("json.dumps(sort_keys)", lambda: json.dumps(TRANSACTION, sort_keys=True)),
        Contender("encode, profile checked", lambda: encode(TRANSACTION)),
    ]
    present = find_spec(PEER) is not None
    if present:
        dumps = import_module(PEER).dumps
        contenders.append(Contender(PEER, lambda: dumps(TRANSACTION)))

    def prove() -> None:
        written = encode(TRANSACTION)
        plain = json.dumps(TRANSACTION, sort_keys=True, separators=(",", ":")).encode()
        others = [encode_known(TRANSACTION), plain] + ([dumps(TRANSACTION)] if present else [])
        if any(other != written for other in others):
            raise Unequal("the bytes differ")

    return Contest(
        "transactions", tuple(contenders), "json.dumps, sorted, with its blanks", prove, gate=6.0,
        note="a value that was decoded here or built from typed parts is written without a second check; the checked "
        "encoder is for values from outside",
        counts={"bytes": len(encode(TRANSACTION))}, absent=() if present else (PEER,),
    )  # fmt: skip


def decoding(method: Method) -> Contest:
    """A transaction read, refusing every other spelling of it."""
    data = encode(TRANSACTION)

    def prove() -> None:
        if decode(data, len(data)) != json.loads(data):
            raise Unequal("the values differ")

    return Contest(
        "transactions",
        (Contender("decode, strict", lambda: decode(data, 65_536)), Contender("json.loads", lambda: json.loads(data))),
        "json.loads, which accepts floats, duplicates and any spelling", prove, gate=2.0, counts={"bytes": len(data)},
    )  # fmt: skip


ITEMS = {"codec.encode": encoding, "codec.decode": decoding}
