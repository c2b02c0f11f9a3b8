"""Any SentenceTransformer behind the Embedder protocol, with the traps that its kind is known for closed.

Vectors that are wrong without an error are the worst that can happen here, so after loading a model is looked over and
asked for a probe before it may embed anything.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from . import qwen_vl
from .checkpoints import Checkpoint, content_key, open_checkpoint, read_json, staged
from .cpu import settle_threads
from .encoding import Encoder
from .errors import MissingExtra, ModelError
from .types import Embedder, Floats, PartInput, Route

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer

FORMAT = 1  # raise it when the same files begin to give other vectors
OTHER_KINDS = {
    "CrossEncoder": "a reranker",
    "SparseEncoder": "a sparse encoder",
    "MultiVectorEncoder": "a late-interaction model",
}


class ModelEmbedder:
    """A loaded SentenceTransformer. `reads` says which routes it can embed; a text-only model reads Route.TEXT alone.
    `picture_px` is the longest side that is worth rendering for it.

    The keys are over the files' contents and the settings made here, not over the precision: half-precision rows differ
    from exact ones by a cosine of about .0001, and another device must not mean embedding everything again.
    """

    def __init__(self, model: SentenceTransformer, name: str, revision: str | None, key: str) -> None:
        self.model = model
        self.name = name
        self.revision = revision
        self.query_key = self.document_key = key
        kinds = list(model.modalities)
        self.reads = frozenset(
            route for route, kind in ((Route.TEXT, "text"), (Route.PICTURE, "image")) if kind in kinds
        )
        if Route.TEXT not in self.reads:
            raise ModelError(
                f"{name} reads no text, so it cannot be asked in words.", "Use a model for text and pictures."
            )
        self.dim = len(model.encode_query([{"text": "probe"}], show_progress_bar=False)[0])
        self.picture_px = max((worth_px(transformer) for transformer in transformers_of(model)), default=1024)
        on_gpu = model.device.type != "cpu"
        self._encoder = Encoder(
            model,
            self.dim,
            fuses="message" in kinds and Route.PICTURE in self.reads,
            text_batch=128 if on_gpu else 16,
            picture_batch=16 if on_gpu else 4,
        )
        probe = self._encoder.encode([PartInput(text="probe")], query=False)
        if not np.isfinite(probe).all() or not probe.any():
            raise ModelError(f"{name} gives no usable vectors in {model.dtype}.", "Load it in float32.")

    def embed_queries(self, queries: Sequence[PartInput]) -> Floats:
        return self._embed(queries, query=True)

    def embed_parts(self, parts: Sequence[PartInput]) -> Floats:
        return self._embed(parts, query=False)

    def _embed(self, parts: Sequence[PartInput], *, query: bool) -> Floats:
        if Route.PICTURE not in self.reads:
            if any(part.picture is not None and part.text is None for part in parts):
                raise ModelError(f"{self.name} reads text only.", "Use a model for text and pictures.")
            parts = [PartInput(text=part.text) for part in parts]
        return self._encoder.encode(parts, query=query)


def load_embedder(
    path_or_id: str, *, revision: str | None = None, precision: str = "float32", device: str | None = None
) -> Embedder:
    """A SentenceTransformer, CLIP, SigLIP or Qwen-VL from a local folder or the hub; see `checkpoints` for what is refused.

    `device`: None = a GPU if there is one, where weights are bfloat16; on the CPU `precision` says ("float32" or
    "bfloat16", never what the file happens to be saved in). Raises ModelError or MissingExtra.
    """
    settle_threads()
    checkpoint = open_checkpoint(path_or_id, revision)
    _refuse_other_kinds(checkpoint)
    own = qwen_vl.needs_own_processor(checkpoint.model_type)
    place, dtype = choose_device(device, precision)
    if own:
        qwen_vl.register_processors()
    with staged(checkpoint.folder, drop_processor_class=own) as folder:
        try:
            model = _load(folder, checkpoint, place, dtype)
        except ImportError as error:
            missing = f"pip install {error.name}" if error.name else "Install the package that is named above."
            raise MissingExtra(f"{path_or_id} needs a missing package: {first_line(error)}", missing) from error
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelError(
                f"{path_or_id} could not be loaded: {first_line(error)}",
                "It must load with sentence-transformers as it is, without trust_remote_code.",
            ) from error
    for transformer in transformers_of(model):
        _close_traps(transformer, path_or_id)
    settings = {"format": FORMAT, "prompts": model.prompts, "largest_px": qwen_vl.LARGEST_PX}
    return ModelEmbedder(model.eval(), path_or_id, checkpoint.revision, content_key(checkpoint.folder, **settings))


def first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).strip().splitlines()[0]


def choose_device(device: str | None, precision: str) -> tuple[str, torch.dtype]:
    """Where to run and in which type."""
    import torch

    if precision not in ("float32", "bfloat16"):
        raise ValueError(f"precision is float32 or bfloat16, not {precision!r}")
    place = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if place.startswith("cuda") and torch.cuda.is_bf16_supported():
        return place, torch.bfloat16
    return place, getattr(torch, precision)


def _refuse_other_kinds(checkpoint: Checkpoint) -> None:
    kind = str(read_json(checkpoint.folder / "config_sentence_transformers.json").get("model_type", ""))
    architectures = [str(name) for name in checkpoint.config.get("architectures") or []]
    if any(name.endswith("ForRetrieval") for name in architectures):
        kind = "MultiVectorEncoder"
    elif not checkpoint.is_sentence_transformer and any("ForSequenceClassification" in name for name in architectures):
        kind = "CrossEncoder"
    if kind in OTHER_KINDS:
        raise ModelError(
            f"{checkpoint.name} is {OTHER_KINDS[kind]}, not a model of one vector for each page.",
            "Give an embedding model (a SentenceTransformer, CLIP, SigLIP or Qwen-VL).",
        )


def _load(folder: Path, checkpoint: Checkpoint, device: str, dtype: torch.dtype) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    weights = {"dtype": dtype, "use_safetensors": True, "local_files_only": True}
    local = {"local_files_only": True}
    if checkpoint.model_type in qwen_vl.MODEL_TYPES and not checkpoint.is_sentence_transformer:
        # a bare generation checkpoint: its last token has read everything, the mean would not do
        bare = Transformer(str(folder), model_kwargs=weights, processor_kwargs=local, config_kwargs=dict(local))
        pooling = Pooling(bare.get_embedding_dimension(), "lasttoken")
        return SentenceTransformer(modules=[bare, pooling, Normalize()], prompts=dict(qwen_vl.PROMPTS), device=device)
    return SentenceTransformer(
        str(folder),
        device=device,
        trust_remote_code=False,
        local_files_only=True,
        model_kwargs=weights,
        processor_kwargs=local,
        config_kwargs=dict(local),
    )


def picture_size(transformer: Transformer) -> dict[str, int]:
    """The image processor's `size` setting, {} where there is none."""
    processor: Any = transformer.processor
    return dict(getattr(getattr(processor, "image_processor", processor), "size", None) or {})


def worth_px(transformer: Transformer) -> int:
    """The longest side of a picture, in px, that is worth rendering for a model: twice a fixed input, else its area."""
    size = picture_size(transformer)
    if transformer.config.model_type in qwen_vl.MODEL_TYPES:
        return 1280
    side = size.get("shortest_edge") or size.get("height") or 0
    return 2 * int(side) if side else 1024


def transformers_of(model: torch.nn.Module) -> Iterator[Transformer]:
    """Every Transformer module of a model, also inside a Router."""
    from sentence_transformers.base.modules import Transformer

    return (module for module in model.modules() if isinstance(module, Transformer))


def _close_traps(transformer: Transformer, name: str) -> None:
    """Settings without which a model of this kind gives wrong vectors and no error; ModelError where none helps."""
    from transformers import ImageProcessingMixin, ProcessorMixin

    config, processor = transformer.config, transformer.processor
    kinds = list(transformer.modalities)
    sees = "image" in kinds
    if sees and not isinstance(processor, (ProcessorMixin, ImageProcessingMixin)):
        raise ModelError(
            f"{name} came up with a tokenizer only, so pictures would give wrong vectors.",
            "Its processor files are missing (preprocessor_config.json): fetch or save the model again.",
        )
    if not sees and getattr(config, "vision_config", None) is not None:
        raise ModelError(
            f"{name} is made for pictures, but only its text half could be loaded.",
            "Its processor files are missing or name a class that transformers does not know.",
        )
    settings: dict[str, Any] = copy.deepcopy(dict(transformer.processing_kwargs))
    if config.model_type in ("siglip", "siglip2"):
        # it reads the last position, so shorter padding would make a text's vector depend on its neighbours
        longest = config.get_text_config().max_position_embeddings
        padded = {"padding": "max_length", "max_length": longest, "truncation": True}
        settings["text"] = padded | settings.get("text", {})
    if "message" in kinds:
        # text that spells <|image_pad|> is text
        settings["chat_template"] = {"sanitize_control_tokens": True} | settings.get("chat_template", {})
    size = picture_size(transformer)
    if config.model_type in qwen_vl.MODEL_TYPES and size.get("longest_edge", 0) > qwen_vl.LARGEST_PX:
        shortest = min(int(size.get("shortest_edge") or 0), qwen_vl.LARGEST_PX)
        own = {"size": {"shortest_edge": shortest, "longest_edge": qwen_vl.LARGEST_PX}}
        settings["image"] = own | settings.get("image", {})
    transformer.processing_kwargs = cast("Any", settings)
