"""Questions and people's judgements of Pages for them."""

from __future__ import annotations

import sqlite3
import time
from typing import NamedTuple

from retrieval.store.questions import text_of


class LabelRow(NamedTuple):
    query: str
    page_id: int
    relevant: bool
    source: str
    at: float


def put(db: sqlite3.Connection, query: str, page_id: int, relevant: bool, source: str, at: float | None = None) -> bool:
    """Stores a judgement; the later one wins. False when it was there already, just so, or another one that is later."""
    text = text_of(query)
    db.execute("INSERT OR IGNORE INTO questions (text) VALUES (?)", (text,))
    question_id = db.execute("SELECT id FROM questions WHERE text = ?", (text,)).fetchone()[0]
    before = db.execute(
        "SELECT relevant, at FROM labels WHERE question_id = ? AND page_id = ?", (question_id, page_id)
    ).fetchone()
    if at is None:  # said just now, whatever other clocks have said
        at = max(time.time(), before[1]) if before is not None else time.time()
    if before is not None and (bool(before[0]) == relevant or before[1] > at):
        return False
    db.execute(
        "INSERT INTO labels VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " relevant = excluded.relevant, source = excluded.source, at = excluded.at",
        (question_id, page_id, int(relevant), source, at),
    )
    if relevant:
        db.execute("UPDATE questions SET judged = ? WHERE id = ? AND judged IS NULL", (time.time(), question_id))
    return True


def judgement(db: sqlite3.Connection, query: str, page_id: int) -> tuple[bool, float] | None:
    """(relevant, when) as it stands."""
    row = db.execute(
        "SELECT l.relevant, l.at FROM labels l JOIN questions q ON q.id = l.question_id WHERE q.text = ? AND l.page_id = ?",
        (text_of(query), page_id),
    ).fetchone()
    return None if row is None else (bool(row[0]), row[1])


def drop(db: sqlite3.Connection, query: str, page_id: int) -> bool:
    """Takes a judgement back; a question without any goes too. False when there was none."""
    cursor = db.execute(
        "DELETE FROM labels WHERE page_id = ? AND question_id = (SELECT id FROM questions WHERE text = ?)",
        (page_id, text_of(query)),
    )
    drop_unused_questions(db)
    return cursor.rowcount > 0


def drop_unused_questions(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM questions WHERE id NOT IN (SELECT question_id FROM labels)")


def of_query(db: sqlite3.Connection, query: str) -> dict[int, bool]:
    rows = db.execute(
        "SELECT l.page_id, l.relevant FROM labels l JOIN questions q ON q.id = l.question_id WHERE q.text = ?",
        (text_of(query),),
    )
    return {row[0]: bool(row[1]) for row in rows}


def listed(db: sqlite3.Connection) -> list[LabelRow]:
    """Newest first; judgements of documents in the bin are left out."""
    rows = db.execute(
        "SELECT q.text, l.page_id, l.relevant, l.source, l.at FROM labels l JOIN questions q ON q.id = l.question_id"
        " JOIN pages g ON g.id = l.page_id JOIN documents d ON d.id = g.document_id"
        " WHERE d.deleted IS NULL ORDER BY l.at DESC, q.id, l.page_id"
    )
    return [LabelRow(row[0], row[1], bool(row[2]), row[3], row[4]) for row in rows]
