"""A Model as a folder that plain sentence-transformers loads: the embedder, with the query map as one more layer of it.

The map is a residual `Dense` at the end of the query route: e' = norm(e + A e). What cannot go along is said in the card:
the fusion of words, passages and pictures is the library's, and the built-in model's picture net is Folioscope's own class.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Router

from retrieval import qwen_vl
from retrieval.builtin.embedder import WEIGHTS, BuiltinEmbedder
from retrieval.builtin.trained import PROJECTION_FILE, projection_state
from retrieval.embedders import ModelEmbedder, transformers_of
from retrieval.errors import FolioscopeError, ModelError
from retrieval.training.embedder import save_model
from retrieval.training.mapped import MappedEmbedder
from retrieval.types import Embedder, Floats

PICTURES = "pictures"  # the built-in model's other half
NATIVE_PROCESSORS = {
    "qwen2_vl": ("Qwen2VLProcessor", "Qwen2VLVideoProcessor"),
    "qwen2_5_vl": ("Qwen2_5_VLProcessor", "Qwen2VLVideoProcessor"),
    "qwen3_vl": ("Qwen3VLProcessor", "Qwen3VLVideoProcessor"),
}


def export(embedder: Embedder, matrix: Floats | None, folder: Path, card: str) -> Path:
    """Writes `folder` (new or empty) with the weights, the map (dim, dim) as a layer, and README.md around `card`.

    `embedder` is the Model's without its map; one that has it already brings its own. Raises FolioscopeError when something
    is in the folder, ModelError for an embedder that is no SentenceTransformer.
    """
    if isinstance(embedder, MappedEmbedder):
        matrix = embedder.map if matrix is None else matrix
        embedder = embedder.base
    if not isinstance(embedder, BuiltinEmbedder | ModelEmbedder):
        raise ModelError(f"{type(embedder).__name__} is no SentenceTransformer, so it cannot be exported.")
    folder = folder.expanduser().resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolioscopeError(f"{folder} is not empty.", "Name a new folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as place:
        written = Path(place) / "model"
        _write(embedder, matrix, written)
        (written / "README.md").write_text(readme(embedder, matrix, folder.name, card), encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        os.rename(written, folder)  # all of it or nothing
    return folder


def _write(embedder: BuiltinEmbedder | ModelEmbedder, matrix: Floats | None, folder: Path) -> None:
    if isinstance(embedder, BuiltinEmbedder):
        text, pooling = (copy.deepcopy(module).float() for module in embedder.route("text"))
        text._forward_hooks.clear()
        save_model(with_map([text, pooling], matrix, embedder.dim, {}), folder)
        (folder / PICTURES).mkdir()
        save_file(projection_state(embedder.route("image")[1:]), folder / PICTURES / PROJECTION_FILE)
        shutil.copyfile(WEIGHTS / "tower.safetensors", folder / PICTURES / "tower.safetensors")
        return
    model = embedder.model
    save_model(
        with_map(list(model.children()), matrix, embedder.dim, model.prompts) if matrix is not None else model, folder
    )
    for transformer in transformers_of(model):
        kind = transformer.config.model_type
        if kind in qwen_vl.MODEL_TYPES:
            _name_native_processor(folder, *NATIVE_PROCESSORS[kind])


def with_map(modules: Sequence[Any], matrix: Floats | None, dim: int, prompts: dict[str, str]) -> SentenceTransformer:
    """`modules` with unit vectors at their end, and behind the question's the map."""
    document = [*modules, Normalize()]
    query = document
    if matrix is not None:
        change = Dense(
            dim,
            dim,
            bias=False,
            activation_function=torch.nn.Identity(),
            init_weight=torch.from_numpy(matrix).clone(),
            use_residual=True,
        )
        query = [*document, change, Normalize()]
    router = Router({"query": query, "document": document}, default_route="document")
    return SentenceTransformer(modules=[router], prompts=dict(prompts), device="cpu")


def _name_native_processor(folder: Path, processor: str, video: str) -> None:
    """Names transformers' own class where ours, without its video part, was saved.

    Theirs wants settings for videos too: those of pictures, as the published models have it.
    """
    for path in folder.rglob("*_config.json"):
        data = json.loads(path.read_text(encoding="utf-8"))
        if "processor_class" in data:
            data["processor_class"] = processor
            path.write_text(json.dumps(data, indent=2), encoding="utf-8")
    for path in (*folder.rglob("processor_config.json"), *folder.rglob("preprocessor_config.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        settings = data.get("image_processor", data)
        target = path.with_name("video_preprocessor_config.json")
        if not target.exists():
            target.write_text(json.dumps({**settings, "video_processor_type": video}, indent=2), encoding="utf-8")


def readme(embedder: BuiltinEmbedder | ModelEmbedder, matrix: Floats | None, name: str, card: str) -> str:
    """The card, after what somebody without Folioscope needs to know."""
    builtin = isinstance(embedder, BuiltinEmbedder)
    own = not builtin and "message" in embedder.model.modalities
    lines = [
        "---",
        "library_name: sentence-transformers",
        "pipeline_tag: sentence-similarity",
        "tags: [sentence-transformers, feature-extraction, folioscope]",
        *(["license: apache-2.0"] if builtin else []),
        "---",
        "",
        f"# {name}",
        "",
        f"Exported by Folioscope: vectors of {embedder.dim} dimensions, compared by cosine.",
        "",
        "```python",
        "from sentence_transformers import SentenceTransformer",
        "",
        f'model = SentenceTransformer("{name}")',
        'questions = model.encode_query(["how loud is a lynx?"])',
        'pages = model.encode_document(["Lynxes are quiet animals."])',
        "model.similarity(questions, pages)",
        "```",
        "",
        "Use `encode_query` for questions and `encode_document` for everything else"
        + (": questions pass the map that was learned from judgements." if matrix is not None else "."),
        "",
        "What stays behind:",
        "",
        "* The fusion of words, passages and pictures belongs to the library: figures below are of the whole search, these"
        " vectors alone do less.",
    ]
    if builtin:
        lines += [
            f"* Pictures: their net is Folioscope's own class, which sentence-transformers does not load. Its weights are in"
            f" `{PICTURES}/` (`tower.safetensors`, `{PROJECTION_FILE}`); this folder alone reads texts.",
        ]
    if own:
        lines += ["* This kind of model needs torchvision outside of Folioscope: `pip install torchvision`."]
    return "\n".join([*lines, "", card.strip(), ""])


__all__ = ["export", "readme", "with_map"]
