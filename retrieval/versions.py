"""The Models as versions: lists, promoting and going back, verdicts and cards."""

from __future__ import annotations

import builtins
import sqlite3
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval import trained
from retrieval.errors import FolioscopeError, NotFound, NotReady
from retrieval.store import jobs, models, vectors
from retrieval.types import JobState, ModelInfo

if TYPE_CHECKING:
    from retrieval.library import Library
    from retrieval.training.types import Verdict


class Versions:
    """What needs no model in memory. A Model goes by its id or its name."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._store = library.store

    def folder(self, model_id: str) -> Path:
        """Where a Model that was trained here lies."""
        return trained.folder_of(self._library.path, model_id)

    # lists

    @property
    def current(self) -> ModelInfo:
        with self._store.snapshot() as db:
            return _infos(db, [models.current(db)])[0]

    def list(self) -> list[ModelInfo]:
        """Oldest first."""
        with self._store.snapshot() as db:
            return _infos(db, models.listed(db))

    def versions(self) -> builtins.list[ModelInfo]:
        """Newest first, the builtin one last; without those that nobody wanted."""
        with self._store.snapshot() as db:
            rows = [row for row in reversed(models.listed(db)) if row.discarded is None]
            return _infos(db, sorted(rows, key=lambda row: row.id == models.BUILTIN))

    def get(self, model_id: str) -> ModelInfo:
        with self._store.snapshot() as db:
            return _infos(db, [self.row(model_id)])[0]

    def row(self, model_id: str) -> models.ModelRow:
        return _known(models.get(self._store.read(), model_id), model_id)

    # what it came to

    def verdict(self, model_id: str) -> Verdict | None:
        """What was measured when it was trained; None for a Model that was not trained here."""
        report = models.report(self._store.read(), self.row(model_id).id)
        if report is None:
            return None
        from retrieval.training.report import loads

        return loads(report)

    def card(self, model_id: str) -> str:
        """Markdown: what it is, what it learned from and what it came to. Stays when the weights go."""
        row = self.row(model_id)
        path = self.folder(row.id) / trained.CARD_FILE
        if path.exists():
            return path.read_text("utf-8")
        if row.id == models.BUILTIN:
            return resources.files("retrieval.builtin").joinpath("MODEL_CARD.md").read_text("utf-8")
        revision = f", revision {row.revision}" if row.revision else ""
        return f"# {row.name}\n\nAdded from {row.location}{revision}, where its own card lies.\n"

    def rename(self, model_id: str, name: str) -> ModelInfo:
        """Refuses a name that another Model has."""
        row, name = self.row(model_id), " ".join(name.split())
        if not name:
            raise FolioscopeError("A model needs a name.")
        with self._store.write() as db:
            other = models.get(db, name)
            if other is not None and other.id != row.id:
                raise FolioscopeError(f"Another model is called {name}.", "Choose another name.")
            models.rename(db, row.id, name)
        return self.get(row.id)

    def export(self, model_id: str, folder: Path | str) -> Path:
        """Writes a new folder that plain sentence-transformers loads, with the card; the fusion stays behind."""
        from retrieval.training.export import export

        row = self.row(model_id)
        return export(self._library.models.load(row.id), None, Path(folder), self.card(row.id))

    # which one answers

    def promote(self, model_id: str, *, force: bool = False) -> ModelInfo:
        """Makes it answer from now on, in one transaction. Whether it is recommended is for the person to weigh.

        NotReady, with the progress, while its vectors are made for the first time, unless `force`. What was added since
        they were made follows in the background and answers by words meanwhile. In the answer `embedded` and `parts` are
        0: counting a library takes longer than promoting.
        """
        return self._switch(model_id, force, models.promote)

    def rollback(self, model_id: str | None = None) -> ModelInfo:
        """Goes back to a Model, by default to the one that answered before the current one. As `promote`, but what
        answered in between is no more on the way back."""
        return self._switch(model_id, True, models.go_back)

    def discard(self, model_id: str) -> None:
        """Nobody wants it: weights and vectors go in the background, the card stays. Refuses the current Model."""
        row = self.row(model_id)
        with self._store.write() as db:
            if row.id in (models.current(db).id, models.BUILTIN):
                raise FolioscopeError(f"{row.name} cannot be discarded.", "Promote another model first.")
            models.discard(db, row.id)
            if (job := jobs.embedding_of(db, row.id)) is not None:
                jobs.finish(db, job, JobState.CANCELLED, "the model was discarded")
        self._library.wake()

    def check_kept(self, row: models.ModelRow) -> None:
        """FolioscopeError when its weights are gone."""
        if row.dropped is not None:
            raise FolioscopeError(
                f"Of {row.name} only the card is left: the weights of older models are not kept.",
                "`folioscope models` shows which ones can answer.",
            )

    def _switch(
        self, model_id: str | None, force: bool, switch: Callable[[sqlite3.Connection, str], float]
    ) -> ModelInfo:
        with self._store.write() as db:
            row = self._wanted(db, model_id)
            if row.generation_id == models.current_generation(db) or vectors.up_to_date(db, row.generation_id):
                return _answers(row, switch(db, row.id), ready=True)
        return self._switch_and_follow(row, force, switch)

    def _wanted(self, db: sqlite3.Connection, model_id: str | None) -> models.ModelRow:
        """The Model of that id or name, or the one that answered before the current one."""
        row = models.before(db) if model_id is None else _known(models.get(db, model_id), model_id)
        if row is None:
            raise FolioscopeError("No other model answered before this one.", "`folioscope promote` takes any other.")
        self.check_kept(row)
        return row

    def _switch_and_follow(
        self, row: models.ModelRow, force: bool, switch: Callable[[sqlite3.Connection, str], float]
    ) -> ModelInfo:
        """It has vectors of its own, and may lack some. Looks through the library before the transaction, not within."""
        db = self._store.read()
        last, lacks = vectors.last_part(db), vectors.lacking(db, row.generation_id)
        if lacks and not (force or row.promoted is not None or vectors.was_whole(db, row.generation_id)):
            raise self._not_ready(row)
        with self._store.write() as db:
            row = self._wanted(db, row.id)
            now = switch(db, row.id)
            ready = not lacks and vectors.last_part(db) == last
            if not ready:
                embed_what_is_missing(db, row.id)
        if not ready:
            self._library.wake()
        return _answers(row, now, ready)

    def _not_ready(self, row: models.ModelRow) -> NotReady:
        """Its pages are being embedded: makes sure that they are."""
        with self._store.write() as db:
            embed_what_is_missing(db, row.id)
            parts, embedded = vectors.totals(db, row.generation_id)
        self._library.wake()
        share = 100 * embedded // max(parts, 1)
        return NotReady(
            f"{row.name} has embedded {embedded} of {parts} parts of the library ({share} %).",
            "It can be promoted when it is through; `folioscope jobs` shows the progress.",
        )


def _known(row: models.ModelRow | None, model_id: str) -> models.ModelRow:
    if row is None:
        raise NotFound(f"There is no model {model_id}.", "`folioscope models` lists them.")
    return row


def embed_what_is_missing(db: sqlite3.Connection, model_id: str) -> bool:
    """Makes sure that a job embeds what that Model has not seen yet; False when there is nothing, or one does already."""
    row = models.get(db, model_id)
    if row is None or not vectors.lacking(db, row.generation_id) or jobs.embedding_of(db, row.id) is not None:
        return False
    jobs.insert(db, "embed", row.id)
    return True


def _answers(row: models.ModelRow, since: float, ready: bool) -> ModelInfo:
    return _info(row._replace(promoted=since), current=True, ready=ready, embedded=0, parts=0)


def _infos(db: sqlite3.Connection, rows: list[models.ModelRow]) -> list[ModelInfo]:
    answers = models.current(db).id
    counts = {generation: vectors.totals(db, generation) for generation in {row.generation_id for row in rows}}
    ready = {
        generation: embedded == parts or not vectors.lacking(db, generation)  # paused documents are not waited for
        for generation, (parts, embedded) in counts.items()
    }
    found = []
    for row in rows:
        parts, embedded = counts[row.generation_id]
        found.append(_info(row, row.id == answers, ready[row.generation_id], embedded, parts))
    return found


def _info(row: models.ModelRow, current: bool, ready: bool, embedded: int, parts: int) -> ModelInfo:
    return ModelInfo(
        id=row.id,
        name=row.name,
        base=row.base,
        recipe=row.recipe,
        labels=row.labels,
        ndcg_at_10=row.ndcg,
        current=current,
        ready=ready and row.dropped is None,
        embedded=embedded,
        parts=parts,
        created=row.created,
        promoted=row.promoted,
        recommended=row.recommended,
        kept=row.dropped is None,
    )
