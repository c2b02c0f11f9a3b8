from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from retrieval.adding import add_texts
from retrieval.errors import NotFound
from retrieval.pipeline import Pipeline
from retrieval.store import jobs
from retrieval.store.db import set_setting
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
            JobState.QUEUED, 0, None, "reading 2 files",
        )  # fmt: skip
        assert first.total > 0 and shop.library.jobs.active() == first
        done = [0]
        for _ in range(50):
            if not shop.step():
                break
            now = shop.library.jobs.get(job)
            assert 0 <= now.done <= now.total
            done.append(now.done)
        last = shop.library.jobs.get(job)
        assert (last.state, last.done, last.seconds_left) == (JobState.DONE, last.total, None)
        assert last.finished is not None and last.finished >= last.created
        assert len(set(done)) > 3
        assert shop.library.jobs.active() is None
        assert last.title == "2 files read"


SECONDS = {"read pdf": 0.5, "text": 0.25, "picture": 1.0, "ocr": 4.0}
SOON = [page(1, "zebra"), page(2, wants_ocr=True)]  # 2 pictures, 1 text, 1 page of OCR


def knows(shop: Workshop, seconds: dict[str, float]) -> None:
    """As if so much had been measured on this machine."""
    with shop.store.write() as db:
        set_setting(db, "rates", seconds)
    shop.pipeline.measured = lambda what, seconds, count: None  # type: ignore[method-assign]


def test_the_share_grows_over_all_the_work_and_the_time_is_that_of_what_is_left(tmp_path: Path) -> None:
    names = [f"{number}.pdf" for number in range(40)]
    with Workshop(tmp_path, dict.fromkeys(names, SOON)) as shop:
        knows(shop, SECONDS)
        for name in names:
            shop.add(name)  # a job each, as from the browser
        each = 0.5 + 0.25 + 2 * 1.0 + 4.0
        shares, told = [0.0], []
        while (job := shop.library.jobs.active()) is not None:
            shares.append(job.done / job.total)
            told.append((job.seconds_left, 40 * each * (1 - shares[-1])))
            shop.step()
        assert told[0][0] is None, "nothing of a PDF was ever seen here"
        assert all(left == pytest.approx(true, abs=1.0) for left, true in told[3:] if left is not None)
        assert [left is None for left, _ in told[3:]] == [False] * len(told[3:])
        assert all(later >= before - 0.01 for before, later in pairwise(shares))
        assert len({round(share, 1) for share in shares}) >= 10 and shares[-1] > 0.95


def test_no_time_is_told_that_rests_on_a_guess(tmp_path: Path) -> None:
    names = [f"{number}.pdf" for number in range(5)]
    with Workshop(tmp_path, dict.fromkeys(names, SOON)) as shop:
        knows(shop, {what: seconds for what, seconds in SECONDS.items() if what != "ocr"})
        job, _ = shop.add(*names)
        assert job is not None
        while shop.step():
            assert shop.library.jobs.get(job).seconds_left in (None, 0.0)
    with Workshop(tmp_path / "new", {"a.pdf": many(300, "zebra")}) as shop:
        job, _ = shop.add("a.pdf")
        assert job is not None
        left = []
        while shop.step():
            left.append(shop.library.jobs.get(job).seconds_left)
        assert left[0] is None and left[-2] is not None, "what the job itself has shown counts"


def test_a_job_counts_the_files_that_a_question_is_told_of(tmp_path: Path) -> None:
    with Workshop(tmp_path, {"a.pdf": many(3, "zebra"), "b.pdf": many(200, "quokka")}) as shop:
        shop.add("a.pdf")
        shop.add("b.pdf")
        while (job := shop.library.jobs.active()) is not None:
            left = shop.library.search("zebra").reading
            assert job.title.startswith({2: "reading 2 files", 1: "still reading 1 of 2 files", 0: "2 files"}[left])
            shop.step()


def test_the_first_measurements_of_a_process_count_most(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        for seconds in (9.0, 1.0, 2.0):  # the first is the start of a child
            shop.pipeline.measured("ocr", seconds, 1)
        assert shop.pipeline._rates == {"ocr": 1.5}
        for _ in range(100):
            shop.pipeline.measured("ocr", 3.0, 1)
        assert 2.7 < shop.pipeline._rates["ocr"] < 3.0


def test_a_job_says_which_part_of_the_work_it_is_at(tmp_path: Path) -> None:
    with Workshop(tmp_path, {"a.pdf": many(3, "zebra"), "b.pdf": [page(n, wants_ocr=True) for n in (1, 2)]}) as shop:
        job, _ = shop.add("a.pdf", "b.pdf")
        assert job is not None
        titles = [shop.library.jobs.get(job).title]
        while shop.step():
            titles.append(shop.library.jobs.get(job).title)
        assert list(dict.fromkeys(titles)) == [
            "reading 2 files",
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
        assert active is not None and active.title == "reading 2 files"
        each = [shop.library.jobs.get(job) for job in (one, two)]
        assert active.total == pytest.approx(sum(job.total for job in each), abs=2)
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


def test_all_reading_is_stopped_at_once_and_can_go_on(tmp_path: Path) -> None:
    names = [f"{number}.pdf" for number in range(5)]
    with Workshop(tmp_path, dict.fromkeys(names, SOON)) as shop:
        for name in names:
            shop.add(name)  # a job each, as from the browser
        shop.step()
        shop.step()
        with shop.store.write() as db:
            embed = jobs.insert(db, "embed", "builtin")
        assert shop.library.jobs.stop_reading() == (2, 3)
        assert [info.name for info in shop.library.documents.list()] == ["1.pdf", "0.pdf"]
        assert [job.id for job in shop.library.jobs.list() if job.state is JobState.QUEUED] == [embed]
        assert shop.library.documents.unfinished() == (0, 2)
        assert shop.library.documents.resume_all() == 2
        assert shop.library.documents.unfinished() == (2, 0)
        shop.finish()
        assert shop.library.documents.unfinished() == (0, 0) and shop.library.jobs.stop_reading()[1] == 0
        shop.assert_whole()


def test_a_job_that_never_was(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        for call in (shop.library.jobs.get, shop.library.jobs.cancel, shop.library.jobs.wait):
            with pytest.raises(NotFound, match="no job 77"):
                call(77)
