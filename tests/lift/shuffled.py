"""The control: 100 questions of a set whose answers are shuffled among them. A retrain must not be recommended."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from retrieval import search
from retrieval.training.compare import compare
from retrieval.training.evidence import gather
from retrieval.training.guarding import guard
from retrieval.training.heldout import by_hash
from retrieval.training.learn import learn
from retrieval.training.measure import outcome_of
from retrieval.training.types import GUARD_TOLERANCE, Outcome, TrainSettings
from tests.lift.folds import Set, measured

QUESTIONS = 100


def recommended(data: Set, seed: int, settings: TrainSettings) -> tuple[bool, str]:
    """Whether a careful retrain from shuffled labels would be recommended, and what it came to."""
    random = np.random.default_rng(seed)
    places = random.permutation(len(data.questions))[:QUESTIONS]
    answers = random.permutation(places)
    questions = [
        replace(data.questions[place], right=data.questions[answer].right)
        for place, answer in zip(places, answers, strict=True)
    ]
    vectors = data.vectors[places]
    learns = [place for place, question in enumerate(questions) if not by_hash(question.query)]
    out = [place for place, question in enumerate(questions) if by_hash(question.query)]
    db = data.library.store.read()
    within = search.scope(db, None, None, None)
    some = [questions[place] for place in learns]
    evidence = gather(db, some, vectors[learns], within, data.base.fusion, data.base.index)
    found = learn(evidence, replace(settings, seed=seed), lambda done, total: None, lambda: False)
    if found.no_gain:
        return False, "no gain found"
    side = replace(data.base, fusion=found.fusion, map=found.map)
    shuffled = replace(data, questions=questions, vectors=vectors, known={})
    gain = compare(measured(shuffled, out, side), "ndcg@10")
    with guard(data.library.models.builtin(), data.library.cache, lambda: None) as asked:
        before, after = (asked.ask(one.turned(asked.vectors), one.fusion) for one in (data.base, side))
        guarded = compare(asked.rankings(before, after), "ndcg@10")
    outcome = outcome_of(gain, guarded.difference.value >= -GUARD_TOLERANCE)
    return outcome is Outcome.BETTER, f"{outcome}: {gain.difference.value:+.3f}, guard {guarded.difference.value:+.3f}"
