from __future__ import annotations

import math

import numpy as np
import pytest

from ingest.types import Kind
from retrieval.fusion import PRIOR_WEIGHT, Prior, Weights, builtin_fusion, chance, mean_of_matches
from retrieval.types import Profile


def column(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array(values, np.float32)


def test_every_profile_has_weights() -> None:
    fusion = builtin_fusion()
    for kind in Kind:
        for has_text in (False, True):
            weights = fusion.weights(kind, has_text)
            assert fusion.profiles[Profile(kind, has_text).key] == weights
            assert weights.text == 0 or has_text  # a page without text has no passage to be near
    assert 0 < fusion.cutoff < 1
    assert set(fusion.priors) == {"words", "text", "picture"}
    assert all(prior.deviation > 0 for prior in fusion.priors.values())
    assert fusion.words_only.weights(Kind.PICTURE, False) == fusion.by_words
    assert fusion.by_words.text == fusion.by_words.picture == 0


def test_better_on_a_route_is_never_worse_in_the_sum() -> None:
    for weights in builtin_fusion().profiles.values():
        low, high, none = column(0.0, 0.0), column(0.0, 1.0), column(0.0, 0.0)
        for place in range(4):
            columns = [high if at == place else none for at in range(4)]
            total = weights.fuse(*columns)
            assert total[1] >= total[0] == weights.fuse(low, low, low, low)[0]


def test_the_sum_in_closed_form() -> None:
    weights = Weights(words=1.0, text=2.0, picture=3.0, coverage=0.5, offset=-4.0)
    total = weights.fuse(column(1, np.nan), column(1, np.nan), column(1, 2), column(2, np.nan))
    assert total.tolist() == [1 + 2 + 3 + 1 - 4, 6 - 4]
    assert total.dtype == np.float32


def test_chance_is_the_logistic_curve() -> None:
    values = [-30.0, -2.0, 0.0, 1.5, 30.0]
    found = chance(column(*values))
    assert found == pytest.approx([1 / (1 + math.exp(-value)) for value in values], abs=1e-6)
    assert np.all(np.diff(found) >= 0)


def test_mean_of_matches_counts_the_pages_that_do_not_match() -> None:
    scores = column(3.0, 1.0)
    mean, deviation = mean_of_matches(scores, 10)
    everything = np.array([3.0, 1.0] + [0.0] * 8)
    assert (mean, deviation) == pytest.approx((everything.mean(), everything.std()), abs=1e-6)
    assert mean_of_matches(column(), 0) == pytest.approx((0.0, 1e-3))
    assert mean_of_matches(column(2.0, 2.0), 1)[0] == 2.0  # never fewer pages than matches


def test_the_prior_steadies_small_libraries_and_leaves_large_ones_alone() -> None:
    prior = Prior(mean=1.0, deviation=2.0)
    assert prior.z(9.0, 9.0, 0) == (1.0, 2.0)
    mean, deviation = prior.z(9.0, 9.0, 1_000_000)
    assert (mean, deviation) == pytest.approx((9.0, 9.0), rel=1e-3)
    mean, deviation = prior.z(3.0, 4.0, PRIOR_WEIGHT)
    assert (mean, deviation) == pytest.approx((2.0, math.sqrt((16 + 4) / 2)))
    assert prior.z(0.0, 0.0, 10)[1] > 0
