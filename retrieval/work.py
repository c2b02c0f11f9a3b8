"""The one worker of a library: its loop, its lease, and how it is started by whoever enqueues.

It holds a lease with a heartbeat, so that there is one at a time, and ends after half a minute without work.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from retrieval.errors import StoreError
from retrieval.store import jobs
from retrieval.store.db import Store
from retrieval.types import JobState

IDLE_S = 30.0
HEARTBEAT_S = 1.0
POLL_S = 0.1
MAX_STARTS = 3
LOG_NAME = "worker.log"


class _Progress:
    """What the loop tells its heartbeat."""

    def __init__(self) -> None:
        self.worked = False
        self.over = threading.Event()


def work(
    store: Store,
    step: Callable[[], bool],
    *,
    token: str | None = None,
    idle_s: float = IDLE_S,
    stop: threading.Event | None = None,
) -> bool:
    """Steps until nothing is left for `idle_s`; False when another worker holds the library."""
    token = token or secrets.token_hex(8)
    with store.write() as db:
        if not jobs.take_lease(db, token, os.getpid()):
            return False
    progress = _Progress()
    beating = threading.Thread(target=_beat, args=(store, token, progress), daemon=True)
    beating.start()
    whole = False
    try:
        last = time.monotonic()
        while not progress.over.is_set() and not (stop is not None and stop.is_set()):
            if step():
                progress.worked = True
                last = time.monotonic()
            elif time.monotonic() - last > idle_s:
                with store.write() as db:  # in one transaction: who enqueues after it finds no lease
                    if not jobs.active(db):
                        jobs.drop_lease(db, token)
                        break
                last = time.monotonic()
            else:
                time.sleep(POLL_S)
        whole = True
        return True
    finally:
        progress.over.set()
        beating.join()
        with store.write() as db:
            jobs.drop_lease(db, token, whole=whole)


def _beat(store: Store, token: str, progress: _Progress) -> None:
    while not progress.over.wait(HEARTBEAT_S):
        with store.write() as db:
            worked, progress.worked = progress.worked, False
            if not jobs.beat(db, token, worked):
                progress.over.set()  # this process slept through its lease (a laptop's lid): another has taken over


def ensure_worker(store: Store, start: Callable[[str], None] | None = None) -> None:
    """Has `start` begin to work with the lease it is given (default: a process, detached), unless a worker is alive.
    One that keeps failing is given up, and its jobs say so."""
    if jobs.worker_alive(store.read()):
        return
    log = store.path.parent / LOG_NAME
    token = secrets.token_hex(8)
    with store.write() as db:
        if jobs.starts(db) >= MAX_STARTS:
            see = f": see {log}" if log.exists() else ""
            for job in jobs.active(db):
                jobs.finish(db, job.id, JobState.FAILED, f"the worker stopped {MAX_STARTS} times{see}")
            jobs.drop_lease(db, jobs.holder(db) or "")
            return
        if not jobs.take_lease(db, token, None):
            return
    if start is not None:
        start(token)
    else:
        _start_process(log, token)


def _start_process(log: Path, token: str) -> None:
    log.write_bytes(b"")
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "retrieval.worker", str(log.parent), token],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    # it outlives this process; while both live, someone has to take note of its end
    watching = threading.Thread(target=_at_its_end, args=(process, log.parent, token), name="worker's end", daemon=True)
    watching.start()


def _at_its_end(process: subprocess.Popen[bytes], folder: Path, token: str) -> None:
    """A worker that failed leaves its lease: nobody need wait until that is over."""
    if process.wait() == 0 or not folder.exists():
        return
    try:
        store = Store(folder)
        try:
            with store.write() as db:
                jobs.drop_lease(db, token, whole=False)
        finally:
            store.close()
    except (StoreError, sqlite3.Error):
        pass  # the library is gone or busy: the lease ends by itself
