"""Files by content hash, written once: temporary name, fsync, rename. A file that exists is complete."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

CHUNK_BYTES = 1 << 20


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Blobs:
    """`<library>/blobs/ab/abcdef…`"""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def put(self, data: bytes) -> str:
        """Stores bytes and returns their sha256."""
        name = hashlib.sha256(data).hexdigest()
        target = self.path(name)
        if not target.exists():
            temporary = self._temporary(target)
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        return name

    def put_file(self, source: Path, sha256: str) -> None:
        """Stores a copy of a file whose hash is known; raises ValueError when its bytes changed meanwhile."""
        target = self.path(sha256)
        if target.exists():
            return
        temporary = self._temporary(target)
        digest = hashlib.sha256()
        with source.open("rb") as read, temporary.open("wb") as write:
            while block := read.read(CHUNK_BYTES):
                digest.update(block)
                write.write(block)
            write.flush()
            os.fsync(write.fileno())
        if digest.hexdigest() != sha256:
            temporary.unlink()
            raise ValueError(f"{source.name} changed while it was read")
        temporary.replace(target)

    def put_beside(self, source: Path, sha256: str) -> None:
        """Keeps a small file (a video's subtitles) beside a stored one, under the same name with its own ending."""
        target = self.path(sha256)
        temporary = self._temporary(target)
        temporary.write_bytes(source.read_bytes())
        temporary.replace(target.with_name(f"{sha256}{source.suffix.lower()}"))

    def get(self, sha256: str) -> bytes:
        return self.path(sha256).read_bytes()

    def delete(self, sha256: str) -> None:
        """The file and what is kept beside it."""
        path = self.path(sha256)
        path.unlink(missing_ok=True)
        for beside in path.parent.glob(f"{sha256}.*"):
            beside.unlink(missing_ok=True)

    def _temporary(self, target: Path) -> Path:
        target.parent.mkdir(parents=True, exist_ok=True)
        return target.with_name(f".{target.name[:16]}-{secrets.token_hex(6)}")
