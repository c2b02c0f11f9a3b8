from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from ingest.types import Kind
from retrieval.fusion import EVIDENCE, PRIOR_WEIGHT, Blend, Scale, Weights, builtin_fusion, chance, from_json, to_json
from retrieval.types import Profile


def column(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array(values, np.float32)


def test_every_profile_has_weights() -> None:
    fusion = builtin_fusion()
    for kind in Kind:
        for has_text in (False, True):
            weights = fusion.weights(kind, has_text)
            assert fusion.profiles[Profile(kind, has_text).key] == weights
    assert 0 < fusion.cutoff < 1
    assert set(fusion.scales) == {"text", "picture"}
    assert all(scale.deviation > 0 for scale in fusion.scales.values())
    assert fusion.words_only.weights(Kind.PICTURE, False) == fusion.by_words
    assert set(fusion.vectors_only.weights(Kind.PICTURE, True).weights) == {"text", "picture"}
    assert set(fusion.vectors_only.weights(Kind.PICTURE, False).weights) == {"picture"}  # a few letters are no text
    assert set(fusion.by_words.weights) <= {"words", "coverage", "phrases", "number", "document_words", "near_words"}
    assert fusion.own and not fusion.for_another_encoder.own


def test_weights_are_read_as_they_were_written_and_unknown_evidence_is_refused() -> None:
    text = to_json(builtin_fusion())
    assert from_json(text) == builtin_fusion()
    blended = replace(builtin_fusion(), reranked={"page/text": Blend(0.9, 1.5, -0.25)})
    assert from_json(to_json(blended)) == blended
    with pytest.raises(ValueError, match="no evidence called colour"):
        from_json(text.replace('"coverage"', '"colour"'))


def test_better_on_a_route_is_never_worse_in_the_sum() -> None:
    for weights in [*builtin_fusion().profiles.values(), builtin_fusion().by_words]:
        nothing = np.zeros((1, len(EVIDENCE)), np.float32)
        for place in range(len(EVIDENCE)):
            more = nothing.copy()
            more[0, place] = 1.0
            assert weights.fuse(more)[0] >= weights.fuse(nothing)[0]


def test_the_sum_in_closed_form() -> None:
    weights = Weights({"words": 1.0, "text": 2.0, "picture": 3.0, "near_text": 0.5}, offset=-4.0)
    evidence = np.array(
        [[1, 1, 1, 9, 9, 9, 0, 0, 0, 2], [np.nan, np.nan, 2, np.nan, 9, 9, 0, 0, 0, np.nan]], np.float32
    )
    total = weights.fuse(evidence)
    assert total.tolist() == [1 + 2 + 3 + 1 - 4, 6 - 4]
    assert total.dtype == np.float32
    with pytest.raises(ValueError, match="shape"):
        weights.fuse(evidence[:, :4])


def test_chance_is_the_logistic_curve() -> None:
    values = [-30.0, -2.0, 0.0, 1.5, 30.0]
    found = chance(column(*values))
    assert found == pytest.approx([1 / (1 + math.exp(-value)) for value in values], abs=1e-6)
    assert np.all(np.diff(found) >= 0)


def test_another_encoders_cosines_are_brought_to_the_scale() -> None:
    scale = Scale(mean=0.1, deviation=0.2)
    cosines = column(0.3, 0.5, 0.7)
    brought = scale.bring(cosines, 0.5, 0.1, population=1_000_000)
    assert brought == pytest.approx([0.1 - 0.4, 0.1, 0.1 + 0.4], abs=1e-3)
    unknown_spread = scale.bring(cosines, 0.5, 0.1, population=0)
    assert unknown_spread == pytest.approx(cosines - 0.4, abs=1e-6)
    half = scale.bring(cosines, 0.5, 0.1, population=PRIOR_WEIGHT)
    assert half == pytest.approx(0.1 + 0.2 * (cosines - 0.5) / math.sqrt((0.01 + 0.04) / 2), abs=1e-6)
    assert np.isfinite(scale.bring(cosines, 0.0, 0.0, population=10)).all()
