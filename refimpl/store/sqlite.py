"""A node's ledger as one SQLite file: readable by anybody's tools for decades, one writer, durable when it says so.

At rest it is a single ordinary file; while a node runs, a write-ahead log stands beside it. The file says what it is
(application id, schema version), and what is not ours, damaged, or in use is refused with a `store.*` code, never
guessed at. A new file appears under its name complete or not at all. The module knows keys and bytes, no block.
"""

import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from refimpl.data.refusal import Code, Refused
from refimpl.node.ports import Write
from refimpl.store.keys import check_keys

__all__ = ["APPLICATION_ID", "SCHEMA_VERSION", "SqliteStore", "create", "open_existing", "open_to_read"]

APPLICATION_ID: Final = 0x59494C4E
"""`YILN`, in the header of the file, where `file(1)` and SQLite look for it."""
SCHEMA_VERSION: Final = 1
"""In the header as `user_version`; another one is refused, not converted."""

_SCHEMA: Final = "CREATE TABLE entry (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID"
_PAGE_OF_ITEMS: Final = 512
_LAST: Final = "\x7f"  # sorts behind every character of a key


class SqliteStore:
    """A `refimpl.node.ports.Store` in a SQLite file. Made by `create`, `open_existing` and `open_to_read`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """For this module: takes over a connection whose file has been recognised."""
        self._connection = connection

    def get(self, key: str) -> bytes | None:
        """The value of `key`, or None; `store.corrupt` where the file is damaged."""
        with _refusals():
            row = self._connection.execute("SELECT value, typeof(value) FROM entry WHERE key = ?", (key,)).fetchone()
            return None if row is None else _blob(*row)

    def items(self, prefix: str = "") -> Iterator[tuple[str, bytes]]:
        """Keys that begin with `prefix`, in ascending order, with their values; constant memory."""
        query = "SELECT key, value, typeof(value) FROM entry WHERE key > ? AND key < ? ORDER BY key LIMIT ?"
        if prefix and (value := self.get(prefix)) is not None:
            yield prefix, value
        last = prefix
        while True:
            with _refusals():
                rows = self._connection.execute(query, (last, prefix + _LAST, _PAGE_OF_ITEMS)).fetchall()
            for written, value, kind in rows:
                key = _key(written)
                if not last < key:
                    raise _corrupt("the order of keys", "ascending", "another")
                last = key
                yield key, _blob(value, kind)
            if len(rows) < _PAGE_OF_ITEMS:
                return

    def apply(self, writes: Sequence[Write], *, sync: bool) -> None:
        """All of `writes` in one transaction of SQLite; with `sync` the log is on the disk when this returns."""
        check_keys(writes)
        with _refusals():
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if sync else 'OFF'}")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for key, value in writes:
                    self._write(key, value)
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def _write(self, key: str, value: bytes | None) -> None:
        if value is None:
            self._connection.execute("DELETE FROM entry WHERE key = ?", (key,))
        else:
            self._connection.execute("INSERT OR REPLACE INTO entry VALUES (?, ?)", (key, value))

    def scrub(self) -> None:
        """Leave no byte of what was deleted, neither in the file nor in the log beside it."""
        with _refusals():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Fold the log into the file, so that one ordinary file remains, and let go of it."""
        with _refusals():
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA journal_mode = DELETE")
            self._connection.close()


def create(path: Path) -> SqliteStore:
    """A new, empty store under `path`; `store.exists` if anything is there, `store.failed` if it cannot be written."""
    if path.exists() or path.is_symlink():
        raise Refused(Code.STORE_EXISTS, path=str(path))
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with _refusals(path):
            unfinished.unlink(missing_ok=True)
            connection = sqlite3.connect(unfinished, isolation_level=None)
            try:
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                connection.execute(_SCHEMA)
            finally:
                connection.close()
            os.link(unfinished, path)  # unlike a rename, refuses a name that somebody took meanwhile
    except FileExistsError:
        raise Refused(Code.STORE_EXISTS, path=str(path)) from None
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return open_existing(path)


def open_existing(path: Path) -> SqliteStore:
    """The store under `path`, for its one writer.

    `store.missing` if there is none, `store.foreign` if the file is not ours, `store.wrong_version`, `store.busy` if
    another process writes it, `store.corrupt` if it is damaged.
    """
    connection = _recognised(path, "rw")
    with _closing_on_refusal(connection), _refusals(path):
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten, not only forgotten (APP-005)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("COMMIT")
    return SqliteStore(connection)


def open_to_read(path: Path) -> SqliteStore:
    """The store under `path`, which is left as it is; refuses as `open_existing` does. `apply` is refused."""
    log = path.with_name(path.name + "-wal")
    return SqliteStore(_recognised(path, "ro" if log.exists() else "ro&immutable=1"))


def _recognised(path: Path, mode: str) -> sqlite3.Connection:
    """A connection to a file that says it is ours and has our table."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Refused(Code.STORE_FOREIGN, path=str(path), found="not a regular file")
    except OSError:
        raise Refused(Code.STORE_MISSING, path=str(path)) from None
    with _refusals(path):
        address = f"file:{quote(str(path.absolute()))}?mode={mode}"
        connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=0.0)
    with _closing_on_refusal(connection), _refusals(path):
        connection.text_factory = bytes
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        if application != APPLICATION_ID:
            raise Refused(Code.STORE_FOREIGN, path=str(path), found=f"application id {application}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != SCHEMA_VERSION:
            raise Refused(Code.STORE_WRONG_VERSION, path=str(path), expected=SCHEMA_VERSION, got=version)
        tables = connection.execute("SELECT sql FROM sqlite_schema").fetchall()
        if tables != [(_SCHEMA.encode(),)]:
            raise _corrupt("the schema", "one table of entries", "another")
    return connection


@contextmanager
def _closing_on_refusal(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


_BY_RESULT: Final = {
    sqlite3.SQLITE_BUSY: Code.STORE_BUSY,
    sqlite3.SQLITE_LOCKED: Code.STORE_BUSY,
    sqlite3.SQLITE_NOTADB: Code.STORE_FOREIGN,
    sqlite3.SQLITE_CANTOPEN: Code.STORE_FAILED,
    sqlite3.SQLITE_FULL: Code.STORE_FAILED,
    sqlite3.SQLITE_IOERR: Code.STORE_FAILED,
    sqlite3.SQLITE_PERM: Code.STORE_FAILED,
    sqlite3.SQLITE_READONLY: Code.STORE_FAILED,
}


@contextmanager
def _refusals(path: Path | None = None) -> Iterator[None]:
    """SQLite's complaints as refusals; whatever it says about content it cannot read is `store.corrupt`."""
    place = {} if path is None else {"path": str(path)}
    try:
        yield
    except sqlite3.Error as error:
        code = _BY_RESULT.get(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF)
        if code is None:
            raise _corrupt("the file", "a database", str(error)) from None
        raise Refused(code, found=str(error), **place) from None
    except (MemoryError, OverflowError, UnicodeDecodeError):  # a damaged length, or a complaint that quotes damage
        raise _corrupt("the file", "a database", "bytes that make no sense") from None
    except FileExistsError:
        raise
    except OSError as error:
        raise Refused(Code.STORE_FAILED, found=error.strerror or "an error of the system", **place) from None


def _corrupt(what: str, expected: str, got: str) -> Refused:
    return Refused(Code.STORE_CORRUPT, what=what, expected=expected, got=got)


def _key(written: object) -> str:
    if not isinstance(written, bytes) or not written.isascii():
        raise _corrupt("a key", "a text", "something else")
    return written.decode("ascii")


def _blob(written: object, kind: bytes) -> bytes:
    if not isinstance(written, bytes) or kind != b"blob":
        raise _corrupt("a value", "bytes", "something else")
    return written
