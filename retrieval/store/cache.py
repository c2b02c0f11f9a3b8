"""What is dear to compute and follows from bytes alone (OCR text, picture features, layout), kept by content across libraries.

One SQLite file under `FOLIOSCOPE_CACHE` (default: the user's cache folder), limited in size, oldest use out first.
Losing it costs time only, so errors of the file never stop the work that asks it.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from pathlib import Path

from retrieval.errors import StoreError

MAX_BYTES = 2 * 1024**3

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cache (
    sha256 TEXT NOT NULL, number INTEGER NOT NULL, what TEXT NOT NULL, value BLOB NOT NULL, used INTEGER NOT NULL,
    PRIMARY KEY (sha256, number, what)
) WITHOUT ROWID
"""


def default_folder() -> Path:
    import platformdirs

    return Path(os.environ.get("FOLIOSCOPE_CACHE") or platformdirs.user_cache_path("folioscope"))


class Cache:
    """Keyed by (sha256 of the document, page number, what): `what` names the maker with its version."""

    def __init__(self, folder: Path | None = None, max_bytes: int = MAX_BYTES) -> None:
        self.path = (folder or default_folder()) / "cache.sqlite"
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._puts = 0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=30.0, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=OFF")
            self._db.execute("PRAGMA secure_delete=ON")
            self._db.execute(_SCHEMA)
        except (OSError, sqlite3.DatabaseError) as error:
            raise StoreError(
                f"The cache at {self.path} cannot be used: {error}",
                "Delete that file, or point FOLIOSCOPE_CACHE at a folder that is writable.",
            ) from error

    def get(self, sha256: str, number: int, what: str) -> bytes | None:
        try:
            return self._get(sha256, number, what)
        except sqlite3.DatabaseError:
            return None  # a full disk or a damaged file: the same as not known

    def _get(self, sha256: str, number: int, what: str) -> bytes | None:
        with self._lock:
            row = self._db.execute(
                "SELECT value, used FROM cache WHERE sha256 = ? AND number = ? AND what = ?", (sha256, number, what)
            ).fetchone()
            if row is None:
                return None
            today = int(time.time() // 86400)
            if row[1] != today:
                self._db.execute(
                    "UPDATE cache SET used = ? WHERE sha256 = ? AND number = ? AND what = ?",
                    (today, sha256, number, what),
                )
            return bytes(row[0])

    def put(self, sha256: str, number: int, what: str, value: bytes) -> None:
        try:
            self._put(sha256, number, what, value)
        except sqlite3.DatabaseError:
            pass  # a full disk or a damaged file: it will be computed again

    def _put(self, sha256: str, number: int, what: str, value: bytes) -> None:
        with self._lock:
            self._db.execute(
                "INSERT OR REPLACE INTO cache VALUES (?, ?, ?, ?, ?)",
                (sha256, number, what, value, int(time.time() // 86400)),
            )
            self._puts += 1
            if self._puts % 500 == 1:
                self._shrink()

    def forget(self, sha256: str) -> None:
        """All that is known of one document, without a trace in the file. Raises StoreError: this must not fail silently."""
        try:
            with self._lock:
                self._db.execute("DELETE FROM cache WHERE sha256 = ?", (sha256,))
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.DatabaseError as error:
            raise StoreError(f"The cache at {self.path} cannot be cleaned: {error}", "Delete that file.") from error

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _shrink(self) -> None:
        size = self._db.execute("SELECT coalesce(sum(length(value)), 0) FROM cache").fetchone()[0]
        while size > self.max_bytes:
            rows = self._db.execute(
                "SELECT sha256, number, what, length(value) FROM cache ORDER BY used LIMIT 1000"
            ).fetchall()
            for row in rows:
                self._db.execute("DELETE FROM cache WHERE sha256 = ? AND number = ? AND what = ?", row[:3])
                size -= row[3]
                if size <= self.max_bytes * 0.9:
                    break
