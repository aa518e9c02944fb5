"""A field leaves the vault for an allowed request, after an audit, for its reader; anything else leaves nothing."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.application.charts import Chart
from refimpl.application.custody import RELEASE_SECONDS, Custody, Outstanding, opened
from refimpl.application.records import record_id
from refimpl.application.vault import Vault
from refimpl.contract.rows import Row
from refimpl.data.encoding import encode
from refimpl.data.ids import MemberId
from refimpl.data.refusal import Refused
from refimpl.store.memory import MemoryStore
from refimpl.store.sqlite import create, open_existing
from tests.unit.application.desk import CUSTODIAN, FIELDS, PATIENT, Desk, reader_key


def refused(code, call, *arguments):
    with pytest.raises(Refused) as caught:
        call(*arguments)
    assert caught.value.code == code
    return caught.value


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def kept(desk):
    """The desk, a chart, and its entry."""
    chart = desk.seal("r-1")
    return desk, chart, desk.register(chart)


@pytest.mark.clause("APP-016")
def test_a_chart_is_its_fields_in_order_each_a_record_of_its_own(kept):
    desk, chart, entry = kept
    assert [part.field for part in chart.parts] == sorted(FIELDS)
    assert chart.part("hiv")[0] == "r-1/001"
    assert desk.book.view.row(entry)["digest"] == chart.digest.hex()
    assert Chart.from_bytes(chart.to_bytes()) == chart
    rows = [{"commitment": part.commitment.hex(), "field": part.field} for part in chart.parts]
    assert chart.to_bytes() == encode({"custodian": CUSTODIAN, "parts": rows, "record": "r-1"})
    refused("query.not_found", chart.part, "genetic")


@pytest.mark.clause("APP-016")
@pytest.mark.parametrize("spoil", [
    lambda rows: rows[::-1], lambda rows: [*rows, rows[-1]], lambda rows: [],
    lambda rows: [{**rows[0], "commitment": "ab"}], lambda rows: [{"field": "x"}],
])  # fmt: skip
def test_a_list_of_another_form_is_no_chart(kept, spoil):
    rows = [{"commitment": part.commitment.hex(), "field": part.field} for part in kept[1].parts]
    data = encode({"custodian": CUSTODIAN, "parts": spoil(rows), "record": "r-1"})
    assert refused("wire.bad_field", Chart.from_bytes, data)


@pytest.mark.clause("APP-018")
def test_the_reader_of_an_allowed_request_gets_the_fields_asked_for_and_reads_them(kept):
    desk, _, entry = kept
    assert desk.book.ask("county-doctor", entry, "clinical", purpose="treatment")["status"] == "applied"
    release = desk.release(0, "county-doctor")
    assert [one.field for one in release.fields] == ["diagnosis", "labs"]
    assert opened(release, reader_key("county-doctor"), desk.digest_of(entry)) == {
        "diagnosis": FIELDS["diagnosis"], "labs": FIELDS["labs"],
    }  # fmt: skip
    assert refused("access.broken_record", opened, release, reader_key("gp"), desk.digest_of(entry))
    assert all(FIELDS["diagnosis"] not in one.sealed.body for one in release.fields)


@pytest.mark.clause("APP-018")
def test_a_denied_an_old_and_an_unknown_request_release_nothing(kept):
    desk, _, entry = kept
    desk.book.ask("city-doctor", entry, "clinical", purpose="treatment")
    assert refused("vault.not_allowed", desk.release, 0, "city-doctor").values["answer"] == "access.not_permitted"
    refused("query.not_found", desk.release, 1, "county-doctor")
    refused("query.not_found", desk.release, -1, "county-doctor")
    desk.book.ask("county-doctor", entry, "labs", purpose="treatment")
    desk.book.wait(RELEASE_SECONDS - 1)
    assert desk.release(1, "county-doctor").fields
    desk.book.wait(1)
    assert refused("vault.too_late", desk.release, 1, "county-doctor").values["most"] == RELEASE_SECONDS


@pytest.mark.clause("APP-018")
def test_an_access_without_a_decision_and_a_record_of_another_house_release_nothing(kept):
    desk, chart, entry = kept
    row = {"commitment": chart.digest.hex(), "custodian": CUSTODIAN, "kind": "chart", "record": "r-1"}
    desk.book.submit(CUSTODIAN, "record", {"entry": row})
    desk.book.submit("gp", "record", {"access": {"custodian": CUSTODIAN, "purpose": "care", "reader": "gp",
                                                 "record": "r-1"}})  # fmt: skip
    refused("query.not_found", desk.release, 0, "gp")
    desk.book.ask(PATIENT, entry, "name")
    other = Desk()
    refused("vault.unknown", other.custody.release, desk.book.view, 1, reader_key(PATIENT).public, other.draws)


@pytest.mark.clause("APP-018")
def test_a_request_about_what_is_no_record_releases_nothing(desk):
    desk.book.ask("county-doctor", desk.visit, "anything")
    refused("vault.not_allowed", desk.release, 0, "county-doctor")
    loan = Row("Loan", 7, 1, "asked", 0, {"price": 100})
    asked = {"at": desk.book.view.now, "code": None, "fields": ["price"], "instance": 7, "reader": "gp"}
    view = desk.book.view
    view.accesses, view.row = lambda: [asked], lambda instance: loan
    refused("query.not_found", desk.custody.release, view, 0, reader_key("gp").public, desk.draws)


@pytest.mark.clause("APP-017")
@given(st.data())
def test_a_bit_altered_anywhere_in_the_vault_stops_every_release(data):
    store = MemoryStore()
    desk = Desk(vault=Vault(store))
    entry = desk.register(desk.seal("r-1"))
    desk.book.ask("county-doctor", entry, "labs", purpose="treatment")
    key = data.draw(st.sampled_from([key for key, _ in store.items()]))
    value = bytearray(store.get(key) or b"")
    bit = data.draw(st.integers(0, 8 * len(value) - 1))
    value[bit // 8] ^= 1 << bit % 8
    store.apply([(key, bytes(value))], sync=True)
    with pytest.raises(Refused) as caught:
        desk.release(0, "county-doctor")
    assert caught.value.code.area in ("access", "wire", "vault")


@pytest.mark.clause("APP-017")
def test_a_chart_that_is_not_the_one_on_the_chain_is_not_released(kept):
    desk, chart, entry = kept
    desk.book.ask("county-doctor", entry, "labs", purpose="treatment")
    desk.book.act(CUSTODIAN, "HealthRecord", "amend", entry, d="ab" * 32)
    refused("vault.unknown", desk.release, 0, "county-doctor")
    refused("access.broken_record", desk.custody.audit, chart.record, bytes(32))
    elsewhere = attrs.evolve(desk.custody, custodian=MemberId("lake2"))
    refused("access.broken_record", elsewhere.audit, chart.record, chart.digest)


@pytest.mark.clause("APP-004", "APP-016")
def test_a_release_with_a_swapped_or_a_foreign_field_is_not_believed(kept):
    desk, chart, entry = kept
    desk.book.ask("county-doctor", entry, "clinical", purpose="treatment")
    release, own, digest = desk.release(0, "county-doctor"), reader_key("county-doctor"), desk.digest_of(entry)
    first, second = release.fields
    swapped = attrs.evolve(release, fields=(attrs.evolve(first, field=second.field),))
    refused("access.broken_record", opened, swapped, own, digest)
    shorter = attrs.evolve(release, chart=attrs.evolve(chart, parts=chart.parts[1:]))
    refused("access.broken_record", opened, shorter, own, digest)


@pytest.mark.clause("APP-005", "APP-019")
def test_what_the_chain_does_not_know_yet_is_named_until_it_does(desk):
    custody, view = desk.custody, lambda: desk.book.view
    assert custody.outstanding(view()) == []
    chart = desk.seal("r-1")
    assert custody.outstanding(view()) == [Outstanding(record_id("r-1"), "register")]
    entry = desk.register(chart)
    assert custody.outstanding(view()) == []
    second = desk.seal("r-1.v2", {**FIELDS, "labs": b"corrected"})
    assert custody.outstanding(view()) == [Outstanding(record_id("r-1.v2"), "amend")]
    desk.book.act(CUSTODIAN, "HealthRecord", "amend", entry, d=second.digest.hex())
    assert custody.outstanding(view()) == []
    for record in ("r-1", "r-1.v2"):
        custody.vault.erase_chart(record_id(record))
    assert custody.outstanding(view()) == [Outstanding(record_id("r-1.v2"), "erase")]
    desk.book.act((CUSTODIAN, PATIENT), "HealthRecord", "erase", entry)
    assert custody.outstanding(view()) == []
    refused("vault.erased", custody.audit, second.record, second.digest)
    refused("vault.exists", desk.seal, "r-1")


@pytest.mark.clause("APP-005")
def test_after_erasure_no_surviving_byte_verifies_a_guess():
    store = MemoryStore()
    desk = Desk(vault=Vault(store))
    chart = desk.seal("r-1")
    salts = {desk.custody.vault.sealed(chart.name_of(n)).body for n in range(len(chart.parts))}
    desk.custody.vault.erase_chart(chart.record)
    left = dict(store.items())
    assert left == {f"chart|{chart.record}": b"", f"digest|{chart.digest.hex()}": b"r-1",
                    **{f"sealed|{chart.name_of(n)}": b"" for n in range(len(chart.parts))}}  # fmt: skip
    assert not any(body in b"".join(left.values()) for body in salts)
    desk.custody.vault.erase_chart(chart.record)
    refused("vault.unknown", desk.custody.vault.erase_chart, record_id("r-2"))


@pytest.mark.clause("APP-005")
def test_an_erased_chart_leaves_no_sealed_byte_in_the_file_of_the_vault(tmp_path):
    path = tmp_path / "vault.sqlite"
    store = create(path)
    desk = Desk(vault=Vault(store))
    chart = desk.seal("r-1", {**FIELDS, "scan": bytes(range(256)) * 400})
    bodies = [desk.custody.vault.sealed(chart.name_of(n)).body for n in range(len(chart.parts))]
    keys = [desk.custody.vault.key(chart.name_of(n), CUSTODIAN).wrapped for n in range(len(chart.parts))]

    def remaining():
        stored = b"".join(one.read_bytes() for one in tmp_path.iterdir())
        return [one for one in (*bodies, *keys) if one[8:72] in stored]

    assert len(remaining()) == 2 * len(chart.parts)
    desk.custody.vault.erase_chart(chart.record)
    assert remaining() == []
    store.close()
    assert remaining() == []
    again = Vault(open_existing(path))
    refused("vault.erased", again.chart, chart.record)


def test_a_custody_shows_no_key(desk):
    assert "Desk" not in repr(desk.custody)
    assert reader_key(CUSTODIAN).public.hex()[8:] not in repr(desk.custody)
    assert isinstance(desk.custody, Custody)
