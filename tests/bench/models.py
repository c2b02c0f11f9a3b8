"""What the product adds to its models: embedding passages and pictures, and reading the first answers again."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sentence_transformers import SentenceTransformer

from ingest.types import Kind
from retrieval import Library, search
from retrieval.builtin import load_builtin
from retrieval.builtin.embedder import BuiltinEmbedder
from retrieval.builtin.reranker import build_cross_encoder
from retrieval.builtin.towers import to_pixels
from retrieval.rerankers import ModelReranker
from retrieval.types import PartInput, Profile
from tests.bench import made
from tests.bench.queries import RandomParts
from tests.bench.report import Ratio, Row

PASSAGES, PICTURES, PICTURE_SIZE = 192, 48, (640, 480)
TIMES, QUESTIONS, PAGES = 5, 12, 200
ALLOWED = 1.15


def embedding() -> Iterator[Row]:
    """`embed_parts` against sentence-transformers' own `encode`, and against the bare net on pixels."""
    embedder = load_builtin("float32")
    assert isinstance(embedder, BuiltinEmbedder)
    passages = [text for _, text in made.texts(PASSAGES, 1)]
    plain = SentenceTransformer(modules=embedder.route("text"), device=str(embedder.model.device))
    ours, bare = _side_by_side(
        lambda: embedder.embed_parts([PartInput(text=text) for text in passages]),
        lambda: plain.encode(passages, batch_size=embedder.encoder.text_batch, show_progress_bar=False),
    )
    yield Ratio(f"embedding {PASSAGES} passages", ours, bare, ALLOWED)
    random = np.random.default_rng(0)
    pictures = [Image.fromarray(random.integers(0, 256, (*PICTURE_SIZE[::-1], 3), np.uint8)) for _ in range(PICTURES)]
    ours, bare = _side_by_side(
        lambda: embedder.embed_parts([PartInput(picture=picture) for picture in pictures]),
        lambda: _net(embedder, pictures),
    )
    yield Ratio(f"embedding {PICTURES} pictures", ours, bare, ALLOWED)


def _net(embedder: BuiltinEmbedder, pictures: list[Image.Image]) -> None:
    tower, *layers = embedder.route("image")
    with torch.inference_mode():
        for start in range(0, len(pictures), embedder.encoder.picture_batch):
            pixels = to_pixels(pictures[start : start + embedder.encoder.picture_batch], tower.picture_px)
            batch = {"sentence_embedding": tower.net(pixels)}
            for layer in layers:
                batch = layer(batch)


def reranking() -> Iterator[Row]:
    """Ordering the first answers by a cross-encoder of the builtin form, against its bare call on the same pairs."""
    model = build_cross_encoder(None).eval()
    reranker = ModelReranker(model, "bench", [Profile(Kind.PAGE, True)])
    with tempfile.TemporaryDirectory() as name:
        embedder = RandomParts(load_builtin("float32"))
        with Library(Path(name) / "library", embedder=embedder, cache=Path(name) / "cache") as library:
            library.add_texts(made.texts(PAGES, 4))
            db = library.store.read()
            within = search.scope(db, None, None, None)
            ours, bare = [], []
            for question in made.questions(QUESTIONS):
                vector = library.question_vector(question)
                index = library.models.index()
                found = search.candidates(db, question, within, fusion=library.fusion, index=index, vector=vector)
                pairs = [(question, part.text or "") for part in search.shown(db, found[: search.RERANK_K])]
                once = _side_by_side(
                    lambda q=question, f=found: search.rerank(db, q, list(f), reranker, library.fusion),
                    lambda p=pairs: model.predict(p, batch_size=8, show_progress_bar=False),
                    times=1,
                )
                ours.append(once[0])
                bare.append(once[1])
    yield Ratio(
        f"reading the first {search.RERANK_K} answers again", statistics.median(ours), statistics.median(bare), ALLOWED
    )


def _side_by_side(ours: Callable[[], object], bare: Callable[[], object], times: int = TIMES) -> tuple[float, float]:
    """Medians of both in seconds, in turn, after one round that does not count."""
    took: tuple[list[float], list[float]] = [], []
    for turn in range(times + 1):
        for call, list_ in zip((ours, bare), took, strict=True):
            start = time.perf_counter()
            call()
            if turn:
                list_.append(time.perf_counter() - start)
    return statistics.median(took[0]), statistics.median(took[1])
