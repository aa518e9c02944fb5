"""Both stores keep the laws of the Protocol; a crash loses a suffix; a file that is not ours is refused and left
alone."""

import itertools
import sqlite3
from pathlib import Path

import pytest

from refimpl.data.refusal import Code, Refused
from refimpl.store import sqlite
from refimpl.store.memory import MemoryStore
from refimpl.store.sqlite import SqliteStore
from refimpl.testing.check_store import check_store


def refused(code: Code, act) -> None:
    with pytest.raises(Refused) as caught:
        act()
    assert caught.value.code is code


def test_the_memory_store_keeps_the_laws():
    check_store(MemoryStore, lambda closed: MemoryStore(dict(closed.items())))


def test_the_sqlite_store_keeps_the_laws(tmp_path):
    names = (tmp_path / f"{number}.ledger" for number in itertools.count())
    paths: dict[SqliteStore, Path] = {}

    def fresh() -> SqliteStore:
        path = next(names)
        store = sqlite.create(path)
        paths[store] = path
        return store

    check_store(fresh, lambda closed: sqlite.open_existing(paths[closed]))


def test_a_store_that_forgets_a_law_is_caught():
    class Reversed(MemoryStore):
        def items(self, prefix=""):
            return reversed(list(super().items(prefix)))

    class HalfWay(MemoryStore):
        def apply(self, writes, *, sync):
            for write in writes:
                super().apply([write], sync=sync)

    for broken in (Reversed, HalfWay):
        with pytest.raises(AssertionError):
            check_store(broken, lambda closed: type(closed)(dict(closed.items())))


def test_a_crash_loses_only_a_suffix_of_what_was_not_synced():
    store = MemoryStore()
    store.apply([("a", b"1")], sync=False)
    store.apply([("b", b"1")], sync=True)
    store.apply([("a", b"2"), ("c", b"2")], sync=False)
    store.apply([("b", None)], sync=False)
    assert store.unsynced == 2
    assert dict(store.crashed(0).items()) == {"a": b"2", "c": b"2"}
    assert dict(store.crashed(1).items()) == {"a": b"2", "b": b"1", "c": b"2"}
    assert dict(store.crashed(2).items()) == {"a": b"1", "b": b"1"}
    assert dict(store.items()) == {"a": b"2", "c": b"2"}
    with pytest.raises(ValueError, match=r"0\.\.2"):
        store.crashed(3)


def test_a_synced_write_makes_the_earlier_ones_durable():
    store = MemoryStore()
    store.apply([("a", b"1")], sync=False)
    store.apply([], sync=True)
    assert store.unsynced == 0
    assert store.crashed(0).get("a") == b"1"


def test_a_new_store_refuses_a_name_that_is_taken(tmp_path):
    path = tmp_path / "ledger"
    path.write_bytes(b"something else")
    refused(Code.STORE_EXISTS, lambda: sqlite.create(path))
    assert path.read_bytes() == b"something else"
    dangling = tmp_path / "link"
    dangling.symlink_to(tmp_path / "nowhere")
    refused(Code.STORE_EXISTS, lambda: sqlite.create(dangling))


def test_a_store_that_cannot_be_made_leaves_nothing_behind(tmp_path, monkeypatch):
    refused(Code.STORE_FAILED, lambda: sqlite.create(tmp_path / "missing" / "ledger"))

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(sqlite.os, "link", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sqlite.create(tmp_path / "ledger")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_ours_is_refused_by_its_kind(tmp_path):
    refused(Code.STORE_MISSING, lambda: sqlite.open_existing(tmp_path / "nothing"))
    refused(Code.STORE_FOREIGN, lambda: sqlite.open_existing(tmp_path))
    text = tmp_path / "text"
    text.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    refused(Code.STORE_FOREIGN, lambda: sqlite.open_existing(text))
    empty = tmp_path / "empty"
    empty.touch()
    refused(Code.STORE_FOREIGN, lambda: sqlite.open_to_read(empty))
    foreign = tmp_path / "foreign"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    before = foreign.read_bytes()
    refused(Code.STORE_FOREIGN, lambda: sqlite.open_existing(foreign))
    assert foreign.read_bytes() == before


def test_another_version_of_the_schema_is_refused(tmp_path):
    path = tmp_path / "ledger"
    sqlite.create(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    refused(Code.STORE_WRONG_VERSION, lambda: sqlite.open_existing(path))


def test_a_second_writer_is_refused_and_the_first_goes_on(tmp_path):
    path = tmp_path / "ledger"
    first = sqlite.create(path)
    first.apply([("a", b"1")], sync=True)
    refused(Code.STORE_BUSY, lambda: sqlite.open_existing(path))
    first.apply([("a", b"2")], sync=True)
    first.close()
    assert sqlite.open_existing(path).get("a") == b"2"


def test_a_closed_store_is_one_file_that_may_be_read_anywhere(tmp_path):
    path = tmp_path / "ledger #1?.db"
    store = sqlite.create(path)
    store.apply([("a", b"1")], sync=False)
    store.close()
    assert list(tmp_path.iterdir()) == [path]
    before = path.read_bytes()
    reader = sqlite.open_to_read(path)
    assert dict(reader.items()) == {"a": b"1"}
    refused(Code.STORE_FAILED, lambda: reader.apply([("a", b"2")], sync=True))
    assert path.read_bytes() == before


def test_what_a_killed_process_had_synced_is_found_again(tmp_path):
    path = tmp_path / "ledger"
    store = sqlite.create(path)
    store.apply([("a", b"1")], sync=True)
    copy = tmp_path / "copy"
    for name in ("ledger", "ledger-wal"):  # what the disk holds while the process still runs
        (tmp_path / name.replace("ledger", "copy")).write_bytes((tmp_path / name).read_bytes())
    assert sqlite.open_existing(copy).get("a") == b"1"
    store.close()


def test_a_value_of_another_type_is_corrupt_and_not_guessed(tmp_path):
    path = tmp_path / "ledger"
    store = sqlite.create(path)
    store.apply([("a", b"abcd")], sync=True)
    store.close()
    content = path.read_bytes()
    record = bytes([3, 15, 20]) + b"aabcd"  # header of 3 bytes: text of 1, blob of 4
    assert content.count(record) == 1
    for kind in (21, 0, 1):  # text of 4, null, integer
        path.write_bytes(content.replace(record, bytes([3, 15, kind]) + b"aabcd"))
        refused(Code.STORE_CORRUPT, lambda: sqlite.open_to_read(path).get("a"))
        refused(Code.STORE_CORRUPT, lambda: list(sqlite.open_to_read(path).items()))


@pytest.mark.parametrize("step", range(7))
def test_no_flipped_byte_anywhere_makes_the_store_raise_anything_but_a_refusal(tmp_path, step):
    path = tmp_path / "ledger"
    store = sqlite.create(path)
    store.apply([(f"tx/{number:04d}", bytes(number)) for number in range(40)], sync=True)
    store.close()
    content = path.read_bytes()
    places = [*range(step, 120, 7), *range(120 + step, len(content), 7 * 9)]
    outcomes = set()
    for place in places:
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        for opened in (sqlite.open_to_read, sqlite.open_existing):
            try:
                reader = opened(path)
                list(reader.items())
                reader.close()
                outcomes.add("read")
            except Refused as refusal:
                assert refusal.code.area == "store"
                outcomes.add(refusal.code)
            path.write_bytes(damaged)
    assert Code.STORE_CORRUPT in outcomes or Code.STORE_FOREIGN in outcomes


def test_a_write_that_fails_half_way_leaves_nothing(tmp_path):
    store = sqlite.create(tmp_path / "ledger")
    store.apply([("a", b"1")], sync=True)
    with pytest.raises(Refused):
        store.apply([("a", b"2"), ("b", object())], sync=True)
    assert dict(store.items()) == {"a": b"1"}
    store.apply([("c", b"3")], sync=True)
    assert dict(store.items()) == {"a": b"1", "c": b"3"}


def test_a_file_at_rest_asks_no_reader_for_a_log(tmp_path):
    """Bytes 18 and 19 of the header: 1 for a plain file, 2 for one that is read through a write-ahead log."""
    path = tmp_path / "ledger"
    store = sqlite.create(path)
    store.apply([("a", b"1")], sync=True)
    assert path.read_bytes()[18:20] == b"\x02\x02"
    store.close()
    assert path.read_bytes()[18:20] == b"\x01\x01"
