"""The words of a question, and where in the library they stand."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval import fulltext
from retrieval.numbers import naming_words, page_numbers
from retrieval.store import fulltext as fulltext_store
from retrieval.types import Floats, Ints

BM25_PAGES = 1000  # that are worth a BM25
PHRASE_PAGES = 2000  # a phrase of two words that stand on more is not looked up: it says little and takes longest
LEAST_IDF = 1e-6  # FTS5's, of a word that stands on half of the pages or more
NOISE = 2e-4  # more than a BM25 can be of all the words of a question that have it
TELLING = 0.1  # idf of a question's other words, beside which that is nothing
COVER_SMOOTHING = 100  # pages: in a small library no word is rare


@dataclass(frozen=True, slots=True)
class Words:
    """Where the words of a question stand: `holders` of each of the `terms` (MATCH strings) are page ids, ascending;
    `indexed` Pages there are. `joined`: who holds any of the `joined_terms`.

    `phrases`: places of two terms, and the pages on which they stand side by side as in the question. `numbers`: of pages;
    `naming`: the words beside them, some of which may name the document."""

    terms: Sequence[str]
    holders: Sequence[Ints]
    joined_terms: Sequence[str]
    joined: Ints
    phrases: Sequence[tuple[int, int, Ints]]
    numbers: frozenset[int]
    naming: frozenset[str]
    indexed: int

    @property
    def idf(self) -> Floats:
        """(t,) of the terms, as FTS5's bm25() has it; 0 for a word that stands nowhere."""
        found = np.array([len(ids) for ids in self.holders], np.float64)
        idf = np.log((self.indexed - found + 0.5) / (found + 0.5))
        return np.where(found > 0, np.maximum(idf, LEAST_IDF), 0.0)

    def match(self) -> str | None:
        """MATCH string for the Pages that hold any of them; None when no Page does."""
        return self._match(0.0)

    def telling_match(self) -> str | None:
        """The same without the words on half of the Pages or more, None where that makes a difference. A BM25 by it is at most
        NOISE below that by `match`, and FTS5 need not look at each of the many places where such words stand."""
        idf = self.idf
        weighty = idf[idf > LEAST_IDF].sum() > TELLING and np.any(idf == LEAST_IDF)
        return self._match(LEAST_IDF) if weighty else None

    def _match(self, above: float) -> str | None:
        terms = [term for term, idf in zip(self.terms, self.idf, strict=True) if idf > above]
        return " OR ".join([*terms, *(self.joined_terms if len(self.joined) else ())]) or None

    def promising(self, allowed: Ints | None) -> Ints | None:
        """The Pages worth a BM25, None for all: of very many that hold any word, those that hold the most and the rarest.

        FTS5 takes some microseconds for each, which is most of a question's time among ten thousand Pages.
        """
        if not any(len(ids) for ids in self.holders):
            return allowed
        weights = np.concatenate([np.full(len(ids), idf) for ids, idf in zip(self.holders, self.idf, strict=True)])
        sums = np.bincount(np.concatenate(self.holders), weights)
        pages = np.flatnonzero(sums)
        if allowed is not None:
            pages = np.intersect1d(pages, allowed, assume_unique=True)
        if len(pages) <= BM25_PAGES:
            return allowed
        cut = np.partition(sums[pages], -BM25_PAGES)[-BM25_PAGES]
        joined = self.joined if allowed is None else np.intersect1d(self.joined, allowed)
        return np.union1d(pages[sums[pages] >= cut], joined)

    def shares(self, pages: Ints, size: int) -> tuple[Floats, Floats]:
        """(p,) twice: of the question's words and of its phrases, those that stand on each page. A word that fewer of the
        `size` pages hold counts more, a phrase as its rarer word."""
        frequency = np.array([len(ids) for ids in self.holders], np.float64)
        weights = np.log(1.0 + (size + COVER_SMOOTHING) / (frequency + 1.0))
        rarer = np.array([min(weights[first], weights[last]) for first, last, _ in self.phrases])
        standing = [ids for *_, ids in self.phrases]
        return _share(pages, self.holders, weights), _share(pages, standing, rarer)


def look_up(db: sqlite3.Connection, query: str) -> Words:
    terms, nowhere = fulltext.term_queries(query), np.empty(0, np.int64)
    holders = [fulltext_store.holding(db, term) for term in terms]
    joined = fulltext.joined_queries(query)
    numbers, phrases = page_numbers(query), []
    for pair, match in fulltext.phrases(query).items():
        first, last = (terms.index(f'"{word}"') for word in pair)
        rarer = min(len(holders[first]), len(holders[last]))
        if rarer <= PHRASE_PAGES:
            phrases.append((first, last, fulltext_store.holding(db, match) if rarer else nowhere))
    return Words(
        terms,
        holders,
        joined,
        fulltext_store.holding(db, " OR ".join(joined)) if joined else nowhere,
        phrases,
        numbers,
        naming_words(query) if numbers else frozenset(),
        fulltext_store.count(db),
    )


def _share(pages: Ints, holders: Sequence[Ints], weights: Floats) -> Floats:
    """(p,) of the weights, those of what stands on each page."""
    found = np.zeros(len(pages), np.float32)
    for ids, weight in zip(holders, weights, strict=True):
        if len(ids):
            found += weight * (ids[np.minimum(np.searchsorted(ids, pages), len(ids) - 1)] == pages)
    return found / max(float(weights.sum()), 1e-9)
