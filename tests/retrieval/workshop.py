"""A library's parts put together by hand, so that a test decides when each step of the work is done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from ingest.types import Limits
from retrieval.adding import add_files
from retrieval.library import Library
from retrieval.pipeline import Pipeline
from retrieval.store import documents, pages, vectors
from retrieval.store import fulltext as fulltext_store
from retrieval.store.db import integrity
from retrieval.types import Added, Embedder
from tests.hash_embedder import HashEmbedder
from tests.retrieval.fake_children import FakeChildren, Item, file


class Workshop:
    """`add` enqueues, `step` and `finish` work, `library` asks. No thread and no process works by itself."""

    def __init__(
        self,
        folder: Path,
        files: dict[str, Sequence[Item]] | None = None,
        seen: dict[int, str] | None = None,
        embedder: Embedder | None = None,
    ) -> None:
        self.folder = folder
        self.children = FakeChildren(files or {}, seen)
        self.library = Library(folder / "library", embedder=embedder or HashEmbedder(), cache=folder / "cache")
        self.library.wake = lambda: None  # type: ignore[method-assign]
        self.store = self.library.store
        self.pipeline = Pipeline(
            self.store, self.library.blobs, self.library.cache, self.children, self.library.models.load
        )

    def __enter__(self) -> Workshop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pipeline.close()
        self.library.close()

    def add(self, *names: str, copy: bool = False, tags: Sequence[str] = ()) -> tuple[int | None, Added]:
        """Files of these names, made where they are not there yet."""
        paths = [self.folder / "in" / name for name in names]
        for path in paths:
            if not path.exists():
                file(self.folder / "in", str(path.relative_to(self.folder / "in")))
        return add_files(self.store, self.library.blobs, paths, tags, copy, {}, Limits())

    def step(self) -> bool:
        return self.pipeline.step()

    def finish(self) -> None:
        """All steps that are left; a pipeline that never comes to an end fails."""
        for _ in range(1000):
            if not self.step():
                return
        raise AssertionError("the pipeline goes on for ever")

    def asked(self, query: str) -> list[str]:
        """Corpus ids of the pages that hold a word of the question."""
        return [hit.corpus_id for hit in self.library.search(query).hits if hit.why.words is not None]

    def assert_whole(self) -> None:
        assert_whole(self.library)


def assert_whole(library: Library) -> None:
    """What holds at every instant: SQLite's and FTS5's own checks; only live pages in the full text; no vector twice."""
    db = library.store.read()
    assert integrity(db) == "ok"
    live = set(fulltext_store.live(db))
    indexed = {row[0] for row in db.execute("SELECT rowid FROM pages_fts_docsize")}
    assert indexed == live
    for generation, dim in db.execute("SELECT id, dim FROM generations").fetchall():
        ids = [row[0] for row in db.execute("SELECT id FROM vectors WHERE generation_id = ?", (generation,))]
        held = [part for chunk in vectors.chunks(db, ids, dim) for part in chunk.part_ids.tolist()]
        assert len(held) == len(set(held))
        assert set(held) <= {row[0] for row in db.execute("SELECT id FROM parts")}
    for row in documents.listed(db) + documents.listed(db, deleted=True):
        numbers = [page.number for page in pages.of_document(db, row.id)]
        assert numbers == sorted(set(numbers))
        assert documents.names(db, [row.id])[row.id]
