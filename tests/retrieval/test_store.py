"""The library's file: opening, transactions, names, full text, jobs, the lease, the cache."""

from __future__ import annotations

import gc
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path, PurePath

import pytest

from ingest.types import Box, FileKind, Kind, Passage, Source
from retrieval.errors import StoreError
from retrieval.store import documents, jobs, labels, pages
from retrieval.store.cache import Cache
from retrieval.store.db import FILE_NAME, Store, change_counter, get_setting, integrity, scrub, set_setting
from retrieval.types import JobState, Stage
from tests.retrieval.fake_children import moment, page


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Store(tmp_path / "library")
    yield found
    found.close()


def put(db: sqlite3.Connection, number: int, *texts: str, path: str = "") -> int:
    """A document of a page a text; returns its row id."""
    job = jobs.insert(db, "ingest")
    row = documents.insert(db, f"{number:064x}", FileKind.PDF, None, 10, None, job)
    documents.give_name(db, row, PurePath(path or f"/in/{number}.pdf"))
    for place, text in enumerate(texts, 1):
        pages.insert(db, row, page(place, text), title="", extra="", picture=None)
    return row


def found(db: sqlite3.Connection, word: str) -> list[int]:
    return sorted(row[0] for row in pages.match(db, f'"{word}"', 100, (1, 1, 1)))


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
        pages.unindex_document(db, first)
        documents.set_deleted(db, first, 1.0)
    assert len(found(db, "zebra")) == 1 and found(db, "quokka") == []
    with store.write():
        documents.set_deleted(db, first, None)
        pages.index_document(db, first)
    assert len(found(db, "zebra")) == 2
    assert integrity(db) == "ok"


def test_what_is_in_the_bin_is_not_taken_out_twice(store: Store) -> None:
    """FTS5 with external content counts a second 'delete' of a row as one more: the index would be damaged."""
    with store.write() as db:
        row = put(db, 1, "zebra")
        put(db, 2, "zebra")
        pages.unindex_document(db, row)
        documents.set_deleted(db, row, 1.0)
        pages.unindex_document(db, row)
        documents.delete(db, row)
    assert len(found(db, "zebra")) == 1
    assert db.execute("SELECT count(*) FROM pages_fts_docsize").fetchone()[0] == 1
    assert integrity(db) == "ok"


def test_text_added_in_the_bin_is_found_after_the_restore(store: Store) -> None:
    with store.write() as db:
        row = put(db, 1, "zebra")
        page_id = pages.of_document(db, row)[0].id
        pages.unindex_document(db, row)
        documents.set_deleted(db, row, 1.0)
        pages.add_passages(db, page_id, [Passage("quokka", Box(0, 0, 1, 1), Source.OCR)], "")
    assert found(db, "quokka") == [] and found(db, "zebra") == []
    with store.write():
        documents.set_deleted(db, row, None)
        pages.index_document(db, row)
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
        pages.unindex_document(db, row)
        documents.delete(db, row)
    scrub(store)
    left = b"".join(path.read_bytes() for path in store.path.parent.iterdir())
    assert b"something" in left
    assert b"zanzibar" not in left and b"zyzzyva" not in left


def test_ties_of_words_go_to_the_lower_page(store: Store) -> None:
    with store.write() as db:
        for number in range(1, 6):
            put(db, number, "zebra")
    rows = pages.match(db, '"zebra"', 3, (1, 1, 1))
    assert [row[0] for row in rows] == [1, 2, 3]
    assert rows[0][1] == rows[2][1]
    assert [row[0] for row in pages.match_in(db, '"zebra"', 9, (1, 1, 1), [5, 2])] == [2, 5]
    assert pages.match_in(db, '"zebra"', 9, (1, 1, 1), []) == []


# names


def test_names_are_short_until_they_clash_and_never_change(store: Store) -> None:
    with store.write() as db:
        rows = [
            put(db, number, path=path)
            for number, path in enumerate(["/a/x/r.pdf", "/b/x/r.pdf", "/a/y/r.pdf", "/c/b/x/r.pdf"], 1)
        ]
        names = documents.names(db, rows)
        assert [names[row] for row in rows] == [["r.pdf"], ["x/r.pdf"], ["y/r.pdf"], ["b/x/r.pdf"]]
        documents.delete(db, rows[0])
        assert documents.names(db, rows[1:])[rows[1]] == ["x/r.pdf"]
        assert documents.give_name(db, put(db, 9, path="/q/z.pdf"), PurePath("/d/r.pdf")) == "r.pdf"


def test_a_document_has_many_names_and_each_once(store: Store) -> None:
    with store.write() as db:
        first, second = put(db, 1, path="/a/one.pdf"), put(db, 2, path="/a/two.pdf")
        assert documents.give_name(db, first, PurePath("/b/one.pdf")) == "one.pdf"
        assert documents.give_name(db, first, PurePath("/b/copy.pdf")) == "copy.pdf"
        assert documents.give_name(db, first, PurePath("/b/two.pdf")) == "b/two.pdf"
        assert documents.names(db, [first])[first] == ["one.pdf", "copy.pdf", "b/two.pdf"]
        for name in ("one.pdf", "copy.pdf", "b/two.pdf", f"{1:064x}"):
            row = documents.find(db, name)
            assert row is not None and row.id == first
        assert documents.names(db, [second])[second] == ["two.pdf"]


def test_paths_that_are_wholly_the_same_get_a_number_once(store: Store) -> None:
    """Uploads come without a folder: two of a name, and the second one dropped again."""
    with store.write() as db:
        put(db, 1, path="r.pdf")
        second = put(db, 2, path="r.pdf")
        third = put(db, 3, path="r.pdf")
        assert documents.names(db, [second, third]) == {second: ["r.pdf (2)"], third: ["r.pdf (3)"]}
        assert documents.give_name(db, second, PurePath("r.pdf")) == "r.pdf (2)"
        assert documents.names(db, [second])[second] == ["r.pdf (2)"]


def test_found_by_a_clear_start_of_the_hash_only(store: Store) -> None:
    with store.write() as db:
        job = jobs.insert(db, "ingest")
        for sha in ("a" * 8 + "0" * 56, "a" * 8 + "1" * 56, "b" * 64):
            documents.insert(db, sha, FileKind.PDF, None, 1, None, job)
    assert documents.find(db, "b" * 8) is not None
    assert documents.find(db, "a" * 8) is None
    assert documents.find(db, "a" * 8 + "1") is not None
    assert documents.find(db, "b" * 7) is None
    assert documents.find(db, "%") is None and documents.find(db, "") is None


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("", "file"),
        ("/", "file"),
        (".", "file"),
        ("../../etc/passwd", "passwd"),
        ("a\0b.pdf", "a b.pdf"),
        ("x/..", ".."),
    ],
)
def test_names_that_are_none(store: Store, path: str, name: str) -> None:
    with store.write() as db:
        row = put(db, 1, path="")
        documents.delete(db, row)
        row = documents.insert(db, "e" * 64, FileKind.PDF, None, 1, None, 1)
        assert documents.give_name(db, row, PurePath(path)) == name
    again = documents.find(db, name)
    assert again is not None and again.id == row


# jobs and the lease


def test_a_job_ends_once(store: Store) -> None:
    with store.write() as db:
        job = jobs.insert(db, "ingest")
        jobs.start(db, job)
        jobs.finish(db, job, JobState.CANCELLED, "stopped")
        jobs.finish(db, job, JobState.DONE, None)
    row = jobs.get(db, job)
    assert row is not None and (row.state, row.message) == (JobState.CANCELLED, "stopped")
    assert jobs.active(db) == []
    with store.write():
        jobs.reopen(db, job)
    assert [row.id for row in jobs.active(db)] == [job]


def age(store: Store, seconds: float) -> None:
    """As if the worker had last beaten so long ago."""
    with store.write() as db:
        db.execute("UPDATE worker SET heartbeat = heartbeat - ?", (seconds,))


def test_one_holds_the_lease_until_it_is_dead(store: Store) -> None:
    with store.write() as db:
        assert jobs.take_lease(db, "first", 1)
        assert not jobs.take_lease(db, "second", 2)
        assert jobs.take_lease(db, "first", 1)
    assert jobs.worker_alive(db)
    age(store, jobs.LEASE_DEAD_S - 2)
    with store.write():
        assert not jobs.take_lease(db, "second", 2)
    age(store, 3)
    assert not jobs.worker_alive(db)
    with store.write():
        assert jobs.take_lease(db, "second", 2)
        assert not jobs.beat(db, "first", True)  # the sleeper wakes up, and learns that it lost
        assert jobs.beat(db, "second", False)
        jobs.drop_lease(db, "first")
        assert jobs.holder(db) == "second"
        jobs.drop_lease(db, "second")
        assert jobs.holder(db) is None


def test_starts_are_counted_until_something_is_done(store: Store) -> None:
    with store.write() as db:
        for token in "abc":
            assert jobs.take_lease(db, token, None)
            assert jobs.take_lease(db, token, 7)  # the process itself: no start more
            jobs.drop_lease(db, token, whole=False)
        assert jobs.starts(db) == 3
        jobs.take_lease(db, "d", 7)
        jobs.beat(db, "d", False)
        assert jobs.starts(db) == 3
        jobs.beat(db, "d", True)
        assert jobs.starts(db) == 0


# labels


def test_the_later_judgement_wins_whatever_comes_first(store: Store) -> None:
    with store.write() as db:
        row = put(db, 1, "zebra")
        page_id = pages.of_document(db, row)[0].id
        assert labels.put(db, "q", page_id, True, "app", at=100.0)
        assert not labels.put(db, "q", page_id, False, "import", at=50.0)
        assert labels.of_query(db, "q") == {page_id: True}
        assert labels.put(db, "q", page_id, False, "import", at=150.0)
        assert labels.of_query(db, "q") == {page_id: False}
        assert not labels.put(db, "q", page_id, False, "import", at=150.0)
        assert labels.put(db, "q", page_id, True, "app")  # now
        assert [(label.relevant, label.source) for label in labels.listed(db)] == [(True, "app")]


def test_a_question_without_judgements_is_forgotten(store: Store) -> None:
    with store.write() as db:
        row = put(db, 1, "zebra")
        page_id = pages.of_document(db, row)[0].id
        labels.put(db, "my secret question", page_id, True, "app")
        assert labels.drop(db, "my secret question", page_id)
        assert not labels.drop(db, "my secret question", page_id)
    assert db.execute("SELECT count(*) FROM questions").fetchone()[0] == 0


def test_what_is_said_now_counts_whatever_other_clocks_said(store: Store) -> None:
    with store.write() as db:
        row = put(db, 1, "zebra")
        page_id = pages.of_document(db, row)[0].id
        labels.put(db, "q", page_id, True, "import", at=time.time() + 10**6)
        assert labels.put(db, "q", page_id, False, "app")
    assert labels.of_query(db, "q") == {page_id: False}


# moments


def test_a_second_finds_the_moment_that_holds_it(store: Store) -> None:
    with store.write() as db:
        row = put(db, 1)
        for number, (start, end) in enumerate([(0.0, 10.0), (10.0, 100.0), (100.0, 104.0)], 1):
            pages.insert(db, row, moment(number, start, end), title="", extra="", picture=None)
    numbers = []
    for second in (0.0, 9.9, 10.0, 55.0, 99.9, 100.0, 104.0, 9999.0):
        held = pages.at_second(db, row, second)
        assert held is not None and held.kind is Kind.MOMENT
        numbers.append(held.number)
    assert numbers == [1, 1, 2, 2, 2, 3, 3, 3]


def test_stages_are_looked_at_in_order(store: Store) -> None:
    with store.write() as db:
        rows = [put(db, number) for number in (1, 2, 3)]
        documents.set_stage(db, rows[0], Stage.DONE)
        documents.set_paused(db, rows[1], True)
    unread = documents.next_unread(db)
    assert unread is not None and unread.id == rows[2]
    assert documents.unfinished(db) == 1


# the cache


def test_the_cache_remembers_by_content_and_forgets_without_a_trace(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("a" * 64, 1, "ocr/1", b"zanzibarine")
    cache.put("a" * 64, 2, "ocr/1", b"zanzibarine too")
    cache.put("b" * 64, 1, "ocr/1", b"wombat")
    assert cache.get("a" * 64, 1, "ocr/1") == b"zanzibarine"
    assert cache.get("a" * 64, 1, "ocr/2") is None
    cache.forget("a" * 64)
    assert cache.get("a" * 64, 1, "ocr/1") is None and cache.get("b" * 64, 1, "ocr/1") == b"wombat"
    assert b"zanzibar" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    cache.close()


def test_the_cache_keeps_to_its_size(tmp_path: Path) -> None:
    cache = Cache(tmp_path, max_bytes=20_000)
    for number in range(1, 1002):
        cache.put("a" * 64, number, "x", bytes(100))
    left = sum(cache.get("a" * 64, number, "x") is not None for number in range(1, 1002))
    assert 0 < left <= 200
    cache.close()


def test_two_libraries_share_a_cache(tmp_path: Path) -> None:
    one, other = Cache(tmp_path), Cache(tmp_path)
    one.put("a" * 64, 1, "x", b"1")
    assert other.get("a" * 64, 1, "x") == b"1"
    one.close()
    other.close()


def test_a_cache_that_breaks_costs_time_only_but_never_forgets_in_silence(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("a" * 64, 1, "x", b"1")
    cache._db.execute("DROP TABLE cache")
    assert cache.get("a" * 64, 1, "x") is None
    cache.put("a" * 64, 1, "x", b"2")
    with pytest.raises(StoreError, match="cannot be cleaned"):
        cache.forget("a" * 64)
    cache.close()


def test_a_cache_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache.sqlite").write_text("no database " * 1000)
    with pytest.raises(StoreError, match=r"cache at .* cannot be used") as error:
        Cache(tmp_path)
    assert "FOLIOSCOPE_CACHE" in error.value.remedy
    gc.collect()
