"""`library.jobs`: long work that outlives the browser tab and the process; how far it is and how long it will take."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from retrieval import bin
from retrieval.errors import NotFound
from retrieval.rates import measured, rates
from retrieval.store import documents, jobs, models, pages, vectors
from retrieval.store import fulltext as fulltext_store
from retrieval.types import Job, JobState, Stage

if TYPE_CHECKING:
    from retrieval.library import Library

POLL_S = 0.2
LOADING = "loading the model"
LATELY = 30  # files of a kind that tell what is behind the next one
ENOUGH = 3  # so many of them, before a time is told
UNKNOWN = {"text": 8.0, "picture": 4.0}  # behind a file of a kind that was never read here: for the share only


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
        ingests = [row for row in rows if row.kind == "ingest"]
        together = jobs.of_one_go(db) if ingests else []
        first = self._job(db, (ingests or rows)[0])
        if len(together) < 2:
            return first
        tally = documents.tally(db, together, models.current(db).generation_id)
        done, total, left = _progress(db, tally)
        if all(row.started is None for row in ingests):
            left = None
        title = LOADING if jobs.loading(db) else _title(tally)
        return Job(first.id, first.kind, JobState.RUNNING, title, done, total, left, None, first.created, None)

    def cancel(self, job_id: int) -> Job:
        """Ends it: files not yet read are left out again, the others keep what they have."""
        self._end([self.get(job_id).id])
        return self.get(job_id)

    def stop_reading(self) -> tuple[int, int]:
        """Cancels all ingests that run: how many of their files stayed, and how many were left out again."""
        db = self._store.read()
        together = jobs.of_one_go(db)
        before = documents.tally(db, together, None).documents
        self._end([row.id for row in jobs.active(db) if row.kind == "ingest"])
        stayed = documents.tally(self._store.read(), together, None).documents
        return stayed, before - stayed

    def _end(self, job_ids: Sequence[int]) -> None:
        left: set[str] = set()
        with self._store.write() as db:
            for job_id in job_ids:
                row = jobs.get(db, job_id)
                if row is None or row.state not in (JobState.QUEUED, JobState.RUNNING):
                    continue
                message = "stopped"
                if row.kind == "ingest":
                    left |= _leave_out(db, job_id)
                    message = "stopped: what was read stays searchable"
                jobs.finish(db, job_id, JobState.CANCELLED, message)
        bin.discard(self._store, self._library.blobs, left)

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
            seconds = measured(db).get("text")
            left = (total - done) * seconds if running and seconds is not None else None
            answers = model is not None and model.id == models.current(db).id
            what = "what it has not seen yet" if answers else "every page"
            title = LOADING if running and jobs.loading(db) else f"embedding {what} with {row.subject}"
            return Job(row.id, row.kind, row.state, title, done, total, left, row.message, row.created, row.finished)
        if row.kind == "train":
            return _training(row)
        tally = documents.tally(db, [row.id], models.current(db).generation_id)
        done, total, left = _progress(db, tally)
        if row.started is None:
            left = None
        title = LOADING if running and jobs.loading(db) else _title(tally)
        if not running:
            done, left, title = total, None, f"{_files(tally.documents)} read"
        return Job(row.id, row.kind, row.state, title, done, total, left, row.message, row.created, row.finished)


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


def _progress(db: sqlite3.Connection, tally: documents.Tally) -> tuple[int, int, float | None]:
    """(done, total, seconds left) of ingests: in tenths of a second of work, of the whole way that each file goes.

    What is behind a file not yet read is what was behind those of its kind that were read last. The time is None until
    all of it rests on what was measured here; the share falls back on guesses.
    """
    told = True
    left = Counter({unit: float(all_ - done) for unit, (all_, done) in tally.work.items()})
    for kind, count in tally.unread.items():
        known, behind = documents.usual(db, kind, LATELY)
        told = told and known >= ENOUGH
        left.update({unit: count * mean for unit, mean in (behind if known else UNKNOWN).items()})
        left[f"read {kind}"] += count
    seconds, here = rates(db), measured(db)
    told = told and all(unit in here for unit, number in left.items() if number)
    done_s = sum(done * seconds[unit] for unit, (_, done) in tally.work.items())
    left_s = sum(number * seconds[unit] for unit, number in left.items())
    return int(done_s * 10), int((done_s + left_s) * 10), left_s if told else None


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def _title(tally: documents.Tally) -> str:
    """What running ingests are at. Files count till they are done, as everywhere else: read is not yet by meaning."""
    if not tally.documents:
        return "reading files"
    some = tally.left < tally.documents
    files = f"still reading {tally.left:,} of {_files(tally.documents)}" if some else f"reading {_files(tally.left)}"
    if tally.unread:
        return files
    if any(tally.work[unit][1] < tally.work[unit][0] for unit in ("text", "picture") if unit in tally.work):
        return f"{files} by meaning"
    waiting, read = tally.work["ocr"]
    if read < waiting:
        return f"reading the text in {read + 1:,} of {waiting:,} {'page' if waiting == 1 else 'pages'} (OCR)"
    return f"{_files(tally.documents)} read"
