"""The first stage of a document: its file is read into Pages, which answer by their words at once."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ingest.types import Kind, Page, PageError, Passage, Refused
from ingest.worker import Children
from retrieval import bin, fulltext
from retrieval.blobs import Blobs
from retrieval.originals import original
from retrieval.rates import measured
from retrieval.store import documents, jobs, pages
from retrieval.store import fulltext as fulltext_store
from retrieval.store.db import Store, set_setting
from retrieval.types import FileKind, JobState, Stage

LONG_DOCUMENT = 10  # pages
PAGES_A_COMMIT = 64
LATELY = 50  # units that the mean of what one takes goes back


class Stopped(Exception):
    """The work at hand was cancelled, paused or deleted by a person."""


def text_of(passages: Sequence[Passage]) -> str:
    return "\n".join(passage.text for passage in passages)


class Reading:
    """Reads one document after the other; what the later stages share with it stands here too."""

    def __init__(self, store: Store, blobs: Blobs, children: Children) -> None:
        self.store, self.blobs, self.children = store, blobs, children
        self._rates = measured(store.read())
        self._seen = dict.fromkeys(self._rates, LATELY)
        self._warm: set[str] = set()
        self._rates_saved = 0.0

    def read_next(self) -> bool:
        """The document that waits longest; False when none does."""
        document = documents.next_unread(self.store.read())
        if document is None:
            return False
        self.start_job(document.job_id)
        started = time.monotonic()
        try:
            self._read(document)
        except Stopped:
            return True
        except Refused as refusal:
            self._refuse(document, refusal)
        self.measured(f"read {document.kind}", time.monotonic() - started, 1)
        return True

    def _read(self, document: documents.DocumentRow) -> None:
        db = self.store.read()
        title = fulltext.title_words(documents.names(db, [document.id])[document.id])
        done = pages.last_number(db, document.id)
        path = original(self.store, self.blobs, document)
        batch: list[Page | PageError] = []
        committed = time.monotonic()
        found = self.children.read(path)
        try:
            for page in found:
                if page.number <= done:
                    continue
                batch.append(page)
                if len(batch) >= PAGES_A_COMMIT or time.monotonic() - committed > 0.5:
                    self._commit_pages(document.id, batch, title)
                    batch, committed = [], time.monotonic()
        except Refused as refusal:
            # What was read before stays; the rest of the file is named as unreadable.
            if not batch and pages.last_number(db, document.id) == 0:
                raise
            number = (batch[-1].number if batch else pages.last_number(db, document.id)) + 1
            batch.append(PageError(number, f"{refusal.reason}: this page and what follows were left out"))
        self._commit_pages(document.id, batch, title, last=True)
        if not pages.of_document(db, document.id):
            raise Refused("none of its pages can be read", "Open it in another program, save it again and drop that.")

    def _commit_pages(
        self, document_id: int, batch: Sequence[Page | PageError], title: str, last: bool = False
    ) -> None:
        keyframes = {
            page.number: self.blobs.put(page.picture) for page in batch if isinstance(page, Page) and page.picture
        }
        try:
            self._insert_pages(document_id, batch, keyframes, title, last)
        except Stopped:
            bin.discard(self.store, self.blobs, keyframes.values())
            raise

    def _insert_pages(
        self,
        document_id: int,
        batch: Sequence[Page | PageError],
        keyframes: Mapping[int, str],
        title: str,
        last: bool,
    ) -> None:
        with self.store.write() as db:
            document = self._wanted(db, document_id)
            job = None if document.job_id is None else jobs.get(db, document.job_id)
            for page in batch:
                if isinstance(page, PageError):
                    pages.add_error(db, document_id, page.number, page.reason)
                else:
                    if job is not None and job.subject == jobs.NO_OCR:
                        page = replace(page, wants_ocr=False)
                    extra = fulltext.extra_tokens(text_of(page.passages))
                    pages.insert(
                        db,
                        document_id,
                        page,
                        title=title,
                        extra=extra,
                        picture=keyframes.get(page.number),
                        has_picture=document.kind is not FileKind.TEXT,
                    )
            if last:
                self.entitle(db, document_id)
                documents.set_stage(db, document_id, Stage.VECTORS)

    def entitle(self, db: sqlite3.Connection, document_id: int) -> None:
        """Every page of a long document is also found by how the document begins: there it says whose it is, and when."""
        first = pages.numbered(db, document_id, 1)
        if first is not None and first.kind is Kind.PAGE and pages.last_number(db, document_id) >= LONG_DOCUMENT:
            names = documents.names(db, [document_id])[document_id]
            fulltext_store.set_title(db, document_id, fulltext.title_words(names, first.text))

    def _wanted(self, db: sqlite3.Connection, document_id: int) -> documents.DocumentRow:
        document = documents.by_id(db, document_id)
        if document is None or document.deleted is not None or document.paused:
            raise Stopped
        return document

    def _refuse(self, document: documents.DocumentRow, refusal: Refused) -> None:
        with self.store.write() as db:
            names = documents.names(db, [document.id])[document.id]
            fulltext_store.unindex_document(db, document.id)
            documents.delete(db, document.id)
            for name in names:
                documents.refuse(db, document.job_id, name, refusal.reason, refusal.remedy, document.sha256)
        bin.discard(self.store, self.blobs, [document.sha256])

    def start_job(self, job_id: int | None) -> None:
        if job_id is not None:
            job = jobs.get(self.store.read(), job_id)
            if job is not None and job.state is JobState.QUEUED:
                with self.store.write() as db:
                    jobs.start(db, job_id)

    def measured(self, what: str, seconds: float, count: int) -> None:
        """A running mean of what one unit takes here; kept for the time left that people see."""
        if what not in self._warm:
            self._warm.add(what)  # the first in a process also starts a child or warms a model up: it tells nothing
            return
        self._seen[what] = seen = min(LATELY, self._seen.get(what, 0) + count)
        old = self._rates.get(what, 0.0)
        self._rates[what] = old + (seconds / count - old) * count / max(count, seen)
        now = time.monotonic()
        if now - self._rates_saved > 1.0:
            self._rates_saved = now
            with self.store.write() as db:
                set_setting(db, "rates", {key: round(value, 5) for key, value in self._rates.items()})
