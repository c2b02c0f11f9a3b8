"""The query map: what it does to questions, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retrieval.errors import Mismatch, ModelError
from retrieval.training.mapped import apply_map, load_map, map_hash, mapped, save_map
from retrieval.types import Embedder, PartInput, WithFeatures
from tests.hash_embedder import HashEmbedder

QUESTIONS = [PartInput(text="a red kite"), PartInput(text="a map of hills")]


def turned(dim: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((dim, dim)).astype(np.float32) * 0.1


def test_questions_move_and_parts_stay() -> None:
    base = HashEmbedder()
    matrix = turned(base.dim)
    embedder = mapped(base, matrix)
    before = base.embed_queries(QUESTIONS)
    expected = np.array([row + matrix @ row for row in before])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.allclose(embedder.embed_queries(QUESTIONS), expected, atol=1e-6)
    assert np.array_equal(embedder.embed_parts(QUESTIONS), base.embed_parts(QUESTIONS))
    assert embedder.document_key == base.document_key


def test_the_zero_map_changes_nothing() -> None:
    rows = HashEmbedder().embed_queries(QUESTIONS)
    assert np.allclose(apply_map(rows, np.zeros((64, 64), np.float32)), rows, atol=1e-6)


def test_other_values_are_another_question_encoder() -> None:
    base = HashEmbedder()
    one, other = turned(64), turned(64)
    other[3, 5] += 1e-6
    keys = {base.query_key, mapped(base, one).query_key, mapped(base, other).query_key}
    assert len(keys) == 3 and map_hash(one) != map_hash(other)
    assert mapped(base, one).query_key == mapped(base, one.copy()).query_key


def test_a_saved_map_comes_back_bit_for_bit(tmp_path: Path) -> None:
    save_map(tmp_path, turned(64))
    assert np.array_equal(load_map(tmp_path), turned(64))


def test_what_is_no_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        load_map(tmp_path)
    save_map(tmp_path, turned(64)[:10])
    with pytest.raises(ModelError, match="no square matrix"):
        load_map(tmp_path)
    save_map(tmp_path, np.full((4, 4), np.nan, np.float32))
    with pytest.raises(ModelError):
        load_map(tmp_path)
    with pytest.raises(Mismatch, match="64 dimensions"):
        mapped(HashEmbedder(), turned(32))


def test_stored_features_stay_usable(models: dict[str, Embedder]) -> None:
    base = models["builtin"]
    embedder = mapped(base, turned(base.dim))
    assert isinstance(embedder, WithFeatures) and isinstance(base, WithFeatures)
    picture = Image.new("RGB", (60, 40), "teal")
    rows = embedder.project(embedder.features([picture]))
    assert np.allclose(rows, base.embed_parts([PartInput(picture=picture)]), atol=1e-5)
    assert embedder.feature_key == base.feature_key
    assert not isinstance(mapped(HashEmbedder(), turned(64)), WithFeatures)
