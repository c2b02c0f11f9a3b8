"""A careful retrain of 100 questions at 1,500 pages, from the click to the verdict, and questions asked meanwhile."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from retrieval import Library, search
from retrieval.adding import add_texts
from retrieval.store import documents, fulltext, pages, vectors
from retrieval.training.evidence import gather
from retrieval.training.fused import pack
from retrieval.training.learn import DEFAULTS, bare_steps, inner_folds
from retrieval.training.types import Recipe, TrainSettings
from retrieval.types import Job, JobState, PartInput, Stage
from tests.bench import made
from tests.bench.queries import IDLE_QUESTIONS, ask
from tests.bench.report import Bound, Ratio, Row

PAGES, PASSAGES, QUESTIONS = 1_500, 3, 100


def retrain() -> Iterator[Row]:
    """The bare work is the optimisation steps on arrays that are ready, and embedding the questions once."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        with Library(home / "library", cache=home / "cache") as library:
            fill(library)
            library.prepare()
            asked = made.questions(1000)
            idle = [ask(library, question) for question in asked[QUESTIONS : QUESTIONS + IDLE_QUESTIONS]]
            bare = _bare(library)
            job = library.training.train(TrainSettings(recipe=Recipe.CAREFUL), wait=False)
            assert isinstance(job, int)
            busy = []
            for question in asked[QUESTIONS + IDLE_QUESTIONS :]:
                if library.jobs.get(job).state not in (JobState.QUEUED, JobState.RUNNING):
                    break
                busy.append(ask(library, question))
            alone = library.training.train(TrainSettings(recipe=Recipe.CAREFUL, seed=1), wait=False)
            assert isinstance(alone, int)
            told: list[tuple[float, float]] = []
            ended = library.jobs.wait(alone, lambda job: _note(told, job))
            assert ended.state is JobState.DONE and ended.finished is not None, ended
            took = ended.finished - ended.created
    yield Ratio(f"retrain from {QUESTIONS} questions at {PAGES:,} pages", took, bare, 3.0, 5.0)
    ours, calm = (1000 * float(np.percentile(times, 95)) for times in (busy, idle))
    yield Ratio(f"question p95 while training ({len(busy)} questions)", ours, calm, 3.0, unit="ms")
    yield Bound("its end as told at 10, 30, 50, 70 %: worst error", _worst(told, ended.finished), 20.0, "%")


def _note(told: list[tuple[float, float]], job: Job) -> None:
    """(now, the end as told)"""
    if job.seconds_left is not None:
        told.append((time.time(), time.time() + job.seconds_left))


def _worst(told: list[tuple[float, float]], end: float) -> float:
    """Percent of the whole time, from the first word on."""
    begin = told[0][0]
    at = [next(row for row in told if row[0] >= begin + share * (end - begin)) for share in (0.1, 0.3, 0.5, 0.7)]
    return max(100 * abs(said - end) / (end - begin) for _, said in at)


def fill(library: Library) -> None:
    """Pages with random vectors as the builtin model's (embedding them would take minutes), and judged questions."""
    add_texts(library.store, made.texts(PAGES, PASSAGES))
    embedder = library.models.builtin()
    random = np.random.default_rng(0)
    db = library.store.read()
    with library.store.write():
        generation = vectors.generation(db, embedder.document_key, embedder.dim)
        found = pages.parts_of_pages(db, fulltext.live(db))
        for page, parts in found.items():
            rows = random.standard_normal((len(parts), embedder.dim)).astype(np.float32)
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            ids = np.array([part.id for part in parts], np.int64)
            document = parts[0].document_id
            vectors.store(db, generation, document, parts[0].route, ids, np.full(len(ids), page, np.int64), rows)
            vectors.set_progress(db, generation, document, int(ids[-1]))
            documents.set_stage(db, document, Stage.DONE)
    live = fulltext.live(db)
    for number, question in enumerate(made.questions(QUESTIONS)):
        library.labels.set(question, live[(number * 13) % len(live)], True)


def _bare(library: Library) -> float:
    """Seconds."""
    questions = library.labels.questions(settle=True)
    learning = [question for question in questions if not question.held_out]
    now = library.models.answering()
    started = time.perf_counter()
    rows = now.embedder.embed_queries([PartInput(text=question.query) for question in questions])
    embedding = time.perf_counter() - started
    of = dict(zip([question.query for question in questions], rows, strict=True))
    db = library.store.read()
    within = search.scope(db, None, None, None)
    some = np.stack([of[question.query] for question in learning])
    evidence = gather(db, learning, some, within, now.fusion, now.index)
    batch = pack(evidence.asked)
    steps = (len(inner_folds(len(learning), 0)) + 1) * DEFAULTS.steps
    started = time.perf_counter()
    bare_steps(evidence, batch, steps)
    return embedding + time.perf_counter() - started
