"""Memory of all processes together (server, worker, parsing children) while 2,000 pages are read, and while they are asked."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from retrieval import Library
from retrieval.types import JobState
from tests.bench import made
from tests.bench.report import Bound, Row
from tests.bench.starting import command, free_port

FILES, PAGES, QUESTIONS = 20, 100, 40
PATIENCE_S = 60.0


def two_thousand(files: int = FILES, pages: int = PAGES) -> Iterator[Row]:
    """Shared pages are counted once (PSS). Flat: the last quarter of the samples against the second, by their peaks."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        paths = [made.pdf(home / f"{n}.pdf", pages, seed=n, lines=12) for n in range(files)]
        samples = []
        with _served(home), Library(home / "library", cache=home / "cache") as library:
            job = library.add(paths, wait=False).job
            assert job is not None
            while library.jobs.get(job).state in (JobState.QUEUED, JobState.RUNNING):
                samples.append(_together(str(home)))
                time.sleep(1.0)
        until = time.monotonic() + PATIENCE_S
        while _together(str(home)) and time.monotonic() < until:
            time.sleep(1.0)  # the worker, which ends after half a minute without work: now there is only searching
        with _served(home) as address:
            asked = [_asked(address, question, home) for question in made.questions(QUESTIONS)]
    quarter = max(1, len(samples) // 4)
    yield Bound(f"peak memory at {files * pages:,} pages", max(samples) / 1e9, 2.0, "GB")
    yield Bound(f"peak memory while asking {files * pages:,} pages", max(asked) / 1e9, 1.0, "GB")
    growth = max(samples[-quarter:]) / max(samples[quarter : 2 * quarter])
    yield Bound("memory of the last quarter over the second", growth, 1.1, "×")


@contextmanager
def _served(home: Path) -> Iterator[str]:
    """The server's address."""
    port = free_port()
    line = [command(), "--library", str(home / "library"), "serve", "--port", str(port), "--no-open"]
    server = subprocess.Popen(line, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _asked(address: str, question: str, home: Path) -> float:
    """Bytes after a question that was answered by meaning too; the first one waits for the server and its Model."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{address}/api/search?{urllib.parse.urlencode({'q': question})}") as answer:
                if json.load(answer)["words_only"] is None:
                    return _together(str(home))
        except OSError:
            pass  # it is still starting
        time.sleep(0.3)
    raise SystemExit(f"no answer by meaning within {PATIENCE_S:.0f} s")


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
