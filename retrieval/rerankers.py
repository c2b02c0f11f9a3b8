"""Any CrossEncoder behind the Reranker protocol. Nothing applies one until it is shown to help for a Profile."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from . import qwen_vl
from .checkpoints import open_checkpoint, staged
from .cpu import settle_threads
from .embedders import choose_device, first_line
from .encoding import shown
from .errors import MissingExtra, ModelError
from .types import Floats, PartInput, Profile, Reranker

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


class ModelReranker:
    """A loaded CrossEncoder that gives one score for each pair of question and Part."""

    def __init__(self, model: CrossEncoder, name: str, profiles: Collection[Profile]) -> None:
        self.model = model
        self.name = name
        self.profiles = frozenset(profiles)
        self._kinds = frozenset(model.modalities)
        self._batch = 32 if model.device.type != "cpu" else 8
        self._lock = threading.Lock()

    def score(self, query: str, parts: Sequence[PartInput]) -> Floats:
        """(n,) float32, higher is better, in the order of `parts`.

        A model that reads text only is shown the text of a Part; a Part that then has nothing to show gets -inf, last.
        """
        fuses = "message" in self._kinds
        groups: dict[str, list[int]] = {}
        pairs: list[tuple[object, object]] = []
        for place, part in enumerate(parts):
            data = shown(part)
            if not fuses or "image" not in self._kinds:
                data.pop("image", None)
            # two plain strings are a text pair to every tokenizer and are never opened; other pairs need a chat template
            pairs.append(({"text": query}, data) if fuses else (query, part.text or ""))
            if data:
                groups.setdefault("+".join(data), []).append(place)
        scores = np.full(len(parts), -np.inf, dtype=np.float32)
        with self._lock:
            for places in groups.values():
                given = [pairs[place] for place in places]
                scores[places] = self.model.predict(given, batch_size=self._batch, show_progress_bar=False)
        return scores


def load_reranker(
    path_or_id: str,
    *,
    profiles: Collection[Profile] = (),
    revision: str | None = None,
    precision: str = "float32",
    device: str | None = None,
) -> Reranker:
    """A CrossEncoder from a local folder or the hub, under the rules of `load_embedder`. `profiles`: where it helps."""
    settle_threads()
    checkpoint = open_checkpoint(path_or_id, revision)
    own = qwen_vl.needs_own_processor(checkpoint.model_type)
    place, dtype = choose_device(device, precision)
    if own:
        qwen_vl.register_processors()
    from sentence_transformers import CrossEncoder

    with staged(checkpoint.folder, drop_processor_class=own) as folder:
        try:
            model = CrossEncoder(
                str(folder),
                device=place,
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"dtype": dtype, "use_safetensors": True, "local_files_only": True},
            )
        except ImportError as error:
            raise MissingExtra(f"{path_or_id} needs a missing package: {first_line(error)}") from error
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelError(f"{path_or_id} could not be loaded as a reranker: {first_line(error)}") from error
    if model.num_labels != 1:
        raise ModelError(f"{path_or_id} gives {model.num_labels} scores for a pair.", "A reranker gives one.")
    return ModelReranker(model, path_or_id, profiles)
