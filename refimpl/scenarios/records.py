"""A record and everybody who wants to see it: sealed, consented to, opened in an emergency, traced, leaked, and erased.

Somebody is brought in whom nobody knows. The record lies with a county hospital, sealed field by field; the city's
doctor breaks the glass, says why, and is judged. The person is recognised, consents, withdraws. A copy leaks, and leads
to whoever was let at it. A copy without the person is opened to research. At last the record is erased.

It must not know how consensus works, nor what a field says.
"""

from collections.abc import Mapping
from typing import Any, Final

from attrs import define, field

from conformance.plan import Plan
from refimpl.application.access_log import records_of, suspects, trace_patient, trace_record
from refimpl.application.charts import Chart, seal_chart
from refimpl.application.custody import Custody, opened
from refimpl.application.deidentify import Rule, deidentified
from refimpl.application.identity import IndexKey, person, pseudonym, temporary
from refimpl.application.records import record_id, salt_of
from refimpl.application.vault import MemoryVault
from refimpl.application.view import View
from refimpl.crypto.recipes import digest
from refimpl.data.ids import ChannelId, Digest, MemberId
from refimpl.data.refusal import Refused
from refimpl.data.transaction import DEPLOY, READ
from refimpl.node.archive import Archive
from refimpl.scenarios.cast import Cast, Node, names
from refimpl.scenarios.clients import Draws, expected, reader_key
from refimpl.scenarios.package import library
from refimpl.scenarios.stage import Receipt, Stage
from refimpl.scenarios.titles import titles_of
from refimpl.scenarios.told import liar

__all__ = ["TITLES", "Story", "bundle", "cast", "plan", "play"]

TITLES = titles_of("records")
CHANNEL: Final = ChannelId("river-city")
INDEX: Final = IndexKey(digest("yilian/scenario/index/v1", b"river-city"))
PATIENT: Final = pseudonym(INDEX, CHANNEL, person("2.16.156.10011.1.3", "11010519491231002X"))
"""The card number is the example of the standard for it, GB 11643."""
UNKNOWN: Final = temporary(digest("yilian/scenario/unknown/v1", b"1")[:16])
COUNTY, CITY = MemberId("county2"), MemberId("city3-a")
MODULES: Final = ("alliance", "visit", "referral", "stepdown", "access", "identity", "opendata")
DAY: Final = 86_400
CONTENT: Final[Mapping[str, bytes]] = {
    "name": "王某某".encode(), "diagnosis": b"I21.0", "labs": b"troponin 1.50 ng/ml", "hiv": b"negative",
}  # fmt: skip
"""What the record says, field by field; it never leaves a seal but for a reader."""

DIRECTORY: Final = (
    Node("north", "Region", None, {"level": "province"}),
    Node("river-city", "Region", "north", {"level": "city"}),
    Node("hill", "Region", "river-city", {"level": "district"}),
    Node("city-hc", "Commission", None, {"level": "city", "region": "river-city"}),
    Node("hill-hc", "Commission", None, {"level": "district", "region": "hill"}),
    *(Node(f"city3-{letter}", "Hospital", None, {"tier": 3, "region": "river-city", "supervisor": "city-hc"})
      for letter in "abcd"),
    Node("county2", "Hospital", None, {"tier": 2, "region": "hill", "supervisor": "hill-hc"}),
    Node("dr-zhou", "Clinician", None, {"hospital": "county2", "on_duty": True}),
    Node("dr-sun", "Clinician", None, {"hospital": "city3-a", "on_duty": True}),
    Node("scholar", "Researcher", None, {"approved": True}),
    Node(PATIENT, "Patient", None, {"region": "hill"}),
    Node(UNKNOWN, "Patient", None, {"region": "river-city"}),
)  # fmt: skip

RULES: Final = (
    Rule("pseudonym", "drop"), Rule("birth_year", "band", 10, singles_out=True), Rule("icd", "prefix", 3),
    Rule("days", "keep"), Rule("region", "keep", singles_out=True),
)  # fmt: skip
"""How the copy for research is made."""


def cast() -> Cast:
    """Who takes part."""
    return Cast(CHANNEL, names("city3-a", "city3-b", "city3-c", "city3-d"),
                (*names("county2", "dr-zhou", "dr-sun", "scholar"), PATIENT, UNKNOWN),
                names("city-hc", "hill-hc"), DIRECTORY)  # fmt: skip


def plan() -> Plan:
    """One validator lies from the first block to the last."""
    return liar()


def bundle() -> bytes:
    """Nothing comes from outside: the record is made up here."""
    return b""


def play(stage: Stage, bundle: bytes, seed: int) -> dict[str, Any]:
    """The story. What it returns is where everything stands, and what was found."""
    story = Story(stage, seed)
    story.open()
    story.break_the_glass()
    story.recognise()
    story.consent()
    story.leak()
    story.research()
    story.erase()
    return {**stage.standing(), **story.found}


@define
class Story:
    """The story under way."""

    stage: Stage
    seed: int
    custody: Custody = field(init=False)
    chart: Chart = field(init=False)
    entry: int = -1
    draw: Draws = field(init=False)
    found: dict[str, Any] = field(factory=dict)
    """What the story's clients came to know."""

    def __attrs_post_init__(self) -> None:
        self.draw = Draws(self.seed)
        self.custody = Custody(COUNTY, reader_key(COUNTY), MemoryVault())

    # --- the steps ---

    def open(self) -> None:
        """The county hospital seals a record, keeps it, and registers its digest."""
        expected(self.stage.submit(("city3-a", "city3-b", "city3-c"), DEPLOY, {"modules": library(MODULES)}))
        visit = self.act((COUNTY, PATIENT), "Visit", "open", holder=COUNTY, patient=PATIENT, number="V-1")
        number, own, draw = record_id("r-1"), self.custody.own, self.draw
        self.chart, sealed = seal_chart(number, COUNTY, own, CONTENT, draw.secrets, draw)
        self.custody.vault.put_chart(self.chart, sealed)
        self.entry = self.act((COUNTY,), "HealthRecord", "register", custodian=COUNTY, patient=PATIENT, visit=visit,
                              number=self.chart.record, digest=self.chart.digest.hex())  # fmt: skip

    def break_the_glass(self) -> None:
        """Somebody unknown is brought in; the doctor may not read for treatment, and does in an emergency."""
        self.act((CITY, UNKNOWN), "Visit", "open", holder=CITY, patient=UNKNOWN, number="V-2")
        assert self.ask("dr-sun", "clinical", purpose="treatment").code == "access.not_permitted"
        glass = self.ask("dr-sun", "hiv", "labs", purpose="emergency")
        self.found["in the emergency"] = sorted(self.read("dr-sun"))
        audit = next(event["instance"] for event in glass.events if event["contract"] == "GlassAudit")
        self.act(("dr-sun",), "GlassAudit", "justify", audit, reason=digest("yilian/scenario/v1", b"shock").hex())
        self.act((PATIENT,), "GlassAudit", "contest", audit)
        self.act(("city-hc",), "GlassAudit", "judge", audit)

    def recognise(self) -> None:
        """The two names prove to be one person; the history is one from then on."""
        self.act((CITY,), "PatientLink", "link", registrar=CITY, supervisor="city-hc", kept=PATIENT, other=UNKNOWN,
                 evidence=digest("yilian/scenario/v1", b"card").hex())  # fmt: skip
        self.found["records of the person"] = [row.id for row in records_of(self.view, UNKNOWN)]

    def consent(self) -> None:
        """The patient lets the city's hospital read for treatment, and withdraws it again."""
        given = self.act((PATIENT,), "Consent", "grant", patient=PATIENT, grantee=CITY, scope=["clinical"],
                         purposes=["treatment"], expiry=self.stage.now + 30 * DAY)  # fmt: skip
        expected(self.ask("dr-sun", "diagnosis", purpose="treatment"))
        self.found["by consent"] = sorted(self.read("dr-sun"))
        self.act((PATIENT,), "Consent", "revoke", given)
        assert self.ask("dr-sun", "diagnosis", purpose="treatment").code == "access.not_permitted"

    def leak(self) -> None:
        """A copy of one field turns up outside; the custodian finds the field, the chain who was let at it."""
        vault, own = self.custody.vault, self.custody.own
        salts = {}
        for part in self.chart.parts:
            name, _ = self.chart.part(part.field)
            salts[part.field] = salt_of(vault.sealed(name), vault.key(name, COUNTY), own)
        trace = trace_record(self.chain, self.entry)
        fields, seen = suspects(self.chart, salts, CONTENT["labs"], trace, self.stage.now)
        self.found["leaked"] = {"fields": list(fields), "seen by": [one.who for one in seen]}

    def research(self) -> None:
        """A copy without people is published, with the rules by which it was made, and fetched."""
        rows: list[dict[str, str | int]] = [
            {"pseudonym": f"p-{n}", "birth_year": 1940 + n, "icd": f"I21.{n % 3}", "days": n % 9, "region": "hill"}
            for n in range(20)
        ]
        copy = deidentified(rows, RULES, 5)
        bound = digest("yilian/open-copy/v1", copy.to_bytes()).hex()
        published = self.act((COUNTY,), "OpenCopy", "publish", custodian=COUNTY, number="o-1", rules=copy.rules.hex(),
                             digest=bound, likeness=copy.likeness)  # fmt: skip
        asked = {"fields": ["rows"], "instance": published, "purpose": "research"}
        expected(self.stage.submit(("scholar",), READ, asked))
        self.found["open copy"] = {"rows": len(copy.rows), "likeness": copy.likeness}

    def erase(self) -> None:
        """The record and every key to it are destroyed, and then the chain says so; nobody reads it again."""
        self.custody.vault.erase_chart(self.chart.record)
        self.found["to be told"] = [one.what for one in self.custody.outstanding(self.view)]
        self.act((COUNTY, PATIENT), "HealthRecord", "erase", self.entry)
        expected(self.ask(PATIENT, "labs"))
        try:
            self.read(PATIENT)
        except Refused as refused:
            self.found["after erasure"] = refused.code.value
        self.found["trace"] = [[one.act, one.who] for one in trace_patient(self.chain, PATIENT)]

    # --- what the steps are made of ---

    @property
    def view(self) -> View:
        """The state at an honest node."""
        return View(self.stage.ledger.state)

    @property
    def chain(self) -> Archive:
        """The chain at an honest node."""
        return Archive(self.stage.disk(self.stage.honest[0]))

    def act(
        self, signers: tuple[str, ...], contract: str, action: str, instance: int | None = None, **given: Any
    ) -> int:
        """A step of the story, and the instance it is about."""
        return expected(self.stage.act(signers, contract, action, instance, **given)).instance

    def ask(self, reader: str, *fields: str, purpose: str | None = None) -> Receipt:
        """A request to read the record."""
        payload = {"fields": list(fields), "instance": self.entry, "purpose": purpose}
        return self.stage.submit((reader,), READ, payload)

    def read(self, reader: str) -> dict[str, bytes]:
        """What the reader of the last request gets from the custodian, opened and checked."""
        view, own = self.view, reader_key(reader)
        release = self.custody.release(view, len(view.accesses()) - 1, own.public, self.draw)
        return opened(release, own, Digest(bytes.fromhex(view.row(self.entry)["digest"])))
