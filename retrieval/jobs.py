"""`library.jobs`: long work that outlives the browser tab and the process; how far it is and how long it will take."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from retrieval import bin
from retrieval.errors import NotFound
from retrieval.rates import rates
from retrieval.store import documents, jobs, models, pages, vectors
from retrieval.store import fulltext as fulltext_store
from retrieval.types import Job, JobState, Stage

if TYPE_CHECKING:
    from retrieval.library import Library

POLL_S = 0.2
LOADING = "loading the model"
UNREAD_WEIGHT_S = 2.0  # what is behind a file not yet read is unknown: say so much


class Jobs:
    def __init__(self, library: Library) -> None:
        self._library = library
        self._store = library.store

    def list(self) -> list[Job]:
        """Newest first."""
        db = self._store.read()
        return [self._job(db, row) for row in jobs.listed(db)]

    def get(self, job_id: int) -> Job:
        db = self._store.read()
        row = jobs.get(db, job_id)
        if row is None:
            raise NotFound(f"There is no job {job_id}.", "`folioscope jobs` lists them.")
        return self._job(db, row)

    def active(self) -> Job | None:
        """What runs now, all running ingests taken together; None when nothing does. Wakes a worker that died."""
        db = self._store.read()
        rows = jobs.active(db)
        if not rows:
            return None
        self._library.wake()
        found = [self._job(db, row) for row in rows]
        if len(found) == 1:
            return found[0]
        seconds = [job.seconds_left for job in found if job.seconds_left is not None]
        ingests = [row.id for row in rows if row.kind == "ingest"]
        title = _title(db, ingests) if ingests else found[0].title
        done, total = sum(job.done for job in found), sum(job.total for job in found)
        first = found[0]
        return Job(
            first.id, first.kind, JobState.RUNNING, title, done, total, sum(seconds) or None, None, first.created, None
        )

    def cancel(self, job_id: int) -> Job:
        """Ends it: files not yet read are left out again, the others keep what they have."""
        left: set[str] = set()
        with self._store.write() as db:
            row = jobs.get(db, self.get(job_id).id)
            if row is not None and row.state in (JobState.QUEUED, JobState.RUNNING):
                if row.kind == "ingest":
                    left = _leave_out(db, job_id)
                    message = "stopped: what was read stays searchable"
                else:
                    message = "stopped"
                jobs.finish(db, job_id, JobState.CANCELLED, message)
        bin.discard(self._store, self._library.blobs, left)
        return self.get(job_id)

    def wait(self, job_id: int, progress: Callable[[Job], None] | None = None) -> Job:
        """Until it has ended; calls `progress` about five times a second."""
        while True:
            started = time.monotonic()
            job = self.get(job_id)
            if progress is not None:
                progress(job)
            if job.state not in (JobState.QUEUED, JobState.RUNNING):
                return job
            self._library.wake()
            time.sleep(max(POLL_S, 5 * (time.monotonic() - started)))  # counting a large library is work too

    def _job(self, db: sqlite3.Connection, row: jobs.JobRow) -> Job:
        running = row.state in (JobState.QUEUED, JobState.RUNNING)
        if row.kind == "embed":
            model = models.get(db, row.subject or "")
            total, done = vectors.totals(db, model.generation_id if model is not None else None)
            left = (total - done) * rates(db)["text"] if running else None
            answers = model is not None and model.id == models.current(db).id
            what = "what it has not seen yet" if answers else "every page"
            title = LOADING if running and jobs.loading(db) else f"embedding {what} with {row.subject}"
            return Job(row.id, row.kind, row.state, title, done, total, left, row.message, row.created, row.finished)
        if row.kind == "train":
            return _training(row)
        done, total, seconds = _ingest_progress(db, row.id)
        left = seconds if running and row.started is not None else None
        if not running:
            done = total
        return Job(
            row.id, row.kind, row.state, _title(db, [row.id]), done, total, left, row.message, row.created, row.finished
        )


def _training(row: jobs.JobRow) -> Job:
    """A retrain: `done` and `total` are tenths of seconds, as expected by now."""
    from retrieval.training.plan import seconds_left, steps_of

    running = row.state in (JobState.QUEUED, JobState.RUNNING)
    steps = steps_of(row.detail)
    now = time.time()
    left = seconds_left(steps, now) if running and steps else None
    spent = (now if running else row.finished or now) - (row.started or now)
    step = next((step for step in steps if step.started is not None and step.seconds is None), None)
    title = "training" if step is None else f"training: {step.title.lower()}"
    done, total = int(10 * spent), int(10 * (spent + (left or 0.0)))
    return Job(row.id, row.kind, row.state, title, done, total, left, row.message, row.created, row.finished)


def _leave_out(db: sqlite3.Connection, job_id: int) -> set[str]:
    """Files of a job that were not read to their end go, others pause. Returns the blobs that went out of use."""
    left: set[str] = set()
    for document in documents.of_job(db, job_id):
        if document.deleted is not None:
            continue
        if document.stage is Stage.WORDS:
            left |= {document.sha256} | pages.blobs_of(db, document.id)
            fulltext_store.unindex_document(db, document.id)
            documents.delete(db, document.id)
        elif document.stage is not Stage.DONE:
            documents.set_paused(db, document.id, True)
    return left


def _ingest_progress(db: sqlite3.Connection, job_id: int) -> tuple[int, int, float]:
    """(done, total, seconds left): in tenths of a second of work as measured on this machine."""
    tally = documents.job_tally(db, job_id, models.current(db).generation_id)
    seconds = rates(db)
    done = tally.parts_ready * seconds["text"] + tally.ocr_ready * seconds["ocr"]
    done += (tally.documents - tally.unread) * seconds["read"]
    left = (tally.parts - tally.parts_ready) * seconds["text"] + (tally.ocr - tally.ocr_ready) * seconds["ocr"]
    left += tally.unread * UNREAD_WEIGHT_S
    return int(done * 10), int((done + left) * 10), left


def _title(db: sqlite3.Connection, job_ids: list[int]) -> str:
    """What an ingest is at: its files are read one by one, and what follows has counts of its own."""
    running = any(row.id in job_ids for row in jobs.active(db))
    if running and jobs.loading(db):
        return LOADING
    generation = models.current(db).generation_id
    tallies = [documents.job_tally(db, job_id, generation) for job_id in job_ids]
    count, unread = sum(t.documents for t in tallies), sum(t.unread for t in tallies)
    files = "1 file" if count == 1 else f"{count} files"
    if not count:
        return "reading files"
    if not running:
        return f"{files} read"
    if unread:
        return f"reading {count - unread + 1} of {files}" if count > 1 else f"reading {files}"
    if any(t.parts_ready < t.parts for t in tallies):
        return f"reading {files} by meaning"
    waiting, read = sum(t.ocr for t in tallies), sum(t.ocr_ready for t in tallies)
    if read < waiting:
        return f"reading the text in {read + 1:,} of {waiting:,} {'page' if waiting == 1 else 'pages'} (OCR)"
    return f"{files} read"
