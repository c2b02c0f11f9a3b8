"""The embedder's losses beside each other: the text net as it comes learns from some charts' questions with each of them.

Everything else is what a bold retrain does by itself. Other charts' questions are asked, by passages alone, and those of a
source that has nothing to do with charts: what learning forgets.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.builtin.embedder import BuiltinEmbedder, load
from retrieval.builtin.lists import Ranked, spread
from retrieval.builtin.train_text import TextRecipe, examples, gains
from retrieval.training.compare import paired
from retrieval.training.dataset import Examples
from retrieval.training.embedder import open_trained, train_embedder
from retrieval.training.losses import LOSSES
from retrieval.training.types import Comparison, TrainSettings
from retrieval.types import Embedder

LEARNED, ASKED = 400, 400
OTHERS = 120  # questions of another kind
TOKENS = 128  # of a passage while training


@dataclass(frozen=True, slots=True)
class LossRow:
    loss: str
    charts: Comparison
    others: Comparison  # on the questions of another kind
    seconds: float


def compare_losses(charts: Sequence[Ranked], others: Sequence[Ranked], seed: int = 0) -> Iterator[LossRow]:
    """A row for each loss; the same questions, batches of the same size and the same rate."""
    order = random.Random(seed)
    mixed = order.sample(list(charts), min(len(charts), LEARNED + ASKED))
    learned, asked, some = mixed[:LEARNED], mixed[LEARNED:], spread(list(others), OTHERS)
    base = load(text_layers=False)
    base.route("text")[0].max_seq_length = TOKENS
    used = examples(learned, TextRecipe(), order)
    before = [gains(base, rows) for rows in (asked, some)]
    for name in LOSSES:
        started = time.perf_counter()
        made = _trained(base, used, TrainSettings(loss=name, seed=seed))
        seconds = time.perf_counter() - started
        found = [paired("ndcg@10", old, gains(made, rows)) for old, rows in zip(before, (asked, some), strict=True)]
        yield LossRow(name, found[0], found[1], seconds)


def _trained(base: BuiltinEmbedder, used: Examples, settings: TrainSettings) -> Embedder:
    with tempfile.TemporaryDirectory() as place:
        train_embedder(
            base, used, settings, Path(place), lambda share, line: None, lambda: False, see=lambda page: page
        )
        return open_trained(base, Path(place))
