from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ingest.types import Kind
from retrieval.fusion import Blend, builtin_fusion, chance
from retrieval.training.calibrate import Calibration, calibrated, fitted
from retrieval.types import Bools, Floats

CUTOFF = 0.34


def questions(count: int, stretch: float = 2.0, shift: float = 1.0, mean: float = 0.5) -> tuple[Floats, Bools]:
    """Scores of 5 candidates whose first is right as often as (score − shift) / stretch says; the others are not judged."""
    random = np.random.default_rng(0)
    told = random.normal(mean, 1.5, count)
    right = np.zeros((count, 5), bool)
    right[:, 2] = random.random(count) < chance(told.astype(np.float32))
    scores = np.full((count, 5), -9.0, np.float32)
    scores[:, 2] = stretch * told + shift
    scores[:, 3] = scores[:, 2] - 0.01  # as good, and nobody said so
    return scores, right


def test_the_first_answers_become_chances_whatever_stands_below_them() -> None:
    found = fitted(*questions(20_000), CUTOFF)
    assert found.stretch == pytest.approx(0.5, abs=0.03)
    assert found.shift == pytest.approx(-0.5, abs=0.05)


def test_few_judgements_leave_it_nearly_as_it_was() -> None:
    found = fitted(*questions(4), CUTOFF)
    assert abs(found.stretch - 1) < 0.1 and abs(found.shift) < 0.4 and abs(found.cutoff - CUTOFF) < 0.02
    nothing = np.full((3, 5), np.nan, np.float32)
    assert fitted(nothing, np.zeros((3, 5), bool), CUTOFF) == Calibration(1.0, 0.0, CUTOFF)


def test_nine_of_ten_right_answers_still_fit() -> None:
    scores, right = questions(20_000, stretch=1.0, shift=0.0, mean=-1.5)
    found = fitted(scores, right, CUTOFF)
    of_right = chance(found.stretch * scores[right] + found.shift)
    assert found.cutoff < CUTOFF
    assert np.mean(of_right >= found.cutoff) == pytest.approx(0.9, abs=0.01)
    assert fitted(scores, right, 0.05).cutoff == pytest.approx(0.05)  # it is never raised
    assert fitted(scores, np.zeros_like(right), CUTOFF).cutoff == pytest.approx(CUTOFF)


def test_no_order_moves() -> None:
    fusion = builtin_fusion()
    fusion = replace(fusion, reranked={"picture/text": Blend(0.8, 0.5, -0.2)})
    made = calibrated(fusion, Calibration(0.7, -0.4, 0.3))
    evidence = np.random.default_rng(0).random((30, 10), np.float32)
    before, after = (each.weights(Kind.PICTURE, True).fuse(evidence) for each in (fusion, made))
    np.testing.assert_allclose(after, 0.7 * before - 0.4, atol=1e-4)
    scores = np.random.default_rng(1).normal(size=30)
    read = [
        [
            each.reranked["picture/text"].log_odds(float(fused), float(score))
            for fused, score in zip(rows, scores, strict=True)
        ]
        for each, rows in ((fusion, before), (made, after))
    ]
    np.testing.assert_allclose(read[1], read[0], atol=1e-4)
    assert made.cutoff == 0.3
