"""`library.models`: which Models there are, which one answers, and its vectors in memory."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval import trained
from retrieval.errors import FolioscopeError, Mismatch, ModelError
from retrieval.store import models, vectors
from retrieval.store.db import change_counter, get_setting, set_setting
from retrieval.store.jobs import embedding_of
from retrieval.types import Embedder, Job, ModelInfo, Reranker
from retrieval.versions import Versions, embed_what_is_missing

if TYPE_CHECKING:
    from retrieval.fusion import Fusion
    from retrieval.index import GenerationIndex
    from retrieval.library import Library

IN_MEMORY = 3  # Models; the builtin one is always one of them


@dataclass(frozen=True, slots=True)
class Answering:
    """What belongs together while one question is answered: another process may promote another Model meanwhile."""

    model_id: str
    generation_id: int
    embedder: Embedder
    index: GenerationIndex
    fusion: Fusion


class Models(Versions):
    """The Models of a library, and what of them is in memory."""

    def __init__(self, library: Library, given: Embedder | None) -> None:
        super().__init__(library)
        self._given = given
        self._lock = threading.RLock()  # of what is in memory
        self._opening = threading.RLock()  # one Model loads at a time
        self._loaded: OrderedDict[str, Embedder] = OrderedDict()
        self._bases: dict[tuple[str, str | None], Embedder] = {}
        self._fusions: dict[str, Fusion] = {}
        self._reranker: Reranker | None = None
        self._index: GenerationIndex | None = None
        self._seen: dict[int, tuple[int, int, int]] = {}
        self._trouble: tuple[str, FolioscopeError] | None = None
        with self._store.write() as db:
            models.ensure_builtin(db)

    # what answers

    @property
    def generation_id(self) -> int | None:
        return models.current(self._store.read()).generation_id

    @property
    def loaded(self) -> bool:
        """The current Model and its vectors are in memory."""
        row = models.current(self._store.read())
        index = self._index
        return row.id in self._loaded and index is not None and index.generation_id == row.generation_id

    @property
    def trouble(self) -> FolioscopeError | None:
        """Why the current Model could not be loaded in the background; another one may do better."""
        if self._trouble is not None and self._trouble[0] == models.current(self._store.read()).id:
            return self._trouble[1]
        return None

    @contextmanager
    def noting_trouble(self) -> Iterator[None]:
        """What keeps the current Model from being loaded is noted instead of raised."""
        model_id = models.current(self._store.read()).id
        try:
            yield
            self._trouble = None
        except FolioscopeError as error:
            self._trouble = model_id, error

    def embedder(self) -> Embedder:
        """The current Model's, loaded on first use."""
        return self.load(models.current(self._store.read()).id)

    def builtin(self) -> Embedder:
        """The builtin Model's, whatever the current one is; or the one that was given to the library in its place."""
        return self.load(models.BUILTIN)

    def fusion(self) -> Fusion:
        """The current Model's; needs no embedder. While it cannot be read, words are weighed as the builtin one does."""
        from retrieval.fusion import builtin_fusion

        try:
            return self._fusion(models.current(self._store.read()))
        except ModelError:
            return builtin_fusion()

    def _fusion(self, row: models.ModelRow) -> Fusion:
        """Its cosines are taken as they are where its encoder is the one that the builtin weights were measured with."""
        if row.id not in self._fusions:
            from retrieval.fusion import builtin_fusion

            fusion = trained.fusion_of(self.folder(row.id)) if row.trained else builtin_fusion()
            own = self._given is None and row.location == models.BUILTIN
            self._fusions[row.id] = fusion if own else fusion.for_another_encoder
        return self._fusions[row.id]

    def load(self, model_id: str) -> Embedder:
        """Loads a Model's embedder once and makes sure that its Generation is registered. Those that are loaded can be
        asked while another one loads."""
        found = self._in_memory(model_id)
        if found is not None:
            return found
        with self._opening:
            found = self._in_memory(model_id)
            if found is not None:
                return found
            row = self.row(model_id)
            self.check_kept(row)
            found = self._open(row)
            self._register(row, found)
            with self._lock:
                self._loaded[model_id] = found
                self._make_room()
            return found

    def reranker(self, model_id: str | None = None) -> Reranker | None:
        """That of the current Model (or another one), loaded on first use. None: its fusion knows of none that helps."""
        row = models.current(self._store.read()) if model_id is None else self.row(model_id)
        fusion = self._fusion(row)
        if self._given is not None or row.location != models.BUILTIN or not fusion.reranked:
            return None
        with self._opening:
            if self._reranker is None:
                from retrieval.builtin import load_reranker

                self._reranker = load_reranker(fusion.reranked, precision=self.precision())
            return self._reranker

    def _in_memory(self, model_id: str) -> Embedder | None:
        with self._lock:
            if model_id in self._loaded:
                self._loaded.move_to_end(model_id)
            return self._loaded.get(model_id)

    def _make_room(self) -> None:
        """Forgets the embedders that were not used for longest; one beneath another's map costs nothing to keep."""
        spare = [model_id for model_id in self._loaded if model_id != models.BUILTIN]
        for model_id in spare[: max(0, len(self._loaded) - IN_MEMORY)]:
            del self._loaded[model_id]

    def _open(self, row: models.ModelRow) -> Embedder:
        if not row.trained:
            return self._base(row)
        return trained.opened(lambda: self._base(row), self.folder(row.id), self.precision)

    def _base(self, row: models.ModelRow) -> Embedder:
        """The embedder beneath, shared by all Models that have the same."""
        if self._given is not None:
            return self._given
        key = (row.location, row.revision)
        if key not in self._bases:
            if row.location == models.BUILTIN:
                from retrieval.builtin import load_builtin

                self._bases = {**self._bases, key: load_builtin(precision=self.precision())}
            else:
                from retrieval.embedders import load_embedder

                found = load_embedder(row.location, revision=row.revision, precision=self.precision())
                builtin = {known: base for known, base in self._bases.items() if known[0] == models.BUILTIN}
                self._bases = {**builtin, key: found}  # of large ones, one at a time
        return self._bases[key]

    def _register(self, row: models.ModelRow, embedder: Embedder) -> None:
        enqueued = False
        with self._store.write() as db:
            generation = vectors.generation(db, embedder.document_key, embedder.dim)
            if row.location == models.BUILTIN or row.generation_id is None:
                # A newer Folioscope may bring newer weights: what stands on the builtin model then gets a new Generation.
                if row.generation_id != generation or row.query_key != embedder.query_key:
                    models.set_keys(db, row.id, generation, embedder.query_key)
                    enqueued = row.generation_id is not None and embed_what_is_missing(db, row.id)
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
        return self.answering().index

    def answering(self, model_id: str | None = None) -> Answering:
        """The current Model (or another one), loaded, and its Generation in memory, in step with the store."""
        from retrieval.index import GenerationIndex

        db = self._store.read()
        model_id = model_id or models.current(db).id
        embedder = self.load(model_id)
        with self._lock:
            row = self.row(model_id)
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
            return Answering(row.id, row.generation_id, embedder, self._index, self._fusion(row))

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
            row = models.get(db, model_id)
            if row is None or row.generation_id is None or row.discarded is not None:
                models.insert(db, model_id, Path(location).name, location, revision, generation, embedder.query_key)
            embed_what_is_missing(db, model_id)
            job = embedding_of(db, model_id)
        self._library.wake()
        if wait and job is not None:
            self._library.jobs.wait(job, progress)
        return self.get(model_id)
