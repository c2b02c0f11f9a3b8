"""Which reader reads what. Each is imported when it is first asked for, so that a child process starts fast."""

from __future__ import annotations

from ingest.types import FileKind, Reader


def reader_for(kind: FileKind) -> Reader:
    """A reader of its own for the caller; raises ValueError for texts, which come without a file."""
    match kind:
        case FileKind.PDF:
            from ingest.pdf import PdfReader

            return PdfReader()
        case FileKind.SCAN:
            from ingest.scan import ScanReader

            return ScanReader()
        case FileKind.IMAGE:
            from ingest.image import ImageReader

            return ImageReader()
        case FileKind.VIDEO:
            from ingest.video import VideoReader

            return VideoReader()
        case FileKind.TEXT:
            raise ValueError("a text has no file to read")
