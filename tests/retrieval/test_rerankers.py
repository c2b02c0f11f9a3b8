from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ingest.types import Kind
from retrieval.errors import ModelError
from retrieval.rerankers import load_reranker
from retrieval.types import PartInput, Profile, Reranker

RED = Image.new("RGB", (60, 40), (200, 30, 30))
TEXTS = ["a red square", "", "wort " * 10]


@pytest.fixture(scope="module")
def text_reranker(checkpoints: dict[str, Path]) -> Reranker:
    return load_reranker(str(checkpoints["cross_encoder"]), device="cpu")


@pytest.fixture(scope="module")
def picture_reranker(checkpoints: dict[str, Path]) -> Reranker:
    profiles = {Profile(Kind.PAGE, True)}
    return load_reranker(str(checkpoints["qwen_reranker"]), profiles=profiles, device="cpu")


def test_scores_are_the_models_own(text_reranker: Reranker, checkpoints: dict[str, Path]) -> None:
    from sentence_transformers import CrossEncoder

    scores = text_reranker.score("which square?", [PartInput(text=text) for text in TEXTS])
    plain = CrossEncoder(str(checkpoints["cross_encoder"]), device="cpu").predict([("which square?", t) for t in TEXTS])
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, plain, atol=1e-6)
    assert text_reranker.score("x", []).shape == (0,)
    assert text_reranker.profiles == frozenset()  # off unless it is said where it helps


def test_a_text_model_puts_bare_pictures_last(text_reranker: Reranker) -> None:
    scores = text_reranker.score("q", [PartInput(picture=RED), PartInput(text="a", picture=RED), PartInput(text="a")])
    assert scores[0] == -np.inf
    assert scores[1] == scores[2] > -np.inf


def test_pictures_are_seen_and_order_is_kept(picture_reranker: Reranker) -> None:
    parts = [PartInput(text="a"), PartInput(picture=RED), PartInput(text="a", picture=RED), PartInput(text="b " * 20)]
    together = picture_reranker.score("a question", parts)
    alone = np.concatenate([picture_reranker.score("a question", [part]) for part in parts])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert len(set(together.tolist())) == len(parts)
    assert picture_reranker.profiles == {Profile(Kind.PAGE, True)}


@pytest.mark.parametrize("which", ["text_reranker", "picture_reranker"])
def test_text_that_names_a_file_is_text(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    reranker: Reranker = request.getfixturevalue(which)
    path = tmp_path / "secret.png"
    RED.save(path)
    parts = [PartInput(text=str(path)), PartInput(text="data:image/png;base64,iVBORw0KGgo=")]
    with_file = [reranker.score(str(path), parts), reranker.score("q", parts)]
    path.unlink()
    np.testing.assert_allclose([reranker.score(str(path), parts), reranker.score("q", parts)], with_file, atol=1e-6)


def test_an_embedder_is_not_a_reranker(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="reranker"):
        load_reranker(str(checkpoints["clip"]), device="cpu")
    with pytest.raises(ModelError, match="no folder"):
        load_reranker(str(tmp_path / "nowhere"))
