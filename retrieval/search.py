"""A question becomes Hits: candidates by words and by meaning → fusion → (reranker) → Hits with the matched Part."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ingest.types import Kind
from retrieval import fulltext
from retrieval.fusion import Fusion, chance
from retrieval.index import GenerationIndex
from retrieval.ratios import spelled_out
from retrieval.store import fulltext as fulltext_store
from retrieval.store import pages as page_store
from retrieval.types import Floats, Ints, PartInput, Profile, Reranker, Route, Why
from retrieval.words import Words, look_up

WORDS_K = 200  # pages by BM25
VECTORS_K = 100  # parts of a route; twice as many of both leave `pages` as it is and take twice as long
RERANK_K = 20
RERANK_LENGTH = 800  # characters of a page whose best passage is not known yet
LITERAL = (
    0.5  # log-odds by which a page that answers the question as it stands is ahead of one that answers it spelled out
)


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
    phrases: float = 0.0
    number: float = 0.0
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
        return Scope(None, fulltext_store.count(db))
    ids = np.array(fulltext_store.live(db, kind, document_ids, tag), np.int64)
    return Scope(ids, len(ids))


def by_words(db: sqlite3.Connection, words: Words, within: Scope, found: dict[int, Candidate]) -> None:
    """Adds the best pages by BM25, and those of their documents that the question names by number."""
    match = fulltext.match_query(words.query, joined=len(words.joined) > 0)
    if match is None:
        return
    allowed = words.promising(within.page_ids)
    if allowed is None:
        rows = fulltext_store.match(db, match, WORDS_K, fulltext.WEIGHTS)
    else:
        rows = fulltext_store.match_in(db, match, WORDS_K, fulltext.WEIGHTS, allowed)
    for rank, (page_id, score) in enumerate(rows, 1):
        candidate = found.setdefault(page_id, Candidate(page_id))
        candidate.bm25 = score
        candidate.ranks["words"] = rank
    if words.numbers:
        for page_id in page_store.with_numbers(db, words.numbers, found):
            if within.page_ids is None or np.isin(page_id, within.page_ids):
                found.setdefault(page_id, Candidate(page_id))


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


def cover(words: Words, within: Scope, found: dict[int, Candidate]) -> None:
    """Which shares of the question's words and phrases stand on each candidate, and BM25 as a share of the most that these
    words could give."""
    pages = np.fromiter(found, np.int64, len(found))
    coverage, phrases = words.shares(pages, within.size)
    # a word can add k1 + 1 times its idf, however often it stands there
    most = max(2.2 * float(words.idf.sum()), 1e-9)
    for candidate, share, side_by_side in zip(found.values(), coverage.tolist(), phrases.tolist(), strict=True):
        candidate.coverage, candidate.phrases = share, side_by_side
        candidate.words = (candidate.bm25 or 0.0) / most


def evidence(candidates: Sequence[Candidate]) -> Floats:
    """(n, F) in the order of EVIDENCE, NaN where a page has nothing on a route. Wants each candidate's row."""
    rows = [(c.words, _number(c.text), _number(c.picture), c.coverage, c.phrases, c.number) for c in candidates]
    own = np.array(rows, np.float32).reshape(len(candidates), 6)
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


def fuse(
    db: sqlite3.Connection, found: dict[int, Candidate], fusion: Fusion, numbers: frozenset[int] = frozenset()
) -> list[Candidate]:
    """All candidates, best first, with their chance; ties to the lower page id. `numbers`: of pages, that are asked for."""
    rows = page_store.get(db, list(found), brief=True)
    candidates = [candidate for page_id, candidate in found.items() if page_id in rows]
    groups: dict[tuple[Kind, bool], list[int]] = {}
    for place, candidate in enumerate(candidates):
        candidate.row = rows[candidate.page_id]
        candidate.number = float(candidate.page.kind is Kind.PAGE and candidate.page.number in numbers)
        groups.setdefault((candidate.page.kind, candidate.page.has_text), []).append(place)
    everything = evidence(candidates)
    for (kind, has_text), places in groups.items():
        fused = fusion.weights(kind, has_text).fuse(everything[places])
        for place, value, share in zip(places, fused.tolist(), chance(fused).tolist(), strict=True):
            candidates[place].fused, candidates[place].chance = value, share
    return sorted(candidates, key=lambda c: (-c.fused, c.page_id))


def shown(db: sqlite3.Connection, candidates: Sequence[Candidate]) -> list[PartInput]:
    """What a reranker reads of each: its best passage, or how the page begins while that is not known."""
    parts = page_store.parts(db, [c.text_part for c in candidates if c.text_part is not None])
    whole = page_store.get(db, [c.page_id for c in candidates if c.text_part not in parts])
    texts = []
    for candidate in candidates:
        best, page = parts.get(candidate.text_part or 0), whole.get(candidate.page_id)
        texts.append(page.text[:RERANK_LENGTH] if page is not None else best and best.text)
    return [PartInput(text or "") for text in texts]


def rerank(
    db: sqlite3.Connection, query: str, ordered: list[Candidate], reranker: Reranker, fusion: Fusion
) -> list[Candidate]:
    """The first candidates in their order after the reranker has read those of its Profiles.

    Where the fusion knows what its scores are worth they are weighed with what was known before; else they alone order
    the candidates of its Profiles, and the others keep their places.
    """
    head = [
        place
        for place, candidate in enumerate(ordered[:RERANK_K])
        if Profile(candidate.page.kind, candidate.page.has_text) in reranker.profiles
    ]
    if len(head) < 2:
        return ordered
    scores = reranker.score(query, shown(db, [ordered[place] for place in head]))
    blended = [fusion.reranked.get(Profile(ordered[p].page.kind, ordered[p].page.has_text).key) for p in head]
    if None in blended:
        return _reordered(ordered, head, scores)
    for place, blend, score in zip(head, blended, scores.tolist(), strict=True):
        assert blend is not None
        ordered[place].fused = blend.log_odds(ordered[place].fused, score)
    log_odds = np.array([ordered[place].fused for place in head], np.float32)
    for place, share in zip(head, chance(log_odds).tolist(), strict=True):
        ordered[place].chance = share
    result = sorted(ordered[:RERANK_K], key=lambda c: (-c.fused, c.page_id)) + ordered[RERANK_K:]
    read = {ordered[place].page_id for place in head}
    for rank, candidate in enumerate((c for c in result if c.page_id in read), 1):
        candidate.ranks["reranked"] = rank
    for above, below in pairwise(result):  # who was not read stays behind who was
        below.chance = min(below.chance, above.chance)
    return result


def _reordered(ordered: list[Candidate], head: Sequence[int], scores: Floats) -> list[Candidate]:
    """The candidates at the places `head` in the order of their scores, with the chances that those places had."""
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
    vector: Floats | Future[Floats] | None,
    embed: Callable[[str], Floats] | None = None,
    reranker: Reranker | None = None,
    stage: str = "full",
) -> list[Candidate]:
    """Best first. `stage` "words" or "vectors" orders by that alone; without a question vector (dim,) all is by words.

    Words are looked up while the vector may still be on its way. With `embed` a question that names a ratio is also read
    with the lines that the ratio is made of (`ratios.py`), and each page answers the reading that it fits better.
    """
    ordered = _of_reading(db, query, within, fusion, index, vector, stage)
    if stage in ("full", "fused") and embed is not None and (spelled := spelled_out(query)) is not None:
        ordered = _better(ordered, _of_reading(db, spelled, within, fusion, index, embed(spelled), stage))
    if stage == "full" and reranker is not None:
        ordered = rerank(db, query, ordered, reranker, fusion)
    return ordered


def _of_reading(
    db: sqlite3.Connection,
    query: str,
    within: Scope,
    fusion: Fusion,
    index: GenerationIndex | None,
    vector: Floats | Future[Floats] | None,
    stage: str,
) -> list[Candidate]:
    """As `candidates`, of one wording of the question."""
    found: dict[int, Candidate] = {}
    words = look_up(db, query) if stage != "vectors" else None
    if words is not None:
        by_words(db, words, within, found)
    if stage != "words" and index is not None and vector is not None:
        row = vector.result() if isinstance(vector, Future) else vector
        by_meaning(index, row, within, found, fusion)
    if words is not None:
        cover(words, within, found)
    if all(c.text is None and c.picture is None for c in found.values()):
        fusion = fusion.words_only
    elif stage == "vectors":
        fusion = fusion.vectors_only
    ordered = fuse(db, found, fusion, words.numbers if words is not None else frozenset())
    if stage == "words":
        ordered.sort(key=lambda c: (-(c.bm25 or 0.0), c.page_id))
    return ordered


def _better(literal: Sequence[Candidate], spelled: Sequence[Candidate]) -> list[Candidate]:
    """Each page once, as the reading that it fits better has it, best first; the literal reading is ahead by `LITERAL`."""
    best = {candidate.page_id: candidate for candidate in literal}
    log_odds = np.array([candidate.fused for candidate in spelled], np.float32) - np.float32(LITERAL)
    for candidate, fused, share in zip(spelled, log_odds.tolist(), chance(log_odds).tolist(), strict=True):
        known = best.get(candidate.page_id)
        if known is None or fused > known.fused:
            candidate.fused, candidate.chance = fused, share
            best[candidate.page_id] = candidate
    return sorted(best.values(), key=lambda c: (-c.fused, c.page_id))


def best_part_of_page(index: GenerationIndex, vector: Floats, page_id: int) -> int | None:
    """The passage of a page that is nearest to the question, None without vectors of it."""
    parts = index.parts(np.array([page_id], np.int64))
    _, found = index.search(vector, Route.TEXT, 1, parts) if len(parts) else (None, parts)
    return int(found[0]) if len(found) else None
