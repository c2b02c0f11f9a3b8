"""Names, jobs, the lease, judgements and moments as they are stored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path, PurePath

import pytest

from ingest.types import FileKind, Kind
from retrieval.store import documents, jobs, labels, pages
from retrieval.store.db import Store
from retrieval.types import JobState, Stage
from tests.retrieval.fake_children import moment
from tests.retrieval.rows import put


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Store(tmp_path / "library")
    yield found
    found.close()


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
