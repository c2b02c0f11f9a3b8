"""How good a ranking is: NDCG@k, recall@k, success@k, MRR@k, and how sure that is. Higher is better, all are 0–1.

Definitions are those of trec_eval and ranx (linear gains): tests compare with ranx. A question's value is made from
`gains`, the judged relevance of the ranked Pages in their order (0 = unjudged or wrong), and `relevant`, the relevance
of every Page judged right for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]
Metric = Callable[[Sequence[float], Sequence[float]], float]


def ndcg(gains: Sequence[float], relevant: Sequence[float], k: int) -> float:
    """Discounted gain over that of the perfect order (Järvelin & Kekäläinen 2002); 0 when nothing is relevant."""
    ideal = _discounted(sorted(relevant, reverse=True)[:k])
    return _discounted(gains[:k]) / ideal if ideal > 0 else 0.0


def recall(gains: Sequence[float], relevant: Sequence[float], k: int) -> float:
    """Share of the relevant Pages that stand among the first k."""
    total = sum(gain > 0 for gain in relevant)
    return sum(gain > 0 for gain in gains[:k]) / total if total else 0.0


def success(gains: Sequence[float], relevant: Sequence[float], k: int) -> float:
    """1 when any relevant Page stands among the first k."""
    return float(any(gain > 0 for gain in gains[:k]))


def mrr(gains: Sequence[float], relevant: Sequence[float], k: int) -> float:
    """1 / rank of the first relevant Page, 0 when it is not among the first k."""
    return next((1.0 / rank for rank, gain in enumerate(gains[:k], start=1) if gain > 0), 0.0)


def at(metric: Callable[[Sequence[float], Sequence[float], int], float], k: int) -> Metric:
    """The metric with its cut-off fixed."""
    return lambda gains, relevant: metric(gains, relevant, k)


METRICS: Mapping[str, Metric] = {
    "ndcg@10": at(ndcg, 10),
    "recall@10": at(recall, 10),
    "recall@100": at(recall, 100),
    "success@10": at(success, 10),
    "mrr@10": at(mrr, 10),
}


def values(metric: Metric, ranked: Mapping[str, Sequence[str]], qrels: Mapping[str, Mapping[str, float]]) -> Doubles:
    """(n,) the metric of each question of `qrels`, in its order; a question without a ranking counts 0.

    `ranked` maps a question to ids, best first; an id that is repeated counts at its first place only.
    """
    found = []
    for question, judged in qrels.items():
        order = list(dict.fromkeys(ranked.get(question, ())))
        found.append(metric([judged.get(page, 0.0) for page in order], list(judged.values())))
    return np.asarray(found, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % interval."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        return {"value": round(self.value, 4), "low": round(self.low, 4), "high": round(self.high, 4)}


def bootstrap(per_question: ArrayLike, *, rounds: int = 2000, seed: int = 0) -> Estimate:
    """Mean and its percentile-bootstrap interval over questions (Efron 1979). Raises ValueError on no questions."""
    sample = np.asarray(per_question, dtype=np.float64)
    if sample.ndim != 1 or sample.size == 0:
        raise ValueError(f"wants one value per question, got shape {sample.shape}")
    means = _resampled_means(sample, rounds, seed)
    low, high = np.quantile(means, [0.025, 0.975])
    return Estimate(float(sample.mean()), float(low), float(high))


def paired_bootstrap(before: ArrayLike, after: ArrayLike, *, rounds: int = 2000, seed: int = 0) -> Estimate:
    """Interval of the gain `after` − `before` over the same questions, resampled together.

    Raises ValueError when the two do not have one value for each question.
    """
    first, second = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"{first.shape} values before and {second.shape} after: not the same questions")
    return bootstrap(second - first, rounds=rounds, seed=seed)


def _discounted(gains: Sequence[float]) -> float:
    if not gains:
        return 0.0
    return float(np.asarray(gains, dtype=np.float64) @ (1.0 / np.log2(np.arange(2, len(gains) + 2))))


def _resampled_means(sample: Doubles, rounds: int, seed: int) -> Doubles:
    """(rounds,) means; in slices, so that 5,000 questions × 2,000 rounds do not take 80 MB at once."""
    random = np.random.default_rng(seed)
    step = max(1, 1_000_000 // sample.size)
    slices = []
    for start in range(0, rounds, step):
        picks = random.integers(0, sample.size, size=(min(step, rounds - start), sample.size))
        slices.append(sample[picks].mean(axis=1))
    return np.concatenate(slices)
