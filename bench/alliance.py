"""A made-up alliance at work: members, a ledger full of state, and signed transactions whose receipts are known.

Why one file: the ledger, its actions, its store and its verification are measured on the same chain. Everything is a
function of constants. It must not measure anything.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from attrs import define, evolve, field

from refimpl.crypto.recipes import BadSignature, KeyPair, Signature, Verifier
from refimpl.data.block import read_block
from refimpl.data.ids import ChannelId, Digest, MemberId, Name, Nonce, PublicKey, Seconds
from refimpl.data.transaction import COMMAND, DEPLOY, Transaction, forget_transactions
from refimpl.node.ledger import Ledger
from refimpl.node.ports import Write
from refimpl.scenarios.cast import START, Cast, Node, names
from refimpl.scenarios.package import library

__all__ = ["Alliance", "Clients", "fresh_copy", "full_ledger", "ideal", "signatures_of", "working_block"]

MODULES: Final = ("alliance", "visit", "referral", "stepdown")
CITY: Final = names(*(f"city3-{letter}" for letter in "abcd"))
COUNTY: Final = names(*(f"county2-{number:02d}" for number in range(20)))
PATIENTS: Final = names(*(f"patient-{number:03d}" for number in range(90)))
DISTRICT, UPPER = names("hill-hc", "city-hc")

ALLIANCE: Final = Cast(
    ChannelId("bench"), CITY, (*COUNTY, *PATIENTS), (DISTRICT, UPPER),
    (
        Node("north", "Region", None, {"level": "province"}),
        Node("river-city", "Region", "north", {"level": "city"}),
        Node("hill", "Region", "river-city", {"level": "district"}),
        Node(UPPER, "Commission", None, {"level": "city", "region": "river-city"}),
        Node(DISTRICT, "Commission", None, {"level": "district", "region": "hill"}),
        *(Node(name, "Hospital", None, {"tier": 3, "region": "river-city", "supervisor": UPPER}) for name in CITY),
        *(Node(name, "Hospital", None, {"tier": 2, "region": "hill", "supervisor": DISTRICT}) for name in COUNTY),
        *(Node(name, "Patient", None, {"region": "hill"}) for name in PATIENTS),
    ),
    Name("solo"),
)  # fmt: skip


@define
class Clients:
    """Who signs: keys, and how many transactions each sender has made."""

    keys: dict[MemberId, KeyPair] = field(factory=ALLIANCE.keys)
    nonces: dict[MemberId, int] = field(factory=dict)

    def command(
        self, signers: Sequence[MemberId], contract: str, action: str, instance: int | None = None, **arguments: Any
    ) -> Transaction:
        """A signed command; the first signer sends."""
        listed = [{"name": name, "value": value} for name, value in sorted(arguments.items())]
        payload = {"action": action, "arguments": listed, "contract": contract, "instance": instance}
        return self.signed(signers, payload)

    def signed(self, signers: Sequence[MemberId], payload: Any, kind: Any = COMMAND) -> Transaction:
        """A signed transaction with the sender's next nonce."""
        sender, *others = signers
        nonce = self.nonces.get(sender, 0)
        self.nonces[sender] = nonce + 1
        ordered = (sender, *sorted(others))
        draft = Transaction(ALLIANCE.suite, ALLIANCE.channel, Nonce(nonce), ordered, kind, payload)
        return draft.signed(self.keys)


def unchecked(public: PublicKey, message: Digest, signature: bytes) -> None:
    """For preparation only: what is prepared here was signed here."""


@define
class Alliance:
    """A ledger, its clients, and everything that was to be written since the genesis."""

    ledger: Ledger
    clients: Clients
    disk: dict[str, bytes]

    @classmethod
    def founded(cls, verify: Verifier = unchecked) -> "Alliance":
        """The ledger with the contracts deployed."""
        ledger, writes = Ledger.open(ALLIANCE.genesis(), verify)
        made = cls(ledger, Clients(), {})
        made.write(writes)
        made.run([made.clients.signed(CITY[:3], {"modules": library(MODULES)}, DEPLOY)])
        return made

    def run(self, transactions: Sequence[Transaction]) -> list[int]:
        """One block of these; the instance that each is about, in the order given."""
        for transaction in transactions:
            self.ledger.admit(self.ledger.check(transaction.to_bytes()))
        block = self.ledger.prepare(CITY[0], Seconds(self.ledger.tip.time + 1))
        assert len(block.transactions) == len(transactions), "everything fits into one block"
        result = self.ledger.finalize(block.to_bytes())
        self.write(self.ledger.commit(result, None))
        receipts = {found["tx"]: found for found in map(json.loads, result.outcome.receipts) if "tx" in found}
        refused = [found for found in receipts.values() if found["status"] != "applied"]
        assert not refused, f"the clients know the rules: {refused[:1]}"
        told = [receipts[transaction.id.hex()]["events"] for transaction in transactions]
        return [events[0]["instance"] if events else -1 for events in told]

    def write(self, writes: Sequence[Write]) -> None:
        """Keep what a node would keep."""
        for key, value in writes:
            if value is None:
                self.disk.pop(key, None)
            else:
                self.disk[key] = value

    def visits(self, count: int, first: int) -> list[Transaction]:
        """Visits opened by county hospitals and their patients; numbered from `first`."""
        found = []
        for number in range(first, first + count):
            holder, patient = COUNTY[number % len(COUNTY)], PATIENTS[number % len(PATIENTS)]
            found.append(
                self.clients.command(
                    (holder, patient), "Visit", "open", holder=holder, patient=patient, number=f"V-{number:06d}"
                )
            )
        return found

    def requests(self, visits: Sequence[int], first: int) -> list[Transaction]:
        """Referrals requested for visits numbered from `first`: one open referral a patient."""
        found = []
        for number, visit in enumerate(visits, first):
            origin, patient = COUNTY[number % len(COUNTY)], PATIENTS[number % len(PATIENTS)]
            found.append(
                self.clients.command(
                    (origin, patient), "Referral", "request", origin=origin, receiver=CITY[number % len(CITY)],
                    patient=patient, regulator=DISTRICT, upper=UPPER, visit=visit, evidence="5a" * 32, fee=90_000,
                )
            )  # fmt: skip
        return found

    def slots(self, count: int, first: int) -> list[Transaction]:
        """Appointments offered by city hospitals."""
        starts = START + 3 * 86_400
        offers = [(CITY[number % len(CITY)], f"S-{number:06d}") for number in range(first, first + count)]
        return [
            self.clients.command((hospital,), "Slot", "offer", hospital=hospital, number=number, starts=starts)
            for hospital, number in offers
        ]

    def discharges(self, visits: Sequence[int], first: int) -> list[Transaction]:
        """Visits numbered from `first`, ended by the hospitals that hold them."""
        return [
            self.clients.command((COUNTY[number % len(COUNTY)],), "Visit", "discharge", visit)
            for number, visit in enumerate(visits, first)
        ]

    def approvals(self, referrals: Sequence[int]) -> list[Transaction]:
        """Referrals approved by the district commission."""
        return [self.clients.command((DISTRICT,), "Referral", "approve", referral) for referral in referrals]


def full_ledger(alliance: Alliance, entries: int) -> None:
    """Fill the state up to so many keys, as an archive of records would."""
    ledger = alliance.ledger
    missing = max(0, entries - len(ledger.state))
    archive = {b"record/%s/%d" % (COUNTY[n % len(COUNTY)].encode(), n): b'{"at":0}' for n in range(missing)}
    ledger.state = ledger.state.updated(archive)
    ledger.tip = evolve(ledger.tip, state_root=ledger.state.root)


def working_block(alliance: Alliance, size: int) -> list[Transaction]:
    """A block's worth of the alliance's daily work, ready to be handed in: of ten transactions three open visits, three
    discharge, two offer slots, one requests and one approves a referral (the last two at most 40 each)."""
    few = min(size // 10, 40)
    many = (size - 2 * few) // 8
    waiting = alliance.run(alliance.visits(2 * few + 3 * many, 0))
    held = alliance.run(alliance.requests(waiting[:few], 0))
    work = alliance.discharges(waiting[2 * few :], 2 * few)
    work += alliance.requests(waiting[few : 2 * few], few)
    work += alliance.approvals(held)
    work += alliance.slots(2 * many, 0)
    return work + alliance.visits(size - len(work), 10_000)


Signed = tuple[PublicKey, Digest, Signature]


def signatures_of(transactions: Sequence[Transaction], clients: Clients) -> list[Signed]:
    """Everything that a verifier must find good in these."""
    return [
        (clients.keys[signer].public, one.id, signature)
        for one in transactions
        for signer, signature in zip(one.signers, one.signatures, strict=True)
    ]


def ideal(signatures: Sequence[Signed]) -> Verifier:
    """A verifier that knows who signed what, and nothing else: unforgeable, and free."""
    known = set(signatures)

    def verify(public: PublicKey, message: Digest, signature: bytes) -> None:
        if (public, message, signature) not in known:
            raise BadSignature

    return verify


def fresh_copy(ledger: Ledger, verify: Verifier) -> Ledger:
    """The same chain and state, nothing waiting, and nothing remembered of any transaction or block."""
    forget_transactions()
    read_block.cache_clear()
    return Ledger(ledger.genesis, verify, ledger.tip, ledger.state)
