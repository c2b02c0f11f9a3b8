"""A question becomes Hits: candidates by words and by meaning → fusion → (reranker) → Hits with the matched Part."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ingest.types import Kind
from retrieval import fulltext
from retrieval.fusion import Fusion, chance
from retrieval.index import GenerationIndex
from retrieval.store import fulltext as fulltext_store
from retrieval.store import pages as page_store
from retrieval.types import Floats, Ints, PartInput, Profile, Reranker, Route, Why

WORDS_K = 400
VECTORS_K = 200
RERANK_K = 20
RERANK_LENGTH = 800  # characters of a page whose best passage is not known yet
COVER_SMOOTHING = 100  # pages: in a small library no word is rare


@dataclass(slots=True)
class Candidate:
    """One Page on its way to a Hit. `text`, `picture`: cosines, None where the page has nothing on that route;
    `text_part`, `picture_part`: its Parts that gave them. `bm25` is None where the words were not found."""

    page_id: int
    bm25: float | None = None
    text: float | None = None
    picture: float | None = None
    words: float = 0.0
    coverage: float = 0.0
    text_part: int | None = None
    picture_part: int | None = None
    ranks: dict[str, int] = field(default_factory=dict)
    fused: float = 0.0
    chance: float = 0.0
    row: page_store.PageRow | None = None

    @property
    def page(self) -> page_store.PageRow:
        assert self.row is not None
        return self.row

    @property
    def why(self) -> Why:
        return Why(*(self.ranks.get(stage) for stage in ("words", "meaning", "picture", "reranked")))


@dataclass(frozen=True, slots=True)
class Scope:
    """What a search may return: None = all live pages, else their ids, ascending."""

    page_ids: Ints | None
    size: int


def scope(db: sqlite3.Connection, kind: Kind | None, document_ids: Sequence[int] | None, tag: str | None) -> Scope:
    if kind is None and document_ids is None and tag is None:
        return Scope(None, fulltext_store.count_live(db))
    ids = np.array(fulltext_store.live(db, kind, document_ids, tag), np.int64)
    return Scope(ids, len(ids))


def by_words(db: sqlite3.Connection, query: str, within: Scope, found: dict[int, Candidate]) -> None:
    """Adds the best pages by BM25."""
    match = fulltext.match_query(query)
    if match is None:
        return
    if within.page_ids is None:
        rows = fulltext_store.match(db, match, WORDS_K, fulltext.WEIGHTS)
    else:
        rows = fulltext_store.match_in(db, match, WORDS_K, fulltext.WEIGHTS, within.page_ids)
    for rank, (page_id, score) in enumerate(rows, 1):
        candidate = found.setdefault(page_id, Candidate(page_id))
        candidate.bm25 = score
        candidate.ranks["words"] = rank


def _best_of_pages(index: GenerationIndex, scores: Floats, part_ids: Ints) -> dict[int, tuple[float, int]]:
    """page id → (score, part id) of its best part; parts come best first."""
    best: dict[int, tuple[float, int]] = {}
    for page_id, score, part_id in zip(index.pages(part_ids).tolist(), scores.tolist(), part_ids.tolist(), strict=True):
        if page_id >= 0:
            best.setdefault(page_id, (score, part_id))
    return best


def by_meaning(
    index: GenerationIndex, vector: Floats, within: Scope, found: dict[int, Candidate], fusion: Fusion
) -> None:
    """Adds the nearest pages of each route, then the routes' exact scores for every candidate."""
    allowed = None if within.page_ids is None else index.parts(within.page_ids)
    best: dict[Route, dict[int, tuple[float, int]]] = {}
    for route in Route:
        best[route] = _best_of_pages(index, *index.search(vector, route, VECTORS_K, allowed))
        for rank, page_id in enumerate(best[route], 1):
            candidate = found.setdefault(page_id, Candidate(page_id))
            candidate.ranks["meaning" if route is Route.TEXT else "picture"] = rank
    for route in Route:
        missing = np.array([page_id for page_id in found if page_id not in best[route]], np.int64)
        if len(missing):
            best[route].update(_best_of_pages(index, *index.scores(vector, route, index.parts(missing))))
        scores = np.array([score for score, _ in best[route].values()], np.float32)
        if not fusion.own:
            population = len(index.routes[route])
            scores = fusion.scales[route].bring(scores, *index.moments(vector, route), population)
        for (page_id, (_, part_id)), score in zip(best[route].items(), scores.tolist(), strict=True):
            if route is Route.TEXT:
                found[page_id].text, found[page_id].text_part = score, part_id
            else:
                found[page_id].picture, found[page_id].picture_part = score, part_id


def cover(db: sqlite3.Connection, query: str, within: Scope, found: dict[int, Candidate]) -> None:
    """Which share of the question's words stands on each candidate (a word that fewer pages hold counts more), and
    BM25 as a share of the most that these words could give."""
    indexed = fulltext_store.count_indexed(db)
    total, most = 0.0, 0.0
    for term in fulltext.term_queries(query):
        frequency, holders = fulltext_store.holding(db, term, found)
        weight = math.log(1.0 + (within.size + COVER_SMOOTHING) / (frequency + 1.0))
        total += weight
        # the idf of FTS5's bm25(); a word can add k1 + 1 times as much, however often it stands there
        most += 2.2 * max(math.log((indexed - frequency + 0.5) / (frequency + 0.5)), 1e-6) if frequency else 0.0
        for page_id in holders:
            found[page_id].coverage += weight
    for candidate in found.values():
        candidate.coverage /= max(total, 1e-9)
        candidate.words = (candidate.bm25 or 0.0) / max(most, 1e-9)


def evidence(candidates: Sequence[Candidate]) -> Floats:
    """(n, F) in the order of EVIDENCE, NaN where a page has nothing on a route. Wants each candidate's row."""
    own = np.array([(c.words, _number(c.text), _number(c.picture), c.coverage) for c in candidates], np.float32)
    own = own.reshape(len(candidates), 4)
    around = np.zeros((len(candidates), 4), np.float32)
    of_document: dict[int, list[int]] = {}
    for place, candidate in enumerate(candidates):
        of_document.setdefault(candidate.page.document_id, []).append(place)
    for places in of_document.values():
        if len(places) > 1:
            around[places] = _around([candidates[place].page.number for place in places], own[places][:, :2])
    return np.concatenate([own, around], axis=1)


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _around(numbers: Sequence[int], own: Floats) -> Floats:
    """(n, 4) for n candidates of one document, `own` (n, 2) their words and text: the best of the others, twice, and
    the best of the page before and after, twice; 0 where there is none."""
    values = np.nan_to_num(own, nan=0.0)
    order = np.argsort(-values, axis=0, kind="stable")
    others = np.take_along_axis(values, order[:1].repeat(len(values), 0), 0)
    for column in (0, 1):
        others[order[0, column], column] = values[order[1, column], column]
    at = {number: place for place, number in enumerate(numbers)}
    near = np.zeros_like(values)
    for place, number in enumerate(numbers):
        for neighbour in (at.get(number - 1), at.get(number + 1)):
            if neighbour is not None:
                near[place] = np.maximum(near[place], values[neighbour])
    return np.concatenate([others, near], axis=1)


def fuse(db: sqlite3.Connection, found: dict[int, Candidate], fusion: Fusion) -> list[Candidate]:
    """All candidates, best first, with their chance; ties to the lower page id."""
    rows = page_store.get(db, list(found), brief=True)
    candidates = [candidate for page_id, candidate in found.items() if page_id in rows]
    groups: dict[tuple[Kind, bool], list[int]] = {}
    for place, candidate in enumerate(candidates):
        candidate.row = rows[candidate.page_id]
        groups.setdefault((candidate.page.kind, candidate.page.has_text), []).append(place)
    everything = evidence(candidates)
    for (kind, has_text), places in groups.items():
        fused = fusion.weights(kind, has_text).fuse(everything[places])
        for place, value, share in zip(places, fused.tolist(), chance(fused).tolist(), strict=True):
            candidates[place].fused, candidates[place].chance = value, share
    return sorted(candidates, key=lambda c: (-c.fused, c.page_id))


def rerank(db: sqlite3.Connection, query: str, ordered: list[Candidate], reranker: Reranker) -> list[Candidate]:
    """The first candidates in the reranker's order, where it was measured to help; places of other Profiles stay."""
    head = [
        place
        for place, candidate in enumerate(ordered[:RERANK_K])
        if Profile(candidate.page.kind, candidate.page.has_text) in reranker.profiles
    ]
    if len(head) < 2:
        return ordered
    parts = page_store.parts(db, [part for place in head if (part := ordered[place].text_part) is not None])
    whole = page_store.get(db, [ordered[place].page_id for place in head if ordered[place].text_part not in parts])
    shown = []
    for place in head:
        candidate = ordered[place]
        best_part, page = parts.get(candidate.text_part or 0), whole.get(candidate.page_id)
        text = page.text[:RERANK_LENGTH] if page is not None else best_part and best_part.text
        shown.append(PartInput(text or ""))
    scores = reranker.score(query, shown)
    best = [head[i] for i in np.argsort(-scores, kind="stable")]
    shares = sorted((ordered[place].chance for place in head), reverse=True)
    result = list(ordered)
    for rank, (place, source, share) in enumerate(zip(head, best, shares, strict=True), 1):
        result[place] = ordered[source]
        result[place].ranks["reranked"] = rank
        result[place].chance = share
    return result


def candidates(
    db: sqlite3.Connection,
    query: str,
    within: Scope,
    *,
    fusion: Fusion,
    index: GenerationIndex | None,
    vector: Floats | None,
    reranker: Reranker | None = None,
    stage: str = "full",
) -> list[Candidate]:
    """Best first. `stage` "words" or "vectors" orders by that alone; without a question vector (dim,) all is by words."""
    found: dict[int, Candidate] = {}
    if stage != "vectors":
        by_words(db, query, within, found)
    if stage != "words" and index is not None and vector is not None:
        by_meaning(index, vector, within, found, fusion)
    if stage != "vectors":
        cover(db, query, within, found)
    if all(c.text is None and c.picture is None for c in found.values()):
        fusion = fusion.words_only
    elif stage == "vectors":
        fusion = fusion.vectors_only
    ordered = fuse(db, found, fusion)
    if stage == "words":
        ordered.sort(key=lambda c: (-(c.bm25 or 0.0), c.page_id))
    elif stage == "full" and reranker is not None:
        ordered = rerank(db, query, ordered, reranker)
    return ordered


def best_part_of_page(index: GenerationIndex, vector: Floats, page_id: int) -> int | None:
    """The passage of a page that is nearest to the question, None without vectors of it."""
    parts = index.parts(np.array([page_id], np.int64))
    _, found = index.search(vector, Route.TEXT, 1, parts) if len(parts) else (None, parts)
    return int(found[0]) if len(found) else None
