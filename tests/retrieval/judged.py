"""Libraries of texts with judged questions, for tests of the retrain: questions whose words lead astray, in a way that a
map on the question's vector can learn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from retrieval.library import Library
from retrieval.types import Embedder, Floats, PartInput
from tests.hash_embedder import HashEmbedder

THINGS = "heron otter badger lynx ibex marten adder newt".split()
PLACES = "harbour quarry orchard tunnel meadow".split()


class TurnedEmbedder(HashEmbedder):
    """Reads questions backwards, so that no word of theirs stands in a text, and turns their vectors, as a house with its
    own words does: what a map can turn back."""

    def __init__(self, dim: int = 64) -> None:
        super().__init__(dim, "turned")
        random = np.random.default_rng(5)
        turn = 0.15 * np.eye(dim) + random.standard_normal((dim, dim)) / np.sqrt(dim)
        self._turn = turn.astype(np.float32)

    def embed_queries(self, queries: Sequence[PartInput]) -> Floats:
        meant = [PartInput(text=" ".join(word[::-1] for word in (query.text or "").split())) for query in queries]
        rows = self.embed_parts(meant) @ self._turn.T
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def question(thing: str, place: str, number: int) -> str:
    return f"{thing[::-1]} {place[::-1]} {'esaelp ' * (number % 2)}".strip()


def library(folder: Path, embedder: Embedder | None = None) -> Library:
    """40 texts."""
    made = Library(folder / "library", embedder=embedder or TurnedEmbedder(), cache=folder / "cache")
    texts = [(f"{thing}-{place}", f"{thing} {place}") for thing in THINGS for place in PLACES]
    made.add_texts(texts)
    return made


def judge(made: Library, count: int, wrong: bool = False) -> list[str]:
    """Judges questions, in an order that has held-out ones and others early; which ones."""
    asked = []
    for place in PLACES:
        for thing in THINGS:
            if len(asked) == count:
                return asked
            asked.append(question(thing, place, len(asked)))
            made.labels.set(asked[-1], f"{thing}-{place}", True)
            if wrong:
                other = THINGS[(THINGS.index(thing) + 1) % len(THINGS)]
                made.labels.set(asked[-1], f"{other}-{place}", False)
    return asked
