"""A library of an older format is brought up to date when it is opened, in one transaction."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import retrieval.store.db
from retrieval.library import Library
from retrieval.store import pages
from retrieval.store.db import FILE_NAME, SCHEMA_VERSION, Store
from retrieval.training.report import dumps
from tests.hash_embedder import HashEmbedder
from tests.retrieval.taught import verdict

OLD = Path(__file__).parent / "schema_1.sql"  # as format 1 had it


def old_library(folder: Path, current: str | None = "other-1") -> Path:
    """A library of format 1 with a document, three questions and a second Model."""
    folder.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(folder / FILE_NAME)
    db.executescript(OLD.read_text("utf-8"))
    db.executescript("""
        PRAGMA user_version=1;
        INSERT INTO documents (id, sha256, kind, size, stage, added) VALUES (1, 'ab', 'text', 5, 'done', 1.0);
        INSERT INTO names (document_id, name) VALUES (1, 'one');
        INSERT INTO pages (id, document_id, number, kind, width, height, text) VALUES (1, 1, 1, 'page', 1, 1, 'zebra');
        INSERT INTO pages_fts (rowid, text, extra, title) VALUES (1, 'zebra', '', '');
        INSERT INTO pages (id, document_id, number, kind, width, height) VALUES (2, 1, 2, 'page', 1, 1);
        INSERT INTO pages_fts (rowid, text, extra, title) VALUES (2, '', '', '');
        INSERT INTO questions VALUES (1, 'late'), (2, 'early'), (3, 'wrong');
        INSERT INTO labels VALUES (1, 1, 1, 'app', 9.0), (2, 1, 1, 'app', 4.0), (2, 2, 1, 'app', 5.0), (3, 1, 0, 'app', 1.0);
        INSERT INTO models (id, name, location, created) VALUES ('builtin', 'Built in', 'builtin', 1.0);
        INSERT INTO models (id, name, location, created) VALUES ('other-1', 'other', '/models/other', 2.0);
    """)
    if current is not None:
        db.execute("INSERT INTO settings VALUES ('current_model', ?)", (f'"{current}"',))
    db.commit()
    db.close()
    return folder


def shape(db: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Every table's columns and every index's, in order."""
    names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'index')")]
    columns = {name: [tuple(row) for row in db.execute(f"PRAGMA table_info('{name}')")] for name in names}
    indexed = {name: [tuple(row) for row in db.execute(f"PRAGMA index_info('{name}')")] for name in names}
    foreign = {name: [tuple(row) for row in db.execute(f"PRAGMA foreign_key_list('{name}')")] for name in names}
    return {name: columns[name] + indexed[name] + foreign[name] for name in names}


def test_an_old_library_gets_the_shape_of_a_new_one(tmp_path: Path) -> None:
    new, old = Store(tmp_path / "new"), Store(old_library(tmp_path / "old"))
    assert shape(old.read()) == shape(new.read())
    assert old.read().execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
    assert old.read().execute("PRAGMA foreign_key_check").fetchall() == []
    new.close()
    old.close()


def test_what_an_old_library_holds_is_still_there(tmp_path: Path) -> None:
    old_library(tmp_path / "old")
    with Library(tmp_path / "old", embedder=HashEmbedder(), cache=tmp_path / "cache") as library:
        assert [label.query for label in library.labels.list()] == ["late", "early", "early", "wrong"]
        assert [question.query for question in library.labels.questions(settle=True)] == ["early", "late"]
        assert library.models.current.id == "other-1"
        assert [hit.corpus_id for hit in library.search("zebra").hits if hit.why.words] == ["one"]


@pytest.mark.parametrize("current", [None, "builtin", "other-1"])
def test_what_answered_is_remembered_as_such(tmp_path: Path, current: str | None) -> None:
    store = Store(old_library(tmp_path / "old", current))
    db = store.read()
    found = [tuple(row) for row in db.execute("SELECT model_id, at FROM promotions")]
    when = {None: [], "builtin": [("builtin", 1.0)], "other-1": [("other-1", 2.0)]}[current]
    assert found == when
    store.close()


def test_verdicts_of_the_second_format_are_still_there(tmp_path: Path) -> None:
    folder = old_library(tmp_path / "old")
    db = sqlite3.connect(folder / FILE_NAME)
    db.executescript((Path(retrieval.store.db.__file__).parent / "migration_2.sql").read_text("utf-8"))
    db.execute("UPDATE models SET recipe = 'careful', report = ? WHERE id = 'other-1'", (dumps(verdict("other-1")),))
    db.execute("PRAGMA user_version=2")
    db.commit()
    db.close()
    with Library(folder, embedder=HashEmbedder(), cache=tmp_path / "cache") as library:
        assert library.models.verdict("other-1") == verdict("other-1")
        assert library.models.verdict("builtin") is None


def test_pages_of_the_third_format_know_whether_they_have_text(tmp_path: Path) -> None:
    old_library(tmp_path / "old")
    db = sqlite3.connect(tmp_path / "old" / FILE_NAME)
    db.execute("UPDATE pages SET text = ? WHERE id = 2", ("twenty characters ab",))
    db.commit()
    db.close()
    store = Store(tmp_path / "old")
    found = pages.get(store.read(), [1, 2])
    assert {key: (row.has_text, row.text) for key, row in found.items()} == {
        1: (False, "zebra"),
        2: (True, "twenty characters ab"),
    }
    store.close()


def test_many_processes_open_an_old_library_at_once(tmp_path: Path) -> None:
    folder = old_library(tmp_path / "old")
    code = (
        "import sys; from pathlib import Path; from retrieval.store.db import Store; Store(Path(sys.argv[1])).close()"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(folder)], stderr=subprocess.PIPE, cwd=Path(__file__).parents[2]
        )
        for _ in range(3)
    ]
    assert [(process.communicate()[1], process.returncode) for process in running] == [(b"", 0)] * 3
    store = Store(folder)
    assert store.read().execute("SELECT count(*) FROM promotions").fetchone()[0] == 1
    store.close()
