"""An Embedder without a model, for tests of everything around it: words and colours hashed into 64 numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from retrieval.types import Floats, PartInput


class HashEmbedder:
    """Texts that share words are near each other; pictures are near pictures of the same colours."""

    def __init__(self, dim: int = 64, name: str = "hash") -> None:
        self.dim = dim
        self.query_key = self.document_key = hashlib.sha256(f"{name}/{dim}".encode()).hexdigest()[:32]

    def embed_parts(self, parts: Sequence[PartInput]) -> Floats:
        return np.array([self._row(part) for part in parts], dtype=np.float32).reshape(len(parts), self.dim)

    embed_queries = embed_parts

    def _row(self, part: PartInput) -> Floats:
        words = ["", *(part.text or "").lower().split()]
        if part.picture is not None:
            mean = np.asarray(part.picture.convert("RGB").resize((1, 1))).ravel() // 64
            words.append(f"colour {mean.tolist()}")
        seeds = [int.from_bytes(hashlib.sha256(f"{self.document_key}{word}".encode()).digest()[:8]) for word in words]
        row = sum(np.random.default_rng(seed).standard_normal(self.dim) for seed in seeds)
        return np.asarray(row / np.linalg.norm(row), dtype=np.float32)
