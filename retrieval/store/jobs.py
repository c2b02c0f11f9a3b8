"""Job rows, and the lease of the one worker process."""

from __future__ import annotations

import sqlite3
import time
from typing import NamedTuple

from retrieval.store.db import get_setting, set_setting
from retrieval.types import JobState

LEASE_DEAD_S = 10.0
STARTING_S = 60.0  # a process that starts on a busy machine needs a while to its first heartbeat
PAUSE_S = 5.0  # between two files of one drop, when the first is done before the second has arrived
_LOADING = "worker_loads"
NO_OCR = "without ocr"  # subject of an ingest job whose pictures are not read for text


class JobRow(NamedTuple):
    id: int
    kind: str
    subject: str | None
    state: JobState
    message: str | None
    created: float
    started: float | None
    finished: float | None
    detail: str | None = None  # of a retrain: its steps, JSON


def _row(row: sqlite3.Row) -> JobRow:
    return JobRow(
        row["id"],
        row["kind"],
        row["subject"],
        JobState(row["state"]),
        row["message"],
        row["created"],
        row["started"],
        row["finished"],
        row["detail"],
    )


def insert(db: sqlite3.Connection, kind: str, subject: str | None = None) -> int:
    cursor = db.execute(
        "INSERT INTO jobs (kind, subject, state, created) VALUES (?, ?, 'queued', ?)", (kind, subject, time.time())
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def drop(db: sqlite3.Connection, job_id: int) -> None:
    """A job that came to nothing leaves no row."""
    db.execute("DELETE FROM jobs WHERE id = ?", (job_id,))


def get(db: sqlite3.Connection, job_id: int) -> JobRow | None:
    row = db.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
    return None if row is None else _row(row)


def listed(db: sqlite3.Connection) -> list[JobRow]:
    """Newest first."""
    return [_row(row) for row in db.execute("SELECT * FROM jobs ORDER BY id DESC LIMIT 200")]


def active(db: sqlite3.Connection) -> list[JobRow]:
    """Queued or running, oldest first."""
    return [_row(row) for row in db.execute("SELECT * FROM jobs WHERE state IN ('queued', 'running') ORDER BY id")]


def of_one_go(db: sqlite3.Connection) -> list[int]:
    """Ingests that are queued or run, and those done since that work began: each file dropped in a browser is a job."""
    now = time.time()
    running = [row for row in active(db) if row.kind == "ingest"]
    found, began = [row.id for row in running], min([row.started or now for row in running], default=now)
    ended = db.execute(
        "SELECT id, coalesce(started, finished), finished FROM jobs WHERE kind = 'ingest' AND state = 'done'"
        " ORDER BY finished DESC"
    )
    for job_id, started, finished in ended:
        if finished < began - PAUSE_S:
            break
        found.append(job_id)
        began = min(began, started)
    return found


def embedding_of(db: sqlite3.Connection, model_id: str) -> int | None:
    """The job that embeds the library with a Model, while there is one."""
    row = db.execute(
        "SELECT id FROM jobs WHERE state IN ('queued', 'running') AND kind = 'embed' AND subject = ? LIMIT 1",
        (model_id,),
    ).fetchone()
    return None if row is None else int(row[0])


def start(db: sqlite3.Connection, job_id: int) -> None:
    db.execute(
        "UPDATE jobs SET state = 'running', started = ? WHERE id = ? AND state = 'queued'", (time.time(), job_id)
    )


def finish(db: sqlite3.Connection, job_id: int, state: JobState, message: str | None) -> None:
    db.execute(
        "UPDATE jobs SET state = ?, message = ?, finished = ? WHERE id = ? AND state IN ('queued', 'running')",
        (str(state), message, time.time(), job_id),
    )


def set_detail(db: sqlite3.Connection, job_id: int, detail: str) -> None:
    """How far a running job is, in its own words."""
    db.execute("UPDATE jobs SET detail = ? WHERE id = ? AND state = 'running'", (detail, job_id))


def reopen(db: sqlite3.Connection, job_id: int) -> None:
    """A job whose documents were paused or cancelled goes on."""
    db.execute(
        "UPDATE jobs SET state = 'queued', message = NULL, started = NULL, finished = NULL WHERE id = ?"
        " AND state NOT IN ('queued', 'running')",
        (job_id,),
    )


def take_lease(db: sqlite3.Connection, token: str, pid: int | None) -> bool:
    """True when `token` holds the library now; False while another worker lives. Call inside a write.

    Who starts a worker takes the lease for it (`pid` None), so that nobody else starts a second one meanwhile; that
    lease lasts longer than one that is kept by heartbeats.
    """
    row = db.execute("SELECT token, heartbeat, starts FROM worker").fetchone()
    if row is not None and row[0] != token and time.time() - row[1] < LEASE_DEAD_S:
        return False
    starts = 0 if row is None else row[2]
    starts += pid is None
    heartbeat = time.time() + (STARTING_S - LEASE_DEAD_S if pid is None else 0.0)
    db.execute("INSERT OR REPLACE INTO worker VALUES (1, ?, ?, ?, ?)", (token, pid, heartbeat, starts))
    return True


def holder(db: sqlite3.Connection) -> str | None:
    row = db.execute("SELECT token FROM worker").fetchone()
    return None if row is None else str(row[0])


def starts(db: sqlite3.Connection) -> int:
    """How often a worker was started since one last got something done."""
    row = db.execute("SELECT starts FROM worker").fetchone()
    return 0 if row is None else int(row[0])


def beat(db: sqlite3.Connection, token: str, worked: bool) -> bool:
    """Renews the lease; False when another worker has taken it. `worked`: something was done since the last beat."""
    cursor = db.execute(
        "UPDATE worker SET heartbeat = ?, starts = iif(?, 0, starts) WHERE token = ?", (time.time(), worked, token)
    )
    return cursor.rowcount == 1


def drop_lease(db: sqlite3.Connection, token: str, *, whole: bool = True) -> None:
    """Gives the library back; `whole` False (an error) keeps the count of starts."""
    if whole:
        db.execute("DELETE FROM worker WHERE token = ?", (token,))
    else:
        db.execute("UPDATE worker SET heartbeat = 0 WHERE token = ?", (token,))


def set_loading(db: sqlite3.Connection, on: bool) -> None:
    """The worker loads a model: nothing else moves for seconds, which the progress of its jobs says."""
    set_setting(db, _LOADING, on)


def loading(db: sqlite3.Connection) -> bool:
    return bool(get_setting(db, _LOADING)) and worker_alive(db)


def worker_alive(db: sqlite3.Connection) -> bool:
    row = db.execute("SELECT heartbeat FROM worker").fetchone()
    return row is not None and time.time() - row[0] < LEASE_DEAD_S
