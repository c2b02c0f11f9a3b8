"""A Model as a folder that others can load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retrieval.embedders import load_embedder
from retrieval.errors import FolioscopeError, ModelError
from retrieval.training.export import export
from retrieval.training.mapped import apply_map, mapped
from retrieval.types import Floats, PartInput
from tests.hash_embedder import HashEmbedder
from tests.retrieval.conftest import Models

QUESTION = PartInput(text="how loud is a lynx?")
TEXT = PartInput(text="Lynxes are quiet animals.")
PICTURE = PartInput(picture=Image.new("RGB", (40, 40), (30, 200, 30)))
CARD = "## Trained on 12 judgements"


def matrix(dim: int) -> Floats:
    return np.random.default_rng(0).standard_normal((dim, dim)).astype(np.float32) * 0.05


@pytest.fixture(scope="module")
def folders(models: Models, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("exported")
    return {
        name: export(mapped(models[name], matrix(models[name].dim)), None, root / name, CARD)
        for name in ("builtin", "clip", "qwen3_vl")
    }


def test_plain_sentence_transformers_loads_it(models: Models, folders: dict[str, Path]) -> None:
    """In a process without Folioscope: the same vectors of questions and texts; of pictures where the classes are theirs."""
    script = """
import json, sys
from PIL import Image
from sentence_transformers import SentenceTransformer

found = {}
for name in ("builtin", "clip"):
    model = SentenceTransformer(f"{sys.argv[1]}/{name}", device="cpu", local_files_only=True)
    rows = [model.encode_query([{"text": "how loud is a lynx?"}])[0]]
    rows += [model.encode_document([{"text": "Lynxes are quiet animals."}])[0]]
    if name == "clip":
        rows += [model.encode_document([{"image": Image.new("RGB", (40, 40), (30, 200, 30))}])[0]]
    found[name] = [row.tolist() for row in rows]
print(json.dumps([found, "retrieval" in sys.modules]))
"""
    root = folders["clip"].parent
    done = subprocess.run(
        [sys.executable, "-c", script, str(root)], cwd=root, capture_output=True, text=True, check=True
    )
    found, ours = json.loads(done.stdout)
    assert not ours
    for name, rows in found.items():
        base = models[name]
        question = apply_map(base.embed_queries([QUESTION]), matrix(base.dim))
        parts = base.embed_parts([TEXT, PICTURE])
        np.testing.assert_allclose(np.array(rows, np.float32), [*question, *parts][: len(rows)], atol=1e-5)
        assert np.abs(question - base.embed_queries([QUESTION])).max() > 0.01  # the map does something


def test_folioscope_takes_it_back(models: Models, folders: dict[str, Path]) -> None:
    for name in ("clip", "qwen3_vl"):
        base, back = models[name], load_embedder(str(folders[name]), device="cpu")
        question = apply_map(base.embed_queries([QUESTION]), matrix(base.dim))
        np.testing.assert_allclose(back.embed_queries([QUESTION]), question, atol=1e-5)
        np.testing.assert_allclose(back.embed_parts([TEXT, PICTURE]), base.embed_parts([TEXT, PICTURE]), atol=1e-5)


def test_a_vision_language_model_names_its_own_classes(folders: dict[str, Path]) -> None:
    texts = [path.read_text(encoding="utf-8") for path in folders["qwen3_vl"].rglob("*.json")]
    assert not any("PictureQwen" in text for text in texts)
    assert any('"processor_class": "Qwen3VLProcessor"' in text for text in texts)
    assert list(folders["qwen3_vl"].rglob("video_preprocessor_config.json"))
    assert "torchvision" in (folders["qwen3_vl"] / "README.md").read_text(encoding="utf-8")


def test_the_card_says_what_stays_behind(folders: dict[str, Path]) -> None:
    for name, folder in folders.items():
        text = (folder / "README.md").read_text(encoding="utf-8")
        assert text.startswith("---\nlibrary_name: sentence-transformers\n") and CARD in text
        assert "fusion" in text and f'SentenceTransformer("{name}")' in text
    assert "`pictures/`" in (folders["builtin"] / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in (folders["builtin"] / "pictures").iterdir()} == {
        "projection.safetensors",
        "tower.safetensors",
    }


def test_without_a_map_it_is_the_model_itself(models: Models, tmp_path: Path) -> None:
    folder = export(models["clip"], None, tmp_path / "plain", CARD)
    back = load_embedder(str(folder), device="cpu")
    given = [QUESTION, PICTURE]
    np.testing.assert_allclose(back.embed_queries(given), models["clip"].embed_queries(given), atol=1e-5)


def test_nothing_is_overwritten(models: Models, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep me", encoding="utf-8")
    with pytest.raises(FolioscopeError, match="not empty") as caught:
        export(models["clip"], None, tmp_path / "mine", CARD)
    assert caught.value.remedy
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "notes.txt"]


def test_what_is_no_sentence_transformer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be exported"):
        export(HashEmbedder(), None, tmp_path / "hash", CARD)
