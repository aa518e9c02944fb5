"""The standard as data: clauses, refusal codes, limits, the schema of the node protocol, and profiles.

Why here: a verdict quotes the law, so the kit carries it. In a working tree `spec/` lies beside the packages, in an
installed copy within this one. It must not judge, and knows no node.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from attrs import evolve, field, frozen

from conformance.contract import Contract

__all__ = ["Clause", "Profile", "clauses", "clauses_in", "codes", "documents", "limit", "place", "profile", "profiles",
           "schema", "schema_digest", "standard_digest"]  # fmt: skip

PLACES: Final = (Path(__file__).parents[1] / "spec", Path(__file__).parent / "spec")
_OPENING: Final = re.compile(r"^(?:[-*] )?\*\*([A-Z]{3}-[A-Z]?\d{1,3})\*\*\s+(.*)$", re.DOTALL)
_STANDING: Final = re.compile(r"Layer (\w+), level (\w+)\.")
_KEYWORDS: Final = ("MUST NOT", "MUST", "SHOULD NOT", "SHOULD", "MAY")


@frozen
class Clause:
    """One sentence of the law. `level` is `L0` .. `L3`, `tool` or `institution`."""

    id: str
    keyword: str
    level: str
    text: str

    @property
    def binds(self) -> bool:
        """Whether it is a MUST."""
        return self.keyword.startswith("MUST")

    @property
    def digest(self) -> str:
        """SHA-256 of the sentence, white space collapsed: what vectors and `rules.toml` keep of it."""
        return sha256(self.text.encode()).hexdigest()


@frozen
class Profile:
    """What the kit knows of a consensus protocol. `messages` is empty where members do not speak."""

    name: str
    engine: str
    """As the genesis names it."""
    tick: int
    """Milliseconds."""
    contract: Contract
    messages: Mapping[str, Any]
    rules: Mapping[str, "Profile"] = field(factory=dict)
    """Where the engine of the genesis names a rule of eligibility: engine -> the profile under that rule (NOD-066)."""

    @property
    def spoken(self) -> bool:
        """Whether the kit can say messages of it: then it can lie."""
        return bool(self.messages)


@cache
def place() -> Path:
    """The folder of the standard."""
    return next(folder for folder in PLACES if (folder / "errors.toml").is_file())


def _text(name: str) -> str:
    return (place() / name).read_text(encoding="utf-8")


def clauses_in(documents: Iterable[str]) -> dict[str, Clause]:
    """Id -> clause, of these texts of the standard."""
    found: dict[str, Clause] = {}
    for content in documents:
        level = ""
        for block in re.split(r"\n(?:[ \t]*\n)+|\n(?=[-*] \*\*)", content):
            standing, opening = _STANDING.search(block), _OPENING.match(block.strip())
            level = standing[2] if standing and not opening else level
            if opening:
                text = " ".join(opening[2].split())
                keyword = next((word for word in _KEYWORDS if re.search(rf"\b{word}\b", text)), "MUST")
                found[opening[1]] = Clause(opening[1], keyword, level, text)
    return found


@cache
def documents() -> tuple[Path, ...]:
    """The texts of the standard."""
    return tuple(sorted(place().glob("*.md")))


@cache
def clauses() -> Mapping[str, Clause]:
    """Id -> clause, of all documents."""
    return clauses_in(path.read_text(encoding="utf-8") for path in documents())


@cache
def standard_digest() -> str:
    """SHA-256 over all clauses with their ids, in hex: which text this kit judges by."""
    listed = [f"{name} {one.digest}\n" for name, one in sorted(clauses().items())]
    return sha256("".join(listed).encode()).hexdigest()


@cache
def codes() -> tuple[str, ...]:
    """Every refusal code, in the order of the law (DAT-014)."""
    areas = tomllib.loads(_text("errors.toml"))
    return tuple(f"{area}.{code}" for area, listed in areas.items() for code in listed)


@cache
def _limits() -> Mapping[str, Mapping[str, int]]:
    return tomllib.loads(_text("limits.toml"))


def limit(section: str, key: str) -> int:
    """A limit of `limits.toml`."""
    return _limits()[section][key]


@cache
def schema(of: str = "node") -> Mapping[str, Any]:
    """The schema of every frame of the node protocol; `of` is `wire` for that of all that is signed, sent or stored."""
    found: Mapping[str, Any] = json.loads(_text(f"{of}.schema.json"))
    return found


@cache
def schema_digest() -> str:
    """SHA-256 of its file, in hex: what `hello` tells (NOD-010)."""
    return sha256((place() / "node.schema.json").read_bytes()).hexdigest()


@cache
def profiles() -> Mapping[str, Profile]:
    """Name with major -> profile, of all that this kit carries (NOD-060)."""
    found = {}
    for path in sorted((place() / "profiles").glob("*/*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        rules = {engine: _profile(data, engine, more) for engine, more in sorted(data.get("rules", {}).items())}
        whole = evolve(next(iter(rules.values())), rules=rules) if rules else _profile(data, data["engine"], {})
        found[data["profile"]] = whole
    return found


def _profile(data: Mapping[str, Any], engine: str, rule: Mapping[str, Any]) -> Profile:
    """A profile of which a rule says more than its file has in common."""
    contract = Contract.from_data({**data["contract"], **rule, "engine": engine})
    return Profile(data["profile"], engine, data["tick_ms"], contract, data.get("messages", {}))


def profile(name: str) -> Profile | None:
    """The profile of this name, if this kit carries it."""
    return profiles().get(name)
