"""Trains the upper layers of the text net for questions and the passages that answer them.

The net, the loss and the loop are those of a library's own bold retrain (`retrieval.training.embedder`); only the questions are
others: those of whole sets, each with a tempting wrong passage from our own first stage (`lists.py`). Then charts are learned
beside charts (`sharpen.py`). Token tables and lower layers stay MiniLM's, so half of the net comes from its pinned package.
"""

from __future__ import annotations

import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from safetensors.torch import load_file
from torch import Tensor

from ..metrics import METRICS
from ..training.dataset import Example, Examples, Shown
from ..training.embedder import train_embedder
from ..training.types import TrainSettings
from ..types import Embedder, PartInput, Route
from .embedder import BuiltinEmbedder
from .lists import CHARTS, Ranked, chosen
from .sharpen import ChartRecipe, sharpen
from .trained import TEXT_FILE, with_weights

NDCG = METRICS["ndcg@10"]


@dataclass(frozen=True, slots=True)
class TextRecipe:
    """Everything that shapes the layers; saved in their metadata."""

    most: int = 1200  # questions of one source
    hardest: int = 12  # the wrong passage is one of so many that the first stage put first
    tokens: int = 128  # of a passage while training
    batch: int = 64
    epochs: float = 1.0
    rate: float = 7e-5
    seed: int = 0
    charts: ChartRecipe = field(default_factory=ChartRecipe)  # of the second part


def examples(rows: Sequence[Ranked], recipe: TextRecipe, order: random.Random) -> Examples:
    """A question, its right passage (one of them) and a wrong one."""
    ids: dict[str, int] = {}

    def shown(text: str) -> Shown:
        number = ids.setdefault(text, len(ids))
        return Shown(number, number, text)

    made: list[Example] = []
    right: dict[str, frozenset[int]] = defaultdict(frozenset)
    for row in rows:
        answers = {row.passages[place] for place in row.right if row.passages[place]}
        wrong = [text for text in row.passages[: recipe.hardest] if text and text not in answers]
        if answers and wrong:
            taken = (shown(order.choice(wrong)),)
            made.append(Example(row.query, Route.TEXT, shown(order.choice(sorted(answers))), taken))
            right[row.query] |= {shown(text).page_id for text in answers}
    return Examples(tuple(made), (), right)


def train(
    base: BuiltinEmbedder, rows: Sequence[Ranked], recipe: TextRecipe, tell: Callable[[str], None]
) -> dict[str, Tensor]:
    """The layers that moved, under MiniLM's own names, in half precision. `base` is left as it is."""
    order = random.Random(recipe.seed)
    used = examples(chosen(rows, recipe.most, order), recipe, order)
    tell(f"{len(used.train):,} questions to learn from")
    settings = TrainSettings(epochs=recipe.epochs, batch_size=recipe.batch, learning_rate=recipe.rate, seed=recipe.seed)
    told = [0.0]

    def said(share: float, line: str) -> None:
        if share >= told[0] + 0.05:
            told[0] = share
            tell(line)

    net = base.route("text")[0]
    whole, net.max_seq_length = net.max_seq_length, recipe.tokens
    try:
        with tempfile.TemporaryDirectory() as place:
            train_embedder(base, used, settings, Path(place), said, lambda: False, see=lambda page: page)
            first_part = load_file(Path(place) / TEXT_FILE)
            charts = [row for row in rows if row.source in CHARTS]
            if charts:
                return sharpen(with_weights(base, Path(place)), charts, recipe.charts, tell)
            return {name: tensor.half().contiguous() for name, tensor in first_part.items()}
    finally:
        net.max_seq_length = whole


def gains(embedder: Embedder, rows: Sequence[Ranked]) -> list[float]:
    """NDCG@10 of each question that has an answer, among the passages of all of them, by cosines alone."""
    texts = sorted({text for row in rows for text in row.passages if text})
    place = {text: number for number, text in enumerate(texts)}
    passages = embedder.embed_parts([PartInput(text=text) for text in texts])
    queries = embedder.embed_queries([PartInput(text=row.query) for row in rows])
    found = []
    for row, query in zip(rows, queries, strict=True):
        right = {place[row.passages[at]] for at in row.right if row.passages[at]}
        if right:
            best = np.argsort(-(passages @ query), kind="stable")[:10]
            found.append(NDCG([float(number in right) for number in best.tolist()], [1.0] * len(right)))
    return found


__all__ = ["TextRecipe", "examples", "gains", "train"]
