"""The SQLite store against bare `executemany` of as many bytes, in the same mode, with the same number of syncs."""

import atexit
import sqlite3
from contextlib import suppress
from itertools import count
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from bench.measure import Contender, Contest, Method, Unequal
from refimpl.store.sqlite import create

TABLE = "CREATE TABLE entry (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID"


def grouped(method: Method) -> Contest:
    """A block's writes in one durable transaction."""
    folder = Path(mkdtemp(prefix="yilian-bench-"))
    atexit.register(rmtree, folder, ignore_errors=True)
    ours = create(folder / "ours.sqlite")
    theirs = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    for line in ("PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", TABLE):
        theirs.execute(line)
    writes, value, block = method.size(2_000, 20), b"v" * 300, count(1)

    def rows() -> list[tuple[str, bytes]]:
        height = next(block) % 20
        return [(f"tx/{height:010d}/{number:04d}", value) for number in range(writes)]

    def bare(listed: list[tuple[str, bytes]]) -> None:
        theirs.execute("BEGIN IMMEDIATE")
        theirs.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", listed)
        theirs.execute("COMMIT")

    def prove() -> None:
        listed = rows()
        ours.apply(listed, sync=True)
        bare(listed)
        if list(ours.items()) != theirs.execute("SELECT key, value FROM entry ORDER BY key").fetchall():
            raise Unequal("the tables differ")

    def close() -> None:
        with suppress(sqlite3.Error):
            ours.close()
            theirs.close()

    atexit.register(close)
    return Contest(
        "writes",
        (
            Contender("SqliteStore.apply", lambda: ours.apply(rows(), sync=True), writes),
            Contender("executemany", lambda: bare(rows()), writes),
        ),
        "executemany of the same rows in WAL mode, synchronous FULL: the same syncs", prove, gate=0.5,
        counts={"writes": writes, "bytes_a_write": len(value)},
    )  # fmt: skip


ITEMS = {"store.block": grouped}
