"""`library.labels`: people's judgements."""

from __future__ import annotations

import builtins
import hashlib
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.corpus_ids import corpus_id
from retrieval.errors import FolioscopeError, NotFound
from retrieval.importing import take
from retrieval.store import documents, labels, pages, questions
from retrieval.types import Label

if TYPE_CHECKING:
    from retrieval.library import Library
    from retrieval.training.types import JudgedQuestion


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
        from retrieval.training.types import JudgedQuestion

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

    def import_file(self, path: Path | str, *, dry_run: bool = False) -> dict[str, object]:
        """Judgements from a file or folder whose name says its form, see `retrieval.label_files`; the later one wins.

        {"imported", "already": how many, "unknown": [corpus ids], "conflicts": [{"query", "corpus_id", "relevant", "wins"}]}:
        a conflict is a Page judged right and wrong for one question, `relevant` is what holds from now on, and `wins` says
        whether the "file" or the "library" says so. `dry_run` only says what would be done. Raises FormatError.
        """
        from retrieval import label_files

        read = label_files.read(Path(path))
        places = self._places({label.corpus_id for label in read})
        if dry_run:
            with self._store.snapshot() as db:
                return take(db, read, places, store=False)
        with self._store.write() as db:
            return take(db, read, places, store=True)

    def _places(self, corpus_ids: Iterable[str]) -> dict[str, int]:
        """Page ids of those that are in the library."""
        found = {}
        for name in corpus_ids:
            try:
                found[name] = self._library.documents.resolve(name)
            except NotFound:
                continue
        return found

    def export_file(self, path: Path | str) -> int:
        """Writes all judgements, oldest first, in the form that the name says; how many. Raises FormatError."""
        from retrieval import label_files

        rows = list(reversed(self.list()))
        label_files.write(Path(path), rows, self._text)
        return len(rows)

    def _text(self, name: str) -> str:
        page_id = self._library.documents.resolve(name)
        return pages.get(self._store.read(), [page_id])[page_id].text

    def digest(self) -> str:
        """64 hex digits of what is judged how, whatever the documents are called and whenever it was said."""
        with self._store.snapshot() as db:
            rows = labels.listed(db)
            found = pages.get(db, list({row.page_id for row in rows}), brief=True)
            ids = {page.document_id for page in found.values()}
            bytes_of = {i: row.sha256 for i in ids if (row := documents.by_id(db, i)) is not None}
        said = sorted(
            [row.query, bytes_of[page.document_id], page.number, row.relevant]
            for row in rows
            if (page := found.get(row.page_id)) is not None
        )
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()
