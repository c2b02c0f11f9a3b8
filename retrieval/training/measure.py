"""The verdict: both Models asked the same questions that neither learned from, and general ones beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from retrieval.corpus_ids import corpus_id
from retrieval.library import Library
from retrieval.store import documents, pages
from retrieval.training.asking import Remembering, Side, rankings
from retrieval.training.compare import (
    MEASURES,
    Ranking,
    changes,
    compare,
    per_kind,
    to_judge,
    unjudged_share,
)
from retrieval.training.guarding import guard
from retrieval.training.plan import Plan
from retrieval.training.types import GUARD_TOLERANCE, Comparison, JudgedQuestion, Outcome, Verdict
from retrieval.types import Floats

if TYPE_CHECKING:
    from retrieval.training.run import Made

SHOWN = 100  # pages of a list that are named in a verdict


@dataclass(frozen=True, slots=True)
class Measured:
    """`rankings` of questions that the new Model did not learn from; `cross_validated`: of some a fold's model did not."""

    rankings: list[Ranking]
    guard: Comparison
    cross_validated: bool


Vectors = Mapping[str, Floats]  # question → (dim,), before any map


class Measuring:
    """`before`: the current Model, with its vectors of every judged question."""

    def __init__(self, library: Library, before: Side, vectors: Vectors, check: Callable[[], None], plan: Plan) -> None:
        self._library, self._before, self._vectors = library, before, vectors
        self._check, self._plan = check, plan
        found = library.reranker or library.models.reranker()
        self._reranker = None if found is None else Remembering(found)

    def ask(self, sides: Sequence[tuple[Sequence[JudgedQuestion], Side, Vectors]]) -> list[Ranking]:
        """Questions, each group with the Model that is new to it and that one's vectors."""
        total, done = sum(len(some) for some, _, _ in sides), 0

        def tick() -> None:
            nonlocal done
            self._check()
            self._plan.progress(done / max(total, 1))
            done += 1

        found: list[Ranking] = []
        for some, side, vectors in sides:
            first, second = (np.stack([of[question.query] for question in some]) for of in (self._vectors, vectors))
            found += rankings(self._library, some, (self._before, first), (side, second), tick, self._reranker)
        return found

    def guard(self, after: Side) -> Comparison:
        """The general questions, before and after."""
        answers = []
        for side in (self._before, after):
            with guard(side.embedder, self._library.cache, self._check) as asked:
                answers.append(asked.ask(side.turned(asked.vectors), side.fusion))
        return compare(asked.rankings(*answers), "ndcg@10")


def verdict(
    made: Made,
    found: Measured,
    *,
    model: str,
    base: str,
    library: Library,
    labels: int,
    questions: int,
    learned_from: int,
    seconds: float,
) -> Verdict:
    """All figures of a Model against its base."""
    ranked = found.rankings
    every = tuple(compare(ranked, measure) for measure in MEASURES)
    holds = found.guard.difference.value >= -GUARD_TOLERANCE
    outcome = outcome_of(every[0], holds)
    names = corpus_ids(library, {page for row in ranked for page in (*row.right, *row.before[:10], *row.after[:10])})
    return Verdict(
        model=model,
        base=base,
        outcome=outcome,
        recommended=outcome is Outcome.BETTER and not made.no_gain,
        recipe=made.recipe,
        no_gain=made.no_gain,
        labels=labels,
        questions=questions,
        learned_from=learned_from,
        measured_on=len(ranked),
        cross_validated=found.cross_validated,
        all_pages=every,
        judged_pages=tuple(compare(ranked, measure, judged_pages=True) for measure in MEASURES),
        per_kind=per_kind(ranked),
        unjudged_before=unjudged_share(ranked, lambda row: row.before),
        unjudged_after=unjudged_share(ranked, lambda row: row.after),
        guard=found.guard,
        guard_holds=holds,
        won=changes(ranked, names)[0],
        lost=changes(ranked, names)[1],
        to_judge=to_judge(ranked, names),
        moved=made.moved,
        notes=(*made.notes, *_notes(found, holds)),
        seconds=seconds,
    )


def outcome_of(comparison: Comparison, guard_holds: bool) -> Outcome:
    if comparison.difference.low > 0 and guard_holds:
        return Outcome.BETTER
    return Outcome.WORSE if comparison.difference.high < 0 else Outcome.TOO_FEW


def _notes(found: Measured, holds: bool) -> list[str]:
    notes = []
    if found.cross_validated:
        notes.append(
            "Few questions are held out, so the estimate is cross-validated: each question was measured with a"
            " model that had not learned from it."
        )
    if not holds:
        notes.append("It answers general questions worse than before.")
    return notes


def corpus_ids(library: Library, page_ids: set[int]) -> dict[int, str]:
    """Page id → corpus id under the document's first name."""
    db = library.store.read()
    rows = pages.get(db, sorted(page_ids), brief=True)
    ids = sorted({row.document_id for row in rows.values()})
    names = documents.names(db, ids)
    kinds = {key: row.kind for key in ids if (row := documents.by_id(db, key)) is not None}
    return {
        key: corpus_id(names[row.document_id][0], kinds[row.document_id], row)
        for key, row in rows.items()
        if row.document_id in kinds
    }
