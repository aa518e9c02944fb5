"""Test networks: who is in them, their genesis, and what clients sign. Synthetic, and a function of names alone.

It must not know any node, nor what a transaction does. Source: spec/data.md, parts 6 to 8.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from attrs import frozen

from conformance.signing import public_of, secret_of, sign
from conformance.wire import canonical, merkle_root, tagged

__all__ = ["CHANNEL", "START", "Network", "entry", "transaction"]

START = 1_767_225_600
"""2026-01-01T00:00:00Z."""
CHANNEL = "region-1"
CLIENTS = tuple(f"c{number}" for number in range(8))
Data = dict[str, Any]


@frozen
class Network:
    """A channel: its profile, its validators with weights, its other members, and the directory it begins with."""

    profile: str
    engine: str
    validators: tuple[tuple[str, int], ...]
    suite: str = "stub"
    members: tuple[str, ...] = CLIENTS
    directory: tuple[Any, ...] = ()
    time: int = START
    is_open: bool = False
    """Whether persons come and go (DAT-077)."""

    @property
    def names(self) -> list[str]:
        """The validators in order of name."""
        return sorted(name for name, _ in self.validators)

    def membership(self) -> list[Data]:
        """The members as a genesis lists them (DAT-050)."""
        weights = dict(self.validators)
        listed = [(name, weights.get(name, 0)) for name in sorted({*weights, *self.members})]
        return [
            {"member": name, "pub": public_of(self.suite, name).hex(), "role": "validator" if weight else "member",
             "weight": weight}
            for name, weight in listed
        ]  # fmt: skip

    def membership_digest(self) -> str:
        """DAT-054, in hex."""
        return tagged("yilian/membership/v1", canonical(self.membership())).hex()

    def genesis(self) -> bytes:
        """Block 0 (DAT-080)."""
        return canonical({
            "channel": CHANNEL, "directory": list(self.directory), "engine": self.engine,
            "members": self.membership(), "parameters": {"open": True} if self.is_open else {},
            "suite": self.suite, "time": self.time,
        })  # fmt: skip

    def genesis_id(self) -> str:
        """In hex."""
        return tagged("yilian/genesis/v1", self.genesis()).hex()

    def config(self, member: str, key: str = "") -> Data:
        """The config of one member's instance (NOD-011), with the key of another name if one is given."""
        return {
            "genesis": self.genesis().hex(), "key": secret_of(key or member).hex(), "params": {},
            "profile": self.profile, "seed": tagged("yilian/test-seed/v1", member.encode()).hex(), "self": member,
            "suite": self.suite,
        }  # fmt: skip

    def public(self, member: str) -> bytes | None:
        """The key of a member of the channel."""
        known = {*self.members, *dict(self.validators)}
        return public_of(self.suite, member) if member in known else None

    def block(
        self, tip: Mapping[str, Any], proposer: str, time: int, transactions: Sequence[Data], membership: str = ""
    ) -> bytes:
        """The lawful block on a tip with members `block`, `height`, `receipts_root`, `state_root`, `time` (DAT-082);
        of the members with this digest, or of those of the genesis."""
        header = {
            "channel": CHANNEL, "height": tip["height"] + 1, "membership": membership or self.membership_digest(),
            "previous": tip["block"], "proposer": proposer, "receipts_root": tip["receipts_root"],
            "size": len(transactions), "state_root": tip["state_root"], "suite": self.suite,
            "time": max(time, tip["time"]),
            "transactions_root": merkle_root([canonical(one) for one in transactions]).hex(),
        }  # fmt: skip
        return canonical({"header": header, "transactions": list(transactions)})


def transaction(
    kind: str, payload: Any, signers: Sequence[str], nonce: int, suite: str = "stub", channel: str = CHANNEL,
    keys: Mapping[str, str] = MappingProxyType({}),
) -> Data:  # fmt: skip
    """A signed transaction; the first signer sends (DAT-060 to DAT-063). Who has another key than its own is in `keys`,
    with the name of whose key that is."""
    sender, *others = signers
    listed = [sender, *sorted(others)]
    body = {"channel": channel, "kind": kind, "nonce": nonce, "payload": payload, "signers": listed, "suite": suite}
    name = tagged("yilian/tx/v1", canonical(body))
    return {"body": body, "signatures": [sign(suite, keys.get(signer, signer), name).hex() for signer in listed]}


def entry(sender: str, nonce: int, record: str, suite: str = "stub") -> Data:
    """A custodian enters a record into the index (APP-007)."""
    commitment = tagged("yilian/test-record/v1", record.encode()).hex()
    payload = {"entry": {"commitment": commitment, "custodian": sender, "kind": "report", "record": record}}
    return transaction("record", payload, (sender,), nonce, suite)


def id_of(made: Data) -> str:
    """The id of a transaction, in hex."""
    return tagged("yilian/tx/v1", canonical(made["body"])).hex()
