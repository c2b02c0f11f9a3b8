"""`library.models`: which Models there are, which one answers, and its vectors in memory."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.errors import FolioscopeError, Mismatch, NotFound, NotReady
from retrieval.store import jobs, models, vectors
from retrieval.store.db import change_counter, get_setting, set_setting
from retrieval.types import Embedder, Job, ModelInfo

if TYPE_CHECKING:
    from retrieval.index import GenerationIndex
    from retrieval.library import Library


class Models:
    """The Models of a library. `trouble`: why the current one could not be loaded in the background."""

    def __init__(self, library: Library, given: Embedder | None) -> None:
        self._library = library
        self._store = library.store
        self._given = given
        self._lock = threading.RLock()
        self._loaded: dict[str, Embedder] = {}
        self._index: GenerationIndex | None = None
        self._seen: dict[int, tuple[int, int, int]] = {}
        self.trouble: FolioscopeError | None = None
        with self._store.write() as db:
            models.ensure_builtin(db)

    # what answers

    @property
    def current(self) -> ModelInfo:
        db = self._store.read()
        return self._info(db, models.current(db))

    @property
    def generation_id(self) -> int | None:
        return models.current(self._store.read()).generation_id

    @property
    def loaded(self) -> bool:
        return models.current(self._store.read()).id in self._loaded

    def embedder(self) -> Embedder:
        """The current Model's, loaded on first use."""
        return self.load(models.current(self._store.read()).id)

    def builtin(self) -> Embedder:
        """The builtin Model's, whatever the current one is; or the one that was given to the library in its place."""
        return self.load(models.BUILTIN)

    def load(self, model_id: str) -> Embedder:
        """Loads a Model's embedder once and makes sure that its Generation is registered."""
        with self._lock:
            if model_id not in self._loaded:
                row = models.get(self._store.read(), model_id)
                if row is None:
                    raise NotFound(f"There is no model {model_id}.", "`folioscope models` lists them.")
                embedder = self._given or self._open(row)
                self._register(row, embedder)
                self._loaded[model_id] = embedder
            return self._loaded[model_id]

    def _open(self, row: models.ModelRow) -> Embedder:
        if row.location == models.BUILTIN:
            from retrieval.builtin import load_builtin

            return load_builtin(precision=self.precision())
        from retrieval.embedders import load_embedder

        return load_embedder(row.location, revision=row.revision, precision=self.precision())

    def _register(self, row: models.ModelRow, embedder: Embedder) -> None:
        enqueued = False
        with self._store.write() as db:
            generation = vectors.generation(db, embedder.document_key, embedder.dim)
            if row.id == models.BUILTIN or row.generation_id is None:
                # A newer Folioscope may bring newer weights: the builtin model then gets a new Generation.
                if row.generation_id != generation or row.query_key != embedder.query_key:
                    models.set_keys(db, row.id, generation, embedder.query_key)
                    enqueued = row.generation_id is not None and _enqueue(db, row.id)
            elif generation != row.generation_id:
                raise Mismatch(
                    f"The weights of {row.name} at {row.location} are not those it was added with.",
                    "Add it again with `folioscope models add`.",
                )
        if enqueued:
            self._library.wake()

    def precision(self) -> str:
        """float32 or bfloat16, whichever is faster here; probed once a library."""
        stored = get_setting(self._store.read(), "precision")
        if not isinstance(stored, str):
            from retrieval.cpu import precision_probe

            probed = precision_probe()
            with self._store.write() as db:
                stored = get_setting(db, "precision")
                if not isinstance(stored, str):  # else another process was first: all must embed alike
                    stored = probed
                    set_setting(db, "precision", stored)
        return stored

    def index(self) -> GenerationIndex:
        """The current Generation in memory, in step with the store."""
        from retrieval.index import GenerationIndex

        db = self._store.read()
        with self._lock:
            embedder = self.embedder()
            row = models.current(db)
            assert row.generation_id is not None
            if self._index is None or self._index.generation_id != row.generation_id:
                key, dim = vectors.document_key(db, row.generation_id)
                if key != embedder.document_key:
                    raise Mismatch(
                        "The question encoder does not belong to the stored vectors.",
                        "Promote the model that made them, or embed the library with this one.",
                    )
                self._index = GenerationIndex(row.generation_id, dim)
                self._seen.clear()
            counter = change_counter(db)
            if self._seen.get(threading.get_ident()) != counter:
                self._index.refresh(db)
                self._seen[threading.get_ident()] = counter
            return self._index

    # lists and changes

    def list(self) -> list[ModelInfo]:
        db = self._store.read()
        return [self._info(db, row) for row in models.listed(db)]

    def _info(self, db: sqlite3.Connection, row: models.ModelRow) -> ModelInfo:
        total, done = vectors.totals(db, row.generation_id)
        return ModelInfo(
            id=row.id,
            name=row.name,
            base=row.base,
            recipe=row.recipe,
            labels=row.labels,
            ndcg_at_10=row.ndcg,
            current=row.id == models.current(db).id,
            ready=done == total,
            embedded=done,
            parts=total,
            created=row.created,
        )

    def add(
        self,
        path_or_id: str,
        *,
        revision: str | None = None,
        wait: bool = True,
        progress: Callable[[Job], None] | None = None,
    ) -> ModelInfo:
        """Checks a SentenceTransformer (local folder or hub id), registers it, embeds the library with it as a job."""
        from retrieval.embedders import load_embedder

        location = str(Path(path_or_id).resolve()) if Path(path_or_id).exists() else path_or_id
        embedder = load_embedder(location, revision=revision, precision=self.precision())
        digest = hashlib.sha256(f"{embedder.document_key}\n{embedder.query_key}".encode()).hexdigest()[:6]
        model_id = f"{Path(location).name}-{digest}"
        with self._store.write() as db:
            generation = vectors.generation(db, embedder.document_key, embedder.dim)
            if models.get(db, model_id) is None:
                name = Path(location).name
                models.insert(db, model_id, name, location, revision, generation, embedder.query_key)
            _enqueue(db, model_id)
            job = _embedding(db, model_id)
        self._library.wake()
        if wait and job is not None:
            self._library.jobs.wait(job, progress)
        return self.get(model_id)

    def get(self, model_id: str) -> ModelInfo:
        db = self._store.read()
        row = models.get(db, model_id)
        if row is None:
            raise NotFound(f"There is no model {model_id}.", "`folioscope models` lists them.")
        return self._info(db, row)

    def promote(self, model_id: str) -> ModelInfo:
        """Makes it answer from now on. NotReady, with the progress, until its vectors are complete."""
        info = self.get(model_id)
        if not info.ready:
            with self._store.write() as db:  # what was added since it was embedded
                _enqueue(db, info.id)
            self._library.wake()
            share = 100 * info.embedded // max(info.parts, 1)
            raise NotReady(
                f"{info.name} has embedded {info.embedded} of {info.parts} parts of the library ({share} %).",
                "It can be promoted when it is through; `folioscope jobs` shows the progress.",
            )
        with self._store.write() as db:
            models.set_current(db, info.id)
        return self.get(info.id)


def _embedding(db: sqlite3.Connection, model_id: str) -> int | None:
    """The job that embeds the library with a Model, while there is one."""
    return next((job.id for job in jobs.active(db) if (job.kind, job.subject) == ("embed", model_id)), None)


def _enqueue(db: sqlite3.Connection, model_id: str) -> bool:
    """Makes sure that a job embeds what that Model has not seen yet; False when there is nothing, or one does already."""
    row = models.get(db, model_id)
    total, done = vectors.totals(db, None if row is None else row.generation_id)
    if done == total or _embedding(db, model_id) is not None:
        return False
    jobs.insert(db, "embed", model_id)
    return True
