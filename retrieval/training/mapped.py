"""A linear map on the question's vector, after any Embedder: e' = norm(e + e @ Aᵀ). The map is a file of the Model.

Pages keep their vectors, so the document key stays the base's, and with it the Generation. The zero map changes nothing.
For sentence-transformers the same map is a residual `Dense` at the end of the query route.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from retrieval.encoding import unit_rows
from retrieval.errors import Mismatch, ModelError
from retrieval.types import Embedder, Floats, PartInput, Route, WithFeatures

if TYPE_CHECKING:
    from PIL import Image

MAP_FILE = "map.safetensors"


def apply_map(rows: Floats, matrix: Floats) -> Floats:
    """(n, dim) unit rows and a (dim, dim) map → (n, dim) unit rows, float32."""
    return unit_rows((rows + rows @ matrix.T).astype(np.float32))


def map_hash(matrix: Floats) -> str:
    """64 hex digits of the float32 values."""
    return hashlib.sha256(np.ascontiguousarray(matrix, "<f4").tobytes()).hexdigest()


def save_map(folder: Path, matrix: Floats) -> Path:
    """Writes `map.safetensors` into a Model's folder."""
    path = folder / MAP_FILE
    save_file({"map": np.ascontiguousarray(matrix, np.float32)}, path)
    return path


def load_map(folder: Path) -> Floats:
    """(dim, dim) float32 of a Model's folder; ModelError when the file is missing or is no map."""
    path = folder / MAP_FILE
    try:
        matrix = load_file(path)["map"]
    except (OSError, SafetensorError, KeyError) as error:
        raise ModelError(f"The query map {path} cannot be read.", "Roll back to another model.") from error
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        raise ModelError(f"The query map {path} is no square matrix: {matrix.shape}.", "Roll back to another model.")
    return np.asarray(matrix, np.float32)


class MappedEmbedder:
    """An Embedder whose questions pass the map; Parts are the base's. `map` (dim, dim) float32."""

    def __init__(self, base: Embedder, matrix: Floats) -> None:
        if matrix.shape != (base.dim, base.dim):
            raise Mismatch(
                f"A query map of {matrix.shape} for vectors of {base.dim} dimensions.",
                "Roll back to a model that belongs to this embedder.",
            )
        self.base = base
        self.map = np.asarray(matrix, np.float32)
        self.dim = base.dim
        self.document_key = base.document_key
        self.query_key = hashlib.sha256(f"{base.query_key}\n{map_hash(self.map)}".encode()).hexdigest()[:32]
        self.reads: frozenset[Route] = getattr(base, "reads", frozenset(Route))
        self.picture_px: int = getattr(base, "picture_px", 1024)

    def embed_queries(self, queries: Sequence[PartInput]) -> Floats:
        return apply_map(self.base.embed_queries(queries), self.map)

    def embed_parts(self, parts: Sequence[PartInput]) -> Floats:
        return self.base.embed_parts(parts)


class MappedWithFeatures(MappedEmbedder):
    """The same over an Embedder whose pictures' features are stored."""

    def __init__(self, base: WithFeatures, matrix: Floats) -> None:
        super().__init__(base, matrix)
        self._pictures = base
        self.feature_key = base.feature_key

    def features(self, pictures: Sequence[Image.Image]) -> Floats:
        return self._pictures.features(pictures)

    def project(self, features: Floats) -> Floats:
        return self._pictures.project(features)


def mapped(base: Embedder, matrix: Floats) -> MappedEmbedder:
    """`base` behind the map; stored features stay usable where it has them."""
    if isinstance(base, WithFeatures):
        return MappedWithFeatures(base, matrix)
    return MappedEmbedder(base, matrix)
