"""The deeper recipes in the same folds: own weights, the vectors that they change, then query map and fusion on top."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from retrieval import search
from retrieval.library import Library
from retrieval.store import vectors as vector_store
from retrieval.training.asking import Side, question_vectors, rankings
from retrieval.training.compare import Ranking, compare
from retrieval.training.deeper import Deeper, Grounds, go_deeper
from retrieval.training.evidence import gather
from retrieval.training.learn import learn
from retrieval.training.pictures import Pictures
from retrieval.training.types import TrainSettings
from retrieval.types import Floats
from tests.lift.folds import FOLDS, Row, Set


def deep(data: Set, count: int, settings: TrainSettings, folds: int = FOLDS) -> Row:
    """As `careful`, by `settings.recipe`; `folds` of the five. The shares are those of the own weights."""
    size = len(data.questions)
    order = np.random.default_rng(settings.seed).permutation(size)
    ranked: list[Ranking] = []
    shares, seconds = [], []
    for number in range(folds):
        fold = order[number::FOLDS]
        rest = np.setdiff1d(order, fold)
        chosen = np.random.default_rng((settings.seed, number)).permutation(rest)[:count]
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            found = _deeper(data, sorted(chosen.tolist()), settings, Path(folder))
            side, rows = _on_top(data, sorted(chosen.tolist()), found, settings)
        seconds.append(time.perf_counter() - started)
        shares.append(found.record.share)
        some = [data.questions[place] for place in fold]
        ranked += rankings(data.library, some, (data.base, data.vectors[fold]), (side, rows[fold]), lambda: None)
        if found.generation is not None:
            _forget(data.library, found.generation)
    return Row(count, compare(ranked, "ndcg@10"), float(np.mean(seconds)), tuple(shares))


def _deeper(data: Set, chosen: list[int], settings: TrainSettings, folder: Path) -> Deeper:
    library = data.library
    grounds = Grounds(
        data.base.embedder,
        data.base.index,
        [data.questions[place] for place in chosen],
        data.vectors[chosen],
        replace(data.evidence, asked=tuple(data.evidence.asked[place] for place in chosen)),
        Pictures(library.store, library.blobs, library.cache, library.children),
    )
    return go_deeper(grounds, settings.recipe, settings, folder, lambda share, line: None, lambda: False)


def _on_top(data: Set, chosen: list[int], found: Deeper, settings: TrainSettings) -> tuple[Side, Floats]:
    """The new Model, and every question's vector before its map."""
    side, rows = data.base, data.vectors
    evidence = replace(data.evidence, asked=tuple(data.evidence.asked[place] for place in chosen))
    if found.index is not None and found.generation is not None:
        texts = [question.query for question in data.questions]
        rows = question_vectors(data.library, found.embedder, texts, lambda: None)
        side = Side(found.embedder, data.base.fusion, None, found.index, found.generation)
        db = data.library.store.read()
        within = search.scope(db, None, None, None)
        learning = [data.questions[place] for place in chosen]
        evidence = gather(db, learning, rows[chosen], within, side.fusion, side.index)
    learned = learn(evidence, settings, lambda done, total: None, lambda: False)
    return (side if learned.no_gain else replace(side, fusion=learned.fusion, map=learned.map)), rows


def _forget(library: Library, generation: int) -> None:
    """No Model will ever ask it."""
    with library.store.write() as db:
        vector_store.drop_some(db, generation, 10**9)
