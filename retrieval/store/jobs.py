"""Job rows, and the lease of the one worker process."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from retrieval.types import JobState

LEASE_DEAD_S = 10.0


@dataclass(frozen=True, slots=True)
class JobRow:
    id: int
    kind: str
    subject: str | None
    state: JobState
    message: str | None
    cancel: bool
    created: float
    started: float | None
    finished: float | None


def _row(row: sqlite3.Row) -> JobRow:
    return JobRow(
        row["id"],
        row["kind"],
        row["subject"],
        JobState(row["state"]),
        row["message"],
        bool(row["cancel"]),
        row["created"],
        row["started"],
        row["finished"],
    )


def insert(db: sqlite3.Connection, kind: str, subject: str | None = None) -> int:
    cursor = db.execute(
        "INSERT INTO jobs (kind, subject, state, created) VALUES (?, ?, 'queued', ?)", (kind, subject, time.time())
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def get(db: sqlite3.Connection, job_id: int) -> JobRow | None:
    row = db.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
    return None if row is None else _row(row)


def listed(db: sqlite3.Connection) -> list[JobRow]:
    """Newest first."""
    return [_row(row) for row in db.execute("SELECT * FROM jobs ORDER BY id DESC LIMIT 200")]


def active(db: sqlite3.Connection) -> list[JobRow]:
    """Queued or running, oldest first."""
    return [_row(row) for row in db.execute("SELECT * FROM jobs WHERE state IN ('queued', 'running') ORDER BY id")]


def start(db: sqlite3.Connection, job_id: int) -> None:
    db.execute("UPDATE jobs SET state = 'running', started = ? WHERE id = ? AND state = 'queued'", (time.time(), job_id))


def finish(db: sqlite3.Connection, job_id: int, state: JobState, message: str | None) -> None:
    db.execute(
        "UPDATE jobs SET state = ?, message = ?, finished = ? WHERE id = ? AND state IN ('queued', 'running')",
        (str(state), message, time.time(), job_id),
    )


def reopen(db: sqlite3.Connection, job_id: int) -> None:
    """A job whose documents were paused or cancelled goes on."""
    db.execute(
        "UPDATE jobs SET state = 'queued', message = NULL, cancel = 0, finished = NULL WHERE id = ?"
        " AND state NOT IN ('queued', 'running')",
        (job_id,),
    )


def ask_cancel(db: sqlite3.Connection, job_id: int) -> None:
    db.execute("UPDATE jobs SET cancel = 1 WHERE id = ?", (job_id,))


def take_lease(db: sqlite3.Connection, token: str, pid: int) -> bool:
    """True when this worker holds the library now; False while another one lives. Call inside a write."""
    row = db.execute("SELECT token, heartbeat FROM worker").fetchone()
    if row is not None and row[0] != token and time.time() - row[1] < LEASE_DEAD_S:
        return False
    db.execute("INSERT OR REPLACE INTO worker VALUES (1, ?, ?, ?)", (token, pid, time.time()))
    return True


def beat(db: sqlite3.Connection, token: str) -> bool:
    """Renews the lease; False when another worker has taken it."""
    return db.execute("UPDATE worker SET heartbeat = ? WHERE token = ?", (time.time(), token)).rowcount == 1


def drop_lease(db: sqlite3.Connection, token: str) -> None:
    db.execute("DELETE FROM worker WHERE token = ?", (token,))


def worker_alive(db: sqlite3.Connection) -> bool:
    row = db.execute("SELECT heartbeat FROM worker").fetchone()
    return row is not None and time.time() - row[0] < LEASE_DEAD_S
