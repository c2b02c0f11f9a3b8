"""Registered Models and which one is current."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from retrieval.store.db import get_setting, set_setting

BUILTIN = "builtin"


@dataclass(frozen=True, slots=True)
class ModelRow:
    id: str
    name: str
    location: str
    revision: str | None
    base: str | None
    recipe: str | None
    labels: int | None
    ndcg: float | None
    generation_id: int | None
    query_key: str | None
    created: float


def _row(row: sqlite3.Row) -> ModelRow:
    return ModelRow(
        row["id"],
        row["name"],
        row["location"],
        row["revision"],
        row["base"],
        row["recipe"],
        row["labels"],
        row["ndcg"],
        row["generation_id"],
        row["query_key"],
        row["created"],
    )


def ensure_builtin(db: sqlite3.Connection) -> None:
    db.execute(
        "INSERT OR IGNORE INTO models (id, name, location, created) VALUES (?, 'Built in', ?, ?)",
        (BUILTIN, BUILTIN, time.time()),
    )


def insert(
    db: sqlite3.Connection,
    model_id: str,
    name: str,
    location: str,
    revision: str | None,
    generation_id: int,
    query_key: str,
) -> None:
    db.execute(
        "INSERT INTO models (id, name, location, revision, generation_id, query_key, created) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (model_id, name, location, revision, generation_id, query_key, time.time()),
    )


def set_keys(db: sqlite3.Connection, model_id: str, generation_id: int, query_key: str) -> None:
    db.execute("UPDATE models SET generation_id = ?, query_key = ? WHERE id = ?", (generation_id, query_key, model_id))


def get(db: sqlite3.Connection, model_id: str) -> ModelRow | None:
    row = db.execute("SELECT * FROM models WHERE id = ? OR name = ?", (model_id, model_id)).fetchone()
    return None if row is None else _row(row)


def listed(db: sqlite3.Connection) -> list[ModelRow]:
    """Oldest first."""
    return [_row(row) for row in db.execute("SELECT * FROM models ORDER BY created, id")]


def current(db: sqlite3.Connection) -> ModelRow:
    chosen = get_setting(db, "current_model")
    row = get(db, str(chosen)) if chosen is not None else None
    row = row or get(db, BUILTIN)
    assert row is not None, "the builtin model is registered when a library is opened"
    return row


def set_current(db: sqlite3.Connection, model_id: str) -> None:
    set_setting(db, "current_model", model_id)
