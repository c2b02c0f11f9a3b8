"""Where the bytes of a document are, and whether they are still those that were added."""

from __future__ import annotations

from pathlib import Path

from ingest.types import Refused
from retrieval.blobs import Blobs, sha256_of
from retrieval.store import documents
from retrieval.store.db import Store


def original(store: Store, blobs: Blobs, document: documents.DocumentRow) -> Path:
    """Raises Refused when the file is gone, or another one now has its place."""
    path = blobs.path(document.sha256) if document.path is None else Path(document.path)
    try:
        stat = path.stat()
    except OSError:
        raise Refused(
            "the file is gone from where it was", "Put it back, or add it again from its new place."
        ) from None
    if document.path is None or (stat.st_size, stat.st_mtime) == (document.size, document.mtime):
        return path
    if stat.st_size != document.size or sha256_of(path) != document.sha256:
        raise Refused("the file has changed since it was added", "Add it again.")
    with store.write() as db:  # touched, or copied back: remember, so that it is hashed once
        documents.set_place(db, document.id, document.path, stat.st_mtime)
    return path
