"""A node in this process whose frames are in order and whose words are not: now and then what it sends, decides,
proves or answers is replaced by nonsense, always the same for the same words.

So the kit is shown what no schema of the frames forbids: bytes that are no message, a block whose header is a list.
"""

import json
from hashlib import sha256

from conformance.zoo.serve import conversation

DEEP = b"[" * 60_000
RAW = (b"", b"{", b"\xff\xfe", b"null", b"[]", b"{}", b"1e999", b"9" * 5000, DEEP, b'{"body":' + DEEP)
"""What takes the place of a message or a block, whole."""
ODD = (None, True, -1, 0, 2**70, 1.5, "", "é", "\ud800", "zz", [], {}, [[]], [{}], {"value": []}, float("nan"))
"""What takes the place of a member of one."""


def nonsense(data, choice):
    """These bytes, spoilt in the way that a number chooses: replaced whole, or in one member at any depth."""
    try:
        value = json.loads(data)
        places = [*members(value)]
    except ValueError:
        places = []
    if not places or choice % 8 == 0:
        return RAW[choice // 8 % len(RAW)]
    *way, last = places[choice % len(places)]
    inner = value
    for step in way:
        inner = inner[step]
    odd = ODD[choice // 7 % (len(ODD) + 1) - 1]
    if choice // 7 % (len(ODD) + 1) == 0:
        del inner[last]
    else:
        inner[last] = odd
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def members(value, way=()):
    """The way to each member of a JSON value, at any depth."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in pairs:
        yield (*way, name)
        yield from members(inner, (*way, name))


class Babbler:
    """The reference as a link of a door; `spoils` names what is replaced, once in `rarely` times."""

    def __init__(self, spoils, rarely, salt=0):
        self.answering, self.spoils, self.rarely, self.salt = conversation("reference"), spoils, rarely, salt
        self.waiting = []
        self.spoilt = 0

    def garbled(self, text):
        """Bytes in hex, or what comes in their place."""
        choice = int.from_bytes(sha256(f"{self.salt}:{text}".encode()).digest()[:6])
        if choice % self.rarely:
            return text
        self.spoilt += 1
        return nonsense(bytes.fromhex(text), choice // self.rarely).hex()

    def told(self, reply):
        """A reply with its words changed."""
        for effect in reply.get("ok", {}).get("effects", ()):
            kind = effect["effect"]
            if kind == "send" and "send" in self.spoils:
                effect["bytes"] = self.garbled(effect["bytes"])
            elif kind == "decide":
                for name in {"block", "cert"} & self.spoils & effect.keys():
                    effect[name] = self.garbled(effect[name])
            elif kind == "evidence" and "evidence" in self.spoils:
                effect["messages"] = [self.garbled(one) for one in effect["messages"]]
            elif kind == "persist" and "persist" in self.spoils:
                for one in effect["writes"]:
                    one.update({"value": self.garbled(one["value"])} if "value" in one else {})
        if "answer" in self.spoils and "value" in reply.get("ok", {}):
            text = json.dumps(reply["ok"]["value"]).encode().hex()
            garbled = bytes.fromhex(self.garbled(text))
            try:
                reply["ok"]["value"] = json.loads(garbled.decode())
            except (ValueError, RecursionError):
                reply["ok"]["value"] = None
        return reply

    def send(self, data, deadline):
        for line in data.splitlines():
            reply = json.loads(self.answering.answer(line))
            self.waiting.append(json.dumps(self.told(reply), separators=(",", ":")).encode())

    def line(self, deadline):
        return self.waiting.pop(0)

    def look(self):
        pass

    def words(self):
        return ""

    def close(self):
        return None
