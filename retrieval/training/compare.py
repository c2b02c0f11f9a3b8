"""Two rankings of the same questions compared: which one is better, and how sure that is.

Intervals are percentile bootstraps over questions (Efron 1979), widened as Student's t asks for with few questions
(Hesterberg, What teachers should know about the bootstrap, 2015). Most questions do not move at all, so a handful of draws
can miss those that would have: as in the plus-four interval of a share (Agresti & Coull 1998) two made-up questions, one
that gained and one that lost, are drawn along.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retrieval.metrics import METRICS
from retrieval.training.types import Change, Comparison, Interval, Unjudged

Doubles = NDArray[np.float64]

MEASURES = tuple(METRICS)  # NDCG@10 first
ROUNDS = 2000
SHOWN_CHANGES = 12
SHOWN_UNJUDGED = 20
TOP = 10
UNSEEN = 0.25  # what the two made-up questions gained and lost


@dataclass(frozen=True, slots=True)
class Ranking:
    """A question under two Models: page ids, best first (up to 100). `kinds`: those of the right Pages."""

    query: str
    right: frozenset[int]
    wrong: frozenset[int]
    kinds: frozenset[str]
    before: tuple[int, ...]
    after: tuple[int, ...]

    def judged_only(self, order: Sequence[int]) -> list[int]:
        """The list without unjudged Pages (condensed: Sakai 2007)."""
        judged = self.right | self.wrong
        return [page for page in order if page in judged]


def compare(rankings: Sequence[Ranking], measure: str, *, judged_pages: bool = False, seed: int = 0) -> Comparison:
    """One measure before and after. `judged_pages`: over condensed lists."""
    metric = METRICS[measure]

    def value(ranking: Ranking, order: Sequence[int]) -> float:
        some = ranking.judged_only(order) if judged_pages else order
        return metric([float(page in ranking.right) for page in some], [1.0] * len(ranking.right))

    return paired(
        measure,
        [value(ranking, ranking.before) for ranking in rankings],
        [value(ranking, ranking.after) for ranking in rankings],
        seed=seed,
    )


def paired(measure: str, before: ArrayLike, after: ArrayLike, *, rounds: int = ROUNDS, seed: int = 0) -> Comparison:
    """From one value for each question before and after, resampled together. ValueError when they do not match."""
    first, second = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"values of shape {first.shape} before and {second.shape} after: not the same questions")
    count = len(first)
    if not count:
        nothing = Interval(0.0, 0.0, 0.0)
        return Comparison(measure, 0, nothing, nothing, nothing, 0.5)
    sums = np.stack([first, second, second - first], axis=1)  # (n, 3)
    middle = sums.mean(axis=0)
    unseen = middle + np.array([[0.0, 0.0, UNSEEN], [0.0, 0.0, -UNSEEN]])
    means = _resampled(np.concatenate([sums, unseen]), count, rounds, seed)
    low, high = np.quantile(means, _levels(count), axis=0)
    before_, after_, gain = (Interval(*map(float, row)) for row in zip(middle, low, high, strict=True))
    moved = means[:, 2]
    better = float((moved > 1e-12).mean() + 0.5 * (np.abs(moved) <= 1e-12).mean())
    return Comparison(measure, count, before_, after_, gain, better)


def _resampled(values: Doubles, count: int, rounds: int, seed: int) -> Doubles:
    """(rounds, columns) means of `count` questions drawn with replacement, by how often each was drawn."""
    random = np.random.default_rng(seed)
    drawn = random.multinomial(count, np.full(len(values), 1.0 / len(values)), size=rounds)
    found: Doubles = drawn @ values / count
    return found


def _levels(count: int) -> tuple[float, float]:
    """The quantiles of the bootstrap means that make a 95 % interval of `count` questions."""
    if count < 2:
        return 0.0, 1.0
    reach = math.sqrt(count / (count - 1)) * student_t(0.975, count - 1)
    tail = NormalDist().cdf(-reach)
    return tail, 1.0 - tail


def student_t(level: float, freedom: int) -> float:
    """Quantile of Student's t, by its expansion around the normal (Fisher & Cornish 1960); good to .01 from 4 on."""
    z = NormalDist().inv_cdf(level)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, start=1))


def per_kind(rankings: Sequence[Ranking]) -> dict[str, Comparison]:
    """NDCG@10 of the questions that have a right Page of each Kind."""
    kinds = sorted({kind for ranking in rankings for kind in ranking.kinds})
    return {kind: compare([some for some in rankings if kind in some.kinds], "ndcg@10") for kind in kinds}


def unjudged_share(rankings: Sequence[Ranking], side: Callable[[Ranking], Sequence[int]]) -> float:
    """Share of the places in the top tens that nobody has judged."""
    shown = [page not in ranking.right | ranking.wrong for ranking in rankings for page in side(ranking)[:TOP]]
    return float(np.mean(shown)) if shown else 0.0


def changes(
    rankings: Sequence[Ranking], corpus_ids: Mapping[int, str]
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """(won, lost): questions whose first right Page moved, those that moved most first."""
    won: list[tuple[float, Change]] = []
    lost: list[tuple[float, Change]] = []
    for ranking in rankings:
        before, page_before = _first_right(ranking, ranking.before)
        after, page_after = _first_right(ranking, ranking.after)
        if before == after:
            continue
        gain = (1.0 / after if after else 0.0) - (1.0 / before if before else 0.0)
        page = page_after if gain > 0 else page_before
        if page in corpus_ids:
            change = Change(ranking.query, page, corpus_ids[page], before, after)
            (won if gain > 0 else lost).append((-abs(gain), change))
    return _most(won), _most(lost)


def _most(found: list[tuple[float, Change]]) -> tuple[Change, ...]:
    return tuple(change for _, change in sorted(found, key=lambda row: (row[0], row[1].query))[:SHOWN_CHANGES])


def _first_right(ranking: Ranking, order: Sequence[int]) -> tuple[int | None, int]:
    """1-based rank and id of the first right Page; (None, -1) when it is not there."""
    return next(((rank, page) for rank, page in enumerate(order, 1) if page in ranking.right), (None, -1))


def to_judge(rankings: Sequence[Ranking], corpus_ids: Mapping[int, str]) -> tuple[Unjudged, ...]:
    """Unjudged answers that one side has in its top ten and the other has not, the highest first: judging them moves the
    verdict most."""
    found: list[tuple[int, int, Unjudged]] = []
    for number, ranking in enumerate(rankings):
        for order, other in ((ranking.after, ranking.before), (ranking.before, ranking.after)):
            for rank, page in enumerate(order[:TOP], 1):
                judged = page in ranking.right or page in ranking.wrong
                if not judged and page not in other[:TOP] and page in corpus_ids:
                    found.append((rank, number, Unjudged(ranking.query, page, corpus_ids[page])))
    return tuple(row for _, _, row in sorted(found, key=lambda row: row[:2])[:SHOWN_UNJUDGED])
