"""The built-in Reranker: a cross-encoder of MiniLM's form that reads a question and a passage together.

It is a real sentence-transformers CrossEncoder. Its token tables and lower layers are those of the pinned MiniLM package;
the layers above them were trained by this project (`python -m retrieval.builtin.train_reranker`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError
from ..types import Profile
from .embedder import WEIGHTS, check_minilm, minilm_folder

if TYPE_CHECKING:
    import torch
    from sentence_transformers import CrossEncoder

    from ..rerankers import ModelReranker

FILE = WEIGHTS / "reranker.safetensors"
MAX_TOKENS = 192
TABLES = "bert.embeddings."  # of MiniLM's weights: they stay in its package
HEAD = {"classifier.weight", "classifier.bias"}


def start_weights() -> dict[str, torch.Tensor]:
    """MiniLM's own weights under BertForSequenceClassification's names; the head begins at zero."""
    import torch
    from safetensors.torch import load_file

    folder = minilm_folder()
    check_minilm(folder)
    state = {f"bert.{name}": tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()}
    state["classifier.weight"] = torch.zeros(1, state["bert.pooler.dense.weight"].shape[0])
    state["classifier.bias"] = torch.zeros(1)
    return {name: tensor for name, tensor in state.items() if not name.endswith("position_ids")}


def is_table(name: str) -> bool:
    """Frozen: part of the pinned package, never saved by us."""
    return name.startswith(TABLES)


def build_cross_encoder(trained: Mapping[str, torch.Tensor] | None, device: str = "cpu") -> CrossEncoder:
    """`trained`: the weights that are not MiniLM's own, any float type; None: as MiniLM comes, with a head of zeros."""
    from safetensors.torch import save_file
    from sentence_transformers import CrossEncoder
    from transformers import AutoTokenizer, BertConfig

    source = minilm_folder()
    state = start_weights()
    if trained is not None:
        if not trained.keys() <= state.keys() or not trained.keys() >= HEAD:
            raise ValueError("the reranker's weights do not fit MiniLM's form")
        state |= {name: tensor.float() for name, tensor in trained.items()}
    config = BertConfig.from_pretrained(source, local_files_only=True, num_labels=1)
    config.architectures = ["BertForSequenceClassification"]
    config.attention_probs_dropout_prob = 0.0  # the fused attention of CPUs knows no dropout
    with tempfile.TemporaryDirectory(prefix="folioscope-reranker-") as place:
        config.save_pretrained(place)
        AutoTokenizer.from_pretrained(source, local_files_only=True).save_pretrained(place)
        save_file(state, Path(place) / "model.safetensors", metadata={"format": "pt"})
        return CrossEncoder(
            place,
            device=device,
            max_length=MAX_TOKENS,
            local_files_only=True,
            activation_fn=_as_it_is(),
            model_kwargs={"use_safetensors": True, "local_files_only": True},
        )


def load(profiles: Iterable[str], precision: str = "float32", device: str | None = None) -> ModelReranker:
    """The shipped weights. `profiles`: keys of those that it is for."""
    import torch
    from safetensors.torch import load_file

    from ..rerankers import ModelReranker

    if precision not in ("float32", "bfloat16"):
        raise ValueError(f"precision is float32 or bfloat16, not {precision!r}")
    if not FILE.exists():
        raise ModelError(f"The model file {FILE.name} is missing.", "Install folioscope again.")
    place = device or ("cuda" if torch.cuda.is_available() else "cpu")
    model = build_cross_encoder(load_file(FILE), place)
    if precision == "bfloat16":
        model[0].model.to(torch.bfloat16)
    return ModelReranker(model.eval(), "builtin", [Profile.of(key) for key in profiles])


def _as_it_is() -> torch.nn.Module:
    import torch

    return torch.nn.Identity()
