"""Pages, their Parts and the full-text rows over them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import NamedTuple

from ingest.types import Box, Kind, Page, Passage, Source
from retrieval.store import fulltext
from retrieval.store.db import clean, placeholders
from retrieval.types import Route


class PageRow(NamedTuple):
    id: int
    document_id: int
    number: int
    kind: Kind
    width: float
    height: float
    start_s: float | None
    end_s: float | None
    key_s: float | None
    picture: str | None
    thumbnail: str | None
    has_text: bool
    ocr: str | None
    text: str = ""  # left out of lists of candidates, where only its being there counts


class PageLook(NamedTuple):
    """What a fusion looks at, of some hundred Pages a question."""

    document_id: int
    number: int
    kind: Kind
    has_text: bool


class PartRow(NamedTuple):
    """A Part with the text it stands for (None for a picture)."""

    id: int
    document_id: int
    page_id: int
    route: Route
    source: Source | None
    text: str | None
    box: Box | None


_KINDS = {str(kind): kind for kind in Kind}  # calling an enumeration takes longer
_ROUTES = {str(route): route for route in Route}


def _page(row: sqlite3.Row) -> PageRow:
    """Of the columns _BRIEF or _WHOLE."""
    return PageRow._make((*row[:3], _KINDS[row[3]], *row[4:11], bool(row[11]), *row[12:]))


def part_of(row: sqlite3.Row) -> PartRow:
    box = None if row["x0"] is None else Box(row["x0"], row["y0"], row["x1"], row["y1"])
    source = None if row["source"] is None else Source(row["source"])
    return PartRow(row["id"], row["document_id"], row["page_id"], _ROUTES[row["route"]], source, row["body"], box)


PART_QUERY = (
    "SELECT p.id, p.document_id, p.page_id, p.route, p.source, p.x0, p.y0, p.x1, p.y1, "
    "substr(g.text, p.first + 1, p.last - p.first) AS body FROM parts p JOIN pages g ON g.id = p.page_id "
)


def insert(
    db: sqlite3.Connection,
    document_id: int,
    page: Page,
    *,
    title: str,
    extra: str,
    picture: str | None,
    has_picture: bool = True,
) -> int:
    """One page with its passages and its whole-picture Part, searchable by words at commit. Returns its id."""
    text = clean("\n".join(passage.text for passage in page.passages))
    cursor = db.execute(
        "INSERT INTO pages (document_id, number, kind, width, height, start_s, end_s, key_s, picture, has_text, text,"
        " extra, title, ocr) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document_id,
            page.number,
            str(page.kind),
            page.width,
            page.height,
            page.start_s,
            page.end_s,
            page.key_s,
            picture,
            len(text) >= TEXT_FROM,
            text,
            extra,
            clean(title),
            "wanted" if page.wants_ocr else None,
        ),
    )
    page_id = cursor.lastrowid
    assert page_id is not None
    if has_picture:
        db.execute(
            "INSERT INTO parts (document_id, page_id, route) VALUES (?, ?, ?)",
            (document_id, page_id, str(Route.PICTURE)),
        )
    _insert_passages(db, document_id, page_id, page.passages, offset=0)
    fulltext.index(db, "g.id = ?", page_id)
    return page_id


def add_passages(db: sqlite3.Connection, page_id: int, passages: Sequence[Passage], extra: str) -> None:
    """More text of a page already there (OCR): the page's text grows, its full-text row follows."""
    row = db.execute("SELECT document_id, text FROM pages WHERE id = ?", (page_id,)).fetchone()
    added = clean("\n".join(passage.text for passage in passages))
    text = f"{row['text']}\n{added}" if row["text"] else added
    fulltext.unindex(db, "g.id = ?", page_id)
    db.execute(
        "UPDATE pages SET has_text = ?, text = ?, extra = trim(extra || ' ' || ?) WHERE id = ?",
        (len(text) >= TEXT_FROM, text, extra, page_id),
    )
    fulltext.index(db, "g.id = ?", page_id)
    offset = len(row["text"]) + 1 if row["text"] else 0
    _insert_passages(db, row["document_id"], page_id, passages, offset)


def _insert_passages(
    db: sqlite3.Connection, document_id: int, page_id: int, passages: Sequence[Passage], offset: int
) -> None:
    rows = []
    for passage in passages:
        last = offset + len(passage.text)
        box = passage.box
        place = (None, None, None, None) if box is None else (box.x0, box.y0, box.x1, box.y1)
        rows.append((document_id, page_id, str(Route.TEXT), str(passage.source), offset, last, *place))
        offset = last + 1
    db.executemany(
        "INSERT INTO parts (document_id, page_id, route, source, first, last, x0, y0, x1, y1)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )


TEXT_FROM = 20  # characters: a sign on a photo does not make it a page of text
_COLUMNS = (  # PageRow's fields in order
    "g.id, g.document_id, g.number, g.kind, g.width, g.height, g.start_s, g.end_s, g.key_s, g.picture, g.thumbnail,"
    " g.has_text, g.ocr"
)
_BRIEF, _WHOLE = f"{_COLUMNS}, ''", f"{_COLUMNS}, g.text"


def get(db: sqlite3.Connection, page_ids: Sequence[int], *, brief: bool = False) -> dict[int, PageRow]:
    """`brief`: without their texts."""
    found = {}
    for start in range(0, len(page_ids), 500):
        some = page_ids[start : start + 500]
        columns = _BRIEF if brief else _WHOLE
        for row in db.execute(f"SELECT {columns} FROM pages g WHERE g.id IN ({placeholders(len(some))})", tuple(some)):
            found[row[0]] = _page(row)
    return found


def looks(db: sqlite3.Connection, page_ids: Sequence[int]) -> dict[int, PageLook]:
    found = {}
    for start in range(0, len(page_ids), 500):
        some = page_ids[start : start + 500]
        cursor = db.cursor()
        cursor.row_factory = None  # tuples: rows with names cost as much again as reading them
        rows = cursor.execute(
            f"SELECT id, document_id, number, kind, has_text FROM pages WHERE id IN ({placeholders(len(some))})",
            tuple(some),
        )
        for page_id, document_id, number, kind, has_text in rows:
            found[page_id] = PageLook(document_id, number, _KINDS[kind], bool(has_text))
    return found


def of_document(db: sqlite3.Connection, document_id: int) -> list[PageRow]:
    return [
        _page(row)
        for row in db.execute(f"SELECT {_WHOLE} FROM pages g WHERE document_id = ? ORDER BY number", (document_id,))
    ]


def numbered(db: sqlite3.Connection, document_id: int, number: int) -> PageRow | None:
    row = db.execute(
        f"SELECT {_WHOLE} FROM pages g WHERE document_id = ? AND number = ?", (document_id, number)
    ).fetchone()
    return None if row is None else _page(row)


def with_numbers(db: sqlite3.Connection, numbers: Collection[int], beside: Collection[int]) -> list[int]:
    """Ids of the pages with these numbers in the documents of some pages, ascending; pages of documents alone."""
    rows = db.execute(
        f"SELECT id FROM pages WHERE number IN ({placeholders(len(numbers))}) AND kind = ? AND document_id IN"
        f" (SELECT document_id FROM pages WHERE id IN ({placeholders(len(beside))})) ORDER BY id",
        (*numbers, str(Kind.PAGE), *beside),
    )
    return [row[0] for row in rows]


def at_second(db: sqlite3.Connection, document_id: int, second: float) -> PageRow | None:
    """The moment that holds that second, else the nearest."""
    row = db.execute(
        f"SELECT {_WHOLE} FROM pages g WHERE document_id = ? AND start_s IS NOT NULL"
        " ORDER BY (start_s <= ? AND ? < end_s) DESC, abs((start_s + end_s) / 2 - ?) LIMIT 1",
        (document_id, second, second, second),
    ).fetchone()
    return None if row is None else _page(row)


def neighbours(db: sqlite3.Connection, page: PageRow) -> tuple[int | None, int | None]:
    """Ids of the page before and after it in its document."""
    before = db.execute(
        "SELECT id FROM pages WHERE document_id = ? AND number < ? ORDER BY number DESC LIMIT 1",
        (page.document_id, page.number),
    ).fetchone()
    after = db.execute(
        "SELECT id FROM pages WHERE document_id = ? AND number > ? ORDER BY number LIMIT 1",
        (page.document_id, page.number),
    ).fetchone()
    return (None if before is None else before[0]), (None if after is None else after[0])


class Tally(NamedTuple):
    """What lists show of one document's pages."""

    pages: int
    cover: int | None
    duration_s: float | None
    ocr_pages: int
    ocr_done: int
    read_by_ocr: int


def tallies(db: sqlite3.Connection, document_ids: Sequence[int]) -> dict[int, Tally]:
    found = {}
    for start in range(0, len(document_ids), 500):
        some = document_ids[start : start + 500]
        rows = db.execute(
            "SELECT document_id, count(*), min(id), max(end_s), sum(ocr IS NOT NULL),"
            " sum(ocr IN ('done', 'failed')), sum(ocr = 'done' AND text != '')"
            f" FROM pages WHERE document_id IN ({placeholders(len(some))}) GROUP BY document_id",
            tuple(some),
        )
        for row in rows:
            found[row[0]] = Tally(row[1], row[2], row[3], row[4], row[5] or 0, row[6] or 0)
    return found


def counts(db: sqlite3.Connection, document_ids: Sequence[int]) -> dict[int, int]:
    """How many pages each document has; reads no page, as `tallies` must."""
    found = dict.fromkeys(document_ids, 0)
    for start in range(0, len(document_ids), 500):
        some = document_ids[start : start + 500]
        found.update(
            db.execute(
                f"SELECT document_id, count(*) FROM pages WHERE document_id IN ({placeholders(len(some))})"
                " GROUP BY document_id",
                tuple(some),
            ).fetchall()
        )
    return found


def delete_of(db: sqlite3.Connection, document_id: int) -> None:
    """All pages of a document, as before it was read again after an interruption."""
    fulltext.unindex_document(db, document_id)
    db.execute("DELETE FROM pages WHERE document_id = ?", (document_id,))
    db.execute("DELETE FROM page_errors WHERE document_id = ?", (document_id,))


def last_number(db: sqlite3.Connection, document_id: int) -> int:
    """The highest page number already read, 0 for none."""
    row = db.execute(
        "SELECT max(number) FROM (SELECT number FROM pages WHERE document_id = ?1 UNION ALL"
        " SELECT number FROM page_errors WHERE document_id = ?1)",
        (document_id,),
    ).fetchone()
    return int(row[0] or 0)


def set_thumbnail(db: sqlite3.Connection, page_id: int, blob: str) -> None:
    db.execute("UPDATE pages SET thumbnail = ? WHERE id = ?", (blob, page_id))


def blobs_of(db: sqlite3.Connection, document_id: int) -> set[str]:
    """Blobs of a document's pages (keyframes, thumbnails)."""
    rows = db.execute("SELECT picture, thumbnail FROM pages WHERE document_id = ?", (document_id,))
    return {blob for row in rows for blob in row if blob is not None}


def blob_in_use(db: sqlite3.Connection, blob: str) -> bool:
    row = db.execute(
        "SELECT EXISTS (SELECT 1 FROM pages WHERE picture = ?1 OR thumbnail = ?1)"
        " OR EXISTS (SELECT 1 FROM documents WHERE sha256 = ?1)",
        (blob,),
    ).fetchone()
    return bool(row[0])


# unreadable pages


def add_error(db: sqlite3.Connection, document_id: int, number: int, reason: str) -> None:
    db.execute("INSERT INTO page_errors VALUES (?, ?, ?)", (document_id, number, reason))


def errors(db: sqlite3.Connection, document_id: int) -> list[tuple[int, str]]:
    rows = db.execute("SELECT number, reason FROM page_errors WHERE document_id = ? ORDER BY number", (document_id,))
    return [(row[0], row[1]) for row in rows]


# OCR


def next_ocr(db: sqlite3.Connection, count: int) -> list[PageRow]:
    """Pages whose picture waits to be read, documents in the order they came."""
    rows = db.execute(
        f"SELECT {_WHOLE} FROM documents d JOIN pages g ON g.document_id = d.id AND g.ocr = 'wanted'"
        " WHERE d.stage = 'ocr' AND NOT d.paused AND d.deleted IS NULL ORDER BY d.id, g.number LIMIT ?",
        (count,),
    )
    return [_page(row) for row in rows]


def set_ocr(db: sqlite3.Connection, page_id: int, state: str) -> None:
    db.execute("UPDATE pages SET ocr = ? WHERE id = ?", (state, page_id))


def waiting_for_ocr(db: sqlite3.Connection, document_id: int) -> bool:
    row = db.execute(
        "SELECT EXISTS (SELECT 1 FROM pages WHERE document_id = ? AND ocr = 'wanted')", (document_id,)
    ).fetchone()
    return bool(row[0])


# parts


def parts(db: sqlite3.Connection, part_ids: Sequence[int]) -> dict[int, PartRow]:
    found = {}
    for start in range(0, len(part_ids), 500):
        some = part_ids[start : start + 500]
        for row in db.execute(f"{PART_QUERY} WHERE p.id IN ({placeholders(len(some))})", tuple(some)):
            found[row["id"]] = part_of(row)
    return found


def parts_of_pages(db: sqlite3.Connection, page_ids: Sequence[int]) -> dict[int, list[PartRow]]:
    """Parts of each page in the order of their ids."""
    found: dict[int, list[PartRow]] = {page_id: [] for page_id in page_ids}
    for start in range(0, len(page_ids), 500):
        some = page_ids[start : start + 500]
        rows = db.execute(f"{PART_QUERY} WHERE p.page_id IN ({placeholders(len(some))}) ORDER BY p.id", tuple(some))
        for row in rows:
            found[row["page_id"]].append(part_of(row))
    return found


# search by words
