"""The place on a page that is shown: the passage that answers, narrowed to the table, picture or paragraph it stands in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ingest import engines
from ingest.types import Block, Box, FileKind, PageRef, Refused
from retrieval import fulltext, hits, search
from retrieval.errors import FolioscopeError
from retrieval.store import documents, pages

if TYPE_CHECKING:
    from retrieval.library import Library

LAYOUT = f"layout/{engines.LAYOUT}"


def place_on_page(library: Library, page_id: int, query: str) -> Box | None:
    """None = the whole picture. Layout is computed once a page and cached by content."""
    db = library.store.read()
    page = pages.get(db, [page_id]).get(page_id)
    if page is None:
        return None
    best = None
    if library.ready:
        now = library.models.answering()
        best = search.best_part_of_page(now.index, library.question_vector(query, now.embedder), page_id)
    part = hits.matched_part(pages.parts_of_pages(db, [page_id])[page_id], query, best)
    if part is None or part.box is None:
        return None
    document = documents.by_id(db, page.document_id)
    if document is None or document.kind is not FileKind.PDF:
        return part.box
    found = _blocks(library, document, page)
    if not found:
        return part.box
    from ingest.layout import narrow

    return narrow(part.box, found, fulltext.terms(query))


def _blocks(library: Library, document: documents.DocumentRow, page: pages.PageRow) -> list[Block]:
    cached = library.cache.get(document.sha256, page.number, LAYOUT)
    if cached is not None:
        return [Block(label, Box(*box), text) for label, box, text in json.loads(cached)]
    try:
        blocks = library.children.layout(library.documents.original_path(document), PageRef(page.number))
    except (ValueError, OSError, Refused, FolioscopeError):
        return []  # the passage's own box is still right
    value = [(block.label, (block.box.x0, block.box.y0, block.box.x1, block.box.y1), block.text) for block in blocks]
    library.cache.put(document.sha256, page.number, LAYOUT, json.dumps(value).encode())
    if documents.by_id(library.store.read(), document.id) is None:
        library.cache.forget(document.sha256)  # erased meanwhile
    return blocks
