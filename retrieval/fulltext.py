"""From a question to FTS5's query language, and the extra tokens that make numbers match however they are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

# bm25() weights of the full text's columns: text, extra, title.
WEIGHTS = (1.0, 1.0, 0.6)

LEAD = 40  # words of a first page that are looked at for the title; 80 of two pages were no better
MAX_TERMS = 64  # of a question; a pasted page is no question

LONGEST_PHRASE = 5  # words from one content word to the next; farther apart they are none

_WORD = re.compile(r"\w+", re.UNICODE)
_NUMBER = re.compile(r"(?<![\w.,])\d{1,3}(?:[,\u00a0\u202f']\d{3})+(?:\.\d+)?(?![\w])|(?<![\w.,])\d+\.\d+(?![\w.])")
_YEAR = re.compile(r"\b(?:fy|cy|h[12]|q[1-4])[ '’-]?((?:19|20)?\d\d)\b", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")

# Function words of English questions: they match everywhere and cost time. Kept when nothing else is left.
STOP = frozenset(
    """a about according after all also am an and any are as at be because been before being between both but by can could
    did do does doing during each for from further had has have having he her here hers him his how i if in into is it its
    itself me more most my no nor not of off on once only or other our out over own please same she should so some such
    than that the their them then there these they this those through to too under until up us very was we were what when
    where which while who whom whose why will with would you your""".split()
)


def _plain(text: str) -> str:
    """In lower case as FTS5 does it (ß stays)."""
    return unicodedata.normalize("NFKC", text).lower()


def _words(query: str) -> list[str]:
    return _WORD.findall(_plain(query))


def terms(query: str) -> list[str]:
    """Content words of a question in order, each once; all its words when none has content."""
    words = list(dict.fromkeys(_words(query)))
    content = [word for word in words if word not in STOP]
    return content or words


def phrases(query: str) -> dict[tuple[str, str], str]:
    """Each two neighbouring content words → the MATCH string of the phrase that they are in the question, with the
    function words between them ("rate of return")."""
    words, content = _words(query), frozenset(terms(query)[:MAX_TERMS])
    places = [place for place, word in enumerate(words) if word in content]
    found: dict[tuple[str, str], str] = {}
    for first, last in pairwise(places):
        pair = words[first], words[last]
        if pair[0] != pair[1] and last - first <= LONGEST_PHRASE and len(found) < MAX_TERMS:
            found.setdefault(pair, f'text : "{" ".join(words[first : last + 1])}"')
    return found


def term_queries(query: str) -> list[str]:
    """One MATCH string for each content word and each number's other spelling."""
    found = terms(query)[:MAX_TERMS]
    found += [token for token in extra_tokens(query).split() if token not in found]
    return [f'"{term}"' for term in found]


def joined_queries(query: str) -> list[str]:
    """One MATCH string for each two neighbours joined in a title: names of files squash words (BESTBUY_2023_10K)."""
    pairs = pairwise(terms(query)[:MAX_TERMS])
    return [f'title : "{first}{second}"' for first, second in pairs if first.isalpha() and second.isalpha()]


def standing(wanted: Sequence[str], text: str) -> int:
    """How many of some `terms` stand in a text as whole words. Texts are long, so they are not cut into words."""
    plain = _plain(text)
    return sum(word in plain and _whole(word, plain) for word in wanted)


def _whole(word: str, plain: str) -> bool:
    start = plain.find(word)
    while start >= 0:
        end = start + len(word)
        if not (_WORD.match(plain, end) or (start and _WORD.match(plain, start - 1))):
            return True
        start = plain.find(word, start + 1)
    return False


def extra_tokens(text: str) -> str:
    """Tokens that the tokenizer would not make: 1,234 → 1234; 1,234.5 → n1234d5; FY18 and FY2018 → 2018. Space-separated."""
    tokens = []
    for number in _NUMBER.findall(text):
        whole, _, fraction = re.sub(r"[,\u00a0\u202f']", "", number).partition(".")
        fraction = fraction.rstrip("0")
        tokens.append(f"n{whole}d{fraction}" if fraction else whole)
    for year in _YEAR.findall(text):
        tokens.append(year if len(year) == 4 else f"20{year}")
    return " ".join(dict.fromkeys(tokens))


def title_words(names: list[str], first_page: str = "") -> str:
    """What every page of a document is found by: words of its names (`BESTBUY_2023_10K.pdf` → `BESTBUY 2023 10 K`) and
    the first content words of its first page (its title, whose it is, the year)."""
    words: list[str] = []
    for name in names:
        stem = name.rsplit(".", 1)[0] if "." in name else name
        plain = re.sub(r"[\W_]+", " ", stem)
        words += plain.split() + _CAMEL.sub(" ", plain).split()
    words += [word for word in _WORD.findall(first_page)[:LEAD] if word.lower() not in STOP]
    return " ".join(dict.fromkeys(words))
