"""Generations and their vectors: float16 rows, written batch by batch beside what they belong to."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from retrieval.store.db import placeholders
from retrieval.store.pages import PART_QUERY, PartRow, part_of
from retrieval.types import Floats, Ints, Route

if TYPE_CHECKING:
    import numpy as np


class Chunk(NamedTuple):
    """Vectors of some Parts of one document. `rows` is (n, dim) float16 as stored."""

    id: int
    route: Route
    part_ids: Ints
    page_ids: Ints
    rows: np.ndarray[tuple[int, int], np.dtype[np.float16]]


def generation(db: sqlite3.Connection, document_key: str, dim: int) -> int:
    """The Generation of that document encoder, made when it is new."""
    row = db.execute("SELECT id FROM generations WHERE document_key = ?", (document_key,)).fetchone()
    if row is not None:
        return int(row[0])
    cursor = db.execute(
        "INSERT INTO generations (document_key, dim, created) VALUES (?, ?, ?)", (document_key, dim, time.time())
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def document_key(db: sqlite3.Connection, generation_id: int) -> tuple[str, int]:
    """(document_key, dim) of a Generation."""
    row = db.execute("SELECT document_key, dim FROM generations WHERE id = ?", (generation_id,)).fetchone()
    return row[0], row[1]


def next_parts(db: sqlite3.Connection, generation_id: int, count: int, *, all_stages: bool) -> list[PartRow]:
    """The next Parts without a vector, documents in the order they came.

    Only documents whose stages still run are looked at, unless `all_stages` (another Model's Generation is being filled).
    """
    found: list[PartRow] = []
    # a stage at a time: the index on it then gives the documents in order, and the first few are enough
    for where in ("d.stage != 'words'",) if all_stages else ("d.stage = 'vectors'", "d.stage = 'ocr'"):
        waiting = db.execute(
            "SELECT d.id, coalesce(r.last_part, 0) FROM documents d"
            " LEFT JOIN progress r ON r.generation_id = ? AND r.document_id = d.id"
            f" WHERE {where} AND NOT d.paused AND d.deleted IS NULL AND EXISTS"
            " (SELECT 1 FROM parts p WHERE p.document_id = d.id AND p.id > coalesce(r.last_part, 0))"
            " ORDER BY d.id LIMIT ?",
            (generation_id, count),
        ).fetchall()
        for document_id, last in waiting:
            if len(found) >= count:
                break
            rows = db.execute(
                f"{PART_QUERY} WHERE p.document_id = ? AND p.id > ? ORDER BY p.id LIMIT ?",
                (document_id, last, count - len(found)),
            )
            found += [part_of(row) for row in rows]
    return found


def store(
    db: sqlite3.Connection,
    generation_id: int,
    document_id: int,
    route: Route,
    part_ids: Ints,
    page_ids: Ints,
    rows: Floats,
) -> None:
    """`part_ids` (n,), `page_ids` (n,), `rows` (n, dim)."""
    if not len(part_ids) == len(page_ids) == len(rows):
        raise ValueError(f"{len(part_ids)} part ids, {len(page_ids)} page ids, {len(rows)} rows")
    db.execute(
        "INSERT INTO vectors (generation_id, document_id, route, part_ids, page_ids, rows) VALUES (?, ?, ?, ?, ?, ?)",
        (
            generation_id,
            document_id,
            str(route),
            part_ids.astype("<i8").tobytes(),
            page_ids.astype("<i8").tobytes(),
            rows.astype("<f2").tobytes(),
        ),
    )


def store_parts(
    db: sqlite3.Connection, generation_id: int, todo: Sequence[PartRow], rows: Mapping[int, Floats]
) -> None:
    """Vectors of Parts that have had their turn, part id → (dim,); Parts without one are passed over, and so is what was
    erased meanwhile. Each document's progress follows."""
    import numpy as np  # here, for most commands need no vectors

    groups: dict[tuple[int, Route], list[PartRow]] = {}
    last: dict[int, int] = {}
    for part in todo:
        last[part.document_id] = max(part.id, last.get(part.document_id, 0))
        if part.id in rows:
            groups.setdefault((part.document_id, part.route), []).append(part)
    known = db.execute(f"SELECT id FROM documents WHERE id IN ({placeholders(len(last))})", tuple(last))
    alive = {row[0] for row in known}
    for (document_id, route), some in groups.items():
        if document_id in alive:
            part_ids = np.array([part.id for part in some], np.int64)
            page_ids = np.array([part.page_id for part in some], np.int64)
            vectors = np.stack([rows[part.id] for part in some])
            store(db, generation_id, document_id, route, part_ids, page_ids, vectors)
    for document_id in alive:
        set_progress(db, generation_id, document_id, last[document_id])


def set_progress(db: sqlite3.Connection, generation_id: int, document_id: int, last_part: int) -> None:
    db.execute(
        "INSERT INTO progress VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET last_part = excluded.last_part",
        (generation_id, document_id, last_part),
    )


def progress(db: sqlite3.Connection, generation_id: int, document_id: int) -> int | None:
    """The last Part of a document that has had its turn, None where none has."""
    row = db.execute(
        "SELECT last_part FROM progress WHERE generation_id = ? AND document_id = ?", (generation_id, document_id)
    ).fetchone()
    return None if row is None else int(row[0])


def only_in(db: sqlite3.Connection, generation_id: int, lacking_in: int) -> list[int]:
    """Documents that one Generation has begun with and another has not, ascending; those in the bin too."""
    rows = db.execute(
        "SELECT document_id FROM progress WHERE generation_id = ? AND document_id NOT IN"
        " (SELECT document_id FROM progress WHERE generation_id = ?) ORDER BY document_id",
        (generation_id, lacking_in),
    )
    return [row[0] for row in rows]


def chunk_ids(db: sqlite3.Connection, generation_id: int, document_id: int) -> list[int]:
    rows = db.execute(
        "SELECT id FROM vectors WHERE generation_id = ? AND document_id = ? ORDER BY id", (generation_id, document_id)
    )
    return [row[0] for row in rows]


def of_document(db: sqlite3.Connection, generation_id: int, document_id: int, dim: int) -> list[Chunk]:
    return chunks(db, chunk_ids(db, generation_id, document_id), dim)


def complete(db: sqlite3.Connection, generation_id: int | None, document_id: int) -> bool:
    """Every Part of the document has had its turn."""
    row = db.execute(
        "SELECT NOT EXISTS (SELECT 1 FROM parts WHERE document_id = ?2 AND id > coalesce("
        "(SELECT last_part FROM progress WHERE generation_id = ?1 AND document_id = ?2), 0))",
        (generation_id, document_id),
    ).fetchone()
    return bool(row[0])


def tallies(
    db: sqlite3.Connection, generation_id: int | None, document_ids: Sequence[int]
) -> dict[int, tuple[int, int]]:
    """(Parts, Parts that have had their turn) of each document."""
    found = dict.fromkeys(document_ids, (0, 0))
    for start in range(0, len(document_ids), 500):
        some = document_ids[start : start + 500]
        rows = db.execute(
            "SELECT p.document_id, count(*), sum(p.id <= coalesce(r.last_part, 0)) FROM parts p"
            " LEFT JOIN progress r ON r.generation_id = ? AND r.document_id = p.document_id"
            f" WHERE p.document_id IN ({placeholders(len(some))}) GROUP BY p.document_id",
            (generation_id, *some),
        )
        for row in rows:
            found[row[0]] = (row[1], row[2])
    return found


def totals(db: sqlite3.Connection, generation_id: int | None) -> tuple[int, int]:
    """(Parts, Parts that have had their turn) of all live documents."""
    row = db.execute(
        "SELECT count(*), coalesce(sum(p.id <= coalesce(r.last_part, 0)), 0) FROM parts p"
        " JOIN documents d ON d.id = p.document_id AND d.deleted IS NULL"
        " LEFT JOIN progress r ON r.generation_id = ? AND r.document_id = p.document_id",
        (generation_id,),
    ).fetchone()
    return row[0], row[1]


def last_part(db: sqlite3.Connection) -> int:
    """The highest id of a Part, 0 for none."""
    return int(db.execute("SELECT coalesce(max(id), 0) FROM parts").fetchone()[0])


def lacking(db: sqlite3.Connection, generation_id: int | None) -> bool:
    """Whether some Part has not had its turn; Parts in the bin and of paused documents are not waited for."""
    row = db.execute(
        "SELECT EXISTS (SELECT 1 FROM documents d LEFT JOIN progress r ON r.generation_id = ? AND r.document_id = d.id"
        " WHERE d.deleted IS NULL AND NOT d.paused AND EXISTS"
        " (SELECT 1 FROM parts p WHERE p.document_id = d.id AND p.id > coalesce(r.last_part, 0)))",
        (generation_id,),
    ).fetchone()
    return bool(row[0])


def note_whole(db: sqlite3.Connection, generation_id: int) -> None:
    """Remembers up to which Part a Generation has everything, if it has, so that nobody need look through it again."""
    if not lacking(db, generation_id):
        db.execute(
            "UPDATE generations SET embedded_to = (SELECT coalesce(max(id), 0) FROM parts) WHERE id = ?",
            (generation_id,),
        )


def up_to_date(db: sqlite3.Connection, generation_id: int | None) -> bool:
    """No Part has come since the Generation was noted as whole. Costs no more in a large library than in a small one."""
    row = db.execute(
        "SELECT embedded_to >= (SELECT coalesce(max(id), 0) FROM parts) FROM generations WHERE id = ?", (generation_id,)
    ).fetchone()
    return row is not None and bool(row[0])


def was_whole(db: sqlite3.Connection, generation_id: int | None) -> bool:
    """Once it had everything that was there then."""
    row = db.execute("SELECT embedded_to > 0 FROM generations WHERE id = ?", (generation_id,)).fetchone()
    return row is not None and bool(row[0])


def fell_behind(db: sqlite3.Connection, document_id: int) -> None:
    """A document is back (out of the bin, no longer paused): Generations filled meanwhile may lack it."""
    db.execute(
        "UPDATE generations SET embedded_to = max(1, min(embedded_to, (SELECT min(id) - 1 FROM parts WHERE document_id = ?1)))"
        " WHERE embedded_to > 0 AND EXISTS (SELECT 1 FROM parts p LEFT JOIN progress r ON r.generation_id = generations.id"
        " AND r.document_id = ?1 WHERE p.document_id = ?1 AND p.id > coalesce(r.last_part, 0))",
        (document_id,),
    )


def unused_generations(db: sqlite3.Connection) -> list[int]:
    """Generations of which no Model is left that could ask them."""
    rows = db.execute(
        "SELECT id FROM generations WHERE id NOT IN"
        " (SELECT generation_id FROM models WHERE generation_id IS NOT NULL AND dropped IS NULL)"
    )
    return [row[0] for row in rows]


def drop_some(db: sqlite3.Connection, generation_id: int, count: int) -> bool:
    """Deletes some of a Generation's vectors, at last the Generation itself; False when it is gone."""
    cursor = db.execute(
        "DELETE FROM vectors WHERE id IN (SELECT id FROM vectors WHERE generation_id = ? LIMIT ?)",
        (generation_id, count),
    )
    if cursor.rowcount == 0:
        db.execute("DELETE FROM generations WHERE id = ?", (generation_id,))
    return cursor.rowcount > 0


def live_chunks(db: sqlite3.Connection, generation_id: int) -> set[int]:
    """Ids of the chunks whose document is not in the bin."""
    rows = db.execute(
        "SELECT v.id FROM vectors v JOIN documents d ON d.id = v.document_id"
        " WHERE v.generation_id = ? AND d.deleted IS NULL",
        (generation_id,),
    )
    return {row[0] for row in rows}


def chunks(db: sqlite3.Connection, chunk_ids: Sequence[int], dim: int) -> list[Chunk]:
    import numpy as np  # here, for most commands need no vectors

    found = []
    for start in range(0, len(chunk_ids), 500):
        some = chunk_ids[start : start + 500]
        rows = db.execute(
            f"SELECT id, route, part_ids, page_ids, rows FROM vectors WHERE id IN ({placeholders(len(some))}) ORDER BY id",
            tuple(some),
        )
        for row in rows:
            found.append(
                Chunk(
                    row["id"],
                    Route(row["route"]),
                    np.frombuffer(row["part_ids"], "<i8"),
                    np.frombuffer(row["page_ids"], "<i8"),
                    np.frombuffer(row["rows"], "<f2").reshape(-1, dim),
                )
            )
    return found
