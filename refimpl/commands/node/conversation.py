"""A conversation with a kit: lines in, lines out, many instances, no world.

Why pure: the same object serves standard input, a socket and a test. It must not read, write or wait.
Source: spec/node-protocol.md.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from refimpl import __version__
from refimpl.commands.node import frames, vectors
from refimpl.commands.node.frames import Config
from refimpl.commands.node.instance import SUITES, BadState, Instance, Unknown, profiles
from refimpl.data.limits import PROTOCOL_EFFECTS, PROTOCOL_INSTANCES, PROTOCOL_WINDOW
from refimpl.data.refusal import Refused

__all__ = ["PROTOCOL", "Conversation"]

PROTOCOL: Final = 1
"""The major of the protocol that is spoken here."""
PACKS: Final = (
    "access", "admission", "anchor", "claim", "drug", "family", "identity", "opendata", "referral", "reporting",
    "sharing", "surgery",
)  # fmt: skip
_TOLD: Final = 200
"""Characters of an explanation in `err`."""

_write = msgspec.json.Encoder(order="sorted").encode


class _Err(Exception):
    """An answer about the conversation: a code of NOD-005 and a sentence."""


class Conversation:
    """What was said so far. `over` once the kit has said `bye`."""

    def __init__(self, make: Callable[[Config], Instance] = Instance, name: str = "yilian-reference") -> None:
        """`make` makes instances: how a planted fault enters."""
        self.make = make
        self.name = name
        self.instances: dict[str, Instance] = {}
        self.snapshots: dict[str, Instance] = {}
        self.over = False

    def answer(self, line: bytes) -> bytes:
        """The reply to one line, ended by LF. Raises nothing (NOD-020)."""
        try:
            request = frames.read(line)
        except frames.Bad as bad:
            return self._reply(bad.args[0], {"err": _err("bad_request", bad.args[1])})
        except frames.NotSupported as unknown:
            return self._reply(unknown.args[0], {"err": _err("not_supported", f"unknown op: {unknown.args[1]}")})
        return self._reply(request.id, self._answer(request))

    def _answer(self, request: frames.Request) -> dict[str, Any]:
        try:
            return {"ok": self._do(request)}
        except Refused as refused:
            at = {"at": refused.at} if refused.at else {}
            return {"refused": {"code": refused.code.value, **at}}
        except _VectorRefused as refused:
            return {"refused": {"code": refused.args[0]}}
        except _Err as err:
            return {"err": _err(*err.args)}
        except BadState as bad:
            return {"err": _err("bad_state", bad.args[0])}
        except Unknown as unknown:
            return {"err": _err("not_supported", unknown.args[0])}
        except Exception as error:  # our own error: the kit is told, and the instance is gone (NOD-005)
            self.instances.pop(getattr(request, "node", ""), None)
            return {"err": _err("internal", type(error).__name__)}

    def _reply(self, identifier: int, answer: dict[str, Any]) -> bytes:
        effects = answer.get("ok", {}).get("effects", ())
        if len(effects) > PROTOCOL_EFFECTS:
            answer = {"err": _err("internal", f"{len(effects)} effects")}
        return _write({"id": identifier, **answer}) + b"\n"

    def _do(self, request: frames.Request) -> dict[str, Any]:
        match request:
            case frames.Deliver(_, node, now, data):
                return self._instance(node).deliver(bytes.fromhex(data), now)
            case frames.Fire(_, node, now, timer):
                return self._instance(node).fire(timer, now)
            case frames.Submit(_, node, now, tx):
                return self._instance(node).submit(bytes.fromhex(tx), now)
            case frames.Query(_, node, path, args):
                return self._instance(node).query(path, args)
            case frames.Start(_, node, now):
                return self._instance(node).start(now)
            case frames.Init(_, node, config):
                self.instances[node] = self._made(node, config)
                return {}
            case frames.Recover(_, node, now, config, disk):
                made = self._made(node, config)
                told = made.recover({kept.key: bytes.fromhex(kept.value) for kept in disk}, now)
                self.instances[node] = made
                return told
            case frames.Crash(_, node):
                self._instance(node)
                del self.instances[node]
                return {}
            case frames.Hello(_, _, offered):
                return self._hello(offered)
            case frames.Vector(_, kind, given):
                return self._vector(kind, given)
            case frames.Snapshot(_, node):
                name = f"s{len(self.snapshots) + 1}"
                self.snapshots[name] = self._instance(node).copied()
                return {"snapshot": name}
            case frames.Restore(_, node, snapshot):
                return self._restore(node, snapshot)
            case frames.Reset() | frames.Bye():
                self.instances.clear()
                self.snapshots.clear()
                self.over = isinstance(request, frames.Bye)
                return {}

    def _hello(self, offered: list[int]) -> dict[str, Any]:
        """NOD-010."""
        if PROTOCOL not in offered:
            raise _Err("not_supported", f"protocol {PROTOCOL} is spoken here")
        return {
            "claims": ["L0", "L1", "L2", "L3"], "language": "python", "name": self.name, "ops": list(frames.OPS),
            "packs": list(PACKS), "profiles": profiles(), "protocol": PROTOCOL, "version": __version__,
            "suites": [suite.value for suite in SUITES], "window": PROTOCOL_WINDOW,
        }  # fmt: skip

    def _made(self, node: str, config: Config) -> Instance:
        if node in self.instances:
            raise _Err("duplicate_node", node)
        if len(self.instances) >= PROTOCOL_INSTANCES:
            raise _Err("bad_state", f"at most {PROTOCOL_INSTANCES} instances")
        return self.make(config)

    def _instance(self, node: str) -> Instance:
        if node not in self.instances:
            raise _Err("unknown_node", node)
        return self.instances[node]

    def _vector(self, kind: str, given: dict[str, Any]) -> dict[str, Any]:
        """NOD-021; a case that is not what its kind asks for is no input of a node, but of a kit that is wrong."""
        if kind not in vectors.ANSWERS and kind not in vectors.CONTRACTS:
            raise _Err("not_supported", f"no vectors of kind {kind}")
        try:
            found = vectors.answer(kind, given)
        except (KeyError, TypeError, ValueError, AttributeError, msgspec.MsgspecError) as error:
            raise _Err("bad_request", f"no input of kind {kind}: {type(error).__name__}") from None
        if "ok" in found:
            return {"output": found["ok"]}
        raise _VectorRefused(found["refused"]["code"])

    def _restore(self, node: str, snapshot: str) -> dict[str, Any]:
        if snapshot not in self.snapshots:
            raise _Err("unknown_snapshot", snapshot)
        if node in self.instances:
            raise _Err("duplicate_node", node)
        self.instances[node] = self.snapshots[snapshot].copied()
        return {}


class _VectorRefused(Exception):
    """The refusal that a vector names: a code of the ledger, with or without its area."""


def _err(code: str, text: str) -> dict[str, str]:
    return {"code": code, "text": text[:_TOLD]}
