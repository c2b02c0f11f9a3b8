"""Words → vectors → OCR → done: what the worker does next for the documents of a library.

Every commit leaves the library whole: a kill loses at most the batch at hand, and the next worker goes on from there.
"""

from __future__ import annotations

import io
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from PIL import Image

from ingest import engines
from ingest.passages import passages
from ingest.types import Box, Limits, Line, Page, Refused, Source
from ingest.worker import Children
from retrieval import bin, fulltext
from retrieval.blobs import Blobs
from retrieval.garbage import collect
from retrieval.originals import original, picture_of
from retrieval.reading import Reading, text_of
from retrieval.store import documents, jobs, pages, vectors
from retrieval.store.cache import Cache
from retrieval.store.db import Store
from retrieval.types import Embedder, Floats, JobState, PartInput, Route, Stage, WithFeatures

PARTS_A_COMMIT = 64
TEXTS_A_CALL = 8
THUMBNAIL_PX = 320
OCR_WORKERS = max(1, min(2, os.cpu_count() or 1))


class Pipeline(Reading):
    """One `step()` at a time; the order of steps is the order of what people miss most."""

    def __init__(
        self, store: Store, blobs: Blobs, cache: Cache, children: Children, load: Callable[[str], Embedder]
    ) -> None:
        super().__init__(store, blobs, children)
        self.cache = cache
        self._load = load
        self._embedders: dict[str, Embedder] = {}
        self._pool = ThreadPoolExecutor(OCR_WORKERS, thread_name_prefix="pipeline")

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.children.close()

    def step(self) -> bool:
        """Does the next piece of work; False when there is none."""
        return (
            self.read_next()
            or self._embed_current()
            or self._embed_other()
            or self._ocr_some()
            or self._settle()
            or collect(self.store)
        )

    # vectors

    def _embed_current(self) -> bool:
        from retrieval.store import models

        return self._embed(models.current(self.store.read()).id, all_stages=False)

    def _embed_other(self) -> bool:
        for job in jobs.active(self.store.read()):
            if job.kind == "embed" and job.subject is not None:
                self.start_job(job.id)
                if self._embed(job.subject, all_stages=True):
                    return True
                self._embedded(job)
                return True
        return False

    def _embedded(self, job: jobs.JobRow) -> None:
        """Every page has its vectors of that Model."""
        from retrieval.store import models

        with self.store.write() as db:
            row = models.get(db, job.subject or "")
            answers = row is not None and row.id == models.current(db).id
            if row is not None and row.generation_id is not None:
                vectors.note_whole(db, row.generation_id)
            message = "every page answers by meaning" if answers else "every page is embedded: it can be promoted"
            jobs.finish(db, job.id, JobState.DONE, message)

    def embedder(self, model_id: str) -> Embedder:
        """The Model's embedder, loaded once; its Generation is registered."""
        if model_id not in self._embedders:
            with self.store.write() as db:
                jobs.set_loading(db, True)
            try:
                self._embedders[model_id] = self._load(model_id)
            finally:
                with self.store.write() as db:
                    jobs.set_loading(db, False)
        return self._embedders[model_id]

    def _embed(self, model_id: str, all_stages: bool) -> bool:
        from retrieval.store import models

        db = self.store.read()
        row = models.get(db, model_id)
        if row is None:
            return False
        if row.generation_id is None:
            if not all_stages and documents.unfinished(db) == 0:
                return False
            self.embedder(model_id)
            row = models.get(db, model_id)
            assert row is not None and row.generation_id is not None
        todo = vectors.next_parts(db, row.generation_id, PARTS_A_COMMIT, all_stages=all_stages)
        if not todo:
            return False
        self.start_jobs_of({part.document_id for part in todo})
        embedder = self.embedder(model_id)
        if embedder.document_key != vectors.document_key(db, row.generation_id)[0]:
            return True  # its weights are newer than the vectors it had: loading it has given it another Generation
        shas = self._shas({part.document_id for part in todo})
        done = self._vectors(embedder, todo)
        with self.store.write() as db:
            vectors.store_parts(db, row.generation_id, todo, done)
            if not all_stages and models.current(db).generation_id == row.generation_id:
                for document_id in {part.document_id for part in todo}:
                    self._advance(db, row.generation_id, document_id)
        self._forget_erased(shas)
        return True

    def _shas(self, document_ids: set[int]) -> dict[int, str]:
        db = self.store.read()
        return {i: row.sha256 for i in document_ids if (row := documents.by_id(db, i)) is not None}

    def _forget_erased(self, shas: Mapping[int, str]) -> None:
        """Documents that were erased while they were worked on: what was cached since then goes too."""
        for document_id, sha256 in shas.items():
            if documents.by_id(self.store.read(), document_id) is None:
                self.cache.forget(sha256)

    def _vectors(self, embedder: Embedder, todo: Sequence[pages.PartRow]) -> dict[int, Floats]:
        """part id → (dim,); parts whose picture cannot be made are left out. Rendering runs beside the text."""
        reads = getattr(embedder, "reads", frozenset(Route))  # a text-only model passes pictures over
        pictures = [part for part in todo if part.route is Route.PICTURE and Route.PICTURE in reads]
        waiting = self._pool.submit(lambda: list(self._pictures(embedder, pictures)))
        done: dict[int, Floats] = {}
        texts = sorted((part for part in todo if part.route is Route.TEXT), key=lambda part: len(part.text or ""))
        for start in range(0, len(texts), TEXTS_A_CALL):
            some = texts[start : start + TEXTS_A_CALL]
            started = time.monotonic()
            rows = embedder.embed_parts([PartInput(text=part.text) for part in some])
            self.measured("text", time.monotonic() - started, len(some))
            done.update(zip((part.id for part in some), rows, strict=True))
            self.read_next()
        started = time.monotonic()
        ready = waiting.result()
        drawn_s = (time.monotonic() - started) / max(1, len(ready))
        for start in range(0, len(ready), TEXTS_A_CALL):
            started = time.monotonic()
            some_ready = ready[start : start + TEXTS_A_CALL]
            done.update(self._embed_pictures(embedder, some_ready))
            self.measured("picture", time.monotonic() - started + drawn_s * len(some_ready), len(some_ready))
            self.read_next()
        return done

    def _pictures(
        self, embedder: Embedder, parts: Sequence[pages.PartRow]
    ) -> Iterator[tuple[pages.PartRow, str, int, Image.Image | Floats]]:
        """(part, sha256, page number, picture or its cached features)."""
        db = self.store.read()
        rows = pages.get(db, [part.page_id for part in parts])
        key = getattr(embedder, "feature_key", None)
        for part in parts:
            page = rows.get(part.page_id)
            document = documents.by_id(db, part.document_id)
            if page is None or document is None:
                continue
            cached = key and self.cache.get(document.sha256, page.number, f"features/{key}")
            if cached:
                yield part, document.sha256, page.number, np.frombuffer(cached, "<f2").astype(np.float32)
                continue
            try:
                picture = self.picture(document, page, getattr(embedder, "picture_px", 1024))
            except (ValueError, OSError, Refused):
                continue  # the page stays findable by its words
            self._thumbnail(page, picture)
            yield part, document.sha256, page.number, picture

    def picture(self, document: documents.DocumentRow, page: pages.PageRow, longest_px: int) -> Image.Image:
        """RGB picture of a page; raises ValueError, OSError or Refused when it cannot be made."""
        return picture_of(self.store, self.blobs, self.children, document, page, longest_px)

    def _thumbnail(self, page: pages.PageRow, picture: Image.Image) -> None:
        if page.thumbnail is None:
            blob = self.blobs.put(thumbnail_of(picture))
            with self.store.write() as db:
                pages.set_thumbnail(db, page.id, blob)
                erased = page.id not in pages.get(db, [page.id])
            if erased:
                bin.discard(self.store, self.blobs, [blob])

    def _embed_pictures(
        self, embedder: Embedder, ready: Sequence[tuple[pages.PartRow, str, int, Image.Image | Floats]]
    ) -> Iterator[tuple[int, Floats]]:
        if not isinstance(embedder, WithFeatures):
            rows = embedder.embed_parts([PartInput(picture=picture) for *_, picture in ready])  # type: ignore[arg-type]
            yield from zip((part.id for part, *_ in ready), rows, strict=True)
            return
        fresh = [place for place, (*_, picture) in enumerate(ready) if isinstance(picture, Image.Image)]
        pictures = [picture for *_, picture in ready if isinstance(picture, Image.Image)]
        computed = embedder.features(pictures) if pictures else ()
        known: list[Floats] = [
            np.empty(0, np.float32) if isinstance(picture, Image.Image) else picture for *_, picture in ready
        ]
        for place, row in zip(fresh, computed, strict=True):
            _, sha256, number, _ = ready[place]
            self.cache.put(sha256, number, f"features/{embedder.feature_key}", row.astype("<f2").tobytes())
            known[place] = row.astype(np.float16).astype(np.float32)  # the same whether cached or fresh
        rows = embedder.project(np.stack(known))
        yield from zip((part.id for part, *_ in ready), rows, strict=True)

    # OCR

    def _ocr_some(self) -> bool:
        waiting = pages.next_ocr(self.store.read(), 2 * OCR_WORKERS)
        if not waiting:
            return False
        self.start_jobs_of({page.document_id for page in waiting})
        shas = self._shas({page.document_id for page in waiting})
        started = time.monotonic()
        read: list[tuple[pages.PageRow, Future[list[Line] | None]]] = [
            (page, self._pool.submit(self._ocr, page)) for page in waiting
        ]
        for page, future in read:
            lines = future.result()
            found = passages(lines, Source.OCR) if lines else ()
            with self.store.write() as db:
                if documents.by_id(db, page.document_id) is not None:
                    if found:
                        pages.add_passages(db, page.id, found, fulltext.extra_tokens(text_of(found)))
                        if page.number == 1:
                            self.entitle(db, page.document_id)
                    pages.set_ocr(db, page.id, "failed" if lines is None else "done")
            self.read_next()
        self._forget_erased(shas)
        self.measured("ocr", time.monotonic() - started, len(waiting))
        return True

    def _ocr(self, page: pages.PageRow) -> list[Line] | None:
        """Lines on a page's picture, cached by content; None when it cannot be read."""
        document = documents.by_id(self.store.read(), page.document_id)
        if document is None:
            return []
        cached = self.cache.get(document.sha256, page.number, f"ocr/{engines.OCR}")
        if cached is not None:
            return [Line(text, Box(*box), score) for text, score, box in json.loads(cached)]
        try:
            if page.picture is not None:
                lines = self.children.ocr_picture(self.blobs.get(page.picture))
            else:
                ref = Page(page.number, page.kind, page.width, page.height, key_s=page.key_s).ref
                lines = self.children.ocr(original(self.store, self.blobs, document), document.kind, ref)
        except (ValueError, OSError, Refused):
            return None
        value = [(line.text, line.score, (line.box.x0, line.box.y0, line.box.x1, line.box.y1)) for line in lines]
        self.cache.put(document.sha256, page.number, f"ocr/{engines.OCR}", json.dumps(value).encode())
        return lines

    # stages and jobs

    def _advance(self, db: sqlite3.Connection, generation_id: int, document_id: int) -> bool:
        document = documents.by_id(db, document_id)
        if document is None or document.stage not in (Stage.VECTORS, Stage.OCR):
            return False
        if not vectors.complete(db, generation_id, document_id):
            return False
        stage = Stage.OCR if pages.waiting_for_ocr(db, document_id) else Stage.DONE
        if stage is document.stage:
            return False
        documents.set_stage(db, document_id, stage)
        return True

    def _settle(self) -> bool:
        """Nothing is left to compute: documents whose work is complete move on, jobs without work end."""
        from retrieval.store import models

        db = self.store.read()
        waiting = documents.between_stages(db)
        finished = [job for job in jobs.active(db) if job.kind == "ingest" and not documents.work_left(db, job.id)]
        generation = models.current(db).generation_id
        if not finished and (not waiting or generation is None):
            return False
        moved = False
        with self.store.write() as db:
            generation = models.current(db).generation_id  # another one may have been promoted meanwhile
            if generation is not None:
                for document_id in waiting:
                    moved = self._advance(db, generation, document_id) or moved
            for job in jobs.active(db):
                if job.kind == "ingest" and not documents.work_left(db, job.id):
                    jobs.finish(db, job.id, JobState.DONE, None)
                    moved = True
            if moved and generation is not None:
                vectors.note_whole(db, generation)
        return moved

    def start_jobs_of(self, document_ids: set[int]) -> None:
        db = self.store.read()
        for job_id in {row.job_id for i in document_ids if (row := documents.by_id(db, i)) is not None}:
            self.start_job(job_id)


def thumbnail_of(picture: Image.Image) -> bytes:
    """A small JPEG, at most THUMBNAIL_PX on its longest side."""
    small = picture.convert("RGB")
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=80)
    return out.getvalue()


__all__ = ["Limits", "Pipeline", "thumbnail_of"]
