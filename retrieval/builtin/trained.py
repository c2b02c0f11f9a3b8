"""The built-in Embedder with weights that a library's own judgements made: which files those are, and how they come back.

    projection.safetensors        the two layers between the picture net's features and the common space
    embedder/text.safetensors     the layers of the text net that were moved

The picture net itself is never moved, so stored features stay good. Training reads them instead of pictures.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import InputModule
from torch import Tensor

from ..errors import ModelError
from .embedder import DIM, BuiltinEmbedder, assemble, file_sha256, key_of, projection_layers, put_layers
from .embedder import PROJECTION as PROJECTION_FILE
from .towers import FEATURES

TEXT_FILE = "embedder/text.safetensors"


class StoredFeatures(InputModule):
    """Stands where the picture net stands while the projection learns: {"image": its features (1280,)} pass as they are."""

    config_keys: list[str] = []  # noqa: RUF012 (the base class declares it so)
    save_in_root = False

    @property
    def modalities(self) -> list[Any]:
        return ["image"]

    def get_embedding_dimension(self) -> int:
        return FEATURES

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **kwargs: Any) -> dict[str, Any]:
        import torch

        rows = np.stack([np.asarray(item["image"], np.float32) for item in inputs])
        return {"pixel_values": torch.from_numpy(rows), "modality": "image"}

    def forward(self, features: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        features["sentence_embedding"] = features["pixel_values"]
        return features

    def save(self, output_path: str, *args: Any, safe_serialization: bool = True, **kwargs: Any) -> None:
        raise NotImplementedError("a model that learns from stored features is saved by `save_weights`")


def learner(base: BuiltinEmbedder) -> SentenceTransformer:
    """A copy that may be trained, in float32, whose image route takes stored features."""
    text, pooling = (copy.deepcopy(module).float() for module in base.route("text"))
    text._forward_hooks.clear()  # the one that turns half precision back
    layers = [copy.deepcopy(layer).float() for layer in base.route("image")[1:]]
    return assemble([text, pooling], [StoredFeatures(), *layers], str(base.model.device))


def projection_state(layers: Sequence[Any]) -> dict[str, Tensor]:
    """Weights of the two layers under the names of their file, float32."""
    return {
        f"{number}.{name}": getattr(layer.linear, name).detach().float().cpu().clone().contiguous()
        for number, layer in enumerate(layers)
        for name in ("weight", "bias")
    }


def save_weights(base: BuiltinEmbedder, model: SentenceTransformer, moved: frozenset[str], folder: Path) -> None:
    """What differs from the shipped weights, into a Model's folder. `moved`: names of the text net's parameters.

    Layers that an earlier training moved are kept, whether or not this one moved them again.
    """
    router: Any = model[0]
    save_file(projection_state(list(router.sub_modules["image"])[1:]), folder / PROJECTION_FILE)
    earlier = frozenset(_read(base.own_weights / TEXT_FILE)) if base.text_sha256 and base.own_weights else frozenset()
    net = router.sub_modules["text"][0].model
    state = {
        name: value.detach().float().cpu().contiguous()
        for name, value in net.named_parameters()
        if name in moved | earlier
    }
    if state:
        (folder / TEXT_FILE).parent.mkdir(exist_ok=True)
        save_file(state, folder / TEXT_FILE)


def with_weights(base: BuiltinEmbedder, folder: Path) -> BuiltinEmbedder:
    """`base` with the weights in a Model's folder; what they leave alone is shared with it. Raises ModelError."""
    text, pooling = base.route("text")
    tower, *layers = base.route("image")
    projection_sha256, text_sha256 = base.projection_sha256, base.text_sha256
    if (folder / TEXT_FILE).exists():
        text = copy.deepcopy(text)
        put_layers(text.model, _read(folder / TEXT_FILE), folder / TEXT_FILE)
        text_sha256 = key_of(below=base.text_sha256, own=file_sha256(folder / TEXT_FILE))
    if (folder / PROJECTION_FILE).exists():
        state = _read(folder / PROJECTION_FILE)
        if state["0.weight"].shape[1] != FEATURES or state["1.weight"].shape[0] != DIM:
            raise ModelError(f"{folder / PROJECTION_FILE} does not fit the model.", "Roll back to another model.")
        layers = projection_layers(state)
        projection_sha256 = file_sha256(folder / PROJECTION_FILE)
    model = assemble([text, pooling], [tower, *layers], str(base.model.device))
    made = BuiltinEmbedder(model, projection_sha256, base.tower_sha256, text_sha256=text_sha256, own_weights=folder)
    made.encoder.lock = base.encoder.lock  # they may share a tokenizer, which keeps its padding as state
    return made


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"The weights {path} cannot be read.", "Roll back to another model.") from error


__all__ = ["PROJECTION_FILE", "TEXT_FILE", "learner", "projection_state", "save_weights", "with_weights"]
