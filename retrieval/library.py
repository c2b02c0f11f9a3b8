"""The library: everything on disk under one folder, and the only door that `ui` uses.

Methods import what they need: commands that ask no model start without numpy and the like.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path, PurePath
from types import TracebackType
from typing import TYPE_CHECKING

from ingest.types import Box, Kind, Limits
from retrieval import bin
from retrieval.blobs import Blobs
from retrieval.documents import Documents
from retrieval.jobs import Jobs
from retrieval.labels import Labels
from retrieval.models import Answering, Models
from retrieval.store import documents as document_store
from retrieval.store import labels as label_store
from retrieval.store.cache import Cache
from retrieval.store.db import Store, change_counter, clean
from retrieval.types import Added, Embedder, Floats, Job, PartInput, Reranker, SearchResult
from retrieval.work import ensure_worker, work

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from ingest.worker import Children
    from retrieval.fusion import Fusion
    from retrieval.search import Candidate, Scope
    from retrieval.training.door import Training

_REMEMBERED_QUESTIONS = 64
SWITCH_S = 0.3  # so long a question waits for another Model before it is answered by words


class Library:
    """One folder of documents that can be asked. Several processes may use it at once; long work is one worker's.

    `embedder` replaces the current Model's (for tests and embedding of your own); the work then runs in a thread of this
    process. Raises StoreError when the folder cannot be used.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        embedder: Embedder | None = None,
        reranker: Reranker | None = None,
        limits: Limits | None = None,
        cache: Path | None = None,
    ) -> None:
        self.path = Path(path).expanduser().resolve()
        self.limits = limits or Limits()
        self.store = Store(self.path)
        self.blobs = Blobs(self.path / "blobs")
        self.cache = Cache(cache)
        self._children: Children | None = None
        self.reranker = reranker
        self.models = Models(self, embedder)
        self.documents = Documents(self)
        self.labels = Labels(self)
        self.jobs = Jobs(self)
        bin.sweep(self.store, self.blobs, self.cache)  # of an erasure that was cut off
        self._in_process = embedder is not None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._asking = threading.Lock()
        self._making = threading.Lock()
        self._questions: OrderedDict[tuple[str, str], Floats] = OrderedDict()
        self._loading: threading.Thread | None = None
        self._scope: tuple[object, Scope] | None = None

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        if self._loading is not None:
            self._loading.join()
        if "_beside" in self.__dict__:
            self._beside.shutdown()
        if self._children is not None:
            self._children.close()
        self.cache.close()
        self.store.close()

    @cached_property
    def training(self) -> Training:
        """How far people are from a better Model, and the retrain."""
        from retrieval.training.door import Training

        return Training(self)

    @property
    def children(self) -> Children:
        """The processes that parse for this one: pictures, layout. Made when first wanted."""
        from ingest.worker import Children

        with self._making:
            if self._children is None:
                self._children = Children(count=2, limits=self.limits)
        return self._children

    @cached_property
    def _beside(self) -> ThreadPoolExecutor:
        """Embeds a question while its words are looked up."""
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(1, "question")

    # work

    def work(self, token: str | None = None) -> None:
        """Does the library's long work in this thread until none is left; returns at once while another worker lives."""
        from ingest.worker import Children
        from retrieval.pipeline import Pipeline
        from retrieval.training.job import Trainer

        trainer = Trainer(self, in_process=self._in_process, stopping=self._stop.is_set)
        pipeline = Pipeline(self.store, self.blobs, self.cache, Children(count=2, limits=self.limits), self.models.load)
        try:
            self.documents.empty_expired()
            bin.tidy(self.store, self.blobs)
            work(self.store, lambda: trainer.step() or pipeline.step(), token=token, stop=self._stop)
        finally:
            trainer.close()
            pipeline.close()

    def wake(self) -> None:
        """Makes sure that somebody works on what was enqueued."""
        ensure_worker(self.store, self._start_thread if self._in_process else None)

    def _start_thread(self, token: str) -> None:
        self._thread = threading.Thread(target=self.work, args=(token,), name="worker", daemon=True)
        self._thread.start()

    # documents in

    def add(
        self,
        paths: Sequence[Path | str],
        *,
        tags: Sequence[str] = (),
        copy: bool = False,
        wait: bool = True,
        names: Mapping[Path, str] | None = None,
        ocr: bool = True,
        progress: Callable[[Job], None] | None = None,
    ) -> Added:
        """Files and folders. Searchable by words within seconds; `wait` returns when all stages are done.

        `names` gives files other names (uploads: the path as dropped). Files are referenced in place unless `copy`.
        `ocr=False` leaves text in pictures unread. Nothing raises for a bad file: it is in the result's `refused`.
        """
        from retrieval.adding import add_files

        given = {Path(path): PurePath(name) for path, name in (names or {}).items()}
        job, added = add_files(self.store, self.blobs, [Path(p) for p in paths], tags, copy, given, self.limits, ocr)
        return self._followed(job, added, wait, progress)

    def add_texts(
        self,
        texts: Iterable[tuple[str, str]],
        *,
        wait: bool = True,
        progress: Callable[[Job], None] | None = None,
    ) -> Added:
        """(name, text) pairs, each a document of one page without a picture: a benchmark's `corpus.jsonl`."""
        from retrieval.adding import add_texts

        job, added = add_texts(self.store, texts)
        return self._followed(job, added, wait, progress)

    def _followed(self, job: int | None, added: Added, wait: bool, progress: Callable[[Job], None] | None) -> Added:
        if job is None:
            return added
        self.wake()
        if wait:
            self.jobs.wait(job, progress)
        from retrieval import hits

        return hits.after_work(self.store, job, added, finished=wait)

    # questions

    @property
    def ready(self) -> bool:
        """The current Model is loaded: questions are answered by meaning too."""
        return self.models.loaded

    def prepare(self) -> None:
        """Loads the current Model, its reranker and the vectors now."""
        self.models.answering()
        self.models.reranker()

    def loading_in_background(self) -> None:
        """Starts `prepare` in a thread; until it is done questions are answered by words."""
        if self._loading is None:
            self._load(self._prepare_first)

    def _load(self, prepare: Callable[[], None]) -> None:
        self._loading = threading.Thread(target=prepare, name="loading", daemon=True)
        self._loading.start()

    def _prepare_first(self) -> None:
        self._prepare_quietly()
        self.documents.empty_expired()

    def _prepare_quietly(self) -> None:
        with self.models.noting_trouble():
            self.prepare()

    def search(
        self,
        query: str,
        *,
        top: int = 10,
        kind: Kind | None = None,
        document: str | None = None,
        tag: str | None = None,
        rerank: bool = True,
        places: int = 0,
    ) -> SearchResult:
        """The best hits. `places`: for so many of the first Hits the place is narrowed by layout (about .3 s each).

        While `loading_in_background` is not done the answer is by words only, and says so. NotFound for a `document`
        that is not here.
        """
        from retrieval import fulltext, hits, search, spelling

        started = time.perf_counter()
        db = self.store.read()
        document_ids = None if document is None else [self.documents.row(document).id]
        within = search.scope(db, kind, document_ids, tag)
        why_words = self._why_words_only()
        ordered = self._candidates(query, within, "full", rerank, by_words=why_words is not None)
        with self.store.snapshot():
            found = hits.hits(
                db,
                ordered[:top],
                query=query,
                fusion=self.fusion,
                judged=label_store.of_query(db, query),
                generation=self.models.generation_id,
            )
        for place, hit in enumerate(found[:places]):
            found[place] = replace(hit, region=self.place(hit.page_id, query))
        return SearchResult(
            query=query,
            hits=found,
            searched=within.size,
            seconds=time.perf_counter() - started,
            by_words_only=why_words,
            reading=document_store.unfinished(db),
            terms=tuple(fulltext.terms(query)),
            meant=None if any(hit.fits for hit in found) else spelling.meant(db, query),
        )

    def rank(
        self, query: str, *, stage: str = "full", top: int = 100, documents: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """(corpus id under the document's first name, score) best first. `stage`: words, vectors, fused or full.

        `documents` limits the candidates to some names. For measuring; loads the model and waits for it.
        """
        from retrieval import hits

        db = self.store.read()
        within = self._scope_of(documents)
        ordered = self._candidates(query, within, stage, rerank=True, by_words=stage == "words")
        with self.store.snapshot():
            return hits.ranked(db, ordered[:top], stage)

    def _scope_of(self, names: Sequence[str] | None) -> Scope:
        """The last one is remembered while the library stays as it is: measuring asks for the same again and again."""
        from retrieval import search

        db = self.store.read()
        key = (None if names is None else tuple(names), threading.get_ident(), change_counter(db))
        if self._scope is None or self._scope[0] != key:
            ids = None if names is None else [self.documents.row(name).id for name in names]
            self._scope = key, search.scope(db, None, ids, None)
        return self._scope[1]

    def evaluate(
        self,
        folder: Path | str,
        *,
        add: bool = False,
        split: str | None = None,
        corpus: str | None = None,
        ocr: bool = True,
        stage: str = "full",
        run: Path | str | None = None,
        progress: Callable[[Job | str], None] | None = None,
    ) -> dict[str, object]:
        """Figures on a folder of files with `queries.jsonl` and `qrels.tsv`; see `retrieval.evaluation.evaluate`."""
        from retrieval.evaluation import evaluate

        return evaluate(
            self, folder, add=add, split=split, corpus=corpus, ocr=ocr, stage=stage, run=run, progress=progress
        )

    @property
    def fusion(self) -> Fusion:
        """The current Model's."""
        return self.models.fusion()

    def _why_words_only(self) -> str | None:
        """Nobody waits for a model to load, also when another one was promoted, here or by another process."""
        if self._loading is None or self.models.loaded:
            return None
        with self._making:
            if not (self._loading.is_alive() or self.models.trouble):
                self._load(self._prepare_quietly)
                self._loading.join(SWITCH_S)  # a map on the question is there at once
        if self._loading.is_alive():
            return "loading"
        return None if self.models.trouble is None else str(self.models.trouble)

    def _candidates(self, query: str, within: Scope, stage: str, rerank: bool, by_words: bool) -> list[Candidate]:
        from retrieval import search

        db = self.store.read()
        with self._asking:
            now = None if by_words else self.models.answering()
            return search.candidates(
                db,
                query,
                within,
                fusion=self.fusion if now is None else now.fusion,
                index=None if now is None else now.index,
                vector=None if now is None else self._beside.submit(self.question_vector, query, now.embedder),
                embed=None if now is None else partial(self.question_vector, embedder=now.embedder),
                reranker=self._reranker(now) if rerank and stage == "full" else None,
                stage=stage,
            )

    def _reranker(self, now: Answering | None) -> Reranker | None:
        """The one that was given to this library, else that of the Model which answers."""
        return self.reranker or (None if now is None else self.models.reranker(now.model_id))

    def question_vector(self, query: str, embedder: Embedder | None = None) -> Floats:
        """(dim,) of the current Model; the last ones are remembered (paging, filters, the place on a page)."""
        embedder = embedder or self.models.embedder()
        key = (embedder.query_key, query)
        vector = self._questions.get(key)
        if vector is None:
            vector = embedder.embed_queries([PartInput(text=clean(query))])[0]
            with self._making:
                self._questions[key] = vector
                if len(self._questions) > _REMEMBERED_QUESTIONS:
                    self._questions.popitem(last=False)
        return vector

    def place(self, page_id: int, query: str) -> Box | None:
        """Where on a shown page the answer stands: the passage, narrowed to its table, picture or paragraph. Cached.

        None = the whole picture.
        """
        from retrieval.place import place_on_page

        return place_on_page(self, page_id, query)

    def doctor(self) -> dict[str, object]:
        """Versions, CPU abilities, the chosen precision, and whether the library on disk is whole."""
        from retrieval.doctor import report

        return report(self)
