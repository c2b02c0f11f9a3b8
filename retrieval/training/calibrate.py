"""The chance that people see, after weights have moved: log-odds are stretched and shifted until they are chances again.

Platt scaling (1999) with shrinkage: few judgements leave it as it was. It is the same for all Profiles, so no order moves.
Only the first answer of each question is counted: below it stand pages that nobody judged, and counting those as wrong made
right answers look like none (docs/lift.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from retrieval.fusion import Blend, Fusion, Weights
from retrieval.types import Bools, Floats

PRIOR = 30.0  # questions' worth of trust in what there was
KEPT = 0.9  # share of the right first answers that are to fit


@dataclass(frozen=True, slots=True)
class Calibration:
    """log-odds · `stretch` + `shift` tell the chance; `cutoff` is the one from which an answer fits."""

    stretch: float
    shift: float
    cutoff: float


def fitted(scores: Floats, right: Bools, cutoff: float) -> Calibration:
    """From log-odds (n, K) by which the candidates of n questions were ordered; questions of NaN are left out. `right`
    (n, K). A `cutoff` that too few of the right first answers reach is lowered, never raised."""
    known = np.isfinite(scores).all(axis=1)
    scores, right = scores[known], right[known]
    if not len(scores):
        return Calibration(1.0, 0.0, cutoff)
    first = scores.argmax(axis=1)[:, None]  # ties to the earlier candidate
    x = np.take_along_axis(scores, first, 1)[:, 0].astype(np.float64)
    y = np.take_along_axis(right, first, 1)[:, 0].astype(np.float64)
    stretch, shift = _platt(x, y)
    return Calibration(stretch, shift, _cutoff(stretch * x[y > 0] + shift, cutoff))


def _platt(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """(stretch, shift) of the log-odds x (n,) that tell best how often y (n,), 0 or 1, is 1."""
    design = np.stack([x, np.ones_like(x)], axis=1)  # (n, 2)
    start = np.array([1.0, 0.0])
    found = start.copy()
    trust = PRIOR * np.diag([float(np.mean(x * x)) or 1.0, 1.0]) * 0.25  # as the data's own curvature counts
    for _ in range(50):  # Newton's method
        chance = 1.0 / (1.0 + np.exp(-np.clip(design @ found, -30, 30)))
        slope = design.T @ (chance - y) + trust @ (found - start)
        bend = (design * (chance * (1 - chance))[:, None]).T @ design + trust
        step = np.linalg.solve(bend, slope)
        found = found - np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-9:
            break
    return float(max(found[0], 0.1)), float(found[1])


def _cutoff(of_right: NDArray[np.float64], before: float) -> float:
    """The chance that KEPT of the right ones, log-odds (m,), reach, where it is less than `before`."""
    held = float(np.log(before / (1 - before)))
    if not len(of_right):
        return before
    share = len(of_right) / (len(of_right) + PRIOR)
    wanted = min(held, float(np.quantile(of_right, 1 - KEPT)))
    return float(1.0 / (1.0 + np.exp(-(held + share * (wanted - held)))))


def calibrated(fusion: Fusion, by: Calibration) -> Fusion:
    """The same order, also after the reranker has read, and other chances."""

    def scaled(row: Weights) -> Weights:
        weights: Mapping[str, float] = {name: round(by.stretch * weight, 6) for name, weight in row.weights.items()}
        return Weights(weights, round(by.stretch * row.offset + by.shift, 6))

    def kept(blend: Blend) -> Blend:
        fused = blend.fused / by.stretch
        return replace(blend, fused=fused, offset=blend.offset - fused * by.shift)

    return replace(
        fusion,
        profiles={key: scaled(row) for key, row in fusion.profiles.items()},
        reranked={key: kept(blend) for key, blend in fusion.reranked.items()},
        cutoff=round(by.cutoff, 6),
    )
