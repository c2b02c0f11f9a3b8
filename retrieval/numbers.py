"""Pages that a question names by their number: "the figure on page 12", "slides 3-5", "the second page", and the document
that it names beside it: "page 12 of the Costco report"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import permutations

from retrieval.fulltext import terms, title_words

MOST = 20  # pages of a range; a longer one names a chapter, not a page

_NAMED = re.compile(
    r"\b(?:pages?|slides?|pp?\.)\s*(?:no\.?\s*|numbers?\s*)?"
    r"(\d{1,4}(?:(?:\s*(?:-|–|,|&|\bto\b|\band\b|\bor\b))+\s*(?:pages?\s*|slides?\s*)?\d{1,4})*)\b(?![.,]?\d)",
    re.IGNORECASE,
)
_RANGE = re.compile(r"(\d+)\s*(?:-|–|to)\s*(?:pages?\s*|slides?\s*)?(\d+)|(\d+)", re.IGNORECASE)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ORDINAL = re.compile(
    rf"\b(?:({'|'.join(_ORDINALS)})|(\d{{1,4}})(?:st|nd|rd|th))\s+(?:cover\s+|title\s+)?(?:page|slide)\b", re.IGNORECASE
)

# Words for any document: they need not stand in a name, but may.
_ANY = frozenset(
    "annual book brochure deck doc docx document file handbook leaflet manual magazine paper pdf pptx presentation report scan"
    " slides text tif tiff show shows open find see go look number".split()
)
NAMING = 12  # words of a question that may name a document
NAMED = 4.0  # times the evidence of the number that the document's name adds


def page_numbers(query: str) -> frozenset[int]:
    """1-based; empty when the question names none."""
    found: set[int] = set()
    for mention in _NAMED.findall(query):
        for first, last, single in _RANGE.findall(mention):
            if single:
                found.add(int(single))
            elif 0 <= int(last) - int(first) < MOST:
                found.update(range(int(first), int(last) + 1))
    for word, number in _ORDINAL.findall(query):
        found.add(int(number) if number else _ORDINALS.index(word.lower()) + 1)
    return frozenset(found - {0})


def naming_words(query: str) -> frozenset[str]:
    """Of a question that names pages by number: the other words, some of which may name the document; in lower case."""
    rest = _ORDINAL.sub(" ", _NAMED.sub(" ", query))
    return frozenset(terms(title_words([rest + "."]))[:NAMING]) if rest.strip(" .,?!") else frozenset()


def named(words: frozenset[str], names: Sequence[str]) -> float:
    """0–1: the share of a question's `naming_words` that stand in a document's names, which may squash them (BESTBUY)."""
    held = frozenset(title_words(list(names)).lower().split())
    standing = {word for word in words if word in held}
    standing.update(*((first, last) for first, last in permutations(words, 2) if first + last in held))
    wanted = words - (_ANY - standing)
    return len(standing) / len(wanted) if wanted else 0.0
