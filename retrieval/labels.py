"""`library.labels`: people's judgements."""

from __future__ import annotations

import builtins
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.corpus_ids import corpus_id
from retrieval.errors import FolioscopeError, NotFound
from retrieval.store import documents, labels, pages, questions
from retrieval.training.types import JudgedQuestion
from retrieval.types import Label

if TYPE_CHECKING:
    from retrieval.library import Library


class Labels:
    def __init__(self, library: Library) -> None:
        self._library = library
        self._store = library.store

    def set(self, query: str, page: str | int, relevant: bool | None, source: str = "app") -> None:
        """Judges a Page (corpus id or page id) for a question; None takes the judgement back."""
        if not questions.text_of(query):
            raise FolioscopeError("A judgement needs a question.", "Ask first, then judge an answer.")
        page_id = self._library.documents.resolve(page) if isinstance(page, str) else page
        with self._store.write() as db:
            if relevant is None:
                labels.drop(db, query, page_id)
            elif page_id not in pages.get(db, [page_id]):
                raise NotFound("That page is not in the library any more.")
            else:
                labels.put(db, query, page_id, relevant, source)

    def list(self) -> list[Label]:
        """Newest first."""
        with self._store.snapshot() as db:
            return self._listed(db)

    def _listed(self, db: sqlite3.Connection) -> builtins.list[Label]:
        rows = labels.listed(db)
        found = pages.get(db, list({row.page_id for row in rows}))
        ids = list({page.document_id for page in found.values()})
        names = documents.names(db, ids)
        kinds = {i: row.kind for i in ids if (row := documents.by_id(db, i)) is not None}
        return [
            Label(
                row.query,
                corpus_id(names[page.document_id][0], kinds[page.document_id], page),
                row.relevant,
                row.source,
                row.at,
            )
            for row in rows
            if (page := found.get(row.page_id)) is not None
        ]

    def questions(self, *, settle: bool = False) -> builtins.list[JudgedQuestion]:
        """Judged questions, the one judged first at first. `settle`: with their side for ever, which loads the builtin
        model when some have none yet; else the side of those is what their hash says."""
        from retrieval.training.heldout import by_hash

        if settle:
            self.settle()
        with self._store.snapshot() as db:
            rows = questions.judged(db)
            pages_of: dict[str, tuple[set[int], set[int]]] = {row.text: (set(), set()) for row in rows}
            for label in labels.listed(db):
                if label.query in pages_of:
                    pages_of[label.query][0 if label.relevant else 1].add(label.page_id)
        return [
            JudgedQuestion(
                row.text,
                frozenset(pages_of[row.text][0]),
                frozenset(pages_of[row.text][1]),
                by_hash(row.text) if row.held_out is None else row.held_out,
                row.held_out is not None,
            )
            for row in rows
        ]

    def settle(self) -> int:
        """Gives judged questions their side, see `retrieval.training.heldout`; how many had none yet."""
        if not questions.unsettled(self._store.read()):
            return 0
        from retrieval.training.assign import settle

        return settle(self._store, self._library.models.builtin())

    def import_csv(self, path: Path) -> dict[str, object]:
        """{"imported", "already", "unknown": [corpus ids]}; the later judgement of a pair wins."""
        from retrieval.formats import read_labels

        imported = already = 0
        unknown: list[str] = []
        for label in read_labels(path):
            try:
                page_id = self._library.documents.resolve(label.corpus_id)
            except NotFound:
                unknown.append(label.corpus_id)
                continue
            with self._store.write() as db:
                fresh = labels.put(db, label.query, page_id, label.relevant, label.source, label.when)
            imported += fresh
            already += not fresh
        return {"imported": imported, "already": already, "unknown": list(dict.fromkeys(unknown))}

    def export_csv(self, path: Path) -> int:
        """Writes all judgements, oldest first; how many."""
        from retrieval.formats import write_labels

        rows = list(reversed(self.list()))
        write_labels(path, rows)
        return len(rows)
