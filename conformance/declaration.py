"""What somebody declares of a protocol of their own, `x/<own name>`, in their `yilian.toml` (NOD-064).

Why: no profile says how its messages read, so the kit carries them unread; what it may hold the node to is what its
maker declares, in the members that a profile's contract has. It must not know any node, nor judge one.
Source: spec/node-protocol.md, part 6; spec/consensus.md, CON-001.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from conformance.contract import OWN, Contract
from conformance.plan_shapes import LINKS, Rule, integer_in, one_of
from conformance.sentences import Sentence, Text, say
from conformance.standard import Profile

__all__ = ["FILE", "MESSAGE", "DeclarationError", "declared", "from_data", "is_own", "to_data"]

FILE: Final = "yilian.toml"
"""Where a declaration is looked for, if no other file is named."""
MESSAGE: Final = "message"
"""The one kind that messages have which the kit cannot read."""
NAME: Final = re.compile(r"x/[a-z0-9][a-z0-9._-]{0,62}")
ENGINE: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
TICKS_MAX: Final = 1_000_000


class DeclarationError(Exception):
    """A declaration that cannot be used: `at` is where in the file; `values` fill the sentence of `code`."""

    status = 2
    """Of the command: it was called wrongly."""

    def __init__(self, code: str, file: str, at: str, expected: Text, found: object) -> None:
        shown: Text = found if isinstance(found, Sentence) else str(found)[:80]
        super().__init__(f"{code} {file} {at or '/'}: expected {expected}, found {shown}")
        self.code, self.at = code, at
        self.values: Mapping[str, Text] = {"expected": expected, "file": file, "found": shown}


def is_own(name: str) -> bool:
    """Whether a profile is somebody's own, of which this kit knows nothing but what is declared."""
    return name.startswith(OWN)


def _pair(first: int, words: Text) -> Rule:
    return (
        lambda v: isinstance(v, list) and len(v) == 2 and all(type(i) is int and i >= 0 for i in v) and v[0] >= first
    ), words


MEMBERS: Final[Mapping[str, Rule]] = {
    "faults": one_of(("byzantine", "crash")),
    "threshold": ((lambda v: v in ([1, 3], [1, 2])), say("declared.threshold")),
    "finality": ((lambda v: v == {"kind": "immediate"}), 'finality = { kind = "immediate" }'),
    "safety_net": one_of(("asynchronous",)),
    "live_net": one_of(("partial", "majority")),
    "links": one_of(LINKS),
    "delta": integer_in(1, TICKS_MAX),
    "timeout": _pair(1, say("declared.timeout")),
    "backoff": one_of(("linear", "double")),
    "span": integer_in(1, 100),
    "skew": integer_in(-1, TICKS_MAX),
}
"""Member of a declared contract -> what it may be. Every one must be there, and no other."""
TOP: Final[Mapping[str, Rule]] = {
    "engine": ((lambda v: isinstance(v, str) and ENGINE.fullmatch(v) is not None), say("declared.engine")),
    "tick_ms": integer_in(1, TICKS_MAX),
    "contract": ((lambda v: isinstance(v, dict)), say("shape.table")),
}
"""Beside the contract: what a profile says as well (NOD-060)."""


def declared(path: Path, name: str) -> Profile:
    """The profile of this name that a file declares.

    Raises `DeclarationError`: `declaration.absent` (no such file, or no such profile in it), `declaration.malformed`.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        missing = say("declared.no-file")
        raise DeclarationError("declaration.absent", str(path), "", f'[profile."{name}"]', missing) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DeclarationError("declaration.malformed", str(path), "", "TOML", str(error)) from None
    listed = data.get("profile")
    found = listed.get(name) if isinstance(listed, dict) else None
    if found is None:
        known = ", ".join(sorted(listed)) if isinstance(listed, dict) else ""
        raise DeclarationError("declaration.absent", str(path), "", f'[profile."{name}"]', known or say("none"))
    return from_data(name, found, str(path))


def from_data(name: str, value: object, file: str = "") -> Profile:
    """The profile that these members declare; raises `DeclarationError` `declaration.malformed`."""
    at = f"/profile/{name}"
    if NAME.fullmatch(name) is None:
        raise DeclarationError("declaration.malformed", file, at, say("declared.name"), name)
    top = _checked(value, TOP, file, at)
    contract = _checked(top["contract"], MEMBERS, file, f"{at}/contract")
    promised = Contract.from_data({
        **contract, "engine": name, "phases": [MESSAGE], "asides": [], "certificates": False, "evidence": False,
        "turns": "unknown", "rounds": "height", "commits": "",
    })  # fmt: skip
    return Profile(name, top["engine"], top["tick_ms"], promised, {})


def _checked(value: object, rules: Mapping[str, Rule], file: str, at: str) -> Mapping[str, Any]:
    """A table with exactly these members."""
    if not isinstance(value, dict):
        raise DeclarationError("declaration.malformed", file, at, say("shape.table"), type(value).__name__)
    for name in value:
        if name not in rules:
            known = say("shape.one-of", names=", ".join(rules))
            raise DeclarationError("declaration.malformed", file, f"{at}/{name}", known, name)
    for name, (holds, expected) in rules.items():
        if name not in value:
            raise DeclarationError("declaration.malformed", file, f"{at}/{name}", expected, say("nothing"))
        if not holds(value[name]):
            raise DeclarationError("declaration.malformed", file, f"{at}/{name}", expected, value[name])
    return value


def to_data(profile: Profile) -> dict[str, Any]:
    """What a replay file keeps of a declaration, so that it needs no other file; read again by `from_data`."""
    found = {name: getattr(profile.contract, name) for name in MEMBERS}
    contract = {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}
    return {"contract": {**contract, "finality": dict(profile.contract.finality)}, "engine": profile.engine,
            "tick_ms": profile.tick}  # fmt: skip
