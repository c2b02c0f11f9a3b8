"""The full text over pages: what stands in it, and who matches."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ingest.types import Kind
from retrieval.store.db import clean
from retrieval.types import Ints

_COLUMNS = "text, extra, title"


# FTS5 with external content must be told exactly what it holds: a row taken out twice, or put in twice, damages it. So
# it holds the pages of live documents and nothing else, and these two are the only ones that write it.
_LIVE = "pages g JOIN documents d ON d.id = g.document_id AND d.deleted IS NULL"


def index(db: sqlite3.Connection, where: str, value: int) -> None:
    db.execute(
        f"INSERT INTO pages_fts (rowid, {_COLUMNS}) SELECT g.id, {_COLUMNS} FROM {_LIVE} WHERE {where}",
        (value,),
    )


def unindex(db: sqlite3.Connection, where: str, value: int) -> None:
    db.execute(
        f"INSERT INTO pages_fts (pages_fts, rowid, {_COLUMNS})"
        f" SELECT 'delete', g.id, {_COLUMNS} FROM {_LIVE} WHERE {where}",
        (value,),
    )


def index_document(db: sqlite3.Connection, document_id: int) -> None:
    """Puts the pages of a document that came out of the bin back into the full text. Call after `set_deleted`."""
    index(db, "d.id = ?", document_id)


def unindex_document(db: sqlite3.Connection, document_id: int) -> None:
    """Takes a document's pages out of the full text, unless it lies in the bin: then they are out. Call before its rows
    are deleted, and before `set_deleted`."""
    unindex(db, "d.id = ?", document_id)


def set_title(db: sqlite3.Connection, document_id: int, title: str) -> None:
    """Other words by which every page of a document is found."""
    unindex(db, "d.id = ?", document_id)
    db.execute("UPDATE pages SET title = ? WHERE document_id = ?", (clean(title), document_id))
    index(db, "d.id = ?", document_id)


def match(
    db: sqlite3.Connection, query: str, limit: int, weights: Sequence[float], allowed: Ints | None = None
) -> list[tuple[int, float]]:
    """(page id, BM25 score; higher is better), best first, ties to the lower id. `query` is in FTS5's language. `allowed`:
    only these pages. A `limit` below 0 is none."""
    within = "" if allowed is None else "AND substr(?3, rowid + 1, 1) = x'01'"
    rows = db.execute(
        f"SELECT rowid, bm25(pages_fts, {', '.join(str(float(w)) for w in weights)}) AS score FROM pages_fts"
        f" WHERE pages_fts MATCH ?1 {within} ORDER BY score, rowid LIMIT ?2",
        (query, limit) if allowed is None else (query, limit, _marks(allowed)),
    )
    return [(row[0], -row[1]) for row in rows]


def _marks(page_ids: Ints) -> bytes:
    """1 at the place of each page, 0 elsewhere: a list of thousands for IN takes longer than the ranking of its pages."""
    import numpy as np  # here, for most commands need none

    marks = np.zeros(int(page_ids.max(initial=0)) + 1, np.uint8)
    marks[page_ids] = 1
    return marks.tobytes()


def holding(db: sqlite3.Connection, query: str) -> Ints:
    """Ids of all pages that match, ascending."""
    import numpy as np  # here, for most commands need none

    text = db.execute("SELECT group_concat(rowid) FROM pages_fts WHERE pages_fts MATCH ?", (query,)).fetchone()[0]
    return np.fromstring(text, np.int64, sep=",") if text else np.empty(0, np.int64)


def standing_on(db: sqlite3.Connection, word: str) -> int:
    """Pages that hold a word (in one of its forms)."""
    return int(db.execute("SELECT count(*) FROM pages_fts WHERE pages_fts MATCH ?", (f'"{word}"',)).fetchone()[0])


def holders(db: sqlite3.Connection, word: str, most: int) -> list[str]:
    """What stands on some pages that hold a word (in one of its forms): text and title."""
    found = "SELECT rowid FROM pages_fts WHERE pages_fts MATCH ? LIMIT ?"
    rows = db.execute(f"SELECT text || ' ' || title FROM pages WHERE id IN ({found})", (f'"{word}"', most))
    return [text for (text,) in rows]


def count(db: sqlite3.Connection) -> int:
    """Pages in the full text: all live ones."""
    return int(db.execute("SELECT count(*) FROM pages_fts_docsize").fetchone()[0])


def live(
    db: sqlite3.Connection,
    kind: Kind | None = None,
    document_ids: Sequence[int] | None = None,
    tag: str | None = None,
) -> list[int]:
    """Ids of the pages that a search may return, ascending."""
    where = ["d.deleted IS NULL"]
    values: list[object] = []
    if kind is not None:
        where.append("g.kind = ?")
        values.append(str(kind))
    if document_ids is not None:
        where.append(f"d.id IN ({','.join(str(int(i)) for i in document_ids) or 'NULL'})")
    if tag is not None:
        where.append("EXISTS (SELECT 1 FROM tags t WHERE t.document_id = d.id AND t.tag = ?)")
        values.append(clean(tag))
    rows = db.execute(
        f"SELECT g.id FROM pages g JOIN documents d ON d.id = g.document_id WHERE {' AND '.join(where)} ORDER BY g.id",
        values,
    )
    return [row[0] for row in rows]
