"""Another process promotes or goes back: whoever answers follows within two seconds, and meanwhile by words if it must."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from retrieval.errors import ModelError
from retrieval.library import Library
from retrieval.store import jobs, models, vectors
from retrieval.types import Embedder, SearchResult
from tests.hash_embedder import HashEmbedder
from tests.retrieval.taught import teach

WITHIN_S = 2.0
TEXTS = [(f"text {number}", f"zebra stripes number{number}") for number in range(12)]
ASKING = """
import sys, time
from pathlib import Path
from retrieval.library import Library
from tests.hash_embedder import HashEmbedder
with Library(Path(sys.argv[1]), embedder=HashEmbedder(), cache=Path(sys.argv[2])) as library:
    library.loading_in_background()
    while True:
        result = library.search("stripes of a zebra")
        found = "".join(f"{hit.document.split()[-1]}." for hit in result.hits)
        print(result.by_words_only or "meaning", found, time.time(), flush=True)
        time.sleep(0.05)
"""


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library", embedder=HashEmbedder(), cache=tmp_path / "cache") as found:
        found.add_texts(TEXTS)
        yield found


def shown(result: SearchResult) -> str:
    return "".join(f"{hit.document.split()[-1]}." for hit in result.hits)


def test_processes_that_answer_follow_within_two_seconds(library: Library, tmp_path: Path) -> None:
    model_id = teach(library)
    usual = shown(library.search("stripes of a zebra"))
    command = [sys.executable, "-c", ASKING, str(library.path), str(tmp_path / "cache")]
    others = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) for _ in range(2)
    ]

    def said(process: subprocess.Popen[str], when: Callable[[str], bool]) -> float:
        """When it first shows such an order, by meaning; it fails when it never does."""
        assert process.stdout is not None
        for line in process.stdout:
            how, order, at = line.split()
            if how == "meaning" and when(order):
                return float(at)
        raise AssertionError("it has ended")

    try:
        for process in others:
            said(process, lambda order: order == usual)
        for switch, expected in ((lambda: library.models.promote(model_id), False), (library.models.rollback, True)):
            switch()
            start = time.time()
            for process in others:
                assert said(process, lambda order, e=expected: (order == usual) is e) - start < WITHIN_S
    finally:
        for process in others:
            process.kill()
            process.communicate()


class Slow(Library):
    """As an app runs: models load in the background. The one called "apart" takes its time, or cannot be loaded."""

    def __init__(self, path: Path, cache: Path, error: ModelError | None = None) -> None:
        super().__init__(path, embedder=HashEmbedder(), cache=cache)
        self.go = threading.Event()
        usual = self.models._base

        def base(row: models.ModelRow) -> Embedder:
            if row.id != "apart":
                return usual(row)
            assert self.go.wait(30)
            if error is not None:
                raise error
            return HashEmbedder(name="apart")

        self.models._base = base  # type: ignore[method-assign]


def with_another(library: Library) -> None:
    """A Model with its own embedder and Generation, complete."""
    apart = HashEmbedder(name="apart")
    real = library.models._base
    library.models._base = lambda row: apart if row.id == "apart" else real(row)  # type: ignore[method-assign]
    with library.store.write() as db:
        generation = vectors.generation(db, apart.document_key, apart.dim)
        models.insert(db, "apart", "apart", "/models/apart", None, generation, apart.query_key)
        job = jobs.insert(db, "embed", "apart")
    library.wake()
    library.jobs.wait(job)


def until(library: Library, done: Callable[[SearchResult], bool]) -> SearchResult:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        result = library.search("zebra")
        if done(result):
            return result
        time.sleep(0.02)
    raise AssertionError(result)


def test_words_answer_while_another_model_loads(library: Library, tmp_path: Path) -> None:
    with_another(library)
    with Slow(library.path, tmp_path / "cache") as app:
        app.loading_in_background()
        until(app, lambda result: result.by_words_only is None)
        library.models.promote("apart")
        start = time.monotonic()
        result = app.search("zebra")
        assert time.monotonic() - start < WITHIN_S
        assert result.by_words_only == "loading" and len(result.hits) == 10 and not app.ready
        library.models.rollback()
        assert app.search("zebra").by_words_only is None  # although the other one still loads
        library.models.promote("apart")
        app.go.set()
        result = until(app, lambda result: result.by_words_only is None)
        assert result.hits[0].why.meaning is not None and app.ready


def test_a_model_that_cannot_be_loaded_is_said_and_left(library: Library, tmp_path: Path) -> None:
    with_another(library)
    with Slow(library.path, tmp_path / "cache", ModelError("The weights are damaged.", "Go back.")) as app:
        app.go.set()
        app.loading_in_background()
        until(app, lambda result: result.by_words_only is None)
        library.models.promote("apart")
        result = until(app, lambda result: result.by_words_only not in (None, "loading"))
        assert result.by_words_only == "The weights are damaged." and result.hits
        library.models.rollback()
        until(app, lambda result: result.by_words_only is None)
        assert app.models.trouble is None


def test_questions_while_models_are_switched(library: Library) -> None:
    """Each is answered with one Model's encoder, index and weights; none is refused."""
    with_another(library)
    first = teach(library)
    over = threading.Event()

    def switch() -> None:
        while not over.is_set():
            for model_id in (first, "apart", "builtin"):
                library.models.promote(model_id)

    thread = threading.Thread(target=switch)
    thread.start()
    try:
        for number in range(150):
            assert len(library.search(f"zebra {number}").hits) == 10
    finally:
        over.set()
        thread.join()
