"""What the stages know about judged questions, as arrays: made once by the product's own search, then only multiplied.

For each question: its candidate Pages (the product's, and every judged one), their evidence, and which are right. Beside
them the stored rows of those Pages' Parts, so that the cosines of *another* question vector are one product away.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from retrieval import search
from retrieval.fusion import Fusion
from retrieval.index import GenerationIndex
from retrieval.search import Candidate, Scope
from retrieval.store import fulltext as fulltext_store
from retrieval.store import pages as page_store
from retrieval.training.types import JudgedQuestion
from retrieval.types import Floats, Ints, Profile, Route
from retrieval.words import look_up

STRANGERS = 150  # Pages without text that compete beside a question's candidates: only the vector keeps them away
LOOKED_AT = 5_000  # Pages among which they are looked for

MOVED = {
    "text": Route.TEXT,
    "picture": Route.PICTURE,
}  # evidence that a new question vector changes, and so what follows


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its k candidates. `pages` (k,) are places in the Pool, `fixed` (k, F) the evidence in the order of
    EVIDENCE as the vector finds it, NaN where a page has nothing; `document` (k,) numbers the documents from 0, `near`
    (k, 2) are the places among the candidates of the page before and the page after, -1 where they are none."""

    query: str
    vector: Floats  # (dim,) of the base embedder, before any map
    pages: Ints
    fixed: Floats
    document: Ints
    near: Ints
    right: Ints  # places among the candidates
    judged: Ints


@dataclass(frozen=True, slots=True)
class RouteRows:
    """Stored rows of one route: `vectors` (t, dim) sorted by `page` (t,), their place in the Pool.

    `mean` (dim,) and `square` (dim, dim) are over all `count` rows of the library: another encoder's scale needs them.
    """

    vectors: Floats
    page: Ints
    mean: Floats
    square: Floats
    count: int


@dataclass(frozen=True, slots=True)
class Pool:
    """The Pages that any question has as a candidate. `profile` (p,) are places in `profiles`; `rows` by evidence."""

    page_ids: Ints
    profile: Ints
    profiles: tuple[str, ...]
    rows: Mapping[str, RouteRows]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that *careful* learns from: judged questions over one Generation, under the base's fusion."""

    pool: Pool
    asked: tuple[Asked, ...]
    fusion: Fusion


def candidates(
    db: sqlite3.Connection,
    question: JudgedQuestion,
    vector: Floats,
    within: Scope,
    fusion: Fusion,
    index: GenerationIndex,
    strangers: Sequence[int] = (),
) -> list[Candidate]:
    """The product's candidates of a question, its judged Pages and some others, with all their evidence; best first."""
    found = {page: Candidate(page) for page in sorted({*question.right, *question.wrong, *strangers})}
    words = look_up(db, question.query)
    search.by_words(db, words, within, found)
    search.by_meaning(index, vector, within, found, fusion)
    search.cover(words, within, found)
    return search.fuse(db, found, fusion, words)


def gather(
    db: sqlite3.Connection,
    questions: Sequence[JudgedQuestion],
    vectors: Floats,
    within: Scope,
    fusion: Fusion,
    index: GenerationIndex,
    tick: Callable[[], None] = lambda: None,
) -> Evidence:
    """Evidence of each question; `vectors` (n, dim) are the base embedder's. `tick` is called before each one."""
    if len(questions) != len(vectors):
        raise ValueError(f"{len(questions)} questions and {len(vectors)} vectors")
    found = []
    strangers = without_text(db)
    for question, row in zip(questions, vectors, strict=True):
        tick()
        found.append(candidates(db, question, row, within, fusion, index, strangers))
    profiles: dict[str, int] = {}
    of_page: dict[int, int] = {}
    for candidate in (candidate for some in found for candidate in some):
        key = Profile(candidate.page.kind, candidate.page.has_text).key
        of_page[candidate.page_id] = profiles.setdefault(key, len(profiles))
    page_ids = np.array(sorted(of_page), np.int64)
    pool = Pool(
        page_ids,
        np.array([of_page[page] for page in page_ids.tolist()], np.int64),
        tuple(profiles),
        {name: _rows(index, route, page_ids) for name, route in MOVED.items()},
    )
    place = {page: at for at, page in enumerate(page_ids.tolist())}
    asked = (_asked(*row, place) for row in zip(questions, vectors, found, strict=True))
    return Evidence(pool, tuple(asked), fusion)


def without_text(db: sqlite3.Connection) -> list[int]:
    """Pages that a map may bring up for questions that they have nothing to do with."""
    random = np.random.default_rng(0)
    live = random.permutation(fulltext_store.live(db))[:LOOKED_AT].tolist()
    rows = page_store.get(db, live, brief=True)
    return [page for page in live if page in rows and not rows[page].has_text][:STRANGERS]


def _asked(question: JudgedQuestion, vector: Floats, found: Sequence[Candidate], place: Mapping[int, int]) -> Asked:
    ids = [candidate.page_id for candidate in found]
    documents: dict[int, int] = {}
    at = {(c.page.document_id, c.page.number): here for here, c in enumerate(found)}
    near = [[at.get((c.page.document_id, c.page.number + step), -1) for step in (-1, 1)] for c in found]
    return Asked(
        question.query,
        vector,
        np.array([place[page] for page in ids], np.int64),
        search.evidence(found),
        np.array([documents.setdefault(c.page.document_id, len(documents)) for c in found], np.int64),
        np.array(near, np.int64).reshape(len(found), 2),
        _places(ids, question.right),
        _places(ids, question.right | question.wrong),
    )


def _places(ids: Sequence[int], wanted: Iterable[int]) -> Ints:
    among = frozenset(wanted)
    return np.array([at for at, page in enumerate(ids) if page in among], np.int64)


def _rows(index: GenerationIndex, route: Route, page_ids: Ints) -> RouteRows:
    """The rows of some pages, and the moments over all of the route."""
    rows = index.routes[route]
    ids, vectors = rows.rows(index.parts(page_ids))
    place = np.searchsorted(page_ids, index.pages(ids))
    order = np.argsort(place, kind="stable")
    return RouteRows(vectors[order], place[order], *rows.mean_and_square(), len(rows))
