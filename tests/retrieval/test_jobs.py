from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.adding import add_texts
from retrieval.errors import NotFound
from retrieval.pipeline import Pipeline
from retrieval.store import jobs
from retrieval.types import Embedder, JobState
from tests.retrieval.fake_children import Item, page
from tests.retrieval.workshop import Workshop


def many(count: int, word: str) -> list[Item]:
    return [page(number, f"{word} {number}") for number in range(1, count + 1)]


def test_a_job_tells_how_far_it_is_and_how_long_it_takes(tmp_path: Path) -> None:
    with Workshop(tmp_path, {"a.pdf": many(200, "zebra"), "b.pdf": many(10, "quokka")}) as shop:
        job, _ = shop.add("a.pdf", "b.pdf")
        assert job is not None
        first = shop.library.jobs.get(job)
        assert (first.state, first.done, first.seconds_left, first.title) == (
            JobState.QUEUED, 0, None, "reading 1 of 2 files",
        )  # fmt: skip
        assert first.total > 0 and shop.library.jobs.active() == first
        done = [0]
        for _ in range(50):
            if not shop.step():
                break
            now = shop.library.jobs.get(job)
            assert 0 <= now.done <= now.total
            assert now.finished is not None or now.seconds_left is not None
            done.append(now.done)
        last = shop.library.jobs.get(job)
        assert (last.state, last.done, last.seconds_left) == (JobState.DONE, last.total, None)
        assert last.finished is not None and last.finished >= last.created
        assert len(set(done)) > 3
        assert shop.library.jobs.active() is None
        assert last.title == "2 files read"


def test_a_job_says_which_part_of_the_work_it_is_at(tmp_path: Path) -> None:
    with Workshop(tmp_path, {"a.pdf": many(3, "zebra"), "b.pdf": [page(n, wants_ocr=True) for n in (1, 2)]}) as shop:
        job, _ = shop.add("a.pdf", "b.pdf")
        assert job is not None
        titles = [shop.library.jobs.get(job).title]
        while shop.step():
            titles.append(shop.library.jobs.get(job).title)
        assert list(dict.fromkeys(titles)) == [
            "reading 1 of 2 files",
            "reading 2 of 2 files",
            "reading 2 files by meaning",
            "reading the text in 1 of 2 pages (OCR)",
            "2 files read",
        ]
        with shop.store.write() as db:  # as after an update that brings another model
            db.execute("DELETE FROM progress")
        assert shop.library.jobs.get(job).title == "2 files read"


def test_while_the_worker_loads_the_model_its_job_says_so(tmp_path: Path) -> None:
    with Workshop(tmp_path, {"a.pdf": many(3, "zebra")}) as shop:
        job, _ = shop.add("a.pdf")
        assert job is not None
        titles: list[str] = []

        def load(model_id: str) -> Embedder:
            titles.append(shop.library.jobs.get(job).title)
            with shop.store.write() as db:
                jobs.drop_lease(db, "me", whole=False)  # it was killed meanwhile: then nobody loads anything
            titles.append(shop.library.jobs.get(job).title)
            return shop.library.models.load(model_id)

        with shop.store.write() as db:
            assert jobs.take_lease(db, "me", 1)
        shop.pipeline.close()
        shop.pipeline = Pipeline(shop.store, shop.library.blobs, shop.library.cache, shop.children, load)
        shop.finish()
        assert titles == ["loading the model", "reading 1 file by meaning"]
        assert shop.library.jobs.get(job).title == "1 file read"


def test_the_json_of_a_job(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        add_texts(shop.store, [("one", "zebra")])
        (job,) = shop.library.jobs.list()
        assert list(job.as_json()) == [
            "id", "kind", "state", "title", "done", "total", "seconds_left", "message", "created", "finished",
        ]  # fmt: skip


def test_running_jobs_are_shown_as_one(tmp_path: Path) -> None:
    with Workshop(tmp_path, {"a.pdf": many(3, "zebra"), "b.pdf": many(3, "quokka")}) as shop:
        one, _ = shop.add("a.pdf")
        two, _ = shop.add("b.pdf")
        assert one is not None and two is not None
        active = shop.library.jobs.active()
        assert active is not None and active.title == "reading 1 of 2 files"
        each = [shop.library.jobs.get(job) for job in (one, two)]
        assert active.total == sum(job.total for job in each)
        assert [job.id for job in shop.library.jobs.list()] == [two, one]
        shop.library.jobs.cancel(one)
        assert [info.name for info in shop.library.documents.list()] == ["b.pdf"]
        shop.finish()
        assert [job.state for job in shop.library.jobs.list()] == [JobState.DONE, JobState.CANCELLED]


def test_who_looks_wakes_a_worker(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        woken = []
        shop.library.wake = lambda: woken.append(1)  # type: ignore[method-assign]
        assert shop.library.jobs.active() is None and woken == []
        add_texts(shop.store, [("one", "zebra")])
        shop.library.jobs.active()
        assert woken == [1]


def test_wait_follows_until_the_end(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        job, _ = add_texts(shop.store, [(f"d{number}", "zebra") for number in range(200)])
        assert job is not None
        seen = []
        ended = shop.library.jobs.wait(job, progress=lambda now: (seen.append(now.state), shop.step()))
        assert ended.state is JobState.DONE
        assert seen[-1] is JobState.DONE and JobState.RUNNING in seen


def test_an_embedding_job_can_be_cancelled(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        with shop.store.write() as db:
            job = jobs.insert(db, "embed", "builtin")
        assert "builtin" in shop.library.jobs.get(job).title
        assert shop.library.jobs.cancel(job).state is JobState.CANCELLED
        assert not shop.step()


def test_a_job_that_never_was(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        for call in (shop.library.jobs.get, shop.library.jobs.cancel, shop.library.jobs.wait):
            with pytest.raises(NotFound, match="no job 77"):
                call(77)
