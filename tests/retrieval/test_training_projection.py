"""The layers after the picture net learn from stored features."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from retrieval.builtin.embedder import BuiltinEmbedder
from retrieval.encoding import unit_rows
from retrieval.errors import ModelError
from retrieval.training.embedder import open_trained
from retrieval.training.following import Cancelled
from retrieval.training.projection import (
    Ranked,
    listwise_loss,
    quality_of,
    scores,
    train_projection,
)
from retrieval.training.records import Trained
from retrieval.training.types import Recipe, TrainSettings
from retrieval.types import Floats, PartInput, WithFeatures
from tests.hash_embedder import HashEmbedder
from tests.retrieval.conftest import Models

SETTINGS = TrainSettings(recipe=Recipe.BALANCED, seed=1)
PICTURES = 24


@pytest.fixture(scope="module")
def features() -> Floats:
    return np.abs(np.random.default_rng(0).standard_normal((PICTURES, 1280))).astype(np.float32)


def question(vector: Floats, right: int, *, rest: Floats | None = None) -> Ranked:
    rows = np.arange(PICTURES)
    zeros = np.zeros(PICTURES, np.float32)
    return Ranked(vector, rows, zeros if rest is None else rest, zeros + 20.0, np.array([right]))


@pytest.fixture(scope="module")
def questions() -> list[Ranked]:
    vectors = unit_rows(np.random.default_rng(1).standard_normal((12, 384)).astype(np.float32))
    return [question(vector, place) for place, vector in enumerate(vectors)]


def trained(
    base: object, features: Floats, train: list[Ranked], inner: list[Ranked], folder: Path, seed: int = 1
) -> Trained:
    settings = replace(SETTINGS, seed=seed, epochs=1.0 if inner else 0.1)
    return train_projection(base, features, train, inner, settings, folder, lambda *_: None, lambda: False)  # type: ignore[arg-type]


@pytest.fixture
def builtin(models: Models) -> BuiltinEmbedder:
    found = models["builtin"]
    assert isinstance(found, BuiltinEmbedder)
    return found


def mean_quality(embedder: WithFeatures, features: Floats, questions: list[Ranked]) -> float:
    rows = embedder.project(features)
    return float(np.mean([quality_of(q, q.rest + q.slope * (rows[q.rows] @ q.vector)) for q in questions]))


def test_scores_add_the_picture_to_the_rest() -> None:
    rows = torch.eye(3)
    one = Ranked(
        np.array([1, 0, 0], np.float32),
        np.array([5, -1, 9]),  # the second page has no picture
        np.array([0.5, 0.25, 0.0], np.float32),
        np.array([2.0, 2.0, 2.0], np.float32),
        np.array([0]),
    )
    total = scores(one, rows[:2], torch.tensor([5, 9]))
    assert total.tolist() == [2.5, 0.25, 0.0]
    expected = -math.log(math.exp(2.5) / (math.exp(2.5) + math.exp(0.25) + 1.0))
    assert listwise_loss(one, rows[:2], torch.tensor([5, 9])).item() == pytest.approx(expected, abs=1e-6)
    both = replace(one, right=np.array([0, 2]))
    expected = -math.log((math.exp(2.5) + 1.0) / (math.exp(2.5) + math.exp(0.25) + 1.0))
    assert listwise_loss(both, rows[:2], torch.tensor([5, 9])).item() == pytest.approx(expected, abs=1e-6)


def test_quality_is_ndcg_of_the_fused_order() -> None:
    one = question(np.zeros(384, np.float32), 3)
    total = np.zeros(PICTURES, np.float32)
    assert quality_of(one, total) == pytest.approx(1 / math.log2(5))  # ties: the fourth place
    total[3] = 1.0
    assert quality_of(one, total) == 1.0


def test_it_learns_and_comes_back_from_its_folder(
    builtin: BuiltinEmbedder, features: Floats, questions: list[Ranked], tmp_path: Path
) -> None:
    before = builtin.project(features)
    record = trained(builtin, features, questions, questions, tmp_path)
    np.testing.assert_array_equal(builtin.project(features), before)
    new = open_trained(builtin, tmp_path)
    assert isinstance(new, WithFeatures)
    assert record.losses[-1] < 0.7 * record.losses[0]
    assert mean_quality(new, features, questions) > mean_quality(builtin, features, questions) + 0.2
    assert record.inner[0] == pytest.approx(mean_quality(builtin, features, questions), abs=1e-4)
    assert record.shares[record.share] == pytest.approx(mean_quality(new, features, questions), abs=1e-4)
    assert new.query_key == builtin.query_key and new.document_key != builtin.document_key
    assert new.feature_key == builtin.feature_key
    texts = [PartInput(text="the texts are where they were")]
    np.testing.assert_array_equal(new.embed_parts(texts), builtin.embed_parts(texts))
    assert json.loads((tmp_path / "training.json").read_text(encoding="utf-8"))["steps"] == record.steps


def test_the_same_seed_gives_the_same_bytes(
    builtin: BuiltinEmbedder, features: Floats, questions: list[Ranked], tmp_path: Path
) -> None:
    found = []
    for name, seed in (("one", 1), ("two", 1), ("three", 2)):
        (tmp_path / name).mkdir()
        trained(builtin, features, questions, [], tmp_path / name, seed)
        found.append((tmp_path / name / "projection.safetensors").read_bytes())
    assert found[0] == found[1] != found[2]


def test_no_gain_on_the_inner_split_leaves_the_old_layers(
    builtin: BuiltinEmbedder, features: Floats, questions: list[Ranked], tmp_path: Path
) -> None:
    rows = builtin.project(features)
    inner = [replace(q, right=np.argsort(-(rows @ q.vector))[:1]) for q in questions]  # all is well already
    record = trained(builtin, features, questions, inner, tmp_path)
    assert record.inner[0] == 1.0 and record.share == 0.0
    new = open_trained(builtin, tmp_path)
    assert isinstance(new, WithFeatures)
    np.testing.assert_allclose(new.project(features), rows, atol=1e-6)


def test_pages_without_a_picture_teach_nothing(builtin: BuiltinEmbedder, features: Floats, tmp_path: Path) -> None:
    bare = Ranked(
        np.ones(384, np.float32),
        np.array([-1, 2]),
        np.zeros(2, np.float32),
        np.ones(2, np.float32),
        np.array([0]),
    )
    with pytest.raises(ModelError, match="picture for an answer"):
        trained(builtin, features, [bare], [], tmp_path)


def test_only_stored_features_can_be_projected_again(features: Floats, questions: list[Ranked], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="stores features"):
        trained(HashEmbedder(), features, questions, [], tmp_path)


def test_a_person_can_stop_it(
    builtin: BuiltinEmbedder, features: Floats, questions: list[Ranked], tmp_path: Path
) -> None:
    told: list[str] = []
    with pytest.raises(Cancelled):
        train_projection(
            builtin, features, questions, [], SETTINGS, tmp_path, lambda _, line: told.append(line), lambda: bool(told)
        )
    assert told == [f"step 10 of 120 · loss {told[0].rsplit(' ', 1)[1]}"]
    assert list(tmp_path.iterdir()) == []
