"""What the benchmarks measure on: PDFs and texts made here, of words with a natural spread of frequencies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pymupdf

WORDS_A_LINE = 12
LINES_A_PAGE = 28
_SYLLABLES = "ba ke li mo nu ra se ti vo xa per con der fal gri hum jor lam nex pul qui ros sta tor ven wil".split()


def vocabulary(size: int = 20_000, seed: int = 0) -> list[str]:
    random = np.random.default_rng(seed)
    words: dict[str, None] = {}
    while len(words) < size:
        words["".join(random.choice(_SYLLABLES, random.integers(2, 5)))] = None
    return list(words)


def words(count: int, seed: int, known: Sequence[str]) -> list[str]:
    """Word n of the vocabulary comes about 1/n times as often as the first (Zipf)."""
    ranks = np.exp(np.random.default_rng(seed).random(count) * np.log(len(known))).astype(int) - 1
    return [known[rank] for rank in ranks]


def pdf(path: Path, pages: int, seed: int = 0, last_word: str = "", lines: int = LINES_A_PAGE) -> Path:
    """Born-digital: lines of text, and a bar chart on every fifth page. `last_word` ends the last page."""
    known = vocabulary()
    with pymupdf.open() as document:
        for number in range(pages):
            page = document.new_page()
            said = words(WORDS_A_LINE * lines, seed * 10_000 + number, known)
            for line in range(lines):
                text = " ".join(said[line * WORDS_A_LINE : (line + 1) * WORDS_A_LINE])
                page.insert_text((50, 60 + 18 * line), text, fontsize=8)
            if number % 5 == 0:
                for bar in range(6):
                    height = 20 + 15 * ((bar * 7 + number) % 11)
                    place = pymupdf.Rect(80 + 60 * bar, 780 - height, 120 + 60 * bar, 780)
                    page.draw_rect(place, color=None, fill=(0.2, 0.3, 0.5))
            if number == pages - 1 and last_word:
                page.insert_text((50, 40), last_word, fontsize=10)
        document.save(path)
    return path


def texts(pages: int, passages: int = 8) -> Iterator[tuple[str, str]]:
    """(name, text) of pages that make so many passages each."""
    known = vocabulary()
    for number in range(pages):
        yield f"text {number}", " ".join(words(110 * passages, 1_000_000 + number, known))


def questions(count: int) -> list[str]:
    known = vocabulary()
    return [" ".join(words(8, 2_000_000 + number, known)) for number in range(count)]
