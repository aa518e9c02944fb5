"""No interleaving of consent, withdrawal, expiry, emergencies and reads lets through what the rules of its height deny.

The rules are written here a second time, as plain Python over what was granted, and nothing of the language is used:
what the ledger decides, what it keeps of it, and what the custodian hands out must follow them in every drawn history.
"""

from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from refimpl.application.custody import opened
from refimpl.data.refusal import Refused
from tests.book import CLINICIANS, HOSPITALS
from tests.unit.application.desk import CUSTODIAN, FIELDS, PATIENT, Desk, reader_key

GROUPS = {"name": "basic", "diagnosis": "clinical", "labs": "clinical", "hiv": "sensitive"}
CARE = ("treatment", "referral")
READERS = ("county-doctor", "city-doctor", "gp", "patient1", "patient2", "fund", "hill-hc", "province-hc")
DAY = 86_400


@define
class Rules:
    """Who may read what, by whom consents stand and where the patient is."""

    holder: str = CUSTODIAN
    current: bool = True
    consents: list[dict] = field(factory=list)

    def consented(self, reader, now, purpose, scope):
        """Whether a consent that stands names this reader or the reader's hospital."""
        mine = (reader, CLINICIANS.get(reader))
        return any(
            one["grantee"] in mine and not one["revoked"] and now <= one["expiry"] and scope in one["scope"]
            and purpose in one["purposes"] for one in self.consents
        )  # fmt: skip

    def allows(self, reader, name, purpose, now):
        """Whether this reader may read this field for this purpose at second `now`."""
        group = GROUPS[name]
        if reader.startswith("patient"):
            return reader == PATIENT
        if reader in CLINICIANS:
            return self.clinician(reader, group, purpose, now)
        if reader == "fund":
            return (group == "clinical" and purpose == "insurance"
                    and self.consented(reader, now, "insurance", "clinical"))  # fmt: skip
        return group in ("basic", "clinical") and purpose == "supervision"

    def clinician(self, reader, group, purpose, now):
        hospital = CLINICIANS[reader]
        glass = purpose == "emergency" and HOSPITALS[hospital][0] >= 2
        if group == "sensitive" and not self.consented(reader, now, purpose, "sensitive"):
            return glass
        treats = group != "sensitive" and purpose in CARE and hospital == self.holder and self.current
        asked = group != "basic" and purpose in CARE and self.consented(reader, now, purpose, "clinical")
        return treats or asked or glass


any_reader, any_names = st.sampled_from(READERS), st.sets(st.sampled_from(sorted(GROUPS)), min_size=1)
any_purpose = st.sampled_from([None, "treatment", "referral", "emergency", "insurance", "supervision"])
asking = st.tuples(st.just("ask"), any_reader, any_names, any_purpose)
stray = st.one_of(asking, st.tuples(st.just("wait"), st.sampled_from([1, 600, DAY])), st.tuples(st.just("discharge")),
                  st.tuples(st.just("revoke"), st.integers(0, 1)))  # fmt: skip
LETS = {"city3": "city-doctor", "city-doctor": "city-doctor", "gp": "gp", "fund": "fund"}
"""Grantee of a consent -> somebody whom it lets read."""


@st.composite
def consented(draw):
    """A consent, what may end it, and a request that rests on it: at the second in which it ends, before and after."""
    grantee = draw(st.sampled_from(sorted(LETS)))
    scope = draw(st.sampled_from([{"clinical"}, {"clinical", "sensitive"}, {"sensitive"}, {"basic"}]))
    purpose = "insurance" if grantee == "fund" else draw(st.sampled_from(["treatment", "referral"]))
    life = draw(st.integers(3, 5))  # two seconds pass with the blocks of consent and wait
    ends = draw(st.sampled_from([[], [("revoke", 0)], *([("wait", away)] for away in (life - 2, life - 1, DAY))]))
    names = draw(st.sampled_from([{"labs"}, {"hiv"}, {"labs", "hiv"}]))
    return [("grant", grantee, scope, {purpose}, life), *ends, ("ask", LETS[grantee], names, purpose)]


@st.composite
def collected(draw):
    """A request that is allowed, and its reader who comes for the fields in time or too late."""
    return [("ask", PATIENT, draw(any_names), None), ("wait", draw(st.sampled_from([899, 900, 901]))), ("late", 0)]


@st.composite
def treated(draw):
    """The hospital where the patient is, or was."""
    left = draw(st.sampled_from([[], [("discharge",)]]))
    return [*left, ("ask", "county-doctor", draw(st.sampled_from([{"labs"}, {"name"}])), "treatment")]


glass = st.builds(lambda who, names: [("ask", who, names, "emergency")],
                  st.sampled_from(["city-doctor", "county-doctor", "gp"]), any_names)  # fmt: skip
episodes = st.one_of(consented(), consented(), collected(), treated(), glass, st.lists(stray, min_size=1, max_size=2))
"""Steps that mean something together; strays among them."""


class History:
    """A desk, the rules beside it, and every request that was made."""

    def __init__(self, desk, entry):
        self.desk, self.entry, self.rules = desk, entry, Rules()
        self.granted, self.asked = [], []

    def ask(self, reader, names, purpose):
        """The ledger decides as the rules do, keeps it, and the custodian hands out exactly what was allowed."""
        now = self.desk.book.now
        receipt = self.desk.book.ask(reader, self.entry, *sorted(names), purpose=purpose)
        may = all(self.rules.allows(reader, name, purpose, now) for name in names)
        assert (receipt["status"] == "applied") == may, (reader, names, purpose, receipt.get("code"))
        row = self.desk.book.view.accesses()[-1]
        assert (row["reader"], row["code"] is None) == (reader, may)
        self.asked.append((reader, names, may, now))
        self.collect(len(self.asked) - 1)

    def collect(self, number):
        """What the custodian hands out for a request, now."""
        reader, names, may, when = self.asked[number]
        fresh = self.desk.book.view.now - when <= 900
        try:
            release = self.desk.release(number, reader)
        except Refused as refused:
            assert (refused.code == "vault.not_allowed", refused.code == "vault.too_late") == (not may, may)
            assert not (may and fresh)
            return
        assert may
        assert fresh
        found = opened(release, reader_key(reader), self.desk.digest_of(self.entry))
        assert found == {name: FIELDS[name] for name in names}

    def grant(self, grantee, scope, purposes, seconds):
        expiry = self.desk.book.now + seconds
        done = self.desk.book.act(PATIENT, "Consent", "grant", patient=PATIENT, grantee=grantee, scope=sorted(scope),
                                  purposes=sorted(purposes), expiry=expiry)  # fmt: skip
        assert done["status"] == "applied"
        self.granted.append(done["events"][0]["instance"])
        self.rules.consents.append({"grantee": grantee, "scope": scope, "purposes": purposes, "expiry": expiry,
                                    "revoked": False})  # fmt: skip

    def revoke(self, back):
        """The patient takes back the last consent, or the one before."""
        if back < len(self.granted):
            self.desk.book.act(PATIENT, "Consent", "revoke", self.granted[-1 - back])
            self.rules.consents[-1 - back]["revoked"] = True

    def late(self, back):
        """The reader of an earlier request comes again."""
        if back < len(self.asked):
            self.collect(len(self.asked) - 1 - back)

    def discharge(self):
        self.desk.book.act(CUSTODIAN, "Visit", "discharge", self.desk.visit)
        self.rules.current = False

    def play(self, step):
        kind, *rest = step
        match kind:
            case "wait":
                self.desk.book.wait(*rest)
            case _:
                getattr(self, kind)(*rest)


@settings(max_examples=60)
@given(st.lists(episodes, min_size=3, max_size=6).map(lambda drawn: [step for episode in drawn for step in episode]))
def test_no_read_gets_through_that_the_rules_at_that_height_deny_and_no_other_is_refused(drawn):
    desk = Desk()
    history = History(desk, desk.register(desk.seal("r-1")))
    for step in drawn:
        history.play(step)
    rows = desk.book.view.accesses()
    assert [(row["reader"], row["code"] is None) for row in rows] == [(who, may) for who, _, may, _ in history.asked]
    opened_glass = list(desk.book.view.rows("GlassAudit"))
    emergencies = sum(may and who in CLINICIANS for who, _, may, _ in history.asked)
    assert len(opened_glass) <= emergencies
