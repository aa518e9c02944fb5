"""Planted bugs of a node as a process: each spoils one thing that the protocol or the ledger asks of it.

Why beside the engines: a suite that finds a wrong quorum may still miss a node that writes after it spoke, reads a
clock or answers twice. Each wraps the reference's conversation. They are hunted through the door only.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen

from conformance.model.genesis import id_of
from refimpl.commands.node.conversation import Conversation

__all__ = ["WIRE", "Spoilt"]

Data = dict[str, Any]


@frozen
class Spoilt:
    """One planted bug: how requests and replies are changed on their way, and what must be seen."""

    id: str
    story: str
    expected: tuple[str, ...]
    """Verdicts, or `exit 3`, of which one must come."""
    clauses: tuple[str, ...]
    """What it breaks: one of these must be named."""
    request: Callable[[Data, Data], Data] = lambda request, memory: request
    """(request, what it remembers) -> the request that the node sees."""
    reply: Callable[[Data, Data, Data], Data | None] = lambda reply, request, memory: reply
    """(reply, request, what it remembers) -> the reply that the kit sees; None is silence."""
    written: Callable[[bytes, Data], bytes] = lambda line, request: line
    """The bytes of the reply as they go out."""


class SpoiltConversation(Conversation):
    """The reference, spoilt."""

    def __init__(self, spoilt: Spoilt) -> None:
        super().__init__(name=f"zoo-{spoilt.id.lower()}")
        self.spoilt = spoilt
        self.remembered: Data = {}

    def answer(self, line: bytes) -> bytes:
        """See `Conversation`."""
        request = self.spoilt.request(json.loads(line), self.remembered)
        reply = self.spoilt.reply(json.loads(super().answer(json.dumps(request).encode())), request, self.remembered)
        return self.spoilt.written(b"" if reply is None else json.dumps(reply).encode() + b"\n", request)


def effects_of(reply: Data) -> list[Data]:
    """The effects of a reply, to be changed in place."""
    listed: list[Data] = reply.get("ok", {}).get("effects", [])
    return listed


def without(kind: str) -> Callable[[Data, Data, Data], Data]:
    """Effects of one kind are forgotten."""

    def run(reply: Data, request: Data, memory: Data) -> Data:
        listed = effects_of(reply)
        listed[:] = [one for one in listed if one["effect"] != kind]
        return reply

    return run


def speaks_first(reply: Data, request: Data, memory: Data) -> Data:
    """What is sent and decided goes out before it is written."""
    effects_of(reply).sort(key=lambda one: one["effect"] == "persist")
    return reply


def never_syncs(reply: Data, request: Data, memory: Data) -> Data:
    """Nothing is made durable."""
    for one in effects_of(reply):
        if one["effect"] == "persist":
            one["sync"] = False
    return reply


def by_its_own_clock(request: Data, memory: Data) -> Data:
    """The time of a request is not believed."""
    if "now" in request:
        request["now"] += time.monotonic_ns() // 1000 % 1_000_000 * 1000
    return request


def rounds_up(request: Data, memory: Data) -> Data:
    """A second that has begun counts as over."""
    if "now" in request:
        request["now"] += 999
    return request


def another_code(reply: Data, request: Data, memory: Data) -> Data:
    """The right refusal with the wrong code."""
    if reply.get("refused", {}).get("code") == "tx.nonce_used":
        reply["refused"]["code"] = "tx.known"
    return reply


def forgives(reply: Data, request: Data, memory: Data) -> Data:
    """A bad signature is told as admitted."""
    if reply.get("refused", {}).get("code") == "tx.bad_signature":
        return {"id": reply["id"], "ok": {"effects": [], "tx_id": "00" * 32}}
    return reply


def another_state(reply: Data, request: Data, memory: Data) -> Data:
    """One entry of the state is shown otherwise than it is."""
    for item in reply.get("ok", {}).get("value", {}).get("items", ()):
        if bytes.fromhex(item["key"]).startswith(b"nonce/"):
            item["value"] = b"9".hex()
    return reply


def remembers_resets(reply: Data, request: Data, memory: Data) -> Data:
    """What was before a reset shows after it."""
    memory["count"] = memory.get("count", 0) + 1
    if request["op"] == "query" and "ok" in reply:
        reply["ok"]["height"] += memory["count"] // 50
    return reply


def hangs(reply: Data, request: Data, memory: Data) -> Data:
    """Bytes that are no JSON keep it busy for ever."""
    while request["op"] == "deliver" and reply.get("refused", {}).get("code") == "wire.not_canonical":
        time.sleep(3600)
    return reply


def dies(reply: Data, request: Data, memory: Data) -> Data:
    """Bytes that are no JSON end it."""
    if request["op"] == "submit" and reply.get("refused", {}).get("code") == "wire.not_canonical":
        sys.exit("Traceback: JSONDecodeError")
    return reply


def admits(reply: Data, request: Data, memory: Data) -> Data:
    """A query with wrong arguments is an error of its own."""
    if request["op"] == "query" and reply.get("refused", {}).get("code") == "wire.bad_field":
        return {"id": reply["id"], "err": {"code": "internal", "text": "KeyError"}}
    return reply


def prints(line: bytes, request: Data) -> bytes:
    """A forgotten print."""
    return b"starting up\n" + line if request["op"] == "start" else line


def twice(line: bytes, request: Data) -> bytes:
    """Each start is answered twice."""
    return line + line if request["op"] == "start" else line


def gives_floats(line: bytes, request: Data) -> bytes:
    """Times are fractions."""
    return line.replace(b'"height": ', b'"height": 0.0e0, "x_height": ') if request["op"] == "query" else line


def unpaged(reply: Data, request: Data, memory: Data) -> Data:
    """There is never another page."""
    if "more" in reply.get("ok", {}).get("value", {}):
        reply["ok"]["value"]["more"] = False
    return reply


def same_receipt(reply: Data, request: Data, memory: Data) -> Data:
    """What was refused in a block is told as applied."""
    value = reply.get("ok", {}).get("value", {})
    if value.get("status") == "refused":
        del value["code"]
        value.update(status="applied", events=[])
    return reply


def takes_damage(request: Data, memory: Data) -> Data:
    """A damaged disk is guessed: it starts anew."""
    disk = request.get("disk", ())
    if request["op"] == "recover" and any(one["value"].endswith("20") for one in disk):
        request["disk"] = []
    return request


def forgets(request: Data, memory: Data) -> Data:
    """Among others, every second transaction is heard and laid aside."""
    node = str(request.get("node"))
    if request["op"] in ("init", "recover"):
        memory[node] = 0 if request["config"]["profile"] == "solo/1" else 1
    memory["forgotten"] = ""
    if request["op"] == "submit" and memory[node]:
        memory[node] += 1
        memory["forgotten"] = request["tx"] if memory[node] % 2 else ""
    if memory["forgotten"]:
        return {"id": request["id"], "op": "query", "node": request["node"], "path": "tip"}
    return request


def as_if_admitted(reply: Data, request: Data, memory: Data) -> Data:
    """What was laid aside is told as admitted."""
    if not memory["forgotten"]:
        return reply
    made = json.loads(bytes.fromhex(memory["forgotten"]))
    return {"id": reply["id"], "ok": {"effects": [], "tx_id": id_of(made)}}


WRONG: Final = ("FAIL", "WRONG_REASON", "NONDETERMINISTIC")
LISTED: Final = (
    Spoilt("W01", "a forgotten print on standard output", ("exit 3",), ("NOD-001",), written=prints),
    Spoilt("W02", "answers a request twice", ("exit 3",), ("NOD-002",), written=twice),
    Spoilt("W03", "writes numbers as fractions", ("exit 3",), ("NOD-003",), written=gives_floats),
    Spoilt("W04", "reads a clock of its own", ("NONDETERMINISTIC", "FAIL"), ("NOD-051",), request=by_its_own_clock),
    Spoilt("W05", "never sends a message", ("FAIL",), ("INV-V1.deadlock",), reply=without("send")),
    Spoilt("W06", "speaks before it writes", ("FAIL",), ("NET-014",), reply=speaks_first),
    Spoilt("W07", "never syncs its disk", ("FAIL",), ("NET-014",), reply=never_syncs),
    Spoilt("W08", "refuses with another code", ("WRONG_REASON",), ("DAT-070",), reply=another_code),
    Spoilt("W09", "admits a bad signature", ("FAIL",), ("NOD-016",), reply=forgives),
    Spoilt("W10", "shows another nonce than it counts by", ("FAIL",), ("NOD-043",), reply=another_state),
    Spoilt("W11", "remembers across resets", WRONG, ("NOD-051",), reply=remembers_resets),
    Spoilt("W12", "hangs on bytes that are no JSON", ("FAIL",), ("NOD-020",), reply=hangs),
    Spoilt("W13", "dies on bytes that are no JSON", ("FAIL",), ("NOD-020",), reply=dies),
    Spoilt("W14", "fails on a question with wrong arguments", ("FAIL",), ("NOD-020",), reply=admits),
    Spoilt("W15", "counts a second that has begun as over", ("FAIL",), ("DAT-097",), request=rounds_up),
    Spoilt("W16", "sets no timers", ("FAIL",), ("NOD-063",), reply=without("set_timer")),
    Spoilt("W17", "never writes anything", ("FAIL", "INCONCLUSIVE"), ("NET-014",), reply=without("persist")),
    Spoilt("W18", "shows one page of the state only", ("FAIL",), ("NOD-043",), reply=unpaged),
    Spoilt("W19", "tells a refused transaction as applied", ("FAIL",), ("DAT-111",), reply=same_receipt),
    Spoilt("W20", "begins anew from a damaged disk", ("FAIL",), ("NET-016",), request=takes_damage),
    Spoilt("W21", "admits transactions and forgets every second one", ("FAIL",), ("INV-V2",), request=forgets,
           reply=as_if_admitted),
)  # fmt: skip
WIRE: Final[Mapping[str, Spoilt]] = {one.id: one for one in LISTED}
"""Id -> planted bug."""
