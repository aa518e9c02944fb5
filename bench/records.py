"""The alliance's own work: a referral from visit to settlement, decisions about reading, and a sealed record read."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM
from cryptography.hazmat.primitives.hpke import Suite as Library

from bench.alliance import CITY, COUNTY, DISTRICT, PATIENTS, Alliance, fresh_copy, signatures_of
from bench.ledger import BOUND, bare
from bench.measure import Contender, Contest, Method, Unequal
from refimpl.application.charts import Chart, seal_chart
from refimpl.application.custody import Custody, opened
from refimpl.application.records import record_id
from refimpl.application.vault import MemoryVault
from refimpl.application.view import View
from refimpl.contract.rows import Row
from refimpl.crypto.recipes import Suite, Verifier, digest, verifier
from refimpl.crypto.sealing import ReaderKey
from refimpl.data.ids import Digest, Seconds
from refimpl.data.transaction import DEPLOY, READ, Transaction
from refimpl.node.ledger import Ledger
from refimpl.node.notary import Remembering
from refimpl.scenarios.cast import START
from refimpl.scenarios.clients import Draws
from refimpl.scenarios.package import library

__all__ = ["ITEMS"]

STEPS = 8
"""Transactions of one referral."""
KILOBYTE = bytes(range(256)) * 4
FIELDS = dict.fromkeys(("diagnosis", "hiv", "labs", "name"), KILOBYTE)


@cache
def referrals(method: Method) -> tuple[Ledger, tuple[tuple[Transaction, ...], ...], Alliance]:
    """A ledger, and the blocks in which so many referrals go from the visit to the settlement."""
    alliance = Alliance.founded()
    before, count = fresh_copy(alliance.ledger, alliance.ledger.verify), method.size(80, 4)
    command, blocks = alliance.clients.command, []
    who = [(COUNTY[n % len(COUNTY)], CITY[n % len(CITY)], PATIENTS[n]) for n in range(count)]

    def block(made: Sequence[Transaction]) -> list[int]:
        blocks.append(tuple(made))
        return alliance.run(made)

    visits = block(alliance.visits(count, 0))
    slots = block([command((city,), "Slot", "offer", hospital=city, number=f"S-{n:04d}", starts=START + 5 * 86_400)
                   for n, (_, city, _) in enumerate(who)])  # fmt: skip
    asked = block(alliance.requests(visits, 0))
    block([command((DISTRICT,), "Referral", "approve", one) for one in asked])
    block([command((patient,), "Referral", "book", one, choice=slot)
           for one, slot, (_, _, patient) in zip(asked, slots, who, strict=True)])  # fmt: skip
    block([command((city,), "Referral", "admit", one) for one, (_, city, _) in zip(asked, who, strict=True)])
    block([command((city,), "Referral", "report", one, digest="ab" * 32)
           for one, (_, city, _) in zip(asked, who, strict=True)])  # fmt: skip
    block([command((county, city), "Referral", "settle", one) for one, (county, city, _)
           in zip(asked, who, strict=True)])  # fmt: skip
    return before, tuple(blocks), alliance


def carried(ledger: Ledger, blocks: Sequence[Sequence[Transaction]], verify: Verifier) -> Ledger:
    """The ledger after these blocks, each taken in as bytes, proposed, judged, executed and committed."""
    ledger = fresh_copy(ledger, verify)
    for made in blocks:
        for one in made:
            ledger.admit(ledger.check(one.to_bytes()))
        now = Seconds(ledger.tip.time + 1)
        data = ledger.prepare(CITY[0], now).to_bytes()
        opinion = ledger.process(data, now)
        if opinion.refused is not None:
            raise Unequal(f"the ledger refused its own block: {opinion.refused}")
        ledger.commit(ledger.finalize(data), None)
    return ledger


def whole_referrals(method: Method) -> Contest:
    """Referrals from the opened visit to the settled account, eight transactions each."""
    before, blocks, alliance = referrals(method)
    signatures = signatures_of([one for made in blocks for one in made], alliance.clients)
    verify, count = verifier(Suite.INTL), len(blocks[0])

    def prove() -> None:
        after = View(carried(before, blocks, Remembering(verify)).state)
        if [row.state for row in after.rows("Referral")] != ["settled"] * count:
            raise Unequal("not every referral is settled")

    return Contest(
        "referrals",
        (Contender("ledger, Ed25519", lambda: carried(before, blocks, Remembering(verify)), count),
         Contender("Ed25519 verify bound", bare(signatures), count)),
        BOUND, prove, note=f"{STEPS} transactions, {len(signatures) / count:.0f} signatures a referral", rounds=3,
    )  # fmt: skip


@cache
def decisions(method: Method) -> tuple[Ledger, tuple[Transaction, ...], Alliance]:
    """A ledger with a record of each patient, and requests of the patients to read theirs."""
    alliance, count = Alliance.founded(), method.size(90, 4)
    clients = alliance.clients
    below = ("alliance", "visit", "referral", "stepdown")
    deployed = {one["name"] for one in library(below)}
    added = [one for one in library((*below, "access")) if one["name"] not in deployed]
    alliance.run([clients.signed(CITY[:3], {"modules": added}, DEPLOY)])
    visits = alliance.run(alliance.visits(count, 0))
    kept = alliance.run([
        clients.command((COUNTY[n % len(COUNTY)],), "HealthRecord", "register", custodian=COUNTY[n % len(COUNTY)],
                        patient=PATIENTS[n], visit=visit, number=f"r-{n}", digest="ab" * 32, disease=None)
        for n, visit in enumerate(visits)
    ])  # fmt: skip
    before = fresh_copy(alliance.ledger, alliance.ledger.verify)
    asked = tuple(clients.signed((PATIENTS[n],), {"fields": ["clinical"], "instance": record, "purpose": None}, READ)
                  for n, record in enumerate(kept))  # fmt: skip
    return before, asked, alliance


def access_decisions(method: Method) -> Contest:
    """Requests to read, decided by the policy of twelve rules on the ledger and kept in the chain of accesses."""
    before, asked, alliance = decisions(method)
    verify, count = verifier(Suite.INTL), len(asked)

    def prove() -> None:
        rows = View(carried(before, [asked], Remembering(verify)).state).accesses()
        if [row["code"] for row in rows] != [None] * count:
            raise Unequal("a patient was refused the own record")

    return Contest(
        "decisions",
        (Contender("ledger, Ed25519", lambda: carried(before, [asked], Remembering(verify)), count),
         Contender("Ed25519 verify bound", bare(signatures_of(asked, alliance.clients)), count)),
        BOUND, prove, note="four fields a request; event, verdicts and row of the access chain written",
    )  # fmt: skip


class _Allowed:
    """A view of a ledger on which one request was just allowed."""

    now = 0

    def __init__(self, chart: Chart) -> None:
        self.chart = chart

    def accesses(self) -> list[dict[str, Any]]:
        return [{"at": 0, "code": None, "fields": ["labs"], "instance": 0, "purpose": None, "reader": "reader"}]

    def row(self, instance: int) -> Row:
        return Row("HealthRecord", instance, 1, "active", 0, {"digest": self.chart.digest.hex()})

    def fields_of(self, instance: int, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(names)


def _bare_read(own: ReaderKey, chart: Chart) -> Callable[[], None]:
    """The library's work alone: four keys unwrapped and four fields opened for the audit, one key unwrapped and wrapped
    again, and one unwrapped and one field opened by the reader."""
    suite = Library(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    public = X25519PublicKey.from_public_bytes(own.public)
    wrapped = suite.encrypt(bytes(32), public, b"info")
    body = AESGCM(bytes(32)).encrypt(bytes(12), bytes(32) + KILOBYTE, b"bound")

    def run() -> None:
        for _ in range(len(chart.parts) + 2):
            suite.decrypt(wrapped, own._key, b"info")
        suite.encrypt(bytes(32), public, b"info")
        for _ in range(len(chart.parts) + 1):
            digest("yilian/record/v1", AESGCM(bytes(32)).decrypt(bytes(12), body, b"bound"))

    return run


def sealed_read(method: Method) -> Contest:
    """One field of a chart of four released after the audit of all four, and opened by the reader."""
    draws, custodian, reader = Draws(0), ReaderKey(b"c" * 32), ReaderKey(b"r" * 32)
    custody = Custody(COUNTY[0], custodian, MemoryVault())
    chart, sealed = seal_chart(record_id("r-1"), COUNTY[0], custodian, FIELDS, draws.secrets, draws)
    custody.vault.put_chart(chart, sealed)
    view: Any = _Allowed(chart)

    def read() -> dict[str, bytes]:
        return opened(custody.release(view, 0, reader.public, draws), reader, Digest(chart.digest))

    def prove() -> None:
        if read() != {"labs": KILOBYTE}:
            raise Unequal("another field was read")

    return Contest(
        "reads", (Contender("release and open", read), Contender("library's crypto", _bare_read(reader, chart))),
        "the HPKE, AES-256-GCM and SHA-256 of one read and its audit, by the library", prove,
        note="four fields of 1 KB audited, one released",
    )  # fmt: skip


ITEMS = {
    "records.referral": whole_referrals,
    "records.decision": access_decisions,
    "records.read": sealed_read,
}
