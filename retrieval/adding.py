"""Files become document rows and a job: named, hashed, known by content, refused early where the first bytes tell."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePath

from ingest.passages import passages
from ingest.sniff import is_supported_name, sniff
from ingest.subtitles import files_beside
from ingest.types import Box, FileKind, Kind, Limits, Line, Page, Refused, Source
from retrieval import bin, fulltext
from retrieval.blobs import Blobs, sha256_of
from retrieval.store import documents, jobs, pages
from retrieval.store.db import Store, clean
from retrieval.types import BACK, Added, JobState, Stage

TEXTS_A_COMMIT = 500
_SUBTITLES = {".srt", ".vtt"}
_OUR_SUFFIXES = {
    f".{suffix}"
    for suffix in (
        "pdf apng avif bmp dib gif heic heif ico j2k jfif jp2 jpe jpeg jpg jpx pbm pcx pgm png pnm ppm qoi tga tif tiff webp"
        " 3gp avi flv m2ts m4v mkv mov mp4 mpeg mpg mts ogv ts vob webm wmv"
    ).split()
}


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
        if os.path.isdir(path):  # unlike Path.is_dir, it takes names that no file can have
            for folder, subfolders, names in os.walk(path):
                subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
                files += [
                    _File(found, given.get(found, PurePath(found)), True)
                    for name in sorted(names)
                    if not name.startswith(".") and (found := Path(folder) / name).is_file()
                ]
        elif os.path.isfile(path):
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
    """The job that reads them (None when there is nothing to read) and what was decided so far."""
    adding = _Adding(store, blobs, [tag.strip() for tag in tags if tag.strip()], copy, ocr)
    files, missing = _expand(paths, given)
    for name, reason in missing:
        adding.refuse(name, Refused(reason, "Check the path."))
    for file in files:
        if adding.cancelled():
            break
        try:
            kind = sniff(file.path, limits)
        except Refused as refusal:
            if file.from_folder and not named_as_ours(file.path):
                reason = "its video brings it along" if file.path.suffix.lower() in _SUBTITLES else refusal.reason
                adding.skip(file.name.name, None, reason)
            else:
                adding.refuse(file.name.name, refusal)
            continue
        try:
            adding.add(file, kind)
        except UnicodeEncodeError:
            adding.refuse(file.name.name, Refused("its name is not text", "Rename it and add it again."))
        except (OSError, ValueError) as error:
            adding.refuse(file.name.name, Refused(f"it cannot be read: {error}", "Check the file and try again."))
    return adding.job, adding.added


def named_as_ours(path: Path) -> bool:
    """A name that promises a PDF, picture or video. Others that were found in a folder are passed over, not refused."""
    return is_supported_name(path) and path.suffix.lower() in _OUR_SUFFIXES


class _Adding:
    """What one `add` has done. Its job is made with the first document: a worker that is awake would end an empty one."""

    def __init__(self, store: Store, blobs: Blobs, tags: Sequence[str], copy: bool, ocr: bool) -> None:
        self.store, self.blobs = store, blobs
        self.tags, self.copy, self.ocr = tags, copy, ocr
        self.job: int | None = None
        self.added = Added()

    def cancelled(self) -> bool:
        job = None if self.job is None else jobs.get(self.store.read(), self.job)
        return job is not None and job.state is JobState.CANCELLED

    def refuse(self, name: str, refusal: Refused) -> None:
        shown = clean(name)
        with self.store.write() as db:
            documents.refuse(db, None, shown, refusal.reason, refusal.remedy)
        self.added.refused.append({"document": shown, "reason": refusal.reason, "remedy": refusal.remedy})

    def skip(self, name: str, sha256: str | None, reason: str) -> None:
        shown = clean(name)
        self.added.skipped.append({"document": shown, "document_id": sha256, "reason": reason})

    def add(self, file: _File, kind: FileKind) -> None:
        """Raises OSError, and ValueError for a file that changes under our hands or has no proper name."""
        stat = file.path.stat()
        sha256 = sha256_of(file.path)
        if self.copy and documents.by_sha(self.store.read(), sha256) is None:
            self.blobs.put_file(file.path, sha256)
            for subtitles in files_beside(file.path)[:1] if kind is FileKind.VIDEO else ():
                self.blobs.put_beside(subtitles, sha256)
        with self.store.write() as db:
            if self.cancelled():
                return
            job = self._job(db)
            known = documents.by_sha(db, sha256)
            if known is None:
                if self.copy:
                    self.blobs.put_file(file.path, sha256)  # again, if someone has erased the same bytes meanwhile
                path = None if self.copy else str(file.path.absolute())
                row = documents.insert(db, sha256, kind, path, stat.st_size, stat.st_mtime, job)
                reason = None
            else:
                row, reason = known.id, self._again(db, known, file)
            name = documents.give_name(db, row, file.name)
            documents.add_tags(db, row, self.tags)
            first = documents.names(db, [row])[row][0]
            if known is None or bin.go_on(db, known.id, job):
                jobs.reopen(db, job)  # a worker that is awake may have ended it after the file before
                self.job = job
            elif self.job is None:
                jobs.drop(db, job)
        if reason is None:
            self.added.added.append(
                {"document": name, "document_id": sha256, "kind": str(kind.page_kind), "pages": None}
            )
        else:
            self.skip(name, sha256, reason.replace("{name}", first))

    def _job(self, db: sqlite3.Connection) -> int:
        return self.job if self.job is not None else jobs.insert(db, "ingest", None if self.ocr else jobs.NO_OCR)

    def _again(self, db: sqlite3.Connection, known: documents.DocumentRow, file: _File) -> str:
        """What the same bytes mean the second time: back from the bin, found again after a move, or nothing new."""
        if known.path is not None and not Path(known.path).exists():
            if self.copy:
                self.blobs.put_file(file.path, known.sha256)
                documents.set_place(db, known.id, None, None)
            else:
                documents.set_place(db, known.id, str(file.path.absolute()), file.path.stat().st_mtime)
        if known.deleted is not None:
            bin.bring_back(db, known)
            return f"{BACK}{{name}}"
        return "already here, as {name}"


def add_texts(store: Store, texts: Iterable[tuple[str, str]]) -> tuple[int | None, Added]:
    """One document of one page a text; known by the hash of name and text."""
    added = Added()
    job: int | None = None
    remaining = iter(texts)
    while batch := list(islice(remaining, TEXTS_A_COMMIT)):
        job = _add_texts(store, job, batch, added)
    return job, added


def _add_texts(store: Store, job: int | None, batch: Sequence[tuple[str, str]], added: Added) -> int | None:
    """The job, made with the first new text."""
    with store.write() as db:
        for name, text in ((clean(name), clean(text)) for name, text in batch):
            data = f"{name}\n{text}".encode()
            sha256 = hashlib.sha256(data).hexdigest()
            if documents.by_sha(db, sha256) is not None:
                added.skipped.append({"document": name, "document_id": sha256, "reason": "already here"})
                continue
            if job is None:
                job = jobs.insert(db, "ingest")
            row = documents.insert(db, sha256, FileKind.TEXT, None, len(data), None, job)
            documents.set_name(db, row, name)
            lines = [Line(line.strip(), Box(0.0, 0.0, 1.0, 1.0)) for line in _wrapped(text)]
            page = Page(1, Kind.PAGE, 0.0, 0.0, passages(lines, Source.TEXT))
            extra = fulltext.extra_tokens(text)
            pages.insert(db, row, page, title="", extra=extra, picture=None, has_picture=False)
            documents.set_stage(db, row, Stage.VECTORS)
            added.added.append({"document": name, "document_id": sha256, "kind": "page", "pages": 1})
        if job is not None:
            jobs.reopen(db, job)  # a worker that is awake may have ended it after the batch before
    return job


def _wrapped(text: str, words: int = 20) -> Iterable[str]:
    """Lines of at most some 20 words: what a page's lines are to the passages."""
    for line in text.splitlines():
        found = line.split()
        for start in range(0, len(found), words):
            yield " ".join(found[start : start + words])
