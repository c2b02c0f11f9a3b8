"""Judged questions: their side (held out or not), their vectors, and what was asked lately."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from retrieval.store.db import clean, placeholders
from retrieval.types import Floats

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ASKED_KEPT = 1000


class QuestionRow(NamedTuple):
    """`held_out` None: not settled yet. `judged`: when a Page was first called right for it."""

    id: int
    text: str
    held_out: bool | None
    judged: float


class AskedRow(NamedTuple):
    """A question that people asked, how often lately, and the Pages that it was shown last, best first."""

    text: str
    times: int
    page_ids: tuple[int, ...]
    at: float


def text_of(question: str) -> str:
    """A question as it is known: spacing makes no difference."""
    return " ".join(clean(question).split())


# sides


def judged(db: sqlite3.Connection) -> list[QuestionRow]:
    """Questions that have a Page marked right in a document that is not in the bin, in the order of first judgement."""
    rows = db.execute(
        "SELECT q.id, q.text, q.held_out, q.judged FROM questions q WHERE EXISTS (SELECT 1 FROM labels l"
        " JOIN pages g ON g.id = l.page_id JOIN documents d ON d.id = g.document_id"
        " WHERE l.question_id = q.id AND l.relevant AND d.deleted IS NULL) ORDER BY q.judged, q.id"
    )
    return [_question(row) for row in rows]


def unsettled(db: sqlite3.Connection) -> list[QuestionRow]:
    """Questions without a side, in the order of first judgement."""
    rows = db.execute(
        "SELECT id, text, held_out, judged FROM questions WHERE held_out IS NULL AND judged IS NOT NULL"
        " ORDER BY judged, id"
    )
    return [_question(row) for row in rows]


def _question(row: sqlite3.Row) -> QuestionRow:
    return QuestionRow(row[0], row[1], None if row[2] is None else bool(row[2]), row[3])


def settled(db: sqlite3.Connection) -> list[QuestionRow]:
    rows = db.execute("SELECT id, text, held_out, judged FROM questions WHERE held_out IS NOT NULL ORDER BY judged, id")
    return [_question(row) for row in rows]


def known_sides(db: sqlite3.Connection, words: Sequence[str]) -> dict[str, bool]:
    """Sides of questions settled before, by the hash of their words: also of those whose judgements were taken back."""
    found: dict[str, bool] = {}
    for start in range(0, len(words), 500):
        some = words[start : start + 500]
        rows = db.execute(f"SELECT words, held_out FROM sides WHERE words IN ({placeholders(len(some))})", tuple(some))
        found.update((row[0], bool(row[1])) for row in rows)
    return found


def settle(db: sqlite3.Connection, question_id: int, words: str, held_out: bool) -> None:
    """Gives a question its side; one that it has already stays."""
    db.execute("UPDATE questions SET held_out = ? WHERE id = ? AND held_out IS NULL", (int(held_out), question_id))
    db.execute("INSERT OR IGNORE INTO sides VALUES (?, ?)", (words, int(held_out)))


# vectors


def vectors(db: sqlite3.Connection, query_key: str, question_ids: Sequence[int]) -> dict[int, NDArray[np.float16]]:
    """(dim,) float16 as stored, of those questions that have one of that encoder."""
    import numpy as np

    found: dict[int, NDArray[np.float16]] = {}
    for start in range(0, len(question_ids), 500):
        some = question_ids[start : start + 500]
        rows = db.execute(
            "SELECT question_id, vector FROM question_vectors WHERE query_key = ?"
            f" AND question_id IN ({placeholders(len(some))})",
            (query_key, *some),
        )
        found.update((row[0], np.frombuffer(row[1], "<f2")) for row in rows)
    return found


def put_vectors(db: sqlite3.Connection, query_key: str, rows: Mapping[int, Floats]) -> None:
    """Question id → (dim,); questions that are gone meanwhile are passed over."""
    for question_id, vector in rows.items():
        db.execute(
            "INSERT OR REPLACE INTO question_vectors SELECT id, ?, ? FROM questions WHERE id = ?",
            (query_key, vector.astype("<f2").tobytes(), question_id),
        )


# what was asked


def note_asked(db: sqlite3.Connection, question: str, page_ids: Sequence[int]) -> None:
    """Remembers a question and the Pages that it was shown, best first; the oldest one beyond 1,000 goes."""
    cursor = db.execute("INSERT INTO asked (text, at) VALUES (?, ?)", (text_of(question), time.time()))
    db.executemany(
        "INSERT INTO shown SELECT ?, ?, id FROM pages WHERE id = ?",
        [(cursor.lastrowid, rank, page_id) for rank, page_id in enumerate(dict.fromkeys(page_ids), 1)],
    )
    db.execute("DELETE FROM asked WHERE id <= (SELECT max(id) FROM asked) - ?", (ASKED_KEPT,))


def asked(db: sqlite3.Connection) -> list[AskedRow]:
    """Each question once, the one asked last first; Pages in the bin are left out."""
    rows = db.execute(
        "SELECT a.text, max(a.id) AS last, count(*), max(a.at) FROM asked a GROUP BY a.text ORDER BY last DESC"
    ).fetchall()
    pages: dict[int, list[int]] = {}
    for asked_id, page_id in db.execute(
        "SELECT s.asked_id, s.page_id FROM shown s JOIN pages g ON g.id = s.page_id"
        " JOIN documents d ON d.id = g.document_id WHERE d.deleted IS NULL ORDER BY s.asked_id, s.rank"
    ):
        pages.setdefault(asked_id, []).append(page_id)
    return [AskedRow(row[0], row[2], tuple(pages.get(row[1], ())), row[3]) for row in rows]


def recent(db: sqlite3.Connection, limit: int) -> list[str]:
    """What was asked lately, each question once, the one asked last first."""
    rows = db.execute("SELECT text FROM asked GROUP BY text ORDER BY max(id) DESC LIMIT ?", (limit,))
    return [text for (text,) in rows]


def forget_asked_of(db: sqlite3.Connection, document_id: int) -> None:
    """Questions that a document answered may quote it: they go with it."""
    db.execute(
        "DELETE FROM asked WHERE id IN (SELECT s.asked_id FROM shown s JOIN pages g ON g.id = s.page_id"
        " WHERE g.document_id = ?)",
        (document_id,),
    )
