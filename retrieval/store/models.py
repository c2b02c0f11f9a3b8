"""Registered Models, which one is current, which ones answered before it, and which of them are kept."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable
from typing import NamedTuple

from retrieval.store.db import get_setting, placeholders, set_setting

BUILTIN = "builtin"
KEPT_BEFORE = 4  # Models that answered before the current one
KEPT_UNDECIDED = 3  # Models that were trained and neither promoted nor discarded


class ModelRow(NamedTuple):
    """`recipe` None: builtin, or added by a person. `dropped`: when its weights went."""

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
    promoted: float | None
    recommended: bool | None
    discarded: float | None
    dropped: float | None

    @property
    def trained(self) -> bool:
        return self.recipe is not None


_COLUMNS = ", ".join(ModelRow._fields)
_BY_ID = f"SELECT {_COLUMNS} FROM models WHERE id = ?"
_OF_PAGES = ("won", "lost", "to_judge")  # lists of a verdict whose rows have a page_id
_BEFORE = (
    f"SELECT {', '.join('m.' + name for name in ModelRow._fields)} FROM promotions p JOIN models m ON m.id = p.model_id"
    " WHERE m.id != ? AND m.dropped IS NULL AND m.discarded IS NULL ORDER BY p.id DESC LIMIT 1"
)
_BY_NAME = f"SELECT {_COLUMNS} FROM models WHERE name = ? ORDER BY created DESC LIMIT 1"


def _row(row: sqlite3.Row) -> ModelRow:
    found = ModelRow(*row)
    return found if found.recommended is None else found._replace(recommended=bool(found.recommended))


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
    """A Model that a person added. One that was discarded comes back."""
    db.execute(
        "INSERT INTO models (id, name, location, revision, generation_id, query_key, created) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET generation_id = excluded.generation_id, discarded = NULL, dropped = NULL",
        (model_id, name, location, revision, generation_id, query_key, time.time()),
    )


class Trained(NamedTuple):
    """What a retrain writes about its Model; the weights lie in the Model's folder, which needs no other Model's.

    `location`, `revision`: of the embedder beneath. `base`: the Model that it was trained from. `ndcg`: after, on held-out
    questions. `report`: the Verdict, `settings`: the TrainSettings, as JSON. `generation_id` must be registered.
    """

    id: str
    name: str
    location: str
    revision: str | None
    base: str
    recipe: str
    labels: int
    ndcg: float | None
    generation_id: int
    query_key: str
    recommended: bool
    report: str
    settings: str
    weights_hash: str
    labels_hash: str
    code: str


def insert_trained(db: sqlite3.Connection, model: Trained) -> None:
    """Registers a trained Model. The same base, labels, seed and machine make the same weights, and so the same id: the
    later report then takes the place of the earlier one, and a name that a person gave stays."""
    stored = [name for name in Trained._fields if name != "report"]
    changed = ", ".join(f"{name} = excluded.{name}" for name in stored if name not in ("id", "name"))
    named = model._replace(name=_free_name(db, model.name, model.id))
    db.execute(
        f"INSERT INTO models ({', '.join(stored)}, created) VALUES ({placeholders(len(stored))}, ?)"
        f" ON CONFLICT (id) DO UPDATE SET {changed}, created = excluded.created, discarded = NULL, dropped = NULL",
        (*(getattr(named, name) for name in stored), time.time()),
    )
    db.execute("INSERT OR REPLACE INTO reports VALUES (?, ?)", (model.id, model.report))


def weights_hash(db: sqlite3.Connection, model_id: str) -> str | None:
    """None for a Model that was not trained here."""
    row = db.execute("SELECT weights_hash FROM models WHERE id = ?", (model_id,)).fetchone()
    return None if row is None else row[0]


def _free_name(db: sqlite3.Connection, name: str, model_id: str) -> str:
    """The name, numbered when another Model has it."""
    free, number = name, 1
    while (row := get(db, free)) is not None and row.id != model_id:
        number += 1
        free = f"{name} ({number})"
    return free


def set_keys(db: sqlite3.Connection, model_id: str, generation_id: int, query_key: str) -> None:
    db.execute("UPDATE models SET generation_id = ?, query_key = ? WHERE id = ?", (generation_id, query_key, model_id))


def rename(db: sqlite3.Connection, model_id: str, name: str) -> None:
    db.execute("UPDATE models SET name = ? WHERE id = ?", (name, model_id))


def get(db: sqlite3.Connection, model_id: str) -> ModelRow | None:
    """By id, else by name."""
    row = db.execute(_BY_ID, (model_id,)).fetchone() or db.execute(_BY_NAME, (model_id,)).fetchone()
    return None if row is None else _row(row)


def report(db: sqlite3.Connection, model_id: str) -> str | None:
    row = db.execute("SELECT report FROM reports WHERE model_id = ?", (model_id,)).fetchone()
    return None if row is None else row[0]


def forget_pages(db: sqlite3.Connection, page_ids: set[int]) -> None:
    """Verdicts name questions and Pages: what they say of these goes."""
    for model_id, text in db.execute("SELECT model_id, report FROM reports").fetchall():
        data = json.loads(text)
        kept = {name: [row for row in data.get(name, ()) if row["page_id"] not in page_ids] for name in _OF_PAGES}
        if any(len(rows) < len(data.get(name, ())) for name, rows in kept.items()):
            changed = json.dumps(data | kept, ensure_ascii=False)
            db.execute("UPDATE reports SET report = ? WHERE model_id = ?", (changed, model_id))


def listed(db: sqlite3.Connection) -> list[ModelRow]:
    """Oldest first."""
    return [_row(row) for row in db.execute(f"SELECT {_COLUMNS} FROM models ORDER BY created, id")]


# which one answers


def current(db: sqlite3.Connection) -> ModelRow:
    chosen = get_setting(db, "current_model")
    row = get(db, str(chosen)) if chosen is not None else None
    row = row or get(db, BUILTIN)
    assert row is not None, "the builtin model is registered when a library is opened"
    return row


def current_generation(db: sqlite3.Connection) -> int | None:
    chosen = get_setting(db, "current_model") or BUILTIN
    row = db.execute("SELECT generation_id FROM models WHERE id = ?", (chosen,)).fetchone()
    return None if row is None else row[0]


def promote(db: sqlite3.Connection, model_id: str) -> float:
    """It answers from now on, after the one that answers now; when that is."""
    now = _answer(db, model_id)
    db.execute("INSERT INTO promotions (model_id, at) VALUES (?, ?)", (model_id, now))
    return now


def before(db: sqlite3.Connection) -> ModelRow | None:
    """The one that answered before the current one and can answer again; None when the current one is the first."""
    answers = get_setting(db, "current_model") or BUILTIN
    row = db.execute(_BEFORE, (answers,)).fetchone()
    if row is not None:
        return _row(row)
    return None if answers == BUILTIN else get(db, BUILTIN)


def go_back(db: sqlite3.Connection, model_id: str) -> float:
    """It answers again; what answered after it is no more on the way back. When that is."""
    now = _answer(db, model_id)
    db.execute(
        "DELETE FROM promotions WHERE id > coalesce((SELECT max(id) FROM promotions WHERE model_id = ?), 0)",
        (model_id,),
    )
    return now


def _answer(db: sqlite3.Connection, model_id: str) -> float:
    now = time.time()
    set_setting(db, "current_model", model_id)
    db.execute("UPDATE models SET promoted = ?, discarded = NULL WHERE id = ?", (now, model_id))
    return now


# which ones are kept


def kept(db: sqlite3.Connection) -> set[str]:
    """Ids of the Models whose weights and vectors stay: builtin, what a person added, the current one, the four that
    answered before it, and the last trained ones that nobody has decided about."""
    rows = [row for row in listed(db) if row.dropped is None]
    found = {BUILTIN, current(db).id}
    wanted = [row for row in rows if row.discarded is None]
    found |= {row.id for row in wanted if not row.trained}
    answered = [row for row in wanted if row.promoted is not None and row.trained]
    found |= {row.id for row in sorted(answered, key=lambda row: -(row.promoted or 0.0))[: KEPT_BEFORE + 1]}
    undecided = [row for row in wanted if row.promoted is None and row.trained]
    return found | {row.id for row in undecided[-KEPT_UNDECIDED:]}


def discard(db: sqlite3.Connection, model_id: str) -> None:
    db.execute("UPDATE models SET discarded = ? WHERE id = ?", (time.time(), model_id))


def drop(db: sqlite3.Connection, model_ids: Iterable[str]) -> None:
    """Notes that weights and vectors of these Models go: from now on they cannot answer."""
    for model_id in model_ids:
        db.execute("UPDATE models SET dropped = ?, generation_id = NULL WHERE id = ?", (time.time(), model_id))
        db.execute("DELETE FROM promotions WHERE model_id = ?", (model_id,))
