"""Out of the bin, and out of the library for good.

What is erased leaves the database in one transaction, which also notes what has to follow it from the disk: a kill between
the two leaves nothing behind, because whoever opens the library next goes on with the note.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from retrieval.blobs import Blobs
from retrieval.store import documents, jobs, labels, models, pages, questions, vectors
from retrieval.store import fulltext as fulltext_store
from retrieval.store.cache import Cache
from retrieval.store.db import Store, get_setting, scrub, set_setting
from retrieval.types import JobState, Stage
from retrieval.work import LOG_NAME

DAY_S = 86400.0
_TIDIED = "tidied"  # setting: when files that nothing refers to were last looked for
_NOTE = "erasing"  # setting: {sha256 of what is still to be deleted: "document" or "blob"}


def bring_back(db: sqlite3.Connection, document: documents.DocumentRow) -> None:
    """A document out of the bin, into the full text; meanwhile another Model may have become the current one."""
    if document.deleted is None:
        return
    documents.set_deleted(db, document.id, None)
    fulltext_store.index_document(db, document.id)
    vectors.fell_behind(db, document.id)
    generation = models.current(db).generation_id
    if document.stage is Stage.DONE and generation is not None and not vectors.complete(db, generation, document.id):
        documents.set_stage(db, document.id, Stage.VECTORS)


def go_on(db: sqlite3.Connection, document_id: int, job_id: int | None = None) -> bool:
    """Its stages go on: in `job_id`, or in its own job, which is opened again. False when nothing is left to do, or its
    own job is at it."""
    document = documents.by_id(db, document_id)
    if document is None or document.deleted is not None or document.stage is Stage.DONE:
        return False
    documents.set_paused(db, document.id, False)
    vectors.fell_behind(db, document.id)
    own = None if document.job_id is None else jobs.get(db, document.job_id)
    if own is not None and own.state in (JobState.QUEUED, JobState.RUNNING):
        return False
    if job_id is not None:
        documents.set_job(db, document.id, job_id)
    elif own is not None:
        jobs.reopen(db, own.id)
    return True


def erase(store: Store, rows: Sequence[documents.DocumentRow]) -> None:
    """Rows, words, vectors, judgements and refusals of documents; `sweep` must follow."""
    with store.write() as db:
        note = _note(db)
        names = documents.names(db, [row.id for row in rows])
        for row in rows:
            note |= dict.fromkeys(pages.blobs_of(db, row.id), "blob") | {row.sha256: "document"}
            fulltext_store.unindex_document(db, row.id)
            documents.forget_refusals(db, row.sha256, names[row.id])
            questions.forget_asked_of(db, row.id)
            models.forget_pages(db, {page.id for page in pages.of_document(db, row.id)})
            documents.delete(db, row.id)
        labels.drop_unused_questions(db)
        set_setting(db, _NOTE, note)


def sweep(store: Store, blobs: Blobs, cache: Cache) -> None:
    """Deletes from the disk what was erased: originals, keyframes, thumbnails, cached text and copies for players."""
    note = _note(store.read())
    if not note:
        return
    folder = store.path.parent
    for sha256 in (name for name, what in note.items() if what == "document"):
        cache.forget(sha256)
        shutil.rmtree(playable_folder(folder, sha256), ignore_errors=True)
    discard(store, blobs, note)
    if (folder / LOG_NAME).exists():
        os.truncate(folder / LOG_NAME, 0)
    if not scrub(store):
        return  # the note stays: whoever opens the library next tries again
    with store.write() as db:
        set_setting(db, _NOTE, {name: what for name, what in _note(db).items() if name not in note})


def discard(store: Store, blobs: Blobs, names: Iterable[str]) -> None:
    """Deletes those blobs that no document and no page uses (any more)."""
    names = list(names)
    if names:
        with store.write() as db:  # nobody begins to use one meanwhile
            for name in names:
                if not pages.blob_in_use(db, name):
                    blobs.delete(name)


def tidy(store: Store, blobs: Blobs) -> None:
    """Once a day: deletes what a process left behind that was killed between writing a file and noting it."""
    now = time.time()
    last = get_setting(store.read(), _TIDIED)
    if isinstance(last, int | float) and now - last < DAY_S:
        return
    old = [path for path in blobs.folder.glob("*/*") if now - path.stat().st_mtime > DAY_S]
    for path in old:
        if path.name.startswith("."):
            path.unlink(missing_ok=True)
    discard(store, blobs, {path.name.partition(".")[0] for path in old} - {""})
    with store.write() as db:
        set_setting(db, _TIDIED, now)


def playable_folder(library: Path, sha256: str) -> Path:
    """Where the copies lie that browsers can play."""
    return library / "playable" / sha256


def _note(db: sqlite3.Connection) -> dict[str, str]:
    stored = get_setting(db, _NOTE)
    return dict(stored) if isinstance(stored, dict) else {}
