"""From PartInputs to unit rows through a SentenceTransformer: the part that all embedders share. Imports no torch."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .types import Floats, PartInput

if TYPE_CHECKING:
    from PIL import Image
    from sentence_transformers import SentenceTransformer

# {"text": …}, {"image": …} or both. Never a bare string: sentence-transformers opens one that looks like a path or a URL
Shown = dict[str, object]
THINNEST = 100
FUSED_CHARACTERS = 4000  # of the text beside a picture, which is never cut by tokens


def unit_rows(rows: Floats) -> Floats:
    """Rows of length 1 in float32. A row of zeros stays: it is similar to nothing."""
    rows = np.asarray(rows, dtype=np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.maximum(lengths, np.float32(1e-12))


def plain(picture: Image.Image) -> Image.Image:
    """RGB, and no thinner than 1:100: a ruler-shaped scan is stretched, because some image processors refuse it."""
    width, height = picture.size
    width, height = max(width, -(-height // THINNEST)), max(height, -(-width // THINNEST))
    picture = picture if picture.mode == "RGB" else picture.convert("RGB")
    return picture if picture.size == (width, height) else picture.resize((width, height))


def shown(part: PartInput) -> Shown:
    """What the model is given of one input, picture first (the order is the order in a chat template)."""
    data: Shown = {}
    if part.picture is not None:
        data["image"] = plain(part.picture)
    if part.text is not None:
        data["text"] = part.text
    if not data:
        raise ValueError("a PartInput needs a text or a picture, this one has neither")
    return data


class Encoder:
    """Runs a SentenceTransformer over lists that may mix texts, pictures and pairs of both.

    `fuses`: the model reads text and picture of one input together. Where it does not, such an input gets the
    normalised mean of its two vectors, so that it answers to both. Only models with a chat template fuse, and only
    they take lists of mixed kinds; all others are given one kind at a time, so every list is grouped here.
    One call at a time: fast tokenizers keep their padding as state and fail when two threads share one.
    """

    def __init__(
        self, model: SentenceTransformer, dim: int, *, fuses: bool, text_batch: int, picture_batch: int
    ) -> None:
        self.model = model
        self.dim = dim
        self.fuses = fuses
        self.text_batch = text_batch
        self.picture_batch = picture_batch
        self.lock = threading.Lock()

    def encode(self, parts: Sequence[PartInput], *, query: bool) -> Floats:
        """(n, dim) float32 unit rows in the order of `parts`."""
        totals = np.zeros((len(parts), self.dim), dtype=np.float32)
        groups: dict[str, list[tuple[int, Shown]]] = {}
        for place, part in enumerate(parts):
            for data in self._split(shown(part)):
                groups.setdefault("+".join(data), []).append((place, data))
        for rows in groups.values():
            places = [place for place, _ in rows]
            # an input occurs at most once in a group, so plain fancy indexing adds every row
            totals[places] += self._encode_group([data for _, data in rows], query=query)
        return unit_rows(totals)

    def _split(self, data: Shown) -> Iterable[Shown]:
        if len(data) == 1:
            return (data,)
        if self.fuses:
            return (data | {"text": str(data["text"])[:FUSED_CHARACTERS]},)
        return tuple({kind: value} for kind, value in data.items())

    def _encode_group(self, inputs: list[Shown], *, query: bool) -> Floats:
        """Unit rows of inputs of one kind; the model sorts them by length itself."""
        encode: Any = self.model.encode_query if query else self.model.encode_document
        size = self.picture_batch if "image" in inputs[0] else self.text_batch
        # cutting a text with a picture by tokens would cut the tail of the chat template, and the tail is what is pooled
        whole: dict[str, Any] = {"processing_kwargs": {"text": {"truncation": False}}} if len(inputs[0]) > 1 else {}
        with self.lock:
            rows = encode(inputs, batch_size=size, show_progress_bar=False, convert_to_numpy=True, **whole)
        return unit_rows(np.asarray(rows, dtype=np.float32))
