"""The losses that an embedder can learn with, by the names that people choose, and the form of rows that each wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retrieval.errors import FolioscopeError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

SCALE = 20.0  # of the cosines inside the softmax
MARGIN = 0.2  # between cosine distances
MINI_BATCH = 8  # rows that a cached loss holds at once
SMALLEST_DIM = 64


@dataclass(frozen=True, slots=True)
class Loss:
    """`form`: of the rows, see `dataset.FORMS`. `across`: what belongs to other rows of a batch counts as wrong."""

    form: str
    across: bool
    make: Callable[[SentenceTransformer, int], Any]  # (model, its dimensions)


def _ranking(model: SentenceTransformer, dim: int) -> Any:
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    return MultipleNegativesRankingLoss(model, scale=SCALE)


def _cached_ranking(model: SentenceTransformer, dim: int) -> Any:
    from sentence_transformers.sentence_transformer.losses import CachedMultipleNegativesRankingLoss

    return CachedMultipleNegativesRankingLoss(model, scale=SCALE, mini_batch_size=MINI_BATCH)


def _triplet(model: SentenceTransformer, dim: int) -> Any:
    from sentence_transformers.sentence_transformer.losses import TripletLoss
    from sentence_transformers.sentence_transformer.losses.triplet import TripletDistanceMetric

    return TripletLoss(model, distance_metric=TripletDistanceMetric.COSINE, triplet_margin=MARGIN)


def _contrastive(model: SentenceTransformer, dim: int) -> Any:
    from sentence_transformers.sentence_transformer.losses import ContrastiveLoss

    return ContrastiveLoss(model, margin=0.5)


def _matryoshka(model: SentenceTransformer, dim: int) -> Any:
    from sentence_transformers.sentence_transformer.losses import MatryoshkaLoss

    return MatryoshkaLoss(model, _ranking(model, dim), matryoshka_dims=matryoshka_dims(dim))


def matryoshka_dims(dim: int) -> list[int]:
    """dim, dim/2, dim/4 … as long as they are worth having; always two of them at least."""
    dims = [dim, max(1, dim // 2)]
    while dims[-1] // 2 >= SMALLEST_DIM:
        dims.append(dims[-1] // 2)
    return dims


LOSSES = {
    "mnrl": Loss("ranked", True, _ranking),
    "cached-mnrl": Loss("ranked", True, _cached_ranking),
    "triplet": Loss("triplet", False, _triplet),
    "contrastive": Loss("pair", False, _contrastive),
    "matryoshka": Loss("ranked", True, _matryoshka),
}


def loss_named(name: str) -> Loss:
    """Raises FolioscopeError, with the names that there are."""
    if name not in LOSSES:
        raise FolioscopeError(f"There is no loss {name}.", f"Choose one of: {', '.join(LOSSES)}.")
    return LOSSES[name]
