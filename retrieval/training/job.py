"""The retrain as a job of the worker: in a child process that can be killed, or in its thread for a given Embedder."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from retrieval import trained
from retrieval.errors import FolioscopeError
from retrieval.store import jobs
from retrieval.store.db import get_setting
from retrieval.training.plan import Plan, steps_of
from retrieval.types import JobState

if TYPE_CHECKING:
    from retrieval.library import Library

KIND = "train"
KILL_S = 1.0  # a child that was asked to end gets so long
LOOK_S = 0.2  # between two looks at a child
UNCHANGED = "Nothing has changed: train again when you like."


class Trainer:
    """One `step()` at a time beside the pipeline's; at most one retrain runs. Only who holds the library's lease steps."""

    def __init__(self, library: Library, *, in_process: bool, stopping: Callable[[], bool]) -> None:
        self._library, self._store = library, library.store
        self._in_process, self._stopping = in_process, stopping
        self._watching: threading.Thread | None = None
        self._closing = threading.Event()
        self._fresh = True

    def close(self) -> None:
        """Ends a child; its job says that it was interrupted."""
        self._closing.set()
        if self._watching is not None:
            self._watching.join()

    def step(self) -> bool:
        """Starts what waits; True when something was done. A running child is not waited for."""
        if self._watching is not None and self._watching.is_alive():
            return False
        if self._fresh:
            self._fresh = False
            self._mark_interrupted()
        job = next((job for job in jobs.active(self._store.read()) if job.kind == KIND), None)
        if job is None:
            return False
        with self._store.write() as db:
            jobs.start(db, job.id)
        if self._in_process:
            do(self._library, job.id, lambda: self._stopping() or not _runs(self._library, job.id))
        else:
            self._watching = threading.Thread(target=self._watched, args=(job.id,), name="retrain")
            self._watching.start()
        return True

    def _watched(self, job_id: int) -> None:
        """A child at work; it is ended within a second of a cancel, whatever else the worker does."""
        child = subprocess.Popen(
            [sys.executable, "-m", "retrieval.training.child", str(self._library.path), str(job_id)],
            stdin=subprocess.PIPE,
        )
        while child.poll() is None and _runs(self._library, job_id) and not self._closing.wait(LOOK_S):
            pass
        status = child.poll()
        _end(child)
        if _runs(self._library, job_id):
            how = "stopped with an error, see worker.log" if status else "was interrupted"
            _fail(self._library, job_id, f"The retrain {'was ended by the system' if (status or 0) < 0 else how}")
        _sweep(self._library, job_id)

    def _mark_interrupted(self) -> None:
        """Of a worker that was killed: what it was training is not half there, and is not begun again by itself."""
        for job in jobs.active(self._store.read()):
            if job.kind == KIND and job.state is JobState.RUNNING:
                _fail(self._library, job.id, "The retrain was interrupted")
                _sweep(self._library, job.id)


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(KILL_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    assert child.stdin is not None
    child.stdin.close()


def do(library: Library, job_id: int, stop: Callable[[], bool]) -> None:
    """Runs a started job to its end, whichever that is; what went wrong stands in the job."""
    from retrieval.training.learn import Stopped
    from retrieval.training.request import from_json
    from retrieval.training.run import RATES, Retrain

    row = jobs.get(library.store.read(), job_id)
    if row is None or row.subject is None or row.state is not JobState.RUNNING:
        return

    def save(detail: str) -> None:
        with library.store.write() as db:
            jobs.set_detail(db, job_id, detail)

    stored = get_setting(library.store.read(), RATES)
    plan = Plan(stored if isinstance(stored, dict) else {}, save)
    try:
        Retrain(library, job_id, from_json(row.subject), plan, stop).run()
    except Stopped:
        if _runs(library, job_id):
            _fail(library, job_id, "The retrain was interrupted")
    except FolioscopeError as error:
        with library.store.write() as db:
            jobs.finish(db, job_id, JobState.FAILED, f"{error} {error.remedy}".strip())


def _runs(library: Library, job_id: int) -> bool:
    row = jobs.get(library.store.read(), job_id)
    return row is not None and row.state is JobState.RUNNING


def _fail(library: Library, job_id: int, what: str) -> None:
    with library.store.write() as db:
        row = jobs.get(db, job_id)
        steps = steps_of(row.detail) if row is not None else ()
        at = next((step.title.lower() for step in steps if step.started is not None and step.seconds is None), None)
        while_ = f" ({at})" if at else ""
        jobs.finish(db, job_id, JobState.FAILED, f"{what}{while_}. {UNCHANGED}")


def _sweep(library: Library, job_id: int) -> None:
    """The half-written folder of a retrain that did not end by itself."""
    shutil.rmtree(trained.folder_of(library.path, f"job-{job_id}{trained.UNFINISHED}"), ignore_errors=True)
