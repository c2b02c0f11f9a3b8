"""Documents, their names and tags, refusals, and the bin."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import NamedTuple

from ingest.types import FileKind
from retrieval.store.db import clean, placeholders
from retrieval.types import Refusal, Stage


class DocumentRow(NamedTuple):
    id: int
    sha256: str
    kind: FileKind
    path: str | None
    size: int
    mtime: float | None
    stage: Stage
    paused: bool
    job_id: int | None
    added: float
    deleted: float | None


def _row(row: sqlite3.Row) -> DocumentRow:
    return DocumentRow(
        row["id"],
        row["sha256"],
        FileKind(row["kind"]),
        row["path"],
        row["size"],
        row["mtime"],
        Stage(row["stage"]),
        bool(row["paused"]),
        row["job_id"],
        row["added"],
        row["deleted"],
    )


def insert(
    db: sqlite3.Connection, sha256: str, kind: FileKind, path: str | None, size: int, mtime: float | None, job_id: int
) -> int:
    cursor = db.execute(
        "INSERT INTO documents (sha256, kind, path, size, mtime, stage, job_id, added) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (sha256, str(kind), path, size, mtime, str(Stage.WORDS), job_id, time.time()),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def by_sha(db: sqlite3.Connection, sha256: str) -> DocumentRow | None:
    row = db.execute("SELECT * FROM documents WHERE sha256 = ?", (sha256,)).fetchone()
    return None if row is None else _row(row)


def by_id(db: sqlite3.Connection, document_id: int) -> DocumentRow | None:
    row = db.execute("SELECT * FROM documents WHERE id = ?", (document_id,)).fetchone()
    return None if row is None else _row(row)


def by_ids(db: sqlite3.Connection, document_ids: Sequence[int]) -> dict[int, DocumentRow]:
    found = {}
    for start in range(0, len(document_ids), 500):
        some = document_ids[start : start + 500]
        for row in db.execute(f"SELECT * FROM documents WHERE id IN ({placeholders(len(some))})", tuple(some)):
            found[row["id"]] = _row(row)
    return found


def find(db: sqlite3.Connection, name: str) -> DocumentRow | None:
    """By any of its names, else by its sha256 (or an unambiguous start of at least 8 digits of it)."""
    name = clean(name)
    row = db.execute(
        "SELECT d.* FROM documents d JOIN names n ON n.document_id = d.id WHERE n.name = ?", (name,)
    ).fetchone()
    if row is None and len(name) == 64:
        return by_sha(db, name)
    if row is None and len(name) >= 8:
        rows = db.execute("SELECT * FROM documents WHERE substr(sha256, 1, ?) = ?", (len(name), name)).fetchmany(2)
        row = rows[0] if len(rows) == 1 else None
    return None if row is None else _row(row)


def listed(
    db: sqlite3.Connection, kind: FileKind | None = None, tag: str | None = None, deleted: bool = False
) -> list[DocumentRow]:
    """Newest first."""
    where = ["d.deleted IS NOT NULL" if deleted else "d.deleted IS NULL"]
    values: list[object] = []
    if kind is not None:
        where.append("d.kind = ?")
        values.append(str(kind))
    if tag is not None:
        where.append("EXISTS (SELECT 1 FROM tags t WHERE t.document_id = d.id AND t.tag = ?)")
        values.append(clean(tag))
    rows = db.execute(f"SELECT d.* FROM documents d WHERE {' AND '.join(where)} ORDER BY d.id DESC", values)
    return [_row(row) for row in rows]


def of_job(db: sqlite3.Connection, job_id: int) -> list[DocumentRow]:
    return [_row(row) for row in db.execute("SELECT * FROM documents WHERE job_id = ? ORDER BY id", (job_id,))]


def next_unread(db: sqlite3.Connection) -> DocumentRow | None:
    row = db.execute(
        "SELECT * FROM documents WHERE stage = 'words' AND NOT paused AND deleted IS NULL ORDER BY id LIMIT 1"
    ).fetchone()
    return None if row is None else _row(row)


def unfinished(db: sqlite3.Connection, paused: bool = False) -> int:
    """How many live documents still have stages to go: those that are paused, or the others."""
    ahead = [str(stage) for stage in Stage if stage is not Stage.DONE]  # named, so that the index on stages finds them
    row = db.execute(
        f"SELECT count(*) FROM documents WHERE stage IN ({placeholders(len(ahead))}) AND paused = ? AND deleted IS NULL",
        (*ahead, paused),
    ).fetchone()
    return int(row[0])


def set_stage(db: sqlite3.Connection, document_id: int, stage: Stage) -> None:
    db.execute("UPDATE documents SET stage = ? WHERE id = ?", (str(stage), document_id))


def set_paused(db: sqlite3.Connection, document_id: int, paused: bool) -> None:
    db.execute("UPDATE documents SET paused = ? WHERE id = ?", (int(paused), document_id))


def set_deleted(db: sqlite3.Connection, document_id: int, when: float | None) -> None:
    db.execute("UPDATE documents SET deleted = ? WHERE id = ?", (when, document_id))


def set_place(db: sqlite3.Connection, document_id: int, path: str | None, mtime: float | None) -> None:
    db.execute("UPDATE documents SET path = ?, mtime = ? WHERE id = ?", (path, mtime, document_id))


def set_job(db: sqlite3.Connection, document_id: int, job_id: int) -> None:
    db.execute("UPDATE documents SET job_id = ? WHERE id = ?", (job_id, document_id))


def delete(db: sqlite3.Connection, document_id: int) -> None:
    """The row and all that hangs on it (names, tags, pages, parts, vectors, labels). Full text is `pages.unindex`."""
    db.execute("DELETE FROM documents WHERE id = ?", (document_id,))


def expired(db: sqlite3.Connection, before: float) -> list[DocumentRow]:
    return [_row(row) for row in db.execute("SELECT * FROM documents WHERE deleted < ?", (before,))]


# names


def names(db: sqlite3.Connection, document_ids: Sequence[int]) -> dict[int, list[str]]:
    """All names of each document, the first given first."""
    found: dict[int, list[str]] = {document_id: [] for document_id in document_ids}
    for start in range(0, len(document_ids), 500):
        some = document_ids[start : start + 500]
        rows = db.execute(
            f"SELECT document_id, name FROM names WHERE document_id IN ({placeholders(len(some))}) ORDER BY id",
            tuple(some),
        )
        for row in rows:
            found[row["document_id"]].append(row["name"])
    return found


def owner(db: sqlite3.Connection, name: str) -> int | None:
    row = db.execute("SELECT document_id FROM names WHERE name = ?", (name,)).fetchone()
    return None if row is None else int(row[0])


def give_name(db: sqlite3.Connection, document_id: int, path: PurePath) -> str:
    """The file name, or with another document of that name the shortest path that tells them apart. Never changes."""
    path = PurePath(clean(str(path)))
    parts = [part for part in path.parts if part.strip("/")] or ["file"]
    for count in range(1, len(parts) + 1):
        name = "/".join(part.strip("/") for part in parts[-count:])
        taken = owner(db, name)
        if taken == document_id:
            return name
        if taken is None:
            break
    else:
        number = 2
        while (taken := owner(db, f"{name} ({number})")) is not None and taken != document_id:
            number += 1
        name = f"{name} ({number})"
        if taken == document_id:
            return name
    db.execute("INSERT INTO names (document_id, name, path) VALUES (?, ?, ?)", (document_id, name, str(path)))
    return name


def set_name(db: sqlite3.Connection, document_id: int, name: str) -> None:
    """A name as it is (no path): a second document of that name gets a number behind it."""
    unique, number = name, 2
    while owner(db, unique) is not None:
        unique, number = f"{name} ({number})", number + 1
    db.execute("INSERT INTO names (document_id, name) VALUES (?, ?)", (document_id, unique))


# tags


def tags(db: sqlite3.Connection, document_ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {document_id: [] for document_id in document_ids}
    for start in range(0, len(document_ids), 500):
        some = document_ids[start : start + 500]
        rows = db.execute(
            f"SELECT document_id, tag FROM tags WHERE document_id IN ({placeholders(len(some))}) ORDER BY tag",
            tuple(some),
        )
        for row in rows:
            found[row["document_id"]].append(row["tag"])
    return found


def add_tags(db: sqlite3.Connection, document_id: int, new: Iterable[str]) -> None:
    db.executemany("INSERT OR IGNORE INTO tags VALUES (?, ?)", [(document_id, clean(tag)) for tag in new])


def remove_tags(db: sqlite3.Connection, document_id: int, old: Iterable[str]) -> None:
    db.executemany("DELETE FROM tags WHERE document_id = ? AND tag = ?", [(document_id, clean(tag)) for tag in old])


def all_tags(db: sqlite3.Connection) -> list[tuple[str, int]]:
    rows = db.execute(
        "SELECT tag, count(*) FROM tags JOIN documents d ON d.id = document_id WHERE d.deleted IS NULL "
        "GROUP BY tag ORDER BY tag"
    )
    return [(row[0], row[1]) for row in rows]


def counts(db: sqlite3.Connection) -> dict[str, int]:
    """Live documents, pages, bytes and files of each kind, and how many lie in the bin."""
    found = {"documents": 0, "pages": 0, "bytes": 0, **dict.fromkeys(map(str, FileKind), 0)}
    for row in db.execute("SELECT kind, count(*), sum(size) FROM documents WHERE deleted IS NULL GROUP BY kind"):
        found[row[0]] = row[1]
        found["documents"] += row[1]
        found["bytes"] += row[2]
    found["pages"] = db.execute(
        "SELECT count(*) FROM pages JOIN documents d ON d.id = document_id WHERE d.deleted IS NULL"
    ).fetchone()[0]
    found["deleted"] = db.execute("SELECT count(*) FROM documents WHERE deleted IS NOT NULL").fetchone()[0]
    return found


# refusals


def refuse(
    db: sqlite3.Connection, job_id: int | None, document: str, reason: str, remedy: str, sha256: str | None = None
) -> None:
    db.execute(
        "INSERT INTO refusals (job_id, sha256, document, reason, remedy, at) VALUES (?, ?, ?, ?, ?, ?)",
        (job_id, sha256, clean(document), clean(reason), clean(remedy), time.time()),
    )


def refusals(db: sqlite3.Connection, job_id: int | None = None) -> list[Refusal]:
    """Those not dismissed, newest first; or all of one job in order."""
    if job_id is None:
        rows = db.execute("SELECT * FROM refusals WHERE NOT dismissed ORDER BY id DESC")
    else:
        rows = db.execute("SELECT * FROM refusals WHERE job_id = ? ORDER BY id", (job_id,))
    return [Refusal(row["id"], row["document"], row["reason"], row["remedy"], row["at"]) for row in rows]


def dismiss(db: sqlite3.Connection, refusal_id: int) -> None:
    db.execute("UPDATE refusals SET dismissed = 1 WHERE id = ?", (refusal_id,))


def forget_refusals(db: sqlite3.Connection, sha256: str, names: Sequence[str]) -> None:
    db.execute("DELETE FROM refusals WHERE sha256 = ?", (sha256,))
    db.executemany("DELETE FROM refusals WHERE document = ?", [(name,) for name in names])


def between_stages(db: sqlite3.Connection) -> list[int]:
    """Live documents that are read and not done."""
    rows = db.execute("SELECT id FROM documents WHERE stage IN ('vectors', 'ocr') AND NOT paused AND deleted IS NULL")
    return [row[0] for row in rows]


def work_left(db: sqlite3.Connection, job_id: int) -> bool:
    """Some live document of the job is neither done nor paused."""
    row = db.execute(
        "SELECT EXISTS (SELECT 1 FROM documents WHERE job_id = ? AND stage != 'done' AND NOT paused AND deleted IS NULL)",
        (job_id,),
    ).fetchone()
    return bool(row[0])


class Tally(NamedTuple):
    """Live documents of some ingest jobs taken together. `work`: unit (see `rates`) → (all of it, done), of what is read."""

    documents: int
    left: int  # not done; paused ones are not waited for
    unread: dict[FileKind, int]
    work: dict[str, tuple[int, int]]


def tally(db: sqlite3.Connection, job_ids: Sequence[int], generation_id: int | None) -> Tally:
    jobs = json.dumps(job_ids)
    of_jobs = "d.job_id IN (SELECT value FROM json_each(?)) AND d.deleted IS NULL"
    live = f"{of_jobs} AND NOT d.paused"
    count = left = 0
    unread: dict[FileKind, int] = {}
    work: dict[str, tuple[int, int]] = {}
    kinds = db.execute(
        "SELECT kind, count(*), sum(stage != 'done' AND NOT paused), sum(stage = 'words' AND NOT paused),"
        f" sum(stage != 'words') FROM documents d WHERE {of_jobs} GROUP BY kind",
        (jobs,),
    )
    for kind, all_, unfinished, waiting, read in kinds:
        count, left = count + all_, left + unfinished
        unread |= {FileKind(kind): waiting} if waiting else {}
        work[f"read {kind}"] = (read, read)
    parts = db.execute(
        "SELECT route, count(*), sum(p.id <= coalesce(r.last_part, 0)) FROM documents d"
        " JOIN parts p ON p.document_id = d.id"
        f" LEFT JOIN progress r ON r.generation_id = ? AND r.document_id = d.id WHERE {live} GROUP BY route",
        (generation_id, jobs),
    )
    work |= {route: (all_, done) for route, all_, done in parts}
    ocr = db.execute(
        "SELECT coalesce(sum(g.ocr IS NOT NULL), 0), coalesce(sum(g.ocr IN ('done', 'failed')), 0) FROM documents d"
        f" JOIN pages g ON g.document_id = d.id WHERE {live}",
        (jobs,),
    ).fetchone()
    return Tally(count, left, unread, work | {"ocr": tuple(ocr)})


def usual(db: sqlite3.Connection, kind: FileKind, last: int) -> tuple[int, dict[str, float]]:
    """What reading a file of that kind brings: unit → mean of the (at most `last`) files read last, and of how many."""
    some = "(SELECT id FROM documents WHERE kind = ? AND stage != 'words' ORDER BY id DESC LIMIT ?)"
    count = db.execute(f"SELECT count(*) FROM {some}", (kind, last)).fetchone()[0]
    rows = db.execute(
        f"SELECT route, count(*) FROM parts WHERE document_id IN {some} GROUP BY route UNION ALL"
        f" SELECT 'ocr', count(ocr) FROM pages WHERE document_id IN {some}",
        (kind, last, kind, last),
    )
    return count, {unit: number / max(1, count) for unit, number in rows}
