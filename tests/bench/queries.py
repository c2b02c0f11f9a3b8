"""A question in a library of 10,000 pages, and questions while a document is being read."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from retrieval import Library
from retrieval.builtin import load_builtin
from retrieval.cpu import precision_probe
from retrieval.types import Embedder, Floats, JobState, PartInput, Route
from tests.bench import made
from tests.bench.report import Ratio, Row

PAGES, PARTS, QUESTIONS, K = 10_000, 8, 200, 100
EVERY_S, IDLE_QUESTIONS = 0.25, 60


class RandomParts:
    """Embeds questions with the real model and gives Parts random vectors: 80,000 real ones would take an hour."""

    def __init__(self, real: Embedder) -> None:
        self._real = real
        self._random = np.random.default_rng(0)
        self.dim = real.dim
        self.query_key, self.document_key = real.query_key, "random parts"

    def embed_queries(self, queries: Sequence[PartInput]) -> Floats:
        return self._real.embed_queries(queries)

    def embed_parts(self, parts: Sequence[PartInput]) -> Floats:
        rows = self._random.standard_normal((len(parts), self.dim)).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def large(pages: int = PAGES) -> Iterator[Row]:
    """The whole search (words, meaning, fusion, Hits) against embedding the question and one FAISS call, k 100."""
    with tempfile.TemporaryDirectory() as name:
        embedder = RandomParts(load_builtin(precision_probe()))
        with Library(Path(name) / "library", embedder=embedder, cache=Path(name) / "cache") as library:
            library.add_texts(made.texts(pages, PARTS))
            library.prepare()
            bare, ours = [], []
            for number, question in enumerate(made.questions(QUESTIONS + 10)):
                start = time.perf_counter()
                row = embedder.embed_queries([PartInput(text=question)])[0]
                library.models.index().routes[Route.TEXT].search(row[None], K)
                middle = time.perf_counter()
                library.search(
                    f"{question} {number}"
                )  # another question: the library remembers vectors of the last ones
                end = time.perf_counter()
                if number >= 10:  # the first ones warm caches
                    bare.append(middle - start)
                    ours.append(end - middle)
    name = f"a question at {pages:,} pages, median"
    yield Ratio(name, 1000 * float(np.median(ours)), 1000 * float(np.median(bare)), 2.0, unit="ms")


def beside_ingest() -> Iterator[Row]:
    """95th percentile of a question every 250 ms, idle and while the worker reads a document."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        first = made.pdf(home / "first.pdf", 20, seed=1)
        second = made.pdf(home / "second.pdf", 100, seed=2)
        with Library(home / "library", cache=home / "cache") as library:
            library.add([first])
            library.prepare()
            questions = made.questions(1000)
            for question in questions[:10]:
                library.search(question)
            idle = [ask(library, question) for question in questions[10 : 10 + IDLE_QUESTIONS]]
            job = library.add([second], wait=False).job
            assert job is not None
            busy = []
            for question in questions[10 + IDLE_QUESTIONS :]:
                if library.jobs.get(job).state not in (JobState.QUEUED, JobState.RUNNING):
                    break
                busy.append(ask(library, question))
    ours, bare = (1000 * float(np.percentile(times, 95)) for times in (busy, idle))
    yield Ratio(f"question p95 while reading ({len(busy)} questions)", ours, bare, 3.0, unit="ms")


def ask(library: Library, question: str) -> float:
    start = time.perf_counter()
    library.search(question)
    took = time.perf_counter() - start
    time.sleep(max(0.0, EVERY_S - took))
    return took
