"""A question becomes Hits: candidates by words and by meaning → fusion → (reranker) → Hits with the matched Part."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np

from ingest.types import Kind
from retrieval import fulltext
from retrieval.fusion import Fusion, chance
from retrieval.index import GenerationIndex
from retrieval.numbers import NAMED, named
from retrieval.ratios import spelled_out
from retrieval.store import documents as document_store
from retrieval.store import fulltext as fulltext_store
from retrieval.store import pages as page_store
from retrieval.types import Floats, Ints, PartInput, Profile, Reranker, Route, Why
from retrieval.words import NOISE, Words, look_up

WORDS_K = 200  # pages by BM25
VECTORS_K = 100  # parts of a route; twice as many of both leave `pages` as it is and take twice as long
RERANK_K = 10  # twice as many take twice as long and are worth .001 on charts
RERANK_LENGTH = 800  # characters of a page whose best passage is not known yet
MUCH = 0.4  # of a question's phrases
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
    look: page_store.PageLook | None = None

    @property
    def page(self) -> page_store.PageLook:
        assert self.look is not None
        return self.look

    @property
    def why(self) -> Why:
        words, meaning, picture, reranked = map(self.ranks.get, ("words", "meaning", "picture", "reranked"))
        return Why(words, meaning, picture, reranked, side_by_side=self.phrases >= MUCH, named=self.number > 0)


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


def _by_bm25(db: sqlite3.Connection, words: Words, allowed: Ints | None) -> list[tuple[int, float]]:
    """(page id, BM25) of the best WORDS_K pages, best first. Words that stand nearly everywhere are looked at only on the
    pages that could be among them by the others."""
    match, telling = words.match(), words.telling_match()
    if match is None:
        return []
    if telling is not None:
        rows = fulltext_store.match(db, telling, -1, fulltext.WEIGHTS, allowed)
        if len(rows) >= WORDS_K:
            near = [page_id for page_id, score in rows if score >= rows[WORDS_K - 1][1] - NOISE]
            if len(near) == WORDS_K:
                return rows[:WORDS_K]
            allowed = np.array(near, np.int64)
    return fulltext_store.match(db, match, WORDS_K, fulltext.WEIGHTS, allowed)


def by_words(db: sqlite3.Connection, words: Words, within: Scope, found: dict[int, Candidate]) -> None:
    """Adds the best pages by BM25, and those of their documents that the question names by number."""
    rows = _by_bm25(db, words, words.promising(within.page_ids))
    for rank, (page_id, score) in enumerate(rows, 1):
        candidate = found.setdefault(page_id, Candidate(page_id))
        candidate.bm25 = score
        candidate.ranks["words"] = rank
    if words.numbers:
        for page_id in page_store.with_numbers(db, words.numbers, found):
            if within.page_ids is None or np.isin(page_id, within.page_ids):
                found.setdefault(page_id, Candidate(page_id))


def _best_of_pages(index: GenerationIndex, scores: Floats, part_ids: Ints) -> tuple[Ints, Floats, Ints]:
    """Page ids, best first, and each one's score and part id; parts come best first."""
    pages = index.pages(part_ids)
    first = np.unique(pages, return_index=True)[1]
    first = np.sort(first[pages[first] >= 0])
    return pages[first], scores[first], part_ids[first]


def by_meaning(
    index: GenerationIndex, vector: Floats, within: Scope, found: dict[int, Candidate], fusion: Fusion
) -> None:
    """Adds the nearest pages of each route, then the routes' exact scores for every candidate."""
    allowed = None if within.page_ids is None else index.parts(within.page_ids)
    nearest = {route: _best_of_pages(index, *index.search(vector, route, VECTORS_K, allowed)) for route in Route}
    for route, (pages, *_) in nearest.items():
        stage = "meaning" if route is Route.TEXT else "picture"
        for rank, page_id in enumerate(pages.tolist(), 1):
            found.setdefault(page_id, Candidate(page_id)).ranks[stage] = rank
    everyone = np.fromiter(found, np.int64, len(found))
    for route, best in nearest.items():
        others = index.parts(np.setdiff1d(everyone, best[0]))
        exact = _best_of_pages(index, *index.scores(vector, route, others))
        pages, scores, part_ids = (np.concatenate([best[column], exact[column]]) for column in (0, 1, 2))
        if not fusion.own:
            population = len(index.routes[route])
            scores = fusion.scales[route].bring(scores, *index.moments(vector, route), population)
        for page_id, score, part_id in zip(pages.tolist(), scores.tolist(), part_ids.tolist(), strict=True):
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
    """(n, F) in the order of EVIDENCE, NaN where a page has nothing on a route. Wants each candidate's page."""
    rows = [(c.words, _number(c.text), _number(c.picture), c.coverage, c.phrases, c.number) for c in candidates]
    own = np.array(rows, np.float32).reshape(len(candidates), 6)
    pages = [candidate.page for candidate in candidates]
    documents, numbers = (np.array([page[field] for page in pages], np.int64) for field in (0, 1))
    return np.concatenate([own, _around(documents, numbers, own[:, :2])], axis=1)


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _around(documents: Ints, numbers: Ints, own: Floats) -> Floats:
    """(n, 4) for n candidates: of `own` (n, 2), their words and text, the best of the others of the document, twice, and
    the best of the page before and after, twice; 0 where there is none."""
    values = np.nan_to_num(own, nan=0.0)
    around = np.zeros((len(values), 4), np.float32)
    for column in (0, 1):
        order = np.lexsort((-values[:, column], documents))  # each document's candidates together, best first
        begins = np.flatnonzero(np.diff(documents[order], prepend=-1))
        lengths = np.diff(begins, append=len(order))
        others = np.repeat(values[order[begins], column], lengths)
        following = order[np.minimum(begins + 1, len(order) - 1)]
        others[begins] = np.where(lengths > 1, values[following, column], 0.0)
        around[order, column] = others
    order = np.lexsort((numbers, documents))
    beside = (np.diff(documents[order]) == 0) & (np.diff(numbers[order]) == 1)
    before, after = order[:-1][beside], order[1:][beside]
    around[after, 2:] = np.maximum(around[after, 2:], values[before])
    around[before, 2:] = np.maximum(around[before, 2:], values[after])
    return around


def number_them(db: sqlite3.Connection, words: Words, candidates: Sequence[Candidate]) -> None:
    """Evidence of the pages that the question names by their number: more of it where it names the document, too."""
    asked = [c for c in candidates if c.page.kind is Kind.PAGE and c.page.number in words.numbers]
    names = document_store.names(db, list({c.page.document_id for c in asked}))
    for candidate in asked:
        candidate.number = 1.0 + NAMED * named(words.naming, names[candidate.page.document_id])


def fuse(
    db: sqlite3.Connection, found: dict[int, Candidate], fusion: Fusion, words: Words | None = None
) -> list[Candidate]:
    """All candidates, best first, with their chance; ties to the lower page id."""
    rows = page_store.looks(db, list(found))
    candidates = [candidate for page_id, candidate in found.items() if page_id in rows]
    groups: dict[tuple[Kind, bool], list[int]] = {}
    for place, candidate in enumerate(candidates):
        look = candidate.look = rows[candidate.page_id]
        groups.setdefault((look.kind, look.has_text), []).append(place)
    if words is not None and words.numbers:
        number_them(db, words, candidates)
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
    """The first candidates in their order after the reranker has read those of its Profiles; the others keep their places,
    since what a score is worth against Pages that were not read is not known.

    Where the fusion knows how, a score is weighed with what was known before; else it alone counts.
    """
    head = [
        place
        for place, candidate in enumerate(ordered[:RERANK_K])
        if Profile(candidate.page.kind, candidate.page.has_text) in reranker.profiles
    ]
    if len(head) < 2:
        return ordered
    read = [ordered[place] for place in head]
    scores = reranker.score(query, shown(db, read))
    blends = [fusion.reranked.get(Profile(c.page.kind, c.page.has_text).key) for c in read]
    known = [
        blend.log_odds(candidate.fused, score)
        for blend, candidate, score in zip(blends, read, scores.tolist(), strict=True)
        if blend is not None
    ]
    return _reordered(ordered, head, np.array(known, np.float32) if len(known) == len(read) else scores)


def _reordered(ordered: list[Candidate], head: Sequence[int], scores: Floats) -> list[Candidate]:
    """The candidates at the places `head` in the order of their scores, with the chances that those places had."""
    best = [ordered[head[i]] for i in np.argsort(-scores, kind="stable")]
    shares = [ordered[place].chance for place in head]
    result = list(ordered)
    for rank, (place, candidate, share) in enumerate(zip(head, best, shares, strict=True), 1):
        candidate.ranks["reranked"], candidate.chance = rank, share
        result[place] = candidate
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
    ordered = fuse(db, found, fusion, words)
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
