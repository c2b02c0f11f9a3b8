"""The built-in Reranker: a cross-encoder of MiniLM's form that reads a question and a passage together.

It is a real sentence-transformers CrossEncoder. Its token tables and lower layers are those of the pinned MiniLM package; the
layers above them begin as the text net's and are trained by `python -m retrieval.builtin.train_reranker`. The fusion says for
which Profiles it is asked, and how its scores are weighed (`blend.py`).

MiniLM is a mean-pooled encoder, whose first token knows nothing, so the head reads what MiniLM does know: how well each of the
question's tokens finds its like in the passage (late interaction: Khattab and Zaharia, 2020), how alike the two means are, and
the mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from safetensors.torch import load_file
from sentence_transformers import CrossEncoder
from sentence_transformers.base.modules import Dense, Module, Transformer
from torch import Tensor, nn
from transformers.utils.logging import disable_progress_bar

from ..errors import ModelError
from ..types import Profile
from .embedder import WEIGHTS, check_minilm, minilm_folder

if TYPE_CHECKING:
    from ..rerankers import ModelReranker

FILE = WEIGHTS / "reranker.safetensors"
MAX_TOKENS = 128  # of question and passage
TABLES = "0.model.embeddings."  # of MiniLM's weights: they stay in its package
HEAD = "2.linear."
SCALE = 10.0  # cosines are small numbers
START = (1.0, 0.5)  # weights of the two cosines before anything was learned


class Matching(Module):
    """`token_embeddings` (b, t, d) of pairs → `matching` (b, d + 2): the mean of all tokens, then ten times the mean best
    cosine of a token of the question among those of the passage, and ten times the cosine of their two means."""

    config_keys: ClassVar[list[str]] = ["special"]

    def __init__(self, special: list[int]) -> None:
        """`special`: ids of tokens that stand for no word."""
        super().__init__()
        self.special = special

    def forward(self, features: dict[str, Tensor], **_: Any) -> dict[str, Tensor]:
        tokens, there = features["token_embeddings"].float(), features["attention_mask"].bool()
        words = there & ~torch.isin(features["input_ids"], features["input_ids"].new_tensor(self.special))
        second = features["token_type_ids"].bool()
        query, passage = (words & ~second).to(tokens.dtype), words & second
        units = nn.functional.normalize(tokens, dim=-1)
        cosines = (units @ units.transpose(1, 2)).masked_fill(~passage[:, None], -1.0)
        best = (cosines.amax(dim=2) * query).sum(dim=1) / query.sum(dim=1).clamp(min=1.0)
        means = [(tokens * mask[..., None]).sum(dim=1) for mask in (query, passage.to(tokens.dtype))]
        alike = nn.functional.cosine_similarity(*means, dim=-1)
        mean = (tokens * there[..., None]).sum(dim=1) / there.sum(dim=1, keepdim=True)
        features["matching"] = torch.cat([mean, SCALE * best[:, None], SCALE * alike[:, None]], dim=1)
        return features

    def save(self, output_path: str, *args: Any, safe_serialization: bool = True, **kwargs: Any) -> None:
        self.save_config(output_path)


def is_table(name: str) -> bool:
    """Frozen: part of the pinned package, never saved by us."""
    return name.startswith(TABLES)


def build_cross_encoder(trained: Mapping[str, Tensor] | None, device: str = "cpu") -> CrossEncoder:
    """`trained`: the weights that are not MiniLM's own, any float type; None: as MiniLM comes, with a head of cosines."""
    disable_progress_bar()
    folder = minilm_folder()
    check_minilm(folder)
    here = {"local_files_only": True}
    net = Transformer(
        str(folder),
        model_kwargs={**here, "use_safetensors": True},
        processor_kwargs={**here},
        config_kwargs={**here, "attention_probs_dropout_prob": 0.0},  # the fused attention of CPUs knows no dropout
        max_seq_length=MAX_TOKENS,
    )
    net.model.pooler = None  # of the first token, which nothing reads
    size = net.get_embedding_dimension()
    start = torch.cat([torch.zeros(size), torch.tensor(START)])[None]
    head = Dense(
        size + 2,
        1,
        activation_function=None,
        init_weight=start,
        init_bias=torch.zeros(1),
        module_input_name="matching",
        module_output_name="scores",
    )
    matching = Matching([net.tokenizer.cls_token_id, net.tokenizer.sep_token_id])
    model = CrossEncoder(modules=[net, matching, head], device=device, activation_fn=nn.Identity())
    if trained is not None:
        put(model, trained)
    return model


def put(model: CrossEncoder, trained: Mapping[str, Tensor]) -> None:
    """Weights that were trained in place of the model's. Raises ValueError when they are not of its form."""
    state = model.state_dict()
    head = {name for name in state if name.startswith(HEAD)}
    if not head <= trained.keys() <= state.keys() or any(t.shape != state[n].shape for n, t in trained.items()):
        raise ValueError("the reranker's weights do not fit MiniLM's form")
    model.load_state_dict({name: tensor.float() for name, tensor in trained.items()}, strict=False)


def load(profiles: Iterable[str], precision: str = "float32", device: str | None = None) -> ModelReranker:
    """With the weights in `FILE`. `profiles`: keys of those that it is for. Raises ModelError where there are none."""
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
