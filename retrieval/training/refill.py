"""The Generation of a new Model, filled before it is measured: nobody sees it until the Model is there.

One that differs from its base's only in its pictures needs no model: passages are copied, stored features are projected
again. What is left, and everything of other Models, is embedded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from retrieval.builtin.embedder import BuiltinEmbedder
from retrieval.store import documents, pages, vectors
from retrieval.store.cache import Cache
from retrieval.store.db import Store
from retrieval.training.following import Cancelled
from retrieval.training.pictures import Pictures
from retrieval.types import Embedder, Floats, PartInput, Route, WithFeatures

PARTS_A_COMMIT = 64


def fill(
    pictures: Pictures, base: Embedder, new: Embedder, tell: Callable[[float, str], None], stop: Callable[[], bool]
) -> int:
    """Vectors of every Part for `new`, taken over from `base` where that can be; its Generation. Raises Cancelled.

    `tell` gets the share done and a line. Interrupted, it goes on where it was.
    """
    store = pictures.store
    refill(store, pictures.cache, base, new, stop)
    with store.write() as db:
        generation = vectors.generation(db, new.document_key, new.dim)
    while todo := vectors.next_parts(store.read(), generation, PARTS_A_COMMIT, all_stages=True):
        if stop():
            raise Cancelled
        rows = _rows(pictures, new, todo, stop)
        with store.write() as db:
            vectors.store_parts(db, generation, todo, rows)
        total, done = vectors.totals(store.read(), generation)
        tell(done / max(total, 1), f"{done:,} of {total:,} parts")
    with store.write() as db:
        vectors.note_whole(db, generation)
    return generation


def _rows(
    pictures: Pictures, embedder: Embedder, todo: Sequence[pages.PartRow], stop: Callable[[], bool]
) -> dict[int, Floats]:
    """part id → (dim,); a Part whose picture cannot be made, or is not read by that model, has none."""
    reads = getattr(embedder, "reads", frozenset(Route))
    texts = [part for part in todo if part.route is Route.TEXT]
    of_page = {part.page_id: part.id for part in todo if part.route is Route.PICTURE and Route.PICTURE in reads}
    found = dict(
        zip(
            (part.id for part in texts),
            embedder.embed_parts([PartInput(text=part.text) for part in texts]),
            strict=True,
        )
    )
    if isinstance(embedder, WithFeatures):
        known = pictures.features(embedder, list(of_page), stop)
        made = embedder.project(np.stack(list(known.values()))) if known else ()
        found.update(zip((of_page[page] for page in known), made, strict=True))
    else:
        opened = dict(pictures.opened(list(of_page), getattr(embedder, "picture_px", 1024), stop))
        made = embedder.embed_parts([PartInput(picture=picture) for picture in opened.values()])
        found.update(zip((of_page[page] for page in opened), made, strict=True))
    return found


def refill(
    store: Store, cache: Cache, base: Embedder, new: Embedder, stop: Callable[[], bool] = lambda: False
) -> int | None:
    """Fills the Generation of `new` from that of `base` for every document that it has none of; how many documents.

    None when the two do not share their text encoder and feature net: then everything has to be embedded. A document is
    taken over in one transaction, whole or not at all.
    """
    old_embedder, new_embedder = _bare(base), _bare(new)
    if not isinstance(old_embedder, BuiltinEmbedder) or not isinstance(new_embedder, BuiltinEmbedder):
        return None
    if old_embedder.query_key != new_embedder.query_key or old_embedder.feature_key != new_embedder.feature_key:
        return None
    with store.write() as db:
        old = vectors.generation(db, base.document_key, base.dim)
        fresh = vectors.generation(db, new.document_key, new.dim)
    count = 0
    for document_id in vectors.only_in(store.read(), old, fresh):
        if stop():
            raise Cancelled
        count += _take_over(store, cache, new_embedder, document_id, old, fresh)
    return count


def _bare(embedder: Embedder) -> Embedder:
    return getattr(embedder, "base", embedder)


def _take_over(store: Store, cache: Cache, embedder: BuiltinEmbedder, document_id: int, old: int, fresh: int) -> bool:
    """False when a picture's features are not stored, or the document has gone meanwhile."""
    db = store.read()
    document = documents.by_id(db, document_id)
    if document is None:
        return False
    chunks = vectors.of_document(db, old, document_id, embedder.dim)
    made: list[tuple[vectors.Chunk, Floats]] = []
    for chunk in chunks:
        if chunk.route is Route.TEXT:
            made.append((chunk, chunk.rows.astype(np.float32)))
            continue
        numbers = {row.id: row.number for row in pages.get(db, chunk.page_ids.tolist(), brief=True).values()}
        what = f"features/{embedder.feature_key}"
        kept = [cache.get(document.sha256, numbers.get(page, 0), what) for page in chunk.page_ids.tolist()]
        if not all(kept):
            return False
        features = np.stack([np.frombuffer(value, "<f2").astype(np.float32) for value in kept if value])
        made.append((chunk, embedder.project(features)))
    with store.write() as db:
        last = vectors.progress(db, old, document_id)
        if (
            documents.by_id(db, document_id) is None
            or last is None
            or vectors.progress(db, fresh, document_id) is not None
        ):
            return False
        if {chunk.id for chunk in chunks} != set(vectors.chunk_ids(db, old, document_id)):
            return False  # more of it was embedded meanwhile
        for chunk, rows in made:
            vectors.store(db, fresh, document_id, chunk.route, chunk.part_ids, chunk.page_ids, rows)
        vectors.set_progress(db, fresh, document_id, last)
    return True
