"""A crash at any write of ledger or vault leaves nothing untrue, and what was to be done is done after it."""

import pytest

from refimpl.application.custody import Outstanding
from refimpl.application.records import record_id
from refimpl.application.vault import Vault
from refimpl.data.refusal import Refused
from refimpl.node.verify import verify_ledger
from refimpl.store.memory import MemoryStore
from tests.book import Book
from tests.unit.application.desk import CUSTODIAN, FIELDS, PATIENT, Desk


class Crashed(Exception):
    """The power went."""


class Power:
    """Counts the writes of a whole house and goes at one of them, before it or after it."""

    def __init__(self, at, after):
        self.left, self.after = at, after

    def write(self, carry_out):
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Crashed
        carry_out()
        if self.left == 0:
            raise Crashed


class Shelf(MemoryStore):
    """The disk of the vault."""

    power = None

    def apply(self, writes, *, sync):
        if self.power is None:
            super().apply(writes, sync=sync)
        else:
            self.power.write(lambda: super(Shelf, self).apply(writes, sync=sync))


class House(Book):
    """The ledger, with its disk on the same power."""

    power = None

    def keep(self, writes):
        if self.power is None:
            super().keep(writes)
        else:
            self.power.write(lambda: super(House, self).keep(writes))


def work(desk):
    """A record's whole life: kept and registered, corrected, read, erased."""
    entry = desk.register(desk.seal("r-1"))
    second = desk.seal("r-1.v2", {**FIELDS, "labs": b"corrected"})
    desk.book.act(CUSTODIAN, "HealthRecord", "amend", entry, d=second.digest.hex())
    desk.book.ask("county-doctor", entry, "labs", purpose="treatment")
    for record in ("r-1", "r-1.v2"):
        desk.custody.vault.erase_chart(record_id(record))
    desk.book.act((CUSTODIAN, PATIENT), "HealthRecord", "erase", entry)


def begun():
    """A house with its power on, and a visit open."""
    shelf = Shelf()
    book = House("visit", "referral", "stepdown", "access")
    desk = Desk(vault=Vault(shelf), book=book)
    book.act((CUSTODIAN, PATIENT), "Visit", "open", holder=CUSTODIAN, patient=PATIENT, number="V-1")
    return desk, shelf


def made_good(desk):
    """Every outstanding thing is told to the ledger, as the custodian's house does when it comes back."""
    for left in desk.custody.outstanding(desk.book.view):
        entries = {row["number"]: row.id for row in desk.book.view.rows("HealthRecord")}
        match left:
            case Outstanding(record, "register"):
                desk.register(desk.custody.vault.chart(record))
            case Outstanding(record, "amend"):
                digest = desk.custody.vault.chart(record).digest.hex()
                desk.book.act(CUSTODIAN, "HealthRecord", "amend", entries["r-1"], d=digest)
            case Outstanding(_, "erase"):
                desk.book.act((CUSTODIAN, PATIENT), "HealthRecord", "erase", entries["r-1"])


def consistent(desk):
    """Whatever the chain says is kept, is kept and unaltered; whatever it says is erased, is gone."""
    for row in desk.book.view.rows("HealthRecord"):
        digest = bytes.fromhex(row["digest"])
        record = desk.custody.vault.of_digest(digest)
        if row.state == "erased":
            with pytest.raises(Refused, match=r"vault\.erased"):
                desk.custody.audit(record, digest)
        else:
            assert desk.custody.audit(record, digest).digest == digest
    assert desk.custody.outstanding(desk.book.view) == []
    assert verify_ledger(desk.book.disk).finding is None


def writes_of_a_life():
    """How many writes there are."""
    desk, shelf = begun()
    power = Power(-1, after=False)
    shelf.power = desk.book.power = power
    work(desk)
    return -1 - power.left


WRITES = writes_of_a_life()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, WRITES + 1))
def test_a_crash_at_any_write_of_ledger_and_vault_is_made_good(at, after):
    desk, shelf = begun()
    shelf.power = desk.book.power = Power(at, after)
    with pytest.raises(Crashed):
        work(desk)
    survivor = Desk(vault=Vault(shelf.crashed(0)), book=Book(disk=desk.book.disk))
    made_good(survivor)
    consistent(survivor)


def test_the_sweep_meets_both_disks_and_every_kind_of_what_is_left():
    assert WRITES == 8
    seen = set()
    for at in range(1, WRITES + 1):
        desk, shelf = begun()
        shelf.power = desk.book.power = Power(at, after=True)
        with pytest.raises(Crashed):
            work(desk)
        survivor = Desk(vault=Vault(shelf.crashed(0)), book=Book(disk=desk.book.disk))
        seen |= {one.what for one in survivor.custody.outstanding(survivor.book.view)}
    assert seen == {"register", "amend", "erase"}
