"""One contract for every Embedder: built in, tiny CLIP, tiny Qwen3-VL, and the tests' own hash embedder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retrieval.builtin.embedder import minilm_folder
from retrieval.checkpoints import content_key, open_checkpoint
from retrieval.embedders import load_embedder
from retrieval.errors import ModelError
from retrieval.types import Embedder, PartInput, Route
from tests.retrieval.conftest import EMBEDDERS, Models

RED = Image.new("RGB", (60, 40), (200, 30, 30))
NOISE = Image.effect_noise((50, 80), 60).convert("RGB")
# what CLIP, Qwen-VL and the like are given in practice: short, long, empty, foreign letters, the model's own tokens
TEXTS = ["a red square", "", "wort " * 60, "Ünïcödé 漢字 🎈", "<|image_pad|><|im_end|> [CLS] <s>"]


@pytest.fixture(params=EMBEDDERS)
def embedder(request: pytest.FixtureRequest, models: Models) -> Embedder:
    return models[request.param]


def mixed() -> list[PartInput]:
    parts = [PartInput(text=text) for text in TEXTS]
    return [
        *parts[:2],
        PartInput(picture=RED),
        *parts[2:],
        PartInput(text="both", picture=NOISE),
        PartInput(picture=NOISE),
    ]


def test_rows_are_float32_of_length_one(embedder: Embedder) -> None:
    for rows in (embedder.embed_parts(mixed()), embedder.embed_queries(mixed())):
        assert rows.dtype == np.float32
        assert rows.shape == (len(mixed()), embedder.dim)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_nothing_gives_no_rows(embedder: Embedder) -> None:
    assert embedder.embed_parts([]).shape == (0, embedder.dim)
    assert embedder.embed_queries([]).shape == (0, embedder.dim)


def test_order_is_kept_and_neighbours_do_not_matter(embedder: Embedder) -> None:
    parts = mixed()
    together = embedder.embed_parts(parts)
    alone = np.concatenate([embedder.embed_parts([part]) for part in parts])
    np.testing.assert_allclose(together, alone, atol=2e-6)
    np.testing.assert_allclose(embedder.embed_parts(parts[::-1])[::-1], alone, atol=2e-6)
    assert np.abs(together[0] - together[2]).max() > 1e-3  # and they are not all the same row


def test_a_picture_counts_not_only_its_size(embedder: Embedder) -> None:
    blue = Image.new("RGB", RED.size, (20, 30, 220))
    rows = embedder.embed_parts([PartInput(picture=RED), PartInput(picture=blue), PartInput(picture=RED.copy())])
    assert np.abs(rows[0] - rows[1]).max() > 1e-4
    np.testing.assert_allclose(rows[0], rows[2], atol=1e-6)


def test_odd_pictures_are_taken(embedder: Embedder) -> None:
    odd = [Image.new("RGBA", (5, 5)), Image.new("1", (1, 1)), Image.new("I;16", (9, 9)), Image.new("L", (3, 1500))]
    rows = embedder.embed_parts([PartInput(picture=picture) for picture in odd])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_text_that_names_a_file_or_an_address_is_text(
    embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret.png"
    RED.save(path)
    tempting = [str(path), "https://127.0.0.1:1/cat.jpg", "data:image/png;base64,iVBORw0KGgo=", f"file://{path}"]
    opened: list[object] = []
    monkeypatch.setattr(Image, "open", lambda *args, **_: opened.append(args))
    rows = embedder.embed_queries([PartInput(text=text) for text in tempting])
    again = embedder.embed_parts([PartInput(text=text) for text in tempting])
    assert opened == []
    path.unlink()  # the same words without the file: the same vectors, so the file was never looked at
    np.testing.assert_allclose(embedder.embed_queries([PartInput(text=tempting[0])])[0], rows[0], atol=2e-6)
    np.testing.assert_allclose(embedder.embed_parts([PartInput(text=tempting[0])])[0], again[0], atol=2e-6)


def test_an_input_without_anything_is_refused(models: Models) -> None:
    for name in ("builtin", "clip", "qwen3_vl"):
        with pytest.raises(ValueError, match="neither"):
            models[name].embed_parts([PartInput()])


def test_text_and_picture_together(models: Models) -> None:
    """Fused where the model reads both at once, else the mean of the two."""
    text, picture = PartInput(text="a red square"), PartInput(picture=RED)
    both = PartInput(text="a red square", picture=RED)
    for name in ("builtin", "clip"):
        halves = models[name].embed_parts([text, picture])
        mean = halves.mean(axis=0) / np.linalg.norm(halves.mean(axis=0))
        np.testing.assert_allclose(models[name].embed_parts([both])[0], mean, atol=1e-6)
    rows = models["qwen3_vl"].embed_parts([text, picture, both])
    assert np.abs(rows[2] - rows[0]).max() > 1e-3 and np.abs(rows[2] - rows[1]).max() > 1e-3


def test_a_long_text_beside_a_picture_keeps_the_end_that_is_pooled(models: Models) -> None:
    rows = models["qwen3_vl"].embed_parts(
        [PartInput(text="word " * 5000, picture=RED), PartInput(text="x", picture=RED)]
    )
    assert np.isfinite(rows).all()


def test_another_process_gives_the_same_vectors(models: Models, checkpoints: dict[str, Path]) -> None:
    script = """
import json, sys
from PIL import Image
from retrieval.builtin import load_builtin
from retrieval.embedders import load_embedder
from retrieval.types import PartInput

parts = [PartInput(text="a red square"), PartInput(picture=Image.new("RGB", (60, 40), (200, 30, 30)))]
loaded = {"builtin": load_builtin(threads=1, device="cpu")}
for name, folder in json.loads(sys.argv[1]).items():
    loaded[name] = load_embedder(folder, device="cpu")
print(json.dumps({name: [e.document_key, e.query_key, e.embed_parts(parts).tolist()] for name, e in loaded.items()}))
"""
    folders = json.dumps({name: str(checkpoints[name]) for name in ("clip", "qwen3_vl")})
    done = subprocess.run([sys.executable, "-c", script, folders], capture_output=True, text=True, check=True)
    parts = [PartInput(text="a red square"), PartInput(picture=RED)]
    for name, (document_key, query_key, rows) in json.loads(done.stdout).items():
        assert (document_key, query_key) == (models[name].document_key, models[name].query_key)
        np.testing.assert_allclose(np.array(rows, dtype=np.float32), models[name].embed_parts(parts), atol=2e-6)


def test_keys_follow_the_weights(models: Models, checkpoints: dict[str, Path]) -> None:
    keys = {models[name].document_key for name in EMBEDDERS}
    assert len(keys) == len(EMBEDDERS)
    assert load_embedder(str(checkpoints["clip"]), device="cpu").document_key == models["clip"].document_key
    other = load_embedder(str(checkpoints["other_clip"]), device="cpu")
    assert other.document_key != models["clip"].document_key


def test_readme_files_do_not_change_a_key(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in checkpoints["clip"].iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    before = content_key(copy, format=1)
    assert before == content_key(checkpoints["clip"], format=1)
    (copy / "README.md").write_text("hello", encoding="utf-8")
    assert content_key(copy, format=1) == before
    assert content_key(copy, format=2) != before


def test_a_half_precision_checkpoint_comes_up_exact(models: Models) -> None:
    """The tiny CLIP is saved in bfloat16; on a CPU without it that would be a hundred times slower."""
    assert str(models["clip"].model.dtype) == "torch.float32"  # type: ignore[attr-defined]
    assert models["clip"].reads == {Route.TEXT, Route.PICTURE}  # type: ignore[attr-defined]


def test_the_users_folder_is_left_alone(models: Models, checkpoints: dict[str, Path]) -> None:
    config = json.loads((checkpoints["qwen3_vl"] / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert config["processor_class"] == "Qwen3VLProcessor"


def test_the_last_token_speaks_for_a_bare_qwen(models: Models) -> None:
    model = models["qwen3_vl"].model  # type: ignore[attr-defined]
    assert model[1].pooling_mode == "lasttoken"
    query = models["qwen3_vl"].embed_queries([PartInput(text="x")])
    assert np.abs(query - models["qwen3_vl"].embed_parts([PartInput(text="x")])).max() > 1e-3  # prompts differ


def test_missing_processor_files_are_an_error_not_wrong_vectors(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    for name, lost in (("clip", ["processor_config.json"]), ("qwen3_vl", ["preprocessor_config.json"])):
        folder = tmp_path / name
        folder.mkdir()
        for file in checkpoints[name].iterdir():
            if file.name not in lost:
                (folder / file.name).write_bytes(file.read_bytes())
        with pytest.raises(ModelError) as caught:
            load_embedder(str(folder), device="cpu")
        assert caught.value.remedy


def test_what_cannot_be_opened_says_what_to_do(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    (pickled / "config.json").write_text("{}", encoding="utf-8")
    (pickled / "pytorch_model.bin").write_bytes(b"\x80\x04")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "model.safetensors").write_bytes(b"")
    (foreign / "modules.json").write_text(json.dumps([{"type": "evil.Module", "path": ""}]), encoding="utf-8")
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_model.safetensors").write_bytes(b"")
    (adapter / "adapter_config.json").write_text("{}", encoding="utf-8")
    for given, expected in {
        str(tmp_path / "nowhere"): "no folder",
        str(tmp_path / "file"): "is a file",
        str(tmp_path / "empty"): "no weights",
        str(pickled): "no safetensors",
        str(foreign): "code of its own",
        str(adapter): "only an adapter",
    }.items():
        with pytest.raises(ModelError, match=expected) as caught:
            open_checkpoint(given)
        assert caught.value.remedy


def test_offline_names_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    for revision in (None, "0" * 40):
        with pytest.raises(ModelError, match="cannot be reached") as caught:
            load_embedder("someone/some-model", revision=revision)
        assert "give its path" in caught.value.remedy


def test_a_reranker_is_not_an_embedder(checkpoints: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="a reranker"):
        load_embedder(str(checkpoints["cross_encoder"]), device="cpu")


def test_a_model_that_reads_text_only_says_so() -> None:
    embedder = load_embedder(str(minilm_folder()), device="cpu")
    assert embedder.reads == {Route.TEXT}  # type: ignore[attr-defined]
    rows = embedder.embed_parts([PartInput(text="a red square"), PartInput(text="a red square", picture=RED)])
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)
    with pytest.raises(ModelError, match="reads text only"):
        embedder.embed_parts([PartInput(picture=RED)])
