"""What a question may have meant whose words stand nowhere: the same with one letter more, less, other or exchanged, as
Norvig (2007) corrects spelling, among the words of the library. English words that are just not there are no slips: MiniLM's
vocabulary knows them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from functools import cache

from retrieval import fulltext
from retrieval.builtin.embedder import minilm_folder
from retrieval.store import fulltext as fulltext_store

LEAST = 4  # letters: shorter words are near too many others
LONGEST = 24  # a longer one is no word
MOST = 4  # words of one question
LOOKED_AT = 3  # pages that are read for a word
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def meant(db: sqlite3.Connection, query: str) -> str | None:
    """The question with those of its words replaced that stand on no page and are one letter away from one that does; None
    when there are none. Takes some ten milliseconds a word."""
    corrected = query
    unknown = [word for word in fulltext.terms(query) if LEAST <= len(word) <= LONGEST and word.isalpha()]
    unknown = [word for word in unknown if word not in _english() and not fulltext_store.standing_on(db, word)]
    for word in unknown[:MOST]:
        near = {other: fulltext_store.standing_on(db, other) for other in _one_away(word)}
        words = [other for other, pages in near.items() if pages and (other in _english() or _stands(db, other))]
        if words:
            best = max(words, key=lambda other: near[other])
            corrected = re.sub(rf"\b{re.escape(word)}\b", best, corrected, flags=re.IGNORECASE)
    return corrected if corrected != query else None


def _stands(db: sqlite3.Connection, word: str) -> bool:
    """Whether it stands there as it is: the full text knows stems, by which no word ("overment") is one of "over"."""
    return any(fulltext.standing([word], text) for text in fulltext_store.holders(db, word, LOOKED_AT))


@cache
def _english() -> frozenset[str]:
    """Some twenty thousand words."""
    return frozenset((minilm_folder() / "vocab.txt").read_text(encoding="utf-8").split())


def _one_away(word: str) -> Iterator[str]:
    """What is likelier comes first."""
    cuts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    yield from (left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1)
    yield from (left + right[1:] for left, right in cuts if right)
    yield from (left + letter + right for left, right in cuts for letter in LETTERS)
    yield from (left + letter + right[1:] for left, right in cuts if right for letter in LETTERS)
