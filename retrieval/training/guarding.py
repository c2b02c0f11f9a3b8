"""General questions that a retrain must not unlearn: a small library of its own, asked before and after.

Its texts and pictures come with Folioscope (`guard/`). It is made in a temporary folder and searched as any other one.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from PIL import Image

from ingest.passages import passages
from ingest.types import Box, FileKind, Kind, Line, Page, Source
from retrieval import fulltext, search
from retrieval.fusion import Fusion
from retrieval.index import GenerationIndex
from retrieval.store import documents, jobs, pages, vectors
from retrieval.store.cache import Cache
from retrieval.store.db import Store
from retrieval.training.compare import Ranking
from retrieval.types import Embedder, Floats, PartInput, Route

_FOLDER = resources.files("retrieval.training").joinpath("guard")


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """(question, text)"""
    return _table("texts.tsv")


@cache
def pictures() -> tuple[tuple[str, str], ...]:
    """(question, file name)"""
    return _table("pictures.tsv")


def _table(name: str) -> tuple[tuple[str, str], ...]:
    rows = csv.reader(io.StringIO(_FOLDER.joinpath(name).read_text("utf-8")), delimiter="\t", quoting=csv.QUOTE_NONE)
    return tuple((row[0], row[1]) for row in rows)[1:]


@cache
def content_key() -> str:
    """sha256 of all that is asked and answered."""
    digest = hashlib.sha256(repr((texts(), pictures())).encode())
    for _, name in pictures():
        digest.update(_FOLDER.joinpath("pictures", name).read_bytes())
    return digest.hexdigest()


class Guard:
    """An open guard library. `vectors` (n, dim) of its questions, by the embedder before any map."""

    def __init__(self, store: Store, index: GenerationIndex, answers: Sequence[int], vectors: Floats) -> None:
        self._store, self._index, self._answers = store, index, answers
        self.vectors = vectors
        questions = [question for question, _ in (*texts(), *pictures())]
        self.questions = questions[: len(answers)]

    def ask(self, rows: Floats, fusion: Fusion) -> list[tuple[int, ...]]:
        """The best pages for each question vector (n, dim)."""
        db = self._store.read()
        within = search.scope(db, None, None, None)
        return [
            tuple(
                found.page_id
                for found in search.candidates(db, question, within, fusion=fusion, index=self._index, vector=row)
            )
            for question, row in zip(self.questions, rows, strict=True)
        ]

    def rankings(self, before: Sequence[tuple[int, ...]], after: Sequence[tuple[int, ...]]) -> list[Ranking]:
        rows = zip(self.questions, self._answers, before, after, strict=True)
        return [
            Ranking(question, frozenset({answer}), frozenset(), frozenset(), first, second)
            for question, answer, first, second in rows
        ]


@contextmanager
def guard(embedder: Embedder, kept: Cache, stop: Callable[[], None]) -> Iterator[Guard]:
    """The guard library with the embedder's vectors; those are computed once a machine. `stop` may raise."""
    reads = getattr(embedder, "reads", frozenset(Route))
    shown = pictures() if Route.PICTURE in reads else ()
    parts = [PartInput(text=text) for _, text in texts()]
    parts += [PartInput(picture=_picture(name)) for _, name in shown]
    asked = [PartInput(text=question) for question, _ in (*texts(), *shown)]
    rows = _kept(kept, f"guard/{embedder.document_key}", parts, embedder.embed_parts, embedder.dim, stop)
    questions = _kept(kept, f"guard-questions/{embedder.query_key}", asked, embedder.embed_queries, embedder.dim, stop)
    with tempfile.TemporaryDirectory(prefix="folioscope-guard-") as folder:
        store = Store(Path(folder))
        try:
            answers = _fill(store, rows, len(shown), embedder)
            index = GenerationIndex(1, embedder.dim)
            index.refresh(store.read())
            yield Guard(store, index, answers, questions)
        finally:
            store.close()


def _picture(name: str) -> Image.Image:
    return Image.open(io.BytesIO(_FOLDER.joinpath("pictures", name).read_bytes())).convert("RGB")


def _kept(
    kept: Cache,
    what: str,
    parts: Sequence[PartInput],
    embed: Callable[[Sequence[PartInput]], Floats],
    dim: int,
    stop: Callable[[], None],
) -> Floats:
    """(n, dim) from the cache, else embedded and put there."""
    found = kept.get(content_key(), len(parts), what)
    if found is not None:
        return np.frombuffer(found, "<f4").reshape(len(parts), dim).copy()
    some = []
    for start in range(0, len(parts), 16):
        stop()
        some.append(embed(parts[start : start + 16]))
    rows = np.concatenate(some).astype("<f4")
    kept.put(content_key(), len(parts), what, rows.tobytes())
    return np.asarray(rows, np.float32)


def _fill(store: Store, rows: Floats, shown: int, embedder: Embedder) -> list[int]:
    """Every text and picture as a document of one Page; the Pages' ids, in order."""
    answers: list[int] = []
    with store.write() as db:
        job = jobs.insert(db, "ingest")
        generation = vectors.generation(db, embedder.document_key, embedder.dim)
        for number, row in enumerate(rows):
            is_text = number < len(rows) - shown
            key = hashlib.sha256(f"guard {number}".encode()).hexdigest()
            document = documents.insert(db, key, FileKind.TEXT if is_text else FileKind.IMAGE, None, 0, None, job)
            text = texts()[number][1] if is_text else ""
            kind, lines = (Kind.PAGE, [Line(text, Box(0.0, 0.0, 1.0, 1.0))]) if is_text else (Kind.PICTURE, [])
            page = pages.insert(
                db,
                document,
                Page(1, kind, 0.0, 0.0, passages(lines, Source.TEXT) if lines else ()),
                title="",
                extra=fulltext.extra_tokens(text),
                picture=None,
                has_picture=not is_text,
            )
            part = pages.parts_of_pages(db, [page])[page][0]
            route = Route.TEXT if is_text else Route.PICTURE
            ids = np.array([part.id], np.int64), np.array([page], np.int64)
            vectors.store(db, generation, document, route, *ids, row[None])
            answers.append(page)
    return answers
