"""The retrain in its own process, with the real model: the command, a cancel, and kills from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from retrieval.library import Library
from retrieval.store import jobs
from retrieval.training.types import TrainSettings
from retrieval.types import JobState

ROOT = Path(__file__).parents[2]
THINGS = "lighthouse bakery tunnel vineyard airport library hospital stadium museum bridge".split()
LONG = TrainSettings(map_steps=1_000_000)
KEYS = ["model", "base", "recipe", "labels", "before", "after", "difference", "verdict", "recommended", "seconds"]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("child")
    os.environ["FOLIOSCOPE_CACHE"] = str(folder / "cache")
    with Library(folder / "library") as made:
        made.add_texts([(thing, f"The {thing} was built in 19{number}5.") for number, thing in enumerate(THINGS)])
        for thing in THINGS:
            made.labels.set(f"how old is the {thing}", thing, True)
        yield made
    del os.environ["FOLIOSCOPE_CACHE"]


def wait_for(what: str, condition: object, seconds: float = 300.0) -> None:
    assert callable(condition)
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"still not {what}"
        time.sleep(0.05)


def worker(library: Library) -> psutil.Process:
    row = library.store.read().execute("SELECT pid FROM worker").fetchone()
    return psutil.Process(row[0])


def child(library: Library) -> psutil.Process | None:
    return next((one for one in worker(library).children() if "retrieval.training.child" in one.cmdline()), None)


def started(library: Library) -> tuple[int, psutil.Process]:
    """A retrain that takes for ever, in the midst of learning, and its process."""
    job = library.training.train(LONG, wait=False)
    assert isinstance(job, int)

    def learning() -> bool:
        steps = library.training.progress().steps
        return any(step.title == "Learning" and step.detail for step in steps)

    wait_for("learning", learning)
    found = child(library)
    assert found is not None
    return job, found


def test_the_command_prints_the_documented_verdict(library: Library) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ui.cli", "--library", str(library.path), "train", "--recipe", "careful", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found) == KEYS
    assert found["labels"] == 10 and found["base"] == "builtin" and found["recipe"] == "careful"
    assert set(found["difference"]["ndcg@10"]) == {"value", "low", "high"}
    assert found["before"]["queries"] == found["after"]["queries"] == 10
    assert found["before"]["ndcg@10"]["value"] > 0.5 and "page" in found["before"]["per_kind"]
    assert library.models.get(found["model"]).base == "builtin"


def test_too_few_questions_are_refused_with_exit_status_1(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ui.cli", "--library", str(tmp_path), "train"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1 and "8 questions" in done.stderr and "8 more questions" in done.stderr


def test_a_cancel_ends_the_process_within_two_seconds(library: Library) -> None:
    job, process = started(library)
    library.jobs.cancel(job)
    cancelled = time.monotonic()
    wait_for("ended", lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, 10.0)
    assert time.monotonic() - cancelled < 2.0
    assert library.jobs.get(job).state is JobState.CANCELLED


def test_a_killed_process_is_noticed(library: Library) -> None:
    job, process = started(library)
    process.send_signal(signal.SIGKILL)
    wait_for("noticed", lambda: library.jobs.get(job).state is not JobState.RUNNING, 20.0)
    ended = library.jobs.get(job)
    assert ended.state is JobState.FAILED and "ended by the system (learning)" in str(ended.message)
    assert library.models.current.id == "builtin"


def test_a_killed_worker_takes_the_process_along_and_the_next_one_says_so(library: Library) -> None:
    job, process = started(library)
    worker(library).send_signal(signal.SIGKILL)
    wait_for("ended", lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, 20.0)
    with library.store.write() as db:
        jobs.drop_lease(db, jobs.holder(db) or "", whole=False)  # as if ten seconds had passed
    library.wake()
    wait_for("marked", lambda: library.jobs.get(job).state is not JobState.RUNNING)
    ended = library.jobs.get(job)
    assert ended.state is JobState.FAILED and "was interrupted (learning)" in str(ended.message)
