"""The library's SQLite file: open, migrate, transactions, settings. One connection per thread."""

from __future__ import annotations

import itertools
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from retrieval.errors import StoreError

SCHEMA_VERSION = 4
FILE_NAME = "library.sqlite"
BUSY_S = 30.0  # so long one waits for other writers


class _Connection(sqlite3.Connection):
    """Knows which one it is: SQLite's own counters begin anew with each connection."""

    numbers = itertools.count()

    def __init__(self, path: Path) -> None:
        super().__init__(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        self.number = next(self.numbers)


class Store:
    """One library file. `read()` gives this thread's connection; `write()` a short immediate transaction."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._local = threading.local()
        self._open: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._migrate()
        except StoreError:
            self.close()
            raise
        except (OSError, sqlite3.DatabaseError) as error:
            self.close()
            raise StoreError(
                f"The library at {folder} cannot be opened: {error}",
                "Check that the folder is writable, or choose another one with --library.",
            ) from error

    def read(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            self._local.connection = connection
        return connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; waits for other writers. Keep it short: any process may be waiting."""
        connection = self.read()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """All reads within see the library as it was at the first of them."""
        connection = self.read()
        if connection.in_transaction:
            yield connection
            return
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("COMMIT")

    def close(self) -> None:
        with self._lock:
            for _, connection in self._open:
                connection.close()
            self._open.clear()
        self._local = threading.local()

    def _connect(self) -> sqlite3.Connection:
        connection = _Connection(self.path)
        connection.row_factory = sqlite3.Row
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")
        with self._lock:
            for thread, left in self._open:
                if not thread.is_alive():
                    left.close()
            self._open = [entry for entry in self._open if entry[0].is_alive()]
            self._open.append((threading.current_thread(), connection))
        return connection

    def _migrate(self) -> None:
        connection = self.read()
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == SCHEMA_VERSION:
            return
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"The library at {self.path.parent} was made by a newer Folioscope (format {version}).",
                "Update Folioscope, or choose another library with --library.",
            )
        with self.write() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]  # another process may have been first
            if version == 0:
                _run(db, "schema.sql")
            else:
                for step in range(version + 1, SCHEMA_VERSION + 1):
                    _run(db, f"migration_{step}.sql")
            db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switching a new file over needs it for oneself, and SQLite answers "locked" there without waiting its timeout."""
    until = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _run(db: sqlite3.Connection, name: str) -> None:
    """A script of this package, within the transaction at hand."""
    for statement in _statements((Path(__file__).parent / name).read_text("utf-8")):
        db.execute(statement)


def _statements(script: str) -> Iterator[str]:
    """Single statements, so that the whole schema is one transaction (`executescript` would commit first)."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


def get_setting(db: sqlite3.Connection, key: str) -> object:
    row = db.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
    return None if row is None else json.loads(row[0])


def set_setting(db: sqlite3.Connection, key: str, value: object) -> None:
    db.execute(
        "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, json.dumps(value)),
    )


def scrub(store: Store) -> bool:
    """After something was deleted for good: no trace of its text stays in the index, the file or the log. False when
    somebody reads an older state for so long that the log could not be cut: try again later."""
    db = store.read()
    db.execute("INSERT INTO pages_fts (pages_fts) VALUES ('optimize')")
    busy: int = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0][0]
    return not busy


def integrity(db: sqlite3.Connection) -> str:
    """'ok', or what SQLite finds wrong."""
    found = "; ".join(row[0] for row in db.execute("PRAGMA quick_check"))
    try:
        db.execute("INSERT INTO pages_fts (pages_fts, rank) VALUES ('integrity-check', 0)")
    except sqlite3.DatabaseError as error:
        found = f"{found}; full text: {error}"
    return found


def change_counter(db: sqlite3.Connection) -> tuple[int, int, int]:
    """Differs whenever this or another process has changed the file since, and between connections."""
    number = db.number if isinstance(db, _Connection) else -1
    return number, db.execute("PRAGMA data_version").fetchone()[0], db.total_changes


def clean(text: str) -> str:
    """Text as SQLite can keep it: half characters (lone surrogates) become "?", NULs become blanks. The same length."""
    return text.encode("utf-8", "replace").decode().replace("\0", " ")


def placeholders(count: int) -> str:
    return ",".join("?" * count)
