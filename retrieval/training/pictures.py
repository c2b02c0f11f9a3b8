"""Pictures that a deeper recipe learns from: rendered once into a folder of its own, or their stored features."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ingest.types import Refused
from ingest.worker import Children
from retrieval.blobs import Blobs
from retrieval.originals import picture_of
from retrieval.store import documents, pages
from retrieval.store.cache import Cache
from retrieval.store.db import Store
from retrieval.training.following import Cancelled
from retrieval.types import Floats, WithFeatures

AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pages' pictures of one library. A Page whose picture cannot be made is left out of what is answered."""

    store: Store
    blobs: Blobs
    cache: Cache
    children: Children

    def files(
        self, page_ids: Sequence[int], longest_px: int, folder: Path, stop: Callable[[], bool]
    ) -> dict[int, Path]:
        """Page id → a JPEG in `folder`: they are read once an epoch, and rendering takes longer than reading."""
        made = {}
        for page_id, picture in self.opened(page_ids, longest_px, stop):
            made[page_id] = folder / f"{page_id}.jpg"
            picture.save(made[page_id], quality=95)
        return made

    def features(self, embedder: WithFeatures, page_ids: Sequence[int], stop: Callable[[], bool]) -> dict[int, Floats]:
        """Page id → (n,) float32 as they are stored (half precision); what is missing is computed and stored."""
        found: dict[int, Floats] = {}
        places = self._places(page_ids)
        what = f"features/{embedder.feature_key}"
        for page_id, (document, page) in places.items():
            kept = self.cache.get(document.sha256, page.number, what)
            if kept:
                found[page_id] = np.frombuffer(kept, "<f2").astype(np.float32)
        missing = [page_id for page_id in places if page_id not in found]
        for start in range(0, len(missing), AT_ONCE):
            longest = getattr(embedder, "picture_px", 1024)
            opened = dict(self.opened(missing[start : start + AT_ONCE], longest, stop))
            rows: Iterable[Floats] = embedder.features(list(opened.values())) if opened else ()
            for page_id, row in zip(opened, rows, strict=True):
                document, page = places[page_id]
                self.cache.put(document.sha256, page.number, what, row.astype("<f2").tobytes())
                found[page_id] = row.astype(np.float16).astype(np.float32)
        for document, _ in places.values():
            if missing and documents.by_id(self.store.read(), document.id) is None:
                self.cache.forget(document.sha256)  # erased meanwhile: nothing of it may stay
        return found

    def _places(self, page_ids: Sequence[int]) -> dict[int, tuple[documents.DocumentRow, pages.PageRow]]:
        db = self.store.read()
        rows = pages.get(db, list(page_ids), brief=True)
        of = {row.document_id: documents.by_id(db, row.document_id) for row in rows.values()}
        return {i: (document, row) for i, row in rows.items() if (document := of[row.document_id]) is not None}

    def opened(
        self, page_ids: Sequence[int], longest_px: int, stop: Callable[[], bool]
    ) -> Iterator[tuple[int, Image.Image]]:
        """(page id, RGB picture)."""
        for page_id, (document, page) in self._places(page_ids).items():
            if stop():
                raise Cancelled
            try:
                picture = picture_of(self.store, self.blobs, self.children, document, page, longest_px)
            except (ValueError, OSError, Refused):
                continue
            yield page_id, picture
