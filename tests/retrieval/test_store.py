"""The library's file: opening, transactions, full text and the bin."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ingest.types import Box, Passage, Source
from retrieval.errors import StoreError
from retrieval.store import documents, pages
from retrieval.store import fulltext as fulltext_store
from retrieval.store.db import FILE_NAME, Store, change_counter, get_setting, integrity, scrub, set_setting
from tests.retrieval.rows import found, put


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Store(tmp_path / "library")
    yield found
    found.close()


# the file


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as db:
        put(db, 1, "zebra")
        raise ZeroDivisionError
    db = store.read()
    assert documents.listed(db) == [] and found(db, "zebra") == []
    with store.write() as db:
        put(db, 1, "zebra")
    assert len(documents.listed(db)) == 1


def test_the_settings_of_every_connection(store: Store) -> None:
    db = store.read()
    values = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "foreign_keys", "secure_delete")]
    assert values == ["wal", 1, 1]


def test_settings_are_json_values(store: Store) -> None:
    with store.write() as db:
        set_setting(db, "a", {"x": [1, None, "é"]})
        set_setting(db, "a", 2.5)
    assert get_setting(store.read(), "a") == 2.5
    assert get_setting(store.read(), "b") is None


def test_a_newer_library_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.read().execute("PRAGMA user_version=99")
    store.close()
    with pytest.raises(StoreError, match="newer Folioscope") as error:
        Store(tmp_path)
    assert "Update" in error.value.remedy
    gc.collect()  # a connection left open would warn, and warnings are errors


@pytest.mark.parametrize("damage", ["text", "folder", "half"])
def test_a_damaged_library_is_named(tmp_path: Path, damage: str) -> None:
    if damage == "folder":
        (tmp_path / FILE_NAME).mkdir()
    elif damage == "text":
        (tmp_path / FILE_NAME).write_text("this is no database " * 500)
    else:
        Store(tmp_path).close()
        with (tmp_path / FILE_NAME).open("r+b") as file:
            file.write(b"\x00" * 4096)
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path)
    gc.collect()


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "library").write_text("x")
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path / "library")


def test_many_processes_open_a_new_library_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from retrieval.store.db import Store\n"
        "time.sleep(max(0, float(sys.argv[2]) - time.time())); Store(Path(sys.argv[1])).close()"
    )
    start = str(time.time() + 1.0)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "library"), start],
            stderr=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(5)
    ]
    ended = [(process.communicate()[1], process.returncode) for process in running]
    assert ended == [(b"", 0)] * 5


def test_many_threads_write(store: Store) -> None:
    def write(number: int) -> None:
        for turn in range(5):
            with store.write() as db:
                put(db, 100 * number + turn, f"word{number}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(documents.listed(store.read())) == 30
    assert [len(found(store.read(), f"word{number}")) for number in range(1, 7)] == [5] * 6


def test_threads_that_ended_leave_no_connection_open(store: Store) -> None:
    for _ in range(20):
        thread = threading.Thread(target=store.read)
        thread.start()
        thread.join()
    store.read()
    assert len(store._open) <= 3


def test_the_change_counter_sees_other_connections_and_its_own(store: Store) -> None:
    db = store.read()
    before = change_counter(db)
    assert change_counter(db) == before

    def elsewhere() -> None:
        with store.write() as other:
            set_setting(other, "a", 1)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    between = change_counter(db)
    assert between != before
    with store.write():
        set_setting(db, "a", 2)
    assert change_counter(db) != between


def test_the_change_counter_of_two_connections_is_never_the_same(store: Store) -> None:
    """A thread that ends and one that starts may share an identity: what one has seen, the other has not."""
    counters = []

    def count() -> None:
        counters.append(change_counter(store.read()))

    for number in range(3):
        with store.write() as db:
            set_setting(db, "a", number)
        thread = threading.Thread(target=count)
        thread.start()
        thread.join()
    assert len(set(counters)) == 3


# full text and the bin


def test_words_come_and_go_with_their_document(store: Store) -> None:
    with store.write() as db:
        first = put(db, 1, "zebra stripes", "quokka")
        put(db, 2, "zebra crossing")
    assert len(found(db, "zebra")) == 2
    with store.write():
        fulltext_store.unindex_document(db, first)
        documents.set_deleted(db, first, 1.0)
    assert len(found(db, "zebra")) == 1 and found(db, "quokka") == []
    with store.write():
        documents.set_deleted(db, first, None)
        fulltext_store.index_document(db, first)
    assert len(found(db, "zebra")) == 2
    assert integrity(db) == "ok"


def test_what_is_in_the_bin_is_not_taken_out_twice(store: Store) -> None:
    """FTS5 with external content counts a second 'delete' of a row as one more: the index would be damaged."""
    with store.write() as db:
        row = put(db, 1, "zebra")
        put(db, 2, "zebra")
        fulltext_store.unindex_document(db, row)
        documents.set_deleted(db, row, 1.0)
        fulltext_store.unindex_document(db, row)
        documents.delete(db, row)
    assert len(found(db, "zebra")) == 1
    assert db.execute("SELECT count(*) FROM pages_fts_docsize").fetchone()[0] == 1
    assert integrity(db) == "ok"


def test_text_added_in_the_bin_is_found_after_the_restore(store: Store) -> None:
    with store.write() as db:
        row = put(db, 1, "zebra")
        page_id = pages.of_document(db, row)[0].id
        fulltext_store.unindex_document(db, row)
        documents.set_deleted(db, row, 1.0)
        pages.add_passages(db, page_id, [Passage("quokka", Box(0, 0, 1, 1), Source.OCR)], "")
    assert found(db, "quokka") == [] and found(db, "zebra") == []
    with store.write():
        documents.set_deleted(db, row, None)
        fulltext_store.index_document(db, row)
    assert found(db, "quokka") == [page_id] == found(db, "zebra")
    assert integrity(db) == "ok"


def test_passages_added_later_stand_for_their_own_words(store: Store) -> None:
    with store.write() as db:
        row = put(db, 1, "zebra é🦓")
        page_id = pages.of_document(db, row)[0].id
        pages.add_passages(
            db, page_id, [Passage("quokka", None, Source.OCR), Passage("é wombat", None, Source.OCR)], ""
        )
    texts = [part.text for part in pages.parts_of_pages(db, [page_id])[page_id]]
    assert texts == [None, "zebra é🦓", "quokka", "é wombat"]
    assert pages.get(db, [page_id])[page_id].text == "zebra é🦓\nquokka\né wombat"
    assert found(db, "wombat") == [page_id] == found(db, "zebra")


def test_after_scrub_no_word_is_left_in_the_files(store: Store) -> None:
    with store.write() as db:
        row = put(db, 1, "zanzibarine " * 50, "more zanzibarine words", path="/in/zyzzyva.pdf")
        put(db, 2, "something else")
    with store.write():
        fulltext_store.unindex_document(db, row)
        documents.delete(db, row)
    scrub(store)
    left = b"".join(path.read_bytes() for path in store.path.parent.iterdir())
    assert b"something" in left
    assert b"zanzibar" not in left and b"zyzzyva" not in left


def test_ties_of_words_go_to_the_lower_page(store: Store) -> None:
    with store.write() as db:
        for number in range(1, 6):
            put(db, number, "zebra")
    rows = fulltext_store.match(db, '"zebra"', 3, (1, 1, 1))
    assert [row[0] for row in rows] == [1, 2, 3]
    assert rows[0][1] == rows[2][1]
    assert [row[0] for row in fulltext_store.match(db, '"zebra"', 9, (1, 1, 1), np.array([5, 2]))] == [2, 5]
    assert fulltext_store.match(db, '"zebra"', 9, (1, 1, 1), np.empty(0, np.int64)) == []
