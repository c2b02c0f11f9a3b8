"""Gives judged questions their side, once, in the order in which they were first judged; see `heldout`.

Judging itself stays fast and loads no model: whoever has the builtin one at hand settles what has come since.
"""

from __future__ import annotations

import sqlite3

import numpy as np

from retrieval.store import questions
from retrieval.store.db import Store
from retrieval.store.questions import QuestionRow
from retrieval.training.heldout import sides, words_hash
from retrieval.types import Embedder, Floats, PartInput

AT_ONCE = 128


def settle(store: Store, embedder: Embedder) -> int:
    """Settles every judged question that has no side yet; how many. `embedder` is the builtin one, always: sides must not
    depend on which Model is current."""
    count = 0
    while waiting := questions.unsettled(store.read()):
        rows = questions.settled(store.read()) + waiting
        held = _vectors(store, embedder, rows)
        with store.write() as db:
            done = _settle(db, held)
        if not done:
            break  # all that was left has been taken back meanwhile
        count += done
    return count


def _vectors(store: Store, embedder: Embedder, rows: list[QuestionRow]) -> dict[int, Floats]:
    """Question id → (dim,); what is new is embedded and kept."""
    known = questions.vectors(store.read(), embedder.query_key, [row.id for row in rows])
    missing = [row for row in rows if row.id not in known]
    for start in range(0, len(missing), AT_ONCE):
        some = missing[start : start + AT_ONCE]
        fresh = embedder.embed_queries([PartInput(text=row.text) for row in some])
        with store.write() as db:
            questions.put_vectors(db, embedder.query_key, dict(zip((row.id for row in some), fresh, strict=True)))
        known.update((row.id, vector.astype(np.float16)) for row, vector in zip(some, fresh, strict=True))
    return {question_id: vector.astype(np.float32) for question_id, vector in known.items()}


def _settle(db: sqlite3.Connection, held: dict[int, Floats]) -> int:
    """In one transaction, from what is there now: another process may have settled some."""
    waiting = [row for row in questions.unsettled(db) if row.id in held]
    if not waiting:
        return 0
    words = {row.id: words_hash(row.text) for row in waiting}
    known = questions.known_sides(db, list(words.values()))
    assigned = [(row.id, bool(row.held_out)) for row in questions.settled(db) if row.id in held]
    assigned += [(row.id, known[words[row.id]]) for row in waiting if words[row.id] in known]
    new = [row for row in waiting if words[row.id] not in known]
    dim = len(next(iter(held.values())))
    found = sides(
        [row.text for row in new],
        _stacked([held[row.id] for row in new], dim),
        [side for _, side in assigned],
        _stacked([held[question_id] for question_id, _ in assigned], dim),
    )
    chosen = {row.id: side for row, side in zip(new, found, strict=True)}
    for row in waiting:
        side = known.get(words[row.id])
        questions.settle(db, row.id, words[row.id], chosen[row.id] if side is None else side)
    return len(waiting)


def _stacked(rows: list[Floats], dim: int) -> Floats:
    return np.stack(rows) if rows else np.empty((0, dim), np.float32)
