"""Ingest against read, render and embed of the same files one after the other; and how soon words are found."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pymupdf

from ingest.readers import reader_for
from ingest.sniff import sniff
from ingest.types import Limits, Page
from retrieval import Library
from retrieval.builtin import load_builtin
from retrieval.cpu import precision_probe
from retrieval.types import Embedder, PartInput
from tests.bench import made
from tests.bench.report import Ratio, Row

FILES, PAGES = 5, 20
PARTS_A_CALL = 64  # as the product: what is sorted by length together


def whole(folder: Path | None = None) -> Iterator[Row]:
    """Models are loaded on both sides: the library works in a thread of this process with the same embedder.

    With `folder` its PDFs are taken instead of made ones.
    """
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        paths = sorted(folder.rglob("*.pdf")) if folder else []
        paths = paths or [made.pdf(home / f"{n}.pdf", PAGES, seed=n) for n in range(FILES)]
        embedder = load_builtin(precision_probe())
        embedder.embed_parts([PartInput(text="warm")])
        bare = _one_after_the_other(paths, embedder)
        with Library(home / "library", embedder=embedder, cache=home / "cache") as library:
            start = time.perf_counter()
            library.add(paths)
            ours = time.perf_counter() - start
        yield Ratio(f"ingest of {len(paths)} born-digital PDFs", ours, bare, 1.3)


def _one_after_the_other(paths: list[Path], embedder: Embedder) -> float:
    start = time.perf_counter()
    for path in paths:
        kind = sniff(path)
        reader = reader_for(kind)
        pages = [page for page in reader.read(path, Limits()) if isinstance(page, Page)]
        pictures = [reader.picture(path, page.ref, getattr(embedder, "picture_px", 1024)) for page in pages]
        said = sorted((passage.text for page in pages for passage in page.passages), key=len)
        for first in range(0, len(said), PARTS_A_CALL):
            embedder.embed_parts([PartInput(text=text) for text in said[first : first + PARTS_A_CALL]])
        for first in range(0, len(pictures), PARTS_A_CALL):
            embedder.embed_parts([PartInput(picture=picture) for picture in pictures[first : first + PARTS_A_CALL]])
    return time.perf_counter() - start


def words() -> Iterator[Row]:
    """From the drop of a 100-page PDF until the word on its last page is found, with a worker that must first start."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        path = made.pdf(home / "hundred.pdf", 100, seed=99, last_word="zyzzogeton")
        start = time.perf_counter()
        with pymupdf.open(path) as document:
            for page in document:
                page.get_text("dict")
        bare = time.perf_counter() - start
        with Library(home / "library", cache=home / "cache") as library:
            start = time.perf_counter()
            job = library.add([path], wait=False).job
            while not library.rank("zyzzogeton", stage="words", top=1):
                time.sleep(0.01)
            ours = time.perf_counter() - start
            assert job is not None
            library.jobs.cancel(job)
        yield Ratio("words of a 100-page PDF are found", ours, bare, 2.0, plus=1.0)
