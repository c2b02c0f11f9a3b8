"""The values that a recipe takes where the settings say nothing: what the expert panel shows. Imports torch."""

from __future__ import annotations

from retrieval.training.deeper import NEGATIVES
from retrieval.training.embedder import DEFAULTS as EMBEDDER
from retrieval.training.learn import DEFAULTS as MAP
from retrieval.training.projection import DEFAULTS as PROJECTION
from retrieval.training.types import Recipe


def usual(recipe: Recipe, *, builtin: bool) -> dict[str, float | int | str]:
    """By the names of TrainSettings; those that the recipe does not look at are missing. `builtin`: what it trains."""
    values: dict[str, float | int | str] = {
        "map_steps": MAP.steps,
        "map_learning_rate": MAP.rate,
        "map_penalty": MAP.penalty,
        "batch_size": MAP.batch,
        "seed": 0,
    }
    if recipe is Recipe.BALANCED:
        values |= {"epochs": 1.0, "learning_rate": PROJECTION.learning_rate, "hard_negatives": NEGATIVES}
    elif recipe is Recipe.BOLD:
        rate = EMBEDDER.builtin_rate if builtin else EMBEDDER.learning_rate
        values |= {"loss": EMBEDDER.loss, "epochs": EMBEDDER.epochs, "batch_size": EMBEDDER.batch_size}
        values |= {"learning_rate": rate, "hard_negatives": NEGATIVES}
    return values
