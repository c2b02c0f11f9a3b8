"""`library.documents`: lists, names, tags, the bin, and the pictures and files behind them."""

from __future__ import annotations

import builtins
import io
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.types import FileKind, PageRef, Refused, Sized
from retrieval import bin
from retrieval.corpus_ids import Parsed, corpus_id, parse
from retrieval.errors import FolioscopeError, NotFound
from retrieval.originals import original
from retrieval.rates import measured
from retrieval.store import documents, pages, vectors
from retrieval.store import fulltext as fulltext_store
from retrieval.types import DocumentInfo, PageInfo, Refusal, Stage

if TYPE_CHECKING:
    from PIL import Image

    from retrieval.library import Library

BIN_S = 30 * 86400.0
PLAYABLE_S = 60.0


class Documents:
    """What the library holds. Names are any of a document's names, or its sha256 (8 digits are enough)."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._store = library.store

    # lists

    def row(self, name: str) -> documents.DocumentRow:
        row = documents.find(self._store.read(), name)
        if row is None:
            raise NotFound(f"There is no document named {name}.", "`folioscope list` shows the names.")
        return row

    def get(self, name: str) -> DocumentInfo:
        with self._store.snapshot():
            return self._infos([self.row(name)])[0]

    def list(self, kind: FileKind | None = None, tag: str | None = None, deleted: bool = False) -> list[DocumentInfo]:
        """Newest first; `deleted`: those in the bin."""
        with self._store.snapshot() as db:
            return self._infos(documents.listed(db, kind, tag, deleted))

    def counts(self) -> dict[str, int]:
        """`documents`, `pages`, `bytes`, and the files of each kind, of what is live, and `deleted` in the bin."""
        return documents.counts(self._store.read())

    def _infos(self, rows: Sequence[documents.DocumentRow]) -> builtins.list[DocumentInfo]:
        db = self._store.read()
        ids = [row.id for row in rows]
        names, tags, tallies = documents.names(db, ids), documents.tags(db, ids), pages.tallies(db, ids)
        embedded = vectors.tallies(db, self._library.models.generation_id, ids)
        seconds = measured(db)
        infos = []
        for row in rows:
            tally = tallies.get(row.id, pages.Tally(0, None, None, 0, 0, 0))
            parts, done = embedded[row.id]
            left = None
            if row.stage is not Stage.DONE and not row.paused:
                work = {"text": parts - done, "ocr": tally.ocr_pages - tally.ocr_done}
                if all(unit in seconds for unit, number in work.items() if number):
                    left = sum(number * seconds[unit] for unit, number in work.items() if number)
            infos.append(
                DocumentInfo(
                    id=row.sha256,
                    name=names[row.id][0],
                    names=tuple(names[row.id]),
                    kind=row.kind,
                    tags=tuple(tags[row.id]),
                    pages=tally.pages,
                    stage=row.stage,
                    paused=row.paused,
                    added=row.added,
                    size_bytes=row.size,
                    deleted=row.deleted,
                    duration_s=tally.duration_s,
                    missing=row.path is not None and not Path(row.path).exists(),
                    used_ocr=tally.read_by_ocr > 0,
                    parts=parts,
                    parts_embedded=done,
                    ocr_pages=tally.ocr_pages,
                    ocr_done=tally.ocr_done,
                    skipped_pages=tuple(pages.errors(db, row.id)),
                    cover_page_id=tally.cover,
                    seconds_left=left,
                )
            )
        return infos

    # tags, pause

    def tags(self) -> builtins.list[tuple[str, int]]:
        """(tag, how many live documents have it), by name."""
        return documents.all_tags(self._store.read())

    def tag(self, name: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> DocumentInfo:
        row = self.row(name)
        with self._store.write() as db:
            documents.add_tags(db, row.id, [tag.strip() for tag in add if tag.strip()])
            documents.remove_tags(db, row.id, remove)
        return self.get(row.sha256)

    def pause(self, name: str) -> None:
        """Its work stops; what was done stays searchable."""
        row = self.row(name)
        with self._store.write() as db:
            documents.set_paused(db, row.id, True)

    def resume(self, name: str) -> None:
        row = self.row(name)
        with self._store.write() as db:
            bin.go_on(db, row.id)
        self._library.wake()

    def resume_all(self) -> int:
        """Whatever is paused goes on; how many documents."""
        with self._store.write() as db:
            paused = [row.id for row in documents.listed(db) if row.paused and row.stage is not Stage.DONE]
            for document_id in paused:
                bin.go_on(db, document_id)
        self._library.wake()
        return len(paused)

    def unfinished(self) -> tuple[int, int]:
        """How many documents are still being read, and how many more are paused."""
        db = self._store.read()
        return documents.unfinished(db), documents.unfinished(db, paused=True)

    # the bin

    def remove(self, names: Sequence[str], for_good: bool = False) -> builtins.list[str]:
        """Into the bin (30 days), or for good: then nothing of it is left on disk. Returns the first names.

        All or nothing for unknown names: NotFound is raised before anything is removed.
        """
        rows = list({row.id: row for row in (self.row(name) for name in names)}.values())
        first = documents.names(self._store.read(), [row.id for row in rows])
        if for_good:
            self._erase(rows)
        else:
            with self._store.write() as db:
                for row in rows:
                    if row.deleted is None:
                        fulltext_store.unindex_document(db, row.id)
                        documents.set_deleted(db, row.id, time.time())
        return [first[row.id][0] for row in rows]

    def restore(self, names: Sequence[str]) -> builtins.list[str]:
        """Out of the bin. NotFound for one that is not there."""
        rows = [self.row(name) for name in names]
        with self._store.write() as db:
            for row in rows:
                bin.bring_back(db, row)
                bin.go_on(db, row.id)
        self._library.wake()
        first = documents.names(self._store.read(), [row.id for row in rows])
        return [first[row.id][0] for row in rows]

    def empty_expired(self) -> int:
        """Erases what has been in the bin for 30 days; how many."""
        rows = documents.expired(self._store.read(), time.time() - BIN_S)
        if rows:
            self._erase(rows)
        return len(rows)

    def _erase(self, rows: Sequence[documents.DocumentRow]) -> None:
        bin.erase(self._store, rows)
        bin.sweep(self._store, self._library.blobs, self._library.cache)

    # refusals

    def refusals(self) -> builtins.list[Refusal]:
        """Files that were not added, until dismissed; newest first."""
        return documents.refusals(self._store.read())

    def dismiss(self, refusal_id: int) -> None:
        with self._store.write() as db:
            documents.dismiss(db, refusal_id)

    # pages

    def _page(self, page_id: int) -> tuple[pages.PageRow, documents.DocumentRow]:
        db = self._store.read()
        page = pages.get(db, [page_id]).get(page_id)
        document = None if page is None else documents.by_id(db, page.document_id)
        if page is None or document is None:
            raise NotFound("That page is not in the library any more.")
        return page, document

    def page(self, page_id: int) -> PageInfo:
        with self._store.snapshot():
            return self._page_info(page_id)

    def _page_info(self, page_id: int) -> PageInfo:
        page, document = self._page(page_id)
        db = self._store.read()
        name = documents.names(db, [document.id])[document.id][0]
        before, after = pages.neighbours(db, page)
        return PageInfo(
            id=page.id,
            document=name,
            document_id=document.sha256,
            corpus_id=corpus_id(name, document.kind, page),
            kind=page.kind,
            number=page.number,
            pages=pages.tallies(db, [document.id])[document.id].pages,
            width=page.width,
            height=page.height,
            start_s=page.start_s,
            end_s=page.end_s,
            file_kind=document.kind,
            text=page.text,
            previous_id=before,
            next_id=after,
        )

    def resolve(self, text: str) -> int:
        """Page id of a corpus id: any name of the document; a span finds the moment that holds its middle."""
        parsed = parse(text)
        db = self._store.read()
        row = documents.find(db, parsed.name)
        if row is None:  # a name that was not encoded
            row, parsed = documents.find(db, text), Parsed(text)
        page = None
        if row is not None:
            if parsed.start_s is not None and parsed.end_s is not None:
                page = pages.at_second(db, row.id, (parsed.start_s + parsed.end_s) / 2)
            else:
                page = pages.numbered(db, row.id, 1 if parsed.page is None else parsed.page)
        if page is None:
            raise NotFound(f"There is no page {text}.", "`folioscope search` prints the ids that exist.")
        return page.id

    def picture(self, page_id: int, longest_px: int) -> Sized:
        """The page as JPEG, its longest side at most `longest_px`; the thumbnail when the original is gone."""
        page, document = self._page(page_id)
        if page.picture is not None:
            return self._stored(page.picture)
        if document.kind is FileKind.TEXT:
            raise NotFound("A text has no picture.")
        try:
            path = self.original_path(document)
            return self._library.children.encoded(path, document.kind, PageRef(page.number, page.key_s), longest_px)
        except (ValueError, OSError, Refused, FolioscopeError):
            if page.thumbnail is None:
                raise NotFound(
                    "This page cannot be drawn: its file is gone or damaged.", "Add the file again."
                ) from None
            return self._stored(page.thumbnail)

    def thumbnail(self, page_id: int) -> Sized:
        """Small JPEG; stored, so that it survives a missing original."""
        from retrieval.pipeline import THUMBNAIL_PX, thumbnail_of

        page, _ = self._page(page_id)
        if page.thumbnail is not None and self._library.blobs.path(page.thumbnail).exists():
            return self._stored(page.thumbnail)
        made = self.picture(page_id, THUMBNAIL_PX)
        blob = self._library.blobs.put(made.data if page.picture is None else thumbnail_of(_opened(made.data)))
        with self._store.write() as db:
            pages.set_thumbnail(db, page.id, blob)
        stored = self._stored(blob)
        bin.discard(self._store, self._library.blobs, [blob])  # the page may have been erased meanwhile
        return stored

    def _stored(self, blob: str) -> Sized:
        try:
            data = self._library.blobs.get(blob)
        except FileNotFoundError:
            raise NotFound("This picture is gone from the library's folder.", "Add the file again.") from None
        width, height = _opened(data).size
        return Sized(data, width, height)

    # originals

    def original_path(self, row: documents.DocumentRow) -> Path:
        """NotFound when it is gone, or is not what it was."""
        try:
            return original(self._store, self._library.blobs, row)
        except Refused as refusal:
            name = documents.names(self._store.read(), [row.id])[row.id][0]
            raise NotFound(f"{name}: {refusal.reason}.", refusal.remedy) from None

    def original(self, document_id: str) -> tuple[Path, FileKind, str]:
        """(path, kind, name for a download); NotFound when it is gone."""
        row = self.row(document_id)
        name = documents.names(self._store.read(), [row.id])[row.id][0]
        return self.original_path(row), row.kind, Path(name).name

    def playable(self, document_id: str, at_s: float) -> tuple[Path, float]:
        """A file that browsers play, and the second of it that is the asked one: the original, or a cached H.264 copy
        of the minute around it. A damaged video is given as it is: the browser plays what it can."""
        from ingest.playable import make_copy, needs_copy

        row = self.row(document_id)
        path = self.original_path(row)
        minute = int(at_s // PLAYABLE_S)
        copy = bin.playable_folder(self._library.path, row.sha256) / f"{minute}.mp4"
        try:
            if not needs_copy(path):
                return path, at_s
            if not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                make_copy(path, copy, minute * PLAYABLE_S, PLAYABLE_S)
        except ValueError:
            return path, at_s
        return copy, at_s - minute * PLAYABLE_S


def _opened(data: bytes) -> Image.Image:
    from PIL import Image  # here, for commands that show no picture start without it

    return Image.open(io.BytesIO(data))
