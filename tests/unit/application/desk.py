"""A hospital with a vault beside a ledger on which it keeps a patient's record: where tests of records begin."""

from refimpl.application.charts import seal_chart
from refimpl.application.custody import Custody
from refimpl.application.records import record_id
from refimpl.application.vault import MemoryVault
from refimpl.data.ids import Digest, MemberId
from refimpl.scenarios.clients import Draws, reader_key
from tests.book import Book

__all__ = ["CUSTODIAN", "FIELDS", "PATIENT", "Desk", "reader_key"]

CUSTODIAN, PATIENT = MemberId("county2"), MemberId("patient1")
FIELDS = {"name": "张三".encode(), "diagnosis": b"I21.0 CANARY-7391", "labs": b"troponin 1.50", "hiv": b"negative"}


class Desk:
    """The custodian's side."""

    def __init__(self, *modules: str, vault=None, book=None) -> None:
        self.book = book or Book("visit", "referral", "stepdown", "access", *modules)
        self.draws = Draws(0)
        self.custody = Custody(CUSTODIAN, reader_key(CUSTODIAN), vault or MemoryVault())
        self.visit = 0
        if book is None:
            self.book.act((CUSTODIAN, PATIENT), "Visit", "open", holder=CUSTODIAN, patient=PATIENT, number="V-1")

    def seal(self, number: str, fields=FIELDS):
        """A chart in the vault, and nothing on the chain."""
        own = self.custody.own
        chart, sealed = seal_chart(record_id(number), CUSTODIAN, own, fields, self.draws.secrets, self.draws)
        self.custody.vault.put_chart(chart, sealed)
        return chart

    def register(self, chart) -> int:
        """The instance of the chart's entry."""
        receipt = self.book.act(CUSTODIAN, "HealthRecord", "register", custodian=CUSTODIAN, patient=PATIENT,
                                visit=self.visit, number=chart.record, digest=chart.digest.hex())  # fmt: skip
        assert receipt["status"] == "applied"
        return receipt["events"][0]["instance"]

    def release(self, access: int, reader: str):
        """What the custodian hands over."""
        return self.custody.release(self.book.view, access, reader_key(reader).public, self.draws)

    def digest_of(self, instance: int) -> Digest:
        """What stands on the chain."""
        return Digest(bytes.fromhex(self.book.view.row(instance)["digest"]))
