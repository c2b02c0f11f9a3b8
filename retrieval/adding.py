"""Files become document rows and a job: named, hashed, known by content, refused early where the first bytes tell."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from ingest.passages import passages
from ingest.sniff import is_supported_name, sniff
from ingest.types import Box, FileKind, Kind, Limits, Line, Page, Refused, Source
from retrieval import fulltext
from retrieval.blobs import Blobs, sha256_of
from retrieval.store import documents, jobs, pages
from retrieval.store.db import Store
from retrieval.types import Added, JobState, Stage

TEXTS_A_COMMIT = 500
_SUBTITLES = {".srt", ".vtt"}


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    name: PurePath
    from_folder: bool


def _expand(paths: Sequence[Path], given: dict[Path, PurePath]) -> tuple[list[_File], list[tuple[str, str]]]:
    """All files in the order given, folders sorted, hidden files left out; and (name, reason) of paths that are not there."""
    files: list[_File] = []
    missing = []
    for path in paths:
        if path.is_dir():
            for folder, subfolders, names in os.walk(path):
                subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
                files += [
                    _File(found, given.get(found, PurePath(found)), True)
                    for name in sorted(names)
                    if not name.startswith(".") and (found := Path(folder) / name).is_file()
                ]
        elif path.is_file():
            files.append(_File(path, given.get(path, PurePath(path.absolute())), False))
        else:
            missing.append((path.name or str(path), "there is no such file or folder"))
    return files, missing


def add_files(
    store: Store,
    blobs: Blobs,
    paths: Sequence[Path],
    tags: Sequence[str],
    copy: bool,
    given: dict[Path, PurePath],
    limits: Limits,
    ocr: bool = True,
) -> tuple[int | None, Added]:
    """The job that reads them (None when nothing is new) and what was decided so far."""
    added = Added()
    files, missing = _expand(paths, given)
    with store.write() as db:
        job = jobs.insert(db, "ingest", None if ocr else jobs.NO_OCR)
    for name, reason in missing:
        _refuse(store, job, added, name, Refused(reason, "Check the path."))
    for file in files:
        try:
            kind = sniff(file.path, limits)
        except Refused as refusal:
            if file.from_folder and _is_other(file.path):
                reason = "its video brings it along" if file.path.suffix.lower() in _SUBTITLES else refusal.reason
                added.skipped.append({"document": file.name.name, "document_id": None, "reason": reason})
            else:
                _refuse(store, job, added, file.name.name, refusal)
            continue
        try:
            _add_file(store, blobs, job, added, file, kind, tags, copy)
        except (OSError, ValueError) as error:
            _refuse(
                store,
                job,
                added,
                file.name.name,
                Refused(f"it cannot be read: {error}", "Check the file and try again."),
            )
    if not added.added:
        with store.write() as db:
            jobs.finish(db, job, JobState.DONE, None)
        return None, added
    return job, added


def _is_other(path: Path) -> bool:
    """No file of ours by its name either: found in a folder, it is passed over and not refused."""
    return not is_supported_name(path)


def _refuse(store: Store, job: int, added: Added, name: str, refusal: Refused) -> None:
    with store.write() as db:
        documents.refuse(db, job, name, refusal.reason, refusal.remedy)
    added.refused.append({"document": name, "reason": refusal.reason, "remedy": refusal.remedy})


def _add_file(
    store: Store, blobs: Blobs, job: int, added: Added, file: _File, kind: FileKind, tags: Sequence[str], copy: bool
) -> None:
    stat = file.path.stat()
    sha256 = sha256_of(file.path)
    if copy and documents.by_sha(store.read(), sha256) is None:
        blobs.put_file(file.path, sha256)
    with store.write() as db:
        known = documents.by_sha(db, sha256)
        if known is not None:
            reason = _again(db, known, file, copy)
            name = documents.give_name(db, known.id, file.name)
            documents.add_tags(db, known.id, tags)
            first = documents.names(db, [known.id])[known.id][0]
            added.skipped.append({"document": name, "document_id": sha256, "reason": reason.format(name=first)})
            return
        path = None if copy else str(file.path.absolute())
        row = documents.insert(db, sha256, kind, path, stat.st_size, stat.st_mtime, job)
        name = documents.give_name(db, row, file.name)
        documents.add_tags(db, row, tags)
    added.added.append({"document": name, "document_id": sha256, "kind": str(kind.page_kind), "pages": None})


def _again(db: sqlite3.Connection, known: documents.DocumentRow, file: _File, copy: bool) -> str:
    """What the same bytes mean the second time: back from the bin, found again after a move, or nothing new."""
    if known.path is not None and not copy and not Path(known.path).exists():
        documents.set_place(db, known.id, str(file.path.absolute()), file.path.stat().st_mtime)
    if known.deleted is not None:
        documents.set_deleted(db, known.id, None)
        pages.index_document(db, known.id)
        return "it was in the bin and is back, as {name}"
    return "already here, as {name}"


def add_texts(store: Store, texts: Iterable[tuple[str, str]]) -> tuple[int | None, Added]:
    """One document of one page a text; known by the hash of name and text."""
    added = Added()
    batch: list[tuple[str, str]] = []
    with store.write() as db:
        job = jobs.insert(db, "ingest")
    for item in texts:
        batch.append(item)
        if len(batch) == TEXTS_A_COMMIT:
            _add_texts(store, job, batch, added)
            batch = []
    _add_texts(store, job, batch, added)
    return (job if added.added else None), added


def _add_texts(store: Store, job: int, batch: Sequence[tuple[str, str]], added: Added) -> None:
    with store.write() as db:
        for name, text in batch:
            data = f"{name}\n{text}".encode()
            sha256 = hashlib.sha256(data).hexdigest()
            if documents.by_sha(db, sha256) is not None:
                added.skipped.append({"document": name, "document_id": sha256, "reason": "already here"})
                continue
            row = documents.insert(db, sha256, FileKind.TEXT, None, len(data), None, job)
            documents.set_name(db, row, name)
            lines = [Line(line.strip(), Box(0.0, 0.0, 1.0, 1.0)) for line in _wrapped(text)]
            page = Page(1, Kind.PAGE, 0.0, 0.0, passages(lines, Source.TEXT))
            extra = fulltext.extra_tokens(text)
            pages.insert(db, row, page, title="", extra=extra, picture=None, has_picture=False)
            documents.set_stage(db, row, Stage.VECTORS)
            added.added.append({"document": name, "document_id": sha256, "kind": "page", "pages": 1})


def _wrapped(text: str, words: int = 20) -> Iterable[str]:
    """Lines of at most some 20 words: what a page's lines are to the passages."""
    for line in text.splitlines():
        found = line.split()
        for start in range(0, len(found), words):
            yield " ".join(found[start : start + words])
