"""Rows put into a store by hand."""

from __future__ import annotations

import sqlite3
from pathlib import PurePath

from ingest.types import FileKind
from retrieval.store import documents, jobs, pages
from retrieval.store import fulltext as fulltext_store
from tests.retrieval.fake_children import page


def put(db: sqlite3.Connection, number: int, *texts: str, path: str = "") -> int:
    """A document of a page a text; returns its row id."""
    job = jobs.insert(db, "ingest")
    row = documents.insert(db, f"{number:064x}", FileKind.PDF, None, 10, None, job)
    documents.give_name(db, row, PurePath(path or f"/in/{number}.pdf"))
    for place, text in enumerate(texts, 1):
        pages.insert(db, row, page(place, text), title="", extra="", picture=None)
    return row


def found(db: sqlite3.Connection, word: str) -> list[int]:
    return sorted(row[0] for row in fulltext_store.match(db, f'"{word}"', 100, (1, 1, 1)))
