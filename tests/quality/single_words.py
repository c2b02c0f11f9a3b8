"""`python -m tests.quality.single_words`: what a question of a single word finds among the photos of the dev set, asked as it is
and in sentences, of which the product takes the last; docs/builtin.md has the table. FOLIOSCOPE_DATA names the
folder with the sets.

An answer is right when one of the photo's captions holds the word; *fits* when its chance is above the cut-off.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ingest.types import Kind
from retrieval.builtin import load_builtin
from retrieval.builtin.embedder import SENTENCE
from retrieval.builtin.pictures import Captions, picture_features, read_captions
from retrieval.cpu import settle_threads
from retrieval.fulltext import STOP
from retrieval.fusion import builtin_fusion, chance
from retrieval.types import Floats, PartInput

PHOTOS, CAPTIONS = 5, 2  # a word is asked that so many of the captions of so many photos hold
FORMS = ("{}", "a {}", "a photo of a {}", SENTENCE)
NOT_THERE = """invoice galaxy octopus microscope cathedral helicopter tractor penguin violin spreadsheet volcano submarine
 elephant lighthouse pyramid toothbrush keyboard skeleton map receipt""".split()


def asked(captions: Captions) -> dict[str, set[int]]:
    """Word → the photos (rows of `captions.files`) one of whose captions holds it."""
    said: dict[int, Counter[str]] = {}
    for text, photo in captions.pairs.tolist():
        said.setdefault(photo, Counter()).update(set(re.findall("[a-z]{3,}", captions.texts[text].lower())) - STOP)
    told = Counter(word for counts in said.values() for word, number in counts.items() if number >= CAPTIONS)
    return {word: {p for p, counts in said.items() if word in counts} for word, n in told.items() if n >= PHOTOS}


def row(name: str, vectors: Floats, pictures: Floats, right: Sequence[set[int]]) -> str:
    """A table row of questions (n, dim) among pictures (m, dim)."""
    weights = builtin_fusion().weights(Kind.PICTURE, False)
    scores = vectors @ pictures.T
    best = np.argsort(-scores, axis=1, kind="stable")[:, :5]
    found = np.array([[photo in some for photo in places] for some, places in zip(right, best.tolist(), strict=True)])
    first = chance(weights.weights["picture"] * scores.max(axis=1) + np.float32(weights.offset))
    fits = float(np.mean(first >= builtin_fusion().cutoff))
    return f"| {name} | {len(vectors)} | {found.mean():.3f} | {found[:, 0].mean():.3f} | {fits:.0%} |"


def main() -> None:
    data = os.environ.get("FOLIOSCOPE_DATA")
    if not data:
        sys.exit("FOLIOSCOPE_DATA must name a folder that holds photos")
    captions, embedder = read_captions(Path(data) / "photos", "dev"), load_builtin()
    cache = Path(tempfile.gettempdir()) / "folioscope-features"
    pictures = embedder.project(picture_features(embedder, captions.files, cache, lambda line: None))
    words = asked(captions)
    print("| asked | words | right in the first 5 | right first | fits |\n|---|---|---|---|---|")
    for name, some in (("there", words), ("not there", {word: set[int]() for word in NOT_THERE})):
        for form in FORMS:
            vectors = embedder.embed_parts(
                [PartInput(text=form.format(word)) for word in some]
            )  # parts are never rewritten
            print(row(f"{name}, `{form.format('dog')}`", vectors, pictures, list(some.values())), flush=True)


if __name__ == "__main__":
    settle_threads()
    main()
