"""Files that come through the browser: streamed to the library's own disk, added, and the upload's copy removed.

A client's path is only ever a display name; on disk the file is called "upload" with a harmless ending.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath

from retrieval.errors import FolioscopeError

FOLDER = "uploads"
LONGEST_NAME = 240
SUBTITLES = frozenset({".srt", ".vtt"})
_ENDING = re.compile(r"\.[a-z0-9]{1,8}\Z")
_TICKET = re.compile(r"[0-9a-f]{32}\Z")


class UploadError(FolioscopeError):
    """A file that could not be taken in: too large, no room on the disk, or the connection broke."""


def display_name(given: str) -> str:
    """A client's (relative) path as a name to show: "../a\\b\\0.pdf" -> "a/b.pdf". Never used as a path."""
    given = given.replace("\\", "/").replace("\0", "")
    parts = [part.strip() for part in PurePosixPath(given).parts]
    kept = [part for part in parts if part not in ("", ".", "..", "/")]
    name = "/".join("".join(letter for letter in part if letter.isprintable()) for part in kept)
    return name[-LONGEST_NAME:] or "unnamed"


class Uploads:
    """The library's uploads folder. Folders carry the process id, so that what a killed server left is swept."""

    def __init__(self, library: Path, max_bytes: int) -> None:
        self.root = library / FOLDER
        self.max_bytes = max_bytes
        self.sweep()

    def sweep(self) -> None:
        """Removes what servers that no longer run have left."""
        for folder in self.root.glob("*-*") if self.root.is_dir() else ():
            pid = folder.name.partition("-")[0]
            if not (pid.isdigit() and pid != str(os.getpid()) and _alive(int(pid))):
                shutil.rmtree(folder, ignore_errors=True)

    def ticket(self) -> str:
        """A new, empty place for one file (and the subtitles that belong to it)."""
        ticket = secrets.token_hex(16)
        self.folder(ticket).mkdir(parents=True)
        return ticket

    def folder(self, ticket: str) -> Path:
        """Where that ticket's files lie, once it was given. Raises UploadError for what is no ticket."""
        if not _TICKET.match(ticket):
            raise UploadError("This upload has no such ticket", "Drop the files again.")
        return self.root / f"{os.getpid()}-{ticket}"

    async def receive(self, ticket: str, name: str, chunks: AsyncIterator[bytes], *, named: bool = False) -> Path:
        """Streams one file to disk and returns where it lies. Raises UploadError; then nothing of it is left.

        `named`: `name` is ours, not a client's, and the file gets it; several may lie under one ticket.
        """
        folder = self.folder(ticket)
        if not folder.is_dir():
            raise UploadError("This upload has no such ticket", "Drop the files again.")
        ending = _ENDING.search(name.lower())
        path = folder / (name if named else f"upload{ending.group() if ending else ''}")
        size = 0
        try:
            with path.open("xb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > self.max_bytes:
                        raise UploadError(
                            f"It is larger than {self.max_bytes // 10**6:,} MB", "Split it and drop the parts."
                        )
                    file.write(chunk)
        except OSError as error:
            self.discard(ticket)
            raise UploadError("It could not be stored", "Make room on the disk and drop it again.") from error
        except BaseException:
            # also when the browser is closed in the middle (the task is cancelled): nothing may stay behind
            self.discard(ticket)
            raise
        return path

    def discard(self, ticket: str) -> None:
        shutil.rmtree(self.folder(ticket), ignore_errors=True)

    def close(self) -> None:
        """Removes everything that this process holds here."""
        for folder in self.root.glob(f"{os.getpid()}-*"):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
