"""Who is in force after a payload of kind `membership`: the kit's own reading of the text.

Why its own file: the ledger of one validator asks it for what a node must answer, and the worlds in which members
change ask it who was to vote at a height. It must not know any node. Source: spec/data.md, DAT-050 to DAT-053 and
DAT-072 to DAT-078.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any

from conformance.standard import limit
from conformance.wire import canonical, tagged

__all__ = ["Members", "NotLawful", "changed", "digest", "is_quorum", "needs_no_quorum", "voters"]

Members = Sequence[dict[str, Any]]
"""As a genesis lists them."""
MEMBER = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
KEY = re.compile(r"[0-9a-f]{64}")
RENEWING = ("hotstuff", "pbft", "solo", "streamlet", "tendermint")


class NotLawful(Exception):
    """A code of the law; `args[0]`."""


def digest(members: Members) -> str:
    """DAT-054, in hex."""
    return tagged("yilian/membership/v1", canonical(list(members))).hex()


def weight_of(members: Members, names: Collection[str]) -> int:
    """The weight of these."""
    return sum(one["weight"] for one in members if one["member"] in names)


def is_quorum(members: Members, names: Collection[str]) -> bool:
    """CON-002, DAT-072."""
    total: int = sum(one["weight"] for one in members)
    return 3 * weight_of(members, names) > 2 * total


def is_request(payload: Any) -> bool:
    """Whether a payload has the shape of DAT-073."""
    if not isinstance(payload, dict) or set(payload) != {"changes", "evidence", "removed"}:
        return False
    changes, evidence, removed = payload["changes"], payload["evidence"], payload["removed"]
    lists = isinstance(changes, list) and isinstance(removed, list)
    if not lists or not changes + removed or max(len(changes), len(removed)) > limit("membership", "members"):
        return False
    reason = evidence is None or (type(evidence) is int and evidence >= 0)
    return reason and all(map(is_entry, changes)) and all(map(is_name, removed))


def is_name(value: Any) -> bool:
    """DAT-010."""
    return isinstance(value, str) and MEMBER.fullmatch(value) is not None


def is_entry(value: Any) -> bool:
    """DAT-050."""
    if not isinstance(value, dict) or set(value) != {"member", "pub", "role", "weight"}:
        return False
    key: bool = isinstance(value["pub"], str) and KEY.fullmatch(value["pub"]) is not None
    number = type(value["weight"]) is int and value["weight"] >= 0
    role: bool = value["role"] in ("validator", "member", "auditor")
    return is_name(value["member"]) and key and number and role


def needs_no_quorum(members: Members, payload: Any, signers: Collection[str]) -> bool:
    """DAT-077, in an open channel."""
    if not is_request(payload):
        return False
    roles = {one["member"]: one["role"] for one in members}
    come = all(one["role"] == "member" and one["member"] not in roles for one in payload["changes"])
    return come and all(roles.get(name) == "member" and name in signers for name in payload["removed"])


def changed(members: Members, payload: Any, engine: str, instances: int) -> Members:
    """Who is in force after an approved payload; raises `NotLawful` with the code that stands first in the list.

    `instances` are numbered from 0. The kit sends no weak keys.
    """
    if not is_request(payload):
        raise NotLawful("wire.bad_field")
    before = {one["member"]: one for one in members}
    after = {name: one for name, one in before.items() if name not in payload["removed"]}
    after |= {one["member"]: one for one in payload["changes"]}
    result = [after[name] for name in sorted(after)]
    named = [*(one["member"] for one in payload["changes"]), *payload["removed"]]
    pubs = [one["pub"] for one in result]
    faults = (
        ("wire.bad_field", len(result) > limit("membership", "members")),
        ("member.duplicate", len(set(named)) < len(named)),
        ("member.duplicate_key", len(set(pubs)) < len(pubs)),
        ("member.bad_weight", any((one["weight"] > 0) != (one["role"] == "validator") for one in result)),
        ("member.no_validator", not voters(result)),
        ("member.not_authorized", engine not in RENEWING and voters(result) != voters(members)),
        ("contract.unknown_name", (payload["evidence"] or 0) >= instances and payload["evidence"] is not None),
        ("consensus.not_alone", engine == "solo" and len(voters(result)) > 1),
        ("query.not_found", not set(payload["removed"]) <= before.keys()),
    )
    for code, holds in faults:
        if holds:
            raise NotLawful(code)
    return result


def voters(members: Members) -> Members:
    """The validators."""
    return [one for one in members if one["role"] == "validator"]
