"""Captioned pictures for training the projection: reads the data folder, keeps features and caption vectors on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from ..types import Floats, Halves, Ints, PartInput
from .embedder import BuiltinEmbedder

CHUNK = 256
T = TypeVar("T")
Rows = TypeVar("Rows", Floats, Halves)


@dataclass(frozen=True, slots=True)
class Captions:
    """One set: files, texts and which text describes which file. `pairs` is (n, 2): rows of `texts` and of `files`."""

    name: str
    files: tuple[Path, ...]
    texts: tuple[str, ...]
    pairs: Ints


def read_captions(folder: Path, split: str, kind: str | None = None) -> Captions:
    """The questions of one split (and, if given, one `kind`) of a set with `queries.jsonl`, `qrels.tsv` and `images/`."""
    texts: dict[str, str] = {}
    for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row.get("split", "train") == split and (kind is None or row.get("kind") == kind):
            texts[row["id"]] = row["text"]
    rows = [line.split("\t") for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    wanted = [(query, file) for query, file, score in rows if query in texts and int(score) > 0]
    files = sorted({file for _, file in wanted})
    queries = sorted({query for query, _ in wanted})
    file_row = {file: row for row, file in enumerate(files)}
    query_row = {query: row for row, query in enumerate(queries)}
    return Captions(
        folder.name,
        tuple(folder / "images" / file for file in files),
        tuple(texts[query] for query in queries),
        np.array([(query_row[query], file_row[file]) for query, file in wanted], dtype=np.int64).reshape(-1, 2),
    )


def first_pictures(captions: Captions, count: int) -> Captions:
    """The set cut down to `count` pictures spread over it, for a quick run."""
    keep = np.unique(np.linspace(0, len(captions.files) - 1, min(count, len(captions.files))).astype(np.int64))
    pairs = captions.pairs[np.isin(captions.pairs[:, 1], keep)]
    texts = np.unique(pairs[:, 0])
    moved = np.stack([np.searchsorted(texts, pairs[:, 0]), np.searchsorted(keep, pairs[:, 1])], axis=1)
    return Captions(
        captions.name, tuple(captions.files[i] for i in keep), tuple(captions.texts[i] for i in texts), moved
    )


def picture_features(
    embedder: BuiltinEmbedder, files: Sequence[Path], cache: Path, tell: Callable[[str], None]
) -> Floats:
    """(n, 1280) float32, one row per file. Rows are kept in `cache` in chunks, so that an interrupted run goes on."""

    def compute(chunk: Sequence[Path]) -> Floats:
        return embedder.features([Image.open(file).convert("RGB") for file in chunk])

    names = [f"{file.parent.parent.name}/{file.name}" for file in files]
    return kept(names, list(files), compute, cache / f"features-{embedder.feature_key[:12]}", tell)


def caption_vectors(
    embedder: BuiltinEmbedder, texts: Sequence[str], cache: Path, tell: Callable[[str], None]
) -> Floats:
    """(n, 384) float32 unit rows of the query route."""

    def compute(chunk: Sequence[str]) -> Floats:
        return embedder.embed_queries([PartInput(text=text) for text in chunk])

    return kept(list(texts), list(texts), compute, cache / f"captions-{embedder.query_key[:12]}", tell)


def kept(
    names: Sequence[str],
    items: Sequence[T],
    compute: Callable[[Sequence[T]], Rows],
    folder: Path,
    tell: Callable[[str], None],
) -> Rows:
    """(n, …) rows by name out of the chunks in `folder`; what is missing is computed and added as new chunks."""
    folder.mkdir(parents=True, exist_ok=True)
    known: dict[str, tuple[Path, int]] = {}
    for index in sorted(folder.glob("*.json")):
        for row, name in enumerate(json.loads(index.read_text(encoding="utf-8"))):
            known[name] = (index.with_suffix(".npy"), row)
    missing = [place for place, name in enumerate(names) if name not in known]
    for start in range(0, len(missing), CHUNK):
        places = missing[start : start + CHUNK]
        number = len(list(folder.glob("*.json")))
        target = folder / f"{number:05}.npy"
        np.save(target, compute([items[place] for place in places]))
        # the index comes last: a chunk without one does not count
        target.with_suffix(".json").write_text(json.dumps([names[place] for place in places]), encoding="utf-8")
        known |= {names[place]: (target, row) for row, place in enumerate(places)}
        tell(f"{folder.name}: {min(start + CHUNK, len(missing))} of {len(missing)} new")
    if not names:
        return compute([])
    of_chunk: dict[Path, list[tuple[int, int]]] = {}
    for place, name in enumerate(names):
        path, row = known[name]
        of_chunk.setdefault(path, []).append((place, row))
    found: Rows | None = None
    for path, rows in of_chunk.items():  # one chunk at a time in memory: maps are large
        chunk: Rows = np.load(path, allow_pickle=False)
        if found is None:
            found = np.empty_like(chunk, shape=(len(names), *chunk.shape[1:]))
        found[[place for place, _ in rows]] = chunk[[row for _, row in rows]]
    assert found is not None
    return found
