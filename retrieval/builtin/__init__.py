"""The model that ships with the product: offline, on the CPU. Importing this package imports no torch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..cpu import settle_threads

if TYPE_CHECKING:
    from ..rerankers import ModelReranker
    from .embedder import BuiltinEmbedder


def load_builtin(precision: str = "float32", threads: int | None = None, device: str | None = None) -> BuiltinEmbedder:
    """The built-in Embedder, ready to use.

    `precision`: "float32" or "bfloat16" (see `retrieval.cpu.precision_probe`); vectors are float32 either way.
    `threads`: torch's threads in this process, None = torch's choice. `device`: None = a GPU if there is one.
    Raises ModelError or MissingExtra when weights are missing or not the right ones.
    """
    settle_threads()
    from .embedder import load

    return load(precision, threads, device)


def load_reranker(profiles: Iterable[str], precision: str = "float32", device: str | None = None) -> ModelReranker:
    """The built-in Reranker for some Profiles (their keys). Arguments and errors as those of `load_builtin`."""
    settle_threads()
    from .reranker import load

    return load(profiles, precision, device)


__all__ = ["load_builtin", "load_reranker"]
