"""Memory of all processes together (server, worker, parsing children) while 2,000 pages are read."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from retrieval import Library
from retrieval.types import JobState
from tests.bench import made
from tests.bench.report import Bound, Row
from tests.bench.starting import command

FILES, PAGES = 20, 100


def two_thousand(files: int = FILES, pages: int = PAGES) -> Iterator[Row]:
    """Shared pages are counted once (PSS). Flat: the last quarter of the samples against the second, by their peaks."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        paths = [made.pdf(home / f"{n}.pdf", pages, seed=n, lines=12) for n in range(files)]
        line = [command(), "--library", str(home / "library"), "serve", "--port", "0", "--no-open"]
        server = subprocess.Popen(line, stdout=subprocess.DEVNULL)
        samples = []
        try:
            with Library(home / "library", cache=home / "cache") as library:
                job = library.add(paths, wait=False).job
                assert job is not None
                while library.jobs.get(job).state in (JobState.QUEUED, JobState.RUNNING):
                    samples.append(_together(str(home)))
                    time.sleep(1.0)
        finally:
            server.terminate()
            server.wait()
    quarter = max(1, len(samples) // 4)
    yield Bound(f"peak memory at {files * pages:,} pages", max(samples) / 1e9, 2.0, "GB")
    growth = max(samples[-quarter:]) / max(samples[quarter : 2 * quarter])
    yield Bound("memory of the last quarter over the second", growth, 1.1, "×")


def _together(home: str) -> float:
    """Bytes of every process that has the library's folder on its command line, and of their children."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter(["cmdline"]):
        if any(home in word for word in process.info["cmdline"] or ()):
            try:
                for one in (process, *process.children(recursive=True)):
                    found[one.pid] = one
            except psutil.NoSuchProcess:
                continue
    total = 0
    for process in found.values():
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return float(total)
