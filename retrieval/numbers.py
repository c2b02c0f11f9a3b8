"""Pages that a question names by their number: "the figure on page 12", "slides 3-5", "the second page"."""

from __future__ import annotations

import re

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


def page_numbers(query: str) -> frozenset[int]:
    """1-based; empty when the question names none."""
    found: set[int] = set()
    for named in _NAMED.findall(query):
        for first, last, single in _RANGE.findall(named):
            if single:
                found.add(int(single))
            elif 0 <= int(last) - int(first) < MOST:
                found.update(range(int(first), int(last) + 1))
    for word, number in _ORDINAL.findall(query):
        found.add(int(number) if number else _ORDINALS.index(word.lower()) + 1)
    return frozenset(found - {0})
