"""Where the bytes of a document are, whether they are still those that were added, and the picture of a page of it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.types import PageRef, Refused
from retrieval.blobs import Blobs, sha256_of
from retrieval.store import documents, pages
from retrieval.store.db import Store

if TYPE_CHECKING:
    from PIL import Image

    from ingest.worker import Children


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


def picture_of(
    store: Store,
    blobs: Blobs,
    children: Children,
    document: documents.DocumentRow,
    page: pages.PageRow,
    longest_px: int,
) -> Image.Image:
    """RGB picture of a page as models are shown it; raises ValueError, OSError or Refused when it cannot be made."""
    from PIL import Image

    if page.picture is not None:
        picture = Image.open(io.BytesIO(blobs.get(page.picture))).convert("RGB")
        picture.thumbnail((longest_px, longest_px))
        return picture
    ref = PageRef(page.number, page.key_s)
    return children.picture(original(store, blobs, document), document.kind, ref, longest_px)
