"""A ledger of one institution, driven by hand: a block for every transaction, and no network.

For tests that are about what the ledger decides and not about how the order came; those play on a `Stage`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from attrs import evolve

from refimpl.application.view import View
from refimpl.contract.draft import Draft
from refimpl.crypto.recipes import REHEARSAL, key_for_tests, verifier
from refimpl.data.block import make_block
from refimpl.data.ids import ChannelId, MemberId, Name, Nonce, Seconds, Suite
from refimpl.data.transaction import COMMAND, DEPLOY, READ, Transaction
from refimpl.node.archive import Archive
from refimpl.node.execution import next_nonce
from refimpl.node.ledger import Ledger
from refimpl.scenarios.cast import Cast, Node, names
from refimpl.scenarios.package import library

HOSPITALS = {"centre1": (1, "hill", "hill-hc"), "county2": (2, "hill", "hill-hc"), "lake2": (2, "lake", "city-hc"),
             "city3": (3, "river-city", "city-hc"), "north3": (3, "north", "province-hc")}  # fmt: skip
CLINICIANS = {"gp": "centre1", "county-doctor": "county2", "city-doctor": "city3", "city-nurse": "city3",
              "city-second": "city3"}  # fmt: skip
PATIENTS = {"patient1": "hill", "patient2": "lake"}
COMMISSIONS = {"province-hc": ("province", "north"), "city-hc": ("city", "river-city"), "hill-hc": ("district", "hill")}
DIRECTORY = (
    Node("north", "Region", None, {"level": "province"}),
    Node("river-city", "Region", "north", {"level": "city"}),
    Node("hill", "Region", "river-city", {"level": "district"}),
    Node("lake", "Region", "river-city", {"level": "district"}),
    *(Node(name, "Commission", None, {"level": level, "region": at}) for name, (level, at) in COMMISSIONS.items()),
    *(Node(name, "Hospital", None, {"tier": tier, "region": at, "supervisor": above})
      for name, (tier, at, above) in HOSPITALS.items()),
    *(Node(name, "Clinician", None, {"hospital": at, "on_duty": True}) for name, at in CLINICIANS.items()),
    *(Node(name, "Patient", None, {"region": at}) for name, at in PATIENTS.items()),
    Node("fund", "Insurer", None, {"region": "river-city"}),
    Node("scholar", "Researcher", None, {"approved": True}),
    Node("maker1", "Firm", None, {"kind": "maker", "licensed": True}),
    Node("carrier1", "Firm", None, {"kind": "distributor", "licensed": True}),
)  # fmt: skip
"""The cast of the library's own tests, as members."""

CAST = Cast(
    ChannelId("river-city"), names("city3"),
    names("centre1", "county2", "lake2", "north3", *CLINICIANS, *PATIENTS, "fund", "scholar", "maker1", "carrier1"),
    names(*COMMISSIONS), DIRECTORY, Name("solo"), Suite.STUB,
)  # fmt: skip


class Book:
    """One ledger under the engine of a lone member, and what became of each transaction."""

    def __init__(
        self, *modules: str, cast: Cast = CAST, disk: Mapping[str, bytes] | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.cast = cast
        self.keys = {name: key_for_tests(cast.suite, name) for name in cast.everybody}
        genesis = evolve(cast.genesis(), parameters=dict(parameters or {}))
        genesis.check(REHEARSAL)
        verify = verifier(cast.suite, REHEARSAL)
        self.disk: dict[str, bytes] = dict(disk or {})
        if disk:
            self.ledger = Ledger.load(disk, verify)
        else:
            self.ledger, writes = Ledger.open(genesis, verify)
            self.keep(writes)
        self.now = int(self.ledger.tip.time) + 1
        if modules and not disk:
            found = library(("alliance", *modules))
            assert self.submit(cast.validators, DEPLOY, {"modules": found})["status"] == "applied"

    def keep(self, writes: Sequence[tuple[str, bytes | None]]) -> None:
        """What a disk does with writes."""
        for key, value in writes:
            if value is None:
                self.disk.pop(key, None)
            else:
                self.disk[key] = value

    def act(
        self, signers: str | Sequence[str], contract: str, action: str, instance: int | None = None, **given: Any
    ) -> dict[str, Any]:
        """The receipt of a command."""
        listed = [{"name": name, "value": value} for name, value in sorted(given.items())]
        payload = {"action": action, "arguments": listed, "contract": contract, "instance": instance}
        return self.submit(signers, COMMAND, payload)

    def ask(
        self, reader: str | Sequence[str], instance: int, *fields: str, purpose: str | None = None
    ) -> dict[str, Any]:
        """The receipt of a request to read."""
        return self.submit(reader, READ, {"fields": list(fields), "instance": instance, "purpose": purpose})

    def submit(self, signers: str | Sequence[str], kind: Name, payload: Any) -> dict[str, Any]:
        """The receipt of a transaction, in a block of its own."""
        self.commit(self.signed(signers, kind, payload))
        receipt: dict[str, Any] = self.last[-1]
        return receipt

    def signed(self, signers: str | Sequence[str], kind: Name, payload: Any) -> Transaction:
        """A transaction of these members, the first the sender."""
        sender, *others = [MemberId(one) for one in ([signers] if isinstance(signers, str) else signers)]
        nonce = next_nonce(Draft(self.ledger.state), sender)
        draft = Transaction(self.cast.suite, self.cast.channel, Nonce(nonce), (sender, *sorted(others)), kind, payload)
        return draft.signed(self.keys)

    def commit(self, *transactions: Transaction) -> None:
        """One block of these, decided."""
        block = make_block(self.ledger.tip, self.cast.validators[0], Seconds(self.now), transactions)
        result = self.ledger.finalize(block.to_bytes())
        self.last = [msgspec.json.decode(data) for data in result.outcome.receipts]
        self.keep(self.ledger.commit(result, None))
        self.now += 1

    def wait(self, seconds: int) -> None:
        """Time passes, and a block notices it."""
        self.now += seconds
        self.commit()

    @property
    def view(self) -> View:
        """The state as an application reads it."""
        return View(self.ledger.state)

    @property
    def chain(self) -> Archive:
        """All of it, as it would stand on a disk."""
        return Archive(self.disk)
