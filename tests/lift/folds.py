"""Five folds by question: N questions of four folds are learned from, the fifth is measured. By the product's own code."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from retrieval import search
from retrieval.library import Library
from retrieval.training.asking import Side, answers, question_vectors
from retrieval.training.compare import Ranking, compare
from retrieval.training.evidence import Evidence, gather
from retrieval.training.learn import learn
from retrieval.training.request import folder_questions
from retrieval.training.types import Comparison, JudgedQuestion, TrainSettings
from retrieval.types import Floats

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Set:
    """Questions of one data set over a library that holds its files."""

    library: Library
    questions: list[JudgedQuestion]
    vectors: Floats
    evidence: Evidence
    base: Side
    known: dict[int, tuple[int, ...]] = field(default_factory=dict)  # what the base answers, by place


def opened(library: Library, folder: Path, split: str | None, limit: int | None) -> Set:
    """`limit`: so many questions, drawn at random."""
    found = folder_questions(library, folder, split)
    texts = list(found)
    order = np.random.default_rng(0).permutation(len(texts))[: limit or len(texts)]
    questions = [
        JudgedQuestion(texts[place], frozenset(found[texts[place]][0]), frozenset(found[texts[place]][1]), False)
        for place in sorted(order.tolist())
    ]
    now = library.models.answering()
    vectors = question_vectors(library, now.embedder, [question.query for question in questions], lambda: None)
    db = library.store.read()
    within = search.scope(db, None, None, None)
    evidence = gather(db, questions, vectors, within, now.fusion, now.index)
    return Set(
        library, questions, vectors, evidence, Side(now.embedder, now.fusion, None, now.index, now.generation_id)
    )


@dataclass(frozen=True, slots=True)
class Row:
    learned_from: int
    gain: Comparison
    seconds: float  # of one training
    shares: tuple[float, ...]  # chosen in each fold
    fits: tuple[float, float] | None = None  # share of the right first answers that are said to fit: before, after


def careful(data: Set, count: int, settings: TrainSettings) -> Row:
    """Every question measured by a model that learned from `count` others."""
    size = len(data.questions)
    order = np.random.default_rng(settings.seed).permutation(size)
    ranked: list[Ranking] = []
    shares, seconds = [], []
    fits: list[list[bool]] = [[], []]
    for number in range(FOLDS):
        fold = order[number::FOLDS]
        rest = np.setdiff1d(order, fold)
        chosen = np.random.default_rng((settings.seed, number)).permutation(rest)[:count]
        started = time.perf_counter()
        part = replace(data.evidence, asked=tuple(data.evidence.asked[place] for place in sorted(chosen.tolist())))
        found = learn(part, settings, lambda done, total: None, lambda: False)
        seconds.append(time.perf_counter() - started)
        shares.append(found.share)
        side = data.base if found.no_gain else replace(data.base, fusion=found.fusion, map=found.map)
        ranked += measured(data, fold.tolist(), side)
        for found_fits, one in zip(fits, (data.base, side), strict=True):
            found_fits += fitting(data, fold.tolist(), one)
    before, after = (float(np.mean(each)) for each in fits)
    return Row(count, compare(ranked, "ndcg@10"), float(np.mean(seconds)), tuple(shares), (before, after))


def fitting(data: Set, places: Sequence[int], side: Side) -> list[bool]:
    """For each question whose first answer is right: whether that is said to fit."""
    db = data.library.store.read()
    within = search.scope(db, None, None, None)
    turned = side.turned(data.vectors)
    found = []
    for place in places:
        question = data.questions[place]
        first = search.candidates(
            db, question.query, within, fusion=side.fusion, index=side.index, vector=turned[place], stage="fused"
        )[0]
        if first.page_id in question.right:
            found.append(first.chance >= side.fusion.cutoff)
    return found


def measured(data: Set, places: Sequence[int], side: Side) -> list[Ranking]:
    """What the base answers is asked once."""
    within = search.scope(data.library.store.read(), None, None, None)
    turned = side.turned(data.vectors)
    found = []
    for place in places:
        question = data.questions[place]
        if place not in data.known:
            data.known[place] = answers(data.library, question.query, data.vectors[place], data.base, within)
        after = answers(data.library, question.query, turned[place], side, within)
        found.append(Ranking(question.query, question.right, question.wrong, frozenset(), data.known[place], after))
    return found
