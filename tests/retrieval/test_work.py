"""One worker at a time, given up when it keeps failing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.adding import add_texts
from retrieval.library import Library
from retrieval.store import jobs
from retrieval.store.db import Store
from retrieval.types import Floats, JobState
from retrieval.work import LOG_NAME, ensure_worker, work
from tests.hash_embedder import HashEmbedder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Store(tmp_path / "library")
    yield found
    found.close()


def kill_lease(store: Store) -> None:
    """As if the worker had died (or not come to life) so long ago that nobody waits for it any more."""
    with store.write() as db:
        db.execute("UPDATE worker SET heartbeat = heartbeat - 61")


def test_it_steps_until_nothing_is_left_and_gives_the_lease_back(store: Store) -> None:
    left = [True, True, False, True]
    assert work(store, lambda: bool(left) and left.pop(0), idle_s=0.2)
    assert left == []
    assert jobs.holder(store.read()) is None


def test_it_stays_while_a_job_is_queued(store: Store) -> None:
    """Who enqueues just before the worker ends needs no second one."""
    with store.write() as db:
        job = jobs.insert(db, "ingest")
    turns = 0

    def step() -> bool:
        nonlocal turns
        turns += 1
        if turns == 4:
            with store.write() as db:
                jobs.finish(db, job, JobState.DONE, None)
        return False

    assert work(store, step, idle_s=0.05)
    assert turns >= 4


def test_only_one_works(store: Store) -> None:
    inside = threading.Event()
    stop = threading.Event()

    def step() -> bool:
        inside.set()
        return False

    first = threading.Thread(target=work, args=(store, step), kwargs={"stop": stop})
    first.start()
    assert inside.wait(10)
    assert not work(store, lambda: pytest.fail("a second worker works"), idle_s=0.0)
    stop.set()
    first.join()
    assert work(store, lambda: False, idle_s=0.0)


def test_one_that_lost_its_lease_stops(store: Store) -> None:
    """A laptop's lid was closed; another worker has taken over."""
    turns = []

    def step() -> bool:
        if not turns:
            kill_lease(store)
            with store.write() as db:
                assert jobs.take_lease(db, "the other", 1)
        turns.append(1)
        time.sleep(0.05)
        return True

    assert work(store, step)
    assert jobs.holder(store.read()) == "the other"


def test_an_error_keeps_the_count_of_starts(store: Store) -> None:
    def step() -> bool:
        raise RuntimeError("the model cannot be loaded")

    with store.write() as db:
        jobs.take_lease(db, "token", None)
    with pytest.raises(RuntimeError):
        work(store, step, token="token")
    assert not jobs.worker_alive(store.read())
    assert jobs.starts(store.read()) == 1


def test_a_worker_is_started_once(store: Store) -> None:
    started: list[str] = []
    threads = [threading.Thread(target=ensure_worker, args=(store, started.append)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(started) == 1
    kill_lease(store)  # it never came to life
    ensure_worker(store, started.append)
    ensure_worker(store, started.append)
    assert len(started) == 2


def test_after_three_starts_in_vain_the_job_says_so(store: Store) -> None:
    with store.write() as db:
        job = jobs.insert(db, "ingest")
    started: list[str] = []
    for _ in range(5):
        ensure_worker(store, started.append)
        kill_lease(store)
    assert len(started) >= 3
    row = jobs.get(store.read(), job)
    assert row is not None and row.state is JobState.FAILED and "stopped 3 times" in str(row.message)
    with store.write() as db:  # the next job gets its own three starts
        jobs.insert(db, "ingest")
    before = len(started)
    ensure_worker(store, started.append)
    assert len(started) == before + 1


class Broken(HashEmbedder):
    def embed_parts(self, parts: object) -> Floats:
        raise RuntimeError("out of memory")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_embedder_that_always_fails_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with Library(tmp_path / "library", embedder=Broken(), cache=tmp_path / "cache") as library:
        added = library.add_texts([("one", "zebra")])
        assert added.job is not None
        job = library.jobs.get(added.job)
        assert job.state is JobState.FAILED and "stopped 3 times" in str(job.message)
        assert library.rank("zebra", stage="words")[0][0] == "one"  # what was read is there


def test_a_real_worker_process(tmp_path: Path) -> None:
    """Started once, detached, holding the lease under its own id; its end is noticed."""
    store = Store(tmp_path / "library")
    ensure_worker(store)
    deadline = time.monotonic() + 60
    pid = None
    while pid is None and time.monotonic() < deadline:
        time.sleep(0.05)
        row = store.read().execute("SELECT pid FROM worker").fetchone()
        pid = None if row is None else row[0]
    log = (tmp_path / "library" / LOG_NAME).read_text()
    assert pid is not None and pid != os.getpid(), log
    ensure_worker(store)
    assert store.read().execute("SELECT pid FROM worker").fetchone()[0] == pid
    os.kill(pid, signal.SIGTERM)
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()  # not even as a zombie
    assert log == ""
    store.close()


def test_work_that_was_enqueued_without_a_worker_is_taken_up(tmp_path: Path) -> None:
    """A process that died between its commit and the start of a worker: whoever follows the job wakes one."""
    store = Store(tmp_path / "library")
    job, _ = add_texts(store, [("one", "zebra")])
    store.close()
    with Library(tmp_path / "library", embedder=HashEmbedder(), cache=tmp_path / "cache") as library:
        active = library.jobs.active()
        assert active is not None and active.id == job
        assert library.jobs.wait(active.id).state is JobState.DONE
        assert library.search("zebra").hits[0].why.meaning == 1


def test_a_process_that_starts_slowly_is_given_a_minute_one_that_works_ten_seconds(store: Store) -> None:
    started: list[str] = []
    ensure_worker(store, started.append)
    with store.write() as db:
        db.execute("UPDATE worker SET heartbeat = heartbeat - 50")
    assert jobs.worker_alive(store.read())
    with store.write() as db:
        assert jobs.take_lease(db, started[0], 1)  # it has come to life
        db.execute("UPDATE worker SET heartbeat = heartbeat - 11")
    assert not jobs.worker_alive(store.read())


def test_a_process_that_fails_at_once_leaves_its_lease(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    ensure_worker(store)
    deadline = time.monotonic() + 30
    while jobs.worker_alive(store.read()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
