"""Does a 95 % interval hold the truth in 95 of 100 cases? On made-up questions whose mean gain is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from retrieval.training.compare import Doubles, paired

DRAWS = 1000
Draw = Callable[[np.random.Generator, int], tuple[Doubles, Doubles]]


def _ndcg(ranks: Doubles) -> Doubles:
    """NDCG@10 of questions with one right Page at these ranks."""
    return np.where(ranks <= 10, 1.0 / np.log2(ranks + 1.0), 0.0)


def _moved(random: np.random.Generator, count: int, share: float, drift: float) -> tuple[Doubles, Doubles]:
    """Ranks are log-normal; a share of them moves by a factor that is log-normal too."""
    before = np.maximum(np.floor(np.exp(random.normal(0.8, 1.2, count))), 1.0)
    after = np.maximum(1.0, np.round(before * np.exp(random.normal(drift, 0.65, count))))
    return _ndcg(before), _ndcg(np.where(random.random(count) < share, after, before))


KINDS: dict[str, Draw] = {
    "most questions stay": lambda random, count: _moved(random, count, 0.5, -0.25),
    "all questions move": lambda random, count: _moved(random, count, 1.0, -0.3),
    "a loss": lambda random, count: _moved(random, count, 0.7, 0.08),
}


def coverage(kind: str, questions: int, draws: int = DRAWS) -> tuple[float, float]:
    """(share of intervals that hold the true gain, that gain)."""
    draw = KINDS[kind]
    before, after = draw(np.random.default_rng(0), 2_000_000)
    truth = float((after - before).mean())
    held = 0
    for number in range(draws):
        found = paired(
            "ndcg@10", *draw(np.random.default_rng((questions, number)), questions), seed=number, rounds=1000
        )
        held += found.difference.low <= truth <= found.difference.high
    return held / draws, truth
