"""The chance that people see, after weights have moved: log-odds are stretched and shifted until they are chances again.

Platt scaling (1999) with shrinkage: few judgements leave it as it was. It is the same for all Profiles, so no order moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from retrieval.fusion import Fusion, Weights
from retrieval.types import Bools, Floats

FIRST = 20  # candidates of a question that count: those that people see
PRIOR = 30.0  # questions' worth of trust in what there was


def fitted(scores: Floats, right: Bools, present: Bools) -> tuple[float, float]:
    """(stretch, shift) of log-odds (n, K) so that they tell how often the first ones are right; questions of NaN are left
    out. `right`, `present` (n, K)."""
    known = np.isfinite(scores).all(axis=1)
    scores, right, present = scores[known], right[known], present[known]
    if not len(scores):
        return 1.0, 0.0
    first = np.argsort(-scores, axis=1, kind="stable")[:, :FIRST]
    counted = np.take_along_axis(present, first, 1).ravel()
    x = np.take_along_axis(scores, first, 1).ravel()[counted].astype(np.float64)
    y = np.take_along_axis(right, first, 1).ravel()[counted].astype(np.float64)
    design = np.stack([x, np.ones_like(x)], axis=1)  # (m, 2)
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


def calibrated(fusion: Fusion, stretch: float, shift: float) -> Fusion:
    """The same order, other chances."""

    def scaled(row: Weights) -> Weights:
        weights: Mapping[str, float] = {name: round(stretch * weight, 6) for name, weight in row.weights.items()}
        return Weights(weights, round(stretch * row.offset + shift, 6))

    return replace(fusion, profiles={key: scaled(row) for key, row in fusion.profiles.items()})
