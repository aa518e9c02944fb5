"""A two-way referral, with one hospital lying and one deadline missed.

A patient of a county hospital is referred up to a city hospital and back down to the community. The order and the
records come from a FHIR bundle; the records stay with their custodians, sealed, and only commitments go on the chain.
The district commission lets its deadline pass, so the case climbs to the city commission by itself. Money is settled at
the end. One of the four validators equivocates, withholds and replays from the first block to the last.

It must not know how consensus works, nor what a record says.
"""

from importlib.resources import files
from typing import Any

from attrs import define, field

from conformance.plan import Plan
from refimpl.application.fhir import ClinicalRecord, ReferralRequest, ResourceId, read_referral
from refimpl.application.index import committed
from refimpl.application.records import (
    IndexEntry,
    index_digest,
    record_id,
    seal_record,
    share_key,
    wrap_for,
)
from refimpl.application.vault import MemoryVault, read_record
from refimpl.data.encoding import encode
from refimpl.data.ids import MemberId
from refimpl.data.transaction import DEPLOY, RECORD
from refimpl.scenarios.cast import ALLIANCE, Cast
from refimpl.scenarios.clients import Draws, expected, reader_key
from refimpl.scenarios.package import library
from refimpl.scenarios.stage import Stage
from refimpl.scenarios.titles import titles_of
from refimpl.scenarios.told import liar

__all__ = ["TITLES", "Story", "bundle", "cast", "plan", "play"]

HOUR, DAY = 3_600, 86_400
ORIGIN, RECEIVER, COMMUNITY = MemberId("county2"), MemberId("city3-a"), MemberId("centre1")
PATIENT, DISTRICT, CITY = "patient-7f3a", "hill-hc", "city-hc"
MODULES = ("alliance", "visit", "referral", "stepdown")
FEE = 90_000
"""What the origin pays for the referral, in fen."""
TITLES = titles_of("referral")
HEIGHTS = 60
"""Heights for which the liar has plans; the story takes fewer."""


def cast() -> Cast:
    """Who takes part."""
    return ALLIANCE


def plan() -> Plan:
    """The liar of the default run."""
    return liar(HEIGHTS)


def bundle() -> bytes:
    """The FHIR bundle beside this file."""
    return files(__package__).joinpath("bundle.json").read_bytes()


def play(stage: Stage, bundle: bytes, seed: int) -> dict[str, Any]:
    """The story. What it returns is the final state as clients see it; raises `Refused` for a broken bundle first."""
    story = Story(stage, read_referral(bundle), seed)
    story.open()
    story.refer_up()
    story.read_and_report()
    story.refer_down()
    return story.final()


@define
class Story:
    """The story under way."""

    stage: Stage
    order: ReferralRequest
    seed: int
    vaults: dict[MemberId, MemoryVault] = field(factory=dict)
    entries: list[IndexEntry] = field(factory=list)
    visit: int = -1
    referral: int = -1
    draw: Draws = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.draw = Draws(self.seed)

    # --- the steps ---

    def open(self) -> None:
        """Contracts are deployed by three validators; the origin seals and indexes its records, and opens the visit."""
        stage = self.stage
        expected(stage.submit(("city3-a", "city3-b", "city3-c"), DEPLOY, {"modules": library(MODULES)}))
        for record in self.order.offered:
            self.entries.append(self.keep(ORIGIN, record))
        self.visit = expected(
            stage.act((ORIGIN, PATIENT), "Visit", "open", holder=ORIGIN, patient=PATIENT, number=self.order.visit)
        ).instance

    def refer_up(self) -> None:
        """Request, a deadline missed, approval one level up, appointment, admission: custody of the visit moves."""
        stage = self.stage
        starts = stage.now + 5 * DAY
        slot = expected(
            stage.act((RECEIVER,), "Slot", "offer", hospital=RECEIVER, number="cardiology-1", starts=starts)
        ).instance
        asked: dict[str, Any] = {
            "origin": ORIGIN, "receiver": RECEIVER, "patient": PATIENT, "regulator": DISTRICT, "upper": CITY,
            "visit": self.visit, "evidence": index_digest(self.entries).hex(), "fee": FEE,
        }  # fmt: skip
        self.referral = expected(stage.act((ORIGIN, PATIENT), "Referral", "request", **asked)).instance
        other = {**asked, "receiver": "city3-b"}
        stage.act((ORIGIN, PATIENT), "Referral", "request", **other)  # refused: one open referral a patient
        stage.wait(49 * HOUR)  # the district commission misses its 48 hours
        expected(stage.act((CITY,), "Referral", "approve", self.referral))
        for entry in self.entries:  # now the receiver may read, and not before
            self.share(entry, RECEIVER)
        expected(stage.act((PATIENT,), "Referral", "book", self.referral, choice=slot))
        stage.wait(DAY)
        expected(stage.act((RECEIVER,), "Referral", "admit", self.referral))

    def read_and_report(self) -> None:
        """The receiver reads what was offered, after the integrity check; feedback goes back; money is settled."""
        stage = self.stage
        for entry in self.entries:
            self.read(entry, RECEIVER)
        stage.wait(6 * DAY)
        returned = [self.keep(RECEIVER, record) for record in self.order.returned]
        expected(stage.act((RECEIVER,), "Referral", "report", self.referral, digest=index_digest(returned).hex()))
        for entry in returned:
            self.share(entry, ORIGIN)
            self.read(entry, ORIGIN)
        expected(stage.act((ORIGIN, RECEIVER), "Referral", "settle", self.referral))

    def refer_down(self) -> None:
        """The stable patient goes back to the community, which answers and follows up."""
        stage = self.stage
        care = self.keep(RECEIVER, self.written(RECEIVER, "CarePlan", "rehabilitation, control in a week"))
        down = expected(
            stage.act((RECEIVER, PATIENT), "StepDown", "offer", origin=RECEIVER, receiver=COMMUNITY, patient=PATIENT,
                      visit=self.visit, plan=index_digest([care]).hex())
        ).instance  # fmt: skip
        expected(stage.act((COMMUNITY,), "StepDown", "accept", down))
        self.share(care, COMMUNITY)
        self.read(care, COMMUNITY)
        stage.wait(7 * DAY)
        seen = self.keep(COMMUNITY, self.written(COMMUNITY, "Observation", "recovering, no complaints"))
        expected(stage.act((COMMUNITY,), "StepDown", "report", down, digest=index_digest([seen]).hex()))
        expected(stage.act((COMMUNITY,), "Visit", "discharge", self.visit))

    def final(self) -> dict[str, Any]:
        """Where everything stands, from the state."""
        return self.stage.standing()

    # --- records ---

    def written(self, author: MemberId, kind: str, text: str) -> ClinicalRecord:
        """A record that the bundle does not have, because it comes after it."""
        content = encode([{"note": text, "resourceType": kind, "status": "final"}])
        return ClinicalRecord(ResourceId(f"{author}-1"), kind, ResourceId(author), content)

    def keep(self, custodian: MemberId, record: ClinicalRecord) -> IndexEntry:
        """Seal a record in the custodian's vault, with nobody else's key, and put its commitment on the chain."""
        name = record_id(f"{record.kind}/{record.id}".lower())
        sealed, key, commitment = seal_record(name, custodian, record.content, self.draw.secrets())
        vault = self.vaults.setdefault(custodian, MemoryVault())
        vault.put(sealed, wrap_for(key, name, custodian, reader_key(custodian).public, self.draw()))
        entry = IndexEntry(name, record.kind, custodian, commitment)
        payload = {"commitment": commitment.hex(), "custodian": custodian, "kind": record.kind, "record": name}
        expected(self.stage.submit((custodian,), RECORD, {"entry": payload}))
        return entry

    def share(self, entry: IndexEntry, reader: MemberId) -> None:
        """The custodian wraps the record's key for one more reader."""
        vault, custodian = self.vaults[entry.custodian], entry.custodian
        held = vault.key(entry.record, custodian)
        vault.grant(share_key(held, reader_key(custodian), reader, reader_key(reader).public, self.draw()))

    def read(self, entry: IndexEntry, reader: MemberId) -> None:
        """The access goes on the chain first, then the record is opened against the commitment that stands there."""
        access = {"custodian": entry.custodian, "purpose": "referral", "reader": reader, "record": entry.record}
        expected(self.stage.submit((reader,), RECORD, {"access": access}))
        on_chain = committed(self.stage.state(), entry.custodian, entry.record)
        read_record(self.vaults[entry.custodian], entry.record, reader, reader_key(reader), on_chain)
