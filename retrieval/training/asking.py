"""Judged questions asked of the library: their vectors, and what two Models answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from retrieval import search
from retrieval.fusion import Fusion
from retrieval.index import GenerationIndex
from retrieval.library import Library
from retrieval.search import Scope
from retrieval.store import pages, questions
from retrieval.training.compare import Ranking
from retrieval.training.mapped import MappedEmbedder, apply_map
from retrieval.training.types import JudgedQuestion
from retrieval.types import Embedder, Floats, PartInput, Reranker

TOP = 100
AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Side:
    """One Model as far as it matters for an answer. `embedder` is the one beneath the map, `map` None: there is none."""

    embedder: Embedder
    fusion: Fusion
    map: Floats | None
    index: GenerationIndex
    generation: int

    def turned(self, vectors: Floats) -> Floats:
        return vectors if self.map is None else apply_map(vectors, self.map)


def unmapped(embedder: Embedder) -> tuple[Embedder, Floats | None]:
    """The embedder beneath the map, and the map."""
    if isinstance(embedder, MappedEmbedder):
        return embedder.base, embedder.map
    return embedder, None


def question_vectors(library: Library, embedder: Embedder, asked: Sequence[str], check: Callable[[], None]) -> Floats:
    """(n, dim) float32; those that the library holds in half precision are not embedded again, others are rounded alike."""
    db = library.store.read()
    ids = {row.text: row.id for row in questions.judged(db)}
    held = questions.vectors(db, embedder.query_key, [ids[text] for text in asked if text in ids])
    found = {text: held[ids[text]] for text in asked if text in ids and ids[text] in held}
    missing = [text for text in dict.fromkeys(asked) if text not in found]
    for start in range(0, len(missing), AT_ONCE):
        check()
        some = missing[start : start + AT_ONCE]
        rows = embedder.embed_queries([PartInput(text=text) for text in some])
        found.update(zip(some, rows.astype(np.float16), strict=True))
    return np.stack([found[text] for text in asked]).astype(np.float32)


class Remembering:
    """A Reranker that reads each question with each passage once: both Models' first answers are mostly the same."""

    def __init__(self, reranker: Reranker) -> None:
        self.profiles = reranker.profiles
        self._reranker = reranker
        self._known: dict[tuple[str, str | None], float] = {}

    def score(self, query: str, parts: Sequence[PartInput]) -> Floats:
        new = {part.text: part for part in parts if (query, part.text) not in self._known}
        if new:
            scores = self._reranker.score(query, list(new.values())).tolist()
            self._known |= {(query, text): score for text, score in zip(new, scores, strict=True)}
        return np.array([self._known[query, part.text] for part in parts], np.float32)


def answers(
    library: Library, question: str, vector: Floats, side: Side, within: Scope, reranker: Reranker | None = None
) -> tuple[int, ...]:
    """Page ids, best first, as the product would answer."""

    def embed(text: str) -> Floats:
        return side.turned(side.embedder.embed_queries([PartInput(text=text)]))[0]

    found = search.candidates(
        library.store.read(),
        question,
        within,
        fusion=side.fusion,
        index=side.index,
        vector=vector,
        embed=embed,
        reranker=reranker,
    )
    return tuple(candidate.page_id for candidate in found[:TOP])


def rankings(
    library: Library,
    asked: Sequence[JudgedQuestion],
    before: tuple[Side, Floats],
    after: tuple[Side, Floats],
    tick: Callable[[], None],
    reranker: Reranker | None = None,
) -> list[Ranking]:
    """Each question under both Models, which share a reranker; each side comes with its own vectors (n, dim), before its
    map."""
    db = library.store.read()
    within = search.scope(db, None, None, None)
    kinds = kinds_of(library, {page for question in asked for page in question.right})
    rows = [(side, side.turned(vectors)) for side, vectors in (before, after)]
    found = []
    for place, question in enumerate(asked):
        tick()
        first, second = (
            answers(library, question.query, turned[place], side, within, reranker) for side, turned in rows
        )
        of = frozenset(kinds[page] for page in question.right if page in kinds)
        found.append(Ranking(question.query, question.right, question.wrong, of, first, second))
    return found


def kinds_of(library: Library, page_ids: set[int]) -> dict[int, str]:
    return {key: str(row.kind) for key, row in pages.get(library.store.read(), sorted(page_ids), brief=True).items()}
